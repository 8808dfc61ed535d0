"""Optimisers against their formulas, TensorFlow's own kernels, and a run that was stopped."""

import numpy as np
import pytest
import tensorflow as tf

from cnnbook.optimizers import SGD, Adam, Momentum

SHAPES = {"w": (7, 5, 3), "b": (4,), "long": (200_003,)}
STEPS = 6
each = pytest.mark.parametrize("make", [SGD, Momentum, Adam])


def draw(seed, dtype=np.float64):
    rng = np.random.default_rng(seed)
    arrays = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
    arrays["b"] *= 1e-9  # where ε weighs more than √v
    return {name: array.astype(dtype) for name, array in arrays.items()}


def tensorflow_path(kind, params, dtype):
    """Take the steps with TensorFlow's kernels, the ones of TensorFlow 1's optimisers."""
    raw = tf.raw_ops
    paths = {}
    for name, value in params.items():
        var = tf.Variable(value)
        m, v = tf.Variable(tf.zeros_like(var)), tf.Variable(tf.zeros_like(var))
        for t in range(1, STEPS + 1):
            grad, rate = tf.constant(draw(t, dtype)[name]), tf.constant(0.01 * t, dtype)
            if kind is SGD:
                raw.ResourceApplyGradientDescent(var=var.handle, alpha=rate, delta=grad)
            elif kind is Momentum:
                raw.ResourceApplyMomentum(
                    var=var.handle, accum=m.handle, lr=rate, grad=grad, momentum=dtype(0.9)
                )
            else:
                raw.ResourceApplyAdam(
                    var=var.handle,
                    m=m.handle,
                    v=v.handle,
                    beta1_power=dtype(0.9**t),
                    beta2_power=dtype(0.999**t),
                    lr=rate,
                    beta1=dtype(0.9),
                    beta2=dtype(0.999),
                    epsilon=dtype(1e-8),
                    grad=grad,
                )
        paths[name] = var.numpy()
    return paths


@each
@pytest.mark.parametrize("dtype,tolerance", [(np.float64, 1e-13), (np.float32, 2e-5)])
def test_steps_are_tensorflows(make, dtype, tolerance):
    start, params, optimizer = draw(0, dtype), draw(0, dtype), make()
    for t in range(1, STEPS + 1):
        optimizer.step(params, draw(t, dtype), 0.01 * t)
    expected = tensorflow_path(make, start, dtype)
    for name, array in params.items():
        moved = np.abs(expected[name] - start[name]).max()
        assert array.dtype == dtype and moved > 0
        assert np.abs(array - expected[name]).max() <= tolerance * moved, name


def test_adam_by_its_formula_with_other_settings():
    beta1, beta2, epsilon, rate = 0.8, 0.9, 1e-3, 0.05
    optimizer = Adam(beta1=beta1, beta2=beta2, epsilon=epsilon)
    theta, m, v = 1.0, 0.0, 0.0
    params = {"θ": np.array([theta])}
    for t, g in enumerate([0.5, -2.0, 1e-4], start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        rate_t = rate * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
        theta -= rate_t * m / (v**0.5 + epsilon)
        optimizer.step(params, {"θ": np.array([g])}, rate)
        assert params["θ"][0] == pytest.approx(theta, rel=1e-14)


def test_momentum_and_sgd_by_hand():
    params, grads = {"θ": np.array([1.0])}, {"θ": np.array([2.0])}
    SGD().step(params, grads, 0.25)
    assert params["θ"][0] == 0.5
    optimizer = Momentum(momentum=0.5)
    optimizer.step(params, grads, 0.1)  # v = 2
    optimizer.step(params, grads, 0.1)  # v = 3
    assert params["θ"][0] == pytest.approx(0.5 - 0.2 - 0.3, abs=1e-15)


def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient():
    params, grads = {"w": np.zeros(3)}, {"w": np.array([1e-3, -5.0, 1e6])}
    Adam().step(params, grads, 0.01)
    np.testing.assert_allclose(params["w"], [-0.01, 0.01, -0.01], rtol=1e-3)


@each
def test_a_run_that_was_stopped_goes_on_bit_for_bit(make):
    straight, params = make(), draw(0, np.float32)
    for t in range(STEPS):
        straight.step(params, draw(t, np.float32), 0.01)
    first, resumed = make(), draw(0, np.float32)
    for t in range(3):
        first.step(resumed, draw(t, np.float32), 0.01)
    state = first.state()
    held = {name: array.copy() for name, array in state.items()}
    second = make()
    second.load_state(state)
    for t in range(3, STEPS):
        second.step(resumed, draw(t, np.float32), 0.01)
    for name, array in params.items():
        np.testing.assert_array_equal(resumed[name], array)
    for name, array in held.items():
        np.testing.assert_array_equal(state[name], array, err_msg="the state is a copy")
    assert straight.state().keys() == second.state().keys()
    assert second.state()["steps"] == STEPS


@each
def test_threads_change_no_bit(make, monkeypatch):
    results = []
    for threads in (1, 2, 3):
        monkeypatch.setenv("CNNBOOK_THREADS", str(threads))
        params, optimizer = draw(0, np.float32), make()
        for t in range(2):
            optimizer.step(params, draw(t, np.float32), 0.01)
        results.append(params)
    for params in results[1:]:
        for name, array in params.items():
            np.testing.assert_array_equal(array, results[0][name])


@each
def test_parameters_change_in_place_and_gradients_do_not(make):
    params, grads = draw(0), draw(1)
    held = dict(params)
    make().step(params, grads, 0.01)
    for name, array in params.items():
        assert array is held[name]
        assert np.abs(array - draw(0)[name]).max() > 0
        np.testing.assert_array_equal(grads[name], draw(1)[name])


@each
def test_nothing_to_learn_and_no_rate_change_nothing(make):
    optimizer = make()
    optimizer.step({}, {}, 0.1)
    empty = {"w": np.zeros((0, 3))}
    optimizer.step(empty, {"w": np.zeros((0, 3))}, 0.1)
    params = draw(0)
    make().step(params, draw(1), 0)
    for name, array in params.items():
        np.testing.assert_array_equal(array, draw(0)[name])


@each
def test_float32_and_float64_side_by_side(make):
    params = {"single": np.ones(3, np.float32), "double": np.ones(5)}
    grads = {name: np.ones_like(array) for name, array in params.items()}
    make().step(params, grads, np.float64(0.1))
    assert params["single"].dtype == np.float32 and params["double"].dtype == np.float64
    np.testing.assert_allclose(params["single"], params["double"][:3], rtol=1e-6)
    assert params["double"][0] < 1


@each
def test_mistakes_are_named(make):
    ones = np.ones((2, 3))
    step = make().step
    with pytest.raises(ValueError, match="params and grads differ in b, w, expected the same"):
        step({"w": ones}, {"b": ones}, 0.1)
    with pytest.raises(ValueError, match=r"gradient of w has shape \(3,\) and dtype float64"):
        step({"w": ones}, {"w": np.ones(3)}, 0.1)
    with pytest.raises(ValueError, match=r"gradient of w has shape .*float32, expected .*float64"):
        step({"w": ones}, {"w": ones.astype(np.float32)}, 0.1)
    with pytest.raises(ValueError, match="w is not a writeable array in C order"):
        step({"w": ones.T}, {"w": ones.T}, 0.1)
    frozen = ones.copy()
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="w is not a writeable array in C order"):
        step({"w": frozen}, {"w": ones}, 0.1)
    for rate in (-0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"learning_rate is .*expected a finite number"):
            step({"w": ones}, {"w": ones}, rate)
    np.testing.assert_array_equal(ones, 1)


@pytest.mark.parametrize("make", [Momentum, Adam])
def test_another_network_needs_another_optimiser(make):
    optimizer = make()
    optimizer.step({"w": np.ones(3)}, {"w": np.ones(3)}, 0.1)
    for other in (np.ones(4), np.ones(3, np.float32)):
        with pytest.raises(ValueError, match=r"from earlier steps has .*; use a new optimiser"):
            optimizer.step({"w": other}, {"w": other}, 0.1)


@pytest.mark.parametrize("value", [-0.1, 1, np.nan])
def test_settings_out_of_range_are_named(value):
    for make, name in ((Momentum, "momentum"), (Adam, "beta1"), (Adam, "beta2")):
        with pytest.raises(ValueError, match=f"{name} is .*expected 0 or more and below 1"):
            make(**{name: value})


@pytest.mark.parametrize("epsilon", [0, -1e-8, np.nan])
def test_adam_refuses_an_epsilon_that_protects_nothing(epsilon):
    with pytest.raises(ValueError, match=r"epsilon is .*expected a small number above 0"):
        Adam(epsilon=epsilon)
