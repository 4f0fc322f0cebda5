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
from typing import TYPE_CHECKING, Final, Self

from newscrawl.corpus.columns import column_types
from newscrawl.errors import InputError, UsageError
from newscrawl.pages import Source, open_source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LINES: Final = (".jsonl", ".jl", ".ndjson")
PACKED: Final = ("", ".gz", ".zst")
PARQUET: Final = ".parquet"
DATA: Final = (*(f"{kind}{packing}" for kind in LINES for packing in PACKED), PARQUET)
MEMORY: Final = "600MB"
"""What DuckDB may take; the rest of 2 GB is for us, and what does not fit goes to the disk."""
MAX_LINE_BYTES: Final = 1 << 22
"""Bytes. DuckDB reads with buffers of twice that, so that lines of 8 MB are still read, a million words; what it works on pins
such a buffer for each file, however small that is, so that a file smaller than this sets the limit to its size."""
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
            spooled = scratch / "input.jsonl"
            with spooled.open("wb") as stream:
                shutil.copyfileobj(sys.stdin.buffer, stream)
            found[spooled] = spooled
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
    is_named = path.name.endswith(DATA)
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
            InputError: a file is not what its name says.

        """
        self.files = files
        self.scratch = scratch
        self.database = _connect(scratch)
        sizes = [
            path.stat().st_size if path.suffix not in PACKED[1:] else MAX_LINE_BYTES
            for path in files.lines
        ]
        self._line_bytes = min(MAX_LINE_BYTES, max(sizes, default=0) + 1)
        self.torn = [f"{path}: {why}" for path in files.lines if (why := _torn(path))]
        """What is wrong with packed files that end before their end: DuckDB reads what is left and says nothing."""
        with readable():
            self.database.execute(f"CREATE VIEW lines AS {' UNION ALL '.join(self._lines())}")

    def _lines(self) -> Iterator[str]:
        """Select each line as it stands, NULL where it is no JSON, with the name of its file."""
        if self.files.lines:
            yield f"SELECT json, filename FROM {self._objects()}"
        for path in self.files.parquet:
            yield f"SELECT json, {quoted(path)} AS filename FROM ({lines_of_parquet(path)})"

    def define_articles(self) -> None:
        """Define the view `articles` for queries: a column a field, `published` as a moment and `day` as printed."""
        columns = column_types(on_request=True)
        parts = []
        if self.files.lines:
            # Column by column, so that only those are read that a query names; `read_json` reads all of them.
            fields = ", ".join(
                f"{_extracted(name, kind)} AS {name}" for name, kind in columns.items()
            )
            parts.append(f"SELECT {fields}, filename FROM {self._objects()}")
        for path in self.files.parquet:
            empty = ", ".join(f"NULL::{kind} AS {name}" for name, kind in columns.items())
            found = f"SELECT * FROM read_parquet({_names([path])}, filename = true)"
            parts.append(f"SELECT * FROM (SELECT {empty} WHERE false) UNION ALL BY NAME ({found})")
        with readable():
            self._define(parts)

    def _define(self, parts: list[str]) -> None:
        self.database.execute(
            f"CREATE VIEW articles AS SELECT *, {instant_of('date_published')} AS published, "
            f"try_cast(left(date_published, 10) AS DATE) AS day FROM ({' UNION ALL BY NAME '.join(parts)}) "
            "WHERE id IS NOT NULL AND text_hash IS NOT NULL"
        )

    def _objects(self) -> str:
        return (
            f"read_ndjson_objects({_names(self.files.lines)}, ignore_errors = true, filename = true, "
            f"maximum_object_size = {self._line_bytes})"
        )

    def close(self) -> None:
        """Close it."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def readable() -> Iterator[None]:
    """Turn DuckDB's errors into ours: a file that is none, a line that is too long, a full disk."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise InputError(str(error).splitlines()[0]) from error


def instant_of(column: str) -> str:
    """Write the moment of a printed date in SQL: a day, month or year begins at midnight UTC.

    >>> instant_of("d")
    "try_cast(CASE length(d) WHEN 4 THEN d || '-01-01' WHEN 7 THEN d || '-01' ELSE d END AS TIMESTAMPTZ)"
    """
    whole = f"CASE length({column}) WHEN 4 THEN {column} || '-01-01' WHEN 7 THEN {column} || '-01' ELSE {column} END"
    return f"try_cast({whole} AS TIMESTAMPTZ)"


def lines_of_parquet(path: Path) -> str:
    """Select the rows of a Parquet file as the lines that they were made from.

    A merge into nothing leaves out what is null, as lines do.
    """
    rows = f"SELECT * FROM read_parquet({_names([path])})"
    return f"SELECT json_merge_patch('{{}}', to_json(row))::JSON AS json FROM ({rows}) AS row"


def _extracted(name: str, kind: str) -> str:
    """Read a field out of a line."""
    if kind == "VARCHAR":
        return f"json_extract_string(json, '$.{name}')"
    return f"try_cast(json_extract(json, '$.{name}') AS {kind})"


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
        raise UsageError(
            'corpora need the extra "corpus": pip install "newscrawl[corpus]"'
        ) from error
    # The process must not fetch an extension from the net because a query names something unknown.
    settings: dict[str, str | bool] = {
        "memory_limit": MEMORY, "temp_directory": str(scratch / "spilled"), "TimeZone": "UTC",
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        # What is selected gets its order by sorting, so that the order of files and threads is nobody's concern.
        "preserve_insertion_order": False,
        # It knows nothing of the size of lines, and takes them for the smaller side of a join, which goes to memory.
        "disabled_optimizers": "join_order,build_side_probe_side",
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
