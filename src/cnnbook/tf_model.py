"""The article's network in TensorFlow 2."""

import operator

from .quiet_tensorflow import tf
from .weights import SHAPES, initial


class ArticleNetwork(tf.Module):
    """Two convolutions with pooling, two dense layers: 784 pixels to ten logits.

    Convolution 5x5x32, ReLU, max-pool 2x2, convolution 5x5x64, ReLU, max-pool 2x2, dense 1024,
    ReLU, dropout, dense 10. All convolutions and pools use SAME padding, so the
    feature maps are 28, 14, 14 and 7 pixels wide.

    Parameters
    ----------
    weights : dict of str to ndarray, optional
        The arrays of `cnnbook.weights.SHAPES`, which also set the dtype. By default, the article's
        random start with seed 0.
    matmul : callable, optional
        How the dense layers multiply two matrices. By default `@`; the trainer hands in
        `cnnbook.tf_train.matmul`, whose gradient is faster.

    Attributes
    ----------
    conv1_w, conv1_b, conv2_w, conv2_b, fc1_w, fc1_b, fc2_w, fc2_b : tf.Variable
    """

    def __init__(self, weights=None, matmul=operator.matmul):
        super().__init__(name="article")
        self.matmul = matmul
        for name, value in (weights or initial("article")).items():
            setattr(self, name, tf.Variable(value, name=name))

    def stages(self, images, dropout_mask=None):
        """Run the network forward and keep what every stage puts out.

        Parameters
        ----------
        images : tensor, shape (N, 28, 28, 1)
            Pixels in [0, 1], in the dtype of the weights.
        dropout_mask : tensor, shape (N, 1024), optional
            What the hidden units are multiplied by in training: 0, or 1 over the probability of
            keeping one (see `cnnbook.layers.dropout_mask`). Without it nothing is dropped.

        Returns
        -------
        dict of str to tensor
            In order: conv1, relu1, pool1, conv2, relu2, pool2, flat, fc1, relu3, dropout, logits.
        """
        out = {}
        out["conv1"] = tf.nn.conv2d(images, self.conv1_w, 1, "SAME") + self.conv1_b
        out["relu1"] = tf.nn.relu(out["conv1"])
        out["pool1"] = tf.nn.max_pool2d(out["relu1"], 2, 2, "SAME")
        out["conv2"] = tf.nn.conv2d(out["pool1"], self.conv2_w, 1, "SAME") + self.conv2_b
        out["relu2"] = tf.nn.relu(out["conv2"])
        out["pool2"] = tf.nn.max_pool2d(out["relu2"], 2, 2, "SAME")
        out["flat"] = tf.reshape(out["pool2"], [-1, 7 * 7 * 64])
        out["fc1"] = self.matmul(out["flat"], self.fc1_w) + self.fc1_b
        out["relu3"] = tf.nn.relu(out["fc1"])
        out["dropout"] = out["relu3"] if dropout_mask is None else out["relu3"] * dropout_mask
        out["logits"] = self.matmul(out["dropout"], self.fc2_w) + self.fc2_b
        return out

    def __call__(self, images, dropout_mask=None):
        """Return the logits, shape (N, 10), of `images`; see `stages`."""
        return self.stages(images, dropout_mask)["logits"]

    def named_variables(self):
        """Return the eight variables by name, in the order of `cnnbook.weights.SHAPES`."""
        return {name: getattr(self, name) for name in SHAPES}

    def weights(self):
        """Return copies of the eight arrays by name."""
        return {name: value.numpy().copy() for name, value in self.named_variables().items()}


def loss_of(logits, labels):
    """Return the mean softmax cross-entropy of the minibatch, in nats.

    Parameters
    ----------
    logits : tensor, shape (N, 10)
    labels : tensor of int, shape (N,)
    """
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_mean(losses)
