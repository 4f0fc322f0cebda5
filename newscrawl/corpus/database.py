"""Article files, opened with DuckDB: whatever files they are in, they read as one relation of lines."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from newscrawl.corpus import NO_EXTRA
from newscrawl.corpus.columns import column_types
from newscrawl.corpus.files import Files, find_files, mended, workshop
from newscrawl.errors import InputError, UsageError
from newscrawl.pages import PACKED

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY: Final = "600MB"
"""What DuckDB may take; the rest of 2 GB is for us, and what does not fit goes to the disk."""
MAX_LINE_BYTES: Final = 1 << 22
"""Bytes. DuckDB reads with buffers of twice that, so that lines of 8 MB are still read, a million words; what it works on pins
such a buffer for each file, however small that is, so that a file smaller than this sets the limit to its size."""
GLOB_SIGNS: Final = str.maketrans({sign: f"[{sign}]" for sign in "[*?"})
LONGEST_LINE_BYTES: Final = 1 << 25
"""What is tried where a line is longer; no page that is cleaned makes one of 64 MB."""
AS_THEY_ARE: Final = "hive_partitioning = false"
"""A folder whose name has an equals sign is a name, no column."""
ROW: Final = "newscrawl_row"
"""A name that no column has."""
DATE: Final = r"^\d{4}(-\d\d(-\d\d([T ]\d\d:\d\d[\d:.Z+-]*)?)?)?$"
"""Dates as lines hold them; DuckDB also knows `infinity` and `now`."""
DAY: Final = "try_cast(left(date_published, 10) AS DATE)"
"""The day of publication as it is printed, in SQL."""


class Corpus:
    """Article files as a DuckDB database."""

    def __init__(self, files: Files, scratch: Path) -> None:
        """Open it; nothing is read yet but the ends of packed files.

        Raises:
            UsageError: DuckDB is not installed.

        """
        self.scratch = scratch
        self.database = _connect(scratch)
        self.files, self._names, self.torn = mended(files, scratch)
        """What is read; and what is wrong with files of which only a part is, or nothing."""
        sizes = [
            MAX_LINE_BYTES if path.suffix in PACKED else path.stat().st_size
            for path in self.files.lines
        ]
        self._line_bytes = min(MAX_LINE_BYTES, max(sizes, default=0) + 1)
        self._set_aside("SELECT * FROM ({}) LIMIT 0")
        self._define_lines()

    def retry(self, error: Exception) -> None:
        """Make ready for another try after the files could not be read: with longer lines, or without those that are damaged.

        Raises:
            InputError: nothing can be made better.

        """
        if "maximum_object_size" in str(error) and self._line_bytes < LONGEST_LINE_BYTES:
            self._line_bytes = LONGEST_LINE_BYTES
        elif not self._set_aside("SELECT max(strlen(json)) FROM ({})"):
            raise InputError(str(error).splitlines()[0]) from error
        self._define_lines()

    def name_of(self, file: str) -> str:
        """Give the name of a file as it was given, where another stands for it."""
        return self._names.get(file, file)

    def _set_aside(self, test: str) -> bool:
        """Leave out the Parquet files that cannot be read; tell whether there are such."""
        import duckdb

        kept = []
        for path in self.files.parquet:
            try:
                self.database.execute(test.format(lines_of_parquet(path)))
                kept.append(path)
            except duckdb.Error as error:
                self.torn.append(f"{path}: {str(error).splitlines()[0]}")
        is_less = len(kept) < len(self.files.parquet)
        self.files = Files(lines=self.files.lines, parquet=tuple(kept))
        return is_less

    def _define_lines(self) -> None:
        nothing = "SELECT NULL::JSON AS json, '' AS filename WHERE false"
        found = " UNION ALL ".join(self._lines()) or nothing
        self.database.execute(f"CREATE OR REPLACE VIEW lines AS {found}")

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
            found = f"SELECT * FROM read_parquet({_names([path])}, {AS_THEY_ARE})"
            both = f"SELECT * FROM (SELECT {empty} WHERE false) UNION ALL BY NAME ({found})"
            parts.append(f"SELECT {', '.join(columns)}, {quoted(path)} AS filename FROM ({both})")
        if not parts:
            raise InputError("; ".join(self.torn))
        with readable():
            self._define(parts)

    def _define(self, parts: list[str]) -> None:
        self.database.execute(
            f"CREATE VIEW articles AS SELECT *, {instant_of('date_published')} AS published, "
            f"{DAY} AS day FROM ({' UNION ALL BY NAME '.join(parts)}) "
            "WHERE id IS NOT NULL AND text_hash IS NOT NULL"
        )

    def _objects(self) -> str:
        return (
            f"read_ndjson_objects({_names(self.files.lines)}, ignore_errors = true, filename = true, "
            f"maximum_object_size = {self._line_bytes}, {AS_THEY_ARE})"
        )

    def close(self) -> None:
        """Close it."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def opened_corpus(paths: Iterable[str | Path], beside: Path | None = None) -> Iterator[Corpus]:
    """Find article files and open them, with a folder for what is on its way.

    Args:
        paths: files, folders, or `-`; see `find_files`.
        beside: where that folder is made; see `workshop`.

    """
    with workshop(beside) as scratch, Corpus(find_files(paths, scratch), scratch) as corpus:
        yield corpus


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

    >>> instant_of("d").endswith("ELSE d END AS TIMESTAMPTZ) END")
    True
    """
    whole = f"CASE length({column}) WHEN 4 THEN {column} || '-01-01' WHEN 7 THEN {column} || '-01' ELSE {column} END"
    is_date = f"regexp_matches({column}, {quoted(DATE)})"
    return f"CASE WHEN {is_date} THEN try_cast({whole} AS TIMESTAMPTZ) END"


def lines_of_parquet(path: Path) -> str:
    """Select the rows of a Parquet file as the lines that they were made from.

    A merge into nothing leaves out what is null, as lines do.
    """
    rows = f"SELECT * FROM read_parquet({_names([path])}, {AS_THEY_ARE})"
    return f"SELECT json_merge_patch('{{}}', to_json({ROW}))::JSON AS json FROM ({rows}) AS {ROW}"


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
    written = (str(path).translate(GLOB_SIGNS) for path in paths)
    # A tilde in front would be a home directory.
    return (
        "["
        + ", ".join(quoted(f"./{name}" if name.startswith("~") else name) for name in written)
        + "]"
    )


@contextmanager
def scratch_database() -> Iterator["DuckDBPyConnection"]:
    """Open a database that is gone afterwards, to read a file or to make one."""
    with workshop() as scratch, closing(_connect(scratch)) as database:
        yield database


def _connect(scratch: Path) -> "DuckDBPyConnection":
    try:
        import duckdb
    except ImportError as error:
        raise UsageError(NO_EXTRA) from error
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
