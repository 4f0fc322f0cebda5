"""Articles that are one text: found, told apart from those that are not, and who was first."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newscrawl.attribution.agencies import agency_of_publisher
from newscrawl.corpus.clusters import Groups, TextStore, join_similar
from newscrawl.corpus.database import Corpus
from newscrawl.corpus.files import find_files, workshop
from newscrawl.corpus.linking import link
from newscrawl.corpus.passing import WindowLinker
from newscrawl.corpus.selection import Filter, select
from newscrawl.corpus.shingles import Sketches, similarity
from newscrawl.items import Agency, Article, Cluster, Publisher, Revision
from newscrawl.reference import agencies
from tests.articles import STORY, an_article, write_lines

EDITED = STORY.replace("Twelve people", "A dozen people").replace("a tenth", "ten per cent")
OTHER = " ".join(f"{word}{n % 7}" for n, word in enumerate(STORY.split()))
AP = (Agency(id="ap", name="Associated Press", where=("tail",)),)


def printed(name: str, hour: int, text: str = STORY, **changes: Any) -> Article:
    """Make a print of a story in a paper of its own."""
    published = f"2024-03-04T{hour:02}:00:00+00:00"
    values = {
        "source": f"{name}.example",
        "text": text,
        "date_published": published,
        "url": f"https://www.{name}.example/a",
    }
    return an_article(name, **(values | changes))


def clusters(folder: Path, articles: Sequence[Article], **wanted: Any) -> dict[str, Cluster]:
    """Link articles; give the clusters by the names of the articles."""
    write_lines(folder / "a.jsonl", articles)
    versions = wanted.pop("versions", "last")
    with workshop() as scratch, Corpus(find_files([folder]), scratch) as corpus:
        select(corpus, Filter(versions=versions))
        found = link(corpus, **wanted)
        rows = corpus.database.execute("SELECT position, id FROM chosen").fetchall()
    return {name.removeprefix("id-"): found.clusters[n] for n, name in rows if n in found.clusters}


def roles(found: dict[str, Cluster]) -> dict[str, str]:
    return {name: cluster.role for name, cluster in found.items()}


def test_a_wire_story_is_one_cluster_with_its_agency(tmp_path: Path) -> None:
    prints = [
        printed("first", 9, agencies=AP),
        printed("same", 10, agencies=AP),
        printed("edited", 11, EDITED),
        printed("other", 8, OTHER, agencies=(Agency(id="dpa", name="dpa"),)),
    ]
    found = clusters(tmp_path, prints)
    assert roles(found) == {"first": "original", "same": "copy", "edited": "edited_copy"}
    assert len({cluster.id for cluster in found.values()}) == 1
    assert {(c.agency, c.size, c.original) for c in found.values()} == {("ap", 3, "id-first")}
    assert found["same"].similarity == 1.0
    assert 0.75 <= found["edited"].similarity < 1.0


def test_the_agencys_own_print_is_the_original_whenever_it_came(tmp_path: Path) -> None:
    own = printed(
        "late",
        23,
        agencies=AP,
        source="apnews.com",
        publisher=Publisher(name="AP News", domain="apnews.com"),
    )
    found = clusters(tmp_path, [printed("early", 1, agencies=AP), own])
    assert roles(found) == {"late": "original", "early": "copy"}


def test_a_bare_day_may_have_been_its_last_hour(tmp_path: Path) -> None:
    found = clusters(
        tmp_path, [printed("day", 0, date_published="2024-03-04"), printed("hour", 22)]
    )
    assert roles(found) == {"hour": "original", "day": "copy"}
    found = clusters(
        tmp_path,
        [
            printed("none", 0, date_published=None, fetched_at=datetime(2024, 1, 1, tzinfo=UTC)),
            printed("hour", 22),
        ],
    )
    assert roles(found) == {"hour": "original", "none": "copy"}


def test_punctuation_and_case_make_no_edited_copy(tmp_path: Path) -> None:
    shouted = STORY.upper().replace(",", " –")
    assert roles(clusters(tmp_path, [printed("a", 1), printed("b", 2, shouted)])) == {
        "a": "original",
        "b": "copy",
    }


def test_without_near_only_equal_texts_are_linked(tmp_path: Path) -> None:
    prints = [printed("a", 1), printed("b", 2), printed("c", 3, EDITED)]
    assert roles(clusters(tmp_path, prints, near=False)) == {"a": "original", "b": "copy"}


def test_versions_of_an_article_are_no_copies_of_each_other(tmp_path: Path) -> None:
    first = printed("a", 1, revision=Revision(number=1))
    second = printed("a", 1, EDITED, revision=Revision(number=2))
    assert clusters(tmp_path, [first, second], versions="all") == {}
    found = clusters(tmp_path, [first, second, printed("b", 2)], versions="all")
    assert {cluster.size for cluster in found.values()} == {2}
    assert roles(found) == {"a": "original", "b": "copy"}


def test_what_is_further_apart_than_the_window_is_not_linked(tmp_path: Path) -> None:
    prints = [printed("a", 1), printed("b", 2, EDITED), printed("c", 3, date_published="2024-06-01T00:00:00+00:00"),
              printed("d", 4, EDITED, date_published="2024-06-02T00:00:00+00:00")]  # fmt: skip
    found = clusters(tmp_path, prints, window=timedelta(days=30))
    assert found["a"].id == found["b"].id != found["c"].id == found["d"].id
    assert clusters(tmp_path, prints)["d"].size == 4


@pytest.mark.parametrize(
    "text",
    ["港は九週間ぶりに開いた。" * 9, "हिन्दी में एक छोटी ख़बर " * 9, "Kurz.", "eins zwei drei vier"],
)
def test_texts_of_any_script_and_length_are_linked(tmp_path: Path, text: str) -> None:
    found = clusters(
        tmp_path,
        [printed("a", 1, text), printed("b", 2, f"{text} "), printed("c", 3, "Ganz anders.")],
    )
    assert roles(found) == {"a": "original", "b": "copy"}


def test_clusters_do_not_depend_on_the_order_of_lines(tmp_path: Path) -> None:
    texts = [STORY, EDITED, OTHER, STORY[: len(STORY) // 2], STORY[len(STORY) // 5 :]]
    prints = [printed(f"p{n:02}", n % 24, f"{texts[n % 5]} {'x ' * (n % 3)}") for n in range(40)]
    found = []
    for seed in range(3):
        random.Random(seed).shuffle(prints)
        found.append(clusters(tmp_path / str(seed), prints))
    assert found[0] == found[1] == found[2]
    assert len({cluster.id for cluster in found[0].values()}) >= 2


def test_a_template_that_thousands_share_is_compared_in_bounded_time(tmp_path: Path) -> None:
    template = " ".join(f"line{n}" for n in range(40))
    texts = [(n, f"{template} {' '.join(f'n{n}w{k}' for k in range(25))}") for n in range(1500)]
    store = TextStore(tmp_path, len(texts))
    store.fill(texts)
    groups, compared = Groups(), 0

    def count(_a: int, _b: int) -> bool:
        nonlocal compared
        compared += 1
        return True

    join_similar(store, groups, count)
    store.close()
    assert groups.sets() == []
    assert compared < 20 * 50 * len(texts)


def word_sets(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[n : n + 5]) for n in range(max(1, len(words) - 4))}


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=5, max_size=60),
    st.lists(st.sampled_from(["a", "b", "x"]), min_size=5, max_size=60),
)
def test_similarity_is_that_of_the_sets_of_five_words(first: list[str], second: list[str]) -> None:
    texts = [" ".join(first), " ".join(second)]
    sketches = Sketches(texts)
    a, b = map(word_sets, texts)
    assert similarity(sketches.of(0), sketches.of(1)) == pytest.approx(len(a & b) / len(a | b))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20))))
def test_groups_are_what_joins_connect(pairs: list[tuple[int, int]]) -> None:
    groups, sets = Groups(), [{n} for n in range(21)]
    for a, b in pairs:
        groups.join(a, b)
        first = next(s for s in sets if a in s)
        second = next(s for s in sets if b in s)
        if first is not second:
            sets.remove(second)
            first |= second
    assert groups.sets() == sorted(sorted(s) for s in sets if len(s) > 1)


def test_passing_articles_are_linked_to_those_before(tmp_path: Path) -> None:
    linker = WindowLinker(timedelta(days=7))
    prints = [
        printed("a", 1, agencies=AP),
        printed("b", 2),
        printed("other", 2, OTHER),
        printed("c", 3, EDITED),
    ]
    found = [
        article.cluster for batch in (prints[:3], prints[3:]) for article in linker.link(batch)
    ]
    assert [cluster.role for cluster in found if cluster] == [
        "original",
        "copy",
        "original",
        "edited_copy",
    ]
    assert len({cluster.id for cluster in found if cluster}) == 2
    assert [cluster.agency for cluster in found if cluster] == ["ap", "ap", None, "ap"]
    assert linker.link([]) == []


def test_an_earlier_print_that_comes_later_is_the_original() -> None:
    linker = WindowLinker(timedelta(days=7))
    late, early, third = (
        article.cluster
        for article in linker.link([printed("a", 9), printed("b", 2), printed("c", 12)])
    )
    assert late
    assert early
    assert third
    assert (late.role, early.role, third.role) == ("original", "original", "copy")
    assert late.id == early.id == third.id
    assert third.original == "id-b"


def test_what_left_the_window_is_forgotten() -> None:
    linker = WindowLinker(timedelta(days=2))
    start = datetime(2024, 3, 1, tzinfo=UTC)
    sizes = []
    for day in range(30):
        dice = random.Random(day)
        texts = [" ".join(f"w{dice.randrange(9999)}" for _ in range(60)) for _ in range(10)]
        batch = [
            printed(f"p{day}-{n}", 1, text, fetched_at=start + timedelta(days=day))
            for n, text in enumerate(texts)
        ]
        linker.link(batch)
        sizes.append((len(linker._passed), sum(map(len, linker._bands.values()))))
    assert max(sizes) == sizes[-1] == (30, 600)
    again = linker.link([printed("again", 1, texts[0], fetched_at=start + timedelta(days=40))])
    assert again[0].cluster
    assert again[0].cluster.role == "original"


def test_a_date_far_ahead_does_not_make_all_forgotten() -> None:
    linker = WindowLinker(timedelta(days=2))
    now = datetime(2024, 3, 1, tzinfo=UTC)
    prints = [
        printed("a", 1, fetched_at=now),
        printed("odd", 1, OTHER, date_published="2099-01-01", fetched_at=now),
        printed("b", 2, fetched_at=now),
    ]
    assert [a.cluster.role for a in linker.link(prints) if a.cluster] == [
        "original",
        "original",
        "copy",
    ]


def test_agencies_are_known_by_their_sites() -> None:
    sites = [site for row in agencies() for site in row.sites]
    assert len(sites) == len(set(sites)) > 100
    assert agency_of_publisher(None, "apnews.com") == "ap"
    assert agency_of_publisher("Deutsche Presse-Agentur", None) == "dpa"
    assert agency_of_publisher(None, None) is None


def test_a_rewritten_version_begins_a_family_of_its_own() -> None:
    linker = WindowLinker(timedelta(days=7))
    now = datetime(2024, 3, 4, 12, tzinfo=UTC)
    prints = [printed("v", 1, fetched_at=now), printed("c", 2, fetched_at=now), printed("v", 1, OTHER, fetched_at=now),
              printed("e", 3, OTHER, fetched_at=now)]  # fmt: skip
    found = [article.cluster for article in linker.link(prints)]
    assert [cluster.id for cluster in found if cluster] == [found[0].id] * 2 + [found[2].id] * 2  # type: ignore[union-attr]
    assert found[0] != found[2]


def test_undated_articles_are_remembered_as_long_as_others() -> None:
    linker = WindowLinker(timedelta(days=7))
    prints = [
        printed("a", 1, date_published=None),
        printed("dated", 2, OTHER),
        printed("b", 3, date_published=None),
    ]
    found = [article.cluster for article in linker.link(prints)]
    assert found[0] and found[2] and found[0].id == found[2].id  # noqa: PT018


def test_many_prints_of_one_text_are_compared_with_few_of_them() -> None:
    linker = WindowLinker(timedelta(days=7))
    prints = [
        printed(f"p{n}", 1, f"{STORY} {' '.join(f'n{n}w{k}' for k in range(9))}")
        for n in range(300)
    ]
    found = {article.cluster.id for article in linker.link(prints) if article.cluster}
    assert len(found) == 1
    assert max(map(len, linker._bands.values())) <= 12


def test_windows_join_undated_articles_by_the_time_they_were_fetched(tmp_path: Path) -> None:
    january = datetime(2024, 1, 1, tzinfo=UTC)
    prints = [printed("a", 1, date_published="2024-01-01"), printed("b", 1, date_published="2024-06-01"),
              printed("c", 1, date_published=None, fetched_at=january)]  # fmt: skip
    for near in (True, False):
        found = clusters(tmp_path, prints, near=near, window=timedelta(days=30))
        assert set(found) == {"a", "c"}


def test_texts_without_words_are_compared_by_their_signs(tmp_path: Path) -> None:
    assert clusters(tmp_path, [printed("a", 1, "!!! ***"), printed("b", 2, "??? …")]) == {}
