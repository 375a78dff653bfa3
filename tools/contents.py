"""The book's pages in order, from _toc.yml: in which chapter each stands, with which numbers."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tools.tree import ROOT


@dataclass(frozen=True)
class Page:
    """A page of the book.

    Attributes:
        name: its file below the root, without a suffix.
        chapter: the name of its chapter's own page, which may be itself.
        number: which chapter that is; None outside the first part, whose chapters alone are numbered.
        lesson: which lesson of a numbered chapter it is; None for its own page, a playground, solutions.
        title: its name in the sidebar; None for a chapter's page.
    """

    name: str
    chapter: str
    number: int | None = None
    lesson: int | None = None
    title: str | None = None


@cache
def pages(folder: Path = ROOT) -> dict[str, Page]:
    """Return the pages by name, without the front page, in the order of the contents of a book's folder."""
    contents = yaml.safe_load((folder / "_toc.yml").read_text("utf-8"))
    found = {}
    for k, part in enumerate(contents.get("parts", [contents])):
        for number, chapter in enumerate(part["chapters"], start=1):
            about = {"chapter": chapter["file"], "number": None if k else number}
            found[chapter["file"]] = Page(chapter["file"], **about)
            for lesson, section in enumerate(chapter.get("sections", []), start=1):
                name, title = section["file"], section.get("title")
                counts = not k and Path(name).name not in {"playground", "solutions"}
                found[name] = Page(name, lesson=lesson if counts else None, title=title, **about)
    return found
