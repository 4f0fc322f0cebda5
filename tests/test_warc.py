"""Archives of raw pages: written, read back, read by other tools, and read when damaged."""

import gzip
import io
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import brotli
import pytest
import zstandard

from newscrawl.archive import OPEN, Archive
from newscrawl.errors import ArchiveError
from newscrawl.items import Candidate, OptOut, Page, Rejected
from newscrawl.pages import read_pages
from newscrawl.pages.warc import Note, read_warc
from newscrawl.reasons import Reason
from tests.web import article

HTML = [(b"Content-Type", b"text/html; charset=utf-8")]
COUNT = 20
Damage = Callable[[list[bytes]], bytes]


def body(number: int) -> bytes:
    text = article(f"Ferry number {number} sails again").body
    assert isinstance(text, str)
    return text.encode()


def archived(folder: Path, packing: str = "gz", count: int = COUNT) -> list[Path]:
    archive = Archive(folder, "test", packing="zst" if packing == "zst" else "gz")
    for number in range(count):
        packed = gzip.compress(body(number))
        headers = [*HTML, (b"Content-Encoding", b"gzip"), (b"Transfer-Encoding", b"chunked")]
        archive.keep(f"https://a.example/{number}", 200, headers, packed, Note(source="a.example"))
    archive.close()
    return sorted(folder.glob("*.warc.*"))


def pages_in(data: bytes) -> tuple[list[Page], list[Rejected]]:
    found = [*read_warc(io.BytesIO(data), "x.warc")]
    return [p for p in found if isinstance(p, Page)], [p for p in found if isinstance(p, Rejected)]


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_what_was_kept_is_read_back(tmp_path: Path, packing: str) -> None:
    (path,) = archived(tmp_path, packing)
    found = [*read_pages([path])]

    assert [p.body for p in found if isinstance(p, Page)] == [body(n) for n in range(COUNT)]
    first = found[0]
    assert isinstance(first, Page)
    assert first.url == "https://a.example/0"
    assert first.content_type == "text/html; charset=utf-8"
    assert first.fetched_at is not None
    assert str(first.origin).startswith(f"{path}@")


def test_where_igzip_is_not_built_zlib_packs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "isal", None)
    (path,) = archived(tmp_path)

    assert len([p for p in read_pages([path]) if isinstance(p, Page)]) == COUNT


def test_other_tools_accept_the_archive(tmp_path: Path) -> None:
    (path,) = archived(tmp_path)
    check = [str(Path(sys.executable).with_name("warcio")), "check", "-v", str(path)]
    said = subprocess.run(check, capture_output=True, check=True, text=True).stdout

    assert "fail" not in said
    assert said.count("digest pass") >= COUNT
    plain = gzip.decompress(path.read_bytes())
    assert plain.count(b"Content-Encoding: gzip") == COUNT
    assert plain.count(b"X-Crawler-Transfer-Encoding: chunked") == COUNT


def test_discovery_and_opt_outs_travel_with_the_page(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "test")
    note = Note(source="a.example", listed=[("published", "2026-11-20", "listed.published")])
    note.opt_outs = [("meta.robots", "noai")]
    record = archive.keep("https://a.example/1", 200, HTML, body(1), note)
    archive.end(record, "https://a.example/1", Note(article="abc", outcome="accepted"))
    archive.keep("https://a.example/robots.txt", 200, [], b"User-agent: *", Note(kind="other"))
    archive.keep("https://a.example/feed", 200, HTML, b"<rss/>", Note(kind="list"))
    archive.close()
    (page,) = read_pages([tmp_path])

    assert isinstance(page, Page)
    assert page.listed == (
        Candidate(field="published", raw="2026-11-20", method="listed.published"),
    )
    assert page.opt_outs == (OptOut(signal="meta.robots", value="noai"),)


def test_files_are_rotated_and_named_when_they_are_whole(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "test", max_bytes=5000)
    for number in range(12):
        archive.keep(f"https://a.example/{number}", 200, HTML, body(number), Note())
        assert len([*tmp_path.glob(f"*{OPEN}")]) == 1
    archive.close()
    files = sorted(tmp_path.glob("*.warc.gz"))

    assert len(files) > 2
    assert max(path.stat().st_size for path in files) <= 5000
    assert not [*tmp_path.glob(f"*{OPEN}")]
    assert len([*read_pages([tmp_path])]) == 12


def test_what_a_killed_crawl_left_open_gets_its_name_but_not_what_is_in_use(tmp_path: Path) -> None:
    running = Archive(tmp_path, "running")
    running.keep("https://a.example/1", 200, HTML, body(1), Note())
    (tmp_path / f"killed.warc.gz{OPEN}").write_bytes(
        archived(tmp_path / "other")[0].read_bytes()[:-5]
    )
    Archive(tmp_path, "next").close()

    assert (tmp_path / "killed.warc.gz").exists()
    assert [path.name.split("-")[0] for path in tmp_path.glob(f"*{OPEN}")] == ["running"]
    running.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="cannot write"):
        Archive(tmp_path / "file" / "raw", "test")


# -- damage ---------------------------------------------------------------------------------------


def members(data: bytes, packing: str) -> list[bytes]:
    """Split an archive into its records."""
    found = []
    while data:
        unpack = (
            zlib.decompressobj(31)
            if packing == "gz"
            else zstandard.ZstdDecompressor().decompressobj()
        )
        unpack.decompress(data)
        found.append(data[: len(data) - len(unpack.unused_data)])
        data = unpack.unused_data
    return found


def flip(data: bytes) -> bytes:
    """Damage the middle of a record."""
    middle = len(data) // 2
    return (
        data[:middle]
        + bytes(byte ^ 0x55 for byte in data[middle : middle + 40])
        + data[middle + 40 :]
    )


def wrong_check(data: bytes) -> bytes:
    """Damage what a record's end is checked by, and nothing that is read before it."""
    return data[:-4] + bytes(byte ^ 0x55 for byte in data[-4:])


def damages() -> Iterator[tuple[str, Damage, int]]:
    # The first record is the warcinfo; then metadata and response by turns.
    yield "cut in the last record", lambda r: b"".join(r)[: -len(r[-1]) // 2], COUNT - 1
    yield "cut behind eight bytes", lambda r: b"".join(r[:-1]) + r[-1][:8], COUNT - 1
    yield "one damaged", lambda r: b"".join([*r[:10], flip(r[10]), *r[11:]]), COUNT - 1
    yield (
        "two damaged",
        lambda r: b"".join([*r[:10], flip(r[10]), *r[11:20], flip(r[20]), *r[21:]]),
        COUNT - 2,
    )
    yield "rubbish between", lambda r: b"".join([*r[:11], b"rubbish" * 50, *r[11:]]), COUNT
    yield "check sum", lambda r: b"".join([*r[:10], wrong_check(r[10]), *r[11:]]), COUNT - 1
    yield "check sum of the last", lambda r: b"".join([*r[:-1], wrong_check(r[-1])]), COUNT - 1
    yield "a hole", lambda r: b"".join([*r[:10], r[10][: len(r[10]) // 2], *r[11:]]), COUNT - 1


@pytest.mark.parametrize("packing", ["gz", "zst"])
@pytest.mark.parametrize(
    ("damage", "left"), [d[1:] for d in damages()], ids=[d[0].replace(" ", "_") for d in damages()]
)
def test_damage_costs_the_damaged_record_alone_and_is_counted(
    tmp_path: Path, packing: str, damage: Damage, left: int
) -> None:
    (path,) = archived(tmp_path, packing)
    pages, refused = pages_in(damage(members(path.read_bytes(), packing)))

    assert len(pages) == left
    assert refused
    assert {r.reason for r in refused} == {Reason.UNREADABLE}
    assert len({p.url for p in pages}) == left


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_a_page_whose_check_fails_ends_once(tmp_path: Path, packing: str) -> None:
    (path,) = archived(tmp_path, packing)
    records = members(path.read_bytes(), packing)
    for number in (2, 10, len(records) - 1):  # responses
        damaged = [*records[:number], wrong_check(records[number]), *records[number + 1 :]]
        pages, refused = pages_in(b"".join(damaged))

        assert (len(pages), len(refused)) == (COUNT - 1, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"hello world" * 100,
        b"\x1f\x8b\x08" + b"\0" * 50,
        gzip.compress(b"no record", mtime=0),
        b"\0" * 400,
    ],
)
def test_what_is_no_archive_is_refused_once(data: bytes) -> None:
    pages, refused = pages_in(data)

    assert not pages
    assert [r.reason for r in refused] == [Reason.UNREADABLE]


def test_an_empty_file_is_said_to_be_empty() -> None:
    assert [r.reason for r in pages_in(b"")[1]] == [Reason.EMPTY]


# -- archives of others ---------------------------------------------------------------------------


def others(*responses: tuple[str, bytes, bytes]) -> bytes:
    """Write an archive as other crawlers do: one member for all, with requests, no notes."""
    records: list[bytes] = []
    for url, head, content in responses:
        block = b"HTTP/1.1 " + head + b"\r\n\r\n" + content
        for kind, data in (("request", b"GET / HTTP/1.1\r\n\r\n"), ("response", block)):
            lines = (
                "WARC/1.0", f"WARC-Type: {kind}", f"WARC-Target-URI: {url}", "WARC-Date: 2026-01-02T03:04:05Z",
                f"WARC-Record-ID: <urn:uuid:{len(records):032x}>", f"Content-Type: application/http; msgtype={kind}",
                f"Content-Length: {len(data)}",
            )  # fmt: skip
            records.append("\r\n".join(lines).encode() + b"\r\n\r\n" + data + b"\r\n\r\n")
    return b"".join(records)


def test_responses_of_every_kind_end_as_a_page_or_with_a_reason() -> None:
    html = b"200 OK\r\nContent-Type: text/html"
    data = others(
        ("https://a.example/plain", html, body(1)),
        ("https://a.example/br", html + b"\r\nContent-Encoding: br", brotli.compress(body(2))),
        ("https://a.example/chunked", html + b"\r\nTransfer-Encoding: chunked",
         b"%x\r\n%s\r\n0\r\n\r\n" % (len(body(3)), body(3))),
        ("https://a.example/undeclared", b"200 OK", body(4)),
        ("https://a.example/no-gzip", html + b"\r\nContent-Encoding: gzip", b"\x1f\x8bnot really"),
        ("https://a.example/gone", b"404 Not Found\r\nContent-Type: text/html", b"<p>gone"),
        ("https://a.example/denied", b"403 Forbidden\r\nContent-Type: text/html", b"<p>no"),
        ("https://a.example/moved", b"301 Moved\r\nLocation: /x", b""),
        ("https://a.example/picture", b"200 OK\r\nContent-Type: image/png", b"\x89PNG"),
    )  # fmt: skip
    for form in (data, gzip.compress(data), zstandard.compress(data)):
        pages, refused = pages_in(form)

        assert [p.body for p in pages] == [body(n) for n in (1, 2, 3, 4)]
        assert str(pages[0].fetched_at) == "2026-01-02 03:04:05+00:00"
        assert Counter(r.reason for r in refused) == {
            Reason.UNREADABLE: 1, Reason.GONE: 1, Reason.BLOCKED: 1, Reason.HTTP_ERROR: 1, Reason.NOT_HTML: 1,
        }  # fmt: skip


def test_an_archive_is_cleaned_by_the_command_line(tmp_path: Path) -> None:
    archived(tmp_path / "raw", "zst")
    command = [sys.executable, "-m", "newscrawl", "clean", str(tmp_path / "raw")]
    result = subprocess.run(command, capture_output=True, check=True, text=True)

    assert result.stdout.count("\n") == COUNT
    assert f"{COUNT} pages read: {COUNT} articles" in result.stderr
