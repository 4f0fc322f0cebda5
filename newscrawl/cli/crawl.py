"""newscrawl crawl."""

import argparse
import logging
import re
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from scrapy.settings import Settings
from scrapy.spiderloader import get_spider_loader

from newscrawl.cli import add_log_options, add_setting_option, positive_number
from newscrawl.cli.exits import ExitCode
from newscrawl.cli.output import add_output_options, open_file
from newscrawl.cli.reporting import send_articles, write_report
from newscrawl.crawling import Job, project_settings, run_crawls, stats_of
from newscrawl.discovery.bounds import parse_bounds
from newscrawl.discovery.links import link_kind
from newscrawl.errors import UsageError
from newscrawl.extensions import last_line, totals_of
from newscrawl.extraction.document import is_http_url
from newscrawl.frontier.stint import DISK_LOW
from newscrawl.profiles import read_profiles
from newscrawl.publishers import registry
from newscrawl.quality import registrable_domain
from newscrawl.reasons import Reason
from newscrawl.reports.building import Verdict
from newscrawl.spiders.articles import home_of
from newscrawl.wording import numbered

EXAMPLE: Final = """
examples:
  newscrawl crawl newsgram
  newscrawl crawl reuters.com                             a source, by the lists that its publisher file states
  newscrawl crawl https://www.example.org/ example.net --limit 50 > new.jsonl
  newscrawl crawl https://www.example.org/ --no-state -O everything.jsonl
  newscrawl crawl https://www.example.org/ --since 2026-01-01 --until 2026-01-31
  newscrawl crawl https://www.example.org/ --since 7d --dry-run

A name is a source (newscrawl sources list) or a spider of this project. The address of a home page means the whole site, by the feeds
and sitemaps it names, else by its links; that of a section means the articles it links to; any
other is one article.

What is known from earlier runs is not fetched again before its time. Articles go to data/articles/SOURCE/DAY.jsonl; output is a
copy of what this run stored. The crawl may be killed at any moment; the next run goes on.

exit codes: 0 all well, also where nothing is new; 1 a page failed, nothing could be reached, the state cannot be used or is in use, or
interrupted; 2 wrong usage; 3 no article where one was expected;
4 some of the sites gave none, refused and were left alone, or no longer deliver a field as they did; 5 the sites refused (robots.txt, 401, 403, 429)
"""
HOST: Final = re.compile(r"(?:[\w-]+\.)+[a-zA-Z]{2,}(?:/\S*)?|localhost(?::\d+)?(?:/\S*)?")
OUT_OF_REACH: Final = (Reason.TIMEOUT, Reason.UNREACHABLE)
REFUSALS: Final = re.compile(r"downloader/response_status_count/(?:401|403|429)")


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE|URL",
        help="a source's or spider's name, or an address",
    )
    add_output_options(parser)
    parser.add_argument(
        "--rejects", metavar="FILE", help="write refused pages to FILE, with reasons"
    )
    parser.add_argument(
        "--profiles",
        metavar="FILE",
        help="drop what FILE, made by newscrawl profile, knows to recur",
    )
    parser.add_argument(
        "--limit", type=positive_number, metavar="N", help="fetch N articles at the most"
    )
    for name, what in (("since", "before"), ("until", "after")):
        parser.add_argument(
            f"--{name}", metavar="DATE",
            help=f"leave out what was published {what}: 2026-01-31, 2026-01-31T12:00+01:00, or an age, 7d",
        )  # fmt: skip
    parser.add_argument(
        "--dry-run", action="store_true",
        help="fetch lists but no article; print what would be fetched, what is known, what is left out, and why",
    )  # fmt: skip
    state = parser.add_mutually_exclusive_group()
    state.add_argument(
        "--state", metavar="FILE|ADDRESS",
        help="the crawl state: a file, beside which articles go into the folder articles/ (data/state.db), or postgresql://…",
    )  # fmt: skip
    state.add_argument(
        "--no-state", action="store_true",
        help="fetch everything, known or not, and keep no record: a one-off",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N",
        help="clean in N processes, so that the crawl goes on meanwhile; 0, the default: in its own",
    )  # fmt: skip
    parser.add_argument(
        "--later", action="store_true",
        help="fetch nothing: put what the crawl starts with into the state, for newscrawl worker or run --due",
    )  # fmt: skip
    parser.add_argument(
        "--no-archive", action="store_true",
        help="do not keep raw responses; else they go as WARC into the folder raw/ beside the state",
    )  # fmt: skip
    add_log_options(parser)
    add_setting_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Crawl."""
    if options.profiles:
        # Here already: in a crawl the error would be one of many lines.
        read_profiles(Path(options.profiles))
    if options.later and (options.no_state or options.dry_run):
        raise UsageError("--later leaves everything to the state: not with --no-state or --dry-run")
    settings = project_settings(
        **log_settings(options),
        **given_settings(options.settings),
        **_state_settings(options),
        **({"NEWSCRAWL_ARCHIVE": False} if options.no_archive else {}),
        **({"NEWSCRAWL_WORKERS": options.workers} if options.workers > 0 else {}),
        NEWSCRAWL_LATER=options.later,
        NEWSCRAWL_REJECTS=options.rejects or "",
        NEWSCRAWL_PROFILES=options.profiles or "",
        NEWSCRAWL_PROGRESS=not options.quiet,
        NEWSCRAWL_REPORT=False,
    )
    settings.update(feed_settings(options, settings), priority="cmdline")
    extra = {name: getattr(options, name) for name in ("limit", "since", "until")}
    parse_bounds(options.since, options.until, datetime.now(UTC))
    if options.dry_run:
        return _dry_run(options, extra, settings)
    jobs = plan(options.sources, extra)
    if options.rejects:
        open_file(Path(options.rejects)).close()
    began = time.time()
    ran = run_crawls(jobs, settings)
    stats = stats_of(ran)
    for one in stats:
        if not options.quiet:
            print_ends(one)
    if options.later:
        return _begun_for_later(stats)
    code = exit_code(stats, _expected_sources(jobs))
    if settings.get("NEWSCRAWL_STATE"):
        send_articles(settings)
        write_report(
            ran, settings, command="newscrawl crawl", began=began, verdict=Verdict(code=code)
        )
    return code


def _begun_for_later(stats: Sequence[dict[str, Any]]) -> ExitCode:
    """Tell whether all crawls have put what they start with."""
    is_begun = all(
        one.get("newscrawl/asked") and "newscrawl/stopped_by" not in one for one in stats
    )
    return ExitCode.OK if is_begun else ExitCode.FAILED


def _dry_run(options: argparse.Namespace, extra: dict[str, Any], settings: Settings) -> ExitCode:
    """Fetch the lists, and print what would be fetched; the state is only looked into."""
    state = settings.get("NEWSCRAWL_STATE") or "-"
    settings.update({"NEWSCRAWL_STATE": "", "FEEDS": {}}, priority="cmdline")
    stats = stats_of(run_crawls(plan(options.sources, {**extra, "dry_run": state}), settings))
    planned = sum(one.get("newscrawl/planned", 0) for one in stats)
    if not options.quiet:
        print(f"newscrawl: {numbered(planned, 'address', 'addresses')} listed", file=sys.stderr)
        for one in stats:
            _print_skipped(one)
    return ExitCode.OK if planned else _exit_code_of_nothing(stats)


def print_ends(stats: dict[str, Any]) -> None:
    """Say how a crawl ended, what was left out before it was fetched, and which hosts refused."""
    if "newscrawl/stopped_by" in stats:
        return
    print(f"newscrawl: {last_line(stats)}", file=sys.stderr)
    _print_skipped(stats)


def _print_skipped(stats: dict[str, Any]) -> None:
    prefix = "newscrawl/skipped/"
    rules = sorted((k.removeprefix(prefix), v) for k, v in stats.items() if k.startswith(prefix))
    if rules:
        counts = ", ".join(f"{rule} {number}" for rule, number in rules)
        print(f"newscrawl: not asked for: {counts}", file=sys.stderr)


def plan(sources: list[str], given_to_all: dict[str, Any] | None = None) -> list[Job]:
    """Turn names and addresses into jobs: one for each spider, one for all addresses."""
    known = get_spider_loader(project_settings()).list()
    extra = {name: value for name, value in (given_to_all or {}).items() if value}
    jobs = [Job(spider=s, arguments=extra) for s in sources if s in known and s != "articles"]
    sites, sections, urls = _sorted_addresses([s for s in sources if s not in known], known)
    given = {"site": sites, "section": sections, "url": urls}
    arguments = {name: " ".join(found) for name, found in given.items() if found}
    if arguments:
        jobs.append(Job(spider="articles", arguments={**arguments, **extra}))
    if not jobs:
        raise UsageError("the spider 'articles' needs addresses: name sites or pages")
    return jobs


def _sorted_addresses(texts: list[str], known: list[str]) -> tuple[list[str], list[str], list[str]]:
    sites, sections, urls = list[str](), list[str](), list[str]()
    for text in texts:
        if not is_http_url(text) and not HOST.fullmatch(text):
            sources = {source.id for source in registry().sources()}
            names = ", ".join(sorted(set(known) - sources))
            raise UsageError(
                f"{text!r} is neither an address nor a spider (there are: {names}), nor a source of "
                "newscrawl sources list"
            )
        address = home_of(text)
        if urlsplit(address).path in ("", "/") and not urlsplit(address).query:
            sites.append(address)
        else:
            (sections if link_kind(address, 0) == "list" else urls).append(address)
    return sites, sections, urls


def exit_code(stats: list[dict[str, Any]], expected: Iterable[frozenset[str]]) -> ExitCode:
    """Give the exit code of crawls from their stats and the sources that should have given something."""
    totals = [totals_of(one) for one in stats]
    if any(
        one.get("finish_reason") in ("shutdown", "state_error", "archive_error", DISK_LOW)
        for one in stats
    ):
        return ExitCode.FAILED  # interrupted: what is missing is counted as not_fetched or left
    if (
        not stats
        or any(t["failed"] for t in totals)
        or not all(s.get("newscrawl/totals_add_up") for s in stats)
    ):
        return ExitCode.FAILED
    is_left_alone = any(
        one.get("newscrawl/refusing") or one.get("newscrawl/silent") for one in stats
    )
    if not any(t["accepted"] or t["known"] or (t["resting"] and not is_left_alone) for t in totals):
        return _exit_code_of_nothing(stats)
    if is_left_alone or any(one.get("newscrawl/drift") for one in stats):
        return ExitCode.DEGRADED
    prefixes = ("newscrawl/source/", "newscrawl/known_source/")
    delivered = {
        key.removeprefix(prefix)
        for one in stats for key in one for prefix in prefixes if key.startswith(prefix)
    }  # fmt: skip
    is_missing = any(not group & delivered for group in expected)
    return ExitCode.DEGRADED if is_missing else ExitCode.OK


def _exit_code_of_nothing(stats: list[dict[str, Any]]) -> ExitCode:
    """Tell a crawl that was refused or reached nothing from one that found nothing."""
    if any(map(_was_refused, stats)):
        return ExitCode.BLOCKED
    if any(one.get("newscrawl/silent") or _home_is_out_of_reach(one) for one in stats):
        return ExitCode.FAILED
    answered = any(key.startswith("downloader/response_count") for one in stats for key in one)
    return ExitCode.NOTHING if answered else ExitCode.FAILED


def _home_is_out_of_reach(stats: dict[str, Any]) -> bool:
    return any(stats.get(f"newscrawl/unread/{reason}") for reason in OUT_OF_REACH)


def _was_refused(stats: dict[str, Any]) -> bool:
    return bool(
        stats.get(f"newscrawl/rejected/{Reason.ROBOTS}")
        or stats.get("newscrawl/refusing")
        or stats.get(f"newscrawl/unread/{Reason.BOT_CHALLENGE}")
        or stats.get("robotstxt/forbidden")
        or any(REFUSALS.match(key) for key in stats)
    )


def _expected_sources(jobs: list[Job]) -> list[frozenset[str]]:
    """Give for each site and source the registered domains of which one should give something."""
    addresses = " ".join(job.arguments.get("site", "") for job in jobs).split()
    hosts = [{urlsplit(address).hostname or ""} for address in addresses]
    named = (registry().find(job.spider) for job in jobs)
    hosts += [{*source.domains} for source in named if source is not None]
    found = (frozenset(d for host in group if (d := registrable_domain(host))) for group in hosts)
    return [group for group in found if group]


def _state_settings(options: argparse.Namespace) -> dict[str, Any]:
    if options.no_state:
        return {"NEWSCRAWL_STATE": ""}
    return {"NEWSCRAWL_STATE": options.state} if options.state else {}


def feed_settings(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Give the FEEDS setting for -o or -O, standard output by default.

    Where there is a state the articles have a home in any case, and nobody reads them on a terminal.
    """
    path = options.append or options.overwrite
    if path is None and settings.get("NEWSCRAWL_STATE") and sys.stdout.isatty():
        return {}
    if path in (None, "-"):
        return {"FEEDS": {"stdout:": {"format": "jsonl"}}}
    # Truncated or created here, then appended to: several crawls may share the file.
    open_file(Path(path), append=bool(options.append)).close()
    uri = Path(path).resolve().as_uri()
    return {"FEEDS": {uri: {"format": "jsonl", "overwrite": False}}}


def log_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Give Scrapy's logging the level of the command line's."""
    level = logging.getLevelName(logging.getLogger().handlers[0].level)
    return {"LOG_LEVEL": level, "STATS_DUMP": options.verbose > 0}


def given_settings(pairs: list[str]) -> dict[str, str]:
    """Read the settings that -s gives.

    Raises:
        UsageError: one is none.

    """
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise UsageError(f"-s takes NAME=VALUE, not {wrong[0]!r}")
    return dict(pair.split("=", 1) for pair in pairs)
