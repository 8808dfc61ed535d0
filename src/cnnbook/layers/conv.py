"""The convolution layer, forward and backward, as matrix products.

z[n,i,j,f] = b[f] + Σ_u Σ_{v,c} x̃[n, iS+uD, jS+vD, c] · w[u,v,c,f], with x̃ the padded input.

The inner sum, over what a window holds of one row of pixels, is a matrix product. So the layer
takes three steps, each of them linear:

    unroll    X[n,p,j,(v,c)] = x̃[n, p, jS+vD, c]      copy, for every row p of the images
    multiply  Y = X · W, with W[(v,c),(u,f)] = w[u,v,c,f]
    collect   z[n,i,j,f] = b[f] + Σ_u Y[n, iS+uD, j, (u,f)]

The backward pass takes the same steps transposed, in reverse:

    spread    Δ[n, iS+uD, j, (u,f)] = δ[n,i,j,f], zero elsewhere
    multiply  dW = Xᵀ · Δ and dX = Δ · Wᵀ
    fold      dx̃[n, p, jS+vD, c] += dX[n,p,j,(v,c)]

Rows and columns that lie in the padding are left out of every array, as they add nothing. Unrolling
whole windows, (u,v,c) and not (v,c) alone, is the usual im2col: Y is then z without the bias, and
there is nothing to collect or spread. It takes KH times the memory and the copying, and pays only
where KW·C is too small for a product, or where a stride leaves most of Y unused.
"""

from typing import NamedTuple

import numpy as np

from cnnbook.layers._blocks import over_blocks
from cnnbook.layers._checks import require_count, require_float, require_rank, require_shape
from cnnbook.layers._windows import Axis, axes

THIN = 32  # rows of W under which a product is slower than unrolling whole windows


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
    parts = [(*part, _kernel(w[..., part[1]], cache)) for part in _groups(cache)]

    def work(block):
        for channels, filters, kernel in parts:
            product = _unroll(x[block, ..., channels], cache) @ kernel
            _collect(product, b[filters], cache, z=out[block, ..., filters])

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
    parts = [(*part, _kernel(w[..., part[1]], cache)) for part in _groups(cache)]

    def work(block):
        dw_block = np.empty(w.shape, w.dtype)
        for channels, filters, kernel in parts:
            delta = _spread(dout[block, ..., filters], cache)
            dkernel = _unroll(x[block, ..., channels], cache).T @ delta
            dw_block[..., filters] = _dw(dkernel, cache)
            if need_dx:
                _fold(delta @ kernel.T, cache, dx=dx[block, ..., channels])
        rows = dout[block].reshape(-1, len(db))
        return dw_block, np.ones(len(rows), rows.dtype) @ rows

    def add(block_gradients):
        for total, part in zip((dw, db), block_gradients, strict=True):
            total += part

    over_blocks(work, len(x), _bytes_per_image(cache), add)
    return dx, dw, db


def _whole(cache):
    """Whether whole windows are unrolled."""
    vertical, horizontal = cache.vertical, cache.horizontal
    return horizontal.window * cache.w.shape[2] < THIN or 2 * vertical.out <= vertical.size


def _unroll(x, cache):
    """Lay out X: a row for each (n, p, j), or for each window, with the pixels that it holds.

    Returns
    -------
    ndarray, shape (N·H·OW, KW·C), or (N·OH·OW, KH·KW·C) for whole windows
    """
    vertical, horizontal = cache.vertical, cache.horizontal
    images, rows, _, channels = x.shape
    across = [horizontal.entry(v) for v in range(horizontal.window)]
    if not _whole(cache):
        unrolled = np.zeros((images, rows, horizontal.out, horizontal.window, channels), x.dtype)
        for v, (outs, ins) in enumerate(across):
            unrolled[:, :, outs, v] = x[:, :, ins]
        return unrolled.reshape(-1, horizontal.window * channels)

    # Column by column, as the pixels of a channel lie side by side longer than its few channels do.
    columns = np.zeros(
        (vertical.window, horizontal.window, channels, images, vertical.out, horizontal.out),
        x.dtype,
    )
    channels_first = np.ascontiguousarray(x.transpose(3, 0, 1, 2))
    for u in range(vertical.window):
        outs_down, ins_down = vertical.entry(u)
        for v, (outs, ins) in enumerate(across):
            columns[u, v, :, :, outs_down, outs] = channels_first[:, :, ins_down, ins]
    return columns.reshape(-1, images * vertical.out * horizontal.out).T


def _fold(dunrolled, cache, dx):
    """Add each entry of dX to the pixel that `_unroll` copied there: its transpose."""
    vertical, horizontal = cache.vertical, cache.horizontal
    images, rows, _, channels = dx.shape
    if _whole(cache):
        windows = dunrolled.reshape(images, vertical.out, horizontal.out, vertical.window, -1)
        dunrolled = np.zeros((images, rows, horizontal.out, windows.shape[4]), dx.dtype)
        for u in range(vertical.window):
            outs, ins = vertical.entry(u)
            dunrolled[:, ins] += windows[:, outs, :, u]
    dunrolled = dunrolled.reshape(images, rows, horizontal.out, horizontal.window, channels)
    dx[...] = 0
    for v in range(horizontal.window):
        outs, ins = horizontal.entry(v)
        dx[:, :, ins] += dunrolled[:, :, outs, v]


def _collect(product, b, cache, z):
    """Add the bias and what the rows of a window contribute, and write the sum to `z`."""
    vertical = cache.vertical
    if _whole(cache):
        np.add(product.reshape(z.shape), b, out=z)
        return
    product = product.reshape(len(z), vertical.size, z.shape[2], vertical.window, len(b))
    z[...] = b
    for u in range(vertical.window):
        outs, ins = vertical.entry(u)
        z[:, outs] += product[:, ins, :, u]


def _spread(delta, cache):
    """Lay out Δ: δ copied to wherever `_collect` took the output from, its transpose.

    Returns
    -------
    ndarray, shape (N·H·OW, KH·F), or (N·OH·OW, F) for whole windows
    """
    vertical = cache.vertical
    images, _, across, filters = delta.shape
    if _whole(cache):
        return delta.reshape(-1, filters)
    spread = np.zeros((images, vertical.size, across, vertical.window, filters), delta.dtype)
    for u in range(vertical.window):
        outs, ins = vertical.entry(u)
        spread[:, ins, :, u] = delta[:, outs]
    return spread.reshape(-1, vertical.window * filters)


def _kernel(w, cache):
    """Arrange filters as the matrix W, with rows (v,c) and columns (u,f), or (u,v,c) and f."""
    if _whole(cache):
        return w.reshape(-1, w.shape[3])
    return w.transpose(1, 2, 0, 3).reshape(-1, w.shape[0] * w.shape[3])


def _dw(dkernel, cache):
    """Arrange dW as filters: `_kernel` undone."""
    down, across, channels, _ = cache.w.shape
    if _whole(cache):
        return dkernel.reshape(down, across, channels, -1)
    return dkernel.reshape(across, channels, down, -1).transpose(2, 0, 1, 3)


def _groups(cache):
    """Channels and filters that belong together, one pair of slices for each group."""
    channels, filters = cache.w.shape[2], cache.w.shape[3] // cache.groups
    for g in range(cache.groups):
        yield slice(g * channels, (g + 1) * channels), slice(g * filters, (g + 1) * filters)


def _bytes_per_image(cache):
    """Memory that an image takes unrolled, and its product."""
    vertical, horizontal = cache.vertical, cache.horizontal
    down, across, channels, filters = cache.w.shape
    if _whole(cache):
        entries = vertical.out * horizontal.out * (down * across * channels + filters)
    else:
        entries = vertical.size * horizontal.out * (across * channels + down * filters)
    return entries * cache.x.itemsize


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
