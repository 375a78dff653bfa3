"""Turn a cell into plain Python, as IPython does."""

import ast
from builtins import compile  # as it was before a cell could replace it

AUTOMAGIC = set("cat cd conda cp load_ext ls matplotlib mkdir pip rm run time timeit".split())  # noqa: SIM905
BROKEN = (SyntaxError, ValueError, RecursionError, MemoryError)  # what parsing may raise


def plain_python(source: str) -> str:
    """Return a cell as IPython would run it: `%magic`, `!command` and `name?` become calls.

    What is plain Python stays as it is; IPython is imported for the rest alone, since that takes a while.
    """
    if parses(source) and not source.lstrip().startswith("In ["):  # a prompt, which looks like an annotation
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    line = source.strip()  # "pip install torch" alone in a cell
    one_line = [f"%{line}"] if "\n" not in line and line.split(" ")[0] in AUTOMAGIC else []
    for text in [source, *one_line]:
        try:
            translated = TransformerManager().transform_cell(text)
        except BROKEN:
            continue
        if parses(translated):
            return translated
    return source


def parses(source: str) -> bool:
    """Is this plain Python?"""
    try:
        parse(source)
    except BROKEN:
        return False
    return True


def parse(source: str, name: str = "<cell>") -> ast.Module:
    """Return the tree of plain Python."""
    return compile(source, name, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)


def statements(source: str) -> list[ast.stmt]:
    """Return the top-level statements of a cell, or none if it is broken."""
    try:
        return parse(plain_python(source)).body
    except BROKEN:
        return []


def with_magics(body: list[ast.stmt]) -> list[ast.stmt]:
    """Put the statements that stand in magics (`%%time`, `%time x = f()`) behind those that run them."""
    found = list(body)
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
            if node.func.attr in ("run_cell_magic", "run_line_magic") and texts:
                found += with_magics(statements(str(texts[-1])))
    return found


def inside_magic(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return what stands under a `%%magic` that heads the whole cell."""
    if len(body) == 1 and "run_cell_magic" in ast.dump(body[0]):
        return with_magics(body)[1:]
    return body


class Given:
    """What stands in the sheet's own checks, which are no part of an answer and need not run."""

    def __init__(self, checks: dict[str, list[str]]):
        """Take the sources of the checks, by name: as students have them, and as the master has them."""
        self.names = set(checks)
        sources = {source for versions in checks.values() for source in versions}
        self.known = {ast.dump(one) for source in sources for one in statements(source)}

    def own(self, cell: dict) -> list[ast.stmt] | None:
        """Return the statements that are the student's own in one of the sheet's checks; None if it is none.

        A check is known by its name, whatever has been changed in it: then only what it defines may be an
        answer. If an editor has lost its name, or put it into another cell, it is known by what stands in it.
        """
        body = inside_magic(statements(cell["source"]))
        known = [one for one in body if ast.dump(one) in self.known]
        own = [one for one in body if one not in known]
        if cell["name"] in self.names:
            defines = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
            return [one for one in own if isinstance(one, defines)]
        checks = any(isinstance(one, ast.Assert | ast.Try | ast.FunctionDef) for one in known)
        return own if checks and len(known) >= len(own) else None
