"""Draw a digit: the drawing's way to MNIST's form, the network in the page, the reader's hand."""

from itertools import pairwise

import numpy as np
import pytest

from cnnbook import figures, mnist, weights
from cnnbook.figures import digit_network
from cnnbook.figures.host import joined_script
from cnnbook.losses import softmax
from cnnbook.network import article_network
from cnnbook.predict import to_mnist

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


def test_class_of_a_thousand_test_images_is_that_of_the_exact_weights(network):
    images = mnist.load().test.images[:1000]
    exact = weights.load(digit_network.book_folder() / digit_network.WEIGHTS)
    expected = article_network(exact).predict(images)
    logits = np.array(
        [each["logits"] for k in range(0, 1000, 100) for each in network(images[k : k + 100])]
    )
    assert np.count_nonzero(logits.argmax(axis=1) != expected.argmax(axis=1)) <= 1
    rounding = article_network(rounded_weights()).predict(images.astype(np.float64)) - expected
    assert np.abs(logits - expected).max() <= np.abs(rounding).max() + 1e-3


def test_update_takes_less_than_50_ms(network):
    """Boxing and network together; the shortest of 21, as a busy machine has nothing to say."""
    tab = network.tab
    tab.evaluate(
        f"() => {{ {joined_script('digit')}\nObject.assign(window, {{stroke, toMnist}}); }}"
    )
    times = tab.evaluate(
        """() => {
            const ink = { values: new Float32Array(168 * 168), height: 168, width: 168 };
            stroke(ink, [40, 40], [130, 35], 6);
            stroke(ink, [130, 35], [70, 150], 6);
            return Array.from({ length: 21 }, () => {
                const start = performance.now();
                forward(network, toMnist(ink).image);
                return performance.now() - start;
            }).sort((a, b) => a - b);
        }"""
    )
    assert times[0] < 50


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
