"""What changed from version to version of an article; `diff` and the inspector say it alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from newscrawl.items import Article
from newscrawl.state.inspection import State
from newscrawl.state.versions import PARTS, Change, compare_paragraphs

MAX_VERSIONS: Final = 20
MAX_PARAGRAPHS: Final = 1_000
"""Of both versions; more are not compared, because that takes time by the square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field that two versions of an article have different values of."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A version of an article, and what is different from the one before."""

    number: int
    stored: datetime
    url: str | None
    fields: tuple[FieldChange, ...] = ()
    corrections: tuple[str, ...] = ()
    paragraphs: tuple[tuple[Change, tuple[str, ...]], ...] = ()
    """Runs of paragraphs that went, came or stayed."""
    is_compared: bool = True
    """Whether the paragraphs were few enough to be."""


def steps_of(state: State, url: str) -> Iterator[Step]:
    """Give the last versions of the article that an address leads to, oldest first; none where it is not known.

    Raises:
        StateError: a version cannot be read.

    """
    found = state.address(url)
    if found is None or found.article is None:
        return
    before = None
    for version in found.versions[-MAX_VERSIONS:]:
        article = state.article(found.article, version.number)
        stored = datetime.fromtimestamp(version.stored, UTC)
        yield _step(version.number, stored, article, before)
        before = article


def _step(number: int, stored: datetime, article: Article, before: Article | None) -> Step:
    if before is None:
        return Step(number=number, stored=stored, url=article.url)
    is_compared = len(before.body) + len(article.body) <= MAX_PARAGRAPHS
    changes = compare_paragraphs(before, article) if is_compared else ()
    return Step(
        number=number,
        stored=stored,
        url=article.url,
        fields=tuple(field_changes(before, article)),
        corrections=article.revision.corrections if article.revision else (),
        paragraphs=tuple(
            (change, tuple(text for _, text in run))
            for change, run in groupby(changes, key=lambda pair: pair[0])
        ),
        is_compared=is_compared,
    )


def field_changes(before: Article, after: Article) -> Iterator[FieldChange]:
    """Give the fields that the later version says to have changed; the text is compared by paragraphs."""
    changed = after.revision.changed if after.revision else ()
    for name in PARTS:
        if name in changed and name != "text":
            yield FieldChange(name=name, old=_in_words(before, name), new=_in_words(after, name))


def _in_words(article: Article, name: str) -> str:
    value = getattr(article, name)
    values = value if isinstance(value, tuple) else (value,)
    texts = (getattr(one, "name", None) or getattr(one, "raw", None) or getattr(one, "text", one)
             for one in values if one)  # fmt: skip
    return "; ".join(map(str, texts)) or "-"
