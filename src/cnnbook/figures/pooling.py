"""The pooling stepper: max or mean, forward and backward, one window after the other."""

import numpy as np

from cnnbook.figures.host import MovingFigure
from cnnbook.layers import (
    avg_pool2d_backward,
    avg_pool2d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)
from cnnbook.plots import grids, style

WORDS = {
    "en": {
        "title": "A pool, window by window",
        "kind": "kind of pool",
        "max": "max",
        "average": "mean",
        "direction": "direction",
        "forward": "forward",
        "backward": "backward",
        "size": "size {value}",
        "stride": "stride {value}",
        "padding": "padding",
        "valid": "VALID",
        "same": "SAME",
        "input": "input x",
        "output": "output z",
        "error": "error δ",
        "gradient": "dx = ∂E/∂x",
        "place": "window",
        "back": "one window back",
        "on": "one window on",
        "play": "play",
        "stop": "stop",
        "cell": "row {i}, column {j}: {value}",
        "notYet": "not yet computed",
        "padded": "padding",
        "refused": "Only a number from {least} to {most} fits here: the cell keeps {value}.",
        "maximum": "z[{i}, {j}] = max({values}) = {value}, won by pixel ({p}, {q}).",
        "mean": "z[{i}, {j}] = {values} {value}.",
        "tied": "Tied: {tied}. The first in reading order, ({p}, {q}), counts as the winner.",
        "leftOut": "Padding is left out: {count} of the window's {all} places.",
        "routes": "Window ({i}, {j}) hands all of δ[{i}, {j}] = {error} to its winner, "
        "pixel ({p}, {q}).",
        "tiedBack": "Tied: {tied}. The first in reading order takes all.",
        "shares": "Window ({i}, {j}) shares δ[{i}, {j}] = {error} out among its pixels: "
        "{error} / {count} {share} for each.",
        "noPixel": "Padding is no pixel: it wins nothing, and no mean counts it.",
        "inNone": "Pixel ({p}, {q}) is in no window: no output depends on it.",
        "inOne": "Pixel ({p}, {q}) is in one window, {windows}.",
        "inMany": "Pixel ({p}, {q}) is in {count} windows: {windows}.",
        "wins": "It wins {windows}.",
        "loses": "It wins nothing.",
        "soFar": "So far {sum}.",
        "more": "… and {count} more sums: point at a cell of dx.",
        "hint": "Point at or tap a pixel to see which windows hold it, an output or an error to "
        "see its window. Tap a number of x or δ to change it.",
    }
}
LARGEST = 7  # rows and columns of the map
LAYERS = {
    "max": (max_pool2d_forward, max_pool2d_backward),
    "mean": (avg_pool2d_forward, avg_pool2d_backward),
}


def pooling(
    x,
    kind="max",
    *,
    size=2,
    stride=None,
    padding="valid",
    dout=None,
    backward=False,
    language="en",
):
    """Step through a pool, forward or backward.

    Parameters
    ----------
    x : array_like, shape (H, W)
        The map, at most 7 by 7.
    kind : {"max", "mean"}, optional
        What the figure starts with; the reader can change it, and all that follows.
    size : int, optional
        Rows and columns of a window, no more than the map has.
    stride : int, optional
        Steps from window to window, at most 4; `size` unless given.
    padding : {"valid", "same"}, optional
        As in `max_pool2d_forward`.
    dout : array_like, shape (OH, OW), optional
        δ, the loss differentiated by the output; ones by default, also where other settings make
        the output larger.
    backward : bool, optional
        Whether the figure starts with the backward pass.
    language : str, optional
        Language of the figure's words.

    Returns
    -------
    MovingFigure

    Raises
    ------
    ValueError
        If a setting is not on its control, the shapes do not belong together, or there is no such
        language.
    """
    x = np.asarray(x, float)
    stride = size if stride is None else stride
    if x.ndim != 2 or not 1 <= min(x.shape) <= max(x.shape) <= LARGEST:
        raise ValueError(
            f"x has shape {x.shape}, expected (H, W) with 1 to {LARGEST} rows and columns."
        )
    if kind not in LAYERS:
        raise ValueError(f"kind is {kind!r}, expected 'max' or 'mean'.")
    if padding not in ("valid", "same"):
        raise ValueError(f"padding is {padding!r}, expected 'valid' or 'same'.")
    limits = {"size": (1, min(4, *x.shape)), "stride": (1, 4)}
    for name, value in {"size": size, "stride": stride}.items():
        if value not in range(1, limits[name][1] + 1):
            raise ValueError(f"{name} is {value}, expected an int from 1 to {limits[name][1]}.")

    pool, pool_backward = LAYERS[kind]
    z, cache = pool(x[None, :, :, None], size=size, stride=stride, padding=padding)
    dout = np.ones(z.shape[1:3]) if dout is None else np.asarray(dout, float)
    if dout.shape != z.shape[1:3]:
        raise ValueError(
            f"dout has shape {dout.shape}, expected {z.shape[1:3]}: one error for each output."
        )

    def draw():
        words = WORDS[language]
        panels = [(words["input"], x, style.INPUT)]
        if backward:
            dx = pool_backward(dout[None, :, :, None], cache)[0, :, :, 0]
            panels += [
                (words["error"], dout, style.ERROR),
                (words["gradient"], dx, style.GRADIENT),
            ]
        else:
            panels.append((words["output"], z[0, :, :, 0], style.OUTPUT))
        grids.draw_grids(panels)

    settings = {
        "kind": kind,
        "size": size,
        "stride": stride,
        "padding": padding,
        "backward": backward,
    }
    config = {"x": x, "errors": dout, "settings": settings, "ranges": limits}
    return MovingFigure("pooling", config, words=WORDS, language=language, draw=draw)
