"""Normalising and merging: what is taken out of an error, what is shared, what survives depth."""

import matplotlib.pyplot as plt
import numpy as np

from cnnbook.plots import style

WIDTH = 5.2  # inches: less than the column, so that type is still read on a telephone


def draw_taken_away(x, x_hat, delta):
    """Draw an error, the error less its mean, and what is left without its part along x_hat.

    Parameters
    ----------
    x, x_hat, delta : ndarray of shape (R,)
        The numbers of one channel, normalised, and the error of each.

    Returns
    -------
    matplotlib.figure.Figure
    """
    centred = delta - delta.mean()
    line = x_hat * np.mean(delta * x_hat)
    rows = (
        ("the error $\\delta$", delta, np.full_like(line, delta.mean()), "its mean"),
        ("less its mean", centred, line, "its part along $\\hat{x}$"),
        ("less that: what comes back, for $\\gamma = s$", centred - line, None, None),
    )
    figure, all_axes = plt.subplots(3, 1, figsize=(WIDTH, 5.4), sharex=True, sharey=True)
    for axes, (title, values, part, name) in zip(all_axes, rows, strict=True):
        axes.bar(x, values, width=0.5, color=style.ERROR)
        line_heights = np.full_like(values, -np.inf) if part is None else part
        for place, value, height in zip(x, values, line_heights, strict=True):
            top = max(value, 0)
            axes.annotate(
                f"{value:g}".replace("-", "−"),
                (place, height if top < height < top + 0.9 else top),  # clear of the line
                (0, 3),
                textcoords="offset points",
                ha="center",
                va="bottom",
                bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.6},
                zorder=4,
            )
        if part is not None:
            axes.plot(x, part, "--", color=style.INK, lw=1.3, label=name)
            axes.legend(loc="upper left")
        axes.axhline(0, color=style.GREY, lw=0.8)
        axes.set_title(title, size=9.5)
        axes.set(ylim=(-1.7, 4.6), yticks=[])
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.tick_params(length=0)
    all_axes[-1].set_xticks(x)
    all_axes[-1].set_xlabel("$x$")
    return figure


def draw_tolerance(rates, accuracy):
    """Draw accuracies over the learning rate, a panel for each start.

    Parameters
    ----------
    rates : sequence of float, shape (K,)
    accuracy : dict of (str, bool) to ndarray of shape (K, seeds)
        By the start's name and whether the network normalises: the share that is right.

    Returns
    -------
    matplotlib.figure.Figure
    """
    starts = list(dict.fromkeys(name for name, _ in accuracy))
    figure, all_axes = plt.subplots(
        len(starts), 1, figsize=(WIDTH, 1.7 * len(starts) + 0.4), sharex=True, sharey=True
    )
    looks = (
        (False, style.ERROR, "s", "--", "without"),
        (True, style.INPUT, "o", "-", "with"),
    )
    for axes, start in zip(all_axes, starts, strict=True):
        for normalise, colour, marker, dashes, name in looks:
            values = 100 * accuracy[start, normalise]
            axes.plot(rates, values.mean(axis=1), dashes, color=colour, marker=marker, label=name)
            for column in values.T:
                axes.plot(rates, column, marker, color=colour, ms=2.5, alpha=0.6)
        axes.set_title(f"first weights: {start}", size=10)
        axes.set(xscale="log", ylim=(0, 103), yticks=[0, 50, 100], ylabel="right, %")
        axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
        axes.minorticks_off()
        axes.grid()
    all_axes[-1].set_xlabel("learning rate")
    figure.legend(*all_axes[0].get_legend_handles_labels(), ncols=2, loc="outside upper center")
    return figure


def draw_shared_means(panels):
    """Draw which feature maps are normalised together, examples down and channels across.

    Parameters
    ----------
    panels : dict of str to ndarray of int, shape (N, C)
        For each kind of normalisation, the number of the set that a map belongs to.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, all_axes = plt.subplots(1, len(panels), figsize=(WIDTH, 2.1))
    colours = (style.INPUT, style.KERNEL, style.OUTPUT, style.GRADIENT)
    tints = [(colour, alpha) for alpha in (0.25, 0.6) for colour in colours]
    for axes, (title, sets) in zip(all_axes, panels.items(), strict=True):
        for (n, c), which in np.ndenumerate(sets):
            axes.add_patch(
                plt.Rectangle(
                    (c - 0.45, n - 0.45),
                    0.9,
                    0.9,
                    fc=tints[which],
                    ec="none",
                )
            )
            axes.text(c, n, "ABCDEFGH"[which], ha="center", va="center", size=10)
        N, C = sets.shape
        axes.set(xlim=(-0.6, C - 0.4), ylim=(N - 0.4, -0.6), aspect="equal", xticks=[], yticks=[])
        axes.set_title(title, size=10, loc="center")
        axes.set_xlabel("channels")
        axes.spines[:].set_visible(False)
    all_axes[0].set_ylabel("examples")
    return figure


def draw_survival(sizes):
    """Draw the size of an error on its way down through many layers.

    Parameters
    ----------
    sizes : dict of (float, bool) to ndarray of shape (depth + 1,)
        By gain and whether there is a residual connection: sizes from the top down, relative to
        the first.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 3.6))
    gains = list(dict.fromkeys(gain for gain, _ in sizes))
    colours = dict(zip(gains, (style.INPUT, style.KERNEL, style.OUTPUT), strict=True))
    for (gain, residual), values in sizes.items():
        axes.plot(
            values,
            "-" if residual else "--",
            color=colours[gain],
            marker="o" if residual else "s",
            markevery=5,
            mfc=colours[gain] if residual else style.PAPER,
        )
    ends = np.log10([values[-1] for values in sizes.values()])
    for (gain, _), height in zip(sizes, _apart(ends, gap=1.6), strict=True):
        axes.text(len(values), 10.0**height, f"g = {gain:g}", va="center")
    for residual, name in ((True, "with the addition"), (False, "without")):
        axes.plot(
            [],
            [],
            "-" if residual else "--",
            color=style.GREY_DARK,
            marker="o" if residual else "s",
            mfc=style.GREY_DARK if residual else style.PAPER,
            label=name,
        )
    axes.set(yscale="log", xlabel="layers passed, from the top down", ylabel="size of the error")
    axes.set_xlim(0, len(values) + 3)
    axes.set_yticks([10.0**k for k in range(-20, 6, 5)])
    axes.minorticks_off()
    axes.grid(axis="y")
    axes.legend(loc="lower left")
    return figure


def _apart(heights, *, gap):
    """Move heights away from each other until no two are nearer than the gap."""
    order = np.argsort(heights)
    moved = np.array(heights, float)[order]
    for _ in range(200):
        short = np.maximum(gap - np.diff(moved), 0) / 2
        moved[:-1] -= short
        moved[1:] += short
    back = np.empty_like(moved)
    back[order] = moved
    return back
