"""Say what a name in a byline is: a person, a desk, an agency, the publisher, or none."""

import re
from functools import cache
from typing import Final, Literal

from newscrawl.attribution.agencies import agency_named, is_known_name
from newscrawl.lines import is_date_line
from newscrawl.reference import word_list
from newscrawl.wording import closed_up, fold

NameKind = Literal["person", "desk", "agency", "publisher", "noise"]

MAX_NAME_CHARS: Final = 60
MAX_NAME_WORDS: Final = 6
MAX_LOWER_WORDS: Final = 2
"""Words of a name printed without a capital, initials apart; more are the middle of a sentence."""
MIN_LABEL: Final = 3
"""Letters of a host's label that can be a publisher's name: bbc, mdr."""
URL: Final = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|org|net|de|fr|co\.uk|ru|in|es|it|tv|info|news|at|is)\b",
    re.IGNORECASE,
)
LETTER: Final = re.compile(r"[^\W\d_]")
PARTICLES: Final = frozenset(
    ["de", "da", "di", "du", "del", "della", "der", "den", "von", "van", "vom", "zu", "la", "le", "les", "el",
     "al", "ben", "bin", "ibn", "dos", "das", "y", "e", "af", "los", "las", "do", "ter", "abu", "bint"]
)  # fmt: skip
GENERIC_ORG: Final = re.compile(
    r"(?i)\b(?:news|media|press|zeitung|times|tribune|gazette|herald|magazine|magazin|network|radio|fernsehen"
    r"|television|agency|agentur|agence|agencia|agenzia|redaktion|verlag|gmbh|ag|inc|ltd|llc|e\.\s?v|verein|verband|"
    r"polizei|police|\w*ministerium|ministry|department|university|universität|council|institute|foundation|stiftung"
    r"|association|group|team|post|journal|post-gazette|chronicle|digital|blog|presse\w*)\b|\.(?:com|de|org|net)\b"
)
# Behind a name: MD, Ph.D., DVM, CFP.
CREDENTIAL: Final = re.compile(r"(?:[A-Z]{2,7}|(?:[A-Z][a-z]{0,2}\.\s?){2,4}|PhD|MBA|Esq\.?|Jr\.?)")


def classify(text: str, publisher: str | None = None, host: str | None = None) -> NameKind:
    """Say what a piece of a byline names.

    >>> classify("NewsGram Desk"), classify("dpa"), classify("Miguel A. Herguedas")
    ('desk', 'agency', 'person')
    >>> classify("MDR THÜRINGEN", host="www.mdr.de")
    'publisher'
    """
    if not LETTER.search(text) or len(text) == 1 or is_date_line(text):
        return "noise"
    if agency_named(text) or is_known_name(text):
        return "agency"
    if is_publisher(text, publisher, host):
        return "publisher"
    full = [word for word in text.split() if not word.endswith(".")]
    if URL.fullmatch(text) or (text[0].islower() and len(full) > MAX_LOWER_WORDS):
        return "noise"
    if _is_desk(text) or GENERIC_ORG.search(text):
        return "desk"
    own = [word for word in text.split() if fold(word) not in PARTICLES]
    too_long = len(text) > MAX_NAME_CHARS or len(own) > MAX_NAME_WORDS
    return "noise" if too_long or _is_prose(text) else "person"


def is_publisher(text: str, publisher: str | None, host: str | None) -> bool:
    """Tell the publisher's name, its host, or its host's label in capitals with a programme behind.

    >>> is_publisher("Le Figaro", None, "www.lefigaro.fr"), is_publisher("Jane Doe", None, None)
    (True, False)
    """
    key = closed_up(text)
    labels = {
        closed_up(label)
        for label in (host or "").split(".")
        if len(label) >= MIN_LABEL and label != "www"
    }
    names = labels | {closed_up(publisher or "")}
    first = text.split(maxsplit=1)[0]
    is_programme = first.isupper() and len(first) >= MIN_LABEL and fold(first) in labels
    address = URL.fullmatch(text)
    is_host = bool(address) and fold(text).removeprefix("www.") in (host or "")
    return key in names or is_programme or is_host


def is_role(text: str) -> bool:
    """Tell a role: `Senior Reporter`, `Redakteurin`.

    >>> is_role("Senior Autos Reporter"), is_role("Jane Doe")
    (True, False)
    """
    folded = fold(text)
    return any(folded == role or folded.endswith(f" {role}") for role in word_list("roles"))


def is_suffix(text: str) -> bool:
    """Tell what stands behind a name and a comma without being one: a role, a degree.

    >>> is_suffix("Sr. Director of Operations"), is_suffix("Ph.D."), is_suffix("John Roe")
    (True, True, False)
    """
    if is_role(text) or CREDENTIAL.fullmatch(text):
        return True
    words = set(re.findall(r"\w+", fold(text)))
    return any(role in words for role in word_list("roles") if " " not in role)


def is_spelt_as_name(text: str) -> bool:
    """Tell whether a text is written as names are: few words, all with a capital but for particles.

    >>> is_spelt_as_name("Jo van der Doe"), is_spelt_as_name("Jo fell"), is_spelt_as_name("小池和樹")
    (True, False, True)
    """
    words = text.strip(" .,").split()
    return 0 < len(words) <= MAX_NAME_WORDS and all(
        LETTER.match(word) and (not word[0].islower() or fold(word) in PARTICLES) for word in words
    )


def _is_desk(text: str) -> bool:
    folded = fold(text)
    words = set(re.findall(r"\w+", folded))
    return any(term in folded if " " in term else term in words for term in _desks())


def _is_prose(text: str) -> bool:
    """Tell a sentence fragment from a name: lower-case words that are no particles, in mid-text."""
    words = text.split()
    lower = [w for w in words[1:] if w[:1].islower() and fold(w) not in PARTICLES and w[1:] != "."]
    return len(words) > 2 and len(lower) >= 2


@cache
def _desks() -> frozenset[str]:
    return frozenset(fold(term) for term in word_list("desks"))
