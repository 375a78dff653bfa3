"""A student's answers, as far as a person reads them: in words with images, and the code of each question."""

import base64
import binascii
import re

from homework.grader import messages, sheets

MOST = 200_000  # characters of one answer, without its images
DATA = r"(?:data|attachment):[\w+/=;:,.%-]*"  # each pattern ends soon: a student may write what he likes
IMAGE = re.compile(
    rf"!\[[^\]]{{0,200}}\]\(\s{{0,9}}<?(?P<markdown>{DATA})>?(?:\s[^)]{{0,200}})?\)"
    rf"|<img\b[^>]{{0,200}}?\bsrc\s{{0,9}}=\s{{0,9}}[\"']?(?P<html>{DATA})[^>]{{0,200}}>",
    re.I | re.A,
)
KINDS = {  # what a file of each kind begins with: anything else is not shown
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"RIFF": "webp",
}


def answers(master: sheets.Master, cells: list[dict], question_of) -> dict[str, str]:
    """Return what stands in the answer cells, for the feedback and for marking by hand, by question.

    Where an editor has lost the names of the cells, all words that are not the sheet's own are the answer.
    """
    found = {}
    for cell in cells:
        name = cell["name"] if cell["kind"] == "words" else question_of(cell)
        if name in master.answers or name in master.words:
            found[name] = (found.get(name, "") + "\n\n" + cell["source"]).strip()
    own = {sheets.student_source(cell).strip() for cell in master.notebook["cells"]}
    named = {*master.words, *master.answers}
    other = [
        cell["source"]
        for cell in cells
        if cell["kind"] == "words" and cell["source"].strip() not in own and cell["name"] not in named
    ]
    for question in master.words:
        answer = re.sub(r"^YOUR ANSWER HERE$", "", found.get(question, ""), flags=re.M).strip()
        found[question] = answer or "\n\n".join(other)
    return {question: cut(text) for question, text in found.items()}


def cut(text: str, most: int = MOST) -> str:
    """Return an answer, and if it is too long its beginning, which says so."""
    pieces, left = [], most
    for kind, piece in segments(text):
        if kind == "text":
            pieces.append(piece[:left])
            left -= len(piece[:left])
        elif left > 0:
            pieces.append(f"![]({piece})")
    length = sum(len(piece) for kind, piece in segments(text) if kind == "text")
    return text if length <= most else "".join(pieces) + messages.CUT.format(f"{length - most:,}")


def segments(text: str) -> list[tuple[str, str]]:
    """Return an answer in pieces: ("text", …), and ("image", data URI) for what is one indeed."""
    found, start = [], 0
    for match in IMAGE.finditer(text):
        uri = image(match["markdown"] or match["html"])
        found.append(("text", text[start : match.start()]))
        found.append(("image", uri) if uri else ("text", messages.NO_IMAGE))
        start = match.end()
    return [(kind, piece) for kind, piece in [*found, ("text", text[start:])] if piece]


def image(uri: str) -> str:
    """Return the data URI of an image anew, from its bytes, or "" if it is none that browsers show safely."""
    head, _, data = uri.partition(",")
    try:
        raw = base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        return ""
    kind = next((kind for begins, kind in KINDS.items() if raw.startswith(begins)), "")
    if not kind or ";base64" not in head.lower():
        return ""
    return f"data:image/{kind};base64,{base64.b64encode(raw).decode()}"
