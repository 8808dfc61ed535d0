"""Pooling there and back: where an error goes, how windows add up, ties, and broken training."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.ticker import PercentFormatter

from cnnbook.plots import style
from cnnbook.plots.grids import draw_grid, draw_window

LINES = {"-": "o", "--": "s", ":": "D", "-.": "^"}
CELL = 0.36  # inches


def draw_there_and_back(x, z, dout, dx, *, windows=(), marks=()):
    """Draw a pool's input and output, and below them the two gradients, with the ways between.

    Parameters
    ----------
    x, dx : ndarray, shape (H, W)
        Input, and the gradient for it.
    z, dout : ndarray, shape (OH, OW)
        Output, and the error.
    windows : list of (int, int, int, int)
        Windows (row, column, height, width) to frame in `x` and `dx`; every other one is dashed.
    marks : list of (int, int)
        Pixels to frame in bold in `x` and `dx`.
    """
    height, width = x.shape
    gap, head = 2.6, 0.75  # cells
    total = width + gap + z.shape[1]
    tall = 2 * (height + head) + 0.4
    figure = plt.figure(figsize=(total * CELL, tall * CELL), layout="none")

    def axes_at(left, top, shape):
        return figure.add_axes(
            (
                left / total,
                1 - (top + shape[0]) / tall,
                shape[1] / total,
                shape[0] / tall,
            )
        )

    middle = (height - z.shape[0]) / 2
    overlap = sum(tall_by * wide_by for *_, tall_by, wide_by in windows) > x.size
    forward, backward = head, 2 * head + height + 0.4
    panels = [
        (x, "input x", style.INPUT, 0, forward),
        (z, "output z", style.OUTPUT, width + gap, forward + middle),
        (dx, "gradient ∂E/∂x", style.GRADIENT, 0, backward),
        (dout, "error δ", style.ERROR, width + gap, backward + middle),
    ]
    for values, title, colour, left, top in panels:
        axes = axes_at(left, top, values.shape)
        others = (x, z) if values is x or values is z else (dx, dout)
        largest = 1.25 * max(np.abs(each).max() for each in others)
        draw_grid(axes, values, colour=colour, largest=largest)
        axes.set_title(title, loc="center", size=9)
        if values is x or values is dx:
            for row, column, tall_by, wide_by in windows:
                dashed = (row + column) % 4 == 2
                inset = 0.15 if dashed and overlap else 0.05
                axes.add_patch(
                    Rectangle(
                        (column - 0.5 + inset, row - 0.5 + inset),
                        wide_by - 2 * inset,
                        tall_by - 2 * inset,
                        fill=False,
                        ec=style.KERNEL,
                        lw=2.2,
                        ls=(0, (2, 1)) if dashed else "-",
                        zorder=3,
                    )
                )
            _frame(axes, marks)
    for top, label, start, stop in (
        (forward, "forward", 0.3, gap - 0.3),
        (backward, "backward", gap - 0.3, 0.3),
    ):
        y = 1 - (top + height / 2) / tall
        figure.add_artist(
            FancyArrowPatch(
                ((width + start) / total, y),
                ((width + stop) / total, y),
                transform=figure.transFigure,
                arrowstyle="-|>",
                mutation_scale=13,
                color=style.GREY_DARK,
            )
        )
        figure.text(
            (width + gap / 2) / total, y + 0.25 / tall, label, ha="center", va="bottom", size=8
        )


def draw_added_up(parts, total, titles):
    """Draw what each of four windows hands back, and the sum.

    Parameters
    ----------
    parts : list of four ndarray, shape (H, W)
        What one window alone sends back, zero outside it.
    total : ndarray, shape (H, W)
        Their sum.
    titles : list of five str
        Of the parts and of the sum.
    """
    figure = plt.figure(figsize=(5.4, 3.5))
    grid = figure.add_gridspec(2, 3, width_ratios=[1, 1, 1.15])
    places = [grid[0, 0], grid[0, 1], grid[1, 0], grid[1, 1], grid[:, 2]]
    largest = 1.25 * np.abs(total).max()
    for place, values, title in zip(places, [*parts, total], titles, strict=True):
        axes = figure.add_subplot(place)
        labels = [[f"{v:.3g}".replace("-", "−") if v else "" for v in row] for row in values]
        is_sum = values is total
        draw_grid(
            axes,
            values,
            colour=style.GRADIENT if is_sum else style.GREY,
            largest=largest,
            labels=None if is_sum else np.array(labels),
            size=11,
        )
        axes.set_title(title, loc="center", size=9.5)
        if not is_sum:
            rows, columns = np.nonzero(values)
            corner = rows.min(), columns.min()
            draw_window(axes, *corner, np.ptp(rows) + 1, np.ptp(columns) + 1)
    return figure


def draw_kinks(panels, *, reach):
    """Draw how the largest of a window's numbers moves as one of them is moved.

    Parameters
    ----------
    panels : list of (ndarray of shape (K, K), (int, int), str)
        Window, which of its numbers is moved, and the panel's title. Where that number ties, the
        line of the central difference is drawn too.
    reach : float
        How far it is moved to either side.
    """
    _, all_axes = plt.subplots(1, len(panels), figsize=(4.2, 2.3), sharex=True)
    h = np.linspace(-reach, reach, 201)
    for axes, (window, place, title) in zip(all_axes, panels, strict=True):
        others = np.delete(window.ravel(), np.ravel_multi_index(place, window.shape)).max()
        now = window.max()
        axes.plot(h, np.maximum(window[place] + h, others), color=style.OUTPUT)
        axes.plot(0, now, "o", color=style.OUTPUT, ms=6, zorder=3)
        if others == window[place]:
            axes.plot(h, now + 0.5 * h, ls="--", color=style.ERROR, lw=1.3, zorder=1)
            axes.text(
                reach, now - 0.1 * reach, "slope ½", color=style.ERROR, size=8, ha="right", va="top"
            )
        axes.axvline(0, color=style.GREY_LIGHT, lw=0.8, zorder=0)
        axes.set_title(title, loc="center", size=8.5)
        axes.tick_params(labelsize=8)
        axes.set(
            xlabel="moved by $h$",
            xticks=[-reach, 0, reach],
            ylim=(now - 1.25 * reach, now + 1.25 * reach),
        )
    all_axes[0].set(ylabel="output $z$")


def draw_borders(panels):
    """Draw gradients side by side on one scale, each under its title.

    Parameters
    ----------
    panels : list of (str, ndarray of shape (H, W))
    """
    _, all_axes = plt.subplots(1, len(panels), figsize=(4.6, 2.5))
    largest = 1.25 * max(np.abs(values).max() for _, values in panels)
    for axes, (title, values) in zip(all_axes, panels, strict=True):
        draw_grid(axes, values, colour=style.GRADIENT, largest=largest, size=9)
        axes.set_title(title, loc="center", size=9)


def draw_broken_runs(runs, every):
    """Draw the accuracy of training runs, and each one's number at the end.

    Parameters
    ----------
    runs : dict of str to list of float
        By name, the share read right after `every`, 2 `every`, … steps.
    every : int
    """
    _, axes = plt.subplots(figsize=(4.2, 3.0))
    colours = [style.INPUT, style.ERROR, style.OUTPUT, style.GREY_DARK]
    for (name, shares), colour, (line, marker) in zip(
        runs.items(), colours, LINES.items(), strict=True
    ):
        steps = every * np.arange(1, len(shares) + 1)
        axes.plot(steps, shares, ls=line, marker=marker, color=colour, label=name)
    axes.set(xlabel="step", ylabel="validation digits read right", xticks=steps, ylim=(0.3, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y")
    axes.legend(loc="lower right", title="on the way back, the pool", alignment="left")


def _frame(axes, marks):
    """Frame cells of a drawn matrix in bold."""
    for row, column in marks:
        axes.add_patch(
            Rectangle((column - 0.37, row - 0.37), 0.74, 0.74, fill=False, ec=style.INK, lw=1.8)
        )
