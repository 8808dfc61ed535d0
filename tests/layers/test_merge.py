"""Splitting, concatenating and adding against TensorFlow, finite differences and each other."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnbook.gradcheck import check_layer
from cnnbook.layers import (
    add_backward,
    add_forward,
    concat_backward,
    concat_forward,
    split_backward,
    split_forward,
)


@st.composite
def cuts(draw):
    """A shape, an axis of it (counted from either end), the sizes of parts along it, a seed."""
    shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    sizes = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    shape[axis] = sum(sizes)
    return tuple(shape), axis, sizes, draw(st.integers(0, 2**32 - 1))


@given(cuts())
@settings(deadline=None, max_examples=50)
def test_split_and_concat_are_tensorflows_and_undo_each_other(cut):
    shape, axis, sizes, seed = cut
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    outs, split_cache = split_forward(x, sections=sizes, axis=axis)
    for out, expected in zip(outs, tf.split(x, sizes, axis=axis), strict=True):
        np.testing.assert_array_equal(out, expected)
    whole, concat_cache = concat_forward(outs, axis=axis)
    np.testing.assert_array_equal(whole, x)
    np.testing.assert_array_equal(split_backward(outs, split_cache), x)
    for back, out in zip(concat_backward(x, concat_cache), outs, strict=True):
        np.testing.assert_array_equal(back, out)


@given(cuts())
@settings(deadline=None, max_examples=50)
def test_finite_differences(cut):
    shape, axis, sizes, seed = cut
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    parts = [part.copy() for part in split_forward(x, sections=sizes, axis=axis)[0]]
    assert check_layer(
        split_forward, split_backward, [x], rng=rng, sections=sizes, axis=axis
    ).passed
    assert check_layer(
        lambda *xs: concat_forward(xs, axis=axis), concat_backward, parts, rng=rng
    ).passed
    terms = [rng.standard_normal(shape) for _ in sizes]
    assert check_layer(lambda *xs: add_forward(xs), add_backward, terms, rng=rng).passed


def test_split_into_equal_parts():
    x = np.arange(12.0).reshape(2, 6)
    outs, _ = split_forward(x, sections=3)
    assert [out.tolist() for out in outs] == [
        [[0, 1], [6, 7]],
        [[2, 3], [8, 9]],
        [[4, 5], [10, 11]],
    ]
    assert len(split_forward(x, sections=np.int64(2), axis=0)[0]) == 2
    assert split_forward(x, sections=1)[0][0].shape == (2, 6)


def test_add_is_the_sum_and_copies_the_error():
    xs = [np.full((2, 2), value) for value in (1.0, 10.0, 100.0)]
    out, cache = add_forward(xs)
    np.testing.assert_array_equal(out, tf.add_n(xs))
    dout = np.arange(4.0).reshape(2, 2)
    dxs = add_backward(dout, cache)
    assert len(dxs) == 3
    dxs[0] += 1
    np.testing.assert_array_equal(dxs[1], dout)
    np.testing.assert_array_equal(dout, np.arange(4).reshape(2, 2))
    np.testing.assert_array_equal(xs[0], 1)
    single, cache = add_forward(xs[:1])
    assert not np.shares_memory(single, xs[0])
    assert len(add_backward(single, cache)) == 1


def test_concat_joins_the_channels_unless_told_otherwise():
    a, b = np.zeros((1, 2, 2, 3)), np.ones((1, 2, 2, 1))
    out, cache = concat_forward([a, b])
    assert out.shape == (1, 2, 2, 4)
    assert [dx.shape for dx in concat_backward(out, cache)] == [a.shape, b.shape]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_stay_and_empty_minibatches_work(dtype):
    x = np.ones((0, 4), dtype)
    outs, cache = split_forward(x, sections=2)
    assert all(out.dtype == dtype and out.shape == (0, 2) for out in outs)
    assert split_backward(outs, cache).shape == (0, 4)
    out, cache = concat_forward([x, x])
    assert out.shape == (0, 8) and out.dtype == dtype
    assert [dx.dtype for dx in concat_backward(out, cache)] == [dtype] * 2
    out, cache = add_forward([x, x])
    assert out.shape == (0, 4) and out.dtype == dtype
    assert [dx.dtype for dx in add_backward(out, cache)] == [dtype] * 2


@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_that_is_not_there_is_named(axis):
    message = f"axis is {axis} and x.* has shape .2, 6., expected an axis from -2 to 1; -1 is"
    with pytest.raises(ValueError, match=message):
        split_forward(np.ones((2, 6)), sections=2, axis=axis)
    with pytest.raises(ValueError, match=message):
        concat_forward([np.ones((2, 6))], axis=axis)


@pytest.mark.parametrize("sections", [0, -1, 4, [], [1, 2], [7, -1]])
def test_sections_that_do_not_fit_are_named(sections):
    count = isinstance(sections, int)
    message = "length 6, expected a count that divides it" if count else "add up to the axis' len"
    with pytest.raises(ValueError, match=message):
        split_forward(np.ones((2, 6)), sections=sections)


def test_other_mistakes_are_named():
    a = np.ones((2, 3))
    with pytest.raises(ValueError, match="x has dtype int64"):
        split_forward(a.astype(int), sections=3)
    _, cache = split_forward(a, sections=3)
    with pytest.raises(ValueError, match="douts has 2 arrays, expected 3, one for each part"):
        split_backward([a[:, :1]] * 2, cache)
    with pytest.raises(ValueError, match=r"dout has shape \(2, 3\), expected \(2, 1\)"):
        split_backward([a] * 3, cache)
    for forward in (concat_forward, add_forward):
        with pytest.raises(ValueError, match=r"^xs is empty, .*; pass a list such as \[x, y\]\.$"):
            forward([])
        with pytest.raises(ValueError, match=r"xs\[1\] has dtype float32 and xs\[0\] has float64"):
            forward([a, a.astype(np.float32)])
        with pytest.raises(ValueError, match=r"xs\[1\] has shape \(2, 3, 1\)"):
            forward([a, a[..., None]])
    message = r"xs\[1\] has shape \(1, 3\), expected \(2, 3\) \(the shape of xs\[0\]"
    with pytest.raises(ValueError, match=message + r", but for axis 1\);"):
        concat_forward([a, a[:1]])
    with pytest.raises(ValueError, match=message + r"\);"):
        add_forward([a, a[:1]])
    for forward, backward in ((concat_forward, concat_backward), (add_forward, add_backward)):
        out, cache = forward([a, a])
        with pytest.raises(ValueError, match="dout has shape"):
            backward(out[:1], cache)
        with pytest.raises(ValueError, match="dtype"):
            backward(out.astype(np.float32), cache)
