"""People are told from desks, agencies and publishers; tails and datelines become fields."""

import pytest

from newscrawl import Article, clean
from newscrawl.attribution import normalise_attribution
from newscrawl.attribution.agencies import agencies_in, agency_named
from newscrawl.attribution.bylines import read_byline
from newscrawl.attribution.credits import split_image_credit
from newscrawl.attribution.datelines import read_dateline
from newscrawl.attribution.names import classify
from newscrawl.attribution.tails import read_head, read_tail
from newscrawl.items import Block, Candidate, Draft, Line, Page, Publisher
from newscrawl.reasons import EditCode
from tests.pages_of import page, paragraphs

BYLINES = [
    ("By Jane Doe and John Roe", [("Jane Doe", "person"), ("John Roe", "person")]),
    ("Von Britta Schulte, dpa", [("Britta Schulte", "person"), ("dpa", "agency")]),
    ("Par Le Figaro et AFP", [("Le Figaro", "publisher"), ("AFP", "agency")]),
    ("By MEG KINNAR and ERRIN HAIN, Associated Press",
     [("MEG KINNAR", "person"), ("ERRIN HAIN", "person"), ("Associated Press", "agency")]),
    ("NewsGram Desk", [("NewsGram Desk", "desk")]),
    ("HT Correspondent", [("HT Correspondent", "person")]),
    ("Seb Dumitru, Lille", [("Seb Dumitru", "person")]),
    ("Brazil, Rachel", [("Rachel Brazil", "person")]),
    ("dmk", [("dmk", "person")]),
    ("Miguel A. Herguedas", [("Miguel A. Herguedas", "person")]),
    ("By Houston MitchellAssistant Sports EditorFollow June 26, 2023 5 AM PT", [("Houston Mitchell", "person")]),
    ("배윤경 기자 bykj@mk.example", [("배윤경", "person")]),
    ("By Jane Doe | Updated 3 May 2024", [("Jane Doe", "person")]),
    ("سليم بن عاشور وهاجر المرابط", [("سليم بن عاشور", "person"), ("هاجر المرابط", "person")]),
    ("www.example.com", []),
    ("Published 3 May 2024", []),
]  # fmt: skip
TAILS = [
    ('"those who began it". (KB/IANS)', '"those who began it".', ["ians"], ("KB",)),
    ("He left on Monday. (dpa)", "He left on Monday.", ["dpa"], ()),
    ("He left on Monday. (ANSA).", "He left on Monday.", ["ansa"], ()),
    ("He left on Monday. — AFP", "He left on Monday.", ["afp"], ()),
    ("PTI", "", ["pti"], ()),
    ("(With inputs from PTI)", "", ["pti"], ()),
    ("Quelle: APA/dpa", "", ["apa_at", "dpa"], ()),
    ("(Reporting by Jo Doe; Editing by Al Roe)", "", [], ("Al Roe",)),
    ("The story ended. (vyp/kna)", "The story ended.", [], ("vyp", "kna")),
    ("Die Polizei ermittelt. (kas)", "Die Polizei ermittelt.", [], ("kas",)),
    ("MDR (dst)", "", [], ("dst",)),
    ("Redaktion: Jo Doe, Al Roe", "", [], ("Jo Doe", "Al Roe")),
    (
        "Many were homeless. – Additional reporting from Reuters",
        "Many were homeless.",
        ["reuters"],
        (),
    ),
    ("It may take years. (Additional reporting by Jo Doe)", "It may take years.", [], ()),
    ("© dpa-infocom, dpa:240516-99-53606/3", "", ["dpa"], ()),
    ("Associated Press writer Jo Doe contributed to this report.", "", ["ap"], ()),
]
NO_TAILS = [
    "He said so to the crew (kas)", "Source: The Courier", "It ended. (Source: a man who knows it all)",
    "He studies in Munich (LMU)", "said Hendrik Streek (CDU)",
    "The police urge anyone with information to call.", "a party called PTI won the seat.",
    "With information from three witnesses the police found the car.", "(END)",
    "The report was first carried by the Australian Associated Press (AAP).",
]  # fmt: skip
DATELINES = [
    (
        "LISBON, March 4 (Reuters) - The port shut.",
        "LISBON",
        "March 4",
        "reuters",
        "The port shut.",
    ),
    (
        "ST. JOSEPH, Mich. (AP) — The pier froze.",
        "ST. JOSEPH, Mich.",
        None,
        "ap",
        "The pier froze.",
    ),
    ("March 4 (Reuters) - The port shut.", None, "March 4", "reuters", "The port shut."),
    ("Bruselas, 7 oct (EFE).- El puerto cerró.", "Bruselas", "7 oct", "efe", "El puerto cerró."),
    ("Hamburg (dpa/lno) – Der Hafen ruht.", "Hamburg", None, "dpa", "Der Hafen ruht."),
    ("SEOUL, Aug. 20 (Yonhap) -- The port shut.", "SEOUL", "Aug. 20", "yonhap", "The port shut."),
]
NO_DATELINES = [
    "Der Beauftragte Hendrik Streek (CDU) hat widersprochen.",
    "The Democratic Labour Party (DLP) has won.",
    "The Hang Seng Index (HSI) - a measure of shares - fell.",
    "CLAIM: The port was shut.",
]


@pytest.mark.parametrize(("raw", "names"), BYLINES)
def test_byline(raw: str, names: list[tuple[str, str]]) -> None:
    assert [(n.text, n.kind) for n in read_byline(raw, "Le Figaro", "lefigaro.fr")] == names


@pytest.mark.parametrize(("text", "kept", "agencies", "editors"), TAILS)
def test_tail(text: str, kept: str, agencies: list[str], editors: tuple[str, ...]) -> None:
    tail = read_tail(text)

    assert tail is not None
    assert (tail.kept, [a.id for a in tail.agencies], tail.editors) == (kept, agencies, editors)


@pytest.mark.parametrize("text", NO_TAILS)
def test_no_tail(text: str) -> None:
    assert read_tail(text) is None


@pytest.mark.parametrize(("text", "place", "date", "agency", "rest"), DATELINES)
def test_dateline(text: str, place: str | None, date: str | None, agency: str, rest: str) -> None:
    found = read_dateline(text)

    assert found is not None
    assert (found[0].place, found[0].date, found[0].agency, found[1]) == (place, date, agency, rest)


@pytest.mark.parametrize("text", NO_DATELINES)
def test_no_dateline(text: str) -> None:
    assert read_dateline(text) is None


def test_initials_that_two_agencies_share_follow_the_country() -> None:
    german, kenyan = agency_named("KNA", "DE"), agency_named("KNA", "KE")

    assert german is not None
    assert kenyan is not None
    assert (german.id, kenyan.id) == ("kna", "kna_ke")


def test_initials_are_case_sensitive() -> None:
    assert agencies_in("Get the app, or the rss feed") == ()


@pytest.mark.parametrize(
    ("raw", "photographer", "agency"),
    [
        ("Hannes Albert/dpa", "Hannes Albert", "Deutsche Presse-Agentur"),
        ("REUTERS/Jo Doe", "Jo Doe", "Reuters"),
        ("Photo by Jo Doe via Getty Images", "Jo Doe", "Getty Images"),
        ("AP Photo/Jo Doe", "Jo Doe", "Associated Press"),
        ("Wikimedia Commons", None, "Wikimedia Commons"),
        ("Saltmere Museum", None, None),
        ("Courtesy of Rosewell School", None, None),
    ],
)
def test_image_credit(raw: str, photographer: str | None, agency: str | None) -> None:
    credit = split_image_credit(raw)

    assert (credit.photographer, credit.agency, credit.raw) == (photographer, agency, raw)


def attributed(*candidates: Candidate) -> Draft:
    """Attribute a draft with these author candidates."""
    blocks = (Block(kind="paragraph", text="One sentence."), Block(kind="paragraph", text="Two."))
    page = Page(body="", url="https://www.courier.example/x")
    publisher = Publisher(name="Courier", domain="www.courier.example")
    return normalise_attribution(
        Draft(page=page, blocks=blocks, candidates=candidates, publisher=publisher)
    )


def test_a_byline_with_people_beats_an_earlier_one_with_the_publisher() -> None:
    draft = attributed(
        Candidate(field="author", raw="Courier", method="jsonld.author", kind="Organization"),
        Candidate(field="author", raw="By Jane Doe, dpa", method="class.byline"),
    )

    assert [(author.name, author.kind) for author in draft.authors] == [
        ("Jane Doe", "person"),
        ("dpa", "agency"),
    ]
    assert [agency.id for agency in draft.agencies] == ["dpa"]


def test_a_desk_typed_as_a_person_is_a_desk() -> None:
    draft = attributed(
        Candidate(field="author", raw="Courier Desk", method="jsonld.author", kind="Person")
    )

    assert [(author.name, author.kind) for author in draft.authors] == [("Courier Desk", "desk")]
    assert draft.desk == ("Courier Desk",)


def test_the_raw_byline_and_what_lost_are_kept() -> None:
    draft = attributed(
        Candidate(field="author", raw="Jane Doe", method="jsonld.author"),
        Candidate(field="author", raw="BY JANE DOE", method="class.byline"),
    )

    assert draft.byline_raw == "Jane Doe"
    assert [c.method for c in draft.provenance[0].alternatives] == ["class.byline"]


@pytest.mark.parametrize(
    ("text", "names", "agencies"),
    [
        ("Fox News' Jo Doe and Al Roe contributed to this report.", ("Jo Doe", "Al Roe"), []),
        ("Associated Press Writer Jo Doe contributed to this report.", ("Jo Doe",), ["ap"]),
        ("Jo Doe in Lyon, France, and Al Roe in Oslo contributed.", ("Jo Doe", "Al Roe"), []),
        ("Jo Doe contributed reporting from Hong Kong.", ("Jo Doe",), []),
        ("Additional reporting by Jo Doe; Editing by Al Roe", ("Jo Doe",), []),
        ("Reporting by Ed Poe, additional reporting by Jo Doe, writing by Al Roe", ("Jo Doe",), []),
        ("Reporting by Ed Poe; Editing by Al Roe", (), []),
    ],
)
def test_contributors_are_named(text: str, names: tuple[str, ...], agencies: list[str]) -> None:
    tail = read_tail(text)

    assert tail is not None
    assert (tail.contributors, [a.id for a in tail.agencies]) == (names, agencies)


@pytest.mark.parametrize(
    "text",
    [
        "The storm contributed to the delay, the harbour master said on Monday.",
        "Three mills contributed. Nobody else did.",
        "Jo Doe contributed a barrel of tar.",
    ],
)
def test_who_contributed_to_other_things_is_left_in_the_text(text: str) -> None:
    assert read_tail(text) is None


def test_editors_are_named_in_french() -> None:
    tail = read_tail("Rédigé par Jo Doe, édité par Al Roe")

    assert tail is not None
    assert tail.editors == ("Al Roe",)


def test_a_dateline_may_have_a_year_or_end_in_a_full_stop() -> None:
    dated = read_dateline("RAJSHAHI, Dec 20, 2025 (BSS) - Gardens help.", "BD")
    stopped = read_dateline("Wiesbaden (KNA/iz). Der Rat tagte.", "DE")

    assert dated is not None
    assert (dated[0].place, dated[0].date, dated[0].agency) == ("RAJSHAHI", "Dec 20, 2025", "bss")
    assert stopped is not None
    assert (stopped[0].place, stopped[0].agency, stopped[1]) == (
        "Wiesbaden",
        "kna",
        "Der Rat tagte.",
    )


def test_who_took_the_picture_did_not_write_the_text() -> None:
    html = page(
        '<figure><img src="/a.jpg"><figcaption>The landing <span class="author">Al Roe/Reuters</span></figcaption></figure>'
        '<p class="byline">Foto: PAP</p><p class="byline">By Jo Doe</p>' + paragraphs()
    )
    article = clean(Page(body=html, url="https://courier.example/news/ferry"))

    assert isinstance(article, Article)
    assert [a.name for a in article.authors] == ["Jo Doe"]
    assert article.agencies == ()


def test_an_agency_may_be_stationed_somewhere() -> None:
    assert [n.kind for n in read_byline("Associated Press in Valencia")] == ["agency"]


def test_a_line_of_sources_in_front_of_the_text() -> None:
    draft = Draft(
        page=Page(body=""),
        blocks=tuple(
            Block(kind="paragraph", text=text)
            for text in (
                "22/11/2020 - 04:30 - Fonte: Agência Brasil - Foto: Jo Doe",
                "O porto fechou.",
            )
        ),
    )
    found = normalise_attribution(draft)

    assert [(agency.id, agency.where) for agency in found.agencies] == [("agbrasil", ("tail",))]
    assert [block.text for block in found.blocks] == ["O porto fechou."]


def test_a_note_behind_lines_that_are_dropped_is_read() -> None:
    lines = [Line(kind="paragraph", text="Read more stories", code=EditCode.READ_MORE)] * 5
    blocks = (
        Block(kind="paragraph", text="The port shut."), *lines,
        Line(kind="paragraph", text="Reporting by Jo Doe; Editing by Al Roe", code=EditCode.NOT_BODY),
        *lines,
    )  # fmt: skip
    found = normalise_attribution(Draft(page=Page(body=""), blocks=blocks))

    assert found.editors == ("Al Roe",)


def test_the_search_for_notes_ends() -> None:
    line = Line(kind="paragraph", text="Read more stories", code=EditCode.READ_MORE)
    note = Block(kind="paragraph", text="Reporting by Jo Doe; Editing by Al Roe")
    found = normalise_attribution(Draft(page=Page(body=""), blocks=(note, note, *[line] * 60)))

    assert found.editors == ()


def test_an_editor_in_the_byline_is_no_author() -> None:
    draft = attributed(
        Candidate(field="author", raw="By Jo Doe. Edited by Al Roe", method="class.byline")
    )

    assert [author.name for author in draft.authors] == ["Jo Doe"]
    assert draft.editors == ("Al Roe",)


@pytest.mark.parametrize("text", ["3", "—", "x", "3 May 2024"])
def test_what_is_no_name(text: str) -> None:
    assert classify(text) == "noise"


def test_where_only_an_editor_is_named_there_is_no_author() -> None:
    draft = attributed(Candidate(field="author", raw="Editor: Al Roe", method="class.apart"))

    assert (draft.authors, draft.editors) == ((), ("Al Roe",))


@pytest.mark.parametrize(
    "text",
    [
        "Edited by a team of scholars, the new dictionary runs to 900 pages.",
        "Written by Jo Doe, the film follows a young lawyer through the town.",
        "Reporting by the local paper had shown that the wall was weak.",
        "Redaktion: Wie haben Sie das gemacht?",
        "Redaktion: Vielen Dank für das Gespräch.",
        "Redaktion: Herr Doe, Glückwunsch!",
        "Written by Jo Doe and Al Roe, Cruel Harbour topped the charts.",
        "Heavy rains also contributed to the post-harvest losses.",
        "The state contributed to the coverage of 40,000 children.",
        "Climate change contributed to this report card of failing grades.",
        "Poor maintenance and human error contributed.",
        "Smith also contributed to the victory this season.",
        "Sources told Reuters that the deal was off.",
        "Sources from law enforcement agencies said so.",
        "Mit Reuters-Chefin Anna Doe sprach der Bote.",
    ],
)
def test_a_sentence_is_no_tail(text: str) -> None:
    assert read_tail(text) is None


@pytest.mark.parametrize(
    ("text", "editors"),
    [
        ("Redaktion: Jo Doe, Schlussredaktion: Al Roe", ("Jo Doe", "Al Roe")),
        ("(Reporting by Jo Doe and the newsroom in Lyon; Editing by Al Roe)", ("Al Roe",)),
        (
            "(Reporting by Nidal al-Doe in Cairo; Editing by Al Roe; jo@a.example; +91 80 6182 2663)",
            ("Al Roe",),
        ),
        ("Redaktion: kas/vyp", ("kas", "vyp")),
        ("Edited by: Al Roe", ("Al Roe",)),
        ("Compiled by staff from wire reports", ()),
        ("Jo Doe and the Associated Press contributed.", ()),
        ("AP writers across the region contributed to this report.", ()),
        ("Mit dpa", ()),
        ("Quellen: dpa/AFP", ()),
    ],
)
def test_a_credit_is_a_tail(text: str, editors: tuple[str, ...]) -> None:
    tail = read_tail(text)

    assert tail is not None
    assert (tail.kept, tail.editors) == ("", editors)


def signed_at_the_end(*found: Candidate) -> Draft:
    """Attribute a text with a note of who reported it."""
    blocks = tuple(
        Block(kind="paragraph", text=text)
        for text in (
            "The port shut.",
            "It is shut.",
            "(Reporting by Jo Doe in Lyon and Al Roe; Editing by Ed Poe)",
        )
    )
    return normalise_attribution(Draft(page=Page(body=""), blocks=blocks, candidates=found))


def test_who_reported_it_is_the_author_where_no_byline_names_people() -> None:
    desk = Candidate(field="author", raw="Courier Desk", method="jsonld.author")
    draft = signed_at_the_end(desk)

    assert [a.name for a in draft.authors] == ["Jo Doe", "Al Roe"]
    assert (draft.desk, draft.editors) == (("Courier Desk",), ("Ed Poe",))
    by = Candidate(field="author", raw="Jane Doe", method="jsonld.author")
    assert [a.name for a in signed_at_the_end(by).authors] == ["Jane Doe"]


def test_sources_in_front_of_the_text() -> None:
    assert read_head("22/11/2020 - Fonte: Agência Brasil") is not None
    assert read_head("Fonte: ANSA") is not None
    assert read_head("Die Mühle hat eine Quelle: Reuters") is None
    assert read_head("Fonte: Jo Doe") is None
