"""pyproject.toml says what the code needs, the lock has a version of it, and its licenses are as stated."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import build, lock

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NEEDED = PYPROJECT["project"]["dependencies"]
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
REQUIREMENTS = [Requirement(line) for lines in (NEEDED, *EXTRAS.values()) for line in lines]
NAMES = sorted({requirement.name for requirement in REQUIREMENTS})
LICENSES = {name: family for family, names in PYPROJECT["tool"]["licenses"].items() for name in names}


def imported(*paths):
    """Return the packages, by their names on PyPI, that these files and folders import."""
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py"))]
    modules = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            modules |= {name.partition(".")[0] for name in names}
    found = packages_distributions()
    return {canonicalize_name(name) for module in modules for name in found.get(module, ())}


def named(requirements):
    return {Requirement(line).name for line in requirements}


def test_what_utils_imports_is_declared_and_nothing_else():
    assert imported(ROOT / "utils") - {PYPROJECT["project"]["name"]} == named(NEEDED)


def test_an_undeclared_import_would_be_noticed(tmp_path):
    (tmp_path / "code.py").write_text("import yaml\ndef f():\n    from PIL import Image\n")
    assert imported(tmp_path) == {"pyyaml", "pillow"}


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_the_lock_has_a_version_within_the_bounds(requirement):
    assert requirement.specifier.contains(lock.pins()[requirement.name], prereleases=True)


@pytest.mark.parametrize("name", sorted(named([*NEEDED, *EXTRAS["book"], *EXTRAS["test"]])))
def test_the_environment_is_the_locks(name):
    assert version(name) == lock.pins()[name], "run make, which sets up .venv anew"


def test_the_lock_leaves_cuda_to_torch():
    assert not [name for name in lock.pins() if re.match("nvidia|cuda|triton", name)]
    assert lock.CUDA.sub("", "a==1\nnvidia-x==2  # via torch\ntriton==3\nb==4\n") == "a==1\nb==4\n"


def test_the_lock_is_replaced_at_once(monkeypatch, tmp_path):
    """A resolver that fails leaves the old lock; one that succeeds leaves no part behind."""
    path = tmp_path / "requirements.lock"
    path.write_text("old==1\n")
    monkeypatch.setattr(lock, "LOCK", path)

    def resolve(command, **options):
        Path(command[-1]).write_text(
            command[-1].read_text() if command[-1].exists() else "new==2\ncuda-x==3\n"
        )

    def fail(command, **options):
        command[-1].write_text("half==")
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(subprocess.CalledProcessError):
        lock.renew()
    assert lock.pins() == {"old": "1"}
    monkeypatch.setattr(subprocess, "run", resolve)
    lock.renew(keep=True)
    assert lock.pins() == {"old": "1"}
    lock.renew()
    assert lock.pins() == {"new": "2"}
    assert [file.name for file in tmp_path.iterdir()] == ["requirements.lock"]


def test_uv_takes_packages_from_where_pip_would(monkeypatch, tmp_path):
    """A variable is stronger than the file; what is not about places is left out."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    places = "extra-index-url = file:///b\n https://c/simple\nfind-links = /d\n"
    (tmp_path / "pip.conf").write_text(f"[global]\ncert = a.pem\ntimeout = 9\n{places}")
    monkeypatch.setenv("PIP_FIND_LINKS", "/e")
    found = build.as_pip()
    pairs = list(zip(found[::2], found[1::2], strict=True))
    assert ("--find-links", "/e") in pairs
    assert {("--cert", "a.pem"), ("--index", "file:///b"), ("--index", "https://c/simple")} <= set(pairs)
    assert not {"/d", "9"} & set(found)


def test_python_is_new_enough_for_every_command():
    """The lowest Python that is claimed is the one that has all that the code calls, the grader included."""
    lowest = PYPROJECT["project"]["requires-python"]
    assert lowest == ">=3.11"
    assert f"Python {lowest[2:]}" in (ROOT / "README.md").read_text("utf-8")
    assert sys.version_info >= (3, 11)


def test_the_readme_names_the_locks_torch():
    text = (ROOT / "README.md").read_text("utf-8")
    for name in ("torch", "torchvision"):
        assert set(re.findall(rf"\b{name}==([\d.]+)", text)) == {lock.pins()[name]}


# ── licenses ──

WORDS = {
    "BSD": r"BSD",
    "MIT": r"MIT",
    "Apache": r"Apache",
    "MPL": r"MPL|Mozilla",
    "Python": r"Python Software Foundation|PSF",
    "GPL": r"GPL",
}


def test_each_direct_dependency_has_a_license_and_no_other_is_listed():
    assert sorted(LICENSES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_license_is_what_the_package_says(name):
    try:
        about = metadata(name)
    except PackageNotFoundError:
        assert name in named(EXTRAS["bench"]), "make sets up the rest"
        pytest.skip("stands in bench's own environment")
    classifiers = [line for line in about.get_all("Classifier") or [] if line.startswith("License")]
    short = " ".join([about.get("License-Expression", ""), *classifiers])
    words = f"{short} {about.get('License', '')}"
    assert re.search(WORDS[LICENSES[name]], words), words[:300]
    assert LICENSES[name] == "GPL" or "GPL" not in short, short


def test_nothing_under_the_gpl_is_imported():
    folders = ("utils", "tools", "homework", "bench", "_ext", "tests")
    under = {name for name, family in LICENSES.items() if family == "GPL"}
    assert not imported(*(ROOT / folder for folder in folders)) & under
