"""Chapters are numbered by their file names."""

import importlib.util
from pathlib import Path

import pytest
from docutils import nodes
from sphinx import addnodes

EXTENSIONS = Path(__file__).resolve().parents[1] / "book" / "_ext"


@pytest.fixture(scope="module")
def numbers():
    path = EXTENSIONS / "chapter_numbers.py"
    spec = importlib.util.spec_from_file_location("chapter_numbers", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("docname", "chapter"),
    [
        ("notebooks/14_mnist", 14),
        ("notebooks/01_from_pixels_to_layers", 1),
        ("03_dice", 3),
        ("book/preface", None),
        ("notebooks/140_x", None),
        ("14_parts/preface", None),
    ],
)
def test_chapter_of(numbers, docname, chapter):
    assert numbers.chapter_of(docname) == chapter


def entry(anchor, *below):
    reference = nodes.reference("", "", anchorname=anchor)
    item = nodes.list_item("", addnodes.compact_paragraph("", "", reference))
    if below:
        item += nodes.bullet_list("", *below)
    return item


def test_sections_count_below_the_chapter(numbers):
    toc = nodes.bullet_list("", entry("", entry("#a", entry("#b"), entry("#c")), entry("#d")))
    assert numbers.section_numbers(toc, 14) == {
        "": (14,),
        "#a": (14, 1),
        "#b": (14, 1, 1),
        "#c": (14, 1, 2),
        "#d": (14, 2),
    }
    marked = [reference["secnumber"] for reference in toc.findall(nodes.reference)]
    assert marked == [[14], [14, 1], [14, 1, 1], [14, 1, 2], [14, 2]]
