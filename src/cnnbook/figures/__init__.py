"""Figures that move: each a Python function, with its JavaScript beside it.

Every function returns a `MovingFigure`, which Jupyter and the built book show alike.
"""

from cnnbook.figures.activation import activation
from cnnbook.figures.backward import backward
from cnnbook.figures.convolution import convolution
from cnnbook.figures.dice import dice
from cnnbook.figures.digit import digit
from cnnbook.figures.host import MovingFigure
from cnnbook.figures.pooling import pooling
from cnnbook.figures.shapes import shapes

__all__ = [
    "MovingFigure",
    "activation",
    "backward",
    "convolution",
    "dice",
    "digit",
    "pooling",
    "shapes",
]
