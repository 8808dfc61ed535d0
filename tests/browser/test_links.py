"""Links, pictures and descriptions of every page, read from the HTML: no browser is needed."""

import functools

from built_book import HTML, Page, is_elsewhere, resolve

read = functools.cache(Page)


def test_links_inside_the_book_lead_somewhere(book, page_name):
    broken = []
    for address in read(HTML / page_name).links:
        if is_elsewhere(address):
            continue
        path, anchor = resolve(page_name, address)
        found = path.is_file() and (path.suffix != ".html" or anchor in read(path).anchors)
        if not found:
            broken.append(address)
    assert broken == []


def test_files_the_page_needs_are_in_the_book(book, page_name):
    needed = [
        address for address in read(HTML / page_name).files if not address.startswith("data:")
    ]
    assert [address for address in needed if is_elsewhere(address)] == []
    assert [address for address in needed if not resolve(page_name, address)[0].is_file()] == []


def test_every_picture_says_what_it_shows(book, page_name):
    # An empty alt text is right for decoration only: here, the mark beside the book's name.
    silent = [
        picture.get("src", "")
        for picture in read(HTML / page_name).pictures
        if "logo__image" not in picture.get("class", "")
        and len((picture.get("alt") or "").split()) < 2
    ]
    assert silent == []


def test_page_has_a_description(book, page_name):
    assert 20 <= len(read(HTML / page_name).description) <= 260
