"""Measure ``newscrawl sources add``: ``python -m benchmarks.probing NEWSWEB PAGES… [--truth FILE] [--count N]``.

NEWSWEB is a server program that replays stored pages under their real hosts as a proxy on loopback (it takes ``--pages``,
``--truth`` and ``--port``). Every host that has a shipped publisher file is looked at as if there were none, and what is
found is compared: feeds and sitemaps with what the host's robots.txt and home page name, language and time zone with the
shipped file.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from benchmarks.evalset import read_lines
from newscrawl.publishers import PublisherFile, publisher_for

AT_ONCE: Final = 2
SECONDS: Final = 120
FAST: Final = ("-s", "DOWNLOAD_DELAY=0.02", "-s", "AUTOTHROTTLE_ENABLED=0")
SITEMAP: Final = re.compile(r"^sitemap:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
FEED: Final = re.compile(
    r'<link rel="alternate" type="application/(?:rss|atom)\+xml" href="([^"]+)"'
)


@dataclass(frozen=True, slots=True)
class Result:
    """What was found on a host, and what is right."""

    host: str
    found: dict[str, Any]
    feeds: set[str]
    sitemaps: set[str]
    source: PublisherFile
    articles: int

    def rights(self) -> dict[str, bool]:
        """Tell for each thing whether it is right."""
        return {
            "feeds": set(self.found.get("feeds", ())) == self.feeds,
            # What stands at a usual address, unnamed, was read before it was written down.
            "sitemaps": self.sitemaps <= set(self.found.get("sitemaps", ())),
            "language": self.found.get("language") == self.source.language,
            "timezone": self.found.get("timezone") == self.source.timezone,
            "articles": self.articles > 0,
        }


def main() -> None:
    """Serve, probe and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("newsweb", type=Path)
    parser.add_argument("pages", type=Path, nargs="+")
    parser.add_argument("--truth", type=Path, help="titles and dates for the server")
    parser.add_argument("--count", type=int, default=1000, help="hosts at the most")
    options = parser.parse_args()
    hosts = list(hosts_of(options.pages))[: options.count]
    with served(options) as proxy, tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(lambda host: probe(host, proxy, scratch), hosts))
    print_results(results)


def hosts_of(paths: list[Path]) -> Iterator[str]:
    """Give the hosts of the pages that have a shipped file, each once."""
    addresses = (urlsplit(row["url"]) for path in paths for row in read_lines(path))
    hosts = dict.fromkeys(a.hostname for a in addresses if a.hostname and a.path not in ("", "/"))
    return (host for host in hosts if host and publisher_for(host))


@contextmanager
def served(options: argparse.Namespace) -> Iterator[str]:
    """Run the server; give the address of its proxy."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    truth = ["--truth", str(options.truth)] if options.truth else []
    command = [sys.executable, str(options.newsweb), "--port", str(port), "--pages", *map(str, options.pages), *truth]  # fmt: skip
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(10 * SECONDS):
            time.sleep(0.1)
            with socket.socket() as test:
                if test.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def probe(host: str, proxy: str, scratch: Path) -> Result:
    """Look at one host as if nothing were known of it."""
    source = publisher_for(host)
    assert source is not None
    # A file of two lines takes the place of the shipped one, which would say the zone.
    own = scratch / f"{host}.known"
    own.mkdir()
    names = ", ".join(f'"{domain}"' for domain in source.domains)
    (own / f"{source.id}.toml").write_text(
        f'name = "{source.name}"\ndomains = [{names}]\n', "utf-8"
    )
    environment = os.environ | {"http_proxy": proxy, "https_proxy": proxy, "NEWSCRAWL_SOURCES": str(own)}  # fmt: skip
    into = scratch / f"{host}.found"
    command = [sys.executable, "-m", "newscrawl", "sources", "add", host, "--into", str(into), *FAST]  # fmt: skip
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    files = list(into.glob("*.toml")) if into.is_dir() else []
    found = tomllib.loads(files[0].read_text("utf-8")) if files else {}
    told = re.search(r"^(\d+) of \d+ pages? (?:are|is)", done.stdout, re.MULTILINE)
    feeds, sitemaps = named_on(host, proxy)
    return Result(host, found, feeds, sitemaps, source, int(told[1]) if told else 0)


def named_on(host: str, proxy: str) -> tuple[set[str], set[str]]:
    """Give the feeds that a host's home page names, and the sitemaps that its robots.txt does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
    home = f"https://{host}/"

    def read(url: str) -> str:
        # The server answers http as it does https.
        with opener.open(url.replace("https:", "http:", 1), timeout=SECONDS) as answer:
            return str(answer.read().decode("utf-8", "replace"))

    feeds = {urljoin(home, href) for href in FEED.findall(read(home))}
    sitemaps = set(SITEMAP.findall(read(urljoin(home, "/robots.txt"))))
    return feeds, {re.sub(r"^http:", "https:", url) for url in sitemaps}


def print_results(results: list[Result]) -> None:
    """Print a row for each host with something wrong, and the totals."""
    print("\n| host | wrong | found | right |\n|---|---|---|---|")
    for one in results:
        for name, is_right in one.rights().items():
            if not is_right:
                right = getattr(one, name, None) or getattr(one.source, name, "")
                print(f"| {one.host} | {name} | {one.found.get(name, '—')} | {right} |")
    whole = sum(all(one.rights().values()) for one in results)
    print(f"\n{len(results)} hosts, all right on {whole} ({whole / max(1, len(results)):.0%})")
    for name in results[0].rights() if results else ():
        print(f"{name}: right on {sum(one.rights()[name] for one in results)}")


if __name__ == "__main__":
    main()
