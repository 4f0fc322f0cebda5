"""Store articles: one home each, a new version only when text, title or attribution changed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from newscrawl.errors import InputError, StateError
from newscrawl.items import Article
from newscrawl.jsonl import decode, encode
from newscrawl.state import Stored
from newscrawl.state.backend import Database
from newscrawl.state.ends import End
from newscrawl.state.lines import Lines
from newscrawl.state.versions import (
    Basis,
    content_hash,
    fingerprint,
    first_version,
    next_version,
    title_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored of an article."""

    id: int
    key: bytes
    number: int
    hash: bytes
    title: str | None
    text_hash: str
    basis: bytes | None


class ArticleStore:
    """Articles, their versions and all addresses of theirs; every call is made within a transaction."""

    def __init__(self, database: Database, lines: Lines) -> None:
        self.database = database
        self.lines = lines

    def revise(self, stored: Stored) -> Article | None:
        """Give the article marked as the version that it would be; None where it is stored as it is."""
        return self._revised(stored, self.find(stored))

    def _revised(self, stored: Stored, known: Known | None) -> Article | None:
        if known is None:
            return first_version(stored.article)
        if not _is_home(stored, known) or content_hash(stored.article) == known.hash:
            return None
        return next_version(stored.article, self._basis(known), known.number + 1)

    def save(self, stored: Stored, run: int, url: int) -> tuple[End, int]:
        """Store an article, its line synced before the commit; say what it was, and its number.

        It is compared again: another run may have stored it since it was revised.
        """
        # Two that find the same article at two addresses store it one after the other.
        for key in sorted({*stored.keys, *stored.claimed, fingerprint(stored.article)}):
            self.database.serialise(key.hex())
        known = self.find(stored)
        revised = self._revised(stored, known)
        if revised is None:
            assert known is not None
            self._add_aliases(stored, known.id)
            return End.UNCHANGED, known.id
        number = revised.revision.number if revised.revision else 1
        values = (
            stored.keys[0], number, content_hash(revised), fingerprint(revised), title_of(revised),
            revised.text_hash, Basis.of(revised).written(),
        )  # fmt: skip
        if known is None:
            (article,) = self.database.execute(
                "INSERT INTO article (url, key, number, hash, fingerprint, title, text_hash, basis) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (url, *values),
            ).fetchone()
        else:
            article = known.id
            self.database.execute(
                "UPDATE article SET key = ?, number = ?, hash = ?, fingerprint = ?, title = ?, "
                "text_hash = ?, basis = ? WHERE id = ?",
                (*values, article),
            )
        place = self.lines.append(revised.source, _day_of(revised), encode(revised))
        self.database.execute(
            "INSERT INTO version (article, number, run, stored, file, start, length) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (article, number, run, self.database.now(), *place),
        )
        self._add_aliases(stored, article)
        return (End.CHANGED if known else End.NEW), article

    def find(self, stored: Stored) -> Known | None:
        """Find a stored article by its addresses, else by its fingerprint.

        The addresses that a page calls its own are believed only where title or text agree: there are sites
        on which every page names the home page, and their articles must not swallow each other.
        """
        for key in stored.keys:
            if known := self._by_key(key):
                return known
        article = stored.article
        for key in stored.claimed:
            known = self._by_key(key)
            if known and (title_of(article) == known.title or article.text_hash == known.text_hash):
                return known
        row = self.database.execute(
            f"SELECT {COLUMNS} FROM article WHERE fingerprint = ?", (fingerprint(article),)
        ).fetchone()
        return _known(row)

    def article_of(self, key: bytes) -> int | None:
        """Give the number of the article that an address leads to."""
        row = self.database.execute("SELECT article FROM alias WHERE key = ?", (key,)).fetchone()
        return int(row[0]) if row else None

    def read(self, article: int, number: int) -> Article:
        """Read a stored version.

        Raises:
            StateError: its line cannot be read.

        """
        row = self.database.execute(
            "SELECT file, start, length FROM version WHERE article = ? AND number = ?",
            (article, number),
        ).fetchone()
        if row is None:
            raise StateError(f"version {number} of article {article} is not in the state")
        try:
            return decode(self.lines.read(*row))
        except InputError as error:
            raise StateError(f"version {number} of article {article}: {error}") from error

    def _basis(self, known: Known) -> Basis:
        """Give what the last version is compared by; that of an older state is read from its line."""
        if known.basis is None:
            return Basis.of(self.read(known.id, known.number))
        return Basis.read(known.basis)

    def _by_key(self, key: bytes) -> Known | None:
        row = self.database.execute(
            f"SELECT {COLUMNS} FROM article JOIN alias ON alias.article = article.id WHERE alias.key = ?",
            (key,),
        ).fetchone()
        return _known(row)

    def _add_aliases(self, stored: Stored, article: int) -> None:
        keys = (*stored.keys, *stored.claimed)
        # The first article that claims an address keeps it.
        self.database.executemany(
            "INSERT INTO alias (key, article) VALUES (?, ?) ON CONFLICT (key) DO NOTHING",
            [(key, article) for key in sorted(set(keys))],
        )


COLUMNS = "article.id, article.key, number, hash, title, text_hash, basis"


def _known(row: tuple[Any, ...] | None) -> Known | None:
    if row is None:
        return None
    article, key, number, content, title, text_hash, basis = row
    return Known(
        id=article, key=key, number=number, hash=content, title=title, text_hash=text_hash, basis=basis
    )  # fmt: skip


def _is_home(stored: Stored, known: Known) -> bool:
    """Tell whether a page is the one that versions are read from.

    An AMP page or a print view differs a little from the article; seen in turn they would make a version
    each time. The address that the page itself calls its own is better than another that came first.
    """
    return known.key in stored.keys or stored.canonical in stored.keys


def _day_of(article: Article) -> str:
    fetched = article.fetched_at or datetime.now(UTC)
    return fetched.astimezone(UTC).date().isoformat()
