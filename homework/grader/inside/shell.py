"""IPython's shell for cells that use it: what needs a person, a screen or the internet does nothing."""

import os
import re
import signal
import subprocess

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import SList
from traitlets.config import Config

from . import absent
from .source import parses

NOTHING = {
    *("autosave", "clear", "cls", "colors", "conda", "connect_info", "debug", "edit", "gui", "less", "mamba"),
    *("man", "matplotlib", "micromamba", "more", "notebook", "pastebin", "pdb", "pinfo", "pinfo2", "pip"),
    *("psearch", "qtconsole", "reset", "tensorboard", "uv", "xmode"),
}
RUNS_CODE = {"capture", "prun", "time", "timeit"}  # what goes wrong in these is the student's own mistake
INTERNET = re.compile(
    r"\s*(sudo\s+)?(\S*python\S*\s+-m\s+)?(apt|apt-get|conda|curl|git|mamba|pip3?|uv|wget)\b"
)
REPEATS = re.compile(r"(?<!\S)-[nr]\s*\d+")


class Shell(InteractiveShell):
    """A shell that runs the cells of `Cells`, and says which magics it does not know."""

    cells = None

    def run_cell(self, raw_cell: str, *_, **__) -> None:
        """Run what stands in a magic, as `%%capture` does."""
        self.cells.run(raw_cell)

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> object:
        """`%name line`."""
        known = self.find_line_magic(magic_name) is not None
        return self._run(f"%{magic_name}", known, lambda: super(Shell, self).run_line_magic(
            magic_name, once(magic_name, line), _stack_depth + 3
        ))  # fmt: skip

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> object:
        """`%%name line`, and a cell below: which runs even if there is no such magic, if it is Python."""
        known = self.find_cell_magic(magic_name) is not None
        if not known and parses(cell):
            self.run_cell(cell)
        return self._run(f"%%{magic_name}", known, lambda: super(Shell, self).run_cell_magic(
            magic_name, once(magic_name, line), cell
        ))  # fmt: skip

    def magic(self, line: str) -> object:
        """What IPython had until version 8, and Colab still has."""
        name, _, rest = line.lstrip("%").partition(" ")
        return self.run_line_magic(name, rest)

    def _run(self, shown: str, known: bool, run) -> object:
        name = shown.lstrip("%")
        if name in NOTHING:
            return None
        try:
            if known:
                return run()
        except ModuleNotFoundError as problem:
            absent.found[problem.name] = None
            return None
        except Exception as problem:
            if name in RUNS_CODE and not isinstance(problem, UsageError):
                raise
        self.cells.unknown[shown] = None
        return None

    def system(self, cmd: str) -> None:
        """`!command`."""
        self.getoutput(cmd, depth=1)

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> list[str] | str:
        """`lines = !command`."""
        command = self.var_expand(cmd, depth=depth + 1)
        text = "" if INTERNET.match(command) else output(command)
        return SList(text.splitlines()) if split else text

    def enable_matplotlib(self, gui: str | None = None) -> tuple[None, None]:
        """There is no screen."""
        return None, None


def output(command: str) -> str:
    """Run a command and return what it prints; if time runs out, none of its processes is left."""
    with subprocess.Popen(
        ["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, start_new_session=True,
    ) as run:  # fmt: skip
        try:
            return run.communicate()[0].decode("utf-8", "replace")
        except BaseException:
            os.killpg(run.pid, signal.SIGKILL)
            raise


def once(name: str, line: str) -> str:
    """`%timeit` repeats for seconds: once is enough."""
    return f"-n 1 -r 1 {REPEATS.sub('', line)}" if name == "timeit" else line


def make(cells) -> Shell:
    """Return the shell of these cells: the one that IPython's own get_ipython() returns."""
    config = Config()
    config.HistoryManager.enabled = False
    mine = {name: cells.space[name] for name in ("input", "display", "get_ipython")}
    Shell.clear_instance()
    shell = Shell.instance(config=config, user_module=cells.module)
    shell.cells = cells
    shell.ast_transformers.append(absent.Guard())  # for what magics run themselves, as `%time import …`
    cells.space |= mine
    return shell
