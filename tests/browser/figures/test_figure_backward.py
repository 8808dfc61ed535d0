"""The backward stepper against the NumPy engine, and under the reader's hand."""

import numpy as np
import pytest

from cnnbook import figures
from cnnbook.gradcheck import central_difference
from cnnbook.layers import conv2d_backward, conv2d_forward, output_size

CASES = 80
X, W = [[4, 0, 1], [3, 1, 2], [0, 2, 5]], [[1, 2], [3, 4]]


def random_cases(rng):
    """Return (x, w, delta, stride, padding) that fit, channels last, so many."""
    cases = []
    while len(cases) < CASES:
        H, W, C, F = rng.integers(1, 8), rng.integers(1, 8), rng.integers(1, 3), rng.integers(1, 3)
        KH, KW = rng.integers(1, 4, size=2)
        stride, padding = int(rng.integers(1, 4)), int(rng.integers(0, 3))
        if H + 2 * padding >= KH and W + 2 * padding >= KW:
            outs = [
                output_size(int(side), int(K), stride, padding) for side, K in ((H, KH), (W, KW))
            ]
            x = rng.integers(-9, 10, (H, W, C)).astype(float)
            w = rng.integers(-9, 10, (KH, KW, C, F)).astype(float)
            cases.append((x, w, rng.normal(size=(*outs, F)), stride, padding))
    left_over = [
        S == 3 and (len(x) + 2 * P - len(w)) % 3 > 0 for x, w, _, S, P in cases if len(x) > 1
    ]
    assert sum(left_over) > 5  # rows that no window reaches
    return cases


def engine(x, w, delta, stride):
    """Return dx and dw of the package for a picture with its padding."""
    _, cache = conv2d_forward(x[None], w, np.zeros(w.shape[3]), stride=stride)
    dx, dw, _ = conv2d_backward(delta[None], cache)
    return dx[0], dw


def pad(x, P):
    return np.pad(x, ((P, P), (P, P), (0, 0)))


def as_picture(values):
    return np.asarray(values).transpose(2, 0, 1).tolist()


def as_filters(values):
    return np.asarray(values).transpose(3, 2, 0, 1).tolist()


def to_script(x, w, delta, stride, padding, wrong=False):
    settings = {"stride": stride, "padding": padding, "wrong": wrong}
    return [as_picture(pad(x, padding)), as_filters(w), as_picture(delta), settings]


@pytest.mark.parametrize("wrong", [False, True])
def test_gradient_of_the_input_equals_the_package(arithmetic, wrong):
    """Wrong is the package with the kernel turned once too often."""
    cases = random_cases(np.random.default_rng(1))
    calls = [to_script(*case, wrong) for case in cases]
    for (x, w, delta, S, P), found in zip(
        cases, arithmetic("backward", "inputGradient", calls), strict=True
    ):
        w = np.ascontiguousarray(w[::-1, ::-1]) if wrong else w
        dx, _ = engine(pad(x, P), w, delta, S)
        np.testing.assert_allclose(np.moveaxis(found, 0, -1), dx, atol=1e-12)
        _, cache = conv2d_forward(x[None], w, np.zeros(w.shape[3]), stride=S, padding=P)
        crop = dx[P : P + len(x), P : P + x.shape[1]]
        np.testing.assert_allclose(crop, conv2d_backward(delta[None], cache)[0][0], atol=1e-12)


@pytest.mark.parametrize("wrong", [False, True])
def test_gradient_of_the_weights_equals_the_package(arithmetic, wrong):
    """Wrong is the package with the error turned."""
    cases = random_cases(np.random.default_rng(2))
    calls = [to_script(*case, wrong) for case in cases]
    for (x, w, delta, S, P), found in zip(
        cases, arithmetic("backward", "weightGradient", calls), strict=True
    ):
        _, cache = conv2d_forward(x[None], w, np.zeros(w.shape[3]), stride=S, padding=P)
        delta = np.ascontiguousarray(delta[::-1, ::-1]) if wrong else delta
        _, dw, _ = conv2d_backward(delta[None], cache)
        np.testing.assert_allclose(np.transpose(found, (2, 3, 1, 0)), dw, atol=1e-12)


def test_differences_are_those_of_the_package(arithmetic):
    """The page nudges its own forward pass, the test that of the package."""
    cases = random_cases(np.random.default_rng(3))[:25]
    calls = [to_script(*case) for case in cases]
    both = {}
    for name in ("x", "w"):
        script = f"(x, w, error, s) => differences({name}, x, w, error, s.stride)"
        both[name] = arithmetic("backward", script, calls)
    for (x, w, delta, S, P), by_x, by_w in zip(cases, both["x"], both["w"], strict=True):
        x, nothing = pad(x, P), np.zeros(w.shape[3])

        def loss(x, w, delta=delta, S=S, nothing=nothing):
            return (delta * conv2d_forward(x[None], w, nothing, stride=S)[0]).sum()

        expected = central_difference(lambda x, w=w: loss(x, w), x)
        np.testing.assert_allclose(np.moveaxis(by_x, 0, -1), expected, atol=1e-5)
        expected = central_difference(lambda w, x=x: loss(x, w), w)
        np.testing.assert_allclose(np.transpose(by_w, (2, 3, 1, 0)), expected, atol=1e-5)
        dx, dw = engine(x, w, delta, S)
        np.testing.assert_allclose(np.moveaxis(by_x, 0, -1), dx, atol=1e-9)
        np.testing.assert_allclose(np.transpose(by_w, (2, 3, 1, 0)), dw, atol=1e-9)


def test_differences_leave_everything_as_it_was(arithmetic):
    calls = [to_script(*case) for case in random_cases(np.random.default_rng(4))[:5]]
    script = """(x, w, error, s) => {
        const before = JSON.stringify([x, w, error]);
        differences(x, x, w, error, s.stride);
        differences(w, x, w, error, s.stride);
        return before === JSON.stringify([x, w, error]);
    }"""
    assert all(arithmetic("backward", script, calls))


def test_spread_error_is_that_of_the_chapter(arithmetic):
    """Slid over by the turned kernel, it gives the gradient: one place for each entry."""
    cases = random_cases(np.random.default_rng(5))
    calls = []
    for x, w, delta, S, P in cases:
        shape = pad(x, P).shape[:2]
        calls.append([delta[:, :, 0].tolist(), list(w.shape[:2]), list(shape), S])
    for (x, w, delta, S, P), found in zip(
        cases, arithmetic("backward", "spread", calls), strict=True
    ):
        found, (KH, KW) = np.asarray(found), w.shape[:2]
        dx, _ = engine(pad(x, P), w[:, :, :, :1], delta[:, :, :1], S)
        turned = w[::-1, ::-1, :, :1].transpose(0, 1, 3, 2)
        slid, _ = conv2d_forward(found[None, :, :, None], turned.copy(), np.zeros(w.shape[2]))
        np.testing.assert_allclose(slid[0], dx, atol=1e-12)
        inside = found[KH - 1 :: S, KW - 1 :: S][: delta.shape[0], : delta.shape[1]]
        np.testing.assert_array_equal(inside, delta[:, :, 0])
        assert np.count_nonzero(found) == np.count_nonzero(delta[:, :, 0])


def sum_of(tab):
    return tab.locator(".sum").inner_text()


def check_of(tab):
    return tab.locator(".sum + p").inner_text()


def cells(tab, name):
    """What a grid shows, row by row."""
    labels = tab.get_by_role("grid", name=name, exact=True).get_by_role("gridcell")
    return [label.get_attribute("aria-label").split(": ")[1] for label in labels.all()]


@pytest.fixture
def for_input(show):
    return show(figures.backward(X, W, [[2, -1], [1, 3]]))


@pytest.fixture
def for_weights(show):
    return show(figures.backward(X, W, [[1, -1], [2, 3]], of="dw"))


def test_input_begins_in_the_middle(for_input):
    assert cells(for_input, "∂E/∂X") == ["2", "3", "−2", "7", "10", "2", "3", "13", "12"]
    assert cells(for_input, "kernel rot(W)") == ["4", "3", "2", "1"]
    assert sum_of(for_input) == "∂E/∂x[1, 1] = 2 · 4 + (−1) · 3 + 1 · 2 + 3 · 1 = 10"
    assert "Z: 10. ✓ The sum agrees. So do all 9." in check_of(for_input)


def test_pointing_tapping_and_keys_explain_a_number(for_input):
    gradient = for_input.get_by_role("grid", name="∂E/∂X")
    gradient.get_by_label("row 0, column 1: 3").hover()
    assert sum_of(for_input) == "∂E/∂x[0, 1] = 2 · 2 + (−1) · 1 = 3"
    gradient.get_by_label("row 2, column 2: 12").click()
    assert sum_of(for_input) == "∂E/∂x[2, 2] = 3 · 4 = 12"
    for_input.keyboard.press("ArrowUp")
    assert sum_of(for_input) == "∂E/∂x[1, 2] = −1 · 4 + 3 · 2 = 2"


def test_tab_leads_to_the_number_that_is_explained(for_input):
    said = []
    for _ in range(20):
        for_input.keyboard.press("Tab")
        said.append(sum_of(for_input).split(" is ")[0].split(" = ")[0])
    assert said.count("Error (0, 0)") == 1
    assert said.count("∂E/∂x[1, 1]") == 19
    assert not for_input.errors


def test_steps_make_the_numbers_appear(for_input):
    assert "not yet computed" not in cells(for_input, "∂E/∂X")
    for_input.get_by_label("number of the gradient").fill("0")
    assert cells(for_input, "∂E/∂X") == ["2"] + ["not yet computed"] * 8
    for_input.get_by_role("button", name="one number on").click()
    assert cells(for_input, "∂E/∂X")[:3] == ["2", "3", "not yet computed"]
    for_input.get_by_role("button", name="play").click()
    for_input.get_by_role("grid", name="∂E/∂X").get_by_label("row 0, column 2: −2").wait_for()
    assert not for_input.errors


def test_kernel_left_unturned_is_wrong_and_said_to_be(for_input):
    for_input.get_by_role("button", name="leave the kernel unturned").click()
    shown = cells(for_input, "∂E/∂X")
    assert shown == ["8≠2", "2≠3", "−3≠−2", "8≠7", "15≠10", "8≠2", "2≠3", "7≠13", "3≠12"]
    assert cells(for_input, "kernel W") == ["1", "2", "3", "4"]
    assert sum_of(for_input) == "∂E/∂x[1, 1] = 2 · 1 + (−1) · 2 + 1 · 3 + 3 · 4 = 15"
    assert "Z: 10. ≠ The sum is 5 too large. 9 of 9 numbers are wrong" in check_of(for_input)
    for_input.get_by_role("button", name="leave the kernel unturned").click()
    assert "≠" not in "".join(cells(for_input, "∂E/∂X")) + check_of(for_input)


def test_turn_of_a_kernel_that_looks_the_same_makes_no_difference(show):
    tab = show(figures.backward(X, [[1, 2], [2, 1]], [[2, -1], [1, 3]], wrong=True))
    assert "✓ The sum agrees. So do all 9." in check_of(tab)


def test_what_no_window_holds_can_be_taken_away(show):
    """The 7 of the chapter on weights: its fifth row and column are in no window."""
    seven = [[int(pixel) for pixel in row] for row in ["02220", "00020", "00210", "01200", "02000"]]
    tab = show(figures.backward(seven, W, [[1, -1], [2, 3]], of="dw", stride=2))
    assert cells(tab, "∂E/∂W") == ["4", "3", "6", "0"]
    tab.get_by_label("rows").fill("4")
    tab.get_by_label("columns").fill("4")
    assert cells(tab, "∂E/∂W") == ["4", "3", "6", "0"]
    tab.get_by_label("rows").fill("5")
    tab.get_by_role("combobox").select_option("dx")
    assert cells(tab, "∂E/∂X")[-4:] == ["0"] * 4


def test_error_turned_is_wrong_and_said_to_be(for_weights):
    assert sum_of(for_weights) == "∂E/∂w[0, 0] = 1 · 4 + (−1) · 0 + 2 · 3 + 3 · 1 = 13"
    assert cells(for_weights, "∂E/∂W") == ["13", "7", "8", "18"]
    for_weights.get_by_role("button", name="turn the error by 180°").click()
    assert cells(for_weights, "error δ, turned") == ["3", "2", "−1", "1"]
    assert cells(for_weights, "∂E/∂W") == ["10≠13", "3≠7", "13≠8", "10≠18"]
    assert "≠ The sum is 3 too small. 4 of 4 numbers are wrong" in check_of(for_weights)


def test_stride_leaves_pixels_unreached(for_input):
    for_input.get_by_label("stride").fill("2")
    assert cells(for_input, "∂E/∂X") == ["2", "4", "0", "6", "8", "0", "0", "0", "0"]
    assert cells(for_input, "error δ") == ["2"]
    for_input.get_by_role("grid", name="∂E/∂X").get_by_label("row 2, column 2: 0").hover()
    assert "∂E/∂x[2, 2] = 0: no window reaches this pixel" in sum_of(for_input)
    assert "Z: 0. ✓" in check_of(for_input)


def test_padding_is_cropped(for_input):
    for_input.get_by_label("padding").fill("1")
    assert len(cells(for_input, "∂E/∂X̃")) == 25
    gradient = for_input.get_by_role("grid", name="∂E/∂X̃")
    gradient.get_by_label("row 0, column 0").hover()
    assert sum_of(for_input).startswith("∂E/∂x̃[0, 0] = 2 · 1 = 2")
    assert "is cropped" in sum_of(for_input)
    assert "numbers are wrong" not in check_of(for_input)


def test_size_of_the_picture_adds_zeros_only(for_input):
    """Two sizes, one error: with stride 2 the larger gradient has a row of zeros more."""
    for_input.get_by_label("stride").fill("2")
    for_input.get_by_label("rows").fill("4")
    for_input.get_by_label("columns").fill("4")
    even = cells(for_input, "∂E/∂X")
    for_input.get_by_label("rows").fill("5")
    assert cells(for_input, "∂E/∂X") == even + ["0"] * 4


def test_error_shows_its_stamp(for_input):
    for_input.get_by_role("grid", name="error δ").get_by_label("row 0, column 1: −1").hover()
    assert "Error (0, 1) is −1. It goes to the 4 entries of its window" in sum_of(for_input)
    stamped = for_input.get_by_role("grid", name="∂E/∂X").locator(".dashed")
    assert [cell.inner_text() for cell in stamped.all()] == ["3", "−2", "10", "2"]
    for_input.get_by_role("grid", name="∂E/∂X").get_by_label("row 1, column 1").hover()
    assert stamped.count() == 0


def test_error_shows_the_pixels_it_met(for_weights):
    for_weights.get_by_role("grid", name="error δ").get_by_label("row 1, column 0: 2").hover()
    assert "Error (1, 0) is 2. Each of the 4 weights met" in sum_of(for_weights)
    met = for_weights.get_by_role("grid", name="input X").locator(".dashed")
    assert [cell.inner_text() for cell in met.all()] == ["3", "1", "0", "2"]


def test_every_number_can_be_changed(for_input):
    def change(grid, cell, value):
        for_input.get_by_role("grid", name=grid, exact=True).get_by_label(cell).click()
        for_input.keyboard.type(value)
        for_input.keyboard.press("Enter")

    change("error δ", "row 1, column 1", "-2")
    change("kernel rot(W)", "row 0, column 0", "5")  # it is w[1, 1]
    dx, _ = engine(
        np.array(X, float)[:, :, None],
        np.array([[1.0, 2], [3, 5]])[:, :, None, None],
        np.array([[2.0, -1], [1, -2]])[:, :, None],
        1,
    )
    shown = [float(text.replace("−", "-")) for text in cells(for_input, "∂E/∂X")]
    assert shown == dx.ravel().tolist()
    for_input.get_by_role("combobox").select_option("dw")
    change("input X", "row 0, column 0", "9")
    assert cells(for_input, "∂E/∂W")[0] == str(2 * 9 - 0 + 3 - 2)
    for_input.get_by_role("button", name="turn the error by 180°").click()
    change("error δ, turned", "row 0, column 0", "7")  # it is δ[1, 1]
    for_input.get_by_role("button", name="turn the error by 180°").click()
    assert cells(for_input, "error δ") == ["2", "−1", "1", "7"]
    assert not for_input.errors


def test_weight_that_meets_only_padding_is_said_to(show):
    tab = show(figures.backward([[5]], np.ones((3, 3)), [[2]], of="dw", padding=1))
    assert "∂E/∂w[0, 0] = 0: this weight meets nothing but padding." in sum_of(tab)
    tab.get_by_role("grid", name="∂E/∂W").get_by_label("row 1, column 1: 10").hover()
    assert sum_of(tab) == "∂E/∂w[1, 1] = 2 · 5 = 10"


def test_depth_adds_over_filters_for_the_input_only(show):
    rng = np.random.default_rng(8)
    x, w = rng.integers(0, 4, (4, 3, 2)), rng.integers(1, 4, (2, 2, 2, 2))
    delta = rng.integers(1, 4, (3, 2, 2))
    tab = show(figures.backward(x, w, delta))
    dx, dw = engine(x.astype(float), w.astype(float), delta.astype(float), 1)
    for c in range(2):
        shown = cells(tab, f"∂E/∂X, channel {c}")
        assert shown == [f"{value:.0f}" for value in dx[:, :, c].ravel()]
    tab.get_by_role("grid", name="∂E/∂X, channel 1").get_by_label("row 1, column 1").hover()
    assert sum_of(tab).count("·") == 8
    assert sum_of(tab).startswith("∂E/∂x[1, 1, 1] = (")
    tab.get_by_role("combobox").select_option("dw")
    for c, f in np.ndindex(2, 2):
        shown = cells(tab, f"∂E/∂W, filter {f}, channel {c}")
        assert shown == [f"{value:.0f}" for value in dw[:, :, c, f].ravel()]
    tab.get_by_role("grid", name="∂E/∂W, filter 1, channel 0").get_by_label("row 0").first.hover()
    assert sum_of(tab).startswith("∂E/∂w[0, 0, 0, 1] = ")
    assert sum_of(tab).count("·") == 6


def test_depth_can_be_added(show):
    figure = figures.backward(X, W, [[2, -1], [1, 3]])
    tab = show(figure)
    for name in ("channels", "filters"):
        tab.get_by_label(name).fill("2")
    x, w, error = (np.array(figure.config[name], float) for name in ("x", "w", "error"))
    x, w = x[:, :3, :3].transpose(1, 2, 0).copy(), w.transpose(2, 3, 1, 0).copy()
    assert x[:, :, 0].tolist() == X and w[:, :, 0, 0].tolist() == W
    dx, dw = engine(x, w, error[:, :2, :2].transpose(1, 2, 0).copy(), 1)

    def shown(name):
        return [float(text.replace("−", "-")) for text in cells(tab, name)]

    for c in range(2):
        assert shown(f"∂E/∂X, channel {c}") == dx[:, :, c].ravel().tolist()
    assert "So do all 18." in check_of(tab)
    tab.get_by_role("combobox").select_option("dw")
    for c, f in np.ndindex(2, 2):
        assert shown(f"∂E/∂W, filter {f}, channel {c}") == dw[:, :, c, f].ravel().tolist()
    tab.get_by_label("filters").fill("1")
    assert tab.get_by_role("grid", name="∂E/∂W").count() == 2
    assert sum_of(tab).startswith("∂E/∂w[0, 0, 0] = ")
    assert not tab.errors


def test_kernel_that_does_not_fit_is_said(for_input):
    for_input.get_by_label("rows").fill("1")
    assert "no window fits" in sum_of(for_input)
    assert for_input.get_by_role("grid").count() == 0
    for_input.get_by_label("padding").fill("1")
    assert sum_of(for_input).startswith("∂E/∂x̃[")
    assert not for_input.errors


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        ((X, np.ones((2, 2, 2, 1)), [[1]]), {}, "the same C"),
        ((X, W, [[1, 2]]), {}, r"delta has shape \(1, 2, 1\), expected \(2, 2, 1\)"),
        ((X, W, [[1]]), {"stride": 4}, "stride is 4, expected 1 to 3"),
        ((X, W, [[1]]), {"padding": 3}, "padding is 3, expected 0 to 2"),
        ((X, W, [[1]]), {"padding": "same"}, "padding is 'same', expected 0 to 2"),
        ((X, W, [[2, -1], [1, 3]]), {"of": "db"}, "of is 'db', expected 'dx'"),
    ],
)
def test_mistakes_are_named(arguments, settings, message):
    with pytest.raises(ValueError, match=message):
        figures.backward(*arguments, **settings)
