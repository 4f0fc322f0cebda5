"""A look inside: the original of a page beside what was made of it, block by block."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Final

from newscrawl.batch import Failed, Outcome
from newscrawl.items import Article, Edit, Page, Rejected
from newscrawl.items import Block as Body
from newscrawl.quality import article_of
from newscrawl.reasons import EditCode
from newscrawl.reports.fates import Fate, Fates, Kind, fate_of, settle_fates
from newscrawl.reports.fields import ONE_OF, Told, fields_told
from newscrawl.reports.history import Step
from newscrawl.reports.original import Block, Original, original_of
from newscrawl.reports.pages import render
from newscrawl.stages import draft_of

MAX_OPEN: Final = 6
"""Blocks in a row that were left; more are folded, because menus and footers have hundreds."""
MAX_SHOWN: Final = 5_000
"""Blocks of a text, edits or fields that are shown."""
MAX_VALUE: Final = 2_000
"""Characters of a value."""
MAX_LOST: Final = 50
"""Losing candidates of a field."""
LEGEND: Final = {
    Kind.KEPT: ("K", "kept", "part of the article's text"),
    Kind.MOVED: ("M", "moved", "kept as a field: title, byline, date, caption …"),
    Kind.REMOVED: ("R", "removed", "taken out, with a code and a reason"),
    Kind.LEFT: ("L", "left", "never taken for the text: menus, footers, other articles"),
}
"""A letter, a word and an explanation for each fate: colour is never the only sign."""
MAX_ALIKE: Final = 2
"""Paragraphs in a row that two versions share; more are only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What there is to look at."""

    page: Page
    outcome: Outcome
    command: str | None = None
    """What keeps the page as a fixture, to be run in a shell."""
    no_command: str = ""
    """Why there is none."""
    remarks: tuple[str, ...] = ()
    """What a reader should know of where the page is from."""
    steps: tuple[Step, ...] = ()
    """Its versions in a state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFate:
    """A fate in words, with the place on the other side that it leads to."""

    kind: Kind
    said: str
    why: str = ""
    detail: str | None = None
    to: str | None = None
    """The id of the counterpart."""
    label: str = ""
    """What the link to it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBlock:
    """A block of the original with its fates, the main one first."""

    number: int
    block: Block
    fates: tuple[ShownFate, ...]

    @property
    def kind(self) -> Kind:
        """What became of the most of it."""
        return self.fates[0].kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Blocks in a row that stand in one part of the page."""

    name: str
    blocks: tuple[ShownBlock, ...]
    only: Kind | None
    """The fate of all of them, if it is one."""
    is_folded: bool
    reason: str | None
    """Why none of them was looked at, where that is one reason; it is said once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """A field in words; the first of a name has an id that blocks lead to."""

    told: Told
    id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEdit:
    """One removal, the number of its block in the original, where it was found there, and its fate."""

    number: int
    edit: Edit
    place: int | None
    fate: Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Removals:
    """The removals of one code."""

    code: EditCode
    edits: tuple[ShownEdit, ...]


def inspector_page(look: Look) -> str:
    """Write the page that shows a page and what became of it."""
    outcome = look.outcome
    article = outcome if isinstance(outcome, Article) else _would_be(look)
    original = original_of(look.page)
    fates = settle_fates(original.blocks, article)
    fields = list(_fields(article)) if article else []
    counts = fates.counts()
    return render(
        "inspector.html",
        script="inspector.js",
        look=look,
        refused=outcome if isinstance(outcome, Rejected) else None,
        failed=outcome if isinstance(outcome, Failed) else None,
        article=article,
        original=original,
        groups=list(_groups(original, fates, {field.told.name for field in fields})),
        legend=[(kind, *LEGEND[kind], counts[kind]) for kind in Kind],
        letters={kind: LEGEND[kind][0] for kind in Kind},
        body=_body(article, fates) if article else [],
        removed=_removals(article, fates) if article else [],
        fields=fields,
        facts=list(_facts(article)) if article else [],
        max_value=MAX_VALUE, max_lost=MAX_LOST, max_shown=MAX_SHOWN, max_alike=MAX_ALIKE,
    )  # fmt: skip


def _would_be(look: Look) -> Article | None:
    """Give the article that a refused page would have been, so that a wrong refusal can be seen to be one."""
    if isinstance(look.outcome, Failed):
        return None
    draft = draft_of(look.page)
    return None if isinstance(draft, Rejected) else article_of(draft)


def _fields(article: Article) -> Iterator[ShownField]:
    named = set[str]()
    for told in islice(fields_told(article), MAX_SHOWN):
        yield ShownField(told=told, id=None if told.name in named else _id_of_field(told.name))
        named.add(told.name)


def _id_of_field(name: str) -> str:
    return f"f-{name.replace(' ', '-')}"


def _body(article: Article, fates: Fates) -> list[tuple[int, Body, int | None]]:
    shown = islice(enumerate(article.body), MAX_SHOWN)
    return [(number, block, fates.body.get(number)) for number, block in shown]


def _removals(article: Article, fates: Fates) -> list[Removals]:
    """Group the removals by their code, the most frequent first."""
    groups: dict[EditCode, list[ShownEdit]] = {}
    for number, edit in islice(enumerate(article.removed), MAX_SHOWN):
        place = fates.edits.get(number)
        found = fates.blocks[place] if place is not None else ()
        fate = next((one for one in found if one.edit == number), fate_of(number, edit))
        shown = ShownEdit(number=number, edit=edit, place=place, fate=fate)
        groups.setdefault(edit.code, []).append(shown)
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [Removals(code=code, edits=tuple(edits)) for code, edits in ordered]


def _facts(article: Article) -> Iterator[tuple[str, str]]:
    """Say what else is known, and is no field with a source."""
    yield "words", str(article.word_count)
    wall = article.paywall
    if wall.declared is not None:
        yield (
            "paywall",
            "the page declares itself not free"
            if wall.declared
            else "the page declares itself free",
        )
    if wall.truncated is not None:
        yield (
            "text",
            "only its beginning is on the page" if wall.truncated else "all of it is on the page",
        )
    for sign in article.opt_outs:
        yield "opt-out", f"{sign.signal}: {sign.value}"
    made = article.extracted_with
    with_trafilatura = f", trafilatura {made.trafilatura}" if made.trafilatura else ""
    yield "cleaned by", f"newscrawl {made.newscrawl}{with_trafilatura}"
    if made.profile:
        yield "profile", made.profile
    if article.fetched_at:
        yield "fetched", article.fetched_at.isoformat()


def _groups(original: Original, fates: Fates, named: Collection[str]) -> Iterator[Group]:
    """Put blocks in a row together that stand in one part of the page."""
    shown = (
        ShownBlock(
            number=number, block=block, fates=tuple(_in_words(fate, named) for fate in found)
        )
        for number, (block, found) in enumerate(zip(original.blocks, fates.blocks, strict=True))
    )
    for landmarks, run in groupby(shown, key=lambda one: one.block.landmarks):
        blocks = tuple(run)
        kinds = {one.kind for one in blocks}
        only = blocks[0].kind if len(kinds) == 1 else None
        details = {one.fates[0].detail for one in blocks}
        yield Group(
            name=" › ".join(landmarks),
            blocks=blocks,
            only=only,
            is_folded=only is Kind.LEFT and len(blocks) > MAX_OPEN,
            reason=blocks[0].fates[0].detail if only is Kind.LEFT and len(details) == 1 else None,
        )


def _in_words(fate: Fate, named: Collection[str]) -> ShownFate:
    """Say what became of a block, and link to it."""
    if fate.body is not None:
        return ShownFate(kind=fate.kind, said="kept", to=f"t{fate.body}", label=f"¶{fate.body + 1}")
    if fate.edit is not None:
        said = f"moved to {fate.field}" if fate.field else "removed"
        why = f"{fate.code}: {fate.code.sentence}" if fate.code else ""
        to, label = f"e{fate.edit}", f"edit {fate.edit + 1}"
        return ShownFate(kind=fate.kind, said=said, why=why, detail=fate.detail, to=to, label=label)
    if fate.field:
        name = ONE_OF.get(fate.field, fate.field)
        to = _id_of_field(name) if name in named else "fields"
        return ShownFate(kind=fate.kind, said="moved to", to=to, label=name)
    return ShownFate(kind=fate.kind, said=str(fate.kind), detail=fate.detail)
