"""An emulated Colab: the book's packages, but Colab's notebook machinery, and a notebook alone in a folder.

`python -m tools.colab [NOTEBOOK…]` runs notebooks in it, by default all lessons and all solved homework
sheets, each in a fresh environment, and says how long its set-up cell took and the whole notebook.

As in Colab, `google.colab` is imported when the kernel starts, nothing knows `utils`, and PACKAGES have the
versions that Colab had in 2026. The set-up cell fetches the book from its address in `_config.yml`; git is
told to look for that address in a folder, which holds the working tree as it is, tagged with its version.

Not emulated: torch's older version, Python's newer one, a GPU, Colab's own front end.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from datetime import datetime
from importlib.metadata import distributions
from pathlib import Path

import nbformat
import yaml
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools.tree import ROOT, copy_to, lessons, masters

ADDRESS = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["repository"]["url"]
VERSION = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)[1]
PACKAGES = ["ipython==7.34.0", "ipykernel==6.17.1", "ipywidgets==7.7.1", "matplotlib==3.10.0", "numpy==2.0.2"]
NEEDED = ["ipython_genutils==0.2.0", "backcall==0.2.0", "pickleshare==0.7.5", "decorator==4.4.2"]  # by those
LESSONS = [path for path in lessons() if path.parent.name not in {"book", "reference"}]
SOLVED = masters()


def packages(folder=ROOT / "_build" / "colab"):
    """Install PACKAGES into a folder of their own, once, and return it."""
    ready, wanted = folder / "ready", [*PACKAGES, *NEEDED]
    if not ready.is_file() or ready.read_text("utf-8") != " ".join(wanted):
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "-qqq", "--no-deps", "--target", folder, *wanted]
        subprocess.run(pip, check=True)
        ready.write_text(" ".join(wanted), "utf-8")
    return folder


class Colab:
    """A fresh environment in `folder`; `variables` come from `serve` or `redirect`."""

    def __init__(self, folder, variables):
        self.folder, self.variables = folder, variables
        self.colab, self.book = packages(), folder / "book"
        venv.create(folder / "env", symlinks=True)
        [self.site] = folder.glob("env/lib/python*/site-packages")
        google = self.site / "google" / "colab"
        google.mkdir(parents=True)
        (google / "__init__.py").touch()
        self.book.mkdir()  # links to what the book has, less its own `utils` and what Colab has otherwise
        others = {path.name.partition("-")[0].lower() for path in self.colab.iterdir()}
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            if path.name.partition("-")[0].lower() not in others and "from_lines_to_labels" not in path.name:
                (self.book / path.name).symlink_to(path)
        (self.site / "colab.pth").write_text(f"{self.colab}\n{self.book}\nimport google.colab\n", "utf-8")

    def installed(self):
        """Return what is installed, as `pip freeze` would."""
        found = distributions(path=[str(self.site), str(self.colab), str(self.book)])
        return {f"{one.name}=={one.version}" for one in found}

    def run(self, notebook):
        """Execute a notebook alone in an empty folder, or raise CellExecutionError; outputs go into it."""
        spec = self.folder / "kernels" / "python3" / "kernel.json"
        spec.parent.mkdir(parents=True, exist_ok=True)
        argv = [str(self.folder / "env/bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec.write_text(json.dumps({"argv": argv, "display_name": "Colab", "language": "python"}), "utf-8")
        specs = KernelSpecManager(kernel_dirs=[str(spec.parents[1])])
        kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs)
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        variables |= {"PYDEVD_DISABLE_FILE_VALIDATION": "1"} | self.variables  # no warning of the debugger
        with tempfile.TemporaryDirectory(dir=self.folder) as content:
            client = NotebookClient(notebook, kernel, timeout=300, resources={"metadata": {"path": content}})
            client.execute(env=variables, cleanup_kc=True)


def serve(folder, tag=f"v{VERSION}"):
    """Make a git repository of the working tree, tag it, and return the variables by which git finds it."""

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)

    copy_to(folder)
    git("init", "--quiet")
    git("add", "--all")
    git("-c", "user.name=Colab", "-c", "user.email=colab@localhost", "commit", "--quiet", "-m", "As it is")
    git("tag", tag)
    return redirect(folder)


def redirect(folder):
    """Return the variables by which git looks for the book's address in `folder`."""
    key = f"url.{folder.as_uri()}.insteadOf"
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": ADDRESS}


def seconds(cell):
    """Return how long a cell took in its last run."""
    begin, end = (cell.metadata.execution[key] for key in ("iopub.execute_input", "shell.execute_reply"))
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


def attempt(path, folder, variables):
    """Run one notebook in a fresh environment; return (whether all is well, what to say about it)."""
    colab, notebook = Colab(folder, variables), nbformat.read(path, 4)
    before, start = colab.installed(), time.monotonic()
    try:
        colab.run(notebook)
    except CellExecutionError as error:
        return False, str(error)
    if (new := colab.installed() ^ before) != {f"from-lines-to-labels=={VERSION}"}:
        return False, f"the set-up cell changed {new}"
    return True, f"set-up {seconds(notebook.cells[1]):.1f} s, all {time.monotonic() - start:.1f} s"


def main(paths):
    """Run the notebooks, print a line for each, and return how many failed."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder, "repository")
        repository.mkdir()
        variables = serve(repository)
        for path in paths:
            with tempfile.TemporaryDirectory() as place:
                fine, words = attempt(path, Path(place), variables)
            print(f"{'fine' if fine else 'FAILED'}  {path.relative_to(ROOT)}: {words}", flush=True)
            results.append(fine)
    print(f"{sum(results)} of {len(results)} notebooks run in an emulated Colab.")
    return results.count(False)


if __name__ == "__main__":
    sys.exit(main([Path(name).resolve() for name in sys.argv[1:]] or [*LESSONS, *SOLVED]) > 0)
