"""The rules every chapter keeps.

Each function takes a notebook and returns its breaches: a list of sentences that say which cell is
meant and how to mend it. Cells are counted from 1, as JupyterLab shows them.
"""

import ast
import re

import nbformat

from notebooks import counts, normalise

CHECK = "hide-cell"
MOVING = 'class="cnnbook-figure"'
DOES_NOT_REPEAT = {
    r"/(?:home|root|tmp|Users|usr|work|opt|var)/": "a path of one machine",
    r"[A-Z]:\\": "a path of one machine",
    r"\bat 0x[0-9a-fA-F]+|0x[0-9a-fA-F]{9,}": "an address in memory (end plots with plt.show())",
    r"\b\d{1,2}:\d\d:\d\d\b": "a time of day",
    r"\b20\d\d-\d\d-\d\d\b": "a date",
    r"\b\d[\d.]* ?(?:seconds|minutes|ms|µs)\b": "a duration",
    r"np\.(?:float|int|uint|bool)\d*\(|\bnp\.(?:True_|False_)": "a bare NumPy scalar",
    r"(?<![\w.])\d+\.\d{4,}": "more than three decimals",
}
EXERCISE = re.compile(r"^[:`]{3,}\{exercise\}.*?\n:label: +(\S+)", re.M | re.S)
SOLUTION = re.compile(r"^[:`]{3,}\{solution\} +(\S+)\n(.*?)\n\n", re.M | re.S)
FILLER = re.compile(r"\b(?:TODO|FIXME|XXX|lorem ipsum|delve\w*|tapestry)\b", re.I)
LABEL = re.compile(
    r"^\(([^()\s]+)\)=$|^:(?:label|name): +(\S+)$|^\$\$ +\(([^()\s]+)\)$",
    re.M,
)
MARKDOWN_IMAGE = re.compile(r"!\[([^\]]*)\]\(")
IMAGE_DIRECTIVE = re.compile(r"^[:`]{3,}\{(?:image|figure)\}[^\n]*\n((?::.*\n)*)", re.M)


def tags(cell):
    """Return the tags of a cell as a set."""
    return set(cell.metadata.get("tags", []))


def cells(nb, kind):
    """Yield (number, cell) for the cells of one kind."""
    return [(k, cell) for k, cell in enumerate(nb.cells, 1) if cell.cell_type == kind]


def outputs(nb):
    """Yield (number of the cell, cell, output)."""
    for number, cell in cells(nb, "code"):
        for output in cell.outputs:
            yield number, cell, output


def prose(nb):
    """Return all Markdown of a notebook as one text."""
    return "\n\n".join(cell.source for _, cell in cells(nb, "markdown")) + "\n\n"


def texts(output):
    """Yield the texts a reader sees in an output: stdout and text/plain."""
    if output.output_type == "stream":
        yield output.text
    elif "data" in output:
        yield output.data.get("text/plain", "")


def counts_in_order(nb):
    """Execution counts run from 1 to n: the notebook was run whole, top to bottom."""
    found = counts(nb)
    if found != list(range(1, len(found) + 1)):
        return [f"counts are {found}: run it with tools/notebooks.py --execute"]
    return []


def normalised(nb):
    """Metadata, ids, kernelspec are in the one stored form."""
    copy = nbformat.from_dict(nb)
    return [f"{what}: run tools/notebooks.py on it" for what in normalise(copy)]


def no_stored_error(nb):
    """No cell shows a traceback."""
    return [
        f"cell {number} stores {output.ename}: mend the cell, or catch the error and print its text"
        for number, _, output in outputs(nb)
        if output.output_type == "error"
    ]


def no_stored_stderr(nb):
    """No cell stores stderr."""
    return [
        f"cell {number} stores stderr: run tools/notebooks.py on it"
        for number, _, output in outputs(nb)
        if output.get("name") == "stderr"
    ]


def no_svg(nb):
    """No output is SVG: nbval compares it as text, and ids in it differ from run to run."""
    return [
        f"cell {number} stores an SVG output: show it as PNG"
        for number, _, output in outputs(nb)
        if "image/svg+xml" in output.get("data", {})
    ]


def outputs_repeat(nb):
    """What is printed can be the same on another machine, another day."""
    return [
        f"cell {number} prints {what} ({match.group()!r}): print a formatted value instead"
        for number, _, output in outputs(nb)
        for text in texts(output)
        for pattern, what in DOES_NOT_REPEAT.items()
        if (match := re.search(pattern, text))
    ]


def opening(nb):
    """The first cell has a label, a title, and three to five objectives."""
    first = nb.cells[0]
    if first.cell_type != "markdown":
        return ["the first cell is code: put label, title and objectives before it"]
    found = []
    if not re.match(r"\([\w-]+\)=\n# \S", first.source):
        found.append("the first cell does not begin with a label, (ch-name)=, and a # title")
    box = re.search(
        r"^([:`]{3,})\{admonition\}.*\n:class: objectives\n(.*?)^\1$", first.source, re.M | re.S
    )
    objectives = re.findall(r"^[-*] ", box.group(2), re.M) if box else []
    if not 3 <= len(objectives) <= 5:
        found.append(
            f"the first cell lists {len(objectives)} objectives: three to five belong in an "
            "admonition with :class: objectives"
        )
    return found


def _imports(source):
    lines = (line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
    tree = ast.parse("\n".join(lines))
    return any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree))


def imports_first(nb):
    """All imports stand in the first code cell."""
    return [
        f"cell {number} imports: move it into the first code cell"
        for number, cell in cells(nb, "code")[1:]
        if _imports(cell.source)
    ]


def seeded(nb):
    """Random numbers come from generators with a seed."""
    return [
        f"cell {number} draws without a seed ({match.group()}): use rng = np.random.default_rng(14)"
        for number, cell in cells(nb, "code")
        if (
            match := re.search(
                r"default_rng\(\)|np\.random\.(?!default_rng|Generator)\w+", cell.source
            )
        )
    ]


def no_sys_path(nb):
    """The package is installed, never found by sys.path."""
    return [
        f"cell {number} changes sys.path: the package is installed, import it"
        for number, cell in cells(nb, "code")
        if "sys.path" in cell.source
    ]


def _moves(cell):
    return any(MOVING in output.get("data", {}).get("text/html", "") for output in cell.outputs)


def number_of_code_cells(nb):
    """A chapter has 15 to 30 code cells beside the folded checks and the figures that move."""
    n = sum(CHECK not in tags(cell) and not _moves(cell) for _, cell in cells(nb, "code"))
    return [] if 15 <= n <= 30 else [f"{n} code cells that count: 15 to 30 is a chapter"]


def short_cells(nb):
    """A code cell, folded or not, has at most 25 lines."""
    return [
        f"cell {number} has {lines} lines of code: split it, or move drawing to cnnbook.plots"
        for number, cell in cells(nb, "code")
        if (lines := len(cell.source.splitlines())) > 25
    ]


def sentence_before_code(nb):
    """A sentence leads to every code cell."""
    return [
        f"cell {number} follows another code cell: say in a Markdown cell what it does"
        for number, cell in enumerate(nb.cells, 1)
        if cell.cell_type == "code" and (number == 1 or nb.cells[number - 2].cell_type == "code")
    ]


def exercises_have_solutions(nb):
    """At least four exercises, each with a folded solution and a folded cell that checks it."""
    text = prose(nb)
    exercises = EXERCISE.findall(text)
    solutions = dict(SOLUTION.findall(text))
    found = (
        [] if len(exercises) >= 4 else [f"{len(exercises)} exercises: at least four end a chapter"]
    )
    found += [f"exercise {name} has no solution" for name in exercises if name not in solutions]
    found += [
        f"the solution of {name} is not folded: give it :class: dropdown"
        for name, options in solutions.items()
        if ":class: dropdown" not in options
    ]
    for number, cell in cells(nb, "markdown"):
        if not SOLUTION.search(cell.source + "\n\n"):
            continue
        after = nb.cells[number] if number < len(nb.cells) else None
        if after is None or after.cell_type != "code" or CHECK not in tags(after):
            found.append(
                f"cell {number} has a solution but no {CHECK} code cell after it checks it"
            )
    return found


def figures_described(nb):
    """Every stored image has an alt text, a caption and a name."""
    found = []
    for number, cell, output in outputs(nb):
        if not any(kind.startswith("image/") for kind in output.get("data", {})):
            continue
        form = cell.metadata.get("mystnb", {})
        figure = form.get("figure", {})
        given = {
            "alt text (mystnb: image: alt)": form.get("image", {}).get("alt", ""),
            "caption (mystnb: figure: caption)": figure.get("caption", ""),
            "name (mystnb: figure: name)": figure.get("name", ""),
        }
        found += [
            f"the image of cell {number} has no {what}" for what in given if not given[what].strip()
        ]
        if (
            given["alt text (mystnb: image: alt)"].strip()
            == figure.get("caption", "").strip()
            != ""
        ):
            found.append(
                f"the alt text of cell {number} repeats its caption: say what one would see"
            )
    return found


def images_in_text_described(text):
    """Every image in Markdown, given as text, has an alt text."""
    found = [
        "an image in Markdown has no alt text: ![what it shows](path)"
        for alt in MARKDOWN_IMAGE.findall(text)
        if not alt.strip()
    ]
    return found + [
        "an image or figure directive has no :alt:"
        for options in IMAGE_DIRECTIVE.findall(text)
        if not re.search(r"^:alt: +\S", options, re.M)
    ]


def markdown_images_described(nb):
    """Every image in the Markdown of a chapter has an alt text."""
    return images_in_text_described(prose(nb))


def ignored_outputs_asserted(nb):
    """After a cell whose output nbval ignores, the next code cell asserts something."""
    code = cells(nb, "code")
    following = [cell for _, cell in code[1:]] + [None]
    return [
        f"the output of cell {number} is not compared, and the next code cell asserts nothing"
        for (number, cell), after in zip(code, following, strict=True)
        if "NBVAL_IGNORE_OUTPUT" in cell.source and (after is None or "assert" not in after.source)
    ]


def no_filler(nb):
    """No notes to oneself and no filler words in the prose."""
    return [f"{word!r} in the prose" for word in FILLER.findall(prose(nb))]


RULES = [
    counts_in_order,
    normalised,
    no_stored_error,
    no_stored_stderr,
    no_svg,
    outputs_repeat,
    opening,
    imports_first,
    seeded,
    no_sys_path,
    number_of_code_cells,
    short_cells,
    sentence_before_code,
    exercises_have_solutions,
    figures_described,
    markdown_images_described,
    ignored_outputs_asserted,
    no_filler,
]


def labels(text):
    """Return every label that a text of Markdown defines, in order."""
    return [next(filter(None, groups)) for groups in LABEL.findall(text)]


def notebook_labels(nb):
    """Return every label that a notebook defines: in its prose and as names of figures."""
    names = (
        cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        for _, cell in cells(nb, "code")
    )
    return labels(prose(nb)) + [name for name in names if name]
