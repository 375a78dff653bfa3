"""Where the work is done: threads, each with a sandboxed process, or a Dask cluster."""

import concurrent.futures
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

from homework.grader import sheets
from homework.grader.process import STOP
from homework.grader.sandbox import missing

TIMEOUT = 20  # seconds to reach a Dask scheduler
LOOK = 0.2  # seconds from one look at Ctrl-C to the next


class Pool:
    """An executor, how many jobs it works on at a time, and how to run something once on each machine."""

    def __init__(self, executor: concurrent.futures.Executor, width: int, everywhere: Callable):
        self.executor, self.width, self.everywhere = executor, width, everywhere


@contextlib.contextmanager
def pool(jobs: int, scheduler: str, say: Callable) -> Iterator[Pool]:
    """Give a pool of `jobs` threads, one for each core if 0, or of a Dask cluster's workers."""
    if scheduler:
        with cluster(scheduler) as client, client.get_executor() as executor:
            found = Pool(
                executor,
                2 * max(1, sum(client.nthreads().values())),
                lambda function, *args: list(client.run(function, *args).values()),
            )
            try:
                reasons = set(found.everywhere(missing)) - {""}
            except ImportError:
                raise sheets.SheetError(
                    "Start the Dask workers in this repository, so that they find homework."
                ) from None
            for why in reasons:
                warn(why, say)
            yield found
        return
    if why := missing():
        warn(why, say)
    jobs = jobs or os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(jobs) as executor:
        yield Pool(executor, jobs, lambda function, *args: [function(*args)])


def cluster(scheduler: str):
    """Return Dask's client for a scheduler's address."""
    try:
        from distributed import Client
    except ImportError:
        raise sheets.SheetError("--scheduler needs Dask: pip install distributed") from None
    try:
        return Client(scheduler, timeout=TIMEOUT)
    except (OSError, ValueError) as problem:
        raise sheets.SheetError(f"There is no Dask scheduler at {scheduler}: {problem}") from None


def warn(why: str, say: Callable) -> None:
    """Say loudly that there is no sandbox."""
    say(f"""
    ╔═ WARNING: NO SANDBOX ════════════════════════════════════════════════════════
    ║ {why}.
    ║ The students' code runs with your rights: it can read and change your files
    ║ and use the network. The hidden tests stay out of its process, and the marks
    ║ are the same. Grade in a container or on a machine that holds nothing else.
    ╚══════════════════════════════════════════════════════════════════════════════
""")


@contextlib.contextmanager
def stopped_by_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C end the workers and the work on them, and only then raise KeyboardInterrupt."""
    STOP.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: STOP.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        stopped = STOP.is_set()
        STOP.clear()
        if stopped:
            raise KeyboardInterrupt


def run_all(
    pool: Pool, function: Callable, jobs: list, save: Callable[[object, concurrent.futures.Future], None]
) -> None:
    """Run `function` on each job, and `save` each future as it is done, also those done when Ctrl-C comes.

    Only as many are under way as the pool works on at a time, so that memory stays flat.
    """
    waiting, left = {}, iter(jobs)

    def save_those(done: set[concurrent.futures.Future]) -> None:
        for future in done:
            job = waiting.pop(future)
            if not future.cancelled():
                save(job, future)

    while not STOP.is_set():
        while len(waiting) < pool.width and (job := next(left, None)):
            waiting[pool.executor.submit(function, job)] = job
        if not waiting:
            return
        save_those(concurrent.futures.wait(waiting, LOOK, concurrent.futures.FIRST_COMPLETED).done)
    for future in waiting:
        future.cancel()
    save_those(concurrent.futures.wait(waiting, 5 * LOOK).done)
