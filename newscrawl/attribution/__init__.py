"""The attribution stage: who wrote it, which agency it comes from, who is credited and cited."""

import re
from dataclasses import replace
from itertools import groupby
from typing import Final

from newscrawl.attribution.agencies import agency_named, merge
from newscrawl.attribution.cited import cited_sources
from newscrawl.attribution.credits import split_image_credit
from newscrawl.attribution.names import Name, read_byline
from newscrawl.attribution.tails import read_dateline, read_tail
from newscrawl.items import Agency, Author, Block, Candidate, Draft, Edit, Image, Provenance
from newscrawl.reasons import EditCode
from newscrawl.reference import agencies
from newscrawl.wording import fold

PICTURE: Final = re.compile(
    r"(?i)\W*(?:photos?|fotos?|bild(?:er)?|images?|picture|ap foto)\b(?!graf)\s*(?:by|von|di|de|:|/|\()"
)
"""The label of a picture's credit."""
TAIL_BLOCKS: Final = 4
"""Blocks from the end in which a desk or agency tail may stand; behind it come notes and links."""
HEAD_BLOCKS: Final = 3
"""Blocks from the start in which the dateline may stand, a repeated title and a lead before it."""


def normalise_attribution(draft: Draft) -> Draft:
    """Fill authors, desk, editors, agencies, dateline, credits and cited sources."""
    draft = _take_dateline(_take_tails(draft))
    draft = _take_byline(draft)
    return replace(
        draft,
        images=tuple(_with_credit(image, draft.country) for image in draft.images),
        sources_cited=cited_sources(draft.blocks),
    )


def _take_byline(draft: Draft) -> Draft:
    """Read the byline from the first source that names anybody; people before desks.

    Sources are tried in the order of extraction. One that names people wins over an earlier one
    that names only a desk or the publisher, because CMSs fill JSON-LD with a default.
    """
    candidates = [c for c in draft.candidates if c.field == "author" and not _is_credit(c)]
    groups = [list(group) for _, group in groupby(candidates, key=lambda c: c.method)]
    read = [(group, _read_group(group, draft)) for group in groups]
    named = [(group, names) for group, names in read if names]
    if not named:
        return draft
    with_people = [(g, n) for g, n in named if any(name.kind == "person" for name, _ in n)]
    group, names = (with_people or named)[0]
    everything = _same_byline(
        names, [entries for _, entries in named], any_people=bool(with_people)
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
        agencies=merge(named_agencies, draft.agencies),
        byline_raw="; ".join(candidate.raw for candidate in group),
        provenance=(*draft.provenance, _provenance(group, candidates)),
    )


def _is_credit(candidate: Candidate) -> bool:
    """Tell who took a picture from who wrote the text: CMSs give both the class of a byline."""
    if candidate.method.startswith(("jsonld.", "meta.")):
        return False
    return candidate.method.startswith("figure.") or bool(PICTURE.match(candidate.raw))


Entry = tuple[Name, Candidate]


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
    publisher = draft.publisher
    entries: list[Entry] = []
    for candidate in group:
        names = read_byline(candidate.raw, publisher.name, publisher.domain)
        entries += [(_retyped(name, candidate), candidate) for name in names]
    return entries


def _retyped(name: Name, candidate: Candidate) -> Name:
    """Believe JSON-LD where it types an author as an organisation, unless it looks like a person."""
    if candidate.kind in ("Organization", "NewsMediaOrganization") and name.kind == "person":
        return replace(name, kind="desk")
    return name


def _authors(entries: list[Entry]) -> tuple[Author, ...]:
    people: dict[str, Author] = {}
    for name, candidate in entries:
        if name.kind == "person":
            url = (
                candidate.url
                if len(entries) == 1 or candidate.method.startswith("jsonld")
                else None
            )
            key = fold(name.text).replace("-", " ")
            people.setdefault(key, Author(name=name.text, role=name.role, url=url))
    return tuple(people.values())


def _provenance(group: list[Candidate], candidates: list[Candidate]) -> Provenance:
    return Provenance(
        field="authors",
        method=group[0].method,
        raw="; ".join(candidate.raw for candidate in group),
        alternatives=tuple(c for c in candidates if c not in group),
    )


def _take_tails(draft: Draft) -> Draft:
    """Cut desk and agency tails from the last blocks, and keep what they say."""
    blocks, edits = list(draft.blocks), list(draft.edits)
    found: tuple[Agency, ...] = ()
    editors: tuple[str, ...] = ()
    contributors: tuple[str, ...] = ()
    for index in range(len(blocks) - 1, max(-1, len(blocks) - 1 - TAIL_BLOCKS), -1):
        if index == 0:
            break
        tail = read_tail(blocks[index].text, draft.country)
        if tail:
            edits.append(Edit(code=tail.code, text=tail.removed))
            found, editors = merge(found, tail.agencies), (*editors, *tail.editors)
            contributors = (*tail.contributors, *contributors)
            blocks[index : index + 1] = _kept(blocks[index], tail.kept)
    return replace(
        draft,
        blocks=tuple(blocks),
        edits=tuple(edits),
        agencies=merge(draft.agencies, found),
        editors=tuple(dict.fromkeys((*draft.editors, *editors))),
        contributors=tuple(dict.fromkeys(contributors)),
    )


def _kept(block: Block, text: str) -> list[Block]:
    return [replace(block, text=text)] if text else []


def _take_dateline(draft: Draft) -> Draft:
    for index, block in enumerate(draft.blocks[:HEAD_BLOCKS]):
        if block.kind == "paragraph" and (found := read_dateline(block.text, draft.country)):
            dateline, rest = found
            blocks = (*draft.blocks[:index], replace(block, text=rest), *draft.blocks[index + 1 :])
            agency = _agency_of(dateline.agency)
            return replace(
                draft,
                blocks=blocks,
                dateline=dateline,
                agencies=merge(draft.agencies, agency),
                edits=(*draft.edits, Edit(code=EditCode.DATELINE, text=dateline.raw)),
            )
    return draft


def _agency_of(agency_id: str | None) -> tuple[Agency, ...]:
    return tuple(Agency(id=row.id, name=row.name) for row in agencies() if row.id == agency_id)


def _with_credit(image: Image, country: str | None) -> Image:
    if image.credit is None:
        return image
    return replace(image, credit=split_image_credit(image.credit.raw, country))
