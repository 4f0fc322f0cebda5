"""Readers: a path, an address or a stream in, pages out; what cannot be read comes out as a rejection."""

import gzip
import io
import sys
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal, cast

from newscrawl.items import Page, Rejected
from newscrawl.pages.html import read_html
from newscrawl.pages.jsonl import read_jsonl
from newscrawl.pages.plaintext import read_text
from newscrawl.pages.warc import read_warc
from newscrawl.reasons import Reason
from newscrawl.remote import fsspec_for, is_remote

InputFormat = Literal["html", "jsonl", "text", "warc"]

SUFFIXES: Final[dict[str, InputFormat]] = {
    ".html": "html", ".htm": "html", ".xhtml": "html", ".jsonl": "jsonl", ".jl": "jsonl",
    ".ndjson": "jsonl", ".txt": "text", ".text": "text", ".warc": "warc",
}  # fmt: skip
PACKED: Final = (".gz", ".zst")
READERS: Final = {"html": read_html, "jsonl": read_jsonl, "text": read_text, "warc": read_warc}
FORMATS: Final = tuple(READERS)


class Meter(io.RawIOBase):
    """A file that counts the bytes that were read of it, packed as they are."""

    def __init__(self, stream: IO[bytes], sizes: "Sizes") -> None:
        super().__init__()
        self._stream = stream
        self._sizes = sizes
        self._at = 0

    def readable(self) -> bool:
        """Tell that it is."""
        return True

    def seekable(self) -> bool:
        """Tell whether the file is."""
        return self._stream.seekable()

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._move(self._at + len(data))
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        place = self._stream.seek(offset, whence)
        self._move(place)
        return place

    def tell(self) -> int:
        """Tell the place."""
        return self._at

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._stream.close()
        super().close()

    def _move(self, place: int) -> None:
        self._sizes.read += place - self._at
        self._at = place


class _Unpacked(io.RawIOBase):
    """What a file of Zstandard frames holds; other readers take a cut file for a whole one."""

    def __init__(self, stream: IO[bytes]) -> None:
        # Imported here: few files are packed so.
        import zstandard

        super().__init__()
        self._stream = stream
        self._new = zstandard.ZstdDecompressor().decompressobj
        self._frame = self._new()
        self._begun = False
        self._ready = b""
        self._failed = zstandard.ZstdError

    def readable(self) -> bool:
        """Tell that it is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Unpack into a buffer.

        Raises:
            EOFError: the last frame is cut off.
            OSError: a frame is damaged.

        """
        while not self._ready:
            rest = self._frame.unused_data if self._frame.eof else b""
            data = rest or self._stream.read(1 << 17)
            if self._frame.eof:
                self._frame, self._begun = self._new(), False
            if not data:
                if self._begun:
                    raise EOFError("the last Zstandard frame is cut off")
                return 0
            try:
                self._ready, self._begun = self._frame.decompress(data), True
            except self._failed as error:
                raise OSError(f"damaged Zstandard frame: {error}") from error
        given = self._ready[: len(buffer)]
        buffer[: len(given)] = given
        self._ready = self._ready[len(given) :]
        return len(given)

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._stream.close()
        super().close()


@dataclass
class Sizes:
    """How many bytes there are to read, and how many were read."""

    total: int = 0
    read: int = 0

    @property
    def share(self) -> float | None:
        """The share that was read, 0 to 1; None where the total is not known."""
        return min(1.0, self.read / self.total) if self.total else None


@dataclass(frozen=True)
class Source:
    """One file to read."""

    path: str
    """A local path, an address that fsspec knows, or `-` for standard input."""
    input_format: InputFormat
    size: int = 0
    """Bytes; 0 where it is not known."""
    called: str = ""
    """What it is called in what comes out, where that is not its path: the path as it was given."""


def find_sources(
    paths: Iterable[str | Path],
    *,
    input_format: InputFormat | None = None,
    exclude: Collection[Path] = (),
) -> Iterator[Source | Rejected]:
    """Find the files to read, folders searched for known suffixes in the order of names.

    Args:
        paths: files, folders, addresses such as `s3://…`, or `-` for standard input.
        input_format: html, jsonl, text or warc; without it each file's suffix decides; stdin is html.
        exclude: files to pass over in folders, such as the output that is being written there.

    Yields:
        The files, and a rejection for a folder in which there is none.

    """
    passed = {path.resolve() for path in exclude}
    for path in paths:
        name = str(path)
        if name == "-":
            yield Source(name, input_format or "html")
        elif is_remote(name):
            yield from _find_remote(name, input_format)
        elif Path(path).is_dir():
            yield from _find_in(Path(path), input_format, passed)
        else:
            yield Source(name, input_format or format_of(name), _size(Path(path)))


def read_pages(
    paths: Iterable[str | Path],
    *,
    input_format: InputFormat | None = None,
    exclude: Collection[Path] = (),
) -> Iterator[Page | Rejected]:
    """Read pages from files, folders, addresses and, for ``-``, standard input; see `find_sources`.

    Yields:
        A page, or a rejection that says why there is none. Nothing is skipped silently.

    """
    for source in find_sources(paths, input_format=input_format, exclude=exclude):
        if isinstance(source, Rejected):
            yield source
        else:
            yield from read_source(source)


def read_source(source: Source, sizes: Sizes | None = None) -> Iterator[Page | Rejected]:
    """Read the pages of one file.

    Args:
        source: the file.
        sizes: where the bytes that were read are counted.

    """
    reader = READERS[source.input_format]
    called = source.called or source.path
    if source.path == "-":
        yield from reader(sys.stdin.buffer, "stdin")
        return
    try:
        with open_source(source, sizes) as stream:
            yield from reader(stream, called)
    except (OSError, EOFError, zlib.error) as error:
        yield _unreadable(called, getattr(error, "strerror", None) or str(error))


def format_of(path: str | Path) -> InputFormat:
    """Tell a file's format by its suffix, a `.gz` or `.zst` behind it aside; html where it says nothing.

    >>> format_of("pages.jsonl.gz"), format_of("CC-NEWS-20250101.warc.gz"), format_of("page")
    ('jsonl', 'warc', 'html')
    """
    suffixes = [suffix for suffix in _suffixes(path) if suffix not in PACKED]
    return SUFFIXES.get(suffixes[-1] if suffixes else "", "html")


def _suffixes(path: str | Path) -> list[str]:
    return [suffix.lower() for suffix in Path(str(path).rpartition("/")[2]).suffixes]


def _find_in(
    folder: Path, input_format: InputFormat | None, exclude: set[Path]
) -> Iterator[Source | Rejected]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.resolve() not in exclude)
    chosen = [path for path in files if _belongs(path, input_format)]
    if not chosen:
        kinds = ", ".join(sorted(SUFFIXES))
        yield _unreadable(folder, f"no file with a known suffix in it ({kinds})")
    for path in chosen:
        yield Source(str(path), input_format or format_of(path), _size(path))


def _find_remote(address: str, input_format: InputFormat | None) -> Iterator[Source | Rejected]:
    """Find the files of an address; one with a star, or of a folder, stands for many."""
    try:
        system, root = _remote(address)
        path = system._strip_protocol(address)
        names = system.glob(path) if "*" in path else system.find(path)
        found = [name for name in sorted(names) if "*" not in path or not system.isdir(name)]
        for name in found:
            info = system.info(name)
            yield Source(root(name), input_format or format_of(name), int(info.get("size") or 0))
    except Exception as error:  # noqa: BLE001 - each file system has its own
        yield _unreadable(address, f"{type(error).__name__}: {error}")
        return
    if not found:
        yield _unreadable(address, "no such file")


def _remote(address: str) -> Any:
    system, _ = fsspec_for(address).core.url_to_fs(address)
    return system, system.unstrip_protocol


def _belongs(path: Path, input_format: InputFormat | None) -> bool:
    suffixes = [suffix for suffix in _suffixes(path) if suffix not in PACKED]
    known = SUFFIXES.get(suffixes[-1]) if suffixes else None
    return known is not None and input_format in (None, known)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def open_source(source: Source, sizes: Sizes | None = None) -> IO[bytes]:
    """Open a file, and unpack it unless it is an archive: its reader steps over damage itself.

    Args:
        source: the file.
        sizes: where the bytes that were read are counted.

    """
    if is_remote(source.path):
        system, _ = _remote(source.path)
        raw = system.open(system._strip_protocol(source.path), "rb")
    else:
        raw = Path(source.path).open("rb")  # noqa: SIM115 - closed with what is given
    metered = io.BufferedReader(Meter(raw, sizes or Sizes()), 1 << 18)
    packing = _suffixes(source.path)[-1:]
    if source.input_format == "warc" or packing not in ([".gz"], [".zst"]):
        return metered
    if packing == [".gz"]:
        return cast("IO[bytes]", gzip.GzipFile(fileobj=metered))
    return io.BufferedReader(_Unpacked(metered), 1 << 18)


def _unreadable(path: str | Path, why: str) -> Rejected:
    return Rejected(reason=Reason.UNREADABLE, detail=why, origin=str(path))
