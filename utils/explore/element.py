"""What the interactive figures share: an element's HTML with its script, headings, tables, errors."""

import gzip
import json
from html import escape
from pathlib import Path

from IPython.display import HTML

BUDGET = 150_000  #: bytes that one figure may add to a gzipped page


def element(name, *, title, notice, fallback, budget=BUDGET, **data):
    """Show a custom element, a JavaScript file of this folder, which computes in the browser.

    The figures below are made with it; the first is in the lesson "A line through points".

    Args:
        name: the element's file without `.js`.
        title: what to try, shown above the figure.
        notice: what to notice, shown below the title.
        fallback: HTML shown in its stead where JavaScript is off.
        budget: how many bytes the figure may add to the gzipped page.
        data: what the element finds in `this.data`; anything that `json` writes.
    Returns:
        An IPython `HTML` object, one string with the element and its script.
    Raises:
        ValueError: if it exceeds the budget.
    """
    tag = f"explore-{name.replace('_', '-')}"
    base, machine, own = (
        Path(__file__).with_name(f"{part}.js").read_text("utf-8") for part in ("base", "machine", name)
    )
    script = base + machine * ("extends Machine" in own) + own
    data = escape(json.dumps(data, ensure_ascii=False), quote=False).replace('"', "&quot;")
    page = f"""<{tag} class="explore" role="group" aria-label="{escape(title)}" data="{data}">
<div slot="heading">{heading(title, notice)}</div>{fallback}</{tag}>
<script>if (!customElements.get("{tag}")) {{
{script}}}</script>"""
    if (size := len(gzip.compress(page.encode()))) > budget:
        raise fault(
            title,
            f"{size / 1000:.0f} KB gzipped are over its budget of {budget / 1000:.0f} KB; "
            "show fewer values or images, or draw fewer things",
        )
    return HTML(page)


def heading(title, notice):
    """Return the HTML of what to try and what to notice."""
    return f"<p><strong>{escape(title)}</strong></p><p>{escape(notice)}</p>"


def table(head, rows):
    """Return an HTML table; a row's first entry is its header."""
    head = "".join(f'<th scope="col">{escape(entry)}</th>' for entry in head)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{entry}</td>" for entry in row)}</tr>'
        for name, *row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def fault(title, text):
    """Return a ValueError that names the figure."""
    return ValueError(f"The figure “{title}”: {text}.")
