"""Print the built site as one PDF, from the repository's root: python -m _ext.print_book

Chromium lays the pages out, once to learn on which page each lesson begins and once with these numbers in the
contents and behind the links; it also makes the bookmarks, the links and the tags that screen readers need.
"""

import argparse
import logging
import time
from pathlib import Path

import pypdf
import yaml

from tools import contents
from tools.browser import HTML, ROOT, chromium, serve

SCRIPT = Path(__file__).with_suffix(".js")
WIDTH = 642  # pixels of CSS between the margins of a sheet
CUT_OFF = """() => {
  const edge = document.querySelector("main").getBoundingClientRect().right + 1;
  return [...document.querySelectorAll("main :is(pre, table, img, svg, mjx-container)")]
    .filter(e => e.checkVisibility())
    .filter(e => e.getBoundingClientRect().right > edge || e.matches("pre") && e.scrollWidth > e.clientWidth)
    .map(e => (e.alt || e.textContent).trim().slice(0, 60));
}"""


def entries():
    """Return the book's pages in order, each with its level: 1 for a chapter, 2 for what stands in it."""
    pages = contents.pages().values()
    levels = [{"name": f"{page.name}.html", "level": 1 + (page.name != page.chapter)} for page in pages]
    return [{"name": "index.html", "level": 1}, *levels]


def print_book(browser, base, pages, out):
    """Print these pages of the site that is served at `base` to a file, and return how many sheets they fill.

    Raises RuntimeError if something is wider than the sheet.
    """
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    about = [
        config["author"],
        f"Printed on {time.strftime('%d %B %Y')}. What moves in the book stands still here, and the code of "
        f"moving figures is left out: it is in the notebooks, {config['repository']['url']}.",
        "Text under CC BY 4.0, code under the MIT licence.",
    ]
    page = browser.new_page(reduced_motion="reduce", viewport={"width": WIDTH, "height": 900})
    page.set_default_timeout(600_000)  # the whole book takes a minute or two
    page.goto(f"{base}/index.html")
    book = {"title": config["title"], "about": about, "entries": pages}
    found = page.evaluate(SCRIPT.read_text("utf-8"), book)
    page.wait_for_timeout(500)  # the elements' sentences come once they rest
    page.emulate_media(media="print")
    if cut_off := page.evaluate(CUT_OFF):
        raise RuntimeError(f"Wider than a sheet, so mend its print rules in web/styles/print.css: {cut_off}")
    options = {"path": out, "outline": True, "tagged": True, "prefer_css_page_size": True}
    fill = "(all, numbers) => all.forEach((e, i) => { e.textContent = numbers[i]; })"
    numbers = None
    for _ in range(5):  # a number may break a line, and the line a page
        page.pdf(**options, print_background=True)
        before, numbers = numbers, sheets_of(out, found["targets"])
        if numbers == before:
            break
        page.eval_on_selector_all(".sheet-number", fill, numbers)
    else:
        raise RuntimeError("The page numbers do not settle: give them a fixed width in web/styles/print.css.")
    page.close()
    return name_bookmarks(out, found["headings"])


def name_bookmarks(path, headings):
    """Give each bookmark its heading's text, which Chromium doubles or runs together at a sheet's edges."""

    def walk(item):
        while item:
            yield (item := item.get_object())
            yield from walk(item.get("/First"))
            item = item.get("/Next")

    writer = pypdf.PdfWriter(clone_from=path)
    for item, heading in zip(walk(writer.root_object["/Outlines"]["/First"]), headings, strict=True):
        item[pypdf.generic.NameObject("/Title")] = pypdf.generic.TextStringObject(heading)
    writer.write(path)
    return len(writer.pages)


def sheets_of(path, targets):
    """Return the number of the sheet on which each target of a link stands, counted from 1."""
    reader = pypdf.PdfReader(path)
    places = {name.lstrip("/"): place for name, place in reader.named_destinations.items()}
    return [reader.get_destination_page_number(places[target]) + 1 for target in targets]


def main():
    """Print the whole book, and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "_build/from-lines-to-labels.pdf")
    out = parser.parse_args().out
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # Chromium's count of objects is a little too low
    start = time.monotonic()
    with serve(HTML) as base, chromium() as browser:
        sheets = print_book(browser, base, entries(), out)
    size, seconds = out.stat().st_size / 1e6, time.monotonic() - start
    print(f"{out}: {sheets} pages, {size:.1f} MB, in {seconds:.0f} seconds")


if __name__ == "__main__":
    main()
