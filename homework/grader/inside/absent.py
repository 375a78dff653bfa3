"""Let a cell go on where a package is not installed here: what it would bring stands in as `Absent`."""

import ast
import builtins
import importlib

NAME = "__import_failed__"
CATCH_IMPORTS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
found: dict[str, None] = {}  # what could not be imported since it was last reported, in order


class Absent:
    """Whatever is asked of it is as little there; a function that it decorates stays as it is."""

    def __getattr__(self, name: str) -> "Absent":
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent()

    def __call__(self, *args, **kwargs):
        return args[0] if len(args) == 1 and not kwargs and callable(args[0]) else Absent()

    def __iter__(self):
        return iter(())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def __getitem__(self, _) -> "Absent":
        return Absent()

    def __setitem__(self, *_) -> None:
        pass

    def __mro_entries__(self, bases: tuple) -> tuple:
        return ()


def import_failed(problem: ImportError, module: str, dotted: str) -> object:
    """Note what is missing of `module`; return what the name of `dotted` is bound to instead."""
    name = problem.name or module
    if not isinstance(problem, ModuleNotFoundError):  # the module is here, but not what is wanted of it
        name = dotted or module
    found[module if module.startswith(f"{name}.") else name] = None
    try:
        return importlib.import_module(dotted)  # `import torch.nonsense` leaves torch
    except (ImportError, ValueError, TypeError):
        return Absent()


class Guard(ast.NodeTransformer):
    """Let each import that its author did not guard bind `Absent` where it fails."""

    def visit_Try(self, node: ast.Try) -> ast.AST:
        """Who catches a failed import wants to know of it."""
        caught = [name for one in node.handlers for name in names(one.type)]
        if not CATCH_IMPORTS.intersection(caught):
            node.body = [part for one in node.body for part in as_list(self.visit(one))]
        for part in ("handlers", "orelse", "finalbody"):
            setattr(node, part, [new for one in getattr(node, part) for new in as_list(self.visit(one))])
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        """So does who suppresses it."""
        return node if "suppress" in ast.unparse(node.items[0]) else self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        """`import a.b` and `import a.b as c`, several at once."""
        every = []
        for one in node.names:
            top = one.name.partition(".")[0]
            bound = {one.asname or top: one.name if one.asname else top}
            every.append(guarded(ast.Import([one]), one.name, bound, node))
        return every

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        """`from a import b as c`."""
        if node.module == "__future__":
            return node
        bound = {
            one.asname or one.name: f"{node.module or ''}.{one.name}" for one in node.names if one.name != "*"
        }
        return guarded(node, "." * node.level + (node.module or ""), bound, node)


def as_list(node: object) -> list:
    """What a visit returned, as a list."""
    return node if isinstance(node, list) else [node]


def names(node: ast.AST | None) -> list[str]:
    """The names of the exceptions that a handler catches: all, if it names none."""
    if node is None:
        return ["BaseException"]
    return [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]


def guarded(node: ast.stmt, module: str, bound: dict[str, str], where: ast.stmt) -> ast.Try:
    """Return `try: import … except ImportError: name = …`, where the import stood."""
    lines = [f"{name} = {NAME}(_problem, {module!r}, {dotted!r})" for name, dotted in bound.items()]
    handler = "\n ".join(lines or [f"{NAME}(_problem, {module!r}, '')"])
    tried = ast.parse(f"try:\n pass\nexcept ImportError as _problem:\n {handler}").body[0]
    for one in ast.walk(tried):
        if hasattr(one, "lineno"):
            ast.copy_location(one, where)
    tried.body = [ast.copy_location(node, where)]
    return tried


setattr(builtins, NAME, import_failed)
