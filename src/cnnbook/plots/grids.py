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


def draw_grid(axes, values, *, colour, largest, labels=None, size=None):
    """Draw one matrix: lightness for size, hue and the printed number for sign.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : ndarray of shape (H, W)
    colour : str
        Of the frame.
    largest : float
        The size that gets the deepest colour.
    labels : ndarray of str, shape (H, W), optional
        What to write in the cells instead of the values.
    size : float, optional
        Of the type, in points.
    """
    height, width = values.shape
    axes.imshow(values, cmap="cnnbook_signed", vmin=-largest, vmax=largest)
    for (row, column), value in np.ndenumerate(values):
        dark = abs(value) > 0.6 * largest
        axes.text(
            column,
            row,
            f"{value:.3g}".replace("-", "−") if labels is None else labels[row, column],
            ha="center",
            va="center",
            size=size,
            color=style.PAPER if dark else style.INK,
        )
    axes.set_xticks(np.arange(0.5, width - 1), minor=True)
    axes.set_yticks(np.arange(0.5, height - 1), minor=True)
    axes.grid(which="minor", color=style.GREY_LIGHT)
    axes.set(xticks=[], yticks=[])
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set(visible=True, color=colour, linewidth=2)


def draw_grid_table(table, rows, columns, *, colour):
    """Draw matrices of one shape in rows and columns, each row and column under its title.

    Parameters
    ----------
    table : ndarray, shape (R, C, H, W)
        The matrices.
    rows, columns : list of str
        Titles.
    colour : str
        Of the frames: the role of the matrices.
    """
    table = np.asarray(table)
    side = (style.COLUMN - 0.3) / len(columns)
    height = side * table.shape[2] / table.shape[3] * len(rows) + 0.3
    _, axes = plt.subplots(*table.shape[:2], figsize=(style.COLUMN, height), squeeze=False)
    for place in np.ndindex(table.shape[:2]):
        draw_grid(axes[place], table[place], colour=colour, largest=np.abs(table).max(), size=8)
    for ax, title in zip(axes[0], columns, strict=True):
        ax.set_title(title, loc="center", size=9)
    for ax, title in zip(axes[:, 0], rows, strict=True):
        ax.set_ylabel(title, size=9)


def draw_product(
    matrix,
    vector,
    result,
    *,
    blocks,
    titles,
    colours=(style.KERNEL, style.INPUT, style.OUTPUT),
):
    """Draw a matrix in blocks, the vector it is multiplied with, and what comes out.

    Parameters
    ----------
    matrix : ndarray, shape (R, C)
        Drawn with its zeros as dots.
    vector : ndarray, shape (C,)
    result : ndarray, shape (R,)
    blocks : (int, int)
        Height and width of a block; heavy lines run between blocks, in the vectors too.
    titles : (str, str, str)
        Above the three.
    colours : (str, str, str), optional
        Of their frames.
    """
    rows, columns = matrix.shape
    cell, gap = 0.27, 2.6  # inches, cells
    width, height = (columns + 2 + 2 * gap) * cell, rows * cell
    figure = plt.figure(figsize=(width, height), layout="none")
    panels = [
        (matrix, colours[0], blocks[0], "·"),
        (vector[:, None], colours[1], blocks[1], "0"),
        (result[:, None], colours[2], blocks[0], "0"),
    ]
    left = 0.0
    for (values, colour, block, zero), title in zip(panels, titles, strict=True):
        tall, wide = (size * cell for size in values.shape)
        axes = figure.add_axes((left / width, 1 - tall / height, wide / width, tall / height))
        written = [[f"{v:.3g}".replace("-", "−") if v else zero for v in line] for line in values]
        labels = np.array(written)
        largest = 1.6 * np.abs(values).max()  # so that no type is white on a middle tone
        draw_grid(axes, values, colour=colour, largest=largest, labels=labels, size=8)
        for row in range(block, len(values), block):
            axes.axhline(row - 0.5, color=style.INK, lw=1.4)
        if values is matrix:
            for column in range(blocks[1], columns, blocks[1]):
                axes.axvline(column - 0.5, color=style.INK, lw=1.4)
        axes.set_title(title, loc="center", size=9)
        left += wide + gap * cell
    for sign, place in (("×", columns + gap / 2), ("=", columns + 1 + 1.5 * gap)):
        figure.text(place * cell / width, 1 - vector.size / rows / 2, sign, ha="center", size=14)
