"""A kernel held over the window it meets, and the lines along which the two are multiplied."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Polygon

from cnnbook.plots import style

RISE = 3.1  # how far the kernel is held above the window, in cells
LEAN = 0.55  # how far a step down the rows goes to the left of the paper
DROP = 0.62  # and how far it goes down


def draw_pairs(panels):
    """Draw a kernel above the window it meets, and a line for each product.

    Parameters
    ----------
    panels : list of (str, ndarray of shape (K, K), ndarray of shape (K, K), bool)
        Title, kernel, window, and whether each weight meets the opposite corner's pixel, as in a
        convolution, or the one right below it.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, all_axes = plt.subplots(1, len(panels), figsize=(style.COLUMN, 3.5))
    for axes, (title, kernel, window, turned) in zip(all_axes, panels, strict=True):
        _plane(axes, window, 0, style.INPUT, order=1)
        for place in np.ndindex(kernel.shape):
            meets = (
                tuple(size - 1 - k for size, k in zip(kernel.shape, place, strict=True))
                if turned
                else place
            )
            (x0, y0), (x1, y1) = _centre(place, RISE), _centre(meets, 0)
            axes.plot([x0, x1], [y0, y1], color=style.GREY_DARK, lw=1.3, zorder=2)
        if turned:
            middle = (np.array(kernel.shape) - 1) / 2
            axes.plot(*_centre(middle, RISE / 2), "o", color=style.INK, ms=6, zorder=3)
        _plane(axes, kernel, RISE, style.KERNEL, order=4)
        axes.set_title(title, loc="center", size=9.5)
        axes.set_aspect("equal")
        axes.axis("off")
    return figure


def _centre(place, height):
    """Return where the centre of a cell of a plane at some height comes to lie on the paper."""
    row, column = place
    return column - LEAN * row, height - DROP * row


def _plane(axes, values, height, colour, *, order):
    """Draw one matrix lying flat at a height, half transparent, its numbers in its cells."""
    corners = np.array([(-0.5, -0.5), (-0.5, 0.5), (0.5, 0.5), (0.5, -0.5)])
    for place, value in np.ndenumerate(values):
        outline = [_centre(corner, height) for corner in corners + place]
        axes.add_patch(Polygon(outline, fc=style.PAPER, ec=colour, lw=1.8, alpha=0.8, zorder=order))
        axes.text(
            *_centre(place, height),
            f"{value:.3g}".replace("-", "−"),
            ha="center",
            va="center",
            size=11,
            zorder=5,
            bbox={"boxstyle": "circle,pad=0.15", "fc": style.PAPER, "ec": "none"},
        )
