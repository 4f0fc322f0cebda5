"""Laws that hold for any input."""

import pickle
import time
from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newscrawl import lines
from newscrawl.attribution.bylines import read_byline
from newscrawl.attribution.datelines import read_dateline
from newscrawl.attribution.tails import read_tail
from newscrawl.dates.formats import read_date
from newscrawl.extraction.figures import split_credit
from newscrawl.items import Article, Block, Draft, Page, Rejected
from newscrawl.jsonl import decode, encode
from newscrawl.stages import clean
from newscrawl.text import clean_text
from tests.fixture_pages import cleaned, fixtures

PHRASES = (
    "Read more:", "Published on:", "By Jane Doe", "Related Stories", "(KB/IANS)", "Loading...",
    "The mill reopened on Monday.", "LISBON (Reuters) - ", "© 2024", "3 min read", "Photo: Jo/AP",
    "13 Sep, 2022, 3:20 pm", "Share this", "\u200b", "ع", "東京", "\n",
)  # fmt: skip
TEXTS = st.text(max_size=200) | st.lists(st.sampled_from(PHRASES), max_size=8).map(" ".join)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def draft_of(texts: list[str]) -> Draft:
    """Make a draft of paragraphs."""
    blocks = tuple(Block(kind="paragraph", text=text) for text in texts)
    return Draft(page=Page(body=""), blocks=blocks, title=texts[0] if texts else None)


@given(st.lists(TEXTS, max_size=8))
def test_rules_only_remove_and_record_what_they_remove(texts: list[str]) -> None:
    draft = clean_text(draft_of(texts))

    kept = [block.text for block in draft.blocks]
    removed = [edit.text for edit in draft.edits]
    assert sorted(kept + removed) == sorted(texts)


def test_cleaning_is_idempotent_on_articles() -> None:
    for fixture in fixtures():
        article = cleaned(fixture)
        assert isinstance(article, Article)
        draft = Draft(page=fixture.page, blocks=article.body, title=article.title)

        assert clean_text(draft).blocks == article.body, fixture.name


@given(st.lists(TEXTS, max_size=8))
def test_cleaning_again_and_again_comes_to_rest(texts: list[str]) -> None:
    draft = draft_of(texts)
    for _ in range(len(texts) + 1):
        draft = clean_text(draft)

    assert clean_text(draft).blocks == draft.blocks


@settings(deadline=None)
@given(TEXTS)
def test_nothing_raises_on_any_line(text: str) -> None:
    for name in dir(lines):
        if name.startswith("is_"):
            getattr(lines, name)(text)
    read_byline(text)
    read_tail(text)
    read_dateline(text)
    read_date(text, language="en")
    split_credit(text, text[:5])


@given(st.datetimes(min_value=datetime(1990, 1, 1)))  # noqa: DTZ001 - the offset is added as text
def test_an_iso_time_reads_back_as_itself(moment: datetime) -> None:
    value = f"{moment.replace(microsecond=0).isoformat()}+05:30"

    reading = read_date(value)

    assert reading is not None
    assert reading.value == value


@SLOW
@given(TEXTS)
def test_clean_gives_an_article_or_a_reason_for_any_text(text: str) -> None:
    for page in (
        Page(
            body=f"<html><body><article><p>{text}</p></article></body></html>",
            url="https://a.example/x",
        ),
        Page(body=text, kind="text"),
        Page(body=text.encode("utf-8", "replace"), url="https://a.example/x"),
    ):
        assert isinstance(clean(page), (Article, Rejected))


def test_clean_is_pure_and_its_values_pickle() -> None:
    fixture = fixtures()[0]

    first, second = clean(fixture.page), clean(fixture.page)

    assert first == second
    assert pickle.loads(pickle.dumps(first)) == first


def test_a_line_decodes_to_the_article_it_was_made_of() -> None:
    for fixture in fixtures()[:5]:
        article = cleaned(fixture)
        assert isinstance(article, Article)
        assert decode(encode(article, provenance=True)) == article


def test_text_is_the_blocks_joined() -> None:
    for fixture in fixtures():
        article = cleaned(fixture)
        assert isinstance(article, Article)
        assert article.text == "\n\n".join(block.text for block in article.body)


HOSTILE = ("a" * 100_000, "By " * 33_000, "(" * 100_000, "A. " * 33_000, "1" * 100_000, "A/" * 50_000,
           "Photo: " * 14_000, "é " * 50_000, "LISBON, " * 12_000, "reporting by " * 8_000)  # fmt: skip


def test_no_pattern_takes_long_on_hostile_text() -> None:
    """100 kB of hostile text may not take seconds; a quadratic pattern would take minutes."""
    started = time.process_time()
    for text in HOSTILE:
        test_nothing_raises_on_any_line.hypothesis.inner_test(text)  # type: ignore[attr-defined]

    assert time.process_time() - started < 30
