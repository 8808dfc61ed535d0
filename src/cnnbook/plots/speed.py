"""How fast ways to compute a layer are: against the machine, and where their time goes."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, NullLocator

from cnnbook.plots import style

FAR_BELOW = 0.01
"""A speed under this share of the matrix product's is shown at the picture's lower edge."""


def draw_roofline(points, *, roofs):
    """Draw ways to compute one layer under what memory and arithmetic allow, on log axes.

    What lies far below all others is drawn at the lower edge, as a mark that points down.

    Parameters
    ----------
    points : dict of str to (float, float, str)
        By name: operations for each byte that comes from or goes to memory; speed, as a share of
        the machine's matrix product on all threads; and which side of the point its name goes:
        "left", "right", "above" or "below".
    roofs : dict of str to (float, float)
        By name: the speed of a matrix product, as the same share, and how much of it there is
        for each operation a byte, which is the slope of the roof's left part.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 4.2))
    right = 1.6 * max(intensity for intensity, _, _ in points.values())
    left = 0.5 * min(intensity for intensity, _, _ in points.values())
    along = np.geomspace(left, right, 400)
    edges = zip(("-", "--"), ("bottom", "top"), strict=True)
    for (name, (peak, slope)), (dashes, up) in zip(roofs.items(), edges, strict=True):
        axes.loglog(along, np.minimum(peak, slope * along), dashes, color=style.GREY_DARK)
        axes.annotate(
            name,
            (np.sqrt(peak / slope * right), peak),
            (0, 3 if up == "bottom" else -3),
            textcoords="offset points",
            ha="center",
            va=up,
            size=8.5,
            color=style.GREY_DARK,
        )
    top = 1.4 * max(1, *(speed for _, speed, _ in points.values()))
    bottom = 0.6 * min(speed for _, speed, _ in points.values() if speed > FAR_BELOW)
    places = {
        "left": ((-8, 0), "right", "center"),
        "right": ((8, 0), "left", "center"),
        "above": ((0, 7), "center", "bottom"),
        "below": ((0, -7), "center", "top"),
    }
    halo = [withStroke(linewidth=3, foreground=style.PAPER)]
    for name, (intensity, speed, side) in points.items():
        seen = max(speed, 1.1 * bottom)
        marker = "v" if speed < seen else "D" if name == "TensorFlow" else "o"
        colour = style.KERNEL if name == "TensorFlow" else style.OUTPUT
        axes.plot(intensity, seen, marker, color=colour, markersize=7)
        offset, across, up = places[side]
        axes.annotate(
            f"{name}, at {speed:.5f}" if speed < seen else name,
            (intensity, seen),
            offset,
            textcoords="offset points",
            ha=across,
            va=up,
            size=8.5,
            path_effects=halo,
        )
    axes.set(
        xlabel="operations for each byte moved (log)",
        ylabel="speed ÷ matrix product (log)",
        xlim=(left, right),
        ylim=(bottom, top),
    )
    ticks = [tick for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5) if bottom <= tick <= top]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.grid(visible=True)
    return figure


def draw_time_parts(ways):
    """Draw one bar a way, cut into what its time goes to; the longest bar is 100.

    Parameters
    ----------
    ways : dict of str to dict of str to float
        For each way, the time of each part, all in one unit; all have the same parts.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 0.6 * len(ways) + 0.9))
    longest = max(sum(parts.values()) for parts in ways.values())
    looks = [(style.INPUT, ""), (style.OUTPUT, "//"), (style.GREY, "")]
    for k, parts in enumerate(ways.values()):
        left = 0.0
        for (part, time), (colour, hatch) in zip(parts.items(), looks, strict=False):
            width = 100 * time / longest
            axes.barh(
                k,
                width,
                left=left,
                height=0.6,
                color=colour,
                hatch=hatch,
                edgecolor=style.PAPER,
                label=part if k == 0 else None,
            )
            left += width
    axes.set_yticks(range(len(ways)), list(ways))
    axes.set(xlim=(0, 100), xlabel="time, the slowest way = 100")
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    figure.legend(ncols=3, loc="outside upper center")
    return figure


def draw_memory_runs(rows):
    """Draw the floats of one window where they lie in memory, one strip a layout.

    Parameters
    ----------
    rows : dict of str to ndarray of bool, shape (L,)
        For each layout, which of the picture's floats, in the order of memory, are the window's.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, panels = plt.subplots(
        len(rows), figsize=(style.COLUMN, 0.75 * len(rows) + 0.3), squeeze=False
    )
    for axes, (name, inside) in zip(panels[:, 0], rows.items(), strict=True):
        axes.set_title(name, size=9, weight="normal")
        edges = np.flatnonzero(np.diff(np.r_[0, inside.astype(int), 0]))
        runs = [(start, end - start) for start, end in zip(edges[::2], edges[1::2], strict=True)]
        axes.broken_barh([(0, len(inside))], (0, 1), color=style.GREY_LIGHT)
        axes.broken_barh(runs, (0, 1), color=style.INPUT)
        axes.set(xlim=(0, len(inside)), ylim=(0, 1), xticks=[], yticks=[])
        axes.spines[["left", "bottom"]].set_visible(False)
    return figure
