"""Install what the book is measured against into an environment of its own: python -m bench.peers

It stands in _build/peers and borrows torch and numpy from the book's environment, so that all are measured on
the same ones. D2L's two versions share a name, hence a folder for each.
"""

from __future__ import annotations

import gzip
import importlib
import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

from utils.data import DEBIAN_PACKAGE, MD5

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "_build/peers"
PYTHON = PEERS / "env/bin/python"
RAW = PEERS / "data/FashionMNIST/raw"
D2L = ("0.17.6", "1.0.3")


def install():
    """Make the environment and the folder of data in which D2L looks, unless they are here."""
    if (PEERS / "ready").is_file():
        return
    subprocess.run([sys.executable, "-m", "venv", PEERS / "env"], check=True)
    env = Path(sysconfig.get_path("purelib", vars={"base": str(PEERS / "env")}))
    (env / "book.pth").write_text(sysconfig.get_path("purelib"))
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    peers = project["optional-dependencies"]["bench"]
    subprocess.run([*pip, *peers, "-c", ROOT / "requirements.lock"], check=True)
    for version in D2L:
        subprocess.run(
            [*pip, "--no-deps", "--target", PEERS / f"d2l-{version}", f"d2l=={version}"], check=True
        )
    RAW.mkdir(parents=True, exist_ok=True)
    for name in MD5 if DEBIAN_PACKAGE.is_dir() else ():  # elsewhere D2L downloads them itself
        (RAW / name).write_bytes(gzip.decompress((DEBIAN_PACKAGE / f"{name}.gz").read_bytes()))
    (PEERS / "run").mkdir(exist_ok=True)
    (PEERS / "ready").touch()


def import_d2l(version):
    """Return the module d2l.torch of one version; it reads its data from ../data."""
    os.chdir(PEERS / "run")
    for name in [name for name in sys.modules if name.split(".")[0] == "d2l"]:
        del sys.modules[name]
    sys.path.insert(0, str(PEERS / f"d2l-{version}"))
    try:
        return importlib.import_module("d2l.torch")
    finally:
        sys.path.pop(0)


if __name__ == "__main__":
    install()
