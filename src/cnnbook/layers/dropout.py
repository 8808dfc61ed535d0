"""Dropout: in training, switch units off at random, so that none can lean on another.

Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting". This
is the inverted form: what is kept is scaled by 1 / keep_prob while training, so that the expected
value is the same in training and afterwards, and inference needs no scaling at all.
"""

import numpy as np

from ._checks import require_dout, require_float, require_shape

# Sets the stream of dropout apart from whatever else is drawn from the same seed and step.
_DROPOUT_STREAM = 0xD209


def dropout_mask(shape, *, keep_prob, seed, step, dtype=np.float32):
    """Draw the scaled mask of one training step.

    The mask depends on its arguments alone, so a run that was stopped draws the same masks again,
    and two engines that are handed the same mask drop the same units. Which units are dropped
    does not depend on `dtype`.

    Parameters
    ----------
    shape : tuple of int
        Shape of the activations to be masked.
    keep_prob : float
        Probability that a unit is kept, in (0, 1].
    seed, step : int
        The run's seed and the training step, neither negative.
    dtype : dtype, default float32
        float32 or float64.

    Returns
    -------
    ndarray of `shape`
        1 / keep_prob where a unit is kept, 0 where it is dropped.
    """
    rng = np.random.default_rng((seed, step, _DROPOUT_STREAM))
    return _draw(shape, keep_prob, rng, dtype)


def dropout_forward(x, *, keep_prob=None, mask=None, rng=None, training=True):
    """Multiply by a mask in training; leave alone in inference.

    Parameters
    ----------
    x : ndarray
        Activations, of any shape.
    keep_prob : float, optional
        Probability that a unit is kept, in (0, 1]. With a mask it is not needed, and checked
        against it if given.
    mask : ndarray, optional
        The scaled mask, 0 or 1 / keep_prob, of `x`'s shape and dtype, as from `dropout_mask`.
        Without it one is drawn with `keep_prob` from `rng`.
    rng : numpy.random.Generator or int, optional
        The generator to draw from, or a seed for a new one.
    training : bool, default True
        False leaves the activations as they are.

    Returns
    -------
    out : ndarray
        x ∘ mask in training, a copy of x in inference.
    cache : tuple
        What `dropout_backward` needs.

    Raises
    ------
    ValueError
        If keep_prob is outside (0, 1], if training has neither a mask nor both keep_prob and rng,
        or if the mask's shape, dtype or scale does not fit.
    """
    require_float(x=x)
    if keep_prob is not None:
        _require_probability(keep_prob)
    if not training:
        return x.copy(), (x.shape, x.dtype, None)
    if mask is None:
        if rng is None or keep_prob is None:
            raise ValueError(
                "dropout in training got no mask and not both of keep_prob and rng, expected one "
                "or the other; pass keep_prob=0.5 and rng=np.random.default_rng(0), or "
                "training=False for inference."
            )
        mask = _draw(x.shape, keep_prob, np.random.default_rng(rng), x.dtype)
    else:
        require_float(x=x, mask=mask)
        require_shape("mask", mask, x.shape, "the shape of x")
        if keep_prob is not None:
            _require_scale(mask, keep_prob)
    return x * mask, (x.shape, x.dtype, mask)


def dropout_backward(dout, cache):
    """Send the error back through the units that were kept: dx = dout ∘ mask.

    Parameters
    ----------
    dout : ndarray
        ∂E/∂out, of the shape of `out`.
    cache : tuple
        From the `dropout_forward` call whose output `dout` belongs to.

    Returns
    -------
    dx : ndarray
        ∂E/∂x, of the shape of `x`.
    """
    shape, dtype, mask = cache
    require_dout(dout, shape, dtype)
    return dout.copy() if mask is None else dout * mask


def _draw(shape, keep_prob, rng, dtype):
    _require_probability(keep_prob)
    # Always drawn in float32, half the time of float64, so that the dtype changes no decision.
    kept = rng.random(shape, dtype=np.float32) < np.float32(keep_prob)
    return np.multiply(kept, 1 / keep_prob, dtype=dtype)


def _require_probability(keep_prob):
    if not 0 < keep_prob <= 1:
        raise ValueError(
            f"keep_prob is {keep_prob}, expected a probability above 0 and at most 1; "
            f"it is the share that is kept, not the share that is dropped."
        )


def _require_scale(mask, keep_prob):
    largest = mask.max(initial=0)
    if largest > 0 and not np.isclose(largest, 1 / keep_prob):
        raise ValueError(
            f"mask has the largest entry {largest:g}, expected 1/keep_prob = {1 / keep_prob:g}; "
            f"divide a mask of zeros and ones by keep_prob."
        )
