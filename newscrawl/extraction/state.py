"""Rescue the text of a shell: a page whose article stands only in its JSON-LD or in script state.

Frameworks print the data that their scripts draw the page from: `__NEXT_DATA__`, Next.js flight
chunks, `window.__STATE__ = {…}`, `application/json` scripts. Of all texts in it those that share
one path, such as `article.blocks.*.text`, and together have the most prose are the article.
"""

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final

import lxml.html
from lxml.etree import LxmlError

from newscrawl.extraction.document import Document
from newscrawl.extraction.jsonld import Node
from newscrawl.extraction.segments import Place, cut_segments
from newscrawl.items import Line
from newscrawl.lines import is_sentence
from newscrawl.wording import count_words, squeeze

MIN_WORDS: Final = 60
"""Words; a body of fewer on a page whose data has more is a shell's or a teaser's."""
GAIN: Final = 3
"""Times that the text in the data must be longer than the one on the page."""
MIN_SCRIPT_CHARS: Final = 200
MAX_SCRIPT_CHARS: Final = 5_000_000
MAX_VALUES: Final = 200_000
"""Values of one page's data that are looked at."""
MAX_STARTS: Final = 20
"""Places of a script at which a value is tried for: scripts of code have brackets everywhere."""
MIN_TEXT_CHARS: Final = 40
"""Characters; shorter texts in data are names and labels."""
JSON_START: Final = re.compile(r"(?:^|[=(,:]\s*)(?=[\[{])")
FLIGHT: Final = re.compile(r'self\.__next_f\.push\(\[1,\s*("(?:[^"\\]|\\.)*")\]\)')
FLIGHT_ROW: Final = re.compile(r"^[0-9a-f]+:(?=[\[{])", re.MULTILINE)
BODY_KEY: Final = re.compile(
    r"body|content|text|paragraph|html|story|article|copy|block|value|children|elements",
    re.IGNORECASE,
)
OTHER_KEY: Final = re.compile(
    r"comment|related|recommend|caption|credit|descri|summary|teaser|seo|meta|bio|alt|abstract|excerpt|lead"
    r"|style|css|script|config|locale|translation|i18n|message|label|legal|policy|query",
    re.IGNORECASE,
)
TAG: Final = re.compile(r"<(?:p|br|div|h[1-6]|ul|ol|li|blockquote|figure)\b[^>]*>", re.IGNORECASE)
MARKUP: Final = re.compile(r"<[a-z!/][^>]*>", re.IGNORECASE)
PLACEHOLDER: Final = re.compile(r"\$\$\w+\$\$|\{\{.{1,60}\}\}|\[\[.{1,60}\]\]|<%.{1,60}%>|%%\w+%%")
"""Where a template puts an advert or a player."""
_decoder = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Rescued:
    """A text found in a page's data, and where."""

    lines: tuple[Line, ...]
    method: str


def rescue(document: Document, node: Node, kept: tuple[Line, ...]) -> Rescued | None:
    """Give the text from the page's data, where the page itself has next to none.

    Args:
        document: the page.
        node: its main JSON-LD article, maybe empty.
        kept: the body found on the page.

    Returns:
        The rescued body, or None where there is nothing to rescue or no need to.

    """
    have = sum(count_words(line.text) for line in kept if not line.doubt)
    if have >= MIN_WORDS:
        return None
    bodies = (body() for body in (partial(_declared_body, node), partial(_state_body, document)))
    for found in bodies:
        if sum(count_words(line.text) for line in found.lines) >= max(MIN_WORDS, GAIN * have):
            return found
    return None


def _declared_body(node: Node) -> Rescued:
    body = node.get("articleBody")
    if isinstance(body, list):
        body = "\n".join(part for part in body if isinstance(part, str))
    lines = tuple(_lines(body)) if isinstance(body, str) else ()
    return Rescued(lines, "jsonld.articleBody")


def _state_body(document: Document) -> Rescued:
    """Give the texts of the path that has the most prose."""
    groups: dict[str, dict[str, None]] = defaultdict(dict)
    for path, text in _texts(document):
        groups[path].setdefault(text)
    best = max(groups, key=lambda path: (_weight(path, groups[path]), path), default=None)
    lines = tuple(line for text in groups[best] for line in _lines(text)) if best else ()
    return Rescued(lines, f"state{best or ''}")


def _weight(path: str, texts: Iterable[str]) -> float:
    """Give the characters of prose under a path; halved where its last key names no text."""
    prose = sum(len(text) for text in texts if is_sentence(text.rstrip()) or TAG.search(text))
    last = path.rsplit(".", 1)[-1] if not path.endswith("*") else path
    if OTHER_KEY.search(path):
        return prose * 0.1
    return float(prose) if BODY_KEY.search(last) else prose * 0.5


def _texts(document: Document) -> Iterator[tuple[str, str]]:
    """Give every long text in the page's data with its path, numbers in it replaced by a star."""
    left = MAX_VALUES
    for value in _values(document):
        stack: list[tuple[str, Any]] = [("", value)]
        while stack and left:
            left -= 1
            path, item = stack.pop()
            if isinstance(item, dict):
                stack += [(f"{path}.{key}", child) for key, child in reversed(item.items())]
            elif isinstance(item, list):
                stack += [(f"{path}.*", child) for child in reversed(item)]
            elif isinstance(item, str) and len(item) >= MIN_TEXT_CHARS:
                yield path, item


def _values(document: Document) -> Iterator[Any]:
    """Decode the JSON values in the page's scripts."""
    flight = []
    for script in document.tree.iter("script"):
        text = script.text or ""
        if script.get("src") or not MIN_SCRIPT_CHARS <= len(text) <= MAX_SCRIPT_CHARS:
            continue
        if "ld+json" in (script.get("type") or ""):
            continue
        if chunks := FLIGHT.findall(text):
            flight += [json.loads(chunk, strict=False) for chunk in chunks]
        else:
            yield from _decoded(text)
    joined = "".join(flight)
    for row in islice(FLIGHT_ROW.finditer(joined), MAX_STARTS * MAX_STARTS):
        value, _ = _decode_at(joined, row.end())
        yield value


def _decoded(text: str) -> Iterator[Any]:
    """Decode the JSON values in a script, wherever they begin."""
    at = 0
    for _ in range(MAX_STARTS):
        start = JSON_START.search(text, at)
        if start is None:
            return
        value, at = _decode_at(text, start.end())
        yield value


def _decode_at(text: str, at: int) -> tuple[Any, int]:
    """Give the value that begins at a place and where it ends; None where there is none."""
    try:
        return _decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, at + 1


def _lines(text: str) -> Iterator[Line]:
    """Cut a text of the data into lines: by its markup, if it has any, else by line breaks."""
    if "&lt;" in text[:2000]:
        text = html.unescape(text)
    if TAG.search(text):
        try:
            tree = lxml.html.document_fromstring(f"<html><body>{text}</body></html>")
        except (LxmlError, ValueError, AssertionError):
            return
        for segment in cut_segments(tree):
            if not _is_caption(segment.place) and not PLACEHOLDER.fullmatch(segment.text):
                yield Line(kind=segment.kind, text=segment.text)
        return
    for part in text.splitlines():
        if clean := squeeze(html.unescape(MARKUP.sub("", part))):
            yield Line(kind="paragraph", text=clean)


def _is_caption(place: Place) -> bool:
    """Tell a caption by its elements: in data nothing else does."""
    return any(
        near.tag in ("figure", "figcaption") or "caption" in near.marks.lower()
        for near in place.upwards()
    )
