"""Every page of the built book, as a reader's browser sees it."""

import pytest

pytestmark = pytest.mark.browser


def test_page_asks_no_other_site_for_anything(seen):
    assert seen.outside == []


def test_page_raises_no_error(seen):
    assert seen.errors == []


def test_page_has_no_serious_accessibility_violation(seen):
    assert seen.violations == []


def test_page_does_not_scroll_sideways(seen):
    assert seen.sideways == []


def test_page_shows_its_formulas(seen):
    for formulas in seen.formulas.values():
        assert formulas["unset"] == []
        assert formulas["wrong"] == []
        assert formulas["raw"] == []


def test_page_has_one_search_box(seen):
    assert set(seen.search_boxes.values()) == {1}
