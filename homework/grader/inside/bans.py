"""Find the calls that a question forbids, in the answer and in what it calls, as far as the text shows."""

import ast
import builtins

from .scopes import Notebook, local_names, made_by

LIBRARIES = ("torch", "numpy")
METHODS = ("torch.Tensor.", "torch.ops.", "torch._", "numpy.ndarray.")  # the same calls by another way


def uses(cells: list[list[ast.stmt]], question: set, others: set, forbidden: list[str]) -> list[str]:
    """Return which of the `forbidden` dotted names the functions of `question` use, in these statements.

    Follows the notebook's own helpers, but not the functions of the `others`, questions of their own. Knows
    `import … as`, `from … import`, `import *`, `F = torch.nn.functional`, methods (`X.softmax(1)`), getattr
    with a text. A local variable is no helper, and a method of the student's own class no method of torch.
    """
    book = Notebook(forbidden)
    for statement in (statement for cell in cells for statement in cell):
        book.read(statement)
    found, todo, seen = set(), list(question), set(others)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            look = Look(book)
            look.refer(name)
            if name in book.definitions:
                look.visit(book.definitions[name])
            found |= look.found
            todo += look.names
    return [dotted for dotted in forbidden if dotted in found]


class Look(ast.NodeVisitor):
    """Look at one definition: which forbidden names does it use, and which names of the notebook?"""

    def __init__(self, book: Notebook):
        self.book, self.found, self.names = book, set(), []
        self.scopes = []  # each a dict: a local name -> the dotted name that it was imported from, or a kind

    def refer(self, name: str) -> None:
        """A name of the notebook is used."""
        self.forbid(self.book.imported.get(name, ""))
        self.names.append(name)

    def forbid(self, path: str) -> None:
        """A library's name is used."""
        self.found.update(one for one in self.book.forbidden if f"{path}.".startswith(f"{one}."))

    def local(self, name: str) -> tuple[str, str] | None:
        """What a local name stands for: ("import", dotted), ("object", class) or ("", "")."""
        return next((scope[name] for scope in reversed(self.scopes) if name in scope), None)

    def visit_FunctionDef(self, node) -> None:
        """A function has names of its own."""
        outer = [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]
        for one in [*getattr(node, "decorator_list", []), *outer]:
            self.visit(one)
        self.scopes.append(local_names(node, self.book))
        for one in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(one)
        self.scopes.pop()

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """In a class `self` is an object of it."""
        self.scopes.append({"self": ("object", node.name)})
        self.generic_visit(node)
        self.scopes.pop()

    def visit_Name(self, node: ast.Name) -> None:
        """A name, local or not."""
        if isinstance(node.ctx, ast.Load):
            known = self.local(node.id)
            if known is None:
                self.refer(node.id)
            elif known[0] == "import":
                self.forbid(known[1])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """A dotted name, or a method."""
        path = self.path(node)
        self.forbid(path)
        library = path.startswith((*LIBRARIES, "math.")) and not path.startswith(METHODS)
        if not library and not self.is_own(node.value, node.attr):
            self.forbid_last(node.attr)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """getattr(torch, "softmax")."""
        if isinstance(node.func, ast.Name) and node.func.id == "getattr":
            for one in node.args:
                if isinstance(one, ast.Constant):
                    self.forbid_last(one.value)
        self.generic_visit(node)

    def forbid_last(self, name: object) -> None:
        """A method of an unknown object is used."""
        for dotted in self.book.forbidden:
            if dotted.startswith(LIBRARIES) and dotted.rpartition(".")[2] == name:
                self.found.add(dotted)

    def path(self, node: ast.AST) -> str:
        """The dotted name that an expression stands for; what is no library's begins with a question mark."""
        if isinstance(node, ast.Attribute):
            return f"{self.path(node.value)}.{node.attr}"
        if not isinstance(node, ast.Name):
            return "?"
        kind, dotted = self.local(node.id) or ("import", self.book.imported.get(node.id, ""))
        if kind == "import" and dotted:
            return dotted
        known = kind != "import" or node.id in self.book.definitions or hasattr(builtins, node.id)
        return "?" if known else node.id

    def is_own(self, node: ast.AST, method: str) -> bool:
        """Is this an object of the student's own class, which has this method?"""
        if isinstance(node, ast.Name):
            value = getattr(self.book.definitions.get(node.id), "value", None)
            known = self.local(node.id) or ("object", made_by(value) or node.id)  # M.softmax(X) itself
            kind = known[1] if known[0] in ("object", "class") else ""
        else:
            kind = made_by(node)
        return self.book.has_method(kind, method)
