"""Softmax and cross-entropy against TensorFlow, finite differences and numbers by hand."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnbook.gradcheck import gradcheck
from cnnbook.losses import softmax, softmax_cross_entropy

LOGITS = np.random.default_rng(0).normal(0, 3, (6, 4))
LABELS = np.array([0, 3, 1, 1, 2, 0])


def one_hot(labels, k, dtype=np.float64):
    return np.eye(k, dtype=dtype)[labels]


def test_by_hand():
    logits = np.log(np.array([[1.0, 2.0, 5.0]]))
    np.testing.assert_allclose(softmax(logits), [[1 / 8, 2 / 8, 5 / 8]], rtol=1e-15)
    loss, dlogits = softmax_cross_entropy(logits, [1])
    assert loss == pytest.approx(math.log(4), rel=1e-15)
    np.testing.assert_allclose(dlogits, [[1 / 8, 2 / 8 - 1, 5 / 8]], rtol=1e-14)


def test_a_network_that_knows_nothing_loses_ln_k():
    loss, dlogits = softmax_cross_entropy(np.zeros((5, 10)), [0, 1, 2, 3, 4])
    assert loss == pytest.approx(math.log(10), rel=1e-15)
    np.testing.assert_allclose(dlogits.sum(axis=1), 0, atol=1e-16)


@given(n=st.integers(1, 5), k=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_finite_differences_and_tensorflow(n, k, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, k))
    soft = rng.dirichlet(np.ones(k), n)
    hard = rng.integers(0, k, n)
    for labels, rows in [(hard, one_hot(hard, k)), (one_hot(hard, k),) * 2, (soft, soft)]:
        loss, dlogits = softmax_cross_entropy(logits, labels)
        report = gradcheck(lambda z, y=labels: softmax_cross_entropy(z, y)[0], logits, dlogits)
        assert report.passed, report
        tensor = tf.constant(logits)
        with tf.GradientTape() as tape:
            tape.watch(tensor)
            expected = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(rows, tensor))
        assert loss == pytest.approx(float(expected), rel=1e-10, abs=1e-12)
        np.testing.assert_allclose(dlogits, tape.gradient(expected, tensor), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(softmax(logits), tf.nn.softmax(logits), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64, "one-hot", bool, "list"])
def test_labels_of_every_kind_mean_the_same(dtype):
    if dtype == "one-hot":
        labels = one_hot(LABELS, 4, np.float32)
    elif dtype is bool:
        labels = one_hot(LABELS, 4).astype(bool)
    elif dtype == "list":
        labels = LABELS.tolist()
    else:
        labels = LABELS.astype(dtype)
    loss, dlogits = softmax_cross_entropy(LOGITS, labels)
    expected, expected_dlogits = softmax_cross_entropy(LOGITS, LABELS)
    assert loss == expected
    np.testing.assert_array_equal(dlogits, expected_dlogits)


@pytest.mark.parametrize("dtype,big", [(np.float32, 1e38), (np.float64, 1e300)])
def test_scores_of_any_size_neither_overflow_nor_give_a_log_of_zero(dtype, big):
    logits = np.array([[big, 0, -big], [1e4, 1e4, -1e4]], dtype)
    with np.errstate(all="raise", under="ignore"):
        probabilities = softmax(logits)
        loss, dlogits = softmax_cross_entropy(logits, [0, 1])
        surprised, _ = softmax_cross_entropy(logits[1:], [2])
    np.testing.assert_array_equal(probabilities, np.array([[1, 0, 0], [0.5, 0.5, 0]], dtype))
    assert loss == pytest.approx(math.log(2) / 2, rel=1e-6)
    assert surprised == pytest.approx(2e4 + math.log(2), rel=1e-6)
    np.testing.assert_array_equal(dlogits, np.array([[0, 0, 0], [0.25, -0.25, 0]], dtype))


def test_adding_to_all_scores_of_a_row_changes_nothing():
    shift = np.array([[100.0], [-50], [3], [0], [7], [1000]])
    loss, dlogits = softmax_cross_entropy(LOGITS + shift, LABELS)
    expected, expected_dlogits = softmax_cross_entropy(LOGITS, LABELS)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(dlogits, expected_dlogits, atol=1e-12)


def test_the_mean_is_over_the_minibatch():
    each = [softmax_cross_entropy(LOGITS[i : i + 1], LABELS[i : i + 1]) for i in range(6)]
    loss, dlogits = softmax_cross_entropy(LOGITS, LABELS)
    assert loss == pytest.approx(np.mean([own for own, _ in each]), rel=1e-14)
    np.testing.assert_allclose(dlogits, np.vstack([own for _, own in each]) / 6, rtol=1e-13)


def test_float32_stays_and_its_error_is_bounded():
    single = LOGITS.astype(np.float32)
    loss, dlogits = softmax_cross_entropy(single, LABELS)
    exact, exact_dlogits = softmax_cross_entropy(single.astype(np.float64), LABELS)
    assert type(loss) is float
    assert softmax(single).dtype == dlogits.dtype == np.float32
    assert loss == pytest.approx(exact, rel=1e-6)
    np.testing.assert_allclose(dlogits, exact_dlogits, atol=1e-7)
    _, from_rows = softmax_cross_entropy(single, one_hot(LABELS, 4, np.float64))
    assert from_rows.dtype == np.float32


def test_a_row_may_miss_one_by_rounding_and_no_more():
    softmax_cross_entropy(LOGITS, np.full((6, 4), 0.25 + 2e-6))
    with pytest.raises(ValueError, match="row 0 of labels"):
        softmax_cross_entropy(LOGITS, np.full((6, 4), 0.25 + 3e-6))


@pytest.mark.parametrize("labels", [np.zeros(0, int), [], np.zeros((0, 4))])
def test_an_empty_minibatch_loses_nothing(labels):
    loss, dlogits = softmax_cross_entropy(np.zeros((0, 4), np.float32), labels)
    assert loss == 0.0 and type(loss) is float
    assert dlogits.shape == (0, 4) and dlogits.dtype == np.float32
    assert softmax(np.zeros((0, 4))).shape == (0, 4)


def test_inputs_are_not_changed():
    logits, labels = LOGITS.copy(), one_hot(LABELS, 4)
    softmax_cross_entropy(logits, labels)
    softmax(logits)
    np.testing.assert_array_equal(logits, LOGITS)
    np.testing.assert_array_equal(labels, one_hot(LABELS, 4))


@pytest.mark.parametrize(
    "labels,message",
    [
        ([0, 1, 2, 4, 0, 0], r"labels\[3\] is 4, expected a class from 0 to 3; classes count"),
        ([0, 1, 2, -1, 0, 0], r"labels\[3\] is -1, expected a class from 0 to 3"),
        ([0, 1, np.nan, 0, 0, 0], r"labels has NaN at \(2,\), expected numbers"),
        ([0.0, 1, 2, 3, 0, 0], r"labels has dtype float64, expected integers from 0 to 3"),
        (["a"] * 6, r"labels has dtype <U1, expected integers"),
        ([["a"] * 4] * 6, r"labels has dtype <U1, expected numbers"),
        ([0, 1], r"labels has shape \(2,\) and logits has shape \(6, 4\), expected \(6,\) cl"),
        (np.zeros((6, 3)), r"labels has shape \(6, 3\)"),
        (np.zeros((6, 1), int), r"labels has shape \(6, 1\).*or \(6, 4\) one-hot rows"),
        (np.zeros((6, 4)), r"row 0 of labels is \[0.0, 0.0, 0.0, 0.0\], expected probabilities"),
        (one_hot(LABELS, 4) * [[1], [1], [2], [1], [1], [1]], r"row 2 of labels is .*add up to 1"),
        (
            np.vstack([one_hot(LABELS[:5], 4), [2.0, -1, 0, 0]]),
            r"row 5 of labels is \[2.0, -1.0, 0.0, 0.0\]",
        ),
        (np.tile([np.nan, 1, 0, 0], (6, 1)), r"labels has NaN at \(0, 0\)"),
        (np.tile([np.inf, 1, 0, 0], (6, 1)), r"row 0 of labels is \[inf"),
    ],
)
def test_labels_that_make_no_sense_are_named(labels, message):
    with pytest.raises(ValueError, match=message):
        softmax_cross_entropy(LOGITS, labels)


@pytest.mark.parametrize("function", [softmax, lambda z: softmax_cross_entropy(z, [0])])
def test_logits_that_make_no_sense_are_named(function):
    with pytest.raises(ValueError, match="logits has dtype int64, expected float32 or float64"):
        function(np.ones((1, 3), np.int64))
    with pytest.raises(ValueError, match=r"logits has shape \(3,\), expected 2 axes \(N, K\)"):
        function(np.ones(3))
    with pytest.raises(ValueError, match=r"logits has shape \(1, 0\), expected at least one class"):
        function(np.ones((1, 0)))
