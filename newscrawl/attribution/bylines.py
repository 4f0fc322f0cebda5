"""Split bylines into names, each with the role, place and affiliation printed beside it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from newscrawl.attribution.agencies import agency_named
from newscrawl.attribution.datelines import is_place
from newscrawl.attribution.names import (
    LETTER,
    MAX_NAME_WORDS,
    PARTICLES,
    URL,
    NameKind,
    classify,
    is_publisher,
    is_role,
    is_spelt_as_name,
    is_suffix,
)
from newscrawl.lines import byline_prefix, is_dateish, is_orphan, is_reading_time
from newscrawl.wording import bare, fold, squeeze

MAX_BYLINE_CHARS: Final = 500
"""Characters; what is longer is a biography, and patterns over it would take quadratic time."""
CONNECTORS: Final = (
    "and", "und", "et", "y", "og", "och", "en", "и", "та", "w", "with", "mit", "avec", "con", "com", "ja", "ve",
)  # fmt: skip
CONNECTOR: Final = re.compile(rf"(?:{'|'.join(CONNECTORS)})\b|[&;,/]", re.IGNORECASE)
DOUBLE_NAME: Final = re.compile(
    r"[^\W\d_][^\s,;|&]* [^\s,;|&]+ y (?P<second>[^\W\d_a-z][^\s,;|&]+)"
)
"""Two family names: José Ortega y Gasset; two people have a given name each."""
AND: Final = re.compile(
    rf"\s*(?:;|\||•|·|、|，|،|／)\s*|\s+(?:{'|'.join(CONNECTORS)})\s+|\s*&\s*|\s+[/–—-]\s+",
    re.IGNORECASE,
)
COMMA: Final = re.compile(r"\s*,\s*")
MAIL: Final = re.compile(r"\S+@\S+\.\w+|\[email\s?protected\]")
ADDRESS: Final = re.compile(r"\s*https?://\S+")
HANDLE: Final = re.compile(r"(?<!\w)@\w+")
BRACKETS: Final = re.compile(r"\s*[(\[（]([^()\[\]（）]*)[)\]）]")
# What CMSs glue behind a name: a role run into it, a date, a widget.
GLUED_ROLE: Final = re.compile(
    r"(?<=[a-zà-ÿ])(?=(?:Senior|Chief|Staff|Assistant|Associate|Deputy|Political|Science|Business|"
    r"Correspondent|Reporter|Editor|Writer|Columnist|Journalist|Follow|Published|Updated)\b)"
)
WIDGET: Final = re.compile(
    r"\b(?:Follow|Published|Posted(?! by)|Updated|Last updated?|min(?:s|ute)? read|View all|See all|Zeige alle|Alle Beiträge|Tous les articles|Ver todos|More (?:by|from)"
    r"|Read more|Contact|Kontakt|Email|Share|Opens in|Bio\b|Learn more|Aktualisiert|Veröffentlicht|Publiziert|Stand:|vor \d+"
    r"|publié|mis à jour|publicado hace|Contactar|Edit$|Alle Artikel|in Rubrik)\b.*$",
    re.IGNORECASE,
)
CJK_ROLE: Final = re.compile(
    r"^(?:編集委員|論説委員|特派員|칼럼니스트|논설위원)\s+|\s*(?:기자|특파원|칼럼니스트|논설위원|記者|记者|撮影|文|氏|論説委員|편집위원)$"
)
WEEKDAY: Final = (
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag"
    r"|(?:maan|dins|woens|donder|vrij|zater|zon)dag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles"
    r"|jueves|viernes|sábado|domingo|(?:lune|marte|mercole|giove|vener)dì|sabato|domenica|(?:segunda|terça|quarta|quinta|sexta)-feira"
    r"|mon|tues?|wed|thu(?:rs?)?|fri|sat|sun|mo|di|mi|do|fr|sa|so"
)
# Weekdays are surnames too, so that one counts behind a sign or a preposition: 'Jane Doe, Sun 3 May
# 2024' but 'Jane Sun, 3 May 2024'. Between name and day it is cut later, where a full name is left.
DAY: Final = re.compile(
    rf"(?:(?:^|[,|–—•·／/-])\s*(?:(?:am|on|at|vom|le|el|den)\s+)?(?:(?:{WEEKDAY})\.?,?\s+)?"
    rf"|\s(?:am|on|at|vom|le|el|den)\s+(?:(?:{WEEKDAY})\.?,?\s+)?|[\s,|／–—-]+)"
    r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d\d-\d\d|(?:19|20)\d\d\s?[./年]\s?\d{1,2}\s?[./月]\s?\d{1,2}日?|\d{1,2}\.?\s+[^\W\d_]{3,12}\.?,?\s+(?:19|20)\d\d"
    r"|[^\W\d_]{3,9}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s(?:19|20)\d\d)(?:[\s,]*(?:kl\.?|klo|um|at|à|a las)?\s*\d\d?[:.h]\d\d\b)?",
    re.IGNORECASE,
)
LAST_WEEKDAY: Final = re.compile(rf"^(\S+\s.*?\S)\s+(?:{WEEKDAY})\.?$", re.IGNORECASE)
BOTH_HANDS: Final = re.compile(
    r"\W*(?:text|texte|texto|testo|tekst|story|words)\s*(?:&|und|et|y|e|og|och|and|\+|,|/)\s*"
    r"(?:photos?|fotos?|bild(?:er)?|images?)\s*(?:[:：]|(?:by|von|par|por|de|av|af)\b)\s*",
    re.IGNORECASE,
)
"""What stands before who wrote the text and took its pictures."""
LEAD_IN: Final = re.compile(
    r"\W*(?:(?:about (?:the )?)?authors?|autorin/autor|autor(?:in|en|:in|/in|\*in)?|(?:ein )?beitrag von|guest post by|recipe by"
    r"|guide by|review by|vom|pressemitteilung von|im wortlaut von|text und interview|interview|submitted by"
    r"|verfasser(?:in)?)\b[\s:：]*|(?:redaktion|words|text & fotos?|publisher|texto|auteurs?|escribe)\s*[:：]\s*|escribe\s",
    re.IGNORECASE,
)
OTHER_HAND: Final = re.compile(
    r"[\s.;,|]*\b((?:medically |expert |fact[ -])?(?:reviewed|researched|checked|edited|editing|approved|updated|photographed|illustrated)"
    r"|photos?|photography|illustrations?|video)\s+(?:by|von|di|de|por|par)[\s:;]+"
    r"|[\s.;,|]*\b((?:photo |picture |copy )?editors?)\s*:\s*"
    r"|(?:^\W*|\s*[.;,|]\s*)(photos?|fotos?|bilder|grafik(?:en)?|illustrationen|texte?|texto|testo|tekst|words)\s*:\s*",
    re.IGNORECASE,
)
"""What opens the part of a byline that names who edited, checked or illustrated it."""
FOR: Final = re.compile(r"\s+(?i:for|from|für|pour|para|en)\s+(?=(?:(?i:the)\s+)?[^\W\d_a-zа-я])")
DASHED: Final = re.compile(r"(\s+[–—-]\s+|\s*\|\s*)")
STATIONED: Final = re.compile(r"(?:^|,?\s+)(?:in|aus|à)\s+(?P<place>[^\W\d_a-z][\w.'’ -]+)$")
"""The place behind a name, as in `Jane Doe in Kyiv`."""
PRONOUNS: Final = re.compile(r"\s*\((?:she|he|they)(?:\s?/\s?\w+)+\)", re.IGNORECASE)
PICTURES: Final = frozenset(
    ["foto", "fotos", "photo", "photos", "bild", "bilder", "grafik", "video", "illustration", "illustrationen"]
)  # fmt: skip
"""What a name in brackets is credited with when it is no author's: `(Fotos)`."""
WAW_NAMES: Final = frozenset(
    ["وليد", "وائل", "وسام", "وفاء", "ورد", "وردة", "وجيه", "وحيد", "وداد", "وهبة", "وهبي", "وسيم",
     "وصفي", "وجدي", "وديع", "وضاح", "وعد", "ولاء"]
)  # fmt: skip
SOURCE: Final = re.compile(r"(?:quelle|source|fonte|fuente|bron|kilde)s?\s*[:：]", re.IGNORECASE)
EDGES: Final = ' ,;|–—-•/／·"“”„«»>'

Part = Literal["author", "editor", "contributor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One name of a byline, with what is printed beside it."""

    text: str
    kind: NameKind
    raw: str = ""
    """The piece of the byline it was read from."""
    role: str | None = None
    affiliation: str | None = None
    place: str | None = None
    part: Part = "author"
    """editor and contributor where the byline says 'Edited by' or 'Reviewed by'."""


def read_byline(
    raw: str, publisher: str | None = None, host: str | None = None
) -> tuple[Name, ...]:
    r"""Split a byline into names of known kind.

    Nothing is dropped but noise (a date, a widget's label): what is no person comes back as desk,
    agency or publisher. Lines are the elements that a template makes a byline of.

    >>> [(n.text, n.kind) for n in read_byline("By Jane Doe and John Roe, Associated Press")]
    [('Jane Doe', 'person'), ('John Roe', 'person'), ('Associated Press', 'agency')]
    >>> [(n.text, n.role, n.place) for n in read_byline("By\nJo Park\nSenior Reporter\nLille")]
    [('Jo Park', 'Senior Reporter', 'Lille')]
    """
    if is_publisher(squeeze(raw) or "-", publisher, host):
        return (Name(text=squeeze(raw), kind="publisher", raw=squeeze(raw)),)
    names: list[Name] = []
    for part, text in _parts(_joined(raw[:MAX_BYLINE_CHARS])):
        for piece in _split_people(_with_roles(_strip(text))):
            found = _read_piece(piece, publisher, host)
            names += (replace(n, part=part) if part != "author" else n for n in found)
    unique: dict[tuple[str, str], Name] = {}
    for name in names:
        unique.setdefault((fold(name.text), name.kind), name)
    return tuple(unique.values())


def _joined(raw: str) -> str:
    """Join the lines of a byline with the sign that stands between such pieces in print."""
    lines = [line for line in map(squeeze, raw.split("\n")) if line]
    if len(lines) == 1:
        return lines[0]
    text = ""
    for line in lines:
        piece = line.strip(EDGES)
        if not piece or CONNECTOR.fullmatch(piece):
            text += ";" if text and CONNECTOR.fullmatch(line) else ""
        elif SOURCE.match(piece) or (_has_name(text) and _is_dated(piece)):
            break  # what follows the date is the template's: counts, links to share
        elif OTHER_HAND.fullmatch(f"{piece} "):
            text += f"; {piece}"
        elif _is_lead_in(piece):
            text = piece  # what stood before 'by' is a kicker or a date
        elif not _is_template(piece):
            text = f"{text}{_sign_between(text, piece, line)} {piece}" if text else piece
    return text


def _is_dated(piece: str) -> bool:
    return is_dateish(piece) or bool(WIDGET.match(piece) and DAY.search(piece))


def _has_name(text: str) -> bool:
    return bool(text) and not is_dateish(text) and not _is_lead_in(text)


def _is_lead_in(piece: str) -> bool:
    return any(p.fullmatch(f"{piece} ") for p in (byline_prefix(), BOTH_HANDS, LEAD_IN))


def _is_template(piece: str) -> bool:
    """Tell what a template adds around names: dates, reading times, links to share."""
    is_prose = len(piece.split()) > MAX_NAME_WORDS and not AND.search(piece) and "," not in piece
    is_note = is_dateish(piece) or is_reading_time(piece) or is_orphan(piece)
    return is_prose or is_note or bool(WIDGET.match(piece))


def _sign_between(text: str, piece: str, line: str) -> str:
    """Say what parts two lines: a comma before a role or place, a semicolon before a new name."""
    last = AND.split(text)[-1].strip()
    if (
        text.endswith(";")
        or CONNECTOR.match(piece)
        or CONNECTOR.fullmatch(text.rsplit(maxsplit=1)[-1])
    ):
        return ""
    if _is_lead_in(last) or OTHER_HAND.fullmatch(f"{last} "):
        return ""
    if line.startswith(",") or is_suffix(piece):
        return ","
    one, other = len(last.split()) == 1, len(piece.split()) == 1
    if one and other and piece[:1].isupper() and last[:1].isupper():
        return ""  # given and family name
    return "," if other and not one else ";"


def _parts(text: str) -> Iterator[tuple[Part, str]]:
    """Part a byline where another hand is named: `Reviewed by`, `Edited by`, `Fotos:`."""
    if both := BOTH_HANDS.match(text):
        text = text[both.end() :]
    marks = list(OTHER_HAND.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    yield "author", text[: marks[0].start()] if marks else text
    for mark, end in zip(marks, ends, strict=bool(marks)) if marks else ():
        said = (mark[1] or mark[2] or mark[3]).lower()
        part: Part = "editor" if "edit" in said else "contributor"
        is_writer = said.startswith(("te", "words"))
        yield "author" if is_writer else part, text[mark.end() : end]


def _strip(raw: str) -> str:
    text = GLUED_ROLE.sub(", ", squeeze(raw))
    text = WIDGET.sub("", text)
    text = PRONOUNS.sub("", HANDLE.sub(" ", MAIL.sub(" ", text)))
    without_address = ADDRESS.sub("", text)
    text = without_address if without_address.strip(EDGES) else text
    if day := DAY.search(text):
        before, after = text[: day.start()].strip(EDGES), text[day.end() :].strip(EDGES)
        is_opening = not before or is_dateish(f"{before} 1") or bool(byline_prefix().match(after))
        text = after if after and is_opening else _without_weekday(before)
    # Twice: "By: By Jane Doe" is what a template's label makes of a field that has one already.
    first = ""
    for _ in range(2):
        text = text.strip(EDGES)
        if _is_lead_in(text):
            return ""
        match = byline_prefix().match(text) or LEAD_IN.match(text)
        if match and (not first or _is_second(match[0], first)):
            text, first = text[match.end() :], match[0].strip()
    return re.sub(r"\s+(?:am|on|at|vom|le|el|in)$", "", squeeze(text).strip(EDGES))


def _without_weekday(text: str) -> str:
    """Cut the weekday that a date left behind, where a full name is left: not of `By Jane Sun`."""
    opening = byline_prefix().match(text)
    start = opening.end() if opening else 0
    return text[:start] + LAST_WEEKDAY.sub(r"\1", text[start:])


def _is_second(lead_in: str, first: str) -> bool:
    """Tell a second lead-in, `Author: By Jane Doe`, from a name: `By Di Stefano`, `By da Silva`."""
    if first.endswith((":", "：")) or bare(lead_in) in bare(first).split():
        return True
    is_name = bare(first) == "by" and bare(lead_in) in PARTICLES
    return lead_in[:1].islower() and not is_name


def _split_people(text: str) -> list[str]:
    """Split at 'and' in the languages of `CONNECTORS`, and at the Arabic و that is written onto a name."""
    return [piece for part in _split_and(text) for piece in _split_waw(part)]


def _split_and(text: str) -> list[str]:
    """Split at 'and', but not inside a role: `Jane Doe, Home and Digital Security Expert`."""
    head, comma, tail = text.rpartition(",")
    halves = AND.split(tail)
    if comma and len(halves) > 1 and is_role(tail) and len(halves[0].split()) == 1:
        *before, last = AND.split(head)
        return [*before, f"{last},{tail}"]
    if double := DOUBLE_NAME.fullmatch(text):
        is_name = classify(double["second"]) == "person" and classify(text) == "person"
        return [text] if is_name else AND.split(text)
    return AND.split(text)


def _with_roles(text: str) -> str:
    """Write `Jane Doe - Senior Reporter` as `Jane Doe, Senior Reporter`."""
    head, *rest = DASHED.split(text)
    for sign, piece in zip(rest[::2], rest[1::2], strict=True):
        head += f", {piece}" if is_role(piece) else sign + piece
    return head


def _split_waw(text: str) -> list[str]:
    """Split 'name و+name' where both sides have two words and the second is no name in و itself."""
    words = text.split()
    for at in range(2, len(words) - 1):
        if words[at].startswith("و") and words[at] not in WAW_NAMES and len(words[at]) > 2:
            return [" ".join(words[:at]), " ".join([words[at][1:], *words[at + 1 :]])]
    return [text]


def _read_piece(part: str, publisher: str | None, host: str | None) -> list[Name]:
    """Read what stands between two 'and's: a name, then role, place or outlet behind commas."""
    pieces = [p for p in COMMA.split(_slashed(part)) if p.strip()]
    if len(pieces) == 2 and _is_family_given(pieces):
        pieces = [f"{pieces[1].strip()} {pieces[0].strip()}"]
    names: list[Name] = []
    for piece in pieces:
        person = names[-1] if names and names[-1].kind == "person" else None
        text, role, affiliation = _unwrapped(piece)
        text, place = _without_station(text)
        kind = "publisher" if URL.search(affiliation or "") else classify(text, publisher, host)
        if person and kind != "agency" and is_suffix(text):
            names[-1] = replace(
                person,
                role=person.role or text,
                place=person.place or place,
                raw=f"{person.raw}, {piece}",
            )
        elif person and kind == "publisher":
            names[-1] = replace(person, affiliation=text, raw=f"{person.raw}, {piece}")
        elif person and kind == "person" and _is_place_like(text):
            # 'Seb Dumitru, Lille': a single word behind a full name is where it was written
            names[-1] = replace(person, place=_place_in(text), raw=f"{person.raw}, {piece}")
        elif kind != "noise":
            if person and kind in ("agency", "desk"):
                names[-1] = replace(person, affiliation=person.affiliation or text)
            names.append(
                Name(
                    text=text,
                    kind=kind,
                    raw=piece,
                    role=role,
                    affiliation=affiliation,
                    place=place if kind == "person" else None,
                    part="contributor" if _is_pictures(piece) else "author",
                )
            )
    return names


def _without_station(text: str) -> tuple[str, str | None]:
    """Part `Jane Doe in New Delhi`, where the place is a known one and a full name is left."""
    stationed = STATIONED.search(text)
    name = text[: stationed.start()] if stationed else ""
    if stationed is None or not (is_place(stationed["place"]) or classify(text) == "noise"):
        return text, None
    is_full = " " in name and (is_spelt_as_name(name) or is_role(name))
    return (name, stationed["place"]) if is_full else (text, None)


def _unwrapped(piece: str) -> tuple[str, str | None, str | None]:
    """Take the name out of `Jo Doe (Content Manager)`, `Jo Doe for The Courier`."""
    inside = BRACKETS.search(piece)
    text = CJK_ROLE.sub("", BRACKETS.sub("", piece)).strip(f" .{EDGES}") or (
        inside[1] if inside else ""
    )
    role = inside[1] if inside and is_suffix(inside[1]) else None
    outlet = FOR.split(text, maxsplit=1)
    if len(outlet) > 1 and classify(outlet[0]) == "person":
        return outlet[0], role, outlet[1]
    # 'Deutsche Welle (www.dw.com)' names itself by its address.
    address = inside[1] if inside and URL.fullmatch(inside[1]) else None
    return _initial_dot(piece, text), role, address


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
        and not is_role(given)
        and not any(agency_named(piece) for piece in pieces)
        and not family.isupper()
    )


def _is_pictures(piece: str) -> bool:
    inside = BRACKETS.search(piece)
    return inside is not None and fold(inside[1]) in PICTURES


def _place_in(text: str) -> str:
    """Give the place of `in Kyiv`, or the text where it says no more."""
    stationed = STATIONED.match(text)
    return stationed["place"] if stationed else text


def _is_place_like(text: str) -> bool:
    place = _place_in(text)
    is_word = len(place.split()) == 1 and place[:1].isupper() and len(place) > 2
    return is_word or is_place(place)
