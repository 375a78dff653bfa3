"""Read a notebook that anybody may have written."""

import json
import re
from urllib.parse import unquote

SOURCE, IMAGES = 4 << 20, 24 << 20  # characters of all cells, without images and with them


class NotRead(ValueError):
    """This is no notebook; the message is the code of a `State`."""


def read_cells(data: bytes) -> list[dict]:
    """Return the cells of a notebook as dicts of kind, name (its grade_id, else its id) and source.

    Reads nbformat 3 to 5, and whatever is missing is empty. Raises NotRead if it is no notebook at all.
    """
    if not data.strip():
        raise NotRead("empty")
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError):
        raise NotRead("not-json") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if cells is None and isinstance(notebook, dict) and isinstance(notebook.get("worksheets"), list):
        sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, dict)]  # nbformat 3
        cells = [cell for sheet in sheets for cell in sheet.get("cells", [])]
    if not isinstance(cells, list):
        raise NotRead("no-notebook")
    cells = [read_cell(cell) for cell in cells if isinstance(cell, dict)]
    sources = [cell["source"] for cell in cells]
    plain = [re.sub(r"base64,[\w+/=]+", "", source, flags=re.A) for source in sources]
    if sum(map(len, sources)) > IMAGES or sum(map(len, plain)) > SOURCE:
        raise NotRead("too-much-text")
    return cells


def read_cell(cell: dict) -> dict:
    """Return a cell's kind, name and source; the images attached to words stand in them as data URIs."""
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    source = source if isinstance(source, str) else ""
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    name = name if isinstance(name, str) else cell.get("id")
    kind = "code" if cell.get("cell_type") == "code" else "words"
    if kind == "words" and isinstance(cell.get("attachments"), dict):
        source = with_attachments(source, cell["attachments"])
    return {"kind": kind, "name": name if isinstance(name, str) else "", "source": source}


def with_attachments(source: str, attachments: dict) -> str:
    """Put each attached image where the text names it."""

    def data(match: re.Match) -> str:
        formats = attachments.get(unquote(match[1]), attachments.get(match[1]))
        for kind, content in formats.items() if isinstance(formats, dict) else ():
            content = "".join(content) if isinstance(content, list) else content
            if isinstance(content, str):
                return f"data:{kind};base64," + "".join(content.split())
        return match[0]

    return re.sub(r"attachment:([^)\s\"'>]+)", data, source)
