"""Dress plain notebooks for the site: quotations become coloured boxes, a figure's folded cells one fold.

Cells for runners are left out.

The lessons stay CommonMark, so that they read the same on GitHub, in JupyterLab and in Colab.
"""

from docutils import nodes
from sphinx.transforms import SphinxTransform

# First bold words of a quotation -> the theme's admonition class, which has a colour in light and in dark.
BOXES = {
    "Predict first": "admonition-todo",
    "Question": "question",
    "Careful": "warning",
    "Try it": "tip",
    "Remember": "note",
}


class Boxes(SphinxTransform):
    """Make a titled box of each block quotation that begins with the bold words of a box."""

    default_priority = 500

    def apply(self, **kwargs):
        """Replace each such quotation by an admonition; its bold words become the title."""
        for quote in list(self.document.findall(nodes.block_quote)):
            first = next(quote.findall(nodes.strong), None)
            title = first.astext().rstrip(".:!") if first is not None else ""
            if title in BOXES and quote.astext().startswith(first.astext()):
                first.parent.remove(first)
                box = nodes.admonition("", nodes.title("", title), *quote.children, classes=[BOXES[title]])
                quote.replace_self(box)


class ForRunners(SphinxTransform):
    """Leave out the cells tagged `claim`, which check what the prose states, and `setup`, meant for Colab."""

    default_priority = 500

    def apply(self, **kwargs):
        """Remove each cell that carries one of the tags, with its output."""
        for cell in list(self.document.findall(nodes.container)):
            if {"tag_claim", "tag_setup"} & set(cell["classes"]):
                cell.parent.remove(cell)


class OneFold(SphinxTransform):
    """Fold neighbouring cells together: the code of a figure, in several short cells, opens at one click."""

    default_priority = 510

    def apply(self, **kwargs):
        """Move the code of each folded cell without output into the folded cell that follows it."""

        def folded(node):
            return isinstance(node, nodes.container) and "tag_hide-input" in node["classes"]

        for cell in list(self.document.findall(folded)):
            after = cell.next_node(descend=False, siblings=True)
            if len(cell) == 1 and folded(after):
                after[0].insert(0, cell[0].children)
                cell.parent.remove(cell)


def setup(app):
    """Register the transforms with Sphinx."""
    app.add_transform(Boxes)
    app.add_transform(ForRunners)
    app.add_transform(OneFold)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
