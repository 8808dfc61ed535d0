"""What the figures of convolution layers take: a picture and filters, or two plain matrices."""

import numpy as np


def picture_and_filters(x, w):
    """Give a matrix its one channel, and a kernel its one channel and filter.

    Parameters
    ----------
    x : array_like, shape (H, W) or (H, W, C)
    w : array_like, shape (KH, KW) or (KH, KW, C, F)

    Returns
    -------
    x : ndarray, shape (H, W, C)
    w : ndarray, shape (KH, KW, C, F)

    Raises
    ------
    ValueError
        If the shapes are others, or do not belong together.
    """
    x, w = np.asarray(x), np.asarray(w)
    x = x[:, :, None] if x.ndim == 2 else x
    w = w[:, :, None, None] if w.ndim == 2 else w
    if x.ndim != 3 or w.ndim != 4 or w.shape[2] != x.shape[2]:
        raise ValueError(
            f"x has shape {x.shape} and w {w.shape}, expected (H, W, C) and (KH, KW, C, F) with "
            f"the same C; give one channel and one filter as two plain matrices."
        )
    return x, w
