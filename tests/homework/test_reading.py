"""Reading notebooks, as editors and platforms write them, and the words in them."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homework.grader import messages, words
from homework.grader.inside import notebook, worker
from homework.grader.states import UNREADABLE, State

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and more").decode()


@pytest.mark.parametrize("book", ["", "[]", "{}", "7", '{"cells": 3}', "{", "\ufeff{}"])
def test_what_is_no_notebook_is_refused(book):
    with pytest.raises(notebook.NotRead) as problem:
        notebook.read_cells(book.encode())
    assert State(str(problem.value)) in UNREADABLE
    assert messages.submission(State(str(problem.value)), "").startswith("unreadable: the file is")


def test_a_cell_is_known_by_its_grade_id_or_else_its_id():
    cells = [
        {"cell_type": "code", "id": "a", "source": ["x\n", "y"], "metadata": {"nbgrader": {"grade_id": "q"}}},
        {"cell_type": "markdown", "id": "b", "source": "words", "metadata": {}},
    ]
    assert notebook.read_cells(json.dumps({"cells": cells}).encode()) == [
        {"kind": "code", "name": "q", "source": "x\ny"},
        {"kind": "words", "name": "b", "source": "words"},
    ]


def words_of(source: str, **more) -> str:
    """What is read of a cell in words."""
    book = {"cells": [{"cell_type": "markdown", "source": source, **more}]}
    return notebook.read_cells(json.dumps(book).encode())[0]["source"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("![shot](attachment:shot.png)", "shot.png"),
        ("![my shot](<attachment:my%20shot.png> 'A title')", "my shot.png"),
        ("<img src='attachment:a.png' width=3>", "a.png"),
        ("<img alt=x src=attachment:a.png>", "a.png"),
    ],
)
def test_an_attached_image_is_part_of_the_answer(text, name):
    source = words_of(f"See {text} there", attachments={name: {"image/png": PNG}})
    assert words.segments(source) == [
        ("text", "See "), ("image", f"data:image/png;base64,{PNG}"), ("text", " there"),
    ]  # fmt: skip


def test_attachments_may_be_written_as_lists_of_lines():
    source = words_of(
        "![](attachment:a.png)", attachments={"a.png": {"image/png": [PNG[:8] + "\n", PNG[8:]]}}
    )
    assert words.segments(source) == [("image", f"data:image/png;base64,{PNG}")]


@pytest.mark.parametrize("attachments", [None, 3, {"a.png": None}, {"a.png": {"image/png": 3}}, {"b": {}}])
def test_an_attachment_that_is_not_there_is_said(attachments):
    assert words.segments(words_of("![](attachment:a.png)", attachments=attachments)) == [
        ("text", messages.NO_IMAGE)
    ]


@pytest.mark.parametrize(
    "uri",
    [
        "data:text/html;base64,PHNjcmlwdD4=",
        "data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+",
        "data:image/png;base64,PHNjcmlwdD4=",
        "data:image/png," + PNG,
        "data:image/png;base64,***",
        "data:",
    ],
)
def test_what_is_no_image_is_not_shown(uri):
    assert ("image", uri) not in words.segments(f"![x]({uri})")
    assert not [piece for kind, piece in words.segments(f"![x]({uri})") if kind == "image"]


@pytest.mark.parametrize(
    "piece", ["![", "<img ", "![](data:", "<img src=data:", "attachment:", "![](data:image/png;"]
)
def test_no_answer_keeps_the_grader_busy(piece):
    assert "".join(text for _, text in words.segments(piece * 20_000))


@given(st.text(alphabet="ab![](<img src=data:;,>\n"))
def test_text_without_images_is_shown_as_it_is(text):
    found = words.segments(text)
    if messages.NO_IMAGE not in [piece for _, piece in found]:
        assert "".join(piece for _, piece in found) == text


def test_nothing_is_lost_before_200_000_characters_and_a_cut_is_said():
    image = f"![](data:image/png;base64,{PNG})"
    whole = "x" * 199_999 + image + "y"
    assert words.cut(whole) == whole
    told = words.cut(whole + "z" * 1234 + image)
    assert told.startswith(whole)
    assert "z" not in told
    assert told.endswith("[Cut here: the answer has 1,234 characters more.]")


def test_a_large_image_does_not_make_a_notebook_unreadable():
    large = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(6_000_000)).decode()
    source = words_of("![](attachment:a.png)", attachments={"a.png": {"image/png": large}})
    assert words.segments(source)[0][0] == "image"
    with pytest.raises(notebook.NotRead, match="too-much-text"):
        words_of("![](data:image/png;base64," + "A" * 26_000_000)
    book = {"cells": [{"cell_type": "code", "source": "#" * 5_000_000}]}
    reply = worker.read({"checks": {}, "questions": {}}, json.dumps(book).encode())
    assert reply == {"unreadable": State.TOO_MUCH_TEXT}
