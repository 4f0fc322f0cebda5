"""newscrawl worker."""

import argparse
import logging
import math
import sys
from typing import Final

from newscrawl.cli import add_log_options, add_setting_option, age_option, positive_number
from newscrawl.cli.crawl import given_settings, log_settings
from newscrawl.cli.exits import ExitCode
from newscrawl.cli.reporting import check_settings, complain, send_articles
from newscrawl.cli.state import add_state_option, named_state
from newscrawl.crawling import project_settings
from newscrawl.errors import UsageError
from newscrawl.frontier.runs import articles_folder
from newscrawl.state.running import machine
from newscrawl.wording import numbered
from newscrawl.working import Terms, Worked, Worker

EXAMPLE: Final = """
examples:
  newscrawl crawl www.example.org --later --state postgresql://news@db/news    begins a source; fetches nothing
  newscrawl worker --state postgresql://news@db/news                           on as many machines as there are
  NEWSCRAWL_STATE=postgresql://news@db/news PGPASSFILE=~/.pgpass newscrawl worker --crawls 16
  newscrawl worker --until-done                                                on this machine's own state, until all is done
  newscrawl status --state postgresql://news@db/news                           who works, and what is left

A worker runs what is due, and waits for more. On SIGTERM or Ctrl-C it lets what is being fetched come to its end and leaves
within ten seconds; it may be killed at any moment: what it had in its hands goes to others. Each host is asked by one worker
at a time, with its delay between requests, whoever makes them.

exit codes: 0 told to leave, or all was done; 1 the state cannot be used; 2 wrong usage
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    add_state_option(parser)
    parser.add_argument(
        "--name", metavar="NAME", help="what status calls it; the machine's name, if not given"
    )
    parser.add_argument(
        "--crawls", type=positive_number, metavar="N",
        help="crawls under way at a time (the setting NEWSCRAWL_CRAWLS_AT_ONCE)",
    )  # fmt: skip
    parser.add_argument(
        "--until-done",
        action="store_true",
        help="leave when nothing is due, or will be within a minute, and nobody is at work",
    )
    parser.add_argument(
        "--max-time", type=age_option, metavar="AGE", help="leave after so long, such as 24h"
    )
    add_log_options(parser)
    add_setting_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Work."""
    place = named_state(options)
    if not place.exists():
        raise UsageError(
            f"there is no crawl state at {place}: newscrawl crawl SOURCE --later begins one"
        )
    settings = project_settings(
        **log_settings(options),
        **given_settings(options.settings),
        NEWSCRAWL_STATE=options.state,
        NEWSCRAWL_DUE=True,
        NEWSCRAWL_REPORT=False,
        NEWSCRAWL_PROGRESS=False,
        SPIDER_LOADER_WARN_ONLY=True,
    )
    check_settings(settings)
    terms = Terms(
        name=options.name or machine(),
        crawls=options.crawls or max(1, settings.getint("NEWSCRAWL_CRAWLS_AT_ONCE")),
        seconds=options.max_time or math.inf,
        until_done=options.until_done,
    )
    worked = Worker(place, articles_folder(settings), settings, terms).run()
    if options.until_done:
        send_articles(settings)
    if not options.quiet:
        print(f"newscrawl: {_said(worked)}", file=sys.stderr)
    if worked.broken:
        complain(f"{numbered(worked.broken, 'crawl')} could not go on; the log says why")
    logging.shutdown()
    return ExitCode.OK


def _said(worked: Worked) -> str:
    joined = f", {worked.joined} of them begun by others" if worked.joined else ""
    return f"{numbered(worked.crawls, 'crawl')}{joined}; left: {worked.reason.replace('_', ' ')}"
