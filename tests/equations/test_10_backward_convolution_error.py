"""Chapter 10: the error back through convolution, from one window to the general statement."""

from itertools import product

import numpy as np

from cnnbook import naive
from cnnbook.gradcheck import central_difference
from cnnbook.layers import (
    conv2d_backward,
    conv2d_forward,
    output_size,
    pad_amounts,
    sigmoid_forward,
)
from cnnbook.quiet_tensorflow import tf
from equations import equation, largest_difference

SETTINGS = [*product((1, 2, 3), (1, 2), (1, 2))]  # stride, dilation, groups
SHAPE = (2, 8, 6, 4)
KERNEL, FILTERS = (3, 2), 4


def random(*shapes, seed=10):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


def differences(delta, x, run, h=0.5):
    """Differentiate E = Σ δ ∘ z by the input; exact for any h where z is linear in it."""
    return central_difference(lambda x: np.sum(run(x) * delta), x, h=h)


def plane(w, **how):
    """The fast layer, for one picture of one channel and one filter."""
    w = w[:, :, None, None]
    return lambda x: conv2d_forward(x[None, :, :, None], w, np.zeros(1), **how)[0][0, :, :, 0]


def layer(w, **how):
    return lambda x: conv2d_forward(x, w, np.zeros(w.shape[3]), **how)[0]


def entry(array, *place):
    """An entry of an array, or zero outside it."""
    inside = all(0 <= k < size for k, size in zip(place, array.shape, strict=True))
    return array[place] if inside else 0.0


def spread(delta, p, q, S):
    """An entry of the error spread out, from its definition, for all integers p and q."""
    for i, j in np.ndindex(delta.shape):
        if (p, q) == (i * S, j * S):
            return delta[i, j]
    return 0.0


def first_channel(f, F, G, CG):
    return f // (F // G) * CG


def case(S, D, G):
    """Draw filters, and an error of the shape that the layer's output has."""
    OH, OW = (output_size(H, K, S, 0, D) for H, K in zip(SHAPE[1:3], KERNEL, strict=True))
    return random((*KERNEL, SHAPE[3] // G, FILTERS), (SHAPE[0], OH, OW, FILTERS))


def matrix(w, x_shape, S, D, G):
    """The matrix of a layer for one example, each entry from the definition of its place."""
    (H, W, C), (KH, KW, CG, F) = x_shape, w.shape
    OH, OW = output_size(H, KH, S, 0, D), output_size(W, KW, S, 0, D)
    C_matrix = np.zeros((OH, OW, F, H, W, C))
    for i, j, f, p, q, c in np.ndindex(C_matrix.shape):
        (u, down), (v, across) = divmod(p - i * S, D), divmod(q - j * S, D)
        c_in = c - first_channel(f, F, G, CG)
        if down == across == 0:
            C_matrix[i, j, f, p, q, c] = entry(w, u, v, c_in, f)
    return C_matrix.reshape(OH * OW * F, H * W * C)


@equation("eq-dx-window", within=1e-12)
def test_one_window():
    """The error times the kernel against differences of a single output."""
    x, w, delta = random((2, 2), (2, 2), ())
    dx = [[delta * w[u, v] for v in range(2)] for u in range(2)]
    return largest_difference(dx, differences(delta, x, lambda x: np.sum(x * w) + 0.3))


@equation("eq-dx-line", within=1e-12)
def test_one_dimension():
    """The sum in one dimension against differences of the layer's loss, for every length."""
    errors = []
    for K, H in [(1, 1), (1, 5), (3, 3), (3, 7), (4, 5)]:
        x, w, delta = random(H, K, H - K + 1)
        dx = [sum(entry(delta, p - u) * w[u] for u in range(K)) for p in range(H)]
        run = lambda x, w=w: np.correlate(x, w, "valid")  # noqa: E731
        errors.append(largest_difference(dx, differences(delta, x, run)))
    return max(errors)


@equation("eq-dx-plane", within=1e-12)
def test_one_channel():
    """The full convolution against differences of the layer's loss."""
    x, w, delta = random((6, 7), (3, 2), (4, 6))
    dx = np.zeros(x.shape)
    for (p, q), (u, v) in product(np.ndindex(x.shape), np.ndindex(w.shape)):
        dx[p, q] += entry(delta, p - u, q - v) * w[u, v]
    return largest_difference(dx, differences(delta, x, plane(w)))


@equation("eq-dx-turned", within=1e-12)
def test_turned_kernel_on_the_padded_error():
    """The turned kernel on the padded error against differences of the layer's loss."""
    x, w, delta = random((6, 7), (3, 2), (4, 6))
    KH, KW = w.shape
    dx = np.zeros(x.shape)
    for (p, q), (u, v) in product(np.ndindex(x.shape), np.ndindex(w.shape)):
        turned = w[KH - 1 - u, KW - 1 - v]
        dx[p, q] += turned * entry(delta, p - (KH - 1) + u, q - (KW - 1) + v)
    return largest_difference(dx, differences(delta, x, plane(w)))


@equation("eq-dx-spread", within=1e-12)
def test_spread_error():
    """δ̂ by its definition against differences by the outputs of stride 1, of which S keeps some."""
    errors = []
    for S in (1, 2, 3):
        (dense,) = random((7, 6))
        kept = dense[::S, ::S]
        (delta,) = random(kept.shape, seed=S)
        found = [[spread(delta, p, q, S) for q in range(6)] for p in range(7)]
        keep = lambda dense, S=S: dense[::S, ::S]  # noqa: E731
        errors.append(largest_difference(found, differences(delta, dense, keep)))
    return max(errors)


@equation("eq-dx-stride", within=1e-12)
def test_stride():
    """The sum with δ̂ against differences, for strides that leave rows over or exceed the kernel."""
    errors = []
    for S, shape in product((1, 2, 3, 4), [(8, 7), (9, 9)]):
        x, w = random(shape, (3, 2))
        (delta,) = random(plane(w, stride=S)(x).shape)
        dx = np.zeros(shape)
        for (p, q), (u, v) in product(np.ndindex(shape), np.ndindex(w.shape)):
            dx[p, q] += spread(delta, p - u, q - v, S) * w[u, v]
        errors.append(largest_difference(dx, differences(delta, x, plane(w, stride=S))))
    return max(errors)


@equation("eq-dx-depth", within=1e-12)
def test_channels_and_filters():
    """The sum over filters against differences by a picture of two channels."""
    x, w = random((1, 5, 6, 2), (2, 3, 2, 4))
    (delta,) = random(layer(w, stride=2)(x).shape)
    dx = np.zeros(x.shape)
    for (_, p, q, c), (u, v, f) in product(np.ndindex(x.shape), np.ndindex(2, 3, 4)):
        dx[0, p, q, c] += spread(delta[0, :, :, f], p - u, q - v, 2) * w[u, v, c, f]
    return largest_difference(dx, differences(delta, x, layer(w, stride=2)))


@equation("eq-dx-activation", within=1e-8)
def test_activations_factor():
    """dx times the slope at Z for the sigmoid against differences by the layer before's output."""
    z, w = random((2, 5, 5, 2), (3, 3, 2, 3))
    run = layer(w, padding="same")
    delta_behind, a = random(run(z).shape)[0], 1 / (1 + np.exp(-z))
    dx = naive.crop(naive.conv2d_dx(delta_behind, w, (2, 7, 7, 2)), ((1, 1), (1, 1)))
    delta = dx * a * (1 - a)
    return largest_difference(
        delta, differences(delta_behind, z, lambda z: run(sigmoid_forward(z)[0]), h=1e-5)
    )


@equation("eq-dx-padding", within=1e-12)
def test_padding_is_cropped():
    """The gradient of the padded input, cropped, against differences by the picture itself."""
    errors = []
    for S, padding in product((1, 2), (((0, 2), (3, 1)), ((1, 1), (0, 0)), "same")):
        x, w = random((2, 5, 6, 2), (3, 2, 2, 3))
        run = layer(w, stride=S, padding=padding)
        (delta,) = random(run(x).shape)
        zeros = padding
        if padding == "same":
            zeros = pad_amounts(5, 3, S), pad_amounts(6, 2, S)
        padded = naive.conv2d_dx(delta, w, naive.pad(x, zeros).shape, S)
        (top, _), (left, _) = zeros
        dx = np.zeros(x.shape)
        for n, p, q, c in np.ndindex(x.shape):
            dx[n, p, q, c] = padded[n, p + top, q + left, c]
        errors.append(largest_difference(dx, differences(delta, x, run)))
    return max(errors)


def general(w, delta, S, D, G):
    """eq-dx-general as it stands: search for all outputs and weights that meet a pixel."""
    (OH, OW, F), (KH, KW, CG, _) = delta.shape[1:], w.shape
    dx = np.zeros(SHAPE)
    down = {p: [k for k in np.ndindex(OH, KH) if k[0] * S + k[1] * D == p] for p in range(SHAPE[1])}
    across = {
        q: [k for k in np.ndindex(OW, KW) if k[0] * S + k[1] * D == q] for q in range(SHAPE[2])
    }
    for n, p, q, c in np.ndindex(SHAPE):
        for (i, u), (j, v), f in product(down[p], across[q], range(F)):
            first = first_channel(f, F, G, CG)
            if first <= c < first + CG:
                dx[n, p, q, c] += delta[n, i, j, f] * w[u, v, c - first, f]
    return dx


@equation("eq-dx-general", within=1e-12)
def test_general_statement():
    """The sum over all pairs that meet a pixel against differences, stride, dilation and groups."""
    errors = []
    for S, D, G in SETTINGS:
        w, delta = case(S, D, G)
        run = layer(w, stride=S, dilation=D, groups=G)
        (x,) = random(SHAPE)
        errors.append(largest_difference(general(w, delta, S, D, G), differences(delta, x, run)))
    return max(errors)


@equation("eq-dx-general", within=1e-12)
def test_general_statement_is_tensorflows():
    """The same sum against TensorFlow's gradient, for one group and dilation 1, as it allows."""
    errors = []
    for S in (1, 2, 3):
        w, delta = case(S, 1, 1)
        (x,) = random(SHAPE)
        with tf.GradientTape() as tape:
            given = tf.constant(x)
            tape.watch(given)
            z = tf.nn.conv2d(given, w, S, "VALID")
        theirs = tape.gradient(z, given, tf.constant(delta))
        errors.append(largest_difference(general(w, delta, S, 1, 1), theirs))
    return max(errors)


@equation("eq-dx-correlation", within=1e-12)
def test_turned_kernels_in_general():
    """δ̂ with the turned kernels, at p' and q', against differences of the layer's loss."""
    errors = []
    for S, D, G in SETTINGS:
        w, delta = case(S, D, G)
        (KH, KW, CG, F), N = w.shape, len(delta)
        RH, RW = D * (KH - 1) + 1, D * (KW - 1) + 1
        wide = {  # δ̂ for all places that are asked for
            (n, p, q, f): spread(delta[n, :, :, f], p, q, S)
            for n, f in np.ndindex(N, F)
            for p, q in product(range(1 - RH, SHAPE[1]), range(1 - RW, SHAPE[2]))
        }
        dx = np.zeros(SHAPE)
        for n, p, q, f in np.ndindex(*SHAPE[:3], F):
            first = first_channel(f, F, G, CG)
            for u, v in np.ndindex(KH, KW):
                error = wide[n, p - (RH - 1) + u * D, q - (RW - 1) + v * D, f]
                dx[n, p, q, first : first + CG] += error * w[KH - 1 - u, KW - 1 - v, :, f]
        (x,) = random(SHAPE)
        run = layer(w, stride=S, dilation=D, groups=G)
        errors.append(largest_difference(dx, differences(delta, x, run)))
    return max(errors)


@equation("eq-dx-zeros", within=0)
def test_zeros_around_the_spread_error():
    """Zeros before and after, by the formula, against the places that the windows ask for."""
    found, counted = [], []
    for H, K, S, D in product(range(1, 13), range(1, 5), range(1, 5), (1, 2, 3)):
        R = D * (K - 1) + 1
        if R <= H:
            last_error = (output_size(H, K, S, 0, D) - 1) * S
            asked = [p - (R - 1) + u * D for p in range(H) for u in range(K)]
            found.append([R - 1, R - 1 + (H - R) % S])
            counted.append([-min(asked), max(asked) - last_error])
    return largest_difference(found, counted)


@equation("eq-dx-slope", within=1e-12)
def test_slopes():
    """The sum of brackets against differences of each output by each pixel of two examples."""
    S, D, G = 2, 2, 2
    x, w = random((2, 4, 4, 2), (2, 2, 1, 2))
    run = layer(w, stride=S, dilation=D, groups=G)
    formula, nudged = [], []
    for n2, i, j, f in np.ndindex(run(x).shape):
        slope = np.zeros(x.shape)
        for (n, p, q, c), (u, v, c2) in product(np.ndindex(x.shape), np.ndindex(w.shape[:3])):
            met = (n2, first_channel(f, 2, G, 1) + c2, i * S + u * D, j * S + v * D)
            slope[n, p, q, c] += w[u, v, c2, f] * (met == (n, c, p, q))
        formula.append(slope)
        one = lambda x, place=(n2, i, j, f): run(x)[place]  # noqa: E731
        nudged.append(central_difference(one, x, h=0.5))
    return largest_difference(formula, nudged)


@equation("eq-dx-matrix", within=1e-12)
def test_matrix_of_the_layer():
    """The matrix, entry by entry, times a picture against the loops of the layer."""
    errors = []
    for S, D, G in SETTINGS:
        x, w = random((1, 7, 6, 4), (3, 2, 4 // G, 4))
        z = naive.conv2d_forward(x, w, np.zeros(4), S, D, G)
        found = matrix(w, x.shape[1:], S, D, G) @ x.ravel()
        errors.append(largest_difference(found, z.ravel()))
    return max(errors)


@equation("eq-dx-transpose", within=1e-12)
def test_transposed_matrix_brings_the_error_back():
    """The transposed matrix times the error against differences of the layer's loss."""
    errors = []
    for S, D, G in SETTINGS:
        x, w = random((1, 7, 6, 4), (3, 2, 4 // G, 4))
        run = layer(w, stride=S, dilation=D, groups=G)
        (delta,) = random(run(x).shape)
        found = matrix(w, x.shape[1:], S, D, G).T @ delta.ravel()
        errors.append(largest_difference(found, differences(delta, x, run).ravel()))
    return max(errors)


@equation("eq-dx-adjoint", within=0)
def test_adjoint_identity():
    """Both inner products of the fast layer, forward and backward, on whole numbers: equal."""
    rng, left, right = np.random.default_rng(10), [], []
    for (S, D, G), padding in product(SETTINGS, ("valid", "same", ((0, 2), (1, 0)))):
        x, w = (
            rng.integers(-9, 10, shape).astype(float)
            for shape in (SHAPE, (*KERNEL, SHAPE[3] // G, FILTERS))
        )
        how = {"stride": S, "padding": padding, "dilation": D, "groups": G}
        out, cache = conv2d_forward(x, w, np.zeros(FILTERS), **how)
        y = rng.integers(-9, 10, out.shape).astype(float)
        left.append(np.sum(out * y))
        right.append(np.sum(x * conv2d_backward(y, cache)[0]))
    return largest_difference(left, right)


@equation("eq-dx-reverse", within=1e-12)
def test_adjoints_come_in_reverse_order():
    """Two layers back, the second first, against the transpose of the matrix of both together."""
    x, w1, w2 = random((1, 6, 6, 2), (3, 3, 2, 3), (2, 2, 3, 4))

    def both(x):
        return naive.conv2d_forward(naive.conv2d_forward(x, w1, np.zeros(3)), w2, np.zeros(4), 2)

    units = np.eye(x.size).reshape(-1, *x.shape)
    columns = np.array([both(unit).ravel() for unit in units])  # the transpose of the matrix
    (y,) = random(both(x).shape)
    back = naive.conv2d_dx(naive.conv2d_dx(y, w2, (1, 4, 4, 3), 2), w1, x.shape)
    return largest_difference(back.ravel(), columns @ y.ravel())


@equation("eq-dx-steps", within=1e-12)
def test_adjoints_of_the_three_steps():
    """Pad and crop, correlate and convolve, keep and spread: both inner products, at random."""
    x, w, zeros = *random((2, 6, 5, 2), (3, 2, 2, 4)), ((1, 2), (0, 1))
    left, right = [], []
    (y,) = random((2, 9, 6, 2), seed=1)
    left.append(np.sum(naive.pad(x, zeros) * y))
    right.append(np.sum(x * y[:, 1:7, :5]))

    (y,) = random((2, 4, 4, 4), seed=2)
    convolved = np.zeros(x.shape)
    for (n, p, q, c), (u, v, f) in product(np.ndindex(x.shape), np.ndindex(3, 2, 4)):
        convolved[n, p, q, c] += entry(y, n, p - u, q - v, f) * w[u, v, c, f]
    left.append(np.sum(naive.conv2d_forward(x, w, np.zeros(4)) * y))
    right.append(np.sum(x * convolved))

    for S in (1, 2, 3, 4):
        (y,) = random(x[:, ::S, ::S].shape, seed=S)
        wide = np.zeros(x.shape)
        for n, p, q, c in np.ndindex(x.shape):
            wide[n, p, q, c] = spread(y[n, :, :, c], p, q, S)
        left.append(np.sum(x[:, ::S, ::S] * y))
        right.append(np.sum(x * wide))
    return largest_difference(left, right)


@equation("eq-dx-sizes", within=0)
def test_sizes_that_make_one_size():
    """The two limits against all sizes up to 40 that `output_size` takes to that many rows."""
    limits, counted = [], []
    for OH, R, S in product(range(1, 6), range(1, 5), range(1, 6)):
        makes = [H for H in range(R, 41) if output_size(H, R, S) == OH]
        limits.append([(OH - 1) * S + R, (OH - 1) * S + R + S - 1, S])
        counted.append([min(makes), max(makes), len(makes)])
    return largest_difference(limits, counted)
