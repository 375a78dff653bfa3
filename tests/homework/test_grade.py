"""Grading a folder: it goes on where it was broken off, and merges marks given by hand."""

import csv
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

from homework.grader import report, sandbox, sheets
from homework.grader.__main__ import main
from homework.grader.grade import grade

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


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("ana,explain-mean,3", "no number from 0 to 2"),
        ("ana,explain-mean,-1", "no number from 0 to 2"),
        ("ana,explain-mean,nan", "no number from 0 to 2"),
        ("ana,explain-mean,good", "no number from 0 to 2"),
        ("eve,explain-mean,1", "no answer of 'eve'"),
        ("ana,mean,1", "to 'mean'"),
        ('ana,"x', "cannot be read"),
    ],
)
def test_marks_that_cannot_be_are_refused(tmp_path, averages, capsys, line, complaint):
    out = graded(tmp_path, averages, ana="")
    before = (out / "marks.csv").read_bytes()
    (tmp_path / "given.csv").write_text(f"student,question,points\n{line}\n", "utf-8")
    assert main(["report", str(out), "--words", str(tmp_path / "given.csv")]) == 2
    assert complaint in capsys.readouterr().err
    assert (out / "marks.csv").read_bytes() == before


def test_all_answers_in_words_are_on_one_page(tmp_path, averages):
    lost = notebook(explain_mean="<b>an outlier</b>")
    for cell in lost["cells"]:
        cell["metadata"], cell["id"] = {}, ""
    out = graded(tmp_path, averages, ana=notebook(), ben=lost, cat="")
    page = (out / "words.html").read_text("utf-8")
    assert "One large number moves it." in page
    assert "&lt;b&gt;an outlier&lt;/b&gt;" in page
    assert page.count("<h3>") == 3
    assert "SECRET-OF-THE-MODEL-ANSWER" in page  # it is the teacher's


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
    for module in ("sandbox", "grade"):
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
    worker = sandbox.Worker()
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
    monkeypatch.setattr("homework.grader.grade.TIMEOUT", 1)
    report.begin(tmp_path / "OUT", averages)
    submit(tmp_path, one="")
    assert main(["--homework", str(EXAMPLE), *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_a_folder_of_another_sheets_marks_is_refused(tmp_path, averages, capsys):
    report.begin(tmp_path / "out", averages)
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
    assert sorted(marks(theirs / "out")) == ["ana", "cleo.zip"]
    assert "unpack it" in marks(theirs / "out")["cleo.zip"]["note"]
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
    (tmp_path / "t.csv").write_text(report.table(rows), "utf-8", newline="")
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["student"] for row in csv.DictReader(file)] == ["'=1+1", "王小明"]


def test_results_are_json_that_says_how_long_it_took(tmp_path, averages):
    out = graded(tmp_path, averages, ana=notebook())
    result = json.loads((out / "results" / "ana.json").read_text("utf-8"))
    assert 0 < result["seconds"] < 60
    assert result["sandbox"] is not bool(sandbox.missing())
