"""Dropout: what the mask is, where it comes from, and that both passes use the same one."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from cnnbook.gradcheck import check_layer
from cnnbook.layers import dropout_backward, dropout_forward, dropout_mask

X = np.random.default_rng(0).standard_normal((40, 50))


def test_mask_is_drawn_from_seed_and_step_alone():
    mask = dropout_mask((100, 64), keep_prob=0.5, seed=1, step=2)
    np.testing.assert_array_equal(mask, dropout_mask((100, 64), keep_prob=0.5, seed=1, step=2))
    for other in (dict(seed=1, step=3), dict(seed=2, step=2), dict(seed=2, step=1)):
        assert (mask != dropout_mask((100, 64), keep_prob=0.5, **other)).mean() > 0.4


def test_mask_does_not_change_from_release_to_release():
    mask = dropout_mask((2, 8), keep_prob=0.5, seed=0, step=0)
    np.testing.assert_array_equal(mask, [[2, 0, 0, 2, 0, 0, 2, 2], [0, 2, 0, 0, 2, 0, 0, 0]])


@pytest.mark.parametrize("keep_prob", [0.1, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mask_is_scaled_so_that_its_mean_is_one(keep_prob, dtype):
    mask = dropout_mask((400, 500), keep_prob=keep_prob, seed=3, step=0, dtype=dtype)
    assert mask.dtype == dtype
    kept = mask != 0
    np.testing.assert_array_equal(mask[kept], dtype(1 / keep_prob))
    spread = np.sqrt(keep_prob * (1 - keep_prob) / mask.size)
    assert abs(kept.mean() - keep_prob) <= 5 * spread


def test_dtype_does_not_change_which_units_are_dropped():
    masks = [
        dropout_mask((30, 30), keep_prob=0.3, seed=0, step=9, dtype=dtype)
        for dtype in (np.float32, np.float64)
    ]
    np.testing.assert_array_equal(masks[0] != 0, masks[1] != 0)


def test_forward_with_a_mask_and_tensorflow():
    mask = dropout_mask(X.shape, keep_prob=0.25, seed=0, step=0, dtype=np.float64)
    out, cache = dropout_forward(X, keep_prob=0.25, mask=mask)
    np.testing.assert_array_equal(out, X * mask)
    assert out[mask != 0] == pytest.approx(4 * X[mask != 0])
    dout = np.random.default_rng(1).standard_normal(X.shape)
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        expected = x * mask
    np.testing.assert_array_equal(
        dropout_backward(dout, cache), tape.gradient(expected, x, tf.constant(dout))
    )


@pytest.mark.parametrize("training", [True, False])
def test_finite_differences(training):
    report = check_layer(
        dropout_forward,
        dropout_backward,
        [X[:5, :6].copy()],
        rng=np.random.default_rng(2),
        mask=dropout_mask((5, 6), keep_prob=0.5, seed=0, step=0, dtype=np.float64),
        training=training,
    )
    assert report.passed, report


def test_seed_and_generator_draw_the_same():
    seeded, cache = dropout_forward(X, keep_prob=0.6, rng=5)
    drawn, _ = dropout_forward(X, keep_prob=0.6, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(seeded, drawn)
    np.testing.assert_array_equal(dropout_backward(X, cache), seeded)
    assert 0.5 < (seeded != 0).mean() < 0.7


def test_a_unit_is_kept_where_the_number_drawn_lies_below_keep_prob(monkeypatch):
    draws = np.array([0, np.nextafter(0.5, 0, dtype=np.float32), 0.5, 0.75], np.float32)
    stub = SimpleNamespace(random=lambda shape, dtype: draws)
    monkeypatch.setattr(np.random, "default_rng", lambda seed: stub)
    np.testing.assert_array_equal(
        dropout_forward(np.ones(4), keep_prob=0.5, rng=0)[0], [2, 2, 0, 0]
    )


def test_inference_changes_nothing_and_gives_a_copy():
    out, cache = dropout_forward(X, keep_prob=0.5, training=False)
    np.testing.assert_array_equal(out, X)
    dx = dropout_backward(X, cache)
    np.testing.assert_array_equal(dx, X)
    assert not np.shares_memory(out, X) and not np.shares_memory(dx, X)


def test_dtype_stays_inputs_stay_and_empty_minibatches_work():
    x = X.astype(np.float32)
    before = x.copy()
    out, cache = dropout_forward(x, keep_prob=np.float64(0.3), rng=0)
    dx = dropout_backward(x, cache)
    assert out.dtype == dx.dtype == np.float32
    np.testing.assert_array_equal(x, before)
    out, cache = dropout_forward(np.zeros((0, 4)), keep_prob=0.5, rng=0)
    assert out.shape == dropout_backward(np.zeros((0, 4)), cache).shape == (0, 4)
    assert dropout_forward(out, keep_prob=0.5, mask=out)[0].shape == (0, 4)
    assert dropout_mask((0, 4), keep_prob=0.5, seed=0, step=0).shape == (0, 4)
    nothing_kept = np.zeros_like(x)
    np.testing.assert_array_equal(dropout_forward(x, keep_prob=0.5, mask=nothing_kept)[0], 0)


@pytest.mark.parametrize("keep_prob", [0, -0.5, 1.5, np.nan])
def test_keep_prob_out_of_range_is_refused(keep_prob):
    message = "keep_prob is .*expected a probability above 0 and at most 1; it is the share"
    with pytest.raises(ValueError, match=message):
        dropout_forward(X, keep_prob=keep_prob, rng=0)
    with pytest.raises(ValueError, match=message):
        dropout_mask((2, 2), keep_prob=keep_prob, seed=0, step=0)


def test_mistakes_are_named():
    for missing in ({}, {"keep_prob": 0.5}, {"rng": 0}):
        with pytest.raises(ValueError) as error:
            dropout_forward(X, **missing)
        assert str(error.value) == (
            "dropout in training got no mask and not both of keep_prob and rng, expected one or "
            "the other; pass keep_prob=0.5 and rng=np.random.default_rng(0), or training=False for "
            "inference."
        )
    with pytest.raises(ValueError, match=r"largest entry 1, expected 1/keep_prob = 2; divide"):
        dropout_forward(X, keep_prob=0.5, mask=np.ones_like(X))
    with pytest.raises(ValueError, match=r"mask has .* expected \(40, 50\) \(the shape of x\)"):
        dropout_forward(X, mask=np.ones(50))
    with pytest.raises(ValueError, match="mask has dtype float32 and x has float64"):
        dropout_forward(X, mask=np.ones_like(X, np.float32))
    with pytest.raises(ValueError, match="mask has dtype bool"):
        dropout_forward(X, mask=X > 0)
    with pytest.raises(ValueError, match="x has dtype int64"):
        dropout_forward(X.astype(int), keep_prob=0.5, rng=0)
    _, cache = dropout_forward(X, keep_prob=0.5, rng=0)
    with pytest.raises(ValueError, match=r"dout has shape \(40, 49\), expected \(40, 50\)"):
        dropout_backward(X[:, 1:], cache)
    with pytest.raises(ValueError, match="dtype"):
        dropout_backward(X.astype(np.float32), cache)
