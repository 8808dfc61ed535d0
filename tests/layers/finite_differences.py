"""Gradients the slow way: nudge one entry, see what the loss does."""

import numpy as np


def gradient(loss, array, step):
    """Central difference of `loss()` by every entry of `array`, which it reads."""
    result = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = loss()
        array[index] = kept - step
        below = loss()
        array[index] = kept
        result[index] = (above - below) / (2 * step)
    return result


def worst_relative_error(found, expected):
    """Largest |found − expected| over the larger of the two, or over 1e-3 of the largest."""
    assert found.shape == expected.shape
    scale = np.maximum(np.abs(found), np.abs(expected))
    scale = np.maximum(scale, 1e-3 * np.abs(expected).max(initial=1e-300))
    return (np.abs(found - expected) / scale).max(initial=0.0)
