"""The convolution layer against TensorFlow, finite differences, the loops and its own algebra."""

import os
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnbook import naive
from cnnbook.layers import conv, conv2d_backward, conv2d_forward, output_size, pad_amounts

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf
from finite_differences import gradient, worst_relative_error


@pytest.fixture(params=[False, True], ids=["rows unrolled", "whole windows"])
def layout(request, monkeypatch):
    """Either way of laying the windows out, whatever the channels and the stride."""
    monkeypatch.setattr(conv, "_whole", lambda cache: request.param)


def arrays(rng, x_shape, w_shape, dtype=np.float64):
    x = rng.normal(size=x_shape).astype(dtype)
    w = rng.normal(size=w_shape).astype(dtype)
    b = rng.normal(size=w_shape[-1]).astype(dtype)
    return x, w, b


def tensorflow_conv(x, w, b, stride, padding, dilation, groups):
    """The layer in TensorFlow operations that all have gradients on a CPU."""
    strides = (stride, stride) if isinstance(stride, int) else stride
    down, across = (dilation, dilation) if isinstance(dilation, int) else dilation
    rows, columns, channels, filters = w.shape
    spread = tf.reshape(w, (rows, 1, columns, 1, channels, filters))
    spread = tf.pad(spread, ((0, 0), (0, down - 1), (0, 0), (0, across - 1), (0, 0), (0, 0)))
    spread = tf.reshape(spread, (rows * down, columns * across, channels, filters))
    spread = spread[: (rows - 1) * down + 1, : (columns - 1) * across + 1]
    if isinstance(padding, int):
        padding = ((padding, padding), (padding, padding))
    if not isinstance(padding, str):
        x, padding = tf.pad(x, ((0, 0), *padding, (0, 0))), "valid"
    parts = [
        tf.nn.conv2d(images, kernels, strides, padding.upper())
        for images, kernels in zip(
            tf.split(x, groups, axis=3), tf.split(spread, groups, axis=3), strict=True
        )
    ]
    return tf.concat(parts, axis=3) + b


STRIDES = (1, 2, (3, 1), (2, 3))
PADDINGS = ("valid", "same", 1, ((0, 2), (3, 1)))
DILATIONS = (1, 2, (1, 3))
GROUPS = (1, 2, 4)


@pytest.mark.parametrize("stride,padding,dilation", [*product(STRIDES, PADDINGS, DILATIONS)])
@pytest.mark.parametrize("groups", GROUPS)
def test_values_and_gradients_are_tensorflows(stride, padding, dilation, groups, layout):
    rng = np.random.default_rng(1)
    for x_shape, kernel in (
        ((2, 7, 8, 4), (3, 2)),
        ((1, 9, 7, 4), (1, 1)),
        ((3, 8, 10, 4), (2, 3)),
    ):
        x, w, b = arrays(rng, x_shape, (*kernel, 4 // groups, 8))
        settings = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
        out, cache = conv2d_forward(x, w, b, **settings)
        dout = rng.normal(size=out.shape)
        tensors = [tf.constant(each) for each in (x, w, b)]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            expected = tensorflow_conv(*tensors, **settings)
        gradients = tape.gradient(expected, tensors, tf.constant(dout))
        np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-11)
        for found, wanted in zip(conv2d_backward(dout, cache), gradients, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    "size,window,stride,dilation", [*product((7, 8, 9), (1, 2, 3), (1, 2, 4), (1, 2))]
)
def test_padding_is_tensorflows(padding, size, window, stride, dilation):
    image = np.arange(1.0, size + 1).reshape(1, size, 1, 1)
    kernel = 100.0 ** np.arange(window).reshape(window, 1, 1, 1)
    settings = dict(stride=(stride, stride), padding=padding, dilation=(dilation, 1))
    try:
        expected = tf.nn.conv2d(image, kernel, stride, padding.upper(), dilations=(dilation, 1))
    except tf.errors.InvalidArgumentError:
        pytest.fail("TensorFlow refuses this case")
    out, _ = conv2d_forward(image, kernel, np.zeros(1), **settings)
    np.testing.assert_array_equal(out, expected)
    assert out.shape[1] == output_size(size, window, stride, padding, dilation)


@pytest.mark.parametrize(
    "x_shape,w_shape,settings",
    [
        ((2, 4, 5, 2), (3, 3, 2, 3), {}),
        ((1, 6, 5, 2), (3, 2, 2, 2), dict(stride=2)),
        ((1, 5, 4, 2), (2, 2, 2, 2), dict(padding="same")),
        ((2, 4, 4, 1), (4, 4, 1, 2), {}),
        ((2, 3, 4, 3), (1, 1, 3, 2), dict(stride=(1, 2))),
        (
            (1, 7, 6, 4),
            (2, 2, 2, 4),
            dict(groups=2, dilation=2, stride=2, padding=((0, 2), (1, 0))),
        ),
        ((1, 8, 7, 2), (2, 1, 2, 1), dict(stride=3)),
        ((2, 1, 2, 2), (5, 5, 2, 2), dict(padding="same")),
    ],
)
def test_gradients_are_finite_differences(x_shape, w_shape, settings, layout):
    rng = np.random.default_rng(2)
    x, w, b = arrays(rng, x_shape, w_shape)
    out, cache = conv2d_forward(x, w, b, **settings)
    dout = rng.normal(size=out.shape)

    def loss():
        return np.sum(conv2d_forward(x, w, b, **settings)[0] * dout)

    # The loss is linear in each array, so that a step of any size gives the exact difference.
    for array, found in zip((x, w, b), conv2d_backward(dout, cache), strict=True):
        assert worst_relative_error(found, gradient(loss, array, 0.1)) < 1e-6


# The fixture sets the same layout for every example, so that keeping it between them is right.
FIXTURE_KEPT = [HealthCheck.function_scoped_fixture]


@st.composite
def convolutions(draw):
    groups, stride, dilation = (draw(st.integers(1, 3)) for _ in range(3))
    channels, filters = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    padding = draw(st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2))
    sizes = []
    for window, around in zip(kernel, padding, strict=True):
        least = max(1, (window - 1) * dilation + 1 - sum(around))
        sizes.append(draw(st.integers(least, least + 4)))
    x_shape = (draw(st.integers(0, 3)), *sizes, channels)
    w_shape = (*kernel, channels // groups, filters)
    settings = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    return x_shape, w_shape, settings, draw(st.integers(0, 2**32 - 1))


@settings(max_examples=80, deadline=None, suppress_health_check=FIXTURE_KEPT)
@given(case=convolutions())
def test_agrees_with_the_loops(case, layout):
    x_shape, w_shape, settings, seed = case
    rng = np.random.default_rng(seed)
    x, w, b = arrays(rng, x_shape, w_shape)
    out, cache = conv2d_forward(x, w, b, **settings)
    dout = rng.normal(size=out.shape)
    dx, dw, db = conv2d_backward(dout, cache)

    padding = settings.pop("padding")
    padded = naive.pad(x, padding)
    np.testing.assert_allclose(out, naive.conv2d_forward(padded, w, b, **settings), atol=1e-12)
    expected = naive.conv2d_dx(dout, w, padded.shape, **settings)
    np.testing.assert_allclose(dx, naive.crop(expected, padding), atol=1e-12)
    expected = naive.conv2d_dw(dout, padded, w.shape, **settings)
    np.testing.assert_allclose(dw, expected, atol=1e-12)
    np.testing.assert_allclose(db, naive.conv2d_db(dout), atol=1e-12)


@settings(max_examples=40, deadline=None, suppress_health_check=FIXTURE_KEPT)
@given(case=convolutions())
def test_backward_is_the_adjoint(case, layout):
    """⟨Cx, y⟩ = ⟨x, Cᵀy⟩, and the same for w, whatever the layer."""
    x_shape, w_shape, settings, seed = case
    rng = np.random.default_rng(seed)
    x, w, b = arrays(rng, x_shape, w_shape)
    out, cache = conv2d_forward(x, w, np.zeros_like(b), **settings)
    y = rng.normal(size=out.shape)
    dx, dw, _ = conv2d_backward(y, cache)
    np.testing.assert_allclose(np.vdot(out, y), np.vdot(x, dx), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(np.vdot(out, y), np.vdot(w, dw), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "x_shape,w_shape,stride,expected",
    [
        ((1, 6, 6, 2), (3, 3, 2, 2), 2, "the last row and column are never reached"),
        ((1, 5, 7, 1), (1, 2, 1, 2), 3, "a stride larger than the kernel leaves gaps"),
    ],
)
def test_what_no_window_reaches_gets_no_gradient(x_shape, w_shape, stride, expected):
    rng = np.random.default_rng(3)
    x, w, b = arrays(rng, x_shape, w_shape)
    out, cache = conv2d_forward(x, w, b, stride=stride)
    reached = np.zeros(x_shape, bool)
    for i, j in np.ndindex(out.shape[1:3]):
        rows = slice(i * stride, i * stride + w_shape[0])
        reached[:, rows, j * stride : j * stride + w_shape[1]] = True
    assert not reached.all(), expected
    dx, _, _ = conv2d_backward(rng.normal(size=out.shape), cache)
    np.testing.assert_array_equal(dx != 0, reached)


def test_float32_errs_as_far_as_float32_may():
    rng = np.random.default_rng(4)
    x, w, b = arrays(rng, (20, 14, 14, 32), (5, 5, 32, 64))
    out, cache = conv2d_forward(x, w, b, padding="same")
    dout = rng.normal(size=out.shape)
    exact = (out, *conv2d_backward(dout, cache))
    single = [each.astype(np.float32) for each in (x, w, b)]
    out, cache = conv2d_forward(*single, padding="same")
    found = (out, *conv2d_backward(dout.astype(np.float32), cache))
    terms = (5 * 5 * 32, 5 * 5 * 64, 20 * 14 * 14, 20 * 14 * 14)
    for each, wanted, count in zip(found, exact, terms, strict=True):
        assert each.dtype == np.float32
        # A sum of so many terms of size 1 grows to about √count, and is rounded at each of them: a
        # random walk of √count steps of eps · √count; twice that, as BLAS chooses the order.
        bound = 2 * np.finfo(np.float32).eps * count
        assert 0 < np.abs(each - wanted).max() < bound


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("groups", [1, 2])
def test_dtype_stays_inputs_stay_and_nothing_is_shared(dtype, groups):
    rng = np.random.default_rng(5)
    x, w, b = arrays(rng, (3, 6, 6, 2), (3, 3, 2 // groups, 4), dtype)
    kept = [each.copy() for each in (x, w, b)]
    out, cache = conv2d_forward(x, w, b, padding="same", groups=groups)
    dout = rng.normal(size=out.shape).astype(dtype)
    kept_dout = dout.copy()
    results = (out, *conv2d_backward(dout, cache))
    for before, after in zip((*kept, kept_dout), (x, w, b, dout), strict=True):
        np.testing.assert_array_equal(before, after)
    for each in results:
        assert each.dtype == dtype
        assert each.flags.c_contiguous
        assert not any(np.shares_memory(each, given) for given in (x, w, b, dout))


def test_float32_is_worked_out_in_float32(layout, dtypes_made):
    x, w, b = arrays(np.random.default_rng(11), (2, 6, 6, 2), (3, 3, 2, 4), np.float32)
    dtypes_made.clear()  # of what the generator makes
    out, cache = conv2d_forward(x, w, b)
    conv2d_backward(out, cache)
    assert dtypes_made == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "size,channels,stride,whole",
    [
        (14, conv.THIN // 2, 1, False),
        (14, conv.THIN // 2 - 1, 1, True),
        (14, conv.THIN, 2, True),
        (13, conv.THIN, 2, False),
    ],
)
def test_unrolls_whole_windows_where_that_is_faster(size, channels, stride, whole):
    x, w, b = arrays(np.random.default_rng(12), (1, size, 5, channels), (2, 2, channels, conv.THIN))
    _, cache = conv2d_forward(x, w, b, stride=stride, padding="same")
    assert conv._whole(cache) == whole


def test_reads_arrays_in_any_memory_order():
    rng = np.random.default_rng(6)
    x, w, b = arrays(rng, (5, 7, 6, 4), (3, 2, 4, 6))
    out, cache = conv2d_forward(x, w, b, padding="same")
    dout = rng.normal(size=out.shape)
    expected = (out, *conv2d_backward(dout, cache))
    odd = [np.asfortranarray(x), np.asfortranarray(w), np.repeat(b, 2)[::2]]
    out, cache = conv2d_forward(*odd, padding="same")
    found = (out, *conv2d_backward(np.asfortranarray(dout), cache))
    for each, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(each, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("groups", [1, 2])
def test_an_empty_batch_gives_empty_output_and_zero_gradients(groups):
    x, w, b = arrays(np.random.default_rng(7), (0, 8, 8, 2), (3, 3, 2 // groups, 4), np.float32)
    out, cache = conv2d_forward(x, w, b, groups=groups)
    assert out.shape == (0, 6, 6, 4)
    dx, dw, db = conv2d_backward(np.zeros_like(out), cache)
    assert dx.shape == x.shape
    assert dw.shape == w.shape and not dw.any()
    assert db.shape == b.shape and not db.any()
    assert {each.dtype for each in (out, dx, dw, db)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("batch", [1, 3, 50, 101])
def test_images_do_not_see_each_other(batch):
    """Blocks of images, whichever way a batch falls into them, make no difference to an image."""
    rng = np.random.default_rng(8)
    x, w, b = arrays(rng, (batch, 9, 9, 3), (3, 3, 3, 5))
    out, cache = conv2d_forward(x, w, b, padding="same")
    dout = rng.normal(size=out.shape)
    dx, dw, db = conv2d_backward(dout, cache)
    sums = np.zeros_like(dw), np.zeros_like(db)
    for n in range(batch):
        one = slice(n, n + 1)
        out_one, cache = conv2d_forward(x[one], w, b, padding="same")
        dx_one, dw_one, db_one = conv2d_backward(dout[one], cache)
        np.testing.assert_allclose(out[one], out_one, atol=1e-12)
        np.testing.assert_allclose(dx[one], dx_one, atol=1e-12)
        sums[0][...] += dw_one
        sums[1][...] += db_one
    np.testing.assert_allclose(dw, sums[0], atol=1e-11)
    np.testing.assert_allclose(db, sums[1], atol=1e-11)


def test_the_same_input_gives_the_same_bits():
    rng = np.random.default_rng(9)
    x, w, b = arrays(rng, (100, 14, 14, 8), (5, 5, 8, 16), np.float32)
    runs = []
    for _ in range(5):
        out, cache = conv2d_forward(x, w, b, padding="same")
        runs.append((out, *conv2d_backward(out, cache)))
    for run in runs[1:]:
        for first, again in zip(runs[0], run, strict=True):
            np.testing.assert_array_equal(first, again)


def test_a_first_layer_can_leave_its_dx_out():
    rng = np.random.default_rng(10)
    x, w, b = arrays(rng, (2, 6, 6, 1), (3, 3, 1, 4))
    out, cache = conv2d_forward(x, w, b)
    dx, dw, db = conv2d_backward(out, cache)
    none, dw_again, db_again = conv2d_backward(out, cache, need_dx=False)
    assert dx is not None and none is None
    np.testing.assert_array_equal(dw, dw_again)
    np.testing.assert_array_equal(db, db_again)


X, W, B = (np.zeros(shape, np.float32) for shape in ((2, 6, 6, 4), (3, 3, 4, 8), (8,)))


@pytest.mark.parametrize(
    "change,message",
    [
        (dict(x=X[0]), r"x has shape \(6, 6, 4\), expected 4 axes \(N, H, W, C\)"),
        (dict(w=W[0]), r"^w has .* expected 4 axes \(KH, KW, C / groups, F\);"),
        (dict(b=B[:5]), r"^b has .* expected \(8,\) \(one bias for each filter of w\);"),
        (dict(x=X[..., :3]), r"4 channels in each of 1 groups and x has 3 channels"),
        (dict(x=X.astype(np.float64)), "one dtype"),
        (dict(w=W.astype(np.float64)), "one dtype"),
        (dict(b=B.astype(np.float64)), "one dtype"),
        (dict(x=X.astype(int)), "x has dtype int64, expected float32 or float64"),
        (dict(x=X.tolist()), "x is a list, expected a NumPy array"),
        (dict(w=np.zeros((7, 3, 4, 8), np.float32)), "height .* reaches over 7 .* has 6"),
        (dict(w=np.zeros((3, 7, 4, 8), np.float32)), "width .* reaches over 7 .* has 6"),
        (dict(dilation=3), "height .* reaches over 7 .* has 6"),
        (dict(w=np.zeros((0, 3, 4, 8), np.float32)), "window is 0, expected an int of at least 1"),
        (dict(x=np.zeros((2, 0, 6, 4), np.float32), padding=2), "size is 0, expected an int"),
        (dict(groups=3), "groups is 3, expected an int that divides the 4 channels of x and the 8"),
        (dict(groups=8), "groups is 8, expected an int that divides the 4 channels of x and the 8"),
        (dict(groups=4, w=W[..., :1, :6], b=B[:6]), "groups is 4, expected an int that divides"),
        (dict(groups=0), "groups is 0"),
        (dict(groups=2.0), "groups is 2.0"),
        (dict(groups=True), "groups is True"),
        (dict(groups=2), r"expected w.shape\[2\] == 2; check"),
        (dict(stride=0), "stride is 0, expected an int of at least 1"),
        (dict(stride=1.5), "stride is 1.5"),
        (dict(stride=(1, 2, 3)), r"stride is \(1, 2, 3\)"),
        (dict(stride=(1, 0)), r"stride is \(1, 0\)"),
        (dict(dilation=0), "dilation is 0"),
        (dict(padding=-1), "padding is -1, expected"),
        (dict(padding=1.5), "padding is 1.5, expected"),
        (dict(padding=True), "padding is True, expected"),
        (dict(padding="SAME"), "padding is 'SAME', expected 'valid' or 'same' .in lower case"),
        (dict(padding=(1, 1)), r"padding is \(1, 1\), expected"),
        (dict(padding=((1, 1),)), "padding is .*, expected"),
        (dict(padding=((1, 1), (1, 1, 1))), "padding is .*, expected"),
        (dict(padding=((1, 1), (1, -1))), "padding is .*, expected"),
    ],
)
def test_refuses_what_makes_no_convolution(change, message):
    arguments = dict(x=X, w=W, b=B) | change
    with pytest.raises(ValueError, match=message):
        conv2d_forward(arguments.pop("x"), arguments.pop("w"), arguments.pop("b"), **arguments)


def test_refuses_the_error_of_another_call():
    _, cache = conv2d_forward(X, W, B)
    with pytest.raises(
        ValueError, match=r"^dout has .* expected \(2, 4, 4, 8\) \(the output's shape\);"
    ):
        conv2d_backward(np.zeros((2, 6, 6, 8), np.float32), cache)
    with pytest.raises(ValueError, match="one dtype"):
        conv2d_backward(np.zeros((2, 4, 4, 8)), cache)


def test_output_size_and_pad_amounts_by_hand():
    assert output_size(28, 5) == 24
    assert output_size(28, 5, padding="same") == 28
    assert output_size(28, 2, 2) == 14
    assert output_size(7, 3, 2, 1, 2) == 3
    assert output_size(5, 2, 2, (0, 1)) == 3
    assert output_size(5, 2, 2) == 2
    assert pad_amounts(28, 5) == (2, 2)
    assert pad_amounts(28, 2) == (0, 1)
    assert pad_amounts(7, 4, 2) == (1, 2)
    assert pad_amounts(4, 1, 3) == (0, 0)
    assert pad_amounts(5, 3, padding=(1, 4)) == (1, 4)
    assert pad_amounts(5, 3, padding="valid") == (0, 0)
    assert pad_amounts(7, 3, dilation=2) == (2, 2)


@pytest.mark.parametrize("function", [output_size, pad_amounts])
@pytest.mark.parametrize(
    "arguments,message",
    [
        (dict(size=0), "size is 0, expected an int of at least 1"),
        (dict(window=0), "window is 0, expected an int of at least 1"),
        (dict(stride=0), "stride is 0, expected an int of at least 1"),
        (dict(dilation=0), "dilation is 0, expected an int of at least 1"),
        (dict(window=6, padding=0), "along the axis the window reaches over 6 .* input has 5,"),
    ],
)
def test_refuses_what_makes_no_windows(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(**(dict(size=5, window=2) | arguments))
