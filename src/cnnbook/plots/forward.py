"""A whole network on its way forward: every neuron of a small one, every feature map of a large."""

import matplotlib.pyplot as plt
import numpy as np

from cnnbook.plots import style

RADIUS = 0.27  # inches: of a neuron
ACROSS, DOWN = 1.5, 0.92  # inches: from one layer of neurons to the next, and between two neurons
MARKERS = "osD"


def draw_neurons(layers, weights):
    """Draw a small network neuron by neuron: values in circles, weights on the lines.

    A line is heavier for a larger weight, dashed for a negative one, and left out for 0.

    Parameters
    ----------
    layers : list of (str, list of str, list of str, str)
        For each column its title, what stands in each circle, what stands below each (often
        nothing), and the colour of the circles.
    weights : list of (ndarray of shape (M, F) or None)
        Between a column and the next; None joins each circle with its neighbour alone.
    """
    tallest = max(len(texts) for _, texts, _, _ in layers)
    width, height = ACROSS * (len(layers) - 1) + 2.2 * RADIUS, DOWN * tallest + 0.3
    figure = plt.figure(figsize=(width, height))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-1.1 * RADIUS, width - 1.1 * RADIUS), ylim=(height - 0.75, -0.75))
    axes.axis("off")
    places = [
        [(k * ACROSS, (i + (tallest - len(texts)) / 2) * DOWN) for i in range(len(texts))]
        for k, (_, texts, _, _) in enumerate(layers)
    ]
    for left, right, w in zip(places, places[1:], weights, strict=False):
        if w is None:
            for start, end in zip(left, right, strict=True):
                axes.plot(*zip(start, end, strict=True), color=style.GREY, lw=1.2, zorder=1)
            continue
        for (m, f), weight in np.ndenumerate(w):
            if weight:
                _draw_weight(axes, left[m], right[f], weight)
    for column, (title, texts, notes, colour) in zip(places, layers, strict=True):
        axes.text(column[0][0], -0.58, title, ha="center", va="center", weight="bold", size=9)
        for k, ((x, y), text) in enumerate(zip(column, texts, strict=True)):
            axes.add_patch(plt.Circle((x, y), RADIUS, fc=style.PAPER, ec=colour, lw=2, zorder=2))
            axes.text(x, y, text, ha="center", va="center", size=9.5, zorder=3)
            if notes:
                axes.text(x, y + RADIUS + 0.11, notes[k], ha="center", va="center", size=8)


def _draw_weight(axes, start, end, weight):
    """Draw the line of one weight, its number where lines of a small network do not cross."""
    (x0, y0), (x1, y1) = start, end
    axes.plot(
        (x0, x1),
        (y0, y1),
        color=style.KERNEL,
        lw=0.7 + 0.6 * abs(weight),
        ls="-" if weight > 0 else "--",
        zorder=1,
    )
    axes.text(
        x0 + 0.62 * (x1 - x0),
        y0 + 0.62 * (y1 - y0),
        f"{weight:g}".replace("-", "−"),
        ha="center",
        va="center",
        size=8.5,
        bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8},
        zorder=1.5,
    )


def draw_surprise(points, *, largest=5.0):
    """Draw the loss of one example over the probability that its class was given.

    Parameters
    ----------
    points : list of (str, float, (int, int))
        Probabilities to mark on the curve: name, probability, and where the name begins, in
        points from the mark.
    largest : float
        The loss in nats at which the picture ends.
    """
    _, axes = plt.subplots(figsize=(style.COLUMN, 2.9))
    p = np.exp(-np.linspace(0, largest, 400))
    axes.plot(p, -np.log(p), color=style.OUTPUT)
    for name, probability, offset in points:
        loss = -np.log(probability)
        axes.plot(probability, loss, "o", color=style.INK)
        axes.annotate(
            f"{name}: {loss:.2f}",
            (probability, loss),
            offset,
            textcoords="offset points",
            size=8.5,
            va="center",
        )
    axes.set(
        xlim=(0, 1.02),
        ylim=(0, largest),
        xlabel="probability given to the class that is right",
        ylabel="loss in nats",
    )
    axes.grid()


def draw_every_map(stages):
    """Draw all feature maps of some stages, each on one scale: white is 0, the darkest largest.

    Each map has its number. A map that is 0 everywhere is crossed out.

    Parameters
    ----------
    stages : list of (str, ndarray of shape (H, W, F), int)
        Title, what the stage gives for one example after ReLU, and how many maps a row.
    """
    title_height, label = 0.38, 0.13  # inches: above a stage, and above a map for its number
    heights = [
        title_height + -(-maps.shape[2] // columns) * (style.COLUMN / columns + label)
        for _, maps, columns in stages
    ]
    figure = plt.figure(figsize=(style.COLUMN, sum(heights)))
    figure.set_layout_engine("none")
    top = 0.0
    for (title, maps, columns), height in zip(stages, heights, strict=True):
        figure.text(0, 1 - (top + 0.22) / sum(heights), title, weight="bold", size=9.5, va="center")
        side = style.COLUMN / columns
        for f in range(maps.shape[2]):
            row, column = divmod(f, columns)
            y = top + title_height + row * (side + label) + label
            inches = np.array(
                [column * side + 0.02, sum(heights) - y - side, side - 0.04, side - 0.04]
            )
            axes = figure.add_axes(inches / ([style.COLUMN, sum(heights)] * 2))
            _draw_numbered(axes, maps[:, :, f], f, maps.max())
        top += height


def _draw_numbered(axes, values, number, largest):
    """Draw one feature map under its number; cross it out if it is silent."""
    axes.imshow(values, vmin=0, vmax=largest)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=style.GREY_LIGHT, linewidth=0.6)
    axes.set_title(number, size=6.5, weight="normal", pad=1.5, color=style.GREY_DARK)
    if not values.any():
        for y in ((0, 1), (1, 0)):
            axes.plot((0, 1), y, transform=axes.transAxes, color=style.GREY, lw=0.8)


def draw_answers(rows):
    """Draw pictures, the logits a network gives them, and the probabilities they become.

    The bars of the class that is right are hatched.

    Parameters
    ----------
    rows : list of (ndarray of shape (28, 28), ndarray of shape (K,), ndarray of shape (K,), int)
        Picture, logits, probabilities and label.
    """
    _, axes = plt.subplots(
        len(rows), 3, figsize=(style.COLUMN, 1.75 * len(rows)), width_ratios=(1, 2, 2)
    )
    lowest = min(logits.min() for _, logits, _, _ in rows)
    highest = max(logits.max() for _, logits, _, _ in rows)
    for line, (image, logits, p, label) in zip(axes, rows, strict=True):
        line[0].imshow(image, vmin=0, vmax=1)
        line[0].set(xticks=[], yticks=[], xlabel=f"label {label}")
        line[0].spines[:].set(visible=True, color=style.GREY_LIGHT)
        hatches = ["////" if k == label else "" for k in range(len(p))]
        colours = [style.INPUT if z > 0 else style.ERROR for z in logits]
        look = {"edgecolor": style.PAPER, "width": 0.8, "hatch": hatches}
        line[1].bar(range(len(p)), logits, color=colours, **look)
        line[1].axhline(0, color=style.GREY, lw=0.8)
        line[1].set(ylim=(lowest - 1, highest + 1), xticks=range(len(p)))
        bars = line[2].bar(range(len(p)), p, color=style.OUTPUT, **look)
        texts = [f"{v:.2f}" if v >= 0.01 else "" for v in p]
        line[2].bar_label(bars, texts, size=8, padding=1)
        line[2].set(ylim=(0, 1.18), xticks=range(len(p)), yticks=(0, 0.5, 1))
    axes[0, 1].set_title("logits", size=9.5)
    axes[0, 2].set_title("probabilities", size=9.5)
    for column in (1, 2):
        axes[-1, column].set_xlabel("class")


def draw_flow(stages):
    """Draw what comes out of each stage to the left, and the parameters in it to the right.

    Parameters
    ----------
    stages : list of (str, str, int, int)
        For each stage its name, the shape of its output in words, how many numbers that is, and
        how many parameters the stage has.
    """
    _, (left, right) = plt.subplots(
        1, 2, figsize=(style.COLUMN, 0.27 * len(stages) + 0.5), sharey=True
    )
    y = range(len(stages))
    panels = [
        (left, "numbers that come out", [out for _, _, out, _ in stages], style.OUTPUT),
        (right, "parameters", [count for *_, count in stages], style.KERNEL),
    ]
    for axes, title, counts, colour in panels:
        axes.barh(y, counts, color=colour, height=0.7)
        axes.set_title(title, size=9.5, loc="center")
        axes.set(xticks=[], xlim=(0, 1.55 * max(counts)), ylim=(len(stages) - 0.5, -0.5))
        axes.spines["bottom"].set_visible(False)
        for k, count in enumerate(counts):
            text = f" {count:,}" if count else " none"
            if axes is left:
                text = f" {stages[k][1]} = {count:,}" if "×" in stages[k][1] else text
            axes.text(count, k, text, va="center", size=8)
        axes.tick_params(axis="y", length=0)
    left.set_yticks(y, [name for name, *_ in stages])


def draw_growth(sizes):
    """Draw how large the numbers of every stage are, a line a network.

    Parameters
    ----------
    sizes : dict of str to dict of str to float
        For each network, the root mean square of each stage.
    """
    _, axes = plt.subplots(figsize=(style.COLUMN, 3.1))
    colours = (style.ERROR, style.INPUT, style.OUTPUT)
    largest = max(list(values.values())[-1] for values in sizes.values())
    for (name, values), colour, marker in zip(sizes.items(), colours, MARKERS, strict=False):
        axes.plot(list(values), values.values(), color=colour, marker=marker, label=name)
        last = list(values.values())[-1]
        axes.annotate(
            f"{last:.2g}",
            (len(values) - 1, last),
            (7, 0),
            textcoords="offset points",
            va="bottom" if last == largest else "top",
        )
    axes.set(yscale="log", ylabel="root mean square", xlabel="stage")
    axes.minorticks_off()
    axes.grid(axis="y")
    axes.legend(loc="lower left")


def draw_loss_by_sigma(sigmas, losses, gaps, mark):
    """Draw the loss of random networks over the size of their weights, between its two bounds.

    Parameters
    ----------
    sigmas, losses, gaps : sequence of float
        Size of the weights, mean loss in nats, and mean distance between the largest logit and
        that of the right class.
    mark : float
        The size to mark.
    """
    _, axes = plt.subplots(figsize=(style.COLUMN, 3.1))
    gaps = np.asarray(gaps)
    top = gaps + np.log(10)
    axes.fill_between(sigmas, gaps, top, color=style.GREY_LIGHT, alpha=0.5, lw=0)
    axes.plot(sigmas, top, color=style.GREY, lw=1, ls="--", label="gap + ln 10")
    axes.plot(sigmas, losses, color=style.ERROR, label="loss")
    axes.plot(sigmas, gaps, color=style.GREY, lw=1, ls=":", label="gap")
    loss = float(np.interp(mark, sigmas, losses))
    axes.plot(mark, loss, "o", color=style.INK)
    axes.annotate(
        f"σ = {mark}: {loss:.1f}",
        (mark, loss),
        (9, -9),
        textcoords="offset points",
        va="center",
    )
    axes.set(xlabel="σ of all weights", ylabel="nats", xlim=(0, max(sigmas)), ylim=(0, None))
    axes.grid()
    axes.legend(loc="upper left")
