"""The equations of chapter 9, backward through pooling, as they stand in its text."""

from functools import partial
from itertools import product

import numpy as np

from cnnbook.gradcheck import central_difference
from cnnbook.quiet_tensorflow import tf
from equations import equation, largest_difference

# Height, width, size, stride, padding (top, bottom, left, right): windows that tile, overlap, leave
# rows over, leave gaps, and hang over the edge on one side or on all.
SETTINGS = [
    (4, 6, (2, 2), 2, (0, 0, 0, 0)),
    (5, 7, (3, 3), 2, (0, 0, 0, 0)),
    (6, 5, (2, 3), 2, (0, 0, 0, 0)),
    (8, 7, (2, 2), 3, (0, 0, 0, 0)),
    (5, 6, (3, 2), 1, (1, 1, 0, 1)),
    (5, 4, (3, 4), 2, (2, 1, 0, 3)),
]
PLAIN = SETTINGS[:4]


def distinct(rng, *shape):
    """Entries that differ by 1 or more, so that a small step changes no winner."""
    return rng.permutation(int(np.prod(shape))).reshape(shape).astype(float)


def output_shape(H, W, size, stride, padding):
    """How many windows there are down and across."""
    top, bottom, left, right = padding
    return (
        (top + H + bottom - size[0]) // stride + 1,
        (left + W + right - size[1]) // stride + 1,
    )


def window(i, j, H, W, size, stride, padding):
    """The pixels of window (i, j) in reading order, as eq-pool-window defines them."""
    places = [
        (i * stride - padding[0] + u, j * stride - padding[2] + v) for u, v in np.ndindex(*size)
    ]
    return [(p, q) for p, q in places if 0 <= p < H and 0 <= q < W]


def pool(x, kind, size, stride, padding=(0, 0, 0, 0)):
    """Both pools of one map from their definition."""
    function = {"max": np.max, "mean": np.mean}[kind]
    shape = output_shape(*x.shape, size, stride, padding)
    z = np.zeros(shape)
    for i, j in np.ndindex(shape):
        z[i, j] = function([x[place] for place in window(i, j, *x.shape, size, stride, padding)])
    return z


def winner(x, i, j, size, stride, padding=(0, 0, 0, 0)):
    """The pixel with the largest entry of a window, the first in reading order."""
    pixels = window(i, j, *x.shape, size, stride, padding)
    return pixels[int(np.argmax([x[place] for place in pixels]))]


def slopes(function, x):
    """∂z/∂x of every output along every pixel, by central differences: (OH, OW, H, W)."""
    found = np.zeros((*function(x).shape, *x.shape))
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = 1e-3
        found[(..., *place)] = (function(x + step) - function(x - step)) / 2e-3
    return found


def nudged(kind, x, dout, size, stride, padding=(0, 0, 0, 0)):
    """∂E/∂x by central differences, for the loss whose error is dout."""
    return central_difference(lambda x: np.sum(dout * pool(x, kind, size, stride, padding)), x)


@equation("eq-poolback-chain", within=1e-8)
def test_errors_times_slopes_add_up_over_the_outputs():
    """The sum over all outputs, slopes by differences, against differences of a curved loss."""
    rng, errors = np.random.default_rng(1), []
    for (H, W, size, stride, padding), kind in product(SETTINGS, ("max", "mean")):
        x = distinct(rng, H, W) / 10
        forward = partial(pool, kind=kind, size=size, stride=stride, padding=padding)
        dout = np.cos(forward(x))  # of the loss Σ sin z
        by_chain = np.einsum("ij,ijpq->pq", dout, slopes(forward, x))
        exact = central_difference(lambda x, forward=forward: np.sum(np.sin(forward(x))), x)
        errors.append(largest_difference(by_chain, exact))
    return max(errors)


def brackets(p, q, i, j, u, v, stride):
    """[iS + u = p] [jS + v = q]."""
    return (i * stride + u == p) * (j * stride + v == q)


@equation("eq-poolback-mean-slope", within=1e-10)
def test_slope_of_a_mean():
    """The double sum of brackets, for every output and pixel, against central differences."""
    rng, errors = np.random.default_rng(2), []
    for H, W, size, stride, _ in PLAIN:
        x = rng.normal(size=(H, W))
        found = slopes(partial(pool, kind="mean", size=size, stride=stride), x)
        formula = np.zeros(found.shape)
        for i, j, p, q in np.ndindex(found.shape):
            both = [brackets(p, q, i, j, u, v, stride) for u, v in np.ndindex(*size)]
            formula[i, j, p, q] = sum(both) / (size[0] * size[1])
        errors.append(largest_difference(formula, found))
    return max(errors)


@equation("eq-poolback-mean", within=1e-9)
def test_a_mean_shares_its_error_out():
    """The four sums, pixel by pixel, against central differences of the loss."""
    rng, errors = np.random.default_rng(3), []
    for H, W, size, stride, padding in PLAIN:
        x = rng.normal(size=(H, W))
        dout = rng.normal(size=output_shape(H, W, size, stride, padding))
        dx = np.zeros((H, W))
        for p, q in np.ndindex(H, W):
            for i, j, u, v in np.ndindex(*dout.shape, *size):
                share = dout[i, j] / (size[0] * size[1])
                dx[p, q] += share * brackets(p, q, i, j, u, v, stride)
        errors.append(largest_difference(dx, nudged("mean", x, dout, size, stride)))
    return max(errors)


@equation("eq-poolback-mean-tile", within=1e-12)
def test_a_mean_whose_windows_tile():
    """The error at p/S and q/S rounded down, over S², against TensorFlow's gradient."""
    rng, errors = np.random.default_rng(4), []
    for S, (OH, OW) in product((1, 2, 3), ((2, 3), (1, 4))):
        x, dout = rng.normal(size=(OH * S, OW * S)), rng.normal(size=(OH, OW))
        dx = np.zeros(x.shape)
        for p, q in np.ndindex(x.shape):
            dx[p, q] = dout[p // S, q // S] / S**2
        errors.append(largest_difference(dx, tensorflow("mean", x, dout, S, S, "VALID")))
    return max(errors)


def tensorflow(kind, x, dout, size, stride, padding):
    """TensorFlow's gradient of Σ dout ∘ pool(x), for one map."""
    function = {"max": tf.nn.max_pool2d, "mean": tf.nn.avg_pool2d}[kind]
    tensor = tf.Variable(x[None, :, :, None])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(function(tensor, size, stride, padding) * dout[None, :, :, None])
    return tape.gradient(loss, tensor).numpy()[0, :, :, 0]


@equation("eq-poolback-max-local", within=0)
def test_near_a_clear_winner_a_maximum_is_one_entry():
    """The maximum after a move of less than half the lead, against the winner's entry then."""
    rng, errors = np.random.default_rng(5), []
    for _ in range(300):
        x = rng.normal(size=rng.integers(2, 10))
        first, second = np.sort(x)[[-1, -2]]
        moved = x + rng.uniform(-1, 1, x.size) * 0.4999 * (first - second)
        errors.append(largest_difference([moved.max()], [moved[x.argmax()]]))
        alone = x.copy()
        alone[rng.integers(x.size)] += rng.uniform(-1, 1) * 0.9999 * (first - second)
        errors.append(largest_difference([alone.max()], [alone[x.argmax()]]))
    return max(errors)


@equation("eq-poolback-max-slope", within=1e-10)
def test_slope_of_a_maximum():
    """1 for the winner and 0 for all others, against central differences, without ties."""
    rng, errors = np.random.default_rng(6), []
    for H, W, size, stride, padding in SETTINGS:
        x = distinct(rng, H, W)
        forward = partial(pool, kind="max", size=size, stride=stride, padding=padding)
        found = slopes(forward, x)
        formula = np.zeros(found.shape)
        for i, j, p, q in np.ndindex(found.shape):
            formula[i, j, p, q] = (p, q) == winner(x, i, j, size, stride, padding)
        errors.append(largest_difference(formula, found))
    return max(errors)


@equation("eq-poolback-max", within=1e-8)
def test_a_maximum_routes_its_error_to_the_winner():
    """The sum over the windows that a pixel wins, against central differences of the loss."""
    rng, errors = np.random.default_rng(7), []
    for H, W, size, stride, padding in PLAIN:
        x = distinct(rng, H, W)
        dout = rng.normal(size=output_shape(H, W, size, stride, padding))
        dx = np.zeros((H, W))
        for p, q in np.ndindex(H, W):
            for i, j in np.ndindex(dout.shape):
                dx[p, q] += dout[i, j] * ((p, q) == winner(x, i, j, size, stride))
        errors.append(largest_difference(dx, nudged("max", x, dout, size, stride)))
    return max(errors)


def reaching(p, size, stride, out, before):
    """The windows along one axis that reach place p, by eq-poolback-windows."""
    lower = int(np.ceil((p + before - size + 1) / stride))
    upper = int(np.floor((p + before) / stride))
    return [i for i in range(lower, upper + 1) if 0 <= i < out]


@equation("eq-poolback-windows", within=0)
def test_which_windows_reach_a_pixel():
    """The rounded bounds against windows laid down one by one, and no more than ⌈K/S⌉ of them."""
    wrong = checked = 0
    for H, K, S, P in product(range(1, 13), range(1, 7), range(1, 6), range(4)):
        if H + 2 * P < K:
            continue
        out = (H + 2 * P - K) // S + 1
        rows = [[i * S - P + u for u in range(K)] for i in range(out)]
        for p in range(H):
            found = reaching(p, K, S, out, P)
            wrong += found != [i for i in range(out) if p in rows[i]]
            wrong += len(found) > int(np.ceil(K / S))
            checked += 1
    assert checked > 1000
    return float(wrong)


def general(kind, x, dout, size, stride, padding):
    """∂E/∂x by eq-poolback-general, pixel by pixel."""
    H, W = x.shape
    dx = np.zeros((H, W))
    for p, q in np.ndindex(H, W):
        for i, j in np.ndindex(dout.shape):
            pixels = window(i, j, H, W, size, stride, padding)
            if kind == "mean" and (p, q) in pixels:
                dx[p, q] += dout[i, j] / len(pixels)
            if kind == "max" and (p, q) == winner(x, i, j, size, stride, padding):
                dx[p, q] += dout[i, j]
    return dx


@equation("eq-poolback-general", within=1e-8)
def test_both_pools_with_padding():
    """The two sums over windows, against central differences, on maps without ties."""
    rng, errors = np.random.default_rng(8), []
    for (H, W, size, stride, padding), kind in product(SETTINGS, ("max", "mean")):
        x = distinct(rng, H, W) - 20
        dout = rng.normal(size=output_shape(H, W, size, stride, padding))
        dx = general(kind, x, dout, size, stride, padding)
        errors.append(largest_difference(dx, nudged(kind, x, dout, size, stride, padding)))
    return max(errors)


@equation("eq-poolback-general", within=1e-12)
def test_both_pools_against_tensorflow_with_ties():
    """The two sums over windows, against TensorFlow's gradient, SAME padding, ties everywhere."""
    rng, errors = np.random.default_rng(9), []
    for (H, W, K, S), kind in product(((5, 5, 2, 2), (6, 7, 3, 2), (4, 5, 3, 1)), ("max", "mean")):
        x = rng.integers(-2, 1, (H, W)).astype(float)
        down, across = (max((-(-side // S) - 1) * S + K - side, 0) for side in (H, W))
        padding = (down // 2, down - down // 2, across // 2, across - across // 2)
        dout = rng.normal(size=(-(-H // S), -(-W // S)))
        dx = general(kind, x, dout, (K, K), S, padding)
        errors.append(largest_difference(dx, tensorflow(kind, x, dout, K, S, "SAME")))
    return max(errors)


@equation("eq-poolback-sum", within=1e-8)
def test_a_pool_hands_back_all_it_is_given():
    """The sum of the gradient, by central differences, against the sum of the errors."""
    rng, errors = np.random.default_rng(10), []
    for (H, W, size, stride, padding), kind in product(SETTINGS, ("max", "mean")):
        x = distinct(rng, H, W) - 20
        dout = rng.normal(size=output_shape(H, W, size, stride, padding))
        dx = nudged(kind, x, dout, size, stride, padding)
        errors.append(largest_difference([dx.sum()], [dout.sum()]))
    return max(errors)


@equation("eq-poolback-half", within=1e-12)
def test_a_central_difference_halves_at_a_tie():
    """The central difference of every tied entry, for steps of any size, against one half."""
    rng, errors = np.random.default_rng(11), []
    for _ in range(200):
        x = rng.integers(-3, 1, rng.integers(2, 10)).astype(float)
        x[rng.choice(x.size, 2, replace=False)] = 0
        for tied in np.flatnonzero(x == 0):
            h = 2.0 ** rng.integers(-20, 4)
            step = h * (np.arange(x.size) == tied)
            quotient = ((x + step).max() - (x - step).max()) / (2 * h)
            errors.append(largest_difference([quotient], [0.5]))
    return max(errors)


@equation("eq-poolback-subgradient", within=1e-12)
def test_shares_among_the_largest_are_the_subgradients():
    """By how much the inequality fails, for random shares at random points; others must fail."""
    rng, errors = np.random.default_rng(12), []
    for _ in range(100):
        x = rng.integers(0, 3, 6).astype(float)
        g = np.where(x == x.max(), rng.exponential(size=6), 0)
        g /= g.sum()
        moved = np.concatenate(
            [x + scale * rng.normal(size=(200, 6)) for scale in (0.01, 1, 100)]
            + [x + 0.5 * np.eye(6), x - np.eye(6), [x + 1, x - 1]]
        )

        def fails(g, x=x, moved=moved):
            return float(np.max(x.max() + (moved - x) @ g - moved.max(axis=1)))

        errors.append(max(fails(g), 0.0))
        assert fails(g * 1.01) > 1e-6 and fails(g * 0.99) > 1e-6
        if (x < x.max()).any():
            loser, first = x.argmin(), x.argmax()
            for moved_share in (0.01, -0.01):
                other = g.copy()
                other[loser] += moved_share
                other[first] -= moved_share
                assert fails(other) > 1e-6
    return max(errors)


@equation("eq-poolback-rows", within=1e-12)
def test_rows_first_and_columns_then():
    """The sum of sums over the rows and columns of windows, against the general sum."""
    rng, errors = np.random.default_rng(13), []
    for H, W, size, stride, padding in SETTINGS:
        x = rng.normal(size=(H, W))
        OH, OW = output_shape(H, W, size, stride, padding)
        dout = rng.normal(size=(OH, OW))
        dx = np.zeros((H, W))
        for p, q in np.ndindex(H, W):
            for i in reaching(p, size[0], stride, OH, padding[0]):
                dx[p, q] += sum(
                    dout[i, j] / len(window(i, j, H, W, size, stride, padding))
                    for j in reaching(q, size[1], stride, OW, padding[2])
                )
        errors.append(largest_difference(dx, general("mean", x, dout, size, stride, padding)))
    return max(errors)


@equation("eq-poolback-matrix", within=1e-8)
def test_a_pool_as_a_matrix_and_its_transpose():
    """C times x against the pool, and C turned over times δ against central differences."""
    rng, errors = np.random.default_rng(14), []
    for (H, W, size, stride, padding), kind in product(SETTINGS, ("max", "mean")):
        x = distinct(rng, H, W) - 20
        shape = output_shape(H, W, size, stride, padding)
        dout = rng.normal(size=shape)
        C = np.zeros((*shape, H, W))
        for i, j in np.ndindex(shape):
            pixels = window(i, j, H, W, size, stride, padding)
            if kind == "max":
                pixels = [winner(x, i, j, size, stride, padding)]
            for place in pixels:
                C[(i, j, *place)] = 1 / len(pixels)
        C = C.reshape(dout.size, x.size)
        z = pool(x, kind, size, stride, padding)
        errors.append(largest_difference(C @ x.ravel(), z.ravel()))
        dx = nudged(kind, x, dout, size, stride, padding)
        errors.append(largest_difference(C.T @ dout.ravel(), dx.ravel()))
    return max(errors)
