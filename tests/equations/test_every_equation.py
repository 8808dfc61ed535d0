"""Every numbered equation of Part II has a test that names it, and the page lists them all."""

import numpy as np
import pytest

import equation_page
from equations import equation, largest_difference


def test_every_equation_has_a_test_and_every_test_an_equation():
    labels = [label for _, found in equation_page.chapters() for label in found]
    named = {check.label for check, *_ in equation_page.checks()}
    assert len(labels) > 20
    assert set(labels) == named, "name each numbered equation in a test of tests/equations"


def test_page_lists_every_equation_and_test():
    page = equation_page.PAGE.read_text(encoding="utf-8")
    errors = equation_page.errors(page)
    expected = equation_page.page([(*each, "") for each in equation_page.checks()])
    assert equation_page.without_errors(page) == equation_page.without_errors(expected), (
        "run tools/equation_page.py"
    )
    for (check, _, name), error in zip(equation_page.checks(), errors, strict=True):
        assert float(error) <= check.within, name


def test_a_wrong_equation_fails():
    @equation("eq-wrong", within=1e-12)
    def test():
        """Compare one with a little more than one."""
        return largest_difference([1.0], [1.0 + 1e-9])

    with pytest.raises(AssertionError, match="eq-wrong: off by"):
        test()


def test_not_a_number_fails():
    @equation("eq-nan", within=1e-12)
    def test():
        """Compare not a number with one."""
        return largest_difference([np.nan], [1.0])

    with pytest.raises(AssertionError, match="eq-nan"):
        test()


@pytest.mark.parametrize("a, b", [([1.0], [[1.0]]), ([], [])])
def test_arrays_that_cannot_be_compared_fail(a, b):
    with pytest.raises(AssertionError):
        largest_difference(a, b)
