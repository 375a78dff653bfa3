"""Whose submission it is: names in files, folders, class lists and tables, and what stands in their way."""

import csv
import json
import os

import pytest
from handed_in import QUICK, marks, notebook, submit

from homework.grader import intake, messages, names, sheets, tables
from homework.grader.grade import grade
from homework.grader.states import State

SAME = [
    ("José", "Jose\u0301"), ("学生１２", "学生12"), ("Ana", "Ana "), ("Ana", "ana."), ("Ana", "A\u200bna"),
    ("Ana Maria", "Ana\u00a0 Maria"), ("O'Brien", "O’Brien"), ("A-B", "A–B"), ("A-B", "A\u2011B"),
    ("=Ana", "'=Ana"), ("7", "007"), ("7", "０７"), ("Ana", "\ufeffAna"), ("Straße", "STRASSE"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_a_person_reads_as_the_same_name_is_the_same(one, other):
    assert names.key(one) == names.key(other)
    assert names.key(names.shown(other)) == names.key(other)


@pytest.mark.parametrize(
    "pair", [("Ana", "Anna"), ("José", "Jose"), ("Ana", "Ben"), ("7", "70"), ("", ".."), ("0", "1")]
)
def test_other_names_are_others(pair):
    assert names.key(pair[0]) != names.key(pair[1])


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_names_that_fall_together_are_refused_by_name(tmp_path, one, other):
    for name in (f"{one}.ipynb", f"{other}.ipynb"):
        (tmp_path / name).write_text("{}")
    if len(list(tmp_path.iterdir())) == 2:  # some file systems fold them
        with pytest.raises(sheets.SheetError, match="one student's name: keep one") as problem:
            list(intake.find(tmp_path, "averages", tmp_path / "out"))
        assert intake.printable(one) in str(problem.value)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_class_list_and_the_files_mean_the_same_student(tmp_path, averages, one, other):
    theirs = submit(tmp_path / "in", x="")
    (theirs / "x.ipynb").rename(theirs / f"{other}.ipynb")
    submit(theirs, someone=notebook())
    (tmp_path / "class.csv").write_text(f"student,id\n{one},7\nsomeone,8\n", "utf-8")
    grade(
        theirs, averages, tmp_path / "out", students=tmp_path / "class.csv", limits=QUICK, say=lambda _: None
    )
    table = marks(tmp_path / "out")
    assert len(table) == 2
    assert {row["id"] for row in table.values()} == {"7", "8"}
    (tmp_path / "given.csv").write_text(
        f"student,question,points,comment\n{other},explain-mean,1,\n", "utf-8"
    )
    from homework.grader.__main__ import main

    assert main(["report", str(tmp_path / "out"), "--words", str(tmp_path / "given.csv")]) == 0
    assert [row["total"] for row in marks(tmp_path / "out").values() if row["id"] == "7"] == ["1"]


def found(folder) -> dict:
    """Each student's submission."""
    return {one.student: one for one in intake.find(folder, "averages", folder / "out")}


def test_an_ending_in_capitals_and_spaces_is_one(tmp_path):
    for name in ("ana.IPYNB", "ben.ipynb ", " cat.ipynb", "dan.Ipynb", "eve\u200b.ipynb"):
        (tmp_path / name).write_text("{}")
    assert {student: one.problem for student, one in found(tmp_path).items()} == dict.fromkeys(
        ["ana", "ben", "cat", "dan", "eve"]
    )


MOODLE = {
    "Ana Núñez_123_assignsubmission_file_/averages.ipynb": "Ana Núñez",
    "Ben Smith_124_assignsubmission_file_averages.ipynb": "Ben Smith",
    "Ben Smith_124_assignsubmission_onlinetext_/onlinetext.html": None,
    "Li Wei_125_assignsubmission_file_/averages.ipynb": "Li Wei (125)",
    "Li Wei_126_assignsubmission_file_/averages.ipynb": "Li Wei (126)",
    "Participant_127_assignsubmission_file_/hw.ipynb": "Participant",
}
CANVAS = {
    "doejane_123_4567_averages.ipynb": "doejane",
    "smith_LATE_124_4568_averages-2.ipynb": "smith",
    "smith_LATE_124_4569_notes.pdf": None,
    "li_125_4570_averages.ipynb": "li (125)",
    "li_126_4571_averages.ipynb": "li (126)",
    "kim_127_4572_averages.ipynb": "kim",
    "kim_127_4573_draft.ipynb": None,
}


@pytest.mark.parametrize("packed", [MOODLE, CANVAS])
def test_a_learning_platforms_names_are_turned_into_students(tmp_path, packed):
    for name in packed:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    students = found(tmp_path)
    assert set(students) == {student for student in packed.values() if student}
    assert not [one for one in students.values() if one.problem]
    assert [student for student, one in students.items() if one.late] == ["smith"] * (packed is CANVAS)
    assert all("draft" not in one.path.name for one in students.values())


def test_what_is_late_is_noted(tmp_path, averages):
    theirs = submit(tmp_path / "in", doejane_LATE_12_345_averages=notebook())
    grade(theirs, averages, tmp_path / "out", limits=QUICK, say=lambda _: None)
    assert marks(tmp_path / "out")["doejane"]["note"] == "late; to be marked: explain-mean"


def test_a_folder_of_clones_is_a_folder_of_students(tmp_path):
    for name in (
        *("ana/.git/x.ipynb", "ana/averages.ipynb", "ana/.ipynb_checkpoints/averages.ipynb"),
        *("ben/hw/a.ipynb", "ben/__MACOSX/a.ipynb", "ben/hw/._a.ipynb"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert {student: one.problem for student, one in found(tmp_path).items()} == {"ana": None, "ben": None}


@pytest.mark.parametrize(
    ("files", "state", "named"),
    [
        (["ana/homework.zip"], State.PACKED, "homework.zip is packed"),
        (["ana/averages.ipynb.json"], State.RENAMED, "averages.ipynb.json has a wrong ending"),
        (["ana/averages.ipynb.txt", "ana/x.zip"], State.RENAMED, "averages.ipynb.txt"),
        (["ana/essay.pdf"], State.NOTHING_IN_FOLDER, "no notebook"),
        (["ana.zip"], State.PACKED, "ana.zip is packed"),
        (["ana.ipynb.json"], State.RENAMED, "ana.ipynb.json"),
        (["ana.ipynb.txt"], State.RENAMED, "rename it"),
        (["ana.TAR.GZ "], State.PACKED, "unpack it"),
        (["ana/a.ipynb", "ana/b.ipynb"], State.SEVERAL, "2 notebooks"),
        (["ana_12_34_a.ipynb", "ana_12_35_b.ipynb"], State.SEVERAL, "2 notebooks"),
    ],
)
def test_what_is_no_notebook_is_named_as_what_it_is(tmp_path, files, state, named):
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (one,) = found(tmp_path).values()
    assert (one.student, one.problem) == ("ana", state)
    assert named in messages.submission(one.problem, one.detail)


def test_a_notebook_beside_its_archive_counts(tmp_path):
    (tmp_path / "ana.zip").write_text("")
    (tmp_path / "ana.ipynb").write_text("{}")
    assert found(tmp_path)["ana"].problem is None


@pytest.mark.parametrize(
    "name", ["averages (1).ipynb", "averages-2.ipynb", "AVERAGES.ipynb", "averages_3.ipynb"]
)
def test_the_sheets_name_may_be_numbered(tmp_path, name):
    (tmp_path / "ana").mkdir()
    for file in (name, "draft.ipynb"):
        (tmp_path / "ana" / file).write_text("{}")
    assert found(tmp_path)["ana"].path.name == name


CLASS = "student,id\n王小明,7\nanother,8\n"
EUROPE = "student,id\nJosé Núñez,7\nMüller,8\n"


@pytest.mark.parametrize(
    ("text", "encoding", "known"),
    [
        (CLASS, "utf-8", []), (CLASS, "utf-8-sig", []), (CLASS, "utf-16", []), (CLASS, "utf-16-le", []),
        (CLASS, "utf-16-be", []), (CLASS, "gbk", ["王小明"]), (CLASS, "big5", ["王小明"]),
        (EUROPE, "cp1252", ["Müller"]), (EUROPE, "cp1252", ["José Núñez", "x"]),
        (EUROPE, "mac_roman", ["Müller"]),
        ("student,id\nИван,7\n", "cp1251", ["Иван"]), ("student,id\nŁukasz,7\n", "cp1250", ["Łukasz"]),
        ("student,id\n鈴木,7\n", "cp932", ["鈴木"]), (EUROPE.replace(",", ";"), "cp1252", ["Müller"]),
        (CLASS.replace(",", "\t"), "utf-16", []), (EUROPE.replace("student", " Student "), "utf-8", []),
        (EUROPE.replace("\n", ",,\r\n"), "utf-8", []),
    ],
)  # fmt: skip
def test_a_class_list_is_read_in_any_encoding(tmp_path, text, encoding, known):
    (tmp_path / "class.csv").write_bytes(text.encode(encoding))
    rows = list(csv.reader(text.replace(";", ",").replace("\t", ",").replace(",,\r", "").splitlines()))[1:]
    assert tables.class_list(tmp_path / "class.csv", known=known) == {
        name: {"id": number} for name, number in rows
    }


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (CLASS.encode("gbk"), "is not in UTF-8: save it anew, as CSV in UTF-8"),
        (b"PK\x03\x04 a workbook", "is a workbook: save it as a table, CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0", "is a workbook"),
        (b"student,note\nana,7\n", "the column 'note' bears a name of the marks' own: rename it"),
        (b"student,total\nana,7\n", "'total'"),
        (b"student,of\nana,7\n", "'of'"),
        (b"student,mean\nana,7\n", "'mean'"),
        (b"student,id,id\nana,7,8\n", "two columns are called 'id'"),
        (b"student,id\nAna,7\nana ,8\n", "line 3: ana stands in line 2 already, as Ana: rename one of them"),
    ],
)
def test_a_class_list_that_cannot_be_read_is_refused_with_a_remedy(tmp_path, averages, content, complaint):
    theirs = submit(tmp_path / "in", ana=notebook())
    (tmp_path / "class.csv").write_bytes(content)
    with pytest.raises(sheets.SheetError) as problem:
        grade(theirs, averages, tmp_path / "out", students=tmp_path / "class.csv", say=lambda _: None)
    assert complaint in str(problem.value)
    assert str(problem.value).count("\n") == 0
    assert not (tmp_path / "out").exists()


def test_a_file_whose_name_is_no_text_is_a_student_too(tmp_path):
    (tmp_path / os.fsdecode(b"Ren\xe9.ipynb")).write_text(json.dumps({}))
    assert list(found(tmp_path)) == ["Ren\\xe9"]
