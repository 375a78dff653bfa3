"""The command line: `python -m homework.grader {release,check,grade,report} --help`."""

import argparse
import io
import os
import sys
from pathlib import Path

from homework.grader import sheets

EXAMPLE = """example:
  python -m homework.grader grade ../term/submissions --sheet overfitting --out ../term/marks

Stopped, or called again, it grades only what is new or has changed."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return 0 if all is well, 1 if something was found, 2 if it was used wrongly."""
    options = parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that this console cannot print
    try:
        if not (options.homework / "sheets").is_dir():
            raise sheets.SheetError(f"There is no folder {options.homework / 'sheets'}.")
        if options.homework != sheets.HOMEWORK:
            print(f"The sheets are those of {options.homework}.")
        return options.run(options)
    except sheets.SheetError as problem:
        print(problem, file=sys.stderr)
        return 2
    except OSError as problem:
        print(f"{problem.filename or 'A file'}: {problem.strerror or problem}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m homework.grader", description=__doc__)
    folder = "folder with your sheets/ and hidden/; before or after the command (the book's homework/)"
    top.add_argument("--homework", type=Path, default=sheets.HOMEWORK, metavar="FOLDER", help=folder)
    again = argparse.ArgumentParser(add_help=False)  # without a default, which would undo the first one
    again.add_argument("--homework", type=Path, default=argparse.SUPPRESS, metavar="FOLDER", help=folder)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    release = commands.add_parser(
        "release", help="write the students' sheets: no solutions, no hidden tests", parents=[again]
    )
    release.add_argument("names", nargs="*", metavar="NAME", help="sheets (all)")
    release.add_argument(
        "--to",
        type=Path,
        default=sheets.RELEASED,
        help="folder; what is there is written over (book/homework)",
    )
    release.add_argument("--zip", type=Path, metavar="FILE", help="also pack them for a learning platform")
    release.set_defaults(run=run_release)

    check = commands.add_parser(
        "check", help="prove sheets: do their tests tell right answers from wrong ones?", parents=[again]
    )
    check.add_argument("names", nargs="*", metavar="NAME", help="sheets (all)")
    check.set_defaults(run=run_check)

    grade = commands.add_parser(
        "grade",
        help="grade a folder of submissions; goes on where it was broken off",
        epilog=EXAMPLE,
        parents=[again],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    grade.add_argument(
        "submissions", type=Path, help="folder of STUDENT.ipynb, or of folders STUDENT/ with one"
    )
    grade.add_argument("--sheet", required=True, metavar="NAME", help="which sheet they hand in")
    grade.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FOLDER",
        help="where the marks go: one folder for each sheet",
    )
    grade.add_argument(
        "--jobs", type=at_least_one, default=0, metavar="N", help="how many at a time (one for each core)"
    )
    grade.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="of a Dask cluster: tcp://host:8786 (none)"
    )
    grade.add_argument(
        "--students",
        type=Path,
        metavar="FILE",
        help="class list: a table with a column student, and any others",
    )
    grade.set_defaults(run=run_grade)

    report = commands.add_parser(
        "report", help="merge marks given by hand, and write marks.csv and feedback anew"
    )
    report.add_argument("folder", type=Path, metavar="FOLDER", help="what `grade` wrote")
    report.add_argument(
        "--words",
        type=Path,
        metavar="FILE",
        help="a CSV with the columns student,question,points,comment (FOLDER/words.csv)",
    )
    report.set_defaults(run=run_report)
    return top


def at_least_one(text: str) -> int:
    """A number of jobs."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it must be at least 1, and not {text}")
    return int(text)


def run_release(options: argparse.Namespace) -> int:
    """Write the sheets and say where."""
    if options.zip and not options.zip.parent.is_dir():
        raise sheets.SheetError(f"There is no folder {options.zip.parent}.")
    for path in sheets.release(masters(options), options.to, options.zip):
        print(path)
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Check the sheets and print what is wrong."""
    from homework.grader.check import check
    from homework.grader.trial import refuse_optimized

    refuse_optimized()
    found = []
    for master in masters(options):
        found += [f"{master.name}: {problem}" for problem in check(master)]
    for problem in found:
        print(problem)
    return 1 if found else 0


def run_grade(options: argparse.Namespace) -> int:
    """Grade, and say where the marks are."""
    from homework.grader.grade import grade

    noted = grade(
        options.submissions,
        sheets.read(options.sheet, options.homework),
        options.out,
        jobs=options.jobs,
        scheduler=options.scheduler,
        students=options.students,
        say=lambda line: print(line, flush=True),
    )
    print(
        f"The marks are in {options.out / 'marks.csv'}"
        + (f"; {noted} could not be graded." if noted else ".")
    )
    return 1 if noted else 0


def run_report(options: argparse.Namespace) -> int:
    """Write the marks anew."""
    from homework.grader import report

    report.write(options.folder, options.words)
    print(f"The marks are in {options.folder / 'marks.csv'}.")
    return 0


def masters(options: argparse.Namespace) -> list[sheets.Master]:
    """The sheets that were named, or all."""
    return [sheets.read(name, options.homework) for name in options.names or sheets.names(options.homework)]


def start_again() -> None:  # pragma: no cover (tested as a process of its own)
    """Start Python anew if it would drop `assert`, of which the hidden tests are made."""
    if not __debug__:
        around = {name: value for name, value in os.environ.items() if name != "PYTHONOPTIMIZE"}
        os.execve(sys.executable, [sys.executable, "-m", "homework.grader", *sys.argv[1:]], around)


if __name__ == "__main__":
    start_again()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
