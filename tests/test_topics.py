"""Keywords are the article's own, and credits are read in all their parts."""

import pytest

from newscrawl import Article, Page, clean
from newscrawl.attribution.credits import split_image_credit, with_parts
from newscrawl.attribution.rights import read_rights
from newscrawl.items import Block, Credit, Image
from tests.pages_of import page, paragraphs


def tags_of(inside: str = "", head: str = "", keywords: str = "") -> tuple[str, ...]:
    """Give the tags of an article page."""
    script = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Ferry landing to reopen",'
        f' "publisher": {{"name": "The Courier"}}, "keywords": {keywords}}}</script>'
        if keywords
        else ""
    )
    found = clean(
        Page(
            body=page(paragraphs() + inside, head=head + script),
            url="https://courier.example/news/ferry",
        )
    )
    assert isinstance(found, Article)
    return found.tags


LINKS = '<a href="/tag/ferry" rel="tag">Ferry</a>, <a href="/tag/harbour" rel="tag">Harbour</a>'


@pytest.mark.parametrize(
    ("keywords", "tags"),
    [
        ('["Ferry", "Harbour"]', ("Ferry", "Harbour")),
        ('"Ferry, Harbour, ferry"', ("Ferry", "Harbour")),
        ('["Subject: Ferry", "Day: Friday", "Harbour"]', ("Ferry", "Harbour")),
        ('["topic/ferry", "sections/harbour"]', ("ferry", "harbour")),
        ('["Ferry", "The Courier", "courier.example.com", "cce15240-c52a-4887-a61a-cd64701d6596", "/news"]', ("Ferry",)),
        ('["AER", "AERO", "AIR", "AIRL", "AIRS08", "CRSH", "Ferry"]', ()),
        ('"Ferry Harbour Old Town Repairs Nine Years"', ()),
    ],
)  # fmt: skip
def test_declared_keywords_are_cleaned(keywords: str, tags: tuple[str, ...]) -> None:
    assert tags_of(keywords=keywords) == tags


@pytest.mark.parametrize(
    "markup",
    [
        f"<p>Filed under: {LINKS}</p>",
        f"<footer>{LINKS}</footer>",
        '<div class="tags"><a href="/x1">Ferry</a> <a href="/x2">Harbour</a></div>',
        '<ul><li><a href="/topics/ferry">Ferry</a></li><li><a href="/topics/harbour">Harbour</a></li></ul>',
        f'{LINKS}<p><a rel="category tag" href="/c">News</a></p>',
    ],
)
def test_topics_that_the_article_links_to(markup: str) -> None:
    assert tags_of(markup) == ("Ferry", "Harbour")


@pytest.mark.parametrize(
    "markup",
    [
        f'<div class="tagcloud">{LINKS}</div>',
        f"<nav>{LINKS}</nav>",
        f"</article></main><footer>{LINKS}</footer><main><article>",
        '<p>The council talked at length about the old <a href="/tag/ferry" rel="tag">ferry</a> and its landing.</p>',
        '<ul><li><a href="/topics/ferry">Ferry</a></li></ul>',
        '<p><a href="http://[broken/tag/x">Ferry</a></p>',
        f'<p><a rel="tag" href="/t">{"Ferry " * 20}</a></p>',
    ],
)
def test_topics_of_other_things_are_none(markup: str) -> None:
    assert tags_of(markup) == ()


def test_what_a_reader_sees_goes_before_words_for_search_engines() -> None:
    head = '<meta name="keywords" content="courier, news, harbour town">'

    assert tags_of(f"<p>{LINKS}</p>", head) == ("Ferry", "Harbour")
    assert tags_of("", head) == ("news", "harbour town")
    assert tags_of(f"<p>{LINKS}</p>", keywords='["Ferry"]') == ("Ferry", "Harbour")


@pytest.mark.parametrize(
    ("raw", "photographers", "agencies", "supplied", "licence"),
    [
        ("Jo Doe / Pool via Reuters", ("Jo Doe",), ("Reuters",), "pool", None),
        ("APA/AFP/Jo Doe", ("Jo Doe",), ("Austria Presse Agentur", "Agence France-Presse"), None, None),
        ("AP Photo/Jo Doe, File", ("Jo Doe",), ("Associated Press",), "file", None),
        ("© dpa | Jo Doe", ("Jo Doe",), ("Deutsche Presse-Agentur",), None, None),
        ("Handout", (), (), "handout", None),
        ("Courtesy of Jo Doe", (), (), "courtesy", None),
        ("Jo Doe, CC BY-SA 4.0, via Wikimedia Commons", ("Jo Doe",), ("Wikimedia Commons",), None, "CC BY-SA 4.0"),
        ("Foto: Stadt Musterhausen", (), (), None, None),
    ],
)  # fmt: skip
def test_a_credit_is_split_in_full(
    raw: str,
    photographers: tuple[str, ...],
    agencies: tuple[str, ...],
    supplied: str | None,
    licence: str | None,
) -> None:
    credit = split_image_credit(raw)

    assert (credit.photographers, credit.agencies) == (photographers, agencies)
    assert (credit.supplied_as, credit.licence) == (supplied, licence)


@pytest.mark.parametrize(
    ("caption", "credit", "is_generic"),
    [
        ("Symbolbild: ein Boot", None, True),
        ("A boat", "File photo", True),
        ("Representational image", None, True),
        ("A boat at the landing in May", "Jo Doe/dpa", False),
    ],
)
def test_a_picture_that_only_stands_for_the_matter(
    caption: str, credit: str | None, is_generic: bool
) -> None:
    image = Image(caption=caption, credit=Credit(raw=credit) if credit else None)

    assert with_parts(image).is_generic is is_generic


@pytest.mark.parametrize(
    ("figure", "caption", "credit"),
    [
        ('<figcaption>A boat</figcaption><footer class="credit"><span>Jo Doe/AFP</span></footer>', "A boat", "Jo Doe/AFP"),
        ('<div class="bildautor">Foto: Jo Doe</div>', None, "Jo Doe"),
        ('<figcaption>A boat <cite>Jo Doe</cite></figcaption>', "A boat", "Jo Doe"),
        ('<figcaption>A boat <span class="author">Jo Doe</span></figcaption>', "A boat", "Jo Doe"),
        ("<figcaption>A boat in May (Jo Doe/Cuarto)</figcaption>", "A boat in May", "Jo Doe/Cuarto"),
        ("<figcaption>A boat in May / Jo Doe</figcaption>", "A boat in May", "Jo Doe"),
        ("<figcaption>배가 항구에 있다. 연합뉴스</figcaption>", "배가 항구에 있다.", "연합뉴스"),
        ("<figcaption>船が港にいる＝ＡＰ</figcaption>", "船が港にいる", "ＡＰ"),
    ],
)  # fmt: skip
def test_where_credits_stand(figure: str, caption: str | None, credit: str) -> None:
    html = page(f'<figure><img src="/a.jpg">{figure}</figure>' + paragraphs())
    found = clean(Page(body=html, url="https://courier.example/news/ferry"))

    assert isinstance(found, Article)
    image = found.images[0]
    assert image.credit is not None
    assert (image.caption, image.credit.raw) == (caption, credit)


@pytest.mark.parametrize(
    ("raw", "people", "agencies"),
    [
        ("Jane Doe and John Roe", ("Jane Doe", "John Roe"), ()),
        (
            "Foto: Jane Doe und John Roe, dpa",
            ("Jane Doe", "John Roe"),
            ("Deutsche Presse-Agentur",),
        ),
        ("Department of Fish and Wildlife", (), ()),
        ("© 2024 Jane Doe", ("Jane Doe",), ()),
        ("사진=연합뉴스", (), ("Yonhap",)),
        ("The White House", (), ()),
        ("Jane and John Doe", ("Jane and John Doe",), ()),
        ("Photo: Jane Doe and Getty Images", ("Jane Doe",), ("Getty Images",)),
        ("Jane Doe and Reuters", ("Jane Doe",), ("Reuters",)),
        ("사진=김철수 기자", ("김철수",), ()),
        ("Jane Palace", ("Jane Palace",), ()),
        ("Photo: © 2019-2024 Jane Doe", ("Jane Doe",), ()),
    ],
)
def test_people_and_agencies_of_a_credit(
    raw: str, people: tuple[str, ...], agencies: tuple[str, ...]
) -> None:
    credit = split_image_credit(raw)

    assert (credit.photographers, credit.agencies) == (people, agencies)


@pytest.mark.parametrize(
    ("line", "holder", "year"),
    [
        ("© 2024 St. Olaf Post. All rights reserved.", "St. Olaf Post", "2024"),
        (
            "Copyright © 2024, U.S. Mill & Port Report. Distributed by X",
            "U.S. Mill & Port Report",
            "2024",
        ),
        ("Copyright 2024 by A. G. Doe", "A. G. Doe", "2024"),
        ("Copyright The Courier 2024 – All Rights Reserved", "The Courier", "2024"),
    ],
)
def test_the_holder_of_the_rights(line: str, holder: str, year: str) -> None:
    found = read_rights((Block(kind="paragraph", text=line),))

    assert found is not None
    assert (found.holder, found.year) == (holder, year)


@pytest.mark.parametrize(
    "line",
    [
        "Copyright trial of 2023 ends",
        "Copyright claims rose in 2023, it said.",
        "Copyright Act of 1976, the court ruled",
    ],
)
def test_a_sentence_about_copyright_is_no_notice(line: str) -> None:
    assert read_rights((Block(kind="paragraph", text=line),)) is None
