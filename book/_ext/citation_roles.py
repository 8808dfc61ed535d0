"""Let the bibliography be a list to those who hear it.

Docutils writes the entries as `doc-biblioentry`, a role that WAI-ARIA has withdrawn, inside an
element with the role `list`, which may hold list items only.
"""


def mend_roles(app, pagename, templatename, context, doctree):
    """Make the entries of a page's citation lists list items."""
    if "citation-list" in context.get("body", ""):
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", mend_roles)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
