"""Readers: a path or stream in, pages out; what cannot be read comes out as a rejection."""

import gzip
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Final, Literal, cast

from newscrawl.items import Page, Rejected
from newscrawl.pages.html import read_html
from newscrawl.pages.jsonl import read_jsonl
from newscrawl.pages.plaintext import read_text
from newscrawl.reasons import Reason

InputFormat = Literal["html", "jsonl", "text"]

SUFFIXES: Final[dict[str, InputFormat]] = {
    ".html": "html", ".htm": "html", ".xhtml": "html", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".jl": "jsonl", ".txt": "text", ".text": "text",
}  # fmt: skip
READERS: Final = {"html": read_html, "jsonl": read_jsonl, "text": read_text}


def read_pages(
    paths: Iterable[str | Path],
    *,
    input_format: InputFormat | None = None,
    exclude: Collection[Path] = (),
) -> Iterator[Page | Rejected]:
    """Read pages from files, folders and, for ``-``, standard input.

    Args:
        paths: files, folders (searched for known suffixes, in the order of names) or ``-``.
        input_format: html, jsonl or text; without it each file's suffix decides, and stdin is html.
        exclude: files to pass over in folders, such as the output that is being written there.

    Yields:
        A page, or a rejection that says why there is none. Nothing is skipped silently.

    """
    for path in paths:
        if str(path) == "-":
            yield from READERS[input_format or "html"](sys.stdin.buffer, "stdin")
        elif Path(path).is_dir():
            yield from _read_folder(Path(path), input_format, {p.resolve() for p in exclude})
        else:
            yield from _read_file(Path(path), input_format)


def format_of(path: Path) -> InputFormat:
    """Tell a file's format by its suffix, a `.gz` behind it aside; html where it says nothing.

    >>> format_of(Path("pages.jsonl.gz"))
    'jsonl'
    """
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return SUFFIXES.get(suffixes[-1] if suffixes else "", "html")


def _read_folder(
    folder: Path, input_format: InputFormat | None, exclude: set[Path]
) -> Iterator[Page | Rejected]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.resolve() not in exclude)
    chosen = [path for path in files if _belongs(path, input_format)]
    if not chosen:
        kinds = ", ".join(sorted(SUFFIXES))
        yield _unreadable(folder, f"no file with a known suffix in it ({kinds})")
    for path in chosen:
        yield from _read_file(path, input_format)


def _belongs(path: Path, input_format: InputFormat | None) -> bool:
    suffixes = {suffix.lower() for suffix in path.suffixes}
    return any(
        suffix in suffixes and input_format in (None, known) for suffix, known in SUFFIXES.items()
    )


def _read_file(path: Path, input_format: InputFormat | None) -> Iterator[Page | Rejected]:
    reader = READERS[input_format or format_of(path)]
    try:
        with _open(path) as stream:
            yield from reader(stream, str(path))
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        yield _unreadable(path, getattr(error, "strerror", None) or str(error))


def _open(path: Path) -> IO[bytes]:
    if path.suffix.lower() == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")


def _unreadable(path: Path, why: str) -> Rejected:
    return Rejected(reason=Reason.UNREADABLE, detail=why, origin=str(path))
