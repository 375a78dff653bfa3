"""Workers that are forked: shut in as if they were started there; none reaches the server or a sibling."""

import contextlib
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from homework.grader import forkserver, sandbox
from homework.grader.inside.forkserver import NAMESPACES
from homework.grader.process import Worker

pytestmark = [
    pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing()),
    pytest.mark.xdist_group("forkserver"),  # which takes a second to start
]
CALL = {"args": {"kind": "list", "items": []}, "kwargs": {"kind": "dict", "items": []}, "seconds": 10}
LIBC = """
import ctypes, os, signal, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def tried(action):
    try: return repr(action())
    except BaseException as problem: return type(problem).__name__
def sys_(name, *args):
    if getattr(libc, name)(*args) == -1: raise OSError(ctypes.get_errno(), name)
    return "DONE"
"""


@pytest.fixture(params=["root", "user"])
def rights(request, monkeypatch):
    """Root's sandbox, which has no user namespace of its own, and a user's, where root is taken as one."""
    if os.geteuid() and request.param == "root":
        pytest.skip("needs root")
    if request.param == "user":
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return request.param


@contextlib.contextmanager
def forked(count: int = 1):
    """Give workers that the server has forked, or one."""
    with contextlib.ExitStack() as stack:
        workers = [Worker() for _ in range(count)]
        for worker in workers:
            stack.callback(worker.close)
            assert worker._parent
        yield workers if count > 1 else workers[0]


def run(worker: Worker, source: str) -> str | None:
    """Run a cell; return what went wrong."""
    return worker.ask({"run": LIBC + source, "seconds": 10}, 60)["error"]


def value(worker: Worker, expression: str):
    """Return the value of an expression, in the worker."""
    assert run(worker, f"def f(): return {expression}") is None
    return worker.ask({"call": "f", **CALL}, 60)["value"]


def items(worker: Worker, expression: str) -> list:
    return value(worker, expression)["items"]


def which(pid: int) -> dict[str, str]:
    """The namespaces of a process."""
    return {name: str(Path(f"/proc/{pid}/ns/{name}").readlink()) for name in NAMESPACES}


def status(pid: int) -> dict[str, str]:
    """What /proc says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.partition(":")[0]: line.partition(":")[2].strip() for line in lines}


def test_a_forked_worker_is_in_namespaces_of_its_own(rights):
    with forked(2) as (one, other):
        mine, first, second = which(os.getpid()), which(one._pid), which(other._pid)
    for name in NAMESPACES.keys() - ({"user"} if rights == "root" else set()):
        assert len({mine[name], first[name], second[name]}) == 3, name


def test_a_forked_worker_has_no_rights_and_cannot_gain_any(rights):
    with forked() as worker:
        assert run(worker, "") is None
        found = status(worker._pid)
        assert {found[name] for name in found if name.startswith("Cap")} == {"0" * 16}
        assert found["NoNewPrivs"] == "1"
        if rights == "root":
            assert set(found["Uid"].split()) == set(found["Gid"].split())
            assert int(found["Uid"].split()[0]) >= 20_000
            assert found["Groups"] == ""


def test_a_forked_worker_is_as_one_that_was_started_there(rights, monkeypatch):
    shown = "[os.getcwd(), sys.path, sys.executable, sorted(os.environ.items()), os.umask(0), os.getppid()]"
    signals = "[str(signal.getsignal(one)) for one in range(1, 32) if one not in (9, 14, 19)]"
    folders = ("/", "/tmp", "/dev", "/dev/shm", "/grader", "/proc/self/fd")
    listed = f"[sorted(os.listdir(one)) for one in {folders}]"
    look = f"[{shown}, {signals}, {listed}, __import__('inside').__path__]"
    with forked() as worker:
        as_forked = items(worker, look)
        assert items(worker, "[get_ipython().__class__.__name__]") == ["Shell"]  # is read in there
        assert items(worker, "[__import__('utils.data').data.__file__]") == ["/grader/utils/data.py"]
    monkeypatch.setattr(
        forkserver, "server", lambda: types.SimpleNamespace(fork=lambda *_: Path("/none").stat())
    )
    worker = Worker()
    try:
        assert not worker._parent
        as_started = items(worker, look)
    finally:
        worker.close()
    as_started[0]["items"][5] = 0  # its parent is bubblewrap
    assert as_forked == as_started


def test_what_one_leaves_no_other_finds(rights):
    leave = """
for place in ("/tmp/left", "/dev/shm/left"): open(place, "w").write("left")
held = socket.socket(socket.AF_UNIX); held.bind("\\0left"); held.listen()
segment = libc.shmget(0x1E57, 4096, 0o1666)
os.environ["LEFT"] = "left"
import torch; torch.left = "left"
"""
    find = """[
    os.path.exists("/tmp/left"), os.path.exists("/dev/shm/left"),
    tried(lambda: socket.socket(socket.AF_UNIX).connect("\\0left")),
    libc.shmget(0x1E57, 4096, 0), "LEFT" in os.environ, hasattr(__import__("torch"), "left"),
    len([one for one in os.listdir("/proc") if one.isdigit()]),
    ]"""
    with forked(2) as (one, beside):
        assert run(one, leave) is None
        assert items(one, find)[:2] == [True, True]
        assert items(one, find)[3:6] == [items(one, "[segment]")[0], True, True]
        assert items(beside, find) == [False, False, "ConnectionRefusedError", -1, False, False, 3]
        one.close()
        with forked() as after:
            assert items(after, find) == [False, False, "ConnectionRefusedError", -1, False, False, 3]


def test_no_two_draw_the_same_random_numbers():
    drawn = """[
        __import__('random').random(), float(__import__('numpy').random.rand()), os.urandom(8).hex(),
        __import__('torch').rand(1).item(), next(__import__('tempfile')._get_candidate_names()),
    ]"""
    with forked(2) as (one, other):
        assert not set(items(one, drawn)) & set(items(other, drawn))


@pytest.mark.parametrize(
    "attack",
    [
        "os.kill(0, signal.SIGKILL)",
        "os.kill(-1, signal.SIGKILL)",
        "os.kill(os.getppid(), signal.SIGSTOP)",
        "os.killpg(os.getpgid(0), signal.SIGKILL)",
        "os.abort()",
        "libc.ptrace(0, 0, 0, 0); os.kill(os.getpid(), signal.SIGTRAP)",
        "os.closerange(0, 100)",
        "[os.write(number, b'9' * 99) for number in range(3, 100) if tried(lambda: os.fstat(number))]",
        "[os.fork() or (time.sleep(9), os._exit(0)) for _ in range(9)]",  # no bomb: root has no limit here
    ],
)
def test_an_attack_ends_at_most_the_attacker(rights, attack):
    server = forkserver.server()
    with forked(2) as (attacker, sibling):
        with contextlib.suppress(Exception):
            attacker.ask({"run": LIBC + attack, "seconds": 1}, 3)
        assert run(sibling, "") is None
        assert server._process.poll() is None
        with forked() as successor:
            assert run(successor, "import torch") is None


DOORS = """[
    tried(lambda: open("/proc/self/exe", "r+b")),
    tried(lambda: [open(f"/proc/self/map_files/{one}", "r+b") for one in os.listdir("/proc/self/map_files")]),
    tried(lambda: sys_("mount", b"x", b"/tmp", b"tmpfs", 0, None)),
    tried(lambda: sys_("mount", None, b"/", None, 0x1020, None)),
    tried(lambda: sys_("umount2", b"/proc", 2)), tried(lambda: os.chroot("/tmp")),
    tried(lambda: sys_("sethostname", b"mine", 4)), tried(lambda: sys_("unshare", 0x20000)),
    *[tried(lambda: sys_("setns", os.open(f"/proc/1/ns/{one}", 0), 0)) for one in ("mnt", "pid", "net")],
    tried(lambda: os.setuid(0)) if os.getuid() else "root",
    tried(lambda: os.mknod("/tmp/d", 0o60600, 0xFE00)),
    tried(lambda: open(@HERE@)), tried(lambda: os.listdir(@HIDDEN@)), tried(lambda: os.listdir("/etc/ssl")),
    tried(lambda: socket.create_connection(("1.1.1.1", 53), 1)),
]"""


def test_every_door_is_closed(rights):
    source = DOORS.replace("@HERE@", repr(forkserver.__file__))
    source = source.replace("@HIDDEN@", repr(str(sandbox.HERE.parent / "hidden")))
    closed = {"OSError", "PermissionError", "FileNotFoundError", "ProcessLookupError", "root"}
    with forked() as worker:
        found = items(worker, source)
    assert set(found) <= closed, dict(enumerate(found))


def test_the_python_that_runs_cannot_be_written_to_even_by_its_owner():
    with forked() as worker:
        assert os.access(sys.executable, os.W_OK)  # we own it
        assert not os.access(f"/proc/{worker._pid}/exe", os.W_OK)


def refused(server: forkserver.ForkServer, process) -> str:
    """Have a server fork into the namespaces of a process, which must fail; return why."""
    requests, replies = os.pipe()
    try:
        with pytest.raises(OSError) as problem:  # noqa: PT011
            server.fork(process, requests, replies, 20_000 if os.geteuid() == 0 else 0)
    finally:
        os.close(requests)
        os.close(replies)
    return str(problem.value)


def test_no_worker_runs_outside_of_a_sandbox():
    server, outside = forkserver.ForkServer(), subprocess.Popen(["sleep", "99"])
    try:
        assert refused(server, outside) in ("a child is not shut in", "[Errno 22] setns: Invalid argument")
        assert "Bad file descriptor" in refused(server, outside)  # for good
    finally:
        outside.kill()
        outside.wait()
        server.close()


def test_a_server_whose_python_a_child_could_write_to_forks_nothing(monkeypatch):
    monkeypatch.setattr(forkserver, "family", lambda _: [os.getpid()])  # whose root is the system's own
    server = forkserver.ForkServer()
    monkeypatch.undo()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    box = sandbox.empty()
    try:
        assert refused(server, box) == "a child is not shut in"
    finally:
        sandbox.end(box)
        server.close()


@pytest.mark.parametrize("why", ["it was killed", "it cannot be started"])
def test_where_no_server_runs_each_worker_is_started(monkeypatch, why):
    if why == "it was killed":
        server = forkserver.ForkServer()
        monkeypatch.setattr(forkserver, "server", lambda: server)
        server._process.kill()
    else:
        monkeypatch.setattr(forkserver, "server", forkserver.ForkServer)
        monkeypatch.setattr(forkserver, "family", lambda _: [2**30])
    for _ in range(2):
        worker = Worker()
        try:
            assert not worker._parent
            assert items(worker, "[1]") == [1]
        finally:
            worker.close()
