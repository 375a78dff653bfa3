"""Read a notebook that anybody may have written, and find the calls in it. Also read inside the sandbox."""

import ast
import json
import re


def read_cells(data: bytes) -> list[dict]:
    """Return the cells of a notebook as dicts of kind, name (its grade_id, else its id) and source.

    Reads nbformat 3 to 5, and whatever is missing is empty. Raises ValueError if it is no notebook at all.
    """
    if not data.strip():
        raise ValueError("the file is empty")
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("the file is not JSON, so it is no notebook") from None
    if not isinstance(notebook, dict):
        raise ValueError("the file is JSON, but no notebook")
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):  # nbformat 3
        cells = [cell for sheet in notebook["worksheets"] for cell in sheet.get("cells", [])]
    if not isinstance(cells, list):
        raise ValueError("the file is JSON, but no notebook")
    return [_cell(cell) for cell in cells if isinstance(cell, dict)]


def _cell(cell: dict) -> dict:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    name = name if isinstance(name, str) else cell.get("id")
    return {
        "kind": "code" if cell.get("cell_type") == "code" else "words",
        "name": name if isinstance(name, str) else "",
        "source": source if isinstance(source, str) else "",
    }


def plain_python(source: str) -> str:
    """Return a cell without Jupyter's `%magic` and `!command` lines; what is plain Python stays as it is."""
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return re.sub(r"^([ \t]*)[%!?][^\n]*", r"\1pass", source, flags=re.M)
    return source


def calls_found(sources: list[str], question: set[str], others: set[str], forbidden: list[str]) -> list[str]:
    """Return which of the `forbidden` dotted names the functions of `question` use, as far as the text shows.

    Follows the notebook's own helpers, but not the functions of the `others`, questions of their own. Knows
    `import … as`, `from … import`, `F = torch.nn.functional`, methods (`X.softmax(1)`), getattr with a text.
    """
    aliases, definitions = {}, {}
    for source in sources:
        try:
            statements = ast.parse(plain_python(source)).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for statement in statements:
            for name in _bound(statement):
                definitions[name] = statement
            for node in ast.walk(statement):
                aliases.update(_imported(node))
    found, todo, seen = set(), list(question), set(others)
    while todo:
        name = todo.pop()
        if name in seen or name not in definitions:
            continue
        seen.add(name)
        for node in ast.walk(definitions[name]):
            found.update(dotted for dotted in forbidden if _uses(node, dotted, aliases, definitions))
            if isinstance(node, ast.Name):
                todo.append(node.id)
    return [dotted for dotted in forbidden if dotted in found]


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a top-level statement defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    return {
        getattr(node, "id", None) or node.name
        for node in ast.walk(statement)
        if (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
        or isinstance(node, ast.FunctionDef)
    }


def _imported(node: ast.AST) -> dict[str, str]:
    if isinstance(node, ast.Import):
        return {alias.asname: alias.name for alias in node.names if alias.asname}
    if isinstance(node, ast.ImportFrom):
        return {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return {}


def _uses(node: ast.AST, dotted: str, aliases: dict[str, str], definitions: dict) -> bool:
    *_, last = dotted.split(".")
    if isinstance(node, ast.Name):
        return node.id not in definitions and aliases.get(node.id) == dotted
    if isinstance(node, ast.Attribute) and node.attr == last:
        path, libraries = _path(node, aliases), ("torch", "numpy")
        is_method = dotted.startswith(libraries) and not path.startswith((*libraries, "math."))
        return path == dotted or is_method  # of an object, as in X.softmax(1)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
        return any(isinstance(part, ast.Constant) and part.value == last for part in node.args)
    return False


def _path(node: ast.AST, aliases: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_path(node.value, aliases)}.{node.attr}"
    return aliases.get(node.id, node.id) if isinstance(node, ast.Name) else "?"
