"""How an article is written in each format of an export."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from newscrawl.corpus import tei
from newscrawl.corpus.columns import column_types, features, struct_of
from newscrawl.corpus.database import (
    AS_THEY_ARE,
    DAY,
    LONGEST_LINE_BYTES,
    instant_of,
    quoted,
    readable,
)
from newscrawl.items import Article
from newscrawl.jsonl import encode

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FormatName = Literal["jsonl", "parquet", "csv", "tei", "txt"]
FORMATS: Final[tuple[FormatName, ...]] = get_args(FormatName)
ROW_GROUP: Final = 10_240
"""Rows of a Parquet file that are packed together: some 50 MB of text, what a reader holds at a time."""
SMALL_ROW_GROUP: Final = 2_048
"""Where articles are long; DuckDB packs no fewer."""
LONG_LINE: Final = 12_000
"""Bytes of a line, on average."""
PACKING_MEMORY: Final = "1200MB"
JOINED: Final = "; "
CSV_COLUMNS: Final[dict[str, tuple[str, Callable[[Article], object]]]] = {
    "id": ("string", lambda a: a.id),
    "url": ("string", lambda a: a.url or a.canonical_url),
    "source": ("string", lambda a: a.source),
    "publisher": ("string", lambda a: a.publisher.name),
    "title": ("string", lambda a: a.title),
    "subtitle": ("string", lambda a: a.subtitle),
    "authors": (
        "string",
        lambda a: JOINED.join(author.name for author in a.authors if author.kind == "person"),
    ),
    "desk": ("string", lambda a: JOINED.join(a.desk)),
    "agencies": ("string", lambda a: JOINED.join(agency.id for agency in a.agencies)),
    "date_published": ("string", lambda a: a.date_published),
    "date_modified": ("string", lambda a: a.date_modified),
    "language": ("string", lambda a: a.language),
    "section": ("string", lambda a: a.section),
    "kind": ("string", lambda a: a.kind),
    "tags": ("string", lambda a: JOINED.join(a.tags)),
    "word_count": ("int64", lambda a: a.word_count),
    "paywall_truncated": ("bool", lambda a: a.paywall.truncated),
    "opt_outs": (
        "string",
        lambda a: JOINED.join(f"{sign.signal}: {sign.value}" for sign in a.opt_outs),
    ),
    "fetched_at": ("string", lambda a: a.fetched_at and a.fetched_at.isoformat()),
    "revision": ("int64", lambda a: a.revision and a.revision.number),
    "cluster": ("string", lambda a: a.cluster and a.cluster.id),
    "cluster_role": ("string", lambda a: a.cluster and a.cluster.role),
    "cluster_similarity": ("float64", lambda a: a.cluster and a.cluster.similarity),
    "text_hash": ("string", lambda a: a.text_hash),
    "text": ("string", lambda a: a.text),
}
"""Type and value of what a table has room for; the whole of an article is in the other formats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format: what stands in a file before, between and after the articles."""

    suffix: str
    write: Callable[[Article], bytes]
    alone: Callable[[Article], bytes] | None = None
    """How an article is written into a file of its own, where a folder holds one file an article."""
    opening: bytes = b""
    between: bytes = b""
    closing: bytes = b""


def write_line(article: Article) -> bytes:
    """Write an article as the line that it was, `removed` and `provenance` too where it had them."""
    return encode(article, provenance=bool(article.removed or article.provenance)) + b"\n"


def write_row(article: Article) -> bytes:
    """Write an article as a row of CSV (RFC 4180)."""
    return _row([value(article) for _, value in CSV_COLUMNS.values()])


def features_of(form: FormatName, *, on_request: bool) -> list[dict[str, Any]]:
    """Give the fields that a dataset card lists; none where the files state their types themselves."""
    if form == "csv":
        return [{"name": name, "dtype": kind} for name, (kind, _) in CSV_COLUMNS.items()]
    return features(on_request=on_request) if form == "jsonl" else []


def write_text(article: Article) -> bytes:
    """Write title and text."""
    parts = [part for part in (article.title, article.text) if part]
    return ("\n\n".join(parts).replace("\f", " ") + "\n").encode()


def _row(values: list[object]) -> bytes:
    row = io.StringIO()
    csv.writer(row).writerow(values)
    return row.getvalue().replace("\0", "").encode()


BY_NAME: Final[dict[FormatName, Format]] = {
    "jsonl": Format(suffix=".jsonl", write=write_line),
    # Made from lines when all are written.
    "parquet": Format(suffix=".parquet", write=write_line),
    "csv": Format(suffix=".csv", write=write_row, opening=_row(list(CSV_COLUMNS))),
    "tei": Format(
        suffix=".xml", write=tei.member, alone=tei.document, opening=tei.opening("A newscrawl corpus"),
        closing=tei.closing(),
    ),
    # A form feed cannot stand in a text: white space is folded.
    "txt": Format(suffix=".txt", write=write_text, alone=write_text, between=b"\f\n"),
}  # fmt: skip


def to_parquet(
    database: "DuckDBPyConnection", lines: Path, target: Path, *, articles: int, on_request: bool
) -> None:
    """Make a Parquet file of article lines: all fields, nested as they are, in the order of the lines.

    Behind them stand the moment and the day of publication as such; in the lines they are strings, with their offset.

    Args:
        database: a connection of its own: it is set to one thread, so that the same lines make the same bytes.
        lines: the lines.
        target: the file.
        articles: how many they are.
        on_request: whether there are columns for `removed` and `provenance`.

    Raises:
        InputError: the file cannot be made.

    """
    size = lines.stat().st_size
    group = ROW_GROUP if size < articles * LONG_LINE else SMALL_ROW_GROUP
    columns = column_types(on_request=on_request)
    for name, value in (
        ("threads", 1),
        ("preserve_insertion_order", True),
        ("memory_limit", quoted(PACKING_MEMORY)),
    ):
        database.execute(f"SET {name} = {value}")
    with readable():
        database.execute(
            f"COPY (SELECT {', '.join(columns)}, {instant_of('date_published')} AS published, {DAY} AS day "
            f"FROM read_json({quoted(lines)}, format = 'newline_delimited', columns = {struct_of(columns)}, "
            f"maximum_object_size = {min(size + 1, LONGEST_LINE_BYTES)}, {AS_THEY_ARE})) "
            f"TO {quoted(target)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {group})"
        )
