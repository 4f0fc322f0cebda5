"""Read JSON-LD as news sites write it, broken or not.

The shapes were counted on 999 pages with an article node: `@graph` with `@id` references on one
in eight, lists, plain strings, types as lists or URLs, JSON text inside strings, escaped entities,
raw control characters, trailing commas.
"""

import html
import json
import re
from collections.abc import Iterator
from typing import Any, Final

Node = dict[str, Any]

ARTICLE_TYPES: Final = frozenset(
    {
        "Article", "NewsArticle", "AnalysisNewsArticle", "AskPublicNewsArticle",
        "BackgroundNewsArticle", "OpinionNewsArticle", "ReportageNewsArticle",
        "ReviewNewsArticle", "AdvertiserContentArticle", "SatiricalArticle", "Report",
        "BlogPosting", "LiveBlogPosting", "SocialMediaPosting", "TechArticle",
        "ScholarlyArticle", "Review", "ClaimReview",
    }
)  # fmt: skip
MAX_DEPTH: Final = 12
"""Levels of nesting followed; real data stays under 8."""

TRAILING_COMMA: Final = re.compile(r",(\s*[}\]])")
# Half of an escaped pair, as truncating CMSs leave behind: no encoder can write it.
LONE_SURROGATE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
JSON_OBJECT: Final = re.compile(r'\s*\{\s*"@')
WRAPPER: Final = re.compile(r"^\s*(?://)?\s*(?:<!\[CDATA\[|<!--)|(?:\]\]>|-->)\s*;?\s*$")


def read_json_ld(scripts: tuple[str, ...]) -> tuple[Node, ...]:
    """Parse JSON-LD scripts into a flat tuple of nodes, references resolved one level.

    >>> read_json_ld(('{"@graph": [{"@type": "Person", "name": "A"}]}',))[-1]["name"]
    'A'
    """
    roots = [root for script in scripts for root in _loads(script)]
    nodes = [node for root in roots for node in _flatten(root)]
    by_id = {n["@id"]: n for n in nodes if isinstance(n.get("@id"), str) and len(n) > 1}
    return tuple(_resolve(node, by_id) for node in nodes)


def types_of(node: Node) -> frozenset[str]:
    """Give a node's types, without namespace, in schema.org's case.

    >>> sorted(types_of({"@type": ["http://schema.org/NewsArticle", "article"]}))
    ['Article', 'NewsArticle']
    """
    given = node.get("@type", node.get("type"))
    names = given if isinstance(given, list) else [given]
    return frozenset(
        name[:1].upper() + name[1:]
        for item in names
        if isinstance(item, str) and (name := item.rstrip("/").rsplit("/", 1)[-1].split(":")[-1])
    )


def is_article(node: Node) -> bool:
    """Tell whether a node is an article of some type."""
    return bool(types_of(node) & ARTICLE_TYPES)


def text_of(value: object) -> str | None:
    """Give the text of a JSON-LD value: a string, a number, a list's first, a node's name.

    Entities are undone, tags dropped and white space folded; an empty text is None.

    >>> text_of({"@value": "Lindsey O&#039;Donnell "})
    "Lindsey O'Donnell"
    """
    if isinstance(value, list):
        return next((text for item in value if (text := text_of(item))), None)
    if isinstance(value, dict):
        return text_of(value.get("name") or value.get("@value") or value.get("headline"))
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return plain_text(str(value))


TAG: Final = re.compile(r"<[a-zA-Z/!][^<>]{0,2000}>")


def plain_text(value: str) -> str | None:
    """Undo entities (twice where escaped twice), drop tags, fold white space."""
    unescaped = html.unescape(html.unescape(value)) if "&" in value else value
    return " ".join(TAG.sub(" ", unescaped).split()) or None


def as_list(value: object) -> list[Any]:
    """Wrap a single value, leave a list (nested ones flattened), make None empty."""
    if value is None:
        return []
    if isinstance(value, list):
        return [inner for item in value for inner in as_list(item)]
    return [value]


def _loads(script: str) -> Iterator[object]:
    """Parse one script, with the repairs that real pages need."""
    cleaned = LONE_SURROGATE.sub("", WRAPPER.sub("", script).strip())
    for attempt in (cleaned, TRAILING_COMMA.sub(r"\1", cleaned), html.unescape(cleaned)):
        try:
            # strict=False lets raw control characters through; raw_decode ignores what follows.
            yield json.JSONDecoder(strict=False).raw_decode(attempt)[0]
        except (ValueError, RecursionError):
            continue
        return


def _flatten(value: object, depth: int = 0) -> Iterator[Node]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _flatten(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage", "hasPart", "itemReviewed"):
            if isinstance(value.get(key), (dict, list)):
                yield from _flatten(value[key], depth + 1)


def _resolve(node: Node, by_id: dict[str, Node]) -> Node:
    """Replace `{"@id": …}` references in a node's values, one level deep.

    One level is what authors, publishers and images need, and it cannot run in a circle.
    """
    return {key: _dereference(value, by_id) for key, value in node.items()}


def _dereference(value: object, by_id: dict[str, Node]) -> object:
    if isinstance(value, list):
        return [_dereference(item, by_id) for item in value]
    if isinstance(value, dict) and "@id" in value and isinstance(value["@id"], str):
        target = by_id.get(value["@id"])
        return {**target, **value} if target else value
    return _string_node(value)


def _string_node(value: object) -> object:
    """Read JSON text inside a string, as one publisher in a thousand writes authors."""
    if isinstance(value, str) and JSON_OBJECT.match(value):
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return inner if isinstance(inner, dict) else value
    return value
