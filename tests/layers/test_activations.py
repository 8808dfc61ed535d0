"""Activations against finite differences, TensorFlow and their own limits."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnbook import layers
from cnnbook.gradcheck import check_layer

SLOPE = 0.25  # exact in float32, in which TensorFlow keeps it
ACTIVATIONS = {
    "relu": (layers.relu_forward, layers.relu_backward, tf.nn.relu),
    "leaky_relu": (
        lambda x: layers.leaky_relu_forward(x, slope=SLOPE),
        layers.leaky_relu_backward,
        lambda x: tf.nn.leaky_relu(x, SLOPE),
    ),
    "sigmoid": (layers.sigmoid_forward, layers.sigmoid_backward, tf.nn.sigmoid),
    "tanh": (layers.tanh_forward, layers.tanh_backward, tf.nn.tanh),
}
each = pytest.mark.parametrize("forward,backward,reference", ACTIVATIONS.values(), ids=ACTIVATIONS)
shapes = hnp.array_shapes(min_dims=1, max_dims=4, max_side=4)


def reference_gradient(reference, x, dout):
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        out = reference(tensor)
    return out.numpy(), tape.gradient(out, tensor, tf.constant(dout)).numpy()


@each
@given(shape=shapes, seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_finite_differences_and_tensorflow(forward, backward, reference, shape, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.01, 3, shape) * rng.choice([-1, 1], shape)
    assert check_layer(forward, backward, [x], rng=rng).passed
    dout = rng.standard_normal(shape)
    out, cache = forward(x)
    expected, expected_dx = reference_gradient(reference, x, dout)
    np.testing.assert_allclose(out, expected, rtol=1e-12)
    np.testing.assert_allclose(backward(dout, cache), expected_dx, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("name,at_zero", [("relu", 0.0), ("leaky_relu", SLOPE)])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_kink_is_tensorflows(name, at_zero, zero):
    forward, backward, reference = ACTIVATIONS[name]
    x, dout = np.array([zero]), np.array([3.0])
    _, expected = reference_gradient(reference, x, dout)
    dx = backward(dout, forward(x)[1])
    assert dx[0] == 3 * at_zero == expected[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_inputs_neither_overflow_nor_warn(dtype):
    x = np.array([-np.inf, -1e4, -80, -20, 0, 20, 80, 1e4, np.inf], dtype)
    with np.errstate(all="raise", under="ignore"):
        for forward, backward, reference in ACTIVATIONS.values():
            if reference in (tf.nn.sigmoid, tf.nn.tanh):
                out, cache = forward(x)
                dx = backward(np.ones_like(x), cache)
                assert np.isfinite(out).all() and np.isfinite(dx).all()
    out, _ = layers.sigmoid_forward(x)
    assert out[0] == 0 and out[4] == 0.5 and out[-1] == 1
    np.testing.assert_allclose(out[2:4], np.exp(x[2:4].astype(np.float64)), rtol=1e-6)


def test_sigmoid_of_minus_x_is_one_minus_sigmoid():
    x = np.linspace(-30, 30, 601)
    left, right = layers.sigmoid_forward(x)[0], layers.sigmoid_forward(-x)[0]
    np.testing.assert_allclose(left + right, 1, rtol=0, atol=1e-15)


def test_leaky_relu_leaks_a_hundredth_unless_told_otherwise():
    out, cache = layers.leaky_relu_forward(np.array([-2.0, 3.0]))
    np.testing.assert_array_equal(out, [-0.02, 3])
    np.testing.assert_array_equal(layers.leaky_relu_backward(np.ones(2), cache), [0.01, 1])


@pytest.mark.parametrize("slope", [-0.1, np.nan])
def test_leaky_relu_refuses_a_slope_it_cannot_undo(slope):
    with pytest.raises(ValueError, match=r"slope is .*expected 0 or more; it multiplies"):
        layers.leaky_relu_forward(np.ones(2), slope=slope)


def test_leaky_relu_with_slope_zero_is_relu():
    x = np.array([-2.0, 0.0, 3.0])
    out, cache = layers.leaky_relu_forward(x, slope=0)
    np.testing.assert_array_equal(out, [0, 0, 3])
    np.testing.assert_array_equal(layers.leaky_relu_backward(np.ones(3), cache), [0, 0, 1])


@each
def test_float32_stays_and_is_as_exact_as_float32_can_be(forward, backward, reference):
    rng = np.random.default_rng(0)
    x, dout = rng.normal(0, 3, 1000), rng.standard_normal(1000)
    out, cache = forward(x.astype(np.float32))
    dx = backward(dout.astype(np.float32), cache)
    assert out.dtype == dx.dtype == np.float32
    exact, exact_cache = forward(x.astype(np.float32).astype(np.float64))
    exact_dx = backward(dout.astype(np.float32).astype(np.float64), exact_cache)
    assert np.abs(out - exact).max() <= 3e-7 * np.abs(exact).max()
    assert np.abs(dx - exact_dx).max() <= 3e-7 * np.abs(exact_dx).max()


def test_leaky_relu_keeps_float32_whatever_type_the_slope_has():
    out, cache = layers.leaky_relu_forward(np.ones(2, np.float32), slope=np.float64(0.1))
    assert out.dtype == layers.leaky_relu_backward(out, cache).dtype == np.float32


@each
def test_inputs_are_not_changed_and_empty_minibatches_work(forward, backward, reference):
    x, dout = np.array([[-1.5, 0.0, 2.0]]), np.array([[1.0, 2.0, 3.0]])
    before = x.copy(), dout.copy()
    _, cache = forward(x)
    first = backward(dout, cache)
    np.testing.assert_array_equal(first, backward(dout, cache))
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(dout, before[1])
    out, cache = forward(np.zeros((0, 3)))
    assert out.shape == backward(np.zeros((0, 3)), cache).shape == (0, 3)


@each
def test_mistakes_are_named(forward, backward, reference):
    with pytest.raises(ValueError, match="x has dtype int64, expected float32 or float64"):
        forward(np.arange(3))
    with pytest.raises(ValueError, match="x is a list, expected a NumPy array"):
        forward([1.0])
    _, cache = forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"dout has shape \(3, 2\), expected \(2, 3\)"):
        backward(np.ones((3, 2)), cache)
    with pytest.raises(ValueError, match=r"dout has dtype float32 and out has float64"):
        backward(np.ones((2, 3), np.float32), cache)
