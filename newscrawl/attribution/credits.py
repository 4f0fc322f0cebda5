"""Split an image credit into photographers, agencies, how it was supplied, and a licence."""

import re
from dataclasses import replace
from functools import cache
from typing import Final

from newscrawl.attribution.agencies import agency_named
from newscrawl.items import Credit, Image
from newscrawl.reference import load_table, word_list
from newscrawl.wording import fold, squeeze

SEPARATOR: Final = re.compile(
    r"\s*(?:/|\||,|;|＝|\bvia\b|\bfor\b|\bfür\b|\s-\s|©|\bthrough\b)\s*", re.IGNORECASE
)
PHOTO: Final = re.compile(r"\s+(?:photo|foto|images?|nuotr\.?|picture)s?$", re.IGNORECASE)
LICENCE: Final = re.compile(
    r"\bCC(?:\s|-)?(?:0|BY)(?:[ -](?:SA|NC|ND))*(?:\s?\d\.\d)?|\bcreative commons\b[\w .-]{0,40}|\bpublic domain\b|\bgemeinfrei\b",
    re.IGNORECASE,
)
# Who supplied a picture without having taken it: named in the raw credit only.
ORGANISATION: Final = re.compile(
    r"(?i)\b(?:museum|groups?|projects?|schools?|university|librar(?:y|ies)|archives?|police|ministry"
    r"|council|institut\w*|foundation|society|department|office|services?|team|press|news|media|club|church|company"
    r"|white house|nasa|air force|(?:the|us|royal|presidential) (?:palace|navy|army|senate|congress|parliament)|polizei|feuerwehr|stadt|gemeinde|verein|verlag|archiv|ministerium|government|embassy|hospital)\b"
)
AND: Final = re.compile(r"\s+(?:and|und|et|og|och|en)\s+|\s*&\s*")
YEAR: Final = re.compile(r"^(?:19|20)\d\d\b(?:\s?[-–]\s?(?:19|20)\d\d\b)?\s*")
"""The year of a copyright sign: © 2024 Jane Doe."""
PHOTOGRAPHER: Final = re.compile(r"\s(?:기자|선임기자|특파원)$")
UNSPACED_NAME: Final = re.compile(
    r"(?:[가-힣]{2,4}(?:\s(?:기자|선임기자|특파원))?|[\u3400-\u9fff々]{3,5})$"
)
"""Names in scripts that write them as one word."""
MAX_CREDIT_CHARS: Final = 300
PERSON: Final = re.compile(r"^[^\W\d_][\w'’.-]*(?:\s+[^\W\d_][\w'’.-]*){1,4}$")


def split_image_credit(raw: str, country: str | None = None) -> Credit:
    """Split a credit line; the raw text stays beside the parts.

    >>> c = split_image_credit("Foto: Hannes Albert/dpa")
    >>> c.photographer, c.agency
    ('Hannes Albert', 'Deutsche Presse-Agentur')
    >>> c = split_image_credit("Jo Doe / Pool via Reuters")
    >>> c.photographers, c.agencies, c.supplied_as
    (('Jo Doe',), ('Reuters',), 'pool')
    """
    text = raw[:MAX_CREDIT_CHARS].strip()
    for _ in range(2):  # Photo: © 2024 Jane Doe
        text = YEAR.sub("", _label().sub("", text)).strip(" .()[]")
    licence = LICENCE.search(text)
    text = squeeze(LICENCE.sub(" ", text))
    agencies, people = [], []
    for piece in SEPARATOR.split(text):
        part = _supply().sub(" ", piece).strip(" .:()[]-–")
        if not part:
            continue
        for half in _halves(part, country):
            if name := _agency(half, country):
                agencies.append(name)
            elif not ORGANISATION.search(piece) and part == piece.strip(" .:()[]-–"):
                people += [PHOTOGRAPHER.sub("", half)] if _is_person(half) else []
    return Credit(
        raw=raw,
        photographer=people[0] if people else None,
        agency=agencies[0] if agencies else None,
        photographers=tuple(dict.fromkeys(people)),
        agencies=tuple(dict.fromkeys(agencies)),
        supplied_as=_supplied_as(text),
        licence=licence[0].strip() if licence else None,
    )


def with_parts(image: Image, country: str | None = None) -> Image:
    """Split an image's credit, and tell a picture that only stands for the matter."""
    credit = split_image_credit(image.credit.raw, country) if image.credit else None
    said = f"{image.caption or ''} {credit.raw if credit else ''}"
    return replace(image, credit=credit, is_generic=bool(_generic().search(fold(said))))


def _halves(part: str, country: str | None) -> list[str]:
    """Part two with 'and' between them, where each is a full name or an agency."""
    halves = AND.split(part)
    is_two = all(PERSON.match(half) or _agency(half, country) for half in halves)
    return halves if is_two else [part]


def _is_person(part: str) -> bool:
    return bool(PERSON.match(part) or UNSPACED_NAME.match(part))


def _agency(part: str, country: str | None) -> str | None:
    for name in (part, PHOTO.sub("", part)):
        if agency := agency_named(name, country):
            return agency.name
        if library := _libraries().get(name.casefold()):
            return library
    return None


def _supplied_as(text: str) -> str | None:
    found = _supply().search(text)
    words = fold(found[0]) if found else ""
    table = load_table("supply")["supplied"]
    return next((kind for kind, phrases in table.items() if words in map(fold, phrases)), None)


@cache
def _label() -> re.Pattern[str]:
    words = sorted(word_list("credit_labels"), key=len, reverse=True)
    labels = "|".join(re.escape(word) for word in words)
    return re.compile(
        rf"(?i)^\W*(?:(?:{labels})\b(?:\s+(?:credit|by|von|di|de|via))?\s*[:：/=＝]?|©|\(c\))\s*"
    )


@cache
def _supply() -> re.Pattern[str]:
    phrases = [phrase for row in load_table("supply")["supplied"].values() for phrase in row]
    longest = sorted(phrases, key=len, reverse=True)
    return re.compile(rf"(?i)(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")


@cache
def _generic() -> re.Pattern[str]:
    phrases = sorted(map(fold, load_table("supply")["generic"]["phrases"]), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)")


@cache
def _libraries() -> dict[str, str]:
    return {name.casefold(): name for name in word_list("stock")}
