"""Clean a set of files, each into a shard of its own, by any executor: here, or on machines that share the folder.

What another machine does wrong must not look like the end of a page. A worker that does not see a file
would refuse it as unreadable, one that does not share the folder would write where nobody looks, one with
other code or publisher files would write other lines: each is told before anything is written.
"""

import logging
import os
import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from newscrawl.batch import Options, Totals, clean_shard, remove_parts, sources_of
from newscrawl.errors import ClusterError, InputError, UsageError
from newscrawl.executors import why_failed
from newscrawl.installed import describe_installation, differences
from newscrawl.items import Rejected
from newscrawl.pages import InputFormat, Sizes, Source, find_sources
from newscrawl.remote import is_remote

SHOWN: Final = 3
"""Differences between two installations that are named."""
SUFFIXES: Final = (".gz", ".zst", ".warc", ".jsonl", ".jl", ".ndjson", ".html", ".htm", ".txt")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shard:
    """A file to read, and the file to write."""

    source: Source
    sink: Path

    def absolute(self) -> Self:
        """Give the same by paths that mean the same elsewhere; what comes out calls the file as before."""
        source = self.source
        if not is_remote(source.path):
            path = str(Path(source.path).absolute())
            source = replace(source, path=path, called=source.called or source.path)
        return replace(self, source=source, sink=self.sink.absolute())


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what a worker elsewhere cleans: how, and what must be there as it is here."""

    options: Options
    sign: str
    """A file in the folder of the shards that is there only while they are cleaned."""
    installation: Mapping[str, str]


def plan_shards(
    paths: Iterable[str | Path], folder: Path, input_format: InputFormat | None, sizes: Sizes
) -> list[Shard]:
    """Find the files to read, and name a shard for each.

    Args:
        paths: files, folders and addresses.
        folder: where the shards are to be.
        input_format: of all files; by default the suffix of each says it.
        sizes: where the bytes that are to be read are added up.

    Raises:
        UsageError: a file is not there, or two would be written to one.

    """
    shards: dict[Path, Shard] = {}
    for source in sources_of(paths, input_format, [], sizes):
        if isinstance(source, Rejected):
            raise UsageError(f"{source.origin}: {source.detail}")
        sink = folder / f"{_stem(source.path)}.jsonl"
        if sink in shards:
            other = shards[sink].source.path
            raise UsageError(f"{source.path} and {other} would both be written to {sink}")
        shards[sink] = Shard(source, sink)
    return [*shards.values()]


def _stem(path: str) -> str:
    name = path.rstrip("/").rsplit("/", 1)[-1]
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def clean_shards(
    executor: Executor, shards: Iterable[Shard], how: Options | Terms
) -> Iterator[tuple[Shard, Totals | str]]:
    """Clean files by an executor, each a task; one that fails is left, and the others are cleaned.

    Args:
        executor: what runs the tasks.
        shards: what is to be cleaned; what is whole already only gives its totals.
        how: options for an executor of this machine; terms (`shared_terms`) for one of others.

    Yields:
        Each shard when it has ended, with its totals, or with why it is left.

    Raises:
        ClusterError: the executor was lost, or a worker is not as this machine is.

    """
    tasks: dict[Future[Totals], Shard] = {}
    for shard in shards:
        if isinstance(how, Terms):
            there = shard.absolute()
            tasks[executor.submit(clean_elsewhere, there.source, there.sink, how)] = shard
        else:
            tasks[executor.submit(clean_shard, shard.source, shard.sink, how)] = shard
    whole = dict[Path, set[str]]()
    for task in as_completed(tasks):
        end = _end_of(task)
        sink = tasks[task].sink
        if isinstance(end, Totals):
            whole.setdefault(sink.parent, set()).add(sink.name)
        yield tasks[task], end
    for folder, names in whole.items():
        # What a worker that was killed has left of a shard that another then made whole.
        with suppress(OSError):
            remove_parts(folder, names)


def _end_of(task: Future[Totals]) -> Totals | str:
    try:
        return task.result()
    except CancelledError as error:
        raise ClusterError(
            "the connection to the scheduler was lost; shards that are whole stay, and the same command does the others"
        ) from error
    except ClusterError:
        raise
    except ModuleNotFoundError as error:
        raise ClusterError(f"a worker lacks a module of this machine: {error}") from error
    except InputError as error:
        return str(error)
    except Exception as error:
        logger.debug("traceback", exc_info=error)
        return why_failed(error)


# -- elsewhere ------------------------------------------------------------------------------------


@contextmanager
def shared_terms(folder: Path, options: Options) -> Iterator[Terms]:
    """Make the folder ready for workers elsewhere: with a sign in it, which is also the file of profiles.

    Args:
        folder: of the shards; it is made.
        options: how pages are cleaned; profiles are copied into the folder, so that their file need not be shared.

    Raises:
        InputError: the folder cannot be written.

    """
    sign = folder.absolute() / f".run-{secrets.token_hex(6)}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sign.write_bytes(Path(options.profiles).read_bytes() if options.profiles else b"")
    except OSError as error:
        raise InputError(f"cannot write {sign}: {error.strerror}") from error
    shared = replace(options, profiles=str(sign) if options.profiles else None)
    try:
        yield Terms(options=shared, sign=str(sign), installation=describe_installation())
    finally:
        with suppress(OSError):
            sign.unlink()


def clean_elsewhere(source: Source, sink: Path, terms: Terms) -> Totals:
    """Clean one file on a machine that must first show that it is like the one that asks.

    What is wrong with a worker ends the whole: it would be the first to be through with each file, and have them all.

    Args:
        source: the file, by an absolute path or an address.
        sink: the shard, by an absolute path.
        terms: how, and what must be the same.

    Raises:
        ClusterError: it is not; the text names the worker. Nothing was written.
        InputError: the sink cannot be written, or an address not be read.

    """
    here = f"the worker {socket.gethostname()} (process {os.getpid()})"
    other = differences(terms.installation, describe_installation())
    if other:
        more = f" and {len(other) - SHOWN} more" if len(other) > SHOWN else ""
        raise ClusterError(f"{here} would write other lines: {'; '.join(other[:SHOWN])}{more}")
    if not Path(terms.sign).exists():
        raise ClusterError(
            f"{here} does not see {terms.sign}: the folder of the shards must be shared"
        )
    try:
        seen = _size_of(source.path)
    except UsageError as error:  # a package that addresses need
        raise ClusterError(f"{here}: {error}") from error
    if seen is None and is_remote(source.path):  # it may be there again for the next one
        raise InputError(f"{here} cannot read {source.path}")
    if seen is None:
        raise ClusterError(f"{here} does not see {source.path}: it must be shared")
    if source.size and seen != source.size:
        raise ClusterError(
            f"{here} sees another {source.path}, of {seen} bytes and not of {source.size}"
        )
    return clean_shard(source, sink, terms.options)


def _size_of(path: str) -> int | None:
    """Give the bytes of a file as it is seen from here; None where it is not."""
    if is_remote(path):
        found = next(find_sources([path]), None)
        return found.size if isinstance(found, Source) else None
    try:
        return Path(path).stat().st_size
    except OSError:
        return None
