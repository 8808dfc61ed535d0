"""Draw a digit: the article's trained network reads it in the page."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.gridspec import GridSpec

from cnnbook import mnist
from cnnbook import weights as weights_file
from cnnbook.figures import digit_network
from cnnbook.figures.host import MovingFigure
from cnnbook.files import book_folder
from cnnbook.losses import softmax
from cnnbook.network import article_network
from cnnbook.plots import style

IN_JUPYTER = "_build/digit-network.js"  # beside the notebook, where its kernel runs
WORDS = {
    "en": {
        "title": "Draw a digit, and the network reads it",
        "pad": "Drawing pad. The arrow keys move the pen, Space puts it down or lifts it.",
        "drawHere": "Draw a digit here",
        "penUp": "The pen is up, at {x} across and {y} down of 100.",
        "penDown": "The pen is down, at {x} across and {y} down of 100.",
        "rub": "rub out",
        "clear": "clear",
        "digits": "a hundred test digits",
        "digit": "test image {k}, a {label}",
        "digitHard": "test image {k}, a {label}, a hard one",
        "digitsSay": "Each row holds ten of one class from the test set. On the left its first; on "
        "the right, in orange frames, those of which the network gives the right class the least.",
        "seen": "what it is given",
        "seenSays": "Scaled until its box is {box} pixels, then moved so that its centre of mass, "
        "the cross, is nearest to pixel (14, 14).",
        "seenStored": "Test image {k} as it is stored.",
        "seenNothing": "28 × 28 pixels, boxed and centred as MNIST's are.",
        "probabilities": "what it answers",
        "percent": "{value}\u00a0%",
        "certain": ">99.9\u00a0%",
        "loading": "The network is on its way: 3.9 MB.",
        "missing": "The network's file is not here. In the book it stands beside the page; in "
        "JupyterLab, run the cell above.",
        "nothing": "The article's trained network reads what you draw, by mouse, finger, or Space "
        "and the arrow keys.",
        "answer": "The network reads a {digit}, with probability {percent}.",
        "answerWrong": "The network reads a {digit}, with probability {percent}. It is a {label}.",
        "first": "layer 1: 32 maps",
        "second": "layer 2: 64 maps",
        "dense": "dense: 1,024 units",
        "denseSays": "{count} of 1,024 units are above zero.",
        "map": "map {k}: largest value {value}",
        "picked": "Map {k} of the first layer: its largest value is {value}, at row {i}, "
        "column {j}. Its filter is one kernel.",
        "pickedDeep": "Map {k} of the second layer: its largest value is {value}, at row {i}, "
        "column {j}. Its filter has a kernel for each of the 32 maps before it.",
        "filter": "filter {k}",
        "hint": "The stronger the green, the larger the number. Pick a map to see it large, with "
        "its filter: blue is positive, orange negative.",
        "cell": "row {i}, column {j}: {value}",
        "notYet": "not yet computed",
        "refused": "",
    }
}


class DigitFigure(MovingFigure):
    """The figure, which in a notebook also puts its network where JupyterLab can hand it out."""

    def _repr_mimebundle_(self, include=None, exclude=None):
        digit_network.keep(Path(IN_JUPYTER))
        return super()._repr_mimebundle_(include, exclude)


def digit(network="../_static/digit-network.js", *, language="en"):
    """Draw a digit with mouse, finger or keys, and see what the article's network makes of it.

    The network's rounded weights are 3.9 MB in a script, `cnnbook.figures.digit_network`, which is
    added to the page at the first stroke. The built book holds it beside its other scripts. Shown
    in a notebook, the figure writes it to `_build/digit-network.js` beside the notebook, and
    JupyterLab takes it from there.

    Parameters
    ----------
    network : str, optional
        Where the script is, as seen from the page; the default suits every page of the book that
        is one folder down, chapters and preface alike.
    language : str, optional
        Language of the figure's words.

    Returns
    -------
    MovingFigure

    Raises
    ------
    ValueError
        If the language is not there.
    """
    config = {"network": network, "inJupyter": IN_JUPYTER}

    def draw():
        _draw_first_test_digit(WORDS[language])

    return DigitFigure("digit", config, words=WORDS, language=language, draw=draw)


def _draw_first_test_digit(words):
    """Draw the first test image, what the two layers make of it, and the ten probabilities."""
    image = mnist.load().test.images[:1]
    stored = weights_file.load(book_folder() / digit_network.WEIGHTS)
    outs = article_network(stored).stages(image)
    figure = plt.figure(figsize=(style.COLUMN, 4.6))
    cells = GridSpec(2, 6, figure=figure, height_ratios=(1, 1.25))
    panels = [
        (cells[0, :2], words["seen"], image[0, :, :, 0]),
        (cells[1, :3], words["first"], _tiles(outs["relu1"][0], 8)),
        (cells[1, 3:], words["second"], _tiles(outs["relu2"][0], 8)),
    ]
    for place, title, picture in panels:
        axes = figure.add_subplot(place)
        axes.imshow(picture, cmap="cnnbook_pixels")
        axes.set_title(title)
        axes.set_anchor("N")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    axes = figure.add_subplot(cells[0, 2:])
    axes.bar(range(10), softmax(outs["fc2"])[0], color=style.OUTPUT)
    axes.set_xticks(range(10))
    axes.set_ylim(0, 1)
    axes.set_title(words["probabilities"])


def _tiles(maps, columns):
    """Lay maps (H, W, C) out in rows of so many, with a dark line between them."""
    height, width, count = maps.shape
    framed = np.pad(maps, ((0, 1), (0, 1), (0, 0)), constant_values=maps.max())
    rows = framed.transpose(2, 0, 1).reshape(count // columns, columns, height + 1, width + 1)
    return rows.transpose(0, 2, 1, 3).reshape(count // columns * (height + 1), -1)
