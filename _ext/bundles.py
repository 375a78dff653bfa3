"""One style sheet and one script for all pages, instead of the seven of each that the theme asks for.

The book's own rules, web/styles, come before the theme's, which stand in a cascade layer: a rule of ours
needs neither `!important` nor a longer selector. The theme's icon font goes, with the 2,000 rules that name
its characters.
"""

import base64
import hashlib
import re
from pathlib import Path

from bs4 import BeautifulSoup

STYLES, SCRIPT = "book.css", "book.js"
# The order of our own parts: what the others use stands first.
PARTS = ["tokens", "text", "frame", "opening", "code", "boxes", "answers", "figures", "cover", "print"]
IMPORT = re.compile(r'@import "([^"]+)";')
ICONS = re.compile(
    r"\.fa-[\w-]+(?:,\.fa-[\w-]+)*\{--fa:[^}]*\}|(?:\.fa-[\w-]+:before,?)+\{content:\"[^\"]*\"\}"
    r"|@font-face\s*\{[^}]*fa-[^}]*\}"
)


def join(app):
    """Write the book's own style sheet, which a page then asks for after the theme's."""
    if app.builder.format == "html":
        parts = (Path(app.srcdir, "web/styles", f"{part}.css").read_text("utf-8") for part in PARTS)
        Path(app.outdir, "_static").mkdir(parents=True, exist_ok=True)
        Path(app.outdir, "_static", STYLES).write_text("\n".join(parts), "utf-8")


def bundle(site, front):
    """Join what a page of a built site asks for, and write it.

    Args:
        site: the folder of the site.
        front: the HTML of its front page, which asks for nothing that another page does not.
    Returns:
        What becomes of each file, by its path: the path of its bundle, or "" if another file is that already.
    """
    soup = BeautifulSoup(front, "html.parser")
    sheets = [local(e["href"]) for e in soup.select('link[rel="stylesheet"]')]
    scripts = [local(e["src"]) for e in soup.select("head script[src]:not([defer])")]
    *theirs, own = sheets
    texts = {
        STYLES: layered(site, theirs) + with_text_fonts(site / own),
        SCRIPT: "\n;".join((site / name).read_text("utf-8") for name in scripts),
    }
    places = {}
    # The script takes the place of the first: what a page says itself comes after that.
    for (name, text), files, kept in zip(texts.items(), (sheets, scripts), (own, scripts[0]), strict=True):
        (site / "_static" / name).write_text(text, "utf-8")
        version = hashlib.sha256(text.encode()).hexdigest()[:8]
        places |= dict.fromkeys(files, "") | {kept: f"_static/{name}?v={version}"}
    return places


def with_text_fonts(sheet):
    """Return a style sheet with the fonts of the text in it: so they are there at once, and no line moves."""

    def embedded(found):
        font = base64.b64encode((sheet.parent / found[1]).read_bytes()).decode()
        return f"url(data:font/woff2;base64,{font})"

    return re.sub(r"url\((fonts/newsreader-latin-\d+-normal[^)]+)\)", embedded, sheet.read_text("utf-8"))


def local(url):
    """Return the path of a file below the site's folder, without the way there from a page."""
    return re.sub(r"^(\.\./)+|\?.*", "", url)


def layered(site, names):
    """Return style sheets, with those that they import, within the layer `theme`."""

    def read(path):
        css = path.read_text("utf-8").removeprefix('@charset "UTF-8";')
        return IMPORT.sub(lambda found: read(path.parent / found[1]), css)

    css = "\n".join(ICONS.sub("", read(site / name)) for name in names)
    return f"@layer theme {{\n{css}\n}}\n" if names else ""


def setup(app):
    """Connect to Sphinx: our own style sheet is there before the pages are written."""
    app.connect("builder-inited", join)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
