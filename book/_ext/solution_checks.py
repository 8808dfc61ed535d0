"""Label the folded cell after a solution "Show the check", so that the pair reads as one."""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform


class SolutionChecks(SphinxPostTransform):
    """Rename the fold of every hidden cell that directly follows a solution."""

    default_priority = 9  # before myst-nb turns hidden cells into folds
    formats = ("html",)

    def run(self, **kwargs):
        """Set the cell's prompts and the class `check` that the style sheet knows."""
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") != "cell_code" or "hide_mode" not in cell:
                continue
            siblings = cell.parent
            place = siblings.index(cell)
            if place and "solution" in siblings[place - 1].get("classes", []):
                cell["classes"].append("check")
                cell["prompt_show"], cell["prompt_hide"] = "Show the check", "Hide the check"


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(SolutionChecks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
