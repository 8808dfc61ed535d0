"""Pictures before and after a filter: digits, and what kernels make of them."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from cnnbook.plots import style
from cnnbook.plots.grids import draw_grid

RELIEF = style.PIXELS.reversed("cnnbook_relief")


def draw_filtered(images, kernels, outputs, labels=None):
    """Draw what kernels make of pictures: a column a kernel, a row a picture.

    Above each column stands its kernel. Blue is positive, orange negative, and the deepest colour
    is the largest size in that column.

    Parameters
    ----------
    images : ndarray, shape (N, H, W)
        The pictures, drawn in the first column; ink in [0, 1].
    kernels : dict of str to ndarray of shape (K, K)
        By name.
    outputs : dict of str to ndarray of shape (N, H', W')
        What each kernel made of the pictures, under the same names.
    labels : dict of str to ndarray of str, optional
        For a kernel by name, what to write in its cells instead of its values.
    """
    columns = 1 + len(kernels)
    side = style.COLUMN / columns
    _, axes = plt.subplots(
        1 + len(images), columns, figsize=(style.COLUMN, side * (1 + len(images)) + 0.25)
    )
    for ax in axes.flat:
        ax.axis("off")
    axes[0, 0].text(0.5, 0.5, "picture", ha="center", size=8.5, transform=axes[0, 0].transAxes)
    for row, image in enumerate(images, 1):
        axes[row, 0].imshow(image, vmin=0, vmax=1)
    for column, (name, kernel) in enumerate(kernels.items(), 1):
        axes[0, column].axis("on")
        written = (labels or {}).get(name)
        draw_grid(
            axes[0, column],
            kernel,
            colour=style.KERNEL,
            largest=np.abs(kernel).max(),
            labels=written,
            size=6.5 if written is not None else 8,
        )
        axes[0, column].set_title(name, loc="center", size=8.5)
        largest = np.abs(outputs[name]).max()
        for row, output in enumerate(outputs[name], 1):
            draw_map(axes[row, column], output, "signed", largest)


def draw_maps(panels, *, columns=None, height=None, one_scale=False):
    """Draw pictures and feature maps side by side, each under its title.

    Parameters
    ----------
    panels : list of (str, ndarray of shape (H, W), str)
        Title, values, and how they are drawn: see `draw_map`.
    columns : int, optional
        How many a row; by default all.
    height : float, optional
        Inches that the figure is high.
    one_scale : bool, optional
        Whether a pixel is as large in one panel as in the other; by default each fills its place.
    """
    columns = columns or len(panels)
    rows = -(-len(panels) // columns)
    side = style.COLUMN / columns
    size = (style.COLUMN, height or rows * (side + 0.25))
    _, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    tallest, widest = np.max([values.shape for _, values, _ in panels], axis=0)
    for ax in axes.flat:
        ax.axis("off")
    for ax, (title, values, kind) in zip(axes.flat, panels, strict=False):
        draw_map(ax, values, kind, np.abs(values).max())
        ax.set_title(title, loc="center", size=9)
        if one_scale:
            tall, wide = values.shape
            ax.axis("off")
            ax.add_patch(Rectangle((-0.5, -0.5), wide, tall, fill=False, ec=style.GREY_LIGHT))
            ax.set(xlim=((wide - widest) / 2 - 0.6, (wide + widest) / 2 - 0.4))
            ax.set(ylim=((tall + tallest) / 2 - 0.4, (tall - tallest) / 2 - 0.6))


def draw_map(axes, values, kind, largest):
    """Draw one picture or feature map in a thin frame.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : ndarray of shape (H, W)
    kind : {"ink", "signed", "relief"}
        Ink is dark and 0 is paper; or the sign is the hue; or 0 is a middle grey, positive values
        are lit and negative ones lie in the shade.
    largest : float
        The size that gets the deepest colour.
    """
    colours, least = {
        "ink": (style.PIXELS, 0),
        "signed": (style.SIGNED, -largest),
        "relief": (RELIEF, -largest),
    }[kind]
    axes.imshow(values, cmap=colours, vmin=least, vmax=largest)
    axes.axis("on")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=style.GREY_LIGHT, linewidth=0.8)
