"""The chain rule on graphs, descents on a bowl, and the errors of finite differences."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from cnnbook.plots import style

RADIUS = 0.3  # inches: of a circle
NUMBER, NAME, LABEL = 11, 10.5, 10  # points: in a circle, above it, on an arrow
LOOKS = (
    (style.INPUT, "-", "o"),
    (style.ERROR, (0, (5, 1.5)), "s"),
)


class Node(NamedTuple):
    """A number of a computation.

    Attributes
    ----------
    x, y : float
        Where its circle stands, in inches to the right and down.
    name : str
        Stands above the circle.
    value : str
        The number on the way forward, inside the circle.
    error : str
        The derivative of the last number with respect to this one, below the circle.
    colour : str
        Of the circle.
    """

    x: float
    y: float
    name: str
    value: str
    error: str
    colour: str


def draw_ways(nodes, arrows, *, label_at=0.5):
    """Draw a computation: values forward in the circles, derivatives backward below them.

    Parameters
    ----------
    nodes : list of Node
    arrows : list of (int, int, str)
        From which circle to which, and what stands on the arrow, if anything.
    label_at : float
        Where on an arrow its label stands: 0 at the beginning, 1 at the tip.
    """
    right, down = (max(getattr(node, side) for node in nodes) for side in "xy")
    width, height = right + 2 * RADIUS + 0.5, down + 1.5
    figure = plt.figure(figsize=(width, height))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-width / 2 + right / 2, right / 2 + width / 2), ylim=(down + 0.75, -0.75))
    axes.axis("off")
    for start, end, label in arrows:
        _draw_arrow(axes, nodes[start], nodes[end], label, label_at)
    for node in nodes:
        place = node.x, node.y
        axes.add_patch(plt.Circle(place, RADIUS, fc=style.PAPER, ec=node.colour, lw=2, zorder=3))
        axes.text(*place, node.value, ha="center", va="center", size=NUMBER, zorder=4)
        plate = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8}
        above, below = node.y - RADIUS - 0.15, node.y + RADIUS + 0.16
        axes.text(
            node.x, above, node.name, ha="center", va="center", size=NAME, bbox=plate, zorder=2
        )
        axes.text(
            node.x,
            below,
            node.error,
            ha="center",
            va="center",
            size=NUMBER,
            weight="bold",
            color=style.ERROR,
            bbox=plate,
            zorder=2,
        )


def _draw_arrow(axes, start, end, label, label_at):
    """Draw an arrow from the rim of one circle to the rim of another, its label on it."""
    tail, head = np.array([start.x, start.y]), np.array([end.x, end.y])
    along = (head - tail) / np.hypot(*(head - tail))
    tail, head = tail + RADIUS * along, head - (RADIUS + 0.03) * along
    axes.annotate(
        "",
        head,
        tail,
        arrowprops={
            "arrowstyle": "-|>",
            "color": style.GREY,
            "lw": 1.2,
            "shrinkA": 0,
            "shrinkB": 0,
        },
        zorder=1,
    )
    if not label:
        return
    axes.text(
        *(tail + label_at * (head - tail)),
        label,
        ha="center",
        va="center",
        size=LABEL,
        bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8},
        zorder=1.5,
    )


def draw_descents(loss, panels, *, lowest, extent):
    """Draw the contour lines of a loss of two weights, and paths of gradient descent over it.

    Parameters
    ----------
    loss : callable
        Takes arrays of the two weights, returns an array of losses.
    panels : list of (str, ndarray of shape (T, 2))
        Title and path, from its start on; what leaves the picture is cut off.
    lowest : (float, float)
        Where the loss is smallest.
    extent : (float, float, float, float)
        Left, right, bottom and top edge.
    """
    left, right, bottom, top = extent
    w0, w1 = np.meshgrid(np.linspace(left, right, 101), np.linspace(bottom, top, 101))
    values = loss(w0, w1)
    levels = values.max() * np.linspace(0.05, 1, 12) ** 2
    rows = -(-len(panels) // 2)
    size = style.COLUMN, 0.2 + rows * (0.5 * style.COLUMN * (top - bottom) / (right - left) + 0.1)
    _, all_axes = plt.subplots(rows, 2, figsize=size, sharex=True, sharey=True)
    for axes, (title, path) in zip(all_axes.flat, panels, strict=True):
        axes.contour(w0, w1, values, levels, colors=style.GREY_LIGHT, linewidths=0.9)
        axes.plot(*path.T, "o-", color=style.GRADIENT, lw=1.2, ms=3)
        axes.plot(*path[0], "o", color=style.INK, ms=6)
        axes.plot(*lowest, "+", color=style.INK, ms=10, mew=1.8)
        axes.set_title(title, size=9.5)
        axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    for axes in all_axes[-1]:
        axes.set_xlabel("$w_0$")
    for axes in all_axes[:, 0]:
        axes.set_ylabel("$w_1$")


def draw_step_errors(panels):
    """Draw errors of finite differences over the nudge h, on logarithmic axes.

    Parameters
    ----------
    panels : dict of str to dict of str to (ndarray, ndarray, ndarray), each of shape (K,)
        By the panel's title, by the name of the method: h, the errors measured, and their bound,
        which is drawn as a thin line.
    """
    size = 5.2, 0.2 + 2.7 * len(panels)
    _, all_axes = plt.subplots(len(panels), 1, figsize=size, sharex=True, sharey=True)
    for axes, (title, methods) in zip(all_axes, panels.items(), strict=True):
        for (name, (h, errors, bounds)), look in zip(methods.items(), LOOKS, strict=True):
            colour, dashes, marker = look
            axes.loglog(h, bounds, color=colour, lw=0.9, ls=dashes)
            axes.loglog(h, errors, ls="", color=colour, marker=marker, ms=3.5, label=name)
        axes.set_title(title, size=9.5)
        axes.set_xticks([10.0**k for k in range(-13, 0, 4)], minor=False)
        axes.set_xticks([], minor=True)
        axes.grid()
        axes.legend(loc="lower left")
        axes.set_ylabel("error of the slope")
    all_axes[-1].set_xlabel("nudge $h$")


def draw_kink(z, nudges, ways):
    """Draw central differences of ReLU near its kink.

    Parameters
    ----------
    z : ndarray, shape (K,)
        Where they are taken.
    nudges : list of float
        Two sizes of h.
    ways : list of ndarray of shape (K,)
        The difference quotients, for each size.
    """
    _, axes = plt.subplots(figsize=(style.COLUMN, 2.5))
    slope = np.where(z > 0, 1.0, 0.0)
    slope[np.abs(z) < 1e-12] = np.nan
    axes.plot(z, slope, color=style.INK, lw=1.2, label="slope")
    for h, values, (colour, dashes, _) in zip(nudges, ways, LOOKS, strict=True):
        axes.plot(z, values, color=colour, ls=dashes, label=f"difference, h = {h:g}")
    axes.plot(0, 0.5, "o", color=style.INK, ms=5)
    axes.set(xlabel="$z$", xlim=(z[0], z[-1]))
    axes.grid()
    axes.legend(loc="upper left")
