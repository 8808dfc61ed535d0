"""The shape calculator: sizes and costs of a convolution layer for any setting."""

from cnnbook.figures.host import MovingFigure
from cnnbook.layers import pad_amounts
from cnnbook.plots.conv_layer import draw_tiling

WORDS = {
    "en": {
        "title": "Sizes and costs of a convolution layer",
        "size": "input {value} × {value}",
        "kernel": "kernel {value} × {value}",
        "stride": "stride {value}",
        "dilation": "dilation {value}",
        "channels": "channels {value}",
        "filters": "filters {value}",
        "depth": "layers {value}",
        "padding": "padding",
        "output": "output",
        "outputSize": "{out} × {out} × {filters}",
        "tooLarge": "none: the kernel reaches over {reach} pixels",
        "zeros": "zeros before and after",
        "zerosAre": "{before} and {after}",
        "left": "rows left over",
        "leftAre": "{left} at the end",
        "parameters": "parameters",
        "products": "multiplications an image",
        "field": "receptive field, layers: {depth}",
        "fieldIs": "{field} × {field} pixels",
        "ruler": "One row of {cells} pixels, zeros included; the last {left} are in no window.",
        "hint": "Below the sliders is one row of the padded input: hatched zeros, the first window "
        "framed, and in orange what is left over after the last.",
    }
}


def shapes(
    size=28,
    kernel=5,
    *,
    stride=1,
    dilation=1,
    padding="same",
    channels=1,
    filters=32,
    depth=2,
    language="en",
):
    """Calculate sizes and costs of a convolution layer.

    Parameters
    ----------
    size, kernel : int, optional
        Rows and columns of the input, at most 32, and of the kernel, at most 11.
    stride, dilation : int, optional
        At most 4.
    padding : {"same", "valid"}, optional
    channels, filters : int, optional
        At most 64.
    depth : int, optional
        Layers of this kind in a row, at most 5, for the receptive field.
    language : str, optional
        Language of the figure's words.

    Returns
    -------
    MovingFigure

    Raises
    ------
    ValueError
        If a setting is not on its slider, no window fits, or there is no such language.
    """
    config = {
        "size": size,
        "kernel": kernel,
        "stride": stride,
        "dilation": dilation,
        "channels": channels,
        "filters": filters,
        "depth": depth,
    }
    largest = dict(zip(config, (32, 11, 4, 4, 64, 64, 5), strict=True))
    for name, value in config.items():
        if value not in range(1, largest[name] + 1):
            raise ValueError(f"{name} is {value}, expected an int from 1 to {largest[name]}.")
    if padding not in ("same", "valid"):
        raise ValueError(f"padding is {padding!r}, expected 'same' or 'valid'.")

    zeros = pad_amounts(size, kernel, stride, padding, dilation)

    def draw():
        draw_tiling([(WORDS[language]["title"], size, kernel, stride, zeros)])

    config["padding"] = padding
    return MovingFigure("shapes", config, words=WORDS, language=language, draw=draw)
