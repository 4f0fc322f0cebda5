"""Read what stands before the first sentence: place, day, agency, reporter."""

import re
from functools import cache
from typing import Final

from newscrawl.attribution.agencies import agencies_in, agency_named
from newscrawl.attribution.names import is_publisher
from newscrawl.items import Dateline, Publisher
from newscrawl.reference import word_list, zone_table
from newscrawl.wording import fold

DAY: Final = r"(?:[A-Z][a-z]{2,8}\.? \d{1,2}(?:, \d{4})?|\d{1,2}\.? [^\W\d_]{3,9}\.?)"
# PLACE[, Month day] (AGENCY) - text. The dash or colon may be missing when a capital follows.
WITH_AGENCY: Final = re.compile(
    r"(?P<head>(?P<place>[^\W\d_][^()\[\]\n!?]{0,70}?(?: ?\([^()\n]{2,25}\))?(?: ?\[[^\[\]\n]{2,25}\])?)?"
    rf"(?:,?\s*(?P<date>{DAY}))?\s*"
    r"\((?P<agency>[^()\n]{2,30})\)\s*(?:\.?\s*[-–—:]+-?\s*|\.\s+(?=[A-ZÀ-Þ])|[\"“]\s+|(?=[A-ZÀ-Þ“\"‘'])))"
)
# (ANSA) - ROMA, 28 LUG - text.
AGENCY_FIRST: Final = re.compile(
    r"(?P<head>\((?P<agency>[^()\n]{2,20})\)\s*[-–—]\s*(?P<place>[A-ZÀ-Þ][A-ZÀ-Þ' ]{2,30})"
    r"(?:,\s*(?P<date>\d{1,2} [A-Z]{3,9}))?\s*[-–—]\s*)"
)
# MADRID — text; PARIS, April 8 — text; Washington.- text; NEW DELHI: text; JAKARTA, KOMPAS.com - text.
PLACE_ONLY: Final = re.compile(
    rf"(?P<head>(?P<place>[A-ZÀ-Þ][\w.'’/ -]{{2,30}}?(?:, (?!{DAY})[A-Z][\w. ]{{1,24}}?){{0,2}})(?:,\s*(?P<date>{DAY}))?"
    r"\s*(?:—|–|--|:|\.-|\.?\s[-–—]|\.(?=\s))[-–—]*\s+)(?=[A-ZÀ-Þ\"“„«¿¡‘'\d])"
)
# 【ソウル＝小池和樹】, [부산=선수민 기자], 【6月18日 AFP】
CJK: Final = re.compile(
    r"(?P<head>[【\[](?P<place>[^】\]=＝\s\d]{1,10})[=＝](?P<reporter>[^】\]]{1,24})[】\]]|【(?P<date>\d{1,2}月\d{1,2}日)\s*(?P<agency>[^】]{2,12})】)\s*"
)
DATE_ONLY: Final = re.compile(r"[A-Z][a-z]{2,8}\.? \d{1,2}|\d{1,2}\.? [^\W\d_]{3,9}\.?")
DASHES: Final = "-–—"
CALL_SIGN: Final = re.compile(r"[KW][A-Z]{2,3}(?:-TV)?$")
BETWEEN: Final = re.compile(r"\s*/\s*|\s+(?:and|und|et|y|e)\s+")
GERMAN: Final = ("DE", "AT", "CH", "LI", "LU")
MAX_PLACE_WORDS: Final = 6
SPOKEN: Final = re.compile(
    r"[\"“]?(?:I(?:['’](?:m|ve|d|ll)\b| (?:am|was|have|had|don|do|did|think|know|mean|guess|met|love|never|always|would|wanted|grew)\b)"
    r"|We (?:met|went|had|got|grew|were both|just)\b|(?:Yes|No|Well|Oh|Yeah|Okay|Absolutely)[,.!—–])"
)
NO_PLACES: Final = frozenset(
    ["단독", "속보", "종합", "특종", "인터뷰", "포토", "영상", "기획", "사설", "칼럼", "速報", "独自", "特集", "社説", "動画", "写真", "사진", "출처",
     "자료", "그래픽", "이미지", "특파원", "文", "取材", "図", "撮影", "聞き手", "email"]
)  # fmt: skip
"""What else stands in such brackets: exclusive, breaking, interview, photo, editorial."""
HANGUL_REPORTER: Final = re.compile(r"\s*(?:기자|특파원)$")
STATES: Final = frozenset(
    ["ala", "alaska", "ariz", "ark", "calif", "colo", "conn", "del", "fla", "ga", "hawaii", "idaho", "ill", "ind",
     "iowa", "kan", "kansas", "ky", "la", "maine", "md", "mass", "mich", "minn", "miss", "mo", "mont", "neb",
     "nev", "n.h", "n.j", "n.m", "n.y", "ny", "nc", "n.c", "n.d", "ohio", "okla", "ore", "oregon", "pa", "r.i",
     "s.c", "s.d", "tenn", "texas", "utah", "vt", "va", "wash", "w.va", "wis", "wyo", "ontario", "quebec", "d.c",
     "dc"]
)  # fmt: skip
"""US states as the Associated Press abbreviates them, and two provinces."""


def read_dateline(
    text: str, country: str | None = None, publisher: Publisher | None = None
) -> tuple[Dateline, str] | None:
    """Read a dateline; give it and the text without it.

    An agency in brackets must be in the gazetteer or be a station's call sign: of all bracketed
    capitals near the start of an article one in four is a party, an index or a university. A place
    alone must be a known one: of all capitals before a dash every second is a label.

    >>> read_dateline("LISBON, March 4 (Reuters) - The port shut.")[0].place
    'LISBON'
    >>> read_dateline("Streeck (CDU) - said so."), read_dateline("CLAIM: The port was shut.")
    (None, None)
    """
    for match in (AGENCY_FIRST.match(text), WITH_AGENCY.match(text)):
        if match and (found := _with_agency(match, country, publisher)):
            return _rest(found, text, match)
    if (match := CJK.match(text)) and (found := _cjk(match, country)):
        return _rest(found, text, match)
    match = PLACE_ONLY.match(text)
    if match and SPOKEN.match(text, match.end()) and match[0].rstrip().endswith(":"):
        return None  # 'CHARLOTTE: We met …' is somebody who is interviewed
    if match and (found := _place_only(match, country, publisher)):
        return _rest(found, text, match)
    return None


def _rest(found: Dateline, text: str, match: re.Match[str]) -> tuple[Dateline, str] | None:
    rest = text[match.end() :]
    return (found, rest) if rest else None


def _with_agency(
    match: re.Match[str], country: str | None, publisher: Publisher | None
) -> Dateline | None:
    place, date = (match["place"] or "").strip(" ,") or None, match["date"]
    if place and not date and DATE_ONLY.fullmatch(place):
        place, date = None, place
    agency = agency_named(match["agency"], country)
    # 'WASHINGTON (CNN) —': in capitals before a dash, a known place vouches for who stands behind it.
    is_shouted = place is not None and place.isupper() and is_place(place)
    is_vouched = is_shouted and match.re is WITH_AGENCY and match[0].rstrip()[-1] in DASHES
    station = (
        bool(CALL_SIGN.match(match["agency"])) or _is_own(match["agency"], publisher) or is_vouched
    )
    if not (agency or station) or (place and len(place.split()) > MAX_PLACE_WORDS):
        return None
    named = agency_named(place) if place else None
    if named and named == agency:  # 'The Associated Press (AP) — The agency …' explains a name
        return None
    return _dateline(match, place, date, agency.id if agency else None)


def _is_own(outlet: str, publisher: Publisher | None) -> bool:
    return publisher is not None and is_publisher(outlet, publisher.name, publisher.domain)


def _place_only(
    match: re.Match[str], country: str | None, publisher: Publisher | None
) -> Dateline | None:
    place = match["place"].strip(" ,.")
    city, comma, region = place.partition(", ")
    if comma and _is_own(region, publisher):  # JAKARTA, KOMPAS.com
        place, comma = city, ""
    is_known = all(is_place(part) for part in BETWEEN.split(city))
    regions = region.split(", ") if comma else []
    is_in_region = bool(regions) and all(map(_is_region, regions))
    if not (is_known and (not comma or is_in_region)) and not (is_in_region and city.isupper()):
        return None
    # In mixed case a full stop or a colon also ends an ordinary first sentence or a label; German
    # papers print `Riad. Die Boxwelt …`.
    sign = match["head"].rstrip()
    is_plain = len(regions) < 2 and (
        sign.endswith(":") or (sign.endswith(".") and country not in GERMAN)
    )
    return None if is_plain and not city.isupper() else _dateline(match, place, match["date"], None)


def _cjk(match: re.Match[str], country: str | None) -> Dateline | None:
    if match["place"] in NO_PLACES:
        return None
    if match["place"] and (found := agencies_in(match["reporter"], country)):
        return _dateline(match, match["place"], None, found[0].id)
    if match["place"]:
        reporter = HANGUL_REPORTER.sub("", match["reporter"]).strip()
        return _dateline(
            match, match["place"], None, None, reporter.split()[-1] if reporter else None
        )
    agency = agency_named(match["agency"], country)
    return _dateline(match, None, match["date"], agency.id) if agency else None


def _dateline(
    match: re.Match[str],
    place: str | None,
    date: str | None,
    agency: str | None,
    reporter: str | None = None,
) -> Dateline:
    return Dateline(
        raw=match["head"].strip(),
        place=place,
        places=tuple(BETWEEN.split(place)) if place else (),
        date=date,
        agency=agency,
        reporter=reporter,
    )


def is_place(name: str) -> bool:
    """Tell a known place: of the list, or a city that a time zone is named after.

    >>> is_place("New York"), is_place("Jane Doe")
    (True, False)
    """
    return fold(name) in _places()


def _is_region(name: str) -> bool:
    plain = fold(name).strip(" .")
    return plain in STATES or plain.replace(" ", "") in STATES or plain in _countries()


@cache
def _places() -> frozenset[str]:
    """Give known places: the list, and the cities that time zones are named after."""
    cities = (row[2].rpartition("/")[2] for row in zone_table("zone.tab"))
    return frozenset(
        fold(name.replace("_", " ")) for name in (*word_list("dateline_places"), *cities)
    )


@cache
def _countries() -> frozenset[str]:
    return frozenset(fold(name) for _, name in zone_table("iso3166.tab"))
