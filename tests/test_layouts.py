"""A layout corrects the general extractor; where it finds nothing, the general result stands and the miss is counted."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newscrawl import Article, Page, clean
from newscrawl.items import Rejected

URL = "https://www.courier.example/2026/05/03/mill"
PROSE = [
    "The old mill by the river reopened on Monday after nine years of repairs that cost the town twice what it had planned.",
    "Hundreds of people walked across the new bridge to see the wheel turn again, among them the last miller's daughter.",
    "“We had given up hope that anybody would ever bake with this flour again,” said Ada Brook, who keeps the bakery next door.",
    "The council says that the second floor, with the old looms, will follow next spring if the roof holds through the winter.",
]
TEASERS = [
    "A ferry that had been missing for two days was found on a sandbank near the lighthouse, its crew in good health on Friday.",
    "Fishermen in the bay say that they have never before seen so many herring gulls follow a single boat into the harbour.",
]
Write = Callable[[str], None]


def page(
    body: str, *, head: str = "", fetched_at: datetime | None = None, kind: str = "html"
) -> Article:
    html = f"<html lang=en><head><title>Mill reopens after nine years | Courier</title>{head}</head><body>{body}</body></html>"
    outcome = clean(
        Page(body=body if kind == "text" else html, url=URL, fetched_at=fetched_at, kind=kind)  # type: ignore[arg-type]
    )
    assert isinstance(outcome, Article), outcome
    return outcome


def paragraphs(texts: list[str], name: str = "") -> str:
    mark = f' class="{name}"' if name else ""
    return "".join(f"<p{mark}>{text}</p>" for text in texts)


STORY = f"<article><h1>Mill reopens after nine years</h1>{paragraphs(PROSE, 'x')}</article>"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the publisher file of the page's host."""

    def write(text: str) -> None:
        head = 'name = "The Courier"\ndomains = ["courier.example"]\n'
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        (folder / "courier.example.toml").write_text(head + text, "utf-8")
        monkeypatch.setenv("NEWSCRAWL_SOURCES", str(folder))

    return write


def texts(article: Article) -> list[str]:
    return [block.text for block in article.body]


def test_two_lines_give_name_and_id_and_change_nothing_else(write: Write) -> None:
    before = page(STORY)
    write("")

    after = page(STORY)

    assert after.text == before.text == "\n\n".join(PROSE)
    assert after.publisher.name == "The Courier"
    assert after.extracted_with.publisher_layout == "courier.example"
    assert after.extracted_with.layout_missed is None


@pytest.mark.parametrize("selector", ["p.x", "//p[@class='x']", "article"])
def test_body_is_what_the_selector_finds_and_nothing_else(write: Write, selector: str) -> None:
    more = f"<section><h2>Elsewhere</h2>{paragraphs(TEASERS)}</section>"
    write(f'[[layouts]]\nbody = "{selector}"\nstrip = "h1"')

    article = page(STORY + more)

    assert texts(article) == PROSE


def test_what_the_layout_leaves_out_is_recorded_with_its_code(write: Write) -> None:
    body = STORY.replace("</article>", paragraphs(TEASERS, "y") + "</article>")
    assert TEASERS[0] in page(body).text
    write('[[layouts]]\nbody = "p.x"')

    article = page(body)

    assert texts(article) == PROSE
    removed = {edit.text: edit for edit in article.removed}
    assert {removed[text].code for text in TEASERS} == {"layout.line"}
    assert removed[TEASERS[0]].detail == "the layout courier.example has the text elsewhere"


def test_strip_and_keep_are_the_last_word(write: Write) -> None:
    short = "<p class=z>By then it was dark.</p>"
    body = STORY.replace("</article>", f"{paragraphs(TEASERS, 'y')}</article>{short}")
    write('[[layouts]]\nstrip = "p.y"\nkeep = ["p.z", "//p[@class=\'none\']"]')

    article = page(body)

    assert texts(article) == [*PROSE, "By then it was dark."]
    assert article.removed[-1].detail == "the layout courier.example strips it"


def test_within_leaves_the_choice_to_the_general_extractor(write: Write) -> None:
    share = '<div class="share"><a href="/s">Share this article on Facebook</a></div>'
    body = f"<main>{STORY}{share}</main><div>{paragraphs(TEASERS)}</div>"
    write('[[layouts]]\nwithin = "main"')

    assert texts(page(body)) == PROSE


@pytest.mark.parametrize("key", ["body", "within"])
def test_where_nothing_is_found_the_general_result_stands_and_the_miss_is_counted(
    write: Write, key: str
) -> None:
    write(f'[[layouts]]\n{key} = "div.gone"\ntitle = "h2.gone"\nbyline = ".gone"')

    article = page(STORY)

    assert texts(article) == PROSE
    assert article.title == "Mill reopens after nine years"
    assert article.extracted_with.layout_missed == (key, "title", "byline")


def test_a_selector_that_finds_a_teaser_only_is_a_miss(write: Write) -> None:
    write('[[layouts]]\nbody = ".teaser"')

    article = page(f"<p class=teaser>Read this first.</p>{STORY}")

    assert texts(article) == PROSE
    assert article.extracted_with.layout_missed == ("body",)


def test_fields_are_those_that_the_layout_points_to(write: Write) -> None:
    head = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "SEO: mill news", '
        '"datePublished": "2026-05-01T08:00:00Z", "dateModified": "2026-05-09T08:00:00Z", '
        '"author": {"@type": "Person", "name": "Web Desk Robot"}, "keywords": ["seo"], "articleSection": "All"}</script>'
    )
    extra = (
        "<div id=t>The mill turns again</div><div id=s>After nine years of repairs</div><b class=w>Jo Field</b>, <b class=w>Kim Park</b>"
        '<time id=d datetime="2026-05-03T14:08:00+01:00">yesterday</time><i id=m>4 May 2026, 10:15</i>'
        "<u class=tag>Mills</u> <u class=tag>Rivers</u><var>Local</var>"
    )
    write(
        'timezone = "Europe/London"\n[[layouts]]\ntitle = ["#none", "#t"]\nsubtitle = "#s"\nbyline = "b.w"\ndate = "#d"\n'
        'modified = "#m"\ntags = "u.tag"\nsection = "//var/text()"'
    )

    article = page(STORY + extra, head=head)

    assert article.title == "The mill turns again"
    assert article.subtitle == "After nine years of repairs"
    assert [author.name for author in article.authors] == ["Jo Field", "Kim Park"]
    assert article.date_published == "2026-05-03T14:08:00+01:00"
    assert article.date_modified == "2026-05-04T10:15:00+01:00"
    assert (article.tags, article.section) == (("Mills", "Rivers"), "Local")
    assert article.extracted_with.layout_missed is None
    methods = {said.field: said.method for said in article.provenance}
    assert methods["title"] == "layout.title"
    assert methods["date_published"] == "layout.date"
    assert methods["authors"] == "layout.byline"


def test_a_date_that_cannot_be_read_is_a_miss(write: Write) -> None:
    head = '<meta property="article:published_time" content="2026-05-03T14:08:00+01:00">'
    write('[[layouts]]\ndate = "h1"')

    article = page(STORY, head=head)

    assert article.date_published == "2026-05-03T14:08:00+01:00"
    assert article.extracted_with.layout_missed == ("date",)


def test_images_are_those_between_the_bounds(write: Write) -> None:
    body = (
        '<img src="/ad.jpg" alt="Advert"><figure><img src="/a.jpg"><figcaption>The wheel turns.</figcaption></figure>'
        f'{STORY}<img class=own src="/b.jpg"><span class=c>The bakery.</span><span class=p>Jo Field</span>'
        '<div id=end></div><figure><img src="/c.jpg"><figcaption>Another story.</figcaption></figure>'
    )
    write('[[layouts]]\nimages_after = "img"\nimages_before = "#end"')

    found = page(body).images

    assert [image.url for image in found] == [
        "https://www.courier.example/a.jpg",
        "https://www.courier.example/b.jpg",
    ]
    assert found[0].is_lead
    assert not found[1].is_lead


def test_images_captions_and_credits_are_those_that_the_layout_names(write: Write) -> None:
    body = (
        '<figure><img src="/x.jpg"><figcaption>Another story.</figcaption></figure>'
        f'{STORY}<div class=pic><img src="/b.jpg"><div class=q>The bakery.</div><div class=w>Jo Field</div></div>'
    )
    write('[[layouts]]\nimages = "div.pic"\ncaption = "div.q"\ncredit = "div.w"')

    (image,) = page(body).images

    assert image.url == "https://www.courier.example/b.jpg"
    assert image.caption == "The bakery."
    assert image.credit is not None
    assert image.credit.raw == "Jo Field"


def test_images_that_are_not_there_leave_the_general_ones(write: Write) -> None:
    figure = '<figure><img src="/a.jpg"><figcaption>The wheel turns.</figcaption></figure>'
    write('[[layouts]]\nimages = "div.gone"')

    article = page(figure + STORY)

    assert [image.caption for image in article.images] == ["The wheel turns."]
    assert article.extracted_with.layout_missed == ("images",)


def test_a_layout_is_picked_by_the_time_of_download(write: Write) -> None:
    body = f"<div class=old>{paragraphs(PROSE)}</div><div class=new>{paragraphs(TEASERS)}</div>"
    write('[[layouts]]\nuntil = 2024-02-01\nbody = ".old"\n[[layouts]]\nbody = ".new"')

    old = page(body, fetched_at=datetime(2023, 5, 1, tzinfo=UTC))
    new = page(body, fetched_at=datetime(2026, 5, 1, tzinfo=UTC))

    assert (texts(old), old.extracted_with.publisher_layout) == (
        PROSE,
        "courier.example@2024-02-01",
    )
    assert (texts(new), new.extracted_with.publisher_layout) == (TEASERS, "courier.example")


def test_text_rules_drop_and_cut_under_their_codes(write: Write) -> None:
    said = f"{PROSE[0]} (Courier+)"
    body = f"<article><h1>Mill reopens after nine years</h1>{paragraphs([said, *PROSE[1:], 'Courier readers know more. Every morning at six.'])}</article>"
    write(
        "[[text]]\ncode = 'promo.line'\ndrop = '^Courier readers know'\n[[text]]\ncut = '\\(Courier\\+\\)'"
    )

    article = page(body)

    assert texts(article) == PROSE
    assert [(e.code, e.text) for e in article.removed if "rule" in (e.detail or "")] == [
        ("promo.line", "Courier readers know more. Every morning at six."),
        ("layout.line", "(Courier+)"),
    ]


def test_a_rule_that_would_take_the_whole_text_is_a_miss(write: Write) -> None:
    write("[[text]]\ndrop = '.'\n[[text]]\ndrop = '^Hundreds'")

    article = page(STORY)

    assert texts(article) == [PROSE[0], *PROSE[2:]]
    assert article.extracted_with.layout_missed == ("text",)


def test_a_rule_that_takes_years_is_given_up(write: Write) -> None:
    write(r"[[text]]" + "\ndrop = '(x|xx)+$'")
    started = time.monotonic()

    article = page(
        STORY.replace(
            "</article>",
            f"<p>{'x' * 60} is how the old miller signed his letters to the town council.</p></article>",
        )
    )

    assert article.extracted_with.layout_missed == ("text",)
    assert time.monotonic() - started < 20


def test_text_rules_hold_for_dumps_too(write: Write) -> None:
    write("[[text]]\ndrop = '^Courier readers know'")
    dump = "\n".join(
        ["Mill reopens after nine years", *PROSE, "Courier readers know more. Every morning."]
    )

    assert "Courier readers" not in page(dump, kind="text").text


def test_a_page_whose_text_the_layout_finds_is_an_article_though_it_looks_like_none(
    write: Write,
) -> None:
    items = "".join(
        f'<li><a href="/p/{n}"><h3>Offer number {n}</h3></a> <b>€ {n}9.90</b> Add to cart</li>'
        for n in range(30)
    )
    body = f"<ul>{items}</ul><div class=text>{paragraphs(PROSE[:2])}</div>"
    html = f"<html><head><title>Shop</title></head><body>{body}</body></html>"
    assert isinstance(clean(Page(body=html, url="https://www.courier.example/shop")), Rejected)
    write("article_pattern = '/20[0-9]{2}/'\n[[layouts]]\nbody = \".text\"")

    assert texts(page(body)) == PROSE[:2]


@pytest.mark.parametrize("layout", ['body = "main"', 'within = "main"', 'body = "main p"'])
def test_a_layout_makes_no_article_of_a_wall_or_a_list(write: Write, layout: str) -> None:
    challenge = "<main><h1>Just a moment...</h1><p>Checking your browser before accessing courier.example. Enable JavaScript and cookies to continue.</p></main>"
    items = "".join(
        f'<li><a href="/n/{n}"><h3>Story number {n} of the day</h3></a><p>{TEASERS[n % 2]}</p></li>'
        for n in range(20)
    )
    head = '<script type="application/ld+json">{"@type": "CollectionPage"}</script>'
    listing = f"{head}<main><h1>News</h1><ul>{items}</ul></main>"
    pages = [
        Page(
            body=f"<html lang=en><head><title>News</title></head><body>{body}</body></html>",
            url=f"https://www.courier.example/news/{path}",
        )
        for body, path in ((challenge, "mill"), (listing, ""))
    ]
    before = [getattr(clean(one), "reason", None) for one in pages]
    write(f"[[layouts]]\n{layout}")

    after = [getattr(clean(one), "reason", None) for one in pages]

    assert before[0] is not None
    assert all(new or not old for old, new in zip(before, after, strict=True))


def test_where_nothing_stands_between_the_bounds_the_article_has_no_image(write: Write) -> None:
    figure = "<figure><img src='/a.jpg'><figcaption>Another story.</figcaption></figure>"
    write('[[layouts]]\nimages_before = "section"')

    assert page(f"{STORY}<section>{figure}</section>").images == ()
