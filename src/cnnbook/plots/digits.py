"""Pictures of MNIST: its bytes, its digits, and the minibatches they are dealt into."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from cnnbook.plots import style

BYTES_A_LINE = 8
LINE, GAP = 0.92, 0.35  # heights of a line of bytes, and between two files


def draw_header(files):
    """Draw the first bytes of IDX files as boxes, eight a line, each group under its name.

    Parameters
    ----------
    files : list of (str, bytes, list of (int, str))
        For each file its title, the bytes to draw, and the groups they form: how many bytes, and
        what they say. A group does not run over the end of a line.
    """
    lines = sum(-(-len(data) // BYTES_A_LINE) for _, data, _ in files)
    bottom = -LINE * lines - GAP * (len(files) - 1) + 0.12
    _, ax = plt.subplots(figsize=(style.COLUMN, 0.5 - bottom))
    y = 0.0
    for title, data, groups in files:
        ax.text(0, y + 0.12, title, fontsize=10.5, fontweight="bold", va="bottom")
        start = 0
        for size, text in groups:
            line, column = divmod(start, BYTES_A_LINE)
            is_data = start >= 4 + 4 * data[3]
            group = data[start : start + size]
            _byte_group(ax, column, y - LINE * line, group, start, text, is_data)
            start += size
        y -= LINE * -(-len(data) // BYTES_A_LINE) + GAP
    ax.set(xlim=(-0.05, BYTES_A_LINE + 0.05), ylim=(bottom, 0.5))
    ax.axis("off")


def _byte_group(ax, x, top, data, offset, text, is_data):
    """Draw one group: a box a byte, its place in the file above, what the group says below."""
    colour = style.INPUT if is_data else style.INK
    for k, byte in enumerate(data):
        face = style.PAPER if is_data or byte else style.GREY_LIGHT
        ax.add_patch(Rectangle((x + k, top - 0.45), 1, 0.33, facecolor=face, edgecolor=style.GREY))
        ax.text(
            x + k + 0.5,
            top - 0.29,
            f"{byte:02x}",
            family="DejaVu Sans Mono",
            fontsize=12,
            ha="center",
            va="center",
            color=colour,
        )
        ax.text(x + k + 0.5, top - 0.1, offset + k, fontsize=7, ha="center", color=style.GREY_DARK)
    left, right = x + 0.06, x + len(data) - 0.06
    ax.plot(
        [left, left, right, right],
        [top - 0.49, top - 0.54, top - 0.54, top - 0.49],
        color=colour,
        lw=1.2,
    )
    ax.text(x + len(data) / 2, top - 0.58, text, fontsize=8.5, ha="center", va="top")


def draw_pictures(images, titles=None, *, columns=10):
    """Draw small pictures in rows, dark ink on white paper, each field in a thin frame.

    Parameters
    ----------
    images : array_like, shape (N, 28, 28)
        Ink: bytes, or numbers in [0, 1].
    titles : sequence of str, optional
        A word above each picture.
    columns : int
        How many pictures a row.
    """
    images = np.asarray(images)
    rows = -(-len(images) // columns)
    side = style.COLUMN / columns
    height = rows * (side + (0.2 if titles is not None else 0))
    _, axes = plt.subplots(rows, columns, figsize=(style.COLUMN, height), squeeze=False)
    top = 255 if images.dtype == np.uint8 else 1
    for ax in axes.flat[len(images) :]:
        ax.axis("off")
    for k, (ax, image) in enumerate(zip(axes.flat, images, strict=False)):
        ax.imshow(image, vmin=0, vmax=top)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=style.GREY_LIGHT, linewidth=0.6)
        if titles is not None:
            ax.set_title(titles[k], fontsize=8.5, fontweight="normal", loc="center", pad=2)


def draw_class_counts(counts):
    """Draw how many examples each class has, beside an equal share.

    Parameters
    ----------
    counts : array_like of int, shape (K,)
        Examples of each class.
    """
    counts = np.asarray(counts)
    share = counts.sum() / len(counts)
    _, ax = plt.subplots(figsize=(style.COLUMN, 2.6))
    bars = ax.bar(range(len(counts)), counts, width=0.72, color=style.INPUT)
    ax.bar_label(
        bars,
        [f"{n:,}" for n in counts],
        label_type="center",
        fontsize=8,
        color=style.PAPER,
    )
    ax.axhline(share, color=style.INK, lw=1.2, ls=(0, (4, 3)))
    ax.annotate(
        f"equal share\n{share:,.0f}",
        (1, share),
        (6, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        fontsize=8,
        va="center",
    )
    ax.set(xticks=range(len(counts)), xlabel="digit", ylabel="images", ylim=(0, counts.max() * 1.1))
    ax.yaxis.set_major_formatter("{x:,.0f}")


def draw_dealt(streams):
    """Draw passes over a few examples: the minibatches of each, and what no minibatch holds.

    Parameters
    ----------
    streams : list of (str, list of list of ndarray)
        For each stream its title and its passes, a pass being the index arrays of its minibatches.
        The examples are 0 to the largest index of the stream.
    """
    rows = sum(len(passes) for _, passes in streams)
    _, axes = plt.subplots(
        len(streams),
        1,
        figsize=(style.COLUMN, 0.42 * rows + 0.45 * len(streams)),
        height_ratios=[len(passes) for _, passes in streams],
    )
    for ax, (title, passes) in zip(np.atleast_1d(axes), streams, strict=True):
        ax.set_title(title, fontsize=9.5)
        everyone = np.unique(np.concatenate([np.concatenate(one) for one in passes]))
        for y, batches in enumerate(passes):
            ax.text(-0.25, y, f"pass {y + 1}", ha="right", va="center", fontsize=8.5)
            x = 0.0
            for batch in batches:
                for example in batch:
                    x = _example_box(ax, x, y, example, lost=False)
                x += 0.35
            for example in np.setdiff1d(everyone, np.concatenate(batches)):
                x = _example_box(ax, x, y, example, lost=True)
                ax.text(x + 0.1, y, "left out", va="center", fontsize=8.5, color=style.ERROR)
        ax.set(xlim=(-1.6, len(everyone) + 3.3), ylim=(len(passes) - 0.5, -0.5))
        ax.axis("off")


def _example_box(ax, x, y, example, *, lost):
    """Draw one example's box at x and return where the next begins."""
    ax.add_patch(
        Rectangle(
            (x, y - 0.36),
            0.94,
            0.72,
            lw=1.0,
            hatch="////" if lost else None,
            facecolor=style.PAPER,
            edgecolor=style.ERROR if lost else style.INPUT,
        )
    )
    ax.text(
        x + 0.47,
        y,
        example,
        ha="center",
        va="center",
        fontsize=9,
        bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 1} if lost else None,
    )
    return x + 1


def draw_visits(panels):
    """Draw how many examples were served how often, a panel a stream, numbers on the bars.

    Parameters
    ----------
    panels : list of (str, ndarray of int)
        For each stream its title and how often each example was served.
    """
    _, axes = plt.subplots(1, len(panels), figsize=(style.COLUMN, 2.5))
    for ax, (title, seen) in zip(np.atleast_1d(axes), panels, strict=True):
        times, examples = np.unique(seen, return_counts=True)
        bars = ax.bar(times, examples, width=0.72, color=style.INPUT)
        ax.bar_label(bars, [f"{n:,}" for n in examples], fontsize=7.5, padding=2)
        ax.set_title(title, fontsize=9.5)
        ax.set(
            xlabel="times served",
            xticks=np.arange(times.min(), times.max() + 1),
            xlim=(times.min() - 1, times.max() + 1),
            ylim=(0, examples.max() * 1.12),
            yticks=[],
        )
        ax.spines["left"].set_visible(False)
    np.atleast_1d(axes)[0].set_ylabel("examples")
