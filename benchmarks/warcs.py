"""Clean archives in the manner of CC-NEWS, whole and damaged: ``python -m benchmarks.warcs PAGES…``.

PAGES are JSON lines. Of them archives are made as Common Crawl's are, a request, a response and a metadata record for
each page, by warcio (gzip) and member by member with Zstandard. Each is cleaned by `newscrawl clean`: whole,
with responses of which bytes are changed, and cut off in the middle. Printed: pages read, articles, refusals
and what could not be read, and whether the articles of both archives are the same.
"""

import argparse
import gzip
import hashlib
import io
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

import zstandard
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from benchmarks.speed import pages_of

DAMAGED: Final = 20
"""Responses of which bytes are changed."""
OK: Final = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=UTF-8")], "HTTP/1.1")
Member = tuple[str, bytes]


def main() -> None:
    """Make them, clean them, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", type=Path, help="pages in JSON lines")
    options = parser.parse_args()
    members = members_of(options.pages)
    with tempfile.TemporaryDirectory(prefix="newscrawl-warcs-") as folder:
        articles = set[str]()
        for packing in ("gz", "zst"):
            packed = [data if packing == "gz" else repacked(data) for _, data in members]
            whole = b"".join(packed)
            articles.add(clean(f"whole, {packing}", whole, Path(folder), packing))
            clean(
                f"{DAMAGED} responses damaged, {packing}",
                damaged(members, packed),
                Path(folder),
                packing,
            )
            clean(
                f"cut off in the middle, {packing}", whole[: len(whole) // 2], Path(folder), packing
            )
        print("articles of the two whole archives:", "the same" if len(articles) == 1 else "OTHERS")


def members_of(paths: list[Path]) -> list[Member]:
    """Give the records of an archive, each packed by itself, with its type."""
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=True)
    members = list[Member]()

    def write(kind: str, record: object) -> None:
        start = stream.tell()
        writer.write_record(record)
        members.append((kind, stream.getbuffer()[start:].tobytes()))

    write(
        "warcinfo",
        writer.create_warcinfo_record("CC-NEWS.warc.gz", {"software": "benchmarks.warcs"}),
    )
    for page in pages_of(paths):
        url = page["url"]
        asked = StatusAndHeaders(
            "GET / HTTP/1.1", [("Host", url.split("/")[2])], is_http_request=True
        )
        body = io.BytesIO(page["html"].encode("utf-8", "replace"))
        write("request", writer.create_warc_record(url, "request", http_headers=asked))
        write("response", writer.create_warc_record(url, "response", payload=body, http_headers=OK))
        told = io.BytesIO(b"fetchTimeMs: 120\r\n")
        about = {"Content-Type": "application/warc-fields"}
        write(
            "metadata",
            writer.create_warc_record(url, "metadata", payload=told, warc_headers_dict=about),
        )
    return members


def repacked(member: bytes) -> bytes:
    """Pack a record with Zstandard."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(gzip.decompress(member))


def damaged(members: list[Member], packed: list[bytes]) -> bytes:
    """Change bytes in the middle of some responses."""
    chance = random.Random(1)
    responses = [number for number, (kind, _) in enumerate(members) if kind == "response"]
    parts = [*packed]
    for number in chance.sample(responses, min(DAMAGED, len(responses))):
        data = bytearray(parts[number])
        middle = len(data) // 2
        data[middle : middle + 8] = bytes(byte ^ 0xFF for byte in data[middle : middle + 8])
        parts[number] = bytes(data)
    return b"".join(parts)


def clean(name: str, data: bytes, folder: Path, packing: str) -> str:
    """Clean an archive, and say how its pages ended; give a digest of the articles."""
    source = folder / f"news.warc.{packing}"
    output, rejects = folder / "out.jsonl", folder / "no.jsonl"
    source.write_bytes(data)
    command = [
        "clean", "--quiet", str(source), "-O", str(output), "--rejects", str(rejects), "--workers", "2",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "newscrawl", *command], check=False, capture_output=True
    )
    lines = output.read_bytes()
    articles = lines.count(b"\n")
    reasons = Counter(json.loads(line)["rejected"] for line in rejects.read_bytes().splitlines())
    print(f"{name}: {articles + reasons.total()} ends, {articles} articles, "
          f"{reasons.pop('unreadable', 0)} unreadable, {reasons.total()} others refused; exit {done.returncode}",
          flush=True)  # fmt: skip
    return hashlib.sha256(lines).hexdigest()


if __name__ == "__main__":
    main()
