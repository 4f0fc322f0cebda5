"""What makes a version of an article: its text, its title, its attribution; and what changed in it."""

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, Literal

import msgspec

from newscrawl.items import Article, Revision
from newscrawl.state.addresses import KEY_BYTES

PARTS: Final = (
    "title", "subtitle", "text", "authors", "editors", "contributors", "desk", "agencies", "dateline",
    "notes",
)  # fmt: skip
"""Fields whose change makes a new version. Dates do not: some sites set them on every save."""
DIGEST_BYTES: Final = 8
"""Of what is compared with one other value only."""
Change = Literal[" ", "-", "+"]


def content_of(article: Article) -> dict[str, Any]:
    """Give what is compared, white space folded.

    Whom an author works for or where a page about him is makes no version; who wrote it does.
    """
    values = {name: getattr(article, name) for name in PARTS}
    values |= {
        "text": article.text_hash,
        "title": _folded(article.title),
        "subtitle": _folded(article.subtitle),
        "authors": [(author.name, author.kind) for author in article.authors],
        "agencies": sorted(agency.id for agency in article.agencies),
        "dateline": article.dateline.raw if article.dateline else None,
        "notes": [(note.kind, _folded(note.text)) for note in article.notes],
    }
    return values


class Basis(msgspec.Struct, array_like=True, frozen=True):
    """What a later version is compared with, in some 150 bytes: on many machines the line itself may be far away."""

    text_hash: str
    parts: dict[str, bytes]
    """A digest of each of `PARTS`."""
    notes: list[bytes]
    """Digests of the notes' texts."""

    @classmethod
    def of(cls, article: Article) -> "Basis":
        """Take it of a version."""
        parts = {name: _digest(value) for name, value in content_of(article).items()}
        return cls(
            article.text_hash, parts, [_digest(_folded(note.text)) for note in article.notes]
        )

    @classmethod
    def read(cls, data: bytes) -> "Basis":
        """Read it as `written` has written it.

        Raises:
            msgspec.MsgspecError: it is none.

        """
        return msgspec.msgpack.decode(data, type=cls)

    def written(self) -> bytes:
        """Write it down."""
        return msgspec.msgpack.encode(self)


def _digest(value: Any) -> bytes:
    return hashlib.blake2b(msgspec.msgpack.encode(value), digest_size=DIGEST_BYTES).digest()


def content_hash(article: Article) -> bytes:
    """Hash what makes a version."""
    data = msgspec.msgpack.encode(content_of(article))
    return hashlib.blake2b(data, digest_size=KEY_BYTES).digest()


def fingerprint(article: Article) -> bytes:
    """Hash what tells that two addresses show one article: source, title, text and date are the same."""
    parts = (article.source, _folded(article.title), article.text_hash, article.date_published)
    return hashlib.blake2b(msgspec.msgpack.encode(parts), digest_size=KEY_BYTES).digest()


def first_version(article: Article) -> Article:
    """Mark an article as its first version."""
    return replace(article, revision=Revision(number=1))


def next_version(article: Article, before: Basis, number: int) -> Article:
    """Mark an article as a later version: what changed, and the corrections that are new."""
    own = Basis.of(article)
    corrections = (
        note.text
        for note in article.notes
        if note.kind == "correction" and _digest(_folded(note.text)) not in before.notes
    )
    return replace(
        article,
        revision=Revision(
            number=number,
            previous=before.text_hash,
            changed=tuple(name for name in PARTS if own.parts[name] != before.parts.get(name)),
            corrections=tuple(corrections),
        ),
    )


def compare_paragraphs(before: Article, after: Article) -> Iterator[tuple[Change, str]]:
    """Give the paragraphs of two versions: those that went, that came, that stayed, in reading order.

    >>> from newscrawl.state.versions import _paragraph_changes
    >>> list(_paragraph_changes(["A", "B"], ["A", "C"]))
    [(' ', 'A'), ('-', 'B'), ('+', 'C')]
    """
    yield from _paragraph_changes(
        [block.text for block in before.body], [block.text for block in after.body]
    )


def _paragraph_changes(before: list[str], after: list[str]) -> Iterator[tuple[Change, str]]:
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            yield from ((" ", text) for text in before[a:b])
        else:
            yield from (("-", text) for text in before[a:b])
            yield from (("+", text) for text in after[c:d])


def title_of(article: Article) -> str | None:
    """Give the title as it is compared."""
    return _folded(article.title)


def _folded(text: str | None) -> str | None:
    return " ".join(text.split()) if text else None
