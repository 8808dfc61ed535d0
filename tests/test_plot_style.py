"""One palette: the pages' and the pictures' colours are the same, and the style repeats."""

import io
import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from cnnbook.plots import style

CSS = Path(__file__).resolve().parents[1] / "book" / "_static" / "css" / "palette.css"


@pytest.fixture(autouse=True)
def own_rcparams():
    with mpl.rc_context():
        yield
    plt.close("all")


def luminance(colour):
    """Return WCAG's relative luminance of a colour."""
    channels = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def css_blocks():
    return re.findall(
        r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", CSS.read_text(), flags=re.S)
    )


def variables(body):
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-fA-F]{6});", body))


def test_css_roles_are_the_pythons():
    roles = {
        name.removeprefix("role-"): colour.upper()
        for selector, body in css_blocks()
        if selector.strip() == ":root"
        for name, colour in variables(body).items()
    }
    assert roles == {name: colour.upper() for name, colour in style.PALETTE.items()}


def test_roles_are_the_designs():
    assert (style.INPUT, style.KERNEL, style.OUTPUT) == ("#0072B2", "#E69F00", "#009E73")
    assert (style.ERROR, style.GRADIENT, style.HIGHLIGHT) == ("#D55E00", "#CC79A7", "#56B4E9")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_colours_have_enough_contrast(theme):
    (found,) = [variables(body) for selector, body in css_blocks() if f'"{theme}"' in selector]
    texts = {name: colour for name, colour in found.items() if name.startswith("text-")}
    assert len(texts) == 6
    for ground in ("page", "page-sunk"):
        for name, colour in texts.items():
            assert contrast(colour, found[ground]) >= 4.5, (name, ground)


def picture():
    style.use_style()
    figure, axes = plt.subplots()
    axes.plot([0, 1, 4, 9])
    axes.set(xlabel="steps", ylabel="loss", title="A curve")
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def test_the_same_code_draws_the_same_bytes():
    mpl.rcParams["font.size"] = 30
    first = picture()
    assert picture() == first
    assert len(first) < 100_000


def test_a_readers_settings_do_not_show():
    mpl.rcParams["axes.facecolor"] = "black"
    style.use_style()
    assert mpl.rcParams["axes.facecolor"] == style.PAPER


def test_signed_colormap_is_symmetric_in_lightness_and_lightest_at_zero():
    lightness = np.array([luminance(style.SIGNED(value)) for value in np.linspace(0, 1, 101)])
    assert lightness.argmax() == 50
    assert (np.diff(lightness[:51]) > 0).all()
    assert (np.diff(lightness[50:]) < 0).all()
    np.testing.assert_allclose(lightness, lightness[::-1], atol=0.012)


def test_pixels_run_from_paper_to_ink():
    lightness = [luminance(style.PIXELS(value)) for value in np.linspace(0, 1, 11)]
    assert lightness == sorted(lightness, reverse=True)
    assert style.PIXELS(0.0)[:3] == mpl.colors.to_rgb(style.PAPER)
