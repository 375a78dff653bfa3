"""Let the page take a reader's answers: predictions, and questions that are marked.

The lessons stay CommonMark: a question is a quotation, with its choices as a list and the answer in a fold.
What the page needs besides stands in the metadata of the question's cell, `predict` or `check`
(CONTRIBUTING.md). Here it is written into what Sphinx reads, for the elements of web/static/answers-*.js:
the feedback below each choice, the element that makes a form of it, and a veil over each output that would
give the answer away.
"""

import json
import re
from html import escape
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from tools import contents

KINDS = {"predict": "predict-first", "check": "check-yourself"}  # key of the metadata -> element
QUOTE = re.compile(r"(?:^>.*\n?)+", re.MULTILINE)
CHOICE = re.compile(r"^> [-*] (.+)$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
NAMED = re.compile(rf'<(?:{"|".join(KINDS.values())})\b[^>]* name="([^"]+)"')


def question(cell):
    """Return what a cell asks for, as (key, its metadata, the quotation); None if it asks nothing."""
    source = "".join(cell["source"])
    for key in KINDS:
        if about := cell["metadata"].get(key):
            found = QUOTE.search(source)
            return key, about, found[0] if found else ""
    return None


def dressed(notebook):
    """Return a copy of a notebook, a dict, with its questions and veils written into its cells."""
    cells, veil = [], None
    for cell in notebook["cells"]:
        source, asked = "".join(cell["source"]), question(cell)
        if cell["cell_type"] == "markdown":
            if veil and cell["metadata"].get("veil"):
                source = veiled(source, veil["name"])
            if HEADING.search(source):
                veil = None
            if asked:
                key, about, quote = asked
                source = source.replace(quote, with_element(key, about, quote))
                veil = about if key == "predict" else veil
            if cell["metadata"].get("calibration"):
                source += "\n\n" + element("reliability-diagram", about={"least": 10})
            cell = {**cell, "source": source}
        elif veil and cell.get("id") not in veil.get("leave", ()):
            tags = [*cell["metadata"].get("tags", []), f"veil-{veil['name']}"]
            cell = {**cell, "metadata": {**cell["metadata"], "tags": tags}}
        cells.append(cell)
    return {**notebook, "cells": cells}


def element(tag, **attributes):
    """Return the HTML of an element of the page, its tags on lines of their own: Markdown leaves it alone."""
    said = ""
    for name, value in attributes.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        said += f' {name}="{escape(text)}"'
    return f"<{tag}{said}>\n</{tag}>"


def known(about):
    """Return what the page is told of a question: which choices are right, or what a number needs."""
    right = [said is None for said in about.get("feedback", [])]
    kept = {key: about[key] for key in about if key not in {"name", "claim", "feedback", "leave"}}
    return kept | ({"right": right} if right else {})


def with_element(key, about, quote):
    """Return a quotation with the feedback below each choice, and the element at its end."""
    feedback = iter(about.get("feedback", []))

    def with_feedback(choice):
        said = next(feedback, None)
        return choice[0] + (f"\n>\n>   - {said}" if said else "")

    text = CHOICE.sub(with_feedback, quote.rstrip("\n"))
    return text + "\n>\n" + quoted(element(KINDS[key], name=about["name"], about=known(about))) + "\n\n"


def quoted(text):
    """Return Markdown as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def veil_of(name):
    """Return the HTML of a veil, which stands first in what it lies over."""
    return element("answer-veil", **{"for": name})


def veiled(source, name):
    """Return Markdown whose part before the first heading lies under a veil."""
    heading = HEADING.search(source)
    text, rest = (source[: heading.start()], source[heading.start() :]) if heading else (source, "")
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+|$", text)))
    return f"{fence}{{container}} under-veil\n{veil_of(name)}\n\n{text.rstrip()}\n{fence}\n\n{rest}"


class Veils(SphinxTransform):
    """Put the veils into the outputs of the cells that `dressed` tagged."""

    default_priority = 505  # after the cells that the site leaves out are gone

    def apply(self, **kwargs):
        """Put an element into each output, which hides it while a guess is asked for; name the questions."""
        for question in self.document.findall(nodes.raw):
            if named := NAMED.match(question.astext()):
                question.parent["ids"].append(named[1])
        for cell in list(self.document.findall(nodes.container)):
            names = [c.removeprefix("tag_veil-") for c in cell["classes"] if c.startswith("tag_veil-")]
            outputs = [part for part in cell if "cell_output" in part.get("classes", [])]
            for name in names:
                cell["classes"].remove(f"tag_veil-{name}")
                for output in outputs:
                    output.insert(0, nodes.raw("", veil_of(name), format="html"))


def asked_in(page):
    """Return the metadata and the quotations of a lesson's questions, as {key: [(metadata, quotation)]}."""
    found = {key: [] for key in KINDS}
    for cell in json.loads(Path(page).read_text("utf-8"))["cells"]:
        if asked := question(cell):
            found[asked[0]].append(asked[1:])
    return found


def progress(env, *pages):
    """Return the HTML of how far a reader is in some lessons."""
    asked = {page.name: asked_in(env.doc2path(page.name)) for page in pages}
    names = {
        page: {key: [about["name"] for about, _ in found] for key, found in kinds.items()}
        for page, kinds in asked.items()
    }
    return element("reading-progress", about=names)


class YourBook(SphinxDirective):
    """The directive `{your-book}`: each lesson with how far the reader is, and what they predicted in it."""

    def run(self):
        """Write it as Markdown. The page is read again at each build, since a lesson may have changed."""
        self.env.note_reread()
        text = []
        for page in contents.pages(Path(self.env.srcdir)).values():
            if page.lesson:
                text += [f"**{page.number}.{page.lesson}** [{page.title}](/{page.name}.ipynb)"]
                text += [progress(self.env, page)]
                text += [past_guess(*asked) for asked in asked_in(self.env.doc2path(page.name))["predict"]]
        box = nodes.container(classes=["your-book"])
        self.state.nested_parse(StringList("\n\n".join(text).split("\n"), "your-book"), 0, box)
        return [box]


def past_guess(about, quote):
    """Return a prediction's question and choices as a quotation, with the element that adds the guess."""
    text = quote.partition("> <details>")[0].replace("**Predict first.** ", "", 1)
    text = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text)  # a link leads from the lesson, not from here
    return (
        text.rstrip("> \n") + "\n>\n" + quoted(element("past-guess", name=about["name"], about=known(about)))
    )


class Progress(SphinxPostTransform):
    """Put the reader's progress into the lists of chapters and lessons, and the way on beside the way in."""

    default_priority = 6  # after page_design has made rows and cards of the lists, before links are resolved
    formats = ("html",)

    def run(self, **kwargs):
        """Change the page in place."""
        pages = contents.pages(Path(self.env.srcdir))
        lessons = [page for page in pages.values() if page.lesson]
        for numbered in self.document.findall(nodes.enumerated_list):
            if {"lessons", "cards"} & set(numbered["classes"]):
                for entry in numbered:
                    name = entry.next_node(addnodes.pending_xref)["reftarget"]
                    under = [page for page in lessons if name in (page.name, page.chapter)]
                    entry.append(nodes.raw("", progress(self.env, *under), format="html"))
        if lessons and self.env.docname == self.config.root_doc:
            way_in = next(p for p in self.document.findall(nodes.paragraph) if is_link_to(p, lessons[0]))
            titles = [[page.name, page.title] for page in lessons]
            way_on = nodes.raw("", element("go-on", about=titles), format="html")
            way_in[:] = [nodes.inline("", "", *way_in.children, classes=["way-in"]), way_on]


def is_link_to(paragraph, page):
    """Whether a paragraph begins with a link to a page."""
    return isinstance(paragraph[0], addnodes.pending_xref) and paragraph[0]["reftarget"] == page.name


def mark_lesson(app, pagename, templatename, context, doctree):
    """Say in the head of a lesson's page that it is one."""
    page = contents.pages(Path(app.srcdir)).get(pagename)
    if page and page.lesson:
        context["metatags"] += '<meta name="lesson" />'


def dress(app, docname, source):
    """Rewrite a notebook that Sphinx has read, before it is parsed."""
    if app.env.doc2path(docname).endswith(".ipynb"):
        source[0] = json.dumps(dressed(json.loads(source[0])))


def setup(app):
    """Connect to Sphinx."""
    app.connect("source-read", dress)
    app.add_transform(Veils)
    app.add_post_transform(Progress)
    app.add_directive("your-book", YourBook)
    app.connect("html-page-context", mark_lesson)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
