"""What bench/measure.py and bench/table.py make of measurements, and that the stored ones read as a table."""

from __future__ import annotations

import json

import pytest

from bench.measure import RESULTS, load, ratios, save, spread, take_turns
from bench.table import TABLES, markdown

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


def test_the_table_in_git_is_that_of_the_results():
    assert (RESULTS / "README.md").read_text() == markdown(), "run python -m bench.table"
