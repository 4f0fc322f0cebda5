"""Notes of the editors and citations are told from prose that only has their words."""

import pytest

from newscrawl.attribution import normalise_attribution
from newscrawl.attribution.cited import cited_sources
from newscrawl.attribution.notes import note_of
from newscrawl.items import Agency, Block, Candidate, Copyright, Draft, Page, Publisher


def block(text: str) -> Block:
    """Make a paragraph."""
    return Block(kind="paragraph", text=text)


NOTES = [
    ("Correction: The mill is nine years old.", "correction"),
    ("Correction, 3 May 2024: The mill is nine years old.", "correction"),
    ("An earlier version of this article misstated the age of the mill.", "correction"),
    ("*Korrektur: In einer früheren Version stand, die Mühle sei neun.", "correction"),
    ("Fe de erratas: el molino tiene nueve años.", "correction"),
    ("[Editor’s note: The mill has been sold since.]", "editors_note"),
    ("Anmerkung der Redaktion: Die Mühle ist verkauft.", "editors_note"),
    ("NDLR : le moulin est vendu.", "editors_note"),
    ("Disclosure: The writer owns a share in the mill.", "disclosure"),
    ("Übersetzung: Jo Doe", "translation"),
    ("This article was translated from German by Jo Doe.", "translation"),
    ("Korrektur, 3. Mai 2024: Der Name der Mühle war falsch.", "correction"),
    ("Correction, Jan. 3, 2024: The mill is nine years old.", "correction"),
    ("Correction appended: The mill is nine years old.", "correction"),
    ("Corrections & Clarifications: The mill is nine years old.", "correction"),
    ("Übersetzung: Heinz Großmann", "translation"),
    ("— Translation: Jo Doe and Al Roe —", "translation"),
    ("Übersetzung aus dem Englischen: Anna Müller", "translation"),
    ("We may earn a commission if you buy a mill through our links.", "disclosure"),
    ("Disclaimer: The views are those of the mill.", "disclosure"),
    ("Correction (May 3): The mill is nine years old.", "correction"),
    ("Correction to this article: The mill is nine years old.", "correction"),
    ("In einer früheren Version dieses Artikels war die Mühle neun.", "correction"),
    ("This story was updated to correct the age of the mill.", "correction"),
    ("This article was originally published in The Mill Post.", "republication"),
    ("Dieser Artikel erschien zuerst im Mühlenboten.", "republication"),
]
PROSE = [
    "Correction officers went on strike on Monday.",
    "The editor's note pinned to the door was torn down by the wind that night.",
    "A correction was appended to the story a week later, and it was quoted everywhere in town and beyond for weeks: “An earlier version of this article misstated the age.”",
    "Disclosure of the contracts took nine years and two courts to get.",
    "Correction: " + "The mill is old. " * 70,
    "Correction of the market: shares of the mill fell.",
    "An earlier version of this bill passed the council, the mayor said.",
    "An earlier version of the report said that the mill was old.",
    "In einer früheren Version der Software fehlte die Mühle.",
    "The app was updated to correct a flaw that the mill had found.",
    "Oprava mlýna začne v květnu: starosta to slíbil.",
    "Translation: they lost the mill.",
    "Translation: Trouble at the mill.",
    "Transparency: The council must open its books.",
    "Translated from the Greek, the word means mill.",
    "This report was first published by the council in 1972 and foresaw the flood.",
    "This video was originally published elsewhere, where it has been seen often.",
    "This list has been amended by the council twice since 2003.",
    "This feature first appeared in the mill's first engine.",
    "In einer früheren Version stand der Held am Ende allein auf der Bühne.",
    "Disclosure rules for 401(k) plans change next year, the council said.",
    "Correction in the Mill 500: what owners should know now",
    "Clarification for the public: the mill is shut.",
    "Traduction : Non.",
]


@pytest.mark.parametrize(("text", "kind"), NOTES)
def test_a_note_is_one(text: str, kind: str) -> None:
    note = note_of(block(text))

    assert note is not None
    assert (note.kind, note.text) == (kind, text)


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_none(text: str) -> None:
    assert note_of(block(text)) is None


def test_notes_leave_the_text_and_are_kept() -> None:
    draft = normalise_attribution(
        Draft(page=Page(body=""), blocks=(block("The mill is old."), block(NOTES[0][0])))
    )

    assert [b.text for b in draft.blocks] == ["The mill is old."]
    assert [(n.kind, n.text) for n in draft.notes] == [("correction", NOTES[0][0])]
    assert [edit.code.value for edit in draft.edits] == ["note.moved"]
    assert [p.raw for p in draft.provenance if p.field == "notes"] == [NOTES[0][0]]


def test_a_text_of_nothing_but_a_note_stays() -> None:
    draft = normalise_attribution(Draft(page=Page(body=""), blocks=(block(NOTES[0][0]),)))

    assert len(draft.blocks) == 1


CITED = [
    ("He left, Daily Mail reported.", [("Daily Mail", "outlet", "reported")]),
    ("She told the BBC that it shut.", [("BBC", "outlet", "told")]),
    ("sources told Reuters on Monday", [("Reuters", "agency", "told")]),
    ("according to the news agency TASS", [("TASS", "agency", "according to")]),
    ("wie die „Washington Post“ berichtete", [("Washington Post", "outlet", "berichtete")]),
    ("laut „Bild“ ist er zu", [("Bild", "outlet", "laut")]),
    ("sagte Doe der Deutschen Presse-Agentur", []),
    ("sagte Doe der dpa am Montag", [("dpa", "agency", "sagte")]),
    ("a déclaré à l'AFP le maire", [("AFP", "agency", "a déclaré à")]),
    ("según El País cerró", [("El País", "outlet", "según")]),
    ("secondo La Repubblica è chiuso", [("La Repubblica", "outlet", "secondo")]),
    ("Media reports said it was shut.", [(None, "generic", None)]),
    ("Medienberichten zufolge ist er zu.", [(None, "generic", None)]),
    ("The Times of day are told by the sun.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found"), CITED)
def test_cited(text: str, found: list[tuple[str | None, str, str | None]]) -> None:
    assert [(s.name, s.kind, s.verb) for s in cited_sources((block(text),))] == found


def test_counts_and_the_text_that_cites_its_own_publisher() -> None:
    blocks = (block("She told the BBC so. Reuters reported it."), block("He told the BBC too."))
    found = cited_sources(
        blocks,
        Publisher(name="BBC News", domain="www.bbc.com"),
        (Agency(id="reuters", name="Reuters"),),
    )

    assert [(s.name, s.count, s.is_self) for s in found] == [
        ("BBC", 2, True), ("Reuters", 1, True), ("BBC", 2, True),
    ]  # fmt: skip
    assert not any(s.is_self for s in cited_sources((block("Daily Mail reported it."),)))
    assert not any(s.is_self for s in cited_sources((block("Media reports said so."),)))


def test_agencies_that_the_data_name_as_source() -> None:
    draft = normalise_attribution(
        Draft(page=Page(body=""), blocks=(), candidates=(
            Candidate(field="agency", raw="Agence France-Presse", method="jsonld.sourceOrganization"),
            Candidate(field="agency", raw="The Courier", method="jsonld.copyrightHolder"),
        ))
    )  # fmt: skip

    assert [(a.id, a.where) for a in draft.agencies] == [("afp", ("jsonld",))]


@pytest.mark.parametrize(
    ("line", "holder", "year"),
    [
        ("© dpa-infocom, dpa:240516-99-53606/3 (dpa)", "dpa-infocom", None),
        (
            "Copyright 2020 The Associated Press. All rights reserved.",
            "The Associated Press",
            "2020",
        ),
        (
            "Copyright © 2004-2025 Jo Doe, Al Roe, and others. All Rights Reserved.",
            "Jo Doe",
            "2004-2025",
        ),
        ("(c) Courier 2019 - ISSN", "Courier 2019 - ISSN", None),
        ("Alle Rechte vorbehalten.", None, None),
        ("Copyright: parts of this paper are taken from a much longer work on ferries", None, None),
    ],
)
def test_a_copyright_line_names_the_holder(line: str, holder: str | None, year: str | None) -> None:
    draft = normalise_attribution(
        Draft(page=Page(body=""), blocks=(block("The mill is old."), block(line)))
    )

    assert draft.copyright is not None
    assert (draft.copyright.holder, draft.copyright.year) == (holder, year)
    assert draft.copyright.notice == line


def test_what_the_page_declares_about_its_rights_stays() -> None:
    declared = Copyright(holder="The Courier")
    draft = normalise_attribution(
        Draft(
            page=Page(body=""), blocks=(block("Old."), block("© 2020 Jo Doe")), copyright=declared
        )
    )

    assert draft.copyright == declared
    assert (
        normalise_attribution(Draft(page=Page(body=""), blocks=(block("Old."),))).copyright is None
    )
