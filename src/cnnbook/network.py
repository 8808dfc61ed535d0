"""Layers that remember, and a network that is a row of them.

A layer object holds its parameters, calls the pure functions of `cnnbook.layers`, and keeps what
the backward pass needs. `Sequential` runs a row of layers forward, and backward in reverse. That is
all of backpropagation: no graph is recorded, and nothing is differentiated automatically.
"""

import numpy as np

from . import layers
from . import weights as weights_file


class Layer:
    """What all layers share.

    A subclass says in `_run(x, training, mask)` how the output and the cache come about, and in
    `_differentiate(dout, cache, need_dx)` how the gradients do: dx, then one for each parameter.

    Attributes
    ----------
    params : dict of str to ndarray
        The parameters, copies of what the layer was made from. Optimisers change them in place.
    grads : dict of str to ndarray
        The gradients of the last backward pass, under the same names.
    """

    def __init__(self, **params):
        self.params = {name: np.array(value, order="C") for name, value in params.items()}
        self.grads = {}
        self._cache = None

    def forward(self, x, *, training=False, mask=None):
        """Compute the output, and keep what `backward` needs.

        Parameters
        ----------
        x : ndarray
            The input; it must not change before `backward`.
        training : bool, default False
            Whether dropout drops and batch normalisation measures.
        mask : ndarray, optional
            For a dropout layer: its scaled mask.

        Returns
        -------
        ndarray
        """
        out, self._cache = self._run(x, training, mask)
        return out

    def backward(self, dout, *, need_dx=True):
        """Turn the error of the output into the error of the input, and fill `grads`.

        Parameters
        ----------
        dout : ndarray
            ∂E/∂out, of the shape of the last output.
        need_dx : bool, default True
            False lets layers with parameters leave out dx, and save the work.

        Returns
        -------
        ndarray or None

        Raises
        ------
        ValueError
            If there was no forward pass since the last backward pass.
        """
        if self._cache is None:
            raise ValueError(
                f"{type(self).__name__}.backward was called without a forward pass since the last "
                f"backward pass, expected one; call forward first."
            )
        dx, *grads = self._differentiate(dout, self._cache, need_dx)
        self.grads = dict(zip(self.params, grads, strict=True))
        self.forget()
        return dx

    def forget(self):
        """Let go of what the last forward pass kept."""
        self._cache = None


class Conv2D(Layer):
    """Convolution: `conv2d_forward` with filters `w`, biases `b` and the settings it takes."""

    def __init__(self, w, b, **settings):
        super().__init__(w=w, b=b)
        self.settings = settings

    def _run(self, x, training, mask):
        return layers.conv2d_forward(x, **self.params, **self.settings)

    def _differentiate(self, dout, cache, need_dx):
        return layers.conv2d_backward(dout, cache, need_dx=need_dx)


class MaxPool2D(Layer):
    """Max pooling, with the settings of `max_pool2d_forward`."""

    def __init__(self, **settings):
        super().__init__()
        self.settings = settings

    def _run(self, x, training, mask):
        return layers.max_pool2d_forward(x, **self.settings)

    def _differentiate(self, dout, cache, need_dx):
        return (layers.max_pool2d_backward(dout, cache),)


class AvgPool2D(Layer):
    """Average pooling, with the settings of `avg_pool2d_forward`."""

    def __init__(self, **settings):
        super().__init__()
        self.settings = settings

    def _run(self, x, training, mask):
        return layers.avg_pool2d_forward(x, **self.settings)

    def _differentiate(self, dout, cache, need_dx):
        return (layers.avg_pool2d_backward(dout, cache),)


class ReLU(Layer):
    """max(x, 0), element by element."""

    def _run(self, x, training, mask):
        return layers.relu_forward(x)

    def _differentiate(self, dout, cache, need_dx):
        return (layers.relu_backward(dout, cache),)


class Sigmoid(Layer):
    """1 / (1 + exp(−x)), element by element."""

    def _run(self, x, training, mask):
        return layers.sigmoid_forward(x)

    def _differentiate(self, dout, cache, need_dx):
        return (layers.sigmoid_backward(dout, cache),)


class Tanh(Layer):
    """tanh(x), element by element."""

    def _run(self, x, training, mask):
        return layers.tanh_forward(x)

    def _differentiate(self, dout, cache, need_dx):
        return (layers.tanh_backward(dout, cache),)


class Flatten(Layer):
    """Each example as one row."""

    def _run(self, x, training, mask):
        return layers.flatten_forward(x)

    def _differentiate(self, dout, cache, need_dx):
        return (layers.flatten_backward(dout, cache),)


class Dense(Layer):
    """x w + b, with weights `w` of shape (D, M) and biases `b` of shape (M,)."""

    def __init__(self, w, b):
        super().__init__(w=w, b=b)

    def _run(self, x, training, mask):
        return layers.dense_forward(x, **self.params)

    def _differentiate(self, dout, cache, need_dx):
        return layers.dense_backward(dout, cache, need_dx=need_dx)


class Dropout(Layer):
    """Dropout in training: with the mask handed to `forward`, or one drawn from `rng`.

    Parameters
    ----------
    keep_prob : float, optional
        The probability that a unit is kept; not needed if every mask is handed in.
    rng : numpy.random.Generator or int, optional
        What to draw masks from, or a seed for it; not needed if every mask is handed in.
    """

    def __init__(self, keep_prob=None, *, rng=None):
        super().__init__()
        self.keep_prob = keep_prob
        self.rng = None if rng is None else np.random.default_rng(rng)

    def _run(self, x, training, mask):
        return layers.dropout_forward(
            x, keep_prob=self.keep_prob, mask=mask, rng=self.rng, training=training
        )

    def _differentiate(self, dout, cache, need_dx):
        return (layers.dropout_backward(dout, cache),)


class BatchNorm(Layer):
    """Batch normalisation; in training, `forward` also moves the running statistics.

    Parameters
    ----------
    gamma, beta : ndarray of shape (C,)
        Scale and shift, the two parameters.
    running_mean, running_var : ndarray of shape (C,), optional
        Statistics to begin with: zeros and ones unless given.
    momentum, epsilon : float
        As for `batch_norm_forward`.
    """

    def __init__(
        self, gamma, beta, *, running_mean=None, running_var=None, momentum=0.99, epsilon=1e-3
    ):
        super().__init__(gamma=gamma, beta=beta)
        gamma = self.params["gamma"]
        self.running_mean = np.zeros_like(gamma) if running_mean is None else running_mean
        self.running_var = np.ones_like(gamma) if running_var is None else running_var
        self.momentum, self.epsilon = momentum, epsilon

    def _run(self, x, training, mask):
        out, cache, (self.running_mean, self.running_var) = layers.batch_norm_forward(
            x,
            **self.params,
            running_mean=self.running_mean,
            running_var=self.running_var,
            training=training,
            momentum=self.momentum,
            epsilon=self.epsilon,
        )
        return out, cache

    def _differentiate(self, dout, cache, need_dx):
        return layers.batch_norm_backward(dout, cache)


class Sequential:
    """Layers one after the other.

    Parameters
    ----------
    **named_layers : Layer
        The layers in order, each under a name of its own.

    Attributes
    ----------
    layers : dict of str to Layer

    Examples
    --------
    >>> import numpy as np
    >>> w, b = np.array([[2.0], [-1.0]]), np.zeros(1)
    >>> net = Sequential(fc=Dense(w, b), relu=ReLU())
    >>> net.forward(np.array([[3.0, 1.0]])).tolist()
    [[5.0]]
    >>> net.backward(np.ones((1, 1)))
    >>> {name: grad.tolist() for name, grad in net.grads.items()}
    {'fc_w': [[3.0], [1.0]], 'fc_b': [1.0]}
    """

    def __init__(self, **named_layers):
        self.layers = named_layers

    def forward(self, x, *, training=False, masks=None):
        """Run every layer, keeping what `backward` needs.

        Parameters
        ----------
        x : ndarray
            The input of the first layer.
        training : bool, default False
            Whether dropout drops and batch normalisation measures.
        masks : dict of str to ndarray, optional
            Scaled masks for dropout layers to use in training, by the layer's name.

        Returns
        -------
        ndarray
            The output of the last layer.

        Raises
        ------
        ValueError
            If a mask is for anything but a dropout layer, or a layer refuses its input.
        """
        masks = masks or {}
        droppers = [name for name, layer in self.layers.items() if isinstance(layer, Dropout)]
        for name in masks:
            if name not in droppers:
                allowed = " or ".join(droppers) or "none"
                raise ValueError(
                    f"there is a mask for {name!r}, expected one for {allowed} alone; "
                    f"use the name of a dropout layer."
                )
        for name, layer in self.layers.items():
            x = layer.forward(x, training=training, mask=masks.get(name))
        return x

    def stages(self, x):
        """Run every layer as for inference, and return each output by the layer's name."""
        outs = {}
        for name, layer in self.layers.items():
            outs[name] = x = layer.forward(x)
            layer.forget()
        return outs

    def predict(self, x):
        """Run every layer as for inference, keeping nothing."""
        for layer in self.layers.values():
            x = layer.forward(x)
            layer.forget()
        return x

    def backward(self, dout, *, need_dx=False):
        """Send the error back through every layer, filling `grads`.

        Parameters
        ----------
        dout : ndarray
            ∂E/∂out, of the shape of the last output.
        need_dx : bool, default False
            Whether the error of the network's own input is wanted too. Without it the first layer
            with parameters leaves that work out, and the layers before it do nothing.

        Returns
        -------
        ndarray or None
        """
        row = list(self.layers.values())
        with_params = [i for i, layer in enumerate(row) if layer.params]
        last = 0 if need_dx else min(with_params, default=len(row))
        for i in range(len(row) - 1, last - 1, -1):
            dout = row[i].backward(dout, need_dx=need_dx or i > last)
        for layer in row[:last]:
            layer.forget()
        return dout if need_dx else None

    @property
    def params(self):
        """The parameters of all layers, as {"layer_parameter": array}: the arrays themselves."""
        return self._collect("params")

    @property
    def grads(self):
        """The gradients of the last backward pass, under the same names."""
        return self._collect("grads")

    def _collect(self, kind):
        return {
            f"{name}_{key}": array
            for name, layer in self.layers.items()
            for key, array in getattr(layer, kind).items()
        }


def article_network(weights=None):
    """Build the article's network: two convolutions with pooling, two dense layers, ten logits.

    Feature maps are 28, 14, 14 and 7 pixels wide. Dropout expects its mask in training::

        logits = net.forward(images, training=True, masks={"dropout": mask})
        loss, dlogits = softmax_cross_entropy(logits, labels)
        net.backward(dlogits)

    Parameters
    ----------
    weights : dict of str to ndarray, optional
        The arrays of `cnnbook.weights.SHAPES`, which also set the dtype; copied. By default, the
        article's random start with seed 0.

    Returns
    -------
    Sequential
        Takes images of shape (N, 28, 28, 1), pixels in [0, 1]; its `params` have the names of
        `cnnbook.weights.SHAPES`.

    Raises
    ------
    ValueError
        If an array is missing, there is one too many, or a shape is not the article's.
    """
    if weights is None:
        weights = weights_file.initial("article")
    found = {name: np.shape(array) for name, array in weights.items()}
    if found != weights_file.SHAPES:
        wrong = {
            name: f"{found.get(name, 'nothing')} for {weights_file.SHAPES.get(name, 'nothing')}"
            for name in found.keys() | weights_file.SHAPES.keys()
            if found.get(name) != weights_file.SHAPES.get(name)
        }
        raise ValueError(
            f"weights differ from the article's in {', '.join(sorted(wrong))} (found "
            f"{wrong[min(wrong)]}); load them with cnnbook.weights.load."
        )
    return Sequential(
        conv1=Conv2D(weights["conv1_w"], weights["conv1_b"], padding="same"),
        relu1=ReLU(),
        pool1=MaxPool2D(size=2, padding="same"),
        conv2=Conv2D(weights["conv2_w"], weights["conv2_b"], padding="same"),
        relu2=ReLU(),
        pool2=MaxPool2D(size=2, padding="same"),
        flat=Flatten(),
        fc1=Dense(weights["fc1_w"], weights["fc1_b"]),
        relu3=ReLU(),
        dropout=Dropout(),
        fc2=Dense(weights["fc2_w"], weights["fc2_b"]),
    )
