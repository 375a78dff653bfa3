"""Run cells as Jupyter does: magics, top-level `await`, an event loop, the last value as `_`."""

import __future__

import ast
import inspect
import linecache
import re
import sys
import types
from builtins import compile, eval, exec  # as they were before a cell could replace them

from . import absent
from .source import parse, plain_python

DEFINES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
FUTURE = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})
OWN_LOOP = re.compile(r"\basyncio\.run\(|\brun_until_complete\(")  # cannot run where a loop runs already


class TooLong(BaseException):
    """The cell or call is out of time. Not an Exception, so that `except Exception` does not catch it."""


class Cells:
    """The student's `__main__`, in which the cells run one after the other."""

    def __init__(self):
        self.module = types.ModuleType("__main__")
        self.space = self.module.__dict__
        self.space |= {
            "input": lambda *_: "",
            "display": lambda *_, **__: None,
            "get_ipython": self.shell,
        }
        self.flags, self.count, self.loop, self.made = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, 0, None, None
        self.unknown: dict[str, None] = {}  # magics that do not exist here

    def become_main(self) -> None:
        """Let pickle and the like find what the cells define."""
        sys.modules["__main__"] = self.module
        sys.displayhook = self.show

    def show(self, value: object) -> None:
        """A cell's last value is `_` in the next."""
        if value is not None:
            self.space["_"] = value

    def shell(self):
        """IPython's own shell over these cells, made when it is first needed."""
        if self.made is None:
            from .shell import make

            self.made = make(self)
        return self.made

    def run(self, source: str) -> None:
        """Run one cell. After a statement that fails, what only defines or imports still runs."""
        plain = plain_python(source)
        if plain is not source or "IPython" in plain:
            self.shell()
        self.count += 1
        name = f"<cell {self.count}>"
        linecache.cache[name] = (len(plain), None, plain.splitlines(keepends=True), name)  # for inspect
        tree = parse(plain, name)
        if "import" in plain:
            tree = absent.Guard().visit(tree)
        in_loop = "asyncio" in plain and not OWN_LOOP.search(plain)
        for number, statement in enumerate(tree.body):
            try:
                self.run_statement(statement, name, in_loop, last=statement is tree.body[-1])
            except TooLong:
                raise
            except BaseException:
                defined = {getattr(one, "name", "") for one in tree.body[:number]}
                for one in tree.body[number + 1 :]:
                    if is_guard(one) or (isinstance(one, DEFINES) and one.name not in defined):
                        self.try_statement(one, name)
                raise

    def try_statement(self, statement: ast.stmt, name: str) -> None:
        """Run a definition, whatever comes of it: that an earlier one failed is told."""
        try:
            self.run_statement(statement, name, in_loop=False, last=False)
        except TooLong:
            raise
        except BaseException:
            return

    def run_statement(self, statement: ast.stmt, name: str, in_loop: bool, last: bool) -> None:
        """Run one statement of a cell; what is awaited, in the event loop."""
        shown = last and isinstance(statement, ast.Expr)
        tree = ast.Interactive([statement]) if shown else ast.Module([statement], [])
        code = compile(tree, name, "single" if shown else "exec", self.flags, dont_inherit=True)
        self.flags |= code.co_flags & FUTURE
        if code.co_flags & inspect.CO_COROUTINE:
            self.wait_for(eval(code, self.space))
        elif in_loop:
            self.wait_for(inside_loop(code, self.space))
        else:
            exec(code, self.space)

    def wait_for(self, coroutine) -> None:
        """Run a coroutine in the one event loop of all cells."""
        import asyncio

        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(coroutine)

    def notes(self) -> dict:
        """What was missing since the last time: packages and magics."""
        found = {"absent": list(absent.found), "unknown": list(self.unknown)}
        absent.found.clear()
        self.unknown.clear()
        return {kind: names for kind, names in found.items() if names}


async def inside_loop(code: types.CodeType, space: dict) -> None:
    """Run plain code where an event loop runs, as all cells in Jupyter do."""
    exec(code, space)


def is_guard(statement: ast.stmt) -> bool:
    """Is this an import, as `Guard` has left it?"""
    return isinstance(statement, ast.Try) and isinstance(statement.body[0], ast.Import | ast.ImportFrom)
