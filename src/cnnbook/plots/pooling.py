"""Which windows a pool lays down, what is left of a map, and what shifts do to it."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from cnnbook.plots import style
from cnnbook.plots.filters import draw_map
from cnnbook.plots.grids import draw_grid

MARKERS = "osD^vPX"
SIZES = LinearSegmentedColormap.from_list(
    "cnnbook_sizes", [style.GREY, style.HIGHLIGHT, style.INPUT, style.INK]
)


def draw_halved(maps, pooled, names):
    """Draw feature maps and below them what pooling left, a pixel as large below as above.

    Parameters
    ----------
    maps : ndarray, shape (H, W, C)
    pooled : ndarray, shape (OH, OW, C)
    names : list of str
        Of the channels.
    """
    ratio = len(pooled) / len(maps)
    side = style.COLUMN / len(names) - 0.3
    _, axes = plt.subplots(
        2,
        len(names),
        figsize=(style.COLUMN, side * (1 + ratio) + 0.6),
        height_ratios=[1, ratio],
    )
    for line, values in zip(axes, (maps, pooled), strict=True):
        for c, (ax, name) in enumerate(zip(line, names, strict=True)):
            draw_map(ax, values[:, :, c], "signed", np.abs(maps).max())
            height, width = values.shape[:2]
            ax.set_title(f"{name}, {height} × {width}", loc="center", size=9)


def draw_pool_windows(panels):
    """Draw maps with every window of a pool on them; a number that no window holds is crossed out.

    Parameters
    ----------
    panels : list of (str, ndarray of shape (H, W), int, int, (int, int))
        Title, map, size of the windows, stride, and how many windows down and across, from the
        upper left; those that hang over the edge are drawn so. Neighbours differ in their frames.
    """
    figure, all_axes = plt.subplots(1, len(panels), figsize=(style.COLUMN, 2.6))
    figure.get_layout_engine().set(wspace=0.06)
    largest = 1.3 * max(values.max() for _, values, *_ in panels)
    for axes, (title, values, size, stride, windows) in zip(all_axes, panels, strict=True):
        draw_grid(axes, values, colour=style.INPUT, largest=largest)
        seen = np.zeros(values.shape, bool)
        for i, j in np.ndindex(windows):
            row, column = i * stride, j * stride
            seen[row : row + size, column : column + size] = True
            dashed = (i + j) % 2 == 1
            inset = 0.14 if dashed else 0.06
            axes.add_patch(
                Rectangle(
                    (column - 0.5 + inset, row - 0.5 + inset),
                    size - 2 * inset,
                    size - 2 * inset,
                    fill=False,
                    ec=style.KERNEL,
                    lw=2.5,
                    ls=(0, (2, 1)) if dashed else "-",
                    clip_on=False,
                    zorder=3,
                )
            )
        for row, column in np.argwhere(~seen):
            axes.plot(
                [column - 0.4, column + 0.4], [row - 0.4, row + 0.4], color=style.ERROR, lw=1.4
            )
        height, width = values.shape
        axes.grid(False, which="minor")  # it would run on under the windows that hang over
        axes.hlines(np.arange(0.5, height - 1), -0.5, width - 0.5, color=style.GREY_LIGHT, lw=0.6)
        axes.vlines(np.arange(0.5, width - 1), -0.5, height - 0.5, color=style.GREY_LIGHT, lw=0.6)
        axes.set(xlim=(-0.7, width + 0.7), ylim=(height + 0.7, -0.7))
        axes.spines[:].set_visible(False)
        axes.add_patch(
            Rectangle((-0.5, -0.5), width, height, fill=False, ec=style.INPUT, lw=2, zorder=2)
        )
        axes.set_title(title, loc="center", size=9)


def draw_shifts(changes, right):
    """Draw how much pooled maps change by a shift, and how many digits are still read right.

    Parameters
    ----------
    changes, right : dict of int to list of float
        For each size of the window, the share for shifts of 0, 1, 2, … pixels.
    """
    figure, all_axes = plt.subplots(1, 2, figsize=(style.COLUMN, 2.9))
    titles = ("change of the pooled maps", "digits read right")
    for axes, title, lines in zip(all_axes, titles, (changes, right), strict=True):
        for k, (size, shares) in enumerate(lines.items()):
            colour = SIZES(k / max(len(lines) - 1, 1))
            axes.plot(shares, color=colour, marker=MARKERS[k], label=f"{size} × {size}")
        axes.set_title(title)
        axes.set(xlabel="shift in pixels", xticks=range(len(shares)))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.grid(axis="y")
    all_axes[1].set_ylim(-0.05, 1)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=len(lines),
        columnspacing=1.2,
    )
