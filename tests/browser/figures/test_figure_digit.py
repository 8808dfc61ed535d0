"""Draw a digit: the drawing's way to MNIST's form, the network in the page, the reader's hand."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cnnbook import figures, mnist, weights
from cnnbook.figures import digit_network
from cnnbook.figures.host import joined_script
from cnnbook.losses import softmax
from cnnbook.network import article_network
from cnnbook.predict import to_mnist

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
SIDE = 168
STROKES = """(strokes, side) => {
    const ink = { values: new Float32Array(side * side), height: side, width: side };
    for (const [from, to, radius, rub] of strokes) stroke(ink, from, to, radius, rub);
    const made = toMnist(ink);
    return [Array.from(ink.values), made && { ...made, image: Array.from(made.image) }];
}"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("figure") / "digit-network.js"
    digit_network.keep(path)
    return path


@pytest.fixture(scope="module")
def network(browser, script):
    """A page with the network in it; call it with images in [0, 1] for what it makes of them."""
    tab = browser.new_page()
    tab.add_script_tag(path=script)
    parts = "forward, networkOf, countsOf"
    tab.evaluate(
        f"() => {{ {joined_script('digit')}\n"
        f"Object.assign(window, {{ {parts}, network: networkOf(cnnbookDigitNetwork) }}); }}"
    )

    def run(images):
        return tab.evaluate(
            """(images) => images.map((image) => {
                const made = forward(network, Float32Array.from(image, (grey) => grey / 255));
                return Object.fromEntries(["logits", "probabilities"].map(
                    (name) => [name, Array.from(made[name])]));
            })""",
            np.rint(images.reshape(len(images), -1) * 255).astype(int).tolist(),
        )

    run.tab = tab
    yield run
    tab.close()


def rounded_weights():
    """The weights as the script has them, in double precision."""
    found = weights.load(digit_network.book_folder() / digit_network.WEIGHTS)
    for name, array in found.items():
        if not name.endswith("_b"):
            counts, scale = digit_network.rounded(array)
            found[name] = (counts * scale).astype(np.float32)
    return {name: array.astype(np.float64) for name, array in found.items()}


def drawings(rng, count):
    """Strokes such as a hand makes: a few bent lines of one width, now and then a speck."""
    found = []
    for _ in range(count):
        radius = float(rng.choice([1, 2.5, 6, 6, 9]))
        room = rng.uniform(0.05, 0.9) * SIDE
        corner = rng.uniform(0, SIDE - room, size=2)
        strokes = []
        for _ in range(rng.integers(1, 4)):
            points = corner + rng.uniform(0, room, size=(rng.integers(2, 6), 2))
            points = np.round(points, 2).tolist()
            strokes += [[a, b, radius, False] for a, b in pairwise(points)]
        if rng.random() < 0.3:
            speck = np.round(rng.uniform(0, SIDE, size=2), 2).tolist()
            strokes.append([speck, speck, 1, False])
        if rng.random() < 0.3:
            strokes.append([strokes[0][0], strokes[0][1], radius / 2, True])
        found.append(strokes)
    return found


def test_drawing_takes_the_form_that_the_package_gives_it(arithmetic):
    cases = drawings(np.random.default_rng(3), 60)
    apart = []
    for ink, made in arithmetic("digit", STROKES, [[case, SIDE] for case in cases]):
        if made is None:  # all was rubbed out again
            assert max(ink) <= 0.05
            continue
        ink = np.array(ink, np.float32).reshape(SIDE, SIDE)
        image = np.reshape(made["image"], (28, 28, 1))
        apart.append(np.abs(image - to_mnist(ink)).max())
        rows, columns = np.indices((28, 28))
        weigh = image[:, :, 0] / image.sum()
        np.testing.assert_allclose(
            made["mass"], [(columns * weigh).sum(), (rows * weigh).sum()], atol=1e-4
        )
    assert len(apart) > 55
    assert max(apart) < 1e-5


def soft_picture(rng):
    """A faint line with a wide halo; with it a bar that runs off the edge."""
    rows, columns = np.indices((SIDE, SIDE)) + 0.5
    (x0, y0), (dx, dy) = rng.uniform(30, 130, 2), rng.uniform(-60, 60, 2)
    along = np.clip(((columns - x0) * dx + (rows - y0) * dy) / (dx * dx + dy * dy), 0, 1)
    away = np.hypot(columns - x0 - along * dx, rows - y0 - along * dy)
    ink = rng.uniform(0.4, 0.9) * np.clip(1.6 - away / rng.uniform(4, 10), 0, 1)
    if rng.random() < 0.6:
        ink[int(rng.integers(2, 20)), : int(rng.integers(20, 160))] = 1
        ink[:, : int(rng.integers(1, 4))] = 1
    return np.round(ink, 3).astype(np.float32)


def test_faint_ink_and_what_runs_off_the_edge_go_the_packages_way(arithmetic):
    pictures = [soft_picture(np.random.default_rng(seed)) for seed in range(20)]
    made = arithmetic(
        "digit",
        """(values, side) => Array.from(
            toMnist({ values: Float32Array.from(values), height: side, width: side }).image)""",
        [[picture.ravel().tolist(), SIDE] for picture in pictures],
    )
    for image, picture in zip(made, pictures, strict=True):
        np.testing.assert_allclose(
            np.reshape(image, (28, 28, 1)), to_mnist(picture), rtol=0, atol=1e-5
        )


def test_frame_has_twenty_pixels(arithmetic):
    cases = drawings(np.random.default_rng(4), 20)
    for _, made in arithmetic("digit", STROKES, [[case, SIDE] for case in cases]):
        if made:
            left, top, right, bottom = made["frame"]
            assert max(right - left, bottom - top) == pytest.approx(20, abs=1e-5)


def test_nothing_drawn_is_nothing(arithmetic):
    assert arithmetic("digit", STROKES, [[[], SIDE]])[0][1] is None


def test_script_is_at_most_4_mb(script):
    text = script.read_text(encoding="utf-8")
    assert 3_000_000 < script.stat().st_size <= 4_000_000
    assert "\n" not in text.strip()
    size = f"{script.stat().st_size / 1e6:.1f} MB"
    assert size in figures.digit().words["loading"]


def test_script_is_kept_while_nothing_changed(script):
    before = script.stat().st_mtime_ns
    digit_network.keep(script)
    assert script.stat().st_mtime_ns == before


def test_rounding_stays_within_half_a_step():
    array = np.random.default_rng(5).normal(size=(3, 4, 5))
    counts, scale = digit_network.rounded(array)
    assert np.abs(counts).max() == digit_network.LEVELS
    assert np.all(np.abs(counts * scale - array) <= 0.5 * scale + 1e-6)


def test_weights_are_read_as_they_were_written(network):
    found = rounded_weights()
    for name in ("conv1_w", "conv2_b", "fc2_w"):
        values = network.tab.evaluate(f"Array.from(network.{name})")
        np.testing.assert_allclose(values, found[name].ravel(), atol=1e-6)
    total, last = network.tab.evaluate(
        "[network.fc1_w.reduce((sum, w) => sum + w * w, 0), network.fc1_w.at(-1)]"
    )
    assert total == pytest.approx(np.square(found["fc1_w"]).sum(), rel=1e-6)
    assert last == pytest.approx(found["fc1_w"][-1, -1], rel=1e-6)


def test_logits_are_those_of_the_rounded_weights(network):
    images = mnist.load().test.images[200:250]
    expected = article_network(rounded_weights()).predict(images.astype(np.float64))
    made = network(images)
    np.testing.assert_allclose([each["logits"] for each in made], expected, atol=2e-4)
    shares = [each["probabilities"] for each in made]
    np.testing.assert_allclose(shares, softmax(expected), atol=1e-4)


def test_class_of_a_thousand_test_images_is_tensorflows(network):
    from cnnbook.tf_model import ArticleNetwork  # imported late, as it loads TensorFlow

    images = mnist.load().test.images[:1000]
    exact = weights.load(digit_network.book_folder() / digit_network.WEIGHTS)
    expected = ArticleNetwork(exact)(images).numpy()
    logits = np.array(
        [each["logits"] for k in range(0, 1000, 100) for each in network(images[k : k + 100])]
    )
    assert np.count_nonzero(logits.argmax(axis=1) != expected.argmax(axis=1)) <= 1
    rounding = article_network(rounded_weights()).predict(images.astype(np.float64)) - expected
    assert np.abs(logits - expected).max() <= np.abs(rounding).max() + 1e-3


def test_hard_digits_are_the_hardest():
    test = mnist.load().test
    exact = weights.load(digit_network.book_folder() / digit_network.WEIGHTS)
    network = article_network(exact)
    logits = np.concatenate(
        [network.predict(test.images[k : k + 500]) for k in range(0, len(test), 500)]
    )
    share = softmax(logits)[np.arange(len(test)), test.labels]
    for digit, hard in enumerate(digit_network.HARD):
        assert np.all(test.labels[list(hard)] == digit)
        others = np.setdiff1d(np.flatnonzero(test.labels == digit), hard)
        assert share[list(hard)].max() < share[others].min() + 1e-3


def test_hundred_digits_are_a_hundred(network):
    numbers = np.array(digit_network.hundred_digits())
    assert numbers.shape == (10, 10)
    assert len(set(numbers.ravel())) == 100
    test = mnist.load().test
    assert np.all(test.labels[numbers] == np.arange(10)[:, None])
    greys = network.tab.evaluate("Array.from(countsOf(cnnbookDigitNetwork.digits.text))")
    stored = np.rint(test.images[numbers.ravel()] * 255).ravel()
    np.testing.assert_array_equal(greys, stored)


@pytest.fixture
def figure_page(browser, script):
    """Open the figure as a page of a folder, with its network beside it."""
    contexts = []

    def open_page(network="digit-network.js", **options):
        (script.parent / "page.html").write_text(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Figure</title>'
            '<meta name="viewport" content="width=device-width"></head><body><main><h1>Figure</h1>'
            f"{figures.digit(network).html()}</main></body></html>",
            encoding="utf-8",
        )
        context = browser.new_context(viewport={"width": 900, "height": 1000}, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.asked, tab.errors = [], []
        tab.on("request", lambda request: tab.asked.append(request.url.rsplit("/", 1)[1]))
        tab.on("console", lambda m: m.type == "error" and tab.errors.append(m.text))
        tab.on("pageerror", lambda error: tab.errors.append(str(error)))
        tab.goto((script.parent / "page.html").as_uri())
        tab.wait_for_selector(".cnnbook-figure[data-ready]")
        return tab

    yield open_page
    for context in contexts:
        context.close()


ONE = [(0.5, 0.15), (0.5, 0.4), (0.48, 0.85)]
SEVEN = [(0.25, 0.2), (0.5, 0.18), (0.75, 0.2), (0.6, 0.5), (0.45, 0.85)]


def on_pad(tab, places):
    box = tab.locator(".pad").bounding_box()
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]


def draw_with_mouse(tab, places):
    first, *rest = on_pad(tab, places)
    tab.mouse.move(*first)
    tab.mouse.down()
    for place in rest:
        tab.mouse.move(*place, steps=6)
    tab.mouse.up()


def expect_answer(tab, digit, label=None):
    said = f"It is a {label}." if label is not None else ""
    tab.locator(".answer", has_text=f"The network reads a {digit}, ").wait_for()
    assert tab.locator(".answer").inner_text().endswith(said)
    assert tab.locator(".best").first.inner_text() == str(digit)


def test_drawn_by_mouse(figure_page):
    tab = figure_page()
    assert tab.asked == ["page.html"]
    draw_with_mouse(tab, SEVEN)
    expect_answer(tab, 7)
    assert tab.asked == ["page.html", "digit-network.js"]
    assert "20" in tab.locator(".narrow").first.inner_text()
    assert tab.locator(".pad .frame").is_visible()
    tab.get_by_role("button", name="clear").click()
    assert "The network reads" not in tab.locator(".answer").inner_text()
    assert tab.locator(".first").is_hidden()
    draw_with_mouse(tab, ONE)
    expect_answer(tab, 1)
    assert not tab.errors


def test_drawn_by_finger(figure_page):
    tab = figure_page(has_touch=True, is_mobile=True)
    wire = tab.context.new_cdp_session(tab)

    def touch(kind, points):
        wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    first, *rest = on_pad(tab, SEVEN)
    touch("touchStart", [{"x": first[0], "y": first[1]}])
    before = first
    for place in rest:
        for share in (0.25, 0.5, 0.75, 1):
            x, y = (a + share * (b - a) for a, b in zip(before, place, strict=True))
            touch("touchMove", [{"x": x, "y": y}])
        before = place
    touch("touchEnd", [])
    expect_answer(tab, 7)
    assert tab.evaluate("scrollY") == 0
    assert not tab.errors


def test_drawn_by_keys(figure_page):
    tab = figure_page()
    tab.keyboard.press("Tab")
    for _ in range(9):
        tab.keyboard.press("ArrowUp")
    tab.keyboard.press("Space")
    for _ in range(18):
        tab.keyboard.press("ArrowDown")
    expect_answer(tab, 1)
    assert "The pen is down, at 50 across" in tab.locator("[aria-live]").first.inner_text()
    tab.keyboard.press("Delete")
    assert "The network reads" not in tab.locator(".answer").inner_text()
    assert tab.locator(".pen").is_visible()
    assert tab.evaluate("scrollY") == 0
    assert not tab.errors


def test_what_is_rubbed_out_is_gone(figure_page):
    tab = figure_page()
    draw_with_mouse(tab, ONE)
    expect_answer(tab, 1)
    tab.get_by_role("button", name="rub out").click()
    draw_with_mouse(tab, ONE)
    tab.locator(".answer", has_text="reads what you draw").wait_for()


def test_any_of_a_hundred_test_digits(figure_page):
    tab = figure_page()
    tab.get_by_role("button", name="a hundred test digits").click()
    tiles = tab.locator(".hundred .tile")
    tiles.first.wait_for()
    assert tiles.count() == 100
    assert tab.get_by_label("a hard one").count() == 50
    tab.get_by_label("test image 0, a 7").click()
    expect_answer(tab, 7)
    tab.get_by_label("test image 2130, a 4, a hard one").click()
    expect_answer(tab, 9, 4)
    assert "Test image 2130" in tab.locator(".narrow").first.inner_text()
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("Enter")
    chosen = tiles.and_(tab.locator("[aria-selected=true]")).get_attribute("aria-label")
    assert chosen.startswith(f"test image {digit_network.HARD[3][3]}, a 3")
    draw_with_mouse(tab, [(0.1, 0.1), (0.12, 0.1)])
    assert "Scaled" in tab.locator(".narrow").first.inner_text()
    assert not tab.errors


def test_picked_map_shows_its_filter_and_its_largest_value(figure_page):
    tab = figure_page()
    tab.get_by_role("button", name="a hundred test digits").click()
    tab.get_by_label("test image 0, a 7").click()
    expect_answer(tab, 7)
    image = mnist.load().test.images[:1].astype(np.float64)
    network = article_network(rounded_weights())
    stages = network.stages(image)
    for layer, stage, k in (("first", "relu1", 12), ("second", "relu2", 37)):
        tab.locator(f".{layer} .tile").nth(k).click()
        activation = stages[stage][0, :, :, k]
        i, j = np.unravel_index(activation.argmax(), activation.shape)
        said = f"Map {k} of the {layer} layer: its largest value is {activation.max():.2f}"
        assert tab.get_by_text(f"{said}, at row {i}, column {j}.").is_visible()
        assert tab.get_by_role("grid", name=f"filter {k}").is_visible() == (layer == "first")
        assert tab.locator(".kernels").is_visible() == (layer == "second")
        if layer == "first":
            weight = network.params["conv1_w"][3, 1, 0, k]
            cell = tab.get_by_role("grid", name="filter").get_by_label("row 3, column 1:")
            shown = cell.get_attribute("aria-label").split(": ")[1].replace("−", "-")
            assert float(shown) == pytest.approx(weight, abs=0.006)
    units = np.count_nonzero(stages["relu3"] > 0)
    assert tab.get_by_role("img", name=f"{units} of 1,024").is_visible()


def test_every_state_is_sound_and_fits(figure_page):
    for width in (320, 900):
        for theme in ("light", "dark"):
            tab = figure_page()
            tab.set_viewport_size({"width": width, "height": 800})
            tab.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
            tab.get_by_role("button", name="a hundred test digits").click()
            tab.get_by_label("test image 0, a 7").click()
            expect_answer(tab, 7)
            tab.locator(".second .tile").nth(3).click()
            over = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{over} pixels too wide at {width}"
            tab.evaluate(AXE.read_text(encoding="utf-8"))
            found = tab.evaluate(
                """async () => (await axe.run()).violations
                    .filter(rule => ["serious", "critical"].includes(rule.impact))
                    .map(rule => `${rule.id}: ${rule.nodes[0].html.slice(0, 150)}`)"""
            )
            assert not found, (width, theme)
            assert not tab.errors


def test_missing_network_is_said(figure_page):
    tab = figure_page(network="nowhere.js")
    draw_with_mouse(tab, ONE)
    tab.locator(".answer", has_text="The network's file is not here").wait_for()
    draw_with_mouse(tab, SEVEN)
    assert tab.locator(".seen .frame").is_visible()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_front_page_reads_a_digit(browser, origins, scheme):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    asked, errors = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda m: m.type == "error" and errors.append(m.text))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(f"{origins[scheme]}book/preface.html")
    tab.wait_for_selector(".cnnbook-figure[data-ready]")
    assert not any("digit-network" in url for url in asked)
    tab.locator(".pad").scroll_into_view_if_needed()
    draw_with_mouse(tab, SEVEN)
    expect_answer(tab, 7)
    assert sum("digit-network" in url for url in asked) == 1
    assert all(url.startswith((origins[scheme], "data:")) for url in asked)
    assert not errors
    context.close()
