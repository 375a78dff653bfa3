"""How the book's notebooks are saved, whatever editor they come from: python -m tools.notebooks check|repair

VS Code, Colab and PyCharm leave the name of their kernel, metadata of their own, an older format or cells
without an id, by which a notebook no longer runs everywhere, or a cell loses its address. `check` names such
a notebook in a sentence; `repair`, which `make strip` calls, puts it right and leaves all else as it is.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
FORMAT = {"nbformat": 4, "nbformat_minor": 5}
#: What editors write into a cell's metadata and nobody reads. nbstripout removes JupyterLab's.
EDITORS = {"vscode", "pycharm", "colab", "colab_type", "executionInfo", "outputId", "id"}


def notebooks():
    """Return the paths of all notebooks of the book: lessons, sheets and the sheets' masters."""
    paths = [*ROOT.glob("book/**/*.ipynb"), *ROOT.glob("homework/sheets/*.ipynb")]
    return sorted(path for path in paths if ".ipynb_checkpoints" not in path.parts)


def complaints(notebook):
    """Return in a list of at most one sentence what is wrong with the form of a notebook, given as a dict."""
    version = tuple(notebook.get(key) for key in FORMAT)
    kernel = notebook.get("metadata", {}).get("kernelspec", {}).get("name")
    unnamed = sum(not cell.get("id") for cell in notebook.get("cells", []))
    foreign = set(notebook.get("metadata", {})) - set(METADATA) - {"language_info"}
    foreign |= {key for cell in notebook.get("cells", []) for key in EDITORS & set(cell["metadata"])}
    found = [
        *([f"its kernel is {kernel!r}"] if kernel != "python3" else []),
        *([f"its format is {version[0]}.{version[1]}"] if version != tuple(FORMAT.values()) else []),
        *([f"{unnamed} cells have no id"] if unnamed else []),
        *([f"it has an editor's metadata ({', '.join(sorted(foreign))})"] if foreign else []),
    ]
    return [f"run `make strip`: {', '.join(found)}"] if found else []


def repaired(notebook):
    """Return a copy of a notebook (nbformat 4) in the book's form: each cell gets an id, if it has none."""
    cells, taken = [], {cell.get("id") for cell in notebook["cells"]}
    for cell in notebook["cells"]:
        metadata = {key: value for key, value in cell["metadata"].items() if key not in EDITORS}
        name, text = cell.get("id"), "".join(cell["source"])
        while not name:
            text += " "  # cells of one text differ by this
            name = hashlib.sha256(text.encode()).hexdigest()[:8]
            name = None if name in taken else name
        taken.add(name)
        cells.append({**cell, "id": name, "metadata": metadata})
    return {**notebook, **FORMAT, "metadata": METADATA, "cells": cells}


def read(path):
    """Return a notebook as a dict; ValueError in one sentence if it is none of format 4."""
    try:
        notebook = json.loads(path.read_text("utf-8"))
        if notebook["nbformat"] != 4 or not isinstance(notebook["cells"], list):
            raise ValueError("its format is not 4")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no notebook: save it anew, or end its merge ({error}).") from error
    return notebook


def main(command, paths):
    """Check or repair notebooks; return how many are not as they should be."""
    wrong = 0
    for path in paths:
        try:
            notebook = read(path)
        except ValueError as error:
            print(error)
            wrong += 1
            continue
        if command == "check":
            for complaint in complaints(notebook):
                print(f"{path}: {complaint}")
                wrong += 1
        elif (new := repaired(notebook)) != notebook:
            text = json.dumps(new, indent=1, ensure_ascii=False, sort_keys=True)
            path.write_text(text + "\n", "utf-8")
    return wrong


if __name__ == "__main__":
    if sys.argv[1:2] not in (["check"], ["repair"]):
        sys.exit("Say what to do: python -m tools.notebooks check|repair [NOTEBOOK…]")
    sys.exit(main(sys.argv[1], [Path(name) for name in sys.argv[2:]] or notebooks()) > 0)
