"""Keep the still picture of a figure that moves, for print and where no script runs.

A cell's output offers both, as HTML and as PNG, and a page would show the first alone. Here the PNG
goes behind the HTML; the style sheet hides it on the screen once the script has run.
"""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

MARK = 'class="cnnbook-figure"'


class MovingFigures(SphinxPostTransform):
    """Move the PNG of such an output into its HTML."""

    default_priority = 3  # before MyST-NB chooses one of the two

    def run(self, **kwargs):
        """Find outputs with both, and put the picture behind the figure."""
        for bundle in list(self.document.findall(nodes.container)):
            kinds = {
                part.get("mime_type"): part for part in bundle if isinstance(part, nodes.container)
            }
            moving, still = kinds.get("text/html"), kinds.get("image/png")
            if not moving or not still or MARK not in moving.astext():
                continue
            bundle.remove(still)
            moving += nodes.container("", *still.children, classes=["still-picture"])


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(MovingFigures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
