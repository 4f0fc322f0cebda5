"""How long a run may go on: its time, its requests, and the room that is left on the disk."""

import shutil
import time
from pathlib import Path
from typing import Final

from scrapy.settings import BaseSettings
from scrapy.statscollectors import StatsCollector

from newscrawl.downloading.archiving import archive_folder
from newscrawl.frontier.runs import articles_folder, state_place
from newscrawl.wording import sized

SECONDS_BETWEEN: Final = 2.0
"""Seconds between two looks at the disk."""
TIME_LIMIT, REQUEST_LIMIT, DISK_LOW = "time_limit", "request_limit", "disk_low"
"""Finish reasons of a crawl."""


class Stint:
    """Tells when a crawl is to ask for nothing more.

    Settings: `NEWSCRAWL_MAX_SECONDS`, `NEWSCRAWL_MAX_REQUESTS` (0 for no limit), and `NEWSCRAWL_LEAST_FREE`, in bytes.
    """

    def __init__(self, settings: BaseSettings, stats: StatsCollector | None) -> None:
        seconds = settings.getfloat("NEWSCRAWL_MAX_SECONDS")
        self.deadline = time.monotonic() + seconds if seconds else None
        self.requests = settings.getint("NEWSCRAWL_MAX_REQUESTS") or None
        self.least_free = settings.getint("NEWSCRAWL_LEAST_FREE")
        self.stats = stats
        self.folders = disks(settings)
        self._looked = 0.0
        self._full: str | None = None

    def over(self, under_way: int) -> tuple[str, str] | None:
        """Give the finish reason and, where something is wrong, what it is; None where the crawl may go on."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return TIME_LIMIT, ""
        if self.requests is not None and self._requests_left(under_way) <= 0:
            return REQUEST_LIMIT, ""
        if full := self._disk():
            return DISK_LOW, full
        return None

    def room(self, under_way: int) -> int | None:
        """Give the requests that may still be made; None where there is no limit."""
        return None if self.requests is None else max(0, self._requests_left(under_way))

    def _requests_left(self, under_way: int) -> int:
        made: int = self.stats.get_value("downloader/request_count", 0) if self.stats else 0
        ended: int = self.stats.get_value("downloader/response_count", 0) if self.stats else 0
        # Those that were claimed and have not been sent count too.
        return (self.requests or 0) - made - max(0, under_way - (made - ended))

    def _disk(self) -> str | None:
        now = time.monotonic()
        if self.least_free and now - self._looked >= SECONDS_BETWEEN:
            self._looked = now
            self._full = low_disk(self.folders, self.least_free)
        return self._full


def disks(settings: BaseSettings) -> list[Path]:
    """Give the folders that a crawl writes to."""
    if not settings.get("NEWSCRAWL_STATE"):
        return []
    articles = articles_folder(settings)
    found = [state_place(settings).folder, *([articles] if isinstance(articles, Path) else [])]
    archive = archive_folder(settings)
    return [*found, archive] if archive else found


def low_disk(folders: list[Path], least: int) -> str | None:
    """Say which of some folders has less room than must be left; None where all have more."""
    for folder in folders:
        there = next((one for one in (folder, *folder.absolute().parents) if one.exists()), None)
        if there is None:
            continue
        free = shutil.disk_usage(there).free
        if free < least:
            return (
                f"the disk of {folder} has {sized(free)} left, and {sized(least)} are to stay free "
                "(NEWSCRAWL_LEAST_FREE): make room; nothing was lost"
            )
    return None
