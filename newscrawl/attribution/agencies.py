"""Find news agencies by the gazetteer, only in attribution positions and case-sensitively."""

import re
from dataclasses import replace
from functools import cache
from typing import Final

from newscrawl.items import Agency
from newscrawl.reference import AgencyEntry, agencies
from newscrawl.wording import fold

# Slugs of regional desks and services behind an agency's initials: dpa/lno, dpa-AFX, dpa-infocom.
SUB_BRAND: Final = re.compile(r"[/-](?:[a-z]{2,8}|AFX|EPA|OTS)$")


UNVERIFIED: Final = "unverified"
STATIONED: Final = re.compile(r" in [A-ZÀ-Þ].*$")
MAX_INITIALS: Final = 4
"""Letters of a name that may be the initials of another publisher."""


def agency_named(text: str, country: str | None = None) -> Agency | None:
    """Give the agency whose name, initials or alias is exactly *text*.

    >>> agency_named("IANS").name, agency_named("dpa/lno").id, agency_named("CDU")
    ('Indo-Asian News Service', 'dpa', None)
    """
    text = text.strip(" .,:;()[]–—-")
    index = _index()
    for form in (text, SUB_BRAND.sub("", text), text.removeprefix("The "), STATIONED.sub("", text)):
        rows = tuple(row for row in index.get(form, ()) if _is_meant(row, form, country))
        if rows:
            return _as_agency(_by_country(rows, country))
    return None


def agency_of_publisher(name: str | None, domain: str | None) -> str | None:
    """Give the id of the agency that a publisher is, by its name or its registrable domain.

    >>> agency_of_publisher("AP News", "apnews.com"), agency_of_publisher("Reuters", None), agency_of_publisher("Le Monde", "lemonde.fr")
    ('ap', 'reuters', None)
    """
    if domain in (sites := _sites()):
        return sites[domain]
    # Initials are other publishers' too.
    named = agency_named(name) if name and len(name) > MAX_INITIALS else None
    return named.id if named else None


def _is_meant(row: AgencyEntry, form: str, country: str | None) -> bool:
    """Tell whether initials mean the agency: those nobody has seen so need its country."""
    is_doubtful = row.ambiguous and row.evidence == UNVERIFIED and form == row.code
    return not is_doubtful or country == row.country


def agencies_in(text: str, country: str | None = None) -> tuple[Agency, ...]:
    """Give all agencies named in a short attribution text, in order.

    The text must be an attribution: initials such as APP or RSS mean other things in prose.

    >>> [a.id for a in agencies_in("Le Figaro et AFP")]
    ['afp']
    """
    found = (agency_named(match[0], country) for match in _pattern().finditer(text))
    return tuple({agency.id: agency for agency in found if agency}.values())


def is_agency_text(text: str) -> bool:
    """Tell whether a text is nothing but agencies: `APA/sda/dpa`, `AP and Reuters`."""
    rest = _pattern().sub(" ", text)
    return rest != text and not re.search(
        r"\w{3,}", re.sub(r"(?i)\b(?:and|und|et|mit|with)\b", "", rest)
    )


def merge(*groups: tuple[Agency, ...]) -> tuple[Agency, ...]:
    """Join agencies, each once, the first mention first, with all places where it is named."""
    found: dict[str, Agency] = {}
    for agency in (agency for group in groups for agency in group):
        known = found.get(agency.id, agency)
        where = tuple(dict.fromkeys((*known.where, *agency.where)))
        found[agency.id] = replace(known, where=where)
    return tuple(found.values())


def named_in(where: str, agencies: tuple[Agency, ...]) -> tuple[Agency, ...]:
    """Note where agencies are named."""
    return tuple(replace(agency, where=(where,)) for agency in agencies)


def _as_agency(row: AgencyEntry) -> Agency:
    return Agency(id=row.id, name=row.name)


def _by_country(rows: tuple[AgencyEntry, ...], country: str | None) -> AgencyEntry:
    """Settle initials that two agencies share (KNA, BNA, CNA) by the publisher's country."""
    return next((row for row in rows if country and row.country == country), rows[0])


@cache
def _index() -> dict[str, tuple[AgencyEntry, ...]]:
    index: dict[str, tuple[AgencyEntry, ...]] = {}
    for row in agencies():
        # In capitals too, as wires print themselves: REUTERS, BLOOMBERG.
        for form in {row.name, row.name.upper(), row.code, *row.aliases} - {""}:
            index[form] = (*index.get(form, ()), row)
    return index


@cache
def _sites() -> dict[str | None, str]:
    return {site: row.id for row in agencies() for site in row.sites}


@cache
def _pattern() -> re.Pattern[str]:
    forms = sorted(_index(), key=len, reverse=True)
    return re.compile(
        rf"(?<!\w)(?:{'|'.join(map(re.escape, forms))})(?:[/-](?:AFX|infocom|lno|tmn|lby|lsw))?(?!\w)"
    )


def is_known_name(name: str) -> bool:
    """Tell whether a name is an agency's, whatever its case."""
    return fold(name) in _folded_names()


@cache
def _folded_names() -> frozenset[str]:
    return frozenset(fold(form) for form in _index() if len(form) > 4)
