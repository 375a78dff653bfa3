"""Put a figure of a cell, an SVG file, into its page: it takes the colors and font there, and panels stack.

A figure that is smaller as PNG, as one of thousands of points may be, stays an image. And what an interactive
figure needs to run stands once on a page, however many there are.
"""

import gzip
import re
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from utils import panels, svg

SCRIPT = re.compile(r'<script>if \(!customElements\.get\("([\w-]+)"\)\).*?</script>', re.DOTALL)


class InlineFigures(SphinxPostTransform):
    """Change what the notebooks' outputs show."""

    default_priority = 3  # before myst_nb chooses a format of each output
    formats = ("html",)

    def run(self, **options):
        """Look at every output of a page."""
        outputs = self.document.findall(nodes.container)
        for bundle in [output for output in outputs if output.get("nb_element") == "mime_bundle"]:
            forms = {form["mime_type"]: form for form in bundle}
            if "image/svg+xml" in forms:
                self.choose(bundle, forms["image/svg+xml"], forms.get("image/png"))
        seen = set()
        for node in self.document.findall(nodes.raw):
            node[:] = [nodes.Text(SCRIPT.sub(lambda script: once(script, seen), node.astext()))]
            node.rawsource = node.astext()

    def choose(self, bundle, drawn, image):
        """Let an output be the SVG in the page, or the PNG if that is smaller."""
        [picture] = drawn.findall(nodes.image)
        row = svg.read(self.file(picture).read_text("utf-8"))
        html = panels.inline(row, picture.get("alt", "")) if row else ""
        if row and not (image and len(gzip.compress(html.encode())) > self.size(image)):
            picture.replace_self(nodes.raw("", html, format="html"))
        elif image:
            bundle.remove(drawn)

    def size(self, form):
        """Return how many bytes the image of an output has."""
        return sum(self.file(picture).stat().st_size for picture in form.findall(nodes.image))

    def file(self, picture):
        """Return where an image lies."""
        return Path(self.env.srcdir, picture["uri"])


def once(script, seen):
    """Return a script that defines an element, or nothing if the page has it already."""
    again = script[1] in seen
    seen.add(script[1])
    return "" if again else script[0]


def setup(app):
    """Connect to Sphinx."""
    app.add_post_transform(InlineFigures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
