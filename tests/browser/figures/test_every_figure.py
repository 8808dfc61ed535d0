"""What holds for every figure that moves."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from cnnbook import figures
from cnnbook.figures.host import SCRIPTS, joined_script
from conftest import EXAMPLES

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
LARGEST = 60_000  # bytes of script
SHARED_WORDS = {
    "player": {"place", "back", "on", "play", "stop"},
    "grid": {"cell", "notYet", "refused"},
}


def test_every_function_has_an_example():
    functions = set(figures.__all__) - {"MovingFigure"}
    assert functions == {name.split("-")[0] for name in EXAMPLES}


def test_script_is_small(figure):
    assert len(joined_script(figure.name).encode()) <= LARGEST


def test_output_repeats(example):
    once, again = EXAMPLES[example](), EXAMPLES[example]()
    assert joined_script(once.name) in once.html()
    if "deep" not in example:  # that one is drawn anew
        assert once.html() == again.html()


def test_still_picture_is_a_picture(figure):
    assert Image.open(io.BytesIO(figure.png())).size[0] > 200


def test_words_are_all_in_the_table(figure):
    """A script holds no text of its own: letters in strings are names, never sentences."""
    script = (SCRIPTS / f"{figure.name}.js").read_text(encoding="utf-8")
    strings = re.findall(r"\"([^\"\n]*)\"", re.sub(r"//[^\n]*", "", script))
    sentences = [text for text in strings if re.search(r"[a-z] [a-z]+ [a-z]", text)]
    sentences = [text for text in sentences if not re.search(r"var\(|px|rem|[:;#]", text)]
    assert not sentences, "put it into WORDS"


def test_every_word_is_used_and_known(figure):
    script = (SCRIPTS / f"{figure.name}.js").read_text(encoding="utf-8")
    used = set(re.findall(r"\bwords\.(\w+)", script)) | {"title"}
    for part, words in SHARED_WORDS.items():
        used |= words if f"{part}(" in script else set()
    assert used <= set(figure.words), "a word that WORDS lacks"
    if "words[" not in script:
        assert set(figure.words) <= used, "a word that nothing shows"


def test_language_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="language is 'xx', expected one of en"):
        figures.convolution([[1]], [[1]], language="xx")


def test_page_is_sound(show, figure, look):
    """No error, no request, nothing sideways, nothing that axe calls serious, in every look."""
    width, theme = look
    tab = show(figure, width=width, theme=theme)
    over = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0, f"{over} pixels too wide"
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate(
        """async () => (await axe.run()).violations
            .filter(rule => ["serious", "critical"].includes(rule.impact))
            .map(rule => `${rule.id}: ${rule.nodes.slice(0, 2).map(n => n.html.slice(0, 150))}`)"""
    )
    assert not found
    assert not tab.errors


def test_cell_refuses_what_is_no_number(show, figure):
    tab = show(figure)
    cell = tab.locator(".cell.editable").first
    if not cell.count():
        pytest.skip("no cell of this figure takes a number")
    before = cell.get_attribute("aria-label")
    for text in ("abc", "", "1e9", "2-1", "NaN"):
        cell.click()
        tab.keyboard.press("ControlOrMeta+A")
        tab.keyboard.press("Delete")
        tab.keyboard.type(text)
        tab.keyboard.press("Enter")
        assert cell.get_attribute("aria-label") == before
        assert tab.locator(".refused:not(:empty)").count() == 1, text
    cell.click()
    tab.keyboard.press("Escape")
    assert cell.get_attribute("aria-label") == before
    assert tab.locator(".refused:not(:empty)").count() == 0
    assert not tab.errors


def test_play_is_not_offered_where_motion_is_unwanted(show, figure):
    if "play" not in figure.words:
        pytest.skip("nothing plays in this figure")
    for motion, hidden in (("reduce", True), ("no-preference", False)):
        tab = show(figure, reduced_motion=motion)
        play = tab.locator("button", has_text=figure.words["play"])
        assert play.first.is_hidden() is hidden


def test_every_control_can_be_reached_by_the_keyboard(show, figure):
    tab = show(figure)
    controls = tab.locator(
        ".figure button:enabled:visible, .figure input:enabled:visible, .figure select:visible"
    ).count()
    reached = set()
    for _ in range(4 * controls + 60):
        tab.keyboard.press("Tab")
        reached.add(
            tab.evaluate(
                """() => {
                    const root = document.querySelector(".cnnbook-figure").shadowRoot;
                    const at = root.activeElement;
                    if (!at || !at.matches("button, input, select")) return -1;
                    return [...root.querySelectorAll("button, input, select")].indexOf(at);
                }"""
            )
        )
    assert len(reached - {-1}) >= controls
