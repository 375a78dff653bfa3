"""Show each lesson with the outputs of the run in which nbval tested it (tools/execute.py)."""

import json
import os
import subprocess
import sys
from pathlib import Path

from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # `jupyter-book build .`, without make, finds only what is installed

from tools import tree  # noqa: E402


def put_outputs_in(app, docname, source):
    """Give the cells of a notebook that Sphinx has read their outputs. Homework sheets are not executed."""
    path = tree.ROOT / app.env.doc2path(docname, base=False)
    if path.suffix != ".ipynb" or path.parent.name == "homework":
        return
    if not tree.is_executed(path):
        raise ExtensionError(f"{path} is not executed as it is now; `make site` does that first.")
    notebook, done = json.loads(source[0]), tree.read(tree.executed(path))
    code = ([cell for cell in one["cells"] if cell["cell_type"] == "code"] for one in (notebook, done))
    for cell, run in zip(*code, strict=True):
        cell |= {"outputs": run["outputs"], "execution_count": run["execution_count"]}
    notebook["metadata"] |= done["metadata"]
    source[0] = json.dumps(notebook)


def bring_what_is_missing():
    """Execute what is not executed, for those who call `jupyter-book build .`; make has done it before."""
    if "MAKING" not in os.environ and not all(map(tree.is_executed, tree.lessons())):
        subprocess.run([sys.executable, "-m", "tools.build", "packages", "notebooks"], cwd=ROOT, check=True)


def setup(app):
    """Connect to Sphinx, between its reading of a file and its parsing."""
    bring_what_is_missing()
    app.connect("source-read", put_outputs_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
