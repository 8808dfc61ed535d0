"""Chapter 11: the gradients of weights and bias, from one weight used twice to a whole step."""

from itertools import product

import numpy as np

from cnnbook import naive, network
from cnnbook.gradcheck import central_difference
from cnnbook.layers import conv2d_backward, conv2d_forward
from cnnbook.losses import softmax_cross_entropy
from cnnbook.quiet_tensorflow import tf
from equations import equation, largest_difference


def correlate(x, w):
    """The valid part of a cross-correlation, from its definition."""
    KH, KW = w.shape
    z = np.zeros((len(x) - KH + 1, x.shape[1] - KW + 1))
    for i, j in np.ndindex(z.shape):
        z[i, j] = np.sum(x[i : i + KH, j : j + KW] * w)
    return z


def random(*shapes, seed=11):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


def differences(delta, w, run):
    """Differentiate E = Σ δ ∘ z by the weights; exact for any h, as z is linear in them."""
    return central_difference(lambda w: np.sum(run(w) * delta), w, h=0.5)


def layer(x, b, **how):
    """The fast layer as a function of its weights."""
    return lambda w: conv2d_forward(x, w, b, **how)[0]


@equation("eq-dw-tied", within=1e-8)
def test_gradients_of_copies_add_up():
    """The sum over three copies against a central difference that moves all of them together."""

    def loss(copies):
        a, b, c = copies
        return np.sin(a * b) + a**2 * c - np.tanh(b + 2 * c)

    w = 0.7
    each = central_difference(loss, np.full(3, w))
    together = central_difference(lambda tied: loss(np.repeat(tied, 3)), np.array([w]))
    return largest_difference([np.sum(each)], together)


@equation("eq-dw-line", within=1e-12)
def test_one_dimension():
    """The sum in one dimension against differences of the layer's loss."""
    x, w, delta = random(9, 4, 6)
    dw = [sum(delta[i] * x[i + u] for i in range(6)) for u in range(4)]
    return largest_difference(dw, differences(delta, w, lambda w: np.correlate(x, w, "valid")))


@equation("eq-dw-plane", within=1e-12)
def test_one_channel():
    """The double sum for one channel against differences of the layer's loss."""
    x, w, delta = random((6, 7), (3, 2), (4, 6))
    dw = np.zeros((3, 2))
    for u, v in np.ndindex(3, 2):
        dw[u, v] = sum(delta[i, j] * x[i + u, j + v] for i, j in np.ndindex(4, 6))
    return largest_difference(dw, differences(delta, w, lambda w: correlate(x, w)))


@equation("eq-dw-tied-matrix", within=1e-12)
def test_tied_entries_of_the_matrix():
    """The entries of δxᵀ where a weight stands, added up, against differences."""
    x, w, delta = random((5, 6), (2, 3), (4, 4))
    outer = np.outer(delta, x).reshape(4, 4, 5, 6)
    dw = np.zeros((2, 3))
    for i, j, p, q in np.ndindex(outer.shape):
        if 0 <= p - i < 2 and 0 <= q - j < 3:
            dw[p - i, q - j] += outer[i, j, p, q]
    return largest_difference(dw, differences(delta, w, lambda w: correlate(x, w)))


@equation("eq-dw-unrolled", within=1e-12)
def test_windows_as_rows():
    """Uw and Uᵀδ against the cross-correlation and its differences."""
    x, w, delta = random((5, 6), (2, 3), (4, 4))
    U = np.array([x[i : i + 2, j : j + 3].ravel() for i, j in np.ndindex(4, 4)])
    forward = largest_difference(U @ w.ravel(), correlate(x, w).ravel())
    dw = differences(delta, w, lambda w: correlate(x, w))
    return max(forward, largest_difference(U.T @ delta.ravel(), dw.ravel()))


@equation("eq-dw-adjoint", within=1e-12)
def test_adjoint_identity():
    """Both inner products, for random pictures, kernels and outputs of several sizes."""
    errors = []
    for H, W, KH, KW in [(3, 3, 2, 2), (6, 7, 3, 2), (5, 4, 5, 4), (4, 9, 1, 3)]:
        x, w, y = random((H, W), (KH, KW), (H - KH + 1, W - KW + 1))
        left, right = np.sum(correlate(x, w) * y), np.sum(w * correlate(x, y))
        errors.append(largest_difference([left], [right]))
    return max(errors)


def strided(stride):
    """Return a picture, a kernel, errors and the layer with a stride, as a function of w."""
    H, W, KH, KW = 9, 8, 3, 2
    x, w = random((H, W), (KH, KW))
    (delta,) = random(((H - KH) // stride + 1, (W - KW) // stride + 1), seed=12)
    return x, w, delta, lambda w: correlate(x, w)[::stride, ::stride]


@equation("eq-dw-stride", within=1e-12)
def test_stride():
    """The double sum with strides of 1 to 4 against differences of every S-th output."""
    errors = []
    for S in range(1, 5):
        x, w, delta, run = strided(S)
        dw = np.zeros(w.shape)
        for (u, v), (i, j) in product(np.ndindex(w.shape), np.ndindex(delta.shape)):
            dw[u, v] += delta[i, j] * x[i * S + u, j * S + v]
        errors.append(largest_difference(dw, differences(delta, w, run)))
    return max(errors)


@equation("eq-dw-spread", within=1e-12)
def test_stride_spreads_the_error():
    """x ⋆ spread δ, cut off, against differences, for strides of 1 to 4."""
    errors = []
    for S in range(1, 5):
        x, w, delta, run = strided(S)
        spread = np.zeros([(size - 1) * S + 1 for size in delta.shape])
        spread[::S, ::S] = delta
        dw = correlate(x, spread)[: w.shape[0], : w.shape[1]]
        errors.append(largest_difference(dw, differences(delta, w, run)))
    return max(errors)


@equation("eq-dw-spread-size", within=0)
def test_size_before_the_cut():
    """H − (H′ − 1)S and K + (H − K) mod S, with H′ counted, for all sizes up to 12."""
    left, middle, right = [], [], []
    for H, K, S in np.ndindex(13, 13, 13):
        if 1 <= K <= H and S:
            out = sum(1 for row in range(0, H, S) if row + K <= H)
            spread = np.zeros((out - 1) * S + 1)
            left.append(len(np.correlate(np.zeros(H), spread, "valid")))
            middle.append(H - (out - 1) * S)
            right.append(K + (H - K) % S)
    return max(largest_difference(middle, left), largest_difference(right, left))


@equation("eq-dw-depth", within=1e-12)
def test_depth_and_filters():
    """Each channel with each error, padded and strided, against differences of the fast layer."""
    x, w, b = random((1, 6, 7, 3), (3, 2, 3, 4), 4)
    how = {"stride": 2, "padding": 1}
    out, _ = conv2d_forward(x, w, b, **how)
    (delta,) = random(out.shape, seed=12)
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    dw = np.zeros(w.shape)
    for u, v, c, f in np.ndindex(w.shape):
        for i, j in np.ndindex(out.shape[1:3]):
            dw[u, v, c, f] += delta[0, i, j, f] * padded[2 * i + u, 2 * j + v, c]
    exact = differences(delta, w, layer(x, b, **how))
    return largest_difference(dw, exact)


@equation("eq-dw-batch", within=1e-8)
def test_mean_over_the_minibatch():
    """Sum over the minibatch, and mean of its examples' gradients, against differences of E."""
    x, w, b = random((4, 5, 6, 2), (2, 3, 2, 3), 3)

    def mean_loss(w, x):
        z, _ = conv2d_forward(x, w, b)
        return np.sum(np.sin(z)) / len(x)

    z, _ = conv2d_forward(x, w, b)
    delta = np.cos(z) / len(x)
    dw = np.zeros(w.shape)
    for (u, v, c, f), (n, i, j) in product(np.ndindex(w.shape), np.ndindex(z.shape[:3])):
        dw[u, v, c, f] += delta[n, i, j, f] * x[n, i + u, j + v, c]
    exact = central_difference(lambda w: mean_loss(w, x), w)
    alone = [central_difference(lambda w, n=n: mean_loss(w, x[n : n + 1]), w) for n in range(4)]
    return max(largest_difference(dw, exact), largest_difference(np.mean(alone, axis=0), exact))


SETTINGS = [(1, "valid", 1, 1), (2, "same", 1, 1), (3, "same", 1, 2), (2, "same", 2, 2)]


def general(stride, padding, dilation, groups):
    """Return arrays, errors, the padded input and the settings of a layer of 4 channels."""
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    x, w, b = random((2, 9, 10, 4), (3, 2, 4 // groups, 6), 6)
    out, cache = conv2d_forward(x, w, b, **how)
    (delta,) = random(out.shape, seed=12)
    zeros = [(along.before, along.after) for along in (cache.vertical, cache.horizontal)]
    return x, w, b, delta, np.pad(x, ((0, 0), *zeros, (0, 0))), how


def by_the_text(delta, padded, shape, stride, dilation, groups):
    """The gradient of the weights, index by index as in the theorem."""
    S, D = stride, dilation
    F, CG = shape[3], shape[2]
    dw = np.zeros(shape)
    for (u, v, c, f), (n, i, j) in product(np.ndindex(shape), np.ndindex(delta.shape[:3])):
        first = f // (F // groups) * CG
        dw[u, v, c, f] += delta[n, i, j, f] * padded[n, i * S + u * D, j * S + v * D, first + c]
    return dw


@equation("eq-dw-general", within=1e-12)
def test_general_statement_by_differences():
    """The theorem's sum against differences, with stride, SAME, dilation and groups."""
    errors = []
    for S, padding, D, G in SETTINGS:
        x, w, b, delta, padded, how = general(S, padding, D, G)
        exact = differences(delta, w, layer(x, b, **how))
        errors.append(largest_difference(by_the_text(delta, padded, w.shape, S, D, G), exact))
    return max(errors)


@equation("eq-dw-general", within=1e-12)
def test_general_statement_by_tensorflow():
    """The theorem's sum against TensorFlow's gradient, dilation and groups written out."""
    errors = []
    for S, padding, D, G in SETTINGS:
        x, w, _, delta, padded, _ = general(S, padding, D, G)
        wide = [np.eye((K - 1) * D + 1)[::D] for K in w.shape[:2]]
        variable = tf.Variable(w)
        with tf.GradientTape() as tape:
            large = tf.einsum("up,vq,uvcf->pqcf", *wide, variable)
            parts = zip(tf.split(x, G, axis=3), tf.split(large, G, axis=3), strict=True)
            maps = [tf.nn.conv2d(*part, S, padding.upper()) for part in parts]
            loss = tf.reduce_sum(tf.concat(maps, axis=3) * delta)
        theirs = tape.gradient(loss, variable)
        errors.append(largest_difference(by_the_text(delta, padded, w.shape, S, D, G), theirs))
    return max(errors)


@equation("eq-dw-general", within=1e-12)
def test_general_statement_by_layers():
    """The theorem's sum against the package's loops and its fast layer."""
    errors = []
    for S, padding, D, G in SETTINGS:
        x, w, b, delta, padded, how = general(S, padding, D, G)
        _, fast, _ = conv2d_backward(delta, conv2d_forward(x, w, b, **how)[1])
        loops = naive.conv2d_dw(delta, padded, w.shape, S, D, G)
        mine = by_the_text(delta, padded, w.shape, S, D, G)
        errors += [largest_difference(mine, fast), largest_difference(mine, loops)]
    return max(errors)


@equation("eq-dw-swap", within=1e-12)
def test_layer_computes_its_own_gradient():
    """A layer with stride and dilation exchanged, cut off, against differences."""
    errors = []
    for S, D in [(1, 1), (2, 1), (1, 2), (2, 3), (3, 2)]:
        x, w, b = random((3, 13, 11, 2), (3, 2, 2, 4), 4)
        out, _ = conv2d_forward(x, w, b, stride=S, dilation=D)
        (delta,) = random(out.shape, seed=12)
        pictures, kernels = x.transpose(3, 1, 2, 0), delta.transpose(1, 2, 0, 3)
        own = naive.conv2d_forward(pictures, kernels, np.zeros(4), stride=D, dilation=S)
        more = [((size - (K - 1) * D - 1) % S) // D for size, K in ((13, 3), (11, 2))]
        assert own.shape[1:3] == (3 + more[0], 2 + more[1])
        dw = own[:, :3, :2].transpose(1, 2, 0, 3)
        exact = differences(delta, w, layer(x, b, stride=S, dilation=D))
        errors.append(largest_difference(dw, exact))
    return max(errors)


@equation("eq-dw-bias", within=1e-12)
def test_bias():
    """The sum of the errors against differences by the bias."""
    x, w, b, delta, _, how = general(2, "same", 2, 2)
    db = [sum(delta[n, i, j, f] for n, i, j in np.ndindex(delta.shape[:3])) for f in range(6)]
    return largest_difference(
        db, differences(delta, b, lambda b: conv2d_forward(x, w, b, **how)[0])
    )


@equation("eq-dw-fast", within=1e-12)
def test_one_matrix_product():
    """UᵀΔ, with padding, stride and dilation, against differences."""
    S, D = 2, 2
    x, w, b, delta, padded, how = general(S, "same", D, 1)
    U = np.array(
        [
            padded[n, i * S : i * S + 2 * D + 1 : D, j * S : j * S + D + 1 : D].ravel()
            for n, i, j in np.ndindex(delta.shape[:3])
        ]
    )
    dw = (U.T @ delta.reshape(-1, 6)).reshape(w.shape)
    return largest_difference(dw, differences(delta, w, layer(x, b, **how)))


SEVEN = np.array(
    [[0, 2, 2, 2, 0], [0, 0, 0, 2, 0], [0, 0, 2, 1, 0], [0, 1, 2, 0, 0], [0, 2, 0, 0, 0]], float
)
PAPER = {  # each parameter of the network on paper, and its gradient as worked out by hand
    "conv_w": ([[-2, 2], [0, 1]], [[0, 1], [0.5, -0.5]]),
    "conv_b": ([-3], [0.5]),
    "fc_w": ([[1, 0], [1, 0], [0, 1], [1, 0]], [[0.5, -0.5], [1, -1], [1.5, -1.5], [0, 0]]),
    "fc_b": ([0, 0], [0.5, -0.5]),
}


def on_paper(parameters):
    """The network on paper, from the package's layers."""
    return network.Sequential(
        conv=network.Conv2D(parameters["conv_w"].reshape(2, 2, 1, 1), parameters["conv_b"]),
        relu=network.ReLU(),
        pool=network.MaxPool2D(size=2),
        flat=network.Flatten(),
        fc=network.Dense(parameters["fc_w"], parameters["fc_b"]),
    )


def loss_on_paper(parameters):
    """Its loss for the 7."""
    return softmax_cross_entropy(on_paper(parameters).predict(SEVEN[None, ..., None]), [1])[0]


@equation("eq-dw-paper", within=1e-9)
def test_gradients_on_paper():
    """The 15 derivatives worked out by hand against central differences of the network's loss."""
    start = {name: np.array(value, float) for name, (value, _) in PAPER.items()}
    errors = []
    for name, (_, by_hand) in PAPER.items():
        exact = central_difference(
            lambda v, name=name: loss_on_paper(start | {name: v}), start[name]
        )
        errors.append(largest_difference(by_hand, exact))
    return max(errors)


@equation("eq-dw-step", within=1e-12)
def test_step_on_paper():
    """The step with the gradients worked out by hand against TensorFlow's, and both new losses."""
    variables = {name: tf.Variable(np.array(value, float)) for name, (value, _) in PAPER.items()}

    def loss():
        kernel = tf.reshape(variables["conv_w"], (2, 2, 1, 1))
        z = tf.nn.conv2d(SEVEN[None, ..., None], kernel, 1, "VALID") + variables["conv_b"]
        pooled = tf.nn.max_pool2d(tf.nn.relu(z), 2, 2, "VALID")
        logits = tf.reshape(pooled, (1, 4)) @ variables["fc_w"] + variables["fc_b"]
        return tf.nn.sparse_softmax_cross_entropy_with_logits([1], logits)[0]

    with tf.GradientTape() as tape:
        before = loss()
    gradients = tape.gradient(before, variables)
    stepped = {name: np.array(w, float) - 0.1 * np.array(g) for name, (w, g) in PAPER.items()}
    errors = []
    for name, variable in variables.items():
        variable.assign_sub(0.1 * gradients[name])
        errors.append(largest_difference(stepped[name], variable))
    assert loss() < before
    return max([*errors, largest_difference([loss_on_paper(stepped)], [loss()])])
