"""Small edits of the reference, each of which the hidden tests should notice."""

import ast
import copy
from collections.abc import Iterator

OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
METHODS = {
    "max": "min", "min": "max", "amax": "amin", "amin": "amax", "argmax": "argmin", "argmin": "argmax",
    "sum": "mean", "mean": "sum", "exp": "exp2", "log": "log2", "log1p": "log", "expm1": "exp", "sqrt": "abs",
    "abs": "neg", "std": "var", "var": "std", "zeros": "ones", "ones": "zeros", "randn": "rand",
    "rand": "randn",
}  # fmt: skip


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Yield (name, source) of each mutant: the name is the edited piece, before and after."""
    tree, seen = ast.parse(source), {}
    for index, node in enumerate(ast.walk(tree)):
        for edited in edits(node):
            mutant = copy.deepcopy(tree)
            replace(mutant, list(ast.walk(mutant))[index], edited)
            before, after = (" ".join(ast.unparse(one).split()) for one in (node, edited))
            name = f"{before} -> {after}"
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                name += f" (no. {seen[name]})"
            yield name, ast.unparse(ast.fix_missing_locations(mutant))


def edits(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what `node` becomes: another operator, number or method, or a part left out."""

    def edited(**fields) -> ast.AST:
        new = copy.deepcopy(node)
        for key, value in fields.items():
            setattr(new, key, value)
        return new

    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.BoolOp(op=op) if type(op) in OPERATORS:
            yield edited(op=OPERATORS[type(op)]())
        case ast.Compare(ops=[op]) if type(op) in OPERATORS:
            yield edited(ops=[OPERATORS[type(op)]()])
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand) if not isinstance(operand, ast.Constant):
            yield operand
        case ast.Constant(value=bool(value)):
            yield edited(value=not value)
        case ast.Constant(value=int(value) | float(value)):
            yield edited(value=value + 1)
        case ast.Attribute(attr=attr) if attr in METHODS:
            yield edited(attr=METHODS[attr])
        case ast.Call(keywords=[_, *_] as keywords):
            for key in keywords:
                yield edited(keywords=[other for other in keywords if other.arg != key.arg])
        case ast.Return(value=ast.AST()):
            yield edited(value=ast.Constant(None))
        case ast.Raise() | ast.AugAssign() | ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.If(test=test):
            yield edited(test=ast.UnaryOp(ast.Not(), test))


def replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """Put `new` where `old` stands in `tree`."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(one is old for one in value):
                setattr(parent, name, [new if one is old else one for one in value])
