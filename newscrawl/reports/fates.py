"""What became of each block of a page: kept, moved to a field, removed with its code, or left where it was.

Neither articles nor edits say where on the page their texts stood. They are found again by their letters and digits, in order, each
block once where texts repeat; a block of which a piece was cut is found by what it holds.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Final

from newscrawl.items import Article, Edit
from newscrawl.reasons import EditCode
from newscrawl.reports.original import Block
from newscrawl.wording import bare

FIELD_OF: Final = {
    EditCode.TITLE_REPEATED: "title", EditCode.TITLE_LINE: "title", EditCode.CAPTION: "image",
    EditCode.CREDIT: "image", EditCode.ALT_TEXT: "image", EditCode.DATE_LINE: "date", EditCode.BYLINE: "authors",
    EditCode.DATELINE: "dateline", EditCode.TAIL_AGENCY: "agencies", EditCode.TAIL_REPORTING: "authors, editors",
    EditCode.NOTE: "note", EditCode.TAGS: "tags",
}  # fmt: skip
"""Codes of what is not lost: the field that a line was moved to."""
UNTOLD: Final = frozenset({EditCode.NOT_BODY, EditCode.AUTHOR_BOX, EditCode.LAYOUT})
"""Codes that say that a line is no text, and nothing of what it is: it may be a field's value."""
MAX_PLACES: Final = 50
"""Places of a repeated text that are looked at."""
MAX_PIECES: Final = 500
"""Pieces of blocks that are looked for in all the text of a page; articles have a handful."""
MAX_VALUES: Final = 500
"""Values of fields that are looked for on the page."""
KEPT_WEIGHT: Final = 1 << 30
"""More than the characters of any piece."""
MIN_SHARE: Final = 0.4
"""Share of a block that a field's value must be, for the block to be where it stands."""
MIN_COMMON: Final = 0.5
"""Share of its words that a block of the text has in common with the one that it was cut from."""
MIN_UNSPACED: Final = 12
"""Characters from which a text is not found in a word by chance."""
NEAR: Final = 60
"""Blocks between the text and what is taken for a value of the article's fields: further away stand other articles."""


class Kind(StrEnum):
    """What became of a block."""

    KEPT = "kept"
    MOVED = "moved"
    REMOVED = "removed"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a block, or of a piece of it."""

    kind: Kind
    field: str | None = None
    """The field that it was moved to."""
    edit: int | None = None
    """The number of the edit that took it out."""
    code: EditCode | None = None
    """The code of that edit."""
    detail: str | None = None
    """Why, where that is said."""
    body: int | None = None
    """The number of the block of the article's text that it became."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fates:
    """The fates of all blocks of a page; and where the article's texts stood, by their numbers."""

    blocks: tuple[tuple[Fate, ...], ...]
    """For each block its fate, and those of pieces that were cut from it."""
    body: dict[int, int] = field(default_factory=dict)
    edits: dict[int, int] = field(default_factory=dict)

    def counts(self) -> dict[Kind, int]:
        """Count the blocks by what became of the most of them."""
        first = [fates[0].kind for fates in self.blocks]
        return {kind: first.count(kind) for kind in Kind}


def settle_fates(blocks: Sequence[Block], article: Article | None) -> Fates:
    """Find out what became of each block.

    Args:
        blocks: the original.
        article: what was made of it; None where nothing was.

    """
    search = _Search(blocks, article.removed if article else ())
    if article:
        _find_body(search, article)
        _find_edits(search, article)
        _find_values(search, article)
    return Fates(
        blocks=tuple(
            tuple(sorted(found, key=search.weight)) or (Fate(kind=Kind.LEFT, detail=block.left),)
            for found, block in zip(search.fates, blocks, strict=True)
        ),
        body=search.body,
        edits=search.edits,
    )


def fate_of(number: int, edit: Edit) -> Fate:
    """Give the fate of what an edit took out."""
    moved = FIELD_OF.get(edit.code)
    kind = Kind.MOVED if moved else Kind.REMOVED
    return Fate(kind=kind, field=moved, edit=number, code=edit.code, detail=edit.detail)


def key_of(text: str) -> str:
    """Give what is compared of a text: its letters and digits, or its signs where it has none."""
    return bare(text) or " ".join(text.split())


class _Search:
    """The blocks of a page, to be found by their texts."""

    def __init__(self, blocks: Sequence[Block], removed: Sequence[Edit]) -> None:
        self.blocks = blocks
        self.removed = removed
        self.keys = [key_of(block.text) for block in blocks]
        self.fates: list[list[Fate]] = [[] for _ in blocks]
        self.body: dict[int, int] = {}
        self.edits: dict[int, int] = {}
        self.kept = [i for i, block in enumerate(blocks) if block.is_kept]
        self.at: dict[str, list[int]] = defaultdict(list)
        self.starts: list[int] = []
        size = 0
        for i, key in enumerate(self.keys):
            self.at[key].append(i)
            self.starts.append(size)
            size += len(key) + 3
        # All texts in one, so that a piece is found by one search, however many blocks there are.
        self.text = "".join(f" {key} \n" for key in self.keys)

    def weight(self, fate: Fate) -> int:
        """Order the fates of one block: what is kept, then the longest piece that was taken out."""
        return -KEPT_WEIGHT if fate.edit is None else -len(self.removed[fate.edit].text)

    def free(self, key: str) -> list[int]:
        """Give the blocks with a text of which nothing is known yet."""
        return [i for i in islice(self.at.get(key, ()), MAX_PLACES) if not self.fates[i]]

    def holding(self, key: str) -> Iterator[int]:
        """Give the blocks that hold a text and more."""
        # Long texts are found inside words too: some scripts put no spaces between theirs.
        wanted = key if len(key) >= MIN_UNSPACED else f" {key} "
        at = self.text.find(wanted) if key else -1
        for _ in range(MAX_PLACES):
            if at < 0:
                return
            yield bisect_right(self.starts, at) - 1
            at = self.text.find(wanted, at + 1)

    def distance(self, i: int) -> int:
        """Give the blocks between one and the nearest that the extractor keeps."""
        at = bisect_left(self.kept, i)
        return min((abs(i - near) for near in self.kept[max(0, at - 1) : at + 1]), default=0)


def _find_body(search: _Search, article: Article) -> None:
    """Find the blocks of the text: first those that are as they were, in order; then those that were cut."""
    leads = {key_of(e.text) for e in article.removed if e.code is EditCode.LEAD_DOUBLED}
    last = -1
    missing = []
    for number, block in enumerate(article.body):
        key = key_of(block.text)
        # Of a lead that is printed twice the first copy goes, of anything else a later one.
        order = -1 if key in leads else 1
        found = sorted(
            search.free(key), key=lambda i: (not search.blocks[i].is_kept, i < last, order * i)
        )
        if not found:
            missing.append(number)
            continue
        last = found[0]
        _keep(search, number, last)
    placed = sorted(search.body)
    for number in missing[:MAX_PIECES]:
        at = bisect_left(placed, number)
        before = search.body[placed[at - 1]] if at else -1
        behind = search.body[placed[at]] if at < len(placed) else len(search.blocks)
        key = key_of(article.body[number].text)
        if (i := _cut_block(search, key, before, behind)) is not None:
            _keep(search, number, i)
            insort(placed, number)


def _keep(search: _Search, number: int, i: int) -> None:
    search.body[number] = i
    search.fates[i].append(Fate(kind=Kind.KEPT, body=number))


def _cut_block(search: _Search, key: str, before: int, behind: int) -> int | None:
    """Find the block from which a block of the text was cut: one that holds it, or shares most words with it."""
    held = [i for i in search.holding(key) if not search.fates[i]]
    if held:
        return min(held, key=lambda i: (not search.blocks[i].is_kept, not before < i < behind, i))
    words = set(key.split())
    for i in range(before + 1, min(behind, before + 1 + MAX_PLACES)):
        common = words & set(search.keys[i].split())
        if (
            search.blocks[i].is_kept
            and not search.fates[i]
            and len(common) >= MIN_COMMON * len(words)
        ):
            return i
    return None


def _find_edits(search: _Search, article: Article) -> None:
    """Find what was removed: lines that are nothing else, the nearest to the text first; then pieces."""
    pieces = []
    for number, edit in enumerate(article.removed):
        if free := search.free(key_of(edit.text)):
            i = min(free, key=lambda i: (search.distance(i), i))
            search.edits[number] = i
            search.fates[i].append(fate_of(number, edit))
        else:
            pieces.append(number)
    for number in pieces[:MAX_PIECES]:
        edit = article.removed[number]
        held = sorted(
            search.holding(key_of(edit.text)),
            key=lambda i: (not search.fates[i], search.distance(i)),
        )
        if held:
            search.edits[number] = held[0]
            search.fates[held[0]].append(fate_of(number, edit))


def _find_values(search: _Search, article: Article) -> None:
    """Find where values of fields stand that no edit names: headlines, bylines and captions outside of the text."""
    placed = {
        search.keys[i] for i, fates in enumerate(search.fates) if fates and not _is_untold(fates)
    }
    for name, value in islice(_values(article), MAX_VALUES):
        key = key_of(value)
        if not key or key in placed:
            continue
        places = (*islice(search.at.get(key, ()), MAX_PLACES), *search.holding(key))
        near = [i for i in places if _is_untold(search.fates[i]) and _may_be_value(search, i, key)]
        if near:
            i = min(near, key=lambda i: (len(search.keys[i]) != len(key), search.distance(i), i))
            search.fates[i] = _told(search.fates[i], name)
            placed.add(key)


def _is_untold(fates: list[Fate]) -> bool:
    """Tell whether nothing is known of a block, or only that it is no text."""
    return all(fate.code in UNTOLD and fate.kind is Kind.REMOVED for fate in fates)


def _told(fates: list[Fate], name: str) -> list[Fate]:
    known = fates or [Fate(kind=Kind.MOVED)]
    return [replace(fate, kind=Kind.MOVED, field=name) for fate in known]


def _may_be_value(search: _Search, i: int, key: str) -> bool:
    is_near = not search.blocks[i].is_apart and search.distance(i) <= NEAR
    return is_near and len(key) >= MIN_SHARE * len(search.keys[i])


def _values(article: Article) -> Iterator[tuple[str, str]]:
    """Give what fields hold as it may stand on the page, with the field's name."""
    single = {
        "title": article.title, "subtitle": article.subtitle, "authors": article.byline_raw,
        "dateline": article.dateline.raw if article.dateline else None,
        "date_published": article.dates.published.raw if article.dates.published else None,
        "date_modified": article.dates.modified.raw if article.dates.modified else None,
        "copyright": article.copyright.notice if article.copyright else None,
        "section": article.section,
    }  # fmt: skip
    yield from ((name, value) for name, value in single.items() if value)
    yield from (("authors", author.raw or author.name) for author in article.authors)
    for image in article.images:
        credit = image.credit.raw if image.credit else ""
        yield from (
            ("image", text)
            for text in (f"{image.caption or ''} {credit}", image.caption, credit)
            if text
        )
    yield from (("note", note.text) for note in article.notes)
    yield from (("tags", tag) for tag in article.tags)
    for entry in article.provenance:
        if entry.raw and entry.field not in ("language", "canonical_url", "publisher"):
            yield entry.field, entry.raw
