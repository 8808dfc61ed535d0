"""The dense layer, and the flattening that leads to it: z = x w + b.

The backward pass is derived in chapter 8. With δ = ∂E/∂z, one matrix product for each factor of
the forward one: dx = δ wᵀ, dw = xᵀ δ; the bias is shared by the whole minibatch, so db = Σₙ δₙ.
"""

import math

from ._blocks import matmul
from ._checks import require_dout, require_float, require_rank, require_shape


def dense_forward(x, w, b):
    """Connect every input to every output: out = x w + b.

    Parameters
    ----------
    x : ndarray of shape (N, D)
        A minibatch of N examples.
    w : ndarray of shape (D, M)
        Weights.
    b : ndarray of shape (M,)
        Biases.

    Returns
    -------
    out : ndarray of shape (N, M)
        Z, before any activation.
    cache : tuple
        What `dense_backward` needs.

    Raises
    ------
    ValueError
        If a rank, the number of inputs D or the number of outputs M disagrees.
    """
    require_float(x=x, w=w, b=b)
    if x.ndim != 2:
        raise ValueError(
            f"x has shape {x.shape}, expected 2 axes (N, D); flatten it first with flatten_forward."
        )
    require_rank("w", w, 2, "(D, M)")
    if x.shape[1] != w.shape[0]:
        raise ValueError(
            f"x has shape {x.shape} and w has shape {w.shape}, expected x to have {w.shape[0]} "
            f"columns, one for each row of w; check the flattened size, or transpose w."
        )
    require_shape("b", b, w.shape[1:], "one bias for each column of w")
    return matmul(x, w) + b, (x, w)


def dense_backward(dout, cache, *, need_dx=True):
    """Send the error back to x, w and b.

    Parameters
    ----------
    dout : ndarray of shape (N, M)
        δ = ∂E/∂out.
    cache : tuple
        From the `dense_forward` call whose output `dout` belongs to.
    need_dx : bool, default True
        False saves the work where nothing lies below the layer; dx is then None.

    Returns
    -------
    dx : ndarray of shape (N, D), or None
        δ wᵀ.
    dw : ndarray of shape (D, M)
        xᵀ δ, summed over the minibatch.
    db : ndarray of shape (M,)
        Σₙ δₙ.
    """
    x, w = cache
    require_dout(dout, (x.shape[0], w.shape[1]), x.dtype)
    dx = matmul(dout, w.T) if need_dx else None
    return dx, matmul(x.T, dout), dout.sum(axis=0)


def flatten_forward(x):
    """Lay each example out as one row, in NHWC order: (N, H, W, C) → (N, H·W·C).

    Parameters
    ----------
    x : ndarray of shape (N, ...)
        A minibatch of N examples.

    Returns
    -------
    out : ndarray of shape (N, D)
        A view where NumPy can give one: the same numbers under another shape.
    cache : tuple
        What `flatten_backward` needs.
    """
    require_float(x=x)
    if x.ndim < 1:
        raise ValueError(
            "x has shape (), expected (N, ...); a single number is no minibatch, use x.reshape(1)."
        )
    # Not reshape(N, -1): NumPy cannot work out the -1 of an empty minibatch.
    return x.reshape(x.shape[0], math.prod(x.shape[1:])), (x.shape, x.dtype)


def flatten_backward(dout, cache):
    """Give the error back the shape that was flattened.

    Parameters
    ----------
    dout : ndarray of shape (N, D)
        ∂E/∂out.
    cache : tuple
        From the `flatten_forward` call whose output `dout` belongs to.

    Returns
    -------
    dx : ndarray of shape (N, ...)
        ∂E/∂x, a view where NumPy can give one.
    """
    shape, dtype = cache
    require_dout(dout, (shape[0], math.prod(shape[1:])), dtype)
    return dout.reshape(shape)
