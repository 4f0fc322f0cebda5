"""The keywords of an article: declared, or listed under it as links to topics."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import groupby
from typing import Any, Final

from lxml.html import HtmlElement

from newscrawl.extraction.document import Document
from newscrawl.extraction.jsonld import Node, as_list, text_of
from newscrawl.extraction.visible import text_content
from newscrawl.items import Candidate, Provenance, Publisher
from newscrawl.wording import bare

TAG_METAS: Final = ("article:tag", "og:article:tag", "parsely-tags", "news_keywords")
"""Before what a reader sees; the keywords meta comes after: it is written for search engines, and
often the same on all pages."""
TAG_PATH: Final = re.compile(
    r"/(?:tags?|topics?|themen?|thema|schlagw[oö]rt(?:er)?|keywords?|etiquetas?|temas?|sujets?|mots?-cles?"
    r"|argomenti|tagi|temat|emner?|onderwerp(?:en)?|konular?|etiket(?:ler)?|topik|tema|avainsanat?|labels?)/[^/]+",
    re.IGNORECASE,
)
TAG_CLASS: Final = re.compile(
    r"(?:^|[\s_-])(?:tags?|tag-?list|topics?|keywords?|themen|schlagw\w+|etiquetas|related-?topics)(?:$|[\s_-])",
    re.IGNORECASE,
)
CLOUD: Final = re.compile(
    r"cloud|trending|popular|menu|breadcrumb|teaser|card|comment|sidebar|widget|related-?(?:post|article|news)|(?:^|[\s_-])nav",
    re.IGNORECASE,
)
KEYED: Final = re.compile(r"([A-Za-z][A-Za-z ]{1,20}?)(?:\s*:\s+|/)(?=\S)(.+)")
KEYS: Final = frozenset(
    ["category", "keyword", "organization", "person", "place", "section", "sections", "subject", "tag", "topic"]
)  # fmt: skip
"""What CMSs write in front of a keyword: `Subject: Justice`, `topic/steel`."""
CODE: Final = re.compile(r"[A-Z0-9:_-]{2,}")
IDENTIFIER: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-.+|/.*|[\w.-]+\.(?:com|org|net|de|tv)|[\w-]+:\w+:.+", re.IGNORECASE
)
MAX_TAG_CHARS: Final = 60
MAX_LINKED: Final = 30
LIST_LEVELS: Final = 3
"""Elements around a link of which one may be marked as a list of tags."""
MAX_BETWEEN: Final = 40
"""Characters of a paragraph of tags that are not linked: its label, commas."""
UNSEPARATED: Final = 5
"""Words of a lone keyword that is a list whose separators were lost."""


def tags_of(
    node: Node, document: Document, publisher: Publisher, listed: tuple[Candidate, ...] = ()
) -> tuple[tuple[str, ...], tuple[Provenance, ...]]:
    """Give keywords from the first source that has any, and which that was.

    JSON-LD and article:tag come first, then the topics that a reader sees, then metas. Keywords
    come as a list, or as one string with commas; both are split.
    """
    declared: tuple[tuple[str, Iterable[Any]], ...] = (
        ("jsonld.keywords", as_list(node.get("keywords"))),
        *((f"meta.{name}", document.metas.get(name, ())) for name in TAG_METAS),
    )
    for method, source in declared:
        tags = _cleaned(split_tags(source), publisher)
        if len(tags) > 1:
            return _said(method, tags)
        if tags and len(tags[0].split()) < UNSEPARATED:
            # A lone keyword is often the section; the article's topics have it among others.
            seen = linked_topics(document)
            more = _folded(seen) > _folded(tags)
            return _said("link.topics", seen) if more else _said(method, tags)
    for method, source in (
        ("link.topics", linked_topics(document)),
        ("listed.tags", [said.raw for said in listed if said.field == "tags"]),
        ("meta.keywords", document.metas.get("keywords", ())),
    ):
        tags = _cleaned(split_tags(source), publisher)
        if tags and len(tags[0].split()) < UNSEPARATED:
            return _said(method, tags)
    return (), ()


def _said(method: str, tags: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Provenance, ...]]:
    return tags, (Provenance(field="tags", method=method, raw=", ".join(tags)),)


def _folded(tags: Iterable[str]) -> frozenset[str]:
    return frozenset(map(bare, tags))


def linked_topics(document: Document) -> tuple[str, ...]:
    """Give the topics that an article links to, of all such lists the longest.

    Teasers of other articles have topics too, one or two each.
    """
    # Asked of each list once, not of each link in it.
    in_list = cache(_is_in_list)
    # Asked of all addresses at once first: most pages link to no topic so.
    is_named = bool(TAG_PATH.search("\n".join([href for _, href, _ in document.anchors])))
    found = [
        link
        for link, href, rel in document.anchors
        if _is_topic(link, href if is_named else "", rel, in_list)
    ]
    lists = [list(group) for _, group in groupby(found, key=_holder)]
    named = [links for links in lists if len(links) > 1 or _is_marked(links[0], in_list)]
    best = max(named, key=len, default=[])
    return tuple(text_content(link).lstrip("# ") for link in best[:MAX_LINKED])


def _is_topic(
    link: HtmlElement, href: str, rel: str, in_list: Callable[[HtmlElement | None], bool]
) -> bool:
    if "category" in rel.split():
        return False
    if not (_is_marked(link, in_list) or TAG_PATH.search(href.partition("?")[0])):
        return False
    text = text_content(link)
    is_short = 0 < len(text) <= MAX_TAG_CHARS
    return is_short and not (_is_in_text(link, text) or _is_beside(link))


def _is_beside(link: HtmlElement) -> bool:
    """Tell a link of menus, tag clouds and teasers; an article's own footer holds its topics."""
    in_footer = False
    for holder in (link, *link.iterancestors()):
        if holder.tag in ("article", "main"):
            return False
        in_footer = in_footer or holder.tag == "footer"
        if holder.tag in ("nav", "aside", "header") or CLOUD.search(
            f"{holder.get('class') or ''} {holder.get('id') or ''}"
        ):
            return bool(holder.tag != "body")
    return in_footer


def _is_in_text(link: HtmlElement, text: str) -> bool:
    """Tell a link in a sentence from one in a list of links."""
    paragraph = next(link.iterancestors("p"), None)
    if paragraph is None:
        return False
    linked = sum(len(text_content(a)) for a in paragraph.iter("a"))
    return len(text_content(paragraph)) - max(linked, len(text)) > MAX_BETWEEN


def _is_marked(link: HtmlElement, in_list: Callable[[HtmlElement | None], bool]) -> bool:
    return "tag" in (link.get("rel") or "").split() or in_list(link.getparent())


def _is_in_list(parent: HtmlElement | None) -> bool:
    """Tell whether an element, or one of two around it, is marked as a list of tags."""
    for _ in range(LIST_LEVELS):
        if parent is None:
            return False
        marks = parent.get("class")
        if marks and _says_tags(marks):
            return True
        parent = parent.getparent()
    return False


@lru_cache(maxsize=4096)
def _says_tags(marks: str) -> bool:
    return bool(TAG_CLASS.search(marks))


def _holder(link: HtmlElement) -> HtmlElement | None:
    holder = link.getparent()
    while holder is not None and len(holder) == 1 and holder.tag != "body":
        holder = holder.getparent()
    return holder


def split_tags(values: Iterable[Any]) -> Iterator[str]:
    """Give the keywords of a list, or of strings that hold several.

    >>> list(split_tags(["Ferry, Harbour"])), list(split_tags(["Ferry; Harbour"]))
    (['Ferry', 'Harbour'], ['Ferry', 'Harbour'])
    """
    for value in values:
        text = text_of(value) or ""
        separator = ";" if ";" in text and "," not in text else "[,،、]"
        for part in re.split(separator, text):
            if tag := part.strip(" \t\"'#"):
                yield tag


def _cleaned(tags: Iterable[str], publisher: Publisher) -> tuple[str, ...]:
    """Drop what is no keyword: ids, codes, the publisher; and the keys of a CMS."""
    found = list(tags)
    keyed = {tag: match for tag in found if (match := KEYED.fullmatch(tag))}
    if any(match[1].strip().lower() in KEYS for match in keyed.values()):
        known = (m for m in keyed.values() if m[1].strip().lower() in KEYS)
        found = [*(m[2].strip() for m in known), *(t for t in found if t not in keyed)]
    if found and 2 * sum(bool(CODE.fullmatch(tag)) for tag in found) > len(found) > UNSEPARATED:
        return ()
    own = {
        bare(publisher.name or ""),
        *(bare(part) for part in (publisher.domain or "").split(".")),
    }
    kept = (t for t in found if not IDENTIFIER.fullmatch(t) and bare(t) not in own)
    unique: dict[str, str] = {}
    for tag in kept:
        unique.setdefault(tag.casefold(), tag)
    return tuple(unique.values())
