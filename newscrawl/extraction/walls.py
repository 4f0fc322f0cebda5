"""Tell what stands in place of an article: a challenge, a wall, a missing page, an empty shell."""

import re
from functools import cache
from typing import Final

from newscrawl.extraction.document import Document
from newscrawl.extraction.evidence import Evidence
from newscrawl.reasons import Reason
from newscrawl.reference import load_table
from newscrawl.wording import fold

MAX_PROSE: Final = 1500
"""Characters of prose; a page with more has an article behind whatever else it says."""
HEAD_SEGMENTS: Final = 40
MAX_LINE: Final = 300
CHALLENGE_MARKS: Final = re.compile(
    r"cf-challenge|challenge-platform|cf_chl_|px-captcha|_Incapsula_Resource|geo\.captcha-delivery|g-recaptcha-challenge|hcaptcha-box"
)
"""Addresses and ids of the challenges of Cloudflare, PerimeterX, Imperva and DataDome."""
ORDER: Final = (
    Reason.BOT_CHALLENGE,
    Reason.SOFT_404,
    Reason.LOGIN_WALL,
    Reason.CONSENT_WALL,
    Reason.SHELL,
)
"""The walls in the order they are looked for; each has a table of its own name in `walls.toml`."""
TITLED: Final = frozenset({Reason.SOFT_404, Reason.BOT_CHALLENGE})
"""Reasons that a page states in its title or first lines; further down their words are prose."""
TITLED_LINES: Final = 8


def find_wall(document: Document, evidence: Evidence) -> tuple[Reason, str] | None:
    """Say what the page is instead of an article, with the words that say so."""
    if sum(evidence.prose) > MAX_PROSE:
        return None
    title = document.title
    lines = [title.text_content() if title is not None else ""]
    lines += [s.text for s in evidence.segments[:HEAD_SEGMENTS] if len(s.text) <= MAX_LINE]
    noscript = " ".join(e.text_content() for e in document.tree.iter("noscript"))
    folded = [fold(line) for line in lines]
    for reason in ORDER:
        looked_at = folded[:TITLED_LINES] if reason in TITLED else folded
        if reason is Reason.SHELL:
            looked_at = [*folded, fold(noscript)]
        if phrase := _first_phrase(reason, looked_at):
            return reason, f"it says {phrase!r}"
    if _has_challenge(document):
        return Reason.BOT_CHALLENGE, "it holds a challenge's script"
    return None


def find_truncation(lines: list[str]) -> str | None:
    """Give the words that say that only the beginning of a text is shown."""
    return _first_phrase("truncated", [fold(line) for line in lines if len(line) <= MAX_LINE])


def _first_phrase(name: str, lines: list[str]) -> str | None:
    # A phrase that stands nowhere is found so in a tenth of the time that the pattern takes.
    joined = "\n".join(lines)
    if not any(phrase in joined for phrase in _phrases(name)):
        return None
    found = (match for line in lines if (match := _pattern(name).search(line)))
    return next((match[0] for match in found), None)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(
        "|".join(
            rf"(?<!\w){re.escape(p)}(?!\w)" if p.isascii() else re.escape(p) for p in _phrases(name)
        )
    )


@cache
def _phrases(name: str) -> tuple[str, ...]:
    return tuple(sorted(map(fold, load_table("walls")[name]["phrases"]), key=len, reverse=True))


def _has_challenge(document: Document) -> bool:
    for script in document.tree.iter("script", "iframe"):
        if CHALLENGE_MARKS.search(script.get("src") or "") or CHALLENGE_MARKS.search(
            (script.text or "")[:5000]
        ):
            return True
    return False
