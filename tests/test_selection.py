"""Which articles of a corpus are selected, in which order; every line ends once, under a name."""

import random
from pathlib import Path
from typing import Any

import pytest

from newscrawl.corpus.database import Corpus
from newscrawl.corpus.files import find_files, workshop
from newscrawl.corpus.records import read_articles_in_order
from newscrawl.corpus.selection import FATES, Filter, Tally, are_in_order, parse_when, select
from newscrawl.errors import InputError, UsageError
from newscrawl.items import Agency, Article, Author, OptOut, Revision
from newscrawl.jsonl import encode
from tests.articles import an_article, write_lines

CORPUS = (
    an_article("day", date_published="2024-03-04", language="de"),
    an_article("evening", date_published="2024-03-04T23:30:00-05:00", kind="opinion", text="Short, but of Ferries."),
    an_article("month", date_published="2024-03", agencies=(Agency(id="ap", name="Associated Press"),)),
    an_article("local", date_published="2024-03-05T09:00:00", source="herald.example", authors=(Author(name="José Ñandú"),)),
    an_article("undated", date_published=None, opt_outs=(OptOut(signal="meta.robots", value="noai"),)),
)  # fmt: skip


def chosen(folder: Path, **wanted: Any) -> tuple[list[str], Tally]:
    """Select from a folder; give the names of the articles in their order."""
    found, tally = taken(folder, **wanted)
    return [str(article.id).removeprefix("id-") for article in found], tally


def taken(folder: Path, **wanted: Any) -> tuple[list[Article], Tally]:
    with workshop() as scratch, Corpus(find_files([folder]), scratch) as corpus:
        tally = select(corpus, Filter(**wanted))
        found = [article for _, article in read_articles_in_order(corpus)]
    assert tally.adds_up()
    assert tally.taken == len(found)
    return [article for article in found if isinstance(article, Article)], tally


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "month day evening local undated"),
        # The day is compared as it is printed, whatever the zone.
        ({"since": "2024-03-04", "until": "2024-03-04"}, "month day evening"),
        ({"since": "2024-03-05"}, "month local"),
        ({"until": "2024-02-29"}, ""),
        # A moment is compared as one: the evening in New York is the next day in UTC.
        ({"since": "2024-03-05T00:00:00+00:00"}, "month evening local"),
        ({"since": "2024-03-04T12:00:00+00:00"}, "month day evening local"),
        ({"until": "2024-03-05T04:00:00+00:00"}, "month day"),
        ({"sources": ("Herald.example",)}, "local"),
        ({"sources": ("www.herald.example", "other.example")}, "local"),
        ({"languages": ("de", "fr")}, "day"),
        ({"agencies": ("AP",)}, "month"),
        ({"agencies": ("associated press",)}, "month"),
        ({"authors": ("jose nandu",)}, "local"),
        ({"authors": ("LINDQVIST", "nobody")}, "month day evening undated"),
        ({"kinds": ("opinion",)}, "evening"),
        ({"min_words": 5}, "month day local undated"),
        ({"matches": ("ferr(y|ies)",)}, "month day evening local undated"),
        ({"matches": (r"\bTITLE OF day\b",)}, "day"),
        ({"matches": ("ferries", "short")}, "evening"),
        ({"matches": ("ferries", "captain")}, ""),
        ({"no_opt_outs": True}, "month day evening local"),
    ],
)  # fmt: skip
def test_each_filter_leaves_what_it_asks_for(
    tmp_path: Path, wanted: dict[str, Any], names: str
) -> None:
    write_lines(tmp_path / "a.jsonl", CORPUS)
    found, tally = chosen(tmp_path, **wanted)
    assert found == names.split()
    assert set(tally.left_out) <= {
        *wanted,
        "source",
        "language",
        "agency",
        "author",
        "kind",
        "match",
    }


def test_every_line_ends_once_and_damage_is_named(tmp_path: Path) -> None:
    good = an_article("good")
    refused = b'{"schema_version":1,"id":null,"url":"https://a.example/","rejected":"home_page"}'
    write_lines(
        tmp_path / "a.jsonl",
        [good, refused, b"", b"null", b"[1]", b'{"id":"x"}', encode(good)[:-40], b'{"id": "\xff"}', encode(good),
         encode(an_article("odd")).replace(b'"authors":[', b'"authors":[{"name":5},')],
    )  # fmt: skip
    found, tally = chosen(tmp_path)
    assert found == ["good"]
    assert tally.lines == 9
    assert tally.left_out["refused"] == 1
    assert tally.refusals == {"home_page": 1}
    assert tally.left_out["broken"] == 2
    assert tally.left_out["no_article"] >= 3
    assert tally.left_out["repeated"] == 1
    assert tally.is_damaged
    assert "a.jsonl" in tally.damaged[0]
    assert set(tally.left_out) <= set(FATES)


def test_versions_of_an_article_are_told_from_repeats(tmp_path: Path) -> None:
    first = an_article("a", revision=Revision(number=1), title="First")
    second = an_article("a", revision=Revision(number=2), title="Second", text="Another text.")
    third = an_article("a", revision=Revision(number=3), title="Third", text="A third text.")
    other = an_article("b", date_published="2024-03-05")
    write_lines(tmp_path / "1.jsonl", [third, first, other])
    write_lines(tmp_path / "2.jsonl", [second, first, first])
    titles = {}
    for versions in ("first", "last", "all"):
        found, tally = taken(tmp_path, versions=versions)
        titles[versions] = [article.title for article in found]
        assert tally.left_out["repeated"] == 2
        assert tally.left_out.get("other_versions", 0) == (0 if versions == "all" else 2)
    assert titles == {
        "first": ["First", "Title of b"],
        "last": ["Third", "Title of b"],
        "all": ["First", "Second", "Third", "Title of b"],
    }


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"languages": ("fr",)}, "--language leaves none of 5 articles"),
        (
            {"languages": ("fr",), "min_words": 9999},
            "--language and --min-words each leave none of 5 articles",
        ),
        (
            {"languages": ("de",), "kinds": ("opinion",)},
            "of 5 articles --language leaves 1, then --kind leaves 0; each alone leaves some",
        ),
    ],
)
def test_when_nothing_is_left_the_filter_is_named(
    tmp_path: Path, wanted: dict[str, Any], said: str
) -> None:
    write_lines(tmp_path / "a.jsonl", CORPUS)
    found, tally = chosen(tmp_path, **wanted)
    assert found == []
    assert tally.culprit() == said


def test_a_file_without_articles_says_so(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [b'{"rejected": "empty"}'])
    assert chosen(tmp_path)[1].culprit() == "there is no article in 1 line"


def test_the_order_is_that_of_the_articles_not_of_files_and_lines(tmp_path: Path) -> None:
    articles = [
        an_article(f"{n:03}", date_published=f"2024-03-{n % 9 + 1:02}", text=f"{n} words")
        for n in range(60)
    ]
    orders = []
    for seed in range(3):
        dice = random.Random(seed)
        dice.shuffle(articles)
        folder = tmp_path / str(seed)
        for number in range(seed + 1):
            write_lines(folder / f"{dice.random()}.jsonl", articles[number :: seed + 1])
        orders.append(chosen(folder)[0])
    assert orders[0] == orders[1] == orders[2]
    assert len(set(orders[0])) == 60


def test_lines_that_do_not_fit_into_memory_at_once_come_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newscrawl.corpus.records.BUCKET_BYTES", 5000)
    names = [f"{n:03}" for n in range(50)]
    write_lines(
        tmp_path / "a.jsonl",
        [
            an_article(name, date_published=f"2024-01-01T00:{name[1:]}:00+00:00")
            for name in names[::-1]
        ],
    )
    assert chosen(tmp_path)[0] == names


def test_ids_are_strings_whoever_gave_them(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [an_article("a", id=7)])
    assert [article.id for article in taken(tmp_path)[0]] == ["7"]


@pytest.mark.parametrize("name", ["a[1]*?.jsonl", "it's.jsonl", "ü ä.jsonl"])
def test_file_names_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    write_lines(tmp_path / name, [an_article("a")])
    write_lines(tmp_path / "a1b.jsonl", [an_article("b")])
    with workshop() as scratch, Corpus(find_files([tmp_path / name]), scratch) as corpus:
        assert select(corpus, Filter()).taken == 1


def test_what_cannot_be_read_is_an_error_with_the_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        find_files([tmp_path / "nowhere.jsonl"])
    with pytest.raises(InputError, match=r"no \.jsonl or \.parquet"):
        find_files([tmp_path])
    (tmp_path / "a.csv").write_bytes(b"id,title")
    with pytest.raises(InputError, match="JSON lines and Parquet"):
        find_files([tmp_path / "a.csv"])


def test_a_wrong_expression_is_wrong_usage(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", CORPUS)
    with pytest.raises(UsageError, match=r"match=\("):
        chosen(tmp_path, matches=("(",))


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_packed_files_are_read_and_cut_ones_are_named(tmp_path: Path, packing: str) -> None:
    import gzip

    import zstandard

    pack = gzip.compress if packing == "gz" else zstandard.compress
    whole = tmp_path / f"whole.jsonl.{packing}"
    parts = [pack(encode(article) + b"\n") for article in CORPUS]
    whole.write_bytes(b"".join(parts))
    assert len(chosen(tmp_path)[0]) == len(CORPUS)
    cut = tmp_path / f"cut.jsonl.{packing}"
    cut.write_bytes(b"".join(parts)[:-30])
    with workshop() as scratch, Corpus(find_files([cut, whole]), scratch) as corpus:
        assert len(corpus.torn) == 1
        assert "cut.jsonl" in corpus.torn[0]


def test_a_month_or_year_is_a_bound_too(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [*CORPUS, an_article("old", date_published="2023-12-31")])
    assert chosen(tmp_path, since="2024-03", until="2024-03")[0] == [
        "month",
        "day",
        "evening",
        "local",
    ]
    assert chosen(tmp_path, until="2023")[0] == ["old"]


def test_values_that_no_article_has_are_named_with_those_that_there_are(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", CORPUS)
    tally = chosen(tmp_path, languages=("de", "german"), agencies=("Assocated Press",))[1]
    assert tally.unmet == [
        "no article has --language german; there is en 4, de 1",
        "no article has --agency Assocated Press; there is ap 1, associated press 1",
    ]
    assert chosen(tmp_path, kinds=("OPINION",))[1].unmet == []


def test_what_can_be_read_of_damaged_files_is_read(tmp_path: Path) -> None:
    import gzip

    import duckdb

    write_lines(tmp_path / "whole.jsonl", [an_article("a")])
    packed = gzip.compress(
        b"".join(
            encode(an_article(f"b{n}", text=f"{n} {n * 7919} words" * 9)) + b"\n" for n in range(50)
        )
    )
    (tmp_path / "cut.jsonl.gz").write_bytes(packed[: len(packed) * 2 // 3])
    (tmp_path / "none.parquet").write_bytes(b"no parquet")
    (tmp_path / "empty.jsonl").touch()
    many = tmp_path / "many.jsonl"
    write_lines(many, [an_article(f"c{n}", text=f"{n} {n * 7919} words") for n in range(500)])
    columns = f"SELECT * FROM read_json_auto('{many}')"
    duckdb.execute(
        f"COPY ({columns}) TO '{tmp_path}/damaged.parquet' (FORMAT parquet, COMPRESSION zstd)"
    )
    many.unlink()
    data = bytearray((tmp_path / "damaged.parquet").read_bytes())
    data[len(data) // 4 : len(data) // 4 + 200] = bytes(200)
    (tmp_path / "damaged.parquet").write_bytes(data)
    with workshop() as scratch, Corpus(find_files([tmp_path]), scratch) as corpus:
        tally = select(corpus, Filter())
        found = [a for _, a in read_articles_in_order(corpus) if isinstance(a, Article)]
        torn = "\n".join(corpus.torn)
    assert tally.adds_up()
    names = {str(article.id) for article in found}
    assert "id-a" in names
    assert 10 < len([name for name in names if name.startswith("id-b")]) < 50
    for name in ("cut.jsonl.gz", "none.parquet", "damaged.parquet"):
        assert name in torn
    assert "whole" not in torn
    assert not any("salvaged" in line for line in (*tally.damaged, torn))


def test_a_very_long_line_is_read_and_a_longer_one_named(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [an_article("long", text="word " * 3_000_000, body=())])
    found, _tally = chosen(tmp_path)
    assert found == ["long"]
    (tmp_path / "b.jsonl").write_bytes(b'{"id":"' + b"x" * 70_000_000 + b'"}\n')
    with pytest.raises(InputError, match=r"b\.jsonl"):
        chosen(tmp_path)


def test_papers_that_name_one_origin_as_their_canonical_address_are_two_articles(
    tmp_path: Path,
) -> None:
    origin = "https://origin.example/story"
    prints = [
        an_article(n, source=f"{n}.example", canonical_url=origin, id="same") for n in ("a", "b")
    ]
    write_lines(
        tmp_path / "a.jsonl",
        [*prints, *(an_article(f"c{n}", canonical_url="", url="") for n in range(3))],
    )
    found, tally = taken(tmp_path)
    assert (
        sorted(str(article.source) for article in found)
        == ["a.example", "b.example"] + ["courier.example"] * 3
    )
    assert tally.left_out == {}


@pytest.mark.parametrize(
    "printed",
    [
        "infinity",
        "-infinity",
        "now",
        "today",
        "0044-03-15 (BC)",
        "290000-01-01",
        "soon",
        "2024-99-99",
    ],
)
def test_what_is_no_date_makes_an_article_undated(tmp_path: Path, printed: str) -> None:
    write_lines(
        tmp_path / "a.jsonl",
        [an_article("odd", date_published=printed), an_article("b", date_published="2024-01-01")],
    )
    assert chosen(tmp_path)[0] == ["b", "odd"]
    assert chosen(tmp_path, since="2020-01-01T00:00:00+00:00")[0] == ["b"]


def test_a_deep_line_is_no_article_and_no_disaster(tmp_path: Path) -> None:
    deep = encode(an_article("deep"))[:-1] + b',"zz":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    write_lines(tmp_path / "a.jsonl", [deep, an_article("b")])
    found, _tally = taken(tmp_path)
    assert [article.id for article in found] == ["id-b"]


def test_names_with_signs_of_folders_and_homes_are_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(Path("language=xx") / "title=Hacked" / "~a.jsonl", [an_article("a")])
    write_lines(Path(".hidden") / "b.jsonl", [an_article("b")])
    write_lines(Path("~c.jsonl"), [an_article("c")])
    found, _ = taken(Path())
    assert [(article.title, article.language) for article in found] == [
        ("Title of a", "en"),
        ("Title of c", "en"),
    ]
    with workshop() as scratch, Corpus(find_files(["~c.jsonl"]), scratch) as corpus:
        assert select(corpus, Filter()).taken == 1


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("20240315", "2024-03-15"),
        ("2024", "2024"),
        ("2024-03", "2024-03"),
        ("2024-03-15T10:00", "2024-03-15T10:00:00+00:00"),
    ],
)
def test_bounds_are_read_as_iso_8601(given: str, read: str) -> None:
    assert parse_when("since", given) == read


@pytest.mark.parametrize("wrong", ["2024-13", "soon", "24-03-01", "2024-02-30"])
def test_other_bounds_are_wrong_usage(wrong: str) -> None:
    with pytest.raises(UsageError, match="no date"):
        parse_when("since", wrong)


def test_bounds_in_the_wrong_order_are_told_from_those_in_other_zones() -> None:
    assert not are_in_order("2024-03-02", "2024-03-01")
    assert are_in_order("2024-03-31", "2024-03")
    assert are_in_order("2024-03-05T00:00:00+14:00", "2024-03-04T11:00:00+00:00")
    assert not are_in_order("2024-03-05T00:00:00+00:00", "2024-03-04T11:00:00+00:00")
    assert are_in_order("2024-03-05T00:00:00+14:00", "2024-03-04")
