"""The dense layer and flattening against finite differences, TensorFlow and paper."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnbook.gradcheck import check_layer
from cnnbook.layers import dense_backward, dense_forward, flatten_backward, flatten_forward

sides = st.integers(1, 5)


def draw(rng, n, d, m, dtype=np.float64):
    return [rng.standard_normal(shape).astype(dtype) for shape in ((n, d), (d, m), (m,), (n, m))]


def test_by_hand():
    x, w, b = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0, 5.0], [6.0, 7.0, 8.0]]), np.ones(3)
    out, cache = dense_forward(x, w, b)
    np.testing.assert_array_equal(out, [[16, 19, 22]])
    dx, dw, db = dense_backward(np.array([[1.0, 0.0, -1.0]]), cache)
    np.testing.assert_array_equal(dx, [[-2, -2]])
    np.testing.assert_array_equal(dw, [[1, 0, -1], [2, 0, -2]])
    np.testing.assert_array_equal(db, [1, 0, -1])


@given(n=sides, d=sides, m=sides, seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_finite_differences_and_tensorflow(n, d, m, seed):
    rng = np.random.default_rng(seed)
    x, w, b, dout = draw(rng, n, d, m)
    report = check_layer(dense_forward, dense_backward, [x, w, b], rng=rng)
    assert report.passed, report
    tensors = [tf.constant(a) for a in (x, w, b)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        expected = tensors[0] @ tensors[1] + tensors[2]
    out, cache = dense_forward(x, w, b)
    np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-12)
    gradients = tape.gradient(expected, tensors, tf.constant(dout))
    for found, wanted in zip(dense_backward(dout, cache), gradients, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


def test_dx_can_be_left_out():
    x, w, b, dout = draw(np.random.default_rng(0), 3, 4, 2)
    _, cache = dense_forward(x, w, b)
    dx, dw, db = dense_backward(dout, cache, need_dx=False)
    assert dx is None
    np.testing.assert_array_equal(dw, dense_backward(dout, cache)[1])
    np.testing.assert_array_equal(db, dense_backward(dout, cache)[2])


def test_empty_minibatch_has_zero_gradients():
    x, w, b, dout = draw(np.random.default_rng(0), 0, 4, 2)
    out, cache = dense_forward(x, w, b)
    dx, dw, db = dense_backward(dout, cache)
    assert out.shape == (0, 2) and dx.shape == (0, 4)
    np.testing.assert_array_equal(dw, np.zeros((4, 2)))
    np.testing.assert_array_equal(db, np.zeros(2))


def test_float32_stays_and_its_error_is_bounded():
    rng = np.random.default_rng(0)
    exact = draw(rng, 64, 200, 30)
    single = [a.astype(np.float32) for a in exact]
    exact = [a.astype(np.float64) for a in single]
    out, cache = dense_forward(*single[:3])
    reference, reference_cache = dense_forward(*exact[:3])
    found = (out, *dense_backward(single[3], cache))
    wanted = (reference, *dense_backward(exact[3], reference_cache))
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == np.float32
        assert np.abs(a - b).max() <= 1e-6 * np.abs(b).max()


def test_inputs_are_not_changed():
    arrays = draw(np.random.default_rng(0), 3, 4, 2)
    before = [a.copy() for a in arrays]
    _, cache = dense_forward(*arrays[:3])
    dense_backward(arrays[3], cache)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "x,w,b,message",
    [
        ((2, 3, 4), (4, 5), 5, r"x has shape \(2, 3, 4\), expected 2 axes \(N, D\); flatten it"),
        ((2, 3), (3, 5, 1), 5, r"w has shape \(3, 5, 1\), expected 2 axes \(D, M\)"),
        ((2, 3), (4, 5), 5, r"expected x to have 4 columns, one for each row of w; check"),
        ((2, 3), (3, 5), 4, r"b has shape \(4,\), expected \(5,\) \(one bias for each column"),
    ],
)
def test_shapes_that_disagree_are_named(x, w, b, message):
    with pytest.raises(ValueError, match=message):
        dense_forward(np.ones(x), np.ones(w), np.ones(b))


def test_other_mistakes_are_named():
    x, w, b, dout = draw(np.random.default_rng(0), 3, 4, 2)
    with pytest.raises(ValueError, match="w has dtype float32 and x has float64"):
        dense_forward(x, w.astype(np.float32), b)
    with pytest.raises(ValueError, match="b has dtype int64"):
        dense_forward(x, w, b.astype(int))
    _, cache = dense_forward(x, w, b)
    with pytest.raises(
        ValueError, match=r"^dout has .* expected \(3, 2\) \(the shape of the output\);"
    ):
        dense_backward(dout[:2], cache)
    with pytest.raises(ValueError, match="dtype"):
        dense_backward(dout.astype(np.float32), cache)


def test_flatten_keeps_nhwc_order_and_gives_it_back():
    x = np.arange(24.0).reshape(2, 2, 3, 2)
    out, cache = flatten_forward(x)
    np.testing.assert_array_equal(out, np.arange(24).reshape(2, 12))
    np.testing.assert_array_equal(out, tf.reshape(x, (-1, 12)))
    np.testing.assert_array_equal(flatten_backward(out, cache), x)
    assert check_layer(flatten_forward, flatten_backward, [x], rng=np.random.default_rng(0)).passed


@pytest.mark.parametrize("shape", [(0, 7, 7, 64), (3, 0, 2), (4,)])
def test_flatten_of_shapes_at_the_edge(shape):
    x = np.ones(shape, np.float32)
    out, cache = flatten_forward(x)
    assert out.shape == (shape[0], int(np.prod(shape[1:])))
    assert flatten_backward(out, cache).shape == shape
    assert out.dtype == flatten_backward(out, cache).dtype == np.float32


def test_flatten_names_mistakes():
    with pytest.raises(ValueError, match=r"^x has shape \(\), expected \(N, .*x.reshape\(1\)\.$"):
        flatten_forward(np.array(1.0))
    with pytest.raises(ValueError, match="x has dtype int64"):
        flatten_forward(np.ones((2, 2), int))
    _, cache = flatten_forward(np.ones((2, 3, 4)))
    with pytest.raises(ValueError, match=r"dout has shape \(2, 3, 4\), expected \(2, 12\)"):
        flatten_backward(np.ones((2, 3, 4)), cache)
    with pytest.raises(ValueError, match="dtype"):
        flatten_backward(np.ones((2, 12), np.float32), cache)
