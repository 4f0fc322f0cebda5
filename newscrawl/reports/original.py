"""The original of a page as plain data: its blocks as the extractor cuts them, to be shown without any of its markup.

Nothing of a stranger's markup is passed on. What is kept of a page is text, and names out of the sets below: from these the
template builds elements of its own. That is why the original can stand in the inspector's own page instead of a sandboxed frame: a frame
guards from markup that runs or loads, and there is none; but it would cut off what the two columns need of each other, which is
to be numbered, filtered and linked together.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, Literal

from newscrawl.extraction import score_document
from newscrawl.extraction.choice import Scored, explain_scores
from newscrawl.extraction.document import Document, decode, is_http_url, parse_document
from newscrawl.extraction.marks import IS_BESIDE
from newscrawl.extraction.plain import FORBIDDEN, split_lines
from newscrawl.extraction.segments import (
    HEADINGS,
    INLINE,
    MAX_RUN_CHARS,
    UNREAD,
    Place,
    Segment,
    Traced,
    trace_segments,
)
from newscrawl.items import Page, Rejected
from newscrawl.wording import UNPRINTED, squeeze

MAX_BLOCKS: Final = 5_000
MAX_CHARS: Final = 2_000_000
"""Characters; the longest articles have a tenth of it. More makes a browser slow and helps nobody."""
MAX_SOURCE_CHARS: Final = 100_000
"""Characters of the markup of a page of which no tree was made."""
SNIFFED: Final = 1024
"""Bytes in which a NUL says that they are no text."""
MAX_RUNS: Final = 500
"""Changes of style in one block."""
MAX_PICTURES: Final = 20
"""Pictures in front of one block."""
MAX_ADDRESS: Final = 300
ADDRESSES: Final = ("src", "data-src", "srcset", "data-srcset")
MAX_NAMED: Final = 60
"""Characters of an element and its classes."""
SHOWN_PLACES: Final = 2
MAX_LANDMARKS: Final = 6
LANDMARKS: Final = frozenset(
    {"nav", "header", "footer", "aside", "main", "article", "figure", "form", "table", "details"}
)
"""Elements that are named in front of the blocks in them."""
COMMENTS: Final = "readers' comments or a consent dialog"
"""What a container of either is called among the landmarks."""
STYLES: Final = {
    "a": "link", "b": "bold", "strong": "bold", "em": "slanted", "i": "slanted", "cite": "slanted",
    "code": "mono", "kbd": "mono", "samp": "mono", "tt": "mono", "s": "struck", "del": "struck",
    "strike": "struck", "sub": "low", "sup": "high", "mark": "marked",
}  # fmt: skip
"""What is kept of elements in a line, by our own names."""
NO_WORDS: Final = frozenset({"head", "title", "meta", "link", "input"})
"""Unread elements that have no words, or whose words are read elsewhere."""
LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")
DIRECTIONS: Final = frozenset({"ltr", "rtl", "auto"})

What = Literal["page", "lines", "source"]


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a block, set in one way."""

    text: str
    styles: tuple[str, ...] = ()
    link: str | None = None
    """The address that it links to, as text."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image, of which nothing is loaded."""

    alt: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of the original, as the extractor reads it."""

    text: str
    kind: str = "paragraph"
    """A kind of `Segment`, or h1 to h6."""
    runs: tuple[Run, ...] = ()
    pictures: tuple[Picture, ...] = ()
    """Those in front of it."""
    landmarks: tuple[str, ...] = ()
    """The parts of the page around it, outermost first."""
    where: str = ""
    """The elements around it with their classes, as a publisher file would name them."""
    language: str | None = None
    direction: str = "auto"
    left: str | None = None
    """Why it was not taken for the text, should nothing else have become of it."""
    is_kept: bool = False
    """Whether the extractor's scores keep it."""

    @property
    def is_apart(self) -> bool:
        """Whether it stands where an article has nothing of its own."""
        return not {"nav", "footer"}.isdisjoint(self.landmarks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """All of a page that is shown of it."""

    what: What
    blocks: tuple[Block, ...] = ()
    pictures: tuple[Picture, ...] = ()
    """Those behind the last block."""
    unread: dict[str, int] = field(default_factory=dict)
    """Elements whose text nobody reads, such as scripts: how many of each."""
    cut: str | None = None
    """What is not shown, if anything."""
    language: str | None = None
    direction: str = "auto"


def original_of(page: Page) -> Original:
    """Read the original of a page, whatever it is; also of one that the cleaner refuses to read."""
    if page.kind == "text":
        return _plain("lines", split_lines(FORBIDDEN.sub("", _text(page))))
    # An address that is none is a reason to refuse a page, not to show nothing of it.
    readable = page if page.url is None or is_http_url(page.url) else replace(page, url=None)
    document = parse_document(readable)
    return _source(page) if isinstance(document, Rejected) else _page(document, readable)


def _text(page: Page) -> str:
    return page.body if isinstance(page.body, str) else decode(page.body, page.content_type)


def _source(page: Page) -> Original:
    """Show the markup itself, where no tree was made of it."""
    if isinstance(page.body, bytes) and b"\0" in page.body[:SNIFFED]:
        return Original(
            what="source", cut=f"{len(page.body):,} bytes that are no text are not shown"
        )
    text = _text(replace(page, body=page.body[: MAX_SOURCE_CHARS + 1]))
    lines = FORBIDDEN.sub("�", text[:MAX_SOURCE_CHARS]).splitlines()
    cut = f"cut after {MAX_SOURCE_CHARS:,} characters" if len(text) > MAX_SOURCE_CHARS else None
    return _plain("source", [line for line in lines if line.strip()], cut)


def _plain(what: What, lines: list[str], cut: str | None = None) -> Original:
    shown = _within_bounds(Block(text=line, runs=(Run(line),)) for line in lines)
    return Original(what=what, blocks=shown, cut=cut or _cut(len(shown), len(lines)))


def _within_bounds(blocks: Iterable[Block]) -> tuple[Block, ...]:
    shown, size = list[Block](), 0
    for block in islice(blocks, MAX_BLOCKS):
        size += len(block.text)
        if size > MAX_CHARS:
            break
        shown.append(block)
    return tuple(shown)


def _cut(shown: int, there: int) -> str | None:
    return f"cut after {shown:,} of {there:,} blocks" if shown < there else None


def _page(document: Document, page: Page) -> Original:
    *traced, end = trace_segments(document.tree)
    reader = _Reader(score_document(document, page))
    shown = _within_bounds(reader.block(i, one) for i, one in enumerate(traced))
    root = document.tree
    body = root.find("body")
    return Original(
        what="page",
        blocks=shown,
        pictures=_pictures(end) if len(shown) == len(traced) else (),
        unread=dict(Counter(e.tag for e in document.elements if e.tag in UNREAD - NO_WORDS)),
        cut=_cut(len(shown), len(traced)),
        language=_language(root.get("lang")),
        direction=_direction(root.get("dir") or (body.get("dir") if body is not None else None))
        or "auto",
    )


class _Reader:
    """Makes blocks of traced segments."""

    def __init__(self, scored: Scored) -> None:
        self.segments = scored.evidence.segments
        candidates = scored.evidence.candidates
        self.kept = {candidates[number] for number in scored.kept}
        others = [n for n, i in enumerate(candidates) if i not in self.kept and i < MAX_BLOCKS]
        self.scores = explain_scores(scored, others)
        self.surroundings: dict[Place, _Surroundings] = {}

    def block(self, number: int, traced: Traced) -> Block:
        """Make one."""
        segment = self.segments[number]
        around = self.around(segment.place)
        return Block(
            text=segment.text,
            kind=_kind(segment),
            runs=tuple(_runs(traced)),
            pictures=_pictures(traced),
            landmarks=around.landmarks,
            where=_where(segment.place),
            language=around.language,
            direction=around.direction or "auto",
            is_kept=number in self.kept,
            left=None
            if number in self.kept
            else self.scores.get(number) or _why_unseen(segment, around),
        )

    def around(self, place: Place) -> "_Surroundings":
        """Give what surrounds a place; each place is asked once, however many blocks are in it."""
        path = []
        known = NOTHING_AROUND
        for near in place.upwards():
            if near in self.surroundings:
                known = self.surroundings[near]
                break
            path.append(near)
        for near in reversed(path):
            known = self.surroundings[near] = _further_in(known, near)
        return known


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is known of a place from the elements around it."""

    landmarks: tuple[str, ...] = ()
    language: str | None = None
    direction: str | None = None


NOTHING_AROUND: Final = _Surroundings()


def _further_in(around: _Surroundings, place: Place) -> _Surroundings:
    element, name = place.element, place.tag
    if place.says & IS_BESIDE:
        name = COMMENTS
    is_new = (name in LANDMARKS or name == COMMENTS) and around.landmarks[-1:] != (name,)
    language, direction = _language(element.get("lang")), _direction(element.get("dir"))
    if not (is_new or language or direction):
        return around
    landmarks = (*around.landmarks[: MAX_LANDMARKS - 1], name) if is_new else around.landmarks
    return _Surroundings(landmarks, language or around.language, direction or around.direction)


def _why_unseen(segment: Segment, around: _Surroundings) -> str:
    if COMMENTS in around.landmarks:
        return f"not looked at: it stands among {COMMENTS}"
    if segment.place.in_footer:
        return "not looked at: it stands in a footer"
    return "not looked at: links, or a few words apart from the text"


def _language(value: str | None) -> str | None:
    return value if value and LANGUAGE.fullmatch(value) else None


def _direction(value: str | None) -> str | None:
    return value.lower() if value and value.lower() in DIRECTIONS else None


def _kind(segment: Segment) -> str:
    return (
        next((p.tag for p in segment.place.upwards() if p.tag in HEADINGS), "heading")
        if segment.kind == "heading"
        else segment.kind
    )


def _runs(traced: Traced) -> Iterator[Run]:
    """Give the pieces of a block; white space is folded as a browser does it."""
    left = MAX_RUN_CHARS
    for text, place in traced.runs[:MAX_RUNS]:
        if left <= 0:
            return
        styles, link = _style_of(place)
        yield Run(UNPRINTED.sub("", text[:left]), styles, link)
        left -= len(text)
    if rest := "".join(text for text, _ in traced.runs[MAX_RUNS:]):
        yield Run(rest[:left])


def _style_of(place: Place) -> tuple[tuple[str, ...], str | None]:
    styles, link = dict[str, None](), None
    for near in place.upwards():
        if near.tag not in INLINE:
            break
        if style := STYLES.get(near.tag):
            styles[style] = None
        if near.tag == "a" and link is None:
            link = (near.element.get("href") or "")[:MAX_ADDRESS]
    return tuple(styles), link


def _pictures(traced: Traced) -> tuple[Picture, ...]:
    found = []
    for element in traced.pictures[:MAX_PICTURES]:
        image = element if element.tag != "picture" else next(element.iter("img"), element)
        said = [value for name in ADDRESSES if (value := (image.get(name) or "").strip())]
        # Lazy images have a placeholder in the place of the address.
        address = next(
            (one for one in said if not one.startswith("data:")), "data:" if said else ""
        )
        found.append(Picture(squeeze(image.get("alt") or "")[:MAX_ADDRESS], address[:MAX_ADDRESS]))
    return tuple(found)


def _where(place: Place) -> str:
    """Name the innermost elements around a block with their classes, as a publisher file would."""
    path = [near for near in place.upwards() if near.tag not in INLINE]
    return " > ".join(_named(near) for near in reversed(path[:SHOWN_PLACES]))


def _named(place: Place) -> str:
    marks = (place.element.get("class") or "").split()
    return ".".join([place.tag, *marks])[:MAX_NAMED]
