"""What the names in a notebook, and in one function, stand for, as far as the text shows."""

import ast
from collections.abc import Iterator

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Notebook:
    """What each name of a notebook stands for: the last statement that defines it, or a library's name."""

    def __init__(self, forbidden: list[str]):
        self.forbidden, self.definitions, self.imported, self.classes = forbidden, {}, {}, {}

    def read(self, statement: ast.stmt) -> None:
        """Note what a top-level statement defines."""
        self.classes |= {node.name: node for node in ast.walk(statement) if isinstance(node, ast.ClassDef)}
        for node in outside_functions(statement):
            for name, dotted in imports(node, self.forbidden).items():
                self.imported[name] = dotted
                self.definitions.pop(name, None)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.define(node.name, node)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.define(node.id, statement)

    def define(self, name: str, node: ast.stmt) -> None:
        """Note what defines a name from here on."""
        self.definitions[name] = node
        self.imported.pop(name, None)

    def has_method(self, kind: str, method: str) -> bool:
        """Is `kind` the student's own class, with a method or attribute of this name?"""
        node = self.definitions.get(kind, self.classes.get(kind))
        if not isinstance(node, ast.ClassDef) or kind in self.imported:
            return False
        for one in ast.walk(node):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name == method:
                return True
            stored = isinstance(one, ast.Attribute | ast.Name) and isinstance(one.ctx, ast.Store)
            if stored and getattr(one, "attr", getattr(one, "id", "")) == method:
                return True
        return any(self.has_method(one.id, method) for one in node.bases if isinstance(one, ast.Name))


def local_names(function: FUNCTIONS, book: Notebook) -> dict[str, tuple[str, str]]:
    """The names that are local to a function, and what is known of them."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one]
    found = {one.arg: [("", "")] for one in every if one.arg != "self"}
    body = function.body if isinstance(function.body, list) else [function.body]
    nodes = [node for statement in body for node in outside_functions(statement)]
    plain = {target for node in nodes if isinstance(node, ast.Assign) for target in node.targets}
    for node in nodes:
        for name, kind in () if node in plain else binds(node, book.forbidden):
            found.setdefault(name, []).append(kind)
    for node in nodes:
        for name in node.names if isinstance(node, ast.Global) else ():
            found.pop(name, None)
    return {name: kinds[0] if len(set(kinds)) == 1 else ("", "") for name, kinds in found.items()}


def binds(node: ast.AST, forbidden: list[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield each name that a node binds, and what is known of it."""
    for name, dotted in imports(node, forbidden).items():
        yield name, ("import", dotted)
    if isinstance(node, ast.Assign):
        for one in node.targets:
            if isinstance(one, ast.Name):
                yield one.id, ("object", made_by(node.value))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id, ("", "")
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name, ("class" if isinstance(node, ast.ClassDef) else "", node.name)


def made_by(node: ast.AST | None) -> str:
    """The class in `M(…)`, or ""."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and what is in it, but not what is in a function or class."""
    todo = [node]
    while todo:
        one = todo.pop()
        yield one
        if not isinstance(one, FUNCTIONS | ast.ClassDef):
            todo += reversed(list(ast.iter_child_nodes(one)))


def imports(node: ast.AST, forbidden: list[str]) -> dict[str, str]:
    """The names that an import binds, each with the dotted name that it stands for."""
    if isinstance(node, ast.Import):
        return {
            one.asname or one.name.partition(".")[0]: one.name if one.asname else one.name.partition(".")[0]
            for one in node.names
        }
    if not isinstance(node, ast.ImportFrom):
        return {}
    if node.names[0].name == "*":
        return {one.rpartition(".")[2]: one for one in forbidden if one.rpartition(".")[0] == node.module}
    return {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
