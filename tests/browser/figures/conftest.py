"""Figures by themselves, each in a page of its own."""

import itertools

import numpy as np
import pytest

from cnnbook import figures
from cnnbook.figures.host import joined_script

RNG = np.random.default_rng(6)

# One or more of every function of cnnbook.figures; all general tests run over all of them.
EXAMPLES = {
    "activation": figures.activation,
    "activation-leaky": lambda: figures.activation("leaky_relu", -2),
    "backward": lambda: figures.backward(
        [[4, 0, 1], [3, 1, 2], [0, 2, 5]], [[1, 2], [3, 4]], [[2, -1], [1, 3]]
    ),
    "backward-weights": lambda: figures.backward(
        np.arange(25).reshape(5, 5) % 4, [[1, 2], [3, 4]], [[1, -1], [2, 3]], of="dw", stride=2
    ),
    "backward-deep": lambda: figures.backward(
        RNG.integers(-3, 4, (6, 5, 2)),
        RNG.integers(-2, 3, (3, 3, 2, 2)),
        RNG.integers(-2, 3, (3, 3, 2)),
        stride=3,
        padding=2,
        wrong=True,
    ),
    "convolution": lambda: figures.convolution([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]]),
    "convolution-deep": lambda: figures.convolution(
        RNG.integers(-3, 4, (5, 5, 3)), RNG.integers(-2, 3, (3, 3, 3, 2)), [1, -1], padding=1
    ),
    "pooling": lambda: figures.pooling([[1, 3, 2, 0], [5, 4, 0, 6], [0, 2, 7, 1], [2, 0, 4, 4]]),
    "pooling-back": lambda: figures.pooling(
        np.arange(25).reshape(5, 5) % 7, "mean", size=3, stride=1, padding="same", backward=True
    ),
    "dice": figures.dice,
    "dice-many-sides": lambda: figures.dice(range(12), [1, 0.5, 3] + 9 * [2], total=13, number=10),
    "digit": figures.digit,
    "shapes": figures.shapes,
    "shapes-left": lambda: figures.shapes(11, 4, padding="valid", stride=4),
}


class Arithmetic:
    """Calls the functions of a figure's modules in Chromium."""

    def __init__(self, tab):
        self.tab = tab

    def __call__(self, name, expression, calls):
        """Return what the JavaScript function `expression` gives for each list of arguments."""
        answer = f"return calls.map((call) => ({expression})(...call));"
        return self.tab.evaluate(f"(calls) => {{ {joined_script(name)}\n{answer} }}", calls)


@pytest.fixture(scope="session")
def arithmetic(browser):
    tab = browser.new_page()
    yield Arithmetic(tab)
    tab.close()


@pytest.fixture
def show(browser):
    """Open a figure; `errors` of the tab holds what the console said."""
    contexts = []

    def open_figure(figure, *, width=900, theme="light", reduced_motion="no-preference"):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, reduced_motion=reduced_motion
        )
        contexts.append(context)
        tab = context.new_page()
        tab.errors = []
        tab.on("console", lambda m: m.type == "error" and tab.errors.append(m.text))
        tab.on("pageerror", lambda error: tab.errors.append(str(error)))
        tab.on("request", lambda request: tab.errors.append(f"asks for {request.url}"))
        tab.set_content(
            f'<!doctype html><html lang="en" data-theme="{theme}"><head><title>Figure</title>'
            f'<meta name="viewport" content="width=device-width"></head><body><main><h1>Figure</h1>'
            f"{figure.html()}</main></body></html>"
        )
        tab.wait_for_selector(".cnnbook-figure[data-ready]")
        return tab

    yield open_figure
    for context in contexts:
        context.close()


def pytest_generate_tests(metafunc):
    if "example" in metafunc.fixturenames:
        metafunc.parametrize("example", EXAMPLES)
    if "look" in metafunc.fixturenames:
        metafunc.parametrize("look", list(itertools.product((320, 900), ("light", "dark"))))


@pytest.fixture
def figure(example):
    return EXAMPLES[example]()
