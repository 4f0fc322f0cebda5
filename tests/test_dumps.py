"""A text dump that another tool has scraped comes out as clean as its page."""

from pathlib import Path

import pytest

from newscrawl.demo.site import DemoArticle, build_site, load_publishers
from newscrawl.items import Article, Page
from newscrawl.stages import clean
from tests.fixture_pages import FOLDER

DUMP = (FOLDER / "dumps" / "lanterngram.txt").read_text(encoding="utf-8")
SEED = Path(__file__).parents[2] / "shared" / "seed"


def article_of(text: str) -> Article:
    """Clean a dump that must give an article."""
    article = clean(Page(body=text, kind="text"))
    assert isinstance(article, Article), article
    return article


def removed(article: Article, code: str) -> list[str]:
    """Give the texts that were removed under a code."""
    return [edit.text for edit in article.removed if edit.code == code]


def test_text_is_the_paragraphs_with_the_lead_once() -> None:
    article = article_of(DUMP)

    assert len(article.body) == 4
    assert article.text.count("Ferry crews working by torchlight") == 1
    assert article.text.endswith('"the longest one that I can remember".')


def test_title_is_the_first_line() -> None:
    article = article_of(DUMP)

    assert article.title == (
        "Delta Flood: Ferry crews rescue 140 stranded salt workers after night-long search"
    )


def test_glued_captions_become_images() -> None:
    images = [(i.caption, i.credit.raw if i.credit else None) for i in article_of(DUMP).images]

    assert images == [
        ("Representative Image", "Wikimedia Commons"),
        ("Salt pans wait under water near Calder Reach", "Wikimedia Commons"),
    ]


def test_label_without_value_is_recorded_and_no_date_is_guessed() -> None:
    article = article_of(DUMP)

    assert article.date_published is None
    assert article.dates.published is not None
    assert article.dates.published.raw == "Published on:"
    assert article.dates.published.flags == ("label_without_value",)
    assert removed(article, "label.empty") == ["Published on:"]


def test_tail_becomes_editor_and_agency() -> None:
    article = article_of(DUMP)

    assert article.editors == ("RS",)
    assert [(a.id, a.name) for a in article.agencies] == [("ians", "Indo-Asian News Service")]
    assert removed(article, "tail.agency") == ["(RS/IANS)"]


def test_footer_becomes_the_publisher() -> None:
    article = article_of(DUMP)

    assert article.publisher.name == "LanternGram"
    assert article.publisher.domain == "www.lanterngram.example"
    assert removed(article, "related.block") == ["Related Stories", "No stories found."]
    assert set(removed(article, "footer.line")) == {
        "logo", "LanternGram", "www.lanterngram.example",
    }  # fmt: skip


def test_every_line_is_kept_or_removed_with_a_code() -> None:
    article = article_of(DUMP)
    lines = [" ".join(line.split()) for line in DUMP.splitlines() if line.strip()]

    accounted = " ".join([*(b.text for b in article.body), *(e.text for e in article.removed)])

    assert [line for line in lines if line not in accounted and "(RS/IANS)" not in line] == []


def test_cited_outlet_is_found() -> None:
    assert [s.name for s in article_of(DUMP).sources_cited if s.kind == "outlet"] == ["Daily Mail"]


def test_wrapped_paragraphs_are_joined() -> None:
    wrapped = "A title for the page\n\n" + "\n\n".join(
        "\n".join([f"word{n} " * 9 + "end"] * 4 + ["short end."]) for n in range(3)
    )

    assert len(article_of(wrapped).body) == 3


@pytest.mark.skipif(not SEED.is_dir(), reason="the seed lies outside the repository")
def test_the_first_users_article_comes_out_right() -> None:
    article = article_of(next(SEED.glob("*.txt")).read_text(encoding="utf-8"))

    assert len(article.body) == 7
    assert article.text.endswith('those who invented this war".')
    assert article.date_published is None
    assert [agency.id for agency in article.agencies] == ["ians"]
    assert article.editors == ("KB",)
    assert [s.name for s in article.sources_cited if s.name] == ["Daily Mail"] * 2
    assert [(i.caption or "")[:14] for i in article.images] == ["Representative", "Pressure mount"]
    assert {i.credit.raw for i in article.images if i.credit} == {"Wikimedia Commons"}
    assert (article.publisher.name, article.publisher.domain) == ("NewsGram", "www.newsgram.com")


def dump_of(demo: DemoArticle, publisher: str, host: str) -> str:
    """Print a demo article as a scraper without judgement dumps its page."""

    def figure(after: int) -> list[str]:
        return [
            line
            for image in demo.images
            if image.after == after
            for line in (image.caption, f"{image.caption}{image.credit}", "")
        ]

    lines = [demo.title, "", demo.subtitle or "", *figure(0), "Published on:\u00a0", ""]
    for number, paragraph in enumerate(demo.paragraphs, 1):
        tail = f" {demo.tail}" if number == len(demo.paragraphs) else ""
        lines += [paragraph + tail, "", *figure(number)]
    return "\n".join([*lines, "Related Stories", "", "No stories found.", "logo", publisher, host])


DOUBLED = [a for p in load_publishers() for a in p.articles if a.subtitle_is_lead and a.tail]


@pytest.mark.parametrize("demo", DOUBLED, ids=lambda demo: demo.slug[:20])
def test_the_page_gives_the_same_article_and_what_the_dump_has_lost(demo: DemoArticle) -> None:
    dumped = article_of(dump_of(demo, "LanternGram", demo.host))
    fetched = clean(Page(body=build_site()[demo.url].body, url=demo.url))

    assert isinstance(fetched, Article)
    for name in ("title", "text", "editors", "publisher", "sources_cited"):
        assert getattr(dumped, name) == getattr(fetched, name), name
    assert [a.id for a in dumped.agencies] == [a.id for a in fetched.agencies]
    assert [(i.caption, i.credit) for i in dumped.images] == [
        (i.caption, i.credit) for i in fetched.images
    ]
    assert (dumped.date_published, dumped.subtitle, dumped.authors) == (None, None, ())
    assert fetched.date_published == demo.date_published
    assert fetched.subtitle == demo.subtitle
    assert [a.name for a in fetched.authors if a.kind == "person"] == list(demo.authors)
