"""Activations: one number in, one number out, and the factor each puts on the error.

Each works element by element on an array of any shape, so the backward pass is δ ∘ f′ by the chain
rule. Every derivative here can be read off the output alone, which is therefore all that the cache
keeps: do not write to `out` between the two calls.
"""

import numpy as np

from ._blocks import over_blocks
from ._checks import require_dout, require_float


def relu_forward(x):
    """Rectify: out = max(x, 0).

    Parameters
    ----------
    x : ndarray
        Of any shape.

    Returns
    -------
    out : ndarray
        Of the shape of `x`.
    cache : ndarray
        What `relu_backward` needs.
    """
    require_float(x=x)
    out = np.empty(x.shape, x.dtype)
    flat_x, flat_out = x.reshape(-1), out.reshape(-1)

    def work(block):
        np.maximum(flat_x[block], 0, out=flat_out[block])

    over_blocks(work, x.size, x.itemsize)
    return out, out


def relu_backward(dout, cache):
    """Let the error through where x > 0: dx = dout ∘ [x > 0].

    At x = 0, where ReLU has a kink and no derivative, the derivative is taken to be 0, as
    TensorFlow takes it. Every value from 0 to 1 is a subgradient there.

    Parameters
    ----------
    dout : ndarray
        ∂E/∂out, of the shape of `out`.
    cache : ndarray
        From the `relu_forward` call whose output `dout` belongs to.

    Returns
    -------
    dx : ndarray
        ∂E/∂x, of the shape of `x`.
    """
    out = cache
    require_dout(dout, out.shape, out.dtype)
    dx = np.empty(out.shape, out.dtype)
    flat_out, flat_dout, flat_dx = out.reshape(-1), dout.reshape(-1), dx.reshape(-1)

    def work(block):
        # By numbers, as NumPy multiplies by booleans at half the speed.
        np.greater(flat_out[block], 0, out=flat_dx[block])
        flat_dx[block] *= flat_dout[block]

    over_blocks(work, dx.size, dx.itemsize)
    return dx


def leaky_relu_forward(x, *, slope=0.01):
    """Rectify and leak: out = x where x > 0, slope · x elsewhere.

    Maas, Hannun and Ng (2013), "Rectifier nonlinearities improve neural network acoustic models".

    Parameters
    ----------
    x : ndarray
        Of any shape.
    slope : float, default 0.01
        Slope for x ≤ 0, at least 0.

    Returns
    -------
    out : ndarray
        Of the shape of `x`.
    cache : tuple
        What `leaky_relu_backward` needs.

    Raises
    ------
    ValueError
        If slope is negative or NaN: the sign of x could not be read off the output.
    """
    require_float(x=x)
    if not slope >= 0:
        raise ValueError(
            f"slope is {slope}, expected 0 or more; it multiplies the x that are already negative."
        )
    out = np.where(x > 0, x, x * float(slope))
    return out, (out, float(slope))


def leaky_relu_backward(dout, cache):
    """Scale the error by `slope` where x ≤ 0: dx = dout ∘ (1 if x > 0 else slope).

    At the kink x = 0 the derivative is taken to be `slope`, as TensorFlow takes it.

    Parameters
    ----------
    dout : ndarray
        ∂E/∂out, of the shape of `out`.
    cache : tuple
        From the `leaky_relu_forward` call whose output `dout` belongs to.

    Returns
    -------
    dx : ndarray
        ∂E/∂x, of the shape of `x`.
    """
    out, slope = cache
    require_dout(dout, out.shape, out.dtype)
    return np.where(out > 0, dout, dout * slope)


def sigmoid_forward(x):
    """Squash into (0, 1): out = 1 / (1 + exp(−x)).

    Computed from exp(−|x|), which never overflows: for x < 0 the fraction is multiplied through by
    exp(x).

    Parameters
    ----------
    x : ndarray
        Of any shape.

    Returns
    -------
    out : ndarray
        Of the shape of `x`.
    cache : ndarray
        What `sigmoid_backward` needs.
    """
    require_float(x=x)
    small = np.exp(-np.abs(x))
    out = np.where(x >= 0, 1, small) / (1 + small)
    return out, out


def sigmoid_backward(dout, cache):
    """Scale the error by the sigmoid's slope: dx = dout ∘ out ∘ (1 − out).

    Parameters
    ----------
    dout : ndarray
        ∂E/∂out, of the shape of `out`.
    cache : ndarray
        From the `sigmoid_forward` call whose output `dout` belongs to.

    Returns
    -------
    dx : ndarray
        ∂E/∂x, of the shape of `x`.
    """
    out = cache
    require_dout(dout, out.shape, out.dtype)
    return dout * out * (1 - out)


def tanh_forward(x):
    """Squash into (−1, 1): out = tanh(x).

    Parameters
    ----------
    x : ndarray
        Of any shape.

    Returns
    -------
    out : ndarray
        Of the shape of `x`.
    cache : ndarray
        What `tanh_backward` needs.
    """
    require_float(x=x)
    out = np.tanh(x)
    return out, out


def tanh_backward(dout, cache):
    """Scale the error by the slope of tanh: dx = dout ∘ (1 − out²).

    Parameters
    ----------
    dout : ndarray
        ∂E/∂out, of the shape of `out`.
    cache : ndarray
        From the `tanh_forward` call whose output `dout` belongs to.

    Returns
    -------
    dx : ndarray
        ∂E/∂x, of the shape of `x`.
    """
    out = cache
    require_dout(dout, out.shape, out.dtype)
    return dout * (1 - out * out)
