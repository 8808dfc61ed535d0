"""Max and average pooling, forward and backward, as one pass along each axis.

The largest (or the sum) of a window is the largest (or the sum) over its rows of what each of them
holds along its columns, so the window is never laid out: the columns are gone through first, then
the rows.
"""

from typing import NamedTuple

import numpy as np

from cnnbook.layers._checks import require_float, require_rank, require_shape
from cnnbook.layers._windows import Axis, axes, pair


class MaxPoolCache(NamedTuple):
    """What `max_pool2d_backward` needs: the input, the maxima along the columns, the output."""

    x: np.ndarray
    along_columns: np.ndarray
    out: np.ndarray
    vertical: Axis
    horizontal: Axis


class AvgPoolCache(NamedTuple):
    """What `avg_pool2d_backward` needs: the shapes, and how many pixels each window holds."""

    x_shape: tuple
    counts: np.ndarray
    vertical: Axis
    horizontal: Axis


def max_pool2d_forward(x, *, size, stride=None, padding="valid"):
    """Keep the largest entry of every window.

    z[n,i,j,c] = max over u, v of x[n, iS+u, jS+v, c]. Padding never wins. A NaN in a window makes
    its maximum NaN.

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C)
        Feature maps, float32 or float64.
    size : int or (int, int)
        Rows and columns of a window.
    stride : int or (int, int), optional
        Steps from window to window, (vertical, horizontal); `size` unless given.
    padding : {"valid", "same"}, int or ((top, bottom), (left, right)), optional
        As in `conv2d_forward`; smaller than the window, so that each window holds a pixel.

    Returns
    -------
    out : ndarray, shape (N, OH, OW, C)
    cache : MaxPoolCache
        For `max_pool2d_backward`; it refers to `x`, which must not change until then.

    Raises
    ------
    ValueError
        If a shape, dtype or argument is not as said, or the window does not fit.
    """
    vertical, horizontal = _windows(x, size, stride, padding)
    along_columns = _max_along(x, 2, horizontal)
    out = _max_along(along_columns, 1, vertical)
    return out, MaxPoolCache(x, along_columns, out, vertical, horizontal)


def max_pool2d_backward(dout, cache):
    """Send each window's error back to its largest entry; overlapping windows add up.

    Where several entries are largest, the first in reading order (row by row, from the left) takes
    it all: TensorFlow's choice among the subgradients.

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, C)
        δ, the loss differentiated by the output.
    cache : MaxPoolCache
        From `max_pool2d_forward`.

    Returns
    -------
    dx : ndarray, shape (N, H, W, C)

    Raises
    ------
    ValueError
        If `dout` has another shape or dtype than the output had.
    """
    x, along_columns, out, vertical, horizontal = cache
    require_float(dout=dout, x=x)
    require_shape("dout", dout, out.shape, "the output's shape")
    dcolumns = _route_along(dout, along_columns, out, 1, vertical)
    return _route_along(dcolumns, x, along_columns, 2, horizontal)


def avg_pool2d_forward(x, *, size, stride=None, padding="valid"):
    """Take the mean of every window.

    z[n,i,j,c] = Σ_{u,v} x[n, iS+u, jS+v, c] / (pixels in the window). Padding counts neither above
    nor below the line, as in TensorFlow.

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C)
        Feature maps, float32 or float64.
    size, stride, padding
        As in `max_pool2d_forward`.

    Returns
    -------
    out : ndarray, shape (N, OH, OW, C)
    cache : AvgPoolCache
        For `avg_pool2d_backward`.

    Raises
    ------
    ValueError
        If a shape, dtype or argument is not as said, or the window does not fit.
    """
    vertical, horizontal = _windows(x, size, stride, padding)
    ones = np.ones((1, *x.shape[1:3], 1), x.dtype)
    counts = _sum_along(_sum_along(ones, 2, horizontal), 1, vertical)
    out = _sum_along(_sum_along(x, 2, horizontal), 1, vertical) / counts
    return out, AvgPoolCache(x.shape, counts, vertical, horizontal)


def avg_pool2d_backward(dout, cache):
    """Share each window's error out in equal parts; overlapping windows add up.

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, C)
        δ, the loss differentiated by the output.
    cache : AvgPoolCache
        From `avg_pool2d_forward`.

    Returns
    -------
    dx : ndarray, shape (N, H, W, C)

    Raises
    ------
    ValueError
        If `dout` has another shape or dtype than the output had.
    """
    x_shape, counts, vertical, horizontal = cache
    require_float(dout=dout, x=counts)
    shape = (x_shape[0], *counts.shape[1:3], x_shape[3])
    require_shape("dout", dout, shape, "the output's shape")
    return _spread_along(_spread_along(dout / counts, 1, vertical), 2, horizontal)


def _windows(x, size, stride, padding):
    """Check a pool's input, and lay its windows out."""
    require_float(x=x)
    require_rank("x", x, 4, "(N, H, W, C)")
    size = pair("size", size)
    laid = axes(x.shape[1:3], size, size if stride is None else stride, padding)
    for along in laid:
        if max(along.before, along.after) >= along.window:
            raise ValueError(
                f"padding ({along.before}, {along.after}) is not smaller than the window's "
                f"{along.window} entries, so that a window could hold nothing but padding, "
                f"expected at most {along.window - 1}; use less padding or a larger size."
            )
    return laid


def _at(axis, where):
    """Index an array at `where` along one axis, all of it along the others."""
    return (slice(None),) * axis + (where,)


def _result(x, axis, along):
    """Allocate what comes out of `x` when its windows along one axis each become one entry."""
    return np.empty((*x.shape[:axis], along.out, *x.shape[axis + 1 :]), x.dtype)


def _max_along(x, axis, along):
    """Largest entry of each window along one axis."""
    out = _result(x, axis, along)
    out[...] = -np.inf
    for k in range(along.window):
        outs, ins = along.entry(k)
        best = out[_at(axis, outs)]
        np.maximum(best, x[_at(axis, ins)], out=best)
    return out


def _route_along(dout, x, out, axis, along):
    """Send `dout` along one axis to the first entry of its window that is as large as `out`."""
    dx = np.zeros_like(x)
    free = np.ones(out.shape, bool)
    for k in range(along.window):
        outs, ins = (_at(axis, where) for where in along.entry(k))
        wins = ~(x[ins] < out[outs]) & free[outs]
        free[outs] &= ~wins
        dx[ins] += np.where(wins, dout[outs], 0)
    return dx


def _sum_along(x, axis, along):
    """Sum of each window along one axis."""
    out = _result(x, axis, along)
    out[...] = 0
    for k in range(along.window):
        outs, ins = (_at(axis, where) for where in along.entry(k))
        out[outs] += x[ins]
    return out


def _spread_along(dout, axis, along):
    """Give `dout` along one axis to every entry of its window: the transpose of `_sum_along`."""
    dx = np.zeros((*dout.shape[:axis], along.size, *dout.shape[axis + 1 :]), dout.dtype)
    for k in range(along.window):
        outs, ins = (_at(axis, where) for where in along.entry(k))
        dx[ins] += dout[outs]
    return dx
