"""Draw the picture of the README and the preface: one real digit through one real filter.

Usage: `python tools/picture.py`. It rewrites `book/_static/digit-through-a-layer.png`.
"""

import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import ConnectionPatch, Rectangle
from PIL import Image

from cnnbook import mnist, plots
from cnnbook.layers import conv2d_forward, max_pool2d_forward, relu_forward
from cnnbook.plots import style

PICTURE = Path(__file__).resolve().parent.parent / "book/_static/digit-through-a-layer.png"
KERNEL = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]], dtype=np.float32)
"""Large where a picture is darker above than below: the lower edges of strokes."""

WINDOW = (8, 10)
"""Row and column, in the input, of the window that the picture follows."""


def stages():
    """Return the input, Z, A and the pooled A of the first test image, each as (rows, columns)."""
    x = mnist.load().test.images[:1]
    z, _ = conv2d_forward(x, KERNEL[:, :, None, None], np.zeros(1, np.float32))
    a, _ = relu_forward(z)
    pooled, _ = max_pool2d_forward(a, size=2, stride=2)
    return [array[0, :, :, 0] for array in (x, z, a, pooled)]


def _frame(axes, row, column, size, colour):
    corner = (column - 0.5, row - 0.5)
    axes.add_patch(Rectangle(corner, size, size, fill=False, edgecolor=colour, linewidth=2))
    return corner[0] + size, corner[1] + size / 2


def draw():
    """Return the figure: input, kernel, feature map, ReLU and pooling, side by side.

    Returns
    -------
    matplotlib.figure.Figure
    """
    plots.use_style()
    x, z, a, pooled = stages()
    limit = np.abs(z).max()
    shown = [
        (x, "cnnbook_pixels", (0, 1), "input", style.INPUT),
        (KERNEL, "cnnbook_signed", (-2, 2), "kernel", style.KERNEL),
        (z, "cnnbook_signed", (-limit, limit), "feature map", style.OUTPUT),
        (a, "cnnbook_signed", (-limit, limit), "ReLU", style.OUTPUT),
        (pooled, "cnnbook_signed", (-limit, limit), "max-pool", style.OUTPUT),
    ]
    figure, panels = plt.subplots(
        1, 5, figsize=(9, 2.5), width_ratios=[28, 12, 26, 26, 20], layout="constrained"
    )
    for axes, (values, colormap, (low, high), name, colour) in zip(panels, shown, strict=True):
        axes.imshow(values, cmap=colormap, vmin=low, vmax=high)
        axes.set(xticks=[], yticks=[])
        axes.set_title(name, color=colour, loc="center")
        axes.set_xlabel(f"{values.shape[0]} × {values.shape[1]}")
        for spine in axes.spines.values():
            spine.set(visible=True, color=colour, linewidth=1.2)
    for (i, j), weight in np.ndenumerate(KERNEL):
        ink = style.PAPER if abs(weight) == 2 else style.INK
        panels[1].text(
            j, i, f"{weight:g}".replace("-", "−"), ha="center", va="center", color=ink, fontsize=9
        )
    row, column = WINDOW
    start = _frame(panels[0], row, column, 3, style.KERNEL)
    _frame(panels[2], row, column, 1, style.KERNEL)
    for source, target, begin, end in (
        (panels[0], panels[1], start, (-0.5, 1)),
        (panels[1], panels[2], (2.5, 1), (column - 0.5, row)),
    ):
        line = ConnectionPatch(begin, end, "data", "data", axesA=source, axesB=target)
        line.set(color=style.KERNEL, linewidth=1.2)
        figure.add_artist(line)
    return figure


def png():
    """Return the picture as the bytes of a PNG with a palette, which is a third of the size."""
    figure, full = draw(), io.BytesIO()
    figure.savefig(full, format="png", dpi=200)
    plt.close(figure)
    small = io.BytesIO()
    Image.open(full).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
        small, format="png", optimize=True
    )
    return small.getvalue()


if __name__ == "__main__":
    PICTURE.write_bytes(png())
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")
