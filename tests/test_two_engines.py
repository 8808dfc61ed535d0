"""One network, two engines: TensorFlow and NumPy compute the same and walk the same path."""

import numpy as np
import pytest

from cnnbook.layers import dropout_mask
from cnnbook.losses import softmax_cross_entropy
from cnnbook.network import article_network
from cnnbook.numpy_train import NumPyEngine
from cnnbook.weights import SHAPES, initial

tf = pytest.importorskip("tensorflow")

from cnnbook.tf_model import ArticleNetwork, loss_of  # noqa: E402
from cnnbook.tf_train import TensorFlowEngine  # noqa: E402

STEPS = 20


def minibatch(step, n=4, dtype=np.float64):
    rng = np.random.default_rng((7, step))
    images = rng.random((n, 28, 28, 1)).astype(dtype)
    mask = dropout_mask((n, 1024), keep_prob=0.5, seed=7, step=step, dtype=dtype)
    return images, rng.integers(0, 10, n), mask


def relative(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


@pytest.fixture(scope="module", params=["article", "he"])
def weights(request):
    return initial(request.param, seed=3, dtype=np.float64)


def test_same_logits_loss_and_gradients(weights):
    images, labels, mask = minibatch(0)
    net = article_network(weights)
    logits = net.forward(images, training=True, masks={"dropout": mask})
    loss, dlogits = softmax_cross_entropy(logits, labels)
    net.backward(dlogits)

    model = ArticleNetwork(weights)
    with tf.GradientTape() as tape:
        tf_logits = model(tf.constant(images), tf.constant(mask))
        tf_loss = loss_of(tf_logits, tf.constant(labels))
    variables = model.named_variables()
    tf_grads = dict(zip(variables, tape.gradient(tf_loss, list(variables.values())), strict=True))

    assert relative(logits, tf_logits.numpy()) <= 1e-12
    assert loss == pytest.approx(float(tf_loss), rel=1e-12)
    assert net.grads.keys() == SHAPES.keys()
    for name, grad in net.grads.items():
        assert relative(grad, tf_grads[name].numpy()) <= 1e-10, name


def test_same_stages(weights):
    images, _, _ = minibatch(1, n=3)
    ours = article_network(weights).stages(images)
    theirs = ArticleNetwork(weights).stages(tf.constant(images))
    for (name, found), (tf_name, expected) in zip(ours.items(), theirs.items(), strict=True):
        assert name == tf_name or (name, tf_name) == ("fc2", "logits")
        assert relative(found, expected.numpy()) <= 1e-12, name


def test_twenty_adam_steps_together():
    weights = initial("article", seed=3, dtype=np.float64)
    ours, theirs = NumPyEngine(weights), TensorFlowEngine(weights)
    for step in range(STEPS):
        images, labels, mask = minibatch(step)
        loss, accuracy = ours.step(images, labels, mask, step, 1e-3)
        tf_loss, tf_accuracy = theirs.step(images, labels, mask, step, 1e-3)
        assert loss == pytest.approx(tf_loss, rel=1e-8), step
        assert accuracy == pytest.approx(tf_accuracy, abs=1e-6)
    tf_weights = theirs.weights()
    for name, array in ours.weights().items():
        assert array.dtype == np.float64
        assert relative(array, tf_weights[name]) <= 1e-8, name
        assert np.abs(array - weights[name]).max() > 1e-3, f"{name} did not move"
    images, _, _ = minibatch(STEPS)
    assert relative(ours.logits(images), theirs.logits(images)) <= 1e-7


def test_float32_step_stays_float32_and_close():
    start = initial("he", seed=1)
    images, labels, mask = minibatch(0, dtype=np.float32)
    ours, theirs = NumPyEngine(start), TensorFlowEngine(start)
    loss, _ = ours.step(images, labels, mask, 0, 1e-3)
    tf_loss, _ = theirs.step(images, labels, mask, 0, 1e-3)
    assert loss == pytest.approx(tf_loss, rel=1e-5)
    assert all(array.dtype == np.float32 for array in ours.state().values() if array.ndim)
    assert ours.logits(images).dtype == np.float32


def test_numpy_engine_goes_on_bit_for_bit():
    start = initial("he", seed=2)
    straight = NumPyEngine(start)
    for step in range(4):
        straight.step(*minibatch(step, dtype=np.float32), step, 1e-3)

    first, second = NumPyEngine(start), NumPyEngine(initial("article"))
    for step in range(2):
        first.step(*minibatch(step, dtype=np.float32), step, 1e-3)
    second.load_state(first.state())
    for step in range(2, 4):
        second.step(*minibatch(step, dtype=np.float32), step, 1e-3)
    state = second.state()
    for name, array in straight.state().items():
        np.testing.assert_array_equal(state[name], array, err_msg=name)
