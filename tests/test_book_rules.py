"""Each rule of the book is broken here on purpose, and must notice."""

import nbformat
import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

import book_rules
import notebooks

OPENING = """(ch-demo)=
# A demonstration

What this chapter is about.

:::{admonition} After this chapter you can
:class: objectives

- add
- subtract
- multiply
:::"""

EXERCISE = """:::{{exercise}} Sum {k}
:label: ex-demo-{k}
Add.
:::

:::{{solution}} ex-demo-{k}
:label: sol-demo-{k}
:class: dropdown

Two.
:::"""

FIGURE = {
    "figure": {"caption": "A line.", "name": "fig-demo-line"},
    "image": {"alt": "A line that rises from left to right."},
}


@pytest.fixture
def chapter():
    """A chapter that keeps every rule: 15 code cells, a figure, and four checked exercises."""
    cells = [
        new_markdown_cell(OPENING),
        new_code_cell("import numpy as np\nrng = np.random.default_rng(1)"),
    ]
    for k in range(13):
        out = [new_output("stream", text="a sum: 2.125\n")]
        cells += [
            new_markdown_cell(f"Sentence {k}."),
            new_code_cell(f"print(2.125)  # {k}", outputs=out),
        ]
    image = new_output("display_data", {"image/png": "AA==", "text/plain": "<Figure size 1x1>"})
    drawn = new_code_cell("plots.line()", outputs=[image], metadata={"mystnb": FIGURE})
    cells += [new_markdown_cell("Now a line."), drawn]
    for k in range(4):
        check = new_code_cell("assert 1 + 1 == 2", metadata={"tags": ["hide-cell"]})
        cells += [new_markdown_cell(EXERCISE.format(k=k)), check]
    for count, cell in enumerate((c for c in cells if c.cell_type == "code"), 1):
        cell.execution_count = count
    nb = new_notebook(cells=cells)
    notebooks.normalise(nb)
    return nb


def code(nb, k):
    return [cell for cell in nb.cells if cell.cell_type == "code"][k]


def printing(text):
    def breaking(nb):
        code(nb, 3).outputs = [new_output("stream", text=text)]

    return breaking


def sourced(text):
    def breaking(nb):
        code(nb, 3).source = text

    return breaking


def told(text):
    def breaking(nb):
        nb.cells[2].source = text

    return breaking


def without(text, replacement=""):
    """Take a piece of text out of every Markdown cell."""

    def breaking(nb):
        for cell in nb.cells:
            if cell.cell_type == "markdown":
                cell.source = cell.source.replace(text, replacement)

    return breaking


def storing(*output, **named):
    def breaking(nb):
        code(nb, 3).outputs = [new_output(*output, **named)]

    return breaking


def drawn(change):
    """Change the form of the figure's cell."""

    def breaking(nb):
        change(code(nb, 14).metadata["mystnb"])

    return breaking


def count_again(nb):
    code(nb, 3).execution_count = 40


def never_run(nb):
    code(nb, 3).execution_count = None


def other_kernel(nb):
    nb.metadata.kernelspec.display_name = "my environment"


def collapsed(nb):
    code(nb, 3).metadata["collapsed"] = True


def code_first(nb):
    nb.cells.pop(0)


def two_together(nb):
    nb.cells.pop(4)


def cell_dropped(nb):
    del nb.cells[2:4]


def many_cells(nb):
    nb.cells += [new_code_cell("1")] * 16


def check_shown(nb):
    nb.cells[-1].metadata["tags"] = []


def check_gone(nb):
    nb.cells.pop()


BREACHES = [
    ("counts_in_order", count_again),
    ("counts_in_order", never_run),
    ("normalised", other_kernel),
    ("normalised", collapsed),
    ("no_stored_error", storing("error", ename="ValueError", evalue="", traceback=[])),
    ("no_stored_stderr", storing("stream", name="stderr", text="careful")),
    ("no_svg", storing("display_data", {"image/svg+xml": "<svg/>"})),
    ("outputs_repeat", printing("read " + "/home" + "/me/data")),
    ("outputs_repeat", printing("read C:\\data")),
    ("outputs_repeat", printing("<object at 0x7f3a>")),
    ("outputs_repeat", printing("at 12:04:59")),
    ("outputs_repeat", printing("on 2026-01-31")),
    ("outputs_repeat", printing("took 12.5 seconds")),
    ("outputs_repeat", printing("np.float64(0.5)")),
    ("outputs_repeat", printing("0.1234567")),
    ("opening", code_first),
    ("opening", without("(ch-demo)=\n")),
    ("opening", without(":class: objectives\n")),
    ("opening", without("- add\n- subtract\n")),
    ("imports_first", sourced("def f():\n    import math\n")),
    ("seeded", sourced("rng = np.random.default_rng()")),
    ("seeded", sourced("x = np.random.rand(3)")),
    ("no_sys_path", sourced("sys.path.append('..')")),
    ("number_of_code_cells", cell_dropped),
    ("number_of_code_cells", many_cells),
    ("short_cells", sourced("\n".join("x = 1" for _ in range(26)))),
    ("sentence_before_code", two_together),
    ("exercises_have_solutions", without(EXERCISE.format(k=2))),
    ("exercises_have_solutions", without("{solution} ex-demo-2", "{note} none")),
    ("exercises_have_solutions", without(":class: dropdown\n")),
    ("exercises_have_solutions", check_shown),
    ("exercises_have_solutions", check_gone),
    ("figures_described", drawn(lambda form: form.pop("image"))),
    ("figures_described", drawn(lambda form: form["figure"].pop("caption"))),
    ("figures_described", drawn(lambda form: form["figure"].pop("name"))),
    ("figures_described", drawn(lambda form: form["image"].update(alt="A line."))),
    ("markdown_images_described", told("![](line.png)")),
    ("markdown_images_described", told(":::{figure} line.png\n:name: fig-x\n:::")),
    ("markdown_images_described", told("```{figure} line.png\n:name: fig-x\n```")),
    ("ignored_outputs_asserted", sourced("# NBVAL_IGNORE_OUTPUT\ntrain()")),
    ("no_filler", told("TODO: say more")),
]


@pytest.mark.parametrize("rule", book_rules.RULES, ids=lambda rule: rule.__name__)
def test_a_good_chapter_breaks_no_rule(rule, chapter):
    assert rule(chapter) == []


@pytest.mark.parametrize(("name", "breaking"), BREACHES)
def test_rule_notices(name, breaking, chapter):
    breaking(chapter)
    breaches = getattr(book_rules, name)(chapter)
    assert breaches
    assert all(isinstance(breach, str) and breach for breach in breaches)


def test_every_rule_is_broken_here():
    assert {rule.__name__ for rule in book_rules.RULES} == {name for name, _ in BREACHES}


def test_what_repeats_may_be_printed(chapter):
    printing("00000803 0x00000803 2051 a/b 1.5e-07 3,274,634 99.21 % 12 steps (5, 5, 1, 32)\n")(
        chapter
    )
    assert book_rules.outputs_repeat(chapter) == []


def test_labels_are_found_in_all_their_forms(chapter):
    told(
        "(sec-demo)=\n## A section\n\n$$\na = b\n$$ (eq-demo)\n\n:::{table} T\n:name: tab-demo\n:::"
    )(chapter)
    found = book_rules.notebook_labels(chapter)
    assert {"ch-demo", "sec-demo", "eq-demo", "tab-demo", "ex-demo-0", "fig-demo-line"} <= set(
        found
    )
    assert len(found) == len(set(found))


def test_rules_leave_the_chapter_alone(chapter):
    other_kernel(chapter)
    before = nbformat.writes(chapter)
    for rule in book_rules.RULES:
        rule(chapter)
    assert nbformat.writes(chapter) == before


def test_rules_say_themselves_in_words():
    assert all(rule.__doc__ for rule in book_rules.RULES)
