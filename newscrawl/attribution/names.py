"""Split bylines into names, and tell people from desks, agencies and publishers."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from newscrawl.attribution.agencies import agency_named, is_known_name
from newscrawl.lines import byline_prefix, is_date_line
from newscrawl.reference import word_list
from newscrawl.wording import bare, fold, squeeze

NameKind = Literal["person", "desk", "agency", "publisher", "noise"]

MAX_BYLINE_CHARS: Final = 500
"""Characters; what is longer is a biography, and patterns over it would take quadratic time."""
MAX_NAME_CHARS: Final = 60
MAX_NAME_WORDS: Final = 6
AND: Final = re.compile(
    r"\s*(?:;|\||•|·|\n|、|，|،)\s*|\s+(?:and|und|et|y|og|och|en|и|та|و|with|mit|avec|con|com)\s+"
    r"|\s*&\s*|\s+[/–—-]\s+",
    re.IGNORECASE,
)
COMMA: Final = re.compile(r"\s*,\s*")
MAIL: Final = re.compile(r"\S+@\S+\.\w+")
HANDLE: Final = re.compile(r"(?<!\w)@\w+")
URL: Final = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|org|net|de|fr|co\.uk|ru|in|es|it|tv|info|news)\b",
    re.IGNORECASE,
)
BRACKETS: Final = re.compile(r"\s*[(\[（][^()\[\]（）]*[)\]）]")
# What CMSs glue behind a name: a role run into it, a date, a widget.
GLUED_ROLE: Final = re.compile(
    r"(?<=[a-zà-ÿ])(?=(?:Senior|Chief|Staff|Assistant|Associate|Deputy|Political|Science|Business|"
    r"Correspondent|Reporter|Editor|Writer|Columnist|Journalist|Follow|Published|Updated)\b)"
)
WIDGET: Final = re.compile(
    r"\b(?:Follow|Published|Posted|Updated|Last updated|min(?:ute)? read|View all|See all|More (?:by|from)"
    r"|Read more|Contact|Email|Share|Opens in|Bio\b|Aktualisiert|Veröffentlicht|Stand:|publié|mis à jour)\b.*$",
    re.IGNORECASE,
)
CJK_ROLE: Final = re.compile(r"\s*(?:기자|특파원|記者|记者|撮影|文|氏|論説委員|편집위원)$")
DATE_TAIL: Final = re.compile(
    r"\s*[,|–—-]?\s*(?:(?:mon|tue|wed|thu|fri|sat|sun)\w*\.?,?\s*)?(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\.? \d{1,2},? \d{4}|\d{4}-\d\d-\d\d).*$",
    re.IGNORECASE,
)
PARTICLES: Final = frozenset(
    [
        "de",
        "da",
        "di",
        "du",
        "del",
        "della",
        "der",
        "den",
        "von",
        "van",
        "vom",
        "zu",
        "la",
        "le",
        "les",
        "el",
        "al",
        "ben",
        "bin",
        "ibn",
        "dos",
        "das",
        "y",
        "e",
        "af",
    ]
)
WAW_NAMES: Final = frozenset(
    [
        "وليد",
        "وائل",
        "وسام",
        "وفاء",
        "ورد",
        "وردة",
        "وجيه",
        "وحيد",
        "وداد",
        "وهبة",
        "وهبي",
        "وسيم",
        "وصفي",
        "وجدي",
        "وديع",
        "وضاح",
        "وعد",
        "ولاء",
    ]
)
LETTER: Final = re.compile(r"[^\W\d_]")
GENERIC_ORG: Final = re.compile(
    r"(?i)\b(?:news|media|press|zeitung|times|tribune|gazette|herald|magazine|magazin|network|radio"
    r"|television|agency|agentur|agence|agencia|agenzia|redaktion|verlag|gmbh|inc|ltd|llc|verein|verband|"
    r"polizei|police|ministerium|ministry|department|university|universität|council|institute|foundation"
    r"|association|group|team|post|journal|post-gazette|chronicle|digital|blog)\b|\.(?:com|de|org|net)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One name of a byline, with the role printed beside it."""

    text: str
    kind: NameKind
    role: str | None = None


def read_byline(
    raw: str, publisher: str | None = None, host: str | None = None
) -> tuple[Name, ...]:
    """Split a byline into names of known kind.

    Nothing is dropped but noise (a date, a widget's label): what is no person comes back as desk,
    agency or publisher.

    >>> [(n.text, n.kind) for n in read_byline("By Jane Doe and John Roe, Associated Press")]
    [('Jane Doe', 'person'), ('John Roe', 'person'), ('Associated Press', 'agency')]
    >>> [(n.text, n.role) for n in read_byline("Jo Park, Senior Reporter")]
    [('Jo Park', 'Senior Reporter')]
    """
    cleaned = _strip(raw)
    names: list[Name] = []
    for part in _split_people(cleaned):
        names += _read_part(part, publisher, host)
    return tuple({(fold(name.text), name.kind): name for name in reversed(names)}.values())[::-1]


def _split_people(text: str) -> list[str]:
    """Split at 'and' in the languages of `AND`, and at the Arabic و that is written onto a name."""
    return [piece for part in AND.split(text) for piece in _split_waw(part)]


def _split_waw(text: str) -> list[str]:
    """Split 'name و+name' where both sides have two words and the second is no name in و itself."""
    words = text.split()
    for at in range(2, len(words) - 1):
        if words[at].startswith("و") and words[at] not in WAW_NAMES and len(words[at]) > 2:
            return [" ".join(words[:at]), " ".join([words[at][1:], *words[at + 1 :]])]
    return [text]


def _strip(raw: str) -> str:
    text = squeeze(raw[:MAX_BYLINE_CHARS])
    text = GLUED_ROLE.sub(", ", text)
    text = WIDGET.sub("", text)
    text = HANDLE.sub(" ", MAIL.sub(" ", text))
    text = DATE_TAIL.sub("", text)
    # Twice: "By: By Jane Doe" is what a template's label makes of a field that has one already.
    for _ in range(2):
        match = byline_prefix().match(text)
        if match and match.end() < len(text):
            text = text[match.end() :]
    return squeeze(text).strip(" ,;|–—-•/:")


def _read_part(part: str, publisher: str | None, host: str | None) -> list[Name]:
    """Read what stands between two 'and's: a name, then role, place or outlet behind commas."""
    pieces = [p for p in COMMA.split(_slashed(part)) if p.strip()]
    if len(pieces) == 2 and _is_family_given(pieces):
        pieces = [f"{pieces[1].strip()} {pieces[0].strip()}"]
    names: list[Name] = []
    for piece in pieces:
        text = CJK_ROLE.sub("", BRACKETS.sub("", piece)).strip(" .–—-•|:")
        text = _initial_dot(piece, text)
        kind = classify(text, publisher, host)
        if names and _is_role(text):
            previous = names.pop()
            names.append(Name(text=previous.text, kind=previous.kind, role=previous.role or text))
        elif kind == "person" and names and names[-1].kind == "person" and _is_place_like(text):
            continue  # 'Seb Dumitru, Lille': a single word behind a full name is where it was written
        elif kind != "noise":
            names.append(Name(text=text, kind=kind))
    return names


def _slashed(part: str) -> str:
    """Split `Jane Doe/dpa` but leave `srf/hosb` and `det/dpa`, which are initials, whole."""
    if "/" in part and any(" " in piece.strip() for piece in part.split("/")):
        return part.replace("/", ",")
    return part


def _initial_dot(piece: str, text: str) -> str:
    """Put back the full stop of 'Jr.' and of trailing initials."""
    return f"{text}." if re.search(r"\b(?:Jr|Sr|[A-Z])\.$", piece.strip()) else text


def _is_family_given(pieces: list[str]) -> bool:
    """Tell 'Brazil, Rachel' from 'Jane Doe, Lille': one word before the comma, one or two after."""
    family, given = pieces
    both_names = all(LETTER.match(p.strip()) and p.strip()[:1].isupper() for p in pieces)
    return (
        both_names
        and len(family.split()) == 1
        and len(given.split()) == 1
        and not _is_role(given)
        and not any(agency_named(piece) for piece in pieces)
        and not family.isupper()
    )


def classify(text: str, publisher: str | None = None, host: str | None = None) -> NameKind:
    """Say what a piece of a byline names.

    >>> classify("NewsGram Desk"), classify("dpa"), classify("Miguel A. Herguedas")
    ('desk', 'agency', 'person')
    """
    if not text or not LETTER.search(text) or URL.fullmatch(text) or is_date_line(text):
        return "noise"
    if agency_named(text) or is_known_name(text):
        return "agency"
    if _is_publisher(text, publisher, host):
        return "publisher"
    if _is_desk(text) or GENERIC_ORG.search(text):
        return "desk"
    too_long = len(text) > MAX_NAME_CHARS or len(text.split()) > MAX_NAME_WORDS
    return "noise" if too_long or _is_prose(text) else "person"


def _is_publisher(text: str, publisher: str | None, host: str | None) -> bool:
    key = bare(text).replace(" ", "")
    labels = [label for label in (host or "").split(".") if len(label) > 2 and label != "www"]
    names = {
        bare(publisher or "").replace(" ", ""),
        *(bare(label).replace(" ", "") for label in labels),
    }
    return bool(key) and (key in names or (URL.search(text) is not None))


def _is_desk(text: str) -> bool:
    folded = fold(text)
    words = set(re.findall(r"\w+", folded))
    return (
        folded in _desks()
        or any(term in words for term in _desks() if " " not in term)
        or any(term in folded for term in _desks() if " " in term)
    )


def _is_role(text: str) -> bool:
    folded = fold(text)
    return any(folded == role or folded.endswith(f" {role}") for role in word_list("roles"))


def _is_place_like(text: str) -> bool:
    return len(text.split()) == 1 and text[:1].isupper() and len(text) > 2


def _is_prose(text: str) -> bool:
    """Tell a sentence fragment from a name: a lower-case word that is no particle, in mid-text."""
    words = text.split()
    lower = [w for w in words[1:] if w[:1].islower() and fold(w) not in PARTICLES]
    return len(words) > 2 and len(lower) >= 2


@cache
def _desks() -> frozenset[str]:
    return frozenset(fold(term) for term in word_list("desks"))
