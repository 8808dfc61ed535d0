"""Folded cells: the check after a solution is called so, and screen readers hear what is written.

MyST-NB gives every fold the same spoken name, "Toggle hidden content", over its visible words; here
the visible words are the name.
"""

from html import escape

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput
from sphinx.transforms.post_transforms import SphinxPostTransform


class SolutionChecks(SphinxPostTransform):
    """Rename the fold of every hidden cell that directly follows a solution.

    A check of several cells, with a paragraph before each but the first, becomes one fold.
    """

    default_priority = 9  # before MyST-NB turns hidden cells into folds
    formats = ("html",)

    def run(self, **kwargs):
        """Set the cell's prompts, and the class `check` that the style sheet knows."""
        for cell in filter(_folded, list(self.document.findall(nodes.container))):
            place = cell.parent.index(cell)
            if place and "solution" in cell.parent[place - 1].get("classes", []):
                cell["classes"].append("check")
                cell["prompt_show"], cell["prompt_hide"] = "Show the check", "Hide the check"
                _take_in_what_goes_on(cell, place)


def _folded(node):
    return node.get("nb_element") == "cell_code" and "hide_mode" in node


def _take_in_what_goes_on(cell, place):
    """Move each paragraph that another folded cell follows, and that cell, into this one."""
    siblings = cell.parent
    while True:
        following = siblings[place + 1 : place + 3]
        if [type(node) for node in following] != [nodes.paragraph, nodes.container]:
            return
        paragraph, more = following
        if not _folded(more):
            return
        siblings.remove(paragraph)
        siblings.remove(more)
        cell += [paragraph, *more.children]
        del more["hide_mode"]


def visit_fold(self, node):
    """Open the <details> element of a folded cell."""
    self.body.append(
        f'<details class="admonition hide {" ".join(node["classes"])}">\n<summary>\n'
        f'<p class="collapsed admonition-title">{escape(node["prompt_show"])}</p>\n'
        f'<p class="expanded admonition-title">{escape(node["prompt_hide"])}</p>\n'
        "</summary>\n"
    )


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(SolutionChecks)
    app.add_node(HideCodeCellNode, override=True, html=(visit_fold, depart_HideCellInput))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
