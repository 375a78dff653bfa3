"""What every benchmark needs: the facts of the machine, ways that take turns, and where results are kept."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def machine(*packages):
    """Return the facts that a time depends on: processor, cores, memory, Python, and packages' versions."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": names[0].split(":")[1].strip() if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
        "versions": {name: _version(name) for name in ("torch", "numpy", "matplotlib", *packages)},
    }


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def take_turns(ways, rounds=5):
    """Call each of {name: function} in turn, `rounds` times over; return {name: seconds of each round}.

    Whatever slows the machine for a while slows all of them alike, so ratios hold where seconds do not.
    One round more comes first and does not count.
    """
    seconds = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    return {name: times[1:] for name, times in seconds.items()}


def spread(values):
    """Return median, least and most of some measurements, rounded to four digits."""
    values = [float(f"{value:.4g}") for value in values]
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "n": len(values)}


def ratios(seconds, reference):
    """Return {name: spread of the ratio to the reference}, taken round by round."""
    return {
        name: spread([a / b for a, b in zip(times, seconds[reference], strict=True)])
        for name, times in seconds.items()
    }


def save(topic, results, path=None):
    """Write a topic's results as JSON, at once and whole, into bench/results unless told elsewhere."""
    path = Path(path or RESULTS / f"{topic}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(results, indent=1) + "\n")
    part.replace(path)


def load(topic):
    """Return a topic's stored results, or None."""
    path = RESULTS / f"{topic}.json"
    return json.loads(path.read_text()) if path.is_file() else None
