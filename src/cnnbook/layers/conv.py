"""The convolution layer, forward and backward, as matrix products.

z[n,i,j,f] = b[f] + Σ_u Σ_{v,c} x̃[n, iS+uD, jS+vD, c] · w[u,v,c,f], with x̃ the padded input.

The inner sum is a matrix product. Lay out, for every row p of the images, what each window across
it holds: row (n, j) of the matrix X[p] is x̃[n, p, jS+vD, c] over all v and c. With w[u] as a matrix
of KW·C rows and F columns, the rows of the output and of the gradients are

    z[i] = b + Σ_u X[iS+uD] · w[u]
    dw[u] = Σ_i X[iS+uD]ᵀ · δ[i]
    dX[iS+uD] += δ[i] · w[u]ᵀ, for all i and u,

and dX folded, each entry added to the pixel that it was copied from, is dx. Rows that lie in the
padding are left out, as they add nothing. Rows come before images in these arrays: at stride 1
those that w[u] meets then lie side by side, one matrix without a copy. Laying out whole windows,
the usual im2col, takes KH times the memory; it pays only where KW·C is too small for a product.
"""

from typing import NamedTuple

import numpy as np

from cnnbook.layers._blocks import over_blocks
from cnnbook.layers._checks import require_count, require_float, require_rank, require_shape
from cnnbook.layers._windows import Axis, axes

THIN = 32  # rows of w[u] under which a matrix product is slower than laying out whole windows


class ConvCache(NamedTuple):
    """What `conv2d_backward` needs: the input, the filters and where the windows lie."""

    x: np.ndarray
    w: np.ndarray
    vertical: Axis
    horizontal: Axis
    groups: int


def conv2d_forward(x, w, b, *, stride=1, padding="valid", dilation=1, groups=1):
    """Cross-correlate images with filters and add a bias to each filter's feature map.

    z[n,i,j,f] = b[f] + Σ_{u,v,c} x̃[n, iS+uD, jS+vD, c] · w[u,v,c,f].

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C)
        Images or feature maps, float32 or float64; N may be 0.
    w : ndarray, shape (KH, KW, C / groups, F)
        Filters, of the same dtype.
    b : ndarray, shape (F,)
        A bias for each filter, of the same dtype.
    stride : int or (int, int), optional
        S, steps from window to window, (vertical, horizontal).
    padding : {"valid", "same"}, int or ((top, bottom), (left, right)), optional
        Zeros around the input: none; TensorFlow's, for ⌈H/S⌉ rows out, the odd one at the bottom
        or on the right; so many on each side; or so many as given.
    dilation : int or (int, int), optional
        D, steps from entry to entry of a window.
    groups : int, optional
        Parts that the channels and the filters are cut into, the first of one meeting only the
        first of the other, and so on, as in TensorFlow.

    Returns
    -------
    out : ndarray, shape (N, OH, OW, F)
        z; OH and OW are those of `output_size`.
    cache : ConvCache
        For `conv2d_backward`; it refers to `x` and `w`, which must not change until then.

    Raises
    ------
    ValueError
        If a shape, dtype or argument is not as said, or the window does not fit.
    """
    _check(x, w, b, groups)
    vertical, horizontal = axes(x.shape[1:3], w.shape[:2], stride, padding, dilation)
    cache = ConvCache(x, w, vertical, horizontal, groups)
    out = np.empty((len(x), vertical.out, horizontal.out, w.shape[3]), x.dtype)

    def work(block):
        for channels, filters in _groups(cache):
            z = np.empty(out[block, ..., filters].swapaxes(0, 1).shape, x.dtype)
            z[...] = b[filters]
            for meeting, matrix, where in _products(x[block, ..., channels], cache):
                kernel = w[where][..., filters].reshape(matrix.shape[1], z.shape[3])
                z[meeting] += (matrix @ kernel).reshape(z[meeting].shape)
            out[block, ..., filters] = z.swapaxes(0, 1)

    over_blocks(work, len(x), _bytes_per_image(cache))
    return out, cache


def conv2d_backward(dout, cache, *, need_dx=True):
    """Differentiate the loss by the input, the filters and the biases.

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, F)
        δ, the loss differentiated by the output.
    cache : ConvCache
        From `conv2d_forward`.
    need_dx : bool, optional
        False for a network's first layer, whose input nobody needs to change.

    Returns
    -------
    dx : ndarray, shape (N, H, W, C), or None
        None if `need_dx` is False.
    dw : ndarray, shape (KH, KW, C / groups, F)
    db : ndarray, shape (F,)

    Raises
    ------
    ValueError
        If `dout` has another shape or dtype than the output had.
    """
    x, w, vertical, horizontal, _ = cache
    require_float(dout=dout, x=x)
    shape = (len(x), vertical.out, horizontal.out, w.shape[3])
    require_shape("dout", dout, shape, "the output's shape")
    dx = np.empty(x.shape, x.dtype) if need_dx else None
    dw, db = np.zeros(w.shape, w.dtype), np.zeros(w.shape[3], w.dtype)

    def work(block):
        dw_block, db_block = np.empty(w.shape, w.dtype), np.empty_like(db)
        for channels, filters in _groups(cache):
            delta = np.ascontiguousarray(dout[block, ..., filters].swapaxes(0, 1))
            count = delta.shape[3]
            rows = delta.reshape(-1, count)
            db_block[filters] = np.ones(len(rows), rows.dtype) @ rows
            for meeting, matrix, where in _products(x[block, ..., channels], cache):
                product = matrix.T @ delta[meeting].reshape(-1, count)
                part = dw_block[where][..., filters]
                part[...] = product.reshape(part.shape)
            if need_dx:
                dx[block, ..., channels] = _dx(delta, w[..., filters], cache)
        return dw_block, db_block

    def add(block_gradients):
        for total, part in zip((dw, db), block_gradients, strict=True):
            total += part

    over_blocks(work, len(x), _bytes_per_image(cache), add)
    return dx, dw, db


def _dx(delta, w, cache):
    """Find dX from δ, row by row, and fold it."""
    vertical, horizontal = cache.vertical, cache.horizontal
    _, images, across, filters = delta.shape
    kernels = w.reshape(vertical.window, -1, filters)
    dunrolled = np.zeros((vertical.size, images, across, kernels.shape[1]), w.dtype)
    product = np.empty((vertical.out, *dunrolled.shape[1:]), w.dtype)  # for one u after the other
    for u, kernel in enumerate(kernels):
        outs, ins = vertical.entry(u)
        part = product[: outs.stop - outs.start]
        np.matmul(delta[outs].reshape(-1, filters), kernel.T, out=part.reshape(-1, len(kernel)))
        dunrolled[ins] += part
    return _fold(dunrolled, w.shape[2], horizontal).swapaxes(0, 1)


def _products(x, cache):
    """Lay a block out as matrices, each with the rows of the output and of `w` that go with it.

    Yields
    ------
    meeting : slice
        Rows of the output.
    matrix : ndarray
        What their windows hold: a row for each of (i, n, j), a column for each of (v, c).
    where : slice or int
        Rows of `w`: one u, or all of them.
    """
    vertical, horizontal = cache.vertical, cache.horizontal
    if _thin(horizontal, x.shape[3]):
        yield slice(None), _whole_windows(x, vertical, horizontal), slice(None)
        return
    unrolled = _unroll(x, horizontal)
    for u in range(vertical.window):
        outs, ins = vertical.entry(u)
        yield outs, unrolled[ins].reshape(-1, unrolled.shape[3]), u


def _unroll(x, horizontal):
    """Lay out X: for row p, image n and column j of the output, x̃[n, p, jS+vD] over all v.

    Returns
    -------
    ndarray, shape (H, N, OW, KW·C)
    """
    images, rows, _, channels = x.shape
    unrolled = np.zeros((rows, images, horizontal.out, horizontal.window, channels), x.dtype)
    for v in range(horizontal.window):
        outs, ins = horizontal.entry(v)
        unrolled[:, :, outs, v] = x[:, :, ins].swapaxes(0, 1)
    return unrolled.reshape(*unrolled.shape[:3], horizontal.window * channels)


def _fold(dunrolled, channels, horizontal):
    """Add each entry to the pixel that `_unroll` copied it from: the transpose of `_unroll`.

    Returns
    -------
    ndarray, shape (H, N, W, C)
    """
    rows, images = dunrolled.shape[:2]
    dx = np.zeros((rows, images, horizontal.size, channels), dunrolled.dtype)
    dunrolled = dunrolled.reshape(rows, images, horizontal.out, horizontal.window, channels)
    for v in range(horizontal.window):
        outs, ins = horizontal.entry(v)
        dx[:, :, ins] += dunrolled[:, :, outs, v]
    return dx


def _whole_windows(x, vertical, horizontal):
    """Lay out what every window holds, column by column of the result.

    Returns
    -------
    ndarray, shape (OH·N·OW, KH·KW·C)
    """
    images, channels = len(x), x.shape[3]
    columns = np.zeros(
        (vertical.window, horizontal.window, channels, vertical.out, images, horizontal.out),
        x.dtype,
    )
    channels_first = x.transpose(3, 1, 0, 2)
    across = [horizontal.entry(v) for v in range(horizontal.window)]
    for u in range(vertical.window):
        outs_down, ins_down = vertical.entry(u)
        for v, (outs, ins) in enumerate(across):
            columns[u, v, :, outs_down, :, outs] = channels_first[:, ins_down, :, ins]
    return columns.reshape(-1, vertical.out * images * horizontal.out).T


def _groups(cache):
    """Channels and filters that belong together, one pair of slices for each group."""
    channels, filters = cache.w.shape[2], cache.w.shape[3] // cache.groups
    for g in range(cache.groups):
        yield slice(g * channels, (g + 1) * channels), slice(g * filters, (g + 1) * filters)


def _thin(horizontal, channels):
    """Whether whole windows are laid out."""
    return horizontal.window * channels < THIN


def _bytes_per_image(cache):
    """Memory that an image takes laid out, and its output."""
    vertical, horizontal = cache.vertical, cache.horizontal
    channels, filters = cache.w.shape[2:]
    thin = _thin(horizontal, channels)
    rows = vertical.out * vertical.window if thin else vertical.size
    unrolled = rows * horizontal.out * horizontal.window * channels
    return (unrolled + vertical.out * horizontal.out * filters) * cache.x.itemsize


def _check(x, w, b, groups):
    """Refuse arrays that do not make a convolution."""
    require_float(x=x, w=w, b=b)
    require_rank("x", x, 4, "(N, H, W, C)")
    require_rank("w", w, 4, "(KH, KW, C / groups, F)")
    channels, filters = x.shape[3], w.shape[3]
    require_count(groups=groups)
    if channels % groups or filters % groups:
        raise ValueError(
            f"groups is {groups}, expected an int that divides the {channels} channels of x and "
            f"the {filters} filters of w; choose a common divisor."
        )
    if w.shape[2] * groups != channels:
        raise ValueError(
            f"w has shape {w.shape} for {w.shape[2]} channels in each of {groups} groups and x has "
            f"{channels} channels, expected w.shape[2] == {channels // groups}; check that x is "
            f"(N, H, W, C) and w is (KH, KW, C / groups, F)."
        )
    require_shape("b", b, (filters,), "one bias for each filter of w")
