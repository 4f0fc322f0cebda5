"""Split an image credit into photographer and agency."""

import re
from functools import cache
from typing import Final

from newscrawl.attribution.agencies import agency_named
from newscrawl.items import Credit
from newscrawl.reference import word_list

LABEL: Final = re.compile(
    r"(?i)^\W*(?:(?:photo(?:graph)?s?|fotos?|bild(?:er)?|images?|pictures?|quelle|credits?|source|copyright|kredit"
    r"|фото|zdjęcie|fotó|illustration)\b(?:\s+(?:credit|by|von|di|de|via))?\s*[:/]?|©|\(c\))\s*"
)
SEPARATOR: Final = re.compile(
    r"\s*(?:/|\||,|\bvia\b|\bfor\b|\s-\s|©|\bthrough\b)\s*", re.IGNORECASE
)
POOL: Final = re.compile(
    r"(?i)^(?:pool|handout|file|file photo|archive?|archiv|symbolbild|dokumentationsbild)$"
)
# Who supplied a picture without having taken it: named in the raw credit only.
ORGANISATION: Final = re.compile(
    r"(?i)\b(?:handout|courtesy|museum|groups?|projects?|schools?|university|librar(?:y|ies)|archives?|police|ministry"
    r"|council|institut\w*|foundation|society|department|office|services?|team|press|news|media|club|church|company"
    r"|polizei|feuerwehr|stadt|gemeinde|verein|verlag|archiv|ministerium|screenshot|supplied|provided|privat)\b"
)
PERSON: Final = re.compile(r"^[^\W\d_][\w'’.-]*(?:\s+[^\W\d_][\w'’.-]*){1,4}$")


def split_image_credit(raw: str, country: str | None = None) -> Credit:
    """Split a credit line; the raw text stays beside the parts.

    >>> c = split_image_credit("Foto: Hannes Albert/dpa")
    >>> c.photographer, c.agency
    ('Hannes Albert', 'Deutsche Presse-Agentur')
    >>> split_image_credit("Wikimedia Commons").agency
    'Wikimedia Commons'
    """
    text = LABEL.sub("", raw.strip()).strip(" .()[]")
    agencies, people = [], []
    for piece in SEPARATOR.split(text):
        part = piece.strip(" .()[]")
        if not part or POOL.match(part):
            continue
        if name := _agency(part, country):
            agencies.append(name)
        elif PERSON.match(part) and not ORGANISATION.search(part):
            people.append(part)
    return Credit(
        raw=raw,
        photographer=people[0] if people else None,
        agency=agencies[0] if agencies else None,
    )


def _agency(part: str, country: str | None) -> str | None:
    if agency := agency_named(part, country):
        return agency.name
    return _libraries().get(part.casefold()) or (
        "Associated Press" if re.match(r"AP\b(?: Photo)?$", part) else None
    )


@cache
def _libraries() -> dict[str, str]:
    return {name.casefold(): name for name in word_list("stock")}
