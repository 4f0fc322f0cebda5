"""Article files, opened with DuckDB: whatever files they are in, they read as one relation of lines."""

import os
import shutil
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from newscrawl.corpus.columns import column_types, struct_of
from newscrawl.errors import InputError, UsageError
from newscrawl.pages import Source, open_source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LINES: Final = (".jsonl", ".jl", ".ndjson")
PACKED: Final = ("", ".gz", ".zst")
PARQUET: Final = ".parquet"
MEMORY: Final = "1GB"
"""What DuckDB may take; the rest of 2 GB is for us, and what does not fit goes to the disk."""
MAX_LINE_BYTES: Final = 1 << 23
"""Bytes; twice what the largest page may have that is cleaned."""
GLOB_SIGNS: Final = str.maketrans({sign: f"[{sign}]" for sign in "[*?"})


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a corpus, each kind in the order of their names."""

    lines: tuple[Path, ...] = ()
    parquet: tuple[Path, ...] = ()

    def __iter__(self) -> Iterator[Path]:
        yield from self.lines
        yield from self.parquet


def find_files(paths: Iterable[str | Path], scratch: Path | None = None) -> Files:
    """Find article files.

    Args:
        paths: files, or folders, searched for JSON lines (also packed) and Parquet; `-` for standard input.
        scratch: where standard input is put; without it, `-` is not taken.

    Raises:
        InputError: a path is not there, or a folder has no such file.

    """
    found: dict[Path, Path] = {}
    for given in paths:
        if str(given) == "-" and scratch is not None:
            path = scratch / "input.jsonl"
            with path.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
            found[path] = path
            continue
        path = Path(given)
        files = sorted(filter(_is_data, path.rglob("*"))) if path.is_dir() else [path]
        if not files:
            raise InputError(f"{path}: no .jsonl or .parquet file in it")
        for file in files:
            if not file.is_file():
                raise InputError(f"{file}: no such file")
            found[file.resolve()] = file
    files = list(found.values())
    return Files(
        lines=tuple(file for file in files if file.suffix != PARQUET),
        parquet=tuple(file for file in files if file.suffix == PARQUET),
    )


def _is_data(path: Path) -> bool:
    is_named = path.name.endswith(tuple(f"{a}{b}" for a in LINES for b in PACKED) + (PARQUET,))
    return is_named and not path.name.startswith(".") and path.is_file()


@contextmanager
def workshop(beside: Path | None = None) -> Iterator[Path]:
    """Make a folder for what is on its way, and take it away at the end.

    Args:
        beside: the folder to make it in, such as that of the output, whose disk is large enough for a copy of it;
            without it that of `TMPDIR`.

    """
    with TemporaryDirectory(prefix=".newscrawl-", dir=beside) as name:
        yield Path(name)


class Corpus:
    """Article files as a DuckDB database."""

    def __init__(self, files: Files, scratch: Path) -> None:
        """Open it; nothing is read yet but the ends of packed files.

        Raises:
            UsageError: DuckDB is not installed.

        """
        self.files = files
        self.scratch = scratch
        self.database = _connect(scratch)
        self.torn = [f"{path}: {why}" for path in files.lines if (why := _torn(path))]
        """What is wrong with packed files that end before their end: DuckDB reads what is left and says nothing."""
        self.database.execute(f"CREATE VIEW lines AS {' UNION ALL '.join(self._lines())}")

    def _lines(self) -> Iterator[str]:
        """Select each line as it stands, NULL where it is no JSON, with the name of its file."""
        if self.files.lines:
            yield (
                f"SELECT json, filename FROM read_ndjson_objects({_names(self.files.lines)}, "
                f"ignore_errors = true, filename = true, maximum_object_size = {MAX_LINE_BYTES})"
            )
        for path in self.files.parquet:
            row = f"SELECT * FROM read_parquet({_names([path])})"
            yield f"SELECT to_json(row)::JSON AS json, {quoted(path)} AS filename FROM ({row}) AS row"

    def define_articles(self) -> None:
        """Define the view `articles` for queries: a column a field, `published` as a moment and `day` as printed."""
        columns = column_types(on_request=True)
        parts = []
        if self.files.lines:
            parts.append(
                f"SELECT {', '.join(columns)}, filename FROM read_json({_names(self.files.lines)}, "
                f"format = 'newline_delimited', columns = {struct_of(columns)}, ignore_errors = true, "
                f"filename = true, maximum_object_size = {MAX_LINE_BYTES})"
            )
        for path in self.files.parquet:
            fitting = f"SELECT * FROM read_parquet({_names([path])}, filename = true)"
            empty = f"SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind in columns.items())} WHERE false"
            parts.append(f"SELECT * FROM ({empty}) UNION ALL BY NAME ({fitting})")
        self.database.execute(
            f"CREATE VIEW articles AS SELECT *, {instant_of('date_published')} AS published, "
            f"try_cast(left(date_published, 10) AS DATE) AS day FROM ({' UNION ALL BY NAME '.join(parts)}) "
            "WHERE id IS NOT NULL AND text IS NOT NULL"
        )

    def close(self) -> None:
        """Close it."""
        self.database.close()

    def __enter__(self) -> "Corpus":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def instant_of(column: str) -> str:
    """Write the moment of a printed date in SQL: a day, month or year begins at midnight UTC.

    >>> instant_of("d")
    "try_cast(CASE length(d) WHEN 4 THEN d || '-01-01' WHEN 7 THEN d || '-01' ELSE d END AS TIMESTAMPTZ)"
    """
    whole = f"CASE length({column}) WHEN 4 THEN {column} || '-01-01' WHEN 7 THEN {column} || '-01' ELSE {column} END"
    return f"try_cast({whole} AS TIMESTAMPTZ)"


def quoted(value: str | os.PathLike[str]) -> str:
    """Quote a string for SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def _names(paths: Sequence[Path]) -> str:
    """Write paths as a list in SQL, in which no sign stands for others."""
    return "[" + ", ".join(quoted(str(path).translate(GLOB_SIGNS)) for path in paths) + "]"


@contextmanager
def scratch_database() -> Iterator["DuckDBPyConnection"]:
    """Open a database that is gone afterwards, to read a file or to make one."""
    with workshop() as scratch, closing(_connect(scratch)) as database:
        yield database


def _connect(scratch: Path) -> "DuckDBPyConnection":
    try:
        import duckdb
    except ImportError as error:
        raise UsageError('corpora need the extra "corpus": pip install "newscrawl[corpus]"') from error
    # The process must not fetch an extension from the net because a query names something unknown.
    settings: dict[str, str | bool] = {
        "memory_limit": MEMORY, "temp_directory": str(scratch / "spilled"), "TimeZone": "UTC",
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        # What is selected gets its order by sorting, so that the order of files and threads is nobody's concern.
        "preserve_insertion_order": False,
    }  # fmt: skip
    database = duckdb.connect(str(scratch / "corpus.duckdb"))
    for name, value in settings.items():
        database.execute(f"SET {name} = {quoted(value) if isinstance(value, str) else value}")
    return database


def _torn(path: Path) -> str | None:
    """Say what is wrong with a packed file, if something is."""
    if path.suffix not in PACKED[1:]:
        return None
    try:
        with open_source(Source(str(path), "jsonl")) as stream:
            while stream.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error) as error:
        return str(error)
    return None
