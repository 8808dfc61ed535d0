"""Write the page of equations: each equation of Part II, its tests, the largest error seen.

Usage: `python tools/equation_page.py`. It runs every test in `tests/equations` and rewrites
`book/equations.md`.
"""

import importlib
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests/equations"
PAGE = ROOT / "book/equations.md"
sys.path.insert(0, str(TESTS))

CHAPTERS = {*range(8, 14), 21}
LABEL = re.compile(r"^(?:\$\$ +\(|:label: +)(eq-[\w-]+)\)?$", re.M)
TITLE = re.compile(r"^\(([\w-]+)\)=\n# (.*)$", re.M)
ERROR = re.compile(r"^  - (0|\d(?:\.\d)?e[+-]\d+|)$", re.M)

HEAD = """---
description: Every numbered equation of Part II, the test that holds it, and its largest error.
---

(equations)=
# Equations and their tests

Every numbered equation of the derivation has a test that names it. The test computes the equation
as it stands in the text and compares it with something that does not use it: central differences,
the definition, loops, TensorFlow. All is computed in float64 unless a line says otherwise. The
error is the largest $|a - b| / \\max(1, |b|)$ over all entries, as seen on the machine that wrote
this page; yours may differ in the last places, and the test says how far it may go. A zero means
equal to the last bit.

The tests are in `tests/equations`, a file a chapter. Run them with `pytest tests/equations`; break
a formula and see its test fail.
"""


def chapters():
    """Return the head and the equations' labels of each section: Part II, and chapter 21.

    Returns
    -------
    list of (str, list of str)
        In the order of the book; the head refers to the chapter.
    """
    found = []
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        if int(path.name[:2]) in CHAPTERS:
            cells = nbformat.read(path, as_version=4).cells
            text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
            label, title = TITLE.search(text).groups()
            found.append((f"{{ref}}`{title} <{label}>`", LABEL.findall(text)))
    return [(head, labels) for head, labels in found if labels]


def checks():
    """Return (check, file, name) of every test, in the order of the equations in the book.

    Returns
    -------
    list of (equations.Check, str, str)
    """
    labels = [label for _, found in chapters() for label in found]
    order = {label: place for place, label in enumerate(labels)}
    found = []
    for path in sorted(TESTS.glob("test_[0-9][0-9]_*.py")):
        module = importlib.import_module(path.stem)
        found += [
            (test.check, path.name, name)
            for name, test in vars(module).items()
            if hasattr(test, "check")
        ]
    return sorted(found, key=lambda each: order.get(each[0].label, len(order)))


def page(rows):
    """Return the text of the page.

    Parameters
    ----------
    rows : list of (equations.Check, str, str, str)
        A check, the file and the name of its test, and the error seen, as text.

    Returns
    -------
    str
    """
    parts = [HEAD]
    for head, labels in chapters():
        parts.append(f"## {head}\n")
        files = sorted({path for check, path, _, _ in rows if check.label in labels})
        parts.append("In " + " and ".join(f"`tests/equations/{path}`" for path in files) + ":\n")
        table = ["```{list-table}", ":class: equations", ":header-rows: 1", ":widths: 14 16 70", ""]
        table += ["* - Equation", "  - Largest error", "  - What its test compares, and its name"]
        for check, _, name, error in rows:
            if check.label in labels:
                what = check.measure.__doc__.strip().split("\n\n")[0].replace("\n", " ")
                what = re.sub(r"\s+", " ", what)
                table += [f"* - {{eq}}`{check.label}`", f"  - {error}", f"  - {what}", ""]
                table += [f"    `{name}`"]
        parts.append("\n".join(table) + "\n```\n")
    return "\n".join(parts)


def errors(text):
    """Return the errors that a page states, in its order."""
    return ERROR.findall(text)


def without_errors(text):
    """Return a page without the errors, which differ from machine to machine in the last places."""
    return ERROR.sub("  -", text)


def main():
    """Measure and write."""
    rows = []
    for check, path, name in checks():
        error = check.measure()
        print(f"{check.label:40} {error:.1e}  {path}::{name}")
        rows.append((check, path, name, f"{error:.1e}" if error else "0"))
    PAGE.write_text(page(rows), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
