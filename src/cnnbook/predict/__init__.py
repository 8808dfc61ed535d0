"""A digit in any image file: read it, bring it to MNIST's convention, ask the network, show it."""

from cnnbook.predict.answer import predict
from cnnbook.predict.convention import to_mnist
from cnnbook.predict.read import read_image
from cnnbook.predict.show import describe

__all__ = ["describe", "predict", "read_image", "to_mnist"]
