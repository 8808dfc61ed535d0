"""The convolution layer, forward and backward, as matrix products.

z[n,i,j,f] = b[f] + Σ_{u,v,c} x̃[n, iS+uD, jS+vD, c] · w[u,v,c,f], with x̃ the padded input.
"""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnnbook.layers._checks import require_float, require_rank, require_shape
from cnnbook.layers._windows import Axis, axes


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
    for channels, filters in _groups(cache):
        columns = _columns(x[..., channels], vertical, horizontal)
        product = columns @ w[..., filters].reshape(columns.shape[1], -1)
        out[..., filters] = product.reshape(*out.shape[:3], -1)
    out += b
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
    padded = np.zeros((len(x), vertical.padded, horizontal.padded, x.shape[3]), x.dtype)
    dw = np.empty_like(w)
    for channels, filters in _groups(cache):
        delta = dout[..., filters].reshape(dout[..., 0].size, -1)
        kernel = w[..., filters]
        columns = _columns(x[..., channels], vertical, horizontal)
        dw[..., filters] = (columns.T @ delta).reshape(kernel.shape)
        if need_dx:
            dcolumns = delta @ kernel.reshape(-1, delta.shape[1]).T
            dcolumns = dcolumns.reshape(*shape[:3], *kernel.shape[:3])
            part = padded[..., channels]
            for u, v in np.ndindex(*kernel.shape[:2]):
                rows = slice(u * vertical.dilation, None, vertical.stride)
                cols = slice(v * horizontal.dilation, None, horizontal.stride)
                part[:, rows, cols][:, : shape[1], : shape[2]] += dcolumns[:, :, :, u, v]
    db = dout.sum(axis=(0, 1, 2))
    dx = padded[
        :,
        vertical.before : vertical.before + vertical.size,
        horizontal.before : horizontal.before + horizontal.size,
    ]
    return (np.ascontiguousarray(dx) if need_dx else None), dw, db


def _check(x, w, b, groups):
    """Refuse arrays that do not make a convolution."""
    require_float(x=x, w=w, b=b)
    require_rank("x", x, 4, "(N, H, W, C)")
    require_rank("w", w, 4, "(KH, KW, C / groups, F)")
    channels, filters = x.shape[3], w.shape[3]
    if not isinstance(groups, int) or groups < 1 or channels % groups or filters % groups:
        raise ValueError(
            f"groups is {groups!r}, expected an int that divides the {channels} channels of x and "
            f"the {filters} filters of w; choose a common divisor."
        )
    if w.shape[2] * groups != channels:
        raise ValueError(
            f"w has shape {w.shape} for {w.shape[2]} channels in each of {groups} groups and x has "
            f"{channels} channels, expected w.shape[2] == {channels // groups}; check that x is "
            f"(N, H, W, C) and w is (KH, KW, C / groups, F)."
        )
    require_shape("b", b, (filters,), "one bias for each filter of w")


def _groups(cache):
    """Channels and filters that belong together, one pair of slices for each group."""
    channels, filters = cache.w.shape[2], cache.w.shape[3] // cache.groups
    for g in range(cache.groups):
        yield slice(g * channels, (g + 1) * channels), slice(g * filters, (g + 1) * filters)


def _columns(x, vertical, horizontal):
    """Lay every window of `x` out as a row of a matrix."""
    padding = (vertical.before, vertical.after), (horizontal.before, horizontal.after)
    padded = np.pad(x, ((0, 0), *padding, (0, 0)))
    images, down, across, channel = padded.strides
    windows = as_strided(
        padded,
        (len(x), vertical.out, horizontal.out, vertical.window, horizontal.window, x.shape[3]),
        (
            images,
            down * vertical.stride,
            across * horizontal.stride,
            down * vertical.dilation,
            across * horizontal.dilation,
            channel,
        ),
        writeable=False,
    )
    return windows.reshape(windows[..., 0, 0, 0].size, -1)
