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

from docutils import nodes
from sphinx.transforms import SphinxTransform

KINDS = {"predict": "predict-first", "check": "check-yourself"}  # key of the metadata -> element
QUOTE = re.compile(r"(?:^>.*\n?)+", re.MULTILINE)
CHOICE = re.compile(r"^> [-*] (.+)$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)


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
            cell = {**cell, "source": source}
        elif veil and cell.get("id") not in veil.get("leave", ()):
            tags = [*cell["metadata"].get("tags", []), f"veil-{veil['name']}"]
            cell = {**cell, "metadata": {**cell["metadata"], "tags": tags}}
        cells.append(cell)
    return {**notebook, "cells": cells}


def with_element(key, about, quote):
    """Return a quotation with the feedback below each choice, and the element at its end."""
    feedback = iter(about.get("feedback", []))

    def with_feedback(choice):
        said = next(feedback, None)
        return choice[0] + (f"\n>\n>   - {said}" if said else "")

    right = [said is None for said in about.get("feedback", [])]
    known = {name: about[name] for name in about if name not in {"name", "claim", "feedback", "leave"}}
    data = escape(json.dumps(known | ({"right": right} if right else {}), ensure_ascii=False))
    text = CHOICE.sub(with_feedback, quote.rstrip("\n"))
    return f'{text}\n>\n> <{KINDS[key]} name="{about["name"]}" about="{data}">\n> </{KINDS[key]}>\n\n'


def veil_of(name):
    """Return the HTML of a veil, which stands first in what it lies over."""
    return f'<answer-veil for="{name}">\n</answer-veil>'


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
        """Put an element into each output, which hides it while a guess is asked for."""
        for cell in list(self.document.findall(nodes.container)):
            names = [c.removeprefix("tag_veil-") for c in cell["classes"] if c.startswith("tag_veil-")]
            outputs = [part for part in cell if "cell_output" in part.get("classes", [])]
            for name in names:
                cell["classes"].remove(f"tag_veil-{name}")
                for output in outputs:
                    output.insert(0, nodes.raw("", veil_of(name), format="html"))


def dress(app, docname, source):
    """Rewrite a notebook that Sphinx has read, before it is parsed."""
    if app.env.doc2path(docname).endswith(".ipynb"):
        source[0] = json.dumps(dressed(json.loads(source[0])))


def setup(app):
    """Connect to Sphinx."""
    app.connect("source-read", dress)
    app.add_transform(Veils)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
