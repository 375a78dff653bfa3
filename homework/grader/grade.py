"""Grade a folder of submissions: each in a sandbox of its own, several at a time, and none of them twice."""

import builtins
import concurrent.futures
import contextlib
import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from homework.grader import report, sheets, wire
from homework.grader.hidden import Call, CallError, Outcome, run_test
from homework.grader.sandbox import MEMORY, Gone, Worker, missing

ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
LARGEST = 300 << 20  # bytes of a notebook: mostly outputs, which nobody reads
TIMEOUT = 20  # seconds to reach a Dask scheduler
STARTS = 12  # of one submission's process: each time without the cell or function that ended it


@dataclass(frozen=True)
class Limits:
    """How many seconds each may take, and how much memory."""

    cell: float = 20
    call: float = 10
    submission: float = 120
    load: float = 90  # importing torch on a busy machine
    grace: float = 5  # until what ignores its limit is killed
    memory: int = MEMORY  # not seconds but bytes, of all its processes together


@dataclass(frozen=True)
class Job:
    """One submission: only texts and numbers, so that it can go to another machine with the same folders."""

    student: str
    path: str
    problem: str  # why there is no notebook, or ""
    fingerprint: str
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
    found = list(find(submissions, master, limits or Limits(), out))
    if all(job.problem for job in found):
        why = f" ({found[0].student}: {found[0].problem})" if found else ""
        raise sheets.SheetError(f"Nothing in {submissions} is a submission{why}: is this the right folder?")
    report.begin(out, master, [job.student for job in found], report.class_list(students) if students else {})
    if others := sorted(one.name for one in submissions.iterdir() if one.is_file() and not handed_in(one)):
        say(f"Left out, since no notebooks: {', '.join(others)}.")
    todo, done = [], 0
    for job in found:
        if report.result(out, job.student).get("fingerprint") == job.fingerprint:
            done += 1
        else:
            todo.append(job)
    say(f"{done + len(todo)} submissions, {done} of them graded before.")
    with executor(jobs, scheduler, say) as (pool, width):
        for count, result in enumerate(run_all(pool, todo, width), done + 1):
            report.save(out, result)
            points = sum(outcome["points"] for outcome in result["outcomes"])
            say(f"{count}/{done + len(todo)}  {result['student']}: {result['note'] or f'{points:g} points'}")
    return report.write(out, say=say)


# ── which submissions there are ──


def find(folder: Path, master: sheets.Master, limits: Limits, out: Path) -> Iterator[Job]:
    """Yield a job for each student: a notebook, or a folder with one in it, or what is in the way of that."""
    if not folder.is_dir():
        raise sheets.SheetError(f"There is no folder {folder}.")
    hidden = sorted(master.hidden_path.rglob("*.py"))
    sheet = hashlib.sha256(b"".join(path.read_bytes() for path in [master.path, *hidden])).hexdigest()
    seen = set()
    for entry in sorted(folder.iterdir()):
        if not handed_in(entry) or folder.resolve() / entry.name == out.resolve():
            continue
        student = entry.name.removesuffix(".ipynb") or entry.name
        student = entry.name if student in seen else student
        seen.add(student)
        path, problem, fingerprint = entry, "", ""
        try:
            path = notebook_of(entry, master.name)
            with opened(path) as file:
                fingerprint = hashlib.file_digest(file, "sha256").hexdigest() + sheet
        except (OSError, ValueError) as why:
            problem = str(getattr(why, "strerror", None) or why)
            fingerprint = hashlib.sha256(problem.encode()).hexdigest() + sheet
        home = master.path.parents[1].resolve()
        student = student.encode("utf-8", "backslashreplace").decode()
        yield Job(student, str(path.absolute()), problem, fingerprint, master.name, str(home), limits)


def handed_in(entry: Path) -> bool:
    """Is this some student's, readable or not? All else that may lie in the folder is not."""
    if entry.is_file() and not entry.is_symlink():
        return entry.name.endswith((".ipynb", *ARCHIVES))
    return entry.name.endswith(".ipynb") or not entry.name.startswith((".", "__MACOSX"))


def notebook_of(entry: Path, name: str) -> Path:
    """Return the one notebook that `entry` is or holds, or raise ValueError. Links are not followed."""
    if entry.is_symlink():
        raise ValueError("it is a symbolic link, which could lead anywhere")
    if entry.is_file() and entry.name.endswith(".ipynb"):
        return entry
    if entry.is_file():
        raise ValueError("it is packed: unpack it")
    if not entry.is_dir():
        raise ValueError("it is no file with a name that ends in .ipynb")
    found = [
        Path(folder, file)
        for folder, _, files in os.walk(entry)
        for file in files
        if file.endswith(".ipynb") and ".ipynb_checkpoints" not in folder
    ]
    if len(found) > 1:
        found = [path for path in found if path.stem == name] or found
    if len(found) != 1:
        raise ValueError(
            f"the folder has {len(found)} notebooks, and none called {name}.ipynb" if found else "no notebook"
        )
    return found[0]


def opened(path: Path):
    """Open a regular file of a sensible size, and nothing else: a pipe would wait for ever."""
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    file = os.fdopen(number, "rb")
    facts = os.fstat(number)
    if not stat.S_ISREG(facts.st_mode) or facts.st_size > LARGEST:
        file.close()
        raise ValueError(f"it is no file, or larger than {LARGEST >> 20} MB")
    return file


# ── where the work is done: threads, each with a sandboxed process, or a Dask cluster ──


@contextlib.contextmanager
def executor(jobs: int, scheduler: str, say: Callable) -> Iterator[tuple[concurrent.futures.Executor, int]]:
    """Give the executor, and how many submissions it works on at a time."""
    if scheduler:
        try:
            from distributed import Client
        except ImportError:
            raise sheets.SheetError("--scheduler needs Dask: pip install distributed") from None
        try:
            client = Client(scheduler, timeout=TIMEOUT)
        except (OSError, ValueError) as problem:
            raise sheets.SheetError(f"There is no Dask scheduler at {scheduler}: {problem}") from None
        with client, client.get_executor() as pool:
            try:
                reasons = set(client.run(missing).values()) - {""}
            except ImportError:
                raise sheets.SheetError(
                    "Start the Dask workers in this repository, so that they find homework."
                ) from None
            for why in reasons:
                warn(why, say)
            yield pool, 2 * max(1, sum(client.nthreads().values()))
    else:
        if why := missing():
            warn(why, say)
        jobs = jobs or os.cpu_count() or 1
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            yield pool, jobs


def warn(why: str, say: Callable) -> None:
    """Say loudly that there is no sandbox."""
    say(f"""
    ╔═ WARNING: NO SANDBOX ════════════════════════════════════════════════════════
    ║ {why}.
    ║ The students' code runs with your rights: it can read and change your files
    ║ and use the network. The hidden tests stay out of its process, and the marks
    ║ are the same. Grade in a container or on a machine that holds nothing else.
    ╚══════════════════════════════════════════════════════════════════════════════
""")


def run_all(pool: concurrent.futures.Executor, jobs: list[Job], width: int) -> Iterator[dict]:
    """Yield the results as they come; only `width` submissions are under way, so memory stays flat."""
    waiting, left = {}, iter(jobs)
    while True:
        while len(waiting) < width and (job := next(left, None)):
            waiting[pool.submit(grade_one, job)] = job
        if not waiting:
            return
        done, _ = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
        for future in done:
            job, problem = waiting.pop(future), future.exception()
            yield failed(job, problem) if problem else future.result()


# ── one submission ──


def grade_one(job: Job) -> dict:
    """Grade one submission and return all that is known of it, as JSON can hold it. Never raises."""
    started = time.monotonic()
    result = {
        "student": job.student,
        "fingerprint": job.fingerprint,
        "note": "",
        "outcomes": [],
        "answers": {},
        "errors": [],
    }
    try:
        master = sheets.read(job.sheet, Path(job.homework))
        if job.problem:
            raise ValueError(job.problem)
        student = Student(master, job.limits)
        try:
            student.read(Path(job.path))
            result["outcomes"] = [asdict(outcome) for outcome in student.outcomes()]
            if not any(outcome["points"] for outcome in result["outcomes"]):
                result["note"] = student.doubt()
        finally:
            student.close()
        result |= {"answers": student.answers(), "errors": student.errors()}
    except (ValueError, Gone) as why:
        result["note"] = f"unreadable: {why}"
    except Exception as why:
        return failed(job, why)
    return result | {"seconds": round(time.monotonic() - started, 2), "sandbox": not missing()}


def failed(job: Job, why: BaseException) -> dict:
    """The result when the fault is ours. It has no fingerprint, so the next run tries again."""
    note = f"the grader failed: {type(why).__name__}: {why}"
    return {
        "student": job.student,
        "fingerprint": "",
        "note": note,
        "outcomes": [],
        "answers": {},
        "errors": [],
    }


# Pieces of Python's and torch's own messages, and what a student is told of them.
KNOWN = {
    "is no tensor, array, number": "what it returns is no tensor, array, number or text, nor made of these",
    "shapes cannot be multiplied": "the shapes of a matrix product do not fit",
    "must match the size of tensor": "the shapes of two tensors do not fit",
    "size mismatch": "the shapes of two tensors do not fit",
    "Dimension out of range": "a tensor has fewer axes than it expects",
    "out of range": "an index is too large",
    "out of bounds": "an index is too large",
    "is not defined": "it uses a name that neither it nor its imports define",
    "before assignment": "it uses a name before it has a value",
    "not associated with a value": "it uses a name before it has a value",
    "has no attribute": "a value is of another kind than it expects",
    "positional argument": "it takes other arguments than the sheet says",
    "keyword argument": "it takes other arguments than the sheet says",
    "scalar type": "the dtypes of two tensors do not fit",
    "dtype": "the dtypes of two tensors do not fit",
    "two bool tensors": "two bool tensors were subtracted: turn them into numbers first",
    "does not require grad": "a tensor without gradient has no backward",
    "second time": "backward was called twice on one graph",
    "NVIDIA": "there is no GPU here",
    "CUDA": "there is no GPU here",
}
ERRORS = {
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}


def harmless(error: str, names: tuple[str, ...]) -> str:
    """Return what may be told of an exception, in words of our own.

    Its message, and even the name of its class, could carry what a hidden test called the function with.
    """
    kind = next((name for name in names if name in ERRORS), "an exception")
    told = next((told for piece, told in KNOWN.items() if piece in error), "")
    return f"{kind}: {told}" if told else kind


def problem_of(why: str) -> str:
    """What the marks call it when a process is gone."""
    return "too slow" if "time" in why else "ended Python"


def both(check: dict) -> tuple[str, str]:
    """A check as students have it, and as it stands in the master, which a teacher may hand in."""
    return sheets.student_source(check).strip(), sheets.text(check).strip()


class Student:
    """A submission in its sandbox. A process that hangs or ends is started again, without what did that."""

    def __init__(self, master: sheets.Master, limits: Limits):
        self.master, self.limits = master, limits
        self.deadline = time.monotonic() + limits.submission + limits.load
        self.starts, self.dead, self.skipped = 0, {}, set()
        self.stopped, self.ended = {}, {}  # what went wrong in cells, by number, and in questions' functions
        self.worker = Worker(limits.memory)

    def read(self, path: Path) -> None:
        """Read the notebook, in the sandbox, before anything of it runs."""
        with opened(path) as file:
            data = file.read()
        functions = {question: self.master.functions(question) for question in self.master.answers}
        look = {
            question: {
                "own": sorted(own),
                "others": sorted(set().union(*functions.values()) - own),
                "forbidden": self.master.hidden.forbidden.get(question, ()),
            }
            for question, own in functions.items()
        }
        checks = [source for check in self.master.checks.values() for source in both(check)]
        reply = self.worker.ask({"read": len(data), "questions": look, "checks": checks}, 60, data)
        if "unreadable" in reply:
            raise ValueError(reply["unreadable"])
        self.cells, self.used = reply["cells"], reply["used"]
        self.asked = {name: question for question, names in functions.items() for name in names}
        code = [cell for cell in self.cells if cell["kind"] == "code"]  # numbered as in the notebook
        self.code = {number: cell for number, cell in enumerate(code, 1) if not self.is_check(cell)}

    def doubt(self) -> str:
        """Say so if the notebook seems to be another sheet, or none: whose functions does it define?"""
        function = re.compile(r"\bdef +(\w+)")
        theirs = {name for cell in self.code.values() for name in function.findall(cell["source"])}
        masters = sorted(self.master.path.parent.glob("*.ipynb"))
        fits = {
            one.stem: len(theirs.intersection(function.findall(one.read_text("utf-8")))) for one in masters
        }
        name, best = self.master.name, max(fits, key=fits.get)
        if fits[best] > fits[name]:
            return f"it looks like {best}, and not like {name}"
        return "" if fits[name] else f"it holds none of the functions of {name}"

    def is_check(self, cell: dict) -> bool:
        """Is this a check of the sheet's, unchanged? It need not run. A changed one may hold an answer."""
        check = self.master.checks.get(cell["name"])
        return check is not None and cell["source"].strip() in both(check)

    def outcomes(self) -> Iterator[Outcome]:
        """Run the hidden tests here, against functions over there."""
        for test in self.master.hidden.tests:
            if used := self.used[test.question]:
                why = f"your answer uses {', '.join(used)}, which this question does not allow"
                yield Outcome(test.question, 0, test.points, test.says, why)
            else:
                yield run_test(test, Call(self.ask))

    def ask(self, name: str, args: list, kwargs: dict) -> tuple[object, list]:
        """Call the student's function `name`, or raise CallError."""
        if name in self.dead:
            raise CallError(self.dead[name])
        if time.monotonic() > self.deadline:
            raise CallError("your notebook used up its time")
        if self.worker is None or self.starts == 0:
            self.start()
        request = {
            "call": name,
            "args": wire.encode(args),
            "kwargs": wire.encode(kwargs),
            "seconds": self.limits.call,
        }
        try:
            reply = self.worker.ask(request, self.limits.call + self.limits.grace)
        except Gone as why:
            self.worker = None
            self.dead[name] = f"when {name} was called, {why}"
            self.ended[self.asked.get(name, name)] = problem_of(str(why))
            raise CallError(self.dead[name]) from None
        try:
            if "value" in reply:
                return wire.decode(reply["value"]), wire.decode(reply["args"])
            error, names = str(reply["error"])[:400], tuple(map(str, reply["names"]))
        except Exception:  # whatever a forged reply makes decode raise
            raise CallError(f"what {name} returned cannot be read") from None
        if not names:
            raise CallError(f"there is no function {name}")
        if "TooLong" in names:
            self.dead[name] = f"{name} took too long: it ran longer than {self.limits.call:g} s"
            self.ended[self.asked.get(name, name)] = "too slow"
            raise CallError(self.dead[name])
        raise CallError(f"{name} raised {harmless(error, names)}", names, error)

    def start(self) -> None:
        """Start a process and run the cells in it, once more those that came too early for a name."""
        while self.starts < STARTS and time.monotonic() < self.deadline:
            if self.starts or self.worker is None:
                self.worker = Worker(self.limits.memory)
            self.starts += 1
            self.stopped = {number: self.stopped[number] for number in self.skipped}
            try:
                torch = any("torch" in cell["source"] for cell in self.code.values())
                self.worker.ask({"load": torch}, self.limits.load)
                early = self.run_cells(list(self.code), again=True)
                self.run_cells(early, again=False)
                return
            except Gone:
                self.worker = None
        raise CallError("your notebook kept ending its own Python process, or used up its time")

    def run_cells(self, which: list[int], *, again: bool) -> list[int]:
        """Run these cells; return those that miss a name, if they get another chance `again`."""
        early = []
        for number in which:
            if number in self.skipped:
                continue
            seconds = self.limits.cell if time.monotonic() < self.deadline else 1
            try:
                reply = self.worker.ask(
                    {"run": self.code[number]["source"], "seconds": seconds}, seconds + self.limits.grace
                )
            except Gone as why:
                self.skipped.add(number)
                self.stopped[number] = (problem_of(str(why)), f"it was left out: {why}")
                raise
            if again and "NameError" in str(reply.get("names")):
                early.append(number)
            elif reply.get("error"):
                said = str(reply["error"])[:300]
                problem = "too slow" if "TooLong" in str(reply.get("names")) else "cell did not run"
                said = re.sub(r"^(\w+): (.*) \(<cell>, line (\d+)\)$", r"\1 in line \3: \2", said, flags=re.S)
                self.stopped[number] = (problem, said)
        return early

    def errors(self) -> list[dict]:
        """What went wrong outside the tests: question or "", its cell's number or 0, a problem, and more."""
        cells = [
            {
                "question": name if (name := self.code[number]["name"]) in self.master.answers else "",
                "cell": number,
                "problem": problem,
                "says": says,
            }
            for number, (problem, says) in sorted(self.stopped.items())
        ]
        return cells + [
            {"question": question, "cell": 0, "problem": problem, "says": ""}
            for question, problem in self.ended.items()
        ]

    def answers(self) -> dict[str, str]:
        """What stands in the answer cells, in words too, for the feedback and for marking by hand."""
        found = {}
        for cell in self.cells:
            if cell["name"] in self.master.answers or cell["name"] in self.master.words:
                found[cell["name"]] = (found.get(cell["name"], "") + "\n\n" + cell["source"]).strip()
        own = {sheets.student_source(cell).strip() for cell in self.master.notebook["cells"]}
        other = [c["source"] for c in self.cells if c["kind"] == "words" and c["source"].strip() not in own]
        for question in self.master.words:
            answer = re.sub(r"^YOUR ANSWER HERE$", "", found.get(question, ""), flags=re.M).strip()
            found[question] = answer or "\n\n".join(other)
        return {question: text[:20_000] for question, text in found.items()}

    def close(self) -> None:
        """End the process."""
        if self.worker is not None:
            self.worker.close()
