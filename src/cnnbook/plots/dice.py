"""Dice, the tables of their totals, and what else a discrete convolution looks like."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from cnnbook.plots import style
from cnnbook.plots.grids import draw_grid

PIPS = {
    1: [(0, 0)],
    2: [(-1, -1), (1, 1)],
    3: [(-1, -1), (0, 0), (1, 1)],
    4: [(-1, -1), (-1, 1), (1, -1), (1, 1)],
    5: [(-1, -1), (-1, 1), (0, 0), (1, -1), (1, 1)],
    6: [(-1, -1), (-1, 0), (-1, 1), (1, -1), (1, 0), (1, 1)],
}
FACES = range(1, 7)
TOTALS = range(2, 13)
BAND = "#E3F1FA"  # the highlight's colour, pale enough for ink on it


def draw_dice_table(total):
    """Draw the table of all totals of two dice, one diagonal marked, and how long each one is.

    Parameters
    ----------
    total : int
        The total whose diagonal and bar are marked.
    """
    _, (left, right) = plt.subplots(
        1, 2, figsize=(style.COLUMN, 3.25), width_ratios=[1.05, 1], layout="constrained"
    )
    for first in FACES:
        _die(left, (0, first), first, style.INPUT)
        _die(left, (first, 0), first, style.KERNEL)
        for second in FACES:
            marked = first + second == total
            left.add_patch(
                Rectangle(
                    (second - 0.5, first - 0.5),
                    1,
                    1,
                    fc=style.HIGHLIGHT if marked else style.PAPER,
                    ec=style.GREY_LIGHT,
                )
            )
            left.text(
                second,
                first,
                f"{first + second}",
                ha="center",
                va="center",
                weight="bold" if marked else "normal",
            )
    left.set(xlim=(-0.5, 6.55), ylim=(6.55, -0.5), aspect="equal")
    left.axis("off")
    ways = np.array([6 - abs(n - 7) for n in TOTALS])
    draw_bars(right, TOTALS, ways, marked=total, labels=[f"{way}" for way in ways])
    right.set(xlabel="total $n$", title="pairs of 36")


def draw_bars(axes, places, values, *, marked=None, labels=None, colour=style.OUTPUT):
    """Draw the numbers of a distribution as bars, one of them marked by hatching.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    places : sequence of int
        What each bar stands for.
    values : sequence of float
        Its height.
    marked : int, optional
        The place whose bar is hatched and framed.
    labels : list of str, optional
        What to write above the bars.
    colour : str, optional
        Of the bars.
    """
    bars = axes.bar(places, values, width=0.82, color=colour)
    for place, bar in zip(places, bars, strict=True):
        if place == marked:
            bar.set(facecolor=style.HIGHLIGHT, edgecolor=style.INK, hatch="////", linewidth=1.2)
    for place, value, label in zip(places, values, labels or [], strict=False):
        axes.annotate(label, (place, value), (0, 2), textcoords="offset points", ha="center")
    axes.set(xticks=list(places), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)


def draw_slide(totals):
    """Draw the first die's faces, the second's backwards below, slid so that pairs add up.

    Parameters
    ----------
    totals : sequence of int
        One strip for each: the total that all pairs of that strip make.
    """
    height = 2.75
    width = 0.84 * style.COLUMN
    _, axes = plt.subplots(figsize=(width, width * height * len(totals) / 15.6))
    for strip, n in enumerate(totals):
        top = strip * height
        pairs = [k for k in FACES if 1 <= n - k <= 6]
        axes.add_patch(
            FancyBboxPatch(
                (pairs[0] - 0.44, top - 0.44),
                len(pairs) - 0.12,
                1.93,
                boxstyle="round,pad=0.08,rounding_size=0.15",
                fc=BAND,
                ec=style.HIGHLIGHT,
                lw=1.6,
            )
        )
        for face in FACES:
            _die(axes, (face, top), face, style.INPUT, faint=face not in pairs)
            place = n - face
            _die(axes, (place, top + 1.05), face, style.KERNEL, faint=place not in pairs)
        axes.text(-4.5, top, f"total $n = {n}$", va="center", size=10.5, weight="bold")
        ways = "1 pair" if len(pairs) == 1 else f"{len(pairs)} pairs"
        axes.text(7.1, top, f"{ways} of 36", va="center", size=10.5)
    axes.set(
        xlim=(-4.6, 11.0),
        ylim=((len(totals) - 1) * height + 1.65, -0.65),
        aspect="equal",
    )
    axes.axis("off")


def _die(axes, centre, face, colour, *, faint=False):
    """Draw one face of a die, its frame in the colour of its role."""
    x, y = centre
    pale = 0.3 if faint else 1
    axes.add_patch(
        FancyBboxPatch(
            (x - 0.28, y - 0.28),
            0.56,
            0.56,
            boxstyle="round,pad=0.1,rounding_size=0.16",
            fc=style.PAPER,
            ec=colour,
            lw=1.8,
            alpha=pale,
        )
    )
    for dx, dy in PIPS[face]:
        pip = (x + 0.22 * dx, y + 0.22 * dy)
        axes.add_patch(Circle(pip, 0.085, color=style.INK, alpha=pale, lw=0))


def draw_mosaic(p, q, z, *, total):
    """Draw the table of two loaded dice with areas as chances, and the chances of all totals.

    Parameters
    ----------
    p, q : ndarray, shape (7,)
        Chance of each face of the first and the second die; entry 0 is 0.
    z : ndarray, shape (13,)
        Chance of each total.
    total : int
        The total whose cells and bar are marked.
    """
    _, (left, right) = plt.subplots(
        1, 2, figsize=(style.COLUMN, 3.3), width_ratios=[1.05, 1], layout="constrained"
    )
    down, across = np.cumsum(p), np.cumsum(q)
    for first in FACES:
        _edge(left, -0.035, (down[first - 1] + down[first]) / 2, f"{first}", style.INPUT)
        _edge(left, (across[first - 1] + across[first]) / 2, -0.035, f"{first}", style.KERNEL)
        for second in FACES:
            corner = (across[second - 1], down[first - 1])
            marked = first + second == total
            left.add_patch(
                Rectangle(
                    corner,
                    q[second],
                    p[first],
                    fc=style.HIGHLIGHT if marked else style.PAPER,
                    ec=style.GREY,
                    lw=0.8,
                )
            )
            left.text(
                corner[0] + q[second] / 2,
                corner[1] + p[first] / 2,
                f"{first + second}",
                ha="center",
                va="center",
                size=8.5,
                weight="bold" if marked else "normal",
            )
    left.set(xlim=(-0.08, 1.005), ylim=(1.005, -0.08), aspect="equal")
    left.axis("off")
    draw_bars(right, TOTALS, z[2:], marked=total, labels=[f"{100 * v:.0f}" for v in z[2:]])
    right.set(xlabel="total $n$", title="chance, in %")


def _edge(axes, x, y, text, colour):
    """Write the face of a row or column in a small frame of its die's colour."""
    axes.text(
        x,
        y,
        text,
        ha="center",
        va="center",
        size=8.5,
        bbox={"boxstyle": "round,pad=0.2", "fc": style.PAPER, "ec": colour, "lw": 1.4},
    )


def draw_stamps(p, q, z, *, marked):
    """Draw the table of products with row k moved by k, so that diagonals become columns.

    Parameters
    ----------
    p, q : ndarray, shape (7,)
        Chance of each face; entry 0 is 0.
    z : ndarray, shape (13,)
        Chance of each total: the sum of each column.
    marked : int
        The total whose column is framed.
    """
    rows = np.zeros((6, 11))
    for k in FACES:
        rows[k - 1, k - 1 : k + 5] = p[k] * q[1:]
    _, (above, below) = plt.subplots(
        2, 1, figsize=(style.COLUMN, 3.75), height_ratios=[6, 1], sharex=True
    )
    for axes, values, colour in ((above, rows, style.KERNEL), (below, z[None, 2:], style.OUTPUT)):
        labels = np.array([[f"{100 * v:.0f}" if v > 0 else "" for v in row] for row in values])
        # Twice the largest value gets the deepest colour, so that ink stays legible on all cells.
        draw_grid(axes, values, colour=colour, largest=2 * values.max(), labels=labels)
        axes.add_patch(
            Rectangle(
                (marked - 2.5, -0.5),
                1,
                len(values),
                fill=False,
                ec=style.INK,
                lw=2.2,
                zorder=3,
                clip_on=False,
            )
        )
    above.set_yticks(range(6), [f"$p_{k}\\,q$" for k in FACES])
    below.set_yticks([0], ["sum"])
    below.set_xticks(range(11), [f"{n}" for n in TOTALS])
    below.set_xlabel("total $n$")
    above.tick_params(labelbottom=False)


def draw_bells(dice, numbers, chances, bell):
    """Draw the totals of ever more dice, and the normal density of the same mean and variance.

    Parameters
    ----------
    dice : dict of str to ndarray
        By title, the chance of each face; one row of panels each.
    numbers : list of int
        How many dice are thrown; one column each.
    chances : callable
        Of a die and a number of dice: the chance of each total from 0 on.
    bell : callable
        Of an array of totals and the chances: the normal density.
    """
    _, all_axes = plt.subplots(len(dice), len(numbers), figsize=(style.COLUMN, 1.65 * len(dice)))
    for row, (title, die) in zip(all_axes, dice.items(), strict=True):
        for axes, number in zip(row, numbers, strict=True):
            z = chances(die, number)
            seen = np.flatnonzero(z > 1e-4 * z.max())
            axes.bar(seen, z[seen], width=0.82, color=style.OUTPUT)
            fine = np.linspace(seen[0] - 0.5, seen[-1] + 0.5, 300)
            axes.plot(fine, bell(fine, z), color=style.INK, lw=1.3)
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.locator_params(axis="x", nbins=3, integer=True)
            words = "1 die" if number == 1 else f"{number} dice"
            axes.set_title(words, size=9, loc="center", weight="normal")
        row[0].set_ylabel(title, size=9, weight="bold")


def draw_waits(totals, draws):
    """Draw two sliding boxes with their overlap, and the triangle that the overlap traces.

    Parameters
    ----------
    totals : sequence of float
        Two totals at which the second box, flipped, is shown.
    draws : ndarray, shape (N,)
        Simulated totals, for the histogram behind the triangle.
    """
    figure = plt.figure(figsize=(style.COLUMN, 3.1))
    left = figure.add_gridspec(2, 2, width_ratios=[1, 1.15])
    for row, s in enumerate(totals):
        axes = figure.add_subplot(left[row, 0])
        start, end = max(0, s - 1), min(1, s)
        axes.add_patch(Rectangle((start, 0), end - start, 1, fc=BAND, hatch="////", ec=style.GREY))
        axes.add_patch(Rectangle((0, 0), 1, 1, fill=False, ec=style.INPUT, lw=2.2))
        axes.add_patch(
            Rectangle((s - 1, 0), 1, 1.12, fill=False, ec=style.KERNEL, lw=2.2, ls=(0, (4, 1.5)))
        )
        axes.text((start + end) / 2, 0.5, f"{end - start:.1f}", ha="center", va="center", bbox=BOX)
        axes.set(xlim=(-0.55, 1.65), ylim=(0, 1.25), yticks=[], xticks=[0, s - 1, 1, s])
        axes.set_xticks([0, s - 1, 1, s], ["0", "$s-1$", "1", "$s$"])
        axes.spines["left"].set_visible(False)
        axes.set_title(f"$s = {s}$", size=9.5, loc="left")
    axes = figure.add_subplot(left[:, 1])
    axes.hist(draws, bins=40, range=(0, 2), density=True, color=style.GREY_LIGHT)
    axes.plot([0, 1, 2], [0, 1, 0], color=style.OUTPUT, lw=2.4)
    for s in totals:
        axes.plot([s, s], [0, 1 - abs(s - 1)], color=style.INK, lw=1, ls=(0, (4, 2)))
        axes.plot(s, 1 - abs(s - 1), "o", color=style.INK)
    axes.set(xlabel="total $s$", title="density of the total", xlim=(0, 2), ylim=(0, 1.1))


BOX = {"boxstyle": "round,pad=0.2", "fc": style.PAPER, "ec": "none"}
