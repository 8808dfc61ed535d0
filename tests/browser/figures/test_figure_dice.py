"""The dice against NumPy's convolution, and under the reader's hand."""

import re
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest

from cnnbook import figures

BLUE, ORANGE = [0.1, 0.1, 0.1, 0.1, 0.1, 0.5], [0.3, 0.3, 0.1, 0.1, 0.1, 0.1]  # the chapter's
CASES = 60


def random_die(rng):
    """Return the weights of a die: fair or loaded, whole numbers or not, some faces never there."""
    sides = int(rng.integers(2, 13))
    kind = rng.integers(4)
    if kind == 0:
        return [int(rng.integers(1, 5))] * sides
    if kind == 1:
        weights = rng.integers(0, 10, sides)
    elif kind == 2:
        weights = rng.integers(0, 10, sides) / 10
    else:
        weights = rng.random(sides)
    weights[rng.integers(sides)] = 1
    return weights.tolist()


def shares(weights):
    return np.array(weights) / np.sum(weights)


def number(text):
    return float(Fraction(text.replace("−", "-")))


def show_sum(tab):
    return re.sub(r"\s+", " ", tab.locator(".sum").first.inner_text().replace("\u200a", ""))


def label(tab, word):
    return tab.get_by_role("img", name=word).get_attribute("aria-label")


def boxes(found):
    return [each.bounding_box() for each in found.all()]


def test_convolution_is_numpys(arithmetic):
    rng = np.random.default_rng(1)
    cases = [(random_die(rng), random_die(rng)) for _ in range(CASES)]
    found = arithmetic("dice", "(p, q) => convolve(chances(p), chances(q))", cases)
    for (p, q), z in zip(cases, found, strict=True):
        np.testing.assert_allclose(z, np.convolve(shares(p), shares(q)), rtol=1e-12)


def test_pairs_that_meet_are_those_of_the_total(arithmetic):
    cases = [(K, L, n) for K in range(2, 13) for L in range(2, 13) for n in range(2, K + L + 1)]
    expected = [
        [[k, m] for k in range(1, K + 1) for m in range(1, L + 1) if k + m == n]
        for K, L, n in cases
    ]
    assert arithmetic("dice", "meeting", cases) == expected


def test_many_dice_their_moments_and_the_bell_are_the_chapters(arithmetic):
    rng = np.random.default_rng(2)
    cases = [(random_die(rng), int(rng.integers(1, 11))) for _ in range(CASES)]
    expression = """(weights, count) => {
        const z = totals(chances(weights), count);
        const [mean, variance] = moments(z, count);
        return [z, mean, variance, bell(count, mean, variance), largestGap(z, count)];
    }"""
    for (weights, count), found in zip(cases, arithmetic("dice", expression, cases), strict=True):
        z = reduce(np.convolve, [np.array([0, *shares(weights)])] * count)
        n = np.arange(len(z))
        mean = n @ z
        variance = (n - mean) ** 2 @ z
        np.testing.assert_allclose(found[0], z[count:], rtol=1e-11)
        np.testing.assert_allclose(found[1:3], [mean, variance], rtol=1e-9, atol=1e-12)
        if variance > 1e-9:
            curve = np.exp(-((n - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
            gap = np.abs(z - curve).max() / curve.max()
            np.testing.assert_allclose(found[3:], [curve[count], gap], rtol=1e-9)


def test_what_is_written_is_true(arithmetic):
    """An equals sign stands before the very number, ≈ before one that rounds to three decimals."""
    rng = np.random.default_rng(3)
    cases = []
    for _ in range(4 * CASES):
        p, q = random_die(rng), random_die(rng)
        cases.append((p, q, int(rng.integers(2, len(p) + len(q) + 1))))
    expression = "(p, q, n) => [written(p), written(q), result(p, q, n)]"
    signs = set()
    for (p, q, n), (blue, orange, result) in zip(
        cases, arithmetic("dice", expression, cases), strict=True
    ):
        for weights, die in ((p, blue), (q, orange)):
            off = np.abs([number(text) for text in die["texts"]] - shares(weights)).max()
            assert off < (1e-12 if die["exact"] else 5.001e-4)
        z = np.convolve(shares(p), shares(q))[n - 2]
        assert len({text for _, text in result}) == len(result), "the same number twice"
        for sign, text in result:
            signs.add(sign)
            assert abs(number(text) - z) < (1e-12 if sign == "=" else 5.001e-4)
            assert text.count("/") == 0 or sign == "="
        if blue["exact"] and orange["exact"] and z > 0 and len(result) == 1:
            assert len(result[0][1]) <= 6
    assert signs == {"=", "≈"}


def test_starts_with_the_chapters_four(show):
    tab = show(figures.dice(BLUE, ORANGE))
    letters = "z4 = p1q3 + p2q2 + p3q1 "
    assert show_sum(tab) == letters + "= 0.1 · 0.1 + 0.1 · 0.3 + 0.1 · 0.3 = 0.07"
    assert "total n = 4" in tab.locator(".steps").inner_text()
    assert "3 of 36 pairs" in tab.locator(".steps").inner_text()
    assert label(tab, "The blue faces").endswith("1 above 3, 2 above 2, 3 above 1.")
    assert label(tab, "up to 4").endswith(": 2: 0.03, 3: 0.06, 4: 0.07.")
    for die in ("blue die", "orange die"):
        panel = tab.get_by_role("group", name=die)
        loaded = panel.get_by_role("button", name="loaded")
        assert loaded.get_attribute("aria-pressed") == "true"
        panel.get_by_role("button", name="fair").click()
        assert loaded.get_attribute("aria-pressed") == "false"
    end = "= 1/6 · 1/6 + 1/6 · 1/6 + 1/6 · 1/6 = 3/36 = 1/12 ≈ 0.083"
    assert show_sum(tab) == letters + end
    assert not tab.errors


@pytest.mark.parametrize("seed", range(4))
def test_every_total_is_numpys_when_weights_are_typed(show, seed):
    """Random sides and weights through the controls, then every total, step by step."""
    rng = np.random.default_rng(seed)
    tab = show(figures.dice(total=2))
    weights = []
    for die in ("blue die", "orange die"):
        panel = tab.get_by_role("group", name=die)
        weights.append(random_die(rng))
        panel.get_by_label("sides").fill(str(len(weights[-1])))
        fields = panel.get_by_role("textbox")
        assert fields.count() == len(weights[-1])
        first = int(np.argmax(weights[-1]))  # first, so that never all are zero
        for k in [first, *range(len(weights[-1]))]:
            fields.nth(k).fill(repr(weights[-1][k]))
            fields.nth(k).press("Enter")
    assert tab.locator(".refused:not(:empty)").count() == 0
    p, q = (shares(each) for each in weights)
    z = np.convolve(p, q)
    on = tab.get_by_role("button", name="one total on")
    for n in range(2, len(z) + 2):
        parts = re.findall(r"(\d+): ([\d.]+)(?=[,.])", label(tab, f"up to {n}:").split(":", 1)[1])
        assert [int(total) for total, _ in parts] == list(range(2, n + 1))
        np.testing.assert_allclose([float(v) for _, v in parts], z[: n - 1], atol=5.001e-4)
        shown = show_sum(tab).rsplit(" ", 1)[1]
        assert abs(number(shown) - z[n - 2]) < 5.001e-4
        assert on.is_disabled() == (n == len(z) + 1)
        assert tab.get_by_role("slider", name="total").input_value() == str(n)
        if n <= len(z):
            on.click()
    assert not tab.errors


def test_the_scrubber_goes_from_the_first_total_to_the_last(show):
    tab = show(figures.dice(total=7))
    scrubber = tab.get_by_role("slider", name="total")
    for key, total in (("Home", 2), ("ArrowRight", 3), ("End", 12)):
        scrubber.press(key)
        assert scrubber.input_value() == str(total)
        assert label(tab, f"up to {total}:")


def test_height_of_every_brick_is_its_product(show):
    tab = show(figures.dice(BLUE, ORANGE, total=12, number=None))
    piles = tab.evaluate(
        """() => [...document.querySelector(".cnnbook-figure").shadowRoot
            .querySelectorAll(".chart .grows")].map((pile) =>
                [...pile.querySelectorAll("rect[fill^=var]")].map((r) => r.height.baseVal.value))"""
    )
    p, q = np.array(BLUE), np.array(ORANGE)
    scale = max(sum(pile) for pile in piles) / np.convolve(p, q).max()
    for n, pile in enumerate(piles, 2):
        products = [p[k - 1] * q[n - k - 1] for k in range(1, 7) if 1 <= n - k <= 6]
        np.testing.assert_allclose(np.array(pile) / scale, products, atol=1e-6)


def test_orange_row_is_dragged(show):
    tab = show(figures.dice())
    stage = tab.get_by_role("img", name="The blue faces")
    box = stage.bounding_box()
    cell = 46
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 3 * cell + 5, y, steps=5)
    assert "total n = 7" in tab.locator(".steps").inner_text()
    tab.mouse.move(x - 30 * cell, y, steps=5)
    tab.mouse.up()
    assert "total n = 2" in tab.locator(".steps").inner_text()
    tab.mouse.move(x, y)
    assert "total n = 2" in tab.locator(".steps").inner_text()
    assert not tab.errors


def test_faces_that_meet_stand_above_each_other(show):
    tab = show(figures.dice([1] * 4, [1] * 9, total=6, number=None), reduced_motion="reduce")
    rows = tab.evaluate(
        """() => ["stays", "slides"].map((row) => [...document.querySelector(".cnnbook-figure")
            .shadowRoot.querySelector("." + row).children].map((face) => {
                const box = face.querySelector("g").getBoundingClientRect();
                return [(box.left + box.right) / 2, !face.matches(".faint")];
            }))"""
    )
    for k, (x, lit) in enumerate(rows[0], 1):
        below, also = rows[1][6 - k - 1]
        assert abs(x - below) < 0.01
        assert lit and also
    assert [lit for _, lit in rows[1]] == [1 <= 6 - face <= 4 for face in range(1, 10)]
    dots = [box["x"] + box["width"] / 2 for box in boxes(tab.locator(".stage > text:visible"))]
    np.testing.assert_allclose(dots, [x for x, _ in rows[0]], atol=0.5)


def test_bar_that_is_tapped_is_the_total(show):
    tab = show(figures.dice())
    chart = tab.get_by_role("img", name="up to 4")
    chart.click(position={"x": chart.bounding_box()["width"] / 2, "y": 100})
    assert show_sum(tab).startswith("z7 = p1q6 + p2q5")


def test_play_goes_on_and_stops_at_the_end(show):
    tab = show(figures.dice([1, 1], [1, 1], total=2, number=None))
    tab.get_by_role("button", name="play").click()
    tab.get_by_text("total n = 3").wait_for(timeout=3000)
    tab.get_by_text("total n = 4").wait_for(timeout=3000)
    tab.get_by_role("button", name="play").wait_for(timeout=3000)
    assert not tab.errors


@pytest.mark.parametrize("text", ["six", "", "-1", "1000", "1e9", "NaN", "1/6", "--", "Infinity"])
def test_weight_that_is_none_is_refused(show, text):
    tab = show(figures.dice(BLUE, ORANGE))
    before = show_sum(tab)
    field = tab.get_by_role("textbox", name="orange die, face 2")
    field.fill(text)
    field.press("Enter")
    said = tab.get_by_role("group", name="orange die").get_by_role("status")
    assert said.inner_text() == "Only a number from 0 to 999 fits here: face 2 keeps 0.3."
    assert field.input_value() == "0.3"
    assert show_sum(tab) == before
    field.fill("0,7")
    field.press("Tab")
    assert said.inner_text() == ""
    assert "weight 0.7, chance 7/14" in field.get_attribute("aria-label")
    assert not tab.errors


def test_one_weight_stays_above_zero(show):
    tab = show(figures.dice())
    panel = tab.get_by_role("group", name="blue die")
    fields = panel.get_by_role("textbox")
    for k in range(6):
        fields.nth(k).fill("0")
        fields.nth(k).press("Enter")
    assert [fields.nth(k).input_value() for k in range(6)] == ["0"] * 5 + ["1"]
    assert panel.get_by_role("status").inner_text().startswith("One face has to come")
    assert "nothing spreads, so there is no curve" in tab.locator(".many").inner_text()
    assert show_sum(tab).endswith("+ 0 · 1/6 = 0")
    panel.get_by_label("sides").fill("3")  # what is left would all be zero
    assert [fields.nth(k).input_value() for k in range(3)] == ["1"] * 3
    assert not tab.errors


def test_whatever_is_typed_no_number_is_lost(show):
    """Tiny, huge and crooked weights, a few dice each: no NaN in any text, label or drawing."""
    tab = show(figures.dice(number=3))
    rng = np.random.default_rng(5)
    typed = ["1e-300", "999", "0", "5e-324", "0.001", "33.3333", "-0", ".5", "x", "1e-9", "０"]
    fields = tab.get_by_role("textbox")
    for _ in range(40):
        field = fields.nth(int(rng.integers(12)))
        field.fill(str(rng.choice(typed)))
        field.press("Enter")
        tab.get_by_label("dice:").fill(str(rng.integers(1, 11)))
        tab.get_by_label("total", exact=True).fill(str(rng.integers(0, 11)))
        html = tab.evaluate("document.querySelector('.cnnbook-figure').shadowRoot.innerHTML")
        assert not re.search(r"NaN|Infinity|undefined|∞|\?", html)
    assert not tab.errors


@pytest.mark.parametrize("kind", ["fair", "loaded"])
def test_bell_says_what_the_chapter_computes(show, kind):
    tab = show(figures.dice(BLUE, None, number=2))
    tab.get_by_role("button", name=kind).click()
    gaps = {"fair": {2: "8.26", 5: "3.15"}, "loaded": {2: "109.72", 5: "15.89"}}[kind]
    for number_of_dice, gap in gaps.items():
        tab.get_by_label("dice:").fill(str(number_of_dice))
        assert f"lie at most {gap} % of" in tab.locator(".many").inner_text()
    mean = {"fair": "μ = 21, variance σ² = 17.5", "loaded": "μ = 27, variance σ² = 19.5"}[kind]
    tab.get_by_role("button", name="one more die").click()
    assert mean in tab.locator(".many").inner_text()
    assert "of 6 dice from" in label(tab, "Bars")
    for _ in range(4):
        tab.get_by_role("button", name="one more die").click()
    assert tab.get_by_role("button", name="one more die").is_disabled()
    assert tab.get_by_label("dice:").input_value() == "10"
    assert not tab.errors


def test_even_faces_keep_the_bell_away(show):
    tab = show(figures.dice([0, 1, 0, 1, 0, 1], None, number=10))
    assert "at most 98.14 % of the curve's peak" in tab.locator(".many").inner_text()


def test_two_odd_dice_make_no_seven(show):
    tab = show(figures.dice([1, 0, 1, 0, 1, 0], [1, 0, 2, 0, 3, 0], total=7, number=None))
    assert show_sum(tab).endswith("= 0")
    assert ", 7: 0." in label(tab, "up to 7")


def test_loaded_stays_loaded_when_sides_are_added(show):
    tab = show(figures.dice(BLUE, ORANGE))
    panel = tab.get_by_role("group", name="blue die")
    panel.get_by_label("sides").fill("8")
    fields = panel.get_by_role("textbox")
    assert [fields.nth(k).input_value() for k in range(8)] == ["1"] * 7 + ["7"]
    assert tab.get_by_label("total", exact=True).get_attribute("max") == "14"
    assert "of 48 pairs" in tab.locator(".steps").inner_text()


def test_nothing_moves_by_itself_where_motion_is_unwanted(show):
    for motion, expected in (("reduce", "0s"), ("no-preference", "0.3s")):
        tab = show(figures.dice(), reduced_motion=motion)
        seen = tab.locator(".slides").evaluate("node => getComputedStyle(node).transitionDuration")
        assert seen == expected


@pytest.mark.parametrize("width", [320, 390, 900])
@pytest.mark.parametrize("total", [2, 13, 24])
def test_nothing_is_cut_off(show, width, total):
    """Every number of the lit pairs, the bars and the curve lies inside its drawing."""
    tab = show(figures.dice([1] * 12, [1] * 12, total=total, number=10), width=width)
    out = tab.evaluate(
        """() => [...document.querySelector(".cnnbook-figure").shadowRoot
            .querySelectorAll(".drawing")].flatMap((drawing) => {
                const box = drawing.getBoundingClientRect();
                return [...drawing.querySelectorAll("text")]
                    .filter((text) => text.getAttribute("visibility") !== "hidden"
                        && !text.closest(".faint"))
                    .filter((text) => {
                        const at = text.getBoundingClientRect();
                        return at.left < box.left - 1 || at.right > box.right + 1
                            || at.top < box.top - 1 || at.bottom > box.bottom + 1;
                    }).map((text) => text.textContent);
            })"""
    )
    assert out == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"p": [1]}, "from 2 to 12 weights in a row"),
        ({"p": [1] * 13}, "from 2 to 12 weights in a row"),
        ({"q": [[1, 2], [3, 4]]}, "q has shape"),
        ({"p": [1, -1]}, "expected weights from 0 to 999"),
        ({"p": [0, 0]}, "not all of them 0"),
        ({"q": [1, float("nan")]}, "expected weights"),
        ({"total": 13}, "expected a number from 2 to 12"),
        ({"number": 11}, "expected a number of dice from 1 to 10"),
        ({"q": None, "number": None}, "nothing is left"),
    ],
)
def test_wrong_start_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        figures.dice(**wrong)
