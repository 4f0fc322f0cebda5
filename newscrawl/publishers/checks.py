"""What is wrong with the values of a publisher file that a type does not tell."""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

from newscrawl.ages import read_age
from newscrawl.errors import DataError
from newscrawl.publishers.model import ODD, Layout, PublisherFile, compile_selector
from newscrawl.reference import zone_table

DOMAIN: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
PLAIN_ADDRESS: Final = re.compile(r"https?://[a-z0-9.-]+/[\w./?&=%+-]*", re.ASCII)
WEB_ADDRESS: Final = re.compile(r"https?://[^\s/?#]+(?:[/?#]\S*)?")
PLAIN_PATTERN: Final = re.compile(
    r"\^?(?:(?:[\w/.:-]|\\[dwsDWS./-]|\[\^?[\w/.]+\])(?:[+*?]|\{\d{1,3}\})?)*\$?"
)
"""What is a regular expression at sight: most patterns are, and compiling a thousand takes 50 ms."""
ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
"""It is the name of a spider and of a folder."""
SIMPLE: Final = r"(?:[a-z][a-z0-9]*(?:[.#][a-zA-Z_][\w-]*)*|(?:[.#][a-zA-Z_][\w-]*)+)"
PLAIN_SELECTOR: Final = re.compile(rf"{SIMPLE}(?:(?: > | |, ){SIMPLE})*", re.ASCII)
"""What is a CSS selector at sight: tags, classes and ids, one in the other."""
LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, 5.6.2."""
MAX_SHOWN: Final = 200
MAX_AGE: Final = 10 * 366 * 86400.0
"""Seconds."""
Keys = tuple[str | int, ...]
"""Where a value stands in a file: `("layouts", 0, "body")`."""


def problems(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    """Give what is wrong with the values of a file, with their keys."""
    yield from _wrong_names(source)
    yield from _wrong_addresses(source)
    yield from _wrong_bounds(source)
    yield from _wrong_dates(source)
    for number, layout in enumerate(source.layouts):
        yield from _wrong_layout(number, layout)
    for number, rule in enumerate(source.text):
        if (rule.drop is None) == (rule.cut is None):
            yield ("text", number), "a rule has either drop or cut"
        for key in ("drop", "cut"):
            if (pattern := getattr(rule, key)) is not None:
                yield from _wrong_rule(("text", number, key), pattern)


def _wrong_addresses(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    addresses = [
        ("feeds", source.feeds),
        ("sitemaps", source.sitemaps),
        ("sections", source.sections),
    ]
    for key, urls in (*addresses, ("home", (source.home,) if source.home else ())):
        for url in urls:
            if not _is_address(url):
                yield (key,), f"{url!r} is no http or https address"
    if source.article_pattern is not None:
        yield from _wrong_pattern(("article_pattern",), source.article_pattern)
    for name, value in source.headers.items():
        if not HEADER_NAME.fullmatch(name) or not value.isprintable():
            yield ("headers", name), "no header that can be sent"


def _is_address(url: str) -> bool:
    if PLAIN_ADDRESS.fullmatch(url):
        return True
    try:
        # A port that is none is told only when it is asked for.
        return bool(WEB_ADDRESS.fullmatch(url) and urlsplit(url).port != 0)
    except ValueError:
        return False


def _wrong_dates(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    seen = set[date | None]()
    for number, layout in enumerate(source.layouts):
        if layout.until in seen:
            yield (
                ("layouts", number, "until"),
                "another layout has the same last day; one may have none",
            )
        seen.add(layout.until)


def _wrong_names(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    if not source.name.strip():
        yield ("name",), "empty"
    yield from _wrong_codes(source)
    if source.id and not ID.fullmatch(source.id):
        yield ("id",), f"{source.id!r}: letters, digits, full stops and hyphens alone"
    if not source.domains:
        yield ("domains",), "no domain"
    for domain in source.domains:
        if not DOMAIN.fullmatch(domain.lower()):
            yield ("domains",), f"{domain!r} is no domain; write example.org"


def _wrong_codes(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    if source.language is not None and not LANGUAGE.fullmatch(source.language):
        yield ("language",), f"{source.language!r} is no ISO 639 code such as 'en'"
    if source.country is not None and source.country not in _countries():
        yield ("country",), f"{source.country!r} is no ISO 3166 code such as 'GB'"
    if source.timezone is not None and source.timezone not in _zones():
        yield ("timezone",), f"{source.timezone!r} is no time zone such as 'Europe/London'"
    for key in source.verified:
        if key not in PublisherFile.__struct_fields__:
            yield ("verified",), f"{key!r} is no key of a publisher file"


def _wrong_bounds(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    for name in ("least", "most"):
        stated = getattr(source.poll, name)
        if stated is not None and not 0 < (read_age(stated) or 0.0) <= MAX_AGE:
            yield ("poll", name), f"{stated!r} is no age; write 10m, 2h or 1d"
            return
    least, most = source.poll.bounds()
    if least and most and least > most:
        yield ("poll", "least"), "longer than most"
    for age in " ".join(source.revisits).split():
        if not 0 < (read_age(age) or 0.0) <= MAX_AGE:
            yield ("revisits",), f"{age!r} is no age; write 1h, 6h or 7d"
    if source.limits.delay is not None and not 0 <= source.limits.delay <= 3600:
        yield ("limits", "delay"), "seconds from 0 to 3600"
    if source.limits.pages is not None and source.limits.pages < 1:
        yield ("limits", "pages"), "at least 1"


def _wrong_layout(number: int, layout: Layout) -> Iterator[tuple[Keys, str]]:
    if layout.body and layout.within:
        yield ("layouts", number, "within"), "a layout has either body or within"
    for key, selector in layout.selectors():
        if PLAIN_SELECTOR.fullmatch(selector):
            continue
        try:
            compile_selector(selector)
        except DataError as error:
            yield ("layouts", number, key), str(error)


def _wrong_pattern(keys: Keys, pattern: str) -> Iterator[tuple[Keys, str]]:
    if PLAIN_PATTERN.fullmatch(pattern):
        return
    try:
        # Twice as fast as the one that looks at texts, which takes whatever this one does.
        re.compile(pattern)
    except (re.error, *ODD) as error:
        yield keys, f"{pattern[:MAX_SHOWN]!r} is no regular expression: {error}"


def _wrong_rule(keys: Keys, pattern: str) -> Iterator[tuple[Keys, str]]:
    """Give what is wrong with the expression of a text rule; one that finds nothing at all is in every text."""
    wrong = list(_wrong_pattern(keys, pattern))
    # In no text nothing takes long; `is_found` would compile each expression a second time.
    if not wrong and re.search(pattern, ""):
        wrong = [(keys, f"{pattern!r} is found in every text")]
    yield from wrong


@cache
def _countries() -> frozenset[str]:
    return frozenset(row[0] for row in zone_table("iso3166.tab"))


@cache
def _zones() -> frozenset[str]:
    # zoneinfo's own function opens six hundred files.
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())
