"""The activation explorer: drag the input along an activation's graph."""

import matplotlib.pyplot as plt
import numpy as np

from cnnbook.figures.host import MovingFigure
from cnnbook.layers import leaky_relu_forward, relu_forward, sigmoid_forward, tanh_forward
from cnnbook.plots import style

WORDS = {
    "en": {
        "title": "An activation, its value and its slope",
        "function": "activation",
        "relu": "ReLU",
        "leaky_relu": "leaky ReLU",
        "sigmoid": "sigmoid",
        "tanh": "tanh",
        "input": "z = {value}",
        "says": "{name} of {z} is {value}, and its slope there is {slope}.",
        "kink": "There is a kink: the slope shown is the one that the book chooses.",
        "picture": "Graph of {name} with its tangent at z = {z}, where the value is {value} and "
        "the slope {slope}.",
        "hint": "Drag the blue dot. The dashed line is the tangent.",
    }
}
FORWARD = {
    "relu": relu_forward,
    "leaky_relu": leaky_relu_forward,
    "sigmoid": sigmoid_forward,
    "tanh": tanh_forward,
}
REACH = 4


def activation(name="relu", z=1.5, *, leak=0.1, language="en"):
    """Drag the input of an activation, and see its value, its slope and its tangent.

    Parameters
    ----------
    name : {"relu", "leaky_relu", "sigmoid", "tanh"}, optional
        Which one the figure starts with; the reader can choose another.
    z : float, optional
        The input it starts with, from −4 to 4.
    leak : float, optional
        Slope of the leaky ReLU on the left.
    language : str, optional
        Language of the figure's words.

    Returns
    -------
    MovingFigure

    Raises
    ------
    ValueError
        If there is no such activation or language, or z lies outside the picture.
    """
    if name not in FORWARD:
        raise ValueError(f"name is {name!r}, expected one of {', '.join(FORWARD)}.")
    if not -REACH <= z <= REACH:
        raise ValueError(f"z is {z}, expected a number from {-REACH} to {REACH}.")

    def draw():
        _, axes = plt.subplots(figsize=(style.COLUMN, 3))
        along = np.linspace(-REACH, REACH, 161)
        settings = {"slope": leak} if name == "leaky_relu" else {}
        axes.plot(along, FORWARD[name](along, **settings)[0], color=style.OUTPUT)
        value = FORWARD[name](np.array([float(z)]), **settings)[0]
        axes.plot([z], value, "o", color=style.INPUT)
        axes.set(xlabel="z", ylabel="f(z)", title=WORDS[language][name])
        axes.grid(visible=True)

    config = {"name": name, "z": z, "leak": leak, "reach": REACH}
    return MovingFigure("activation", config, words=WORDS, language=language, draw=draw)
