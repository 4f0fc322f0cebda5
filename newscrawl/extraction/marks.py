"""What the classes, ids and roles of an element say that it holds."""

import re
from functools import lru_cache
from typing import Final

MARKS: Final[dict[str, tuple[str, str]]] = {
    "body": (
        "articlebody text body content story article post entry paragraph prose richtext rte",
        r"article-?(?:body|content|text|main)|story-?(?:body|content|text)|post-?(?:content|body|text|entry)|entry-?content|content-?body|body-?(?:content|text|copy)",
    ),
    "title": ("titel titulo titre kicker hed", "title|headline|heading"),
    "byline": (
        "bio",
        "by-?line|author|autor|auteur|autore|writer|contributor|reporter|signature|profile",
    ),
    "date": ("datum fecha published meta info timestamp postmeta entrymeta", "date|time"),
    "figure": (
        "img fig media foto bild legend", "caption|figure|image|photo|picture|credit|copyright",
    ),
    "related": (
        "also siehe similar card cards tout outbrain taboola most popular trending trend latest next prev"
        " previous pagination pager linklist",
        r"related|recommend|recirc|teaser|promo|read-?(?:more|also|next)|more-?(?:news|stories|on|from|articles|posts)|(?<![a-z])(?:suggest|crosslink)",
    ),
    "subscribe": (
        "abo app regwall support cta piano offer",
        "newsletter|subscri|sign-?up|signin|log-?in|register|paywall|membership|donat",
    ),
    "share": ("print email like likes", "share|sharing|social|facebook|twitter|whatsapp|follow"),
    "comment": (
        "reply replies respond forum feedback rating vote poll quiz",
        "comment|disqus|kommentar|discussion",
    ),
    "advert": (
        "ad ads adv dfp gpt commercial anzeige werbung", "advert|sponsor|banner|promoted|affiliate",
    ),
    "side": (
        "rail sidecol secondary right box infobox factbox panel block module",
        r"sidebar|side-?bar|aside|widget|(?<![a-z])col2(?![a-z])",
    ),
    "nav": (
        "foot head search skip logo brand site lang tab tabs",
        "(?<![a-z])nav|menu|breadcrumb|masthead|navigation|toolbar|topbar|header|footer",
    ),
    "tags": (
        "tag tags topic topics keyword keywords taxonomy label labels hashtag hashtags",
        "(?<![a-z])categor",
    ),
    "legal": (
        "alert message error warning",
        "copyright|disclaimer|legal|cookie|consent|privacy|gdpr|modal|popup|overlay|notice",
    ),
    "lead": (
        "lead lede dek deck intro ingress chapo teasertext preamble vorspann entradilla bajada synopsis",
        "summary|stand-?first|subtitle|sub-?head|sub-?title|excerpt|abstract|description",
    ),
    "quote": ("", "quote|(?<![a-z])(?:zitat|citation|pull)"),
    "embed": (
        "",
        "embed|tweet|instagram|youtube|video|player|audio|podcast|gallery|slideshow|carousel|slider|swiper|slide|timeline",
    ),
    "hidden": ("hide", "hidden|invisible|visually|sr-only|screen-?reader|offscreen"),
}  # fmt: skip
"""What each kind is called: by a word between other signs than letters, or by a part of one."""
STRONG: Final = (
    "bio ad ads share sharing social comment comments trending popular widget cookie consent paywall regwall",
    r"related|recommend|recirc|teaser|promo|newsletter|subscri|sign-?up|outbrain|taboola"
    r"|(?<![a-z])(?:advert|sponsor|(?:read-?more|more-?(?:stories|news|on)|also-?read)(?![a-z]))",
)
"""Marks that rarely hold a part of the text, whatever stands around."""
MARK_NAMES: Final = tuple(MARKS)
CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")
LETTERS: Final = re.compile(r"[a-z]+")
NOISE: Final = frozenset(
    {"related", "subscribe", "share", "comment", "advert", "nav", "byline", "tags", "legal"}
)
"""Marks that name something beside the text."""
COMMENTS: Final = (
    r"(?:^|[\s_-])(?:comment-?list|comments?-?(?:area|section|wrapper|thread|threads|container|content|list|body|holder|box)|disqus_thread|respond|kommentare?"
    r"|comentarios?|commentaires?)(?:$|[\s_-])|(?:^|\s)comments(?:$|\s)"
)
"""Containers of readers' comments."""
CONSENT: Final = (
    r"onetrust|optanon|didomi|cookiebot|qc-cmp|usercentrics|trustarc|truste-|sp_message_container|cmplz-|borlabs|iubenda-cs"
    r"|(?:cookie|gdpr)-?(?:banner|consent|notice|bar|law|modal|popup|dialog|policy-popup)"
)
"""Dialogs that ask for consent: the names of their vendors, and those of home-made ones."""
PULLED: Final = r"pull[-_]?(?:ed|out)?[-_]?quote|quote[-_]?pull|blockquote--pull|(?<![a-z])pull-(?:left|right)(?![a-z])"
"""Sentences of the text, set apart to catch the eye."""

IS_STRONG: Final = 1 << len(MARK_NAMES)
"""The bit of marks that rarely hold a part of the text."""
IS_BESIDE: Final = IS_STRONG << 1
"""The bit of a container of readers' comments, or of a dialog that asks for consent."""
IS_PULLED: Final = IS_STRONG << 2
"""The bit of a pull quote."""
NAMED: Final = IS_STRONG - 1
"""The bits of `MARK_NAMES`."""
NOISE_BITS: Final = sum(1 << bit for bit, name in enumerate(MARK_NAMES) if name in NOISE)

_BITS: Final[dict[str, int]] = {}
for _bit, (_words, _) in enumerate((*MARKS.values(), STRONG)):
    for _word in _words.split():
        _BITS[_word] = _BITS.get(_word, 0) | 1 << _bit
_PARTS: Final = tuple(
    (1 << bit, re.compile(parts)) for bit, (_, parts) in enumerate((*MARKS.values(), STRONG))
)
_ANY_PART: Final = re.compile("|".join(parts for _, parts in (*MARKS.values(), STRONG)))
_SET_APART: Final = (
    (IS_BESIDE, re.compile(f"{COMMENTS}|{CONSENT}")), (IS_PULLED, re.compile(PULLED)),
)  # fmt: skip
_ANY_APART: Final = re.compile(f"{COMMENTS}|{CONSENT}|{PULLED}")


@lru_cache(maxsize=16384)
def marks_of(marks: str) -> int:
    """Give what classes, id and role name, a bit each: those of `MARK_NAMES`, then the others."""
    found = 0
    for mark in marks.split():
        found |= _mark_of(mark)
    return found


@lru_cache(maxsize=65536)
def _mark_of(mark: str) -> int:
    # Searched in lower case: to ignore case in the pattern takes twice as long.
    plain, parted = mark.lower(), CAMEL.sub("-", mark).lower()
    found = 0
    for word in LETTERS.findall(parted):
        found |= _BITS.get(word, 0)
    # Half of all classes have no part that tells, and are done with one search, not one a kind.
    if _ANY_PART.search(parted):
        for bit, pattern in _PARTS:
            if not found & bit and pattern.search(parted):
                found |= bit
    if _ANY_APART.search(plain):
        for bit, pattern in _SET_APART:
            if pattern.search(plain):
                found |= bit
    return found
