"""Serve everything from the site itself: MathJax's fonts and the theme's icons.

The fonts come from an npm package (package.json), copied in. The theme's Font Awesome script and fonts, two
thirds of a page's weight, give way to the few icons in use, drawn inline.
"""

import functools
import re
import shutil
from pathlib import Path

import pydata_sphinx_theme
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parent.parent
ASSETS = {  # folder below node_modules -> its place below _static, and the files that pages ask for
    "mathjax/es5": ("mathjax", ["output/chtml/fonts/woff-v2/*"]),  # the formulas are typeset already
}
# Half of the site's size, and asked for by no page.
UNUSED = ["**/*.map", "**/fontawesome.js*", "vendor/**/*.ttf", "*macros.html", "locales/**/*.[mp]o"]

FONT_AWESOME = Path(pydata_sphinx_theme.__file__).parent / (
    "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
)
SCRIPT = re.compile(r"<script[^>]*/fontawesome\.js[^>]*></script>")
ICON = re.compile(r'<(i|span) class="([^"]*\bfa-[^"]*)"([^>]*)>\s*</\1>')
STYLES = {"fab": 0, "fa-brands": 0, "far": 1, "fa-regular": 1, "fas": 2, "fa-solid": 2}

# What the theme leaves nameless, outside of any landmark, or named unlike its own text.
NAMES = {
    "<summary><span": '<summary aria-label="Lessons"><span',  # of the contents
    '<summary aria-label="Toggle hidden content">': "<summary>",  # it says: Show the code
    'id="pst-primary-sidebar"': 'id="pst-primary-sidebar" role="complementary" aria-label="The book"',
    'id="pst-primary-sidebar-modal"': 'id="pst-primary-sidebar-modal" aria-label="The book"',
    'id="pst-secondary-sidebar-modal"': 'id="pst-secondary-sidebar-modal" aria-label="This page"',
    'id="pst-search-dialog"': 'id="pst-search-dialog" aria-label="Search"',
    'search-button-field search-button__button pst-js-only" title="Search" aria-label="Search"': (
        'search-button-field search-button__button pst-js-only"'
    ),
}
# A second title and contents, for print alone: the search would quote them instead of the text.
PRINTED = re.compile(r'<div id="jb-print-docs-body".*?(?=<div id="searchbox">)', re.DOTALL)


def copy_assets(app):
    """Copy the npm packages' files into the site."""
    if app.builder.format != "html":
        return
    for package, (place, patterns) in ASSETS.items():
        source = ROOT / "node_modules" / package
        for pattern in patterns:
            files = list(source.glob(pattern))
            if not files:
                raise ExtensionError(f"{source / pattern} is missing: 'npm ci --ignore-scripts' brings it")
            for file in files:
                target = app.outdir / "_static" / place / file.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, target)


def finish_pages(app, error):
    """Draw the icons of the written pages as inline SVG, drop Font Awesome, and name what has no name."""
    if error or app.builder.format != "html":
        return
    # The script registers one style after the other: brands, regular, solid.
    styles = re.split(r'\("fa[brs]",', FONT_AWESOME.read_text(encoding="utf-8"))

    @functools.cache
    def find(style, name):
        return re.search(rf'[{{,]"?{name}"?:\[(\d+),(\d+),\[[^\]]*\],"\w+","([^"]+)"\]', styles[style])

    def svg(match):
        _, classes, attributes = match.groups()
        style = next((STYLES[c] for c in classes.split() if c in STYLES), STYLES["fas"])
        for name in re.findall(r"\bfa-([\w-]+)", classes):
            if icon := find(style, name):
                return (
                    f'<svg class="svg-inline--fa {classes}"{attributes} viewBox="0 0 {icon[1]} {icon[2]}" '
                    f'fill="currentColor" aria-hidden="true"><path d="{icon[3]}"/></svg>'
                )
        raise ExtensionError(f"{match[0]}: no such icon in {FONT_AWESOME}")

    for page in Path(app.outdir).rglob("*.html"):
        html = ICON.sub(svg, PRINTED.sub("", SCRIPT.sub("", page.read_text(encoding="utf-8"))))
        for theirs, ours in NAMES.items():
            html = html.replace(theirs, ours)
        page.write_text(html, encoding="utf-8")
    for path in (p for pattern in UNUSED for p in Path(app.outdir, "_static").glob(pattern)):
        path.unlink()


def setup(app):
    """Connect to Sphinx: copy before the pages are written, finish after."""
    app.connect("builder-inited", copy_assets)
    app.connect("build-finished", finish_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
