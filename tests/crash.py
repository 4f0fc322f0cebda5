"""The crash test: a real crawl of a loopback site, killed at random moments, until it is done.

    python -m tests.crash --articles 2000 --kills 50

A crawl is killed with SIGKILL again and again and then resumed to its end; then the same with SIGTERM and
Ctrl-C, on a disk that fills up, and on one that becomes read-only. After each, every article must stand
exactly once in the article files, the ledger of each run must add up, and the state must be sound.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from newscrawl.demo.server import DemoServer
from newscrawl.demo.site import Resource
from newscrawl.state.place import StatePlace
from tests.states import state_in

HOST = "www.crash.example"
HOME = f"http://{HOST}/"
PER_SITEMAP = 100
SUBJECTS = (
    "The harbour board",
    "A night ferry",
    "The upper mill",
    "Dr Ines Farrow",
    "The town archive",
)
VERBS = ("rebuilt", "measured", "reopened", "mislaid", "auctioned", "photographed", "repainted")
OBJECTS = ("the old lighthouse stairs", "nine hundred wooden crates", "a map of the salt marsh",
           "the east quay clock", "two brass telescopes", "the flood gauge by the bridge")  # fmt: skip
WAYS = ("before the first frost", "with borrowed tools", "to the surprise of the council",
        "for the third year running", "while the tide was out", "under a tarpaulin")  # fmt: skip
NOT_TRIED = "not tried: no right to mount a small disk here"
FAST = [
    "-s", "AUTOTHROTTLE_ENABLED=0", "-s", "DOWNLOAD_DELAY=0", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=8",
    # Small disks are to be filled to the end here, as others may fill them.
    "-s", "NEWSCRAWL_LEAST_FREE=0",
]  # fmt: skip


def article_url(number: int) -> str:
    return f"{HOME}2026/03/{1 + number % 28:02}/report-number-{number}-from-the-salt-coast"


def article(number: int, edition: int = 1) -> Resource:
    """Write an article of five paragraphs; each number gives a text of its own."""
    chance = random.Random(number)
    paragraphs = [
        " ".join(
            f"{chance.choice(SUBJECTS)} {chance.choice(VERBS)} {chance.choice(OBJECTS)} "
            f"{chance.choice(WAYS)}, entry {number}.{place}.{line} of the coast diary says."
            for line in range(3)
        )
        for place in range(5)
    ]
    if edition > 1:
        paragraphs.append(
            f"Keepers of the diary counted the crates again and came to {edition * 411} this time."
        )
    day = f"2026-03-{1 + number % 28:02}T08:{number % 60:02}:00+00:00"
    data = {
        "@context": "https://schema.org", "@type": "NewsArticle", "headline": f"Report {number} from the salt coast",
        "datePublished": day, "author": {"@type": "Person", "name": "Mara Quill"},
    }  # fmt: skip
    body = (
        f"<!doctype html><html lang=en><head><title>Report {number} from the salt coast</title>"
        f"<link rel=canonical href='{article_url(number)}'>"
        f"<script type='application/ld+json'>{json.dumps(data)}</script></head><body><article>"
        f"<h1>Report {number} from the salt coast</h1>"
        + "".join(f"<p>{text}</p>" for text in paragraphs)
        + "</article></body></html>"
    )
    return Resource(content_type="text/html; charset=utf-8", body=body.encode())


def sitemap(numbers: range, modified: dict[int, str] | None = None) -> Resource:
    entries = "".join(
        f"<url><loc>{article_url(number)}</loc>"
        + (f"<lastmod>{modified[number]}</lastmod>" if modified and number in modified else "")
        + "</url>"
        for number in numbers
    )
    xml = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
    return Resource(content_type="application/xml", body=xml.encode())


def build_site(articles: int) -> dict[str, Resource]:
    """Give a site of so many articles, listed in sitemaps of a hundred."""
    site = {article_url(number): article(number) for number in range(articles)}
    parts = range(0, articles, PER_SITEMAP)
    index = "".join(f"<sitemap><loc>{HOME}sitemap-{part}.xml</loc></sitemap>" for part in parts)
    xml = (
        f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{index}</sitemapindex>'
    )
    site[f"{HOME}sitemap.xml"] = Resource(content_type="application/xml", body=xml.encode())
    for part in parts:
        numbers = range(part, min(part + PER_SITEMAP, articles))
        site[f"{HOME}sitemap-{part}.xml"] = sitemap(numbers)
    robots = f"User-agent: *\nSitemap: {HOME}sitemap.xml\n".encode()
    site[f"{HOME}robots.txt"] = Resource(content_type="text/plain", body=robots)
    home = b"<html><body><h1>Salt Coast</h1></body></html>"
    site[HOME] = Resource(content_type="text/html", body=home)
    return site


@dataclass
class Trial:
    """One crawl from start to end, however often it is interrupted."""

    folder: Path
    server: DemoServer
    site: dict[str, Resource]
    problems: list[str] = field(default_factory=list)
    interruptions: int = 0
    messages: list[str] = field(default_factory=list)
    begun: int = 0

    def __post_init__(self) -> None:
        self.begun = len(self.server.requests)

    @property
    def state(self) -> StatePlace:
        return state_in(self.folder.parent, str(self.folder / "state.db"))

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start the crawl as a person would."""
        command = [
            sys.executable, "-m", "newscrawl", "crawl", HOME, "--state", self.state.text(), "-s", f"NEWSCRAWL_ARTICLES={self.folder / 'articles'}", *FAST,
            *arguments,
        ]  # fmt: skip
        proxies = {"http_proxy": self.server.proxy, "https_proxy": self.server.proxy}
        environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        return subprocess.Popen(
            command, env={**environment, **proxies}, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, cwd=self.folder.parent,
        )  # fmt: skip

    def interrupt(
        self, process: "subprocess.Popen[bytes]", number: int, chance: random.Random
    ) -> bool:
        """Send a signal at a random moment; tell whether the crawl was still running."""
        served = len(self.server.requests)
        wanted = served + chance.randint(0, 60)
        until = time.monotonic() + (60 if chance.random() < 0.7 else chance.uniform(0, 3))
        while (
            process.poll() is None
            and len(self.server.requests) < wanted
            and time.monotonic() < until
        ):
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.05))
        if process.poll() is not None:
            self.end(process)
            return False
        process.send_signal(number)
        self.interruptions += 1
        self.end(process)
        return True

    def end(self, process: "subprocess.Popen[bytes]") -> int:
        """Wait for the crawl, keep what it said."""
        try:
            _, errors = process.communicate(timeout=900)
        except subprocess.TimeoutExpired:
            process.kill()
            _, errors = process.communicate()
            self.problems.append("hung")
        self.messages.append(errors.decode(errors="replace"))
        if "Traceback" in self.messages[-1]:
            self.problems.append(f"traceback: {self.messages[-1][-2000:]}")
        return process.returncode

    def finish(self) -> None:
        """Run to the end and check everything."""
        code = self.end(self.start())
        if code != 0:
            self.problems.append(f"the last run ended with {code}: {self.messages[-1][-500:]}")
        self.check()

    def check(self) -> None:
        stored = Counter(str(line["url"]) for line in self.lines())
        wanted = {url for url in self.site if "/report-number-" in url}
        if lost := wanted - set(stored):
            self.problems.append(f"lost {len(lost)}: {sorted(lost)[:3]}")
        if doubled := [url for url, number in stored.items() if number > 1]:
            self.problems.append(f"twice {len(doubled)}: {doubled[:3]}")
        if strangers := set(stored) - wanted:
            self.problems.append(f"strangers: {sorted(strangers)[:3]}")
        command = [
            sys.executable, "-m", "newscrawl", "state", "check", "--state", self.state.text(),
            "--articles", str(self.folder / "articles"),
        ]  # fmt: skip
        result = subprocess.run(command, capture_output=True, check=False, text=True)
        if result.returncode:
            self.problems.append(f"state check: {result.stdout[-500:]}{result.stderr[-500:]}")

    def lines(self) -> Iterator[dict[str, object]]:
        for path in sorted((self.folder / "articles").rglob("*.jsonl")):
            for line in path.read_bytes().splitlines():
                yield json.loads(line)

    @property
    def fetched_twice(self) -> int:
        """Article requests beyond the first for each."""
        articles = [url for url in self.server.requests[self.begun :] if "/report-number-" in url]
        return len(articles) - len(set(articles))

    def __str__(self) -> str:
        if not self.messages:
            return "nothing was run"
        state = "; ".join(self.problems) or "every article once, ledger adds up, state sound"
        return f"{self.interruptions} interruptions, {self.fetched_twice} articles fetched twice: {state}"


def kill_trial(trial: Trial, signals: list[signal.Signals], chance: random.Random) -> None:
    """Interrupt the crawl with each of the signals, and run it to its end."""
    for number in signals:
        while not trial.interrupt(trial.start(), number, chance):
            if len(list(trial.lines())) == sum("/report-number-" in url for url in trial.site):
                break  # it was done before the signal came
    trial.finish()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """Mount a small disk where that is allowed; else say so."""
    folder.mkdir(parents=True)
    options = f"size={megabytes}m"
    command = ["mount", "-t", "tmpfs", "-o", options, "newscrawl-crash", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def full_disk_trial(trial: Trial, megabytes: int = 2) -> str:
    """Fill the disk up in the middle of the crawl, give it room, and go on."""
    with small_disk(trial.folder, megabytes) as mounted:
        if not mounted:
            return NOT_TRIED
        code = trial.end(trial.start())
        trial.interruptions += 1
        if code != 1:
            trial.problems.append(f"a full disk ended with {code}: {trial.messages[-1][-300:]}")
        said = trial.messages[-1].strip().splitlines()[0] if trial.messages[-1].strip() else ""
        remount(trial.folder, "size=500m")
        trial.finish()
    return f"a disk of {megabytes} MB; it said: {said}"


def read_only_trial(trial: Trial, chance: random.Random) -> str:
    """Make the disk, or where that is not allowed the files, read-only in the middle of the crawl."""
    with small_disk(trial.folder, 500) as mounted:
        if not mounted and os.geteuid() == 0:
            return NOT_TRIED  # modes do not bind root
        trial.interrupt(trial.start(), signal.SIGKILL, chance)
        if mounted:
            remount(trial.folder, "ro")
        else:
            _set_modes(trial.folder, writable=False)
        code = trial.end(trial.start())
        said = trial.messages[-1].strip().splitlines()[0] if trial.messages[-1].strip() else ""
        if code != 1:
            trial.problems.append(
                f"a read-only disk ended with {code}: {trial.messages[-1][-300:]}"
            )
        if mounted:
            remount(trial.folder, "rw")
        else:
            _set_modes(trial.folder, writable=True)
        trial.finish()
    return f"{'a read-only disk' if mounted else 'read-only files'}; it said: {said}"


def remount(folder: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(folder)], check=True)


def _set_modes(folder: Path, *, writable: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(
            (0o755 if path.is_dir() else 0o644) if writable else (0o555 if path.is_dir() else 0o444)
        )


def main() -> int:
    """Run all trials; 0 if all hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print(f"{options.articles} articles, {options.kills} kills, seed {options.seed}", flush=True)
    base = Path(tempfile.mkdtemp(prefix="newscrawl-crash-"))
    is_good = True
    with DemoServer(build_site(options.articles)) as server:

        def trial(name: str, articles: int) -> Trial:
            site = build_site(articles)
            server.serve(site)
            return Trial(base / name, server, site)

        killed = trial("killed", options.articles)
        kill_trial(killed, [signal.SIGKILL] * options.kills, chance)
        print(f"SIGKILL: {killed}", flush=True)
        few = max(60, options.articles // 5)
        stopped = trial("stopped", few)
        kill_trial(stopped, [signal.SIGTERM, signal.SIGINT] * max(1, options.kills // 10), chance)
        print(f"SIGTERM and Ctrl-C: {stopped}", flush=True)
        full = trial("full", max(400, few))
        print(f"full disk: {full_disk_trial(full)}\n  {full}", flush=True)
        read_only = trial("readonly", few)
        print(f"read-only: {read_only_trial(read_only, chance)}\n  {read_only}", flush=True)
        is_good = not any(t.problems for t in (killed, stopped, full, read_only))
    if is_good:
        with suppress(OSError):
            shutil.rmtree(base)
    else:
        print(f"what was left is in {base}")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
