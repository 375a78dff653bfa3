"""Tables, as spreadsheets write and read them."""

import csv
import difflib
import io
from collections.abc import Iterable
from pathlib import Path

from homework.grader import names
from homework.grader.sheets import SheetError

BOOKS = (b"PK", b"\xd0\xcf\x11\xe0")  # how a workbook begins, new and old
UNICODE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# Where a table is no UTF-8, the names that are known decide: the bytes of so short a text do not.
OTHERS = ("gb18030", "big5", "cp932", "cp949", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman")


def cell(text: str) -> str:
    """Return a text as a table's cell: a spreadsheet would run one that begins with = + - or @."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


def uncell(text: str) -> str:
    """Return what `cell` was given."""
    return text[1:] if text[:1] == "'" and cell(text[1:]) == text else text


def table(rows: list[dict], columns: Iterable[str] = ("student",)) -> str:
    """Return CSV as spreadsheets read it: with a byte-order mark, for names in any script."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0] if rows else columns)
    writer.writeheader()
    writer.writerows(
        {key: cell(value) if isinstance(value, str) else value for key, value in row.items()} for row in rows
    )
    return "\ufeff" + text.getvalue()


def read_table(path: Path, columns: str, known: Iterable[str] = ()) -> list[tuple[int, dict]]:
    """Return the rows of a CSV that a spreadsheet may have written, each after its last line's number.

    Commas, semicolons or tabs; UTF-8, UTF-16, or any encoding in which some student of it is `known`.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise SheetError(f"{path} cannot be read: {problem.strerror}.") from None
    if content.startswith(BOOKS):
        raise SheetError(f"{path} is a workbook: save it as a table, CSV in UTF-8, and name that.")
    try:
        rows, first = parsed(decoded(path, content, known))
    except csv.Error as problem:
        raise SheetError(f"{path} cannot be read: {problem}.") from None
    if twice := sorted({name for name in first if first.count(name) > 1}):
        raise SheetError(f"{path}: two columns are called {twice[0]!r}: rename one.")
    if not set(columns.split(",")) <= set(first):
        raise SheetError(
            f"{path}: the first line must name the columns {columns}, separated by commas, "
            f"but it is {','.join(first)!r}."
        )
    return rows


def parsed(text: str) -> tuple[list[tuple[int, dict]], list[str]]:
    """Return the rows of a table, each with its line, and the names of its columns."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="", strict=True, delimiter=delimiter)
    columns = [heading(name) for name in reader.fieldnames or []]
    while columns and not columns[-1]:  # a spreadsheet's empty columns
        columns.pop()
    reader.fieldnames = columns
    rows = []
    for row in reader:
        if any(more := row.pop(None, [])):
            row[None] = more
        row = {key: uncell(value) if isinstance(value, str) else value for key, value in row.items()}
        if any(row.values()):
            rows.append((reader.line_num, row))
    return rows, columns


def heading(name: str) -> str:
    """A column's name; those that the grader knows, in any capitals."""
    name = names.shown(name) if name.strip() else ""
    return name.lower() if name.lower() in ("student", "question", "points", "comment", "answer") else name


def decoded(path: Path, content: bytes, known: Iterable[str]) -> str:
    """Return the text of a table, or refuse it."""
    utf_16 = content[:400].count(0) > len(content[:400]) // 4
    guess = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    encoding = next((name for mark, name in UNICODE.items() if content.startswith(mark)), None)
    try:
        return content.decode(encoding or (guess if utf_16 else "utf-8-sig"))
    except UnicodeDecodeError:
        pass
    wanted, best, most = {names.key(name) for name in known if not name.isascii()}, "", 0
    for encoding in OTHERS:
        try:
            text = content.decode(encoding)
            rows, _ = parsed(text)
        except (UnicodeDecodeError, csv.Error):
            continue
        met = len(wanted & {names.key(row.get("student", "")) for _, row in rows})
        if met > most:
            best, most = text, met
    if not best:
        raise SheetError(f"{path} is not in UTF-8: save it anew, as CSV in UTF-8.")
    return best


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Say that there is no such name, and which may be meant, or "" if there is."""
    if name in known:
        return ""
    meant = difflib.get_close_matches(name, known, 1)
    return f"there is no {what} {name!r}" + (f"; did you mean {meant[0]!r}?" if meant else ".")


def class_list(path: Path, taken: Iterable[str] = (), known: Iterable[str] = ()) -> dict[str, dict]:
    """Read who is in the class: for each student what else the table holds, as a number or an e-mail.

    `taken` are columns of the marks; `known` the students who have handed in.
    """
    found, lines = {}, {}
    rows = read_table(path, "student", known)
    for name in rows[0][1] if rows else ():
        if name in taken:
            raise SheetError(f"{path}: the column {name!r} bears a name of the marks' own: rename it.")
    for line, row in rows:
        if None in row:
            raise SheetError(f"{path}, line {line}: there are more cells than in the first line.")
        student = names.shown(row.pop("student"))
        same = names.key(student)
        if same in lines:
            other, at = lines[same]
            raise SheetError(
                f"{path}, line {line}: {student} stands in line {at} already"
                + ("." if other == student else f", as {other}: rename one of them.")
            )
        found[student], lines[same] = row, (student, line)
    return found
