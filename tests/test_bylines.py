"""Bylines as templates and people write them come out as names, each with what stands beside it."""

from typing import Any

import pytest

from newscrawl import Article, Page, clean
from newscrawl.attribution import normalise_attribution
from newscrawl.attribution.bylines import read_byline
from newscrawl.items import Block, Candidate, Draft, Publisher
from tests.pages_of import PROSE, page, paragraphs

NAMES = [
    # lines are the elements of a template
    ("By\nJo Doe\nSenior Reporter\nLille", [("Jo Doe", "person")]),
    ("Written by\nJo Doe\n,\nAl Roe\n, and\nEd Poe", [("Jo Doe", "person"), ("Al Roe", "person"), ("Ed Poe", "person")]),
    ("Jo\nDoe", [("Jo Doe", "person")]),
    ("Town\nvon\nJo Doe\n3 Min", [("Jo Doe", "person")]),
    ("Jo Doe\n3 May 2024\n0\nShares\nfacebook", [("Jo Doe", "person")]),
    ("May 28\nWritten By\nJo Doe", [("Jo Doe", "person")]),
    ("by\nLD", [("LD", "person")]),
    ("Jo Doe\nUpdated: 3 May 2024, 21:47 IST\nShare\nAA", [("Jo Doe", "person")]),
    ("Author:\nJo Doe\nSource:\nHarbour Wire", [("Jo Doe", "person")]),
    ("&\nJo Doe", [("Jo Doe", "person")]),
    ("Jo Doe\n&\nAl Roe", [("Jo Doe", "person"), ("Al Roe", "person")]),
    ("Jo Doe and\nAl Roe", [("Jo Doe", "person"), ("Al Roe", "person")]),
    ("Jo Doe\nJo writes about ferries and the people on them for us.", [("Jo Doe", "person")]),
    # one line
    ("Written by", []),
    ("By: By Jo Doe", [("Jo Doe", "person")]),
    ("Jo Doe am 26/10/13, 03:48 pm", [("Jo Doe", "person")]),
    ("Donnerstag, 4. November 2021 von Jo Doe", [("Jo Doe", "person")]),
    ("Erhverv - 02. januar 2020 kl. 10:21 Af Ritzau Kontakt redaktionen", [("Ritzau", "agency")]),
    ("Harbour Ministry of Ferries and Piers", [("Harbour Ministry of Ferries", "desk"), ("Piers", "person")]),
    ("Deutsche Welle (www.dw.example)", [("Deutsche Welle", "publisher")]),
    ("Jo Doe, MD", [("Jo Doe", "person")]),
    ("srf/hosb", [("srf/hosb", "person")]),
    ("Jo Doe/dpa", [("Jo Doe", "person"), ("dpa", "agency")]),
    ("新間 記者", [("新間", "person")]),
    ("Bà Lê Phương", [("Bà Lê Phương", "person")]),
    ("Doe Jr.", [("Doe Jr.", "person")]),
    ("can be reached through the newsroom", []),
    # surnames that begin as weekdays do
    ("By Rosa Diaz, 3 May 2024", [("Rosa Diaz", "person")]),
    ("Jo Friedman 3. Mai 2024", [("Jo Friedman", "person")]),
    ("By Jane Sun, 3 May 2024", [("Jane Sun", "person")]),
    ("Jane Doe, Sun 3 May 2024", [("Jane Doe", "person")]),
    ("Jo Doe | Mo., 3. Mai 2024", [("Jo Doe", "person")]),
    ("Jo Sommer am Montag, 3. Mai 2024", [("Jo Sommer", "person")]),
    # long names, names in small letters, names with a lead-in's word in them
    ("José Ortega y Gasset", [("José Ortega y Gasset", "person")]),
    ("Juan Doe y Redacción", [("Juan Doe", "person"), ("Redacción", "desk")]),
    ("Ana María de los Santos Pérez García", [("Ana María de los Santos Pérez García", "person")]),
    ("e. e. doe", [("e. e. doe", "person")]),
    ("By Di Stefano", [("Di Stefano", "person")]),
    ("By da Silva", [("da Silva", "person")]),
    ("Autor: Von Anna Muster", [("Anna Muster", "person")]),
    ("Interview von Anna Muster", [("Anna Muster", "person")]),
    ("Jo Doe in Politics", [("Jo Doe in Politics", "person")]),
    ("Jo Doe in Ho Chi Minh City", [("Jo Doe", "person")]),
    ("Jo Doe and Staff Reporter", [("Jo Doe", "person"), ("Staff Reporter", "desk")]),
    ("Jo Doe und Eva Redakteur", [("Jo Doe", "person"), ("Eva Redakteur", "person")]),
    ("The Courier Post https://courier.example", [("The Courier Post", "desk")]),
    ("ライトハウス事務所 ／ 2016.12.01", [("ライトハウス事務所", "person")]),
    ("정덕현 칼럼니스트 jo@a.example", [("정덕현", "person")]),
    ("編集委員 中沢克二", [("中沢克二", "person")]),
    # who wrote it took the pictures too
    ("Text und Fotos: Anna Muster", [("Anna Muster", "person")]),
    ("Texte et photos: Anne Doe", [("Anne Doe", "person")]),
    ("Story and photos by Jo Doe", [("Jo Doe", "person")]),
    ("Jo Doe Mon, May 6, 2024", [("Jo Doe", "person")]),
    ("Jo Doe · Sat 4 May 2024", [("Jo Doe", "person")]),
    ("Von Ruth Sonntag, 5.5.2024", [("Ruth Sonntag", "person")]),
    ("Jo Doe (she/her)", [("Jo Doe", "person")]),
]  # fmt: skip
BESIDE = [
    ("Jo Doe, Home and Digital Security Expert", {"role": "Home and Digital Security Expert"}),
    ("Jo Doe (Content Manager)", {"role": "Content Manager"}),
    ("Jo Doe, Lille", {"place": "Lille"}),
    ("Jo Doe in New Delhi", {"text": "Jo Doe", "place": "New Delhi"}),
    ("Jo Doe, in Kyiv", {"text": "Jo Doe", "place": "Kyiv"}),
    ("Anne Doe, envoyée spéciale à Kyiv", {"role": "envoyée spéciale", "place": "Kyiv"}),
    ("Jo Doe, New York", {"text": "Jo Doe", "place": "New York"}),
    ("Jo Doe - Senior Reporter", {"text": "Jo Doe", "role": "Senior Reporter"}),
    ("Jo Doe For The Mail On Sunday", {"affiliation": "The Mail On Sunday"}),
    ("Jo Doe, COURIER NORTH", {"affiliation": "COURIER NORTH"}),
    ("Jo Doe, Associated Press", {"affiliation": "Associated Press"}),
    ("MORITZ DOE", {"text": "MORITZ DOE"}),
]


def test_a_signature_below_the_text_is_a_byline() -> None:
    blocks = tuple(
        Block(kind="paragraph", text=text)
        for text in ("항구가 닫혔다.", "그는 말했다.", "김철수 기자 kim@a.example", "저작권자")
    )
    draft = normalise_attribution(Draft(page=Page(body=""), blocks=blocks))

    assert [(a.name, a.kind) for a in draft.authors] == [("김철수", "person")]
    assert [b.text for b in draft.blocks] == ["항구가 닫혔다.", "그는 말했다.", "저작권자"]
    assert draft.edits[0].code.value == "byline.line"


@pytest.mark.parametrize(("raw", "names"), NAMES)
def test_names(raw: str, names: list[tuple[str, str]]) -> None:
    found = read_byline(raw, "Deutsche Welle", "www.dw.example")

    assert [(n.text, n.kind) for n in found] == names


@pytest.mark.parametrize(("raw", "beside"), BESIDE)
def test_what_stands_beside_a_name_is_kept(raw: str, beside: dict[str, str]) -> None:
    name = read_byline(raw, "The Courier", "www.courier.example")[0]

    assert {key: getattr(name, key) for key in beside} == beside
    assert name.raw.replace(" ,", ",").startswith(name.text)


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        ("By Jo Doe. Reviewed by Al Roe", "contributor"),
        ("Written by\nJo Doe\nReviewed by\nAl Roe", "contributor"),
        ("Jo Doe\nEdited by\nAl Roe", "editor"),
        ("Editor :\nAl Roe", "editor"),
        ("Reporting by Jo Doe; Editing by Al Roe", "editor"),
        ("Von Jo Doe, Fotos: Al Roe", "contributor"),
        ("Fotos: Al Roe, Text: Jo Doe", "contributor"),
        ("By Jo Doe; Photo Editor: Al Roe", "editor"),
        ("Von Jo Doe (Text) und Al Roe (Fotos)", "contributor"),
    ],
)
def test_who_edited_or_checked_a_text_is_no_author(raw: str, part: str) -> None:
    found = {name.text: name.part for name in read_byline(raw)}

    assert found["Al Roe"] == part
    assert found.get("Jo Doe", "author") == "author"


def attributed(*sources: tuple[str, str], **fields: Any) -> Draft:
    """Attribute a draft with author candidates of (method, raw)."""
    candidates = tuple(Candidate(field="author", raw=raw, method=method) for method, raw in sources)
    draft = Draft(
        page=Page(body="", url="https://www.courier.example/x"), blocks=(), candidates=candidates,
        publisher=Publisher(name="The Courier", domain="www.courier.example"), **fields,
    )  # fmt: skip
    return normalise_attribution(draft)


@pytest.mark.parametrize(
    ("sources", "people"),
    [
        # the account that uploaded it, and the byline
        ((("jsonld.author", "Max Account"), ("class.byline", "By\nJo Doe")), ["Jo Doe"]),
        ((("meta.author", "jdoe"), ("class.byline", "Jo Doe")), ["Jo Doe"]),
        ((("meta.author", "jdoe"),), ["jdoe"]),
        # JSON-LD names the first of two; another source confirms the second
        (
            (("jsonld.author", "Jo Doe"), ("meta.author", "Jo Doe, Al Roe"), ("class.byline", "Jo Doe\nAl Roe")),
            ["Jo Doe", "Al Roe"],
        ),
        ((("jsonld.author", "Jo Doe"), ("class.byline", "Jo Doe\nMore stories today")), ["Jo Doe"]),
        # who is labelled as editor did not write it
        ((("jsonld.author", "Al Roe"), ("class.byline", "Jo Doe"), ("class.apart", "Editor :\nAl Roe")), ["Jo Doe"]),
        ((("jsonld.author", "Al Roe"), ("class.apart", "Editor :\nAl Roe")), ["Al Roe"]),
        # far from the headline only where nothing is near
        ((("class.byline", "ibby"), ("class.apart", "Jo Doe")), ["ibby"]),
        ((("jsonld.author", "The Courier"), ("class.apart", "Jo Doe")), ["Jo Doe"]),
    ],
)  # fmt: skip
def test_the_byline_that_a_reader_sees(
    sources: tuple[tuple[str, str], ...], people: list[str]
) -> None:
    draft = attributed(*sources)

    assert [a.name for a in draft.authors if a.kind == "person"] == people


def test_nothing_of_a_byline_is_dropped() -> None:
    draft = attributed(("jsonld.author", "Jo Doe, dpa"), ("jsonld.author", "Courier Desk"))

    assert [(a.name, a.kind) for a in draft.authors] == [
        ("Jo Doe", "person"),
        ("dpa", "agency"),
        ("Courier Desk", "desk"),
    ]
    assert [(a.id, a.where) for a in draft.agencies] == [("dpa", ("byline",))]


def test_an_agency_with_a_lead_in_beats_the_publisher_of_the_data() -> None:
    draft = attributed(("jsonld.author", "The Courier"), ("text.byline", "Por Agencia EFE"))

    assert [(a.name, a.kind) for a in draft.authors] == [("Agencia EFE", "agency")]


def test_what_lost_says_why() -> None:
    draft = attributed(
        ("jsonld.author", "Jo Doe"), ("meta.author", "www.courier.example/x"), ("meta.byl", "Courier Desk"),
        ("class.byline", "JO DOE"), ("link.author", "Al Roe"), ("class.apart", "Ed Poe"),
    )  # fmt: skip
    source = next(p for p in draft.provenance if p.field == "authors")

    assert [c.why for c in source.alternatives] == [
        "names nobody", "names no person", "the same people", "less trusted", "far from the headline",
    ]  # fmt: skip


def test_json_ld_that_types_a_desk_as_organisation_is_believed() -> None:
    draft = normalise_attribution(
        Draft(page=Page(body=""), blocks=(), candidates=(
            Candidate(field="author", raw="Harbour Watch", method="jsonld.author", kind="Organization"),
        ))
    )  # fmt: skip

    assert [(a.name, a.kind) for a in draft.authors] == [("Harbour Watch", "desk")]


def authors_of(inside: str, head: str = "") -> list[str]:
    """Give the authors of an article page with some markup under its headline."""
    found = clean(Page(body=page(inside, head=head), url="https://courier.example/news/ferry"))
    assert isinstance(found, Article)
    return [author.name for author in found.authors]


@pytest.mark.parametrize(
    "markup",
    [
        '<div class="ArticleHead_authorName__x1">Jo Doe</div>',
        '<p>by <a href="/u/1">Jo Doe</a></p>',
        '<div class="x1"><a href="/author/jo-doe">Jo Doe</a> · 4 min</div>',
        '<span class="x1">Von <b>Jo Doe</b></span>',
        '<aside class="post-author">Jo Doe</aside>',
        '<story-byline id="authors"><i>Jo Doe</i></story-byline>',
        '<div class="elementor-widget-container"><h4 class="author-box__name">Jo Doe</h4></div>',
        '<div itemprop="author" itemscope><meta itemprop="url" content="/x"><span itemprop="name">Jo Doe</span></div>',
        '<a rel="author" href="/jo">Jo Doe</a>',
    ],
)
def test_a_byline_is_found_near_the_headline(markup: str) -> None:
    assert authors_of(markup + paragraphs()) == ["Jo Doe"]


@pytest.mark.parametrize(
    "markup",
    [
        '<ul class="author-bio"><li>Jo Doe</li></ul>',
        '<div class="comments"><span class="author">Jo Doe</span></div>',
        '<nav><a href="/author/jo-doe">Jo Doe</a></nav>',
        '<a href="/profile/login">Sign in</a>',
        "<p>By the river stood a house that nobody had lived in for some forty years or more.</p>",
    ],
)
def test_names_of_others_near_the_headline_are_left_alone(markup: str) -> None:
    assert authors_of(markup + paragraphs()) == []


def test_below_the_text_the_first_byline_counts_and_a_label_helps() -> None:
    far = paragraphs(*PROSE * 3)

    assert authors_of(f"{far}<p>Autorin: <b>Jo Doe</b></p>") == ["Jo Doe"]
    assert authors_of(f"{far}<ul><li><strong>Autorin/Autor</strong>\nJo Doe</li></ul>") == [
        "Jo Doe"
    ]
    assert authors_of(
        f'{far}<div class="author">Jo Doe</div><section><div class="author">Al Roe</div></section>'
    ) == ["Jo Doe"]


def test_a_page_without_a_headline_has_its_byline_anywhere() -> None:
    html = f"<html><body><div><p class=byline>By Jo Doe</p>{paragraphs()}</div></body></html>"
    found = clean(Page(body=html, url="https://courier.example/news/ferry"))

    assert isinstance(found, Article)
    assert [author.name for author in found.authors] == ["Jo Doe"]
