"""Write the stored results as one Markdown page: python -m bench.table"""

from __future__ import annotations

import json
from pathlib import Path

from bench.measure import RESULTS


def markdown(folder=RESULTS):
    """Return the page: a table for each topic that has results."""
    parts = [
        "# What was measured",
        "Medians, with the least and the most in brackets. Written by `make bench`.",
    ]
    for path in sorted(Path(folder).glob("*.json")):
        results = json.loads(path.read_text())
        results = results.get("grading", results)
        parts.append(f"## {path.stem.capitalize()}")
        parts.append(TABLES.get(path.stem, nothing)(results))
        parts.append(facts(results["machine"]))
    return "\n\n".join(parts) + "\n"


def facts(machine):
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items() if v)
    threads = f", {machine['threads']} thread" if "threads" in machine else ""
    where = f"{machine['processor']}, {machine['cores']} cores{threads}, {machine['memory_gb']:.0f} GB"
    return f"*{where}; Python {machine['python']}, {versions}; {machine['date']}.*"


def rows(*lines):
    """Return a table of tuples, the first of them its head."""
    head, *body = ["| " + " | ".join(map(str, line)) + " |" for line in lines]
    return "\n".join([head, "|---" * len(lines[0]) + "|", *body])


def show(spread, scale=1):
    """Return "median (least to most)" in three digits, or the one measurement that there is."""
    values = [spread[k] * scale for k in ("median", "least", "most")]
    median, least, most = (f"{value:.0f}" if value >= 100 else f"{value:.3g}" for value in values)
    return f"{median} ({least} to {most})" if spread["n"] > 1 else median


def training(results):
    parts = []
    for part, threads in (("epoch", "one thread"), ("epoch_on_all_cores", "a thread for each core")):
        head = (
            f"way, {threads}",
            "seconds an epoch",
            "× the book",
            "× the floor",
            f"accuracy, {results['epochs']} epochs",
        )
        lines = [
            (
                name,
                show(way["seconds"]),
                show(way["times_concise"]),
                show(way["times_floor"]),
                f"{way['validation_accuracy']:.3f}" if way["validation_accuracy"] else "",
            )
            for name, way in results[part].items()
        ]
        parts.append(rows(head, *lines))
    if "fit" in results:
        head = "a whole fit", "seconds", "× the book", "validation accuracy"
        fits = [
            (name, show(way["seconds"]), show(way["times_concise"]), f"{way['validation_accuracy']:.3f}")
            for name, way in results["fit"].items()
        ]
        parts.append(rows(head, *fits))
    for what, points in results.get("growth", {}).items():
        names = next(iter(points.values()))
        lines = [(n, *(show(spread) for spread in point.values())) for n, point in points.items()]
        parts.append(rows((what, *(f"{name}, µs an image" for name in names)), *lines))
    return "\n\n".join(parts)


def start(results):
    head = "way", "import, s", "data, s", "epoch, s", "whole, s", "memory after import, MB", "peak, MB"
    lines = [
        (
            name,
            *(show(seconds[mark]) for mark in ("import", "data", "epoch", "whole")),
            *(f"{results['peak_bytes'][name][m]['median'] / 1e6:.0f}" for m in ("import", "epoch")),
        )
        for name, seconds in results["seconds"].items()
    ]
    imports = [(name, show(spread, 1000)) for name, spread in results["imports"].items()]
    data = f"The data take {results['data_bytes'] / 1e6:.0f} MB."
    return rows(head, *lines) + f"\n\n{data}\n\n" + rows(("import, one after the other", "ms"), *imports)


def curves(results):
    lines = [
        ("a redraw, s", show(results["redraw_seconds"])),
        ("redraws in ten epochs of a second", show(results["redraws"])),
        ("share of the run, %", show(results["share_of_run"], 100)),
    ]
    return rows(("live curves", ""), *lines)


def pages(results):
    def cells(page):
        return [
            f"{page['bytes'] / 1000:.0f}",
            f"{page['requests']:.0f}",
            show(page["usable_ms"]),
            show(page["usable_slow_ms"]),
        ]

    before = results.get("before", {})
    lines = []
    for name, page in results["pages"].items():
        lines.append((name, *cells(page)))
        if name in before:
            lines.append((f"{name}, before", *cells(before[name])))
    return rows(("page", "KB", "requests", "usable, ms", "usable at 10 Mbps, ms"), *lines)


def build(results):
    lines = [
        (step, show(times["seconds"]), f"{times['executing']['median'] / times['seconds']['median']:.0%}")
        for step, times in results["steps"].items()
    ]
    return rows(("make site", "seconds", "of which notebooks are executed"), *lines)


def steadiness(results):
    lines = [
        (
            seed,
            run["machine"],
            run["threads"],
            len(run["notebooks"]),
            sum(notebook["cells"] for notebook in run["notebooks"].values()),
            sum(len(notebook["failures"]) for notebook in run["notebooks"].values()),
        )
        for seed, run in results["runs"].items()
    ]
    return rows(("hash seed", "machine", "threads", "notebooks", "cells", "failed"), *lines)


def grading(results):
    workers, nbgrader = results["worker_mb"], results["nbgrader"]
    tenth, end = results["grader_mb_at_a_tenth_and_at_the_end"]
    facts = [
        ("submissions, two at a time", results["submissions"]),
        ("of them a minute", results["a_minute"]),
        ("memory of the grader after a tenth, and at the end, MB", f"{tenth}, {end}"),
        ("memory of a worker, MB", f"{workers['median']} (at most {workers['most']})"),
        ("marks that were not as deserved", ", ".join(results["unjust"]) or "none"),
        (f"nbgrader's time for {nbgrader['submissions']} of them, × ours", nbgrader["ratio"]),
    ]
    parts = [rows(("grading", results["sheet"]), *facts)]
    if rates := results.get("a_minute_by_jobs"):
        lines = [(jobs, rates["threads"][jobs], rates["dask"][jobs]) for jobs in rates["threads"]]
        parts.append(rows(("at a time", "on threads, a minute", "on Dask, a minute"), *lines))
    return "\n\n".join(parts)


def gpu(results):
    head = (
        results["gpu"],
        "seconds an epoch",
        "on the CPU",
        "waits in 10 batches",
        "in 100",
        "accuracies",
        "CPU's",
    )
    lines = [
        (
            name,
            *(show(way["seconds"][device]) for device in ("GPU", "CPU")),
            *way["waits"].values(),
            *(", ".join(f"{a:.4f}" for a in way["accuracy"][device]) for device in ("GPU", "CPU")),
        )
        for name, way in results["ways"].items()
    ]
    held = [problem == "" for _, problem in results["lessons"].values()]
    lessons = f"{sum(held)} of {len(held)} notebooks ran there unedited, with every claim holding."
    return rows(head, *lines) + "\n\n" + lessons


def versions(results):
    names = "torch", "numpy", "matplotlib", "ipython", "ipywidgets"
    lines = [
        (python, kind, f"cannot be installed here: {found['problem']}", *[""] * 6)
        if "problem" in found
        else (
            *(python, kind, *(found["packages"][name] for name in names)),
            *(found[part]["summary"] for part in ("tests", "lessons")),
        )
        for python, kinds in results["pythons"].items()
        for kind, found in kinds.items()
    ]
    failed = [
        f"- Python {python}, {kind}: {', '.join(f'`{name}`' for name in bad)}"
        for python, kinds in results["pythons"].items()
        for kind, found in kinds.items()
        if (bad := [name for part in ("tests", "lessons") for name in found.get(part, {}).get("failed", [])])
    ]
    table = rows(("Python", "packages", *names, "unit tests", "cells of two lessons"), *lines)
    return "\n\n".join([table, *(["Failed:\n\n" + "\n".join(failed)] if failed else [])])


def nothing(results):
    """For a topic without a table of its own."""
    return "In its JSON file."


TABLES = {
    function.__name__: function
    for function in (training, start, curves, pages, build, grading, gpu, steadiness, versions)
}

if __name__ == "__main__":
    (RESULTS / "README.md").write_text(markdown())
