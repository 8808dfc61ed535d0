"""Layer objects and networks: they call the functions and keep what backward needs."""

import numpy as np
import pytest

from cnnbook import layers, network
from cnnbook.gradcheck import gradcheck
from cnnbook.layers import dropout_mask
from cnnbook.losses import softmax_cross_entropy
from cnnbook.network import (
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPool2D,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    article_network,
)
from cnnbook.weights import PARAMETERS, SHAPES, initial


def normal(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


def every_layer():
    """Return a small network with a layer of each kind, and images and labels for it."""
    net = Sequential(
        conv=Conv2D(normal(3, 3, 2, 4), normal(4), padding="same", stride=(1, 2)),
        norm=BatchNorm(normal(4, seed=1), normal(4, seed=2), momentum=0.5),
        tanh=Tanh(),
        max=MaxPool2D(size=2, stride=1),
        mix=Conv2D(normal(2, 2, 2, 4), normal(4, seed=3), groups=2, padding=1),
        sigmoid=Sigmoid(),
        mean=AvgPool2D(size=3, stride=2, padding="same"),
        flat=Flatten(),
        fc1=Dense(normal(24, 5), normal(5)),
        relu=ReLU(),
        dropout=Dropout(0.5, rng=0),
        fc2=Dense(normal(5, 3), normal(3)),
    )
    return net, normal(4, 5, 6, 2), np.array([0, 2, 1, 0])


def test_every_gradient_of_a_network_with_every_layer():
    net, images, labels = every_layer()
    masks = {"dropout": dropout_mask((4, 5), keep_prob=0.5, seed=2, step=0, dtype=np.float64)}

    def loss_of(x):
        return softmax_cross_entropy(net.forward(x, training=True, masks=masks), labels)

    _, dlogits = loss_of(images)
    dx = net.backward(dlogits, need_dx=True)
    grads = net.grads
    assert gradcheck(lambda x: loss_of(x)[0], images, dx).passed
    assert list(grads) == list(net.params)
    for name, param in net.params.items():
        held = param.copy()

        def loss_with(value, param=param):
            param[...] = value
            return loss_of(images)[0]

        report = gradcheck(loss_with, held, grads[name], name=name)
        param[...] = held
        assert report.passed, report


def test_the_network_is_its_functions():
    w, b, images = normal(3, 3, 1, 2), normal(2), normal(2, 6, 6, 1)
    net = Sequential(conv=Conv2D(w, b, padding="same"), relu=ReLU(), pool=MaxPool2D(size=2))
    z, conv_cache = layers.conv2d_forward(images, w, b, padding="same")
    a, relu_cache = layers.relu_forward(z)
    out, pool_cache = layers.max_pool2d_forward(a, size=2)
    np.testing.assert_array_equal(net.predict(images), out)
    stages = net.stages(images)
    assert list(stages) == ["conv", "relu", "pool"]
    np.testing.assert_array_equal(stages["relu"], a)

    np.testing.assert_array_equal(net.forward(images), out)
    dout = normal(*out.shape)
    da = layers.max_pool2d_backward(dout, pool_cache)
    dx, dw, db = layers.conv2d_backward(layers.relu_backward(da, relu_cache), conv_cache)
    np.testing.assert_array_equal(net.backward(dout, need_dx=True), dx)
    np.testing.assert_array_equal(net.grads["conv_w"], dw)
    np.testing.assert_array_equal(net.grads["conv_b"], db)


def test_the_error_of_the_input_is_left_out_unless_wanted(monkeypatch):
    wanted = []
    original = layers.dense_backward

    def watched(dout, cache, *, need_dx):
        wanted.append(need_dx)
        return original(dout, cache, need_dx=need_dx)

    monkeypatch.setattr(network.layers, "dense_backward", watched)
    net = Sequential(
        flat=Flatten(), fc1=Dense(normal(6, 4), normal(4)), fc2=Dense(normal(4, 2), normal(2))
    )
    net.forward(normal(3, 2, 3))
    assert net.backward(np.ones((3, 2))) is None
    assert wanted == [True, False]
    net.forward(normal(3, 2, 3))
    assert net.backward(np.ones((3, 2)), need_dx=True).shape == (3, 2, 3)
    assert wanted == [True, False, True, True]


def test_a_network_without_parameters_has_nothing_to_do():
    net = Sequential(relu=ReLU(), tanh=Tanh())
    net.forward(normal(2, 3))
    assert net.backward(np.ones((2, 3))) is None
    assert net.params == net.grads == {}


def test_parameters_are_copies_that_an_optimiser_can_change():
    w = normal(3, 2)
    net = Sequential(fc=Dense(w.T.copy().T, np.zeros(2)))
    net.params["fc_w"] -= 1
    np.testing.assert_array_equal(w, normal(3, 2))
    np.testing.assert_allclose(net.forward(np.eye(3)), w - 1)
    assert net.params["fc_w"] is net.layers["fc"].params["w"]


def test_backward_needs_a_forward_and_uses_it_up():
    net = Sequential(fc=Dense(normal(3, 2), normal(2)), relu=ReLU())
    message = "ReLU.backward was called without a forward pass.*call forward first"
    with pytest.raises(ValueError, match=message):
        net.backward(np.ones((1, 2)))
    net.forward(normal(1, 3))
    net.backward(np.ones((1, 2)))
    with pytest.raises(ValueError, match=message):
        net.backward(np.ones((1, 2)))
    for look in (net.predict, net.stages):
        look(normal(1, 3))
        with pytest.raises(ValueError, match=message):
            net.backward(np.ones((1, 2)))


def test_layers_below_the_first_parameters_let_go_too():
    net = Sequential(flat=Flatten(), fc=Dense(normal(3, 2), normal(2)))
    net.forward(normal(1, 3))
    net.backward(np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"Flatten.backward was called without"):
        net.layers["flat"].backward(np.ones((1, 3)))


def test_dropout_drops_in_training_alone():
    net = Sequential(dropout=Dropout(0.5, rng=4))
    x = np.ones((50, 20))
    np.testing.assert_array_equal(net.forward(x), x)
    first, second = (net.forward(x, training=True) for _ in range(2))
    assert set(np.unique(first)) == {0, 2} and (first != second).any()
    mask = dropout_mask(x.shape, keep_prob=0.5, seed=0, step=0, dtype=np.float64)
    np.testing.assert_array_equal(net.forward(x, training=True, masks={"dropout": mask}), mask)
    with pytest.raises(ValueError, match="no mask"):
        Sequential(dropout=Dropout()).forward(x, training=True)
    with pytest.raises(ValueError, match="a mask for 'drop', expected one for dropout alone; use"):
        net.forward(x, training=True, masks={"drop": mask})
    with pytest.raises(ValueError, match="a mask for 'relu', expected one for none alone"):
        Sequential(relu=ReLU()).forward(x, training=True, masks={"relu": mask})


def test_batch_norm_moves_its_statistics_in_training_alone():
    mean, var = np.zeros(3), np.ones(3)
    norm = BatchNorm(np.ones(3), np.zeros(3), running_mean=mean, running_var=var, momentum=0.9)
    x = normal(10, 3) + 5
    norm.forward(x)
    np.testing.assert_array_equal(norm.running_mean, 0)
    norm.forward(x, training=True)
    np.testing.assert_allclose(norm.running_mean, 0.1 * x.mean(axis=0))
    np.testing.assert_allclose(norm.running_var, 0.9 + 0.1 * x.var(axis=0))
    np.testing.assert_array_equal(mean, 0)
    single = BatchNorm(np.ones(2, np.float32), np.zeros(2, np.float32))
    assert single.forward(np.ones((3, 2), np.float32), training=True).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_articles_network(dtype):
    weights = initial("he", dtype=dtype)
    net = article_network(weights)
    images = normal(2, 28, 28, 1).astype(dtype)
    sizes = {name: out.shape[1:] for name, out in net.stages(images).items()}
    assert sizes == {
        "conv1": (28, 28, 32),
        "relu1": (28, 28, 32),
        "pool1": (14, 14, 32),
        "conv2": (14, 14, 64),
        "relu2": (14, 14, 64),
        "pool2": (7, 7, 64),
        "flat": (3136,),
        "fc1": (1024,),
        "relu3": (1024,),
        "dropout": (1024,),
        "fc2": (10,),
    }
    assert {name: array.shape for name, array in net.params.items()} == SHAPES
    assert sum(array.size for array in net.params.values()) == PARAMETERS
    logits = net.predict(images)
    assert logits.dtype == dtype
    np.testing.assert_array_equal(logits, net.forward(images))
    assert net.predict(images[:0]).shape == (0, 10)
    for name, array in weights.items():
        assert not np.shares_memory(array, net.params[name])


def test_the_articles_network_starts_as_the_article_does():
    for name, array in article_network().params.items():
        np.testing.assert_array_equal(array, initial("article")[name])


def test_weights_of_another_network_are_refused():
    weights = initial("he")
    missing = {name: array for name, array in weights.items() if name != "fc1_b"}
    with pytest.raises(ValueError, match=r"differ from the article's in fc1_b \(found nothing for"):
        article_network(missing)
    wrong = weights | {"fc2_w": np.ones((10, 1024), np.float32)}
    with pytest.raises(ValueError, match=r"in fc2_w \(found \(10, 1024\) for \(1024, 10\)\); load"):
        article_network(wrong)
    with pytest.raises(ValueError, match=r"in fc3_w \(found \(1,\) for nothing\)"):
        article_network(weights | {"fc3_w": np.ones(1)})
