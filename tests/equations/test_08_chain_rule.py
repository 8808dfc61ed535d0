"""The chain rule, the way back through dense layers, softmax and ReLU, and finite differences."""

import math
from fractions import Fraction

import numpy as np

from cnnbook.gradcheck import central_difference
from cnnbook.layers import dense_forward, relu_backward, relu_forward
from cnnbook.losses import softmax, softmax_cross_entropy
from cnnbook.optimizers import SGD
from equations import equation, largest_difference

RNG = np.random.default_rng

FUNCTIONS = {  # f, f′
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
}
X, W, B = RNG(0).normal(size=(5, 4)), RNG(1).normal(size=(4, 3)), RNG(2).normal(size=3)
DELTA = RNG(3).normal(size=(5, 3))
LOGITS, LABELS = RNG(4).normal(size=(6, 4)), np.array([0, 3, 1, 1, 2, 0])


@equation("eq-chain-linear", within=1e-5)
def test_the_remainder_shrinks_faster_than_the_nudge():
    """Remainder divided by a nudge of 1e-6, for five functions at 0.7, and zero."""
    x, h = 0.7, 1e-6
    found = [(f(x + h) - f(x) - slope(x) * h) / h for f, slope in FUNCTIONS.values()]
    return largest_difference(found, np.zeros(5))


@equation("eq-chain-nudges", within=1e-5)
def test_the_remainder_shrinks_faster_than_many_nudges():
    """Remainder divided by the length of random nudges of 1e-6, of a function of three numbers."""

    def f(x):
        return x[0] ** 2 * x[1] + np.exp(x[1] * x[2])

    x = np.array([0.5, -1.2, 0.8])
    inner = np.exp(x[1] * x[2])
    gradient = np.array([2 * x[0] * x[1], x[0] ** 2 + x[2] * inner, x[1] * inner])
    found = []
    for h in RNG(5).normal(size=(100, 3)):
        h *= 1e-6 / np.linalg.norm(h)
        found.append((f(x + h) - f(x) - gradient @ h) / 1e-6)
    return largest_difference(found, np.zeros(100))


@equation("eq-chain-scalar", within=1e-8)
def test_slopes_multiply():
    """Product of two slopes and central differences, for pairs of five functions."""
    x, found, expected = np.array([0.9]), [], []
    for inner, inner_slope in FUNCTIONS.values():
        for outer, outer_slope in FUNCTIONS.values():
            if outer is np.log and inner(x[0]) < 0:
                continue
            found.append(outer_slope(inner(x[0])) * inner_slope(x[0]))
            expected += central_difference(lambda t, f=outer, g=inner: f(g(t[0])), x).tolist()
    return largest_difference(found, expected)


@equation("eq-chain-long", within=1e-8)
def test_slopes_of_a_long_chain_multiply():
    """Product of ten slopes and central differences."""
    names = ["exp", "reciprocal", "exp", "log", "sin", "exp", "reciprocal", "sin", "cube", "exp"]

    def run(x):
        slopes = []
        for name in names:
            f, slope = FUNCTIONS[name]
            slopes.append(slope(x))
            x = f(x)
        return x, slopes

    x = np.array([1.1])
    product = math.prod(run(x[0])[1])
    return largest_difference([product], central_difference(lambda t: run(t[0])[0], x))


@equation("eq-chain-sum", within=1e-8)
def test_effects_on_the_loss_add_up():
    """Sum over five numbers between, and central differences, for four inputs."""
    v, x = RNG(6).normal(size=(4, 5)), RNG(7).normal(size=4)

    def between(x):
        return np.array([math.sin(x @ v[:, f]) + x[f % 4] ** 2 for f in range(5)])

    def loss(z):
        return z[0] * z[1] + z[2] * math.exp(z[3] - z[4])

    z = between(x)
    e = math.exp(z[3] - z[4])
    dz = [z[1], z[0], e, z[2] * e, -z[2] * e]
    dx = np.zeros(4)
    for m, f in np.ndindex(4, 5):
        factor = math.cos(x @ v[:, f]) * v[m, f] + (2 * x[m] if f % 4 == m else 0)
        dx[m] += dz[f] * factor
    return largest_difference(dx, central_difference(lambda t: loss(between(t)), x))


class RandomGraph:
    """Numbers computed from random earlier ones: the sine of a sum, or a product of two."""

    given, last = 3, 14

    def __init__(self, seed):
        rng = RNG(seed)
        self.parents = {
            k: sorted(rng.choice(k, size=2, replace=False).tolist())
            for k in range(self.given, self.last + 1)
        }
        self.start = rng.uniform(0.5, 1.5, self.given)
        self.zeta = self.run(self.start.tolist())

    def run(self, zeta):
        """Compute all numbers after those given."""
        zeta = list(zeta)
        for k in range(len(zeta), self.last + 1):
            a, b = (zeta[parent] for parent in self.parents[k])
            zeta.append(a * b if k % 2 else math.sin(a + 2 * b))
        return zeta

    def arrows(self):
        """Return the factor of each arrow, by (tail, tip)."""
        factors = {}
        for k, (i, j) in self.parents.items():
            a, b = self.zeta[i], self.zeta[j]
            slope = math.cos(a + 2 * b)
            factors[i, k], factors[j, k] = (b, a) if k % 2 else (slope, 2 * slope)
        return factors

    def by_hand(self, k):
        """Change number k by hand, leave those before it, compute those after it anew."""

        def last(value):
            return self.run([*self.zeta[:k], value[0]])[-1]

        if k < self.given:
            rest = self.zeta[k + 1 : self.given]
            return central_difference(
                lambda v: self.run([*self.zeta[:k], v[0], *rest])[-1], np.array([self.zeta[k]])
            )[0]
        return central_difference(last, np.array([self.zeta[k]]))[0]


GRAPHS = [RandomGraph(seed) for seed in range(5)]


@equation("eq-chain-backward", within=1e-7)
def test_backward_through_random_graphs():
    """Recursion from the last number, and each number changed by hand, in five random graphs."""
    found, expected = [], []
    for graph in GRAPHS:
        d = {graph.last: 1.0}
        for k in range(graph.last - 1, -1, -1):
            d[k] = sum(f * d[tip] for (tail, tip), f in graph.arrows().items() if tail == k)
        found += [d[k] for k in range(graph.last + 1)]
        expected += [graph.by_hand(k) for k in range(graph.last + 1)]
    return largest_difference(found, expected)


@equation("eq-chain-paths", within=1e-7)
def test_sum_over_all_paths_of_random_graphs():
    """Every path followed, and each number changed by hand, in five random graphs."""

    def follow(k, arrows, last):
        if k == last:
            return 1.0
        return sum(f * follow(tip, arrows, last) for (tail, tip), f in arrows.items() if tail == k)

    found, expected = [], []
    for graph in GRAPHS:
        arrows = graph.arrows()
        found += [follow(k, arrows, graph.last) for k in range(graph.last + 1)]
        expected += [graph.by_hand(k) for k in range(graph.last + 1)]
    return largest_difference(found, expected)


def probabilities(z):
    """Softmax of one row, as the definition has it."""
    return np.exp(z) / np.exp(z).sum()


@equation("eq-chain-log-sum", within=1e-9)
def test_derivative_of_the_logarithm_of_the_sum():
    """Softmax and central differences of the logarithm of the sum of exponentials."""
    z = LOGITS[0]
    return largest_difference(
        probabilities(z), central_difference(lambda t: math.log(np.exp(t).sum()), z)
    )


@equation("eq-chain-softmax", within=1e-9)
def test_jacobian_of_softmax():
    """Formula and central differences, all sixteen entries."""
    z = LOGITS[1]
    p = probabilities(z)
    formula = [[p[k] * ((k1 == k) - p[k1]) for k1 in range(4)] for k in range(4)]
    nudged = [central_difference(lambda t, k=k: probabilities(t)[k], z) for k in range(4)]
    return largest_difference(formula, nudged)


@equation("eq-chain-one", within=1e-9)
def test_error_of_one_example():
    """Probability less label, and central differences of the loss, for each label."""
    z = LOGITS[2]
    p = probabilities(z)
    formula = [[p[k1] - (k1 == y) for k1 in range(4)] for y in range(4)]
    nudged = [
        central_difference(lambda t, y=y: -math.log(probabilities(t)[y]), z) for y in range(4)
    ]
    return largest_difference(formula, nudged)


@equation("eq-chain-soft-label", within=1e-9)
def test_error_of_a_label_that_is_a_distribution():
    """Probabilities less label, and central differences of the loss; the label has a zero."""
    z, y = LOGITS[3], np.array([0.5, 0.2, 0.0, 0.3])
    nudged = central_difference(lambda t: -np.sum(y * np.log(probabilities(t))), z)
    return largest_difference(probabilities(z) - y, nudged)


def mean_delta():
    """Compute the error of the minibatch as the equation has it."""
    N, K = LOGITS.shape
    delta = np.zeros((N, K))
    for n, k in np.ndindex(N, K):
        delta[n, k] = (probabilities(LOGITS[n])[k] - (k == LABELS[n])) / N
    return delta


@equation("eq-chain-delta", within=1e-9)
def test_error_of_a_minibatch():
    """Formula and central differences of the mean loss of six examples."""

    def loss(z):
        return np.mean([-math.log(probabilities(z[n])[y]) for n, y in enumerate(LABELS)])

    return largest_difference(mean_delta(), central_difference(loss, LOGITS))


@equation("eq-chain-delta", within=1e-12)
def test_error_of_a_minibatch_in_the_package():
    """Formula and what `softmax_cross_entropy` returns."""
    return largest_difference(mean_delta(), softmax_cross_entropy(LOGITS, LABELS)[1])


def weighted(x, w, b):
    """Add up the outputs of a dense layer, weighted so that DELTA is their error."""
    total = 0.0
    for n, f in np.ndindex(DELTA.shape):
        total += DELTA[n, f] * (b[f] + sum(x[n, m] * w[m, f] for m in range(len(w))))
    return total


def loops():
    """Compute the three sums of the dense layer as they stand in the text."""
    dx, dw, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(B.shape)
    for n, m in np.ndindex(X.shape):
        dx[n, m] = sum(DELTA[n, f] * W[m, f] for f in range(3))
    for m, f in np.ndindex(W.shape):
        dw[m, f] = sum(X[n, m] * DELTA[n, f] for n in range(5))
    for f in range(3):
        db[f] = sum(DELTA[n, f] for n in range(5))
    return dx, dw, db


@equation("eq-chain-dense-dx", within=1e-8)
def test_dense_layer_hands_the_error_on():
    """Sum over the outputs, and central differences for every entry of x."""
    return largest_difference(loops()[0], central_difference(lambda t: weighted(t, W, B), X))


@equation("eq-chain-dense-dw", within=1e-8)
def test_dense_layer_weights():
    """Sum over the examples, and central differences for every weight."""
    return largest_difference(loops()[1], central_difference(lambda t: weighted(X, t, B), W))


@equation("eq-chain-dense-db", within=1e-8)
def test_dense_layer_biases():
    """Sum over the examples, and central differences for every bias."""
    return largest_difference(loops()[2], central_difference(lambda t: weighted(X, W, t), B))


@equation("eq-chain-dense", within=1e-12)
def test_dense_layer_as_matrix_products():
    """Two matrix products and the sums as loops."""
    dx, dw, _ = loops()
    products = DELTA @ W.T, X.T @ DELTA
    return max(map(largest_difference, products, (dx, dw)))


@equation("eq-chain-relu", within=1e-8)
def test_relu_is_a_gate():
    """Gated error and central differences, away from the kink."""
    z, da = RNG(8).normal(size=(5, 3)), DELTA
    assert np.abs(z).min() > 1e-3
    nudged = central_difference(lambda t: np.sum(np.maximum(t, 0) * da), z)
    return largest_difference(da * (z > 0), nudged)


@equation("eq-chain-relu", within=0)
def test_relu_at_the_kink():
    """The bracket at z = 0, and what `relu_backward` lets through there."""
    z = np.array([-1.0, 0.0, 2.0])
    found = relu_backward(np.full(3, 3.0), relu_forward(z)[1])
    return largest_difference(found, 3.0 * (z > 0))


@equation("eq-chain-steepest", within=1e-12)
def test_no_nudge_goes_down_more_steeply_than_against_the_gradient():
    """How far 1,000 random nudges go below the bound, and the one against the gradient from it."""
    g, h = RNG(9).normal(size=7), RNG(10).normal(size=(1000, 7))
    bound = -np.linalg.norm(g) * np.linalg.norm(h, axis=1)
    below = np.maximum(bound - h @ g, 0)
    against = -0.3 * g
    gap = g @ against + np.linalg.norm(g) * np.linalg.norm(against)
    return largest_difference([*below, gap], np.zeros(1001))


def logistic(v):
    """Give the mean loss of a dense layer with softmax, weights in the rows of v."""
    logits, _ = dense_forward(X, v, B)
    return softmax_cross_entropy(logits, [0, 1, 2, 1, 0])[0]


def logistic_gradient(v):
    """Give its gradient, by the chapter's formulas."""
    delta = (softmax(X @ v + B) - np.eye(3)[[0, 1, 2, 1, 0]]) / 5
    return X.T @ delta


@equation("eq-chain-descent", within=1e-15)
def test_a_step_of_gradient_descent():
    """The rule for each weight, and the package's optimiser."""
    params, g = {"w": W.copy()}, logistic_gradient(W)
    SGD().step(params, {"w": g}, 0.3)
    expected = np.zeros(W.shape)
    for place in np.ndindex(W.shape):
        expected[place] = W[place] - 0.3 * g[place]
    return largest_difference(expected, params["w"])


@equation("eq-chain-decrease", within=1e-5)
def test_a_small_step_lowers_the_loss_by_the_rate_times_the_squared_length():
    """Remainder of a step with rate 1e-6, divided by the rate, and zero."""
    g, eta = logistic_gradient(W), 1e-6
    remainder = logistic(W - eta * g) - logistic(W) + eta * np.sum(g**2)
    return largest_difference([remainder / eta], [0.0])


INPUTS, WANTED = np.array([[1.0, 1.0], [3.0, -3.0]]), np.array([3.0, 3.0])


@equation("eq-chain-bowl", within=1e-12)
def test_loss_of_two_weights_along_and_across_the_valley():
    """Formula and the mean squared miss, at random places."""
    d = RNG(11).normal(size=(20, 2))
    w = np.array([2.0, 1.0]) + d @ np.array([[1.0, 1.0], [1.0, -1.0]])
    misses = w @ INPUTS.T - WANTED
    return largest_difference(d[:, 0] ** 2 + 9 * d[:, 1] ** 2, (misses**2).sum(1) / 4)


@equation("eq-chain-shrink", within=1e-9)
def test_gradient_descent_on_two_weights():
    """Powers of the two factors, and thirty steps walked, with six rates."""
    found, expected = [], []
    for eta in (0.02, 0.1, 1 / 9, 0.2, 2 / 9, 0.23):
        w = np.array([-1.0, 1.0])
        for t in range(30):
            plus, minus = -1.5 * (1 - eta) ** t, -1.5 * (1 - 9 * eta) ** t
            found += [2 + plus + minus, 1 + plus - minus]
            expected += w.tolist()
            w = w - eta * INPUTS.T @ (INPUTS @ w - WANTED) / 2
    return largest_difference(found, expected)


def excess(error, bound):
    """Tell by how much of the bound an error is above it, or 0."""
    return max(float(error / bound) - 1, 0.0)


@equation("eq-chain-one-sided", within=0)
def test_truncation_to_one_side():
    """Error above the bound for cubes and reciprocals, and from it for squares, in fractions."""
    errors = []
    for x, h in [(Fraction(a, 7), Fraction(1, b)) for a in range(5, 12) for b in (2, 10, 1000)]:
        square = ((x + h) ** 2 - x**2) / h - 2 * x
        errors.append(float(abs(square - 2 * h / 2)))
        cube = ((x + h) ** 3 - x**3) / h - 3 * x**2
        errors.append(excess(abs(cube), 6 * (x + h) / 2 * h))
        reciprocal = (1 / (x + h) - 1 / x) / h + 1 / x**2
        errors.append(excess(abs(reciprocal), 2 / (x - h) ** 3 / 2 * h))
    return largest_difference(errors, np.zeros(len(errors)))


@equation("eq-chain-central", within=0)
def test_truncation_to_both_sides():
    """Error above the bound for reciprocals, and from it for cubes, in fractions."""
    errors = []
    for x, h in [(Fraction(a, 7), Fraction(1, b)) for a in range(5, 12) for b in (2, 10, 1000)]:
        cube = ((x + h) ** 3 - (x - h) ** 3) / (2 * h) - 3 * x**2
        errors.append(float(abs(cube - 6 * h**2 / 6)))
        reciprocal = (1 / (x + h) - 1 / (x - h)) / (2 * h) + 1 / x**2
        errors.append(excess(abs(reciprocal), 6 / (x - h) ** 4 / 6 * h**2))
    return largest_difference(errors, np.zeros(len(errors)))


EPS = 2.0**-52
PLACES = 1 + 0.75 * RNG(12).random(200)


def central_ratios(bound, true):
    """Divide the errors of central differences of 1/x by their bounds."""
    ratios = []
    for k in range(2, 46):
        h = 2.0**-k
        for x in PLACES:
            computed = (1 / (x + h) - 1 / (x - h)) / (2 * h)
            error = abs(Fraction(computed) - true(Fraction(x), Fraction(h)))
            ratios.append(float(error) / bound(x, h))
    return ratios


def between(ratios):
    """Give 0 if the largest ratio lies between a half and 1, else how far outside it lies."""
    return largest_difference([max(0.5 - max(ratios), max(ratios) - 1, 0)], [0])


@equation("eq-chain-rounding", within=0)
def test_rounding_of_the_central_difference():
    """Rounding of 1/x against its bound: the largest of 8,800 is between a half of it and all."""
    return between(
        central_ratios(
            lambda x, h: EPS / (x - h) / (2 * h),
            lambda x, h: (1 / (x + h) - 1 / (x - h)) / (2 * h),
        )
    )


@equation("eq-chain-total", within=0)
def test_error_of_the_central_difference():
    """Error of 1/x against both bounds added: the largest is between a half of it and all."""
    return between(
        central_ratios(
            lambda x, h: 6 / (x - h) ** 4 / 6 * h**2 + EPS / (x - h) / (2 * h),
            lambda x, h: -1 / x**2,
        )
    )


@equation("eq-chain-best", within=1e-3)
def test_the_best_nudge():
    """Formula and the smallest of 20,001 values of the bound, for five pairs of sizes."""
    found, expected = [], []
    for b0, b3 in [(1, 1), (1, 6), (0.01, 3), (50, 0.2), (7, 7)]:
        formula = (3 * EPS * b0 / (2 * b3)) ** (1 / 3)
        h = formula * np.exp(np.linspace(-1, 1, 20_001))
        total = b3 / 6 * h**2 + EPS * b0 / (2 * h)
        found.append(1.0)
        expected.append(h[total.argmin()] / formula)
    return largest_difference(found, expected)


@equation("eq-chain-kink", within=1e-12)
def test_central_difference_across_the_kink():
    """Formula and the quotient of ReLU, for z from −h to h."""
    found, expected = [], []
    for h in (0.5, 0.01):
        for z in np.linspace(-h, h, 21):
            found.append(0.5 + z / (2 * h))
            expected.append((max(z + h, 0) - max(z - h, 0)) / (2 * h))
    return largest_difference(found, expected)


@equation("eq-chain-jump", within=1e-6)
def test_jump_of_the_slope():
    """Second difference over h, and the slopes of five functions on both sides, in between."""
    found, expected = [], []
    for f, _ in FUNCTIONS.values():
        for h in (1e-2, 1e-4):
            found.append((f(0.7 + h) - 2 * f(0.7) + f(0.7 - h)) / h)
            expected.append((f(0.7 + h) - f(0.7)) / h - (f(0.7) - f(0.7 - h)) / h)
    return largest_difference(found, expected)
