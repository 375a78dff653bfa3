"""What bench/measure.py and bench/table.py make of measurements, and that the stored ones read as a table."""

from __future__ import annotations

import json
import subprocess

import pytest

from bench.measure import RESULTS, load, ratios, save, spread, take_turns
from bench.table import TABLES, markdown
from bench.versions import fine, pythons

TOPICS = sorted(path.stem for path in RESULTS.glob("*.json"))


def test_ways_take_turns_and_the_first_round_does_not_count():
    calls = []
    ways = {name: lambda name=name: calls.append(name) for name in "ab"}
    seconds = take_turns(ways, rounds=3)
    assert calls == ["a", "b"] * 4
    assert {name: len(times) for name, times in seconds.items()} == {"a": 3, "b": 3}


def test_ratios_are_taken_round_by_round():
    found = ratios({"quick": [1, 10, 2], "slow": [3, 30, 8]}, "quick")["slow"]
    assert found == {"median": 3, "least": 3, "most": 4, "n": 3}


def test_spread_rounds_to_four_digits():
    assert spread([1.23456])["median"] == 1.235


def test_what_is_saved_is_whole(tmp_path):
    save("topic", {"a": 1}, tmp_path / "new" / "topic.json")
    assert json.loads((tmp_path / "new" / "topic.json").read_text()) == {"a": 1}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["topic.json"]
    assert load("no such topic") is None


@pytest.mark.parametrize("topic", TOPICS)
def test_stored_results_have_a_table(topic):
    results = load(topic)
    text = TABLES[topic](results.get("grading", results))
    assert text.count("\n|") >= 2
    assert "None" not in text


PACKAGES = {"torch": "2.3.0", "numpy": "1.26.0", "matplotlib": "3.8", "ipython": "7.34", "ipywidgets": "7.7"}
PASSED = {"summary": "9 passed", "failed": []}
BROKEN = {"summary": "1 failed, 8 passed", "failed": ["tests/test_data.py::test_it"]}


def tried(tests):
    return {"packages": PACKAGES, "tests": tests, "lessons": PASSED}


def test_the_table_of_versions_shows_what_failed_and_what_could_not_be_installed():
    sets = {"lowest": tried(PASSED), "newest": tried(BROKEN), "other": {"problem": "no wheel"}}
    text = TABLES["versions"]({"pythons": {"3.13.0": sets}})
    assert "| 3.13.0 | lowest | 2.3.0 | 1.26.0 | 3.8 | 7.34 | 7.7 | 9 passed | 9 passed |" in text
    assert "| 1 failed, 8 passed | 9 passed |" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1, (
        "as many columns"
    )
    assert "- Python 3.13.0, newest: `tests/test_data.py::test_it`" in text
    assert "cannot be installed here: no wheel" in text


@pytest.mark.parametrize(
    ("found", "is_fine"),
    [(tried(PASSED), True), (tried(BROKEN), False), ({"problem": "no wheel"}, False)]
    + [(tried({"summary": words, "failed": []}), False) for words in ("", "No module named pytest")],
)
def test_only_a_set_in_which_all_passed_is_fine(found, is_fine):
    assert fine(found) == is_fine


def test_versions_are_tried_on_pythons_that_the_book_allows():
    found = pythons()
    assert 1 <= len(found) <= 2
    for version, path in found.items():
        assert tuple(map(int, version.split("."))) >= (3, 11)
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
        assert said.split() == ["Python", version]


def test_the_table_in_git_is_that_of_the_results():
    assert (RESULTS / "README.md").read_text() == markdown(), "run python -m bench.table"
