"""The activation explorer against the package, and under the reader's hand."""

import numpy as np
import pytest

from cnnbook import figures, layers

NAMES = ("relu", "leaky_relu", "sigmoid", "tanh")


@pytest.mark.parametrize("name", NAMES)
def test_value_and_slope_are_the_packages(arithmetic, name):
    z = np.concatenate([[0.0, -4.0, 4.0], np.random.default_rng(3).normal(scale=2, size=40)])
    settings = {"slope": 0.2} if name == "leaky_relu" else {}
    out, cache = getattr(layers, f"{name}_forward")(z, **settings)
    slope = getattr(layers, f"{name}_backward")(np.ones_like(z), cache)
    found = arithmetic("activation", "activate", [[name, each, 0.2] for each in z.tolist()])
    np.testing.assert_allclose(found, np.stack([out, slope], axis=1), rtol=1e-12, atol=1e-15)


def test_slider_and_choice_change_what_is_said(show):
    tab = show(figures.activation())
    assert tab.locator(".sum").inner_text() == "ReLU of 1.5 is 1.5, and its slope there is 1."
    tab.get_by_role("slider").fill("0")
    assert "There is a kink" in tab.locator(".sum").inner_text()
    tab.get_by_role("combobox").select_option("sigmoid")
    assert tab.locator(".sum").inner_text() == "sigmoid of 0 is 0.5, and its slope there is 0.25."


def test_dragging_moves_the_input(show):
    tab = show(figures.activation())
    box = tab.get_by_role("img").bounding_box()
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] * 0.7, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.25, middle)
    tab.mouse.up()
    assert tab.locator(".sum").inner_text() == "ReLU of −2 is 0, and its slope there is 0."


@pytest.mark.parametrize("wrong", [{"name": "step"}, {"z": 5}])
def test_wrong_start_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        figures.activation(**wrong)
