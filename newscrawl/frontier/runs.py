"""What a run is: its state, its job, what it locks; read from settings and spider."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from scrapy import Spider
from scrapy.settings import BaseSettings

from newscrawl.ages import read_age
from newscrawl.errors import UsageError
from newscrawl.publishers import publisher_for
from newscrawl.remote import is_remote
from newscrawl.state import Manners, RunKey
from newscrawl.state.back_ends import open_frontier
from newscrawl.state.frontier import SQLFrontier
from newscrawl.state.health import Limits
from newscrawl.state.lines import check_storage
from newscrawl.state.place import StatePlace, place_of
from newscrawl.state.plan import parse_plan

NEVER: Final = "never"
"""In `NEWSCRAWL_QUIET_AFTER`: the source may pause as long as it likes."""


def begin_run(settings: BaseSettings, spider: Spider) -> SQLFrontier:
    """Open the state and begin the run of a spider.

    Raises:
        StateError: the state cannot be used, or the source is being crawled already.
        UsageError: a setting makes no sense.

    """
    if settings.get("JOBDIR"):
        raise UsageError("JOBDIR and NEWSCRAWL_STATE keep the same requests twice: set one of them")
    for plan in settings.getdict("NEWSCRAWL_REVISITS").values():
        parse_plan(plan)
    check_storage(articles_folder(settings))
    return open_frontier(
        state_place(settings),
        articles_folder(settings),
        replace(
            run_key(spider, due_only=settings.getbool("NEWSCRAWL_DUE")),
            joins=settings.getbool("NEWSCRAWL_JOINS"),
            worker=settings.getint("NEWSCRAWL_WORKER") or None,
        ),
        Manners(
            limit=getattr(spider, "frontier_limit", None),
            concurrency=settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"),
            per_source=settings.getint("NEWSCRAWL_CONCURRENT_REQUESTS_PER_SOURCE", 4),
            most_per_host=settings.getint("NEWSCRAWL_MAX_PAGES_PER_HOST") or None,
            most_on=pages_of,
            delay=settings.getfloat("DOWNLOAD_DELAY"),
            patience=settings.getfloat("NEWSCRAWL_PATIENCE", Manners().patience),
            health=health_limits(settings),
        ),
    )


def health_limits(settings: BaseSettings) -> Limits:
    """Read from when on something counts as trouble of a source.

    Raises:
        UsageError: `NEWSCRAWL_QUIET_AFTER` names something that is no age.

    """
    ages = dict[str, float | None]()
    for source, age in settings.getdict("NEWSCRAWL_QUIET_AFTER").items():
        seconds = None if age == NEVER else read_age(str(age))
        if seconds is None and age != NEVER:
            raise UsageError(
                f"NEWSCRAWL_QUIET_AFTER: {source}: {age!r} is no age such as 12h, nor {NEVER!r}"
            )
        ages[str(source).lower()] = seconds
    failing_after = settings.getint("NEWSCRAWL_FAILING_AFTER", Limits().failing_after)
    return Limits(failing_after=failing_after, quiet_after=ages)


def pages_of(host: str) -> int | None:
    """Give the requests to a host in a run that its publisher's file allows; None where it says nothing."""
    publisher = publisher_for(host)
    return publisher.limits.pages if publisher else None


def run_key(spider: Spider, *, due_only: bool = False) -> RunKey:
    """Say what a spider's run is known by: its job, and the sources that it locks."""
    scope: Mapping[str, str] = getattr(spider, "frontier_scope", {})
    job = " ".join(
        [getattr(spider, "frontier_job", spider.name), *(f"{k}={v}" for k, v in scope.items())]
    )
    arguments: Mapping[str, str] = getattr(spider, "frontier_arguments", {})
    since, until = getattr(spider, "frontier_range", (None, None))
    return RunKey(
        job=job,
        locks=tuple(getattr(spider, "frontier_locks", (spider.name,))),
        # What ended at a date has nothing new for a scheduler.
        spider=None if "until" in scope else spider.name,
        arguments=tuple(sorted((*arguments.items(), *scope.items()))),
        due_only=due_only,
        since=since,
        until=until,
    )


def state_place(settings: BaseSettings) -> StatePlace:
    """Read the setting `NEWSCRAWL_STATE`.

    Raises:
        UsageError: it is the address of a back end that there is not.

    """
    return place_of(settings["NEWSCRAWL_STATE"])


def articles_folder(settings: BaseSettings) -> Path | str:
    """Give the folder of the article files, beside the state if not set; or the address of shared storage."""
    given = settings.get("NEWSCRAWL_ARTICLES")
    if not given:
        return state_place(settings).folder / "articles"
    return str(given) if is_remote(str(given)) else Path(given)
