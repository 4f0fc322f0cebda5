"""Read the signs by which a publisher restricts what may be done with a page."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from newscrawl.extraction.document import Document
from newscrawl.items import OptOut

RESTRICTING: Final = frozenset(
    {
        "noindex",
        "noarchive",
        "nocache",
        "nosnippet",
        "none",
        "noai",
        "noimageai",
        "noimageindex",
        "notranslate",
    }
)
"""Directives that take something away; `index`, `max-snippet:-1` and the like grant it.

Sources: RFC-less, as search engines document the robots meta tag; `noai` and `noimageai` are DeviantArt's."""
NO_SNIPPET: Final = re.compile(r"max-snippet\s*:\s*0\b|unavailable_after\s*:")
OTHER_AGENT: Final = re.compile(r"^\s*(?!unavailable_after|max-)([\w*-]+)\s*:\s*(.*)$", re.DOTALL)
NAMES: Final = ("robots", "newscrawl")
"""Agents whose directives speak to us; those of others are addressed by name."""
MAX_VALUE: Final = 200


def opt_outs_of(document: Document) -> tuple[OptOut, ...]:
    """Give what the page's own markup says: meta robots, and the W3C's TDM reservation."""
    found = list[OptOut]()
    for name in NAMES:
        found += _directives("meta.robots", document.meta(name) or "")
    found += tdm_opt_outs(document.meta("tdm-reservation"), document.meta("tdm-policy"))
    return tuple(dict.fromkeys(found))


def header_opt_outs(
    robots: Iterable[str], reservation: str | None, policy: str | None
) -> tuple[OptOut, ...]:
    """Give what the headers of an answer say.

    Args:
        robots: the values of X-Robots-Tag; each may name an agent first.
        reservation: the value of tdm-reservation.
        policy: the value of tdm-policy.

    >>> [o.value for o in header_opt_outs(["noarchive, noai", "googlebot: noindex"], "1", None)]
    ['noarchive', 'noai', '1']

    """
    found = list[OptOut]()
    for value in robots:
        named = OTHER_AGENT.match(value)
        if named and named[1].lower() not in ("*", *NAMES):
            continue
        found += _directives("x-robots-tag", named[2] if named else value)
    return tuple(dict.fromkeys([*found, *tdm_opt_outs(reservation, policy)]))


def tdm_opt_outs(reservation: str | None, policy: str | None) -> Iterator[OptOut]:
    """Give a reservation of rights to text and data mining (W3C TDMRep; EU directive 2019/790, 4.3)."""
    if (reservation or "").strip() == "1":
        yield OptOut(signal="tdm-reservation", value="1")
        if policy and policy.strip():
            yield OptOut(signal="tdm-policy", value=policy.strip()[:MAX_VALUE])


def _directives(signal: str, value: str) -> Iterator[OptOut]:
    for directive in value.lower()[:1000].split(","):
        word = directive.strip()
        if word in RESTRICTING or NO_SNIPPET.match(word):
            yield OptOut(signal=signal, value=word[:MAX_VALUE])
