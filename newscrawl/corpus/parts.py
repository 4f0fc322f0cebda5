"""The files of an export: which article goes into which, and how they are written and remembered."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

from newscrawl.corpus.database import scratch_database
from newscrawl.corpus.formats import BY_NAME, Format, FormatName, to_parquet
from newscrawl.corpus.manifest import MANIFEST, RECORDS, FileEntry, Record, describe_file, digest_of
from newscrawl.corpus.members import cluster_id, identity_of
from newscrawl.errors import UsageError
from newscrawl.items import Article

MAX_OPEN: Final = 100
"""Files that are open at a time."""
MAX_NAME: Final = 120
"""Characters of a file's name, the suffix aside."""
OWN: Final = frozenset({"README.md", "card.html", "plots", MANIFEST, RECORDS})
"""Names that mean something else in an export."""
WHOLE: Final = "articles"
"""The name of the one part."""
UNKNOWN: Final = "unknown"
UNDATED: Final = "undated"
SHARES: Final = re.compile(r"[A-Za-z]\w*=\d+(?:,[A-Za-z]\w*=\d+)+")
PartOf = Callable[[int, Article], str]
"""Gives the name of the part for an article, by its number among those that are exported."""
BY_FIELD: Final[dict[str, Callable[[Article], str]]] = {
    "day": lambda a: _printed(a, 10),
    "month": lambda a: _printed(a, 7),
    "year": lambda a: _printed(a, 4),
    "source": lambda a: a.source or UNKNOWN,
    "language": lambda a: a.language or UNKNOWN,
    "kind": lambda a: a.kind,
}


def _printed(article: Article, length: int) -> str:
    printed = article.date_published or ""
    return printed[:length] if len(printed) >= length else UNDATED


def parse_split(text: str | None) -> PartOf:
    """Read how an export is split.

    Args:
        text: a field (day, month, year, source, language, kind), a number of articles a part, or shares such as
            `train=90,test=10`; nothing for one part.

    Raises:
        UsageError: it is none of these.

    """
    if not text:
        return lambda _number, _article: WHOLE
    if text in BY_FIELD:
        field = BY_FIELD[text]
        return lambda _number, article: field(article)
    if text.isdecimal() and int(text):
        size = int(text)
        return lambda number, _article: f"part-{number // size:05d}"
    if is_shared(text):
        return _by_shares(text)
    raise UsageError(
        f"split={text}: write {', '.join(BY_FIELD)}, a number of articles, or train=90,test=10"
    )


def is_shared(text: str | None) -> bool:
    """Tell shares, such as `train=90,test=10`."""
    return bool(text and SHARES.fullmatch(text))


def _by_shares(text: str) -> PartOf:
    """Deal articles by a hash, so that one stays where it is when others come; copies go where their original goes.

    An article moves when an earlier print of it comes, which is then the original.
    """
    shares = [(name, int(share)) for name, share in (pair.split("=") for pair in text.split(","))]
    total = sum(share for _, share in shares)
    if not total:
        raise UsageError(f"split={text}: the shares are all 0")

    def part_of(_number: int, article: Article) -> str:
        key = (
            article.cluster.id
            if article.cluster
            else cluster_id(article.source, identity_of(article))
        )
        place = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % total
        for name, share in shares:
            if place < share:
                return name
            place -= share
        raise AssertionError(place)

    return part_of


def safe_name(text: str) -> str:
    """Make a file name of any text; those of sources, months and ids stay as they are.

    >>> safe_name("apnews.com"), safe_name("../a b"), safe_name("")
    ('apnews.com', '%2E.%2Fa%20b', 'unknown')
    """
    name = quote(text, safe="")
    if name.startswith(".") or name in OWN:
        name = f"%{ord(name[0]):X}{name[1:]}"
    if len(name) > MAX_NAME:
        name = f"{name[: MAX_NAME - 17]}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return name or UNKNOWN


class Parts:
    """Writes articles into the files of a folder."""

    def __init__(
        self, folder: Path, form: FormatName, records: IO[str], *, only: str | None = None
    ) -> None:
        """Begin.

        Args:
            folder: where the files go; it exists.
            form: the format.
            records: where it is written down where each article stands.
            only: the name of the one file, where there are no parts; without it, formats that have it so get a file
                for each article, in folders by part.

        """
        self._folder = folder
        self._name: FormatName = form
        self._format: Format = BY_NAME[form]
        self._records = records
        self._only = only
        self._alone = None if only else self._format.alone
        self._open: OrderedDict[str, IO[bytes]] = OrderedDict()
        self._places: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._stems: dict[str, int] = {}

    def write(self, part: str, article: Article) -> None:
        """Write an article into a part."""
        if self._alone:
            self._write_alone(part, article, self._alone(article))
            return
        name = self._only or f"{safe_name(part)}{self._format.suffix}"
        data = self._format.write(article)
        file = self._file(name)
        if self._counts[name]:
            self._append(name, file, self._format.between)
        is_table = self._name == "parquet"
        self._remember(
            name, article, data,
            place=self._counts[name] if is_table else self._places[name], size=0 if is_table else len(data),
        )  # fmt: skip
        self._append(name, file, data)
        self._counts[name] += 1

    def close(self, *, on_request: bool) -> list[FileEntry]:
        """Finish all files, and describe them.

        Args:
            on_request: whether an article has `removed` or `provenance`, so that tables need columns for them.

        """
        for name in self._counts:
            if not self._alone and self._format.closing:
                self._append(name, self._file(name), self._format.closing)
        for file in self._open.values():
            file.close()
        self._open.clear()
        if self._name == "parquet":
            self._pack(on_request=on_request)
        return [
            describe_file(self._folder / name, name, self._counts[name])
            for name in sorted(self._counts)
        ]

    def _pack(self, *, on_request: bool) -> None:
        with scratch_database() as database:
            for name in sorted(self._counts):
                path = self._folder / name
                lines = path.with_name(f"{name}.lines")
                path.rename(lines)
                to_parquet(
                    database, lines, path, articles=self._counts[name], on_request=on_request
                )
                lines.unlink()

    def _write_alone(self, part: str, article: Article, data: bytes) -> None:
        stem = f"{safe_name(part)}/{safe_name(str(article.id))}"
        # Several versions of an article have one id; and some disks take `a` and `A` for the same.
        number = self._stems[stem.casefold()] = self._stems.get(stem.casefold(), 0) + 1
        name = f"{stem}{f'~{number}' if number > 1 else ''}{self._format.suffix}"
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        self._counts[name] = 1
        self._remember(name, article, data, place=0, size=len(data))

    def _remember(self, name: str, article: Article, data: bytes, *, place: int, size: int) -> None:
        record = Record(
            file=name, place=place, bytes=size, id=str(article.id), sha256=digest_of(data)
        )
        self._records.write(record.line())

    def _append(self, name: str, file: IO[bytes], data: bytes) -> None:
        file.write(data)
        self._places[name] += len(data)

    def _file(self, name: str) -> IO[bytes]:
        """Give the open file of a part; one that was not used for long is closed for it."""
        if name in self._open:
            self._open.move_to_end(name)
            return self._open[name]
        if len(self._open) >= MAX_OPEN:
            self._open.popitem(last=False)[1].close()
        file = self._open[name] = (self._folder / name).open("ab")
        if name not in self._counts:
            self._counts[name] = self._places[name] = 0
            self._append(name, file, self._format.opening)
        return file
