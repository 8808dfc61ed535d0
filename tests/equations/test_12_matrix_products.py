"""The equations of chapter 12, each against loops, differences or a count."""

import numpy as np

from cnnbook import naive
from equations import equation, largest_difference

RNG = np.random.default_rng(12)
S, D = 2, 2
PADDED = RNG.normal(size=(2, 9, 8, 3))
W = RNG.normal(size=(3, 2, 3, 4))
B = RNG.normal(size=4)
Z = naive.conv2d_forward(PADDED, W, B, stride=S, dilation=D)
DELTA = RNG.normal(size=Z.shape)
N, OH, OW, F = Z.shape
KH, KW, C, _ = W.shape


def unroll(padded):
    """Fill U entry by entry, as the equation says."""
    U = np.zeros((N, OH, OW, KH, KW, C))
    for n, i, j, u, v, c in np.ndindex(U.shape):
        U[n, i, j, u, v, c] = padded[n, i * S + u * D, j * S + v * D, c]
    return U.reshape(N * OH * OW, KH * KW * C)


def fold(y):
    """Sum, for every pixel, the entries of Y at the places where U holds a copy of it."""
    y = y.reshape(N, OH, OW, KH, KW, C)
    folded = np.zeros(PADDED.shape)
    for n, p, q, c in np.ndindex(PADDED.shape):
        for i, j, u, v in np.ndindex(OH, OW, KH, KW):
            if i * S + u * D == p and j * S + v * D == q:
                folded[n, p, q, c] += y[n, i, j, u, v, c]
    return folded


def rows():
    """Compute Q of the equation: every row of the input, with the weights of all kernel rows."""
    Q = np.zeros((N, PADDED.shape[1], OW, KH, F))
    for n, p, j, u, f in np.ndindex(Q.shape):
        window = PADDED[n, p, j * S : j * S + (KW - 1) * D + 1 : D]
        Q[n, p, j, u, f] = np.sum(window * W[u, :, :, f])
    return Q


@equation("eq-fast-unroll", within=1e-13)
def test_row_of_the_unrolled_matrix_is_a_window():
    """Each row of the matrix against the window cut out of the padded input by slices."""
    cut = [
        PADDED[n, i * S :, j * S :][: (KH - 1) * D + 1 : D, : (KW - 1) * D + 1 : D].reshape(-1)
        for n, i, j in np.ndindex(N, OH, OW)
    ]
    return largest_difference(unroll(PADDED), cut)


@equation("eq-fast-forward", within=1e-12)
def test_layer_is_a_matrix_product():
    """The matrix product plus the bias against the loops, with stride and dilation."""
    return largest_difference((unroll(PADDED) @ W.reshape(-1, F) + B).reshape(Z.shape), Z)


@equation("eq-fast-dw", within=1e-12)
def test_gradient_of_the_weights_is_a_matrix_product():
    """The product of the transposed matrix and the error against the loops for dw."""
    product = unroll(PADDED).T @ DELTA.reshape(-1, F)
    loops = naive.conv2d_dw(DELTA, PADDED, W.shape, stride=S, dilation=D)
    return largest_difference(product.reshape(W.shape), loops)


@equation("eq-fast-du", within=1e-8)
def test_gradient_of_the_unrolled_matrix():
    """The product of the error and the transposed weights against central differences."""
    U, weights, h = unroll(PADDED), W.reshape(-1, F), 1e-5

    def loss(matrix):
        return np.sum((matrix @ weights + B) * DELTA.reshape(-1, F))

    differences = np.zeros(U.shape)
    for k in np.ndindex(U.shape):
        step = np.zeros(U.shape)
        step[k] = h
        differences[k] = (loss(U + step) - loss(U - step)) / (2 * h)
    return largest_difference(DELTA.reshape(-1, F) @ weights.T, differences)


@equation("eq-fast-fold", within=1e-12)
def test_fold_gives_the_gradient_of_the_input():
    """The folded gradient of the matrix against the loops for dx; unreached pixels get zero."""
    folded = fold(DELTA.reshape(-1, F) @ W.reshape(-1, F).T)
    loops = naive.conv2d_dx(DELTA, W, PADDED.shape, stride=S, dilation=D)
    return largest_difference(folded, loops)


@equation("eq-fast-adjoint", within=1e-12)
def test_fold_is_the_transpose_of_unroll():
    """The two inner products, for a random Y."""
    y = RNG.normal(size=(N * OH * OW, KH * KW * C))
    return largest_difference(np.sum(unroll(PADDED) * y), np.sum(PADDED * fold(y)))


@equation("eq-fast-operations", within=0)
def test_operations_are_counted():
    """The formula against a count of the multiplications and additions of the loops."""

    class Counted(float):
        done = 0

        def __mul__(self, other):
            Counted.done += 1
            return Counted(float(self) * float(other))

        def __add__(self, other):
            Counted.done += 1
            return Counted(float(self) + float(other))

    total = Counted(0)
    for n, i, j, f in np.ndindex(N, OH, OW, F):
        for u, v, c in np.ndindex(KH, KW, C):
            total = total + Counted(PADDED[n, i * S + u * D, j * S + v * D, c]) * W[u, v, c, f]
    return largest_difference(2 * N * OH * OW * KH * KW * C * F, Counted.done)


@equation("eq-fast-places", within=1e-12)
def test_one_product_for_each_place_of_the_kernel():
    """The sum of one matrix product a place against the loops."""
    out = np.zeros(Z.shape) + B
    for u, v in np.ndindex(KH, KW):
        for n, i, j in np.ndindex(N, OH, OW):
            out[n, i, j] += PADDED[n, i * S + u * D, j * S + v * D] @ W[u, v]
    return largest_difference(out, Z)


@equation("eq-fast-rows", within=1e-12)
def test_rows_with_all_kernel_rows_at_once():
    """Q as a matrix product of unrolled rows and rearranged weights against its sum."""
    across = [slice(v * D, v * D + (OW - 1) * S + 1, S) for v in range(KW)]
    unrolled = np.stack([PADDED[:, :, where] for where in across], axis=3)
    product = unrolled.reshape(-1, KW * C) @ W.transpose(1, 2, 0, 3).reshape(KW * C, KH * F)
    return largest_difference(product.reshape(rows().shape), rows())


@equation("eq-fast-collect", within=1e-12)
def test_rows_are_collected():
    """The collected sums against the loops of the layer."""
    Q, collected = rows(), np.zeros(Z.shape)
    for n, i, j, f in np.ndindex(Z.shape):
        collected[n, i, j, f] = B[f] + sum(Q[n, i * S + u * D, j, u, f] for u in range(KH))
    return largest_difference(collected, Z)
