"""Keep the comma after a formula on the formula's line.

To a browser an inline formula is a box, and it breaks lines on either side of a box: a comma or a
full stop may so begin a line, and a bracket end one.
"""

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

BEFORE = re.compile(r"[(\[“‘]+$")
AFTER = re.compile(r"[,.;:!?)\]”’]+")


class FormulaMarks(SphinxPostTransform):
    """Wrap each inline formula with the marks that touch it in a span that does not break."""

    default_priority = 410
    formats = ("html",)

    def run(self, **kwargs):
        """Move the marks of the neighbouring texts into the span."""
        for formula in list(self.document.findall(nodes.math)):
            parent = formula.parent
            place = parent.index(formula)
            span = nodes.inline(classes=["formula-marks"])
            left = parent[place - 1] if place else None
            right = parent[place + 1] if place + 1 < len(parent) else None
            opening = isinstance(left, nodes.Text) and BEFORE.search(left)
            closing = isinstance(right, nodes.Text) and AFTER.match(right)
            if not opening and not closing:
                continue
            if closing:
                parent[place + 1] = nodes.Text(right[closing.end() :])
            if opening:
                parent[place - 1] = nodes.Text(left[: opening.start()])
            parent[place] = span
            span += nodes.Text(opening.group()) if opening else []
            span += formula
            span += nodes.Text(closing.group()) if closing else []


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(FormulaMarks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
