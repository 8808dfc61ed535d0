"""tools/notebooks.py: normalise, check, execute, convert."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import notebooks


@pytest.fixture
def untidy():
    """A notebook as an editor might leave it."""

    def run():
        printed = [
            new_output("stream", name="stdout", text="one\n"),
            new_output("stream", name="stderr", text="careful\n"),
            new_output("stream", name="stdout", text="two\n"),
            new_output("execute_result", {"text/plain": "3"}, execution_count=9),
        ]
        form = {"tags": ["hide-input"], "collapsed": False, "execution": {"shell": "2026"}}
        return new_code_cell("1 + 2", outputs=printed, execution_count=1, metadata=form)

    nb = new_notebook(cells=[new_markdown_cell("Text."), run(), new_code_cell(""), run()])
    nb.metadata = nbformat.from_dict(
        {
            "description": "A page.",
            "kernelspec": {"display_name": "mine", "name": "mine", "language": "python"},
            "language_info": {"name": "python", "version": "3.12.1"},
            "widgets": {},
        }
    )
    return nb


@pytest.fixture
def store(tmp_path):
    """Write a notebook into a temporary folder and return its path."""

    def write(nb, name="demo.ipynb"):
        path = tmp_path / name
        path.write_text(nbformat.writes(nb), encoding="utf-8")
        return path

    return write


def run_of(*sources):
    """Return a notebook, not yet run, with these code cells."""
    return new_notebook(cells=[new_code_cell(source) for source in sources])


def test_normalise_keeps_what_is_the_authors(untidy):
    assert notebooks.normalise(untidy)
    _, cell, _ = untidy.cells
    assert cell.source == "1 + 2"
    assert cell.execution_count == 1
    assert cell.metadata == {"tags": ["hide-input"]}
    assert [o.output_type for o in cell.outputs] == ["stream", "execute_result"]
    assert cell.outputs[0].text == "one\ntwo\n"
    assert cell.outputs[1].execution_count == 1
    assert untidy.metadata.description == "A page."


def test_normalise_strips_the_rest(untidy):
    notebooks.normalise(untidy)
    assert untidy.metadata.kernelspec == notebooks.KERNELSPEC
    assert untidy.metadata.language_info == {"name": "python"}
    assert set(untidy.metadata) == {"description", "kernelspec", "language_info"}
    assert len(untidy.cells) == 3
    assert "stderr" not in notebooks.to_text(untidy)
    nbformat.validate(untidy)


def test_normalise_twice_changes_nothing(untidy):
    notebooks.normalise(untidy)
    once = notebooks.to_text(untidy)
    assert notebooks.normalise(untidy) == []
    assert notebooks.to_text(untidy) == once


def test_ids_are_unique_and_follow_the_content(untidy):
    notebooks.normalise(untidy)
    text, first, second = (cell.id for cell in untidy.cells)
    assert second == f"{first}-2"
    untidy.cells.insert(0, new_markdown_cell("Something before."))
    notebooks.normalise(untidy)
    assert [cell.id for cell in untidy.cells[1:]] == [text, first, second]


def test_stored_text_is_plain_json_with_a_newline(untidy):
    notebooks.normalise(untidy)
    text = notebooks.to_text(untidy)
    again = json.dumps(json.loads(text), sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    assert text == again


def test_check_names_what_is_wrong(untidy, store, capsys):
    path = store(untidy)
    before = path.read_bytes()
    assert notebooks.main(["--check", str(path)]) == 1
    said = capsys.readouterr().out
    for what in ("kernelspec", "widgets", "an empty cell", "collapsed", "stderr", "counts [1, 1]"):
        assert what in said
    assert path.read_bytes() == before


def test_check_is_content_after_normalising(untidy, store):
    untidy.cells.pop()
    path = store(untidy)
    assert notebooks.main([str(path)]) == 0
    assert notebooks.main(["--check", str(path)]) == 0
    assert not list(path.parent.glob("*.part"))


def test_check_sees_another_layout(untidy, store):
    untidy.cells.pop()
    path = store(untidy)
    notebooks.main([str(path)])
    path.write_text(json.dumps(json.loads(path.read_text()), indent=2))
    assert notebooks.check(path) == ["JSON layout (key order, indent or final newline)"]


def test_execute_stores_outputs_and_counts(store, capsys):
    path = store(run_of("x = 20", "import sys; print('hm', file=sys.stderr); x + 1"))
    assert notebooks.main(["--execute", str(path)]) == 0
    said = capsys.readouterr()
    assert "run and stored" in said.out
    assert "cell 2 writes to stderr" in said.err and "refuses: hm" in said.err
    nb = nbformat.read(path, as_version=4)
    assert notebooks.counts(nb) == [1, 2]
    assert [o.data["text/plain"] for o in nb.cells[1].outputs] == ["21"]
    assert notebooks.check(path) == []


def test_failed_cell_is_named_and_the_file_left_alone(store, capsys):
    path = store(run_of("x = 1", "x / 0", "print('never')"))
    before = path.read_bytes()
    assert notebooks.main(["--execute", str(path)]) == 1
    said = capsys.readouterr().err
    assert "cell 2 failed" in said
    assert "ZeroDivisionError: division by zero" in said
    assert "    x / 0" in said
    assert path.read_bytes() == before


def test_cell_that_takes_too_long_is_named(store, capsys, monkeypatch):
    monkeypatch.setattr(notebooks, "SECONDS_A_CELL", 1)
    path = store(run_of("import time; time.sleep(60)"))
    assert notebooks.main(["--execute", str(path)]) == 1
    assert "cell 1 failed, file left as it was: took longer than 1 seconds" in (
        capsys.readouterr().err
    )


def test_killed_kernel_is_told(store, capsys):
    path = store(run_of("import os; os._exit(1)"))
    assert notebooks.main(["--execute", str(path)]) == 1
    assert "the kernel died" in capsys.readouterr().err


MYST = """---
description: A page made from text.
---

# Title

```{code-cell} ipython3
:tags: [hide-input]

print(6 * 7)
```
"""
PERCENT = """# %% [markdown]
# # Title

# %% tags=["hide-input"]
print(6 * 7)
"""


@pytest.mark.parametrize(("suffix", "draft"), [(".md", MYST), (".py", PERCENT)], ids=["md", "py"])
def test_draft_becomes_a_chapter(suffix, draft, tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path)
    source = tmp_path / f"05_demo{suffix}"
    source.write_text(draft)
    assert notebooks.main(["--from-text", str(source)]) == 0
    made = tmp_path / "05_demo.ipynb"
    nb = nbformat.read(made, as_version=4)
    assert [cell.source for cell in nb.cells] == ["# Title", "print(6 * 7)"]
    assert nb.cells[1].outputs[0].text == "42\n"
    assert nb.cells[1].metadata == {"tags": ["hide-input"]}
    assert nb.metadata.get("description", "") == (
        "A page made from text." if suffix == ".md" else ""
    )
    assert notebooks.check(made) == []


@pytest.mark.parametrize(
    ("name", "content", "flags", "sentence"),
    [
        ("a.ipynb", None, [], "cannot be read (No such file or directory)"),
        ("a.ipynb", b"not json", [], "is not a notebook"),
        ("a.ipynb", b"\xff\xfe", [], "is not a notebook"),
        ("a.ipynb", b"[]", [], "is not a notebook"),
        ("a.ipynb", b"{}", [], "is not a notebook"),
        (
            "a.ipynb",
            b'{"nbformat": 3, "nbformat_minor": 0}',
            ["--check"],
            "notebook format 3 found",
        ),
        ("a.md", None, ["--from-text"], "cannot be read (No such file or directory)"),
        ("a.txt", b"x", ["--from-text"], "takes .md (MyST) or .py (percent), not .txt"),
        ("a.md", b"# Only words", ["--from-text"], "has no code cell"),
    ],
)
def test_mistakes_are_one_sentence(name, content, flags, sentence, tmp_path, capsys):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert notebooks.main([*flags, str(path)]) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.startswith(str(path)) and said.count("\n") == 1


def test_one_bad_file_does_not_stop_the_others(untidy, store, tmp_path, capsys):
    path = store(untidy)
    assert notebooks.main([str(tmp_path / "missing.ipynb"), str(path)]) == 1
    assert "normalised" in capsys.readouterr().out
