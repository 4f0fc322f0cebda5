"""Read pages from WARC files: our own archive, Common Crawl's CC-NEWS, anybody's.

What is cut off or corrupt comes out as a rejection, and reading goes on with the next record: in
files with a gzip member or Zstandard frame for each record, as the WARC standard recommends, that
loses the damaged record and no other.
"""

import contextlib
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any, Final

import msgspec

from newscrawl.items import Candidate, OptOut, Page, Rejected
from newscrawl.reasons import Reason

HTML_TYPES: Final = ("text/html", "application/xhtml+xml")
NOTE_TYPE: Final = "application/vnd.newscrawl+json"
"""Content type of the metadata records that our crawls write."""
STARTS: Final = (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"WARC/1.")
"""How a gzip member, a Zstandard frame and an uncompressed record begin."""
CHUNK: Final = 1 << 20
STATUSES: Final = {
    **dict.fromkeys((401, 403, 407, 429, 451), Reason.BLOCKED),
    **dict.fromkeys((404, 410), Reason.GONE),
}
DAMAGED: Final = (OSError, EOFError, ValueError, zlib.error)


class Note(msgspec.Struct, omit_defaults=True):
    """What our metadata record says of a response, and what became of it."""

    source: str | None = None
    """The registered domain that the crawl was about."""
    kind: str = "article"
    """article, or list for what leads to articles, or other."""
    spider: str | None = None
    listed: list[tuple[str, str, str]] = []
    """What the feed or sitemap said: field, value, method."""
    opt_outs: list[tuple[str, str]] = []
    article: str | None = None
    """The article's id, in the record that is written when its end is known."""
    outcome: str | None = None
    """accepted, or the reason of the rejection."""


_notes = msgspec.json.Decoder(Note)


@dataclass
class _Reading:
    """One archive while it is read."""

    stream: IO[bytes]
    origin: str
    notes: dict[str, Note] = field(default_factory=dict)
    """What is known of responses that are yet to come, by record id."""
    position: int = 0
    """Where the record that was read last begins."""
    sign: bytes = b""
    """How its records begin; the others' signs may stand inside them by chance."""


def read_warc(stream: IO[bytes], origin: str) -> Iterator[Page | Rejected]:
    """Read the pages of an archive, compressed or not.

    Args:
        stream: the file's bytes as they are; damage is stepped over only where it can be sought in.
        origin: what the archive is called in messages; a record is `origin@offset`.

    Yields:
        A page for each response with HTML and a status of success; a rejection for each other
        response, and for each damaged place. Requests, metadata and the like are passed over, and
        so is what the archive itself says to be no page, such as a robots.txt.

    """
    reading = _Reading(stream, origin)
    start: int | None = 0
    if not stream.seekable():
        reading.stream = stream = io.BufferedReader(stream)  # type: ignore[type-var]
    begins = _peek(stream)
    if not begins.strip():
        yield Rejected(reason=Reason.EMPTY, origin=origin)
        return
    reading.sign = next((sign for sign in STARTS if begins.startswith(sign)), STARTS[-1])
    while start is not None:
        try:
            yield from _from_here(reading)
        except DAMAGED as error:
            yield reading_failed(reading, str(error))
        else:
            if _is_cut(reading):
                yield reading_failed(reading, "cut off at the beginning of the next")
            return
        start = _next_start(reading)


def reading_failed(reading: _Reading, why: str) -> Rejected:
    """Refuse a damaged place."""
    where = f"{reading.origin}@{reading.position}"
    return Rejected(
        reason=Reason.UNREADABLE, detail=f"damaged behind the record: {why}", origin=where
    )


def _peek(stream: IO[bytes]) -> bytes:
    if stream.seekable():
        start = stream.read(16)
        stream.seek(0)
        return start
    return stream.peek(16)[:16]  # type: ignore[attr-defined, no-any-return]


def _from_here(reading: _Reading) -> Iterator[Page | Rejected]:
    # Imported here: who cleans no archive need not load it.
    from fastwarc.warc import ArchiveIterator

    number = 0
    held: Page | Rejected | None = None
    try:
        for record in ArchiveIterator(reading.stream, parse_http=False, strict_mode=False):
            # Only now the check sum behind the record before this one has been read.
            if held:
                yield held
                held = None
            reading.position = record.stream_pos
            number += 1
            content = record.reader.read()
            if len(content) < record.content_length:
                raise EOFError(f"cut off after {len(content)} of {record.content_length} bytes")
            held = _read_record(record, content, reading)
    except DAMAGED:
        # The damage is its own, or that of the next; a page ends once.
        if held and _is_whole(reading):
            yield held
        raise
    if held:
        yield held
    if not number:
        raise ValueError("no WARC record")


def _is_whole(reading: _Reading) -> bool:
    """Tell whether what holds the last record can be read to its end; where that is not known, it is."""
    stream, sign = reading.stream, reading.sign
    if sign == STARTS[-1] or not stream.seekable():
        return True
    stream.seek(reading.position)
    if stream.read(len(sign)) != sign:
        return True  # one member holds all records
    stream.seek(reading.position)
    try:
        _behind_member(stream, sign)
    except DAMAGED:
        return False
    return True


def _read_record(record: Any, content: bytes, reading: _Reading) -> Page | Rejected | None:
    headers = record.headers
    kind = headers.get("WARC-Type")
    if kind == "metadata" and headers.get("Content-Type") == NOTE_TYPE:
        # Where it is damaged what the feed said is lost; the page itself is not.
        with contextlib.suppress(msgspec.MsgspecError):
            reading.notes[headers.get("WARC-Concurrent-To") or ""] = _notes.decode(content)
        return None
    if kind == "resource" and (headers.get("Content-Type") or "").startswith(HTML_TYPES):
        return _page(headers, content, headers.get("Content-Type"), None, reading)
    if kind != "response" or "http" not in (headers.get("Content-Type") or "http"):
        return None
    note = reading.notes.pop(record.record_id or "", None)
    if note and note.kind != "article":
        return None
    return _read_response(record, content, note, reading)


def _read_response(
    record: Any, content: bytes, note: Note | None, reading: _Reading
) -> Page | Rejected:
    from fastwarc.warc import WarcRecord

    headers = record.headers
    response = WarcRecord()
    response.init_headers(record.record_type, content_length=len(content))
    response.set_bytes_content(content)
    response.is_http = True
    try:
        response.parse_http(auto_decode="all", strict_mode=False)
        body = response.reader.read()
    except DAMAGED as error:
        return _refused(headers, Reason.UNREADABLE, str(error), reading)
    status = response.http_headers.status_code
    content_type = response.http_headers.get("Content-Type")
    if status is not None and not 200 <= status < 300:
        return _refused(
            headers, STATUSES.get(status, Reason.HTTP_ERROR), f"status {status}", reading
        )
    if content_type and not content_type.lower().lstrip().startswith(HTML_TYPES):
        return _refused(headers, Reason.NOT_HTML, content_type[:100], reading)
    return _page(headers, body, content_type, note, reading)


def _page(
    headers: Any, body: bytes, content_type: str | None, note: Note | None, reading: _Reading
) -> Page:
    note = note or Note()
    return Page(
        body=body,
        url=headers.get("WARC-Target-URI"),
        content_type=content_type,
        fetched_at=_date(headers.get("WARC-Date")),
        origin=f"{reading.origin}@{reading.position}",
        listed=tuple(Candidate(field=f, raw=raw, method=m) for f, raw, m in note.listed),
        opt_outs=tuple(OptOut(signal=signal, value=value) for signal, value in note.opt_outs),
    )


def _refused(headers: Any, reason: Reason, detail: str, reading: _Reading) -> Rejected:
    where = f"{reading.origin}@{reading.position}"
    return Rejected(reason=reason, url=headers.get("WARC-Target-URI"), detail=detail, origin=where)


def _date(text: str | None) -> datetime | None:
    """Read a WARC-Date; from version 1.1 on it may have fractions of a second."""
    try:
        read = datetime.fromisoformat(re.sub(r"\.\d+", "", text or ""))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _next_start(reading: _Reading) -> int | None:
    """Seek the next place behind the last record where another may begin; None where there is none.

    Most places found first are the damaged record itself, and chance: they fail at once, and the
    search goes on behind them.
    """
    stream = reading.stream
    if not stream.seekable():
        return None
    at = reading.position + 1
    while (start := _find_start(stream, at, reading.sign)) is not None:
        if _begins_record(stream, start):
            reading.position = start
            stream.seek(start)
            return start
        at = start + 1
    return None


def _find_start(stream: IO[bytes], at: int, sign: bytes) -> int | None:
    stream.seek(at)
    kept = b""
    while chunk := stream.read(CHUNK):
        data = kept + chunk
        if (place := data.find(sign)) >= 0:
            return at - len(kept) + place
        at += len(chunk)
        kept = data[1 - len(sign) :]
    return None


def _is_cut(reading: _Reading) -> bool:
    """Tell whether the beginning of another record stands behind the last one.

    Readers take too little for a record as the end of the file.
    """
    stream = reading.stream
    if not stream.seekable():
        return False
    stream.seek(reading.position)
    if reading.sign == STARTS[-1]:
        return _find_start(stream, reading.position + 1, reading.sign) is not None
    try:
        return bool(_behind_member(stream, reading.sign).strip(b"\0"))
    except DAMAGED:
        return False  # one member holds all records, and its end was read


def _behind_member(stream: IO[bytes], sign: bytes) -> bytes:
    """Give the first bytes behind the gzip member or Zstandard frame that begins here."""
    decompressor: Any
    if sign == STARTS[0]:
        decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    else:
        import zstandard

        decompressor = zstandard.ZstdDecompressor().decompressobj()
        if stream.read(len(sign)) != sign:
            raise ValueError("no frame begins here")
        stream.seek(-len(sign), io.SEEK_CUR)
    try:
        while not decompressor.eof and (chunk := stream.read(CHUNK)):
            decompressor.decompress(chunk)
    except Exception as error:  # zstandard has one of its own, which is no ValueError
        raise ValueError(str(error)) from error
    rest: bytes = decompressor.unused_data
    return rest or stream.read(len(sign))


def _begins_record(stream: IO[bytes], start: int) -> bool:
    """Tell whether a whole record can be read from here."""
    from fastwarc.warc import ArchiveIterator

    stream.seek(start)
    try:
        for record in ArchiveIterator(stream, parse_http=False, strict_mode=False):
            return len(record.reader.read()) == record.content_length
    except DAMAGED:
        return False
    return False
