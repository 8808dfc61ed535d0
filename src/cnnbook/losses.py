"""The loss: softmax turns logits into probabilities, cross-entropy says how surprised they are.

The two are one function here, as chapter 8 derives them together: for one example with label
distribution y and p = softmax(logits), E = −Σₖ yₖ ln pₖ, and ∂E/∂logits = p − y.
"""

import numpy as np

from .layers._checks import require_float, require_rank

# A row of label probabilities may miss 1 by this much: what rounding to float32 can do.
_SUM_TOLERANCE = 1e-5


def softmax(logits):
    """Turn each row of scores into probabilities: pₖ = exp(zₖ) / Σⱼ exp(zⱼ).

    The largest score of a row is first taken away from all of it. That changes no probability, and
    no exponential can overflow.

    Parameters
    ----------
    logits : ndarray of shape (N, K)
        A row of K scores for each example.

    Returns
    -------
    ndarray of shape (N, K)
        Each row adds up to 1.

    Raises
    ------
    ValueError
        If the logits are not (N, K) with at least one class, or not float32 or float64.
    """
    _require_logits(logits)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def softmax_cross_entropy(logits, labels):
    """Mean cross-entropy of a minibatch, and its gradient.

    Stable for scores of any size: ln pₖ = zₖ − ln Σⱼ exp(zⱼ) is computed with the largest score of
    the row taken away, so that nothing overflows and no logarithm of zero is taken.

    Parameters
    ----------
    logits : ndarray of shape (N, K)
        A row of K scores for each example.
    labels : array_like of int, shape (N,), or array_like of shape (N, K)
        The class of each example, 0 to K − 1; or a row of probabilities for each, one-hot as a
        rule.

    Returns
    -------
    loss : float
        In nats, the mean over the minibatch; 0.0 for an empty one.
    dlogits : ndarray of shape (N, K)
        ∂loss/∂logits = (p − y) / N, so already divided by the size of the minibatch.

    Raises
    ------
    ValueError
        If a shape does not fit, or a label is NaN, out of range or not a distribution.
    """
    _require_logits(logits)
    targets = _label_rows(labels, logits)
    if len(logits) == 0:
        return 0.0, np.zeros_like(logits)
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    totals = exponentials.sum(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(totals)
    loss = -np.sum(targets * log_probabilities, axis=1).mean()
    dlogits = (exponentials / totals - targets) / len(logits)
    return float(loss), dlogits


def _require_logits(logits):
    require_float(logits=logits)
    require_rank("logits", logits, 2, "(N, K)")
    if logits.shape[1] == 0:
        raise ValueError(
            f"logits has shape {logits.shape}, expected at least one class (column); "
            f"check the number of outputs of the last layer."
        )


def _label_rows(labels, logits):
    """Check the labels and return them as rows of probabilities in the logits' dtype."""
    labels = np.asarray(labels)
    n, k = logits.shape
    if labels.shape not in ((n,), (n, k)):
        raise ValueError(
            f"labels has shape {labels.shape} and logits has shape {logits.shape}, expected "
            f"{(n,)} classes or {(n, k)} one-hot rows; check that both come from one minibatch."
        )
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        first = tuple(int(i) for i in np.argwhere(np.isnan(labels))[0])
        raise ValueError(
            f"labels has NaN at {first}, expected numbers; "
            f"look for the step that made it, often a division by zero."
        )
    if labels.ndim == 1:
        return _one_hot(labels, k, logits.dtype)
    if labels.dtype.kind not in "biuf":
        raise ValueError(
            f"labels has dtype {labels.dtype}, expected numbers; convert with labels.astype(float)."
        )
    rows = labels.astype(logits.dtype)
    wrong = np.any(rows < 0, axis=1) | (np.abs(rows.sum(axis=1) - 1) > _SUM_TOLERANCE)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ValueError(
            f"row {first} of labels is {labels[first].tolist()}, expected probabilities that "
            f"add up to 1; a one-hot row has a single 1."
        )
    return rows


def _one_hot(classes, k, dtype):
    if classes.size and classes.dtype.kind not in "iu":
        raise ValueError(
            f"labels has dtype {classes.dtype}, expected integers from 0 to {k - 1}; "
            f"convert with labels.astype(np.int64)."
        )
    outside = (classes < 0) | (classes >= k)
    if outside.any():
        first = int(np.argmax(outside))
        raise ValueError(
            f"labels[{first}] is {classes[first]}, expected a class from 0 to {k - 1}; "
            f"classes count from 0, and logits has {k} columns."
        )
    return np.eye(k, dtype=dtype)[classes.astype(np.intp)]
