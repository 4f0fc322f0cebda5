"""Crawl a replayed news web round by round, and compare what is stored with what changed.

    python -m benchmarks.rounds NEWSWEB.py --pages PAGES.jsonl.gz... [--hosts 100]

NEWSWEB.py replays stored pages on loopback under their own host names (`--rounds 3`: a third of the pages
comes out in each round, and every tenth of those that are out is edited in the next). All hosts are crawled
in each round; then once more, when nothing has changed; then by two runs at once. Printed: what should be new
or changed, what was stored, requests, and the smallest gap between two requests to a host.
"""

import argparse
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from benchmarks.evalset import read_lines
from newscrawl import Article, Page, clean
from newscrawl.discovery.links import link_kind
from newscrawl.state.versions import content_hash

CONTROL = "http://newsweb.test"
ROUNDS = 3


def control(port: int, what: str) -> Any:
    """Ask the replayed web for its urls or stats, or advance it."""
    handler = urllib.request.ProxyHandler({"http": f"http://127.0.0.1:{port}"})
    with urllib.request.build_opener(handler).open(f"{CONTROL}/{what}", timeout=60) as answer:
        return json.load(answer)


def is_edited(url: str) -> bool:
    """Tell whether the replay edits a page once it has been out for a round; its own rule."""
    return int(hashlib.sha256(("edit" + url).encode()).hexdigest()[:8], 16) % 10 == 0


def stored(folder: Path) -> dict[tuple[Path, int], dict[str, Any]]:
    """Read all lines, by file and number."""
    return {
        (path, number): json.loads(line)
        for path in (folder / "articles").rglob("*.jsonl")
        for number, line in enumerate(path.read_bytes().splitlines())
    }


def start(folder: Path, port: int, arguments: Iterable[str]) -> "subprocess.Popen[bytes]":
    """Start a crawl through the replay."""
    proxy = f"http://127.0.0.1:{port}"
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return subprocess.Popen(
        [sys.executable, "-m", "newscrawl", "crawl", *arguments, "--state", str(folder / "state.db"),
         "--rejects", str(folder / f"rejects-{time.time()}.jsonl"), "-O", os.devnull],
        env={**environment, "http_proxy": proxy, "https_proxy": proxy}, stderr=subprocess.PIPE,
    )  # fmt: skip


def end(process: "subprocess.Popen[bytes]") -> str:
    """Wait for a crawl; give its last line and exit code."""
    _, errors = process.communicate()
    last = errors.decode().strip().splitlines()[-1:] or [""]
    return f"{last[0]} (exit {process.returncode})"


def crawl(folder: Path, port: int, sites: list[str]) -> str:
    """Crawl once; give the last line."""
    return end(start(folder, port, [*sites, *fast(0.0)]))


def let_visits_come(folder: Path) -> None:
    """Let the time of all re-visits come, as if hours had passed."""
    database = sqlite3.connect(folder / "state.db")
    database.execute("UPDATE url SET due = 1 WHERE is_article AND due IS NOT NULL")
    database.commit()
    database.close()


def fast(delay: float) -> list[str]:
    """Give settings for a web on loopback."""
    pairs = ("AUTOTHROTTLE_ENABLED=0", f"DOWNLOAD_DELAY={delay}", "CONCURRENT_REQUESTS=64")
    return [word for pair in pairs for word in ("-s", pair)]


def is_text_changed(port: int, url: str, original: str) -> bool:
    """Tell whether the edit of a page stands in its article, as the cleaner sees it."""
    plain = url.replace("https://", "http://", 1)
    handler = urllib.request.ProxyHandler({"http": f"http://127.0.0.1:{port}"})
    with urllib.request.build_opener(handler).open(plain, timeout=60) as answer:
        edited = answer.read()
    found = [clean(Page(body=body, url=url)) for body in (original.encode(), edited)]
    articles = [one for one in found if isinstance(one, Article)]
    return len({content_hash(article) for article in articles}) > 1


def show_round(
    folder: Path, port: int, sites: list[str], known: list[set[str]], pages: dict[str, str]
) -> set[str]:
    """Crawl a round and compare; give the articles that are new in it."""
    number, before = len(known) + 1, set[str]().union(*known)
    lines = stored(folder)
    requests = control(port, "stats")["requests"]
    last = crawl(folder, port, sites)
    added = [line for place, line in stored(folder).items() if place not in lines]
    new = {line["url"] for line in added if line["revision"]["number"] == 1}
    changed = {line["url"] for line in added if line["revision"]["number"] > 1}
    out = set(control(port, "urls"))
    # A page is edited in the round after the one in which it came out.
    edited = {url for url in known[-1] if is_edited(url)} if known else set()
    asked = control(port, "stats")["requests"] - requests
    print(f"round {number}: {last}")
    print(
        f"  out {len(out)}, {asked} requests; new {len(new)}, of which out before {len(new & before)}"
    )
    if number > 1:
        print(
            f"  edited {len(edited)}: stored again {len(changed & edited)}; others {len(changed - edited)}"
        )
        for url in sorted(edited - changed):
            where = "in the text" if is_text_changed(port, url, pages[url]) else "outside the text"
            print(f"    edited {where}, not stored again: {url}")
        for url in sorted(changed - edited):
            print(f"    stored again, not edited: {url}")
    return new


def show_again(folder: Path, port: int, sites: list[str]) -> None:
    """Crawl once more, when nothing has changed and no visit is due."""
    articles = {
        (str(parts.hostname), _path(parts)) for parts in map(urlsplit, control(port, "urls"))
    }
    begun, lines = len(control(port, "log")), len(stored(folder))
    print(f"  again: {crawl(folder, port, sites)}")
    asked = [(host, path) for _, host, path, *_ in control(port, "log")[begun:]]
    print(f"    {len(asked)} requests, {sum(one in articles for one in asked)} of them for articles, "
          f"{len(stored(folder)) - lines} lines")  # fmt: skip


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def two_runs(port: int, urls: list[str], delay: float) -> None:
    """Fetch the same addresses by two runs at once, on one store, with a delay."""
    folder = Path(tempfile.mkdtemp(prefix="newscrawl-two-"))
    # An address that looks like a section would be one, and locked.
    urls = [url for url in urls if link_kind(url, 0) == "article"]
    halves = [urls[: len(urls) * 3 // 4], urls[len(urls) // 4 :][::-1]]
    begun = len(control(port, "log"))
    processes = [start(folder, port, [*half, *fast(delay)]) for half in halves]
    print("two runs at once:", *map(end, processes), sep="\n  ")
    log = control(port, "log")[begun:]
    times: dict[str, list[float]] = {}
    for when, host, *_ in log:
        times.setdefault(host, []).append(when)
    gaps = [
        b - a for at in times.values() for a, b in zip(sorted(at), sorted(at)[1:], strict=False)
    ]
    lines = Counter(line["url"] for line in stored(folder).values())
    fetched = Counter(
        (host, path) for _, host, path, status, _ in log if status == 200 and path != "/robots.txt"
    )
    print(f"  {len(log)} requests to {len(times)} hosts, delay {delay} s: smallest gap {min(gaps):.3f} s, "
          f"{sum(gap < delay for gap in gaps)} of {len(gaps)} shorter")  # fmt: skip
    print(f"  {len(lines)} articles, stored twice {sum(n > 1 for n in lines.values())}, "
          f"fetched twice {sum(n > 1 for n in fetched.values())}")  # fmt: skip


def main() -> None:
    """Start the replay and crawl it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("newsweb", type=Path)
    parser.add_argument("--pages", nargs="+", required=True)
    parser.add_argument("--truth", nargs="*", default=[])
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--port", type=int, default=8971)
    parser.add_argument("--delay", type=float, default=0.5)
    options = parser.parse_args()
    pages = {row["url"]: row["html"] for path in options.pages for row in read_lines(Path(path))}
    urls = list(pages)
    origins = dict.fromkeys(
        f"{parts.scheme}://{parts.hostname}/" for url in urls if (parts := urlsplit(url)).hostname
    )
    sites = list({urlsplit(site).hostname: site for site in origins}.values())[: options.hosts]
    hosts = [str(urlsplit(site).hostname) for site in sites]
    command = [sys.executable, str(options.newsweb), "--port", str(options.port), "--rounds", str(ROUNDS),
               "--pages", *options.pages, "--hosts", *hosts, "--truth", *options.truth]  # fmt: skip
    server = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert server.stderr is not None
    print(server.stderr.readline().decode().strip(), flush=True)
    folder = Path(tempfile.mkdtemp(prefix="newscrawl-rounds-"))
    try:
        known = list[set[str]]()
        for _ in range(ROUNDS):
            known.append(show_round(folder, options.port, sites, known, pages))
            show_again(folder, options.port, sites)
            sys.stdout.flush()
            control(options.port, "advance")
            let_visits_come(folder)
        two_runs(options.port, sorted(set[str]().union(*known)), options.delay)
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
