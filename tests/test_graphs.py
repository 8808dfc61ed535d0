"""The picture of a training step tells which backward operation belongs to which forward one."""

import numpy as np
import pytest

from cnnbook import weights
from cnnbook.plots.graphs import rows_of
from cnnbook.quiet_tensorflow import tf
from cnnbook.tf_model import ArticleNetwork, loss_of
from cnnbook.tf_train import Adam


@pytest.fixture(scope="module")
def rows():
    network = ArticleNetwork({name: np.zeros(s, np.float32) for name, s in weights.SHAPES.items()})
    adam = Adam(network.named_variables().values())

    def step(images, labels, dropout_mask):
        with tf.GradientTape() as tape:
            loss = loss_of(network(images, dropout_mask), labels)
        adam.apply(tape.gradient(loss, adam.variables), tf.constant(0), tf.constant(0.1))
        return loss

    return rows_of(
        tf.function(step).get_concrete_function(
            tf.TensorSpec([3, 28, 28, 1]), tf.TensorSpec([3], tf.int64), tf.TensorSpec([3, 1024])
        )
    )


def test_each_variable_is_updated_in_the_row_that_reads_it(rows):
    assert [row.updated for row in rows if row.updated] == list(weights.SHAPES)
    for row in rows:
        assert row.updated is None or row.updated in row.sides


def test_each_error_has_the_shape_of_what_its_forward_operation_took_in(rows):
    errors = [row for row in rows if row.error is not None]
    assert len(errors) == 11
    for row in errors:
        assert row.error.outputs[0].shape == row.operation.inputs[0].shape


def test_gradients_have_the_shapes_of_their_variables(rows):
    for row in rows:
        if row.gradient is not None:
            assert tuple(row.gradient.outputs[0].shape)[-1:] == weights.SHAPES[row.updated][-1:]


def test_rows_run_from_images_to_loss(rows):
    assert rows[0].operation.name == "images"
    assert rows[-1].operation.type == "Mean"
    assert [row.sides for row in rows if row.sides][-1] == ["labels"]
