"""Finding the files of a corpus, and reading what can be read of those that are cut."""

import shutil
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, cast

from newscrawl.errors import InputError, UsageError
from newscrawl.pages import PACKED, SUFFIXES, Source, open_source

if TYPE_CHECKING:
    from io import BufferedReader

LINES: Final = tuple(suffix for suffix, form in SUFFIXES.items() if form == "jsonl")
PARQUET: Final = ".parquet"
DATA: Final = (*(f"{kind}{packing}" for kind in LINES for packing in ("", *PACKED)), PARQUET)
OTHERS: Final = frozenset({".csv", ".tsv", ".xml", ".txt", ".md", ".html", ".warc", ".pdf"})
"""Files that are named by mistake: exports that cannot be read back, pages that are not cleaned yet."""
CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a corpus, each kind in the order of their names."""

    lines: tuple[Path, ...] = ()
    parquet: tuple[Path, ...] = ()


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
        for file in _files_of(Path(given)):
            found[file.resolve()] = file
    files = list(found.values())
    return Files(
        lines=tuple(file for file in files if file.suffix != PARQUET),
        parquet=tuple(file for file in files if file.suffix == PARQUET),
    )


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        # What is hidden is no data: folders of exports that were killed, of tools, of desktops.
        within = (file for file in path.rglob("*") if not _is_hidden(file.relative_to(path)))
        if found := sorted(filter(_is_data, within)):
            return found
        raise InputError(f"{path}: no .jsonl or .parquet file in it")
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; newscrawl crawl and clean make articles")
    kind = Path(path.stem).suffix if path.suffix in PACKED else path.suffix
    if kind.lower() in OTHERS:
        raise InputError(f"{path}: articles are read from JSON lines and Parquet")
    return [path]


def _is_data(path: Path) -> bool:
    is_named = path.name.endswith(DATA)
    return is_named and path.is_file()


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


@contextmanager
def workshop(beside: Path | None = None) -> Iterator[Path]:
    """Make a folder for what is on its way, and take it away at the end.

    Args:
        beside: the folder to make it in, such as that of the output, whose disk is large enough for a copy of it;
            without it that of `TMPDIR`.

    """
    with TemporaryDirectory(prefix=".newscrawl-", dir=beside) as name:
        yield Path(name)


def refuse_overlap(paths: Iterable[str | Path], target: Path) -> None:
    """Refuse to write over what is read, or among it.

    Raises:
        UsageError: the target is one of the files or folders that are read, or lies in one.

    """
    goal = target.resolve()
    for given in paths:
        source = Path(given).resolve()
        if source == goal or (source.is_dir() and goal.is_relative_to(source)):
            raise UsageError(f"{target} is, or is in, {given}, which is read: name another place")


def mended(files: Files, scratch: Path) -> tuple[Files, dict[str, str], list[str]]:
    """Unpack what can be read of packed files that are cut or damaged: DuckDB gives all of them or nothing.

    Returns:
        The files to read, the names of those that stand for others, and what is wrong.

    """
    lines, names, wrong = list[Path](), dict[str, str](), list[str]()
    for path in files.lines:
        if path.suffix in PACKED and (why := _unpack(path, None)):
            salvaged = scratch / f"salvaged-{len(names)}.jsonl"
            _unpack(path, salvaged)
            lines.append(salvaged)
            names[str(salvaged)] = str(path)
            wrong.append(f"{path}: {why}")
        else:
            lines.append(path)
    return Files(lines=tuple(lines), parquet=files.parquet), names, wrong


def cut_files(files: Files) -> list[str]:
    """Name the plain files whose last line is cut off."""
    return [f"{path}: its last line is cut off" for path in files.lines if _is_cut(path)]


def _is_cut(path: Path) -> bool:
    if path.suffix in PACKED or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) not in b"\n}"


def _unpack(path: Path, target: Path | None) -> str | None:
    """Unpack a file as far as it goes, into another or nowhere; say why it does not go on, if so."""
    try:
        with open_source(Source(str(path), "jsonl")) as stream:
            # As much as there is: what comes before damage is not to be lost with it.
            while data := cast("BufferedReader", stream).read1(CHUNK):
                if target is not None:
                    with target.open("ab") as file:
                        file.write(data)
    except (OSError, EOFError, zlib.error) as error:
        if target is not None:
            target.touch()
        return str(error)
    return None
