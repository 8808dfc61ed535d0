"""The equations of the derivation, each with the tests that name it."""

from functools import wraps
from typing import NamedTuple

import numpy as np


class Check(NamedTuple):
    """A test that holds one equation of the text.

    Attributes
    ----------
    label : str
        The equation's label in its chapter, `eq-...`.
    within : float
        The largest error that passes.
    measure : callable
        Takes no argument, returns the error seen; its docstring says what is compared.
    """

    label: str
    within: float
    measure: object


def equation(label, *, within):
    """Make a test of a function that returns the error of one numbered equation.

    Parameters
    ----------
    label : str
        The equation's label in its chapter.
    within : float
        The largest error that passes.
    """

    def decorate(measure):
        assert measure.__doc__, f"{measure.__name__}: its docstring says what is compared"

        @wraps(measure)
        def test():
            error = measure()
            assert error <= within, f"{label}: off by {error:.1e}, expected at most {within:.0e}"

        test.check = Check(label, within, measure)
        return test

    return decorate


def largest_difference(a, b):
    """Return the largest |a − b| / max(1, |b|) of two arrays of one shape, as a float."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    assert a.shape == b.shape, f"shapes differ: {a.shape} and {b.shape}"
    assert a.size, "nothing is compared"
    return float(np.max(np.abs(a - b) / np.maximum(1, np.abs(b))))
