"""What recurs on the pages of a source is dropped, from that source only, and always alike."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler

from newscrawl import Article, Page, clean
from newscrawl.cli import main
from newscrawl.errors import DataError
from newscrawl.pipelines import Extract
from newscrawl.profiles import encode_profiles, learn_from_articles, learn_profiles, read_profiles
from newscrawl.reasons import EditCode
from tests.pages_of import PROSE, page, paragraphs

BLURB = "The Courier has told the harbour's stories since 1921, and it will go on telling them as long as there are boats."
HOST = "https://www.harbourcourier.example"


def pages(host: str = HOST, number: int = 4, blurb: str = BLURB) -> list[Page]:
    """Articles that differ but for one line that a reader could take for a part of the text."""
    found = []
    for n in range(number):
        texts = [f"{text[:-1]}, as was said on day {n} of the week." for text in PROSE]
        html = page(paragraphs(*texts[:3], blurb, *texts[3:]), title=f"Ferry news, part {n}")
        found.append(Page(body=html, url=f"{host}/news/2024/05/0{n + 1}/ferry-news-part-{n}"))
    return found


def article_of(found: object) -> Article:
    assert isinstance(found, Article), found
    return found


def test_a_line_that_recurs_is_dropped_and_says_where_else_it_stands() -> None:
    batch = pages()
    profiles = learn_profiles(batch)
    before, after = (article_of(clean(p)) for p in (batch[0], profiles.applied_to(batch[0])))

    assert BLURB in before.text
    assert BLURB not in after.text
    (edit,) = [e for e in after.removed if e.code == EditCode.SITE_LINE]
    assert edit.text == BLURB
    assert edit.detail
    assert "on 4 of 4 articles" in edit.detail
    assert "ferry-news-part-1" in edit.detail
    assert "ferry-news-part-0" not in edit.detail
    assert len(after.body) == len(before.body) - 1


def test_another_source_is_not_touched() -> None:
    profiles = learn_profiles(pages())
    other = pages("https://www.talbote.example")[0]

    assert profiles.for_page(other) is None
    assert BLURB in article_of(clean(profiles.applied_to(other))).text


def test_versions_of_one_article_teach_nothing() -> None:
    batch = pages(number=1) * 4

    assert not learn_profiles(batch).by_source["harbourcourier.example"].lines


def test_the_same_pages_give_the_same_profile_in_any_order() -> None:
    batch = pages()
    one, other = (
        learn_profiles(b).by_source["harbourcourier.example"] for b in (batch, batch[::-1])
    )

    assert set(one.lines) == set(other.lines)
    assert encode_profiles(learn_profiles(batch)) == encode_profiles(learn_profiles(batch))


def test_nothing_is_remembered_from_page_to_page() -> None:
    first = article_of(clean(pages()[0]))
    for other in pages():
        clean(other)

    assert article_of(clean(pages()[0])) == first


def test_a_file_keeps_what_was_learnt(tmp_path: Path) -> None:
    profiles = learn_profiles(pages())
    path = tmp_path / "profiles.json"
    path.write_bytes(encode_profiles(profiles))

    assert read_profiles(path) == profiles


@pytest.mark.parametrize("text", ["", "{}", '{"version": 2, "made_by": "x", "profiles": []}'])
def test_a_file_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "profiles.json"
    path.write_text(text)

    with pytest.raises(DataError, match=r"profiles\.json"):
        read_profiles(path)


def test_articles_cleaned_before_teach_too() -> None:
    articles = [article_of(clean(p)) for p in pages()]
    lines = learn_from_articles(articles).by_source["harbourcourier.example"].lines

    assert [seen.pages for seen in lines.values()] == [4]


def test_the_command_line_learns_and_applies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "pages.jsonl.gz"
    rows = [{"id": n, "url": p.url, "html": p.body} for n, p in enumerate(pages())]
    source.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    kept, out, again = tmp_path / "profiles.json", tmp_path / "out.jsonl", tmp_path / "again.jsonl"

    assert main(["profile", str(source), "-O", str(kept)]) == 0
    assert main(["clean", str(source), "--profiles", str(kept), "-O", str(out)]) == 0
    assert main(["clean", str(source), "--learn", "-O", str(again)]) == 0
    capsys.readouterr()

    assert BLURB not in out.read_text()
    assert out.read_text() == again.read_text()


def test_the_command_line_learns_from_its_own_articles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, articles, kept = (tmp_path / name for name in ("p.jsonl", "a.jsonl", "profiles.json"))
    source.write_text("\n".join(json.dumps({"url": p.url, "html": p.body}) for p in pages()))

    assert main(["clean", str(source), "-O", str(articles)]) == 0
    assert main(["profile", "--articles", str(articles), "-O", str(kept)]) == 0
    capsys.readouterr()

    assert read_profiles(kept).by_source["harbourcourier.example"].lines


def test_learning_from_standard_input_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clean", "-", "--learn"]) == 2
    assert "--learn" in capsys.readouterr().err


def test_a_profile_travels_with_the_page() -> None:
    batch = pages()
    profile = learn_profiles(batch).by_source["harbourcourier.example"]

    assert BLURB not in article_of(clean(replace(batch[0], profile=profile))).text


def test_a_crawl_applies_the_profile_that_its_settings_name(tmp_path: Path) -> None:
    kept = tmp_path / "profiles.json"
    kept.write_bytes(encode_profiles(learn_profiles(pages())))
    crawler = Crawler(Spider, {"NEWSCRAWL_PROFILES": str(kept)})
    draft = Extract.from_crawler(crawler).process_item(pages()[0])

    assert draft.page.profile == read_profiles(kept).by_source["harbourcourier.example"]


def test_a_crawl_names_a_profile_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crawl", "newsgram", "--profiles", "/nowhere/profiles.json"]) == 1
    assert "profiles.json" in capsys.readouterr().err
