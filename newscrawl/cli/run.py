"""newscrawl run."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any, Final

from scrapy.spiderloader import get_spider_loader

from newscrawl.cli import positive_number
from newscrawl.cli.crawl import exit_code_of_due, given_settings, log_settings, print_ends
from newscrawl.cli.exits import ExitCode
from newscrawl.cli.state import DEFAULT, moment
from newscrawl.crawling import Job, project_settings, run_crawls
from newscrawl.errors import StateError
from newscrawl.state.inspection import DueJob, open_state

EXAMPLE: Final = """
examples:
  newscrawl run --due                          what a scheduler calls, every few minutes
  newscrawl run --due --list                   what is due, and when the next is
  */10 * * * * cd /srv/news && newscrawl run --due -q        the same from cron

What was crawled once is looked at again when its time has come: each feed, sitemap and section by the share of
new links it had, articles by their plan. newscrawl crawl begins a source; newscrawl state show SOURCE tells its
times. A source that another run is at work on is left out.

exit codes: 0 all well, also where nothing is due; 1 a page failed, or the state cannot be used;
4 some of the sites refused, or no longer deliver a field as they did; 5 all refused
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--due", action="store_true", required=True, help="crawl what is due, and nothing else"
    )
    parser.add_argument("--list", action="store_true", help="only say what is due")
    parser.add_argument("--state", default=DEFAULT, metavar="FILE", help="the state (%(default)s)")
    parser.add_argument(
        "--rejects", metavar="FILE", help="write refused pages to FILE, with reasons"
    )
    parser.add_argument(
        "--limit",
        type=positive_number,
        metavar="N",
        help="fetch N articles of each job at the most",
    )
    parser.add_argument(
        "-s", dest="settings", action="append", default=[], metavar="NAME=VALUE",
        help="a Scrapy setting, as in scrapy crawl",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Crawl what is due."""
    state = open_state(Path(options.state))
    try:
        jobs = state.due_jobs(time.time())
        following = state.next_due(time.time())
    finally:
        state.close()
    if options.list or not jobs:
        _print_due(jobs, following, is_quiet=options.quiet and not options.list)
        return ExitCode.OK
    stats = list[dict[str, Any]]()
    settings = project_settings(
        **log_settings(options),
        **given_settings(options.settings),
        NEWSCRAWL_STATE=options.state,
        NEWSCRAWL_REJECTS=options.rejects or "",
        NEWSCRAWL_PROGRESS=not options.quiet,
        NEWSCRAWL_DUE=True,
    )
    limit = {"limit": options.limit} if options.limit else {}
    todo = [
        Job(spider=job.spider, arguments={**job.arguments, **limit})
        for job in jobs
        if not job.is_taken
    ]
    for job in jobs:
        if job.is_taken:
            print(f"newscrawl: {job.name}: being crawled by another run, left out", file=sys.stderr)
    # A source whose file has gone since is no reason to leave the others out.
    known = set(get_spider_loader(settings).list())
    lost = [job.spider for job in todo if job.spider not in known]
    for name in lost:
        print(
            f"newscrawl: {name}: there is no such source or spider any more, left out",
            file=sys.stderr,
        )
    todo = [job for job in todo if job.spider in known]
    if not todo:
        return ExitCode.DEGRADED if lost else ExitCode.OK
    try:
        stats = run_crawls(todo, settings)
    except StateError as error:
        if "being crawled already" not in str(error):
            raise
        # Taken between the look and the crawl.
        print(f"newscrawl: {error}", file=sys.stderr)
        return ExitCode.OK
    for one in stats:
        if not options.quiet:
            print_ends(one)
    code = exit_code_of_due(stats)
    return ExitCode.DEGRADED if lost and code is ExitCode.OK else code


def _print_due(jobs: list[DueJob], following: float | None, *, is_quiet: bool) -> None:
    if is_quiet:
        return
    for job in jobs:
        taken = ", being crawled" if job.is_taken else ""
        print(f"{job.name}: {job.lists} lists, {job.articles} articles due{taken}")
    if not jobs:
        when = f"; the next is at {moment(following)}" if following else ""
        print(f"newscrawl: nothing is due{when}", file=sys.stderr)
