"""The shape calculator against the package."""

import numpy as np
import pytest

from cnnbook import figures
from cnnbook.layers import conv2d_backward, conv2d_forward, output_size, pad_amounts

CASES = 200


def cases():
    rng = np.random.default_rng(4)
    for _ in range(CASES):
        size, kernel = int(rng.integers(1, 33)), int(rng.integers(1, 12))
        yield (
            size,
            kernel,
            {
                "stride": int(rng.integers(1, 5)),
                "dilation": int(rng.integers(1, 5)),
                "padding": ("same", "valid")[rng.integers(2)],
            },
        )


def test_sizes_are_the_packages(arithmetic):
    found = arithmetic("shapes", "along", [list(case) for case in cases()])
    misfits = 0
    for (size, kernel, settings), answer in zip(cases(), found, strict=True):
        how = (settings["stride"], settings["padding"], settings["dilation"])
        if answer["out"] == 0:
            misfits += 1
            with pytest.raises(ValueError, match="the window reaches over"):
                output_size(size, kernel, *how)
            continue
        assert answer["out"] == output_size(size, kernel, *how)
        assert [answer["before"], answer["after"]] == list(pad_amounts(size, kernel, *how))
        padded = size + answer["before"] + answer["after"]
        last = (answer["out"] - 1) * settings["stride"] + (kernel - 1) * settings["dilation"]
        assert answer["left"] == padded - 1 - last
    assert 0 < misfits < CASES


def test_costs_are_counted(arithmetic):
    settings = {"stride": 2, "dilation": 1, "padding": "valid"}
    (found,) = arithmetic("shapes", "costs", [[9, 3, 2, 5, settings]])
    w, b = np.zeros((3, 3, 2, 5)), np.zeros(5)
    out, _ = conv2d_forward(np.zeros((1, 9, 9, 2)), w, b, stride=2)
    assert found == {"parameters": w.size + b.size, "products": out.size * 3 * 3 * 2}


@pytest.mark.parametrize(
    "kernel, depth, stride, dilation", [(3, 3, 1, 1), (5, 2, 1, 2), (3, 3, 2, 1)]
)
def test_receptive_field_is_what_the_gradient_reaches(arithmetic, kernel, depth, stride, dilation):
    settings = {"stride": stride, "dilation": dilation}
    (found,) = arithmetic("shapes", "field", [[kernel, depth, settings]])
    x, caches = np.ones((1, 60, 1, 1)), []
    for _ in range(depth):
        x, cache = conv2d_forward(x, np.ones((kernel, 1, 1, 1)), np.zeros(1), **settings)
        caches.append(cache)
    dx = np.zeros_like(x)
    dx[0, 0] = 1
    for cache in reversed(caches):
        dx, _, _ = conv2d_backward(dx, cache)
    assert found == np.flatnonzero(dx).max() + 1


def test_sliders_change_the_facts(show):
    tab = show(figures.shapes())
    assert tab.locator("dd").first.inner_text() == "28 × 28 × 32"
    tab.get_by_label("stride").fill("3")
    assert tab.locator("dd").first.inner_text() == "10 × 10 × 32"
    tab.get_by_role("combobox").select_option("valid")
    assert tab.locator("dd").first.inner_text() == "8 × 8 × 32"
    assert tab.locator(".ruler .left").count() == 2
    tab.get_by_label("dilation").fill("4")
    tab.get_by_label("kernel").fill("11")
    assert tab.locator("dd").first.inner_text() == "none: the kernel reaches over 41 pixels"


@pytest.mark.parametrize("wrong", [{"size": 33}, {"kernel": 0}, {"padding": "full"}])
def test_wrong_start_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        figures.shapes(**wrong)
