"""Pooling against TensorFlow, finite differences, the loops, and what is decided about ties."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnbook import naive
from cnnbook.layers import (
    avg_pool2d_backward,
    avg_pool2d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf
from finite_differences import gradient

FUNCTIONS = {
    "max": (max_pool2d_forward, max_pool2d_backward, tf.nn.max_pool2d),
    "avg": (avg_pool2d_forward, avg_pool2d_backward, tf.nn.avg_pool2d),
}
both = pytest.mark.parametrize("kind", FUNCTIONS)


def distinct(rng, shape):
    """Entries that all differ by 1 or more, so that a small step changes no maximum."""
    return rng.permutation(np.prod(shape)).reshape(shape).astype(np.float64)


@both
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stride", [None, 1, 2, (3, 1), (2, 4)])
@pytest.mark.parametrize("size", [1, 2, 3, (2, 3), (4, 1)])
def test_values_and_gradients_are_tensorflows(kind, padding, stride, size):
    forward, backward, reference = FUNCTIONS[kind]
    rng = np.random.default_rng(1)
    for shape in ((2, 7, 8, 3), (1, 4, 9, 1), (3, 6, 5, 2)):
        # Few different values, so that ties are everywhere.
        x = rng.integers(-2, 3, shape).astype(np.float64)
        out, cache = forward(x, size=size, stride=stride, padding=padding)
        dout = rng.normal(size=out.shape)
        tensor = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(tensor)
            expected = reference(tensor, size, stride or size, padding.upper())
        wanted = tape.gradient(expected, tensor, tf.constant(dout))
        np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(backward(dout, cache), wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("padding", [1, ((0, 1), (2, 1)), ((1, 0), (0, 2))])
def test_explicit_padding_never_wins_a_maximum(padding):
    x = np.random.default_rng(2).integers(-9, 0, (2, 6, 7, 3)).astype(np.float64)
    explicit = ((padding, padding),) * 2 if isinstance(padding, int) else padding
    tensor = tf.constant(x)
    out, cache = max_pool2d_forward(x, size=3, stride=2, padding=padding)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        expected = tf.nn.max_pool2d(tensor, 3, 2, [(0, 0), *explicit, (0, 0)])
    np.testing.assert_array_equal(out, expected)
    wanted = tape.gradient(expected, tensor, tf.ones_like(expected))
    np.testing.assert_allclose(max_pool2d_backward(np.ones_like(out), cache), wanted, rtol=1e-12)


def test_explicit_padding_stays_out_of_a_mean():
    x = np.array([[2.0, 4.0], [6.0, 8.0]]).reshape(1, 2, 2, 1)
    out, cache = avg_pool2d_forward(x, size=2, stride=1, padding=((1, 0), (0, 1)))
    np.testing.assert_array_equal(out[0, :, :, 0], [[3, 4], [5, 6]])
    dx = avg_pool2d_backward(np.ones_like(out), cache)
    np.testing.assert_array_equal(dx[0, :, :, 0], [[0.75, 2.25], [0.25, 0.75]])


CASES = [
    dict(size=2),
    dict(size=3, stride=1),
    dict(size=2, stride=3),
    dict(size=(3, 2), stride=(1, 2), padding="same"),
    dict(size=3, stride=2, padding=((0, 2), (1, 1))),
    dict(size=(5, 6)),
]


@both
@pytest.mark.parametrize("case", CASES)
def test_gradients_are_finite_differences(kind, case):
    forward, backward, _ = FUNCTIONS[kind]
    rng = np.random.default_rng(3)
    x = distinct(rng, (2, 5, 6, 2))
    out, cache = forward(x, **case)
    dout = rng.normal(size=out.shape)
    found = backward(dout, cache)
    expected = gradient(lambda: np.sum(forward(x, **case)[0] * dout), x, 0.1)
    # Losses of hundreds leave differences of 1e-13, which is all that a zero is compared with.
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@both
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_agrees_with_the_loops(kind, data):
    forward, backward, _ = FUNCTIONS[kind]
    size, stride = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    height, width = (data.draw(st.integers(size, size + 5)) for _ in range(2))
    shape = (data.draw(st.integers(0, 3)), height, width, data.draw(st.integers(1, 3)))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x = rng.integers(-3, 3, shape).astype(np.float64)
    out, cache = forward(x, size=size, stride=stride)
    dout = rng.normal(size=out.shape)
    dx = backward(dout, cache)
    if kind == "max":
        np.testing.assert_array_equal(out, naive.max_pool2d_forward(x, size, stride))
        expected = naive.max_pool2d_backward(dout, x, size, stride)
    else:
        expected = naive.avg_pool2d_forward(x, size, stride)
        np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)
        expected = naive.avg_pool2d_backward(dout, x.shape, size, stride)
    np.testing.assert_allclose(dx, expected, rtol=1e-12, atol=1e-12)


@both
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_error_is_lost_or_made(kind, data):
    """Every window's error arrives whole, padding or not, whatever the window holds."""
    forward, backward, _ = FUNCTIONS[kind]
    size = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = tuple(
        (data.draw(st.integers(0, k - 1)), data.draw(st.integers(0, k - 1))) for k in size
    )
    shape = (2, data.draw(st.integers(4, 8)), data.draw(st.integers(4, 8)), 2)
    stride = data.draw(st.integers(1, 5))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x = rng.choice([np.nan, -np.inf, -1.0, 0.0, 2.0], shape)
    out, cache = forward(x, size=size, stride=stride, padding=padding)
    dout = rng.normal(size=out.shape)
    dx = backward(dout, cache)
    np.testing.assert_allclose(dx.sum(axis=(1, 2)), dout.sum(axis=(1, 2)), atol=1e-12)


@pytest.mark.parametrize(
    "window,winner",
    [
        ([[7, 7], [7, 7]], (0, 0)),
        ([[0, 7], [7, 0]], (0, 1)),
        ([[0, 0], [7, 7]], (1, 0)),
        ([[7, 0], [0, 7]], (0, 0)),
    ],
)
def test_the_first_of_equals_in_reading_order_takes_all(window, winner):
    x = np.array(window, np.float64).reshape(1, 2, 2, 1)
    out, cache = max_pool2d_forward(x, size=2)
    dx = max_pool2d_backward(np.full_like(out, 5.0), cache)
    expected = np.zeros((2, 2))
    expected[winner] = 5.0
    np.testing.assert_array_equal(dx[0, :, :, 0], expected)


@pytest.mark.parametrize(
    "case",
    [
        dict(size=2),
        dict(size=2, stride=3),
        dict(size=2, padding=((1, 0), (1, 0))),
        dict(size=2, padding=((0, 0), (1, 0))),
        dict(size=(2, 4), stride=2),
        dict(size=3, padding="same"),
    ],
)
def test_pixels_that_get_no_error_get_zero(case, monkeypatch):
    empty = np.empty
    monkeypatch.setattr(np, "empty", lambda *args: np.full_like(empty(*args), np.nan))
    x = np.arange(32.0).reshape(1, 4, 8, 1)
    out, cache = max_pool2d_forward(x, **case)
    dx = max_pool2d_backward(np.ones_like(out), cache)
    assert dx.sum() == out.size


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_windows_that_tile_pay_the_first_of_the_largest(data):
    """In float32, with ties behind a ReLU, for channels that do and do not fill a register."""
    size = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    height, width = (k * data.draw(st.integers(1, 4)) for k in size)
    images, channels = data.draw(st.integers(1, 3)), data.draw(st.sampled_from([1, 5, 8, 33]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x = np.maximum(rng.integers(-3, 3, (images, height, width, channels)), 0).astype(np.float32)
    out, cache = max_pool2d_forward(x, size=size)
    dout = rng.normal(size=out.shape).astype(np.float32)
    windows = x.reshape(images, height // size[0], size[0], width // size[1], size[1], channels)
    in_reading_order = windows.transpose(0, 1, 3, 5, 2, 4).reshape(*out.shape, -1)
    paid = np.zeros_like(in_reading_order)
    first = in_reading_order.argmax(axis=-1, keepdims=True)
    np.put_along_axis(paid, first, dout[..., None], axis=-1)
    expected = paid.reshape(*out.shape, *size).transpose(0, 1, 4, 2, 5, 3).reshape(x.shape)
    np.testing.assert_array_equal(max_pool2d_backward(dout, cache), expected)


def test_the_forward_pass_has_noted_all_that_the_backward_pass_asks():
    rng = np.random.default_rng(5)
    x = rng.integers(-2, 3, (40, 28, 28, 32)).astype(np.float32)  # enough for several blocks
    out, cache = max_pool2d_forward(x, size=3, stride=2, padding="same")
    dout = rng.normal(size=out.shape).astype(np.float32)
    dx = max_pool2d_backward(dout, cache)
    _, cache_of_one = max_pool2d_forward(x[17:18], size=3, stride=2, padding="same")
    x[...], out[...] = np.nan, np.nan
    np.testing.assert_array_equal(max_pool2d_backward(dout, cache), dx)
    np.testing.assert_array_equal(max_pool2d_backward(dout[17:18], cache_of_one), dx[17:18])


def test_overlapping_windows_add_up_where_they_agree():
    x = np.zeros((1, 3, 3, 1))
    x[0, 1, 1, 0] = 9.0
    _, cache = max_pool2d_forward(x, size=2, stride=1)
    dx = max_pool2d_backward(np.arange(1.0, 5.0).reshape(1, 2, 2, 1), cache)
    expected = np.zeros((3, 3))
    expected[1, 1] = 1 + 2 + 3 + 4
    np.testing.assert_array_equal(dx[0, :, :, 0], expected)


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_nan_stays_visible_and_its_error_whole(place):
    x = np.arange(4.0).reshape(1, 2, 2, 1)
    x[(0, *place, 0)] = np.nan
    out, cache = max_pool2d_forward(x, size=2)
    assert np.isnan(out).all()
    assert max_pool2d_backward(np.ones_like(out), cache).sum() == 1


def test_minus_infinity_can_be_a_maximum():
    x = np.full((1, 3, 3, 1), -np.inf)
    out, cache = max_pool2d_forward(x, size=2, padding="same")
    assert (out == -np.inf).all()
    assert max_pool2d_backward(np.ones_like(out), cache).sum() == 4


@both
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_stays_and_inputs_stay(kind, dtype):
    forward, backward, _ = FUNCTIONS[kind]
    x = np.random.default_rng(4).normal(size=(40, 28, 28, 32)).astype(dtype)
    kept = x.copy()
    out, cache = forward(x, size=3, stride=2, padding="same")
    dout = out.copy()
    dx = backward(dout, cache)
    assert out.dtype == dx.dtype == dtype
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(dout, out)
    one, _ = forward(x[17:18], size=3, stride=2, padding="same")
    np.testing.assert_array_equal(out[17:18], one)


@both
def test_float32_is_worked_out_in_float32(kind, dtypes_made):
    forward, backward, _ = FUNCTIONS[kind]
    out, cache = forward(np.arange(36, dtype=np.float32).reshape(1, 6, 6, 1), size=3, stride=2)
    backward(out, cache)
    assert dtypes_made - {np.dtype(bool)} == {np.dtype(np.float32)}


@both
@pytest.mark.parametrize("images,channels", [(0, 3), (2, 0)])
def test_an_empty_batch_stays_empty(kind, images, channels):
    forward, backward, _ = FUNCTIONS[kind]
    out, cache = forward(np.zeros((images, 6, 6, channels), np.float32), size=2)
    assert out.shape == (images, 3, 3, channels)
    dx = backward(out, cache)
    assert dx.shape == (images, 6, 6, channels)
    assert dx.dtype == np.float32


@both
@pytest.mark.parametrize(
    "x,change,message",
    [
        (np.zeros((6, 6, 1)), {}, r"^x has .* expected 4 axes \(N, H, W, C\);"),
        (np.zeros((1, 6, 6, 1), int), {}, "x has dtype int64, expected float32 or float64"),
        (np.zeros((1, 6, 6, 1)), dict(size=7), "height .* reaches over 7 .* has 6"),
        (np.zeros((1, 6, 6, 1)), dict(size=0), "size is 0, expected an int of at least 1"),
        (np.zeros((1, 6, 6, 1)), dict(stride=0), "stride is 0, expected an int of at least 1"),
        (np.zeros((1, 6, 6, 1)), dict(padding=2), r"padding \(2, 2\) is not smaller than .* 2"),
        (np.zeros((1, 6, 6, 1)), dict(padding=((0, 0), (0, 2))), "expected at most 1"),
        (np.zeros((1, 6, 6, 1)), dict(padding="full"), "padding is 'full', expected"),
        (np.zeros((1, 6, 6, 1)), dict(padding=-1), "padding is -1, expected"),
    ],
)
def test_refuses_what_makes_no_pooling(kind, x, change, message):
    with pytest.raises(ValueError, match=message):
        FUNCTIONS[kind][0](x, **(dict(size=2) | change))


@both
def test_refuses_the_error_of_another_call(kind):
    forward, backward, _ = FUNCTIONS[kind]
    _, cache = forward(np.zeros((2, 6, 6, 1)), size=2)
    with pytest.raises(
        ValueError, match=r"^dout has .* expected \(2, 3, 3, 1\) \(the output's shape\);"
    ):
        backward(np.zeros((1, 3, 3, 1)), cache)
    with pytest.raises(ValueError, match="one dtype"):
        backward(np.zeros((2, 3, 3, 1), np.float32), cache)
