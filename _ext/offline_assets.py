"""Serve everything from the site itself: fonts and the theme's icons.

The fonts come from npm packages (package.json), copied in. The theme's Font Awesome script and fonts, two
thirds of a page's weight, give way to the few icons in use, drawn inline; and Bootstrap's script, an eighth
of what was left, to web/static/frame.js.
"""

import functools
import re
import shutil
from pathlib import Path

import bundles
import fonts
import pydata_sphinx_theme
from bs4 import BeautifulSoup
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parent.parent
ASSETS = {  # folder below node_modules -> its place below _static, and the files that pages ask for
    "mathjax/es5": ("mathjax", ["output/chtml/fonts/woff-v2/*"]),  # the formulas are typeset already
    "@fontsource/newsreader/files": (
        "fonts",
        ["newsreader-latin-400-*.woff2", "newsreader-latin-600-normal.woff2"],
    ),
    "@fontsource-variable/libre-franklin/files": ("fonts", ["libre-franklin-latin-wght-normal.woff2"]),
    "@fontsource/m-plus-1-code/files": ("fonts", ["m-plus-1-code-latin-400-normal.woff2"]),
}
# Half of the site's size, and asked for by no page.
UNUSED = [
    "**/*.map",
    "**/fontawesome.js*",
    "**/bootstrap.js*",
    "vendor/**/*.ttf",
    "vendor/**/*.woff2",
    "*macros.html",
    "basic.css",
    "searchtools.js",
    "language_data.js",
    "locales/**/*.[mp]o",
    bundles.EMBEDDED,
]

FONT_AWESOME = Path(pydata_sphinx_theme.__file__).parent / (
    "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
)
STYLES = {"fab": 0, "fa-brands": 0, "far": 1, "fa-regular": 1, "fas": 2, "fa-solid": 2}

NOT_ASKED_FOR = ["fontawesome.js", "bootstrap.js"]
LEFT_OUT = ", ".join(f'script[src*="/{name}"], link[href*="/{name}"]' for name in NOT_ASKED_FOR)
# A button whose name is shown below it: web/styles/frame.css.
TIPS = ".bd-header-article [data-bs-toggle=tooltip]:not(.dropdown-item)"
# What the theme leaves nameless, outside of any landmark, or named unlike its own text (None: no attribute).
NAMES = {
    ".bd-links summary": {"aria-label": "Lessons"},
    'summary[aria-label="Toggle hidden content"]': {"aria-label": None},  # it says: Show the code
    "#pst-primary-sidebar": {"role": "complementary", "aria-label": "The book"},
    "#pst-primary-sidebar-modal": {"aria-label": "The book"},
    "#pst-secondary-sidebar-modal": {"aria-label": "This page"},
    "#pst-search-dialog": {"aria-label": "Search"},
}


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


@functools.cache
def icons():
    """Return the styles of Font Awesome's script: brands, regular, solid."""
    return re.split(r'\("fa[brs]",', FONT_AWESOME.read_text(encoding="utf-8"))


@functools.cache
def drawing(classes):
    """Return the view box and the path of the icon that has these classes."""
    style = next((STYLES[c] for c in classes if c in STYLES), STYLES["fas"])
    for name in (c.removeprefix("fa-") for c in classes if c.startswith("fa-")):
        icon = re.search(rf'[{{,]"?{name}"?:\[(\d+),(\d+),\[[^\]]*\],"\w+","([^"]+)"\]', icons()[style])
        if icon:
            return f"0 0 {icon[1]} {icon[2]}", icon[3]
    raise ExtensionError(f"{' '.join(classes)}: no such icon in {FONT_AWESOME}")


def finish(html, bundled=()):
    """Return a page with its icons drawn, without Font Awesome, and with a name for what had none.

    `bundled` says what becomes of each file that it asks for, as `bundles.bundle` does.
    """
    soup = BeautifulSoup(html, "html.parser")
    for element in soup.select('link[rel="stylesheet"], head script[src]'):
        attribute = "href" if element.name == "link" else "src"
        if (name := bundles.local(element[attribute])) in bundled:
            way, bundle = element[attribute].partition("_static/")[0], bundled[name]
            element[attribute] = way + bundle
            if not bundle:
                element.decompose()
    for left_out in soup.select(LEFT_OUT):
        if isinstance(after := left_out.next_sibling, str) and after.isspace():
            after.extract()
        left_out.decompose()
    for icon in soup.select('i[class*="fa-"], span[class*="fa-"]'):
        if not icon.get_text(strip=True):
            view, path = drawing(tuple(icon["class"]))
            icon.name = "svg"
            icon.clear()
            icon["class"] = ["svg-inline--fa", *icon["class"]]
            icon.attrs |= {"viewBox": view, "fill": "currentColor", "aria-hidden": "true"}
            icon.append(soup.new_tag("path", d=path))
    for button in soup.select(TIPS):
        if said := button.attrs.pop("title", None) or button.get("data-bs-title"):
            button["data-tip"] = button["aria-label"] = said
    for selector, attributes in NAMES.items():
        for element in soup.select(selector):
            for name, value in attributes.items():
                if value is None:
                    element.attrs.pop(name, None)
                else:
                    element[name] = value
    return str(soup)


def finish_pages(app, error):
    """Finish the written pages, and drop the theme's files that no page asks for."""
    if error or app.builder.format != "html":
        return
    site = Path(app.outdir)
    files = [file for file in site.rglob("*") if file.suffix in (".html", ".css", ".js")]
    texts = {file: file.read_text("utf-8") for file in files if file.name not in NOT_ASKED_FOR}
    shrink_fonts(site / "_static", texts.values())
    words = {word for file in texts if file.suffix != ".css" for word in re.findall(r"[\w-]+", texts[file])}
    bundled = bundles.bundle(site, (site / "index.html").read_text("utf-8"), words)
    for page in site.rglob("*.html"):
        page.write_text(finish(page.read_text("utf-8"), bundled), "utf-8")
    for name in bundled:
        if Path(name).name not in (bundles.STYLES, bundles.SCRIPT):
            (site / name).unlink()
    for path in (p for pattern in UNUSED for p in (site / "_static").glob(pattern)):
        path.unlink()
    (site / ".buildinfo").unlink()  # for builds on top of others; it differs from folder to folder


def shrink_fonts(static, texts):
    """Leave in the fonts that came from npm the letters that these texts have."""
    places = {place for place, _ in ASSETS.values()}
    files = [file for place in places for file in (static / place).rglob("*.woff*")]
    texts = list(texts)
    fonts.shrink(files, fonts.letters(texts), fonts.of_formulas(texts))


def setup(app):
    """Connect to Sphinx: copy before the pages are written, finish after."""
    app.connect("builder-inited", copy_assets)
    app.connect(
        "build-finished", finish_pages, priority=900
    )  # the theme writes a style sheet of its own there
    return {"parallel_read_safe": True, "parallel_write_safe": True}
