"""Show a notebook's pictures at the size they were drawn for.

A PNG drawn at 160 dots an inch would be shown dot for dot, so that a picture half as wide as the
column would fill most of it and its type would look twice the size of its neighbour's. The PNG
says how many dots make an inch; the width on the page follows from it.
"""

import struct
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

PIXELS_PER_INCH = 104  # 6.6 inches, cnnbook.plots.style.COLUMN, fill the text column
METRES_PER_INCH = 0.0254


def png_width_in_inches(path):
    """Return the width a PNG file states, in inches; None where it states none.

    Follows the PNG specification (third edition), sections 11.2.1 (IHDR) and 11.3.4.3 (pHYs).
    """
    with Path(path).open("rb") as file:
        if file.read(8) != b"\x89PNG\r\n\x1a\n":
            return None
        width = None
        while len(header := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", header)
            if kind == b"IDAT":
                return None
            body = file.read(length + 4)
            if kind == b"IHDR":
                width = struct.unpack(">I", body[:4])[0]
            elif kind == b"pHYs":
                dots_per_metre, _, unit = struct.unpack(">IIB", body[:9])
                return width / (dots_per_metre * METRES_PER_INCH) if unit == 1 else None
    return None


class FigureWidths(SphinxPostTransform):
    """Give each stored picture of a code cell its width."""

    default_priority = 400
    formats = ("html",)

    def run(self, **kwargs):
        """Set `width` on the image nodes below cell outputs that have none."""
        for output in self.document.findall(nodes.container):
            if "cell_output" not in output["classes"]:
                continue
            for image in output.findall(nodes.image):
                path = Path(self.env.srcdir, image["uri"])
                if "width" in image or path.suffix != ".png" or not path.is_file():
                    continue
                inches = png_width_in_inches(path)
                if inches:
                    image["width"] = f"{inches * PIXELS_PER_INCH:.0f}px"


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(FigureWidths)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
