"""The right forms of the errata museum: each against the definition or finite differences."""

import numpy as np

from cnnbook import naive
from cnnbook.gradcheck import central_difference
from equations import equation, largest_difference


def _windows(H, K, S):
    """Lay the windows down one by one."""
    return [row for row in range(0, H, S) if row + K <= H]


def _every_size():
    return [(H, K, S) for H in range(1, 16) for K in range(1, H + 1) for S in range(1, 18)]


@equation("eq-errata-valid", within=0)
def test_number_of_windows_without_padding():
    """Both forms against windows laid down one by one, for every size up to 15."""
    counted = [len(_windows(*size)) for size in _every_size()]
    down = [np.floor((H - K) / S) + 1 for H, K, S in _every_size()]
    up = [np.ceil((H - K + 1) / S) for H, K, S in _every_size()]
    return max(largest_difference(down, counted), largest_difference(up, counted))


@equation("eq-errata-same", within=0)
def test_number_of_windows_with_same_padding():
    """The form against the number of multiples of the stride among the rows."""
    sizes = [(H, S) for H in range(1, 30) for S in range(1, 35)]
    counted = [len(range(0, H, S)) for H, S in sizes]
    return largest_difference([np.ceil(H / S) for H, S in sizes], counted)


def _layer(rng, C, F):
    """Draw a picture, filters and an error, and return the loss that has this error."""
    x, w = rng.normal(size=(5, 6, C)), rng.normal(size=(3, 2, C, F))
    delta = rng.normal(size=(3, 5, F))

    def loss(x, w):
        return np.sum(naive.conv2d_forward(x[None], w, np.zeros(F))[0] * delta)

    return x, w, delta, loss


def _at(delta, i, j):
    """Return the error of output (i, j), zero where there is none."""
    inside = 0 <= i < delta.shape[0] and 0 <= j < delta.shape[1]
    return delta[i, j] if inside else np.zeros(delta.shape[2:])


@equation("eq-errata-dx", within=1e-9)
def test_error_comes_back_through_the_turned_kernel():
    """The sum, entry by entry, against central differences."""
    x, w, delta, loss = _layer(np.random.default_rng(21), 1, 1)
    dx = np.zeros_like(x)
    for p, q, u, v in np.ndindex(5, 6, 3, 2):
        dx[p, q, 0] += w[u, v, 0, 0] * _at(delta, p - u, q - v)[0]
    return largest_difference(dx, central_difference(lambda x: loss(x, w), x))


@equation("eq-errata-dw", within=1e-9)
def test_gradient_of_the_weights_has_no_flip():
    """The sum, entry by entry, against central differences."""
    x, w, delta, loss = _layer(np.random.default_rng(22), 1, 1)
    dw = np.zeros_like(w)
    for u, v, i, j in np.ndindex(3, 2, 3, 5):
        dw[u, v, 0, 0] += delta[i, j, 0] * x[i + u, j + v, 0]
    return largest_difference(dw, central_difference(lambda w: loss(x, w), w))


@equation("eq-errata-filters", within=1e-9)
def test_errors_of_all_filters_add_up():
    """The sum over filters, three channels and two filters, against central differences."""
    x, w, delta, loss = _layer(np.random.default_rng(23), 3, 2)
    dx = np.zeros_like(x)
    for p, q, c, f, u, v in np.ndindex(5, 6, 3, 2, 3, 2):
        dx[p, q, c] += w[u, v, c, f] * _at(delta, p - u, q - v)[f]
    return largest_difference(dx, central_difference(lambda x: loss(x, w), x))


@equation("eq-errata-conserve", within=1e-9)
def test_max_pooling_hands_on_as_much_as_it_gets():
    """Sums over each map, with ties and overlap, against the slope when all pixels are raised."""
    rng = np.random.default_rng(24)
    x = rng.integers(0, 3, size=(1, 7, 7, 2)).astype(float)
    delta = rng.normal(size=(1, 3, 3, 2))
    dx = naive.max_pool2d_backward(delta, x, 3, 2)

    def loss(raised):
        return np.sum(naive.max_pool2d_forward(x + raised, 3, 2) * delta)

    slopes = central_difference(loss, np.zeros(2))
    put_in = delta.sum(axis=(0, 1, 2))
    handed_on = dx.sum(axis=(0, 1, 2))
    return max(largest_difference(handed_on, put_in), largest_difference(slopes, put_in))
