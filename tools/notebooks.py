"""Normalise, check, execute and convert the book's notebooks.

A notebook is the only source of a chapter, so git must show what its author changed and nothing
else. `tools/notebooks.py FILES` keeps sources, outputs and execution counts and rewrites the rest
to one form; `--check` only says what is not in that form; `--execute` first runs each notebook from
a clean kernel; `--from-text` makes a notebook of a MyST (`.md`) or percent (`.py`) draft.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import ValidationError

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
NOTEBOOK_METADATA = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
KEPT = ("description",)  # the page's description, for search engines
CELL_METADATA = frozenset({"tags", "mystnb"})
TEXT_FORMATS = {".md": "md:myst", ".py": "py:percent"}
NBFORMAT = (4, 5)
SECONDS_A_CELL = 1800


class NotebookError(Exception):
    """A notebook that cannot be read, run or converted; the message is for the author."""


def read(path):
    """Read a notebook.

    Parameters
    ----------
    path : pathlib.Path
        An `.ipynb` file.

    Returns
    -------
    tuple of (nbformat.NotebookNode, str)
        The notebook, and the file's text.

    Raises
    ------
    NotebookError
        The file is missing, not UTF-8, not JSON, or not a notebook.
    """
    try:
        text = path.read_text(encoding="utf-8")
        major = json.loads(text)["nbformat"]
        if major != NBFORMAT[0]:
            raise NotebookError(
                f"{path}: notebook format {major} found, {NBFORMAT[0]} expected: "
                "open and save it in JupyterLab"
            )
        return nbformat.reads(text, as_version=nbformat.NO_CONVERT), text
    except OSError as error:
        raise NotebookError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise NotebookError(f"{path}: is not a notebook (JSON with cells was expected)") from error


def to_text(nb):
    """Give a notebook's text as it is stored: sorted keys, indent 1, a newline at the end."""
    return nbformat.writes(nb, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def write(path, nb):
    """Write a notebook whole or not at all: beside its place first, then renamed."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(to_text(nb), encoding="utf-8", newline="\n")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _cell_ids(cells):
    """Derive one id a cell from its content, so that moving a cell does not rename the others."""
    seen = {}
    for cell in cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        yield digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _outputs(cell):
    """Yield a code cell's outputs without stderr, neighbouring pieces of stdout joined."""
    last = None
    for output in cell.outputs:
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if last is not None and last.output_type == "stream":
                last.text += output.text
                continue
        elif "execution_count" in output:
            output.execution_count = cell.execution_count
        last = output
        yield output


def normalise(nb):
    """Bring a notebook to the one form in which it is stored, in place.

    Sources, outputs, execution counts, the notebook metadata in `KEPT` and the cell metadata in
    `CELL_METADATA` stay. Empty cells, stored stderr and all other metadata go; cell ids follow from
    the cells' contents.

    Parameters
    ----------
    nb : nbformat.NotebookNode
        The notebook, changed in place.

    Returns
    -------
    list of str
        What had to change, one phrase each; empty for a normalised notebook.
    """
    found = []
    metadata = NOTEBOOK_METADATA | {key: nb.metadata[key] for key in KEPT if key in nb.metadata}
    if nb.metadata != metadata:
        wrong = sorted(key for key in nb.metadata if nb.metadata[key] != metadata.get(key))
        found.append(f"notebook metadata: {', '.join(wrong) or 'kernelspec missing'}")
        nb.metadata = nbformat.from_dict(metadata)
    if (nb.nbformat, nb.nbformat_minor) != NBFORMAT:
        found.append(f"notebook format {nb.nbformat}.{nb.nbformat_minor}")
        nb.nbformat, nb.nbformat_minor = NBFORMAT
    filled = [cell for cell in nb.cells if cell.source.strip()]
    if len(filled) < len(nb.cells):
        found.append("an empty cell")
        nb.cells = filled
    for number, (cell, cell_id) in enumerate(zip(nb.cells, _cell_ids(nb.cells), strict=True), 1):
        where = f"cell {number}"
        if extra := sorted(set(cell.metadata) - CELL_METADATA):
            found.append(f"{where}: metadata {', '.join(extra)}")
            for key in extra:
                del cell.metadata[key]
        if cell.get("id") != cell_id:
            found.append(f"{where}: id {cell.get('id')} instead of {cell_id}")
            cell.id = cell_id
        if cell.cell_type != "code":
            continue
        before = nbformat.from_dict(cell.outputs)
        cell.outputs = list(_outputs(cell))
        if any(output.get("name") == "stderr" for output in before):
            found.append(f"{where}: stored stderr")
        elif cell.outputs != before:
            found.append(f"{where}: outputs in pieces or with another count than their cell")
    return found


def counts(nb):
    """Return the execution counts of the code cells, in order; None where a cell was not run."""
    return [cell.execution_count for cell in nb.cells if cell.cell_type == "code"]


def check(path):
    """Say what keeps a notebook from being in its stored form.

    Parameters
    ----------
    path : pathlib.Path
        An `.ipynb` file, which is not changed.

    Returns
    -------
    list of str
        One phrase a finding; empty for a notebook that `normalise` would leave alone and that was
        run whole, top to bottom.
    """
    nb, text = read(path)
    found = normalise(nb)
    if not found and to_text(nb) != text:
        found.append("JSON layout (key order, indent or final newline)")
    if counts(nb) != list(range(1, len(counts(nb)) + 1)):
        found.append(f"execution counts {counts(nb)}, not 1 to {len(counts(nb))}: use --execute")
    return found


def execute(nb, path):
    """Run a notebook whole from a clean kernel, as if it lay at `path`, and store what comes out.

    Parameters
    ----------
    nb : nbformat.NotebookNode
        The notebook; outputs and counts are replaced in place.
    path : pathlib.Path
        Names the notebook in messages; its folder is the kernel's working directory.

    Raises
    ------
    NotebookError
        A cell raised, took longer than `SECONDS_A_CELL`, or the kernel died.
    """
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    place = {"metadata": {"path": str(path.parent)}}
    running = []
    client = NotebookClient(
        nb,
        timeout=SECONDS_A_CELL,
        kernel_name=KERNELSPEC["name"],
        resources=place,
        record_timing=False,
        on_cell_start=lambda cell, cell_index: running.append(cell_index),
    )
    try:
        client.execute()
    except CellExecutionError as error:
        said = f"{error.ename}: {error.evalue}"
    except CellTimeoutError:
        said = f"took longer than {SECONDS_A_CELL} seconds"
    except DeadKernelError:
        said = "the kernel died (out of memory?)"
    else:
        return
    source = "\n".join("    " + line for line in nb.cells[running[-1]].source.splitlines())
    raise NotebookError(
        f"{path}: cell {running[-1] + 1} failed, file left as it was: {said}\n{source}"
    )


def from_text(path):
    """Read a draft kept as text.

    Parameters
    ----------
    path : pathlib.Path
        A MyST Markdown file (`.md`, with ```` ```{code-cell} ```` blocks) or a Python file in the
        percent format (`.py`, with `# %%` lines).

    Returns
    -------
    nbformat.NotebookNode
        The notebook, not yet run.

    Raises
    ------
    NotebookError
        The file cannot be read, has another suffix, or has no code cell.
    """
    if path.suffix not in TEXT_FORMATS:
        raise NotebookError(
            f"{path}: --from-text takes .md (MyST) or .py (percent), not {path.suffix}"
        )
    try:
        nb = jupytext.reads(path.read_text(encoding="utf-8"), fmt=TEXT_FORMATS[path.suffix])
    except OSError as error:
        raise NotebookError(f"{path}: cannot be read ({error.strerror})") from error
    except Exception as error:  # jupytext lets its parsers' own exceptions through
        raise NotebookError(f"{path}: cannot be converted ({error})") from error
    if not any(cell.cell_type == "code" for cell in nb.cells):
        raise NotebookError(
            f"{path}: has no code cell; expected ```{{code-cell}} blocks or # %% lines"
        )
    return nb


def _stderr(nb):
    """Yield (number of the cell, first line) for each cell that just wrote to stderr."""
    for number, cell in enumerate(nb.cells, 1):
        said = "".join(o.text for o in cell.get("outputs", []) if o.get("name") == "stderr")
        if said.strip() and "NBVAL_IGNORE_OUTPUT" not in cell.source:
            yield number, said.strip().splitlines()[0]


def rewrite(path, *, run, draft):
    """Normalise one notebook, after making it from a draft or running it, and say what was done."""
    if draft:
        nb, target, before = from_text(path), NOTEBOOKS / f"{path.stem}.ipynb", None
    else:
        (nb, before), target = read(path), path
    if run or draft:
        execute(nb, target)
        for number, said in _stderr(nb):
            print(
                f"{target}: cell {number} writes to stderr, which is not stored and which nbval "
                f"refuses: {said}",
                file=sys.stderr,
            )
    normalise(nb)
    if to_text(nb) == before:
        return
    write(target, nb)
    print(f"{target}: {'run and stored' if run or draft else 'normalised'}")


def main(argv=None):
    """Run the command line; return 0, 1 for findings and failed cells, or 2 for wrong usage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="notebooks, or drafts")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="change nothing, exit 1 on findings")
    action.add_argument("--execute", action="store_true", help="run each notebook whole first")
    action.add_argument(
        "--from-text",
        action="store_true",
        help="convert .md or .py drafts into notebooks/, run them",
    )
    args = parser.parse_args(argv)
    status = 0
    for path in args.files:
        try:
            if not args.check:
                rewrite(path, run=args.execute, draft=args.from_text)
                continue
            for finding in check(path):
                print(f"{path}: {finding}")
                status = 1
        except NotebookError as error:
            print(error, file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
