"""Max and average pooling, forward and backward.

The largest (or the sum) of a window is the largest (or the sum) over its rows of what each of them
holds along its columns, so the window is never laid out: the columns are gone through first, then
the rows. An error goes back the same way in reverse: to the rows, and from each row to its columns.
A mean hands every entry its share. A maximum hands all of it to the first largest row, and that to
its first largest entry, which is the first of the window in reading order. The forward pass notes
which they are while it has them at hand: a byte for each comparison, and no number is read twice.
"""

from typing import NamedTuple

import numpy as np

from cnnbook.layers._blocks import over_blocks
from cnnbook.layers._checks import require_float, require_rank, require_shape
from cnnbook.layers._windows import Axis, axes, pair


class MaxPoolCache(NamedTuple):
    """What `max_pool2d_backward` needs: the shapes, who is largest, and where the windows lie.

    Attributes
    ----------
    x, out : ndarray, shapes (N, H, W, C) and (N, OH, OW, C)
        The input and the output, of which only shape and dtype are needed.
    rows : ndarray of bool, shape (KH − 1, N, OH, OW, C)
        Whether the largest entry in row u of a window is as large as the output, for all u but the
        last; undefined where the row lies in the padding.
    columns : ndarray of bool, shape (KW − 1, N, H, OW, C)
        The same for the entries of every row, held against the largest of them.
    vertical, horizontal : Axis
    """

    x: np.ndarray
    out: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
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
        For `max_pool2d_backward`.

    Raises
    ------
    ValueError
        If a shape, dtype or argument is not as said, or the window does not fit.
    """
    vertical, horizontal = _windows(x, size, stride, padding)
    across = (len(x), x.shape[1], horizontal.out, x.shape[3])
    out = np.empty((len(x), vertical.out, horizontal.out, x.shape[3]), x.dtype)
    rows = np.empty((vertical.window - 1, *out.shape), bool)
    columns = np.empty((horizontal.window - 1, *across), bool)

    def work(block):
        in_row = np.empty((len(x[block]), *across[1:]), x.dtype)
        _max_along(x[block], 2, horizontal, out=in_row, as_large=columns[:, block])
        _max_along(in_row, 1, vertical, out=out[block], as_large=rows[:, block])

    over_blocks(work, len(x), _bytes_per_image(x))
    return out, MaxPoolCache(x, out, rows, columns, vertical, horizontal)


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
    x, out, rows, columns, vertical, horizontal = cache
    require_float(dout=dout, x=x)
    require_shape("dout", dout, out.shape, "the output's shape")
    dx = np.empty(x.shape, x.dtype)

    def work(block):
        in_row = np.empty((len(x[block]), x.shape[1], *out.shape[2:]), x.dtype)
        _route_along(dout[block].copy(), 1, vertical, rows[:, block], dx=in_row)
        _route_along(in_row, 2, horizontal, columns[:, block], dx=dx[block])

    over_blocks(work, len(x), _bytes_per_image(x))
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


def _max_along(x, axis, along, out, as_large):
    """Write the largest entry of each window along one axis to `out`.

    Note in `as_large[k]` whether entry k is as large, for all but the last.
    """
    entries = [[_at(axis, where) for where in along.entry(k)] for k in range(along.window)]
    if along.before:
        out[...] = -np.inf  # where a window's entry 0 is padding
    outs, ins = entries[0]
    out[outs] = x[ins]
    for outs, ins in entries[1:]:
        np.maximum(out[outs], x[ins], out=out[outs])
    for noted, (outs, ins) in zip(as_large, entries[:-1], strict=True):
        noted[outs] = ~(x[ins] < out[outs])  # not >=, as then no entry would be as large as NaN


def _route_along(left, axis, along, as_large, dx):
    """Send each window's error along one axis to its first entry that is as large as the largest.

    Every entry in turn takes what is left of the error, if it is as large, and leaves the rest; the
    last takes it unasked. `left` is used up.
    """
    alone = along.stride >= along.window
    if not _tiles(along):
        dx[...] = 0
    for k in range(along.window):
        outs, ins = (_at(axis, where) for where in along.entry(k))
        taken = left[outs]
        if k < len(as_large):
            # By number: np.where would branch, and NumPy multiplies by booleans slowly.
            taken = as_large[k][outs].astype(dx.dtype)
            taken *= left[outs]
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
