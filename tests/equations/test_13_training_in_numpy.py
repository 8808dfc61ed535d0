"""The equations of chapter 13: initial scale, optimisers, dropout, each held to something else."""

import itertools
import math

import numpy as np

from cnnbook.gradcheck import central_difference
from cnnbook.layers import (
    dense_backward,
    dense_forward,
    dropout_backward,
    dropout_forward,
    dropout_mask,
    relu_forward,
)
from cnnbook.losses import softmax_cross_entropy
from cnnbook.network import Conv2D, Dense, Flatten, ReLU, Sequential
from cnnbook.optimizers import SGD, Adam, Momentum
from equations import equation, largest_difference


def small_network(rng):
    return Sequential(
        conv=Conv2D(rng.standard_normal((3, 3, 1, 2)), np.full(2, 0.1), padding="same"),
        relu=ReLU(),
        flat=Flatten(),
        fc=Dense(rng.standard_normal((32, 3)), np.zeros(3)),
    )


@equation("eq-numpy-direction", within=1e-8)
def test_slope_along_a_direction_is_the_gradient_times_the_direction():
    """The gradient of a small network times a direction, against a central difference along it."""
    rng = np.random.default_rng(0)
    net, x, labels = small_network(rng), rng.standard_normal((4, 4, 4, 1)), np.arange(4) % 3
    net.backward(softmax_cross_entropy(net.forward(x), labels)[1])
    exact, approximate = [], []
    for name, param in net.params.items():
        before, direction = param.copy(), rng.standard_normal(param.shape)

        def loss(h, param=param, before=before, direction=direction):
            param[...] = before + h[0] * direction
            value = softmax_cross_entropy(net.predict(x), labels)[0]
            param[...] = before
            return value

        exact.append(np.sum(net.grads[name] * direction))
        approximate.append(central_difference(loss, np.zeros(1), h=1e-6)[0])
    assert np.min(np.abs(exact)) > 1e-3
    return largest_difference(approximate, exact)


def sign_patterns(count, sigma):
    """Every draw of weights of ±sigma, all equally likely: mean 0, variance sigma squared."""
    return sigma * np.array(list(itertools.product((1.0, -1.0), repeat=count)))


X = np.array([3.0, 4.0, -1.5, 0.25, 2.0])


@equation("eq-numpy-forward", within=1e-12)
def test_mean_square_of_a_unit_over_all_draws():
    """σ² Σ x², against the mean of z² over all 32 draws of five weights of ±σ."""
    sigma = 0.3
    z = sign_patterns(5, sigma) @ X
    counted = sum(sigma**2 * x**2 for x in X)
    assert math.isclose(counted, sigma**2 * 5 * np.mean(X**2))
    return largest_difference(counted, np.mean(z**2))


@equation("eq-numpy-half", within=1e-12)
def test_relu_keeps_half_of_the_mean_square():
    """Half the mean of z², against the mean of max(z, 0)² over all draws of five weights."""
    z = sign_patterns(5, 0.3) @ X
    return largest_difference(np.mean(z**2) / 2, np.mean(relu_forward(z)[0] ** 2))


@equation("eq-numpy-he", within=1e-12)
def test_he_keeps_the_mean_square():
    """The mean square of a layer's inputs, against that of its ReLU over all draws with 2/M."""
    z = sign_patterns(5, math.sqrt(2 / 5)) @ X
    return largest_difference(np.mean(relu_forward(z)[0] ** 2), np.mean(X**2))


@equation("eq-numpy-backward", within=1e-12)
def test_mean_square_of_the_error_that_comes_back():
    """σ² Σ δ², against dense_backward's dx² averaged over all draws of the weights, δ given."""
    sigma, delta = 0.3, np.array([[0.5, -2.0, 1.0]])
    squares = []
    for draw in sign_patterns(6, sigma):
        _, cache = dense_forward(np.array([[1.0, 2.0]]), draw.reshape(2, 3), np.zeros(3))
        squares.append(dense_backward(delta, cache)[0] ** 2)
    expected = np.full((1, 2), sigma**2 * np.sum(delta**2))
    return largest_difference(np.mean(squares, axis=0), expected)


@equation("eq-numpy-minibatch", within=1e-12)
def test_minibatches_have_the_gradient_of_the_whole_on_average():
    """The mean gradient over all 20 minibatches of 3 of 6 examples, against that of all 6."""
    rng = np.random.default_rng(1)
    x, labels = rng.standard_normal((6, 4)), np.array([0, 1, 2, 0, 1, 1])
    w = rng.standard_normal((4, 3))

    def gradient(chosen):
        out, cache = dense_forward(x[chosen], w, np.zeros(3))
        return dense_backward(softmax_cross_entropy(out, labels[chosen])[1], cache)[1]

    means = np.mean([gradient(list(c)) for c in itertools.combinations(range(6), 3)], axis=0)
    return largest_difference(means, gradient(list(range(6))))


def drawn_gradients(steps, seed):
    return np.random.default_rng(seed).standard_normal((steps, 3))


def package_path(optimiser, gradients, eta):
    params, path = {"theta": np.ones(3)}, []
    for g in gradients:
        optimiser.step(params, {"theta": g}, eta)
        path.append(params["theta"].copy())
    return np.array(path)


@equation("eq-numpy-sgd", within=1e-12)
def test_sgd_step():
    """θ − η g taken step by step, against cnnbook.optimizers.SGD."""
    gradients, theta, path = drawn_gradients(5, 2), np.ones(3), []
    for g in gradients:
        theta = theta - 0.1 * g
        path.append(theta)
    return largest_difference(path, package_path(SGD(), gradients, 0.1))


def descend(optimiser, curvature, eta, steps, start=1.0):
    params, path = {"theta": np.array([start])}, [start]
    for _ in range(steps):
        optimiser.step(params, {"theta": curvature * params["theta"]}, eta)
        path.append(float(params["theta"][0]))
    return np.array(path)


@equation("eq-numpy-parabola", within=1e-12)
def test_sgd_on_a_parabola():
    """(1 − ηλ)ᵗ θ₀ for rates below, at and above 2/λ, against steps of cnnbook.optimizers.SGD."""
    errors = []
    for eta in (0.05, 0.3, 0.5, 0.55):
        path = descend(SGD(), 4.0, eta, 12)
        errors.append(largest_difference((1 - 4 * eta) ** np.arange(13), path))
        assert (abs(path[-1]) < 1) == (eta < 2 / 4)
    return max(errors)


@equation("eq-numpy-momentum", within=1e-12)
def test_momentum_step():
    """Momentum taken step by step, against cnnbook.optimizers.Momentum."""
    gradients, theta, m, path = drawn_gradients(6, 3), np.ones(3), np.zeros(3), []
    for g in gradients:
        m = 0.8 * m + g
        theta = theta - 0.1 * m
        path.append(theta)
    return largest_difference(path, package_path(Momentum(0.8), gradients, 0.1))


@equation("eq-numpy-momentum-sum", within=1e-12)
def test_momentum_is_a_weighted_sum():
    """Σ βᵗ⁻ᵏ g of all gradients so far, against the moves of cnnbook.optimizers.Momentum."""
    gradients = drawn_gradients(6, 4)
    path = np.vstack([np.ones((1, 3)), package_path(Momentum(0.8), gradients, 0.1)])
    sums = [sum(0.8 ** (t - k) * gradients[k - 1] for k in range(1, t + 1)) for t in range(1, 7)]
    return largest_difference(sums, (path[:-1] - path[1:]) / 0.1)


@equation("eq-numpy-recursion", within=1e-12)
def test_momentum_on_a_parabola_needs_two_steps_back():
    """(1 + β − ηλ) θₜ − β θₜ₋₁, against steps of cnnbook.optimizers.Momentum."""
    path = descend(Momentum(0.8), 4.0, 0.3, 15)
    expected = (1 + 0.8 - 0.3 * 4) * path[1:-1] - 0.8 * path[:-2]
    return largest_difference(expected, path[2:])


@equation("eq-numpy-momentum-rate", within=1e-12)
def test_momentum_shrinks_by_root_beta_whatever_the_curvature():
    """The larger root in size between the two bounds, against √β; outside them it is larger."""
    errors = []
    for beta in (0.5, 0.9):
        low, high = (1 - math.sqrt(beta)) ** 2, (1 + math.sqrt(beta)) ** 2
        for product in np.linspace(low, high, 23)[1:-1]:
            size = np.abs(np.roots([1, -(1 + beta - product), beta]))
            errors.append(largest_difference(size, np.full(2, math.sqrt(beta))))
        for product in (0.9 * low, 1.01 * high):
            size = np.abs(np.roots([1, -(1 + beta - product), beta])).max()
            assert size > math.sqrt(beta) + 1e-3
    return max(errors)


@equation("eq-numpy-momentum-rate", within=2e-3)
def test_momentum_really_shrinks_like_that():
    """√β, against the factor of a step measured over 2,000 steps, at curvatures 300 apart."""
    rates = []
    for curvature in (0.1, 1.0, 30.0):
        path = np.abs(descend(Momentum(0.9), curvature, 0.1, 2_000))
        rates.append((path[-40:].max() / path[:40].max()) ** (1 / 1_960))
    return largest_difference(rates, np.full(3, math.sqrt(0.9)))


BETA1, BETA2 = 0.9, 0.999


@equation("eq-numpy-adam-means", within=1e-12)
def test_adam_means():
    """Both running means taken step by step, against the state of cnnbook.optimizers.Adam."""
    gradients, adam = drawn_gradients(6, 5), Adam()
    package_path(adam, gradients, 0.1)
    m = v = np.zeros(3)
    for g in gradients:
        m = BETA1 * m + (1 - BETA1) * g
        v = BETA2 * v + (1 - BETA2) * g**2
    state = adam.state()
    return max(largest_difference(m, state["theta.m"]), largest_difference(v, state["theta.v"]))


@equation("eq-numpy-adam-sum", within=1e-12)
def test_adam_mean_is_a_weighted_sum():
    """(1 − β₁) Σ β₁ᵗ⁻ᵏ g, against the state of cnnbook.optimizers.Adam; weights sum to 1 − β₁ᵗ."""
    gradients, adam = drawn_gradients(7, 6), Adam()
    package_path(adam, gradients, 0.1)
    shares = (1 - BETA1) * BETA1 ** np.arange(6, -1, -1)
    assert math.isclose(shares.sum(), 1 - BETA1**7)
    return largest_difference(shares @ gradients, adam.state()["theta.m"])


@equation("eq-numpy-adam-corrected", within=1e-12)
def test_the_correction_makes_the_means_right_on_average():
    """The means of m̂ and v̂ over all 32 sequences of two gradients, against those of g and g²."""
    sums = []
    for sequence in itertools.product((-1.0, 4.0), repeat=5):
        m = v = 0.0
        for g in sequence:
            m, v = BETA1 * m + (1 - BETA1) * g, BETA2 * v + (1 - BETA2) * g**2
        sums.append((m / (1 - BETA1**5), v / (1 - BETA2**5)))
    return largest_difference(np.mean(sums, axis=0), [1.5, 8.5])


def algorithm_1(gradients, eta, epsilon):
    """Kingma and Ba's Algorithm 1; epsilon may be another one at each step."""
    theta, m, v, path = np.ones(3), np.zeros(3), np.zeros(3), []
    for t, g in enumerate(gradients, start=1):
        m = BETA1 * m + (1 - BETA1) * g
        v = BETA2 * v + (1 - BETA2) * g**2
        m_hat, v_hat = m / (1 - BETA1**t), v / (1 - BETA2**t)
        theta = theta - eta * m_hat / (np.sqrt(v_hat) + epsilon(t))
        path.append(theta)
    return np.array(path)


@equation("eq-numpy-adam", within=1e-12)
def test_algorithm_1_where_epsilon_does_not_count():
    """Algorithm 1 and its unrolled sums, with ε = 1e-30, against cnnbook.optimizers.Adam."""
    gradients = drawn_gradients(6, 7)
    expected = package_path(Adam(epsilon=1e-30), gradients, 0.1)
    return largest_difference(algorithm_1(gradients, 0.1, lambda t: 1e-30), expected)


@equation("eq-numpy-adam-tf", within=1e-12)
def test_both_places_for_epsilon():
    """Algorithm 1 with ε/√(1 − β₂ᵗ), for tiny gradients, against cnnbook.optimizers.Adam."""
    gradients = 1e-7 * drawn_gradients(6, 8)
    expected = package_path(Adam(), gradients, 0.1)
    assert np.abs(algorithm_1(gradients, 0.1, lambda t: 1e-8) - expected).max() > 1e-3
    moved = algorithm_1(gradients, 0.1, lambda t: 1e-8 / math.sqrt(1 - BETA2**t))
    return largest_difference(moved, expected)


KEEP = 0.25
A = np.array([[2.0, -4.0, 6.0]])


def every_mask():
    """Yield every mask of three units with its probability."""
    for kept in itertools.product((0, 1), repeat=3):
        probability = math.prod(KEEP if k else 1 - KEEP for k in kept)
        yield np.array([kept]) / KEEP, probability


@equation("eq-numpy-mask", within=0.02)
def test_mask_has_its_two_values_at_their_rates():
    """The values 0 and 1/κ with their probabilities, against 100,000 entries of dropout_mask."""
    mask = dropout_mask((100, 1000), keep_prob=KEEP, seed=0, step=0, dtype=np.float64)
    values, counts = np.unique(mask, return_counts=True)
    return max(
        largest_difference(values, [0, 1 / KEEP]),
        largest_difference(counts / mask.size, [1 - KEEP, KEEP]),
    )


@equation("eq-numpy-dropout-mean", within=1e-12)
def test_dropout_keeps_the_mean():
    """The activations, against the mean of dropout_forward over all masks by their probability."""
    mean = sum(p * dropout_forward(A, mask=mask)[0] for mask, p in every_mask())
    return largest_difference(mean, A)


@equation("eq-numpy-dropout-back", within=1e-8)
def test_dropout_sends_the_error_through_its_mask():
    """dropout_backward and dout ∘ ξ, against central differences, for every mask."""
    dout, errors = np.array([[0.5, -1.0, 2.0]]), []
    for mask, _ in every_mask():
        _, cache = dropout_forward(A, mask=mask)
        np.testing.assert_array_equal(dropout_backward(dout, cache), dout * mask)

        def loss(a, mask=mask):
            return np.sum(dout * dropout_forward(a, mask=mask)[0])

        errors.append(largest_difference(dout * mask, central_difference(loss, A)))
    return max(errors)


@equation("eq-numpy-accuracy", within=1e-12)
def test_accuracy_is_the_share_on_the_diagonal():
    """The diagonal's share of a confusion matrix, against the share of right answers."""
    rng = np.random.default_rng(9)
    labels, answers = rng.integers(0, 4, (2, 200))
    table = np.zeros((4, 4))
    for label, answer in zip(labels, answers, strict=True):
        table[label, answer] += 1
    diagonal = sum(table[k, k] for k in range(4))
    return largest_difference(diagonal / table.sum(), np.mean(labels == answers))
