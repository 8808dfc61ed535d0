"""Figures that move: each a Python function, with its JavaScript beside it.

Every function returns a `MovingFigure`, which Jupyter and the built book show alike.
"""

from cnnbook.figures.convolution import convolution
from cnnbook.figures.host import MovingFigure

__all__ = ["MovingFigure", "convolution"]
