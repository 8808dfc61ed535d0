"""How errors come back through a convolution layer: lines, stamps, turned kernels, the two ways."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, Rectangle

from cnnbook.plots import style
from cnnbook.plots.grids import draw_grid, draw_window

CELL = 0.29  # inches: a cell of a matrix in a picture of several


def draw_fan(values, delta, w, dx, *, output, pixel):
    """Draw a layer of one dimension twice: what an output is made of, and what reaches a pixel.

    Parameters
    ----------
    values : ndarray, shape (H,)
        The pixels.
    delta : ndarray, shape (H',)
        The errors of the outputs.
    w : ndarray, shape (K,)
        The kernel.
    dx : ndarray, shape (H,)
        What comes back.
    output, pixel : int
        The output whose window is drawn on the left, the pixel whose lines are drawn on the right.
    """
    _, (left, right) = plt.subplots(1, 2, figsize=(style.COLUMN, 2.75))
    places = np.arange(len(delta)) + (len(w) - 1) / 2
    z = np.correlate(values, w, "valid")
    lines = [(i, i + u, u) for i in range(len(delta)) for u in range(len(w))]
    window = [line for line in lines if line[0] == output]
    heard = [line for line in lines if line[1] == pixel]
    for axes, chosen in ((left, window), (right, heard)):
        for i, p, _ in lines:
            axes.plot([p, places[i]], [0, 2.2], color=style.GREY_LIGHT, lw=1, zorder=1)
        for i, p, u in chosen:
            axes.plot([p, places[i]], [0, 2.2], color=style.KERNEL, lw=2.4, zorder=2)
            share = 0.38 if axes is left else 0.62  # towards the end where the lines part
            _label(axes, p + share * (places[i] - p), share * 2.2, f"$w_{u}$")
        axes.set(xlim=(-0.6, len(values) - 0.4), ylim=(-0.85, 3.05), aspect="equal")
        axes.axis("off")
    for p, value in enumerate(values):
        shown = value if p in {met for _, met, _ in window} else None
        _circle(left, p, 0, shown, style.INPUT, f"$x_{p}$", -0.62)
        _circle(right, p, 0, dx[p] if p == pixel else None, style.GRADIENT, f"$x_{p}$", -0.62)
    for i, place in enumerate(places):
        shown = z[i] if i == output else None
        _circle(left, place, 2.2, shown, style.OUTPUT, f"$z_{i}$", 0.6)
        _circle(right, place, 2.2, delta[i], style.ERROR, rf"$\delta_{i}$", 0.6)
    left.set_title("forward: one output, its window", loc="center", size=9)
    right.set_title("backward: one pixel, its outputs", loc="center", size=9)


def _circle(axes, x, y, value, colour, name, above):
    """Draw a number in a circle with its name; without a number it is one that plays no part."""
    drawn = style.GREY_LIGHT if value is None else colour
    axes.add_patch(Circle((x, y), 0.33, fc=style.PAPER, ec=drawn, lw=2, zorder=3))
    if value is not None:
        text = f"{value:g}".replace("-", "−")
        axes.text(x, y, text, ha="center", va="center", size=9, zorder=4)
    axes.text(x, y + above, name, ha="center", va="center", size=9, color=style.GREY_DARK)


def _label(axes, x, y, text):
    """Write on a line."""
    box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8}
    axes.text(x, y, text, ha="center", va="center", size=8, bbox=box, zorder=5)


def draw_returned_stamps(delta, w, dx):
    """Draw the stamp that each error leaves on the picture, and below them their sum.

    Parameters
    ----------
    delta : ndarray, shape (H', W')
    w : ndarray, shape (KH, KW)
    dx : ndarray, shape (H' + KH - 1, W' + KW - 1)
    """
    places = list(np.ndindex(delta.shape))
    columns = len(places) + 1
    _, all_axes = plt.subplots(1, columns, figsize=(style.COLUMN, style.COLUMN / columns + 0.42))
    largest = 1.7 * np.abs(dx).max()
    for axes, (i, j) in zip(all_axes, places, strict=False):
        stamp = np.zeros(dx.shape)
        stamp[i : i + w.shape[0], j : j + w.shape[1]] = delta[i, j] * w
        inside = np.zeros(dx.shape, bool)
        inside[i : i + w.shape[0], j : j + w.shape[1]] = True
        labels = np.array([[_number(v) for v in row] for row in stamp], object)
        labels[~inside] = "·"
        draw_grid(axes, stamp, colour=style.GREY, largest=largest, labels=labels)
        draw_window(axes, i, j, *w.shape)
        axes.set_title(rf"$\delta_{{{i},{j}}}$ = {_number(delta[i, j])}", loc="center", size=9)
    draw_grid(all_axes[-1], dx, colour=style.GRADIENT, largest=largest)
    all_axes[-1].set_title("their sum", loc="center", size=9)
    for k, axes in enumerate(all_axes[:-1]):
        sign = "=" if k == len(places) - 1 else "+"
        axes.text(1.1, 0.5, sign, transform=axes.transAxes, ha="center", va="center", size=12)


def draw_turned(padded, turned, places, dx, *, ring):
    """Draw the padded error with the turned kernel on some of its windows, and the sums.

    Parameters
    ----------
    padded : ndarray
        δ with its ring of zeros.
    turned : ndarray, shape (KH, KW)
        The kernel, turned.
    places : list of (int, int)
        The windows to draw, by their upper left corners.
    dx : ndarray
        What all windows give.
    ring : int
        How wide the ring is; its cells are hatched.
    """
    _, all_axes = plt.subplots(1, len(places), figsize=(style.COLUMN, 2.75))
    largest = 1.6 * np.abs(padded).max()
    for axes, (p, q) in zip(all_axes, places, strict=True):
        blank = np.full(padded.shape, "", object)
        draw_grid(axes, padded, colour=style.ERROR, largest=largest, labels=blank)
        terms = []
        for row, column in np.ndindex(padded.shape):
            u, v = row - p, column - q
            met = 0 <= u < turned.shape[0] and 0 <= v < turned.shape[1]
            height, width = padded.shape
            if not (ring <= row < height - ring and ring <= column < width - ring):
                _hatch(axes, row, column)
            elif met:
                error = _number(padded[row, column])
                error = f"({error})" if terms and error[0] == "−" else error
                terms.append(f"{error}·{_number(turned[u, v])}")
            up = 0.17 if met else 0
            text = _number(padded[row, column])
            axes.text(column, row - up, text, ha="center", va="center", size=9.5)
            if met:
                weight = f"× {_number(turned[u, v])}"
                axes.text(
                    column, row + 0.24, weight, ha="center", va="center", size=8, weight="bold"
                )
        draw_window(axes, p, q, *turned.shape)
        axes.set_title(f"row {p}, column {q}: {_number(dx[p, q])}", loc="center", size=9)
        halves = [" + ".join(terms[:2]), " + ".join(terms[2:])]
        axes.set_xlabel(" +\n".join(half for half in halves if half), size=8.5, color=style.INK)
        axes.xaxis.set_label_coords(0.5, -0.04)


def _number(value):
    """Write a number with a proper minus."""
    return f"{value:g}".replace("-", "−")


def _hatch(axes, row, column):
    """Hatch one cell of a drawn matrix."""
    axes.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5), 1, 1, fill=False, ec=style.GREY_LIGHT, hatch="////", lw=0
        )
    )


def draw_spread(delta, padded, turned, dx, *, own, window):
    """Draw δ, δ spread out and padded, the turned kernel, and what comes back.

    Parameters
    ----------
    delta, padded, turned, dx : ndarray, two-dimensional
    own : ndarray of bool, of padded's shape
        Which cells of `padded` hold an entry of δ; all others are hatched.
    window : (int, int)
        The window to frame, by its upper left corner, which is also its place in dx.
    """
    figure, places = _line_of_grids(
        [
            ("δ", delta, style.ERROR),
            ("spread out, padded", padded, style.ERROR),
            ("kernel, turned", turned, style.KERNEL),
            ("∂E/∂X", dx, style.GRADIENT),
        ],
        signs=("→", "⋆", "="),
    )
    for row, column in np.argwhere(~own):
        _hatch(places[1], row, column)
    draw_window(places[1], *window, *turned.shape)
    draw_window(places[3], *window, 1, 1)
    return figure


def draw_two_ways(forward, backward):
    """Draw a layer in three steps, and below it the three steps back, from right to left.

    Parameters
    ----------
    forward, backward : list of (str, ndarray)
        Titles and matrices, both in the order from the picture to the output; matrices in one
        column have one shape.
    """
    steps = ("pad", "⋆ W", "keep"), ("crop", "∗ W", "spread")
    gap, title = 0.62, 0.3
    tall = [CELL * max(values.shape[0] for _, values in line) for line in (forward, backward)]
    width = sum(CELL * values.shape[1] for _, values in forward) + gap * (len(forward) - 1) + 0.04
    height = sum(tall) + 2 * title + 0.2
    figure = plt.figure(figsize=(width, height), layout="none")
    top = height
    for line, names, high, arrow, colours in (
        (forward, steps[0], tall[0], "→", [style.INPUT] * 2 + [style.OUTPUT] * 2),
        (backward, steps[1], tall[1], "←", [style.GRADIENT] * 2 + [style.ERROR] * 2),
    ):
        left, middle = 0.02, top - title - high / 2
        largest = 1.7 * max(np.abs(values).max() for _, values in line)
        for k, ((name, values), colour) in enumerate(zip(line, colours, strict=True)):
            axes = _place(figure, left, middle, values)
            draw_grid(axes, values, colour=colour, largest=largest, size=7.5)
            axes.set_title(name, loc="center", size=9, pad=4)
            left += CELL * values.shape[1]
            if k < len(names):
                x, y = (left + gap / 2) / width, middle / height
                figure.text(x, y - 0.08 / height, arrow, ha="center", va="center", size=14)
                figure.text(x, y + 0.1 / height, names[k], ha="center", va="center", size=8.5)
            left += gap
        top -= title + high + 0.16
    return figure


def _line_of_grids(panels, signs):
    """Draw matrices in a line, cells of one size, with a sign between each two."""
    gap = (style.COLUMN - CELL * sum(values.shape[1] for _, values, _ in panels)) / (
        len(panels) - 1
    ) - 0.02
    high = CELL * max(values.shape[0] for _, values, _ in panels)
    figure = plt.figure(figsize=(style.COLUMN, high + 0.35), layout="none")
    left, places = 0.02, []
    for k, (name, values, colour) in enumerate(panels):
        axes = _place(figure, left, high / 2 + 0.03, values)
        draw_grid(axes, values, colour=colour, largest=1.7 * np.abs(values).max(), size=7.5)
        axes.set_title(name, loc="center", size=9, pad=4)
        places.append(axes)
        left += CELL * values.shape[1]
        if k < len(signs):
            x, y = (left + gap / 2) / style.COLUMN, (high / 2 + 0.03) / (high + 0.35)
            figure.text(x, y, signs[k], ha="center", va="center", size=13)
        left += gap
    return figure, places


def _place(figure, left, middle, values):
    """Add axes for a matrix, its left edge and its middle given in inches."""
    width, height = figure.get_size_inches()
    tall, wide = (CELL * size for size in values.shape)
    return figure.add_axes(
        (left / width, (middle - tall / 2) / height, wide / width, tall / height)
    )
