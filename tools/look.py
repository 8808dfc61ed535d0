"""Take a picture of every page, in two widths and two themes, and one sheet of them all.

    python tools/look.py              every page of _build/html, into _build/look
    python tools/look.py 14 notation  only pages whose path contains one of the words

Full pages go to `_build/look/<page>-<width>-<theme>.png`, the tops of all of them side by side to
`_build/look/contact-sheet.png`.
"""

import argparse
import io
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from chromium import find_chromium, settle  # noqa: E402

WIDTHS = {1280: 900, 390: 844}
THEMES = ("light", "dark")
THUMBNAIL_HEIGHT = 360
MARGIN = 16
LABEL = 22
SHEET_WIDTH = 3200
SCREEN = 3_000  # pixels
# What stands still while the page scrolls would be in every screen.
HOLD = ".bd-header-article { position: static !important; } * { scroll-behavior: auto !important; }"


def pages_of(html, words):
    """Return the pages of the built book, those whose path contains a word if words are given."""
    pages = [path for path in sorted(html.rglob("*.html")) if "_static" not in path.parts]
    pages = [path for path in pages if path != html / "index.html"]
    if words:
        pages = [
            path for path in pages if any(word in str(path.relative_to(html)) for word in words)
        ]
    return pages


def full_picture(tab, width):
    """Return the whole page as one picture, screen by screen.

    Chromium's own full-page pictures end at 16,384 pixels, less than a chapter on a telephone.
    """
    tab.set_viewport_size({"width": width, "height": SCREEN})
    settle(tab)
    height = tab.evaluate("document.documentElement.scrollHeight")
    whole = Image.new("RGB", (width, height))
    for top in range(0, height, SCREEN):
        reached = tab.evaluate("top => { scrollTo(0, top); return Math.round(scrollY); }", top)
        screen = tab.screenshot(animations="disabled", timeout=120_000)
        whole.paste(Image.open(io.BytesIO(screen)), (0, reached))
    return whole


def photograph(html, pages, out):
    """Store a full picture of each page; return {(width, theme): [(page, top of the picture)]}."""
    tops = {(width, theme): [] for width in WIDTHS for theme in THEMES}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for theme in THEMES:
            context = browser.new_context(color_scheme=theme, reduced_motion="reduce")
            tab = context.new_page()
            for path in pages:
                tab.goto(path.as_uri())
                tab.add_style_tag(content=HOLD)
                for width, height in WIDTHS.items():
                    name = path.relative_to(html).with_suffix("").as_posix().replace("/", "-")
                    target = out / f"{name}-{width}-{theme}.png"
                    whole = full_picture(tab, width)
                    whole.save(target)
                    tops[width, theme].append((name, whole.crop((0, 0, width, height))))
            context.close()
        browser.close()
    return tops


def contact_sheet(tops):
    """Return one picture of all tops, grouped by width and theme, in as many rows as they need."""
    font = ImageFont.load_default(size=14)
    places, left, top = [], MARGIN, MARGIN
    for (width, theme), pictures in tops.items():
        places.append((f"{width} px, {theme}", None, MARGIN, top))
        left, top = MARGIN, top + LABEL
        for name, picture in pictures:
            scale = THUMBNAIL_HEIGHT / picture.height
            small = picture.resize((round(picture.width * scale), THUMBNAIL_HEIGHT))
            if left + small.width + MARGIN > SHEET_WIDTH:
                left, top = MARGIN, top + THUMBNAIL_HEIGHT + LABEL + MARGIN
            places.append((name[: small.width // 8], small, left, top))
            left += small.width + MARGIN
        left, top = MARGIN, top + THUMBNAIL_HEIGHT + LABEL + 2 * MARGIN
    sheet = Image.new("RGB", (SHEET_WIDTH, top), "#c8ccd2")
    draw = ImageDraw.Draw(sheet)
    for label, small, left, top in places:
        draw.text((left, top), label, "#1f2328", font=font)
        if small is not None:
            sheet.paste(small, (left, top + LABEL))
    return sheet


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only pages whose path contains one of these")
    parser.add_argument("--html", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--out", type=Path, default=ROOT / "_build" / "look")
    given = parser.parse_args()
    html = given.html.resolve()
    pages = pages_of(html, given.words) if html.is_dir() else []
    if not pages:
        sys.exit(f"No page to look at in {given.html}: run `make book` first.")
    if find_chromium() is None:
        sys.exit("No Chromium or Chrome was found: install one, or name it in CHROME_PATH.")
    given.out.mkdir(parents=True, exist_ok=True)
    contact_sheet(photograph(html, pages, given.out)).save(given.out / "contact-sheet.png")
    print(f"{len(pages)} pages, {len(pages) * len(WIDTHS) * len(THEMES)} pictures in {given.out}")


if __name__ == "__main__":
    main()
