"""What a run is: its state, its job, what it locks; read from settings and spider."""

from pathlib import Path

from scrapy import Spider
from scrapy.settings import BaseSettings

from newscrawl.errors import UsageError
from newscrawl.state import RunKey
from newscrawl.state.plan import parse_plan
from newscrawl.state.sqlite import SQLiteFrontier


def begin_run(settings: BaseSettings, spider: Spider) -> SQLiteFrontier:
    """Open the state and begin the run of a spider.

    Raises:
        StateError: the state cannot be used, or the source is being crawled already.
        UsageError: a setting makes no sense.

    """
    if settings.get("JOBDIR"):
        raise UsageError("JOBDIR and NEWSCRAWL_STATE keep the same requests twice: set one of them")
    for plan in settings.getdict("NEWSCRAWL_REVISITS").values():
        parse_plan(plan)
    return SQLiteFrontier(
        state_path(settings["NEWSCRAWL_STATE"]),
        articles_folder(settings),
        run_key(spider),
        limit=getattr(spider, "frontier_limit", None),
        concurrency=settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"),
        delay=settings.getfloat("DOWNLOAD_DELAY"),
    )


def run_key(spider: Spider) -> RunKey:
    """Say what a spider's run is known by: its job, and the sources that it locks."""
    job = getattr(spider, "frontier_job", spider.name)
    return RunKey(job=job, locks=tuple(getattr(spider, "frontier_locks", (spider.name,))))


def state_path(value: str) -> Path:
    """Read the setting `NEWSCRAWL_STATE`.

    Raises:
        UsageError: it is the address of a back end that there is not.

    """
    scheme, has_scheme, rest = str(value).partition("://")
    if has_scheme and scheme != "sqlite":
        raise UsageError(f"NEWSCRAWL_STATE={value}: no such back end; name a file")
    return Path(rest if has_scheme else value)


def articles_folder(settings: BaseSettings) -> Path:
    """Give the folder of the article files: beside the state, if not set."""
    given = settings.get("NEWSCRAWL_ARTICLES")
    return Path(given) if given else state_path(settings["NEWSCRAWL_STATE"]).parent / "articles"
