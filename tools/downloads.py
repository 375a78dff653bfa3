"""Offer what was built for download, in the built site: python -m tools.downloads

The site is built first, and the files are made from it. So its page "Take the book with you" gets the list
at the end, with the sizes; a site that is built anew has no list until then.
"""

import shutil
import sys

from bs4 import BeautifulSoup

from tools.tree import ROOT

BUILD = ROOT / "_build"
PAGE = "book/reference/downloads.html"
FORMS = {
    ".pdf": "The whole book as PDF",
    ".epub": "The whole book as EPUB",
    ".zip": "Site, notebooks and data as ZIP",
}
NAME = "from-lines-to-labels"


def megabytes(path):
    """Return the size of a file in words, such as "4.2 MB"."""
    return f"{max(0.1, path.stat().st_size / 1e6):,.1f} MB"


def offer(build=BUILD):
    """Copy the files that were built into the site and list them on its page; return their names."""
    html, found = build / "html", []
    for suffix, words in FORMS.items():
        path = build / (NAME + suffix)
        if path.is_file():
            (html / "downloads").mkdir(exist_ok=True)
            shutil.copy(path, html / "downloads" / path.name)
            found.append((f"downloads/{path.name}", words, megabytes(path)))
    decks = sorted((html / "slides").glob("*.html"))
    if decks:
        found.append(("slides/index.html", "Slides", f"{len(decks) - 1} lessons"))
    page = html / PAGE
    up = "../" * PAGE.count("/")
    items = "".join(
        f'<li><p><a href="{up}{name}">{words}</a>, {size}</p></li>' for name, words, size in found
    )
    if found:
        whole = BeautifulSoup(page.read_text("utf-8"), "html.parser")
        box = whole.select_one("div.downloads")
        box.clear()
        box.append(BeautifulSoup(f"<ul>{items}</ul>", "html.parser"))
        page.write_text(str(whole), "utf-8")
    return [name for name, _, _ in found]


if __name__ == "__main__":
    if not (BUILD / "html" / PAGE).is_file():
        sys.exit("There is no site yet: run make site first.")
    print(f"The site offers: {', '.join(offer()) or 'nothing'}")
