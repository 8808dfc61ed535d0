import functools
import http.server
import itertools
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from built_book import HTML, page_names
from chromium import find_chromium, settle

WIDTHS = {1280: 900, 390: 844}
AXE = Path(__file__).parent / "vendor" / "axe.min.js"


def pytest_generate_tests(metafunc):
    if "page_name" in metafunc.fixturenames:
        pages = page_names()
        if "seen" in metafunc.fixturenames:
            pages = [name for name in pages if name != "index.html"]  # it leads on at once
        metafunc.parametrize("page_name", pages or [None], scope="session")


@pytest.fixture(scope="session")
def book():
    if not page_names():
        pytest.skip(f"no built book in {HTML}: run `make book` (or `jupyter-book build .`) first")
    return HTML


@pytest.fixture(scope="session")
def browser(book):
    path = find_chromium()
    if path is None:
        pytest.skip(
            "no Chromium, Chrome or Edge was found: install one (Debian: `apt install chromium`; "
            "macOS: `brew install --cask google-chrome`; Windows has Edge), or set CHROME_PATH"
        )
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def origins(book):
    """The book's two addresses: from a local server and straight from the folder."""
    handler = functools.partial(QuietHandler, directory=str(book))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"http": f"http://127.0.0.1:{server.server_port}/", "file": f"{book.as_uri()}/"}
    server.shutdown()
    server.server_close()


class Watch:
    """What a tab asked for and complained of."""

    def __init__(self, tab, origin):
        self.outside = []
        self.errors = []
        tab.on("request", lambda request: self._request(request.url, origin))
        tab.on("requestfailed", lambda request: self.errors.append(f"failed: {request.url}"))
        tab.on("response", self._response)
        tab.on("console", self._console)
        tab.on("pageerror", lambda error: self.errors.append(f"exception: {error}"))

    def _request(self, url, origin):
        if not url.startswith((origin, "data:", "blob:")):
            self.outside.append(url)

    def _response(self, response):
        if response.status >= 400:
            self.errors.append(f"{response.status}: {response.url}")

    def _console(self, message):
        if message.type == "error":
            self.errors.append(f"console: {message.text}")


@dataclass
class Visit:
    """What was seen on one page, in every width and theme, over http and from the folder."""

    outside: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    violations: list = field(default_factory=list)
    sideways: list = field(default_factory=list)
    formulas: dict = field(default_factory=dict)
    search_boxes: dict = field(default_factory=dict)


FORMULAS = """() => {
    const article = document.querySelector("article") || document.body;
    const text = article.cloneNode(true);
    text.querySelectorAll("pre, code, script, style, mjx-container").forEach(node => node.remove());
    return {
        marked: article.querySelectorAll(".math").length,
        unset: [...article.querySelectorAll(".math")]
            .filter(node => !node.querySelector("mjx-container svg")).map(node => node.textContent),
        wrong: [...article.querySelectorAll("[data-mml-node=merror], mjx-merror, merror")]
            .map(node => node.textContent),
        raw: text.textContent.match(/\\$\\$|\\\\[()\\[\\]]|\\\\begin\\{/g) || [],
    };
}"""

SIDEWAYS = """() => {
    const room = document.documentElement.clientWidth;
    const over = document.documentElement.scrollWidth - room;
    if (over <= 0) return "";
    const widest = [...document.querySelectorAll("main *")]
        .filter(node => node.getBoundingClientRect().right > room + 1).slice(0, 3)
        .map(node => node.outerHTML.slice(0, 120));
    return `${over} pixels too wide: ${widest.join(" | ")}`;
}"""

# A theme changes colours only and a width places only, so contrast is asked once for each theme and
# the other rules once for each width. The insides of formulas are MathJax's, and thousands.
AXE_RUN = """async ([theme, width]) => {
    if (theme === "dark" && width < 1280) return [];
    const page = {exclude: ["mjx-container > svg", "mjx-assistive-mml"]};
    const options = {resultTypes: ["violations"]};
    if (theme === "dark") options.runOnly = {type: "rule", values: ["color-contrast"]};
    else if (width < 1280) options.rules = {"color-contrast": {enabled: false}};
    const found = await axe.run(page, options);
    return found.violations
        .filter(rule => ["serious", "critical"].includes(rule.impact))
        .map(rule => `${rule.id} (${rule.impact}): ${rule.nodes.slice(0, 3)
            .map(node => node.target.join(" ") + " " + node.html.slice(0, 160)).join(" | ")}`);
}"""

SEARCH = "form.bd-search input:visible, .search-button__button:visible"


def visit(browser, origins, name):
    """Open a page from both addresses, and look at it in every width and theme."""
    seen = Visit()
    axe = AXE.read_text(encoding="utf-8")
    for scheme, themes in (("http", ("light", "dark")), ("file", ("light",))):
        context = browser.new_context(color_scheme="light", reduced_motion="reduce")
        tab = context.new_page()
        watch = Watch(tab, origins[scheme])
        tab.goto(origins[scheme] + name)
        for theme, (width, height) in itertools.product(themes, WIDTHS.items()):
            tab.emulate_media(color_scheme=theme)
            tab.set_viewport_size({"width": width, "height": height})
            settle(tab)
            where = f"{scheme}, {theme}, {width} px"
            assert tab.evaluate("document.documentElement.dataset.theme") == theme, where
            if over := tab.evaluate(SIDEWAYS):
                seen.sideways.append(f"{where}: {over}")
            if scheme == "http":
                tab.evaluate(axe)
                seen.violations += [
                    f"{where}: {line}" for line in tab.evaluate(AXE_RUN, [theme, width])
                ]
                seen.search_boxes[theme, width] = tab.locator(SEARCH).count()
        seen.formulas[scheme] = tab.evaluate(FORMULAS)
        seen.outside += watch.outside
        seen.errors += [f"{scheme}: {line}" for line in watch.errors]
        context.close()
    return seen


@pytest.fixture(scope="session")
def seen(browser, origins, page_name):
    """One page's visit; the page is opened once for all the tests that ask."""
    return visit(browser, origins, page_name)
