"""The data card: right figures, strangers' texts harmless, the form that Hugging Face reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard
from lxml import html

from newscrawl.cli import main
from newscrawl.corpus.card import Card, markdown, page, plain
from newscrawl.corpus.database import Corpus
from newscrawl.corpus.describing import describe
from newscrawl.corpus.figures import Figures
from newscrawl.corpus.files import find_files, workshop
from newscrawl.corpus.plots import plots
from newscrawl.corpus.selection import Tally
from newscrawl.demo.server import DemoServer
from newscrawl.items import CodeCount, ExtractedWith, OptOut, Paywall, Publisher
from newscrawl.reasons import EditCode
from tests.articles import STORY, a_rich_article, an_article, write_lines
from tests.shell import Shell

HOSTILE = "<script>alert(1)</script> | **x** ![i](http://evil.example/i.png) [l](javascript:alert(1)) `c` &lt; $x$"


def described(folder: Path, *, is_linked: bool = False) -> tuple[Tally, Figures]:
    with workshop() as scratch, Corpus(find_files([folder]), scratch) as corpus:
        return describe(corpus, is_linked=is_linked)


def rows(card: str, heading: str) -> dict[str, list[str]]:
    """Give the rows of the first table under a heading."""
    part = card.split(f"{heading}\n", 1)[1]
    lines = [line for line in re.split(r"\n#", part)[0].splitlines() if line.startswith("| ")][2:]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return {row[0]: row[1:] for row in cells}


def metadata(card: str) -> dict[str, Any]:
    """Read the head of a card as Hugging Face does."""
    return dict(DatasetCard(card).data.to_dict())  # type: ignore[no-untyped-call]


@pytest.fixture
def card(tmp_path: Path) -> str:
    articles = [
        a_rich_article(),
        an_article("same", text=f"rich: {STORY}", source="bote.example", language="de", date_published="2024-04-01T10:00:00"),
        an_article("undated", text="A wholly different text.", source="bote.example", date_published=None, language=None,
                   removed_codes=(CodeCount(code=EditCode.RELATED, count=3),)),
    ]  # fmt: skip
    write_lines(tmp_path / "a.jsonl", [*articles, b'{"rejected": "home_page"}', b"torn"])
    tally, figures = described(tmp_path, is_linked=True)
    refusals = {"bote.example": {"home_page": 2, "robots": 1}}
    return markdown(Card(title="Ferries", figures=figures, tally=tally, refusals=refusals))


def test_the_card_counts_what_is_there(card: str) -> None:
    assert "3 news articles" in card
    assert "of 2 sources in 2 languages, from 2024-03 to 2024-04" in card
    assert rows(card, "## Dataset Structure") | {"articles": ["3"]} == {
        "lines read": ["5"], "lines that are no JSON": ["-1"],
        "refused pages": ["-1"], "articles": ["3"],
    }  # fmt: skip
    sources = rows(card, "### Sources")
    assert sources["bote.example"][:2] == ["Bote", "2"]
    assert sources["courier.example"][-2:] == ["100.0 %", "100.0 %"]
    assert rows(card, "### Languages") == {
        "de": ["1", "33.3 %"],
        "en": ["1", "33.3 %"],
        "unknown": ["1", "33.3 %"],
    }
    assert rows(card, "### Months") == {
        name: ["1", "33.3 %"] for name in ("2024-03", "2024-04", "unknown")
    }
    fields = rows(card, "### Fields")
    assert fields["agencies"] == ["1", "33.3 %"]
    assert fields[plain("date_published with time")] == ["2", "66.7 %"]
    assert fields[plain("date_published with zone")] == ["1", "33.3 %"]
    assert rows(card, "### What was removed")["`related.block`"][:2] == ["5", "2"]
    refused = rows(card, "### What was refused")
    assert refused["`home_page`"][0] == "3"
    assert refused["`robots`"][0] == "1"
    assert "word for word: 1 (33.3 %)" in card
    assert "Articles in clusters of one text: 2 (66.7 %), in 1 cluster." in card
    assert "- Cut off by a paywall: 1 (33.3 %)." in card
    assert rows(card, "### Paywalls and opt-outs") == {"meta.robots: noai": ["1", "33.3 %"]}
    assert "- 1 articles (33.3 %) have no date of publication." in card
    assert "- 1 articles (33.3 %) have a time of publication without a zone." in card


def test_hugging_face_reads_the_metadata(card: str) -> None:
    data = metadata(card)
    assert data["pretty_name"] == "Ferries"
    assert data["language"] == ["de", "en"]
    assert data["size_categories"] == ["n<1K"]
    assert data["multilinguality"] == "multilingual"


def hostile_card(folder: Path) -> Card:
    article = an_article(
        "x", source=HOSTILE, url="https://a.example/", publisher=Publisher(name=HOSTILE), kind=HOSTILE,
        opt_outs=(OptOut(signal="meta.robots", value=HOSTILE),), paywall=Paywall(),
        extracted_with=ExtractedWith(newscrawl=HOSTILE, publisher_layout=HOSTILE),
    )  # fmt: skip
    write_lines(folder / "a.jsonl", [article])
    tally, figures = described(folder)
    return Card(title=HOSTILE, figures=figures, tally=tally, plots=plots(figures), wanted={"match": HOSTILE},
                refusals={HOSTILE: {HOSTILE: 1}})  # fmt: skip


def test_strangers_texts_are_shown_not_run(tmp_path: Path) -> None:
    card = hostile_card(tmp_path)
    written = page(card)
    tree = html.fromstring(written)
    assert not tree.xpath("//script | //img | //iframe | //object | //link | //a")
    assert not tree.xpath("//@*[starts-with(name(), 'on')]")
    assert tree.xpath("contains(string(//table[2]), '<script>alert(1)</script>')")
    assert tree.xpath("count(//*[local-name()='svg'])") == 4
    assert metadata(markdown(card))["pretty_name"] == HOSTILE
    for name, image in card.plots.items():
        assert b"<script>" not in image, name


def test_the_page_loads_nothing(tmp_path: Path) -> None:
    written = page(hostile_card(tmp_path))
    assert "default-src 'none'" in written
    addresses = {
        value
        for value in re.findall(r'(?:src|href)="([^"]*)"', written)
        if not value.startswith("#")
    }
    assert addresses == set()


def test_the_same_figures_give_the_same_plots(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [a_rich_article(), an_article("b")])
    first, second = (plots(described(tmp_path)[1]) for _ in range(2))
    assert first == second
    assert set(first) == {"months.svg", "sources.svg", "fields.svg", "lengths.svg"}
    write_lines(tmp_path / "a.jsonl", [an_article("b", date_published=None)])
    assert set(plots(described(tmp_path)[1])) == set(first) - {"months.svg"}


def test_large_tables_are_cut_and_the_rest_counted(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "a.jsonl", [an_article(f"a{n}", source=f"s{n}.example") for n in range(150)]
    )
    tally, figures = described(tmp_path)
    written = markdown(Card(title="x", figures=figures, tally=tally))
    assert "… and 50 more." in written
    assert len(rows(written, "### Sources")) == 100


@pytest.fixture
def shell(tmp_path: Path, web: DemoServer) -> Shell:
    """Give a folder from which the demo web is crawled."""
    return Shell(tmp_path, web.proxy)


def test_the_card_has_the_refusals_of_the_crawl(shell: Shell) -> None:
    """The state beside the articles knows what became of the other addresses."""
    shell.crawl(
        "http://www.talbote.example/", "http://www.talbote.example/kultur/gibt-es-nicht-99.html"
    )
    written = shell("describe")
    assert rows(written, "### What was refused")["`gone`"][0] == "1"
    assert rows(written, "### Sources")["talbote.example"][1] == "5"


@pytest.mark.parametrize("output", ["card.md", "card.html", "folder"])
def test_describe_writes_where_it_is_told(
    tmp_path: Path, output: str, capfd: pytest.CaptureFixture[str]
) -> None:
    write_lines(tmp_path / "a.jsonl", [a_rich_article(), an_article("b")])
    target = tmp_path / output
    assert main(["describe", str(tmp_path / "a.jsonl"), "-O", str(target), "--title", "Two"]) == 0
    found = {"card.md": target, "card.html": target, "folder": target / "README.md"}[
        output
    ].read_text()
    assert "Two" in found
    assert "2 news articles" in found
    assert main(["describe", str(tmp_path / "a.jsonl")]) == 0
    assert "2 news articles" in capfd.readouterr().out


def test_describe_says_when_there_is_nothing_and_what_is_damaged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_lines(tmp_path / "a.jsonl", [b'{"rejected": "empty"}'])
    assert main(["describe", str(tmp_path / "a.jsonl")]) == 3
    assert "no article in 1 line" in capfd.readouterr().err
    write_lines(tmp_path / "b.jsonl", [an_article("a"), b"torn"])
    assert main(["describe", str(tmp_path / "b.jsonl")]) == 1
    assert "b.jsonl: 1 line no article" in capfd.readouterr().err


def test_queries_answer_in_each_form(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_lines(
        tmp_path / "a.jsonl",
        [a_rich_article(), an_article("b", date_published=None), b'{"rejected": "empty"}', b"torn"],
    )
    sql = "SELECT id, tags, agencies[1].id AS agency, published, day FROM articles ORDER BY id"
    assert main(["query", sql, str(tmp_path), "--format", "jsonl"]) == 0
    found = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert found == [
        {"id": "id-b", "tags": [], "agency": None, "published": None, "day": None},
        {"id": "id-rich", "tags": ["a|b", "c;d"], "agency": "ap", "published": "2024-03-04T09:50:41Z", "day": "2024-03-04"},
    ]  # fmt: skip
    assert main(["query", sql, str(tmp_path)]) == 0
    assert capfd.readouterr().out.splitlines()[0] == "id,tags,agency,published,day"
    assert main(["query", sql, str(tmp_path), "--format", "table"]) == 0
    assert "id-rich" in capfd.readouterr().out
    assert main(["query", "SELECT count(*) FROM lines WHERE json IS NULL", str(tmp_path)]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "1"
    assert main(["query", "SELECT 1 FROM articles WHERE false", str(tmp_path)]) == 3
    for wrong in ("SELECT nothing FROM articles", "SELEKT", "SELECT * FROM nowhere"):
        assert main(["query", wrong, str(tmp_path)]) == 2
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert main(["query", "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')", str(tmp_path)]) in (
        1,
        2,
    )


def test_a_query_shows_no_control_signs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_lines(tmp_path / "a.jsonl", [an_article("a", title="x\x1b[31my [bold]z[/bold]")])
    assert main(["query", "SELECT title FROM articles", str(tmp_path), "--format", "table"]) == 0
    shown = capfd.readouterr().out
    assert "\x1b[31m" not in shown
    assert "[bold]z[/bold]" in shown


def test_every_field_can_be_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_lines(tmp_path / "a.jsonl", [a_rich_article()])
    main(
        [
            "export",
            str(tmp_path / "a.jsonl"),
            "--format",
            "parquet",
            "-q",
            "-O",
            str(tmp_path / "p"),
        ]
    )
    answers = []
    for source in (tmp_path / "a.jsonl", tmp_path / "p"):
        assert (
            main(
                [
                    "query",
                    "SELECT * EXCLUDE filename FROM articles",
                    str(source),
                    "--format",
                    "jsonl",
                ]
            )
            == 0
        )
        answers.append(json.loads(capfd.readouterr().out))
    assert answers[0] == answers[1]
    assert answers[0]["images"][0]["credit"]["agency"] == "ap"


def test_link_marks_lines_as_they_pass(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    edited = STORY.replace("Twelve", "Ten")
    refused = b'{"rejected":"empty"}'
    write_lines(
        tmp_path / "a.jsonl",
        [
            an_article("a", text=STORY),
            refused,
            an_article("b", text=edited),
            b"torn",
            an_article("c", text="Else."),
        ],
    )
    assert main(["link", str(tmp_path / "a.jsonl")]) == 1
    said = capfdbinary.readouterr()
    lines = said.out.splitlines()
    assert (lines[1], lines[3]) == (refused, b"torn")
    assert [json.loads(lines[n])["cluster"]["role"] for n in (0, 2, 4)] == [
        "original",
        "edited_copy",
        "original",
    ]
    assert b"3 articles: 1 edited copy, 2 original" in said.err
    assert b"1 line no article" in said.err
    assert main(["link", str(tmp_path / "a.jsonl"), "--window", "soon"]) == 2
    assert main(["link", str(tmp_path / "nowhere.jsonl")]) == 1


def test_the_wire_story_of_the_demo_is_one_cluster(shell: Shell) -> None:
    """Three papers of the demo web carry one story of the AP, the last of them edited."""
    for host in ("meridianwire", "harbourcourier", "lanterngram"):
        shell.crawl(f"http://www.{host}.example/")
    shell("export", "--link", "-O", "corpus/")
    lines = (shell.folder / "corpus" / "articles.jsonl").read_bytes().splitlines()
    found = {row["source"]: row for row in map(json.loads, lines) if "cluster" in row}
    assert {source: row["cluster"]["role"] for source, row in found.items()} == {
        "meridianwire.example": "original", "harbourcourier.example": "copy", "lanterngram.example": "edited_copy",
    }  # fmt: skip
    assert len({row["cluster"]["id"] for row in found.values()}) == 1
    assert {row["cluster"]["agency"] for row in found.values()} == {"ap"}
    assert {row["cluster"]["original"] for row in found.values()} == {
        found["meridianwire.example"]["id"]
    }
    assert "ap" in shell(
        "query",
        "SELECT DISTINCT cluster.agency AS agency FROM articles WHERE cluster IS NOT NULL",
        "corpus",
    )
    assert "as exported" in shell("verify", "corpus")


def test_describe_takes_nobodys_place(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_lines(tmp_path / "a.jsonl", [an_article("a")])
    source = str(tmp_path / "a.jsonl")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "README.md").write_text("mine")
    assert main(["describe", source, "-O", str(mine)]) == 2
    assert (mine / "README.md").read_text() == "mine"
    assert main(["export", source, "-O", str(tmp_path / "export")]) == 0
    assert main(["describe", source, "-O", str(tmp_path / "export")]) == 2
    assert main(["describe", source, "-O", str(tmp_path / "card.pdf")]) == 2
    for _ in range(2):
        assert main(["describe", source, "-O", str(tmp_path / "card")]) == 0
    assert "1 article described in" in capfd.readouterr().err


def test_a_query_asks_and_changes_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_lines(tmp_path / "a.jsonl", [an_article("a")])
    for sql in (
        "SELECT 1; SELECT 2",
        f"COPY articles TO '{tmp_path}/x.csv'",
        "SET threads = 1",
        "INSERT INTO x VALUES (1)",
        "",
    ):
        assert main(["query", sql, str(tmp_path)]) == 2, sql
    assert not (tmp_path / "x.csv").exists()
    for sql in (
        "DESCRIBE articles",
        "SUMMARIZE articles",
        "EXPLAIN SELECT 1",
        "FROM articles SELECT id",
    ):
        assert main(["query", sql, str(tmp_path)]) == 0, sql
    capfd.readouterr()
    (tmp_path / "cut.jsonl").write_bytes(b'{"id": "x')
    assert main(["query", "SELECT id FROM articles", str(tmp_path)]) == 1
    assert "cut.jsonl: its last line is cut off" in capfd.readouterr().err


def test_link_reads_parquet_and_folders(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    write_lines(tmp_path / "in" / "a.jsonl", [an_article("a"), an_article("b")])
    assert (
        main(
            ["export", str(tmp_path / "in"), "-q", "--format", "parquet", "-O", str(tmp_path / "p")]
        )
        == 0
    )
    capfdbinary.readouterr()
    assert main(["link", "-q", str(tmp_path / "in")]) == 0
    from_lines = capfdbinary.readouterr().out
    assert main(["link", "-q", str(tmp_path / "p")]) == 0
    assert capfdbinary.readouterr().out == from_lines
    assert from_lines.count(b'"cluster":{') == 2
