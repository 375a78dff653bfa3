"""Start a worker where it can do no harm: in bubblewrap, where there is one."""

import contextlib
import functools
import importlib.util
import itertools
import json
import os
import random
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
REPLY = 40 << 20  # bytes of one answer
SCRATCH = 64 << 20  # bytes of files
MEMORY = 2 << 30  # bytes of all processes together
LOOK = 0.2  # seconds from one look at the memory to the next
ENVIRONMENT = {
    "HOME": "/tmp",
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "/tmp",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class Gone(Exception):
    """The worker hung, ended, grew or answered nonsense, and is no more; the message says which."""


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
    for parent in sorted({parent for path in ["/grader/x", *python] for parent in Path(path).parents}):
        seen += ["--dir", str(parent)]  # or bubblewrap makes them for its own user alone
    for path in ["/usr", "/etc/ld.so.cache", *sorted(python)]:
        seen += ["--ro-bind-try", path, path]
    for name in ("worker.py", "submission.py", "wire.py"):
        seen += ["--ro-bind", str(HERE / name), f"/grader/{name}"]
    if utils := importlib.util.find_spec("utils"):  # the book's helpers, from wherever this process has them
        seen += ["--ro-bind", str(Path(utils.origin).parent), "/grader/utils"]
    return [
        "bwrap", *rights, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
        "--die-with-parent", "--new-session", *scratch("/tmp"), *seen,  # this Python may stand in /tmp
        "--tmpfs", str(HERE.parent), "--proc", "/proc", "--dev", "/dev", *scratch("/dev/shm"),
        "--chdir", "/tmp", "--remount-ro", "/dev", "--remount-ro", "/",
    ]  # fmt: skip


def scratch(folder: str) -> list[str]:
    """An empty folder in memory, of limited size, that anybody in the sandbox may write to."""
    return ["--perms", "1777", "--size", str(SCRATCH), "--tmpfs", folder]


def contents(path: str) -> bytes:
    """Read a small file of /proc, quickly: several hundred in each look."""
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 1 << 16)
    finally:
        os.close(file)


def family(pid: int) -> list[int]:
    """Return a process and all its descendants, or only itself where there is no /proc.

    By os instead of pathlib, which takes four times as long: each worker is looked at five times a second.
    """
    children, found = {}, [pid]
    for one in filter(str.isdigit, os.listdir("/proc") if Path("/proc").is_dir() else ()):  # noqa: PTH208
        with contextlib.suppress(OSError):  # it has ended
            parent = int(contents(f"/proc/{one}/stat").rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(one))
    for one in found:
        found += children.get(one, [])
    return found


def memory(pid: int) -> int:
    """Return the bytes that a process and all its descendants hold, or 0 where there is no /proc.

    Counted are their own and shared pages and unnamed files in memory, not the libraries that all share.
    """
    total, files = 0, {}
    for one in family(pid):
        with contextlib.suppress(OSError):
            held = re.findall(rb"(?:RssAnon|RssShmem|VmSwap):\s+(\d+)", contents(f"/proc/{one}/status"))
            total += sum(map(int, held)) << 10
            for number in os.listdir(f"/proc/{one}/fd"):  # noqa: PTH208
                facts = os.stat(f"/proc/{one}/fd/{number}")  # noqa: PTH116
                if stat.S_ISREG(facts.st_mode) and not facts.st_nlink:
                    files[facts.st_dev, facts.st_ino] = facts.st_blocks * 512
    return total + sum(files.values())


class Worker:
    """One worker process. Use it in one thread: bubblewrap ends with the thread that started it."""

    def __init__(self, most: int = MEMORY):
        self._most, self._look, self._alone = most, 0.0, 0
        self._numbers, self._buffer = itertools.count(), b""
        self._folder = tempfile.TemporaryDirectory(prefix="homework-") if missing() else None
        if self._folder:
            command, user, cwd = [sys.executable, str(HERE / "worker.py")], 0, self._folder.name
            environment = ENVIRONMENT | {"HOME": cwd, "MPLCONFIGDIR": cwd}
        else:
            command, cwd, environment = (
                [*bubblewrap(), sys.executable, "/grader/worker.py"],
                None,
                ENVIRONMENT,
            )
            user = (
                random.randrange(20_000, 60_000) if os.geteuid() == 0 else 0
            )  # each its own count of processes
        self._process = subprocess.Popen(
            [*command, str(user)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=cwd, env=environment, start_new_session=True,
        )  # fmt: skip
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)

    def ask(self, request: dict, seconds: float, data: bytes = b"") -> dict:
        """Send one request and return its reply, or raise Gone."""
        number, deadline = next(self._numbers), time.monotonic() + seconds
        try:
            self._send(json.dumps(request | {"number": number}).encode() + b"\n" + data, deadline)
            reply = json.loads(self._line(deadline))
            if not isinstance(reply, dict) or reply.get("number") != number:
                raise ValueError
            self._leave_none_behind(reply)
            return reply
        except ChildProcessError:
            self.close()
            raise Gone("it left processes running") from None
        except MemoryError:
            self.close()
            raise Gone(f"it used more than {self._most / 2**30:g} GB of memory") from None
        except TimeoutError:
            self.close()
            raise Gone("it did not stop when its time was over") from None
        except (OSError, EOFError):
            self.close()
            raise Gone("the Python process ended") from None
        except (ValueError, RecursionError):
            self.close()
            raise Gone("the answer cannot be read") from None

    def _leave_none_behind(self, reply: dict) -> None:
        """Raise ChildProcessError if what failed has left processes, whose memory the next would pay for."""
        if not self._alone or reply.get("error"):
            count = len(family(self._process.pid))
            self._alone = self._alone or count
            if count > self._alone:
                raise ChildProcessError

    def _send(self, data: bytes, deadline: float) -> None:
        left = memoryview(data)
        while left:
            self._wait([], [self._in], deadline)
            left = left[os.write(self._in, left[: 1 << 16]) :]

    def _wait(self, read: list[int], write: list[int], deadline: float) -> None:
        """Wait until the pipe is ready; meanwhile watch over time and memory."""
        while True:
            now = time.monotonic()
            if now >= self._look:
                self._look = now + LOOK
                if memory(self._process.pid) > self._most:
                    raise MemoryError
            if any(select.select(read, write, [], max(0, min(LOOK, deadline - now)))):
                return
            if now >= deadline:
                raise TimeoutError

    def _line(self, deadline: float) -> bytes:
        pieces = [self._buffer]
        while b"\n" not in pieces[-1]:
            self._wait([self._out], [], deadline)
            pieces.append(os.read(self._out, 1 << 16))
            if not pieces[-1]:
                raise EOFError
            if len(pieces) > REPLY >> 10 and sum(map(len, pieces)) > REPLY:
                raise ValueError
        line, self._buffer = b"".join(pieces).split(b"\n", 1)
        return line

    def close(self) -> None:
        """End the process and all that it started, and remove its files."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        if self._folder:
            self._folder.cleanup()
