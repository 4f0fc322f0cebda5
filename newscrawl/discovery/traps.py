"""Tell addresses that a crawler can follow for ever: calendars, session ids, mazes of repeated parts."""

import re
from collections import Counter
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from newscrawl.discovery.listed import MAX_URL

MAX_SEGMENTS: Final = 12
MAX_REPEATS: Final = 2
"""How often a path may have the same segment; relative links on a page that answers everything add more."""
MAX_PARAMETERS: Final = 8
SESSION: Final = re.compile(
    r"(?:phpsessid|jsessionid|aspsessionid\w*|cfid|cftoken|sessionid|session_id|sid)", re.IGNORECASE
)
SESSION_IN_PATH: Final = re.compile(
    r";jsessionid=|/\(S\([0-9a-z]{20,}\)\)/|;[a-z]*sess?ion[a-z]*=", re.IGNORECASE
)
CALENDAR: Final = re.compile(
    r"(?:^|/)(?:calendar|calendario|calendrier|kalender|agenda|events?)(?:/|$)", re.IGNORECASE
)
CALENDAR_PARAMETERS: Final = frozenset(
    {
        "month",
        "ical",
        "tribe-bar-date",
        "calendar",
        "tribe_events",
        "eventdate",
        "cal",
        "mon",
        "outlook-ical",
    }
)
DATED: Final = re.compile(r"/\d{4}(?:[-/]\d{1,2}){0,2}(?:/|$)")


def trap_of(url: str) -> str | None:
    """Say what kind of trap an address looks like; None where it looks like none.

    >>> trap_of("https://a.example/calendar/2031/05"), trap_of("https://a.example/a/b/a/b/a/b")
    ('calendar', 'repeated_path')
    >>> trap_of("https://a.example/news?PHPSESSID=4a8f"), trap_of("https://a.example/2024/05/03/events/x")
    ('session', None)
    """
    if len(url) > MAX_URL:
        return "long_address"
    parts = urlsplit(url)
    segments = [segment for segment in unquote(parts.path).lower().split("/") if segment]
    repeats = Counter(segment for segment in segments if not segment.isdigit())
    if len(segments) > MAX_SEGMENTS or any(n > MAX_REPEATS for n in repeats.values()):
        return "repeated_path"
    parameters = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    if len(parameters) > MAX_PARAMETERS or len(parameters) > 2 * len(set(parameters)):
        return "many_parameters"
    if SESSION_IN_PATH.search(parts.path) or any(map(SESSION.fullmatch, parameters)):
        return "session"
    if CALENDAR_PARAMETERS & {name.lower() for name in parameters}:
        return "calendar"
    calendar = CALENDAR.search(parts.path)
    return "calendar" if calendar and DATED.search(parts.path, calendar.end() - 1) else None
