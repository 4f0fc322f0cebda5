"""The attribution stage: who wrote it, which agency it comes from, who is credited and cited."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import Final, cast

from newscrawl.attribution.agencies import agencies_in, agency_named, merge, named_in
from newscrawl.attribution.bylines import Name, read_byline
from newscrawl.attribution.cited import cited_sources
from newscrawl.attribution.credits import with_parts
from newscrawl.attribution.datelines import read_dateline
from newscrawl.attribution.notes import note_of
from newscrawl.attribution.rights import read_rights
from newscrawl.attribution.tails import Tail, read_head, read_tail
from newscrawl.items import (
    BY_LAYOUT,
    Agency,
    Author,
    AuthorKind,
    Block,
    Candidate,
    Draft,
    Edit,
    Line,
    Provenance,
)
from newscrawl.lines import byline_prefix, is_signature
from newscrawl.reasons import EditCode
from newscrawl.reference import agencies
from newscrawl.wording import fold, squeeze

PICTURE: Final = re.compile(
    r"(?i)\W*(?:photos?|fotos?|bild(?:er)?|images?|picture|ap foto)\b(?!graf)\s*(?:by|von|di|de|:|/|\()"
)
"""The label of a picture's credit."""
SHOWN: Final = ("class.byline", "microdata.author", "rel.author", "text.byline", "link.author")
"""Methods of bylines near the headline."""
TAIL: Final = "text.tail"
"""The method of names that only a note behind the text has: `Reporting by …`."""
MAX_TAIL_LINES: Final = 40
"""Lines of any kind behind the text that are looked at."""
TAIL_BLOCKS: Final = 4
"""Blocks from the end in which a desk or agency tail may stand; behind it come notes and links."""
HEAD_BLOCKS: Final = 3
"""Paragraphs from the start in which the dateline may stand, a repeated title and a lead before it."""


Entry = tuple[Name, Candidate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Byline:
    """One source's byline: its candidates, and the names read from them."""

    candidates: tuple[Candidate, ...]
    entries: list[Entry]

    def people(self) -> frozenset[str]:
        """Give the people, folded."""
        return frozenset(
            fold(n.text) for n, _ in self.entries if n.kind == "person" and n.part == "author"
        )

    def full_people(self) -> frozenset[str]:
        """Give the people with more than one name, or in a script that writes names as one word."""
        return frozenset(name for name in self.people() if " " in name or not name.isascii())

    def kinds(self) -> frozenset[str]:
        """Give the kinds of name in it."""
        return frozenset(name.kind for name, _ in self.entries)

    @property
    def method(self) -> str:
        """How its candidates were found."""
        return self.candidates[0].method

    @property
    def raw(self) -> str:
        """The byline as it stands on the page."""
        return "; ".join(squeeze(candidate.raw) for candidate in self.candidates)

    @property
    def is_shown(self) -> bool:
        """Whether a reader sees it near the headline."""
        return self.method in SHOWN

    @property
    def is_apart(self) -> bool:
        """Whether it stands far from the headline, where bylines of other articles do too."""
        return self.method.endswith(".apart")

    @property
    def is_led(self) -> bool:
        """Whether a reader sees it with a lead-in such as 'By'."""
        led = (byline_prefix().match(c.raw.replace("\n", " ")) for c in self.candidates)
        return self.is_shown and any(led)


def normalise_attribution(draft: Draft) -> Draft:
    """Fill authors, desk, editors, agencies, dateline, credits and cited sources."""
    if draft.copyright is None:
        draft = replace(draft, copyright=read_rights(draft.blocks))
    draft = _take_dateline(_take_tails(_take_notes(draft)))
    draft = _take_byline(_take_signature(draft))
    draft = replace(draft, agencies=merge(draft.agencies, _declared_agencies(draft)))
    return replace(
        draft,
        provenance=(*draft.provenance, *_said(draft)),
        images=tuple(with_parts(image, draft.country) for image in draft.images),
        sources_cited=cited_sources(draft.blocks, draft.publisher, draft.agencies),
    )


def _take_byline(draft: Draft) -> Draft:
    """Read the byline from the first source that names anybody; people before desks.

    Sources are tried in the order of extraction. One that names people wins over an earlier one
    that names only a desk or the publisher, because CMSs fill JSON-LD with a default.
    """
    candidates = [c for c in draft.candidates if c.field == "author" and not _is_credit(c)]
    groups = [list(group) for _, group in groupby(candidates, key=lambda c: c.method)]
    read = [Byline(candidates=tuple(g), entries=_read_group(g, draft)) for g in groups]
    named = [byline for byline in read if byline.entries]
    if not named:
        return draft
    chosen = _choose(_without_editors(named))
    names = chosen.entries
    everything = _same_byline(
        names,
        [byline.entries for byline in named],
        any_people=bool(chosen.people()) and chosen.method != TAIL,
    )
    named_agencies = tuple(
        agency
        for name, _ in everything
        if name.kind == "agency" and (agency := agency_named(name.text, draft.country))
    )
    return replace(
        draft,
        authors=_authors(names),
        desk=tuple(dict.fromkeys(n.text for n, _ in everything if n.kind in ("desk", "publisher"))),
        editors=_also(draft.editors, everything, "editor"),
        contributors=_also(draft.contributors, everything, "contributor"),
        agencies=merge(named_in("byline", named_agencies), draft.agencies),
        byline_raw=chosen.raw,
        provenance=(*draft.provenance, _provenance(chosen, read)),
    )


def _choose(bylines: list[Byline]) -> Byline:
    """Choose the byline: what a reader sees with a lead-in, if it differs; else the first with people.

    CMSs put the account that uploaded a text, or the publisher, where JSON-LD and metas want the
    author; 'By Jane Doe' under the headline is what the editors meant. A name of one word is an
    account's unless nothing better is there.
    """
    if bylines[0].method.startswith(BY_LAYOUT):
        return bylines[0]
    near = [b for b in bylines if not b.is_apart]
    tests = (Byline.full_people, Byline.people)
    ranked = [b for group in (near, bylines) for test in tests for b in group if test(b)]
    ranked += [b for b in bylines if b.kinds() & {"agency"} and b.is_led]
    chosen = (ranked or bylines)[0]
    for other in bylines:
        seen = other.full_people()
        added = seen - chosen.full_people()
        if other.is_shown and seen > chosen.full_people() and added <= _elsewhere(other, bylines):
            return other
        if other.is_led and seen and not seen & chosen.people():
            return other
    return chosen


def _elsewhere(byline: Byline, bylines: list[Byline]) -> frozenset[str]:
    """Give the people whom the page's data name too; photographers and editors have bylines as well."""
    return frozenset(
        name
        for b in bylines
        if b is not byline and not b.method.startswith(("class.", "link.", "text."))
        for name in b.full_people()
    )


def _without_editors(bylines: list[Byline]) -> list[Byline]:
    """Drop from the authors whom the page labels as editor, where another author remains."""
    editors = {fold(n.text) for b in bylines for n, _ in b.entries if n.part == "editor"}
    others = [
        replace(b, entries=[e for e in b.entries if fold(e[0].text) not in editors])
        for b in bylines
    ]
    kept = [b for b in others if b.entries]
    return kept if any(b.people() for b in kept) else bylines


def _also(known: tuple[str, ...], entries: list[Entry], part: str) -> tuple[str, ...]:
    names = (n.text for n, _ in entries if n.part == part and n.kind == "person")
    return tuple(dict.fromkeys((*known, *names)))


def _is_credit(candidate: Candidate) -> bool:
    """Tell who took a picture from who wrote the text: CMSs give both the class of a byline."""
    if candidate.method.startswith(("jsonld.", "meta.")):
        return False
    return candidate.method.startswith("figure.") or bool(PICTURE.match(candidate.raw))


def _same_byline(
    chosen: list[Entry], groups: list[list[Entry]], *, any_people: bool
) -> list[Entry]:
    """Join the entries of all sources that print the chosen byline: desks and agencies differ.

    JSON-LD names the people, the visible byline has 'dpa' beside them. Where no source names
    people, all of them count.
    """
    people = {name.text for name, _ in chosen if name.kind == "person"}
    same = [g for g in groups if not any_people or people & {name.text for name, _ in g}]
    return [entry for group in same for entry in group]


def _read_group(group: list[Candidate], draft: Draft) -> list[Entry]:
    """Read a source's candidates; the publisher beside people counts only where JSON-LD lists both."""
    publisher = draft.publisher
    entries: list[Entry] = []
    for candidate in group:
        names = read_byline(candidate.raw, publisher.name, publisher.domain)
        entries += [(_retyped(name, candidate), candidate) for name in names]
    if group[0].method.startswith("jsonld."):
        return entries
    people = [e for e in entries if e[0].kind not in ("publisher", "noise")]
    return people if any(name.kind == "person" for name, _ in people) else entries


def _retyped(name: Name, candidate: Candidate) -> Name:
    """Believe JSON-LD where it types an author as an organisation, unless it looks like a person."""
    if candidate.kind in ("Organization", "NewsMediaOrganization") and name.kind == "person":
        return replace(name, kind="desk")
    return name


def _authors(entries: list[Entry]) -> tuple[Author, ...]:
    found: dict[str, Author] = {}
    for name, candidate in entries:
        if name.part != "author":
            continue
        own = len(entries) == 1 or candidate.method.startswith(("jsonld", "link", "rel"))
        author = Author(
            name=name.text,
            kind=cast("AuthorKind", name.kind),  # noise is left out where bylines are read
            raw=name.raw if name.raw != name.text else None,
            role=name.role,
            affiliation=name.affiliation,
            place=name.place,
            url=candidate.url if own and name.kind == "person" else None,
        )
        found.setdefault(fold(name.text).replace("-", " "), author)
    return tuple(found.values())


def _provenance(chosen: Byline, bylines: list[Byline]) -> Provenance:
    return Provenance(
        field="authors",
        method=chosen.method,
        raw=chosen.raw,
        alternatives=tuple(
            replace(candidate, why=_lost(byline, chosen))
            for byline in bylines
            if byline.candidates != chosen.candidates
            for candidate in byline.candidates
        ),
    )


def _lost(byline: Byline, chosen: Byline) -> str:
    """Say why a byline was not taken."""
    if not byline.entries:
        return "names nobody"
    if byline.people() and byline.people() <= chosen.people():
        return "the same people"
    if not byline.people() and chosen.people():
        return "names no person"
    return "far from the headline" if byline.is_apart else "less trusted"


def _said(draft: Draft) -> Iterator[Provenance]:
    """Give where agencies, editors, contributors, dateline and notes were read."""
    for agency in draft.agencies:
        yield Provenance(field="agencies", method=", ".join(agency.where), raw=agency.id)
    removed = {edit.code: edit.text for edit in draft.edits}
    tail = removed.get(EditCode.TAIL_REPORTING) or removed.get(EditCode.TAIL_AGENCY)
    for field, names in (("editors", draft.editors), ("contributors", draft.contributors)):
        if names:
            method = "tail" if tail else "byline"
            yield Provenance(field=field, method=method, raw=tail or draft.byline_raw or "")
    if draft.desk:
        yield Provenance(field="desk", method="byline", raw="; ".join(draft.desk))
    if draft.dateline:
        yield Provenance(field="dateline", method="text", raw=draft.dateline.raw)
    for note in draft.notes:
        yield Provenance(field="notes", method="text", raw=note.text)


def _declared_agencies(draft: Draft) -> tuple[Agency, ...]:
    """Read the agencies that JSON-LD names as source, provider or holder of the rights."""
    said = (c.raw for c in draft.candidates if c.field == "agency")
    found = (agencies_in(raw, draft.country) for raw in said)
    return named_in("jsonld", tuple(agency for agencies in found for agency in agencies))


def _take_notes(draft: Draft) -> Draft:
    """Move the editors' notes out of the text; a block that is nothing else is one."""
    notes = {i: note for i, block in enumerate(draft.blocks) if (note := note_of(block))}
    if len(notes) == len(draft.blocks):
        return draft
    return replace(
        draft,
        blocks=tuple(block for i, block in enumerate(draft.blocks) if i not in notes),
        notes=tuple(notes.values()),
        edits=(*draft.edits, *(Edit(code=EditCode.NOTE, text=n.text) for n in notes.values())),
    )


def _take_signature(draft: Draft) -> Draft:
    """Move a signature at the end, `김철수 기자`, to the candidates; the last, for it may be a desk's."""
    kept = [index for index, block in enumerate(draft.blocks) if not _is_dropped(block)]
    for index in reversed(kept[1:][-TAIL_BLOCKS:]):
        text = draft.blocks[index].text
        if is_signature(text):
            signed = Candidate(field="author", raw=text, method="text.signature")
            return replace(
                draft,
                blocks=(*draft.blocks[:index], *draft.blocks[index + 1 :]),
                candidates=(*draft.candidates, signed),
                edits=(*draft.edits, Edit(code=EditCode.BYLINE, text=text)),
            )
    return draft


def _take_tails(draft: Draft) -> Draft:
    """Cut desk and agency tails from the last blocks, and keep what they say."""
    blocks, edits = list(draft.blocks), list(draft.edits)
    found: tuple[Agency, ...] = ()
    editors: tuple[str, ...] = ()
    contributors: tuple[str, ...] = ()
    writers: list[Candidate] = []
    for index, tail in _tails(draft):
        writers += (Candidate(field="author", raw=name, method=TAIL) for name in tail.writers)
        edits.append(Edit(code=tail.code, text=tail.removed))
        place = "copyright" if tail.code is EditCode.COPYRIGHT else "tail"
        found, editors = merge(found, named_in(place, tail.agencies)), (*editors, *tail.editors)
        contributors = (*tail.contributors, *contributors)
        blocks[index : index + 1] = _kept(blocks[index], tail.kept)
    return replace(
        draft,
        blocks=tuple(blocks),
        candidates=(*draft.candidates, *writers),
        edits=tuple(edits),
        agencies=merge(draft.agencies, found),
        editors=tuple(dict.fromkeys((*draft.editors, *editors))),
        contributors=tuple(dict.fromkeys(contributors)),
    )


def _tails(draft: Draft) -> Iterator[tuple[int, Tail]]:
    """Give the tails from the end; lines that are dropped anyway do not count, but may be notes."""
    seen = 0
    for index in range(len(draft.blocks) - 1, 0, -1):
        block = draft.blocks[index]
        is_dropped = _is_dropped(block)
        tail = read_tail(block.text, draft.country)
        if tail and not (is_dropped and tail.kept):
            yield index, tail
        seen += not is_dropped
        if seen == TAIL_BLOCKS or len(draft.blocks) - index > MAX_TAIL_LINES:
            break
    if draft.blocks and (head := read_head(draft.blocks[0].text, draft.country)):
        yield 0, head


def _is_dropped(block: Block) -> bool:
    return isinstance(block, Line) and block.code is not None


def _kept(block: Block, text: str) -> list[Block]:
    return [replace(block, text=text)] if text else []


def _take_dateline(draft: Draft) -> Draft:
    # The points of a summary may stand before the first paragraph.
    kept = (
        (i, block)
        for i, block in enumerate(draft.blocks)
        if block.kind == "paragraph" and not _is_dropped(block)
    )
    for index, block in islice(kept, HEAD_BLOCKS):
        if found := read_dateline(block.text, draft.country, draft.publisher):
            dateline, rest = found
            blocks = (*draft.blocks[:index], replace(block, text=rest), *draft.blocks[index + 1 :])
            agency = _agency_of(dateline.agency)
            return replace(
                draft,
                blocks=blocks,
                dateline=dateline,
                agencies=merge(draft.agencies, named_in("dateline", agency)),
                edits=(*draft.edits, Edit(code=EditCode.DATELINE, text=dateline.raw)),
            )
    return draft


def _agency_of(agency_id: str | None) -> tuple[Agency, ...]:
    return tuple(Agency(id=row.id, name=row.name) for row in agencies() if row.id == agency_id)
