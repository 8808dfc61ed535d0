"""Ways into the book: its address, and the search by mouse and by keyboard, http and folder."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_books_address_leads_to_the_preface(tab, origins, scheme):
    tab.goto(f"{origins[scheme]}index.html")
    tab.wait_for_url(f"{origins[scheme]}book/preface.html")


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_page_finds_a_word(tab, origins, scheme):
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda note: errors.append(note.text) if note.type == "error" else None)
    tab.goto(f"{origins[scheme]}search.html?q=convolution")
    tab.locator("#search-results a[href*='book/preface.html']").first.wait_for(timeout=10_000)
    assert errors == []


def test_search_opens_from_the_keyboard_and_leads_to_results(tab, origins):
    tab.goto(f"{origins['http']}book/preface.html")
    tab.keyboard.press("Control+k")
    field = tab.locator("#pst-search-dialog input[name=q]")
    field.wait_for(state="visible")
    field.fill("convolution")
    field.press("Enter")
    tab.wait_for_url("**/search.html?q=convolution*")
    tab.locator("#search-results ul.search li a").first.wait_for(timeout=10_000)


def test_the_one_search_button_opens_the_search(tab, origins):
    tab.goto(f"{origins['http']}book/preface.html")
    tab.locator(".search-button__button").click()
    tab.locator("#pst-search-dialog input[name=q]").wait_for(state="visible")


def test_search_of_a_word_that_is_nowhere_says_so(tab, origins):
    tab.goto(f"{origins['http']}search.html?q=zzyzzyxx")
    tab.get_by_text("did not match any documents").wait_for(timeout=10_000)
