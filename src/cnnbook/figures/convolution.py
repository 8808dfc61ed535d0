"""The convolution stepper: one window after the other, every setting in the reader's hand."""

import numpy as np

from cnnbook.figures.host import MovingFigure
from cnnbook.figures.layer import picture_and_filters
from cnnbook.layers import conv2d_forward
from cnnbook.plots import grids, style

WORDS = {
    "en": {
        "title": "A convolution layer, window by window",
        "input": "input",
        "kernel": "kernel",
        "kernelTurned": "kernel, turned",
        "output": "output",
        "filter": "filter",
        "numbered": "{word} {k}",
        "stride": "stride {value}",
        "padding": "padding {value}",
        "dilation": "dilation {value}",
        "flip": "turn the kernel by 180°",
        "bias": "bias",
        "place": "window",
        "back": "one window back",
        "on": "one window on",
        "play": "play",
        "stop": "stop",
        "cell": "row {i}, column {j}: {value}",
        "notYet": "not yet computed",
        "refused": "Only a number from {least} to {most} fits here: the cell keeps {value}.",
        "sum": "z[{i}, {j}] = {parts} = {value}",
        "reaches": "Pixel ({p}, {q}) reaches {count} outputs, in dashed frames.",
        "tooLarge": "The kernel reaches over {reach} pixels, more than there are: nothing fits.",
        "hint": "Point at an output to see its sum, at an input to see the outputs it reaches. "
        "Tap a number of the input or the kernel to change it.",
    }
}


def convolution(x, w, b=None, *, stride=1, padding=0, dilation=1, flip=False, language="en"):
    """Step through a convolution layer.

    Parameters
    ----------
    x : array_like, shape (H, W) or (H, W, C)
        The picture.
    w : array_like, shape (KH, KW) or (KH, KW, C, F)
        The kernel, or the filters.
    b : array_like, shape (F,), optional
        The biases, zero by default.
    stride, padding, dilation : int, optional
        What the figure starts with; the reader can change them.
    flip : bool, optional
        Whether the kernel is turned by 180° at the start: convolution, not cross-correlation.
    language : str, optional
        Language of the figure's words.

    Returns
    -------
    MovingFigure

    Raises
    ------
    ValueError
        If the shapes do not belong together, or the language is not there.
    """
    x, w = picture_and_filters(x, w)
    b = np.zeros(w.shape[3]) if b is None else np.asarray(b)
    if b.shape != w.shape[3:]:
        raise ValueError(
            f"b has shape {b.shape}, expected {w.shape[3:]}: one bias for each filter."
        )
    config = {
        "x": x.transpose(2, 0, 1),
        "w": w.transpose(3, 2, 0, 1),
        "b": b,
        "settings": {"stride": stride, "padding": padding, "dilation": dilation, "flip": flip},
        "ranges": {"stride": (1, 3), "padding": (0, max(w.shape[:2]) - 1), "dilation": (1, 3)},
    }

    def draw():
        words = WORDS[language]
        kernels = (w[::-1, ::-1] if flip else w).astype(float)
        how = {"stride": stride, "padding": padding, "dilation": dilation}
        z, _ = conv2d_forward(x[None].astype(float), kernels, b.astype(float), **how)
        panels = [
            (words["input"], x[:, :, 0], style.INPUT),
            (words["kernelTurned" if flip else "kernel"], kernels[:, :, 0, 0], style.KERNEL),
            (words["output"], z[0, :, :, 0], style.OUTPUT),
        ]
        grids.draw_grids(panels)

    return MovingFigure("convolution", config, words=WORDS, language=language, draw=draw)
