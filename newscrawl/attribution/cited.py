"""Find whom a text names as the one that reported something."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Final

from newscrawl.attribution.agencies import agency_named
from newscrawl.attribution.names import is_publisher
from newscrawl.items import Agency, Block, CitedSource, Publisher
from newscrawl.reference import agencies, load_table, word_list

WORD: Final = re.compile(r"\w+")
NO_PUBLISHER: Final = Publisher()
SHORT_NAMES: Final = ("Reuters", "AFP", "Xinhua", "TASS", "dpa", "Bloomberg", "EFE", "ANSA")
"""Agencies that texts cite by these names; other initials mean other things in prose."""


def cited_sources(
    blocks: tuple[Block, ...],
    publisher: Publisher = NO_PUBLISHER,
    own_agencies: tuple[Agency, ...] = (),
) -> tuple[CitedSource, ...]:
    """Give each citation, in order; the same outlet as often as it is cited.

    >>> found = cited_sources((Block(kind="paragraph", text="He left, Daily Mail reported."),))
    >>> [(s.name, s.kind, s.verb) for s in found]
    [('Daily Mail', 'outlet', 'reported')]
    """
    # To look for first words saves most of the time: few texts cite anybody.
    text = "\n".join([block.text for block in blocks])
    firsts = _by_first_word().keys() & WORD.findall(text)
    named = [name for first in firsts for name in _by_first_word()[first] if name in text]
    if not named:
        return ()
    found = [
        source
        for block in blocks
        if any(name in block.text for name in named)
        for source in _cited_in(block.text)
    ]
    counts = Counter(source.name for source in found)
    return tuple(
        replace(s, count=counts[s.name], is_self=_is_self(s, publisher, own_agencies))
        for s in found
    )


def _cited_in(text: str) -> Iterator[CitedSource]:
    for match in _pattern().finditer(text):
        if match["generic"]:
            yield CitedSource(kind="generic", phrase=match[0])
            continue
        name = match["reporting"] or match["told"] or match["said_to"]
        yield CitedSource(
            name=name,
            kind="agency" if agency_named(name) else "outlet",
            phrase=match[0],
            verb=match["verb"] or match["opening"] or match["saying"],
        )


def _is_self(source: CitedSource, publisher: Publisher, own: tuple[Agency, ...]) -> bool:
    if source.name is None:
        return False
    agency = agency_named(source.name)
    if agency and agency.id in {known.id for known in own}:
        return True
    plain = source.name.removeprefix("The ").removeprefix("the ")
    return any(
        is_publisher(name, publisher.name, publisher.domain)
        for name in (source.name, plain, f"The {plain}")
    )


@cache
def _by_first_word() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in (*_names(), *_generic()):
        first = WORD.findall(name)[0]
        found[first] = (*found.get(first, ()), name)
    return found


@cache
def _names() -> tuple[str, ...]:
    names = {*word_list("outlets"), *(row.name for row in agencies()), *SHORT_NAMES}
    return tuple(sorted(names, key=len, reverse=True))


@cache
def _generic() -> tuple[str, ...]:
    phrases = load_table("citing")["generic"]["phrases"]
    forms = {form for phrase in phrases for form in (phrase, phrase[0].upper() + phrase[1:])}
    return tuple(sorted(forms, key=len, reverse=True))


@cache
def _pattern() -> re.Pattern[str]:
    verbs = load_table("citing")["verbs"]
    outlets = "|".join(map(re.escape, _names()))
    quoted = r"[\"“„«'‘]?(?:[Tt]he\s+)?(?P<{}>" + outlets + r")[\"”“»'’]?(?!\w)"
    after = "|".join(map(re.escape, verbs["after"]))
    before = "|".join(
        re.escape(w).replace("\\ ", r"\s+") for w in sorted(verbs["before"], key=len, reverse=True)
    )
    article = r"(?:the|der|dem|den|die|das|le|la|les|el|il|lo|o|a|de|del|della|dal|do|da)"
    medium = (
        r"(?:news\s+agency|broadcaster|newspaper|daily|Nachrichtenagentur|Zeitung|Sender|Tageszeitung|agence"
        r"|quotidien|journal|chaîne|agencia(?:\s+de\s+noticias)?|diario|periódico|cadena|agenzia|quotidiano|jornal|agência)"
    )
    reporting = quoted.format("reporting")
    told, said_to = quoted.format("told"), quoted.format("said_to")
    return re.compile(
        rf"(?<!\w)(?P<generic>{'|'.join(map(re.escape, _generic()))})(?!\w)"
        rf"|(?<!\w){reporting}(?:\s+(?:newspaper|news agency|also|has|had|first)){{0,2}}\s+(?P<verb>{after})\b"
        rf"|\b(?P<opening>(?i:{before}))\s+(?:{article}\s+|l['’])?(?:[\w-]+\s+)?(?:{medium}\s+)?{told}"
        rf"|\b(?P<saying>sagte|erklärte)\b[^.!?\n]{{0,60}}?\s(?:der|dem)\s+{said_to}"
    )
