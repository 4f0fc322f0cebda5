"""Read what stands after the last sentence: desk and agency tails, reporting notes, copyright."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from newscrawl.attribution.agencies import agencies_in, agency_named, is_agency_text
from newscrawl.attribution.names import PARTICLES, is_spelt_as_name
from newscrawl.items import Agency
from newscrawl.lines import is_dateish
from newscrawl.reasons import EditCode

CONTRIBUTED: Final = re.compile(
    r"^\W{0,2}(?P<names>.{3,200}?)\s+(?:also )?contributed(?: (?:to|reporting)\b(?: (?:to )?this (?:report|story|article))?.{0,40}|\.)$",
    re.IGNORECASE,
)
ADDITIONAL: Final = re.compile(
    r"(?i)\b(?:additional|further) (?:reporting|contributions) (?:by|from)\s+(?P<names>[^;.()]+?)(?=\s*(?:[;.)]|$|,?\s+(?:writing|editing) by))"
)
THIS_TEXT: Final = re.compile(
    r"contributed (?:to )?(?:(?:the )?reporting|(?:this|the) (?:report|story|article|piece|coverage|dispatch))(?:\W*$|\.? (?:from|in|for)\b)",
    re.IGNORECASE,
)
REPORTERS: Final = re.compile(
    r"\b(?:writers?|reporters?|correspondents?|journalists?|producers?|staff|bureaus?|newsrooms?)\b",
    re.IGNORECASE,
)
OUTLET: Final = re.compile(
    r"^(?:.{2,40}?['’]s?|.{0,40}?\b(?i:writers?|reporters?|correspondents?|producers?|editors?))\s+(?=[^\W\d_a-z])"
)
"""What stands in front of a contributor's name: `Fox News' …`, `Associated Press Writer …`."""
STATIONED: Final = re.compile(r"\s+(?:in|from)\s+.*$")
CONTRIBUTOR: Final = re.compile(r"[^\W\d_a-z][\w.'’-]*(?:\s+[\w.'’-]+){1,3}")
# (KB/IANS), (dpa), (ANSA): initials, agencies or both, in brackets at the very end.
BRACKET_TAIL: Final = re.compile(r"\s*[(\[](?P<inner>[^()\[\]\n]{2,40})[)\]]\s*\.?\s*$")
SMALL_INITIALS: Final = re.compile(r"\s*\((?P<inner>[a-zäöü]{2,4}(?:/[a-zäöü]{2,4})?)\)\.?$")
STATION: Final = re.compile(r"[A-ZÄÖÜ]{2,5}(?: [A-ZÄÖÜ-]+)?")
ENDED: Final = re.compile(r"[.!?…][\"'”“’»)\]]*$")
ADDED: Final = re.compile(
    r"\s+(?:[–—-]+|\*)\s*(?:additional reporting (?:from|by)|reporting from|with|mit material von)\s+(?P<names>[^.]{2,80})\.?$",
    re.IGNORECASE,
)
HEAD_CREDIT: Final = re.compile(
    r"(?P<before>.*?)(?:^|[\s|-])(?:fonte|fuente|source|quelle|bron|kilde|källa|źródło)\s*:\s*(?P<names>[^.]{2,60})\.?$",
    re.IGNORECASE,
)
MAX_HEAD_CHARS: Final = 120
NOTE_TAIL: Final = re.compile(r"(?<=[.!?”\"’])\s*\((?P<inner>[A-Z][^()]{8,300})\)\.?\s*$")
DASH_TAIL: Final = re.compile(r"\s*(?:[—–]|--)\s*\(?(?P<inner>[^\s()][^()\n]{1,25}?)\)?\s*$")
INITIALS: Final = re.compile(r"[A-Z]{2,4}|[a-z]{2,4}|[A-Z][a-z]?[A-Z]")
REPORTING: Final = re.compile(
    r"^\W{0,2}(?:(?:additional\s+)?reporting|writing|editing|written|compiled|edited)\s+by\b.{2,400}$|^\W{0,2}rédigé\s+par\b.{2,400}$|^\W{0,2}(?:schluss)?redaktion\s*:\s.{4,160}$",
    re.IGNORECASE | re.DOTALL,
)
CREDIT_WORDS: Final = frozenset(
    ["additional", "reporting", "writing", "written", "editing", "edited", "compiled", "by", "and", "in", "with",
     "for", "from", "the", "at", "of", "newsroom", "newsrooms", "bureau", "bureaus", "staff", "contributed",
     "contributing", "production", "graphics", "photography", "translation", "translated", "research", "our",
     "agencies", "agency", "par", "avec", "et", "rédigé", "la", "le", "les", "agence", "agences", "redaktion",
     "schlussredaktion", "mit", "von", "und", "y", "e", "wire", "reports", "services", "reporters",
     "correspondents", "writers", "additionally", "special", "to", "via", "édité"]
)  # fmt: skip
"""Words in small letters that a note of who reported and edited has; a sentence has others."""
REDAKTION: Final = re.compile(r"\W{0,2}(?:schluss)?redaktion\s*:", re.IGNORECASE)
CONTACT: Final = re.compile(r"\S+@\S+|\+?\d[\d\s()-]{6,}")
COPYRIGHT: Final = re.compile(
    r"(?i)^\W{0,2}(?:©|\(c\)|copyright\W{0,3}(?=©|\d{4}))\W*(?:\d{4}\W*)?(?P<holder>.{2,80})"
)
EDITORS: Final = re.compile(
    r"(?i)(?:editing\s+by:?|edited\s+by:?|édité\s+par|(?:schluss)?redaktion\s*:|redigatur\s*:)\s+(?P<names>[^;.()]+?)(?=,?\s*(?:[;.)]|$|writing by|reporting by|(?:schluss)?redaktion))"
)
WRITERS: Final = re.compile(
    r"(?i)(?<!additional )(?<!further )\b(?:reporting|written|compiled|rédigé)\s+(?:by|par)\s+(?P<names>[^;.()]+?)"
    r"(?=\s*(?:[;.)]|$|,?\s+(?:additional|writing|editing|edited|édité)\b))"
)
CREDIT_TAIL: Final = re.compile(
    r"(?i)^\W{0,2}(?:with\s+(?:files|inputs?|reports?|reporting|material|agency inputs?)\s+from|mit\s+(?:material|agenturmaterial)"
    r"(?:\s+(?:von|der))?|(?:quelle|source|bron|kilde|źródło|fonte|fuente|källa)[ns]?\s*:|(?P<short>mit))\s*:?\s+(?P<names>.{2,120})$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What a tail says, and how much of the text it takes."""

    kept: str
    removed: str
    code: EditCode
    agencies: tuple[Agency, ...] = ()
    editors: tuple[str, ...] = ()
    contributors: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    """Who reported or wrote it, for texts without a byline."""


def read_tail(text: str, country: str | None = None) -> Tail | None:
    """Read the tail of the last paragraph, or a paragraph that is a tail as a whole.

    >>> tail = read_tail('"those who began it". (KB/IANS)')
    >>> tail.kept, [a.id for a in tail.agencies], tail.editors
    ('"those who began it".', ['ians'], ('KB',))
    >>> read_tail("He studies in Munich (LMU)") is None
    True
    """
    readers = (
        _read_reporting,
        _read_initials,
        _read_added,
        _read_credit_line,
        _read_noted,
        _read_bracket,
        _read_dash,
        _read_bare,
        _read_copyright,
    )
    for reader in readers:
        if tail := reader(text, country):
            return tail
    return None


def read_head(text: str, country: str | None = None) -> Tail | None:
    """Read a line of sources in front of the text: `22/11/2020 - Fonte: Agência Brasil`."""
    match = HEAD_CREDIT.match(text) if len(text) <= MAX_HEAD_CHARS else None
    if not match or (match["before"].strip(" |-–—") and not is_dateish(match["before"])):
        return None
    found = agencies_in(match["names"], country)
    return Tail(kept="", removed=text, code=EditCode.TAIL_AGENCY, agencies=found) if found else None


def _read_reporting(text: str, country: str | None) -> Tail | None:
    contributed = _contribution(text)
    if not (contributed or (REPORTING.match(text.strip()) and _is_credit(text))):
        return None
    helped = [contributed] if contributed else [m["names"] for m in ADDITIONAL.finditer(text)]
    editors = (name for match in EDITORS.finditer(text) for name in _split_names(match["names"]))
    return Tail(
        kept="", removed=text, code=EditCode.TAIL_REPORTING,
        agencies=agencies_in(text, country), editors=tuple(editors),
        contributors=tuple(name for names in helped for name in _contributors(names)),
        writers=tuple(n for m in WRITERS.finditer(text) for n in _contributors(m["names"])),
    )  # fmt: skip


def _is_credit(text: str) -> bool:
    """Tell a note of who reported and edited from `Edited by a team of scholars, the book runs to …`."""
    plain = CONTACT.sub(" ", text)
    if REDAKTION.match(plain):
        names = re.split(r"[,/;:]|\s+und\s+", plain.strip(" .").partition(":")[2])
        parts = [name for name in map(str.strip, names) if name]
        return all(is_spelt_as_name(p) or INITIALS.fullmatch(p) for p in parts) and "!" not in text
    words = re.findall(r"[^\W\d_][\w.’'-]*", plain)
    small = (word.rstrip(".") for word in words if word.rpartition("-")[2][:1].islower())
    return "?" not in text and all(w in CREDIT_WORDS or w in PARTICLES for w in small)


def _read_initials(text: str, country: str | None) -> Tail | None:
    """Read a writer's or editor's initials in brackets: `(kas)`, `(vyp/kna)`, `MDR (dst)`.

    Agencies that have such initials come in brackets too; their reader decides on those.
    """
    match = SMALL_INITIALS.search(text)
    if match is None or any(agency_named(part, country) for part in match["inner"].split("/")[:1]):
        return None
    before = text[: match.start()]
    if "/" not in match["inner"] and not (STATION.fullmatch(before) or ENDED.search(before)):
        return None
    whole = STATION.fullmatch(before) is not None
    return Tail(
        kept="" if whole else before.rstrip(), removed=text if whole else match[0].strip(),
        code=EditCode.TAIL_AGENCY, editors=tuple(match["inner"].split("/")),
    )  # fmt: skip


def _read_added(text: str, country: str | None) -> Tail | None:
    """Read `… homeless. – Additional reporting from Reuters` behind the last sentence."""
    match = ADDED.search(text)
    found = agencies_in(match["names"], country) if match else ()
    if match is None or not found:
        return None
    return Tail(
        kept=text[: match.start()].rstrip(), removed=match[0].strip(), code=EditCode.TAIL_AGENCY,
        agencies=found,
    )  # fmt: skip


def _split_names(names: str) -> list[str]:
    parts = re.split(r",?\s+(?:and|et|und)\s+|,\s*|/", names)
    return [name.strip() for name in parts if name.strip()]


def _contributors(names: str) -> Iterator[str]:
    """Give the people of a contribution note, without outlet, role and place.

    >>> list(_contributors("Fox News' Jo Doe, Al Roe in Lyon, France, and Ed Poe"))
    ['Jo Doe', 'Al Roe', 'Ed Poe']
    """
    for part in _split_names(names):
        name = STATIONED.sub("", OUTLET.sub("", part.removeprefix("and ")))
        if CONTRIBUTOR.fullmatch(name) and not agency_named(name):
            yield name


def _contribution(text: str) -> str | None:
    """Give who is thanked in `AP writer Jo Doe contributed to this report.`, a line of its own."""
    match = CONTRIBUTED.match(text.strip())
    if not match or text.count(". ") > 1:
        return None
    names = [OUTLET.sub("", part.removeprefix("and ")) for part in _split_names(match["names"])]
    people = [STATIONED.sub("", name).removeprefix("the ") for name in names]
    is_named = " " in people[0] and all(map(is_spelt_as_name, people))
    is_bare = match[0].endswith("contributed.") and is_named
    is_signed = is_named or REPORTERS.search(match["names"]) or agencies_in(match["names"])
    return match["names"] if is_bare or (is_signed and THIS_TEXT.search(text)) else None


def _read_credit_line(text: str, country: str | None) -> Tail | None:
    """Read `With inputs from PTI`, `Quelle: APA/dpa`; only where agencies are named.

    'With information' opens police appeals, and sources may be companies.
    """
    match = CREDIT_TAIL.match(text.strip().strip("()"))
    if not match or len(text) > 160:
        return None
    found = agencies_in(match["names"], country)
    if match["short"] and not is_agency_text(match["names"]):
        return None
    generic = re.search(r"(?i)\bagenc(?:y|ies|ias)\b|agentur", match["names"])
    if not found and not generic:
        return None
    return Tail(kept="", removed=text, code=EditCode.TAIL_AGENCY, agencies=found)


def _read_noted(text: str, country: str | None) -> Tail | None:
    """Read a credit line or reporting note in brackets behind the last sentence."""
    match = NOTE_TAIL.search(text)
    if not match:
        return None
    note = _read_credit_line(match["inner"], country) or _read_reporting(match["inner"], country)
    if note is None:
        return None
    return replace(note, kept=text[: match.start()].rstrip(), removed=match[0].strip())


def _read_bracket(text: str, country: str | None) -> Tail | None:
    match = BRACKET_TAIL.search(text)
    if not match:
        return None
    parts = [part.strip() for part in re.split(r"[/,]|\s+-\s+", match["inner"]) if part.strip()]
    found = [agency_named(part, country) for part in parts]
    named = tuple(agency for agency in found if agency)
    initials = tuple(
        part
        for part, agency in zip(parts, found, strict=True)
        if not agency and INITIALS.fullmatch(part)
    )
    if not _ends_story(text[: match.start()], named):
        return None
    if not named or len(named) + len(initials) != len(parts) or _all_lower_pair(parts):
        return None
    return Tail(
        kept=text[: match.start()].rstrip(), removed=match[0].strip(), code=EditCode.TAIL_AGENCY,
        agencies=named, editors=initials,
    )  # fmt: skip


def _ends_story(before: str, named: tuple[Agency, ...]) -> bool:
    """Tell a tail from a gloss: 'the Australian Associated Press (AAP).' explains a name."""
    if re.search(r"[.!?…。؟][\"'”’»)\]]*\s*$", before):
        return True
    return not any(agency.name.split()[0] in before[-60:] for agency in named)


def _all_lower_pair(parts: list[str]) -> bool:
    """Tell `(vyp/kna)`, two people's initials at one site, from `(dpa)`."""
    return (
        len(parts) == 2 and all(p.islower() and len(p) <= 3 for p in parts) and "dpa" not in parts
    )


def _read_dash(text: str, country: str | None) -> Tail | None:
    match = DASH_TAIL.search(text)
    if not match or not is_agency_text(match["inner"]):
        return None
    return Tail(
        kept=text[: match.start()].rstrip(), removed=match[0].strip(), code=EditCode.TAIL_AGENCY,
        agencies=agencies_in(match["inner"], country),
    )  # fmt: skip


def _read_bare(text: str, country: str | None) -> Tail | None:
    """Read a line that is nothing but agencies: `PTI`, `Reuters`."""
    if len(text) > 40 or not is_agency_text(text):
        return None
    return Tail(
        kept="", removed=text, code=EditCode.TAIL_AGENCY, agencies=agencies_in(text, country)
    )


def _read_copyright(text: str, country: str | None) -> Tail | None:
    """Read an agency's copyright line: `© dpa-infocom, dpa:240516-99-53606/3`."""
    match = COPYRIGHT.match(text)
    found = agencies_in(match["holder"], country) if match else ()
    if not found:
        return None
    return Tail(kept="", removed=text, code=EditCode.COPYRIGHT, agencies=found)
