"""How long a process could not run since others did: a mark must not depend on how busy a machine is."""

from pathlib import Path

started, seconds = 0.0, 0.0  # when what runs was begun, and how long it may take


def waited(pid: int | str = "self") -> float:
    """Return the seconds that a process has waited for a processor, or 0 where the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
