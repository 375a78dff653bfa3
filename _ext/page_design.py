"""Set what a plain page says of itself: a lesson's opening, a chapter's lessons, the cover's chapters.

The sources stay CommonMark. A list of facts below the title becomes a lead and one quiet strip; a cell of
imports folds into a line; a numbered list of links becomes rows with minutes, or cards with pictures.
"""

import ast
import re
from html import escape
from pathlib import Path
from textwrap import shorten

import pictures
from docutils import nodes
from reference import opening
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from tools import contents

ORDER = ["Time", "Hardware", "You need"]  # of the facts, the shorter first
GAP = re.compile(r"\S {2,}(?=\S)")  # between two columns


class Opening(SphinxPostTransform):
    """Set the opening of a lesson or of a chapter's page, and the lists of pages."""

    default_priority = 5  # before links are resolved: they still name pages
    formats = ("html",)

    def run(self, **kwargs):
        """Change the page in place."""
        place = contents.pages(Path(self.env.srcdir))
        self.places, here = place, place.get(self.env.docname)
        mark_columns(self.document)
        mark_names(self.document)
        section = next(self.document.findall(nodes.section), None)
        if section is None:
            return
        for numbered in list(section.findall(nodes.enumerated_list)):
            self.set_list(numbered)
        if here:
            self.set_opening(section, here)
        fold_imports(section)

    def set_opening(self, section, here):
        """Put the page's number above its title, what it is about below, and its facts into one strip."""
        strip = next((node for node in section.children if isinstance(node, nodes.bullet_list)), None)
        lead = strip is not None and set_facts(strip)
        if lead:
            section.insert(1, lead)
        own = here.name == here.chapter
        number = f"Chapter {here.number}" if here.number else self.env.titles[here.chapter].astext()
        if here.lesson:
            number += f" · Lesson {here.lesson}"
        if here.number or not own:
            section.insert(0, paragraph(number, "kicker"))
        if here.number and own:
            if isinstance(first := section[2], nodes.paragraph) and "lead" not in first["classes"]:
                first["classes"].append("lead")
            section.insert(0, nodes.raw("", drawing_of(here), format="html"))

    def set_list(self, numbered):
        """Make rows or cards of a numbered list each of whose entries begins with a link to a page."""
        links = [entry.next_node(begins) for entry in numbered]
        if not all(isinstance(link, addnodes.pending_xref) for link in links):
            return
        pages = [self.places.get(link["reftarget"]) for link in links]
        cards = all(page and page.number and page.name == page.chapter for page in pages)
        if not cards and not all(page and page.lesson for page in pages):
            return
        numbered["classes"].append("cards" if cards else "lessons")
        for entry, link, page in zip(numbered, links, pages, strict=True):
            about = link.parent
            about.remove(link)
            if len(about) and isinstance(about[0], nodes.Text):
                about.replace(about[0], nodes.Text(capitalized(about[0].lstrip(": "))))
            about["classes"].append("about")
            name = nodes.paragraph("", "", link, classes=["name"])
            if cards:
                picture = nodes.raw("", drawing_of(page), format="html")
                parts = [picture, paragraph(str(page.number), "number"), name, about]
            else:
                minutes = opening(self.env.doc2path(page.name))["Time"].removesuffix(".")
                number = paragraph(f"{page.number}.{page.lesson}", "number")
                parts = [number, name, about, paragraph(minutes, "time")]
            entry.clear()
            entry.extend(parts)


def mark_columns(document):
    """Mark what cells print in columns: there a narrow screen may not break a row."""
    for block in document.findall(nodes.literal_block):
        if "output" in block["classes"] and len(GAP.findall(block.astext())) > 1:
            block["classes"].append("columns")


def mark_names(document):
    """Mark the tables whose rows each say what a name of code is: a narrow screen stacks their cells."""
    for body in document.findall(nodes.tbody):
        if all(row[0].next_node(nodes.literal) for row in body):
            body.parent.parent["classes"].append("names")


def begins(part):
    """Return whether a part of a list's entry is more than a paragraph around what the entry begins with."""
    return not isinstance(part, nodes.paragraph)


def drawing_of(page):
    """Return the picture of a page's chapter."""
    return pictures.drawing(Path(page.name).parent.name)


def paragraph(text, name):
    """Return a paragraph of a class."""
    return nodes.paragraph("", text, classes=[name])


def capitalized(text):
    """Return a text whose first letter is large."""
    return text[:1].upper() + text[1:]


def set_facts(facts):
    """Make a strip of a list of facts, each with its name in bold first; return what "You will" do.

    Another list stays as it is.
    """
    named = {}
    for entry in list(facts):
        name = entry.next_node(nodes.strong)
        if name is None or name.astext() not in ["You will", *ORDER]:
            return None
        named[name.astext()] = entry
    lead = None
    if will := named.pop("You will", None):
        lead = will[0]
        lead["classes"].append("lead")
        lead.replace(lead.next_node(nodes.strong), nodes.Text("You will"))
    facts["classes"].append("facts")
    facts.clear()
    for name in sorted(named, key=ORDER.index):
        entry = named[name]
        entry["classes"].append(name.lower().replace(" ", "-"))
        if name != "You need":
            bold = entry.next_node(nodes.strong)
            rest = bold.next_node(descend=False, siblings=True)
            rest.parent.replace(rest, nodes.Text(" " + capitalized(rest.lstrip()).removesuffix(".")))
            bold["classes"].append("visually-hidden")
        facts.append(entry)
    return lead


def fold_imports(section):
    """Fold the first cell into a line that names what it imports, if it does nothing else."""
    cell = next((node for node in section.findall(nodes.container) if "cell" in node["classes"]), None)
    code = cell is not None and cell.next_node(nodes.literal_block)
    if code and (names := imported(code.astext())):
        said = " ".join(f"<code>{escape(name)}</code>" for name in names)
        opens = f'<details class="imports"><summary>Imports {said}</summary>'
        place = cell.parent.index(cell)
        cell.parent.insert(place + 1, nodes.raw("", "</details>", format="html"))
        cell.parent.insert(place, nodes.raw("", opens, format="html"))


def imported(code):
    """Return the packages that a piece of code imports, without repeats; [] if it does anything else."""
    try:
        lines = ast.parse(code).body
    except SyntaxError:  # a magic: not imports alone
        return []
    names = []
    for line in lines:
        if isinstance(line, ast.ImportFrom):
            names.append(line.module)
        elif isinstance(line, ast.Import):
            names += [alias.name for alias in line.names]
        else:
            return []
    return list(dict.fromkeys(name.split(".")[0] for name in names))


def add_places(app, pagename, templatename, context, doctree):
    """Tell the templates where a page stands, and to which chapters the pages beside it belong."""
    places = contents.pages(Path(app.srcdir))
    titles = {name: title.astext() for name, title in app.env.titles.items()}
    beside = app.builder.relations.get(pagename, [None] * 3) if app.builder.format == "html" else [None] * 3
    context |= {"place": places.get(pagename), "titles": titles}
    for side, name in zip(("before", "after"), beside[1:], strict=True):
        there = places.get(name)
        context[side] = there and (f"Chapter {there.number}" if there.number else titles[there.chapter])
        if there and there.lesson:
            context[side] += f" · Lesson {there.lesson}"


def describe(app, pagename, templatename, context, doctree):
    """Say in a page's head what it is about, for search engines and for whoever links to it."""
    if doctree is None:
        return
    paragraphs = [node for node in doctree.findall(nodes.paragraph) if "kicker" not in node["classes"]]
    leads = [node for node in paragraphs if "lead" in node["classes"]]
    if about := next(iter([*leads, *paragraphs]), None):
        text = shorten(about.astext(), 200, placeholder=" …")
        context["metatags"] += f'<meta name="description" content="{escape(text)}" />'
        context["meta"] = {**(context["meta"] or {}), "og:description": text}


def setup(app):
    """Connect to Sphinx."""
    app.add_post_transform(Opening)
    app.connect("html-page-context", add_places)
    app.connect("html-page-context", describe, priority=400)  # before the extension that writes og: tags
    return {"parallel_read_safe": True, "parallel_write_safe": True}
