"""Where the gradient of a weight comes from: paths, places, tied entries, and one whole step."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from cnnbook.plots import style
from cnnbook.plots.grids import draw_grid, draw_window

_TITLES = {"conv_w": "w", "conv_b": "b", "fc_w": "w fc", "fc_b": "b fc"}
_STAGES = [("conv_w", "conv_b"), ("z",), ("a",), ("pooled",), ("fc_w", "fc_b")]
_STAGES += [("logits",), ("p", "E")]
RADIUS = 0.33  # of a circle in the picture of paths, whose columns are 1.85 apart
NARROW = 4.8  # inches: so that numbers can be read on a phone, too


def draw_paths(w, x, z, loss, slopes):
    """Draw one weight as two copies, and the paths by which the loss depends on it.

    Values stand in the circles, the slope of a step on its line, and the derivative of the loss
    below each circle.

    Parameters
    ----------
    w, loss : float
        The weight and the loss.
    x, z, slopes : sequence of two floats
        What each copy is multiplied with, the two products, and the loss differentiated by them.
    """
    figure = plt.figure(figsize=(NARROW, 2.55))
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    copies = [d * k for d, k in zip(slopes, x, strict=True)]
    columns = [
        (style.KERNEL, [("w", w, sum(copies))]),
        (style.KERNEL, [(f"w^{{({k})}}", w, copies[k]) for k in range(2)]),
        (style.GREY_DARK, [(f"z_{k}", z[k], slopes[k]) for k in range(2)]),
        (style.OUTPUT, [("E", loss, None)]),
    ]
    places = [
        [(1.85 * column, row) for row in ([0.0] if len(circles) == 1 else [-0.9, 0.9])]
        for column, (_, circles) in enumerate(columns)
    ]
    steps = [(0, 0, 0, 1), (0, 0, 1, 1), (1, 0, 0, x[0]), (1, 1, 1, x[1])]
    steps += [(2, 0, 0, slopes[0]), (2, 1, 0, slopes[1])]
    for column, start, end, slope in steps:
        (x0, y0), (x1, y1) = places[column][start], places[column + 1][end]
        axes.plot((x0, x1), (y0, y1), color=style.GREY, lw=1.4, zorder=1)
        axes.text(
            (x0 + x1) / 2,
            (y0 + y1) / 2,
            f"{slope:g}",
            ha="center",
            va="center",
            size=10,
            bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5},
            zorder=2,
        )
    for (colour, circles), column in zip(columns, places, strict=True):
        for (name, value, derivative), (cx, cy) in zip(circles, column, strict=True):
            axes.add_patch(
                plt.Circle((cx, cy), RADIUS, fc=style.PAPER, ec=colour, lw=2.2, zorder=3)
            )
            look = {"ha": "center", "va": "center"}
            axes.text(cx, cy, f"{value:g}", size=11, zorder=4, **look)
            axes.text(cx, cy - RADIUS - 0.21, f"${name}$", size=10.5, **look)
            if derivative is not None:
                below = rf"$\partial E/\partial {name}$ = {derivative:g}"
                axes.text(cx, cy + RADIUS + 0.24, below, size=10, color=style.ERROR, **look)
    axes.set(xlim=(-0.9, 6.05), ylim=(1.75, -1.75), aspect="equal")
    axes.axis("off")


def draw_line_places(x, delta, dw):
    """Draw the error below a line of pixels, at each place it can take, and what it sums to.

    Parameters
    ----------
    x : ndarray, shape (H,)
    delta : ndarray, shape (OH,)
    dw : ndarray, shape (K,)
        The sum of products at each place.
    """
    figure, all_axes = plt.subplots(len(dw), 1, figsize=(5.6, 1.1 * len(dw)))
    figure.get_layout_engine().set(h_pad=0.02, hspace=0.02)
    for u, axes in enumerate(all_axes):
        for row, values, first, colour in (
            (0, x, 0, style.INPUT),
            (1.12, delta, u, style.ERROR),
        ):
            for k, value in enumerate(values):
                meets = row > 0 or u <= k < u + len(delta)
                axes.add_patch(
                    Rectangle(
                        (first + k - 0.5, row - 0.5),
                        1,
                        1,
                        fc=style.PAPER,
                        ec=colour if meets else style.GREY_LIGHT,
                        lw=1.8 if meets else 1.2,
                        zorder=2 if meets else 1,
                    )
                )
                axes.text(
                    first + k,
                    row,
                    _text(value),
                    ha="center",
                    va="center",
                    size=10.5,
                    color=style.INK if meets else style.GREY,
                )
        products = " + ".join(
            f"{_text(d)} · {_text(p)}" for d, p in zip(delta, x[u : u + len(delta)], strict=True)
        ).replace("+ −", "− ")
        axes.text(-0.75, 0, "x", ha="right", va="center", size=10.5)
        axes.text(-0.75, 1.12, "δ", ha="right", va="center", size=10.5)
        axes.text(len(x) - 0.1, 0, f"∂E/∂w{_below(u)} =", va="center", size=10.5, weight="bold")
        axes.text(len(x) - 0.1, 0.85, f"{products} = {_text(dw[u])}", va="center", size=10.5)
        axes.set(xlim=(-1.2, len(x) + 5.4), ylim=(1.75, -0.6), aspect="equal")
        axes.axis("off")


def draw_places(x, delta, dw):
    """Draw the error laid on the picture, at each place it can take: one for each weight.

    Parameters
    ----------
    x : ndarray, shape (H, W)
    delta : ndarray, shape (OH, OW)
    dw : ndarray, shape (KH, KW)
        The sum of products at each place.
    """
    figure, all_axes = plt.subplots(*dw.shape, figsize=(4.4, 4.7))
    figure.get_layout_engine().set(wspace=0.06, hspace=0.04)
    height, width = delta.shape
    for axes, (u, v) in zip(all_axes.flat, np.ndindex(dw.shape), strict=True):
        labels = np.full(x.shape, "", object)
        draw_grid(axes, x, colour=style.INPUT, largest=2.6 * np.abs(x).max(), labels=labels)
        for place in np.ndindex(x.shape):
            i, j = place[0] - u, place[1] - v
            meets = 0 <= i < height and 0 <= j < width
            look = {"ha": "center", "va": "center"}
            axes.text(
                place[1],
                place[0] - (0.16 if meets else 0),
                _text(x[place]),
                size=11,
                color=style.INK if meets else style.GREY_DARK,
                **look,
            )
            if meets:
                times = f"× {_text(delta[i, j])}"
                axes.text(place[1], place[0] + 0.24, times, size=9, color=style.INK, **look)
        draw_window(axes, u, v, height, width, colour=style.ERROR)
        axes.set_title(f"∂E/∂w{_below(u)}{_below(v)} = {_text(dw[u, v])}", loc="center", size=10)


def draw_tied(x, delta, shape):
    """Draw the gradient of a dense layer's matrix, with the entries named that a kernel ties.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture: a column of the matrix for each pixel.
    delta : ndarray, shape (OH, OW)
        The error: a row of the matrix for each entry.
    shape : (int, int)
        Height and width of the kernel.
    """
    outer = np.outer(delta, x)
    _, axes = plt.subplots(figsize=(NARROW, 2.75))
    labels = np.full(outer.shape, "", object)
    draw_grid(axes, outer, colour=style.GRADIENT, largest=2.6 * np.abs(outer).max(), labels=labels)
    for row, column in np.ndindex(outer.shape):
        (i, j), (p, q) = divmod(row, delta.shape[1]), divmod(column, x.shape[1])
        u, v = p - i, q - j
        tied = 0 <= u < shape[0] and 0 <= v < shape[1]
        look = {"ha": "center", "va": "center"}
        if not tied:
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fc=style.PAPER, zorder=1))
            axes.text(column, row, _text(outer[row, column]), size=9, color=style.GREY, **look)
            continue
        axes.text(column, row - 0.15, _text(outer[row, column]), size=10.5, weight="bold", **look)
        axes.text(column, row + 0.26, f"w{_below(u)}{_below(v)}", size=9, **look)
    axes.set_xticks(range(x.size), [_text(value) for value in x.ravel()])
    axes.set_yticks(range(delta.size), [_text(value) for value in delta.ravel()])
    axes.tick_params(labelsize=10, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.set_xlabel("pixel x", color=style.INPUT, weight="bold")
    axes.xaxis.set_label_position("top")
    axes.set_ylabel("error δ", color=style.ERROR, weight="bold")


def draw_cut(x, delta, spread, correlated, kept):
    """Draw the error spread out over a picture, and what is cut from their cross-correlation.

    Parameters
    ----------
    x : ndarray, shape (H, W)
    delta : ndarray, shape (OH, OW)
    spread : ndarray
        `delta` with zeros between its entries.
    correlated : ndarray
        The cross-correlation of `x` and `spread`.
    kept : (int, int)
        How many rows and columns of it are weights; the rest is struck out.
    """
    panels = [
        ("picture x", x, style.INPUT),
        ("δ", delta, style.ERROR),
        ("δ spread out", spread, style.ERROR),
        ("x ⋆ spread δ", correlated, style.GRADIENT),
    ]
    columns = [max(panels[k][1].shape[1], panels[k + 2][1].shape[1]) for k in (0, 1)]
    rows = [max(panels[k][1].shape[0], panels[k + 1][1].shape[0]) for k in (0, 2)]
    total = np.array([sum(columns) + 1.4, sum(rows) + 2.2])  # in cells
    figure = plt.figure(figsize=0.42 * total)
    figure.set_layout_engine("none")
    for k, (title, values, colour) in enumerate(panels):
        row, column = divmod(k, 2)
        left = 0.2 + column * (columns[0] + 1) + (columns[column] - values.shape[1]) / 2
        top = 1 + row * (rows[0] + 1) + (rows[row] - values.shape[0]) / 2
        box = np.array([left, total[1] - top - values.shape[0], *values.shape[::-1]])
        axes = figure.add_axes(box / np.tile(total, 2))
        draw_grid(axes, values, colour=colour, largest=2 * np.abs(correlated).max(), size=10.5)
        axes.set_title(title, loc="center", size=10, pad=4)
    draw_window(figure.axes[0], 0, 0, *spread.shape, colour=style.ERROR)
    axes = figure.axes[3]
    draw_window(axes, 0, 0, *kept, colour=style.KERNEL)
    for row, column in np.ndindex(correlated.shape):
        if row >= kept[0] or column >= kept[1]:
            axes.plot(
                [column - 0.42, column + 0.42],
                [row + 0.42, row - 0.42],
                color=style.GREY_DARK,
                lw=1,
            )


def draw_weight_table(x, delta, dw):
    """Draw the gradients of all kernels as a multiplication table of channels and errors.

    Parameters
    ----------
    x : ndarray, shape (H, W, C)
    delta : ndarray, shape (OH, OW, F)
    dw : ndarray, shape (KH, KW, C, F)
    """
    channels, filters = dw.shape[2:]
    widths = [x.shape[1]] + [max(delta.shape[1], dw.shape[1])] * filters
    heights = [max(delta.shape[0], dw.shape[0])] + [x.shape[0]] * channels
    gap = 1.2  # cells
    cell = NARROW / (sum(widths) + gap * filters + 0.4)
    figure = plt.figure(figsize=(NARROW, cell * (sum(heights) + 1.1 * len(heights))))
    figure.set_layout_engine("none")
    total = np.array([NARROW, figure.get_figheight()])

    def place(row, column, values, title, colour, largest):
        tall, wide = values.shape
        left = sum(widths[:column]) + gap * column + (widths[column] - wide) / 2 + 0.2
        top = sum(heights[:row]) + 1.1 * (row + 1) + (heights[row] - tall) / 2
        box = np.array([left * cell, total[1] - (top + tall) * cell, wide * cell, tall * cell])
        axes = figure.add_axes(box / np.tile(total, 2))
        draw_grid(axes, values, colour=colour, largest=largest, size=10)
        axes.set_title(title, loc="center", size=9, pad=3)

    sizes = [1.6 * np.abs(each).max() for each in (x, delta, dw)]
    for f in range(filters):
        place(0, 1 + f, delta[:, :, f], f"δ of filter {f}", style.ERROR, sizes[1])
    for c in range(channels):
        place(1 + c, 0, x[:, :, c], f"channel {c} of x", style.INPUT, sizes[0])
        for f in range(filters):
            title = f"filter {f}, kernel {c}"
            place(1 + c, 1 + f, dw[:, :, c, f], title, style.GRADIENT, sizes[2])


def draw_step(picture, before, gradients, after):
    """Draw a whole training step: before it, the gradients, and after it, stage by stage.

    Parameters
    ----------
    picture : ndarray, shape (H, W)
    before, gradients, after : dict of str to ndarray
        By name, the parameters (`conv_w`, `conv_b`, `fc_w`, `fc_b`) and the stages (`z`, `a`,
        `pooled`, `logits`, `p`, `E`); the gradients have no `p` and no `E`.
    """
    roles = [("{}", style.KERNEL, style.OUTPUT), ("∂E/∂{}", style.GRADIENT, style.ERROR)]
    columns = [(before, *roles[0]), (gradients, *roles[1]), (after, *roles[0])]
    rows = [[[("x", picture, style.INPUT)], [], []]]
    for names in _STAGES:
        row = []
        for values, title, parameter, stage in columns:
            there = [name for name in names if name in values]
            colours = [parameter if "_" in name else stage for name in there]
            titles = [title.format(_TITLES.get(name, name)) for name in there]
            arrays = [_as_grid(name, values[name]) for name in there]
            row.append(list(zip(titles, arrays, colours, strict=True)))
        rows.append(row)
    width, height, title, gap, head = 0.4, 0.33, 0.29, 0.08, 0.3  # inches: of a cell, and so on
    across = 5.3 / 3
    heights = [
        max(len(each[1]) for column in row for each in column) * height + title for row in rows
    ]
    total = np.array([3 * across, sum(heights) + head + 0.05])
    figure = plt.figure(figsize=total)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))  # in inches, downwards; an axes a grid would be slow
    axes.set(xlim=(0, total[0]), ylim=(total[1], 0))
    axes.axis("off")
    look = {"ha": "center", "va": "center"}
    for column, name in enumerate(("before the step ↓", "gradients ↑", "after the step ↓")):
        axes.text((column + 0.5) * across, 0.13, name, weight="bold", **look)
    for column, note in ((1, "the picture\nis not learned"), (2, "the same picture")):
        middle = head + heights[0] / 2
        axes.text((column + 0.5) * across, middle, note, color=style.GREY_DARK, size=9, **look)
    top = head
    for row, tall in zip(rows, heights, strict=True):
        for column, arrays in enumerate(row):
            widths = [min(width, across / 5.2) if name == "x" else width for name, _, _ in arrays]
            inches = sum(len(a[0]) * w for (_, a, _), w in zip(arrays, widths, strict=True))
            left = (column + 0.5) * across - (inches + gap * (len(arrays) - 1)) / 2
            for (name, values, colour), cell in zip(arrays, widths, strict=True):
                wide = values.shape[1] * cell
                axes.text(left + wide / 2, top + title - 0.09, name, size=9, **look)
                marks = np.argwhere(gradients["a"]) if name == "a" and column == 0 else ()
                _cells(axes, values, (left, top + title), (cell, height), colour, marks)
                left += wide + gap
        top += tall


def _cells(axes, values, corner, size, colour, marks):
    """Draw a matrix on axes that hold several, with some of its cells in bold frames."""
    largest = 2 * max(np.abs(values).max(), 1e-9)
    shades = plt.get_cmap("cnnbook_signed")(0.5 + values / largest / 2)
    for (row, column), value in np.ndenumerate(values):
        x, y = corner[0] + column * size[0], corner[1] + row * size[1]
        look = {"fc": shades[row, column], "ec": style.GREY_LIGHT, "lw": 0.6}
        axes.add_patch(Rectangle((x, y), *size, **look))
        text = _text(round(value, 2))
        axes.text(x + size[0] / 2, y + size[1] / 2, text, size=8.5, ha="center", va="center")
    height, width = values.shape
    frames = [(0, 0, height, width, colour, 2)]
    frames += [(row, column, 1, 1, style.INK, 2.5) for row, column in marks]
    for row, column, tall, wide, edge, thick in frames:
        place = corner[0] + column * size[0], corner[1] + row * size[1]
        extent = wide * size[0], tall * size[1]
        axes.add_patch(Rectangle(place, *extent, fill=False, ec=edge, lw=thick, zorder=3))


def _as_grid(name, values):
    """Return a stage or a parameter as a matrix, the pooled numbers two in a row."""
    return np.reshape(values, (-1, 2)) if name == "pooled" else np.atleast_2d(values)


def _text(value):
    """Write a number with a real minus sign, and without a sign if it is zero."""
    return f"{value + 0.0:.3g}".replace("-", "−")


def _below(k):
    """Write a digit as a subscript."""
    return "₀₁₂₃₄₅₆₇₈₉"[k]
