"""The command line, run as a person runs it: in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from newscrawl.jsonl import schema
from tests.fixture_pages import FOLDER, fixtures

DUMP = FOLDER / "dumps" / "lanterngram.txt"


def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run newscrawl and give what it printed."""
    command = [sys.executable, "-m", "newscrawl", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120)


def lines(output: bytes) -> list[dict[str, Any]]:
    """Parse JSON lines."""
    return [json.loads(line) for line in output.splitlines()]


def row(**fields: Any) -> bytes:
    """Make an input line."""
    return json.dumps(fields).encode() + b"\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Give a fixture page as a file."""
    path = tmp_path / "page.html"
    path.write_bytes(fixtures()[0].page.body)  # type: ignore[arg-type]  # fixtures are bytes
    return path


def test_version_is_one_line() -> None:
    assert run("--version").stdout.startswith(b"newscrawl 0.")


def test_without_a_command_it_shows_the_commands_and_exits_2() -> None:
    result = run()

    assert result.returncode == 2
    assert b"explain" in result.stderr


@pytest.mark.parametrize(
    "command", ["demo", "crawl", "fetch", "clean", "explain", "inspect", "schema"]
)
def test_every_help_has_an_example(command: str) -> None:
    result = run(command, "--help")

    assert result.returncode == 0
    assert b"\n  newscrawl " + command.encode() in result.stdout


def test_clean_of_a_file_prints_one_article(page: Path) -> None:
    result = run("clean", page, "--url", "https://a.example/x")

    assert result.returncode == 0
    assert [article["url"] for article in lines(result.stdout)] == ["https://a.example/x"]
    assert b"1 page read: 1 article, 0 rejected, 0 failed" in result.stderr


def test_clean_of_a_dump_by_suffix_and_from_stdin() -> None:
    by_suffix = run("clean", DUMP)
    from_stdin = run("clean", "--input-format", "text", "-", stdin=DUMP.read_bytes())

    assert by_suffix.returncode == from_stdin.returncode == 0
    assert by_suffix.stdout == from_stdin.stdout
    assert lines(by_suffix.stdout)[0]["editors"] == ["RS"]


def test_jsonl_is_answered_line_by_line_with_the_same_id() -> None:
    html = (
        "<html><body><article><p>"
        + "A sentence of the story. " * 10
        + "</p></article></body></html>"
    )
    stdin = (
        row(id="a", url="https://a.example/1", html=html)
        + row(id="b", url="https://a.example/2", html="")
        + b'{"id": "c", "url": "https://a.example/3", "html": "<p>cut\n'
        + row(id="d", url="nonsense", html=html)
        + row(id="e", url="https://a.example/4")
        + row(id=6, url="https://a.example/5", html=html)
    )

    result = run("clean", "--input-format", "jsonl", stdin=stdin)

    answers = lines(result.stdout)
    assert [answer.get("rejected") for answer in answers] == [
        None, "empty", "invalid_line", "invalid_url", "invalid_line", None,
    ]  # fmt: skip
    assert [answer["id"] for answer in answers] == ["a", "b", None, "d", "e", 6]
    assert result.returncode == 1
    assert b"6 pages read: 2 articles, 4 rejected" in result.stderr


def test_bad_files_are_named_with_their_reason_and_the_rest_goes_on(
    tmp_path: Path, page: Path
) -> None:
    bad = {
        "empty.html": b"",
        "paper.html": b"%PDF-1.7\n%\xe2\xe3",
        "photo.html": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500),
        "huge.html": b"<div>" * 10_000_000,
        "bytes.html": b"\xff\xfe\xfd" + bytes(range(256)) * 8,
    }
    for name, body in bad.items():
        (tmp_path / name).write_bytes(body)

    result = run(
        "clean", tmp_path, "-O", tmp_path / "out.jsonl", "--rejects", tmp_path / "no.jsonl"
    )

    rejects = {
        Path(r["origin"]).name: r["rejected"] for r in lines((tmp_path / "no.jsonl").read_bytes())
    }
    assert len(lines((tmp_path / "out.jsonl").read_bytes())) == 1
    assert {name: rejects.get(name) for name in list(bad)[:4]} == {
        "empty.html": "empty", "paper.html": "not_html", "photo.html": "not_html",
        "huge.html": "too_large",
    }  # fmt: skip
    assert "bytes.html" in rejects
    assert result.returncode == 1
    assert b"6 pages read: 1 article, 5 rejected" in result.stderr
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("clean", "no-such-file.html"), b"no such file"),
        (("clean", "--input-format", "pdf", "x"), b"invalid choice"),
        (("fetch", "nonsense"), b"not an http or https address"),
        (("crawl", "no such thing"), b"neither an address nor a spider"),
        (("crawl", "newsgram", "-s", "NOVALUE"), b"NAME=VALUE"),
        (("explain", "no-such-file.html"), b"no such file"),
        (("clean", "README.md", "-O", "."), b"is a folder"),
        (("clean", "README.md", "--url", "nonsense"), b"not an http or https address"),
        (("clean", "README.md", "README.md", "--url", "https://a.example/x"), b"name one file"),
    ],
)
def test_wrong_usage_is_one_line_and_exits_2(arguments: tuple[str, ...], message: bytes) -> None:
    result = run(*arguments)

    assert result.returncode == 2
    assert message in result.stderr.splitlines()[-1]
    assert b"Traceback" not in result.stderr


def test_a_page_that_is_no_article_exits_3(tmp_path: Path) -> None:
    (tmp_path / "short.html").write_text("<html><body><p>Too short.</p></body></html>")

    assert run("clean", tmp_path / "short.html").returncode == 3


def test_an_unwritable_output_is_one_line_and_exits_1(page: Path) -> None:
    result = run("clean", page, "-O", "/dev/full")

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(b"newscrawl: ")
    assert b"Traceback" not in result.stderr


def test_append_keeps_and_overwrite_replaces(page: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    for option, expected in (("-o", 1), ("-o", 2), ("-O", 1)):
        run("clean", page, option, output)
        assert len(output.read_bytes().splitlines()) == expected


def test_explain_names_every_removed_line_with_its_code() -> None:
    printed = run("explain", DUMP).stdout.decode()

    for code, text in (
        ("label.empty", "Published on:"), ("tail.agency", "(RS/IANS)"), ("footer.line", "logo"),
        ("related.block", "No stories found."), ("caption.alt", "Representative Image"),
        ("caption.moved", "Representative ImageWikimedia Commons"), ("lead.doubled", "Ferry crews"),
    ):  # fmt: skip
        assert any(line.split()[:1] == [code] and text in line for line in printed.splitlines()), (
            code
        )


def test_provenance_is_written_on_request_only(page: Path) -> None:
    plain, full = run("clean", page), run("clean", page, "--provenance")

    assert "removed" not in lines(plain.stdout)[0]
    assert {"removed", "provenance"} <= set(lines(full.stdout)[0])


def test_schema_describes_every_field_of_a_line(page: Path) -> None:
    printed = json.loads(run("schema").stdout)

    properties = printed["$defs"]["Article"]["properties"]
    assert printed == json.loads(json.dumps(schema()))
    assert set(lines(run("clean", page).stdout)[0]) <= set(properties)
    assert all(p.get("description") for p in properties.values())


def test_a_closed_pipe_is_no_error(tmp_path: Path, page: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number}.html").write_bytes(page.read_bytes())
    command = f"{sys.executable} -m newscrawl clean {tmp_path} | head -1"

    result = subprocess.run(
        command, shell=True, capture_output=True, check=False, timeout=60, executable="/bin/sh"
    )

    assert len(result.stdout.splitlines()) == 1
    assert b"Traceback" not in result.stderr


def test_the_output_in_the_folder_that_is_read_is_no_input(tmp_path: Path, page: Path) -> None:
    result = run("clean", tmp_path, "-O", tmp_path / "out.jsonl")

    assert result.returncode == 0
    assert b"1 page read: 1 article" in result.stderr


def test_json_lines_by_suffix_are_answered_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(row(id="a", url="https://a.example/1", html="") * 2)

    assert [answer["rejected"] for answer in lines(run("clean", path).stdout)] == ["empty", "empty"]
