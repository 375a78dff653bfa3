"""How much memory a process and its descendants hold."""

import contextlib
import os
import re
import stat

import psutil


def contents(path: str) -> bytes:
    """Read a small file of /proc, quickly: several hundred in each look."""
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 1 << 16)
    finally:
        os.close(file)


def family(pid: int) -> list[int]:
    """Return a process and all its descendants, or only itself if it has ended."""
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.NoSuchProcess:
        return [pid]


def memory(pid: int) -> int:
    """Return the bytes that a process and all its descendants hold, or 0 where there is no /proc.

    Counted are their own and shared pages and unnamed files in memory, not the libraries that all share:
    psutil tells these apart only by a way that takes a hundred times as long.
    """
    total, files = 0, {}
    for one in family(pid):
        with contextlib.suppress(OSError):
            held = re.findall(rb"(?:RssAnon|RssShmem|VmSwap):\s+(\d+)", contents(f"/proc/{one}/status"))
            total += sum(map(int, held)) << 10
            for number in os.listdir(f"/proc/{one}/fd"):  # noqa: PTH208 (pathlib takes four times as long)
                facts = os.stat(f"/proc/{one}/fd/{number}")  # noqa: PTH116
                if stat.S_ISREG(facts.st_mode) and not facts.st_nlink:
                    files[facts.st_dev, facts.st_ino] = facts.st_blocks * 512
    return total + sum(files.values())
