"""One-dimensional signals before and after a kernel, and what a convolution of them costs."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullLocator

from cnnbook.plots import style
from cnnbook.plots.grids import draw_window


def draw_averages(noisy, truth, averages):
    """Draw a noisy signal, and below it what moving averages make of it.

    Parameters
    ----------
    noisy : ndarray, shape (N,)
        The signal.
    truth : ndarray, shape (N,)
        What it was before the noise, drawn thin.
    averages : dict of str to ndarray of shape (N',)
        By title, valid parts of averages; each is centred under the signal.
    """
    panels = {"the signal": noisy, **averages}
    _, all_axes = plt.subplots(
        len(panels), 1, figsize=(style.COLUMN, 1.1 * len(panels)), sharex=True, sharey=True
    )
    for axes, (title, values) in zip(all_axes, panels.items(), strict=True):
        start = (len(noisy) - len(values)) / 2
        places = start + np.arange(len(values))
        colour = style.INPUT if values is noisy else style.OUTPUT
        axes.plot(places, values, color=colour, lw=1.4)
        axes.plot(truth, color=style.INK, lw=1, ls=(0, (4, 2)))
        axes.set_title(title, size=9, weight="normal")
        axes.set_yticks([])
    all_axes[-1].set_xlabel("place")


def draw_digit_row(image, row, results):
    """Draw a digit with one row framed, that row as bars, and what kernels make of it.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        Ink in [0, 1].
    row : int
        The row that is framed.
    results : dict of str to ndarray of shape (W,)
        By title: the row itself, then the filtered rows; all lie in [-1, 1].
    """
    figure = plt.figure(figsize=(style.COLUMN, 1.12 * len(results)))
    places = figure.add_gridspec(len(results), 2, width_ratios=[1, 1.55])
    digit = figure.add_subplot(places[:, 0])
    digit.imshow(image, vmin=0, vmax=1)
    draw_window(digit, row, 0, 1, image.shape[1], colour=style.INPUT)
    digit.set(xticks=[], yticks=[])
    for spine in digit.spines.values():
        spine.set(visible=True, color=style.GREY_LIGHT)
    for k, (title, values) in enumerate(results.items()):
        axes = figure.add_subplot(places[k, 1])
        colours = [
            style.INPUT if k == 0 else style.OUTPUT if v >= 0 else style.ERROR for v in values
        ]
        axes.bar(range(len(values)), values, width=0.86, color=colours)
        axes.axhline(0, color=style.GREY, lw=0.8)
        middle = (values.max() + values.min()) / 2  # every panel spans as much: one scale for all
        axes.set_ylim(middle - 0.52, middle + 0.52)
        axes.set(xlim=(-0.6, len(values) - 0.4), yticks=[], xticks=[])
        axes.set_title(title, size=9, weight="normal")
        axes.spines[["left", "bottom"]].set_visible(False)


def draw_costs(lengths, costs):
    """Draw how many multiplications ways to convolve take, on two logarithmic axes.

    Parameters
    ----------
    lengths : sequence of int
        Length of the signal.
    costs : dict of str to sequence of int
        By name, multiplications for each length; each line is labelled at its end.
    """
    _, axes = plt.subplots(figsize=(style.COLUMN, 3.2))
    looks = zip((style.INPUT, style.OUTPUT, style.KERNEL), ("o", "s", "^"), strict=True)
    for (name, values), (colour, marker) in zip(costs.items(), looks, strict=True):
        axes.loglog(lengths, values, color=colour, marker=marker, base=2)
        axes.annotate(
            name,
            (lengths[-1], values[-1]),
            (8, 0),
            textcoords="offset points",
            va="center",
            size=9,
        )
    axes.set_yscale("log", base=10)
    axes.set(xlabel="length of the signal", ylabel="multiplications", xticks=lengths[::2])
    axes.set_xticks(lengths[::2], [f"{length:,}" for length in lengths[::2]])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.set_xlim(lengths[0] / 1.3, lengths[-1] * 1.3)
    axes.grid(axis="y")
