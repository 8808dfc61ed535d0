"""The gradient check finds what it is for, and prints the same everywhere."""

import numpy as np
import pytest

from cnnbook.gradcheck import central_difference, check_layer, gradcheck
from cnnbook.layers import (
    concat_backward,
    concat_forward,
    dense_backward,
    dense_forward,
    max_pool2d_backward,
    max_pool2d_forward,
    relu_backward,
    relu_forward,
    split_backward,
    split_forward,
)

RNG = np.random.default_rng
X, W, B = RNG(1).standard_normal((3, 4)), RNG(2).standard_normal((4, 2)), np.array([0.5, -0.5])


def dense_report(**wrong):
    """Check the dense layer with what `wrong` makes of single gradients."""

    def backward(dout, cache):
        grads = dict(zip(("dx", "dw", "db"), dense_backward(dout, cache), strict=True))
        return tuple(wrong[name](g) if name in wrong else g for name, g in grads.items())

    return check_layer(dense_forward, backward, [X, W, B], rng=RNG(3))


def test_central_difference_of_a_cubic():
    x = np.array([[1.0, -2.0], [0.0, 3.0]])
    found = central_difference(lambda a: np.sum(a**3), x, h=1e-3)
    np.testing.assert_allclose(found, 3 * x**2 + 1e-6, atol=1e-10)  # h² is what truncation leaves


def test_exact_gradients_pass():
    report = dense_report()
    assert report.passed and 0 < report.largest_difference < 1e-9
    assert [row.name for row in report.rows] == ["x", "w", "b"]
    assert [row.exact.shape for row in report.rows] == [X.shape, W.shape, B.shape]
    for row in report.rows:
        np.testing.assert_allclose(row.exact, row.approximate, atol=1e-8)


@pytest.mark.parametrize("size", [1e-8, 1.0, 1e8])
def test_the_size_of_the_gradient_does_not_matter(size):
    dx = 2 * size * X
    assert gradcheck(lambda a: size * np.sum(a**2), X, dx).passed
    wrong = dx.copy()
    wrong[1, 2] += 1e-4 * np.abs(dx).max()
    report = gradcheck(lambda a: size * np.sum(a**2), X, wrong)
    assert not report.passed and report.rows[0].where == (1, 2)
    assert report.largest_difference == pytest.approx(1e-4, rel=1e-3)


def test_one_wrong_entry_is_found_and_named():
    def spoil(dw):
        dw = dw.copy()
        dw[2, 1] += 0.5
        return dw

    report = dense_report(dw=spoil)
    assert not report.passed
    assert [row.passed for row in report.rows] == [True, False, True]
    assert report.rows[1].where == (2, 1)
    assert str(report).endswith("exact and approximate differ in w")


@pytest.mark.parametrize("bug", [lambda g: -g, lambda g: 2 * g, lambda g: 0 * g, lambda g: g / 3])
@pytest.mark.parametrize("which", ["dx", "dw", "db"])
def test_common_bugs_are_found(which, bug):
    report = dense_report(**{which: bug})
    assert not report.passed
    assert [row.passed for row in report.rows].count(False) == 1


def test_not_a_number_never_passes():
    for bad in (np.nan, np.inf):
        dx = 2 * X
        dx[0, 1] = bad
        report = gradcheck(lambda a: np.sum(a**2), X, dx)
        assert not report.passed and report.rows[0].where == (0, 1)
        assert " inf " in str(report)
    assert not gradcheck(lambda a: np.nan, X, X).passed


def test_rounding_of_a_large_value_is_no_difference():
    assert gradcheck(lambda a: 1e6 + 0 * np.sum(np.sin(a)), X, np.zeros_like(X)).passed
    assert gradcheck(lambda a: 1e3 + 1e-9 * np.sum(a), X, np.full_like(X, 1e-9)).passed
    flat = gradcheck(lambda a: 0.0, X, np.zeros_like(X))
    assert flat.passed and flat.largest_difference == 0


def test_the_report_reads_like_this():
    assert str(dense_report(db=lambda g: g / 3)) == (
        "argument  entries   exact  approximate  largest difference  where\n"
        "x              12   5.397        5.397         below 1e-06  [0, 1]\n"
        "w               8   2.883        2.883         below 1e-06  [3, 1]\n"
        "b               2  -1.113       -3.339               7e-01  [1]\n"
        "exact and approximate differ in b"
    )


def test_the_report_does_not_show_last_digits():
    def nudged(dout, cache):
        return tuple(g * (1 + 1e-12) for g in dense_backward(dout, cache))

    assert str(dense_report()) == str(check_layer(dense_forward, nudged, [X, W, B], rng=RNG(3)))


def test_small_large_and_zero_numbers_print_in_few_digits():
    def line(f, x, dx):
        return str(gradcheck(f, x, dx)).splitlines()[1].split()[2:4]

    x = np.array([1.0])
    assert line(lambda a: 1e-4 * a[0], x, np.array([1e-4])) == ["1.00e-04", "1.00e-04"]
    assert line(lambda a: 12345 * a[0], x, np.array([12345.0])) == ["1.23e+04", "1.23e+04"]
    assert line(lambda a: 0.0, x, np.array([0.0])) == ["0.000", "0.000"]
    assert line(lambda a: 1.0, x, np.array([-1e-13])) == ["-1.00e-13", "0.000"]


@pytest.mark.parametrize("offset", [0.0, 3e-6, -3e-6, 9.5e-6])
def test_a_kink_that_is_crossed_is_warned_of_and_left_out(offset):
    x = np.array([[1.0, offset, -2.0]])
    report = check_layer(relu_forward, relu_backward, [x], rng=RNG(0))
    (row,) = report.rows
    assert [kink.where for kink in row.kinks] == [(0, 1)]
    assert row.kinks[0].between and report.passed and row.where == (0, 0)
    assert "warning: x is at a kink in 1 of 3 entries, left out of the comparison;" in str(report)
    assert "within 1e-05 of x[0, 1] the slope jumps from" in str(report)
    assert str(report).count("lies between") == 1


def test_a_kink_is_no_excuse_for_a_slope_that_is_on_neither_side():
    report = gradcheck(lambda a: np.abs(a[0]), np.array([0.0]), np.array([1.5]))
    assert not report.passed and not report.rows[0].kinks[0].between
    assert "jumps from -1.000 to 1.000; exact, 1.500, does not lie between" in str(report)
    assert str(report).endswith("exact and approximate differ in x")


def test_ties_in_a_pool_are_kinks():
    x = np.array([1.0, 1.0, 0.0, -1.0]).reshape(1, 2, 2, 1)
    report = check_layer(max_pool2d_forward, max_pool2d_backward, [x], rng=RNG(0), size=2)
    assert [kink.where for kink in report.rows[0].kinks] == [(0, 0, 0, 0), (0, 0, 1, 0)]
    assert report.passed


def test_a_sharp_bend_is_no_kink():
    report = gradcheck(lambda a: np.sum(a**2), np.array([1e-4, 0.0]), np.array([2e-4, 0.0]))
    assert report.passed and not report.rows[0].kinks
    steep = gradcheck(lambda a: np.sum(1000 * a**2 + a), np.zeros(2), np.ones(2))
    assert steep.passed and not steep.rows[0].kinks


def test_wrong_at_a_smooth_place_is_not_taken_for_a_kink():
    report = gradcheck(lambda a: np.sum(np.sin(a)), X, np.cos(X) + 0.1)
    assert not report.passed and not report.rows[0].kinks


def test_layers_with_several_inputs_or_outputs():
    assert check_layer(
        lambda a, b: concat_forward([a, b]), concat_backward, [X, X + 1], rng=RNG(0)
    ).passed
    assert check_layer(split_forward, split_backward, [X], rng=RNG(0), sections=[1, 3]).passed

    def swapped(douts, cache):
        return split_backward(douts[::-1], cache)

    assert not check_layer(split_forward, swapped, [X], rng=RNG(0), sections=2).passed


def test_arguments_beyond_the_named_ones_get_a_number():
    def forward(*xs):
        return concat_forward(xs)

    report = check_layer(forward, concat_backward, [X, X], rng=RNG(0))
    assert [row.name for row in report.rows] == ["xs", "argument 2"]


def test_empty_arguments_agree():
    report = check_layer(dense_forward, dense_backward, [X[:0], W, B], rng=RNG(0))
    assert report.passed and str(report).splitlines()[1] == "x               0"


def test_nothing_is_changed():
    before = [a.copy() for a in (X, W, B)]
    dense_report()
    for array, copy in zip((X, W, B), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_the_same_generator_gives_the_same_report():
    assert str(dense_report()) == str(dense_report())
    other = check_layer(dense_forward, dense_backward, [X, W, B], rng=RNG(4))
    assert str(other) != str(dense_report())


def test_mistakes_are_named():
    def f(a):
        return np.sum(a)

    ones = np.ones(3)
    with pytest.raises(ValueError, match="x is float32, expected a float64 array: float32 is too"):
        gradcheck(f, ones.astype(np.float32), ones)
    with pytest.raises(ValueError, match="dx is list, expected a float64 array"):
        gradcheck(f, ones, [1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match=r"dx has shape \(2,\), expected \(3,\), the shape of x"):
        gradcheck(f, ones, ones[:2])
    for settings in ({"h": 0}, {"h": np.nan}, {"tolerance": -1}):
        with pytest.raises(ValueError, match="expected both above 0; 1e-5 and 1e-6 suit float64"):
            gradcheck(f, ones, ones, **settings)
    with pytest.raises(ValueError, match="w is float32"):
        check_layer(dense_forward, dense_backward, [X, W.astype(np.float32), B], rng=RNG(0))
    with pytest.raises(ValueError, match="backward returned 1 gradients for 3 arguments"):
        check_layer(dense_forward, lambda d, c: d, [X, W, B], rng=RNG(0))
