"""The sandbox: bubblewrap with this Python, the part `inside`, the book's helpers and its data, read-only."""

import contextlib
import functools
import importlib.util
import os
import shutil
import signal
import site
import subprocess
import sys
from pathlib import Path

from platformdirs import user_cache_path

HERE = Path(__file__).parent
SCRATCH = 64 << 20  # bytes of files
ENVIRONMENT = {
    "HOME": "/tmp",
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "/tmp",
    "CUDA_VISIBLE_DEVICES": "",
    "PIP_NO_INDEX": "1",  # there is no network: do not wait for it
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
DATA = "FASHION_MNIST_DIR"  # the variable that utils.data reads, and the folder of its cache
CACHE = "from-lines-to-labels"


@functools.cache
def missing() -> str:
    """Return why there is no sandbox here, or "" if there is one: found out by starting one."""
    if os.name != "posix":
        return "this system has none; use the Windows Subsystem for Linux, or a container"
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed (Debian, Ubuntu: sudo apt install bubblewrap)"
    tried = subprocess.run(
        [*bubblewrap(), sys.executable, "-c", "import encodings"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    return "" if tried.returncode == 0 else "bubblewrap does not work here: " + tried.stderr.strip()[-300:]


def data_folder() -> Path | None:
    """Where `load_fashion_mnist` finds its data, if that is a place that the sandbox does not have anyway.

    As there: the folder that FASHION_MNIST_DIR names, else the user's cache if it holds the files.
    """
    if named := os.environ.get(DATA):
        return Path(named).expanduser().resolve()
    cache = user_cache_path(CACHE)
    return cache.resolve() if any(cache.glob("*-ubyte*")) else None


def environment() -> dict[str, str]:
    """What the student's process finds in its environment, and nothing of the teacher's."""
    found = dict(ENVIRONMENT)
    if site.ENABLE_USER_SITE and Path(site.getusersitepackages()).is_dir():
        found["PYTHONPATH"] = site.getusersitepackages()  # what `pip install --user` has installed
    if folder := data_folder():
        found[DATA] = str(folder) if missing() else "/grader/data"
    return found


def bubblewrap() -> list[str]:
    """The command before the command: the system and this Python, read-only; /tmp; no network; nothing else.

    A user's sandbox has a user namespace of its own. In root's own, root would still have no limits: so it
    has none, and the worker gives root up instead.
    """
    rights = ["--unshare-user"]
    if os.geteuid() == 0:
        rights = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    seen = []
    for folder in ("/bin", "/lib", "/lib64"):
        path = Path(folder)
        if path.is_symlink():
            seen += ["--symlink", str(path.readlink()), folder]
        else:
            seen += ["--ro-bind-try", folder, folder]
    python = {sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parents[1])}
    python |= {site.getusersitepackages()} if site.ENABLE_USER_SITE else set()
    for parent in sorted({parent for path in ["/grader/x", *python] for parent in Path(path).parents}):
        seen += ["--dir", str(parent)]  # or bubblewrap makes them for its own user alone
    for path in ["/usr", "/etc/ld.so.cache", *sorted(python)]:
        seen += ["--ro-bind-try", path, path]
    seen += ["--ro-bind", str(HERE / "inside"), "/grader/inside"]
    if utils := importlib.util.find_spec("utils"):  # the book's helpers, from wherever this process has them
        seen += ["--ro-bind", str(Path(utils.origin).parent), "/grader/utils"]
    if folder := data_folder():
        seen += ["--ro-bind-try", str(folder), "/grader/data"]
    return [
        "bwrap", *rights, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
        "--die-with-parent", "--new-session", *scratch("/tmp"), *seen,  # this Python may stand in /tmp
        "--tmpfs", str(HERE.parent), "--proc", "/proc", "--dev", "/dev", *scratch("/dev/shm"),
        "--chdir", "/tmp", "--remount-ro", "/dev", "--remount-ro", "/",
    ]  # fmt: skip


def empty() -> subprocess.Popen:
    """Start a sandbox in which nothing happens, and return when it is there; `end` it.

    It ends with this process, even if that is killed before bubblewrap can see to it.
    """
    sandbox = subprocess.Popen(
        [*bubblewrap(), "/bin/sh", "-c", "echo; read _"], env=environment(), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    with sandbox.stdout as said:
        said.readline()
    return sandbox


def end(sandbox: subprocess.Popen) -> None:
    """End a sandbox with all that runs in it, or whatever this process has started as its own group."""
    if sandbox.returncode is None:  # or its number may be another's by now
        with contextlib.suppress(ProcessLookupError):
            os.killpg(sandbox.pid, signal.SIGKILL)
    sandbox.wait()
    if sandbox.stdin:
        sandbox.stdin.close()


def scratch(folder: str) -> list[str]:
    """An empty folder in memory, of limited size, that anybody in the sandbox may write to."""
    return ["--perms", "1777", "--size", str(SCRATCH), "--tmpfs", folder]
