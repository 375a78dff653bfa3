"""Grading a folder: it goes on where it was broken off, and merges marks given by hand."""

import csv
import html
import html.parser
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest
from handed_in import EXAMPLE, QUICK, ROOT, marks, notebook, submit

from homework.grader import process, report, sandbox, sheets, store, tables
from homework.grader.__main__ import main
from homework.grader.grade import grade
from homework.grader.states import State

COMMAND = [sys.executable, "-m", "homework.grader", "--homework", str(EXAMPLE), "grade"]
NAP = "import time\ntime.sleep(0.4)"


def graded(tmp_path, averages, **submissions):
    """Grade submissions; return the folder of marks."""
    theirs = submit(tmp_path / "submissions", **submissions)
    grade(theirs, averages, tmp_path / "out", jobs=2, limits=QUICK, say=lambda _: None)
    return tmp_path / "out"


def test_a_killed_batch_goes_on_without_losing_or_repeating_a_mark(tmp_path):
    theirs, out = tmp_path / "submissions", tmp_path / "out"
    submit(theirs, **{f"s{number}": notebook(first=NAP) for number in range(8)})
    command = [*COMMAND, str(theirs), "--sheet", "averages", "--out", str(out), "--jobs", "2"]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while len(list(out.glob("results/s*.json"))) < 3:
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    kept = {path: path.stat().st_mtime_ns for path in out.glob("results/s*.json")}
    assert 3 <= len(kept) < 8
    assert not (out / "marks.csv").exists()
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert second.returncode == 0
    assert f"8 submissions, {len(kept)} of them graded before." in second.stdout
    assert second.stdout.count(": 8 points") == 8 - len(kept)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert [row["total"] for row in marks(out).values()] == ["8"] * 8
    assert "1/8" not in second.stdout


@pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing())
def test_a_killed_batch_leaves_no_process_behind(tmp_path):
    theirs = submit(tmp_path / "submissions", one=notebook(first="import time\ntime.sleep(15)"))
    command = [*COMMAND, str(theirs), "--sheet", "averages", "--out", str(tmp_path / "out")]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)

    mine = psutil.Process(run.pid)
    while len(mine.children(recursive=True)) < 3:  # bubblewrap twice, and the worker
        assert run.poll() is None
        time.sleep(0.02)
    workers = mine.children(recursive=True)
    run.kill()
    run.wait()
    assert not psutil.wait_procs(workers, timeout=10)[1]


def test_only_what_changed_is_graded_again(tmp_path, averages):
    out = graded(tmp_path, averages, ana=notebook(), ben=notebook())
    before = (out / "results" / "ana.json").stat().st_mtime_ns
    graded(tmp_path, averages, ben=notebook(mean="def mean(n): return 0"))
    assert (out / "results" / "ana.json").stat().st_mtime_ns == before
    assert [row["total"] for row in marks(out).values()] == ["8", "4"]


def test_marks_given_by_hand_are_merged_and_kept(tmp_path, averages):
    out = graded(
        tmp_path, averages, ana=notebook(), ben=notebook(), cat=notebook(explain_mean="YOUR ANSWER HERE")
    )
    assert [row["explain-mean"] for row in marks(out).values()] == ["", "", "0"]
    assert marks(out)["ana"]["note"] == "to be marked: explain-mean"
    given = tmp_path / "given.csv"
    given.write_text('student,question,points,comment\nana,explain-mean,"1,5",An example & more\n', "utf-8")
    assert main(["report", str(out), "--words", str(given)]) == 0
    assert (marks(out)["ana"]["total"], marks(out)["ben"]["total"]) == ("9.5", "8")
    assert "An example &amp; more" in (out / "feedback" / "ana.html").read_text("utf-8")
    graded(tmp_path, averages, dan=notebook())
    assert main(["report", str(out)]) == 0
    assert [row["total"] for row in marks(out).values()] == ["9.5", "8", "8", "8"]
    assert {row["of"] for row in marks(out).values()} == {"10"}


def merge(tmp_path, *rows, first="student,question,points,comment"):
    """Merge marks given by hand; return the exit code."""
    (tmp_path / "given.csv").write_text("\n".join([first, *rows, ""]), "utf-8")
    return main(["report", str(tmp_path / "out"), "--words", str(tmp_path / "given.csv")])


def test_an_answer_that_was_blank_at_first_is_still_to_be_marked(tmp_path, averages):
    out = graded(tmp_path, averages, ana=notebook(explain_mean="YOUR ANSWER HERE"))
    assert marks(out)["ana"]["explain-mean"] == "0"
    graded(tmp_path, averages, ana=notebook())
    assert marks(out)["ana"]["explain-mean"] == ""
    assert marks(out)["ana"]["note"] == "to be marked: explain-mean"


def test_a_mark_belongs_to_the_answer_that_it_was_given_for(tmp_path, averages):
    out = graded(tmp_path, averages, ana=notebook(), ben=notebook())
    merge(tmp_path, "ana,explain-mean,2,Well put.", "ben,explain-mean,1,")
    graded(tmp_path, averages, ana=notebook(explain_mean="Something else."))
    assert main(["report", str(out)]) == 0
    assert (marks(out)["ana"]["explain-mean"], marks(out)["ben"]["explain-mean"]) == ("", "1")
    assert marks(out)["ana"]["note"] == "changed since it was marked: explain-mean"
    assert "Well put" not in (out / "feedback" / "ana.html").read_text("utf-8")
    assert "2 points. Well put." in (out / "words.html").read_text("utf-8")
    merge(tmp_path, "ana,explain-mean,1.5,")
    assert (marks(out)["ana"]["explain-mean"], marks(out)["ana"]["note"]) == ("1.5", "")


def test_a_mark_that_is_replaced_is_said(tmp_path, averages, capsys):
    graded(tmp_path, averages, ana=notebook())
    merge(tmp_path, "ana,explain-mean,2,")
    merge(tmp_path, "ana,explain-mean,2.0,")
    assert "->" not in capsys.readouterr().out
    merge(tmp_path, "ana,explain-mean,1,")
    assert "2 -> 1 (ana, explain-mean)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("ana,explain-mean,3", "no number from 0 to 2"),
        ("ana,explain-mean,-1", "no number from 0 to 2"),
        ("ana,explain-mean,nan", "no number from 0 to 2"),
        ("ana,explain-mean,good", "no number from 0 to 2"),
        ("ana,explain-mean,1,5,Good", "more cells than in the first line"),
        ("anna,explain-mean,1", "line 2: there is no student 'anna'; did you mean 'ana'?"),
        ("eve,explain-mean,1\nana,mean,1", "student 'eve'"),
        (
            "eve,explain-mean,1\nana,mean,1",
            "line 3: there is no question in words 'mean'.",
        ),
        ("ana,explain-mean,1\nana,explain-mean,2", "line 3: ana's explain-mean stands in line 2 already"),
        ("eve,explain-mean,1", "Nothing was merged."),
        ('ana,"x', "cannot be read"),
    ],
)
def test_marks_that_cannot_be_are_refused(tmp_path, averages, capsys, line, complaint):
    out = graded(tmp_path, averages, ana="")
    before = (out / "marks.csv").read_bytes()
    assert merge(tmp_path, line) == 2
    assert complaint in capsys.readouterr().err
    assert (out / "marks.csv").read_bytes() == before


@pytest.mark.parametrize("first", ["name;question;points;comment", "student,question,points", ""])
def test_a_wrong_first_line_is_said(tmp_path, averages, capsys, first):
    graded(tmp_path, averages, ana="")
    assert merge(tmp_path, "ana;explain-mean;1;", first=first) == 2
    assert (
        "the first line must name the columns student,question,points,comment, separated by commas"
        in capsys.readouterr().err
    )


def test_the_note_and_the_page_say_what_went_wrong_and_where(tmp_path, averages):
    stub = "def mean(numbers):\n    raise NotImplementedError()"
    out = graded(
        tmp_path,
        averages,
        blank=notebook(mean=stub, spread=stub.replace("mean", "spread"), explain_mean="YOUR ANSWER HERE"),
        colon=notebook(spread="def spread(numbers)\n    return 1"),
        slow=notebook(spread="def spread(numbers):\n    while True: pass", first="while True: pass"),
        ends=notebook(spread="import os\ndef spread(numbers): os._exit(0)", last="raise OSError"),
    )
    assert {name: row["note"] for name, row in marks(out).items()} == {
        "blank": "not answered: mean, spread, explain-mean",
        "colon": "cell did not run: spread; to be marked: explain-mean",
        "ends": "cell did not run: code cell 7; ended Python: spread; to be marked: explain-mean",
        "slow": "too slow: code cell 1, spread; to be marked: explain-mean",
    }
    blank, colon, ends, _ = (
        html.unescape((out / "feedback" / f"{name}.html").read_text("utf-8")) for name in marks(out)
    )
    assert blank.count("Not answered yet: the cell still has raise NotImplementedError()") == 2
    assert "not passed" not in blank
    assert "What Python said" not in blank
    assert "The cell does not run to its end: SyntaxError in line 1: expected ':'" in colon
    assert "there is no function" not in colon
    assert "Code cell 7: OSError" in ends


def test_the_page_begins_with_the_points_so_far_and_the_next_step(tmp_path, averages):
    out = graded(tmp_path, averages, ana=notebook(), ben=notebook(mean="def mean(n): return 0"), cat="")
    ana, ben, cat = ((out / "feedback" / f"{name}.html").read_text("utf-8") for name in marks(out))
    assert "<title>Averages: feedback for ana</title>" in ana
    assert "<strong>8 of 8 points so far</strong>; your teacher has still to mark 2 points." in ana
    assert "well done" in ana
    assert "<strong>4 of 8 points so far</strong>" in ben
    assert "Next: look again at <em>Question 1. Mean</em>." in ben
    assert "could not be graded: unreadable: the file is empty." in cat
    merge(tmp_path, "ana,explain-mean,1.5,An example?")
    ana = (out / "feedback" / "ana.html").read_text("utf-8")
    assert "You have <strong>9.5 of 10 points</strong>." in ana
    assert "Your teacher: An example?" in ana


def test_a_page_of_the_books_own_names_the_chapter(tmp_path):
    from homework.grader import sheets

    store.begin(tmp_path, sheets.read("overfitting"))
    facts = store.facts(tmp_path)
    assert (facts["title"], facts["chapter"]) == ("Homework: overfitting", "Overfitting")
    assert [question["title"] for question in facts["questions"] if "point" in question["title"]] == []


def test_all_answers_in_words_are_on_one_page(tmp_path, averages):
    lost = notebook(explain_mean="<b>an outlier</b>")
    for cell in lost["cells"]:
        cell["metadata"], cell["id"] = {}, ""
    out = graded(tmp_path, averages, ana=notebook(), ben=lost, cat="")
    page = (out / "words.html").read_text("utf-8")
    assert "One large number moves it." in page
    assert "&lt;b&gt;an outlier&lt;/b&gt;" in page
    assert page.count("<h3>") == 2
    assert "Answers: 2. Without one: 1." in page
    assert "When is the mean" in page  # the question
    assert "SECRET-OF-THE-MODEL-ANSWER" in page  # it is the teacher's
    assert page.count("(2 points)") == 1


def test_words_csv_goes_question_by_question_as_the_page_does(tmp_path):
    from homework.grader import sheets

    master = sheets.read("overfitting")
    store.begin(tmp_path, master, ["ana", "ben"])
    first, second = master.words
    for student in ("ana", "ben"):
        result = store.new_result(student, State.GRADED)
        store.save(
            tmp_path, result | {"answers": {first: "One.", second: "Two." if student == "ben" else ""}}
        )
    report.write(tmp_path)
    rows = tables.read_table(tmp_path / "words.csv", "student,question")
    assert [(row["question"], row["student"]) for _, row in rows] == [
        (first, "ana"), (first, "ben"), (second, "ben"),
    ]  # fmt: skip


def test_who_is_gone_is_not_in_the_marks_until_he_comes_back(tmp_path, averages, capsys):
    out = graded(tmp_path, averages, ana=notebook(), ben=notebook())
    merge(tmp_path, "ben,explain-mean,2,")
    (tmp_path / "submissions" / "ben.ipynb").rename(tmp_path / "ben.ipynb")
    said = []
    grade(tmp_path / "submissions", averages, out, limits=QUICK, say=said.append)
    assert list(marks(out)) == ["ana"]
    assert not (out / "feedback" / "ben.html").exists()
    assert "ben is no longer among the submissions, so not in marks.csv." in said
    (tmp_path / "ben.ipynb").rename(tmp_path / "submissions" / "ben.ipynb")
    assert main(["report", str(out)]) == 0
    graded(tmp_path, averages)
    assert marks(out)["ben"]["total"] == "10"


def test_a_class_list_shows_who_is_missing_and_what_else_is_known(tmp_path, averages):
    theirs, out = submit(tmp_path / "in", ana=notebook(), bne=notebook()), tmp_path / "out"
    (tmp_path / "class.csv").write_text(
        "student,id,email\nana,7,a@example.edu\nben,8,b@example.edu\n", "utf-8"
    )
    said = []
    noted = grade(theirs, averages, out, students=tmp_path / "class.csv", limits=QUICK, say=said.append)
    assert "In the class list there is no student 'bne'; did you mean 'ben'?" in said
    rows = marks(out)
    assert (rows["ana"]["id"], rows["ana"]["email"], rows["ana"]["total"]) == ("7", "a@example.edu", "8")
    assert (rows["bne"]["id"], rows["bne"]["total"]) == ("", "8")
    assert (rows["ben"]["id"], rows["ben"]["total"], rows["ben"]["note"]) == ("8", "0", "nothing handed in")
    assert noted == 0
    assert not (out / "feedback" / "ben.html").exists()
    assert merge(tmp_path, "ben,explain-mean,2,By word of mouth.") == 0
    assert marks(out)["ben"]["total"] == "2"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,id\nana,7\n", "the first line must name the columns student, separated"),
        ("student,id\nana,7\nana,8\n", "line 3: ana stands in line 2 already"),
        ("student,id\nana,7,8\n", "line 2: there are more cells than in the first line"),
        (None, "cannot be read"),
    ],
)
def test_a_class_list_that_cannot_be_is_refused(tmp_path, capsys, text, complaint):
    submit(tmp_path / "in", ana=notebook())
    if text:
        (tmp_path / "class.csv").write_text(text, "utf-8")
    arguments = ["--homework", str(EXAMPLE), "grade", str(tmp_path / "in"), "--sheet", "averages"]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--students", str(tmp_path / "class.csv")]) == 2
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


class Outline(html.parser.HTMLParser):
    """The tags of a page, checked to be closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.headings, self.attributes = [], [], {}

    def handle_starttag(self, tag, attrs):
        self.attributes.setdefault(tag, dict(attrs))
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag[0] == "h" and tag[1:].isdigit():
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_pages_can_be_read_by_everybody(tmp_path, averages):
    out = graded(
        tmp_path, averages, ana=notebook(mean="def mean(n): return '<script>'", last="raise OSError")
    )
    for path in (out / "feedback" / "ana.html", out / "words.html"):
        outline = Outline()
        outline.feed(path.read_text("utf-8"))
        assert not outline.open
        assert outline.attributes["html"] == {"lang": "en"}
        assert "main" in outline.attributes
        assert "script" not in outline.attributes
        assert outline.headings[0] == 1
        assert all(
            after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False)
        )


def test_without_a_sandbox_the_warning_is_loud_and_the_marks_are_the_same(tmp_path, averages, monkeypatch):
    for module in ("sandbox", "process", "pool", "grade"):
        monkeypatch.setattr(f"homework.grader.{module}.missing", lambda: "there is none today")
    said, theirs = (
        [],
        submit(tmp_path / "in", right=notebook(), loop=notebook(spread="def spread(n):\n while True: pass")),
    )
    grade(theirs, averages, tmp_path / "out", jobs=2, limits=QUICK, say=said.append)
    assert "NO SANDBOX" in said[1]
    assert "there is none today" in said[1]
    assert [row["total"] for row in marks(tmp_path / "out").values()] == ["4", "8"]


@pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing())
def test_bubblewrap_runs_in_a_user_namespace_as_it_does_for_an_ordinary_user(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    worker = process.Worker()
    try:
        assert "--unshare-user" in sandbox.bubblewrap()
        reply = worker.ask({"run": "open('/tmp/x', 'w')", "seconds": 5}, 20)
    finally:
        worker.close()
    assert reply["error"] is None


def test_why_there_is_no_sandbox_is_found_out_by_trying(monkeypatch):
    try_again = sandbox.missing.__wrapped__
    monkeypatch.setattr(sandbox.shutil, "which", lambda _: None)
    assert "apt install bubblewrap" in try_again()
    monkeypatch.setattr(sandbox.shutil, "which", lambda _: "/usr/bin/bwrap")
    script = "import sys; sys.exit('no permission to make a namespace')"
    monkeypatch.setattr(sandbox, "bubblewrap", lambda: [sys.executable, "-c", script])
    assert try_again().endswith("no permission to make a namespace")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["grade", "nowhere", "--sheet", "averages", "--out", "OUT"], "There is no folder nowhere"),
        (["grade", ".", "--sheet", "nothing", "--out", "OUT"], "There is no"),
        (
            ["grade", ".", "--sheet", "averages", "--out", "OUT", "--scheduler", "tcp://127.0.0.1:1"],
            "no Dask scheduler",
        ),
        (["report", "."], "is no folder that `grade` has written"),
        (["report", "OUT", "--words", "nothing.csv"], "nothing.csv"),
    ],
)
def test_wrong_use_is_said_in_one_sentence(tmp_path, averages, monkeypatch, capsys, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("homework.grader.pool.TIMEOUT", 1)
    store.begin(tmp_path / "OUT", averages)
    submit(tmp_path, one="")
    assert main(["--homework", str(EXAMPLE), *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_a_folder_of_another_sheets_marks_is_refused(tmp_path, averages, capsys):
    store.begin(tmp_path / "out", averages)
    theirs = submit(tmp_path / "in", one="")
    arguments = ["--homework", str(EXAMPLE), "grade", str(theirs), "--sheet", "probabilities"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert "holds the marks of averages" in capsys.readouterr().err


def test_what_lies_beside_the_submissions_is_no_student(tmp_path, averages):
    theirs, said = submit(tmp_path / "in", ana=notebook()), []
    (theirs / "given.csv").write_text("student,question,points,comment")
    (theirs / "__MACOSX").mkdir()
    (theirs / "cleo.zip").write_bytes(b"PK")
    for _ in range(2):  # the second time the folder of marks lies there, too
        grade(theirs, averages, theirs / "out", limits=QUICK, say=said.append)
    assert sorted(marks(theirs / "out")) == ["ana", "cleo"]
    assert "unpack it" in marks(theirs / "out")["cleo"]["note"]
    assert "Left out, since no notebooks: given.csv." in said


@pytest.mark.parametrize("names", [[], ["marks.csv"], ["cleo.zip"], ["ana/essay.pdf", "__MACOSX/ana.ipynb"]])
def test_a_folder_in_which_nothing_is_a_submission_leaves_no_marks(tmp_path, averages, names):
    (tmp_path / "in").mkdir()
    for path in (tmp_path / "in" / name for name in names):
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    with pytest.raises(sheets.SheetError, match="is this the right folder"):
        grade(tmp_path / "in", averages, tmp_path / "out", say=lambda _: None)
    assert not (tmp_path / "out").exists()


def test_another_sheet_is_named_in_the_note(tmp_path, averages):
    other = sheets.student_notebook(sheets.read("probabilities", EXAMPLE))
    nothing = {"cells": [{"cell_type": "code", "source": "print(1)"}]}
    blank = sheets.student_notebook(averages)
    out = graded(tmp_path, averages, blank=blank, nothing=nothing, other=other)
    notes = {name: row["note"] for name, row in marks(out).items()}
    assert "averages" not in notes["blank"]
    assert notes["nothing"] == "it holds none of the functions of averages"
    assert notes["other"] == "it looks like probabilities, and not like averages"


def test_an_unreadable_submission_gives_exit_code_1(tmp_path):
    submit(tmp_path / "in", one="")
    arguments = ["--homework", str(EXAMPLE), "grade", str(tmp_path / "in"), "--sheet", "averages"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 1


def test_a_submission_has_so_much_time_and_no_more(tmp_path, averages):
    theirs = submit(tmp_path / "in", slow=notebook(mean="import time\ndef mean(n): time.sleep(0.5)"))
    limits = replace(QUICK, submission=1, load=0.5)
    grade(theirs, averages, tmp_path / "out", limits=limits, say=lambda _: None)
    assert "used up its time" in (tmp_path / "out" / "feedback" / "slow.html").read_text("utf-8")


def test_a_sheet_with_torch(tmp_path):
    """The reference has full marks in the sandbox, and a blank none."""
    master = sheets.read("probabilities", EXAMPLE)
    submit(tmp_path / "in", right=master.notebook, blank=sheets.student_notebook(master))
    assert grade(tmp_path / "in", master, tmp_path / "out", jobs=1, say=lambda _: None) == 0
    assert {name: row["total"] for name, row in marks(tmp_path / "out").items()} == {
        "blank": "0",
        "right": "8",
    }


def test_tables_survive_a_spreadsheet(tmp_path):
    rows = [{"student": "=1+1", "note": 'a "quoted", word'}, {"student": "王小明", "note": "-"}]
    (tmp_path / "t.csv").write_text(tables.table(rows), "utf-8", newline="")
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["student"] for row in csv.DictReader(file)] == ["'=1+1", "王小明"]


def test_results_are_json_that_says_how_long_it_took(tmp_path, averages):
    out = graded(tmp_path, averages, ana=notebook())
    result = json.loads((out / "results" / "ana.json").read_text("utf-8"))
    assert 0 < result["seconds"] < 60
    assert result["sandbox"] is not bool(sandbox.missing())
