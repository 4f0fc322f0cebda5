"""Dates that a crawl keeps to: what lies outside is pruned as early as something tells."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from newscrawl.ages import read_age
from newscrawl.dates.formats import Reading, read_date
from newscrawl.discovery.listed import Listed
from newscrawl.errors import UsageError

SLACK: Final = timedelta(hours=14)
"""How far a day without a zone may lie from the same day in UTC (UTC-12 to UTC+14)."""
DAY_IN_ADDRESS: Final = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<sep>[-/_.]?)(?P<month>0[1-9]|1[0-2])(?:(?P=sep)(?P<day>0[1-9]|[12]\d|3[01]))?(?!\d)"
)
PARAMETERS: Final = re.compile(
    r"[?&](?:yyyy|year|y)=(?P<year>(?:19|20)\d\d)(?:&(?:mm|month|m)=(?P<month>\d{1,2}))?(?:&(?:dd|day|d)=(?P<day>\d{1,2}))?(?=&|$)"
)
YEAR_IN_NAME: Final = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?!\d)")
"""A year alone means something in the name of a sitemap only: an article may be about 1984."""
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The earliest and the latest publication that is asked for; aware, either may be open."""

    since: datetime | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None

    def is_outside(self, span: Span | None) -> bool:
        """Tell whether a span of time lies outside as a whole; False where nothing is known."""
        if span is None:
            return False
        return self.is_before(span[1]) or (self.until is not None and span[0] > self.until)

    def is_before(self, moment: datetime) -> bool:
        """Tell whether a moment lies before the bounds."""
        return self.since is not None and moment < self.since

    def against_sitemap(self, listed: Listed) -> str | None:
        """Say which rule prunes a sitemap that an index lists."""
        if self.is_outside(span_in_name(listed.url)):
            return "sitemap_name"
        return "sitemap_lastmod" if self._was_changed_before(listed) else None

    def against_page(self, listed: Listed) -> str | None:
        """Say which rule prunes a page that a list names."""
        published = listed.date("published")
        if published and (span := span_of(published)):
            return "listed_date" if self.is_outside(span) else None
        if self.is_outside(span_in_path(listed.url)):
            return "path_date"
        # What was changed last before the bounds was published before them.
        return "listed_date" if self._was_changed_before(listed) else None

    def _was_changed_before(self, listed: Listed) -> bool:
        modified = listed.date("modified")
        span = span_of(modified) if modified else None
        return span is not None and self.is_before(span[1])

    def holds(self, published: str | None) -> bool:
        """Tell whether an article's date lies within; one without a date does not."""
        reading = read_date(published) if published else None
        span = span_of(reading) if reading else None
        return span is not None and not self.is_outside(span)


def span_of(reading: Reading) -> Span | None:
    """Give the time in which a printed date may lie: a moment, or a day anywhere on earth.

    None for those at the ends of the calendar: 0001-01-01 is what some systems print for no date.
    """
    start = reading.instant
    length = {"day": timedelta(days=1), "month": timedelta(days=31), "year": timedelta(days=366)}
    slack = timedelta() if reading.zone_from else SLACK
    try:
        return start - slack, start + length.get(reading.precision, timedelta()) + slack
    except OverflowError:
        return None


def span_in_path(url: str) -> Span | None:
    """Give the time that the date in an article's address means.

    >>> span = span_in_path("https://a.example/world/2024/05/03/flood")
    >>> span[0] < datetime(2024, 5, 3, tzinfo=UTC) < span[1] < datetime(2024, 5, 6, tzinfo=UTC)
    True
    >>> span_in_path("https://a.example/books/1984-again")

    """
    match = DAY_IN_ADDRESS.search(url.split("?", maxsplit=1)[0])
    if match is None or (not match["sep"] and not match["day"]):
        return None  # six digits are a number
    return _span(match["year"], match["month"], match["day"])


def span_in_name(url: str) -> Span | None:
    """Give the time that the name of a sitemap means: `sitemap-2024-05.xml`, `?yyyy=2024&mm=05`."""
    if match := PARAMETERS.search(url):
        return _span(match["year"], match["month"], match["day"])
    if span := span_in_path(url):
        return span
    years = YEAR_IN_NAME.findall(url.split("://", 1)[-1].partition("/")[2])
    return _span(years[0], None, None) if len(set(years)) == 1 else None


def _span(year: str, month: str | None, day: str | None) -> Span | None:
    try:
        start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
    except ValueError:
        return None
    if day:
        end = start + timedelta(days=1)
    elif month:
        end = (start + timedelta(days=31)).replace(day=1)
    else:
        end = datetime(start.year + 1, 1, 1, tzinfo=UTC)
    return start - SLACK, end + SLACK


def parse_bounds(since: str | None, until: str | None, now: datetime) -> Bounds:
    """Read `--since` and `--until`: a day, a moment, or an age such as `7d`.

    Args:
        since: the earliest; a day begins at midnight UTC.
        until: the latest; a day ends at midnight UTC.
        now: aware; what an age is counted from.

    Raises:
        UsageError: one cannot be read, or they are in the wrong order.

    """
    bounds = Bounds(since=_moment("since", since, now), until=_end("until", until, now))
    if bounds.since and bounds.until and bounds.since > bounds.until:
        raise UsageError(f"since {since} is later than until {until}")
    return bounds


def _end(name: str, text: str | None, now: datetime) -> datetime | None:
    moment = _moment(name, text, now)
    is_day = bool(text and re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip()))
    return moment + timedelta(days=1, microseconds=-1) if moment and is_day else moment


def _moment(name: str, text: str | None, now: datetime) -> datetime | None:
    if not text:
        return None
    if (age := read_age(text)) is not None:
        try:
            return now - timedelta(seconds=age)
        except OverflowError:
            raise UsageError(f"{name}={text}: no calendar goes back so far") from None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(
            f"{name}={text}: no date; write 2026-01-31, 2026-01-31T12:00+01:00 or 7d"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
