"""The pooling stepper against the NumPy engine, and under the reader's hand."""

import numpy as np
import pytest

from cnnbook import figures
from cnnbook.figures.pooling import LAYERS

CASES = 80
FOUR = [[1, 3, 2, 0], [5, 4, 0, 6], [0, 2, 7, 1], [2, 0, 4, 4]]
FIVE = [[1, 3, 2, 0, 1], [5, 4, 0, 6, 0], [0, 2, 7, 1, 3], [2, 0, 4, 4, 2], [0, 1, 0, 2, 9]]
DOUT = [[4, -8], [12, 20]]


def random_cases(rng):
    """Return (x, dout, kind, settings), so many; the entries of x are few, so that many tie."""
    cases = []
    while len(cases) < CASES:
        x = rng.integers(-2, 3, rng.integers(1, 8, size=2)).astype(float)
        settings = {
            "size": int(rng.integers(1, 5)),
            "stride": int(rng.integers(1, 5)),
            "padding": str(rng.choice(["valid", "same"])),
        }
        kind = str(rng.choice(["max", "mean"]))
        if settings["size"] <= min(x.shape):
            shape = forward(x, kind, settings)[0].shape
            cases.append((x, rng.integers(-9, 10, shape).astype(float), kind, settings))
    return cases


def forward(x, kind, settings):
    out, cache = LAYERS[kind][0](x[None, :, :, None], **settings)
    return out[0, :, :, 0], cache


def backward(x, dout, kind, settings):
    _, cache = forward(x, kind, settings)
    return LAYERS[kind][1](dout[None, :, :, None], cache)[0, :, :, 0]


def test_outputs_equal_the_package(arithmetic):
    cases = random_cases(np.random.default_rng(1))
    calls = [[x.tolist(), kind, settings] for x, _, kind, settings in cases]
    found = arithmetic("pooling", "pooled", calls)
    for (x, _, kind, settings), z in zip(cases, found, strict=True):
        np.testing.assert_allclose(z, forward(x, kind, settings)[0], atol=1e-12)


def test_gradients_equal_the_package(arithmetic):
    """After every window: what the first `count` hand back is what they alone would hand back."""
    rng = np.random.default_rng(2)
    cases, calls, expected = random_cases(rng), [], []
    for x, dout, kind, settings in cases:
        count = int(rng.integers(dout.size + 1))
        calls.append([x.tolist(), dout.tolist(), kind, settings, count])
        so_far = dout.ravel() * (np.arange(dout.size) < count)
        expected.append(backward(x, so_far.reshape(dout.shape), kind, settings))
        calls.append([x.tolist(), dout.tolist(), kind, settings])
        expected.append(backward(x, dout, kind, settings))
    assert any(len(set(x.ravel())) < x.size for x, *_ in cases)
    for found, dx in zip(arithmetic("pooling", "gradient", calls), expected, strict=True):
        np.testing.assert_allclose(found, dx, atol=1e-12)


def test_windows_that_hold_a_pixel_are_those_of_a_mean(arithmetic):
    """A window holds a pixel exactly if the mean's backward pass pays the pixel from it."""
    rng = np.random.default_rng(3)
    calls, expected = [], []
    for x, dout, _, settings in random_cases(rng):
        p, q = (int(rng.integers(size)) for size in x.shape)
        places = []
        for i, j in np.ndindex(dout.shape):
            one = np.zeros_like(dout)
            one[i, j] = 1
            if backward(x, one, "mean", settings)[p, q]:
                places.append([i, j])
        calls.append([x.tolist(), p, q, settings])
        expected.append(places)
    assert arithmetic("pooling", "holding", calls) == expected


def numbers(tab, name):
    """Read a grid as the reader sees it, and what a screen reader says of it; they must agree."""
    shown = tab.get_by_role("grid", name=name).locator('[role="gridcell"]')
    texts = shown.evaluate_all("cells => cells.map(c => (c.firstChild?.data ?? '').trim())")
    labels = shown.evaluate_all("cells => cells.map(c => c.ariaLabel.split(': ')[1])")
    for text, label in zip(texts, labels, strict=True):
        assert label.startswith(text or "padding")
    return [float(text.replace("−", "-")) for text in texts if text]


@pytest.mark.parametrize("seed", range(6))
def test_what_is_shown_equals_the_package(show, seed):
    """Both directions, as written in the cells, with the settings in the reader's hand."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (5, 6)).astype(float)
    tab = show(figures.pooling(x, size=2, stride=1))
    settings = {
        "size": int(rng.integers(1, 5)),
        "stride": int(rng.integers(1, 5)),
        "padding": ["valid", "same"][seed % 2],
    }
    tab.get_by_label("size").fill(str(settings["size"]))
    tab.get_by_label("stride").fill(str(settings["stride"]))
    tab.locator("select").select_option(settings["padding"])
    for kind in ("mean", "max"):
        tab.get_by_role("button", name=kind).click()
        tab.get_by_role("button", name="forward").click()
        z = forward(x, kind, settings)[0]
        np.testing.assert_allclose(numbers(tab, "output z"), z.ravel(), atol=0.005001)
        np.testing.assert_array_equal(numbers(tab, "input x"), x.ravel())
        tab.get_by_role("button", name="backward").click()
        delta = np.array(numbers(tab, "error δ")).reshape(z.shape)
        dx = backward(x, delta, kind, settings)
        np.testing.assert_allclose(numbers(tab, "dx = ∂E/∂x"), dx.ravel(), atol=0.005001)
    assert not tab.errors


def test_tie_is_said_and_the_first_wins(show):
    tab = show(figures.pooling(FOUR))
    tab.get_by_role("grid", name="output z").get_by_label("row 1, column 0: 2").hover()
    said = tab.locator(".sum").inner_text()
    assert said.startswith("z[1, 0] = max(0, 2, 2, 0) = 2, won by pixel (2, 1).")
    assert "Tied: (2, 1), (3, 0). The first in reading order, (2, 1)" in said
    x = tab.get_by_role("grid", name="input x")
    assert "chosen" in x.get_by_label("row 2, column 1: 2").get_attribute("class")
    assert "tied" in x.get_by_label("row 3, column 0: 2").get_attribute("class")


def test_mean_is_written_out(show):
    tab = show(figures.pooling([[1, -3, 2], [5, 4, 0], [0, 2, 7]], "mean", padding="same"))
    z = tab.get_by_role("grid", name="output z")
    z.get_by_label("row 0, column 0").hover()
    assert tab.locator(".sum").inner_text() == "z[0, 0] = (1 − 3 + 5 + 4) / 4 = 7 / 4 = 1.75."
    z.get_by_label("row 1, column 1").hover()
    said = tab.locator(".sum").inner_text()
    assert said == "z[1, 1] = 7 / 1 = 7. Padding is left out: 3 of the window's 4 places."


def test_error_is_routed_and_overlapping_windows_add_up(show):
    tab = show(figures.pooling(FIVE, size=3, stride=2, dout=DOUT, backward=True))
    assert tab.locator(".sums").inner_text() == "dx[2, 2] = 4 − 8 + 12 = 8"
    seen = [numbers(tab, "dx = ∂E/∂x")[12]]
    for _ in range(3):
        tab.get_by_role("button", name="one window back").click()
        seen.append(numbers(tab, "dx = ∂E/∂x")[12])
    assert seen == [8, 8, -4, 4]
    assert tab.locator(".sums").inner_text() == ""
    said = tab.locator(".sum").inner_text()
    assert said == "Window (0, 0) hands all of δ[0, 0] = 4 to its winner, pixel (2, 2)."


def test_tie_pays_the_first(show):
    """The chapter's question: with a 7 over the 9, the last window pays the 7 in the centre."""
    tab = show(figures.pooling(FIVE, size=3, stride=2, dout=DOUT, backward=True))
    nine = tab.get_by_role("grid", name="input x").get_by_label("row 4, column 4: 9")
    nine.click()
    tab.keyboard.type("7")
    tab.keyboard.press("Enter")
    dx = numbers(tab, "dx = ∂E/∂x")
    assert [dx[12], dx[24]] == [28, 0]
    tab.get_by_role("grid", name="error δ").get_by_label("row 1, column 1: 20").focus()
    assert tab.locator(".sum").inner_text().endswith("The first in reading order takes all.")


def test_error_keeps_its_numbers_through_other_settings(show):
    tab = show(figures.pooling(FIVE, size=3, stride=2, dout=DOUT, backward=True))
    tab.get_by_label("stride").fill("1")
    assert numbers(tab, "error δ") == [4, -8, 1, 12, 20, 1, 1, 1, 1]
    tab.get_by_label("stride").fill("2")
    assert numbers(tab, "error δ") == [4, -8, 12, 20]


def test_finger_does_what_the_mouse_does(browser):
    context = browser.new_context(viewport={"width": 320, "height": 700}, has_touch=True)
    tab = context.new_page()
    figure = figures.pooling(FIVE, size=3, stride=2, dout=DOUT, backward=True)
    tab.set_content(f"<!doctype html><html lang='en'><body>{figure.html()}</body></html>")
    tab.wait_for_selector(".cnnbook-figure[data-ready]")
    tab.get_by_role("grid", name="dx = ∂E/∂x").get_by_label("row 2, column 2: 8").tap()
    assert tab.locator(".sum").inner_text().endswith("dx[2, 2] = 4 − 8 + 12 = 8.")
    tab.get_by_role("grid", name="input x").get_by_label("row 0, column 0: 1").tap()
    assert tab.locator(".sum").inner_text().startswith("Pixel (0, 0) is in one window, (0, 0).")
    tab.keyboard.type("9")
    tab.keyboard.press("Enter")
    assert numbers(tab, "dx = ∂E/∂x")[0] == 4
    tab.get_by_role("button", name="one window back").tap()
    assert tab.locator(".sum").inner_text().startswith("Window (1, 0)")
    context.close()


def test_error_is_shared(show):
    """The chapter's own numbers: shares of 1, −2, 3 and 5, and 7 in the centre."""
    tab = show(figures.pooling(FIVE, "mean", size=3, stride=2, dout=[[9, -18], [27, 45]]))
    tab.get_by_role("button", name="backward").click()
    rows = [[1, 1, -1, -2, -2]] * 2 + [[4, 4, 7, 3, 3]] + [[3, 3, 8, 5, 5]] * 2
    assert numbers(tab, "dx = ∂E/∂x") == [value for row in rows for value in row]
    assert "45 / 9 = 5 for each" in tab.locator(".sum").inner_text()
    assert "dx[2, 2] = 9/9 − 18/9 + 27/9 + 45/9 = 7" in tab.locator(".sums").inner_text()


def test_pixel_names_its_windows(show):
    tab = show(figures.pooling(FIVE, size=3, stride=2, dout=DOUT, backward=True))
    tab.get_by_role("grid", name="input x").get_by_label("row 2, column 2").hover()
    assert tab.locator(".sum").inner_text() == (
        "Pixel (2, 2) is in 4 windows: (0, 0), (0, 1), (1, 0), (1, 1). "
        "It wins (0, 0), (0, 1), (1, 0). dx[2, 2] = 4 − 8 + 12 = 8."
    )
    assert tab.locator(".cell.dashed").count() == 4
    for _ in range(2):
        tab.get_by_role("button", name="one window back").click()
    tab.get_by_role("grid", name="dx = ∂E/∂x").get_by_label("row 2, column 2").hover()
    assert tab.locator(".sum").inner_text().endswith("So far dx[2, 2] = 4 − 8 = −4.")
    tab.get_by_label("size").fill("2")
    tab.get_by_role("grid", name="input x").get_by_label("row 4, column 4").hover()
    assert tab.locator(".sum").inner_text() == (
        "Pixel (4, 4) is in no window: no output depends on it. dx[4, 4] = 0."
    )
    assert tab.locator(".missed").count() == 2 * 9


def test_steps_reveal_the_output(show):
    tab = show(figures.pooling(FOUR))
    for _ in range(2):
        tab.get_by_role("button", name="one window back").click()
    output = tab.get_by_role("grid", name="output z")
    assert output.get_by_label("not yet computed").count() == 2
    assert tab.locator(".sum").inner_text().startswith("z[0, 1]")
    tab.get_by_role("button", name="one window on").click()
    assert output.get_by_label("not yet computed").count() == 1


def test_play_goes_through_all_windows(show):
    tab = show(figures.pooling(FOUR, backward=True))
    tab.get_by_role("button", name="play").click()
    assert tab.locator(".sum").inner_text().startswith("Window (0, 0)")
    tab.wait_for_function(
        """() => document.querySelector(".cnnbook-figure").shadowRoot
            .querySelector(".sum").textContent.startsWith("Window (1, 1)")"""
    )


def test_keyboard_walks_and_edits(show):
    tab = show(figures.pooling(FOUR, backward=True, dout=DOUT))
    x = tab.get_by_role("grid", name="input x")
    x.get_by_label("row 0, column 0: 1").focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.type("8")
    tab.keyboard.press("Enter")
    assert x.get_by_label("row 0, column 1: 8").count() == 1
    dx = tab.get_by_role("grid", name="dx = ∂E/∂x")
    assert dx.get_by_label("row 0, column 1: 4").count() == 1  # the 8 beats the 5
    assert dx.get_by_label("row 1, column 0: 0").count() == 1
    error = tab.get_by_role("grid", name="error δ")
    error.get_by_label("row 0, column 0: 4").click()
    tab.keyboard.type("-6")
    tab.keyboard.press("Enter")
    assert dx.get_by_label("row 0, column 1: −6").count() == 1


def test_padding_can_be_pointed_at_and_not_changed(show):
    tab = show(figures.pooling([[1, 2, 3], [4, 5, 6], [7, 8, 9]], size=3, stride=1, padding="same"))
    corner = tab.get_by_role("grid", name="input x").get_by_label("row −1, column −1: padding")
    corner.click()
    assert tab.locator(".sum").inner_text().startswith("Padding is no pixel")
    tab.keyboard.type("5")
    assert tab.locator(".cell input").count() == 0
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.type("5")
    tab.keyboard.press("Enter")
    assert tab.get_by_role("grid", name="input x").get_by_label("row 0, column 0: 5").count() == 1
    assert not tab.errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"x": np.ones((8, 2))}, r"x has shape \(8, 2\)"),
        ({"x": FOUR, "kind": "median"}, "kind is 'median'"),
        ({"x": FOUR, "padding": 1}, "padding is 1"),
        ({"x": FOUR, "size": 5}, "size is 5, expected an int from 1 to 4"),
        ({"x": FOUR, "stride": 9}, "stride is 9"),
        ({"x": FOUR, "dout": [[1]]}, r"dout has shape \(1, 1\), expected \(2, 2\)"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        figures.pooling(**settings)
