"""Where shards are cleaned: an executor of `concurrent.futures` for an address, or threads of this process."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import PackageNotFoundError, version
from queue import Empty, Queue
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

from newscrawl.errors import ClusterError, UsageError

ANSWER_SECONDS: Final = 10.0
"""Seconds within which a scheduler must answer; Dask's own limit, 30, is for clusters that are just being started."""
GRACE_SECONDS: Final = 2.0
"""Seconds after which Dask is not waited for, though it should have given up by itself."""

logger = logging.getLogger(__name__)


@contextmanager
def open_executor(address: str | None, threads: int = 1) -> Iterator[Executor]:
    """Give an executor; what is still pending when an exception leaves the block is cancelled.

    Args:
        address: of a scheduler, such as `dask://host:8786`; None for threads of this process.
        threads: how many there are without an address.

    Raises:
        UsageError: there is no executor for the address, or the package that it needs is not installed.
        ClusterError: nothing answers there, or its workers have another newscrawl or none.

    """
    if address is not None:
        with _opener(address)(address) as executor:
            yield executor
        return
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def check_address(address: str) -> None:
    """Check that there is an executor for an address, without asking it.

    >>> check_address("dask://scheduler:8786")

    Raises:
        UsageError: there is none.

    """
    _opener(address)
    try:
        parts = urlsplit(address)
        is_whole = parts.hostname and parts.port and parts.netloc == address.partition("://")[2]
    except ValueError:
        is_whole = False
    if not is_whole:
        raise UsageError(f"--executor {address}: an address is SCHEME://HOST:PORT")


def why_failed(error: Exception) -> str:
    """Say in one line why a task failed."""
    # By its name: who has no Dask has no such error either, and need not load it.
    if type(error).__name__ == "KilledWorker":
        workers, last = error.allowed_failures + 1, error.last_worker.address  # type: ignore[attr-defined]
        return f"{workers} workers died of it, {last} the last"
    return str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"


# -- Dask -----------------------------------------------------------------------------------------


@contextmanager
def _open_dask(address: str) -> Iterator[Executor]:
    try:
        # Imported here: it is an extra, and takes half a second.
        from distributed import Client
    except ImportError as error:
        raise UsageError(
            f'{address} needs the extra "dask": pip install "newscrawl[dask]"'
        ) from error
    check_address(address)
    for name in ("distributed", "distributed.client"):
        # What is to be said of a lost scheduler is said here, once, and not with tracebacks.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    client = _within(
        ANSWER_SECONDS,
        lambda: Client(  # type: ignore[no-untyped-call]
            address.replace("dask://", "tcp://", 1), timeout=ANSWER_SECONDS, set_as_default=False
        ),
    )
    if client is None:
        raise ClusterError(
            f"no Dask scheduler answers at {address} within {ANSWER_SECONDS:g} seconds"
        )
    try:
        _check_workers(client, address)
        # Not pure: two tasks of the same arguments are two, of which the later may have to do its work anew.
        yield client.get_executor(pure=False)
    finally:
        # What is not done yet is given back, and so cancelled.
        client.close(timeout=ANSWER_SECONDS)


def _within(seconds: float, connect: Callable[[], Any]) -> Any | None:
    """Give what connecting gives, or None where it fails or takes much longer than it should.

    In a thread that may be left behind: what accepts a connection and says nothing holds Dask for ever,
    whatever its timeout.
    """
    found: Queue[Any] = Queue()

    def run() -> None:
        try:
            found.put(connect())
        except Exception:  # something else may answer, in any manner
            logger.debug("traceback", exc_info=True)
            found.put(None)

    Thread(target=run, daemon=True, name="connecting").start()
    try:
        return found.get(timeout=seconds + GRACE_SECONDS)
    except Empty:
        return None


def _check_workers(client: Any, address: str) -> None:
    """Refuse workers that have not this newscrawl, before a file is given to one.

    Asked by a function of the standard library, which is there whatever else is not. Those that
    come later are checked with each task (`newscrawl.shards`), as is what more must be the same.
    """
    found = client.run(version, "newscrawl", on_error="return")
    if not found:
        logger.warning("%s has no workers yet; files wait for the first", address)
    for worker, its in found.items():
        if isinstance(its, PackageNotFoundError):
            raise ClusterError(f"the worker {worker} has no newscrawl: install it there")
        if isinstance(its, str) and its != version("newscrawl"):
            raise ClusterError(
                f"the worker {worker} has newscrawl {its}, this machine {version('newscrawl')}:"
                " lines would differ"
            )


OPENERS: Final[dict[str, Callable[[str], AbstractContextManager[Executor]]]] = {"dask": _open_dask}


def _opener(address: str) -> Callable[[str], AbstractContextManager[Executor]]:
    scheme, separator, _ = address.partition("://")
    if not separator or scheme not in OPENERS:
        known = ", ".join(f"{name}://HOST:PORT" for name in OPENERS)
        raise UsageError(f"--executor {address}: there is no such executor; there is {known}")
    return OPENERS[scheme]
