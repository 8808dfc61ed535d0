"""The loops of the book, as they stand in its text: each equation spelt out, and slow on purpose.

Every function takes NHWC inputs and HWIO kernels and names its loops as the equations do: example
n, output row i and column j, kernel row u and column v, input channel c, filter f. What they
compute, `cnnbook.layers` computes fast; the tests hold the two together.
"""

import numpy as np


def pad(x, padding):
    """Surround the images with zeros: x̃ in the book.

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C)
        Images.
    padding : ((int, int), (int, int))
        Rows above and below, columns left and right.

    Returns
    -------
    ndarray, shape (N, top + H + bottom, left + W + right, C)
    """
    (top, bottom), (left, right) = padding
    N, H, W, C = x.shape
    padded = np.zeros((N, top + H + bottom, left + W + right, C), x.dtype)
    padded[:, top : top + H, left : left + W] = x
    return padded


def crop(padded, padding):
    """Take the padding off again: the inverse of `pad`.

    Parameters
    ----------
    padded : ndarray, shape (N, top + H + bottom, left + W + right, C)
        Images with their padding.
    padding : ((int, int), (int, int))
        Rows above and below, columns left and right.

    Returns
    -------
    ndarray, shape (N, H, W, C)
    """
    (top, bottom), (left, right) = padding
    return padded[:, top : padded.shape[1] - bottom, left : padded.shape[2] - right]


def conv2d_forward(x, w, b, stride=1, dilation=1, groups=1):
    """z[n,i,j,f] = b[f] + Σ_{u,v,c} x[n, iS+uD, jS+vD, c] · w[u,v,c,f].

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C)
        Images, already padded.
    w : ndarray, shape (KH, KW, C / groups, F)
        Filters.
    b : ndarray, shape (F,)
        Biases.
    stride, dilation, groups : int, optional
        S, D and the number of groups, the same down and across.

    Returns
    -------
    ndarray, shape (N, OH, OW, F)
    """
    N, H, W, _ = x.shape
    KH, KW, CG, F = w.shape
    S, D = stride, dilation
    OH = (H - (KH - 1) * D - 1) // S + 1
    OW = (W - (KW - 1) * D - 1) // S + 1
    z = np.zeros((N, OH, OW, F), x.dtype)
    for n, i, j, f in np.ndindex(N, OH, OW, F):
        first = f // (F // groups) * CG
        z[n, i, j, f] = b[f]
        for u, v, c in np.ndindex(KH, KW, CG):
            z[n, i, j, f] += x[n, i * S + u * D, j * S + v * D, first + c] * w[u, v, c, f]
    return z


def conv2d_dx(dout, w, x_shape, stride=1, dilation=1, groups=1):
    """dx[n,p,q,c] = Σ δ[n,i,j,f] · w[u,v,c,f] over all i, j, u, v, f with iS+uD = p and jS+vD = q.

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, F)
        δ, the loss differentiated by z.
    w : ndarray, shape (KH, KW, C / groups, F)
        Filters.
    x_shape : (int, int, int, int)
        Shape of the padded input: the output's does not always determine it.
    stride, dilation, groups : int, optional
        As in `conv2d_forward`.

    Returns
    -------
    ndarray, shape x_shape
    """
    N, OH, OW, F = dout.shape
    KH, KW, CG, _ = w.shape
    S, D = stride, dilation
    dx = np.zeros(x_shape, dout.dtype)
    for n, i, j, f in np.ndindex(N, OH, OW, F):
        first = f // (F // groups) * CG
        for u, v, c in np.ndindex(KH, KW, CG):
            dx[n, i * S + u * D, j * S + v * D, first + c] += dout[n, i, j, f] * w[u, v, c, f]
    return dx


def conv2d_dw(dout, x, w_shape, stride=1, dilation=1, groups=1):
    """dw[u,v,c,f] = Σ_{n,i,j} δ[n,i,j,f] · x[n, iS+uD, jS+vD, c].

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, F)
        δ, the loss differentiated by z.
    x : ndarray, shape (N, H, W, C)
        Images, already padded.
    w_shape : (int, int, int, int)
        Shape of the filters.
    stride, dilation, groups : int, optional
        As in `conv2d_forward`.

    Returns
    -------
    ndarray, shape w_shape
    """
    N, OH, OW, F = dout.shape
    KH, KW, CG, _ = w_shape
    S, D = stride, dilation
    dw = np.zeros(w_shape, dout.dtype)
    for u, v, c, f in np.ndindex(KH, KW, CG, F):
        first = f // (F // groups) * CG
        for n, i, j in np.ndindex(N, OH, OW):
            dw[u, v, c, f] += dout[n, i, j, f] * x[n, i * S + u * D, j * S + v * D, first + c]
    return dw


def conv2d_db(dout):
    """db[f] = Σ_{n,i,j} δ[n,i,j,f].

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, F)
        δ, the loss differentiated by z.

    Returns
    -------
    ndarray, shape (F,)
    """
    N, OH, OW, F = dout.shape
    db = np.zeros(F, dout.dtype)
    for n, i, j, f in np.ndindex(N, OH, OW, F):
        db[f] += dout[n, i, j, f]
    return db


def dilate(dout, stride):
    """Spread δ out: stride − 1 zeros between neighbours, down and across.

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, F)
        δ, the loss differentiated by z.
    stride : int
        S of the layer that δ comes back to.

    Returns
    -------
    ndarray, shape (N, (OH − 1)·S + 1, (OW − 1)·S + 1, F)
    """
    N, OH, OW, F = dout.shape
    spread = np.zeros((N, (OH - 1) * stride + 1, (OW - 1) * stride + 1, F), dout.dtype)
    for i, j in np.ndindex(OH, OW):
        spread[:, i * stride, j * stride] = dout[:, i, j]
    return spread


def rotate180(w):
    """Turn every kernel by 180°: entry (u, v) goes to (KH − 1 − u, KW − 1 − v).

    Parameters
    ----------
    w : ndarray, shape (KH, KW, C, F)
        Filters.

    Returns
    -------
    ndarray, shape (KH, KW, C, F)
    """
    KH, KW, _, _ = w.shape
    turned = np.zeros_like(w)
    for u, v in np.ndindex(KH, KW):
        turned[KH - 1 - u, KW - 1 - v] = w[u, v]
    return turned


def conv2d_dx_by_correlation(dout, w, x_shape, stride=1):
    """Find dx once more, as δ spread out, padded and correlated with the turned kernels.

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, F)
        δ, the loss differentiated by z.
    w : ndarray, shape (KH, KW, C, F)
        Filters.
    x_shape : (int, int, int, int)
        Shape of the padded input.
    stride : int, optional
        S, the same down and across.

    Returns
    -------
    ndarray, shape x_shape
        What no window reaches, at the bottom and on the right, is zero.
    """
    _, H, W, C = x_shape
    KH, KW, _, _ = w.shape
    spread = dilate(dout, stride)
    rows, columns = H - (KH - 1) - spread.shape[1], W - (KW - 1) - spread.shape[2]
    spread = pad(spread, ((KH - 1, KH - 1 + rows), (KW - 1, KW - 1 + columns)))
    turned = rotate180(w).swapaxes(2, 3)
    return conv2d_forward(spread, turned, np.zeros(C, dout.dtype))


def max_pool2d_forward(x, size, stride):
    """z[n,i,j,c] = max over u, v of x[n, iS+u, jS+v, c].

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C)
        Images; to pad them, put −∞ round them.
    size, stride : int
        Rows and columns of a window, and S.

    Returns
    -------
    ndarray, shape (N, OH, OW, C)
    """
    N, H, W, C = x.shape
    OH, OW = (H - size) // stride + 1, (W - size) // stride + 1
    z = np.full((N, OH, OW, C), -np.inf, x.dtype)
    for n, i, j, c in np.ndindex(N, OH, OW, C):
        for u, v in np.ndindex(size, size):
            z[n, i, j, c] = max(z[n, i, j, c], x[n, i * stride + u, j * stride + v, c])
    return z


def max_pool2d_backward(dout, x, size, stride):
    """dx[n,p,q,c] = Σ δ[n,i,j,c] over the windows (i, j) whose first largest entry is x[n,p,q,c].

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, C)
        δ, the loss differentiated by the output.
    x : ndarray, shape (N, H, W, C)
        The images of the forward pass.
    size, stride : int
        As in `max_pool2d_forward`.

    Returns
    -------
    ndarray, shape (N, H, W, C)
    """
    dx = np.zeros_like(x)
    for n, i, j, c in np.ndindex(dout.shape):
        u_best, v_best = 0, 0
        for u, v in np.ndindex(size, size):
            best = x[n, i * stride + u_best, j * stride + v_best, c]
            if x[n, i * stride + u, j * stride + v, c] > best:
                u_best, v_best = u, v
        dx[n, i * stride + u_best, j * stride + v_best, c] += dout[n, i, j, c]
    return dx


def avg_pool2d_forward(x, size, stride):
    """z[n,i,j,c] = Σ_{u,v} x[n, iS+u, jS+v, c] / size².

    Parameters
    ----------
    x : ndarray, shape (N, H, W, C)
        Images, without padding.
    size, stride : int
        Rows and columns of a window, and S.

    Returns
    -------
    ndarray, shape (N, OH, OW, C)
    """
    N, H, W, C = x.shape
    OH, OW = (H - size) // stride + 1, (W - size) // stride + 1
    z = np.zeros((N, OH, OW, C), x.dtype)
    for n, i, j, c in np.ndindex(N, OH, OW, C):
        for u, v in np.ndindex(size, size):
            z[n, i, j, c] += x[n, i * stride + u, j * stride + v, c] / size**2
    return z


def avg_pool2d_backward(dout, x_shape, size, stride):
    """dx[n,p,q,c] = Σ δ[n,i,j,c] / size² over the windows (i, j) that hold (p, q).

    Parameters
    ----------
    dout : ndarray, shape (N, OH, OW, C)
        δ, the loss differentiated by the output.
    x_shape : (int, int, int, int)
        Shape of the images of the forward pass.
    size, stride : int
        As in `avg_pool2d_forward`.

    Returns
    -------
    ndarray, shape x_shape
    """
    dx = np.zeros(x_shape, dout.dtype)
    for n, i, j, c in np.ndindex(dout.shape):
        for u, v in np.ndindex(size, size):
            dx[n, i * stride + u, j * stride + v, c] += dout[n, i, j, c] / size**2
    return dx
