"""Training on several machines: sums that go round a ring, what a step gains, late gradients."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch
from matplotlib.ticker import FuncFormatter, NullLocator

from cnnbook.plots import style

LOOKS = (
    (style.ERROR, "-", "s"),
    (style.KERNEL, "--", "^"),
    (style.OUTPUT, "-.", "D"),
    (style.INPUT, ":", "o"),
)
SUM = mpl.colors.to_rgba(style.OUTPUT, 0.35)


def draw_all_reduce(snapshots, titles):
    """Draw a ring of workers, and a table of their numbers after every round of an all-reduce.

    A number framed in bold has arrived in the round before; a shaded one is the whole sum.

    Parameters
    ----------
    snapshots : list of ndarray, each of shape (K, K)
        What each worker (row) holds of each part (column), at the start and after every round.
    titles : list of str
        One a snapshot.

    Returns
    -------
    matplotlib.figure.Figure
    """
    columns = 3
    rows = -(-(len(snapshots) + 1) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(style.COLUMN, 2.15 * rows))
    for axes in panels.ravel():
        axes.set_axis_off()
    workers = len(snapshots[0])
    _draw_ring(panels.flat[0], workers)
    whole = snapshots[0].sum(axis=0)
    for number, (axes, table) in enumerate(zip(panels.flat[1:], snapshots, strict=False)):
        axes.set_title(titles[number], size=10)
        for (k, part), value in np.ndenumerate(table):
            done = value == whole[part]
            new = number > 0 and value != snapshots[number - 1][k, part]
            axes.add_patch(
                plt.Rectangle(
                    (part - 0.45, k - 0.45),
                    0.9,
                    0.9,
                    facecolor=SUM if done else style.PAPER,
                    edgecolor=style.INK if new else style.GREY_LIGHT,
                    lw=2.2 if new else 1,
                )
            )
            axes.text(part, k, f"{value:g}", ha="center", va="center", size=12)
        for k in range(workers):
            axes.text(-0.62, k, f"{k}", ha="right", va="center", color=style.GREY_DARK)
        axes.set(xlim=(-0.95, workers - 0.4), ylim=(workers - 0.4, -0.6), aspect="equal")
    return figure


def _draw_ring(axes, workers):
    """Draw workers as numbered circles, each with an arrow to the next."""
    angles = np.pi / 2 - 2 * np.pi * np.arange(workers) / workers
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for k, place in enumerate(places):
        axes.plot(*place, "o", ms=27, mfc=style.PAPER, mec=style.INPUT, mew=2, zorder=3)
        axes.text(*place, f"{k}", ha="center", va="center", size=12, zorder=4)
        arrow = FancyArrowPatch(
            place,
            places[(k + 1) % workers],
            connectionstyle="arc3,rad=-0.25",
            arrowstyle="-|>",
            mutation_scale=16,
            shrinkA=17,
            shrinkB=17,
            lw=1.8,
            color=style.GREY_DARK,
        )
        axes.add_patch(arrow)
    axes.set_title("who sends to whom", size=10)
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.3, 1.5), aspect="equal")


def draw_speedups(workers, speedups):
    """Draw how many times faster a step is with more workers, a curve for each network speed.

    Parameters
    ----------
    workers : sequence of int
    speedups : dict of str to sequence of float
        By the name of the network, one number for each of `workers`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 3.7))
    axes.plot(workers, workers, color=style.GREY, lw=1)
    axes.text(workers[-3], workers[-3] * 1.15, "no wire at all ", ha="right", color=style.GREY_DARK)
    for (name, values), (colour, line, marker) in zip(speedups.items(), LOOKS, strict=False):
        axes.plot(workers, values, color=colour, ls=line, marker=marker)
        axes.annotate(
            name, (workers[-1], values[-1]), (8, 0), textcoords="offset points", va="center"
        )
    axes.axhspan(0.01, 1, color=style.GREY_LIGHT, alpha=0.5, lw=0)
    axes.text(workers[-1], 0.72, "slower than one", ha="right", va="center", color=style.GREY_DARK)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="workers $K$ (log)",
        ylabel="times faster (log)",
        xlim=(workers[0] * 0.88, workers[-1] * 2.4),
    )
    axes.set_xticks(workers)
    axes.set_yticks([0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
    axes.set_ylim(0.6 * min(map(min, speedups.values())), 1.3 * workers[-1])
    axes.grid(axis="y")
    return figure


def draw_late_steps(paths):
    """Draw the weight of runs whose gradients come late, one panel a run.

    Parameters
    ----------
    paths : dict of str to sequence of float
        By the title of the panel, the weight at the start and after every step.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, panels = plt.subplots(
        len(paths), figsize=(style.COLUMN, 1.35 * len(paths) + 0.3), sharex=True
    )
    for axes, (name, path), look in zip(panels, paths.items(), LOOKS[::-1], strict=False):
        axes.axhline(0, color=style.GREY, lw=0.8)
        axes.plot(path, color=look[0], marker=look[2], lw=1.3)
        axes.set_title(name, size=10)
        axes.set_ylabel("$w$")
    panels[-1].set_xlabel("steps taken")
    return figure
