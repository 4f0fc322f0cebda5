"""The dates stage: from candidates to an instant, its precision and where it came from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from newscrawl.dates.formats import Reading, read_date
from newscrawl.dates.zones import country_zone
from newscrawl.items import BY_LAYOUT, Candidate, DateInfo, Dates, Draft, Provenance
from newscrawl.lines import labelled_dates, split_date_label

OLDEST_YEAR: Final = 1990
"""Years; news sites did not exist before, and CMS sentinels (0001, 1900, 1970) lie below."""
LATEST_YEAR: Final = 2069
"""Years; the sanity check where the time of the download is not known. Nepal counts the 2080s now."""
FETCH_SLACK: Final = timedelta(hours=24)
"""A page fetched 'before' it was published: clocks, and zones that were not stated."""
DISAGREEMENT: Final = timedelta(hours=36)
"""A day and the hours that an unknown zone may add."""
SAME_SEASON: Final = timedelta(days=14)
SAME_WALL_TOLERANCE: Final = timedelta(seconds=60)
MAX_OFFSET: Final = timedelta(hours=14)
AMBIGUOUS: Final = re.compile(r"(?<!\d)\d{1,2}/\d{1,2}/\d{2,4}")
"""Day and month in the order of the country; with full stops the day comes first."""
HALF_HOUR: Final = timedelta(minutes=30)
PRINTED_TIME: Final = re.compile(r"\d[:.h]\d\d(?!\d|[./-])|\d\s?[ap]\.?m", re.IGNORECASE)
MAX_COMPARED: Final = 8
"""Candidates; reading printed dates is what costs."""
QUARTER: Final = timedelta(minutes=15)
MIN_BOTH: Final = 24
"""Characters of the shortest line with two dates and a label."""
SEEN: Final = ("text.class", "text.line")
"""Methods of printed dates near the headline."""
LABELLED: Final = re.compile(
    r"publi|posted|veröffentlicht|erschienen|mis en ligne|paru|pubbl|gepubli|opublik|опублик|yayın",
    re.IGNORECASE,
)
"""Labels of the day of publication; 'date', 'vom' and 'Stand' stand before other days too."""
BOTH: Final = "text.both"
"""The method of a line that prints both dates, and so is the article's own."""
STATED: Final = ("jsonld.", "meta.", "microdata.")
"""Methods whose dates are the page's own."""
PRINTED: Final = ("text", "time", "microdata.")
"""Methods whose dates a reader sees."""
LISTED: Final = ("feed.published", "sitemap.published", "listed.published")
WEAK: Final = ("meta.date", "meta.dc.date", "meta.dcterms.date")
URL_DAY: Final = re.compile(
    r"[/_.-]((?:19|20)\d\d)[/_-]?(0[1-9]|1[0-2])[/_-]?(0[1-9]|[12]\d|3[01])(?:[/_.T-]|$)"
)

URL_DAY_FIRST: Final = re.compile(
    r"[/_.-](0[1-9]|[12]\d|3[01])-(0[1-9]|1[0-2])-((?:19|20)\d\d)(?:[/_.-]|$)"
)

URL_MONTH: Final = re.compile(r"/((?:19|20)\d\d)/([A-Za-z]{3,9})/(0?[1-9]|[12]\d|3[01])(?:/|$)")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

Read = tuple[Candidate, Reading]


def normalise_dates(draft: Draft) -> Draft:
    """Choose both dates among the candidates, in the order these were found.

    Extraction lists them in the order they are trusted: JSON-LD, metas, microdata, time elements,
    visible text; the day in the address comes last. A label in print corrects a time element. A
    candidate that cannot be true is skipped and the reason noted: before 1990, after the download,
    an empty label.
    """
    publications, changes = _plausible(draft, "published"), _plausible(draft, "modified")
    published, modified = _settle(draft, publications), _settle(draft, changes)
    if published and modified:
        published, modified = _share_offset(published, modified), _share_offset(modified, published)
    published = _avoid_modified_meta(draft, published, modified) or _only_modified(modified)
    if published and modified:
        modified = _check_order(published, modified)
    return replace(
        draft,
        date_published=published[1] if published else None,
        date_modified=modified[1] if modified else None,
        dates=Dates(
            published=published[0] if published else _unread(publications),
            modified=modified[0] if modified else _unread(changes),
        ),
        provenance=(*draft.provenance, *_provenance("date_published", published),
                    *_provenance("date_modified", modified)),
    )  # fmt: skip


Settled = tuple[DateInfo, str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The candidates of a field: as read those that can be true, and what is wrong with the others."""

    candidates: list[Candidate]
    readings: list[Read]
    flags: list[str]
    reasons: dict[Candidate, str]


def _settle(draft: Draft, found: Found) -> Settled | None:
    if not found.readings:
        return None
    readings = found.readings
    if not readings[0][0].method.startswith(BY_LAYOUT):
        readings = _finest(_by_label(_by_listing(_in_right_order(readings))))
    flags = [*found.flags]
    candidate, reading = readings[0]
    reading, conflict = _resolve_zone_conflict(reading, readings[1:])
    if any(_disagrees(candidate, other, reading) for candidate, other in readings[1:]):
        flags.append("sources_disagree")
    reading = _in_local_time(reading, draft)
    info = DateInfo(
        raw=candidate.raw,
        precision=reading.precision,
        method=candidate.method,
        zone_from="conflict" if conflict else reading.zone_from,
        alternatives=tuple(
            replace(c, why=found.reasons.get(c) or _lost(c, readings))
            for c in found.candidates
            if c != candidate
        ),
        flags=tuple(dict.fromkeys(flags)),
    )
    return info, reading.value, reading.instant


def _lost(candidate: Candidate, readings: list[Read]) -> str:
    """Say how a date that can be true lost against the first."""
    chosen = readings[0][1]
    own = next(r for c, r in readings if c == candidate)
    if abs(own.instant - chosen.instant) <= SAME_WALL_TOLERANCE:
        return "the same"
    return "less exact" if own.value[:10] == chosen.value[:10] else "less trusted"


def _plausible(draft: Draft, field: str) -> Found:
    """Read the candidates of a field; skip those that cannot be true, with a flag for each kind.

    Once a time with its zone is known, dates written for people can add nothing, and reading them
    is what costs.
    """
    kept: list[Read] = []
    flags: list[str] = []
    reasons: dict[Candidate, str] = {}
    candidates = _candidates(draft, field)
    for candidate in candidates:
        printed = candidate.method.startswith("text")
        is_settled = kept and printed and _is_settling(kept[0][1])
        if is_settled and not (_may_show_zone(kept, candidate) or _may_correct(kept, candidate)):
            reasons[candidate] = "not needed"
            continue
        reading = _read(candidate, draft)
        if reading is None or (printed and reading.precision in ("month", "year")):
            reasons[candidate] = "unreadable" if reading is None else "no day"
            continue
        if flag := _implausible(reading, draft):
            flags.append(flag)
            reasons[candidate] = flag
        else:
            kept.append((candidate, reading))
    return Found(candidates=candidates, readings=kept, flags=flags, reasons=reasons)


def _disagrees(candidate: Candidate, other: Reading, chosen: Reading) -> bool:
    """Tell whether another date that the page states as its own is of another day."""
    is_stated = candidate.method.startswith(STATED) and not _is_weak(candidate)
    return is_stated and abs(other.instant - chosen.instant) > DISAGREEMENT


def _may_show_zone(kept: list[Read], candidate: Candidate) -> bool:
    """Tell whether a printed time may show the local offset of a first one that is stated in UTC."""
    is_utc = kept[0][1].zone_from == "utc" and len(kept) < MAX_COMPARED
    return is_utc and bool(PRINTED_TIME.search(candidate.raw))


def _may_correct(kept: list[Read], candidate: Candidate) -> bool:
    """Tell whether a printed date says of itself what a time element leaves open."""
    return kept[0][0].method == "time" and _is_labelled(candidate)


def _is_labelled(candidate: Candidate) -> bool:
    """Tell a date near the headline whose label says that it is the day of publication."""
    if candidate.method == BOTH:
        return True
    label, field, _ = split_date_label(candidate.raw)
    is_plain = LABELLED.search(label) is not None and field == "published"
    return candidate.method in SEEN and is_plain


def _is_settling(reading: Reading) -> bool:
    return reading.precision in ("second", "minute") and reading.zone_from is not None


def _read(candidate: Candidate, draft: Draft) -> Reading | None:
    is_text = candidate.method.startswith("text")
    raw = split_date_label(candidate.raw)[2] if is_text else candidate.raw
    if not raw.strip(" :|-"):
        return None
    return read_date(raw, language=draft.language, country=draft.country, timezone=draft.timezone)


def _implausible(reading: Reading, draft: Draft) -> str | None:
    """Name what makes a date impossible: a CMS's sentinel, or a day after the download."""
    if reading.wall.year < OLDEST_YEAR:
        return "sentinel_skipped"
    fetched = draft.page.fetched_at
    if reading.wall.year > LATEST_YEAR or (fetched and reading.instant > fetched + FETCH_SLACK):
        return "future_skipped"
    return None


def _candidates(draft: Draft, field: str) -> list[Candidate]:
    each = (c for candidate in draft.candidates for c in _one_by_one(candidate))
    found = sorted((c for c in each if c.field == field), key=_is_weak)
    found += (c for c in draft.page.listed if c.field == field)
    if field == "published" and (day := _url_day(draft.page.url)):
        found.append(Candidate(field=field, raw=day, method="url"))
    return found


def _one_by_one(candidate: Candidate) -> list[Candidate]:
    """Part a line that prints both dates: `Published 3 May, updated 4 May`."""
    is_dated = candidate.field in ("published", "modified")
    if not is_dated or not candidate.method.startswith("text") or len(candidate.raw) < MIN_BOTH:
        return [candidate]
    dates = labelled_dates(candidate.raw)
    if len({field for field, _ in dates}) < 2:
        return [candidate]
    return [replace(candidate, field=field, raw=raw, method=BOTH) for field, raw in dates]


def _is_weak(candidate: Candidate) -> bool:
    """Tell what comes last: a meta that CMSs set when a page is saved, and dates far from the headline."""
    return candidate.method in WEAK or candidate.method.endswith(".apart")


def _url_day(url: str | None) -> str | None:
    """Give the day in an address, as in /2024/05/03/ or -20240503.

    >>> _url_day("https://a.example/world/2024/05/03/flood")
    '2024-05-03'
    """
    path = urlsplit(url).path if url else ""
    if match := URL_DAY.search(path):
        return "-".join(match.groups())
    if (match := URL_MONTH.search(path)) and match[2].lower()[:3] in MONTHS:
        return f"{match[1]}-{MONTHS.index(match[2].lower()[:3]) + 1:02d}-{int(match[3]):02d}"
    match = URL_DAY_FIRST.search(path)
    return f"{match[3]}-{match[2]}-{match[1]}" if match else None


def _by_listing(readings: list[Read]) -> list[Read]:
    """Prefer, of dates that contradict each other, the one that the feed or sitemap confirms."""
    listed = next((r for c, r in readings if c.method in LISTED), None)
    if listed is None or abs(readings[0][1].instant - listed.instant) <= DISAGREEMENT:
        return readings
    for position, (candidate, other) in enumerate(readings):
        is_stated = candidate.method.startswith(STATED)
        if is_stated and abs(other.instant - listed.instant) <= DISAGREEMENT:
            return _moved_up(readings, position)
    return readings


def _by_label(readings: list[Read]) -> list[Read]:
    """Prefer a printed date with a label to a time element of another day that has none.

    The same day, and the next, are what zones make of one moment.
    """
    first = readings[0]
    if first[0].method != "time":
        return readings
    for position, (candidate, other) in enumerate(readings[1:], 1):
        if _is_labelled(candidate) and abs(other.instant - first[1].instant) > DISAGREEMENT:
            return _moved_up(readings, position)
    return readings


def _moved_up(readings: Sequence[Read], position: int) -> list[Read]:
    return [readings[position], *readings[:position], *readings[position + 1 :]]


def _in_right_order(readings: list[Read]) -> list[Read]:
    """Read 11/01/2023 as the first of November where another candidate says so.

    Which number is the day only the others can tell, if neither is above twelve.
    """
    candidate, first = readings[0]
    swapped = _swapped(first.wall)
    if swapped is None or not AMBIGUOUS.search(candidate.raw):
        return readings
    days = {other.wall.date() for c, other in readings[1:] if not AMBIGUOUS.search(c.raw)}
    if first.wall.date() in days or swapped.date() not in days:
        return readings
    value = f"{swapped.date().isoformat()}{first.value[10:]}"
    shift = swapped - first.wall
    right = replace(first, value=value, wall=swapped, instant=first.instant + shift)
    return [(candidate, right), *readings[1:]]


def _swapped(wall: datetime) -> datetime | None:
    if wall.day > 12 or wall.day == wall.month:
        return None
    return wall.replace(day=wall.month, month=wall.day)


def _finest(readings: Sequence[Read]) -> list[Read]:
    """Prefer a later candidate that states the same day more finely to a bare day.

    A CMS that prints only the day in its first meta often has the full time in the next.
    """
    first = readings[0][1]
    if first.precision in ("day", "month", "year"):
        for position, (_, other) in enumerate(readings[1:], 1):
            finer = other.precision in ("second", "minute")
            if finer and other.value[: len(first.value)] == first.value:
                return _moved_up(readings, position)
    return list(readings)


def _resolve_zone_conflict(first: Reading, others: Sequence[Read]) -> tuple[Reading, bool]:
    """Take the zone of a candidate with the same wall-clock time where the first says UTC or none.

    On the 18 of 601 pages where JSON-LD and meta print one wall time with two zones, and in every
    one with a known truth but one, the offset that is not zero was right.
    """
    if first.precision not in ("second", "minute") or first.zone_from not in (
        None,
        "utc",
        "publisher",
    ):
        return first, False
    for candidate, other in others:
        if first.zone_from == "utc" and (local := _local_time(first, candidate, other)):
            return local, False
        timed = other.precision in ("second", "minute") and other.zone_from in ("offset", "name")
        if not timed or other.value == first.value:
            continue
        is_same = abs(other.instant - first.instant) < SAME_WALL_TOLERANCE
        if first.zone_from in ("utc", None) and is_same:
            # The same moment, printed with the local offset too: the local day is the true one. A
            # time without a zone was taken for UTC, which it is then.
            return _written_in(first, other.instant.tzinfo, other.zone_from), False
        if abs(other.wall - first.wall) < SAME_WALL_TOLERANCE:
            return replace(
                first, value=other.value, instant=other.instant
            ), first.zone_from == "utc"
    return first, False


def _share_offset(settled: Settled, other: Settled) -> Settled:
    """Write an instant that is stated in UTC with the offset that the page's other date has.

    Only within days of it, because of summer time.
    """
    info, _, instant = settled
    is_local = other[0].zone_from in ("offset", "name", "compared")
    zone = datetime.fromisoformat(other[1]).tzinfo if is_local else None
    if info.zone_from != "utc" or zone is None or abs(instant - other[2]) > SAME_SEASON:
        return settled
    return replace(info, zone_from="compared"), _local(instant, zone).isoformat(), instant


def _local(instant: datetime, zone: tzinfo | None) -> datetime:
    return instant.astimezone(zone).replace(microsecond=0)


def _written_in(reading: Reading, zone: tzinfo | None, zone_from: str | None) -> Reading:
    """Write an instant in another zone; it stays the same."""
    local = _local(reading.instant, zone)
    return replace(
        reading, value=local.isoformat(), wall=local.replace(tzinfo=None), zone_from=zone_from
    )


def _in_local_time(reading: Reading, draft: Draft) -> Reading:
    """Write an instant that is stated in UTC with the publisher's offset, so that its day is the local one.

    Only where the zone is known: the publisher's file names it, or its country has one.
    """
    if reading.zone_from != "utc":
        return reading
    zone = ZoneInfo(draft.timezone) if draft.timezone else country_zone(draft.country)
    zone_from = "publisher" if draft.timezone else "country"
    return _written_in(reading, zone, zone_from) if zone else reading


def _local_time(first: Reading, candidate: Candidate, other: Reading) -> Reading | None:
    """Read the publisher's offset from the same moment, stated once in UTC and once in local time.

    Metas such as sailthru's and the attributes of time elements print it without a zone: 22:28:35
    beside 03:28:35Z is five hours west. Where the seconds differ it is another moment.
    """
    if other.zone_from is not None or first.precision != "second":
        return None
    if candidate.method.startswith("text") and other.precision == "minute":
        # Printed to the minute, so that only offsets that many clocks have are believed.
        offset, step = other.wall - first.wall.replace(second=0), HALF_HOUR
    elif (
        candidate.method.startswith(("meta.", "time", "microdata.")) and other.precision == "second"
    ):
        offset, step = other.wall - first.wall, QUARTER
    else:
        return None
    if not offset or abs(offset) > MAX_OFFSET or offset % step:
        return None
    return _written_in(first, timezone(offset), "compared")


def _avoid_modified_meta(
    draft: Draft, published: Settled | None, modified: Settled | None
) -> Settled | None:
    """Distrust a published meta that only repeats the modified date while another is earlier."""
    if not published or not modified or published[0].method[:5] != "meta.":
        return published
    if published[2] != modified[2]:
        return published
    for candidate in published[0].alternatives:
        if not candidate.method.startswith((*STATED, BOTH)):
            continue  # times and texts of a page may be those of other articles
        reading = read_date(
            candidate.raw, language=draft.language, country=draft.country, timezone=draft.timezone
        )
        if reading and reading.instant < published[2] - timedelta(hours=1):
            info = replace(
                published[0], raw=candidate.raw, method=candidate.method,
                precision=reading.precision, zone_from=reading.zone_from,
            )  # fmt: skip
            return info, reading.value, reading.instant
    return published


def _only_modified(modified: Settled | None) -> Settled | None:
    """Take the one date that a page prints, though it calls it the last change; the flag says so.

    A meta's is not taken: CMSs set it whenever anything is saved.
    """
    if modified is None:
        return None
    printed = (c for c in modified[0].alternatives if c.field == "modified")
    if not any(
        method.startswith(PRINTED) for method in (modified[0].method, *(c.method for c in printed))
    ):
        return None
    info, value, instant = modified
    return replace(info, flags=(*info.flags, "modified_only")), value, instant


def _check_order(published: Settled, modified: Settled) -> Settled:
    info, value, instant = modified
    if instant < published[2] and value[:10] != published[1][:10]:
        info = replace(info, flags=(*info.flags, "modified_before_published"))
    return info, value, instant


def _unread(found: Found) -> DateInfo | None:
    """Keep what stood where a date should be: an empty label, a value nobody could read or believe."""
    stated = [c for c in found.candidates if c.method != "url"]
    if not stated:
        return None
    labelled = [c for c in stated if not split_date_label(c.raw)[2].strip(" :|-")]
    chosen = (labelled or stated)[0]
    skipped = tuple(dict.fromkeys(found.flags)) or ("unreadable",)
    flags = ("label_without_value",) if labelled else skipped
    others = tuple(replace(c, why=found.reasons[c]) for c in stated if c != chosen)
    return DateInfo(raw=chosen.raw, method=chosen.method, alternatives=others, flags=flags)


def _provenance(field: str, settled: Settled | None) -> tuple[Provenance, ...]:
    if not settled:
        return ()
    info = settled[0]
    return (
        Provenance(field=field, method=info.method, raw=info.raw, alternatives=info.alternatives),
    )
