"""The convolution stepper against the NumPy engine, and under the reader's hand."""

import numpy as np

from cnnbook import figures
from cnnbook.layers import conv2d_backward, conv2d_forward

CASES = 60


def random_cases(rng):
    """Return (x, w, b, settings) that fit, channels last, so many."""
    cases = []
    while len(cases) < CASES:
        H, W, C, F = rng.integers(3, 8), rng.integers(3, 8), rng.integers(1, 4), rng.integers(1, 3)
        K = rng.integers(1, 4, size=2)
        settings = {
            "stride": int(rng.integers(1, 4)),
            "padding": int(rng.integers(0, 3)),
            "dilation": int(rng.integers(1, 4)),
            "flip": bool(rng.integers(2)),
        }
        reach = (K - 1) * settings["dilation"] + 1
        if np.all(reach <= np.array([H, W]) + 2 * settings["padding"]):
            x = rng.integers(-9, 10, (H, W, C)).astype(float)
            w = rng.integers(-9, 10, (*K, C, F)).astype(float)
            cases.append((x, w, rng.normal(size=F), settings))
    return cases


def to_script(x, w, b, settings):
    return [x.transpose(2, 0, 1).tolist(), w.transpose(3, 2, 0, 1).tolist(), b.tolist(), settings]


def test_layer_equals_the_package(arithmetic):
    cases = random_cases(np.random.default_rng(1))
    found = arithmetic("convolution", "layer", [to_script(*case) for case in cases])
    for (x, w, b, settings), outputs in zip(cases, found, strict=True):
        settings = dict(settings)
        kernel = w[::-1, ::-1] if settings.pop("flip") else w
        expected, _ = conv2d_forward(x[None], kernel, b, **settings)
        np.testing.assert_allclose(np.moveaxis(outputs, 0, -1), expected[0], atol=1e-12)


def test_reached_outputs_are_those_with_a_gradient(arithmetic):
    """An input reaches an output exactly if the backward pass finds a way from it."""
    rng = np.random.default_rng(2)
    calls, expected = [], []
    for x, w, _, settings in random_cases(rng):
        ones = np.ones((*w.shape[:2], 1, 1))
        padded = np.pad(x[:, :, :1], ((settings["padding"],) * 2,) * 2 + ((0, 0),))
        how = {"stride": settings["stride"], "dilation": settings["dilation"]}
        out, cache = conv2d_forward(padded[None], ones, np.zeros(1), **how)
        p, q = (int(rng.integers(size)) for size in padded.shape[:2])
        places = []
        for i, j in np.ndindex(out.shape[1:3]):
            dout = np.zeros_like(out)
            dout[0, i, j] = 1
            dx, _, _ = conv2d_backward(dout, cache)
            if dx[0, p, q, 0]:
                places.append([i, j])
        calls.append([p, q, *out.shape[1:3], list(w.shape[:2]), settings])
        expected.append(places)
    assert arithmetic("convolution", "reached", calls) == expected


def test_output_explains_itself(show):
    figure = figures.convolution([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]])
    tab = show(figure)
    output = tab.get_by_role("grid", name="output")
    output.get_by_label("row 0, column 1: 25").hover()
    assert tab.locator(".sum").inner_text() == "z[0, 1] = 1 · 0 + 2 · 1 + 4 · 2 + 5 · 3 = 25"
    tab.get_by_role("grid", name="input").get_by_label("row 1, column 1: 4").hover()
    assert "reaches 4 outputs" in tab.locator(".sum").inner_text()


def test_keyboard_walks_and_edits(show):
    figure = figures.convolution([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]])
    tab = show(figure)
    kernel = tab.get_by_role("grid", name="kernel")
    kernel.get_by_label("row 0, column 0: 0").focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("-")
    tab.keyboard.type("2")
    tab.keyboard.press("Enter")
    assert kernel.get_by_label("row 0, column 1: −2").count() == 1
    output = tab.get_by_role("grid", name="output")
    assert output.get_by_label("row 0, column 0: 16").count() == 1  # 19 - 3 · 1
    tab.keyboard.press("x")
    assert kernel.get_by_label("row 0, column 1: −2").count() == 1


def test_steps_reveal_the_output(show):
    figure = figures.convolution([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]])
    tab = show(figure)
    for _ in range(3):
        tab.get_by_role("button", name=figure.words["back"]).click()
    assert tab.get_by_role("slider", name=figure.words["place"]).input_value() == "1"
    output = tab.get_by_role("grid", name="output")
    assert output.get_by_label("not yet computed").count() == 3
    assert tab.locator(".sum").inner_text().endswith("= 19")


def test_kernel_that_does_not_fit_is_said(show):
    tab = show(figures.convolution([[1, 2], [3, 4]], [[1, 0], [0, 1]]))
    tab.get_by_label("dilation").fill("3")
    assert "nothing fits" in tab.locator(".sum").inner_text()
    assert tab.get_by_role("grid", name="output").is_hidden()
    assert not tab.errors
