"""Worker processes that nothing a page does can take down: an executor with limits.

`concurrent.futures.ProcessPoolExecutor` breaks as a whole when one worker dies, and waits for ever for
one that hangs. Here a worker that takes too long is killed, one that dies is replaced, and the task
it had is tried once more on another: what kills two workers has itself to blame.

Tasks travel over a socket pair to `python -m newscrawl.crew`; a thread of the parent feeds all workers,
watches their clocks, and sets the futures.
"""

import contextlib
import ctypes
import gc
import logging
import os
import pickle
import resource
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

HEADER: Final = struct.Struct("!Q")
AHEAD: Final = 2
"""Tasks a worker has at once: the one it works on, and the next, so that it need not wait for it."""
TRIES: Final = 2
"""Workers that may die of a task; one may have been killed from outside."""
TASKS: Final = 5000
"""Tasks after which a worker is replaced, so that its memory stays what it was; a new one takes two seconds
to load what it needs."""
READ: Final = 1 << 18
COLLECT_AFTER: Final = (20_000, 20, 100)
"""Objects made before Python looks for dead cycles, and rounds before it looks among older ones."""
NOT_HANDED_ON: Final = ("MALLOC_TRIM_THRESHOLD_",)
"""Variables that a worker does without. Dask sets this one for its own, to give back memory at once; a page takes and gives back
so much that it costs a fifteenth of the time."""
PR_SET_PDEATHSIG: Final = 1
"""Of Linux, from sys/prctl.h."""


class TimeLimitError(Exception):
    """A task took longer than it may; its worker was killed."""


class WorkerDiedError(Exception):
    """A task's workers died, each time it was tried."""


@dataclass(eq=False)
class _Task:
    """A call that was asked for, and where its result goes."""

    data: bytes
    future: Future[Any]
    tries: int = 0


@dataclass(eq=False)
class _Worker:
    """One process, and what it has been sent."""

    process: subprocess.Popen[bytes]
    pipe: socket.socket
    tasks: deque[_Task] = field(default_factory=deque)
    """Sent and not answered, the one it works on first."""
    unsent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)
    since: float = 0.0
    """When it took up the first of its tasks, by the monotonic clock."""
    done: int = 0
    is_ready: bool = False


class Crew(Executor):
    """A fixed number of worker processes, each call limited in time and memory.

    Args:
        workers: processes at a time.
        seconds: that a call may take; None for no limit.
        memory: bytes that a worker may take beyond what it has at its start; None for no limit.
        tasks: calls after which a worker is replaced.

    """

    def __init__(
        self, workers: int, *, seconds: float | None = None, memory: int | None = None,
        tasks: int = TASKS,
    ) -> None:  # fmt: skip
        self.size = workers
        self.seconds = seconds
        self.memory = memory
        self.tasks = tasks
        self.replaced = 0
        """Workers that were replaced because they died or took too long."""
        self._waiting: deque[_Task] = deque()
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._closing = self._cancelled = False
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="crew", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Ask for a call; function and arguments must be picklable.

        The future may raise what the call raises, `TimeLimitError` or `WorkerDiedError`.

        Raises:
            RuntimeError: the crew is shut down.

        """
        task = _Task(_packed((fn, args, kwargs)), Future())
        with self._lock:
            if self._closing:
                raise RuntimeError("the crew is shut down")
            self._waiting.append(task)
        self._rouse()
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the workers end when all calls are answered, or with `cancel_futures` at once."""
        with self._lock:
            self._closing = True
            self._cancelled = self._cancelled or cancel_futures
        self._rouse()
        if wait:
            self._thread.join()

    def _rouse(self) -> None:
        with contextlib.suppress(OSError):
            self._wake.send(b"\0")

    # -- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._is_over():
                self._hand_out()
                for key, events in self._selector.select(self._patience()):
                    self._serve(key.data, events)
                self._end_late()
        finally:
            self._dismiss()

    def _is_over(self) -> bool:
        with self._lock:
            if not self._closing:
                return False
            is_idle = not self._waiting and not any(worker.tasks for worker in self._workers)
            return self._cancelled or is_idle

    def _hand_out(self) -> None:
        """Give each worker what it has room for; hire one where there is work for it."""
        self._workers = [w for w in self._workers if not self._is_worn(w)]
        while True:
            worker = min(self._workers, key=lambda w: len(w.tasks), default=None)
            with self._lock:
                if not self._waiting:
                    return
                needs_more = worker is None or worker.tasks
                if needs_more and len(self._workers) < self.size:
                    worker = None
                elif worker is None or len(worker.tasks) >= AHEAD or self._is_leaving(worker):
                    return
                task = self._waiting.popleft()
            if not task.future.running() and not task.future.set_running_or_notify_cancel():
                continue
            self._send(worker or self._hire(), task)

    def _is_leaving(self, worker: _Worker) -> bool:
        return worker.done + len(worker.tasks) >= self.tasks

    def _is_worn(self, worker: _Worker) -> bool:
        """Let a worker go that has done its share."""
        if worker.tasks or worker.done < self.tasks:
            return False
        self._let_go(worker)
        return True

    def _hire(self) -> _Worker:
        mine, theirs = socket.socketpair()
        for end in (mine, theirs):
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                end.setsockopt(socket.SOL_SOCKET, option, 1 << 20)
        memory = str(self.memory or 0)
        # With the parent's path: what it can import, so can the worker.
        command = [sys.executable, "-m", "newscrawl.crew", str(theirs.fileno()), memory]
        paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        kept = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            env={**kept, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )  # fmt: skip
        theirs.close()
        mine.setblocking(False)
        worker = _Worker(process, mine)
        self._workers.append(worker)
        self._selector.register(mine, selectors.EVENT_READ, worker)
        return worker

    def _send(self, worker: _Worker, task: _Task) -> None:
        if not worker.tasks:
            worker.since = time.monotonic()
        worker.tasks.append(task)
        worker.unsent += task.data
        self._push(worker)

    def _push(self, worker: _Worker) -> None:
        try:
            while worker.unsent:
                sent = worker.pipe.send(memoryview(worker.unsent)[:READ])
                del worker.unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            return  # its end is seen when its answers are read
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if worker.unsent else 0)
        self._selector.modify(worker.pipe, wanted, worker)

    def _serve(self, worker: _Worker | None, events: int) -> None:
        if worker is None:
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(4096)
            return
        if worker not in self._workers:
            return
        if events & selectors.EVENT_WRITE:
            self._push(worker)
        if events & selectors.EVENT_READ:
            self._receive(worker)

    def _receive(self, worker: _Worker) -> None:
        try:
            data = worker.pipe.recv(READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._bury(worker)
            return
        worker.received += data
        while len(worker.received) >= HEADER.size:
            (size,) = HEADER.unpack_from(worker.received)
            if len(worker.received) < HEADER.size + size:
                return
            answer = bytes(memoryview(worker.received)[HEADER.size : HEADER.size + size])
            del worker.received[: HEADER.size + size]
            self._answer(worker, answer)

    def _answer(self, worker: _Worker, answer: bytes) -> None:
        if not worker.is_ready:  # its first word: it has loaded, and the clock of its task begins
            worker.is_ready, worker.since = True, time.monotonic()
            return
        task = worker.tasks.popleft()
        worker.done += 1
        worker.since = time.monotonic()
        try:
            is_error, value = pickle.loads(answer)  # noqa: S301 - our own worker's
        except Exception as error:  # noqa: BLE001 - a class that cannot be loaded here
            is_error, value = True, error
        if is_error:
            task.future.set_exception(value)
        else:
            task.future.set_result(value)

    def _patience(self) -> float | None:
        """Give the seconds until the first worker is late."""
        if self.seconds is None:
            return None
        begun = [w.since for w in self._workers if w.tasks and w.is_ready]
        return max(0.0, min(begun) + self.seconds - time.monotonic()) if begun else None

    def _end_late(self) -> None:
        if self.seconds is None:
            return
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.tasks and worker.is_ready and now - worker.since >= self.seconds:
                task, *ahead = worker.tasks
                self._replace(worker)
                self._requeue(ahead)
                why = f"no answer within {self.seconds:g} seconds"
                task.future.set_exception(TimeLimitError(why))

    def _bury(self, worker: _Worker) -> None:
        """Take a dead worker's place, and try its task once more."""
        self._replace(worker)
        if not worker.tasks:
            return
        task, *ahead = worker.tasks
        task.tries += 1
        if task.tries < TRIES:
            self._requeue([task, *ahead])
            return
        self._requeue(ahead)
        code = worker.process.returncode
        name = signal.Signals(-code).name if code is not None and code < 0 else f"exit {code}"
        task.future.set_exception(WorkerDiedError(f"its workers died, {name}"))

    def _replace(self, worker: _Worker) -> None:
        """Kill a worker; another is hired when there is work for it."""
        self.replaced += 1
        self._workers.remove(worker)
        self._let_go(worker, kill=True)

    def _requeue(self, tasks: list[_Task]) -> None:
        """Put what a worker did not get to in front of what waits."""
        with self._lock:
            self._waiting.extendleft(reversed(tasks))

    def _let_go(self, worker: _Worker, *, kill: bool = False) -> None:
        self._selector.unregister(worker.pipe)
        worker.pipe.close()
        if kill:
            worker.process.kill()
        worker.process.wait()

    def _dismiss(self) -> None:
        for worker in self._workers:
            for task in worker.tasks:
                task.future.set_exception(WorkerDiedError("the crew was shut down"))
            self._let_go(worker, kill=self._cancelled or bool(worker.tasks))
        with self._lock:
            self._closing = True
            left, self._waiting = self._waiting, deque()
        for task in left:
            task.future.cancel()
        self._workers.clear()
        self._selector.close()
        self._woken.close()
        self._wake.close()


def _packed(value: Any) -> bytes:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(data)) + data


# -- the worker -----------------------------------------------------------------------------------


def work(pipe: socket.socket) -> None:
    """Answer calls until the other end is closed."""
    with pipe, pipe.makefile("rb") as calls:
        pipe.sendall(_packed(None))
        while header := calls.read(HEADER.size):
            if len(header) < HEADER.size:
                return
            data = calls.read(HEADER.unpack(header)[0])
            try:
                fn, args, kwargs = pickle.loads(data)  # noqa: S301 - our own parent's
                answer = _packed((False, fn(*args, **kwargs)))
            except Exception as error:  # noqa: BLE001 - the caller's to handle
                answer = _packed_error(error)
            pipe.sendall(answer)


def _packed_error(error: Exception) -> bytes:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - only to see whether it can be
        return _packed((True, error))
    except Exception:  # noqa: BLE001 - some errors cannot be pickled
        return _packed((True, RuntimeError(repr(error))))


def collect_seldom() -> None:
    """Let Python look for dead cycles once a few pages, not hundreds of times a page.

    A page makes tens of thousands of objects that die with it; to look among them as often as usual
    (700, 10, 10) costs a twentieth of the time and finds nothing.
    """
    gc.set_threshold(*COLLECT_AFTER)


def limit_memory(size: int) -> None:
    """Limit what this process may take beyond what it has, in bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no file to keep
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + size, taken + size))


def _die_with_parent() -> None:
    """Let the kernel end this process when its parent is killed; a page that never ends would not."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _main(arguments: list[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to answer
    logging.disable()  # what is to be said comes with the answers
    _die_with_parent()
    collect_seldom()
    import newscrawl.stages  # noqa: F401 - loaded before the clock of the first page begins

    if memory := int(arguments[1]):
        limit_memory(memory)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        work(socket.socket(fileno=int(arguments[0])))


if __name__ == "__main__":
    _main(sys.argv[1:])
