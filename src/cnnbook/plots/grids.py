"""Small matrices as grids with their numbers in them, side by side, all cells of one size."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from cnnbook.plots import style


def draw_grids(panels, *, marks=None, windows=None, largest=None):
    """Draw matrices side by side, each number in its cell.

    Parameters
    ----------
    panels : list of (str, ndarray of shape (H, W), str)
        Title, values, and the colour of the frame: the role of the matrix.
    marks : dict of int to list of (int, int), optional
        For a panel's place, cells (row, column) to frame in bold.
    windows : dict of int to list of (int, int, int, int), optional
        For a panel's place, windows (row, column, height, width) to frame in the kernel's colour.
    largest : float, optional
        The size that gets the deepest colour; by default the largest of all panels.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = max(values.shape[0] for _, values, _ in panels)
    columns = [values.shape[1] for _, values, _ in panels]
    if largest is None:
        largest = max(np.abs(values).max() for _, values, _ in panels)
    cell = style.COLUMN / (sum(columns) + 0.8 * len(columns))
    figure, all_axes = plt.subplots(
        1,
        len(panels),
        figsize=(style.COLUMN, cell * rows + 0.5),
        width_ratios=columns,
        squeeze=False,
    )
    figure.get_layout_engine().set(wspace=0.04)
    for k, (axes, (title, values, colour)) in enumerate(zip(all_axes[0], panels, strict=True)):
        draw_grid(axes, values, colour=colour, largest=largest)
        axes.set_title(title, loc="center", size=9)
        for row, column in (marks or {}).get(k, []):
            axes.add_patch(
                Rectangle((column - 0.44, row - 0.44), 0.88, 0.88, fill=False, ec=style.INK, lw=2)
            )
        for window in (windows or {}).get(k, []):
            draw_window(axes, *window)
    return figure


def draw_window(axes, row, column, height, width, *, colour=style.KERNEL, dashed=False):
    """Frame a window of a drawn matrix.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        With a matrix from `draw_grid`.
    row, column : int
        The window's first row and column.
    height, width : int
        How many rows and columns it covers.
    colour : str, optional
        Of the frame.
    dashed : bool, optional
        Whether the frame is dashed, to tell two windows apart.
    """
    axes.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5),
            width,
            height,
            fill=False,
            ec=colour,
            lw=3,
            ls=(0, (2, 1)) if dashed else "-",
            clip_on=False,
            zorder=3,
        )
    )


def draw_grid(axes, values, *, colour, largest):
    """Draw one matrix: lightness for size, hue and the printed number for sign.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : ndarray of shape (H, W)
    colour : str
        Of the frame.
    largest : float
        The size that gets the deepest colour.
    """
    height, width = values.shape
    axes.imshow(values, cmap="cnnbook_signed", vmin=-largest, vmax=largest)
    for (row, column), value in np.ndenumerate(values):
        dark = abs(value) > 0.6 * largest
        axes.text(
            column,
            row,
            f"{value:.3g}".replace("-", "−"),
            ha="center",
            va="center",
            color=style.PAPER if dark else style.INK,
        )
    axes.set_xticks(np.arange(0.5, width - 1), minor=True)
    axes.set_yticks(np.arange(0.5, height - 1), minor=True)
    axes.grid(which="minor", color=style.GREY_LIGHT)
    axes.set(xticks=[], yticks=[])
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=2)
