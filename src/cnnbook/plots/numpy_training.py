"""Training in NumPy: sizes both ways, how optimisers walk, one pass, and where two engines part."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from cnnbook.plots import style

LOOKS = (
    (style.ERROR, "-", "s"),
    (style.INPUT, "--", "o"),
    (style.OUTPUT, "-.", "D"),
    (style.KERNEL, ":", "^"),
)
STARTS = {"article": "the article's start", "he": "He's start"}


def draw_both_ways(measured, predicted):
    """Draw the sizes of what goes forward and of what comes back, a panel a direction.

    Parameters
    ----------
    measured : dict of str to pair of dict of str to float
        By the name of the start, the size of each stage, forward and backward; the stages forward
        are in order.
    predicted : dict of str to pair of dict of str to float
        The same for the stages that a formula predicts.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, all_axes = plt.subplots(2, 1, figsize=(style.COLUMN, 4.7), sharex=True)
    for k, (axes, title) in enumerate(zip(all_axes, ("forward →", "← backward"), strict=True)):
        for (name, both), (colour, line, marker) in zip(measured.items(), LOOKS, strict=False):
            stages = list(both[0])
            sizes = [both[k][stage] for stage in stages]
            axes.plot(sizes, color=colour, ls=line, marker=marker, label=STARTS.get(name, name))
            expected = predicted[name][k]
            places = [stages.index(stage) for stage in expected]
            axes.plot(places, expected.values(), ls="none", marker="_", ms=17, mew=2, c=style.INK)
        axes.set_title(title)
        axes.set(yscale="log", ylabel="root mean square")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        axes.grid(axis="y")
    all_axes[1].set_xticks(range(len(stages)), stages)
    all_axes[0].plot([], [], ls="none", marker="_", ms=12, mew=2, c=style.INK, label="predicted")
    all_axes[0].legend(loc="upper left", frameon=True, framealpha=1, edgecolor="none")
    return figure


def draw_factors(rates, factors):
    """Draw by which factor a step shrinks the distance to the bottom of a parabola.

    Parameters
    ----------
    rates : ndarray
        The learning rate times the curvature.
    factors : dict of str to ndarray
        For each optimiser, the factor of a step, in absolute value.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(style.COLUMN, 2.8))
    for (name, values), (colour, line, _) in zip(factors.items(), LOOKS, strict=False):
        axes.plot(rates, values, color=colour, ls=line, label=name)
    axes.axhspan(1, 1.25, color=style.GREY_LIGHT, alpha=0.6, lw=0)
    axes.text(rates[-1], 1.12, "runs away ", ha="right", va="center", color=style.GREY_DARK)
    axes.set(
        xlabel="learning rate times curvature, $\\eta\\lambda$",
        ylabel="factor of a step",
        xlim=(0, rates[-1]),
        ylim=(0, 1.25),
    )
    axes.legend(loc="lower right")
    return figure


def draw_valley(loss, paths, scans):
    """Draw a loss of two parameters with the paths of optimisers, and what each rate costs them.

    Parameters
    ----------
    loss : callable
        Of two arrays of parameters.
    paths : dict of str to ndarray, shape (T, 2)
        By the optimiser's name, the points it passes through.
    scans : dict of str to (ndarray, ndarray)
        By the same names, learning rates and the steps needed with each, NaN where it fails.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(style.COLUMN, 5.2))
    everywhere = np.concatenate(list(paths.values()))
    reach = 1.15 * np.abs(everywhere).max(axis=0)
    first, second = (np.linspace(-r, r, 161) for r in reach)
    heights = loss(*np.meshgrid(first, second))
    levels = heights.max() * np.geomspace(1e-3, 1, 9)
    upper.contour(first, second, heights, levels=levels, colors=style.GREY_LIGHT, linewidths=1)
    for (name, path), (colour, line, marker) in zip(paths.items(), LOOKS, strict=False):
        marks = [*range(12), *range(15, len(path), 5)]  # later steps may be too short to tell apart
        look = {"color": colour, "ls": line, "lw": 1.2, "marker": marker, "ms": 3.5}
        upper.plot(*path.T, markevery=marks, label=name, **look)
    upper.plot(*next(iter(paths.values()))[0], "o", ms=9, mfc=style.PAPER, color=style.INK)
    upper.plot(0, 0, "+", ms=11, mew=2, color=style.INK)
    upper.set(xlabel="$\\theta$", ylabel="$\\theta'$")
    upper.legend(loc="lower left", frameon=True, framealpha=1, edgecolor="none")
    for (name, (rates, steps)), (colour, line, marker) in zip(scans.items(), LOOKS, strict=False):
        lower.plot(rates, steps, color=colour, ls=line, marker=marker, ms=3.5, label=name)
    lower.set(
        xscale="log", yscale="log", xlabel="learning rate $\\eta$", ylabel="steps to the bottom"
    )
    lower.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    lower.yaxis.set_minor_locator(NullLocator())
    for axis in (lower.xaxis, lower.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    lower.grid(axis="y")
    return figure


def draw_pass(losses, looks, *, together):
    """Draw a training run minibatch by minibatch, with looks at images it does not learn from.

    Parameters
    ----------
    losses : sequence of float
        Of each minibatch, before its step.
    looks : list of (int, float, float)
        Steps taken, and loss and accuracy on the validation images.
    together : int
        Minibatches to a point of the mean's curve.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, (upper, lower) = plt.subplots(
        2, 1, figsize=(style.COLUMN, 4.4), sharex=True, height_ratios=[3, 2]
    )
    losses = np.asarray(losses)
    steps = np.arange(1, len(losses) + 1)
    upper.plot(steps, losses, ".", ms=3, color=style.HIGHLIGHT, label="a minibatch, dropout on")
    whole = len(losses) // together * together
    means = losses[:whole].reshape(-1, together).mean(axis=1)
    centres = steps[:whole].reshape(-1, together).mean(axis=1)
    upper.plot(centres, means, color=style.INPUT, label=f"mean of {together}")
    at, held_out, accuracy = map(np.array, zip(*looks, strict=True))
    seen = {"color": style.ERROR, "marker": "o", "ls": "--", "lw": 1.2}
    upper.plot(at, held_out, label="validation, dropout off", **seen)
    upper.set(yscale="log", ylabel="loss in nats")
    lower.plot(at, 100 * (1 - accuracy), **seen)
    lower.set(
        yscale="log", ylabel="errors in per cent", xlabel="steps taken", xlim=(0, len(losses) + 5)
    )
    for axes in (upper, lower):
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        axes.grid(axis="y")
    upper.legend(frameon=True, framealpha=1, edgecolor="none")
    return figure


def draw_confusion(table):
    """Draw a confusion matrix: right answers as numbers, mistakes as numbers on shaded cells.

    Parameters
    ----------
    table : ndarray of int, shape (K, K)
        Row: the label; column: the answer.

    Returns
    -------
    matplotlib.figure.Figure
    """
    table = np.asarray(table)
    mistakes = table - np.diag(np.diag(table))
    figure, axes = plt.subplots(figsize=(style.COLUMN, 5.6))
    axes.imshow(mistakes / max(1, mistakes.max()), cmap=style.SIGNED.reversed(), vmin=-1, vmax=1)
    for (row, column), count in np.ndenumerate(table):
        right = row == column
        shade = mistakes[row, column] / max(1, mistakes.max())
        axes.text(
            column,
            row,
            f"{count:,}" if count else "·",
            ha="center",
            va="center",
            size=9 if right else 11,
            color=style.PAPER if shade > 0.5 else style.INK if count else style.GREY,
            fontweight="bold" if right else "normal",
        )
    classes = range(len(table))
    axes.set(xticks=classes, yticks=classes, xlabel="the network's answer", ylabel="label")
    axes.tick_params(length=0, labelsize=10)
    axes.spines[:].set(visible=True, color=style.GREY_LIGHT)
    return figure


def draw_doubts(images, labels, probabilities, *, columns=5):
    """Draw misread digits, each with the probabilities of the label and of the answer.

    Parameters
    ----------
    images : ndarray, shape (N, 28, 28)
        Ink, in [0, 1].
    labels : ndarray of int, shape (N,)
        The right answers.
    probabilities : ndarray, shape (N, K)
        What the network says.
    columns : int
        Pictures a row.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = -(-len(images) // columns)
    side = style.COLUMN / columns
    figure, all_axes = plt.subplots(
        rows, columns, figsize=(style.COLUMN, rows * (side + 0.42)), squeeze=False
    )
    for axes in all_axes.flat[len(images) :]:
        axes.axis("off")
    each = zip(all_axes.flat, images, labels, probabilities, strict=False)
    for axes, image, label, shares in each:
        answer = int(np.argmax(shares))
        axes.imshow(image, vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=style.GREY_LIGHT, linewidth=0.6)
        axes.set_title(f"{label} read as {answer}", loc="center", size=9)
        text = f"{label}: {100 * shares[label]:.0f} %,  {answer}: {100 * shares[answer]:.0f} %"
        axes.set_xlabel(text, size=8.5)
    return figure


def draw_twins(losses, distances):
    """Draw the losses of two engines on each other, and how far apart their weights are.

    Parameters
    ----------
    losses : dict of str to sequence of float
        By the engine's name, the loss of every step.
    distances : dict of str to sequence of float
        By the number format, the distance after every step as a share of the way travelled.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(style.COLUMN, 4.6), sharex=True)
    (first, line), (second, points) = losses.items()
    steps = np.arange(1, len(line) + 1)
    upper.plot(steps, line, color=style.INPUT, label=first)
    upper.plot(steps, points, "o", ms=6, mfc="none", color=style.ERROR, label=second)
    upper.set(ylabel="loss in nats", ylim=(0, None))
    upper.legend()
    for (name, values), (colour, dashes, marker) in zip(distances.items(), LOOKS, strict=False):
        lower.plot(steps, values, color=colour, ls=dashes, marker=marker, ms=3, label=name)
    lower.set(yscale="log", ylabel="distance / way travelled", xlabel="step $t$", ylim=(1e-17, 10))
    lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    lower.yaxis.set_major_locator(LogLocator(numticks=7))
    lower.yaxis.set_minor_locator(NullLocator())
    lower.grid(axis="y")
    lower.legend(loc="center right", bbox_to_anchor=(1, 0.4))
    return figure
