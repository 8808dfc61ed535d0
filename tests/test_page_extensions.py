"""The small extensions of book/_ext that shape the pages."""

import io
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from docutils import nodes
from PIL import Image

from cnnbook.plots import style


@pytest.fixture(autouse=True, scope="module")
def extensions():
    folder = str(Path(__file__).resolve().parents[1] / "book" / "_ext")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


def test_width_of_a_picture_drawn_at_a_known_size(tmp_path):
    from figure_widths import png_width_in_inches

    figure = plt.figure(figsize=(style.COLUMN, 1))
    with plt.rc_context({"savefig.bbox": None}):  # another test may have set the book's own style
        figure.savefig(tmp_path / "column.png", dpi=style.DPI)
    plt.close(figure)
    assert png_width_in_inches(tmp_path / "column.png") == pytest.approx(style.COLUMN, abs=0.01)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_picture_that_states_no_size_keeps_its_own(tmp_path, kind):
    from figure_widths import png_width_in_inches

    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, format=kind)
    (tmp_path / "plain").write_bytes(file.getvalue())
    assert png_width_in_inches(tmp_path / "plain") is None


def test_description_is_the_first_paragraph_of_prose():
    from page_heads import first_paragraph

    short, prose = "Too short.", "Roll two dice and ask how often they add up to four. " * 9
    section = nodes.section("", nodes.title("", "T"), nodes.paragraph("", short))
    section += nodes.paragraph("", prose)
    found = first_paragraph(section)
    assert found.startswith("Roll two dice")
    assert found.endswith("four.")
    assert 100 < len(found) <= 200


def cell_after(node, **attributes):
    cell = nodes.container(nb_element="cell_code", **attributes)
    section = nodes.section("", node, cell)
    document = nodes.document(None, None)
    document += section
    return document, cell


@pytest.mark.parametrize(
    ("classes", "attributes", "renamed"),
    [
        (["solution"], {"hide_mode": "all"}, True),
        (["note"], {"hide_mode": "all"}, False),
        (["solution"], {}, False),
    ],
)
def test_only_the_folded_cell_after_a_solution_is_its_check(classes, attributes, renamed):
    from folds import SolutionChecks

    document, cell = cell_after(nodes.container(classes=classes), **attributes)
    transform = SolutionChecks.__new__(SolutionChecks)
    transform.document = document
    transform.run()
    assert ("check" in cell["classes"]) is renamed
    assert (cell.get("prompt_show") == "Show the check") is renamed


def test_a_check_of_several_cells_is_one_fold():
    from folds import SolutionChecks

    document, check = cell_after(nodes.container(classes=["solution"]), hide_mode="all")
    check += nodes.literal_block(text="one")
    more = nodes.container(
        "", nodes.literal_block(text="two"), nb_element="cell_code", hide_mode="all"
    )
    stays = nodes.paragraph(text="What is not followed by a folded cell stays.")
    check.parent += [nodes.paragraph(text="Then:"), more, stays]
    transform = SolutionChecks.__new__(SolutionChecks)
    transform.document = document
    transform.run()
    assert [node.astext() for node in check] == ["one", "Then:", "two"]
    assert check.parent[2:] == [stays]


@pytest.mark.parametrize(
    ("before", "after", "left", "span", "right"),
    [
        ("at ", ", so", "at ", "x,", " so"),
        ("half (", ").", "half ", "(x).", ""),
        ("at ", " and", "at ", None, " and"),
    ],
)
def test_marks_stay_on_the_line_of_their_formula(before, after, left, span, right):
    from formula_marks import FormulaMarks

    formula = nodes.math("x", "x")
    text = nodes.paragraph("", "", nodes.Text(before), formula, nodes.Text(after))
    document = nodes.document(None, None)
    document += text
    transform = FormulaMarks.__new__(FormulaMarks)
    transform.document = document
    transform.run()
    kept = formula.parent
    assert (kept is not text) is (span is not None)
    assert [part.astext() for part in text] == [left, span or "x", right]
