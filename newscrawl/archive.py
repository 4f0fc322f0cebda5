"""Keep raw responses as WARC files: what a later, better cleaner can do its work on again.

Each record is compressed on its own and written in one call. A file is called `.open` while it is
written to, and has its own name when it is full or the crawl ends; what a crawl that was killed left
open gets its name when the next one begins. The crawls of a spider on one day go on with one file.
"""

import contextlib
import fcntl
import gzip
import io
import logging
import os
import re
import socket
from datetime import UTC, datetime
from http.client import responses
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final, Literal

import msgspec

from newscrawl.errors import ArchiveError
from newscrawl.pages.warc import NOTE_TYPE, Note
from newscrawl.wording import numbered

logger = logging.getLogger(__name__)

Packing = Literal["gz", "zst"]
MAX_BYTES: Final = 1_000_000_000
"""Bytes of a file; the WARC standard advises a gigabyte."""
LEVEL: Final = 4
"""Of gzip; 6 takes half as long again and saves three parts in a hundred."""
ISAL_LEVEL: Final = 2
"""Of igzip, which takes a sixth of that time for files that are a tenth larger; 3 takes twice as long."""
OPEN: Final = ".open"
NAMED: Final = "%Y%m%d%H%M%S"
"""How a file's name tells when it was begun."""
BEGUN: Final = re.compile(r"-(\d{14})-\d+-\d{5}\.warc\.(?:gz|zst)$")
HOP_BY_HOP: Final = (b"transfer-encoding", b"content-length")
"""Headers that told of the way the body came, which is over."""
KEPT_AS: Final = b"X-Crawler-"


class Archive:
    """Writes one WARC file after another into a folder.

    Args:
        folder: where they go.
        name: what they are called, before date and number.
        packing: gz, which every reader takes, or zst, which is smaller and faster.
        max_bytes: from which size on another is begun.

    Raises:
        ArchiveError: the folder cannot be written.

    """

    def __init__(
        self, folder: Path, name: str, *, packing: Packing = "gz", max_bytes: int = MAX_BYTES
    ) -> None:
        self.folder = folder
        self.name = name
        self.max_bytes = max_bytes
        self.records = 0
        self._packing = packing
        self._pack = _packer(packing)
        self._file: IO[bytes] | None = None
        self._path = folder
        self._size = 0
        self._number = 0
        self._begun = datetime.now(UTC)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _name_those_left_open(folder)
        except OSError as error:
            raise ArchiveError(f"cannot write {folder}: {error.strerror}") from error

    def keep(
        self, url: str, status: int, headers: list[tuple[bytes, bytes]], body: bytes, note: Note,
        address: str | None = None,
    ) -> str:  # fmt: skip
        """Write a response, behind a metadata record that says what is known of it.

        Args:
            url: the address it came from.
            status: its HTTP status.
            headers: as they came.
            body: the bytes as they came, packed as the headers say.
            note: source, kind, and what led there.
            address: the server's IP address.

        Returns:
            The response's record id.

        Raises:
            ArchiveError: it cannot be written; what was is whole.

        """
        response = _record("response", url)
        if address:
            response.headers["WARC-IP-Address"] = address
        response.headers["Content-Type"] = "application/http; msgtype=response"
        response.set_bytes_content(_http(status, headers, body) + body)
        record_id = str(response.record_id)
        self._write(self._packed(self._note(url, record_id, note), response))
        return record_id

    def end(self, record_id: str, url: str, note: Note) -> None:
        """Write a metadata record that says what became of a response.

        Raises:
            ArchiveError: it cannot be written.

        """
        self._write(self._packed(self._note(url, record_id, note)))

    def close(self) -> None:
        """Give the file that is open its own name."""
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            os.fsync(file.fileno())
            written = self._path.with_name(self._path.name + OPEN)
            if written.exists():
                written.replace(self._path)
            file.close()
        except OSError as error:
            raise ArchiveError(f"cannot write {self._path}: {error.strerror}") from error

    def _note(self, url: str, record_id: str, note: Note) -> Any:
        record = _record("metadata", url)
        record.headers["WARC-Concurrent-To"] = record_id
        record.headers["Content-Type"] = NOTE_TYPE
        record.set_bytes_content(msgspec.json.encode(note))
        return record

    def _packed(self, *records: Any) -> bytes:
        packed = []
        for record in records:
            plain = io.BytesIO()
            record.write(plain, checksum_data=True)
            packed.append(self._pack(plain.getvalue()))
        self.records += len(records)
        return b"".join(packed)

    def _write(self, data: bytes) -> None:
        try:
            if self._file is None or self._size + len(data) > self.max_bytes:
                self.close()
                self._begin(len(data))
            self._append(data)
        except OSError as error:
            raise ArchiveError(f"cannot write {self._path}: {error.strerror}") from error

    def _append(self, data: bytes) -> None:
        assert self._file is not None
        view = memoryview(data)
        try:
            while view:  # on a disk that fills up, a write may take a part
                view = view[self._file.write(view) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file.fileno(), self._size)
            raise
        self._size += len(data)

    def _begin(self, needed: int) -> None:
        if self._go_on(needed):
            return
        moment = f"{self._begun:{NAMED}}"
        while True:
            self._number += 1
            name = f"{self.name}-{moment}-{os.getpid()}-{self._number:05}.warc.{self._packing}"
            self._path = self.folder / name
            try:
                # Another crawl of this process may have begun in the same second.
                self._file = (self.folder / (name + OPEN)).open("xb", buffering=0)
            except FileExistsError:
                continue
            break
        # Held as long as this process lives: so others see that the file is in use. One that looks for files left open may
        # have it for a moment.
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._size = 0
        info = _record("warcinfo", None)
        info.headers["WARC-Filename"] = name
        info.headers["Content-Type"] = "application/warc-fields"
        about = {
            "software": f"newscrawl/{version('newscrawl')}",
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "hostname": socket.gethostname(),
        }
        info.set_bytes_content("".join(f"{k}: {v}\r\n" for k, v in about.items()).encode())
        self._append(self._packed(info))

    def _go_on(self, needed: int) -> bool:
        """Go on with a file of the same spider and day, where nobody else writes to it.

        A job that runs every few minutes would leave as many files else. It keeps its name meanwhile, because it is read;
        what a kill leaves torn at its end costs that record.
        """
        for path in sorted(
            self.folder.glob(f"{self.name}-{self._begun:%Y%m%d}*.warc.{self._packing}")
        ):
            try:
                # Not made anew, should another process have renamed it meanwhile.
                file = os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "ab", buffering=0)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                size = os.fstat(file.fileno()).st_size
                is_there = path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino
            except OSError:
                file.close()
                continue
            if not is_there or not 0 < size <= self.max_bytes - needed:
                file.close()
                continue
            self._file, self._path, self._size = file, path, size
            return True
        return False


def _record(kind: str, url: str | None) -> Any:
    # Imported here: a crawl that keeps nothing need not load it.
    from fastwarc.warc import WarcRecord, WarcRecordType

    record = WarcRecord()
    record.init_headers(getattr(WarcRecordType, kind))
    record.record_date = datetime.now(UTC).replace(microsecond=0)
    if url:
        record.headers["WARC-Target-URI"] = url
    return record


def _http(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Give the head of a response whose body came whole, whatever way it was sent."""
    lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}".encode()]
    for name, value in headers:
        kept = KEPT_AS + name if name.lower() in HOP_BY_HOP else name
        lines.append(kept + b": " + b" ".join(value.split(b"\r\n")))
    lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _packer(packing: Packing) -> Any:
    if packing == "gz":
        try:
            from isal import igzip
        except ImportError:  # there are machines that it is not built for
            return lambda data: gzip.compress(data, LEVEL, mtime=0)
        return lambda data: igzip.compress(data, ISAL_LEVEL, mtime=0)
    import zstandard

    return zstandard.ZstdCompressor(write_checksum=True).compress


def _name_those_left_open(folder: Path) -> None:
    """Give the files of crawls that were killed their own names; what is torn at their end is read over."""
    left = 0
    for path in sorted(folder.glob(f"*{OPEN}")):
        # Another process may be at the same.
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # of a crawl that is running
            path.rename(path.with_name(path.name.removesuffix(OPEN)))
            left += 1
    if left:
        logger.info("%s: %s of a crawl that was killed", folder, numbered(left, "archive"))


def forget_archives(folder: Path, before: float) -> int:
    """Delete the archives that were begun before a time; those that are open, and files of others, stay.

    The name tells, because copies and restored files have times of their own.

    Args:
        folder: where they are.
        before: seconds since 1970.

    Returns:
        How many were deleted.

    """
    moment = f"{datetime.fromtimestamp(before, UTC):{NAMED}}"
    old = 0
    for path in sorted(folder.glob("*.warc.*")) if folder.is_dir() else ():
        begun = BEGUN.search(path.name)
        if begun and begun[1] < moment:
            with contextlib.suppress(OSError):
                path.unlink()
                old += 1
    return old
