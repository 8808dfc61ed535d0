"""The layers of the book in NumPy: each a forward and a backward function, pure and exact."""

from cnnbook.layers._windows import output_size, pad_amounts
from cnnbook.layers.activations import (
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
from cnnbook.layers.conv import (
    conv2d_backward,
    conv2d_forward,
)
from cnnbook.layers.dense import (
    dense_backward,
    dense_forward,
    flatten_backward,
    flatten_forward,
)
from cnnbook.layers.dropout import (
    dropout_backward,
    dropout_forward,
    dropout_mask,
)
from cnnbook.layers.merge import (
    add_backward,
    add_forward,
    concat_backward,
    concat_forward,
    split_backward,
    split_forward,
)
from cnnbook.layers.norm import (
    batch_norm_backward,
    batch_norm_forward,
)
from cnnbook.layers.pooling import (
    avg_pool2d_backward,
    avg_pool2d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)

__all__ = [
    "add_backward",
    "add_forward",
    "avg_pool2d_backward",
    "avg_pool2d_forward",
    "batch_norm_backward",
    "batch_norm_forward",
    "concat_backward",
    "concat_forward",
    "conv2d_backward",
    "conv2d_forward",
    "dense_backward",
    "dense_forward",
    "dropout_backward",
    "dropout_forward",
    "dropout_mask",
    "flatten_backward",
    "flatten_forward",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "max_pool2d_backward",
    "max_pool2d_forward",
    "output_size",
    "pad_amounts",
    "relu_backward",
    "relu_forward",
    "sigmoid_backward",
    "sigmoid_forward",
    "split_backward",
    "split_forward",
    "tanh_backward",
    "tanh_forward",
]
