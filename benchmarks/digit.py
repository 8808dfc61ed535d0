"""One update of the figure in which the reader draws a digit, in Chromium, against 50 ms.

    python benchmarks/digit.py

An update is all that happens at a move of the pen: the ink is boxed and centred, the network reads
it, and its 96 maps, the dense layer and the probabilities are painted. Chromium runs a page's
script in one thread.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

from cnnbook import figures
from cnnbook.figures import digit_network

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/browser"))
from chromium import find_chromium

LIMIT = 50  # milliseconds: twenty updates a second still follow the hand
SEVEN = [(0.25, 0.2), (0.5, 0.18), (0.75, 0.2), (0.6, 0.5), (0.45, 0.85)]
TIME_FRAMES = """() => {
    const before = requestAnimationFrame;
    window.spent = [];
    window.requestAnimationFrame = (call) => before((now) => {
        const start = performance.now();
        call(now);
        spent.push(performance.now() - start);
    });
}"""


def measure(rounds=5):
    """Draw a seven so many times; return the median and the least time of an update."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        digit_network.keep(Path(folder, "digit-network.js"))
        page = Path(folder, "page.html")
        page.write_text(
            f"<!doctype html><meta charset=utf-8>{figures.digit('digit-network.js').html()}",
            encoding="utf-8",
        )
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox"]
        )
        tab = chromium.new_page()
        tab.goto(page.as_uri())
        tab.evaluate(TIME_FRAMES)
        for turn in range(rounds + 1):
            _draw(tab)
            tab.locator(".answer", has_text="The network reads").wait_for()
            if turn == 0:
                tab.evaluate("spent.length = 0")
        spent = tab.evaluate("spent")
        chromium.close()
    middle = median(spent)
    return {
        "name": "an update of the drawn digit against 50 ms",
        "ratio": middle / LIMIT,
        "ok": middle <= LIMIT,
        "milliseconds": middle,
        "least_milliseconds": min(spent),
        "updates": len(spent),
    }


def _draw(tab):
    tab.get_by_role("button", name="clear").click()
    box = tab.locator(".pad").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
    tab.mouse.move(*places[0])
    tab.mouse.down()
    for place in places[1:]:
        tab.mouse.move(*place, steps=6)
    tab.mouse.up()
    tab.wait_for_timeout(100)


def summary(result):
    return (
        f"{result['name']}: {result['ratio']:.2f}x, {result['milliseconds']:.1f} ms "
        f"(least {result['least_milliseconds']:.1f}), {result['updates']} updates"
    )


if __name__ == "__main__":
    print(summary(measure()))
