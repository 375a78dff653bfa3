"""What the reference pages take from elsewhere: the docstrings of `utils`, and a table of lessons.

Docstrings are written for a terminal. On the site their `code` becomes code and each lesson that they name a
link. The table has minutes and hardware from each lesson's first cell, and its run from its executed copy.
"""

import dataclasses
import json
import os
import re
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from tools import contents, tree
from tools.tree import ROOT

HEAD = ("Lesson and hardware", "For you", "Last run", "It took")


def link_lessons(text):
    """Return a docstring with `code` as code and each lesson "Name" as a link to the notebook name.ipynb."""

    def link(match):
        name = " ".join(match[1].split())
        found = list(ROOT.glob(f"book/*/{file_of(name)}.ipynb"))
        if len(found) != 1:
            raise ExtensionError(f'A docstring names the lesson "{name}", which {len(found)} notebooks are.')
        return f"lesson :doc:`{name} </{found[0].relative_to(ROOT).with_suffix('').as_posix()}>`"

    return re.sub(r'lesson\s+"([^"]+)"', link, re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", text))


def mend_docstring(app, what, name, obj, options, lines):
    """Rewrite the lines of a docstring in place, before napoleon reads them."""
    lines[:] = link_lessons("\n".join(lines)).split("\n")


def mend_signature(app, what, name, obj, options, signature, returns):
    """Leave out how a class is made of which readers are handed an object."""
    handed = what == "class" and (dataclasses.is_dataclass(obj) or "__init__" not in vars(obj))
    return ("", None) if handed else None


class LessonTable(nodes.General, nodes.Element):
    """Stands for a chapter's table until every notebook has been run."""


class Lessons(SphinxDirective):
    """The directive `{lessons} CHAPTER`: a table of the lessons in that folder of `book/`."""

    required_arguments = 1

    def run(self):
        """Leave a placeholder, and read the page again at the next build, since a lesson may have changed."""
        self.env.note_reread()
        return [LessonTable(chapter=self.arguments[0])]


def opening(notebook):
    """Return what a notebook's first cell says under its title, such as {"Time": "20 minutes."}."""
    cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    return dict(re.findall(r"^- \*\*([\w ]+)\*\* (.+)$", "".join(cells[0]["source"]), re.M))


def last_run(page):
    """Return on which day a lesson was executed, and how long that took."""
    about = tree.read(tree.EXECUTED / f"{page}.ipynb")["metadata"][tree.KEY]
    date = datetime.fromtimestamp(about["executed"])
    return [f"{date.day} {date:%b %Y}", f"{about['seconds']:.0f} s"]


class NameLessons(SphinxPostTransform):
    """Let a link of a reference page, which is called as a notebook's file, say the name in the sidebar."""

    default_priority = 5  # before links are resolved: they still name pages

    def run(self, **kwargs):
        """Change the words of the links."""
        pages = contents.pages(Path(self.env.srcdir))
        if Path(self.env.docname).parent.name == "reference":
            for link in self.document.findall(pending_xref):
                page = pages.get(link["reftarget"].lstrip("/"))
                words = link.next_node(nodes.Text)
                if page and page.lesson and words and file_of(words) == Path(page.name).name:
                    words.parent.replace(words, nodes.Text(page.title))


def file_of(lesson):
    """Return the name of a lesson's file, as in "Same model"."""
    return lesson.lower().replace(" ", "-")


class FillTables(SphinxPostTransform):
    """Write the tables once every notebook has been run; links are resolved after it."""

    default_priority = 5

    def run(self, **kwargs):
        """Replace each placeholder of the page."""
        pages = contents.pages(Path(self.env.srcdir))
        for place in list(self.document.findall(LessonTable)):
            rows = [self.row(p) for p in pages if Path(p).parent.name == place["chapter"]]
            place.replace_self(table([row for row in rows if row]))

    def row(self, page):
        """Return the entries of a lesson's row; None for a page that is no lesson."""
        path = self.env.doc2path(page)
        about = opening(path) if path.endswith(".ipynb") else {}
        minutes = re.match(r"\d+ minutes", about.get("Time", ""))
        if not minutes:
            return None
        link = pending_xref(
            "", nodes.inline(text=self.env.titles[page].astext()), refdomain="std", reftype="doc",
            reftarget=f"/{page}", refdoc=self.env.docname, refexplicit=True, refwarn=True,
        )  # fmt: skip
        hardware = about["Hardware"][0].upper() + about["Hardware"][1:].replace("`", "")
        return [[link, hardware], [minutes[0]], *([text] for text in last_run(page))]


def table(rows):
    """Return a docutils table with the columns of HEAD; an entry is a list of paragraphs, texts or links."""

    def row(entries):
        cells = [[nodes.Text(part) if isinstance(part, str) else part for part in entry] for entry in entries]
        return nodes.row("", *(nodes.entry("", *(nodes.paragraph("", "", p) for p in c)) for c in cells))

    columns = [nodes.colspec(colwidth=1) for _ in HEAD]
    head, body = nodes.thead("", row([[name] for name in HEAD])), nodes.tbody("", *map(row, rows))
    group = nodes.tgroup("", *columns, head, body, cols=len(HEAD))
    return nodes.table("", group, classes=["colwidths-auto", "lessons"])


def describe_machine(app, config):
    """Let pages write {{ machine }} for what the site is built on."""
    machine = f"{os.cpu_count()} processor cores and PyTorch {version('torch')}"
    config.myst_substitutions = {**config.myst_substitutions, "machine": machine}


def setup(app):
    """Register the directive, its table and what is done to docstrings."""
    app.add_node(LessonTable)
    app.add_directive("lessons", Lessons)
    app.add_post_transform(FillTables)
    app.add_post_transform(NameLessons)
    app.connect("config-inited", describe_machine)
    app.connect("autodoc-process-docstring", mend_docstring, priority=400)
    app.connect("autodoc-process-signature", mend_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
