"""A notebook saved by another editor is named in one sentence, and `make strip` puts it right."""

from __future__ import annotations

import copy
import json
import re
import shutil

import nbformat
import pytest

from tools import notebooks

TEMPLATE = notebooks.ROOT / "book/template.ipynb"


def vscode(notebook):
    """As VS Code 1.9x saves a notebook that it opened in a folder with a `.venv`."""
    notebook["metadata"] = {
        "kernelspec": {"display_name": ".venv (3.11.7)", "language": "python", "name": ".venv"},
        "language_info": {"name": "python", "version": "3.11.7"},
        "orig_nbformat": 4,
    }
    notebook["nbformat_minor"] = 2
    for cell in notebook["cells"]:
        del cell["id"]
        cell["metadata"]["vscode"] = {"languageId": "python"}


def colab(notebook):
    """As Colab downloads it."""
    notebook["metadata"]["colab"] = {"provenance": [], "gpuType": "T4"}
    notebook["metadata"]["accelerator"] = "GPU"
    notebook["nbformat_minor"] = 0
    for k, cell in enumerate(notebook["cells"]):
        del cell["id"]
        cell["metadata"] |= {"id": f"x{k}", "colab": {"base_uri": "https://localhost:8080/"}}


def kernel(notebook):
    notebook["metadata"]["kernelspec"]["name"] = "myenv"


def one_id(notebook):
    del notebook["cells"][2]["id"]


def pycharm(notebook):
    notebook["cells"][1]["metadata"]["pycharm"] = {"name": "#%%"}


SAVED = {
    vscode: r"its kernel is '\.venv', its format is 4\.2, \d+ cells have no id, .*\(orig_nbformat, vscode\)$",
    colab: r"its format is 4\.0, \d+ cells have no id, .*\(accelerator, colab, id\)$",
    kernel: r"its kernel is 'myenv'$",
    one_id: r"1 cells have no id$",
    pycharm: r"it has an editor's metadata \(pycharm\)$",
}


@pytest.fixture
def path(tmp_path):
    return shutil.copy(TEMPLATE, tmp_path / "lesson.ipynb")


@pytest.mark.parametrize("save", SAVED)
def test_it_is_named_in_one_sentence_with_the_remedy_and_put_right(save, path, capsys):
    before = notebooks.read(path)
    notebook = copy.deepcopy(before)
    save(notebook)
    path.write_text(json.dumps(notebook), "utf-8")
    assert notebooks.main("check", [path]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{path}: run `make strip`: ")
    assert re.search(SAVED[save], lines[0])
    assert notebooks.main("repair", [path]) == 0
    assert notebooks.main("check", [path]) == 0
    after = notebooks.read(path)
    nbformat.validate(after)
    for cell in (*before["cells"], *after["cells"]):
        cell.pop("id")
    assert after == before, "all else is as it was"


def test_what_is_as_it_should_be_is_not_written(path):
    before = path.stat().st_mtime_ns, path.read_bytes()
    assert notebooks.main("repair", [path]) == 0
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_new_ids_differ_and_are_the_same_each_time():
    cell = {"cell_type": "markdown", "metadata": {}, "source": ["Twice the same."]}
    notebook = {
        "cells": [cell, cell, {**cell, "id": "own"}],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    ids = [cell["id"] for cell in notebooks.repaired(notebook)["cells"]]
    assert len(set(ids)) == 3
    assert ids[2] == "own"
    assert ids == [cell["id"] for cell in notebooks.repaired(notebook)["cells"]]


@pytest.mark.parametrize(
    "text", ["", "<<<<<<< HEAD\n{", "[]", '{"nbformat": 3, "worksheets": []}', '{"nbformat": 4}']
)
def test_what_is_no_notebook_is_told(text, path, capsys):
    path.write_text(text)
    for command in ("check", "repair"):
        assert notebooks.main(command, [path]) == 1
        assert capsys.readouterr().out.startswith(f"{path} is no notebook: save it anew")
    assert path.read_text() == text


def test_every_notebook_of_the_book_is_looked_at_and_as_it_should_be(capsys):
    paths = notebooks.notebooks()
    assert TEMPLATE in paths
    assert notebooks.ROOT / "homework/sheets/overfitting.ipynb" in paths
    assert notebooks.ROOT / "book/homework/overfitting.ipynb" in paths
    assert notebooks.main("check", paths) == 0, capsys.readouterr().out
