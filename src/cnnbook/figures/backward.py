"""The backward stepper: each gradient of a convolution layer, its sum, and what a nudge says."""

import numpy as np
from matplotlib.patches import Rectangle

from cnnbook.figures.host import MovingFigure
from cnnbook.figures.layer import picture_and_filters
from cnnbook.layers import conv2d_backward, conv2d_forward, output_size
from cnnbook.plots import grids, style

LARGEST = {"stride": 3, "padding": 2, "side": 6, "depth": 2}
WORDS = {
    "en": {
        "title": "Backward through a convolution layer, number by number",
        "of": "gradient for",
        "ofInput": "the input, ∂E/∂X",
        "ofWeights": "the weights, ∂E/∂W",
        "stride": "stride {value}",
        "padding": "padding {value}",
        "height": "rows {value}",
        "width": "columns {value}",
        "channels": "channels {value}",
        "filters": "filters {value}",
        "leaveKernel": "leave the kernel unturned",
        "turnError": "turn the error by 180°",
        "input": "input X",
        "inputPadded": "input X̃, with padding",
        "error": "error δ",
        "errorTurned": "error δ, turned",
        "spread": "δ̂: spread, padded",
        "kernel": "kernel W",
        "kernelTurned": "kernel rot(W)",
        "gradientInput": "∂E/∂X",
        "gradientPadded": "∂E/∂X̃",
        "gradientWeights": "∂E/∂W",
        "ofFilter": "{word}, filter {f}",
        "ofChannel": "{word}, channel {c}",
        "pixel": "∂E/∂x[{at}]",
        "entry": "∂E/∂x̃[{at}]",
        "weight": "∂E/∂w[{at}]",
        "sum": "{name} = {parts} = {value}",
        "cropped": "It lies on the padding and is cropped.",
        "unreached": "{name} = 0: no window reaches this pixel, so the loss does not depend on it.",
        "onlyPadding": "{name} = 0: this weight meets nothing but padding.",
        "goes": "Error ({i}, {j}) is {value}. It goes to the {count} entries of its window, in "
        "dashed frames: a stamp of the kernel, upright, times {value}.",
        "meets": "Error ({i}, {j}) is {value}. Each of the {count} weights met one entry of its "
        "window, in dashed frames, and gets that entry times {value}.",
        "check": "Forward pass, central difference of E = Σ δ ∘ Z: {approximate}.",
        "agrees": "✓ The sum agrees.",
        "more": "≠ The sum is {apart} too large.",
        "less": "≠ The sum is {apart} too small.",
        "allAgree": "So do all {count}.",
        "tally": "{wrong} of {count} numbers are wrong: behind ≠ is what they should be.",
        "place": "number of the gradient",
        "back": "one number back",
        "on": "one number on",
        "play": "play",
        "stop": "stop",
        "cell": "row {i}, column {j}: {value}",
        "notYet": "not yet computed",
        "refused": "Only a number from {least} to {most} fits here: the cell keeps {value}.",
        "tooLarge": "The kernel is larger than the padded input: no window fits, and there is no "
        "error to send back.",
        "hint": "Step, play, or point at a number of the gradient to see its sum; point at an "
        "error to see where it goes. Tap a number of δ, of the kernel or, in the view of the "
        "weights, of X to change it.",
    }
}


def backward(x, w, delta, *, of="dx", stride=1, padding=0, wrong=False, language="en"):
    """Step through the backward pass of a convolution layer.

    The reader can change every number and setting. Where that makes an array larger or deeper
    than what is given here, the figure fills in small whole numbers of its own.

    Parameters
    ----------
    x : array_like, shape (H, W) or (H, W, C)
        The picture.
    w : array_like, shape (KH, KW) or (KH, KW, C, F)
        The kernel, or the filters.
    delta : array_like, shape (OH, OW) or (OH, OW, F)
        The error, in the shape of the layer's output.
    of : {"dx", "dw"}, optional
        Which gradient the figure starts with: that for the input or that for the weights.
    stride, padding : int, optional
        What the figure starts with: 1 to 3, and 0 to 2 rows and columns of zeros on each side.
    wrong : bool, optional
        Whether it starts with the wrong formula: the kernel not turned for `dx`, the error turned
        for `dw`.
    language : str, optional
        Language of the figure's words.

    Returns
    -------
    MovingFigure

    Raises
    ------
    ValueError
        If the shapes do not belong together, or a setting or the language is not there.
    """
    x, w = (values.astype(float) for values in picture_and_filters(x, w))
    delta = np.asarray(delta, float)
    delta = delta[:, :, None] if delta.ndim == 2 else delta
    if of not in ("dx", "dw"):
        raise ValueError(f"of is {of!r}, expected 'dx' for the input or 'dw' for the weights.")
    if stride not in range(1, LARGEST["stride"] + 1):
        raise ValueError(f"stride is {stride!r}, expected 1 to {LARGEST['stride']}.")
    if padding not in range(LARGEST["padding"] + 1):
        raise ValueError(f"padding is {padding!r}, expected 0 to {LARGEST['padding']}.")
    (H, W, C), (KH, KW, _, F) = x.shape, w.shape
    expected = output_size(H, KH, stride, padding), output_size(W, KW, stride, padding), F
    if delta.shape != expected:
        raise ValueError(
            f"delta has shape {delta.shape}, expected {expected}: that of the layer's output."
        )
    starts = {"dx": _busiest(padding, x.shape, w.shape, delta.shape, stride), "dw": [0, 0]}
    most = [max(LARGEST["side"], side) for side in (H, W)]
    outs = [side + 2 * LARGEST["padding"] - K + 1 for side, K in zip(most, (KH, KW), strict=True)]
    channels, filters = (max(LARGEST["depth"], depth) for depth in (C, F))
    config = {
        "x": _larger(x, (*most, channels)).transpose(2, 0, 1),
        "w": _larger(w, (KH, KW, channels, filters)).transpose(3, 2, 0, 1),
        "error": _larger(delta, (*outs, filters)).transpose(2, 0, 1),
        "settings": {
            "of": of,
            "stride": stride,
            "padding": padding,
            "height": H,
            "width": W,
            "channels": C,
            "filters": F,
            "wrong": bool(wrong),
        },
        "ranges": {
            "stride": (1, LARGEST["stride"]),
            "padding": (0, LARGEST["padding"]),
            "height": (1, most[0]),
            "width": (1, most[1]),
            "channels": (1, channels),
            "filters": (1, filters),
        },
        "starts": starts,
    }

    def draw():
        _draw(x, w, delta, of, stride, padding, wrong, starts[of], WORDS[language])

    return MovingFigure("backward", config, words=WORDS, language=language, draw=draw)


def _larger(values, shape):
    """Continue an array with small whole numbers, for sizes that the reader may choose."""
    full = (np.arange(np.prod(shape)) * 5 % 7 - 3.0).reshape(shape)
    full[tuple(slice(size) for size in values.shape)] = values
    return full


def _busiest(padding, x_shape, w_shape, delta_shape, stride):
    """Return the entry of the padded input that most windows hold, the middle one of several."""
    padded = [side + 2 * padding for side in x_shape[:2]]
    held = np.zeros(padded, int)
    for i, j in np.ndindex(delta_shape[:2]):
        p, q = i * stride, j * stride
        held[p : p + w_shape[0], q : q + w_shape[1]] += 1
    places = np.argwhere(held == held.max())
    return places[len(places) // 2].tolist()


def _draw(x, w, delta, of, stride, padding, wrong, start, words):
    """Draw the first channel's and the first filter's part of the figure's first state."""
    zeros = ((padding, padding), (padding, padding), (0, 0))
    padded = np.pad(x, zeros)
    turn = (slice(None, None, -1),) * 2
    (H, W, _), (KH, KW, _, _), (OH, OW, _) = padded.shape, w.shape, delta.shape
    row, column = start
    if of == "dw":
        error = delta[turn] if wrong else delta
        _, cache = conv2d_forward(padded[None], w, np.zeros(w.shape[3]), stride=stride)
        _, dw, _ = conv2d_backward(np.ascontiguousarray(error)[None], cache)
        places = np.ndindex(OH, OW)
        cells = [(i * stride + row, j * stride + column, 1, 1) for i, j in places]
        panels = [
            (words["inputPadded" if padding else "input"], padded[:, :, 0], style.INPUT),
            (words["errorTurned" if wrong else "error"], error[:, :, 0], style.ERROR),
            (words["gradientWeights"], dw[:, :, 0, 0], style.GRADIENT),
        ]
        grids.draw_grids(panels, windows={0: cells, 2: [(row, column, 1, 1)]})
        return
    kernels = np.ascontiguousarray(w[turn] if wrong else w)  # conv2d_backward turns them itself
    _, cache = conv2d_forward(padded[None], kernels, np.zeros(w.shape[3]), stride=stride)
    dx, _, _ = conv2d_backward(delta[None], cache)
    spread = np.zeros((H + KH - 1, W + KW - 1))
    own = np.zeros(spread.shape, bool)
    places = (
        slice(KH - 1, KH + (OH - 1) * stride, stride),
        slice(KW - 1, KW + (OW - 1) * stride, stride),
    )
    spread[places], own[places] = delta[:, :, 0], True
    panels = [
        (words["error"], delta[:, :, 0], style.ERROR),
        (words["spread"], spread, style.ERROR),
        (words["kernel" if wrong else "kernelTurned"], kernels[turn][:, :, 0, 0], style.KERNEL),
        (words["gradientPadded" if padding else "gradientInput"], dx[0, :, :, 0], style.GRADIENT),
    ]
    windows = {1: [(row, column, KH, KW)], 3: [(row, column, 1, 1)]}
    axes = grids.draw_grids(panels, windows=windows).axes[1]
    for p, q in np.argwhere(~own):
        corner = q - 0.5, p - 0.5
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, ec=style.GREY_LIGHT, hatch="////", lw=0))
