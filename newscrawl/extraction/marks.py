"""What the classes, ids and roles of an element say that it holds."""

import re
from functools import lru_cache
from typing import Final

MARK_WORDS: Final[dict[str, str]] = {
    "body": r"article-?(?:body|content|text|main)|story-?(?:body|content|text)|post-?(?:content|body|text|entry)|entry-?content|content-?body|body-?(?:content|text|copy)|(?<![a-z])(?:articlebody|text|body|content|story|article|post|entry|paragraph|prose|richtext|rte)(?![a-z])",
    "title": r"title|headline|heading|(?<![a-z])(?:titel|titulo|titre|kicker|hed)(?![a-z])",
    "byline": r"by-?line|author|autor|auteur|autore|writer|contributor|reporter|signature|(?<![a-z])bio(?![a-z])|profile",
    "date": r"date|time|(?<![a-z])(?:datum|fecha|published|meta|info|timestamp|postmeta|entry-?meta)(?![a-z])",
    "figure": r"caption|figure|image|photo|picture|credit|(?<![a-z])(?:img|fig|media|foto|bild|legend)(?![a-z])|copyright",
    "related": r"related|recommend|recirc|teaser|promo|read-?(?:more|also|next)|more-?(?:news|stories|on|from|articles|posts)|(?<![a-z])(?:also|siehe|similar|card|cards|tout|outbrain|taboola|most|popular|trending|trend|latest|next|prev|previous|pagination|pager|suggest\w*|linklist|crosslink\w*|see-also)(?![a-z])",
    "subscribe": r"newsletter|subscri|sign-?up|signin|log-?in|register|paywall|membership|donat|(?<![a-z])(?:abo|app|regwall|support|cta|piano|offer)(?![a-z])",
    "share": r"share|sharing|social|facebook|twitter|whatsapp|follow|(?<![a-z])(?:print|email|like|likes)(?![a-z])",
    "comment": r"comment|disqus|kommentar|discussion|(?<![a-z])(?:reply|replies|respond|forum|feedback|rating|vote|poll|quiz)(?![a-z])",
    "advert": r"advert|sponsor|banner|promoted|affiliate|(?<![a-z])(?:ad|ads|adv|dfp|gpt|commercial|anzeige|werbung)(?![a-z])",
    "side": r"sidebar|side-?bar|aside|widget|(?<![a-z])(?:rail|sidecol|secondary|right|col2|module|box|infobox|factbox|panel|block)(?![a-z])",
    "nav": r"(?<![a-z])nav|menu|breadcrumb|masthead|navigation|toolbar|topbar|header|footer|(?<![a-z])(?:foot|head|search|skip|logo|brand|site|lang|tabs?)(?![a-z])",
    "tags": r"(?<![a-z])(?:tags?|topics?|keywords?|categor\w*|taxonomy|labels?|hashtags?)(?![a-z])",
    "legal": r"copyright|disclaimer|legal|cookie|consent|privacy|gdpr|modal|popup|overlay|notice|(?<![a-z])(?:alert|message|error|warning)(?![a-z])",
    "lead": r"summary|stand-?first|subtitle|sub-?head|sub-?title|excerpt|abstract|description|(?<![a-z])(?:lead|lede|dek|deck|intro|ingress|chapo|teasertext|preamble|vorspann|entradilla|bajada|synopsis)(?![a-z])",
    "quote": r"quote|(?<![a-z])(?:zitat|citation|pull)",
    "embed": r"embed|tweet|instagram|youtube|video|player|audio|podcast|gallery|slideshow|carousel|slider|swiper|slide|timeline",
    "hidden": r"hidden|invisible|visually|sr-only|screen-?reader|offscreen|(?<![a-z])hide(?![a-z])",
}  # fmt: skip
MARK_NAMES: Final = tuple(MARK_WORDS)
CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")
NOISE: Final = frozenset(
    {"related", "subscribe", "share", "comment", "advert", "nav", "byline", "tags", "legal"}
)
"""Marks that name something beside the text."""
STRONG: Final = (
    r"related|recommend|recirc|teaser|promo|newsletter|subscri|sign-?up|outbrain|taboola|(?<![a-z])(?:bio|ads?|advert\w*|share|sharing"
    r"|social|comments?|sponsor\w*|read-?more|more-?(?:stories|news|on)|also-?read|trending|popular|widget|cookie|consent|paywall|regwall)(?![a-z])"
)
"""Marks that rarely hold a part of the text, whatever stands around."""
COMMENTS: Final = re.compile(
    r"(?:^|[\s_-])(?:comment-?list|comments?-?(?:area|section|wrapper|thread|threads|container|content|list|body|holder|box)|disqus_thread|respond|kommentare?"
    r"|comentarios?|commentaires?)(?:$|[\s_-])|(?:^|\s)comments(?:$|\s)"
)
"""Containers of readers' comments."""
CONSENT: Final = re.compile(
    r"onetrust|optanon|didomi|cookiebot|qc-cmp|usercentrics|trustarc|truste-|sp_message_container|cmplz-|borlabs|iubenda-cs"
    r"|(?:cookie|gdpr)-?(?:banner|consent|notice|bar|law|modal|popup|dialog|policy-popup)"
)
"""Dialogs that ask for consent: the names of their vendors, and those of home-made ones."""
PULLED: Final = re.compile(
    r"pull[-_]?(?:ed|out)?[-_]?quote|quote[-_]?pull|blockquote--pull|(?<![a-z])pull-(?:left|right)(?![a-z])"
)
"""Sentences of the text, set apart to catch the eye."""
NOISE_BITS: Final = sum(1 << bit for bit, name in enumerate(MARK_NAMES) if name in NOISE)
IS_STRONG: Final = 1 << len(MARK_NAMES)
"""The bit of marks that rarely hold a part of the text."""
IS_BESIDE: Final = IS_STRONG << 1
"""The bit of a container of readers' comments, or of a dialog that asks for consent."""
IS_PULLED: Final = IS_STRONG << 2
"""The bit of a pull quote."""
NAMED: Final = IS_STRONG - 1
"""The bits of `MARK_NAMES`."""
SEARCHED: Final = tuple(
    (1 << bit, re.compile(pattern)) for bit, pattern in enumerate((*MARK_WORDS.values(), STRONG))
)


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
    for bit, pattern in SEARCHED:
        if pattern.search(parted):
            found |= bit
    if COMMENTS.search(plain) or CONSENT.search(plain):
        found |= IS_BESIDE
    return found | IS_PULLED if PULLED.search(plain) else found
