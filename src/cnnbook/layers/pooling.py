"""Max and average pooling, forward and backward.

The largest (or the sum) of a window is the largest (or the sum) over its rows of what each of them
holds along its columns, so the window is never laid out: the columns are gone through first, then
the rows. An error goes back to a mean's window the same way. To a maximum's it goes entry by entry
in reading order, as only the first of several largest entries may have it.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

from cnnbook.layers._blocks import over_blocks
from cnnbook.layers._checks import require_float, require_rank, require_shape
from cnnbook.layers._windows import Axis, axes, pair


class MaxPoolCache(NamedTuple):
    """What `max_pool2d_backward` needs: the input, the output and where the windows lie."""

    x: np.ndarray
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
    out = np.empty((len(x), vertical.out, horizontal.out, x.shape[3]), x.dtype)

    def work(block):
        along_columns = np.empty((*x[block].shape[:2], *out.shape[2:]), x.dtype)
        _max_along(x[block], 2, horizontal, out=along_columns)
        _max_along(along_columns, 1, vertical, out=out[block])

    over_blocks(work, len(x), _bytes_per_image(x))
    return out, MaxPoolCache(x, out, vertical, horizontal)


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
    x, out, vertical, horizontal = cache
    require_float(dout=dout, x=x)
    require_shape("dout", dout, out.shape, "the output's shape")
    dx = np.empty(x.shape, x.dtype)

    def work(block):
        _route(dout[block], x[block], out[block], vertical, horizontal, dx=dx[block])

    over_blocks(work, len(x), 3 * _bytes_per_image(x))  # x, dx and what is on the way
    return dx


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
    out = np.empty((len(x), *counts.shape[1:3], x.shape[3]), x.dtype)

    def work(block):
        sums = _sum_along(_sum_along(x[block], 2, horizontal), 1, vertical)
        np.divide(sums, counts, out=out[block])

    over_blocks(work, len(x), _bytes_per_image(x))
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
    dx = np.empty(x_shape, dout.dtype)

    def work(block):
        shares = _spread_along(dout[block] / counts, 1, vertical)
        dx[block] = _spread_along(shares, 2, horizontal)

    over_blocks(work, x_shape[0], _bytes_per_image(dx))
    return dx


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


def _bytes_per_image(x):
    """Memory that one image takes."""
    return x[:1].nbytes


def _max_along(x, axis, along, out):
    """Write the largest entry of each window along one axis to `out`."""
    outs, ins = (_at(axis, where) for where in along.entry(0))
    if along.before:
        out[...] = -np.inf  # where a window's entry 0 is padding
    out[outs] = x[ins]
    for k in range(1, along.window):
        outs, ins = (_at(axis, where) for where in along.entry(k))
        np.maximum(out[outs], x[ins], out=out[outs])


def _route(dout, x, out, vertical, horizontal, dx):
    """Send `dout` to the first entry of its window that is as large as `out`, zero to the others.

    Every entry in turn takes what is left of the error, if it is as large, and leaves the rest; the
    last takes it unasked.
    """
    left = dout.copy()
    alone = all(along.stride >= along.window for along in (vertical, horizontal))
    if not all(_tiles(along) for along in (vertical, horizontal)):
        dx[...] = 0
    *entries, last = product(range(vertical.window), range(horizontal.window))
    for u, v in (*entries, last):
        (outs_down, ins_down), (outs_across, ins_across) = vertical.entry(u), horizontal.entry(v)
        outs, ins = (slice(None), outs_down, outs_across), (slice(None), ins_down, ins_across)
        taken = left[outs]
        if (u, v) != last:
            # By number: np.where would branch, and NumPy multiplies by booleans slowly.
            as_large = (~(x[ins] < out[outs])).astype(x.dtype)
            taken = np.multiply(as_large, taken, out=as_large)
            left[outs] -= taken
        if alone:
            dx[ins] = taken
        else:
            dx[ins] += taken


def _tiles(along):
    """Whether each entry of the input is in one window and no more."""
    whole = along.out * along.window == along.size
    return whole and along.stride == along.window and along.before == 0


def _sum_along(x, axis, along):
    """Sum each window along one axis."""
    out = np.zeros((*x.shape[:axis], along.out, *x.shape[axis + 1 :]), x.dtype)
    for k in range(along.window):
        outs, ins = (_at(axis, where) for where in along.entry(k))
        out[outs] += x[ins]
    return out


def _spread_along(dout, axis, along):
    """Give `dout` along one axis to every entry of its window: `_sum_along` transposed."""
    dx = np.zeros((*dout.shape[:axis], along.size, *dout.shape[axis + 1 :]), dout.dtype)
    for k in range(along.window):
        outs, ins = (_at(axis, where) for where in along.entry(k))
        dx[ins] += dout[outs]
    return dx
