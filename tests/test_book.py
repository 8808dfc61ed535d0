"""The rules of the book, over every chapter and page there is."""

import re
from collections import defaultdict
from pathlib import Path

import nbformat
import pytest
import yaml

import book_rules
from cnnbook import mnist, weights

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = sorted((ROOT / "book").glob("*.md"))
LARGEST = 1_500_000
CITATION = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
ENTRY = re.compile(r"^@\w+\{([^,\s]+),", re.M)


def by_name(path):
    return path.stem


def text_of(path):
    """Return the Markdown of a page or chapter."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return book_rules.prose(nbformat.read(path, as_version=4))


def toc_files(node):
    """Yield every file named in a table of contents, root first."""
    if isinstance(node, dict):
        yield from (node[key] for key in ("root", "file") if key in node)
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from toc_files(part)


@pytest.fixture(scope="module")
def toc():
    return yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=by_name)
@pytest.mark.parametrize("rule", book_rules.RULES, ids=lambda rule: rule.__name__)
def test_chapter(rule, chapter):
    breaches = rule(nbformat.read(chapter, as_version=4))
    assert not breaches, f"{chapter.name}: {rule.__doc__}\n- " + "\n- ".join(breaches)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=by_name)
def test_chapter_is_named_by_its_number(chapter):
    assert re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", chapter.name), (
        "name it like 14_mnist.ipynb: two digits give the chapter's number"
    )


@pytest.mark.parametrize("chapter", CHAPTERS, ids=by_name)
def test_chapter_is_small_enough_to_load(chapter):
    size = chapter.stat().st_size
    assert size < LARGEST, f"{size:,} bytes: fewer or smaller images, fewer dots per inch"


def test_table_of_contents_lists_everything_once(toc):
    listed = list(toc_files(toc))
    there = [path.relative_to(ROOT).with_suffix("").as_posix() for path in PAGES + CHAPTERS]
    assert sorted(listed) == sorted(there), "add to _toc.yml what is new, take out what is gone"


def test_chapters_stand_in_order(toc):
    numbered = [name for name in toc_files(toc) if name.startswith("notebooks/")]
    assert numbered == sorted(numbered), "chapters go by their numbers in _toc.yml"


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_page_describes_itself(page):
    head = re.match(r"---\n(.*?)\n---\n", page.read_text(encoding="utf-8"), re.S)
    description = yaml.safe_load(head.group(1)).get("description", "") if head else ""
    assert 40 <= len(description) <= 200, (
        "front matter needs `description:` of 40 to 200 characters"
    )


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_page_describes_its_images(page):
    assert not book_rules.images_in_text_described(page.read_text(encoding="utf-8"))


def test_labels_are_unique():
    places = defaultdict(list)
    for path in PAGES + CHAPTERS:
        if path.suffix == ".md":
            found = book_rules.labels(path.read_text(encoding="utf-8"))
        else:
            found = book_rules.notebook_labels(nbformat.read(path, as_version=4))
        for label in found:
            places[label].append(path.name)
    twice = {label: names for label, names in places.items() if len(names) > 1}
    assert not twice, f"prefix each label with its chapter's short word: {twice}"


@pytest.mark.parametrize("path", PAGES + CHAPTERS, ids=by_name)
def test_citations_resolve(path):
    known = set(ENTRY.findall((ROOT / "book/references.bib").read_text(encoding="utf-8")))
    cited = {key.strip() for keys in CITATION.findall(text_of(path)) for key in keys.split(",")}
    assert not cited - known, f"not in book/references.bib: {sorted(cited - known)}"


def test_preface_tells_the_true_sizes():
    text = re.sub(r"\s+", " ", text_of(ROOT / "book/preface.md"))
    data = mnist.load()
    train, validation, test = (
        len(part.labels) for part in (data.train, data.validation, data.test)
    )
    assert f"{weights.PARAMETERS:,} numbers to learn" in text
    assert f"{train:,} images, keep {validation:,} for choosing and touch the {test:,} test" in text


def test_glossary_tells_the_true_sizes():
    text = text_of(ROOT / "book/glossary.md")
    data = mnist.load()
    for name, part in {
        "training": data.train,
        "validation": data.validation,
        "test": data.test,
    }.items():
        entry = re.search(rf"^{name} set\n  (.*)$", text, re.M).group(1)
        assert f"{len(part.labels):,} images" in entry


def test_notation_names_what_the_code_uses():
    table = text_of(ROOT / "book/notation.md").split("```")[1]
    names = {
        name
        for code in re.findall(r"`([^`]+)`", table)
        for name in re.findall(r"[A-Za-z]\w*", code)
    }
    sources = [
        ROOT / f"src/cnnbook/{name}.py" for name in ("naive", "losses", "optimizers", "trainer")
    ]
    sources += (ROOT / "src/cnnbook/layers").glob("*.py")
    code = [path.read_text("utf-8") for path in sources]
    for path in CHAPTERS:
        code += [cell.source for _, cell in book_rules.cells(nbformat.read(path, 4), "code")]
    words = set(re.findall(r"\w+", "\n".join(code)))
    assert len(names) > 20
    assert names - words <= {"convolve"}, "a name in book/notation.md that the code does not have"
