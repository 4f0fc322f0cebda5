"""Typed articles out of files: `newscrawl.read_articles`."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from newscrawl.corpus.database import lines_of_parquet, scratch_database
from newscrawl.corpus.files import find_files
from newscrawl.errors import InputError
from newscrawl.items import Article
from newscrawl.jsonl import decode
from newscrawl.pages import Source, open_source


class _Refusal(msgspec.Struct):
    """What tells the line of a page that is no article."""

    rejected: str | None = None


def read_articles(path: str | Path) -> Iterator[Article]:
    """Read the articles of a file or folder: of crawls, of `clean`, or of an export.

    Args:
        path: a file of JSON lines (also with .gz or .zst), a Parquet file (extra `corpus`), or a folder with such files,
            which are read in the order of their names.

    Yields:
        The articles, one at a time. Lines of pages that are no articles are passed over.

    Raises:
        InputError: there is no such file, or a line is no article; the message names file and line.

    """
    files = find_files([path])
    for file in files.lines:
        yield from articles_of_lines(file)
    for file in files.parquet:
        yield from articles_of_parquet(file)


def articles_of_lines(path: Path) -> Iterator[Article]:
    """Read the articles of a file of JSON lines."""
    try:
        with open_source(Source(str(path), "jsonl")) as stream:
            for number, line in enumerate(stream, 1):
                try:
                    yield decode(line)
                except InputError as error:
                    if line.strip() and not is_refusal(line):
                        raise InputError(f"{path}:{number}: {error}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: {error}") from error


def articles_of_parquet(path: Path) -> Iterator[Article]:
    """Read the articles of a Parquet file that an export has made.

    Raises:
        InputError: it is none, or it is damaged.

    """
    with scratch_database() as database:
        import duckdb

        try:
            database.execute("SET preserve_insertion_order = true")
            database.execute(f"SELECT json::VARCHAR FROM ({lines_of_parquet(path)})")
            while row := database.fetchone():
                yield decode(row[0].encode())
        except (duckdb.Error, UnicodeDecodeError) as error:
            raise InputError(f"{path}: {str(error).splitlines()[0]}") from error


def is_refusal(line: bytes) -> bool:
    """Tell the line of a page that is no article."""
    try:
        return msgspec.json.decode(line, type=_Refusal).rejected is not None
    except (msgspec.MsgspecError, RecursionError):
        return False
