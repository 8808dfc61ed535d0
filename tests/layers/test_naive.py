"""The loops of the text against numbers worked out by hand, and both ways to dx."""

import numpy as np
import pytest

from cnnbook import naive


def image(rows):
    return np.array(rows, np.float64)[None, :, :, None]


def kernel(rows):
    return np.array(rows, np.float64)[:, :, None, None]


X = image([[0, 1, 2], [3, 4, 5], [6, 7, 8]])
W = kernel([[0, 1], [2, 3]])


def test_conv2d_forward_by_hand():
    z = naive.conv2d_forward(X, W, np.zeros(1))
    np.testing.assert_array_equal(z[0, :, :, 0], [[19, 25], [37, 43]])
    z = naive.conv2d_forward(X, W, np.array([0.5]))
    np.testing.assert_array_equal(z[0, :, :, 0], [[19.5, 25.5], [37.5, 43.5]])
    z = naive.conv2d_forward(X, W, np.zeros(1), dilation=2)
    np.testing.assert_array_equal(z[0, :, :, 0], [[0 * 0 + 2 * 1 + 6 * 2 + 8 * 3]])


def test_conv2d_gradients_by_hand():
    dout = image([[1, 0], [0, 2]])
    dx = naive.conv2d_dx(dout, W, X.shape)
    np.testing.assert_array_equal(dx[0, :, :, 0], [[0, 1, 0], [2, 3, 2], [0, 4, 6]])
    dw = naive.conv2d_dw(dout, X, W.shape)
    np.testing.assert_array_equal(dw[:, :, 0, 0], [[8, 11], [17, 20]])
    np.testing.assert_array_equal(naive.conv2d_db(dout), [3])


def test_groups_meet_their_own_channels():
    x = np.array([1.0, 10.0]).reshape(1, 1, 1, 2)
    w = np.array([2.0, 3.0]).reshape(1, 1, 1, 2)
    z = naive.conv2d_forward(x, w, np.zeros(2), groups=2)
    np.testing.assert_array_equal(z.ravel(), [2, 30])
    np.testing.assert_array_equal(naive.conv2d_dx(z, w, x.shape, groups=2).ravel(), [4, 90])
    np.testing.assert_array_equal(naive.conv2d_dw(z, x, w.shape, groups=2).ravel(), [2, 300])


def test_pad_dilate_and_rotate180():
    padded = naive.pad(X, ((1, 0), (0, 2)))
    assert padded.shape == (1, 4, 5, 1)
    np.testing.assert_array_equal(padded[:, 1:, :3], X)
    assert padded.sum() == X.sum()
    np.testing.assert_array_equal(naive.crop(padded, ((1, 0), (0, 2))), X)
    spread = naive.dilate(image([[1, 2], [3, 4]]), 3)
    expected = [[1, 0, 0, 2], [0, 0, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4]]
    np.testing.assert_array_equal(spread[0, :, :, 0], expected)
    turned = naive.rotate180(kernel([[1, 2, 3], [4, 5, 6]]))
    np.testing.assert_array_equal(turned[:, :, 0, 0], [[6, 5, 4], [3, 2, 1]])


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [(5, 5), (6, 7), (7, 6)])
def test_dx_by_correlation_is_dx(stride, size):
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(2, *size, 2)), rng.normal(size=(3, 2, 2, 3))
    z = naive.conv2d_forward(x, w, np.zeros(3), stride)
    dout = rng.normal(size=z.shape)
    expected = naive.conv2d_dx(dout, w, x.shape, stride)
    found = naive.conv2d_dx_by_correlation(dout, w, x.shape, stride)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_pooling_by_hand():
    x = image([[1, 2, 5, 0], [4, 3, 5, 1], [0, 0, 1, 2], [8, 0, 4, 3]])
    z = naive.max_pool2d_forward(x, 2, 2)
    np.testing.assert_array_equal(z[0, :, :, 0], [[4, 5], [8, 4]])
    dx = naive.max_pool2d_backward(image([[1, 2], [3, 4]]), x, 2, 2)
    expected = [[0, 0, 2, 0], [1, 0, 0, 0], [0, 0, 0, 0], [3, 0, 4, 0]]
    np.testing.assert_array_equal(dx[0, :, :, 0], expected)
    z = naive.avg_pool2d_forward(x, 2, 2)
    np.testing.assert_array_equal(z[0, :, :, 0], [[2.5, 2.75], [2, 2.5]])
    dx = naive.avg_pool2d_backward(image([[4, 8], [12, 16]]), x.shape, 2, 2)
    expected = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    np.testing.assert_array_equal(dx[0, :, :, 0], expected)


def test_float32_stays_float32():
    x, w, b = X.astype(np.float32), W.astype(np.float32), np.zeros(1, np.float32)
    z = naive.conv2d_forward(x, w, b)
    results = (
        z,
        naive.conv2d_dx(z, w, x.shape),
        naive.conv2d_dw(z, x, w.shape),
        naive.conv2d_db(z),
        naive.conv2d_dx_by_correlation(z, w, x.shape),
        naive.max_pool2d_forward(x, 2, 1),
        naive.max_pool2d_backward(z, x, 2, 1),
        naive.avg_pool2d_forward(x, 2, 1),
        naive.avg_pool2d_backward(z, x.shape, 2, 1),
    )
    assert {each.dtype for each in results} == {np.dtype(np.float32)}
