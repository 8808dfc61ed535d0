"""One palette and one matplotlib style for every picture of the book.

The palette is Okabe and Ito's, which people with any common form of colour blindness can tell
apart [1]_. Each colour has one role in the whole book, in pictures, moving figures and pages alike
(`book/_static/css/palette.css` holds the same values; a test compares the two).

References
----------
.. [1] M. Okabe and K. Ito, "Color Universal Design", 2008, https://jfly.uni-koeln.de/color/
"""

import matplotlib as mpl
from matplotlib.colors import LinearSegmentedColormap

INPUT = "#0072B2"
KERNEL = "#E69F00"
OUTPUT = "#009E73"
ERROR = "#D55E00"
GRADIENT = "#CC79A7"
HIGHLIGHT = "#56B4E9"

INK = "#1F2328"
GREY_DARK = "#57606A"
GREY = "#8C959F"
GREY_LIGHT = "#D0D7DE"
PAPER = "#FFFFFF"

PALETTE = {
    "input": INPUT,
    "kernel": KERNEL,
    "output": OUTPUT,
    "error": ERROR,
    "gradient": GRADIENT,
    "highlight": HIGHLIGHT,
    "ink": INK,
    "grey-dark": GREY_DARK,
    "grey": GREY,
    "grey-light": GREY_LIGHT,
    "paper": PAPER,
}

COLUMN = (
    6.6  # inches: the width of the text column, so that type in pictures is as large as planned
)
HEIGHT = 3.2
DPI = 160

# Negative towards the error's orange, positive towards the input's blue, zero nearly white; each
# pair of stops has the same luminance, so that equal sizes look equally strong.
SIGNED = LinearSegmentedColormap.from_list(
    "cnnbook_signed",
    ["#5D2500", "#B44E00", "#EAAE85", "#F7F7F7", "#8FC1E3", "#0072B2", "#00395A"],
)
PIXELS = LinearSegmentedColormap.from_list("cnnbook_pixels", [PAPER, INK])

for _colormap in (SIGNED, PIXELS):
    if _colormap.name not in mpl.colormaps:
        mpl.colormaps.register(_colormap)

_RC = {
    "figure.figsize": (COLUMN, HEIGHT),
    "figure.dpi": DPI,
    "figure.facecolor": PAPER,
    "figure.constrained_layout.use": True,
    "savefig.dpi": DPI,
    "savefig.facecolor": PAPER,
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.06,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "mathtext.fontset": "dejavusans",
    "text.color": INK,
    "axes.facecolor": PAPER,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.grid": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(color=[INPUT, ERROR, OUTPUT, GRADIENT, KERNEL, HIGHLIGHT]),
    "grid.color": GREY_LIGHT,
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "xtick.labelcolor": GREY_DARK,
    "xtick.labelsize": 8.5,
    "ytick.color": GREY,
    "ytick.labelcolor": GREY_DARK,
    "ytick.labelsize": 8.5,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "image.cmap": "cnnbook_pixels",
    "image.interpolation": "nearest",
    "svg.hashsalt": "cnnbook",
}


def use_style():
    """Make matplotlib draw in the book's style, from now on in this process.

    Sets `matplotlib.rcParams` from matplotlib's own defaults, so that a reader's `matplotlibrc`
    changes nothing and the same code draws the same picture everywhere. Under IPython's inline
    backend pictures are stored as PNG at the same resolution.
    """
    mpl.rcdefaults()
    mpl.rcParams.update(_RC)
