"""Grade a folder of submissions: each in a sandbox of its own, several at a time, and none of them twice."""

import collections
import concurrent.futures
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from homework.grader import fingerprint, intake, messages, names, report, sheets, store, tables
from homework.grader.marks import COLUMNS
from homework.grader.pool import pool, run_all, stopped_by_ctrl_c
from homework.grader.sandbox import missing
from homework.grader.session import Limits
from homework.grader.states import Gone, Problem, State, Stopped
from homework.grader.student import Student
from homework.grader.trial import refuse_optimized, trial


@dataclass(frozen=True)
class Job:
    """One submission: only texts and numbers, so that it can go to another machine with the same folders."""

    student: str
    path: str
    problem: str  # the State that keeps it from being read, or ""
    detail: str
    late: bool
    fingerprint: dict
    sheet: str
    homework: str
    limits: Limits


def grade(
    submissions: Path,
    master: sheets.Master,
    out: Path,
    *,
    jobs: int = 0,
    scheduler: str = "",
    students: Path | None = None,
    limits: Limits | None = None,
    say: Callable[[str], None] = print,
) -> int:
    """Grade what has no mark yet, write it all into `out`, and return how many submissions had a problem."""
    if os.name != "posix":
        raise sheets.SheetError(
            "Grade on Linux or macOS; on Windows, in the Subsystem for Linux or a container."
        )
    refuse_optimized()
    found = list(intake.find(submissions, master.name, out))
    if all(one.problem for one in found):
        why = ""
        if found:
            first = found[0]
            why = f" ({first.student}: {messages.SUBMISSION[first.problem].format(first.detail)})"
        raise sheets.SheetError(f"Nothing in {submissions} is a submission{why}: is this the right folder?")
    taken, handed_in = [*COLUMNS, *master.answers, *master.words], [one.student for one in found]
    expected = tables.class_list(students, taken, handed_in) if students else {}
    depends = fingerprint.of_sheet(master)
    todo = [job_of(one, master, limits or Limits(), expected, depends) for one in found]
    store.begin(out, master, [job.student for job in todo], expected)
    if others := sorted(
        intake.printable(one.name)
        for one in submissions.iterdir()
        if one.is_file() and not intake.handed_in(one)
    ):
        say(f"Left out, since no notebooks: {', '.join(others)}.")
    run(todo, out, jobs, scheduler, say)
    return report.write(out, say=say)


def job_of(
    one: intake.Submission, master: sheets.Master, limits: Limits, expected: dict, depends: dict
) -> Job:
    """Return the job of a submission, under the student's name as the class list has it."""
    spelled = {names.key(name): name for name in expected}
    number = hashlib.sha256(f"{one.problem} {one.detail}".encode()).hexdigest()
    if not one.problem:
        with intake.opened(one.path) as file:
            number = fingerprint.of_submission(file)
    return Job(
        spelled.get(names.key(one.student), one.student),
        str(one.path.absolute()),
        str(one.problem or ""),
        one.detail,
        one.late,
        depends | {"submission": number},
        master.name,
        str(master.path.parents[1].resolve()),
        limits,
    )


def run(every: list[Job], out: Path, jobs: int, scheduler: str, say: Callable[[str], None]) -> None:
    """Grade those that have no mark yet, or one that no longer holds; say why of these."""
    todo, again = [], collections.Counter()
    for job in every:
        kept = store.result(out, job.student)
        part = fingerprint.differs(kept.get("fingerprint"), job.fingerprint)
        if part:
            todo.append(job)
            again[part] += bool(kept)
    done = len(every) - len(todo)
    say(f"{len(every)} submissions, {done} of them graded before.")
    for part, count in again.items():
        if count:
            say(f"{count} of the others graded again: {fingerprint.REASONS[part]}.")
    if not todo:
        return
    count = done

    def save(job: Job, future: concurrent.futures.Future) -> None:
        nonlocal count
        problem = future.exception()
        if isinstance(problem, Stopped):
            return
        count += 1
        result = failed(job, problem) if problem else future.result()
        store.save(out, result)
        points = sum(outcome["points"] for outcome in result["outcomes"])
        said = f"{points:g} points"
        if result["state"] != State.GRADED:
            said = messages.submission(State(result["state"]), result["detail"])
        say(f"{count}/{len(every)}  {result['student']}: {said}")

    with stopped_by_ctrl_c(), pool(jobs, scheduler, say) as workers:
        job = todo[0]
        for why in workers.everywhere(trial, job.sheet, Path(job.homework), job.limits):
            if why:
                raise sheets.SheetError(
                    f"A solved sheet fails on this machine, so nothing was graded: {why.rstrip('.')}."
                )
        run_all(workers, grade_one, todo, save)


def grade_one(job: Job) -> dict:
    """Grade one submission and return all that is known of it, as JSON can hold it. Raises only Stopped."""
    started = time.monotonic()
    result = store.new_result(job.student, State.GRADED, fingerprint=job.fingerprint) | {"late": job.late}
    try:
        refuse_optimized()
        master = sheets.read(job.sheet, Path(job.homework))
        if job.problem:
            raise Problem(State(job.problem), job.detail)
        student = Student(master, job.limits)
        try:
            student.read(Path(job.path))
            result["outcomes"] = list(student.outcomes())
            result |= {"answers": student.answers(), "errors": student.errors()}
            if not any(outcome["points"] for outcome in result["outcomes"]) and (why := student.doubt()):
                raise why
        finally:
            student.close()
    except (Problem, Gone) as why:
        result |= {"state": why.state, "detail": why.detail}
    except Exception as why:
        return failed(job, why)
    return result | {"seconds": round(time.monotonic() - started, 2), "sandbox": not missing()}


def failed(job: Job, why: BaseException) -> dict:
    """The result when the fault is ours. It has no fingerprint, so the next run tries again."""
    return store.new_result(job.student, State.GRADER_FAILED, f"{type(why).__name__}: {why}")
