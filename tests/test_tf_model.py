"""The article's network in TensorFlow, and the step it is trained by."""

import numpy as np
import pytest

from cnnbook import weights
from cnnbook.layers.dropout import dropout_mask
from cnnbook.quiet_tensorflow import tf
from cnnbook.tf_model import ArticleNetwork, loss_of
from cnnbook.tf_train import Adam, TensorFlowEngine, matmul


@pytest.fixture(scope="module")
def network():
    return ArticleNetwork()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((3, 28, 28, 1), dtype=np.float32)


def test_every_stage_has_the_shape_that_same_padding_gives(network, images):
    shapes = {name: tuple(out.shape) for name, out in network.stages(images).items()}
    assert shapes == {
        "conv1": (3, 28, 28, 32),
        "relu1": (3, 28, 28, 32),
        "pool1": (3, 14, 14, 32),
        "conv2": (3, 14, 14, 64),
        "relu2": (3, 14, 14, 64),
        "pool2": (3, 7, 7, 64),
        "flat": (3, 3136),
        "fc1": (3, 1024),
        "relu3": (3, 1024),
        "dropout": (3, 1024),
        "logits": (3, 10),
    }


def test_the_variables_are_named_and_counted(network):
    assert [v.name for v in network.named_variables().values()] == [
        f"{name}:0" for name in weights.SHAPES
    ]
    assert len(network.trainable_variables) == 8
    assert sum(int(tf.size(v)) for v in network.trainable_variables) == 3_274_634


def test_weights_are_copies(network, images):
    before = network(images).numpy()
    network.weights()["fc1_w"][...] = 0
    np.testing.assert_array_equal(network(images), before)


def test_the_mask_is_applied_to_the_hidden_units(network, images):
    mask = dropout_mask((3, 1024), keep_prob=0.5, seed=0, step=0)
    out = network.stages(images, mask)
    np.testing.assert_array_equal(out["dropout"], out["relu3"] * mask)
    assert (out["dropout"].numpy() == 0).mean() > 0.4


def test_the_loss_is_the_mean_over_the_minibatch():
    loss = loss_of(tf.constant([[0.0, 0.0], [0.0, np.log(3.0)]]), tf.constant([0, 1]))
    assert float(loss) == pytest.approx((np.log(2) + np.log(4 / 3)) / 2, rel=1e-6)


def test_the_trainers_product_and_its_gradients_are_tensorflows():
    rng = np.random.default_rng(2)
    x, w, dout = (tf.constant(rng.normal(size=shape)) for shape in ((3, 4), (4, 5), (3, 5)))
    results = []
    for product in (matmul, tf.matmul):
        variable = tf.Variable(w)
        with tf.GradientTape() as tape:
            tape.watch(x)
            out = product(x, variable)
        results.append([out, *tape.gradient(out, [x, variable], dout)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_adam_is_the_articles():
    """Five steps of TensorFlow 1's own optimiser, in a graph and a session, give the same bits."""
    start = np.array([1.0, -2.0, 0.5], np.float32)
    gradients = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        theirs = tf.compat.v1.get_variable("x", initializer=start, use_resource=True)
        fed = tf.compat.v1.placeholder(tf.float32, [3])
        step = tf.compat.v1.train.AdamOptimizer(1e-2).apply_gradients([(fed, theirs)])
        session.run(tf.compat.v1.global_variables_initializer())
        for gradient in gradients:
            session.run(step, {fed: gradient})
        expected = session.run(theirs)
    ours = tf.Variable(start)
    adam = Adam([ours])
    for step, gradient in enumerate(gradients):
        adam.apply([tf.constant(gradient)], tf.constant(step), tf.constant(1e-2))
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-6)


def test_one_step_lowers_the_loss_of_its_minibatch(images):
    engine = TensorFlowEngine(weights.initial("he"))
    labels, mask = np.array([1, 2, 3]), np.ones((3, 1024), np.float32)
    losses = [engine.step(images, labels, mask, step, 1e-3)[0] for step in range(5)]
    assert losses[-1] < losses[0]


def test_a_state_can_be_gone_back_to(images):
    engine = TensorFlowEngine(weights.initial("he"))
    labels, mask = np.array([1, 2, 3]), np.ones((3, 1024), np.float32)
    engine.step(images, labels, mask, 0, 1e-3)
    state = engine.state()
    first = engine.step(images, labels, mask, 1, 1e-3), engine.weights()
    engine.load_state(state)
    again = engine.step(images, labels, mask, 1, 1e-3), engine.weights()
    assert first[0] == again[0]
    for name in weights.SHAPES:
        np.testing.assert_array_equal(first[1][name], again[1][name])
