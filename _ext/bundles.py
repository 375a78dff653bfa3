"""One style sheet and one script for all pages, instead of the seven of each that the theme asks for.

The book's own rules, web/styles, come before the theme's, which stand in a cascade layer: a rule of ours
needs neither `!important` nor a longer selector. Of the theme's, those go that no page can need, two thirds
of them, its icon font, and the variables that nobody reads.
"""

import base64
import hashlib
import itertools
import re
from fnmatch import fnmatch
from pathlib import Path

import tinycss2
from bs4 import BeautifulSoup

STYLES, SCRIPT = "book.css", "book.js"
# The order of our own parts: what the others use stands first.
PARTS = ["tokens", "text", "frame", "opening", "code", "boxes", "answers", "figures", "cover", "print"]
EMBEDDED = "fonts/newsreader-latin-*-normal.woff2"  # the fonts of the text: at once, so that no line moves
IMPORT = re.compile(r'@import "([^"]+)";')
VARIABLE = re.compile(r"""(?<=[{;])\s*(--[\w-]+)\s*:(?:"[^"]*"|'[^']*'|[^;}"'])*;?""")


def join(app):
    """Write the book's own style sheet, which a page then asks for after the theme's."""
    if app.builder.format == "html":
        parts = (Path(app.srcdir, "web/styles", f"{part}.css").read_text("utf-8") for part in PARTS)
        Path(app.outdir, "_static").mkdir(parents=True, exist_ok=True)
        Path(app.outdir, "_static", STYLES).write_text("\n".join(parts), "utf-8")


def bundle(site, front, words):
    """Join what a page of a built site asks for, and write it.

    Args:
        site: the folder of the site.
        front: the HTML of its front page, which asks for nothing that another page does not.
        words: all words of the site's pages and scripts, among them the classes that its elements may have.
    Returns:
        What becomes of each file, by its path: the path of its bundle, or "" if another file is that already.
    """
    soup = BeautifulSoup(front, "html.parser")
    sheets = [local(e["href"]) for e in soup.select('link[rel="stylesheet"]')]
    scripts = [local(e["src"]) for e in soup.select("head script[src]:not([defer])")]
    *theirs, own = sheets
    own_css = with_fonts(site / own)
    texts = {
        STYLES: read_alone(layered(site, theirs, words), own_css, words) + own_css,
        SCRIPT: "\n;".join((site / name).read_text("utf-8") for name in scripts),
    }
    places = {}
    # The script takes the place of the first: what a page says itself comes after that.
    for (name, text), files, kept in zip(texts.items(), (sheets, scripts), (own, scripts[0]), strict=True):
        (site / "_static" / name).write_text(text, "utf-8")
        version = hashlib.sha256(text.encode()).hexdigest()[:8]
        places |= dict.fromkeys(files, "") | {kept: f"_static/{name}?v={version}"}
    return places


def with_fonts(sheet):
    """Return a style sheet with those fonts in it that are to be embedded."""

    def embedded(found):
        if not fnmatch(found[1], EMBEDDED):
            return found[0]
        font = base64.b64encode((sheet.parent / found[1]).read_bytes()).decode()
        return f"url(data:font/woff2;base64,{font})"

    return re.sub(r"url\((fonts/[^)]+)\)", embedded, sheet.read_text("utf-8"))


def local(url):
    """Return the path of a file below the site's folder, without the way there from a page."""
    return re.sub(r"^(\.\./)+|\?.*", "", url)


def layered(site, names, words):
    """Return style sheets, with those that they import, in the layer `theme`: the rules that are needed."""

    def read(path):
        css = path.read_text("utf-8").removeprefix('@charset "UTF-8";')
        return IMPORT.sub(lambda found: read(path.parent / found[1]), css)

    css = "\n".join(read(site / name) for name in names)
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return f"@layer theme {{\n{needed(rules, words)}\n}}\n" if names else ""


def needed(rules, words):
    """Return parsed CSS without fonts, and without the rules for a class that is not among the words."""
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            commas = itertools.groupby(rule.prelude, lambda token: token == ",")
            selectors = [[*tokens] for comma, tokens in commas if not comma]
            if found := [tinycss2.serialize(one) for one in selectors if classes(one) <= words]:
                kept.append(f"{','.join(found)}{{{tinycss2.serialize(rule.content)}}}")
        elif rule.at_keyword in ("media", "supports"):
            inside = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if css := needed(inside, words):
                kept.append(f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{css}}}")
        elif rule.at_keyword != "font-face":
            kept.append(rule.serialize())
    return "".join(kept)


def classes(selector):
    """Return the classes and ids that elements must have for a selector, but those within :not(…), :is(…)."""
    names = {name.value for dot, name in itertools.pairwise(selector) if dot == "." and name.type == "ident"}
    return names | {name.value for name in selector if name.type == "hash"}


def read_alone(css, others, words):
    """Return CSS without the variables that neither it reads nor other CSS nor, as a word, a script."""
    read = {*re.findall(r"var\(\s*(--[\w-]+)", css + others), *words}
    left = VARIABLE.sub(lambda found: found[0] if found[1] in read else "", css)
    return left if left == css else read_alone(left, others, words)


def setup(app):
    """Connect to Sphinx: our own style sheet is there before the pages are written."""
    app.connect("builder-inited", join)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
