"""Give every page its title and the description that search engines and link previews show.

The description is, in order of preference, `description` in the page's front matter or the
notebook's metadata (`myst: html_meta: description` works as well, and then nothing is added here),
or the page's first paragraph.
"""

import html
import re

from docutils import nodes

LONGEST = 200


def _shortened(text):
    """Return text in one line, cut at the end of a sentence or of a word."""
    text = re.sub(r"\s+", " ", text).strip()
    if len(text) <= LONGEST:
        return text
    cut = text[:LONGEST]
    end = cut.rfind(". ")
    return cut[: end + 1] if end > LONGEST // 2 else cut[: cut.rfind(" ")] + " …"


def first_paragraph(doctree):
    """Return the plain text of the first paragraph that is prose, formulas left out."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section) and not paragraph.next_node(nodes.image):
            text = paragraph.astext()
            if len(text) > 40:
                return _shortened(text)
    return ""


def complete_head(app, pagename, templatename, context, doctree):
    """Add the description to the page's <head>; name the book once in the first page's title."""
    if context.get("title") == app.config.html_title:
        context["docstitle"] = ""
    tags = context.get("metatags", "")
    if 'name="description"' in tags:
        return
    given = (context.get("meta") or {}).get("description", "")
    text = _shortened(given) or (first_paragraph(doctree) if doctree is not None else "")
    if not text:
        text = f"{context.get('title', '')}: {app.config.html_title}"
    content = html.escape(re.sub(r"<[^>]+>", "", text), quote=True)
    context["metatags"] = f'{tags}\n<meta name="description" content="{content}" />'


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", complete_head, priority=800)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
