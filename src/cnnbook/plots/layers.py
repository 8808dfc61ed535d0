"""From pixels to layers: a picture's numbers, who sees which pixel, and a whole network drawn."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from cnnbook.plots import style
from cnnbook.plots.filters import draw_map
from cnnbook.plots.grids import draw_grid, draw_window

LINE_STYLES = ["-", (0, (4, 1.5)), (0, (1, 1))]
SHEETS_A_CHANNEL = 1 / 4  # of a stack of feature maps, so that 32 and 64 can be told apart
SHEET = 0.035  # inches: from one sheet of a stack to the next
PIXEL = 1 / 32  # inches: of a feature map's pixel in a drawn network


def draw_numbers(image):
    """Draw a picture with the number of each pixel in it.

    Parameters
    ----------
    image : ndarray of int, shape (H, W)
        Ink as bytes. Zeros are small and grey, so that the digit stands out.
    """
    height, width = image.shape
    side, margin = 0.225, style.COLUMN - 0.225 * width  # inches: a pixel, and the numbers outside
    tall = side * height + margin
    figure = plt.figure(figsize=(style.COLUMN, tall), layout="none")
    axes = figure.add_axes(
        (margin / style.COLUMN, margin / tall, 1 - margin / style.COLUMN, 1 - margin / tall)
    )
    axes.imshow(image, vmin=0, vmax=255)
    for (row, column), value in np.ndenumerate(image):
        colour = style.GREY if value == 0 else style.PAPER if value > 120 else style.INK
        axes.text(
            column,
            row,
            value,
            ha="center",
            va="center",
            size=5 if value == 0 else 6.2,
            color=colour,
        )
    axes.set_xticks(range(0, width, 3))
    axes.set_yticks(range(0, height, 3))
    axes.tick_params(length=0)
    axes.spines[:].set(visible=True, color=style.INPUT, linewidth=1.5)


def draw_channels(picture, names=("red", "green", "blue")):
    """Draw a colour picture and its channels in grey, white for 1; small ones with their numbers.

    Parameters
    ----------
    picture : ndarray, shape (H, W, C)
        Values in [0, 1]; channels last.
    names : sequence of str
        Of the C channels.
    """
    height, width, channels = picture.shape
    side = style.COLUMN / (channels + 1)
    _, axes = plt.subplots(
        1, channels + 1, figsize=(style.COLUMN, side * height / width + 0.3), squeeze=False
    )
    axes[0, 0].imshow(picture)
    axes[0, 0].set(xticks=[], yticks=[])
    axes[0, 0].spines[:].set(visible=True, color=style.GREY_LIGHT)
    axes[0, 0].set_title("picture", loc="center", size=10)
    for c, (ax, name) in enumerate(zip(axes[0, 1:], names, strict=True)):
        if width <= 8:
            for (row, column), value in np.ndenumerate(picture[:, :, c]):
                colour = style.PAPER if value < 0.4 else style.INK
                ax.text(column, row, f"{value:g}", ha="center", va="center", size=10, color=colour)
        ax.imshow(picture[:, :, c], cmap="gray", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=style.GREY_LIGHT)
        ax.set_title(f"{c}: {name}", loc="center", size=10)


def draw_connections(panels):
    """Draw layers in one dimension: a line for each weight, from input to output.

    Parameters
    ----------
    panels : list of (str, ndarray of int of shape (M, F))
        Title, and for input m and output f the number of the weight that joins them: −1 for none.
        Where there are at most three different weights, each has a line style of its own.
    """
    M = panels[0][1].shape[0]
    _, all_axes = plt.subplots(len(panels), 1, figsize=(0.65 * style.COLUMN, 1.05 * len(panels)))
    for axes, (title, numbers) in zip(all_axes, panels, strict=True):
        F = numbers.shape[1]
        few = numbers.max() < len(LINE_STYLES)
        left = (M - F) / 2
        for (m, f), number in np.ndenumerate(numbers):
            if number >= 0:
                axes.plot(
                    [m, left + f],
                    [0, 1],
                    color=style.KERNEL,
                    lw=1.8 if few else 0.9,
                    ls=LINE_STYLES[number] if few else "-",
                    zorder=1,
                )
        for y, size, shift, colour in ((0, M, 0, style.INPUT), (1, F, left, style.OUTPUT)):
            axes.scatter(
                shift + np.arange(size), [y] * size, s=130, fc=style.PAPER, ec=colour, lw=1.8
            )
            for k in range(size):
                axes.text(shift + k, y, k, ha="center", va="center_baseline", size=8)
            axes.text(-0.6, y, "output" if y else "input", ha="right", va="center", size=8.5)
        axes.set_title(title, loc="center", size=9)
        axes.set(xlim=(-1.6, M + 0.6), ylim=(-0.25, 1.25))
        axes.axis("off")


def draw_film(image, values, places, size):
    """Draw a window on its way over a picture, and under each stop the number it gives.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        Ink as bytes.
    values : ndarray, shape (H', W')
        What the window gives at each place.
    places : list of (int, int)
        The stops: first row and column of the window.
    size : int
        Height and width of the window.
    """
    side = style.COLUMN / len(places)
    _, all_axes = plt.subplots(1, len(places), figsize=(style.COLUMN, side + 0.45))
    for axes, (row, column) in zip(all_axes, places, strict=True):
        draw_map(axes, image, "ink", 255)
        draw_window(axes, row, column, size, size)
        number = f"{values[row, column]:,.0f}".replace("-", "−")
        axes.set_title(f"row {row}", loc="center", size=8.5, weight="normal")
        axes.set_xlabel(number, size=10, weight="bold")


def draw_one_output(image, kernel, place):
    """Draw how one number of a feature map comes about: window, kernel, products, sum.

    Parameters
    ----------
    image : ndarray of int, shape (H, W)
        Ink as bytes.
    kernel : ndarray of int, shape (K, K)
    place : (int, int)
        Row and column of the number in the feature map.
    """
    (i, j), size = place, len(kernel)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    patch, values = windows[i, j], (windows * kernel).sum((2, 3))
    _, axes = plt.subplots(2, 3, figsize=(style.COLUMN, 4.6))
    draw_map(axes[0, 0], image, "ink", 255)
    draw_window(axes[0, 0], i, j, size, size)
    axes[0, 0].set_title(f"picture, {image.shape[0]} × {image.shape[1]}", loc="center", size=9)
    draw_map(axes[0, 1], values, "signed", np.abs(values).max())
    draw_window(axes[0, 1], i, j, 1, 1)
    title = f"feature map, {values.shape[0]} × {values.shape[1]}"
    axes[0, 1].set_title(title, loc="center", size=9)
    _draw_sums(axes[0, 2], patch * kernel)
    for ax, title, numbers, colour in (
        (axes[1, 0], "window", patch, style.INPUT),
        (axes[1, 1], "kernel", kernel, style.KERNEL),
        (axes[1, 2], "window ∘ kernel", patch * kernel, style.GREY_DARK),
    ):
        draw_grid(ax, numbers, colour=colour, largest=2.4 * np.abs(numbers).max(), size=8.5)
        ax.set_title(title, loc="center", size=9)


def _draw_sums(axes, products):
    """Write the sum of each row of products, and below a line the sum of all."""
    rows = products.sum(1)
    size = len(rows)
    for k, total in enumerate(rows):
        axes.text(0, -k, f"row {k}", size=9, va="center")
        axes.text(1, -k, f"{total:,}".replace("-", "−"), size=9, ha="right", va="center")
    axes.plot([-0.05, 1.05], [0.45 - size] * 2, color=style.INK, lw=1)
    axes.text(0, -size, "sum", size=10, weight="bold", va="center")
    text = f"{products.sum():,}".replace("-", "−")
    axes.text(1, -size, text, size=10, weight="bold", ha="right", va="center")
    axes.set_title("sum of the products", loc="center", size=9)
    axes.set(xlim=(-0.3, 1.3), ylim=(-size - 0.6, 0.9))
    axes.axis("off")


def draw_network(maps, vectors, steps):
    """Draw a network as what flows through it: stacks of feature maps, then vectors.

    Each stack shows its strongest map in front, every pixel as large as in the other stacks. The
    last vector is drawn as numbered boxes. Dark is large.

    Parameters
    ----------
    maps : list of ndarray, shape (H, W, C)
        One example at each stage that still is a picture.
    vectors : list of ndarray, shape (M,)
        The same at each stage that is not.
    steps : list of str
        What leads from each stage to the next: one fewer than stages.
    """
    top, strip, extent = 2.4, 0.66, style.COLUMN  # inches: the maps, a vector, the width
    height = top + strip * len(vectors) - 0.3
    figure = plt.figure(figsize=(extent, height), layout="none")
    page = figure.add_axes((0, 0, 1, 1))
    page.set(xlim=(0, extent), ylim=(-height, 0))
    page.axis("off")
    depths = [SHEET * (max(1, round(m.shape[2] * SHEETS_A_CHANNEL)) - 1) for m in maps]
    sizes = [PIXEL * m.shape[1] + depth for m, depth in zip(maps, depths, strict=True)]
    gap = (extent - 0.1 - sum(sizes)) / (len(maps) - 1)
    left = 0.05
    for k, (values, depth, size) in enumerate(zip(maps, depths, sizes, strict=True)):
        _draw_stack(page, left, -1.16, values, depth)
        middle = left + size / 2
        text = " × ".join(map(str, values.shape))
        page.text(middle, -1.9, text, ha="center", va="center", size=9.5, weight="bold")
        if k:
            _draw_step(page, left - gap / 2, -1.16, steps[k - 1])
        left += size + gap
    for k, values in enumerate(vectors):
        y = -top - strip * k
        _draw_strip(page, y, values, last=k == len(vectors) - 1)
        page.annotate(
            "",
            (0.2, y - 0.02),
            (0.2, y + 0.3),
            arrowprops={"arrowstyle": "-|>", "color": style.INK},
        )
        text = steps[len(maps) - 1 + k].replace("\n", ", ")
        page.text(0.32, y + 0.15, text, va="center", size=9.5)


def _draw_stack(page, left, middle, values, depth):
    """Draw sheets behind one another, and on the first the feature map with the largest sum."""
    tall, wide = PIXEL * values.shape[0], PIXEL * values.shape[1]
    bottom = middle - (tall + depth) / 2
    for back in np.linspace(depth, 0, round(depth / SHEET) + 1):
        page.add_patch(
            Rectangle(
                (left + back, bottom + back), wide, tall, fc=style.PAPER, ec=style.OUTPUT, lw=0.7
            )
        )
    strongest = values[:, :, values.sum((0, 1)).argmax()]
    page.imshow(
        strongest,
        extent=(left, left + wide, bottom, bottom + tall),
        vmin=0,
        vmax=strongest.max(),
        zorder=2,
        aspect="auto",
    )
    frame = style.INPUT if values.shape[2] == 1 else style.OUTPUT
    page.add_patch(Rectangle((left, bottom), wide, tall, fill=False, ec=frame, lw=1.3, zorder=3))


def _draw_step(page, x, y, text):
    """Draw the arrow between two stacks with its words below."""
    page.annotate(
        "", (x + 0.17, y), (x - 0.17, y), arrowprops={"arrowstyle": "-|>", "color": style.INK}
    )
    page.text(x, y + 0.62, text, ha="center", va="bottom", size=9.5, linespacing=1.2)


def _draw_strip(page, y, values, *, last):
    """Draw a vector as a strip, its length its size; the last one as numbered boxes."""
    if not last:
        length = 5.2 * values.size / 3136
        page.imshow(
            values[None],
            extent=(0.05, 0.05 + length, y - 0.22, y - 0.04),
            vmin=0,
            vmax=values.max(),
            aspect="auto",
        )
        page.add_patch(
            Rectangle((0.05, y - 0.22), length, 0.18, fill=False, ec=style.OUTPUT, lw=1.3)
        )
        page.text(0.15 + length, y - 0.13, f"{values.size:,}", va="center", size=9.5, weight="bold")
        return
    for k, value in enumerate(values):
        shade = style.PIXELS(value / values.max())
        box = Rectangle((0.05 + 0.28 * k, y - 0.3), 0.26, 0.26, fc=shade, ec=style.OUTPUT, lw=1.3)
        page.add_patch(box)
        colour = style.PAPER if value > values.max() / 2 else style.INK
        x = 0.18 + 0.28 * k
        page.text(x, y - 0.17, k, ha="center", va="center", size=9, color=colour)
    page.text(
        0.15 + 0.28 * values.size, y - 0.17, values.size, va="center", size=9.5, weight="bold"
    )
