"""What an export holds, file by file and article by article, and whether it still does.

The manifest holds nothing of the machine or the hour it was made, so that the same data and the same command give the
same bytes.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec

from newscrawl.corpus.formats import write_line
from newscrawl.corpus.reading import articles_of_parquet
from newscrawl.errors import InputError

MANIFEST: Final = "manifest.json"
RECORDS: Final = "records.tsv"
MANIFEST_VERSION: Final = 1
CHUNK: Final = 1 << 20
MAX_NAMED: Final = 20
"""Articles that are named in a file that is not as it was; the rest are counted."""
HEADER: Final = "file\tplace\tbytes\tid\tsha256\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file of an export."""

    path: str
    """Relative to the manifest, with slashes."""
    bytes: int
    sha256: str
    articles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Where one article of an export stands, and its hash."""

    file: str
    place: int
    """Bytes from the beginning of the file; in Parquet the number of the row, from 0."""
    bytes: int
    """0 in Parquet."""
    id: str
    sha256: str
    """Of the bytes; in Parquet of the article as a JSON line."""

    def line(self) -> str:
        """Write it as a line of tab-separated values."""
        name, file = self.id.translate(UNTABBED), self.file.translate(UNTABBED)
        return f"{file}\t{self.place}\t{self.bytes}\t{name}\t{self.sha256}\n"


UNTABBED: Final = str.maketrans(dict.fromkeys("\t\n\r", " "))


def digest_of(data: bytes) -> str:
    """Give the SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def describe_file(path: Path, name: str, articles: int = 0) -> FileEntry:
    """Describe a file as it is."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(path=name, bytes=path.stat().st_size, sha256=found, articles=articles)


def write_manifest(path: Path, content: dict[str, Any], files: Iterable[FileEntry]) -> None:
    """Write a manifest: what is given, the files, and a digest of all that."""
    whole = {
        "manifest_version": MANIFEST_VERSION,
        **content,
        "files": [asdict(entry) for entry in files],
    }
    path.write_bytes(_encoded({**whole, "digest": digest_of(_encoded(whole))}))


def _encoded(content: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest.

    Raises:
        InputError: it cannot be read, or is not as it was written.

    """
    try:
        content = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        digest = content.pop("digest")
        files = [msgspec.convert(entry, FileEntry) for entry in content["files"]]
    except (OSError, KeyError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        raise InputError(f"{path}: no manifest: {error}") from error
    if digest != digest_of(_encoded(content)):
        raise InputError(f"{path}: the manifest itself is not as it was written")
    if outside := [entry.path for entry in files if not _is_within(entry.path)]:
        raise InputError(f"{path}: {outside[0]} is no file of an export")
    return {**content, "files": files}


def _is_within(name: str) -> bool:
    """Tell a name that stays in its folder: files of an export that is replaced are deleted by these names."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def manifest_of(path: Path) -> Path:
    """Find the manifest of an export: in its folder, beside its file, or itself.

    Raises:
        InputError: there is none.

    """
    for candidate in (path / MANIFEST, path.with_name(f"{path.name}.{MANIFEST}"), path):
        if candidate.is_file() and candidate.name.endswith(MANIFEST):
            return candidate
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    raise InputError(f"{path}: no {MANIFEST} in it or beside it")


def verify(path: Path) -> Iterator[str]:
    """Check an export against its manifest; give each problem in a line.

    A file that is not as it was is looked through for the articles that are not.

    Raises:
        InputError: the manifest cannot be read.

    """
    manifest = manifest_of(path)
    entries: list[FileEntry] = read_manifest(manifest)["files"]
    damaged = []
    for entry in entries:
        file = manifest.parent / entry.path
        if not file.is_file():
            yield f"{entry.path} is missing"
            continue
        found = describe_file(file, entry.path, entry.articles)
        if found.bytes != entry.bytes:
            yield f"{entry.path} has {found.bytes} bytes instead of {entry.bytes}"
        if found.sha256 != entry.sha256:
            yield f"{entry.path} is not as it was exported"
            damaged.append(entry)
    if damaged:
        yield from _damaged_articles(manifest, entries, damaged)
    if manifest.name == MANIFEST:
        known = {entry.path for entry in entries} | {MANIFEST}
        yield from (
            f"{name} is not in the manifest"
            for name in _names_in(manifest.parent)
            if name not in known
        )


def _names_in(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith("."):
            yield name


def _damaged_articles(
    manifest: Path, entries: list[FileEntry], damaged: list[FileEntry]
) -> Iterator[str]:
    listed = next((entry for entry in entries if entry.path.endswith(RECORDS)), None)
    if listed is None or not (manifest.parent / listed.path).is_file():
        return
    if listed in damaged:
        yield f"{listed.path} is damaged itself, so that articles cannot be told apart"
        return
    sizes = {entry.path.translate(UNTABBED): entry.bytes for entry in damaged if entry.articles}
    paths = {entry.path.translate(UNTABBED): manifest.parent / entry.path for entry in damaged}
    by_file = dict[str, list[Record]]()
    with (manifest.parent / listed.path).open(encoding="utf-8", newline="\n") as lines:
        next(lines)
        for line in lines:
            file, place, size, name, sha256 = line.rstrip("\n").split("\t")
            if file in sizes:
                record = Record(
                    file=file, place=int(place), bytes=int(size), id=name, sha256=sha256
                )
                by_file.setdefault(file, []).append(record)
    for file, records in by_file.items():
        path = paths[file]
        if path.stat().st_size == sizes[file] or path.suffix in (".jsonl", ".parquet"):
            yield from _compared(path, records)
        else:
            yield f"{file} has another length, so that its articles cannot be told apart"


def _compared(path: Path, records: list[Record]) -> Iterator[str]:
    """Name the articles of a file that are not as they were; one that only moved is as it was."""
    name = records[0].file
    changed: list[Record] = []
    try:
        if path.suffix == ".jsonl":
            there = set(map(digest_of, _lines(path)))
            changed.extend(record for record in records if record.sha256 not in there)
        else:
            found = _rows(path) if path.suffix == ".parquet" else _pieces(path, records)
            changed.extend(
                record for record in records if digest_of(next(found, b"")) != record.sha256
            )
    except InputError as error:
        yield str(error)
    for record in changed[:MAX_NAMED]:
        yield f"{name}: article {record.id} at {record.place} is not as it was exported"
    if len(changed) > MAX_NAMED:
        yield f"{name}: and {len(changed) - MAX_NAMED} more articles"


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _pieces(path: Path, records: list[Record]) -> Iterator[bytes]:
    with path.open("rb") as file:
        for record in records:
            file.seek(record.place)
            yield file.read(record.bytes)


def _rows(path: Path) -> Iterator[bytes]:
    for article in articles_of_parquet(path):
        yield write_line(article)
