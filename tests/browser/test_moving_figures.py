"""Figures that move, as they stand in the built book."""

import pytest
from built_book import HTML, page_names

PAGES = [
    name
    for name in page_names()
    if 'class="cnnbook-figure"' in (HTML / name).read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", PAGES or [None])
def test_still_picture_stands_in_where_no_script_runs_and_in_print(browser, origins, name):
    if name is None:
        pytest.skip("no page of the built book has a figure that moves")
    for script in (True, False):
        context = browser.new_context(java_script_enabled=script)
        tab = context.new_page()
        tab.goto(origins["file"] + name)
        stills = tab.locator(".still-picture")
        assert stills.count() == tab.locator(".cnnbook-figure").count()
        if script:
            tab.wait_for_selector(".cnnbook-figure[data-ready]")
            assert not any(still.is_visible() for still in stills.all())
            tab.emulate_media(media="print")
        assert all(still.is_visible() for still in stills.all())
        context.close()
