"""Start the process of one submission: in a sandbox, forked if that works here, or else as a new Python."""

import os
import random
import subprocess
import sys

from homework.grader import forkserver
from homework.grader.sandbox import HERE, bubblewrap, empty, end, environment, missing

START = "import sys; sys.path.insert(1, {home!r}); from inside import worker; {after}; worker.main()"


def start(requests: int, replies: int, folder: str) -> tuple[subprocess.Popen, list[int]]:
    """Return what to `end`, and if it was forked the numbers of its parent, which is the server's, and its.

    `requests` and `replies` are pipes. `folder` is where it lives if there is no sandbox.
    """
    if missing():
        around = environment() | {"HOME": folder, "MPLCONFIGDIR": folder}
        code = START.format(home=str(HERE), after="sys.path.pop(1); worker.give_up_rights(0)")
        return new_python([], code, requests, replies, env=around, cwd=folder), []
    user = random.randrange(20_000, 60_000) if os.geteuid() == 0 else 0  # its own count of processes
    sandbox = empty()
    try:
        return sandbox, forkserver.server().fork(sandbox, requests, replies, user)
    except OSError:
        end(sandbox)
    except BaseException:
        end(sandbox)
        raise
    code = START.format(home="/grader", after=f"worker.give_up_rights({user})")
    return new_python(bubblewrap(), code, requests, replies, env=environment()), []


def new_python(command: list[str], code: str, requests: int, replies: int, **more) -> subprocess.Popen:
    """Run code by this Python, in the sandbox of a command if there is one."""
    return subprocess.Popen(
        [*command, sys.executable, "-c", code], stdin=requests, stdout=replies, stderr=subprocess.DEVNULL,
        start_new_session=True, **more,
    )  # fmt: skip
