"""Two dice, one of them flipped and slid past the other, and many dice that make a bell."""

from functools import reduce

import matplotlib.pyplot as plt
import numpy as np

from cnnbook.figures.host import MovingFigure
from cnnbook.plots import style
from cnnbook.plots.dice import draw_bars

WORDS = {
    "en": {
        "title": "Dice, flipped, slid and added up",
        "blue": "blue die",
        "orange": "orange die",
        "fair": "fair",
        "loaded": "loaded",
        "sides": "{value} sides",
        "about": "weights, and chances {letter}",
        "face": "{die}, face {face}: weight {weight}, chance {chance}",
        "refused": "Only a number from {least} to {most} fits here: face {face} keeps {weight}.",
        "allZero": "One face has to come: at least one weight stays above 0, so face {face} keeps "
        "{weight}.",
        "place": "total",
        "back": "one total back",
        "on": "one total on",
        "play": "play",
        "stop": "stop",
        "total": "total n = {n}",
        "pairs": "{count} of {all} pairs",
        "stage": "The blue faces 1 to {K} in a row, the orange ones below, backwards. At total {n} "
        "these meet, blue above orange: {pairs}.",
        "pair": "{k} above {l}",
        "chart": "Bars, the chance of each total up to {n}: {list}.",
        "bar": "{n}: {value}",
        "number": "dice: {value}",
        "more": "one more die",
        "many": "Many dice like the blue one",
        "moments": "Mean μ = {mean}, variance σ² = {variance}.",
        "gap": "Bars and curve lie at most {gap} % of the curve's peak apart.",
        "far": "Bars and curve lie more than ten times the curve's peak apart.",
        "noCurve": "Every throw makes the same total: nothing spreads, so there is no curve.",
        "bell": "Bars, the chance of each total of {number} dice from {low} to {high}, the highest "
        "at {top} with {value}, and over them the normal curve of mean {mean} and variance "
        "{variance}.",
        "bars": "Bars, the chance of each total of {number} dice from {low} to {high}, the highest "
        "at {top} with {value}.",
        "hintPair": "Drag the orange row, or step. Every pair that meets adds its product, a "
        "brick, to the bar of its total. Type other weights to load the dice.",
        "hintBell": "Every die more is one more convolution with p. Type other weights, and see "
        "whether the bell still comes.",
    }
}
FAIR = (1, 1, 1, 1, 1, 1)
SIDES = (2, 12)
MOST = 999  # of a weight
NUMBER = 10


def dice(p=FAIR, q=FAIR, *, total=4, number=2, language="en"):
    """Slide a flipped die past another and watch the chances of their total grow; add more dice.

    Parameters
    ----------
    p : array_like, shape (K,), optional
        The weight of each face of the blue die, from face 1 on; the chances are the weights
        divided by their sum. From 2 to 12 faces.
    q : array_like, shape (L,), optional
        Those of the orange die. None leaves the sliding out.
    total : int, optional
        The total that the figure starts at.
    number : int, optional
        How many blue dice the bell starts with, from 1 to 10. None leaves the bell out.
    language : str, optional
        Language of the figure's words.

    Returns
    -------
    MovingFigure

    Raises
    ------
    ValueError
        If a die has no such weights, or the total, the number or the language is not there.
    """
    p = _weights("p", p)
    q = None if q is None else _weights("q", q)
    if q is None and number is None:
        raise ValueError("q and number are both None, expected one of them: nothing is left.")
    if q is not None and not 2 <= total <= len(p) + len(q):
        raise ValueError(f"total is {total}, expected a number from 2 to {len(p) + len(q)}.")
    if number is not None and not 1 <= number <= NUMBER:
        raise ValueError(f"number is {number}, expected a number of dice from 1 to {NUMBER}.")

    def draw():
        blue = p / p.sum()
        parts = [part for part, on in (("pair", q is not None), ("bell", number is not None)) if on]
        rows = 2 * ("pair" in parts) + ("bell" in parts)
        _, all_axes = plt.subplots(rows, 1, figsize=(style.COLUMN, 1.9 * rows), squeeze=False)
        if "pair" in parts:
            _draw_pair(all_axes[0, 0], all_axes[1, 0], blue, q / q.sum(), total)
        if "bell" in parts:
            _draw_bell(all_axes[-1, 0], blue, number)

    config = {
        "p": p,
        "q": q,
        "total": total,
        "number": number,
        "limits": {"sides": SIDES, "most": MOST, "number": NUMBER},
    }
    return MovingFigure("dice", config, words=WORDS, language=language, draw=draw)


def _weights(name, weights):
    """Return the weights as an array, or say what is wrong with them."""
    weights = np.asarray(weights, dtype=float)
    low, high = SIDES
    if weights.ndim != 1 or not low <= len(weights) <= high:
        raise ValueError(
            f"{name} has shape {weights.shape}, expected from {low} to {high} weights in a row."
        )
    if not (np.all((weights >= 0) & (weights <= MOST)) and np.any(weights > 0)):
        raise ValueError(
            f"{name} is {weights.tolist()}, expected weights from 0 to {MOST}, not all of them 0."
        )
    return weights


def _draw_pair(above, below, p, q, total):
    """Draw the two dice at one total, and the chances of all totals up to it."""
    K, L = len(p), len(q)
    first, last = max(1, total - L), min(K, total - 1)
    above.axvspan(first - 0.5, last + 0.5, color=style.HIGHLIGHT, alpha=0.25, lw=0, zorder=0)
    unit = max(*p, *q)
    for places, heights, side, colour in (
        (np.arange(1, K + 1), p / unit, 1, style.INPUT),
        (total - np.arange(1, L + 1), q / unit, -1, style.KERNEL),
    ):
        for face, (place, height) in enumerate(zip(places, heights, strict=True), 1):
            pale = 1 if first <= place <= last else 0.35
            up = {"bottom": 0.4 * side, "color": colour, "alpha": pale}
            above.bar(place, side * height, width=0.82, **up)
            text = {"ha": "center", "va": "center", "weight": "bold", "alpha": pale}
            above.text(place, 0.2 * side, f"{face}", **text)
    above.set(xlim=(1.5 - L, K + L - 0.5), xticks=[], yticks=[], title=f"total n = {total}")
    for side in ("left", "bottom"):
        above.spines[side].set_visible(False)
    z = np.convolve(p, q)
    totals = np.arange(2, K + L + 1)
    seen = np.where(totals <= total, z, 0)
    draw_bars(below, totals, seen, marked=total)
    below.set(ylim=(0, 1.1 * z.max()), xlabel="total n")


def _draw_bell(axes, p, number):
    """Draw the chances of the totals of many dice, and the normal curve over them."""
    z = reduce(np.convolve, [p] * number)
    n = np.arange(number, number * len(p) + 1)
    axes.bar(n, z, width=0.82, color=style.OUTPUT)
    mean = n @ z
    variance = (n - mean) ** 2 @ z
    if variance > 0:
        fine = np.linspace(n[0] - 0.5, n[-1] + 0.5, 400)
        curve = np.exp(-((fine - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
        axes.plot(fine, curve, color=style.INK, lw=1.3)
    axes.set(ylim=(0, 1.6 * z.max()), yticks=[], xlabel=f"total of {number} dice")
    axes.spines["left"].set_visible(False)
