"""newscrawl demo."""

import argparse
import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import lxml.html
from lxml import etree
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from newscrawl.cli.crawl import exit_code, log_settings
from newscrawl.cli.exits import ExitCode
from newscrawl.cli.explain import show
from newscrawl.cli.output import open_file
from newscrawl.crawling import Job, project_settings, run_crawls, stats_of
from newscrawl.demo.server import DemoServer
from newscrawl.demo.site import DemoPublisher, Resource, build_site, load_publishers
from newscrawl.extensions import last_line
from newscrawl.items import Article, Page
from newscrawl.jsonl import decode
from newscrawl.quality import registrable_domain
from newscrawl.stages import clean

OUTPUT: Final = "data/articles/demo.jsonl"
EXAMPLE: Final = """
example:
  newscrawl demo

A news web of five fictional publishers is served on 127.0.0.1, crawled by their feeds, sitemaps and
section pages, and cleaned. No other network is used.
"""
# On loopback there is nobody to be polite to.
FAST: Final = {
    "AUTOTHROTTLE_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
}
SHOWN: Final = "ferry-crews-rescue"


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "-O", "--output", default=OUTPUT, metavar="FILE", help="where the articles go (%(default)s)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Serve, crawl, and show what came out."""
    path = Path(options.output)
    open_file(path).close()
    rejects = path.with_name(f"{path.stem}-rejects.jsonl")
    open_file(rejects).close()
    site, publishers = build_site(), load_publishers()
    with DemoServer(site) as server, TemporaryDirectory() as folder:
        state = str(Path(folder) / "state.db")
        stats, again = _crawl(server.proxy, publishers, path, rejects, state, options)
    articles = [decode(line) for line in path.read_bytes().splitlines()]
    if not options.quiet:
        console = Console(width=None if sys.stdout.isatty() else 110)
        console.print(_table(articles, publishers))
        console.print(_refusals(rejects))
        _show_one(site, console)
        print(f"\nfirst crawl: {last_line(stats)}\nsecond crawl: {last_line(again)}")
        print(f"{len(articles)} articles are in {path}", flush=True)
    return exit_code(
        [stats], [frozenset({registrable_domain(p.host) or p.host}) for p in publishers]
    )


def _crawl(
    proxy: str,
    publishers: tuple[DemoPublisher, ...],
    path: Path,
    rejects: Path,
    state: str,
    options: argparse.Namespace,
) -> list[dict[str, object]]:
    """Crawl twice: the second time all is known."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)
    os.environ["http_proxy"] = proxy
    feed = {path.resolve().as_uri(): {"format": "jsonl", "overwrite": False}}
    settings = project_settings(
        **log_settings(options),
        **FAST,
        FEEDS=feed,
        NEWSCRAWL_REJECTS=str(rejects),
        NEWSCRAWL_STATE=state,
        NEWSCRAWL_REPORT=False,
    )
    sites = " ".join(publisher.base for publisher in publishers)
    # Two pages that must be refused: one that robots.txt forbids, and one that is not there.
    refused = " ".join(
        f"{publishers[0].base}/{path}" for path in ("private/members", "no-such-story")
    )
    job = Job(spider="articles", arguments={"site": sites, "url": refused})
    return stats_of(run_crawls([job, job], settings))


def _show_one(site: dict[str, Resource], console: Console) -> None:
    """Show one article before and after cleaning."""
    url = next(url for url in site if SHOWN in url)
    page = Page(body=site[url].body, content_type=site[url].content_type, url=url)
    console.print(Text(f"\n{url}", style="bold"))
    console.print(Panel(Text(_visible_text(page)), title="before: all text of the page"))
    cleaned = clean(page)
    if isinstance(cleaned, Article):
        console.print(Text("\nafter, as newscrawl explain shows it:\n", style="bold"))
        show(cleaned, console)


def _refusals(path: Path) -> Table:
    table = Table(title="What was refused, and why")
    for name in ("address", "reason", "detail"):
        table.add_column(name, overflow="fold")
    for line in path.read_bytes().splitlines():
        row = json.loads(line)
        table.add_row(row["url"], row["rejected"], row.get("detail", ""))
    return table


def _table(articles: list[Article], publishers: tuple[DemoPublisher, ...]) -> Table:
    table = Table(title="What came out")
    columns = (
        "publisher",
        "language",
        "articles",
        "dated",
        "with zone",
        "authors",
        "agency",
        "images",
        "words",
    )
    for name in columns:
        table.add_column(name, justify="left" if name in ("publisher", "language") else "right")
    for publisher in publishers:
        own = [a for a in articles if a.publisher.domain == publisher.host]
        table.add_row(
            publisher.name,
            publisher.language,
            str(len(own)),
            str(sum(a.date_published is not None for a in own)),
            str(
                sum(
                    "T" in (a.date_published or "") and (a.date_published or "")[-6] in "+-"
                    for a in own
                )
            ),
            str(sum(any(b.kind == "person" for b in a.authors) for a in own)),
            str(sum(bool(a.agencies) for a in own)),
            str(sum(len(a.images) for a in own)),
            str(sum(a.word_count for a in own)),
        )
    return table


def _visible_text(page: Page) -> str:
    """Give the text of a page as a tool without judgement would: every line that is not script."""
    tree = lxml.html.document_fromstring(page.body)
    etree.strip_elements(tree, "script", "style", "head", with_tail=False)
    lines = (" ".join(str(text).split()) for text in tree.itertext())
    return "\n".join(line for line in lines if line)
