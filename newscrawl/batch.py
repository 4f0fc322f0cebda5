"""Clean many pages: each ends once, as article, rejection or failure, and is counted.

The one function that does the work, `clean_line`, takes a page and gives a line. It runs in this process,
in worker processes with limits (`newscrawl.crew`), or, a file at a time, wherever an executor of
`concurrent.futures` puts `clean_shard`. What comes out does not depend on which.
"""

import logging
import os
import re
import secrets
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from newscrawl.crew import Crew, TimeLimitError, WorkerDiedError
from newscrawl.errors import InputError
from newscrawl.items import Article, Page, Rejected
from newscrawl.jsonl import encode, encode_failure
from newscrawl.pages import Sizes, Source, find_sources, read_source
from newscrawl.profiles import Profiles, read_profiles
from newscrawl.publishers import registry
from newscrawl.reasons import BROKEN_INPUT, Reason
from newscrawl.stages import clean
from newscrawl.wording import numbered

logger = logging.getLogger(__name__)

AHEAD: Final = 32
"""Pages a worker that are read before the first of them is answered; a slow one holds up so many."""
AHEAD_BYTES: Final = 64_000_000
PAGE_SECONDS: Final = 60.0
"""Of 1,700 real pages the slowest takes a second; a page that takes a minute never ends."""
PAGE_MEMORY: Final = 2_000_000_000
"""Bytes that one page may take; the largest that is let in makes a tree of a tenth of it."""
PART: Final = ".part"
DONE: Final = ".done"
REASONS: Final = {reason.value: reason for reason in Reason}
REJECTS: Final = ".rejects.jsonl"
PART_NAME: Final = re.compile(r"(?P<sink>.+?)(?:\.rejects\.jsonl|\.done)?\.[0-9a-f]{12}\.part")
"""What an attempt at a shard calls its files until they are whole: the sink, and the attempt's own sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A page on which newscrawl itself failed: a bug, with what is needed to find it."""

    error: str
    url: str | None = None
    id: str | int | None = None
    origin: str | None = None


Outcome = Article | Rejected | Failed


@dataclass(frozen=True, slots=True)
class Ending:
    """How a page ended, with the line that says so."""

    line: bytes
    reason: Reason | None = None
    """Why it was refused."""
    error: str | None = None
    """What newscrawl failed with."""
    told: str = ""
    """Of a page that gave no article: where it stood, and why."""

    @property
    def is_article(self) -> bool:
        """Tell whether it gave one."""
        return self.reason is None and self.error is None


@dataclass
class Totals:
    """How many pages were read, and how they ended."""

    read: int = 0
    accepted: int = 0
    failed: int = 0
    rejected: Counter[Reason] = field(default_factory=Counter)

    def count(self, end: Outcome | Ending) -> None:
        """Count one end."""
        self.read += 1
        if isinstance(end, Article) or (isinstance(end, Ending) and end.is_article):
            self.accepted += 1
        elif isinstance(end, Failed) or end.reason is None:
            self.failed += 1
        else:
            self.rejected[end.reason] += 1

    def add(self, other: "Totals") -> None:
        """Add those of another part."""
        self.read += other.read
        self.accepted += other.accepted
        self.failed += other.failed
        self.rejected += other.rejected

    @property
    def broken(self) -> int:
        """Pages whose input itself was broken."""
        return sum(number for reason, number in self.rejected.items() if reason in BROKEN_INPUT)

    def adds_up(self) -> bool:
        """Tell whether every page that was read has ended exactly once."""
        return self.read == self.accepted + self.failed + self.rejected.total()

    def __str__(self) -> str:
        """Say it in one line."""
        reasons = {str(reason): number for reason, number in self.rejected.items()}
        return describe_ends(self.read, "read", self.accepted, reasons, self.failed)


def describe_ends(
    pages: int, verb: str, accepted: int, rejected: Mapping[str, int], failed: int
) -> str:
    """Say in one line how pages ended; batch and crawl say it alike.

    >>> describe_ends(3, "read", 1, {"empty": 2}, 0)
    '3 pages read: 1 article, 2 rejected (empty 2), 0 failed'
    """
    named = ", ".join(f"{reason} {number}" for reason, number in sorted(rejected.items()))
    total = f"{sum(rejected.values())} rejected{f' ({named})' if named else ''}"
    return f"{numbered(pages, 'page')} {verb}: {numbered(accepted, 'article')}, {total}, {failed} failed"


# -- one page -------------------------------------------------------------------------------------


def clean_all(
    pages: Iterable[Page | Rejected], profiles: Profiles | None = None
) -> Iterator[Outcome]:
    """Clean pages one by one; a failure on one is logged with its address, and the rest goes on.

    Args:
        pages: pages, and refusals of what could not be read.
        profiles: what recurs on the pages of their sources, if that was learnt.

    """
    for page in pages:
        if isinstance(page, Rejected):
            yield page
        else:
            yield clean_guarded(profiles.applied_to(page) if profiles else page)


def clean_guarded(page: Page) -> Outcome:
    """Clean one page; the only place outside the crawl where every exception is caught."""
    try:
        return clean(page)
    except Exception as error:
        logger.error("failed on %s: %r", page.url or page.origin, error)
        logger.debug("traceback", exc_info=True)
        return Failed(error=repr(error), url=page.url, id=page.id, origin=page.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How pages are cleaned; nothing of it but `provenance` and `profiles` changes what comes out."""

    provenance: bool = False
    """Also write removed texts and each field's source."""
    profiles: str | None = None
    """A file of profiles, read once a process."""
    workers: int = 0
    """Worker processes; 0 to clean in this process, without limits."""
    seconds: float | None = PAGE_SECONDS
    """That a page may take a worker."""
    memory: int | None = PAGE_MEMORY
    """Bytes that a page may take a worker."""
    ordered: bool = True
    """Whether lines stand in the order of the pages; else each as soon as it is there."""


def clean_line(page: Page | Rejected, options: Options) -> Ending:
    """Clean a page and encode how it ended."""
    if isinstance(page, Rejected):
        return ending_of(page)
    profiles = _profiles(options.profiles) if options.profiles else None
    outcome = clean_guarded(profiles.applied_to(page) if profiles else page)
    return ending_of(outcome, provenance=options.provenance)


@cache
def _profiles(path: str) -> Profiles:
    return read_profiles(Path(path))


def ending_of(outcome: Outcome, *, provenance: bool = False) -> Ending:
    """Encode any end of a page as a line."""
    if isinstance(outcome, Failed):
        line = encode_failure(outcome.id, outcome.url, outcome.error)
        return Ending(line, error=outcome.error, told=describe(outcome))
    line = encode(outcome, provenance=provenance)
    if isinstance(outcome, Article):
        return Ending(line)
    return Ending(line, reason=outcome.reason, told=describe(outcome))


def describe(outcome: Rejected | Failed) -> str:
    """Say in one line why a page gave no article."""
    where = outcome.origin or outcome.url or "page"
    if isinstance(outcome, Failed):
        return f"{where}: failed: {outcome.error}"
    detail = f": {outcome.detail}" if outcome.detail else ""
    return f"{where}: rejected, {outcome.reason}{detail}"


# -- many pages -----------------------------------------------------------------------------------


def clean_pages(
    pages: Iterable[Page | Rejected], options: Options, is_done: Callable[[int], bool] | None = None
) -> Iterator[tuple[int, Ending]]:
    """Clean pages, in worker processes if asked.

    A bounded number of pages is in flight. What takes too long, or takes its workers down, is
    refused with that as the reason.

    Args:
        pages: pages, and refusals of what could not be read.
        options: how.
        is_done: tells of a page's number, counted from 0, whether it is to be passed over.

    Yields:
        The number of each page and how it ended.

    """
    numbered_pages = ((n, p) for n, p in enumerate(pages) if not (is_done and is_done(n)))
    if not options.workers:
        for number, page in numbered_pages:
            yield number, clean_line(page, options)
        return
    # Read here too: what is wrong with a publisher file is logged, and nobody hears the workers.
    registry()
    with Crew(options.workers, seconds=options.seconds, memory=options.memory) as crew:
        try:
            yield from _in_flight(numbered_pages, options, crew)
        except BaseException:
            crew.shutdown(wait=False, cancel_futures=True)
            raise


@dataclass(eq=False)
class _Flight:
    """A page that a worker has."""

    number: int
    page: Page | Rejected
    future: Future[Ending] | None
    size: int

    def land(self) -> tuple[int, Ending]:
        if self.future is None:
            assert isinstance(self.page, Rejected)
            return self.number, ending_of(self.page)
        return self.number, _answer(self.future, self.page)


def _in_flight(
    pages: Iterator[tuple[int, Page | Rejected]], options: Options, crew: Crew
) -> Iterator[tuple[int, Ending]]:
    flights: deque[_Flight] = deque()
    room = AHEAD * options.workers
    size = 0
    for number, page in pages:
        if isinstance(page, Page):
            future = crew.submit(clean_line, page, options)
            flights.append(_Flight(number, page, future, len(page.body)))
        else:
            flights.append(_Flight(number, page, None, 0))
        size += flights[-1].size
        while len(flights) >= room or size > AHEAD_BYTES:
            for landed in _land(flights, ordered=options.ordered):
                size -= landed.size
                yield landed.land()
    while flights:
        for landed in _land(flights, ordered=options.ordered):
            yield landed.land()


def _land(flights: deque[_Flight], *, ordered: bool) -> list[_Flight]:
    """Take out the first of what is in flight, or all that have landed; wait for one."""
    if ordered:
        return [flights.popleft()]
    asked = [flight.future for flight in flights if flight.future is not None]
    if asked and len(asked) == len(flights):
        wait(asked, return_when=FIRST_COMPLETED)
    landed = [flight for flight in flights if flight.future is None or flight.future.done()]
    for flight in landed:
        flights.remove(flight)
    return landed


def _answer(future: Future[Ending], page: Page | Rejected) -> Ending:
    assert isinstance(page, Page)
    try:
        ending = future.result()
        if ending.error:
            logger.error("failed on %s", ending.told)  # the worker keeps silent
        return ending
    except TimeLimitError as error:
        reason, why = Reason.TIME_LIMIT, str(error)
    except WorkerDiedError as error:
        reason, why = Reason.WORKER_DIED, str(error)
    return ending_of(
        Rejected(reason=reason, url=page.url, id=page.id, detail=why, origin=page.origin)
    )


# -- whole files ----------------------------------------------------------------------------------


def clean_shard(source: Source | str, sink: str | Path, options: Options | None = None) -> Totals:
    """Clean one file into another; done once, whatever runs it, however often.

    The lines stand under a name of their own until all are there and on the disk; then a marker,
    `sink.done`, says how many. Where it stands already nothing is done. Two attempts at once, such as one
    of a worker that was only taken for dead, do not meet: each has its own names, and what is left of others
    goes when the first is through. All arguments and the result can be pickled, so that any executor of
    `concurrent.futures` can run it, on this machine or another that sees the same files.

    Args:
        source: the file to read, or its path or address.
        sink: the file to write; articles go there, or for JSON lines an answer to each. What is
            refused goes to `sink.rejects.jsonl`.
        options: how pages are cleaned.

    Raises:
        InputError: the sink cannot be written.

    """
    options = options or Options()
    sink = Path(sink)
    marker = sink.with_name(sink.name + DONE)
    if (done := _read_totals(marker)) is not None:
        return done
    found = [source] if isinstance(source, Source) else [*find_sources([source])]
    totals = Totals()
    own = f".{secrets.token_hex(6)}{PART}"
    parts = [path.with_name(path.name + own) for path in _files_of(sink)]
    try:
        sink.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for part in parts:
                stack.callback(part.unlink, missing_ok=True)
            with ExitStack() as opened:
                lines, refused = (opened.enter_context(part.open("wb")) for part in parts)
                for one in found:
                    answers_lines = isinstance(one, Source) and one.input_format == "jsonl"
                    pages = [one] if isinstance(one, Rejected) else read_source(one)
                    for _, ending in clean_pages(pages, options):
                        totals.count(ending)
                        write_ending(ending, lines, refused, answers_lines=answers_lines)
                _synced(lines)
                _synced(refused)
            # Another attempt may have been faster. Of a page that took just what it may one has the article and
            # the other the refusal: files of both would have it twice, or not at all.
            if (done := _read_totals(marker)) is not None:
                return done
            for part, path in zip(parts, _files_of(sink), strict=True):
                part.replace(path)
            _write_marker(marker, totals, own)
        remove_parts(sink.parent, {sink.name})
    except OSError as error:
        raise InputError(f"cannot write {sink}: {error.strerror}") from error
    return totals


def _files_of(sink: Path) -> tuple[Path, Path]:
    """Give the two files of a shard."""
    return sink, sink.with_name(sink.name + REJECTS)


def remove_parts(folder: Path, sinks: Collection[str]) -> None:
    """Remove what attempts have left of shards that are whole.

    An attempt that is still under way loses its files; it finds the marker, and is content.

    Args:
        folder: where the shards are; it is listed once.
        sinks: the names of the shards' files, without their folder.

    Raises:
        OSError: the folder cannot be read, or a file not be removed.

    """
    names = [entry.name for entry in os.scandir(folder) if entry.name.endswith(PART)]
    for name in names:
        found = PART_NAME.fullmatch(name)
        if found and found["sink"] in sinks:
            (folder / name).unlink(missing_ok=True)


def write_ending(
    ending: Ending, lines: IO[bytes], refused: IO[bytes] | None, *, answers_lines: bool
) -> None:
    """Write a line where it belongs."""
    if ending.is_article or answers_lines:
        lines.write(ending.line + b"\n")
    if not ending.is_article and refused is not None:
        refused.write(ending.line + b"\n")


class TotalsFile(msgspec.Struct, forbid_unknown_fields=True):
    """Totals as they are stored."""

    read: int = 0
    accepted: int = 0
    failed: int = 0
    rejected: dict[str, int] = {}

    @classmethod
    def of(cls, totals: Totals) -> "TotalsFile":
        """Give the stored form."""
        rejected = {reason.value: number for reason, number in sorted(totals.rejected.items())}
        return cls(totals.read, totals.accepted, totals.failed, rejected)

    def totals(self) -> Totals:
        """Give the totals."""
        rejected = Counter({REASONS[name]: number for name, number in self.rejected.items()})
        return Totals(self.read, self.accepted, self.failed, rejected)


def _read_totals(marker: Path) -> Totals | None:
    try:
        return msgspec.json.decode(marker.read_bytes(), type=TotalsFile).totals()
    except (OSError, msgspec.MsgspecError, KeyError):
        return None


def _write_marker(marker: Path, totals: Totals, own: str) -> None:
    part = marker.with_name(marker.name + own)
    part.write_bytes(msgspec.json.encode(TotalsFile.of(totals)) + b"\n")
    part.replace(marker)


# -- an output that can be taken up again ---------------------------------------------------------


class _Begun(msgspec.Struct):
    """The first line of a journal: what was asked for."""

    asked: dict[str, Any]


class _Saved(msgspec.Struct):
    """Any other line: how far it has come."""

    done: int
    """Pages from the first on that are written."""
    beyond: list[int]
    """Pages behind those that are written too."""
    output: int
    """Bytes of the output that stand for them."""
    rejects: int
    totals: TotalsFile


@dataclass(eq=False)
class Journal:
    """What of a batch is safely in its output, beside the output: `NAME.progress`.

    A line is added when output and rejects are on the disk. Whatever interrupts the batch, the last
    whole line says how long both were, and which pages they stand for.
    """

    path: Path
    asked: dict[str, Any]
    """What was asked for; to take up another batch would mix two."""
    done: int = 0
    beyond: set[int] = field(default_factory=set)
    _stream: IO[bytes] | None = None

    @staticmethod
    def beside(output: Path, asked: dict[str, Any]) -> "Journal":
        """Give the journal of an output."""
        return Journal(output.with_name(output.name + ".progress"), asked)

    def has(self, number: int) -> bool:
        """Tell whether a page is written."""
        return number < self.done or number in self.beyond

    def begin(self) -> None:
        """Start anew."""
        self._stream = self.path.open("wb")
        self._add(_Begun(self.asked))

    def resume(self) -> tuple[int, int, Totals] | None:
        """Take up where the last line stands; None where there is no journal.

        Returns:
            Bytes of the output and of the rejects to keep, and the totals so far.

        Raises:
            InputError: it is the journal of another batch, or cannot be read.

        """
        try:
            lines = self.path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {error.strerror}") from error
        whole = [line for line in lines if line.endswith(b"\n")]
        try:
            begun = msgspec.json.decode(whole[0], type=_Begun) if whole else None
            saved = [msgspec.json.decode(line, type=_Saved) for line in whole[-1:] if whole[1:]]
        except msgspec.MsgspecError as error:
            raise InputError(f"{self.path} is no journal: {error}") from error
        asked = msgspec.json.decode(msgspec.json.encode(self.asked))
        if begun and begun.asked != asked:
            other = [name for name in asked if begun.asked.get(name) != asked[name]]
            raise InputError(
                f"{self.path} is of another batch ({', '.join(other)} changed); without --resume it begins anew"
            )
        self._stream = self.path.open("r+b")
        self._stream.truncate(sum(map(len, whole)))
        self._stream.seek(0, os.SEEK_END)
        if not begun:
            self._add(_Begun(self.asked))
        last = saved[-1] if saved else _Saved(0, [], 0, 0, TotalsFile())
        self.done, self.beyond = last.done, set(last.beyond)
        return last.output, last.rejects, last.totals.totals()

    def note(self, number: int) -> None:
        """Note that a page is written."""
        self.beyond.add(number)
        while self.done in self.beyond:
            self.beyond.discard(self.done)
            self.done += 1

    def save(self, output: IO[bytes], rejects: IO[bytes] | None, totals: Totals) -> None:
        """Force what was written to the disk, and say so."""
        sizes = [_synced(stream) if stream is not None else 0 for stream in (output, rejects)]
        beyond = sorted(self.beyond)
        self._add(_Saved(self.done, beyond, sizes[0], sizes[1], TotalsFile.of(totals)))

    def finish(self) -> None:
        """Take the journal away: the output is whole."""
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._stream:
            self._stream.close()
            self._stream = None

    def _add(self, record: msgspec.Struct) -> None:
        assert self._stream is not None
        self._stream.write(msgspec.json.encode(record) + b"\n")
        self._stream.flush()


def _synced(stream: IO[bytes]) -> int:
    """Force what was written to the disk; give how much it is."""
    stream.flush()
    os.fsync(stream.fileno())
    return stream.tell()


def sources_of(
    paths: Iterable[str | Path], input_format: Any, exclude: Iterable[Path], sizes: Sizes
) -> Iterator[Source | Rejected]:
    """Find the files to read, and add up how large they are."""
    for source in find_sources(paths, input_format=input_format, exclude=[*exclude]):
        if isinstance(source, Source):
            sizes.total += source.size
        yield source
