"""Read one printed date: machine forms by pattern, human forms through dateparser."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from newscrawl.dates.zones import zone_of
from newscrawl.items import Precision
from newscrawl.wording import squeeze

MAX_RAW_CHARS: Final = 120
DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯", "0123456789" * 4)
OTHER_CALENDAR: Final = re.compile(r"(?<!\d)1[34]\d\d(?!\d)")
"""Years of the Persian and the Islamic calendar; dateparser takes them for Gregorian ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a printed date says."""

    value: str
    """ISO 8601: with offset where one is known, without where not, or a bare day or month."""
    instant: datetime
    """Aware; an unknown zone is taken as UTC, for comparing only."""
    wall: datetime
    """Naive local time."""
    precision: Precision
    zone_from: str | None


ISO: Final = re.compile(
    r"([0-9]{4})-(\d{1,2})(?:-(\d{1,2}))?"
    r"(?:(?:[T ]|\s*[-,|]\s*|\s+)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?\s*(.{0,40}))?$"
)
COMPACT: Final = re.compile(
    r"([0-9]{4})(\d\d)(\d\d)(?:T?(\d\d):?(\d\d)(?::?(\d\d))?(?:\.(\d+))?\s*(.{0,20}))?$"
)
EPOCH: Final = re.compile(r"(1\d{9}|1\d{12})$")
OFFSET: Final = re.compile(r"(?<!\d)(?:UTC|GMT)?\s*([+-])\s*(\d{1,2}):?(\d\d)?\b")
BEHIND_CLOCK: Final = re.compile(
    r"\s*[(\[]?(?:\+\d{1,2}(?::?\d\d)?|-\d\d?(?!:)|-\d\d:?\d\d)(?![\d:./-]|\s*(?:[ap]\.?m|uhr|h\b|hrs?\b|hs\b|o['’]clock)|\s+[^\W\d_]{3})"
    r"|\s*[(\[]?(?:UTC|GMT)\s*[+-]",
    re.IGNORECASE,
)
"""An offset behind a time, and no second time or day: '2:00pm-4:00pm', '10:00-12:00 Uhr', '10:00-4 May'."""
SPAN: Final = re.compile(r"-(\d\d):(\d\d)")
PRINTED_OFFSET: Final = re.compile(r"(?:UTC|GMT)\s*[+-]\s*\d{1,2}(?::?\d\d)?\b|[+-]\d\d:?\d\d\b")
"""An offset among the words of a date; '- 03' alone is the day behind another calendar's date."""
ZONE_NAME: Final = re.compile(
    r"\b([A-Z]{1,5}T|UTC|GMT|Z|WIB|WITA|MSK|MEZ|MESZ|GMT)\b|[\[(]([A-Z]{2,5})[\])]"
)
LOWER_ZONE: Final = re.compile(r"\b(ist|est|edt|gmt|utc|cet|cest|bst|pst|pdt|et)\b\.?\s*$")
JS_DATE: Final = re.compile(
    r"(?:[A-Z][a-z]{2},? )?([A-Z][a-z]{2}) (\d{1,2}),? (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)"
    r" (.{2,40}?)(?: (\d{4}))?$"
)
ENGLISH_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
MONTHS: Final = {name[:3]: number for number, name in enumerate(ENGLISH_MONTHS, 1)}
_MONTH: Final = "|".join(["Sept", *(f"{name[:3]}(?:{name[3:]})?" for name in ENGLISH_MONTHS)])
ENGLISH_DAY: Final = re.compile(
    rf"(?:(?P<month>{_MONTH})\.? (?P<day>[0-3]?\d)|(?P<before>[0-3]?\d) (?P<behind>{_MONTH})\.?),? (?P<year>(?:19|20)\d\d)",
    re.IGNORECASE | re.ASCII,
)
"""`March 4, 2024` or `4 Mar. 2024`: two thirds of the named days, for which dateparser takes a hundred
times as long."""
YEAR: Final = re.compile(r"(?<!\d)(19[89]\d|20\d\d)(?!\d)")
NUMERIC: Final = re.compile(
    r"(?<!\d)(\d{1,2})\s?[./-]\s?(\d{1,2})\s?[./-]\s?((?:20)?\d\d|19\d\d)(?!\d)"
)
CJK_DATE: Final = re.compile(
    r"((?:19|20)[0-9]{2})\s?[年년./-]\s?(\d{1,2})\s?[月월./-]\s?(\d{1,2})\s?[日일.]?\s*(?:[(（][^()（）]{1,4}[)）])?"
    r"[\s,]*(?:(오전|오후|午前|午後|上午|下午)\s?)?(?:(\d{1,2})\s?[:時时시]\s?(\d{1,2})?)?"
)
CLOCK: Final = re.compile(
    r"(?<![\d:.])([01]?\d|2[0-3])\s?(?:[:h.]|Uhr\s?|ч\.?\s?)\s?([0-5]\d)(?::([0-5]\d))?(?![\d.]|:\d)"
    r"\s*(a\.?m\.?|p\.?m\.?)?|(?<![\d:.])(1[0-2]|0?[1-9])\s?(a\.?m\.?|p\.?m\.?)(?!\w)",
    re.IGNORECASE,
)
HALF_DAY: Final = re.compile(r"([ap])\.?\s?m\b\.?", re.IGNORECASE)
BUDDHIST_YEAR: Final = re.compile(r"(?<!\d)25[3-9]\d(?!\d)|(?<!\d)26[01]\d(?!\d)")
BUDDHIST_EPOCH: Final = 543
"""Years that the Thai calendar is ahead, since 1941."""
PAREN: Final = re.compile(r"\([^()]*\)")
ISO_DAY: Final = re.compile(r"(?<![\d.-])((?:19|20)\d\d)-(\d\d)-(\d\d)(?![\d-])")
NAMED: Final = re.compile(
    r"(?<!\w)\d{1,2}(?:st|nd|rd|th|er|º)?\.?\s*(?:de\s+|of\s+)?[^\W\d_]{3,12}\.?,?\s*(?:de\s+|del\s+)?(?:19|20)\d\d(?!\d)"
    r"|(?<!\w)[^\W\d_]{3,12}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+(?:19|20)\d\d(?!\d)"
)
"""A day with a named month, among whatever else stands in the line."""
NO_DATE_WORD: Final = re.compile(
    r"\b(?:uhr|hrs?|ist|kl|klo|at|gada)\b\.?|(?<=\d)\s(?:m|d)\.|[|•·]", re.IGNORECASE
)
"""'o'clock' and, in Lithuanian and Latvian, 'year' and 'day'."""
NO_DATE_SIGN: Final = re.compile(r"[^\w\s.,/'\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f-]")
"""Vowel signs of Indic scripts and of Thai are no letters to `re`, and parts of words all the same."""
COMMON_LANGUAGES: Final = (
    "en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "uk", "tr", "id", "sv", "da", "nb", "fi", "cs",
    "ro", "hu", "el", "ar", "he", "fa", "hi", "bn", "vi", "th", "ko", "ja", "zh",
)  # fmt: skip
# Countries that print month before day; everywhere else the day comes first.
MONTH_FIRST: Final = frozenset({"US", "PH"})


def read_date(
    raw: str,
    *,
    language: str | None = None,
    country: str | None = None,
    timezone: str | None = None,
) -> Reading | None:
    """Read a printed date.

    Args:
        raw: the date as it stands on the page, without its label.
        language: ISO 639-1 code of the page.
        country: ISO 3166-1 code of the publisher, to settle zone names and the order of numbers.
        timezone: the publisher's zone, for times without one.

    >>> read_date("2022-09-13T15:20:41+0530").value
    '2022-09-13T15:20:41+05:30'
    >>> read_date("13 Sep, 2022, 3:20 pm", language="en", timezone="Asia/Kolkata").value
    '2022-09-13T15:20:00+05:30'
    >>> read_date("28.04.2024, 17:19 Uhr", language="de").value
    '2024-04-28T17:19:00'

    """
    text = squeeze(raw.translate(DIGITS)).strip(" |,;-–—•")
    if language == "th":
        text = BUDDHIST_YEAR.sub(lambda year: str(int(year[0]) - BUDDHIST_EPOCH), text)
    if not text or len(text) > MAX_RAW_CHARS:
        return None
    readers: tuple[Callable[[str, str | None], Reading | None], ...] = (
        _read_iso, _read_compact, _read_epoch, _read_js, _read_rfc822, _read_cjk,
    )  # fmt: skip
    for reader in readers:
        if reading := reader(text, country):
            return _in_zone(reading, timezone)
    if OTHER_CALENDAR.search(text) and not YEAR.search(text):
        return None
    visible = _read_visible(text, language or "", country)
    return _in_zone(visible, timezone) if visible else None


def _read_iso(text: str, country: str | None) -> Reading | None:
    match = ISO.match(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if day is None:
        return _month(int(year), int(month)) if hour is None else None
    zone = (zone or "").strip()
    if half := HALF_DAY.match(zone):
        hour, zone = str(_of_24(int(hour), half[1])), zone[half.end() :].strip()
    if zone[:1] in ("+", "-") and not BEHIND_CLOCK.match(zone):
        zone = ""  # the end of a span
    parts = (year, month, day, hour, minute, second, fraction)
    return _compose(parts, zone, country)


def _read_compact(text: str, country: str | None) -> Reading | None:
    match = COMPACT.match(text)
    if not match:
        return None
    return _compose(match.groups()[:7], (match[8] or "").strip(), country)


def _read_epoch(text: str, country: str | None) -> Reading | None:
    if not (match := EPOCH.match(text)):
        return None
    seconds = int(match[1]) / (1000 if len(match[1]) == 13 else 1)
    return _reading(datetime.fromtimestamp(int(seconds), UTC), "second", "utc")


def _read_js(text: str, country: str | None) -> Reading | None:
    """Read `Tue Jul 30 09:35:14 CEST 2019` and `Tue Nov 19 2019 03:05:46 GMT+0000 (…)`."""
    match = JS_DATE.match(PAREN.sub("", text).strip())
    if not match or match[1] not in MONTHS or not (match[3] or match[8]):
        return None
    parts = (
        match[3] or match[8],
        str(MONTHS[match[1]]),
        match[2],
        match[4],
        match[5],
        match[6],
        None,
    )
    return _compose(parts, match[7].strip(), country)


def _read_rfc822(text: str, country: str | None) -> Reading | None:
    """Read RFC 822; only with a comma, a full time and a zone, since the parser fills gaps."""
    if not re.match(r"[A-Za-z]{3}, \d{1,2} [A-Za-z]{3,4} \d{4} \d\d:\d\d(:\d\d)? \S+$", text):
        return None
    zone = text.rsplit(" ", 1)[1]
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    if zone in ("GMT", "UTC", "UT", "Z", "-0000", "+0000"):
        return _reading(instant.replace(tzinfo=UTC), "second", "utc")
    if zone[0] in "+-":
        return _reading(instant, "second", "offset")
    return _with_zone(instant.replace(tzinfo=None), "second", zone, country)


def _read_cjk(text: str, country: str | None) -> Reading | None:
    """Read year-month-day forms with 年/년, dots or slashes, and 午後/오후 before the hour."""
    match = CJK_DATE.search(text)
    if not match or not re.search(r"[年년]|^\D{0,8}\d{4}\s?[./-]", text):
        return None
    hour, half = match[5], match[4] or ""
    if hour is not None and half:
        hour = str(_of_24(int(hour), "p" if half in ("오후", "午後", "下午") else "a"))
    parts = (match[1], match[2], match[3], hour, (match[6] or "0") if hour else None, None, None)
    return _compose(parts, "", country)


def _compose(parts: tuple[str | None, ...], zone: str, country: str | None) -> Reading | None:
    """Make a reading of year, month, day, hour, minute, second, fraction, and a zone text."""
    year, month, day, hour, minute, second, _ = (int(p) if p else None for p in parts)
    try:
        wall = datetime(  # noqa: DTZ001 - a wall-clock time
            year or 0, month or 0, day or 0, hour or 0, minute or 0, min(second or 0, 59)
        )
    except ValueError:
        return None
    if hour is None:
        return _day(wall)
    return _with_zone(wall, "second" if second is not None else "minute", zone, country)


def _with_zone(
    wall: datetime, precision: Precision, zone: str, country: str | None
) -> Reading | None:
    """Attach the zone that a text names, as offset or by name; none where it names none."""
    if zone.upper() in ("Z", "UTC", "GMT", "+00:00", "+0000", "-00:00", "GMT+0000"):
        return _reading(wall.replace(tzinfo=UTC), precision, "utc")
    if match := OFFSET.search(zone):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        if minutes <= 14 * 60:
            offset = timedelta(minutes=minutes if match[1] == "+" else -minutes)
            return _reading(wall.replace(tzinfo=timezone(offset)), precision, "offset")
    named = ZONE_NAME.search(zone) or LOWER_ZONE.search(zone)
    if named and (found := zone_of((named[1] or named[named.lastindex or 1]).upper(), country)):
        return _reading(wall.replace(tzinfo=found), precision, "name")
    return _reading(wall, precision, None)


def _reading(when: datetime, precision: Precision, zone_from: str | None) -> Reading:
    instant = when if when.tzinfo else when.replace(tzinfo=UTC)
    return Reading(
        value=when.replace(microsecond=0).isoformat(),
        instant=instant,
        wall=when.replace(tzinfo=None),
        precision=precision,
        zone_from=zone_from,
    )


def _day(wall: datetime) -> Reading:
    return replace(_reading(wall, "day", None), value=wall.date().isoformat())


def _month(year: int, month: int) -> Reading | None:
    if not 1 <= month <= 12 or year < 1:
        return None
    wall = datetime(year, month, 1)  # noqa: DTZ001 - a wall-clock time
    return replace(_reading(wall, "month", None), value=f"{year:04d}-{month:02d}")


def _in_zone(reading: Reading, timezone: str | None) -> Reading:
    """Give a time without a zone the publisher's, and say so; a bare day stays a day."""
    if not timezone or reading.zone_from or reading.precision not in ("second", "minute"):
        return reading
    local = reading.wall.replace(tzinfo=ZoneInfo(timezone))
    return _reading(local, reading.precision, "publisher")


def _read_visible(text: str, language: str, country: str | None) -> Reading | None:
    """Read a date written for people, and refuse what dateparser makes up.

    It reads '15h30' as 15 hours ago, a lone year as today's day in that year, Persian years as
    Gregorian. So: the day goes to dateparser without its time and only where the year stands in the
    text; the result must repeat the year and the day that were printed; the time is read here.
    """
    clock = CLOCK.search(text)
    dated = (text[: clock.start()] + " " + text[clock.end() :]) if clock else text
    zone = text[clock.end() :] if clock else ""
    if not BEHIND_CLOCK.match(zone) or (clock and _is_span(clock, zone)):
        zone = OFFSET.sub(" ", zone)  # 11:25 PM - 10 Jul 2020
    day = (
        _iso_day(dated)
        or _numeric_day(dated, country, language)
        or _named_day(_without_zone(dated), language)
    )
    if day is None:
        return None
    hour = _clock(clock) if clock else None
    if hour is None:
        return _day(day)
    return _with_zone(day.replace(hour=hour[0], minute=hour[1]), "minute", zone, country)


def _is_span(clock: re.Match[str], zone: str) -> bool:
    """Tell '10:00-11:30' from '10:00-05:00': the end of a span is later than its beginning."""
    end, start = SPAN.match(zone), _clock(clock)
    return end is not None and start is not None and (int(end[1]), int(end[2])) > start


def _without_zone(text: str) -> str:
    cleaned = ZONE_NAME.sub(" ", PRINTED_OFFSET.sub(" ", PAREN.sub(" ", text)))
    return NO_DATE_WORD.sub(" ", cleaned)


def _iso_day(text: str) -> datetime | None:
    """Read a year-first day among other words: `Written: 2023-11-07 15:03`."""
    match = ISO_DAY.search(text)
    try:
        return datetime(*map(int, match.groups())) if match else None  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None


def _numeric_day(text: str, country: str | None, language: str) -> datetime | None:
    match = NUMERIC.search(text)
    if not match:
        return None
    first, second, year = int(match[1]), int(match[2]), int(match[3])
    year += 2000 if year < 100 else 0
    month_first = country in MONTH_FIRST or (
        country is None and language == "en" and "/" in match[0]
    )
    if (first > 12) != (second > 12):
        month_first = second > 12
    day, month = (second, first) if month_first else (first, second)
    try:
        return datetime(year, month, day)  # noqa: DTZ001 - a wall-clock time
    except ValueError:
        return None


def _named_day(text: str, language: str) -> datetime | None:
    """Read a day with a named month: the first that stands in the text, else the text as a whole."""
    span = NAMED.search(text)
    found = _day_of(span[0], language) if span else None
    return found or (None if span and span[0] == text else _day_of(text, language))


def _day_of(text: str, language: str) -> datetime | None:
    year = YEAR.search(text)
    if not year:
        return None
    squeezed = " ".join(NO_DATE_SIGN.sub(" ", text).split()).strip(" ,.-")
    if language == "en" and (match := ENGLISH_DAY.fullmatch(squeezed)):
        return _english_day(match)
    found = _ask_dateparser(squeezed, {"no": "nb", "sh": "hr"}.get(language, language))
    if found is None or found.year != int(year[0]):
        return None
    numbers = {int(n) for n in re.findall(r"\d+", text.replace(year[0], " ", 1))}
    return found if found.day in numbers else None


def _english_day(match: re.Match[str]) -> datetime | None:
    month = MONTHS[(match["month"] or match["behind"])[:3].title()]
    try:
        return datetime(int(match["year"]), month, int(match["day"] or match["before"]))  # noqa: DTZ001
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _ask_dateparser(text: str, language: str) -> datetime | None:
    # Imported here: half a second that pages with machine-readable dates never pay.
    import dateparser

    settings = {
        "REQUIRE_PARTS": ["day", "month", "year"],
        "PARSERS": ["absolute-time"],
        "RETURN_AS_TIMEZONE_AWARE": False,
        "RELATIVE_BASE": datetime(2000, 1, 1),  # noqa: DTZ001 - no clock in the core
    }
    # Never its own detection: that tries 200 locales, which takes a third of a second.
    # A page that declares English above Arabic is a template's; its dates are tried in the others.
    is_known = bool(language) and (language != "en" or text.isascii())
    for tried in dict.fromkeys((language, "en")) if is_known else COMMON_LANGUAGES:
        try:
            found: datetime | None = dateparser.parse(text, languages=[tried], settings=settings)
            if found:
                return found.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        except (ValueError, OverflowError):
            # A language that dateparser does not know; English is tried next.
            continue
    return None


def _clock(match: re.Match[str]) -> tuple[int, int] | None:
    hour, minute = int(match[1] or match[5]), int(match[2] or 0)
    hour = _of_24(hour, (match[4] or match[6] or "")[:1])
    return (hour, minute) if hour < 24 else None


def _of_24(hour: int, half: str) -> int:
    """Give the hour of the day; *half* begins with a or p, or is empty."""
    if half.lower() == "p" and hour < 12:
        return hour + 12
    return 0 if half.lower() == "a" and hour == 12 else hour
