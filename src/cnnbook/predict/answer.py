"""An image file and a network's weights, made into ten probabilities without TensorFlow."""

import numpy as np

from cnnbook.errors import InputError
from cnnbook.losses import softmax
from cnnbook.network import article_network
from cnnbook.predict.convention import to_mnist
from cnnbook.predict.read import read_image


def predict(image_path, weights):
    """Read the digit in an image file with the article's network.

    Parameters
    ----------
    image_path : str or pathlib.Path
        Any file that `read_image` accepts.
    weights : dict of str to ndarray
        The eight arrays `conv1_w` (5, 5, 1, 32), `conv1_b`, `conv2_w`, `conv2_b`, `fc1_w`
        (3136, 1024; rows in NHWC order), `fc1_b`, `fc2_w`, `fc2_b`, of any floating type.

    Returns
    -------
    image : ndarray of float32, shape (28, 28, 1)
        What the network saw: the picture in MNIST's convention.
    probabilities : ndarray of float32, shape (10,)
        The probability of each digit; they sum to 1.

    Raises
    ------
    InputError
        The file cannot be read as an image, or nothing is written in it.
    """
    grey = read_image(image_path)
    try:
        image = to_mnist(grey)
    except InputError as error:
        raise InputError(f"{image_path}: {error}") from None
    network = article_network({name: np.asarray(w, np.float32) for name, w in weights.items()})
    return image, softmax(network.predict(image[np.newaxis]))[0]
