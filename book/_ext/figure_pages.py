"""Put a figure that moves into a page that runs no code, and the network's script beside the pages.

The directive `moving-figure` has the figure's name as its argument. Its option `alt` says what the
still picture shows, which stands in for the figure in print and where no script runs.
"""

import base64
import html
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from cnnbook import figures
from cnnbook.figures import digit_network
from cnnbook.figures.host import SCRIPTS


class MovingFigurePage(SphinxDirective):
    """Call a function of `cnnbook.figures` and show what a notebook would show."""

    required_arguments = 1
    option_spec: ClassVar = {"alt": directives.unchanged_required}

    def run(self):
        """Return the figure and, behind it, its still picture."""
        (name,) = self.arguments
        if name not in figures.__all__:
            raise self.error(f"there is no figure {name!r}, expected one of {figures.__all__}.")
        if not self.options.get("alt"):
            raise self.error("the still picture has no words, expected the option alt.")
        for source in [*SCRIPTS.glob("*.js"), *SCRIPTS.glob("*.py")]:
            self.env.note_dependency(str(source))
        figure = getattr(figures, name)()
        picture = base64.b64encode(figure.png()).decode()
        text = (
            f'<div class="output text_html">{figure.html()}</div>\n'
            f'<div class="still-picture"><img alt="{html.escape(self.options["alt"])}" '
            f'src="data:image/png;base64,{picture}" style="width: 100%"></div>'
        )
        return [nodes.raw("", text, format="html")]


def add_network(app, exception):
    """Write the script that `figures.digit` adds on use."""
    if exception is None and app.builder.format == "html":
        digit_network.keep(app.outdir / "_static" / "digit-network.js")


def setup(app):
    """Register with Sphinx."""
    app.add_directive("moving-figure", MovingFigurePage)
    app.connect("build-finished", add_network)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
