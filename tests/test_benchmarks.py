"""The benchmarks run on any pages with truth: here on the fixtures' own."""

import gzip
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import (
    attribution,
    quality,
    scale_measure,
    scale_model,
    scale_simulation,
    scoring,
    sources,
    train_lines,
    train_pages,
)
from benchmarks.labels import label
from newscrawl import Page
from newscrawl.extraction.document import Document, decode, parse_document
from newscrawl.extraction.segments import cut_segments
from newscrawl.quality import FIGURES
from newscrawl.reference import agencies
from tests.fixture_pages import fixtures
from tests.pages_of import PROSE, page, paragraphs
from tests.postgres import programs

needs_server = pytest.mark.skipif(programs() is None, reason="there is no PostgreSQL")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the fixtures, and pages that are no articles, as a set with truth."""
    made = tmp_path_factory.mktemp("set")
    articles, truths = [], []
    for fixture in fixtures():
        html = decode(gzip.decompress((fixture.path / "page.html.gz").read_bytes()))
        url = json.loads((fixture.path / "page.json").read_text("utf-8"))["url"]
        articles.append({"id": fixture.name, "url": url, "html": html})
        body = [text for _, text in fixture.expected["body"]]
        host = fixture.name.split("/")[0]
        truths.append({"dataset": "aeb", "id": fixture.name, "publisher": host, "paragraphs": body})
    others = []
    for number in range(12):
        links = "".join(f'<li><a href="/{n}">Story {n}</a></li>' for n in range(30))
        html = f"<html><body><h1>Section {number}</h1><ul>{links}</ul><p>All the stories of section {number}, day by day.</p></body></html>"
        key = f"list{number}"
        others.append({"id": key, "url": f"https://{key}.example/news/", "html": html})
        truths.append({"dataset": "wcxb_other", "id": key, "publisher": key, "kind": "listing"})
    for name, rows in (
        ("aeb", articles),
        ("wcxb_other", others),
        ("fundus", []),
        ("fundus_eval", []),
    ):
        lines = "\n".join(map(json.dumps, rows))
        (made / f"{name}.pages.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (made / "truth.jsonl").write_text("\n".join(map(json.dumps, truths)))
    return made


def test_quality_prints_a_table_with_peers_of_the_same_run(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        "sys.argv",
        [
            "quality",
            str(folder),
            "--datasets",
            "aeb,wcxb_other",
            "--profile",
            "--answers",
            str(tmp_path),
        ],
    )
    quality.main()
    printed = capsys.readouterr().out

    assert f"### aeb ({len(fixtures())} pages)" in printed
    assert "listing refused (12)" in printed
    for name in ("newscrawl", "newscrawl, with profiles", "trafilatura"):
        assert f"| {name} | " in printed
    assert len((tmp_path / "newscrawl.jsonl").read_text().splitlines()) == len(fixtures()) + 12


def test_models_are_trained_by_the_script_and_read_by_the_package(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(train_lines, "DATASETS", ("aeb",))
    monkeypatch.setattr(train_lines, "ROUNDS", dict.fromkeys(train_lines.ROUNDS, 12))
    samples = train_lines.samples_of(folder)
    kept = [texts for texts, _ in train_lines.cross_validate(samples, "lines")]
    train_lines.report("model", samples, kept)
    train_lines.write_models(samples, tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.glob("*.json")}
    train_lines.write_models(samples, tmp_path)

    assert "aeb F1" in capsys.readouterr().out
    assert set(first) == {"lines.json", "lines_told.json"}
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.json")} == first
    counts = [
        scoring.body_counts(s.truth, "\n".join(k))[0] for s, k in zip(samples, kept, strict=True)
    ]
    assert scoring.corpus_f1(counts)[2] > 0.8


def test_the_page_model_is_trained_on_scores_of_unseen_publishers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_lines, "DATASETS", ("aeb",))
    monkeypatch.setattr(train_lines, "ROUNDS", dict.fromkeys(train_lines.ROUNDS, 8))
    monkeypatch.setattr(train_pages, "DATASETS", ("aeb", "wcxb_other"))
    monkeypatch.setattr(train_pages, "ROUNDS", 20)
    samples = train_pages.samples_of(folder)
    scores = train_pages.cross_validate(samples)

    assert {s.is_other for s in samples} == {True, False}
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert all(len(s.row) == len(FIGURES) for s in samples)


def test_labels_follow_the_truth() -> None:
    html = page(
        '<p class="byline">By Jo Doe</p>' + paragraphs() + "<p>Sign up for our newsletter.</p>"
    )
    document = parse_document(Page(body=html))
    assert isinstance(document, Document)
    segments = cut_segments(document.tree)
    found = label(segments, {"paragraphs": list(PROSE)})

    assert found is not None
    wanted = [segment.text for segment, is_text in zip(segments, found[0], strict=True) if is_text]
    assert wanted == list(PROSE)


@pytest.mark.parametrize(
    ("text", "f1", "exact"),
    [
        ("one two three four five", 1.0, True),
        ("", 0.0, False),
        ("one two three four six", 0.5, False),
    ],
)
def test_shingle_scores(text: str, f1: float, exact: bool) -> None:
    counts, same = scoring.body_counts({"paragraphs": ["one two three four five"]}, text)

    assert scoring.f1(counts) == pytest.approx(f1)
    assert same is exact


def test_optional_paragraphs_may_be_missing() -> None:
    truth = {"paragraphs": ["a b c d", "e f g h"], "optional": [0]}

    assert scoring.body_counts(truth, "e f g h")[1]
    assert scoring.body_counts(truth, "a b c d\ne f g h")[1]
    assert not scoring.body_counts(truth, "a b c d")[1]


def test_rouge_lsum_joins_the_common_runs_of_a_sentence() -> None:
    truth = {"paragraphs": ["The cat sat on the mat."]}

    assert scoring.rouge_lsum(truth, "The cat sat on the mat.") == pytest.approx(1.0)
    assert scoring.rouge_lsum(truth, "The cat sat.\nOn the mat.") == pytest.approx(1.0)
    assert scoring.rouge_lsum(truth, "A dog ran.") == 0.0


def test_segments_are_wanted_or_not() -> None:
    truth = {"with": ["a b", "c d"], "without": ["x y"]}

    assert scoring.segment_counts(truth, "a  b and x y") == (1, 1, 1)
    assert scoring.segments_f1([(1, 1, 1)]) == pytest.approx(0.5)


def test_dates_and_attributions_are_scored_against_what_was_read_by_hand() -> None:
    labels: attribution.Labels = {
        "a": {"agency": frozenset({"dpa", "afp"}), "place": frozenset({"Riad"})},
        "b": {"agency": frozenset()},
        "c": {"agency": frozenset({"ap"})},
    }
    found: attribution.Labels = {
        "a": {"agency": frozenset({"dpa"})},
        "b": {"agency": frozenset({"pti"})},
    }
    sums = attribution.counts(labels, found)

    assert sums["agency"] == Counter(pages=2, right=1, extra=1, missing=1)
    assert sums["place"] == Counter(pages=1, missing=1)
    assert list(attribution.wrong_attributions(labels, found)) == [
        "a agency: missing ['afp'], extra []",
        "a place: missing ['Riad'], extra []",
        "b agency: missing [], extra ['pti']",
    ]


@pytest.mark.parametrize(
    ("given", "true", "day", "instant"),
    [
        ("2024-05-03T23:30:00-04:00", "2024-05-04 03:30:20+00:00", True, True),
        ("2024-05-03T23:30:00", "2024-05-04 03:30:00+00:00", False, False),
        ("2024-05-04", "2024-05-04 03:30:00+00:00", True, False),
        ("2024-05-04T01:30:00+00:00", "2024-05-04 03:30:00+00:00", True, False),
        ("2024-05-04T01:30:00+00:00", "2024-05-04", True, False),
        (None, "2024-05-04", False, False),
    ],
)
def test_a_day_may_be_right_where_the_instant_is_not(
    given: str | None, true: str, day: bool, instant: bool
) -> None:
    dated = attribution.Dated(true, given)

    assert (dated.is_right_day, dated.is_right_instant) == (day, instant)
    assert dated.has_instant is ("+" in true)


def test_the_labels_name_agencies_of_the_gazetteer() -> None:
    known = {row.id for row in agencies()}
    table = attribution.read_table(attribution.TABLE)

    assert set().union(*(fields.get("agency", ()) for fields in table.values())) <= known
    assert {field for fields in table.values() for field in fields} == set(attribution.FIELDS)


def test_the_attribution_benchmark_runs_on_any_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(attribution, "DATASETS", ("aeb",))
    monkeypatch.setattr("sys.argv", ["attribution", str(folder), "--worst"])
    attribution.main()

    assert "| agency | 0 |" in capsys.readouterr().out


def run_module(name: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", f"benchmarks.{name}", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120)
    return result.stdout


def test_speed_is_measured_beside_the_floor() -> None:
    printed = run_module("speed", "--count", "30")

    assert "30 pages, Python 3." in printed
    for name in ("parse", "newscrawl"):
        assert f"| {name} | " in printed
    assert "█" in printed
    assert "newscrawl, its command on a folder: " in printed


def test_archives_of_common_crawl_are_read_whole_and_damaged() -> None:
    printed = run_module("warcs").splitlines()

    whole, damaged = (line for line in printed if ", gz: " in line and "cut" not in line)
    ends = whole.split(": ")[1].split()[0]
    assert f"whole, gz: {ends} ends, {ends} articles, 0 unreadable" in whole
    assert f": {ends} ends, {int(ends) - 20} articles, 20 unreadable" in damaged
    assert [line.partition(": ")[2] for line in printed if ", zst: " in line][:2] == [
        whole.partition(": ")[2], damaged.partition(": ")[2]
    ]  # fmt: skip
    assert printed[-1].endswith("the same")


def test_a_site_of_many_articles_is_crawled_by_the_benchmark(folder: Path) -> None:
    printed = run_module("crawling", folder / "aeb.pages.jsonl.gz", "--count", "12")

    assert "newscrawl: 12 articles in" in printed
    assert "exit 0" in printed


def test_what_publisher_files_gain_is_measured_on_any_folder(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["sources", str(folder), "--loading", "--datasets", "aeb"])

    sources.main()

    said = capsys.readouterr().out
    rows = {row.split("|")[1].strip(): row for row in said.splitlines() if row.startswith("| ")}
    # The layouts that mend a body are needed on their fixtures.
    gained = re.search(r"F1 (\S+) → (\S+)", rows["ultimahora.es"])
    assert gained is not None
    assert float(gained[2]) > float(gained[1])
    assert re.search(r"^1\d{3} sources, shipped ones among them: CPU \d+ ms", said, re.MULTILINE)
    assert "fields of pages that are worse with the file: 0" in said


def test_the_corpus_benchmark_finds_what_it_planted(tmp_path: Path) -> None:
    """On 4,000 articles, enough for workers to take part; the issue's figures are for a million."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.corpus", str(tmp_path), "--count", "4000"],
        capture_output=True, check=False, timeout=300, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    shares = dict(
        re.findall(r"^(recall|precision|original)\b.*?: ([01]\.\d+)", run.stdout, re.MULTILINE)
    )
    assert float(shares["recall"]) >= 0.95
    assert float(shares["precision"]) >= 0.99
    assert float(shares["original"]) == 1.0
    assert run.stdout.count("MB") == 1
    assert len(re.findall(r"^.{50} +\d+ +\d+ +\d+$", run.stdout, re.MULTILINE)) == 6


@needs_server
def test_the_frontier_is_measured_on_both_back_ends() -> None:
    printed = run_module("frontier", "--back-ends", "sqlite", "postgresql", "--urls", "600")

    head, _, *rows = (line for line in printed.splitlines() if line.startswith("|"))
    names = [name.strip() for name in head.split("|")]
    found = {
        row.split("|")[1].strip(): dict(zip(names, row.split("|"), strict=True)) for row in rows
    }
    assert set(found) == {"sqlite", "postgresql"}
    for row in found.values():
        assert float(row["put /s"]) > 0
        assert float(row["take /s"]) > 0
        assert float(row["disk MB"]) > 0
    assert float(found["postgresql"]["take server CPU µs"]) > 0
    assert float(found["postgresql"]["server MB"]) > 10
    assert float(found["postgresql"]["log MB"]) > 0.5


@needs_server
def test_scale_is_measured_and_modelled(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    numbers = ("--urls", "150", "--hosts", "70", "--jobs", "200", "--runs", "2")
    printed = run_module("scale", "measure", *numbers, "-O", path)
    measured = json.loads(path.read_text())

    assert "| end, new, one by one | 30 |" in printed
    # What is measured is what it is called.
    assert measured["tables"]["article"]["rows"] == 150 - 150 // 5
    assert measured["phases"]["end, not modified"]["transactions"] == 15
    modelled = run_module("scale", "model", path)
    assert "| new articles | 300,000 |" in modelled
    assert re.search(r"^\| url \| 110 \| ", modelled, re.MULTILINE)
    few = run_module("scale", "model", path, "--set", "sites=100", "pages=1000000")
    assert "| new articles | 3,000 |" in few


def test_the_model_grows_with_what_it_is_asked() -> None:
    phases = ("put, new", "end, refused", "end, new, one by one", "end, list", "end, unchanged, one by one", "end, not modified",
              "run, begin", "run, end", "claim, one", "claim, nothing ready", "drained")  # fmt: skip
    cost = {"times": 1, "client": 1e-3, "server": 1e-3, "wall": 2e-3, "log": 1000, "journeys": 10}
    measured = {
        "phases": dict.fromkeys(phases, cost),
        "tables after": {name: {"rows": 10} for name in ("run", "answer")},
        "packed": {name: {"rows": 10, "heap": 1000, "indices": 1000} for name in scale_measure.TABLES},
        "shared": {"jobs": 10, "runs": 2, "history": 100, "at a look": 10,
                   "look, nothing due, a run a job": {"server ms": 1}, "look, 2 runs a job": {"server ms": 2},
                   "begin, of a job's second run": {"server ms": 1, "ms": 2, "log": 100},
                   "begin, after 100 runs of its job": {"server ms": 2, "ms": 4, "log": 900},
                   "claim beside 0 leases": {"server ms": 1}, "claim beside 10 leases": {"server ms": 1}},
        "commits": {"1, on": 500, "8, on": 1000}, "connection MB": 1.0,
    }  # fmt: skip
    changes = scale_model.sensitivity(scale_model.Model(measured, scale_model.Load()))

    assert changes["sites"]["fetches"] == pytest.approx(2.0)
    assert changes["pages"]["fetches"] == 1.0
    assert 1.5 < changes["pages"]["bytes"] < 2.0
    assert changes["page_ms"]["database cores"] == 1.0


def test_sites_are_simulated_under_the_real_plan() -> None:
    world = scale_simulation.World(sites=60, days=2, workers=1, crawls=2, deaths=20.0)
    days = scale_simulation.Simulation(world).run()

    assert days == scale_simulation.Simulation(world).run()
    for day in days:
        new, visits = day.count["new"], day.count["visits"]
        assert 0.5 < new / (world.sites * world.articles) < 1.5
        # Each article is visited four times after the first, but for visits that are late and made as one.
        assert 2.0 < visits / new < 5.0
        assert 0 < day.busy <= 86400 * 2 * 1.01
    assert sum(day.count["deaths"] for day in days) > 5
    # With too few workers lists are late.
    slow = replace(world, sites=300, delay=20.0)
    late = scale_simulation.Simulation(slow).run()[1].lateness
    assert scale_simulation.quantile(late, 0.5) > 10 * scale_simulation.quantile(
        days[1].lateness, 0.5
    )


def test_a_simulation_is_printed() -> None:
    printed = run_module("scale", "simulate", "--set", "sites=50", "days=1", "--trial", "1")

    assert len([line for line in printed.splitlines() if line.startswith("| 1 |")]) == 2
