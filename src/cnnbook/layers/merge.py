"""Cutting a tensor into parts and putting tensors together; the error takes the same way back.

Split and concat are each other's backward pass. Adding hands every term the whole error, because
each contributes with the factor 1.
"""

import numpy as np

from ._checks import require_dout, require_float, require_shape


def split_forward(x, *, sections, axis=-1):
    """Cut x along one axis, as `tf.split` does.

    Parameters
    ----------
    x : ndarray
        Of any shape with at least one axis.
    sections : int or sequence of int
        How many equal parts; or the size of each part.
    axis : int, default -1
        The axis to cut: the channels unless told otherwise.

    Returns
    -------
    outs : list of ndarray
        Views of x, in order.
    cache : tuple
        What `split_backward` needs.

    Raises
    ------
    ValueError
        If the axis does not exist, or the sections do not add up to its length.
    """
    require_float(x=x)
    axis = _require_axis("x", x, axis)
    sizes = _sizes(sections, x.shape[axis])
    outs = np.split(x, np.cumsum(sizes)[:-1], axis=axis)
    return outs, ([out.shape for out in outs], x.dtype, axis)


def split_backward(douts, cache):
    """Put the errors of the parts back side by side.

    Parameters
    ----------
    douts : sequence of ndarray
        ∂E/∂out of each part; zeros for a part that was not used.
    cache : tuple
        From the `split_forward` call whose outputs `douts` belong to.

    Returns
    -------
    dx : ndarray
        ∂E/∂x, of the shape of `x`.
    """
    shapes, dtype, axis = cache
    if len(douts) != len(shapes):
        raise ValueError(
            f"douts has {len(douts)} arrays, expected {len(shapes)}, one for each part; "
            f"give zeros for a part that was not used."
        )
    for dout, shape in zip(douts, shapes, strict=True):
        require_dout(dout, shape, dtype)
    return np.concatenate(douts, axis=axis)


def concat_forward(xs, *, axis=-1):
    """Put tensors side by side along one axis, as `tf.concat` does.

    Parameters
    ----------
    xs : sequence of ndarray
        At least one; the shapes agree on every other axis.
    axis : int, default -1
        The axis that grows: the channels unless told otherwise.

    Returns
    -------
    out : ndarray
        The tensors in order.
    cache : tuple
        What `concat_backward` needs.

    Raises
    ------
    ValueError
        If there is no tensor, or ranks, dtypes or other axes disagree.
    """
    _require_tensors(xs)
    axis = _require_axis("xs[0]", xs[0], axis)
    for i, x in enumerate(xs):
        expected = list(xs[0].shape)
        if x.ndim == len(expected):
            expected[axis] = x.shape[axis]
        require_shape(f"xs[{i}]", x, expected, f"the shape of xs[0], but for axis {axis}")
    out = np.concatenate(xs, axis=axis)
    return out, (out.shape, out.dtype, [x.shape[axis] for x in xs], axis)


def concat_backward(dout, cache):
    """Cut the error where the tensors met.

    Parameters
    ----------
    dout : ndarray
        ∂E/∂out, of the shape of `out`.
    cache : tuple
        From the `concat_forward` call whose output `dout` belongs to.

    Returns
    -------
    dxs : list of ndarray
        ∂E/∂x of each tensor, views of `dout`.
    """
    shape, dtype, sizes, axis = cache
    require_dout(dout, shape, dtype)
    return np.split(dout, np.cumsum(sizes)[:-1], axis=axis)


def add_forward(xs):
    """Add tensors of one shape, as a residual connection does.

    Parameters
    ----------
    xs : sequence of ndarray
        At least one, all of one shape; nothing is broadcast.

    Returns
    -------
    out : ndarray
        The sum.
    cache : tuple
        What `add_backward` needs.

    Raises
    ------
    ValueError
        If there is no tensor, or shapes or dtypes disagree.
    """
    _require_tensors(xs)
    for i, x in enumerate(xs):
        require_shape(f"xs[{i}]", x, xs[0].shape, "the shape of xs[0]")
    out = xs[0].copy()
    for x in xs[1:]:
        out += x
    return out, (out.shape, out.dtype, len(xs))


def add_backward(dout, cache):
    """Hand every term the whole error.

    Parameters
    ----------
    dout : ndarray
        ∂E/∂out, of the shape of `out`.
    cache : tuple
        From the `add_forward` call whose output `dout` belongs to.

    Returns
    -------
    dxs : list of ndarray
        ∂E/∂x of each term, copies of `dout`.
    """
    shape, dtype, terms = cache
    require_dout(dout, shape, dtype)
    return [dout.copy() for _ in range(terms)]


def _require_tensors(xs):
    if len(xs) == 0:
        raise ValueError("xs is empty, expected at least one array; pass a list such as [x, y].")
    require_float(**{f"xs[{i}]": x for i, x in enumerate(xs)})


def _require_axis(name, array, axis):
    """Return `axis` counted from the front, refusing one that the array does not have."""
    if not -array.ndim <= axis < array.ndim:
        raise ValueError(
            f"axis is {axis} and {name} has shape {array.shape}, expected an axis from "
            f"{-array.ndim} to {array.ndim - 1}; -1 is the channels."
        )
    return axis % array.ndim


def _sizes(sections, length):
    """Return the size of each part."""
    if np.ndim(sections) == 0:
        if sections < 1 or length % sections:
            raise ValueError(
                f"sections is {sections} for an axis of length {length}, expected a count that "
                f"divides it; give a list of sizes for parts that differ."
            )
        return [length // sections] * int(sections)
    if len(sections) == 0 or min(sections) < 0 or sum(sections) != length:
        raise ValueError(
            f"sections are {list(sections)}, which add up to {sum(sections)}, expected sizes that "
            f"add up to the axis' length {length}; these are sizes, not the places of the cuts."
        )
    return list(sections)
