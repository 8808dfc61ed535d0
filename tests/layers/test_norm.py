"""Batch normalisation against finite differences, TensorFlow, Keras and its own definition."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnbook.gradcheck import check_layer
from cnnbook.layers import batch_norm_backward, batch_norm_forward

shapes = st.one_of(
    st.tuples(st.integers(3, 6), st.integers(1, 4)),
    st.tuples(st.integers(1, 3), st.integers(3, 4), st.integers(1, 3), st.integers(1, 3)),
)


def draw(shape, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    c = shape[-1:]
    # Spread out: where a channel's values nearly agree, or are but two, differences are too coarse.
    x = (2 + rng.permuted(np.linspace(-4, 4, np.prod(shape)))).reshape(shape).astype(dtype)
    gamma, beta, mean = (rng.standard_normal(c).astype(dtype) for _ in range(3))
    running = dict(running_mean=mean, running_var=rng.uniform(0.5, 2, c).astype(dtype))
    return x, gamma, beta, running, rng.standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("training", [True, False])
@given(shape=shapes, seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_finite_differences_and_tensorflow(training, shape, seed):
    x, gamma, beta, running, dout = draw(shape, seed)
    report = check_layer(
        batch_norm_forward,
        batch_norm_backward,
        [x, gamma, beta],
        rng=np.random.default_rng(seed),
        training=training,
        **running,
    )
    assert report.passed, report

    tensors = [tf.constant(a) for a in (x, gamma, beta)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        moments = tf.nn.moments(tensors[0], list(range(x.ndim - 1)))
        mean, var = moments if training else (running["running_mean"], running["running_var"])
        expected = tf.nn.batch_normalization(tensors[0], mean, var, tensors[2], tensors[1], 1e-3)
    out, cache, _ = batch_norm_forward(x, gamma, beta, training=training, **running)
    np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-10)
    gradients = tape.gradient(expected, tensors, tf.constant(dout))
    for found, wanted in zip(batch_norm_backward(dout, cache), gradients, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("shape", [(6, 4), (2, 3, 5, 4)])
def test_keras_keeps_the_same_running_statistics(shape):
    x, gamma, beta, running, _ = draw(shape)
    layer = keras.layers.BatchNormalization(dtype="float64")
    layer.build((None, *shape[1:]))
    layer.set_weights([gamma, beta, running["running_mean"], running["running_var"]])
    mean, var = running.values()
    for _ in range(3):
        out, _, (mean, var) = batch_norm_forward(x, gamma, beta, running_mean=mean, running_var=var)
        np.testing.assert_allclose(out, layer(x, training=True), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(mean, layer.moving_mean, rtol=1e-10)
        np.testing.assert_allclose(var, layer.moving_variance, rtol=1e-10)
    out, _, kept = batch_norm_forward(
        x, gamma, beta, running_mean=mean, running_var=var, training=False
    )
    np.testing.assert_allclose(out, layer(x, training=False), rtol=1e-10, atol=1e-10)
    assert kept[0] is mean and kept[1] is var


def test_every_channel_comes_out_with_mean_beta_and_deviation_gamma():
    x, gamma, beta, running, _ = draw((50, 8, 8, 3))
    out, _, _ = batch_norm_forward(x, gamma, beta, epsilon=1e-12, **running)
    np.testing.assert_allclose(out.mean(axis=(0, 1, 2)), beta, atol=1e-12)
    np.testing.assert_allclose(out.std(axis=(0, 1, 2)), np.abs(gamma), rtol=1e-10)


def test_momentum_is_the_share_that_stays():
    x, gamma, beta, running, _ = draw((20, 3))
    for momentum in (0, 0.75, 1):
        _, _, (mean, var) = batch_norm_forward(x, gamma, beta, momentum=momentum, **running)
        np.testing.assert_allclose(
            mean, momentum * running["running_mean"] + (1 - momentum) * x.mean(axis=0), rtol=1e-12
        )
        np.testing.assert_allclose(
            var, momentum * running["running_var"] + (1 - momentum) * x.var(axis=0), rtol=1e-12
        )


def test_in_training_no_error_passes_a_shift_or_a_stretch():
    """The output ignores a shift of x, and but for ε a stretch, so dx is orthogonal to both."""
    x, gamma, beta, running, dout = draw((30, 4))
    _, cache, _ = batch_norm_forward(x, gamma, beta, epsilon=1e-12, **running)
    dx, _, _ = batch_norm_backward(dout, cache)
    np.testing.assert_allclose(dx.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose((dx * x).sum(axis=0), 0, atol=1e-11)


def test_a_channel_that_does_not_vary_gives_beta_and_no_infinity():
    x, gamma, beta, running, dout = draw((5, 3))
    x[:, 1] = 7
    out, cache, _ = batch_norm_forward(x, gamma, beta, **running)
    np.testing.assert_allclose(out[:, 1], beta[1], atol=1e-12)
    assert all(np.isfinite(a).all() for a in batch_norm_backward(dout, cache))


def test_a_single_number_is_its_own_mean():
    x, gamma, beta, running, _ = draw((1, 1))
    out, _, (mean, var) = batch_norm_forward(x, gamma, beta, momentum=0, **running)
    np.testing.assert_array_equal([out[0], mean, var], [beta, x[0], [0]])


def test_float32_stays_and_is_exact_even_for_many_numbers_far_from_zero():
    x, gamma, beta, running, dout = draw((64, 28, 28, 2), dtype=np.float32)
    x += 100
    out, cache, new = batch_norm_forward(
        x, gamma, beta, momentum=np.float64(0.9), epsilon=np.float64(1e-3), **running
    )
    grads = batch_norm_backward(dout, cache)
    assert {a.dtype for a in (out, *new, *grads)} == {np.dtype(np.float32)}
    wide = [a.astype(np.float64) for a in (x, gamma, beta)]
    wide_running = {name: a.astype(np.float64) for name, a in running.items()}
    exact, exact_cache, exact_new = batch_norm_forward(*wide, momentum=0.9, **wide_running)
    exact_grads = batch_norm_backward(dout.astype(np.float64), exact_cache)
    for found, wanted in zip((out, *new, *grads), (exact, *exact_new, *exact_grads), strict=True):
        assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()


def test_a_mean_over_very_many_float32_numbers_loses_no_digits():
    x, gamma, beta, running, _ = draw((2, 3), dtype=np.float32)
    x = np.full((1 << 18, 3), 0.1, np.float32)
    out, _, (mean, _) = batch_norm_forward(x, gamma, beta, momentum=0, **running)
    np.testing.assert_array_equal(mean, x[0])
    np.testing.assert_array_equal(out[:1], beta[np.newaxis])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(0, 3), (0, 4, 4, 3)])
def test_an_empty_minibatch_leaves_the_running_statistics(shape, training):
    x, gamma, beta, running, dout = draw(shape)
    with np.errstate(all="raise"):
        out, cache, new = batch_norm_forward(x, gamma, beta, training=training, **running)
        dx, dgamma, dbeta = batch_norm_backward(dout, cache)
    assert out.shape == dx.shape == shape
    np.testing.assert_array_equal(dgamma, np.zeros(3))
    np.testing.assert_array_equal(dbeta, np.zeros(3))
    np.testing.assert_array_equal(new, list(running.values()))


@pytest.mark.parametrize("training", [True, False])
def test_inputs_are_not_changed(training):
    x, gamma, beta, running, dout = draw((6, 3))
    arrays = [x, gamma, beta, *running.values(), dout]
    before = [a.copy() for a in arrays]
    _, cache, _ = batch_norm_forward(x, gamma, beta, training=training, **running)
    batch_norm_backward(dout, cache)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_mistakes_are_named():
    x, gamma, beta, running, dout = draw((6, 3))
    with pytest.raises(ValueError, match=r"x has shape \(6,\), expected \(N, C\) or"):
        batch_norm_forward(x[:, 0], gamma, beta, **running)
    per_channel = dict(gamma=gamma, beta=beta, **running)
    for name in per_channel:
        with pytest.raises(
            ValueError, match=rf"^{name} has .* expected \(3,\) \(one number for each"
        ):
            batch_norm_forward(x, **per_channel | {name: np.ones(2)})
        with pytest.raises(ValueError, match=f"^{name} has dtype float32 and x has float64"):
            batch_norm_forward(x, **per_channel | {name: np.ones(3, np.float32)})
    for momentum in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=r"momentum is .*expected 0 to 1; it is the share"):
            batch_norm_forward(x, gamma, beta, momentum=momentum, **running)
    for epsilon in (0, -1e-3, np.nan):
        with pytest.raises(ValueError, match=r"epsilon is .*expected a small number above 0"):
            batch_norm_forward(x, gamma, beta, epsilon=epsilon, **running)
    _, cache, _ = batch_norm_forward(x, gamma, beta, **running)
    with pytest.raises(ValueError, match=r"dout has shape \(5, 3\), expected \(6, 3\)"):
        batch_norm_backward(dout[:5], cache)
    with pytest.raises(ValueError, match="dtype"):
        batch_norm_backward(dout.astype(np.float32), cache)
