"""Exports: each format read with the tools people have, the same bytes again, and damage named."""

import csv
import io
import json
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree

from newscrawl import read_articles
from newscrawl.cli import main
from newscrawl.corpus.database import Corpus
from newscrawl.corpus.export import Report, Wish, export_file, export_folder
from newscrawl.corpus.files import find_files, workshop
from newscrawl.corpus.formats import FORMATS, FormatName
from newscrawl.corpus.manifest import (
    MANIFEST,
    RECORDS,
    FileEntry,
    manifest_of,
    read_manifest,
    verify,
    write_manifest,
)
from newscrawl.corpus.parts import parse_split
from newscrawl.corpus.selection import Filter
from newscrawl.errors import InputError, UsageError
from newscrawl.items import Article, Edit, Revision
from newscrawl.jsonl import encode, schema
from newscrawl.reasons import EditCode
from tests.articles import STORY, a_rich_article, an_article, write_lines

ARTICLES = (
    a_rich_article(),
    an_article("german", language="de", source="bote.example", date_published="2024-04-01", title=None),
    an_article("undated", date_published=None, source="bote.example", authors=()),
    an_article("copy", source="bote.example", text=f"rich: {STORY}", date_published="2024-05-06T01:00:00+00:00"),
)  # fmt: skip


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    write_lines(tmp_path / "in" / "a.jsonl", ARTICLES)
    return tmp_path / "in"


def export(lines: Path, target: Path, **wanted: Any) -> Report:
    with workshop() as scratch, Corpus(find_files([lines]), scratch) as corpus:
        make = export_folder if target.suffix == "" else export_file
        return make(corpus, Wish(**wanted), target)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"is_linked": True, "split": "source"},
        {"dedupe": "near", "split": "train=80,test=20"},
        {"split": "2"},
    ],
)
def test_the_same_articles_in_other_files_and_order_give_the_same_bytes(
    tmp_path: Path, form: FormatName, more: dict[str, Any]
) -> None:
    articles = [*ARTICLES, *(an_article(f"n{n}", date_published="2024-04-01") for n in range(20))]
    trees = []
    for seed in range(2):
        random.Random(seed).shuffle(articles)
        folder = tmp_path / f"in{seed}"
        write_lines(folder / "b.jsonl", articles[: 7 + seed])
        write_lines(folder / "sub" / "a.jsonl", articles[7 + seed :])
        export(folder, tmp_path / f"out{seed}", format=form, **more)
        assert list(verify(tmp_path / f"out{seed}")) == []
        trees.append(tree(tmp_path / f"out{seed}"))
    assert trees[0] == trees[1]
    manifest = json.loads(trees[0][MANIFEST])
    assert {entry["path"] for entry in manifest["files"]} == trees[0].keys() - {MANIFEST}
    assert sum(entry["articles"] for entry in manifest["files"]) == manifest["articles"]
    assert trees[0][RECORDS].count(b"\n") == manifest["articles"] + 1
    # Nothing of this machine, and nothing of the hour.
    assert str(tmp_path).encode() not in b"".join(trees[0].values())


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_what_is_exported_is_read_back_as_the_articles_that_went_in(
    tmp_path: Path, lines: Path, form: FormatName
) -> None:
    removed = replace(
        ARTICLES[0],
        removed=(Edit(code=EditCode.RELATED, text="More"),),
        id="removed",
        url=None,
        canonical_url=None,
    )
    write_lines(lines / "b.jsonl", [removed])
    export(lines, tmp_path / "out", format=form)
    found = list(read_articles(tmp_path / "out"))
    assert sorted(found, key=lambda a: str(a.id)) == sorted(
        [*ARTICLES, removed], key=lambda a: str(a.id)
    )
    again = tmp_path / "again"
    export(tmp_path / "out", again, format="jsonl")
    assert sorted(map(encode, read_articles(again))) == sorted(map(encode, found))


def test_parquet_is_read_by_the_tools_people_have(tmp_path: Path, lines: Path) -> None:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow.parquet as pq

    export(lines, tmp_path / "out", format="parquet", is_linked=True)
    path = tmp_path / "out" / "articles.parquet"
    titles = ["Title of rich", None, "Title of copy", "Title of undated"]
    assert pq.read_table(path)["title"].to_pylist() == titles
    assert pl.read_parquet(path)["title"].to_list() == titles
    frame = pd.read_parquet(path)
    assert frame["title"].fillna("").tolist() == [title or "" for title in titles]
    assert frame["cluster"][2]["role"] == "edited_copy" or frame["cluster"][2]["role"] == "copy"
    found = duckdb.execute(
        f"SELECT title, agencies[1].id, images[1].credit.agency, len(body) FROM '{path}'"
    ).fetchone()
    assert found == ("Title of rich", "ap", "ap", 8)


def test_hugging_face_datasets_loads_an_export_as_it_is(tmp_path: Path) -> None:
    # The first lines have none of what the others have: types must not be guessed from them.
    bare = [
        an_article(f"n{n}", text=" ".join(f"{n}x{k}" for k in range(30)), date_published=f"2020-01-{n % 28 + 1:02}")
        for n in range(60)
    ]  # fmt: skip
    write_lines(tmp_path / "in" / "a.jsonl", [*bare, *ARTICLES])
    wishes = [
        (form, split)
        for form in ("jsonl", "parquet", "csv")
        for split in (None, "train=50,test=50", "source")
    ]
    for number, (form, split) in enumerate(wishes):
        export(tmp_path / "in", tmp_path / str(number), format=form, split=split, is_linked=True)
    # One process for all: to load the library takes longer than to load the data.
    program = """
import datasets, json, sys
for folder in sys.argv[1:]:
    parts = datasets.load_dataset(folder)
    print(json.dumps({name: [list(part["id"]), list(part["title"])] for name, part in parts.items()}))
"""
    environment = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "PATH": ""}
    run = subprocess.run(
        [sys.executable, "-c", program, *(str(tmp_path / str(n)) for n in range(len(wishes)))], env=environment,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    for (_, split), found in zip(wishes, answers, strict=True):
        assert set(found) == ({"train", "test"} if split and "=" in split else {"train"})
        names = sorted(name for ids, _ in found.values() for name in ids)
        assert names == sorted(str(article.id) for article in [*bare, *ARTICLES])


def test_lines_are_valid_against_the_schema(tmp_path: Path, lines: Path) -> None:
    export(lines, tmp_path / "out.jsonl", is_linked=True)
    validator = jsonschema.Draft202012Validator(schema())
    written = (tmp_path / "out.jsonl").read_bytes().splitlines()
    assert len(written) == len(ARTICLES)
    for line in written:
        validator.validate(json.loads(line))


def tei_schema() -> etree.DTD:
    """Give the DTD of TEI P5 4.8.0 that trafilatura ships."""
    with files("trafilatura").joinpath("data/tei_corpus.dtd").open("rb") as file:
        return etree.DTD(file)


def test_tei_is_valid_alone_and_as_a_corpus(tmp_path: Path, lines: Path) -> None:
    odd = an_article(
        "odd",
        title="\x0b<&>\ud7ff\ufffe",
        text="x\x00y",
        language=None,
        date_published="2024",
        body=(),
    )
    write_lines(lines / "odd.jsonl", [odd])
    export(lines, tmp_path / "out", format="tei")
    paths = sorted((tmp_path / "out").rglob("*.xml"))
    assert [path.parent.name for path in paths] == ["bote.example"] * 3 + ["courier.example"] * 2
    dtd = tei_schema()
    for path in paths:
        found = etree.parse(path)
        assert dtd.validate(found), str(dtd.error_log)[:500]
    export(lines, tmp_path / "out.xml", format="tei")
    corpus = etree.parse(tmp_path / "out.xml")
    assert dtd.validate(corpus), str(dtd.error_log)[:500]
    names = {"t": "http://www.tei-c.org/ns/1.0"}
    rich: Any = corpus.xpath("//t:TEI[.//t:idno='id-rich']", namespaces=names)
    rich = rich[0]
    assert rich.xpath("string(.//t:respStmt/t:name/@key)", namespaces=names) == "ap"
    assert len(rich.xpath(".//t:body//t:item", namespaces=names)) == 2
    assert (
        rich.xpath("string(.//t:bibl/t:date/@when)", namespaces=names)
        == "2024-03-04T15:20:41+05:30"
    )


def test_csv_and_text_hold_each_article_once(tmp_path: Path, lines: Path) -> None:
    export(lines, tmp_path / "out.csv", format="csv")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["id-rich", "id-german", "id-copy", "id-undated"]
    assert rows[0]["agencies"] == "ap"
    assert rows[1]["text"] == ARTICLES[1].text
    export(lines, tmp_path / "out.txt", format="txt")
    texts = (tmp_path / "out.txt").read_text(encoding="utf-8").split("\f\n")
    assert [text.split("\n")[0] for text in texts] == [
        "Title of rich",
        ARTICLES[1].text,
        "Title of copy",
        "Title of undated",
    ]
    export(lines, tmp_path / "out", format="txt")
    assert (
        tmp_path / "out" / "bote.example" / "id-german.txt"
    ).read_text() == f"{ARTICLES[1].text}\n"


def test_versions_and_odd_ids_get_files_of_their_own(tmp_path: Path) -> None:
    versions = [
        an_article("a", id="../x", text=f"{n}", revision=Revision(number=n)) for n in (1, 2)
    ]
    write_lines(
        tmp_path / "in" / "a.jsonl",
        [*versions, an_article("b", id="../x"), an_article("c", id="y" * 500)],
    )
    export(tmp_path / "in", tmp_path / "out", format="txt", filter=Filter(versions="all"))
    names = sorted(path.name for path in (tmp_path / "out" / "courier.example").iterdir())
    assert names[:3] == ["%2E.%2Fx.txt", "%2E.%2Fx~2.txt", "%2E.%2Fx~3.txt"]
    assert len(names) == 4
    assert list(verify(tmp_path / "out")) == []


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("month", "2024-03 2024-04 2024-05 undated"),
        ("year", "2024 undated"),
        ("day", "2024-03-04 2024-04-01 2024-05-06 undated"),
        ("source", "bote.example courier.example"),
        ("language", "de en"),
        ("kind", "article"),
        ("3", "part-00000 part-00001"),
    ],
)
def test_an_export_is_split_as_it_is_asked(
    tmp_path: Path, lines: Path, split: str, names: str
) -> None:
    export(lines, tmp_path / "out", split=split)
    assert " ".join(sorted(path.stem for path in (tmp_path / "out").glob("*.jsonl"))) == names


def test_many_parts_are_written_with_few_open_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newscrawl.corpus.parts.MAX_OPEN", 2)
    articles = [
        an_article(f"n{n}", source=f"s{n % 5}.example", date_published=f"2024-01-{n + 1:02}")
        for n in range(20)
    ]
    write_lines(tmp_path / "in" / "a.jsonl", articles)
    for form in FORMATS:
        export(tmp_path / "in", tmp_path / form, split="source", format=form)
        assert list(verify(tmp_path / form)) == []
    assert len((tmp_path / "csv" / "s3.example.csv").read_text().splitlines()) == 5


def test_shares_keep_copies_together_and_articles_in_place(tmp_path: Path) -> None:
    articles = [
        an_article(f"n{n}", text=f"{n // 2} {STORY.replace('the', f'w{n // 2}')}")
        for n in range(200)
    ]
    write_lines(tmp_path / "in" / "a.jsonl", articles)
    export(tmp_path / "in", tmp_path / "out", split="train=75,test=25")
    parts = {path.stem: list(read_articles(path)) for path in (tmp_path / "out").glob("*.jsonl")}
    assert 20 <= len(parts["test"]) <= 80
    clusters = {name: {a.cluster.id for a in part if a.cluster} for name, part in parts.items()}
    assert len(clusters["train"] | clusters["test"]) == 100
    assert not clusters["train"] & clusters["test"]


@pytest.mark.parametrize("split", ["week", "0", "train=1", "train=0,test=0", "a=1;b=2"])
def test_a_split_that_is_none_is_wrong_usage(split: str) -> None:
    with pytest.raises(UsageError, match="split"):
        parse_split(split)


@pytest.mark.parametrize(
    ("dedupe", "names"),
    [("none", "a b b2 c c2 d"), ("exact", "a c c2 d"), ("near", "a d"), ("per-source", "a b c d")],
)
def test_duplicates_are_left_out_as_asked_and_counted(
    tmp_path: Path, dedupe: str, names: str
) -> None:
    edited = STORY.replace("Twelve", "Ten")
    prints = [
        ("a", "a.example", STORY), ("b", "b.example", STORY), ("b2", "a.example", STORY), ("c", "c.example", edited),
        ("c2", "c.example", f"{edited} More."), ("d", "d.example", "Another story altogether."),
    ]  # fmt: skip
    articles = [
        an_article(name, source=source, text=text, date_published=f"2024-03-04T0{n}:00:00+00:00")
        for n, (name, source, text) in enumerate(prints)
    ]
    write_lines(tmp_path / "in" / "a.jsonl", articles)
    report = export(tmp_path / "in", tmp_path / "out", dedupe=dedupe)
    kept = [str(article.id).removeprefix("id-") for article in read_articles(tmp_path / "out")]
    assert " ".join(kept) == names
    assert report.tally.left_out.get("duplicate", 0) == len(prints) - len(kept)
    assert report.tally.adds_up()


def flip(path: Path, place: int | None = None) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3 if place is None else place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("form", FORMATS)
def test_a_flipped_bit_is_named_with_its_article(
    tmp_path: Path, lines: Path, form: FormatName
) -> None:
    export(lines, tmp_path / "out", format=form)
    path = max(
        (
            p
            for p in (tmp_path / "out").rglob("*.*")
            if p.suffix in (".jsonl", ".parquet", ".csv", ".xml", ".txt")
        ),
        key=lambda p: p.stat().st_size,
    )
    flip(path)
    found = "\n".join(verify(tmp_path / "out"))
    assert f"{path.relative_to(tmp_path / 'out')} is not as it was exported" in found
    assert "article id-" in found or form == "parquet"


def test_a_bit_of_parquet_that_only_changes_a_text_is_named_with_its_article(
    tmp_path: Path, lines: Path
) -> None:
    import duckdb

    export(lines, tmp_path / "out", format="parquet")
    path = tmp_path / "out" / "articles.parquet"
    duckdb.execute(
        f"COPY (SELECT * REPLACE (replace(title, 'rich', 'rick') AS title) FROM '{path}') TO '{tmp_path}/new.parquet' (FORMAT parquet)"
    )
    (tmp_path / "new.parquet").replace(path)
    found = list(verify(tmp_path / "out"))
    assert any("article id-rich at 0" in line for line in found)
    assert not any("id-german" in line for line in found)


def damage_missing(folder: Path) -> str:
    (folder / "articles.jsonl").unlink()
    return "articles.jsonl is missing"


def damage_longer(folder: Path) -> str:
    with (folder / "articles.jsonl").open("ab") as file:
        file.write(b"\n")
    return "instead of"


def damage_card(folder: Path) -> str:
    flip(folder / "README.md")
    return "README.md is not"


def damage_records(folder: Path) -> str:
    flip(folder / RECORDS)
    flip(folder / "articles.jsonl")
    return "records.tsv is damaged itself"


@pytest.mark.parametrize("damage", [damage_missing, damage_longer, damage_card, damage_records])
def test_other_damage_is_named(tmp_path: Path, lines: Path, damage: Callable[[Path], str]) -> None:
    export(lines, tmp_path / "out")
    said = damage(tmp_path / "out")
    assert said in "\n".join(verify(tmp_path / "out"))


def test_a_changed_manifest_is_an_error(tmp_path: Path, lines: Path) -> None:
    export(lines, tmp_path / "out")
    path = tmp_path / "out" / MANIFEST
    path.write_text(path.read_text().replace('"articles": 4', '"articles": 5', 1))
    with pytest.raises(InputError, match="manifest"):
        list(verify(tmp_path / "out"))
    with pytest.raises(InputError, match="no manifest"):
        list(verify(tmp_path / "in"))


def test_the_manifest_says_what_was_asked_and_what_it_was_made_with(
    tmp_path: Path, lines: Path
) -> None:
    export(lines, tmp_path / "out", filter=Filter(languages=("en",)), dedupe="near")
    found = read_manifest(manifest_of(tmp_path / "out"))
    assert found["asked"] == {
        "format": "jsonl",
        "languages": ["en"],
        "versions": "last",
        "dedupe": "near",
        "title": "A newscrawl corpus",
    }
    assert (found["lines"], found["left_out"], found["articles"]) == (
        4,
        {"language": 1, "duplicate": 2},
        1,
    )
    assert found["extracted_with"]["newscrawl"] == {"0.1.0": 1}
    assert found["extracted_with"]["trafilatura"] == {"2.3.1": 1}
    assert found["sources"] == {"courier.example": {"articles": 1}}
    assert found["schema_version"] == 1
    assert set(found["made_with"]) >= {"newscrawl", "duckdb"}


def test_publisher_files_and_profiles_are_in_the_manifest(tmp_path: Path) -> None:
    made = replace(
        ARTICLES[0].extracted_with, publisher_layout="reuters.com", profile="0123456789abcdef"
    )
    write_lines(
        tmp_path / "in" / "a.jsonl", [an_article("a", source="reuters.com", extracted_with=made)]
    )
    export(tmp_path / "in", tmp_path / "out")
    found = read_manifest(manifest_of(tmp_path / "out"))
    assert found["extracted_with"]["publisher_layout"] == {"reuters.com": 1}
    assert found["extracted_with"]["profile"] == {"0123456789abcdef": 1}
    assert len(found["sources"]["reuters.com"]["publisher_file"]) == 64


def test_only_an_export_is_replaced(tmp_path: Path, lines: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    export(lines, target, format="txt")
    export(lines, target, format="jsonl")
    assert sorted(path.name for path in target.iterdir()) == [
        "README.md",
        "articles.jsonl",
        "card.html",
        MANIFEST,
        "plots",
        RECORDS,
    ]
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="not empty"):
        export(lines, precious)
    assert tree(precious) == {"thesis.tex": b"years of work"}
    with pytest.raises(UsageError, match="--split"):
        export(lines, tmp_path / "a.jsonl", split="day")


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, lines: Path) -> None:
    export(lines, tmp_path / "out")
    before = tree(tmp_path / "out")
    write_lines(
        lines / "b.jsonl", [an_article(f"n{n}", text=f"{n} {STORY * 9}") for n in range(300)]
    )

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (800_000, 800_000))

    command = [sys.executable, "-m", "newscrawl", "export", "in", "-O", "out/"]
    run = subprocess.run(
        command, cwd=tmp_path, preexec_fn=fill, capture_output=True, check=False, timeout=120
    )
    assert run.returncode == 1, run.stderr
    assert run.stderr.startswith(b"newscrawl: ")
    assert b"Traceback" not in run.stderr
    assert tree(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def run(
    capfdbinary: pytest.CaptureFixture[bytes], *arguments: str | Path
) -> tuple[int, bytes, str]:
    code = main([*map(str, arguments)])
    said = capfdbinary.readouterr()
    return code, said.out, said.err.decode()


def test_the_command_writes_to_standard_output_and_to_addresses(
    tmp_path: Path, lines: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, out, err = run(capfdbinary, "export", lines, "--language", "DE,fr", "--format", "csv")
    assert code == 0
    assert [row["id"] for row in csv.DictReader(io.StringIO(out.decode()))] == ["id-german"]
    assert "1 of 4 lines exported; left out: by --language 3" in err
    remote = f"file://{tmp_path}/remote"
    assert run(capfdbinary, "export", lines, "-q", "-O", f"{remote}/corpus/")[::2] == (0, "")
    assert list(verify(tmp_path / "remote" / "corpus")) == []
    assert (
        run(capfdbinary, "export", lines, "--format", "parquet", "-O", f"{remote}/one.parquet")[0]
        == 0
    )
    assert list(verify(tmp_path / "remote" / "one.parquet")) == []
    code, out, err = run(capfdbinary, "export", lines, "-O", "nosuchscheme://bucket/x/")
    assert (code, out) == (2, b"")
    assert "nosuchscheme" in err


def test_the_command_reads_standard_input(tmp_path: Path, lines: Path) -> None:
    command = [sys.executable, "-m", "newscrawl", "export", "-", "--format", "txt"]
    run = subprocess.run(
        command,
        input=(lines / "a.jsonl").read_bytes(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.count(b"\f\n") == len(ARTICLES) - 1


def test_exit_codes_say_how_it_went(
    tmp_path: Path, lines: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, out, err = run(capfdbinary, "export", lines, "--kind", "video", "-O", tmp_path / "none")
    assert (code, out) == (3, b"")
    assert "nothing to export: --kind leaves none of 4 articles" in err
    assert not (tmp_path / "none").exists()
    for wrong in (
        ["--since", "soon"],
        ["--since", "2024-02-01", "--until", "2024-01-01"],
        ["--window", "x"],
        ["--match", "["],
        ["--split", "x"],
    ):
        assert run(capfdbinary, "export", lines, *wrong)[0] == 2
    assert run(capfdbinary, "export", tmp_path / "nowhere")[0] == 1
    write_lines(lines / "b.jsonl", [b"{torn"])
    code, out, err = run(capfdbinary, "export", lines)
    assert code == 1
    assert out.count(b"\n") == 4
    assert "b.jsonl: 1 line no article" in err
    assert run(capfdbinary, "export", lines, "--since", "36500d", "-q")[0] == 1


def test_verify_says_that_all_is_well_or_what_is_not(
    tmp_path: Path, lines: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    run(capfdbinary, "export", lines, "-O", tmp_path / "out.csv", "--format", "csv")
    code, out, _ = run(capfdbinary, "verify", tmp_path / "out.csv")
    assert (code, out) == (0, b"2 files, 4 articles: as exported\n")
    flip(tmp_path / "out.csv", 750)
    code, out, _ = run(capfdbinary, "verify", tmp_path / "out.csv")
    assert code == 1
    assert b"article id-rich" in out
    assert run(capfdbinary, "verify", tmp_path)[0] == 1


def test_articles_are_read_typed_and_errors_name_the_line(tmp_path: Path, lines: Path) -> None:
    write_lines(lines / "b.jsonl", [b'{"rejected": "empty"}', ARTICLES[1], b"{torn"])
    found = read_articles(lines / "b.jsonl")
    article = next(found)
    assert isinstance(article, Article)
    assert article == ARTICLES[1]
    with pytest.raises(InputError, match=r"b\.jsonl:3"):
        next(found)
    with pytest.raises(InputError, match="no such file"):
        list(read_articles(tmp_path / "nowhere.jsonl"))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"bad\.parquet"):
        list(read_articles(tmp_path / "bad.parquet"))


def test_nothing_is_written_over_or_among_what_is_read(
    tmp_path: Path, lines: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    before = tree(lines)
    path = lines / "a.jsonl"
    for arguments in (
        ["export", path, "-O", path], ["export", lines, "-O", path], ["export", lines, "-O", f"{lines}/sub/"],
        ["export", lines, "-O", lines], ["link", path, "-O", path], ["link", path, "-o", path],
        ["clean", "--input-format", "jsonl", path, "-O", path],
    ):  # fmt: skip
        code, _, err = run(capfdbinary, *map(str, arguments))
        assert code == 2, arguments
        assert "which is read" in err
    assert tree(lines) == before


@pytest.mark.parametrize(
    ("arguments", "code", "beginning"),
    [
        (["-O", "x.parquet"], 0, b"PAR1"),
        (["-O", "x.csv"], 0, b"id,url,"),
        (["-O", "x.xml"], 0, b"<?xml"),
        (["-O", "x.tei"], 0, b"<?xml"),
        (["-O", "x.txt"], 0, b"Title of rich"),
        (["-O", "x.jsonl"], 0, b'{"schema_version"'),
        (["--format", "parquet", "-O", "x.csv"], 2, None),
        (["-O", "x.jsonl.gz"], 2, None),
        (["-O", "x.v1"], 2, None),
    ],
)
def test_the_name_of_a_file_says_its_format(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, beginning: bytes | None
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["export", "in", *arguments]) == code
    target = tmp_path / arguments[-1]
    assert target.exists() == (code == 0)
    if beginning:
        assert target.read_bytes().startswith(beginning)


def test_parquet_has_moments_and_days(tmp_path: Path, lines: Path) -> None:
    import pandas as pd

    export(lines, tmp_path / "out", format="parquet")
    frame = pd.read_parquet(tmp_path / "out" / "articles.parquet")
    assert str(frame.published[0]) == "2024-03-04 09:50:41+00:00"
    assert str(frame.day[0]).startswith("2024-03-04")
    assert pd.isna(frame.published[3])


def test_a_csv_of_cleaned_files_has_their_addresses(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "in" / "a.jsonl",
        [an_article("a", url=None, canonical_url="https://a.example/a")],
    )
    export(tmp_path / "in", tmp_path / "out.csv", format="csv")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert [row["url"] for row in csv.DictReader(file)] == ["https://a.example/a"]


def test_texts_that_stand_twice_are_counted_in_what_is_exported(
    tmp_path: Path, lines: Path
) -> None:
    assert export(lines, tmp_path / "all").figures.texts_twice() == 1
    assert export(lines, tmp_path / "once", dedupe="exact").figures.texts_twice() == 0


def test_clusters_of_an_earlier_export_are_said_to_be_such(tmp_path: Path, lines: Path) -> None:
    export(lines, tmp_path / "linked", is_linked=True)
    export(tmp_path / "linked", tmp_path / "again", filter=Filter(sources=("bote.example",)))
    assert "an earlier command found" in (tmp_path / "again" / "README.md").read_text()
    export(
        tmp_path / "linked",
        tmp_path / "anew",
        filter=Filter(sources=("courier.example",)),
        is_linked=True,
    )
    assert not any(article.cluster for article in read_articles(tmp_path / "anew"))


def test_articles_that_only_moved_are_not_named(tmp_path: Path, lines: Path) -> None:
    export(lines, tmp_path / "out")
    path = tmp_path / "out" / "articles.jsonl"
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([rows[3], *rows[:2]]))
    named = [line for line in verify(tmp_path / "out") if "article id-" in line]
    assert len(named) == 1
    assert "id-copy" in named[0]
    export(lines, tmp_path / "out.csv", format="csv")
    (tmp_path / "out.csv").write_bytes(b"\n" + (tmp_path / "out.csv").read_bytes())
    assert any("another length" in line for line in verify(tmp_path / "out.csv"))


def test_what_does_not_belong_to_an_export_is_named(tmp_path: Path, lines: Path) -> None:
    export(lines, tmp_path / "out")
    write_lines(tmp_path / "out" / "more.jsonl", [an_article("x")])
    assert list(verify(tmp_path / "out")) == ["more.jsonl is not in the manifest"]


def test_a_window_without_links_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="--window"):
        Wish(window=timedelta(days=1))
    Wish(window=timedelta(days=1), dedupe="exact")


def test_a_folder_with_some_manifest_is_not_an_export(tmp_path: Path, lines: Path) -> None:
    other = tmp_path / "extension"
    other.mkdir()
    (other / MANIFEST).write_text('{"name": "an extension"}')
    with pytest.raises(UsageError, match="not empty"):
        export(lines, other)
    export(lines, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        export(lines, tmp_path / "out")


def test_a_move_that_fails_brings_the_export_back(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(lines, tmp_path / "out")
    before = tree(tmp_path / "out")
    replace_ = Path.replace

    def fail(path: Path, target: Path) -> Path:
        if path.name == "made":
            raise OSError(5, "Input/output error")
        return replace_(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError, match="Input/output"):
        export(lines, tmp_path / "out", format="csv")
    assert tree(tmp_path / "out") == before


def test_long_articles_are_packed_too(tmp_path: Path) -> None:
    articles = [an_article(f"n{n}", text=f"{n} " + "word " * 60_000, body=()) for n in range(300)]
    write_lines(tmp_path / "in" / "a.jsonl", articles)
    export(tmp_path / "in", tmp_path / "out", format="parquet")
    assert list(verify(tmp_path / "out")) == []


def test_an_earlier_version_is_exported_where_the_last_is_none(tmp_path: Path) -> None:
    bad = encode(an_article("a", revision=Revision(number=2))).replace(
        b'"word_count":', b'"word_count":0.5,"x":'
    )
    write_lines(
        tmp_path / "in" / "a.jsonl",
        [an_article("a", revision=Revision(number=1)), bad, an_article("b")],
    )
    report = export(tmp_path / "in", tmp_path / "out")
    assert sorted(str(article.id) for article in read_articles(tmp_path / "out")) == [
        "id-a",
        "id-b",
    ]
    assert report.tally.left_out == {"no_article": 1}
    assert len(report.damaged) == 1


def test_shares_keep_versions_together_and_articles_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leave out --window"):
        Wish(split="a=1,b=1", window=timedelta(days=1))
    first = [
        an_article(
            f"n{n}", text=f"{n} {STORY.replace('the', f'w{n}')}", date_published="2024-01-01"
        )
        for n in range(30)
    ]
    later = [
        replace(
            a,
            id=f"{a.id}-copy",
            url=f"{a.url}/copy",
            canonical_url=f"{a.url}/copy",
            date_published="2024-02-01",
        )
        for a in first
    ]
    versions = [
        an_article("v", id=f"v{n}", text=f"{n} {STORY}", revision=Revision(number=n))
        for n in range(1, 9)
    ]
    places = []
    for name, articles in (("one", first), ("two", [*first, *later, *versions])):
        write_lines(tmp_path / name / "a.jsonl", articles)
        export(
            tmp_path / name,
            tmp_path / f"{name}-out",
            split="train=50,test=50",
            filter=Filter(versions="all"),
        )
        places.append(
            {
                str(a.id): path.stem
                for path in (tmp_path / f"{name}-out").glob("*.jsonl")
                for a in read_articles(path)
            }
        )
    assert places[0].items() <= places[1].items()
    assert all(places[1][f"id-n{n}"] == places[1][f"id-n{n}-copy"] for n in range(30))
    assert len({places[1][f"v{n}"] for n in range(1, 9)}) == 1


def test_only_what_is_like_what_is_kept_is_left_out(tmp_path: Path) -> None:
    words = [f"w{n}" for n in range(200)]
    editions = []
    for day in range(28):
        words[day * 7 : day * 7 + 7] = [f"d{day}x{n}" for n in range(7)]
        editions.append(
            an_article(
                f"e{day:02}",
                source=f"s{day}.example",
                text=" ".join(words),
                date_published=f"2024-01-{day + 1:02}",
            )
        )
    write_lines(tmp_path / "in" / "a.jsonl", editions)
    export(tmp_path / "in", tmp_path / "out", dedupe="near")
    kept = list(read_articles(tmp_path / "out"))
    assert kept[0].id == "id-e00"
    assert len(kept) > 10
    assert all(a.cluster.similarity < 0.75 for a in kept[1:] if a.cluster)
    texts = [an_article("a", text=STORY, revision=Revision(number=1)), an_article("b", text=STORY, source="b.example"),
             an_article("b", text="Quite another text now.", source="b.example", revision=Revision(number=2))]  # fmt: skip
    write_lines(tmp_path / "in" / "a.jsonl", texts)
    export(tmp_path / "in", tmp_path / "out", dedupe="exact", filter=Filter(versions="all"))
    assert {a.text for a in read_articles(tmp_path / "out")} == {STORY, "Quite another text now."}


def test_hostile_values_break_no_format(tmp_path: Path) -> None:
    odd = "a$\\frac$\x01\r\r# <b>\f\x00"
    articles = [
        an_article(f"n{n}", source=value, url=f"https://x.example/{n}", title=odd, text=f"{n} {odd}", language=odd, kind=odd,
                   date_published="$\\bad$x", extracted_with=replace(ARTICLES[0].extracted_with, newscrawl="0\x00"))
        for n, value in enumerate((odd, "records.tsv", "manifest.json", "README.md", "plots", "Ab", "aB"))
    ]  # fmt: skip
    write_lines(tmp_path / "in" / "a.jsonl", articles)
    for form in FORMATS:
        export(tmp_path / "in", tmp_path / form, format=form)
        assert list(verify(tmp_path / form)) == []
        for image in (tmp_path / form / "plots").glob("*.svg"):
            etree.parse(image)
    with (tmp_path / "csv" / "articles.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(articles)
    export(tmp_path / "in", tmp_path / "one.txt", format="txt")
    assert (tmp_path / "one.txt").read_bytes().count(b"\f\n") == len(articles) - 1
    names = [
        path.relative_to(tmp_path / "txt").as_posix().casefold()
        for path in (tmp_path / "txt").rglob("*.txt")
    ]
    assert len(names) == len(set(names)) == len(articles)


def test_plots_do_not_depend_on_the_users_settings(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "newscrawl", "export", str(lines), "-q", "-O"]
    for name in ("plain", "styled"):
        folder = tmp_path / name
        folder.mkdir()
        if name == "styled":
            (folder / "matplotlibrc").write_text("axes.grid: True\nfont.family: monospace\n")
        subprocess.run([*command, "out"], cwd=folder, check=True, timeout=60)
    assert tree(tmp_path / "plain" / "out") == tree(tmp_path / "styled" / "out")


def test_an_export_at_an_address_is_replaced_as_a_whole(
    tmp_path: Path, lines: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    remote = f"file://{tmp_path}/remote/"
    assert run(capfdbinary, "export", lines, "--split", "month", "-O", remote)[0] == 0
    assert (
        run(
            capfdbinary, "export", lines, "--split", "month", "--since", "2024-05-01", "-O", remote
        )[0]
        == 0
    )
    assert [path.name for path in (tmp_path / "remote").glob("*.jsonl")] == ["2024-05.jsonl"]
    assert list(verify(tmp_path / "remote")) == []


def test_a_manifest_names_nothing_outside_its_folder(tmp_path: Path) -> None:
    for name in ("../precious", "/etc/passwd", "a/../../b"):
        write_manifest(
            tmp_path / MANIFEST, {"articles": 0}, [FileEntry(path=name, bytes=1, sha256="x")]
        )
        with pytest.raises(InputError, match="no file of an export"):
            read_manifest(tmp_path / MANIFEST)


def test_odd_names_and_manifests_are_no_disaster(tmp_path: Path, lines: Path) -> None:
    export(lines, tmp_path / "a\tb.csv", format="csv")
    flip(tmp_path / "a\tb.csv", 800)
    assert any("article id-" in line for line in verify(tmp_path / "a\tb.csv"))
    for content in ('{"files": 5, "digest": "x"}', "[" * 50_000, "{}"):
        (tmp_path / MANIFEST).write_text(content)
        with pytest.raises(InputError, match="manifest"):
            list(verify(tmp_path / MANIFEST))
