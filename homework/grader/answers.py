"""Known answers to a question, right and wrong, as plain Python: `hidden/NAME/answers/QUESTION.py`.

Each function in such a file is an answer and bears a mark. A right answer may also hold mistakes that
students make in it, each at its place:

    @right("subtracts the largest logit")
    def softmax(logits):
        largest = logits.max() if bug("one shift for all rows") else logits.amax(1, keepdim=True)
        exp = (logits - largest).exp()
        return exp / exp.sum(0 if bug("sums over the rows") else 1, keepdim=True)


    @wrong("overflows")
    def softmax(logits):
        return logits.exp() / logits.exp().sum(1, keepdim=True)

As the file stands it has no bug, so that it can be run. `read` makes four answers of this one: the right one,
the same with one of the bugs, twice, and the wrong one.
"""

import ast
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def right(how: str) -> Callable:
    """Mark an answer that must keep full marks; `how` it differs from the sheet's own."""
    return lambda answer: answer


def wrong(why: str) -> Callable:
    """Mark an answer that must lose marks; `why` it is wrong."""
    return lambda answer: answer


def bug(why: str) -> bool:
    """Is this bug in the answer? Never, as the file stands. For `if bug(…):` and `… if bug(…) else …`."""
    return False


@dataclass(frozen=True)
class Answer:
    """A whole answer cell that is known to be right, or wrong."""

    question: str
    why: str
    source: str


def read(path: Path) -> tuple[list[Answer], list[Answer]]:
    """Return the right and the wrong answers in a file; what they share is part of each: imports, helpers.

    Raises ValueError if an answer bears no mark.
    """
    return parsed(path, path.read_text("utf-8"))


@functools.cache
def parsed(path: Path, content: str) -> tuple[list[Answer], list[Answer]]:
    """Do so for a file's content. Each submission asks for it anew, and it takes longer than the tests."""
    shared, marked = [], []
    for node in ast.parse(content, str(path)).body:
        match node:
            case ast.FunctionDef(decorator_list=[ast.Call(ast.Name(mark), [ast.Constant(why)])]):
                marked.append((mark, why, node))
            case ast.ImportFrom(module=module) if module == __name__:
                continue
            case _:
                shared.append(node)
    names = {function.name for *_, function in marked}
    for node in shared:
        if getattr(node, "name", "") in names:
            raise ValueError(f'{path}, line {node.lineno}: mark this answer with @right("…") or @wrong("…").')
    found = {"right": [], "wrong": []}
    for mark, why, function in marked:
        function.decorator_list = []
        variants = {"": (mark, why)} | {name: ("wrong", name) for name in bugs_in(function)}
        for name, (kind, reason) in variants.items():
            cell = ast.Module([*shared, ast.fix_missing_locations(with_bug(function, name))], [])
            found[kind].append(Answer(path.stem, reason, ast.unparse(cell)))
    return found["right"], found["wrong"]


def is_bug(node: ast.AST) -> bool:
    """Is this a call of `bug`?"""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "bug"


def is_known(test: ast.AST) -> bool:
    """Is this condition decided already?"""
    return isinstance(test, ast.Constant) and isinstance(test.value, bool)


def bugs_in(function: ast.FunctionDef) -> list[str]:
    """The bugs of an answer, each once, as they stand."""
    calls = sorted(filter(is_bug, ast.walk(function)), key=lambda call: (call.lineno, call.col_offset))
    return list(dict.fromkeys(call.args[0].value for call in calls))


def with_bug(function: ast.FunctionDef, name: str) -> ast.FunctionDef:
    """Return the function with the one bug of this name, or with none if it is empty."""
    return Chosen(name).visit(ast.parse(ast.unparse(function)).body[0])


class Chosen(ast.NodeTransformer):
    """Leaves of each choice that depends on a bug what is chosen."""

    def __init__(self, name: str):
        self.name = name

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return ast.Constant(node.args[0].value == self.name) if is_bug(node) else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        known = isinstance(node.op, ast.Not) and is_known(node.operand)
        return ast.Constant(not node.operand.value) if known else node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        first, *others = node.values
        if not is_known(first):
            return node
        if first.value == isinstance(node.op, ast.Or):
            return first
        return ast.BoolOp(node.op, others) if len(others) > 1 else others[0]

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        return (node.body if node.test.value else node.orelse) if is_known(node.test) else node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        return (node.body if node.test.value else node.orelse or ast.Pass()) if is_known(node.test) else node
