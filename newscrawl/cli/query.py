"""newscrawl query."""

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec

from newscrawl.cli.exits import ExitCode
from newscrawl.cli.export import add_paths
from newscrawl.corpus.database import Corpus, opened_corpus
from newscrawl.corpus.files import cut_files
from newscrawl.errors import InputError, UsageError

EXAMPLE: Final = """
examples:
  newscrawl query "SELECT source, count(*) AS articles FROM articles GROUP BY ALL ORDER BY articles DESC"
  newscrawl query "SELECT day, title FROM articles WHERE list_contains(list_transform(agencies, lambda x: x.id), 'ap')"
  newscrawl query "SELECT unnest(tags) AS tag, count(*) AS n FROM articles GROUP BY tag ORDER BY n DESC LIMIT 20" corpus/
  newscrawl query "SELECT id, text FROM articles WHERE day >= '2026-01-01'" --format jsonl > texts.jsonl
  newscrawl query "DESCRIBE articles"

The SQL is DuckDB's. The table `articles` has a column for each field of an article line (newscrawl schema), `published` (the
moment), `day` (as printed) and `filename`; every line of an article is a row, versions and repeats included. `lines` has each line
as JSON, NULL where it is none.

exit codes: 0 all well, 1 a file cannot be read, 2 wrong usage or SQL, 3 no row
"""
FORMATS: Final = ("table", "csv", "jsonl")
AT_ONCE: Final = 1000
MAX_SHOWN: Final = 200
"""Rows of a table; who wants more wants another format."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument("sql", metavar="SQL", help="one SELECT")
    add_paths(parser)
    parser.add_argument(
        "--format", choices=FORMATS, help="(table on a terminal, else csv)",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Ask."""
    form = options.format or ("table" if sys.stdout.isatty() else "csv")
    with opened_corpus(options.paths) as corpus:
        corpus.define_articles()
        damaged = [*corpus.torn, *cut_files(corpus.files)]
        for line in damaged:
            print(f"newscrawl: {line}", file=sys.stderr)
        number = _answer(corpus, options.sql, form)
        if damaged:
            return ExitCode.FAILED
    return ExitCode.OK if number else ExitCode.NOTHING


def _answer(corpus: Corpus, sql: str, form: str) -> int:
    import duckdb

    try:
        statements = duckdb.extract_statements(sql)
        asked = [statement.type for statement in statements]
        if len(asked) != 1 or asked[0] not in (
            duckdb.StatementType.SELECT,
            duckdb.StatementType.EXPLAIN,
        ):
            raise UsageError("one SELECT, please: files are asked, not changed")
        found = corpus.database.execute(statements[0])
        names = [column[0] for column in found.description or ()]
        if len(set(names)) < len(names) and form == "jsonl":
            raise UsageError(f"columns need names of their own: {', '.join(names)}")
        if form == "table":
            rows = found.fetchmany(MAX_SHOWN + 1)
            _print_table(names, rows)
            return len(rows)
        number = 0
        write = _write_csv(names) if form == "csv" else _write_lines(names)
        while rows := found.fetchmany(AT_ONCE):
            number += len(rows)
            write(rows)
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise InputError(str(error).rstrip()) from error
    except duckdb.Error as error:
        raise UsageError(str(error).rstrip()) from error
    return number


def _print_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    # Imported here: what goes to a file needs none.
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    for name in names:
        table.add_column(escape(name))
    for row in rows[:MAX_SHOWN]:
        table.add_row(*(escape(_shown(value)) for value in row))
    Console().print(table)
    if len(rows) > MAX_SHOWN:
        print(
            f"newscrawl: only the first {MAX_SHOWN} rows are shown; --format csv has all",
            file=sys.stderr,
        )


def _shown(value: Any) -> str:
    """Print a value; nothing that steers a terminal, for texts are strangers'."""
    text = _plain(value)
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return msgspec.json.encode(value).decode() if isinstance(value, (dict, list)) else str(value)


def _write_csv(names: Sequence[str]) -> Any:
    # In UTF-8, whatever the terminal's own encoding is.
    def write(rows: Iterable[Sequence[Any]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            [_plain(value) for value in row] for row in rows
        )
        sys.stdout.buffer.write(text.getvalue().encode())

    write([names])
    return write


def _write_lines(names: Sequence[str]) -> Any:
    def write(rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            sys.stdout.buffer.write(msgspec.json.encode(dict(zip(names, row, strict=True))) + b"\n")

    return write
