"""Crawl a replayed news web, with faults and hostile hosts, and count what came out and what it cost.

    python -m benchmarks.discovery NEWSWEB.py --pages PAGES.jsonl.gz... [--faults] [--hostile] [--crawlers …]

NEWSWEB.py replays stored pages on loopback under their own host names. Each crawler gets the same hosts and a
fresh server. Printed for each: the share of the articles out that it fetched (and, for newscrawl, that it stored
or ended with a reason), requests, requests an article by the kind of discovery, robots.txt breaches, requests to
hostile pages and to addresses that are none of the replay's, the smallest gap between two requests to a host,
and the most memory that it took.
"""

import argparse
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.evalset import read_lines

CONTROL: Final = "http://newsweb.test"
KINDS: Final = ("sitemap", "rss", "atom", "sections")
"""How hosts list their articles; the replay deals these out by turns, in the order of its pages."""
STALLED: Final = 3
"""The place of `stall-once` among the replay's faults."""
PEERS: Final = Path(__file__).with_name("crawlers.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """A replay that is running."""

    port: int
    sites: list[str]
    kinds: dict[str, str]

    def ask(self, what: str) -> Any:
        """Ask the replay for its urls, stats or log."""
        handler = urllib.request.ProxyHandler({"http": f"http://127.0.0.1:{self.port}"})
        with urllib.request.build_opener(handler).open(f"{CONTROL}/{what}", timeout=240) as answer:
            return json.load(answer)


def gather(options: argparse.Namespace) -> None:
    """Put all pages onto a few hosts of our own naming, with their titles and dates."""
    folder = Path(tempfile.mkdtemp(prefix="newscrawl-gathered-"))
    truth = {row["url"]: row for path in options.truth for row in read_lines(Path(path))}
    pages, truths, seen = list[str](), list[str](), set[str]()
    for path in options.pages:
        for row in read_lines(Path(path)):
            parts = urlsplit(row["url"])
            if parts.path in ("", "/") or parts.path in seen:
                continue
            seen.add(parts.path)
            host = f"www.paper-{len(pages) % options.gather}.example"
            url = parts._replace(scheme="https", netloc=host).geturl()
            pages.append(json.dumps({"url": url, "html": row["html"]}))
            known = truth.get(row["url"], {})
            truths.append(
                json.dumps({"url": url, "title": known.get("title"), "date": known.get("date")})
            )
    for name, lines in (("pages", pages), ("truth", truths)):
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    options.pages, options.truth = [str(folder / "pages.jsonl")], [str(folder / "truth.jsonl")]


@contextmanager
def replay(options: argparse.Namespace) -> Iterator[Web]:
    """Serve the pages."""
    command = [
        sys.executable,
        str(options.newsweb),
        "--port",
        str(options.port),
        "--pages",
        *options.pages,
    ]
    command += ["--discovery", options.discovery]
    command += ["--truth", *options.truth] if options.truth else []
    command += [flag for flag in ("--faults", "--hostile") if getattr(options, flag[2:])]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
        assert server.stderr is not None
        print(server.stderr.readline().decode().strip(), flush=True)
        urls = [row["url"] for path in options.pages for row in read_lines(Path(path))]
        parts = [urlsplit(url) for url in urls]
        origins = {
            str(p.hostname): f"{p.scheme}://{p.hostname}/"
            for p in reversed(parts) if p.hostname and p.path not in ("", "/")
        }  # fmt: skip
        hosts = list(dict.fromkeys(str(p.hostname) for p in parts if p.hostname in origins))
        mixed = {host: KINDS[number % len(KINDS)] for number, host in enumerate(hosts)}
        kinds = mixed if options.discovery == "mixed" else dict.fromkeys(hosts, options.discovery)
        try:
            yield Web(port=options.port, sites=[origins[host] for host in hosts], kinds=kinds)
        finally:
            server.kill()


def command_of(name: str, folder: Path, sites: list[str], options: argparse.Namespace) -> list[str]:
    """Give the command that crawls all sites with a crawler; `name=PYTHON` says whose packages it has."""
    name, _, python = name.partition("=")
    delay = options.delay
    if name == "newscrawl":
        settings = [f"DOWNLOAD_DELAY={delay}", "CONCURRENT_REQUESTS=64"]
        pairs = [word for pair in settings for word in ("-s", pair)]
        return [
            sys.executable, "-m", "newscrawl", "crawl", *sites, "--state", str(folder / "state.db"),
            "--rejects", str(folder / "rejects.jsonl"), "-O", str(folder / "out.jsonl"), *pairs,
        ]  # fmt: skip
    list_of_sites = folder / "sites.txt"
    list_of_sites.write_text("\n".join(sites))
    return [python or sys.executable, str(PEERS), name, str(list_of_sites), str(delay)]


def crawl(name: str, web: Web, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run a crawler over the whole replay; give what it took."""
    proxy = f"http://127.0.0.1:{web.port}"
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), proxy)
    begun = time.monotonic()
    command = command_of(name, folder, web.sites, options)
    if name.startswith("trafilatura"):
        # It takes http_proxy for one of the SOCKS kind; curl, which it uses, knows this one.
        proxies = {"ALL_PROXY": proxy}
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command,
            env={**environment, **proxies, "NO_PROXY": ""},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        late = begun + options.most
        most, cpu = 0.0, 0.0
        while process.poll() is None:
            most, cpu = max(most, memory_of(process.pid)), max(cpu, cpu_of(process.pid))
            if time.monotonic() > late:
                # With all that it has started, which would go on at the next one's server.
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.1)
    last = (folder / "log.txt").read_text("utf-8", "replace").strip().splitlines()[-1:]
    return {
        "seconds": time.monotonic() - begun, "cpu": cpu, "memory": most,
        "exit": process.returncode, "last": last,
    }  # fmt: skip


def memory_of(pid: int) -> float:
    """Give the most memory that a process has taken so far, in MB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", _proc(pid, "status"))
    return int(found[1]) / 1024 if found else 0.0


def cpu_of(pid: int) -> float:
    """Give the seconds of CPU that a process and its ended children have taken so far."""
    fields = _proc(pid, "stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _proc(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


def show(name: str, web: Web, folder: Path, took: dict[str, Any]) -> None:
    """Print what a crawler fetched and what it cost."""
    stats, log = web.ask("stats"), web.ask("log")
    out = {_place(url) for url in web.ask("urls")}
    answers: dict[tuple[str, str], set[int]] = {}
    for _, host, path, status, _ in log:
        answers.setdefault((host, path), set()).add(status)
    fetched = {place for place in out if 200 in answers.get(place, ())}
    looping = {place for place in out if answers.get(place) == {302}}
    gaps = list(_gaps(log, {_place(url) for url in web.ask("urls") if is_stalled(url)}))
    print(
        f"\n## {name}: exit {took['exit']}, {took['seconds']:.0f} s, {took['cpu']:.0f} s CPU, {took['memory']:.0f} MB"
    )
    print(
        f"fetched {len(fetched)} of {len(out)} articles ({len(fetched) / len(out):.3f}), {len(looping)} more redirect in a circle"
    )
    print(f"{stats['requests']} requests: {stats['article_repeats']} repeats, {stats['robots_breaches']} breaches, "
          f"{stats['hostile_requests']} hostile, {sum(stats['unknown_hosts'].values())} to other addresses; "
          f"smallest gap {min(gaps, default=0):.3f} s")  # fmt: skip
    requests = Counter(web.kinds.get(host, "?") for _, host, *_ in log)
    articles = Counter(web.kinds[host] for host, _ in fetched)
    print(
        "requests an article:",
        ", ".join(f"{k} {requests[k] / max(1, articles[k]):.2f}" for k in KINDS if requests[k]),
    )
    print("retry-after broken:", _broken_waits(log))
    print(*took["last"])
    missed = sorted(out - fetched - looping)
    for place in missed[:40]:
        print("  missed", web.kinds[place[0]], "".join(place), sorted(answers.get(place, ())))
    if name == "newscrawl":
        _show_ends(folder, out)


def _show_ends(folder: Path, out: set[tuple[str, str]]) -> None:
    """Compare what newscrawl stored with what it should have."""
    stored = {_place(row["url"]) for row in _lines(folder / "out.jsonl")}
    rejected = {
        _place(row["url"]): row for row in _lines(folder / "rejects.jsonl") if row.get("url")
    }
    both = len(out & (stored | set(rejected)))
    print(f"stored {len(stored & out)} ({len(stored & out) / len(out):.3f}), refused with a reason {len(out & set(rejected) - stored)}, "
          f"neither {len(out) - both}; stored what was none: {sorted(stored - out)[:10]}")  # fmt: skip
    for place, row in sorted(rejected.items()):
        if place in out and place not in stored:
            print("  refused", row["rejected"], "".join(place))
    for place in sorted(out - stored - set(rejected)):
        print("  neither", "".join(place))


def is_stalled(url: str) -> bool:
    """Tell whether the replay, with faults, answers a page half a minute late once; its own rule."""
    return int(hashlib.sha256(f"fault{url}".encode()).hexdigest()[:8], 16) % 35 == STALLED


def _gaps(log: list[list[Any]], stalled: set[tuple[str, str]]) -> Iterator[float]:
    """Give the seconds between requests to a host; the replay notes stalled ones when it answers, not when asked."""
    times: dict[str, list[float]] = {}
    for when, host, path, *_ in log:
        if (host, path) not in stalled:
            times.setdefault(host, []).append(when)
    for at in times.values():
        yield from (b - a for a, b in pairwise(sorted(at)))


def _broken_waits(log: list[list[Any]]) -> int:
    """Count requests to a host within two seconds of its 429, which says Retry-After: 2."""
    broken, until = 0, dict[str, float]()
    for when, host, _, status, _ in sorted(log):
        broken += when < until.get(host, 0) - 0.01
        if status == 429:
            until[host] = when + 2
    return broken


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return str(parts.hostname), (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def main() -> None:
    """Start the replay once for each crawler, and crawl it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("newsweb", type=Path)
    parser.add_argument("--pages", nargs="+", required=True)
    parser.add_argument("--truth", nargs="*", default=[])
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("--discovery", choices=("mixed", *KINDS), default="mixed")
    parser.add_argument(
        "--gather",
        type=int,
        metavar="N",
        help="put all pages onto N hosts: real ones have more than two",
    )
    parser.add_argument("--crawlers", nargs="+", default=["newscrawl"])
    parser.add_argument("--port", type=int, default=8972)
    parser.add_argument("--delay", type=float, default=0.5)
    parser.add_argument("--most", type=float, default=900, help="seconds a crawler may take")
    options = parser.parse_args()
    if options.gather:
        gather(options)
    for name in options.crawlers:
        with replay(options) as web:
            folder = Path(tempfile.mkdtemp(prefix="newscrawl-discovery-"))
            took = crawl(name, web, folder, options)
            try:
                show(name, web, folder, took)
            except OSError as error:
                print(
                    f"\n## {name}: exit {took['exit']}, {took['seconds']:.0f} s; the replay does not answer any more: {error}"
                )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
