"""Pages that mark no date: what stands near the headline counts, what belongs to others does not."""

import pytest

from newscrawl import Article, Page, clean
from tests.pages_of import PROSE, paragraphs

TITLE = "Ferry landing to reopen"
FILLER = f"<div>{paragraphs(*PROSE)}</div>"


def article_of(inside: str, *, title: str = TITLE, head: str = "", before: str = "") -> Article:
    """Clean a page with a headline and no date but those handed in."""
    html = (
        f'<html lang="en"><head><title>{title}</title>{head}</head><body>{before}<main><h1>{TITLE}</h1>'
        f"{inside}</main></body></html>"
    )
    found = clean(Page(body=html, url="https://courier.example/news/ferry-landing-to-reopen"))
    assert isinstance(found, Article)
    return found


@pytest.mark.parametrize(
    ("markup", "value"),
    [
        ('<div class="x1">3 May 2024</div>', "2024-05-03"),
        ('<div class="x1">Harbour, 3 May 2024 | Town</div>', "2024-05-03"),
        ('<h5 class="x1">03.05.2024 10:16 - Town</h5>', "2024-05-03T10:16:00"),
        ('<div class="teaser"><p>3 May 2024</p></div>', "2024-05-03"),
        (
            "<p>3 May 2024 – The council voted to reopen the old ferry landing, nine years late.</p>",
            "2024-05-03",
        ),
        (
            '<span property="dc:date dc:created" content="2024-05-03T10:16:00+02:00">May</span>',
            "2024-05-03T10:16:00+02:00",
        ),
        (
            '<abbr class="published" title="2024-05-03T10:16:00-05:00">Friday</abbr>',
            "2024-05-03T10:16:00-05:00",
        ),
    ],
)
def test_a_date_near_the_headline_is_found(markup: str, value: str) -> None:
    assert article_of(markup + FILLER).date_published == value


def test_what_a_sentence_calls_its_date_is_found_far_away() -> None:
    found = article_of(
        FILLER + FILLER + "<small>This entry was posted on 3 May 2024 by the harbour desk</small>"
    )

    assert found.date_published == "2024-05-03"
    assert found.dates.published is not None
    assert found.dates.published.method == "text.said"


def test_the_title_may_end_in_the_date() -> None:
    assert article_of(FILLER, title=f"{TITLE} | News | 03.05.2024").date_published == "2024-05-03"


def test_a_recipe_or_plain_page_states_its_date_in_its_own_node() -> None:
    head = '<script type="application/ld+json">{"@type": "WebPage", "datePublished": "2024-05-03T10:00:00Z"}</script>'
    other = head.replace("WebPage", "VideoObject")

    assert article_of(FILLER, head=head).date_published == "2024-05-03T10:00:00+00:00"
    assert article_of(FILLER, head=other).date_published is None


@pytest.mark.parametrize(
    "markup",
    [
        FILLER + '<div class="related"><h4>Old bridge to close</h4><span>3 May 2024</span></div>',
        FILLER + '<div class="comments"><h6>Jo, posted 3 May 2024</h6></div>',
        FILLER + "<footer><p>Published by the Courier since 3 May 1999</p></footer>",
        FILLER + "<p>It was on 3 May 2024, late in the evening, that the old landing closed for good.</p>",
        "<aside>3 May 2024: harbour concert</aside>" + FILLER,
        '<p>Nobody who was there will forget how the last boat left it on 3 May 2024.</p>' + FILLER,
        '<abbr class="unit" title="2024-05-03">d</abbr><span property="og:x" content="2024-05-03">x</span>' + FILLER,
        '<span property="schema:dateModified" content="2024-05-03">x</span>' + FILLER,
    ],
)  # fmt: skip
def test_dates_of_other_things_are_left_alone(markup: str) -> None:
    assert article_of(markup).date_published is None


def test_a_label_for_the_last_change_is_heeded() -> None:
    found = article_of(
        "<div>Last updated on 3 May 2024 by the harbour desk of the town</div>" + FILLER
    )

    assert found.date_modified == "2024-05-03"
    assert found.dates.published is not None
    assert found.dates.published.flags == ("modified_only",)


def test_a_page_without_a_headline_has_no_place_near_it() -> None:
    html = f"<html><body><div>Harbour, 3 May 2024 | Town</div>{FILLER}</body></html>"
    found = clean(Page(body=html, url="https://courier.example/news/ferry"))

    assert isinstance(found, Article)
    assert found.date_published is None
