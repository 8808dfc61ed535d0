"""Training steps and evaluation in NumPy: the engine that `cnnbook.trainer` drives."""

import numpy as np

from .losses import softmax_cross_entropy
from .network import article_network
from .optimizers import Adam


class NumPyEngine:
    """The article's network with its optimiser, one training step at a time.

    Parameters
    ----------
    weights : dict of str to ndarray
        What the run starts from: the arrays of `cnnbook.weights.SHAPES`, which also set the dtype.
    """

    name = "numpy"
    version = np.__version__

    def __init__(self, weights):
        self.network = article_network(weights)
        self.adam = Adam()

    def step(self, images, labels, dropout_mask, step, learning_rate):
        """Take one training step.

        Parameters
        ----------
        images : ndarray, shape (N, 28, 28, 1)
        labels : ndarray of int, shape (N,)
        dropout_mask : ndarray, shape (N, 1024)
        step : int
            How many steps were taken before this one.
        learning_rate : float

        Returns
        -------
        loss, accuracy : float
            Of this minibatch, as it was before the step, with dropout on.
        """
        self.adam.steps = step
        logits = self.network.forward(images, training=True, masks={"dropout": dropout_mask})
        loss, dlogits = softmax_cross_entropy(logits, labels)
        self.network.backward(dlogits)
        self.adam.step(self.network.params, self.network.grads, learning_rate)
        return loss, float(np.mean(logits.argmax(axis=1) == labels))

    def logits(self, images):
        """Return the logits, ndarray of shape (N, 10), with nothing dropped."""
        return self.network.predict(images)

    def weights(self):
        """Return copies of the eight arrays by name."""
        return {name: array.copy() for name, array in self.network.params.items()}

    def state(self):
        """Return all that a checkpoint must hold, as a dict of arrays."""
        return self.weights() | self.adam.state()

    def load_state(self, state):
        """Go back to a state that `state` returned."""
        for name, array in self.network.params.items():
            array[...] = state[name]
        self.adam.load_state(state)
