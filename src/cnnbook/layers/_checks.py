"""Checks on what a layer is given, each refusing with what was found, expected and likely meant."""

from numbers import Integral

import numpy as np


def require_float(**arrays):
    """Refuse anything but NumPy arrays that all share one dtype, float32 or float64.

    Parameters
    ----------
    **arrays : ndarray
        The arrays by the name the reader knows them by.

    Raises
    ------
    ValueError
        If one is not an array, is not float32 or float64, or two have different dtypes.
    """
    first_name, first = None, None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(
                f"{name} is a {type(array).__name__}, expected a NumPy array; "
                f"wrap it in np.asarray({name}, dtype=np.float32)."
            )
        if array.dtype not in (np.float32, np.float64):
            raise ValueError(
                f"{name} has dtype {array.dtype}, expected float32 or float64; "
                f"convert it with {name}.astype(np.float32)."
            )
        if first is None:
            first_name, first = name, array
        elif array.dtype != first.dtype:
            raise ValueError(
                f"{name} has dtype {array.dtype} and {first_name} has {first.dtype}, expected "
                f"one dtype for both; convert one of them with .astype()."
            )


def require_rank(name, array, rank, axes):
    """Refuse `array` unless it has `rank` axes; `axes` names them, as in "(N, H, W, C)"."""
    if array.ndim != rank:
        raise ValueError(
            f"{name} has shape {array.shape}, expected {rank} axes {axes}; "
            f"add the missing ones with reshape or np.newaxis."
        )


def require_shape(name, array, shape, because):
    """Refuse `array` unless its shape is exactly `shape`; `because` says where that comes from."""
    if array.shape != tuple(shape):
        raise ValueError(
            f"{name} has shape {array.shape}, expected {tuple(shape)} ({because}); "
            f"check that it belongs to the same call."
        )


def require_dout(dout, shape, dtype):
    """Refuse `dout` unless it has the shape and dtype of the output it is the error of."""
    require_float(out=np.empty(0, dtype), dout=dout)
    require_shape("dout", dout, shape, "the shape of the output")


def is_int(value):
    """Tell whether `value` is an integer, Python's or NumPy's, and not a bool."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def require_count(**values):
    """Refuse values that are not ints of at least 1; each by the name the reader knows it by."""
    for name, value in values.items():
        if not is_int(value) or value < 1:
            raise ValueError(f"{name} is {value!r}, expected an int of at least 1.")
