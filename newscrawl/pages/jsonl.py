"""Read pages from JSON lines: ``{"id"?, "url", "html", "fetched_at"?, "listed"?}``.

``listed`` is what a feed or sitemap said of the page: ``{"published"?, "modified"?, "title"?, "tags"?}``.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

import msgspec

from newscrawl.items import Candidate, Page, Rejected
from newscrawl.reasons import Reason


class _Listed(msgspec.Struct):
    """The dates of a feed's or sitemap's entry, as they stand there."""

    published: str | None = None
    modified: str | None = None
    title: str | None = None
    tags: tuple[str, ...] = ()


class _Line(msgspec.Struct):
    """An input line; other keys are ignored, so that any tool's dump can be read."""

    html: str
    url: str | None = None
    id: str | int | None = None
    fetched_at: datetime | None = None
    listed: _Listed | None = None


_decoder = msgspec.json.Decoder(_Line)


def read_jsonl(stream: IO[bytes], origin: str) -> Iterator[Page | Rejected]:
    """Read a page a line. A line that is none comes out as a rejection with its number."""
    for number, line in enumerate(stream, 1):
        if line.strip():
            yield _read_line(line, f"{origin}:{number}")


def _read_line(line: bytes, origin: str) -> Page | Rejected:
    try:
        row = _decoder.decode(line.decode("utf-8", "replace"))
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        return Rejected(
            reason=Reason.INVALID_LINE, detail=str(error), origin=origin, id=_id_of(line)
        )
    if row.fetched_at and row.fetched_at.tzinfo is None:
        why = "fetched_at has no time zone"
        return Rejected(
            reason=Reason.INVALID_LINE, detail=why, origin=origin, id=row.id, url=row.url
        )
    return Page(
        body=row.html,
        url=row.url,
        id=row.id,
        fetched_at=row.fetched_at,
        origin=origin,
        listed=_listed(row.listed),
    )


def _listed(said: _Listed | None) -> tuple[Candidate, ...]:
    if said is None:
        return ()
    fields = (
        ("published", said.published), ("modified", said.modified), ("title", said.title),
        *(("tags", tag) for tag in said.tags),
    )  # fmt: skip
    return tuple(
        Candidate(field=field, raw=raw, method=f"listed.{field}") for field, raw in fields if raw
    )


def _id_of(line: bytes) -> str | int | None:
    """Give the id of a line that is JSON but no page, so that its sender finds it again."""
    try:
        row: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    given = row.get("id") if isinstance(row, dict) else None
    return given if isinstance(given, (str, int)) else None
