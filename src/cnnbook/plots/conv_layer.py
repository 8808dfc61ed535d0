"""Where the windows of a convolution layer lie, and what they see."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from cnnbook.plots import style
from cnnbook.plots.filters import draw_map
from cnnbook.plots.grids import draw_grid, draw_window

HALF = 0.36  # of the height of a pixel in a row of pixels one unit wide each


def draw_tiling(cases):
    """Draw rows of pixels, and below each the windows that slide along it.

    Parameters
    ----------
    cases : list of (str, int, int, int, (int, int))
        Title, number of pixels, size of a window, stride, and zeros before and after. Pixels are
        numbered; zeros are hatched; a pixel that no window reaches is crossed out.
    """
    lanes = [-(-window // stride) for _, _, window, stride, _ in cases]
    left = -max(before for *_, (before, _) in cases) - 0.6
    right = max(size + after for _, size, _, _, (_, after) in cases) - 0.4
    unit = style.COLUMN / (right - left)
    heights = [1.4 + 0.36 * lane for lane in lanes]
    figure, all_axes = plt.subplots(
        len(cases),
        1,
        figsize=(style.COLUMN, unit * sum(heights)),
        height_ratios=heights,
        squeeze=False,
    )
    figure.get_layout_engine().set(w_pad=0, h_pad=0, hspace=0)
    for axes, case, height, lane in zip(all_axes[:, 0], cases, heights, lanes, strict=True):
        title, size, window, stride, (before, after) = case
        starts = range(-before, size + after - window + 1, stride)
        seen = {start + k for start in starts for k in range(window)}
        axes.text(left + 0.1, -0.5, title, weight="bold", size=9)
        for pixel in range(-before, size + after):
            _pixel(axes, pixel, real=0 <= pixel < size, seen=pixel in seen)
        for i, start in enumerate(starts):
            y = 0.6 + 0.36 * (i % lane)
            _bracket(axes, start - 0.42, start + window - 0.58, y, f"{i}")
        axes.set(xlim=(left, right), ylim=(height - 0.85, -0.85), aspect="equal")
        axes.axis("off")


def _pixel(axes, place, *, real, seen):
    """Draw one pixel of a row: its number, or hatched for a zero; a cross where no window comes."""
    axes.add_patch(
        Rectangle(
            (place - 0.5, -HALF),
            1,
            2 * HALF,
            facecolor=style.PAPER,
            edgecolor=style.INPUT if real else style.GREY,
            hatch=None if real else "////",
            lw=1.4 if real else 0.8,
            zorder=2 if real else 1,
        )
    )
    if not seen:
        axes.plot(
            [place - 0.5, place + 0.5, np.nan, place - 0.5, place + 0.5],
            [-HALF, HALF, np.nan, HALF, -HALF],
            color=style.ERROR,
            lw=1.4,
            zorder=3,
        )
    if real:  # a hatched zero carries no number: beside pixel 0 it would look like one more
        box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5}
        axes.text(place, 0, place, ha="center", va="center", bbox=box, zorder=4)


def _bracket(axes, left, right, y, label):
    """Draw a window as a bar with its number."""
    axes.plot([left, right], [y, y], color=style.KERNEL, lw=5, solid_capstyle="butt")
    axes.text(
        (left + right) / 2,
        y,
        label,
        ha="center",
        va="center",
        size=8,
        bbox={"facecolor": style.PAPER, "edgecolor": style.KERNEL, "pad": 1.2},
    )


def draw_padded(panels):
    """Draw matrices with their padding hatched, and the first and the last window of each.

    Parameters
    ----------
    panels : list of (str, ndarray of shape (H, W), ((int, int), (int, int)), int, int)
        Title, values, padding ((top, bottom), (left, right)), size of the window, stride.
    """
    padded = [np.pad(values, padding) for _, values, padding, _, _ in panels]
    columns = [values.shape[1] for values in padded]
    rows = max(values.shape[0] for values in padded)
    cell = style.COLUMN / (sum(columns) + 1.2 * len(columns))
    _, all_axes = plt.subplots(
        1, len(panels), figsize=(style.COLUMN, cell * rows + 0.5), width_ratios=columns
    )
    largest = max(np.abs(values).max() for values in padded)
    for axes, values, panel in zip(all_axes, padded, panels, strict=True):
        title, original, ((top, _), (left, _)), size, stride = panel
        draw_grid(axes, values, colour=style.GREY, largest=1.6 * largest)
        inside = Rectangle((left - 0.5, top - 0.5), *original.shape[::-1])
        for row, column in np.ndindex(values.shape):
            if not inside.contains_point((column, row), radius=0):
                _hatch(axes, row, column)
        inside.set(fill=False, ec=style.INPUT, lw=2.5, zorder=2)
        axes.add_patch(inside)
        last = [(extent - size) // stride * stride for extent in values.shape]
        draw_window(axes, 0, 0, size, size)
        draw_window(axes, *last, size, size, dashed=True)
        axes.set_title(title, loc="center", size=9)


def _hatch(axes, row, column):
    """Hatch one cell of a drawn matrix, leaving its number readable."""
    axes.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5), 1, 1, fill=False, ec=style.GREY_LIGHT, hatch="////", lw=0
        )
    )


def draw_depth(x, w, out):
    """Draw every number of a small layer: a row a channel, a column a filter, its map below.

    Parameters
    ----------
    x : ndarray, shape (H, W, C)
        One picture.
    w : ndarray, shape (KH, KW, C, F)
        Filters.
    out : ndarray, shape (OH, OW, F)
        Feature maps.
    """
    channels, filters = w.shape[2:]
    columns = [x.shape[1]] + [max(w.shape[1], out.shape[1])] * filters
    rows = [max(x.shape[0], w.shape[0])] * channels + [out.shape[0]]
    unit, gap, title = 0.36, 0.55, 0.32  # inches: a cell, between columns, above a matrix
    height = unit * sum(rows) + title * len(rows) + 0.05
    figure = plt.figure(figsize=(style.COLUMN, height), layout="none")
    left = (style.COLUMN - unit * sum(columns) - gap * filters) / 2

    def middle(row, column):
        """Give the centre of a matrix in inches from the lower left corner."""
        above = unit * (sum(rows[:row]) + rows[row] / 2) + title * (row + 1)
        return left + unit * (sum(columns[:column]) + columns[column] / 2) + gap * column, (
            height - above
        )

    def place(row, column, values, *, name, colour, largest):
        x_middle, y_middle = middle(row, column)
        tall, wide = unit * values.shape[0], unit * values.shape[1]
        axes = figure.add_axes(
            (
                (x_middle - wide / 2) / style.COLUMN,
                (y_middle - tall / 2) / height,
                wide / style.COLUMN,
                tall / height,
            )
        )
        draw_grid(axes, values, colour=colour, largest=largest)
        axes.set_title(name, loc="center", size=8.5, weight="normal", pad=4)

    sizes = [1.2 * np.abs(array).max() for array in (x, w, out)]
    for c in range(channels):
        look = {"colour": style.INPUT, "largest": sizes[0]}
        place(c, 0, x[:, :, c], name=f"picture, channel {c}", **look)
        look = {"colour": style.KERNEL, "largest": sizes[1]}
        for f in range(filters):
            place(c, 1 + f, w[:, :, c, f], name=f"filter {f}, kernel {c}", **look)
    look = {"colour": style.OUTPUT, "largest": sizes[2]}
    for f in range(filters):
        place(channels, 1 + f, out[:, :, f], name=f"map {f}", **look)
    x_middle, y_middle = middle(channels, 0)
    figure.text(
        x_middle / style.COLUMN,
        y_middle / height,
        "a map: what the kernels\nabove it find, summed,\nplus the filter's bias",
        ha="center",
        va="center",
        size=8.5,
    )


def draw_map_rows(rows):
    """Draw rows of pictures and feature maps, all maps of the figure shaded alike.

    Parameters
    ----------
    rows : list of list of (str, ndarray of shape (H, W), {"ink", "signed"})
        Title, values, and how they are drawn: see `cnnbook.plots.filters.draw_map`. Ink is in
        [0, 1].
    """
    columns = max(len(row) for row in rows)
    side = style.COLUMN / columns
    _, axes = plt.subplots(
        len(rows), columns, figsize=(style.COLUMN, len(rows) * (side + 0.16)), squeeze=False
    )
    largest = max(
        np.abs(values).max() for row in rows for _, values, kind in row if kind == "signed"
    )
    for line, row in zip(axes, rows, strict=True):
        for ax, (title, values, kind) in zip(line, row, strict=True):
            draw_map(ax, values, kind, 1 if kind == "ink" else largest)
            ax.set_title(title, loc="center", size=8.5, weight="normal", pad=3)


def draw_fields(counts, picture, frames):
    """Draw receptive fields: how many ways lead to each pixel, and frames on a picture.

    Parameters
    ----------
    counts : list of (str, ndarray of shape (R, R))
        Title, and for each pixel of the field the number of ways from it to the output.
    picture : ndarray, shape (H, W)
        Pixels from 0 to 1.
    frames : list of (str, int, int)
        Name, first row and column, and size of square fields on the picture.
    """
    _, axes = plt.subplots(1, len(counts) + 1, figsize=(style.COLUMN, 2.75))
    for one, (title, values) in zip(axes, counts, strict=False):
        draw_grid(one, values, colour=style.INPUT, largest=1.3 * values.max(), size=8.5)
        one.set_title(title, loc="center", size=9)
    last = axes[-1]
    last.imshow(picture, vmin=0, vmax=2.2)
    colours = [style.KERNEL, style.INPUT, style.ERROR, style.OUTPUT]
    handles = []
    for k, (name, first, size) in enumerate(frames):
        draw_window(last, first, first, size, size, colour=colours[k], dashed=k % 2 == 1)
        dashes = (0, (2, 1)) if k % 2 else "-"
        handles += last.plot([], [], color=colours[k], ls=dashes, lw=2.5, label=f"{name}: {size}")
    last.set(xticks=[], yticks=[])
    for spine in last.spines.values():
        spine.set(visible=True, color=style.GREY)
    last.set_title("the article's network", loc="center", size=9)
    last.legend(
        handles=handles,
        ncols=2,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.02),
        handlelength=1.6,
        columnspacing=1,
        fontsize=8,
    )
    for one in axes:
        one.set_anchor("N")
