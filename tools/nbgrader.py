"""nbgrader, in an environment of its own that borrows the book's packages: made in seconds, once."""

import site
import subprocess
import sys
from pathlib import Path

ENVIRONMENT = Path(__file__).parents[1] / "_build" / "nbgrader"
PACKAGES = [  # what the book's environment lacks of nbgrader's and nbgitpuller's needs
    "nbgrader==0.9.6",
    "nbgitpuller==1.2.2",
    "alembic==1.20.1",
    "mako==1.4.3",
    "notebook==7.6.5",
    "rapidfuzz==3.14.6",
]


def programs() -> Path:
    """Return the folder with the programs `nbgrader` and `gitpuller`, which must be on the PATH."""
    done = ENVIRONMENT / "packages.txt"
    if not done.exists() or done.read_text() != "\n".join(PACKAGES):
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", ENVIRONMENT], check=True)
        (own,) = ENVIRONMENT.glob("lib/python*/site-packages")
        borrowed = f"import site; site.addsitedir({site.getsitepackages()[0]!r})"
        (own / "book.pth").write_text(borrowed)
        pip = [sys.executable, "-m", "pip", "--python", ENVIRONMENT / "bin" / "python"]
        subprocess.run([*pip, "install", "--quiet", "--no-deps", *PACKAGES], check=True)
        done.write_text("\n".join(PACKAGES))
    return ENVIRONMENT / "bin"
