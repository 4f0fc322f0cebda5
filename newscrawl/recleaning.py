"""Run the present cleaner over pages that were kept, and say what it changes.

How an improvement is reviewed before it is adopted: field by field and source by source, with examples.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import unified_diff
from pathlib import Path
from textwrap import shorten
from typing import Any, Final

import msgspec

from newscrawl.batch import Ending, Options, Totals, clean_pages
from newscrawl.items import Page, Rejected
from newscrawl.profiles import source_of

UNCOMPARED: Final = frozenset(
    {"schema_version", "fetched_at", "extracted_with", "revision", "word_count", "text_hash", "body", "removed_codes", "cluster"}
)  # fmt: skip
"""What changes with every run, what only repeats the text and its removals, and what other articles decide."""
SLACK: Final = 10.0
"""Seconds between the time of a record and that of the article made of it."""
MAX_SHOWN: Final = 90
"""Characters of a value in the table."""
GAINED, LOST = "(article gained)", "(article lost)"


class _Line(msgspec.Struct):
    """What is read of each article line to find it again."""

    url: str | None = None
    fetched_at: datetime | None = None
    rejected: str | None = None


@dataclass(frozen=True, slots=True)
class _Stored:
    """Where an article line stands."""

    moment: float
    path: Path
    offset: int
    size: int

    def read(self) -> dict[str, Any]:
        """Read the line."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            line: dict[str, Any] = msgspec.json.decode(file.read(self.size))
        return line


class StoredArticles:
    """The articles of a folder, found by address and time; only where they stand is kept in memory."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._known: dict[str, list[_Stored]] = defaultdict(list)
        decoder = msgspec.json.Decoder(_Line)
        for path in paths:
            offset = 0
            with path.open("rb") as file:
                for line in file:
                    self._add(decoder, line, path, offset)
                    offset += len(line)
        for found in self._known.values():
            found.sort(key=lambda stored: stored.moment)

    def _add(self, decoder: Any, line: bytes, path: Path, offset: int) -> None:
        try:
            read = decoder.decode(line)
        except msgspec.MsgspecError:
            return  # a torn last line, or no article line at all
        if read.url and read.rejected is None:
            moment = read.fetched_at.timestamp() if read.fetched_at else 0.0
            self._known[read.url].append(_Stored(moment, path, offset, len(line)))

    def __len__(self) -> int:
        """Count the addresses."""
        return len(self._known)

    def find(self, url: str | None, moment: datetime | None) -> dict[str, Any] | None:
        """Give the version that was current at a moment; None where the address gave no article."""
        found = self._known.get(url or "")
        if not found:
            return None
        limit = moment.timestamp() + SLACK if moment else float("inf")
        at = bisect_right(found, limit, key=lambda stored: stored.moment)
        return found[max(0, at - 1)].read()


@dataclass(frozen=True, slots=True)
class Change:
    """A value that is another now."""

    url: str
    before: Any
    after: Any


@dataclass
class Changes:
    """What changed on the pages of one source."""

    pages: int = 0
    changed: int = 0
    """Pages on which anything did."""
    fields: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Change]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class Review:
    """What changed, by source."""

    max_examples: int = 3
    sources: dict[str, Changes] = field(default_factory=lambda: defaultdict(Changes))
    totals: Totals = field(default_factory=Totals)

    def note(self, page: Page | Rejected, before: dict[str, Any] | None, ending: Ending) -> None:
        """Compare what a page gave with what it gives now."""
        self.totals.count(ending)
        after = msgspec.json.decode(ending.line) if ending.is_article else None
        url = page.url or page.origin or "?"
        of = self.sources[source_of(page.url) or "unknown"]
        of.pages += 1
        changes = dict(compare(before, after, ending))
        of.changed += bool(changes)
        for name, (old, new) in changes.items():
            of.fields[name] += 1
            if len(of.examples[name]) < self.max_examples:
                of.examples[name].append(Change(url, old, new))


def compare(
    before: dict[str, Any] | None, after: dict[str, Any] | None, ending: Ending
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Give the fields whose values differ, with both values.

    >>> dict(compare({"title": "A"}, {"title": "B"}, Ending(b"")))
    {'title': ('A', 'B')}
    """
    if before is None and after is None:
        return
    if before is None:
        yield GAINED, (None, after.get("title") if after else None)
    elif after is None:
        yield LOST, (before.get("title"), ending.told or str(ending.reason))
    else:
        for name in sorted({*before, *after} - UNCOMPARED):
            if before.get(name) != after.get(name):
                yield name, (before.get(name), after.get(name))


def reclean(
    pages: Iterable[Page | Rejected], stored: StoredArticles, review: Review, options: Options
) -> Iterator[Ending]:
    """Clean pages anew and note in the review what changed; give how each ended."""
    waiting: dict[int, Page | Rejected] = {}

    def remembered() -> Iterator[Page | Rejected]:
        for number, page in enumerate(pages):
            # Without its body: it is only asked for its address and time.
            waiting[number] = replace(page, body=b"") if isinstance(page, Page) else page
            yield page

    for number, ending in clean_pages(remembered(), options):
        page = waiting.pop(number)
        moment = page.fetched_at if isinstance(page, Page) else None
        review.note(page, stored.find(page.url, moment), ending)
        yield ending


def table(review: Review) -> Iterator[str]:
    """Write the review down as Markdown."""
    pages = sum(of.pages for of in review.sources.values())
    changed = sum(of.changed for of in review.sources.values())
    yield f"# {pages} pages cleaned anew: {changed} changed"
    yield ""
    yield "| source | pages | changed | fields |"
    yield "|---|--:|--:|---|"
    for source, of in sorted(review.sources.items()):
        fields = ", ".join(f"{name} {number}" for name, number in of.fields.most_common())
        yield f"| {source} | {of.pages} | {of.changed} | {fields or '–'} |"
    for source, of in sorted(review.sources.items()):
        if of.fields:
            yield from (
                "",
                f"## {source}",
                "",
                "| field | changed | before | now | on |",
                "|---|--:|---|---|---|",
            )
            for name, number in of.fields.most_common():
                for at, change in enumerate(of.examples[name]):
                    cells = (name if not at else "", str(number) if not at else "")
                    shown = (
                        _shown(*pair)
                        for pair in ((change.before, change.after), (change.after, change.before))
                    )
                    yield f"| {' | '.join((*cells, *shown, change.url))} |"


def differences(review: Review) -> Iterator[str]:
    """Write every example in full, as a unified diff."""
    for source, of in sorted(review.sources.items()):
        for name, examples in sorted(of.examples.items()):
            for change in examples:
                before, after = _lines(change.before), _lines(change.after)
                title = f"{source} {name} {change.url}"
                yield ""
                yield from unified_diff(
                    before, after, f"before {title}", f"now {title}", lineterm="", n=1
                )


def _shown(value: Any, other: Any) -> str:
    """Show a value in a cell; of a long text, from shortly before where it differs from the other."""
    if value is None:
        return "–"
    text, beside = ("\n".join(_lines(one)) for one in (value, other))
    same = next((i for i, (a, b) in enumerate(zip(text, beside, strict=False)) if a != b), 0)
    start = max(0, same - 20) if len(text) > MAX_SHOWN else 0
    shown = shorten(("… " if start else "") + text[start:], MAX_SHOWN, placeholder=" …")
    return "".join(c if c.isprintable() else " " for c in shown).replace("|", "\\|")


def _lines(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return value.split("\n")
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode().split("\n")
