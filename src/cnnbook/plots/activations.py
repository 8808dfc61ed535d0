"""Activation functions: their graphs, how they fold a line, what layers make of a signal."""

import matplotlib.pyplot as plt
import numpy as np

from cnnbook.plots import style

LOOKS = (
    (style.OUTPUT, "-", "o"),
    (style.INPUT, (0, (5, 1.5)), "s"),
    (style.ERROR, (0, (1.5, 1.5)), "^"),
    (style.GRADIENT, (0, (6, 1.5, 1.5, 1.5)), "D"),
)


def draw_functions(z, panels, *, choices=(), height=2.7):
    """Draw functions of one number side by side, a panel each for functions and for slopes.

    Parameters
    ----------
    z : ndarray, shape (K,)
        Where the functions are evaluated.
    panels : dict of str to dict of str to ndarray of shape (K,)
        By the panel's title, the functions by name. NaN breaks a line, where a function jumps.
    choices : sequence of (int, float, float, bool), optional
        Rings to draw: panel, z, value, and whether the ring is filled, which says that the function
        takes this value there.
    height : float, optional
        Of the figure, in inches.
    """
    _, all_axes = plt.subplots(1, len(panels), figsize=(style.COLUMN, height))
    for axes, (title, functions) in zip(all_axes, panels.items(), strict=True):
        axes.axhline(0, color=style.GREY, lw=0.8)
        axes.axvline(0, color=style.GREY, lw=0.8)
        for (name, values), (colour, dashes, _) in zip(functions.items(), LOOKS, strict=False):
            axes.plot(z, values, color=colour, ls=dashes, label=name)
        axes.set(xlabel="$z$", xlim=(z[0], z[-1]))
        axes.set_title(title, size=9.5)
        axes.grid()
        if len(functions) > 1:
            axes.legend(loc="upper left")
    for panel, place, value, filled in choices:
        all_axes[panel].plot(
            place, value, "o", mfc=style.OUTPUT if filled else style.PAPER, mec=style.OUTPUT, ms=7
        )


def draw_plane(z, extent, points, kinks):
    """Draw a function of two inputs in bands of colour, with some points and its kinks.

    Parameters
    ----------
    z : ndarray, shape (H, W)
        Values on a grid, the first row at the bottom.
    extent : (float, float, float, float)
        Left, right, bottom and top edge of the grid.
    points : list of (float, float, str)
        Points to mark, each with a text beside it.
    kinks : list of (str, float)
        Lines x₀ + x₁ = s along which the function bends: a name and s.
    """
    _, axes = plt.subplots(figsize=(0.72 * style.COLUMN, 3.7))
    size = np.abs(z).max()
    left, right, bottom, top = extent
    across, up = np.linspace(left, right, z.shape[1]), np.linspace(bottom, top, z.shape[0])
    bands = size * np.linspace(-1.05, 1.05, 22)  # one of them has 0 in its middle
    shades = axes.contourf(across, up, z, bands, cmap="cnnbook_signed")
    axes.set_aspect("equal")
    plate = {"boxstyle": "round,pad=0.2", "fc": style.PAPER, "ec": "none"}
    for name, s in kinks:
        axes.plot((left, right), (s - left, s - right), color=style.INK, lw=1.2, ls=(0, (4, 2)))
        x0 = s / 2 + 0.2
        axes.text(x0, s - x0, name, size=8.5, rotation=-45, ha="center", va="center", bbox=plate)
    for x0, x1, text in points:
        axes.plot(x0, x1, "o", color=style.INK, mec=style.PAPER, ms=8)
        axes.annotate(text, (x0, x1), (9, 7), textcoords="offset points", weight="bold", bbox=plate)
    axes.set(xlim=(left, right), ylim=(bottom, top), xlabel="$x_0$", ylabel="$x_1$")
    plt.colorbar(shades, ax=axes, label="output", ticks=size * np.linspace(-1, 1, 5))


def draw_folds(x, layers):
    """Draw what each of several folding layers gives, over the input of the first.

    Parameters
    ----------
    x : ndarray, shape (K,)
        The input.
    layers : list of (str, ndarray of shape (K,))
        Title and output of each layer.
    """
    _, all_axes = plt.subplots(1, len(layers), figsize=(style.COLUMN, 2.2), sharey=True)
    for axes, (title, values) in zip(all_axes, layers, strict=True):
        axes.plot(x, values, color=style.OUTPUT)
        bends = np.flatnonzero(np.diff(values, 2)) + 1
        axes.plot(x[bends], values[bends], "o", color=style.INK, ms=4)
        axes.set(xlabel="$x$", xlim=(0, 1), ylim=(-0.06, 1.08), xticks=(0, 0.5, 1))
        axes.set_title(title, size=9.5, weight="normal")
        axes.grid(axis="y")


def draw_ten_layers(panels):
    """Draw how a measure changes from layer to layer, on logarithmic axes, a panel a measure.

    Parameters
    ----------
    panels : dict of str to dict of str to sequence of float
        By the panel's title, a number for each layer, by the activation's name.
    """
    _, all_axes = plt.subplots(1, len(panels), figsize=(style.COLUMN, 3.0), sharey=True)
    for axes, (title, measures) in zip(all_axes, panels.items(), strict=True):
        for (name, values), (colour, dashes, marker) in zip(measures.items(), LOOKS, strict=False):
            layers = np.arange(1, len(values) + 1)
            axes.semilogy(layers, values, color=colour, ls=dashes, marker=marker, label=name)
        axes.set(xlabel="layer", xticks=layers[::3])
        axes.set_title(title, size=9.5)
        axes.grid()
    all_axes[0].legend(loc="lower left")


def draw_revival(x, y, lines, losses):
    """Draw a unit's outputs over its inputs, and its loss step by step.

    Parameters
    ----------
    x, y : ndarray, shape (N,)
        The inputs and the outputs that are wanted.
    lines : dict of str to callable
        By name, the unit as a function of an array of inputs.
    losses : dict of str to sequence of float
        By the same names in the same order, the loss at each step.
    """
    _, (left, right) = plt.subplots(1, 2, figsize=(style.COLUMN, 2.9))
    inputs = np.linspace(0, 3.4, 341)
    for (name, unit), (colour, dashes, _) in zip(lines.items(), LOOKS, strict=False):
        left.plot(inputs, unit(inputs), color=colour, ls=dashes, label=name)
    left.plot(x, y, "o", color=style.INK, ms=6, label="wanted")
    left.set(xlabel="input $x$", ylabel="output $a$")
    for (name, values), (colour, dashes, _) in zip(losses.items(), LOOKS, strict=False):
        right.semilogy(np.arange(len(values)), values, color=colour, ls=dashes, label=name)
    right.set(xlabel="step", ylabel="loss")
    left.legend()
    for axes in (left, right):
        axes.grid()
