"""Number chapters by their file names: `notebooks/14_mnist.ipynb` is chapter 14.

Sphinx numbers the entries of a table of contents 1, 2, 3, ...; a book whose table lists only the
chapters that exist would so call its fourteenth chapter the first. Everything that carries a
number (headings, the sidebar, figures, tables, equations, exercises, proofs) reads it from
`env.toc_secnumbers` and from the `secnumber` of titles and toc entries, so filling those in is all
there is to do. Sphinx offers no event between "sections are numbered" and "figures are numbered":
the one method that does the first is therefore replaced, in the collector that sphinx-external-toc
(the reader of `_toc.yml`) puts in the place of Sphinx's own.
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx_external_toc.collectors import TocTreeCollectorWithStyles

CHAPTER = re.compile(r"(?:.*/)?(\d\d)_[^/]*$")


def chapter_of(docname):
    """Return the chapter's number for a document name, or None for a page that is no chapter.

    >>> chapter_of("notebooks/14_mnist")
    14
    >>> chapter_of("book/notation") is None
    True
    """
    match = CHAPTER.match(docname)
    return int(match.group(1)) if match else None


def section_numbers(toc, chapter):
    """Return the number of every section of a chapter, and mark its toc entries with them.

    Parameters
    ----------
    toc : docutils.nodes.bullet_list
        The page's contents as Sphinx keeps them: one item, the title, with a list of sections.
    chapter : int

    Returns
    -------
    dict
        Section number, a tuple such as (14, 2, 1), by anchor; the title's anchor is "".
    """
    numbers = {}

    def number_item(item, number):
        for part in item:
            if isinstance(part, addnodes.compact_paragraph):
                part[0]["secnumber"] = list(number)
                numbers[part[0]["anchorname"]] = number
            elif isinstance(part, nodes.bullet_list):
                items = [child for child in part if isinstance(child, nodes.list_item)]
                for place, child in enumerate(items, start=1):
                    number_item(child, (*number, place))

    number_item(toc[0], (chapter,))
    return numbers


def assign_section_numbers(self, env):
    """Fill `env.toc_secnumbers`; return the documents whose numbers changed."""
    before, env.toc_secnumbers = env.toc_secnumbers, {}
    for docname, toc in env.tocs.items():
        chapter = chapter_of(docname)
        if chapter is not None and len(toc):
            env.toc_secnumbers[docname] = section_numbers(toc, chapter)
            env.titles[docname]["secnumber"] = [chapter]
    return [name for name, now in env.toc_secnumbers.items() if before.get(name) != now]


def setup(app):
    """Register with Sphinx."""
    TocTreeCollectorWithStyles.assign_section_numbers = assign_section_numbers
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
