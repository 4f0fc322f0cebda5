"""The articles that were chosen, one after the other in their order, without holding them in memory."""

import struct
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from newscrawl.corpus.database import Corpus
from newscrawl.errors import InputError
from newscrawl.items import Article
from newscrawl.jsonl import decode

AT_ONCE: Final = 50
"""Rows that are fetched at a time; a line may have megabytes."""
BUCKET_BYTES: Final = 64 << 20
"""Bytes of lines that are sorted in memory at a time."""
MAX_BUCKETS: Final = 400
"""Files that may be open at a time; a process may have 1,024 by default."""
HEAD: Final = struct.Struct("<qi")
"""Position and length in front of a line."""


def read_texts(corpus: Corpus) -> Iterator[tuple[int, str]]:
    """Give position and text of all that was chosen, in whatever order they are read."""
    yield from _once(corpus, "json_extract_string(json, '$.text')")


def read_articles_in_order(corpus: Corpus) -> Iterator[tuple[int, Article | InputError]]:
    """Give position and article of all that was chosen, by position; what turns out to be none, as an error.

    Lines are dealt into buckets on the disk, each for a range of positions, and each bucket is sorted in memory: to
    let DuckDB sort whole lines takes more memory than they have.
    """
    row = corpus.database.execute("SELECT sum(bytes), max(position) FROM chosen").fetchone()
    total, last = row or (0, None)
    if last is None:
        return
    count = min(MAX_BUCKETS, total // BUCKET_BYTES + 1)
    width = last // count + 1
    folder = corpus.scratch / "buckets"
    folder.mkdir()
    paths = [folder / str(number) for number in range(count)]
    with ExitStack() as stack:
        buckets = [stack.enter_context(path.open("wb")) for path in paths]
        for position, line in _once(corpus, "json::VARCHAR"):
            data = line.encode()
            bucket = buckets[position // width]
            bucket.write(HEAD.pack(position, len(data)))
            bucket.write(data)
    for path in paths:
        yield from _read_bucket(path)
        path.unlink()
    folder.rmdir()


def _once(corpus: Corpus, what: str) -> Iterator[tuple[int, str]]:
    """Read something of each chosen line; one that stands in the files twice comes twice, and is given once."""
    cursor = corpus.database.cursor()
    row = cursor.execute("SELECT count(*) FROM chosen").fetchone()
    seen = bytearray(row[0] if row else 0)
    # A copy of the value goes into the join: what refers to a line there pins the buffer of its file for thousands of rows.
    cursor.execute(
        f"SELECT position, value FROM (SELECT md5_number(json) AS k, {what} || '' AS value FROM lines) "
        "JOIN (SELECT position, key FROM chosen) AS c ON k = c.key"
    )
    while rows := cursor.fetchmany(AT_ONCE):
        for position, value in rows:
            if not seen[position]:
                seen[position] = 1
                yield position, value


def _read_bucket(path: Path) -> Iterator[tuple[int, Article | InputError]]:
    with path.open("rb") as file:
        lines = sorted(_lines(file))
    for position, line in lines:
        try:
            yield position, with_text_id(decode(line))
        except InputError as error:
            yield position, error


def with_text_id(article: Article) -> Article:
    """Give an article whose id is a string: callers of `clean` may count their pages, but a column has one type."""
    return article if isinstance(article.id, str) else replace(article, id=str(article.id))


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    while head := file.read(HEAD.size):
        position, length = HEAD.unpack(head)
        yield position, file.read(length)
