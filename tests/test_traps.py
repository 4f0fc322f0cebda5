"""The traps of real pages that tools fall into, each on a page of our own."""

import pytest

from newscrawl import Article, Page, clean
from tests.pages_of import PROSE, page, paragraphs

URL = "https://courier.example/news/ferry"
META = '<meta property="article:published_time" content="2024-05-03T08:00:00+01:00">'


def article_of(html: str, url: str = URL) -> Article:
    """Clean a page that is an article."""
    found = clean(Page(body=html, url=url))
    assert isinstance(found, Article), found
    return found


def undated(inside: str, head: str = "") -> str:
    """Mark up a page whose only dates are those handed in."""
    return page(inside + paragraphs(), head=head).replace(META, "")


def ld(published: str, modified: str = "") -> str:
    """Mark up JSON-LD with dates."""
    changed = f', "dateModified": "{modified}"' if modified else ""
    return (
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Ferry landing to reopen",'
        f' "datePublished": "{published}"{changed}}}</script>'
    )


DATES = [
    ("ist", ld("04:25:06 PM IST Apr 08, 2020"), "", "https://a.example.in/x", "2020-04-08T16:25:00+05:30"),
    ("et in july", "", '<p class="date">July 4, 2024 5:00 a.m. ET</p>', URL, "2024-07-04T05:00:00-04:00"),
    (
        "same wall clock, two zones",
        ld("2025-06-05T14:46:12Z") + '<meta property="article:published_time" content="2025-06-05T14:46:12+02:00">',
        "", URL, "2025-06-05T14:46:12+02:00",
    ),
    ("year one", ld("0001-01-01T00:00:00Z"), '<p class="date">3 May 2024</p>', URL, "2024-05-03"),
    ("jalali", '<meta property="article:published_time" content="۱۳۹۹/۰۲/۲۱ - ۱۸:۵۹">', "", URL, None),
    ("hijri beside gregorian", "", '<p class="date">11 شوال 1441هـ - 03 يونيو 2020م</p>', URL, "2020-06-03"),
    (
        "naive meta is local", ld("2023-11-08T23:16:45Z") + '<meta name="sailthru.date" content="2023-11-08 15:16:45">',
        "", URL, "2023-11-08T15:16:45-08:00",
    ),
    (
        "printed local time", ld("2020-02-25T02:25:54Z"), '<p class="date">February 24, 2020 | 9:25pm</p>', URL,
        "2020-02-24T21:25:54-05:00",
    ),
    ("utc on a site of one zone", ld("2023-11-01T23:01:00Z"), "", "https://a.example.it/x", "2023-11-02T00:01:00+01:00"),
    (
        "published meta is the modified time",
        '<meta property="article:published_time" content="2024-08-05T19:49:50Z"><meta property="article:modified_time"'
        ' content="2024-08-05T19:49:50Z"><meta itemprop="datePublished" content="2024-08-04T13:23:00Z">',
        "", URL, "2024-08-04T13:23:00+00:00",
    ),
    (
        "the zone in a time element", "", '<time datetime="2024-03-01T11:00:29Z">March 1, 2024 3 AM PT</time>', URL,
        "2024-03-01T03:00:29-08:00",
    ),
    (
        "its wrapper has the label", "", '<div class="date">Published: <time datetime="2024-05-03T22:30:00Z">4 May 2024</time></div>',
        URL, "2024-05-03T22:30:00+00:00",
    ),
    ("clock of the page", "", '<p class="date">Aktuelles Datum: 9. Mai 2024, 10:00</p>', URL, None),
    ("logo", "", '<img src="/wp-content/uploads/2019/03/04/logo.png">', URL, None),
    ("copyright year", "", "", URL, None),
    (
        "evening before the paper's day", ld("2024-04-26T19:30:00+02:00"), "", "https://courier.example/2024/04/27/ferry",
        "2024-04-26T19:30:00+02:00",
    ),
    (
        "other articles first", "", '<p>Lead.</p></article></main><ul class="teasers"><li><a href="/o">Other <time'
        ' datetime="2018-03-12">12 March</time></a></li></ul><main><article><p class="date">3 May 2024</p>',
        URL, "2024-05-03",
    ),
    ("order of the day", '<meta name="date" content="11/01/2023 12:43">', '<p class="x">Erstellt am: 01.11.2023</p>',
     URL, "2023-11-01T12:43:00"),
    ("saved later", '<meta name="date" content="2022-02-12">', '<p class="x1">05.02.2022</p>', URL, "2022-02-05"),
    ("day first in the address", "", "", "https://courier.example/news/29-10-2021", "2021-10-29"),
    ("month's name in the address", "", "", "https://courier.example/news/2024/feb/24/ferry", "2024-02-24"),
    ("no month of that name", "", "", "https://courier.example/news/2024/ferry/24/x", None),
    ("relative", "", '<p class="date">4 hours ago</p>', URL, None),
    ("comments", "", f'{paragraphs(*PROSE * 2)}<div class="comments"><time datetime="2024-05-09">9 May</time></div>', URL, None),
    ("expiry", '<meta name="article:expiration_time" content="2031-01-01">', "", URL, None),
    ("render time", '<meta name="render_timestamp" content="2024-05-09T10:00:00Z">', "", URL, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "inside", "url", "value"), [d[1:] for d in DATES], ids=[d[0] for d in DATES]
)
def test_dates(head: str, inside: str, url: str, value: str | None) -> None:
    assert article_of(undated(inside, head), url).date_published == value


def test_no_date_has_a_reason() -> None:
    found = article_of(undated('<p class="date">4 hours ago</p>'))

    assert found.dates.published is not None
    assert (found.dates.published.raw, found.dates.published.flags) == (
        "4 hours ago",
        ("unreadable",),
    )


@pytest.mark.parametrize(
    ("tail", "agencies"),
    [
        ("(vyp/kna)", []),
        ("(CDU)", []),
        ("(LMU)", []),
        ("(END)", []),
        ("(KB/IANS)", ["ians"]),
        ("(dpa)", ["dpa"]),
    ],
)
def test_brackets_behind_the_text(tail: str, agencies: list[str]) -> None:
    found = article_of(page(paragraphs(*PROSE[:-1], f"{PROSE[-1]} {tail}")))

    assert [agency.id for agency in found.agencies] == agencies


@pytest.mark.parametrize(
    "line",
    ["GET THE FOX NEWS APP", "Get author RSS feed", "A party named PTI won the seat in the north.",
     "The Democratic Labour Party (DLP) has won the seat."],
)  # fmt: skip
def test_words_of_prose_are_no_agencies(line: str) -> None:
    assert article_of(page(paragraphs(*PROSE, line))).agencies == ()


def test_a_standfirst_that_is_a_paragraph_stands_once() -> None:
    lead = PROSE[3]
    found = article_of(page(f'<p class="standfirst">{lead}</p>' + paragraphs()))

    assert found.text.count(lead) == 1


@pytest.mark.parametrize(
    ("caption", "credit", "alt"),
    [
        ("The landing in May", "Wikimedia Commons", "The landing in May"),
        ("Stimmen werden gezählt", "Bild: Jo Doe/REUTERS", ""),
        ("El ferry llega al puerto.", "AFP", ""),
        ("Prāmis ostā janvāris", "Foto: REUTERS", ""),
    ],
)
def test_a_credit_glued_to_its_caption_is_parted(caption: str, credit: str, alt: str) -> None:
    figure = f'<figure><img src="/a.jpg" alt="{alt}"><figcaption>{caption}<span>{credit}</span></figcaption></figure>'
    found = article_of(page(figure + paragraphs())).images[0]

    assert found.caption == caption
    assert found.credit is not None
    assert found.credit.raw == credit.rsplit(": ", maxsplit=1)[-1]


def test_lines_that_lead_to_other_stories_twice_go_twice() -> None:
    more = '<p>Read more: <a href="/o">Bridge to close for repairs</a></p>'
    found = article_of(page(paragraphs(*PROSE[:3]) + more + more + paragraphs(*PROSE[3:])))

    assert "Bridge to close" not in found.text


def test_an_empty_aside_takes_nothing_away() -> None:
    plain, with_aside = (
        article_of(page(paragraphs(*PROSE[:3]) + insert + paragraphs(*PROSE[3:])))
        for insert in ("", "<aside></aside>")
    )

    assert plain.text == with_aside.text


def test_a_lazy_image_has_its_real_address() -> None:
    figure = (
        '<figure><img src="data:image/gif;base64,AAAA" data-src="/real.jpg"><figcaption>The landing'
        " in May</figcaption></figure>"
    )

    assert (
        article_of(page(figure + paragraphs())).images[0].url == "https://courier.example/real.jpg"
    )


def test_a_shell_gives_the_text_of_its_data() -> None:
    body = "\\n".join(PROSE).replace('"', '\\"')
    script = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Ferry landing to reopen",'
        f' "datePublished": "2024-05-03", "articleBody": "{body}"}}</script>'
    )
    found = article_of(page('<div id="app"></div>', head=script))

    assert PROSE[0] in found.text
