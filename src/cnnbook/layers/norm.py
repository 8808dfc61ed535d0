"""Batch normalisation: give every channel mean 0 and variance 1, then let it learn its own.

Ioffe and Szegedy (2015), "Batch normalization: accelerating deep network training by reducing
internal covariate shift". With R numbers to a channel (N, or N·H·W for feature maps), batch mean μ
and biased variance σ², x̂ = (x − μ) / √(σ² + ε) and out = γ x̂ + β. In training μ and σ² depend on
every x of the channel, so every dx depends on every dout:

    dx = γ / √(σ² + ε) · (δ − mean(δ) − x̂ · mean(δ ∘ x̂)),  means over the R numbers of the channel.
"""

import numpy as np

from ._checks import require_dout, require_float, require_shape


def batch_norm_forward(
    x, gamma, beta, *, running_mean, running_var, training=True, momentum=0.99, epsilon=1e-3
):
    """Normalise every channel (the last axis), scale by gamma and shift by beta.

    The conventions and defaults are those of `keras.layers.BatchNormalization`: the biased variance
    both normalises and enters the running variance, and `momentum` is the share of the old running
    value that stays.

    Parameters
    ----------
    x : ndarray of shape (N, C) or (N, H, W, C)
        A minibatch; any axes may come before the last.
    gamma, beta : ndarray of shape (C,)
        Scale and shift.
    running_mean, running_var : ndarray of shape (C,)
        What inference normalises with: begin with zeros and ones.
    training : bool, default True
        True normalises with the minibatch's own mean and variance, False with the running ones.
    momentum : float, default 0.99
        running ← momentum · running + (1 − momentum) · batch, in [0, 1].
    epsilon : float, default 1e-3
        Added to the variance, above 0.

    Returns
    -------
    out : ndarray
        Of the shape of `x`.
    cache : tuple
        What `batch_norm_backward` needs.
    running : tuple of two ndarray of shape (C,)
        The new running mean and variance; in inference, and for an empty minibatch, which has
        nothing to measure, the old ones.

    Raises
    ------
    ValueError
        If a shape or dtype disagrees, or momentum or epsilon is out of range.
    """
    require_float(x=x, gamma=gamma, beta=beta, running_mean=running_mean, running_var=running_var)
    _require_settings(x, momentum, epsilon)
    per_channel = dict(gamma=gamma, beta=beta, running_mean=running_mean, running_var=running_var)
    for name, array in per_channel.items():
        require_shape(name, array, x.shape[-1:], "one number for each channel of x")

    measured = training and x.size > 0
    if measured:
        mean = _channel_mean(x)
        var = _channel_mean((x - mean) ** 2)
        momentum = float(momentum)
        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var
    else:
        mean, var = running_mean, running_var
    inverse_std = 1 / np.sqrt(var + float(epsilon))
    x_hat = (x - mean) * inverse_std
    return gamma * x_hat + beta, (x_hat, gamma, inverse_std, measured), (running_mean, running_var)


def batch_norm_backward(dout, cache):
    """Send the error back to x, gamma and beta.

    In inference the mean and the variance are constants, and only the factor γ / √(σ² + ε) is left.

    Parameters
    ----------
    dout : ndarray
        δ = ∂E/∂out, of the shape of `out`.
    cache : tuple
        From the `batch_norm_forward` call whose output `dout` belongs to.

    Returns
    -------
    dx : ndarray
        ∂E/∂x, of the shape of `x`.
    dgamma, dbeta : ndarray of shape (C,)
        Σ δ ∘ x̂ and Σ δ over the channel.
    """
    x_hat, gamma, inverse_std, measured = cache
    require_dout(dout, x_hat.shape, x_hat.dtype)
    over = tuple(range(dout.ndim - 1))
    dgamma = np.sum(dout * x_hat, axis=over)
    dbeta = np.sum(dout, axis=over)
    dx = gamma * inverse_std * dout
    if measured:
        numbers = dout.size // dout.shape[-1]
        dx -= gamma * inverse_std / numbers * (dbeta + x_hat * dgamma)
    return dx, dgamma, dbeta


def _channel_mean(x):
    # Summed in float64: one float32 sum over a whole minibatch of feature maps loses digits.
    return np.mean(x, axis=tuple(range(x.ndim - 1)), dtype=np.float64).astype(x.dtype)


def _require_settings(x, momentum, epsilon):
    if x.ndim < 2:
        raise ValueError(
            f"x has shape {x.shape}, expected (N, C) or (N, H, W, C); "
            f"add an axis for the minibatch with x[np.newaxis]."
        )
    if not 0 <= momentum <= 1:
        raise ValueError(
            f"momentum is {momentum}, expected 0 to 1; "
            f"it is the share of the old running value that stays, often 0.99."
        )
    if not epsilon > 0:
        raise ValueError(
            f"epsilon is {epsilon}, expected a small number above 0; "
            f"it keeps a channel that does not vary from a division by zero."
        )
