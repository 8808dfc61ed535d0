"""The pages of the built book, and what their HTML says without a browser."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

HTML = Path(__file__).resolve().parents[2] / "_build" / "html"


def page_names():
    """Return the pages of the built book as paths such as "book/preface.html", sorted."""
    pages = (path.relative_to(HTML) for path in HTML.rglob("*.html"))
    return sorted(path.as_posix() for path in pages if path.parts[0] not in {"_static", "_sources"})


class Page(HTMLParser):
    """One page's links, anchors, pictures and description."""

    def __init__(self, path):
        super().__init__()
        self.anchors = {""}
        self.links = []
        self.files = []
        self.pictures = []
        self.description = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        """Note what one tag says."""
        given = dict(attributes)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in {"img", "script", "source", "iframe"} and given.get("src"):
            self.files.append(given["src"])
        if tag == "link" and given.get("href") and given.get("rel") != "canonical":
            self.files.append(given["href"])
        if tag == "img":
            self.pictures.append(given)
        if tag == "meta" and given.get("name") == "description":
            self.description = given.get("content") or ""


def is_elsewhere(address):
    """Say whether an address leads out of the book."""
    parts = urlsplit(address)
    return bool(parts.scheme or parts.netloc)


def resolve(page, address):
    """Return the file and the anchor that an address on a page leads to."""
    place, anchor = urldefrag(address)
    place = unquote(urlsplit(place).path)
    path = (HTML / page).parent / place if place else HTML / page
    return path.resolve(), unquote(anchor)
