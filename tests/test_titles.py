"""The headline is what a reader sees, unless that is the site's name."""

import pytest

from newscrawl import Article, Page, clean
from tests.pages_of import paragraphs

SEEN = "Old ferry landing will open again in June"


def title_of(h1: str, declared: str) -> str | None:
    """Clean a page with a visible headline and a declared one."""
    html = (
        f'<html lang="en"><head><title>{declared}</title><meta property="og:title" content="{declared}"></head>'
        f"<body><main><h1>{h1}</h1>{paragraphs()}</main></body></html>"
    )
    found = clean(Page(body=html, url="https://courier.example/2024/05/03/ferry-landing"))
    assert isinstance(found, Article)
    return found.title


@pytest.mark.parametrize(
    ("h1", "declared", "wanted"),
    [
        (SEEN, SEEN, SEEN),
        (SEEN, "Ferry Harbour Opening Times Tickets", SEEN),
        ("The Harbour Courier", SEEN, SEEN),
        ("<span>2024</span> Ferry times of the harbour", "Ferry times of the harbour", "2024 Ferry times of the harbour"),
        ("The ferry times of the harbour", "Ferry times of the harbour", "The ferry times of the harbour"),
        ("FERRY TIMES", "Times, ferry", "FERRY TIMES"),
        ("Courier.example", "Ferry tickets", "Ferry tickets"),
        ("Courier", "Courier", "Courier"),
        ("<span>Harbour</span><span>: Old landing to open</span>", "Harbour: Old landing to open",
         "Harbour: Old landing to open"),
        ("", SEEN, SEEN),
        (SEEN, "", SEEN),
    ],
)  # fmt: skip
def test_the_visible_headline_wins_if_it_is_one(h1: str, declared: str, wanted: str) -> None:
    assert title_of(h1, declared) == wanted


def test_an_h1_that_heads_another_part_gives_way_to_what_all_declarations_say() -> None:
    other = f"{SEEN}</h1><h1>Tickets, piers and opening hours of the harbour"

    assert title_of(other.replace(SEEN, "Tips from our harbour desk today"), SEEN) == SEEN
    assert title_of(other, "Ferry landing opens again") == SEEN


def test_date_and_byline_in_the_h1_are_cut() -> None:
    assert title_of(f"{SEEN} <i>Posted on 3 May 2024 by Jo</i>", SEEN) == SEEN
    assert title_of(f"{SEEN} and stay open all year", SEEN) == f"{SEEN} and stay open all year"


def test_the_name_of_the_site_is_cut_where_another_declaration_has_none() -> None:
    html = (
        f'<html lang="en"><head><meta property="og:title" content="{SEEN}"><script type="application/ld+json">'
        f'{{"@type": "NewsArticle", "headline": "{SEEN} - Courier"}}</script></head><body>{paragraphs()}</body></html>'
    )
    found = clean(Page(body=html, url="https://www.courier.example/2024/05/03/ferry-landing"))

    assert isinstance(found, Article)
    assert found.title == SEEN


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        (f"After the flood: {SEEN}", f"After the flood: {SEEN}"),
        (f"## Notes: {SEEN}", SEEN),
        (f"What the harbour office said today: {SEEN}", SEEN),
        (f"After the flood – {SEEN}", SEEN),
    ],
)
def test_a_kicker_above_the_h1_is_added_where_the_data_have_it(declared: str, wanted: str) -> None:
    html = (
        f'<html lang="en"><head><meta property="og:title" content="{declared}"><script type="application/ld+json">'
        f'{{"@type": "NewsArticle", "headline": "{declared}"}}</script></head><body><main><p>After the flood</p>'
        f"<h1>{SEEN}</h1>{paragraphs()}</main></body></html>"
    )
    found = clean(Page(body=html, url="https://courier.example/2024/05/03/ferry-landing"))

    assert isinstance(found, Article)
    assert found.title == wanted
