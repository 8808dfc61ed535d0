"""Every static picture's drawing code, one module an idea, in one style."""

from cnnbook.plots.style import use_style

__all__ = ["use_style"]
