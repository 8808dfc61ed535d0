"""Looking into a trained network: filters, patches, pixels, and how sure it is."""

import matplotlib.pyplot as plt
import numpy as np

from cnnbook.plots import style
from cnnbook.plots.filters import draw_map


def draw_rows(rows, *, kind):
    """Draw rows of small pictures, each row under a name, all on one scale.

    Parameters
    ----------
    rows : list of (str, ndarray of shape (K, H, W))
        The row's name and its pictures, equally many in each row.
    kind : {"ink", "signed"}
        How they are drawn: see `cnnbook.plots.filters.draw_map`.
    """
    count = len(rows[0][1])
    side = style.COLUMN / count
    _, axes = plt.subplots(
        len(rows), count, figsize=(style.COLUMN, len(rows) * (side + 0.24)), squeeze=False
    )
    largest = max(np.abs(pictures).max() for _, pictures in rows)
    for line, (name, pictures) in zip(axes, rows, strict=True):
        for ax, picture in zip(line, pictures, strict=True):
            draw_map(ax, picture, kind, largest)
        line[0].set_title(name, loc="left", size=9)


def draw_removed(removed, accuracies):
    """Draw the accuracy over the number of filters taken away, a point a draw.

    Parameters
    ----------
    removed : sequence of int, shape (K,)
        How many filters were taken away.
    accuracies : ndarray, shape (K, R)
        The accuracy after each of R draws of so many filters.
    """
    _, ax = plt.subplots(figsize=(style.COLUMN, 2.7))
    accuracies = 100 * np.asarray(accuracies)
    for count, values in zip(removed, accuracies, strict=True):
        ax.plot([count] * len(values), values, "o", ms=4, color=style.OUTPUT, alpha=0.6)
    ax.plot(removed, accuracies.mean(axis=1), color=style.OUTPUT)
    ax.set(xlabel="filters taken away, of 32", ylabel="right, in per cent", ylim=(0, 103))
    ax.set_xticks(removed)


def draw_accuracy_curves(sizes, curves):
    """Draw accuracies over the size of a change, a curve each, named in the legend.

    Parameters
    ----------
    sizes : sequence of float, shape (K,)
        The largest change of a pixel.
    curves : list of (str, sequence of float of shape (K,), str, str)
        Name, accuracies, colour and line style.
    """
    _, ax = plt.subplots(figsize=(style.COLUMN, 2.8))
    for name, values, colour, dashes in curves:
        ax.plot(sizes, 100 * np.asarray(values), dashes, marker="o", color=colour, label=name)
    ax.set(xlabel="largest change of a pixel, $d_{\\max}$", ylabel="right, in per cent")
    ax.set_ylim(0, 103)
    ax.legend(loc="lower left")


def draw_reliability(says, right, counts, names):
    """Draw how sure a network says it is beside how often it is right, a pair of bars a group.

    Parameters
    ----------
    says, right : sequence of float, shape (K,)
        Mean probability of the answer, and share of right answers.
    counts : sequence of int, shape (K,)
        Images in each group.
    names : sequence of str
        The groups.
    """
    _, ax = plt.subplots(figsize=(style.COLUMN, 2.9))
    place = np.arange(len(names))
    pairs = (
        (-0.2, says, style.PAPER, "////", "how sure it says it is"),
        (0.2, right, style.OUTPUT, None, "how often it is right"),
    )
    for shift, values, face, hatch, label in pairs:
        values = 100 * np.asarray(values)
        ax.bar(place + shift, values, 0.38, fc=face, ec=style.OUTPUT, hatch=hatch, label=label)
        for x, value in zip(place + shift, values, strict=True):
            ax.text(x, value + 1.5, f"{value:.0f}", ha="center", size=8)
    ax.set_xticks(place, [f"{n}\n{c:,}" for n, c in zip(names, counts, strict=True)])
    ax.set(ylim=(0, 128), yticks=range(0, 101, 25), ylabel="per cent")
    ax.set_xlabel("probability of the answer, and images of which it says so")
    ax.legend(loc="upper left", ncols=2)


def draw_projections(panels, labels):
    """Draw points in two dimensions, each as the digit it stands for.

    Parameters
    ----------
    panels : list of (str, ndarray of shape (N, 2))
        Title and points.
    labels : ndarray of int, shape (N,)
    """
    _, axes = plt.subplots(1, len(panels), figsize=(style.COLUMN, 3.5))
    colours = [
        *(style.INPUT, style.KERNEL, style.OUTPUT, style.ERROR, style.GRADIENT),
        *(style.HIGHLIGHT, style.INK, style.GREY),
        *(style.SIGNED(0.0), style.SIGNED(1.0)),
    ]
    for ax, (title, points) in zip(axes, panels, strict=True):
        for (x, y), label in zip(points, labels, strict=True):
            ax.text(x, y, label, size=6.5, ha="center", va="center", color=colours[label])
        low, high = points.min(axis=0), points.max(axis=0)
        room = 0.05 * (high - low)
        ax.set(
            xlim=(low[0] - room[0], high[0] + room[0]), ylim=(low[1] - room[1], high[1] + room[1])
        )
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=style.GREY_LIGHT)
        ax.set_title(title, size=9.5)
