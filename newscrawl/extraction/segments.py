"""Cut a page into segments: every run of text that a reader sees as one line or paragraph.

A segment knows its place: the chain of elements around it. What is decided about the body is
decided segment by segment, with the place as evidence.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from typing import Final

from lxml.html import HtmlElement

from newscrawl.extraction.marks import marks_of
from newscrawl.items import BlockKind
from newscrawl.wording import squeeze

INLINE: Final = frozenset(
    {
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
        "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s",
        "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
        "source", "center",
    }
)  # fmt: skip
"""Elements that do not begin a new line; `center` breaks one, but old pages centre single words."""
UNREAD: Final = frozenset(
    {
        "script", "style", "noscript", "template", "head", "title", "select", "option", "button",
        "textarea", "svg", "iframe", "object", "embed", "video", "audio", "canvas", "map", "input",
        "datalist", "meter", "progress", "link", "meta", "math", "dialog", "amp-ad", "rp",
    }
)  # fmt: skip
"""Elements whose text is not read on the page, or is a control's."""
HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
KIND_OF: Final[dict[str, BlockKind]] = {
    "li": "list_item", "dt": "list_item", "dd": "list_item", "blockquote": "quote", "pre": "code",
    "td": "table_row", "th": "table_row", "tr": "table_row", "h1": "heading", "h2": "heading",
    "h3": "heading", "h4": "heading", "h5": "heading", "h6": "heading",
}  # fmt: skip
MARKS: Final = frozenset(
    {"class", "id", "role", "itemprop", "data-testid", "data-component", "data-type"}
)
IMAGES: Final = frozenset({"img", "picture", "amp-img"})
BLOCK, IN_LINE, BREAK, IMAGE, SKIPPED = range(5)
ROLES: Final = (
    dict.fromkeys(INLINE, IN_LINE) | dict.fromkeys(UNREAD, SKIPPED) | dict.fromkeys(IMAGES, IMAGE) | {"br": BREAK}
)  # fmt: skip
"""How the cutter takes each element; what is not named begins a line."""
KEPT_INSIDE: Final = frozenset({"list_item", "quote"})
"""Kinds that the blocks in them have too."""
IN_ORDER: Final = attrgetter("order")
IMAGE_LEVELS: Final = 3
"""Levels above an image that count as holding it."""
UNSEEN_STYLE: Final = re.compile(
    r"display:\s*none|visibility:\s*hidden|clip:\s*rect\(\s*0|clip-path:\s*inset\(50%",
    re.IGNORECASE,
)
UNSEEN_CLASS: Final = re.compile(
    r"(?:^|[\s_-])(?:sr-only|screen-?reader(?:-text|-only)?|visually-?hidden|hidden-?visually|offscreen"
    r"|assistive-text)(?:$|[\s_-])|(?:^|[\s_-])vh(?:$|\s)",
    re.IGNORECASE,
)
LINKED, BOLD, SLANTED = 1, 2, 4
Style = int
"""How a run is set: a sum of `LINKED`, `BOLD` and `SLANTED`."""
STYLES: Final = {"a": LINKED, "b": BOLD, "strong": BOLD, "em": SLANTED, "i": SLANTED}
MAX_RUN_CHARS: Final = 50_000
"""Characters; longer runs are data that a page prints, not a paragraph."""


class Place:
    """One element on the way from the root to a text.

    Attributes:
        text_chars: characters of text in all segments under it; `link_chars` those in links.
        prose_chars: characters in those of its segments that read as prose.
        told_chars: characters in those of its segments that the other extractor has too.
        distances: levels up to each kind of element and mark; see `evidence`.
        marks: what classes, id, role and names for tests say, of a place that holds text.
        says: what these mean, by `marks_of`.
        is_aside: whether it is among readers' comments or in a consent dialog; see `evidence`.

    """

    # No slots: what a place does not have of its own is the class's, and costs it nothing; of the
    # hundreds of a page half get no figure at all.
    has_image = False
    text_chars = link_chars = prose_chars = told_chars = 0.0
    segments = 0
    is_aside = False
    distances: bytes | None = None
    marks = ""
    says = 0

    def __init__(
        self, parent: "Place | None", tag: str, element: HtmlElement, order: int, *, in_footer: bool
    ) -> None:
        self.parent = parent
        self.tag = tag
        self.element = element
        self.order = order
        self.in_footer = in_footer
        self.depth: int = parent.depth + 1 if parent else 0

    def upwards(self) -> "Iterator[Place]":
        """Give this place and those around it, to the root."""
        place: Place | None = self
        while place is not None:
            yield place
            place = place.parent


@dataclass(slots=True, eq=False)
class Segment:
    """One run of text between two breaks."""

    text: str
    place: Place
    kind: BlockKind
    links: int
    href: str | None
    """The address of its first link."""
    link_chars: int
    bold_chars: int
    slanted_chars: int
    after_break: bool
    """Whether a line break, not an element, separates it from the segment before."""
    after_image: bool
    """Whether an image stands between it and the segment before."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A segment as it is made up: its runs of text and the pictures in front of it, for a reader of the page."""

    segment: Segment | None
    """Absent behind the last, where only pictures may stand."""
    runs: tuple[tuple[str, Place], ...]
    """Texts with the elements around them; joined, and white space folded, they are the segment's."""
    pictures: tuple[HtmlElement, ...]


def cut_segments(tree: HtmlElement) -> list[Segment]:
    """Give all segments of a page in the order they are printed."""
    return _cut(tree, _Cutter())


def trace_segments(tree: HtmlElement) -> list[Traced]:
    """Give what `cut_segments` gives with what each is made of, so that a page can be shown as it was cut."""
    tracer = _Tracer()
    kept = {id(segment) for segment in _cut(tree, tracer)}
    traced: list[Traced] = []
    runs, pictures = list[tuple[str, Place]](), list[HtmlElement]()
    for segment, own, before in zip(tracer.segments, tracer.runs, tracer.pictures, strict=True):
        # A drop cap is a segment until it is put in front of the next one.
        runs, pictures = [*runs, *own], [*pictures, *before]
        if id(segment) in kept:
            traced.append(Traced(segment, tuple(runs), tuple(pictures)))
            runs, pictures = [], []
    return [*traced, Traced(None, (), (*pictures, *tracer.seen))]


def _cut(tree: HtmlElement, cutter: "_Cutter") -> list[Segment]:
    body = tree.find("body")
    root = body if body is not None else tree
    cutter.walk(root, Place(None, root.tag, root, 0, in_footer=False), "paragraph", 0)
    cutter.flush(broken=False)
    segments = _with_drop_caps(cutter.segments)
    for place in places_of(segments):
        # One call for all attributes: seven calls by name take three times as long.
        found = [value for name, value in place.element.items() if name in MARKS]
        if found:
            place.marks = " ".join(found)
            place.says = marks_of(place.marks)
    return segments


def places_of(segments: Iterable[Segment]) -> list[Place]:
    """Give every place that holds a segment, those around others first."""
    found: set[Place] = set()
    for segment in segments:
        place: Place | None = segment.place
        while place is not None and place not in found:
            found.add(place)
            place = place.parent
    return sorted(found, key=IN_ORDER)


def _with_drop_caps(segments: list[Segment]) -> list[Segment]:
    """Put a first letter that has an element of its own back in front of its word."""
    joined: list[Segment] = []
    for segment in segments:
        cap = joined[-1] if joined else None
        if cap and len(cap.text) == 1 and cap.text.isupper() and segment.text[0].islower():
            segment.text = cap.text + segment.text
            segment.after_image = segment.after_image or cap.after_image
            joined.pop()
        joined.append(segment)
    return joined


def _is_unseen(element: HtmlElement) -> bool:
    """Tell words inside a line that only screen readers get, such as 'opens new tab'.

    Only inline elements are asked: whole articles are hidden until a script shows them.
    """
    style = element.get("style")
    if style and UNSEEN_STYLE.search(style):
        return True
    marks = element.get("class")
    return bool(marks) and _says_unseen(marks)


@lru_cache(maxsize=4096)
def _says_unseen(marks: str) -> bool:
    return bool(UNSEEN_CLASS.search(marks))


class _Cutter:
    """Walks a tree once and gathers runs of text."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.order = 0
        self.broken = False
        self.image = False
        self._clear()

    def _clear(self) -> None:
        self.parts: list[str] = []
        self.at: Place | None = None
        self.kind: BlockKind = "paragraph"
        self.href: str | None = None
        self.links = self.link_chars = self.bold_chars = self.slanted_chars = 0

    def walk(self, element: HtmlElement, place: Place, kind: BlockKind, style: Style) -> None:
        if text := element.text:
            self.add(text, place, kind, style)
        for child in element:
            tag = child.tag
            role = ROLES.get(tag, BLOCK)
            if role == BLOCK:
                self.enter_block(child, tag, place, kind, style)
            elif role == IN_LINE:
                self.enter_line(child, tag, place, kind, style)
            elif role == BREAK:
                self.flush(broken=True)
            elif role == IMAGE:
                self.note_image(child, place)
            if tail := child.tail:
                self.add(tail, place, kind, style)

    def enter_line(
        self, element: HtmlElement, tag: str, place: Place, kind: BlockKind, style: Style
    ) -> None:
        """Go into an element that stands in a line of text."""
        if tag in INLINE and _is_unseen(element):
            return
        self.order += 1
        if tag == "a":
            self.links += 1
            self.href = self.href or element.get("href")
        if len(element) or element.text:
            at = Place(place, tag, element, self.order, in_footer=place.in_footer)
            self.walk(element, at, kind, STYLES.get(tag, 0) | style)

    def enter_block(
        self, element: HtmlElement, tag: str, place: Place, kind: BlockKind, style: Style
    ) -> None:
        """Go into an element that has lines of its own."""
        if not isinstance(tag, str):
            return  # type: ignore[unreachable]  # a comment, where the parser keeps them
        if ("-" in tag or ":" in tag) and _is_custom_inline(element):
            self.enter_line(element, tag, place, kind, style)
            return
        self.order += 1
        self.flush(broken=False)
        if not (len(element) or element.text):
            return
        in_footer = place.in_footer or tag == "footer"
        at = Place(place, tag, element, self.order, in_footer=in_footer)
        if tag == "tr" and _is_row(element):
            self.row(element, at)
        else:
            inherited = kind if kind in KEPT_INSIDE else "paragraph"
            self.walk(element, at, KIND_OF.get(tag, inherited), style)
        self.flush(broken=False)

    def note_image(self, element: HtmlElement, place: Place) -> None:
        self.image = True
        for near in islice(place.upwards(), IMAGE_LEVELS):
            near.has_image = True

    def row(self, element: HtmlElement, place: Place) -> None:
        """Take a row of a table as one segment, its cells joined by a bar."""
        cells = (squeeze("".join(map(str, cell.itertext()))) for cell in element)
        text = " | ".join(cell for cell in cells if cell)
        if text:
            self.add(text, place, "table_row", 0)
            self.link_chars = sum(len(link.text_content()) for link in element.iter("a"))

    def add(self, text: str, place: Place, kind: BlockKind, style: Style) -> None:
        self.parts.append(text)
        if text.isspace():
            return
        if self.at is None:
            self.at, self.kind = place, kind
        elif self.at is not place:
            self.at = shared_place(self.at, place)
        if style:
            size = len(text)
            self.link_chars += size if style & LINKED else 0
            self.bold_chars += size if style & BOLD else 0
            self.slanted_chars += size if style & SLANTED else 0

    def flush(self, *, broken: bool) -> None:
        self.broken, after_break = broken, self.broken
        if self.at is None:
            # White space at most, and links without a text.
            self.parts.clear()
            self.links, self.href = 0, None
            return
        if text := squeeze("".join(self.parts)[:MAX_RUN_CHARS]):
            size = len(text)
            self.segments.append(
                Segment(
                    text=text, place=self.at, kind=self.kind, links=self.links, href=self.href,
                    link_chars=min(self.link_chars, size), bold_chars=min(self.bold_chars, size),
                    slanted_chars=min(self.slanted_chars, size), after_break=after_break,
                    after_image=self.image,
                )
            )  # fmt: skip
            self.image = False
        self._clear()


class _Tracer(_Cutter):
    """Notes beside each segment what it was made of; a page is cleaned without."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[list[tuple[str, Place]]] = []
        self.pictures: list[list[HtmlElement]] = []
        self.read: list[tuple[str, Place]] = []
        self.seen: list[HtmlElement] = []

    def note_image(self, element: HtmlElement, place: Place) -> None:
        super().note_image(element, place)
        self.seen.append(element)

    def add(self, text: str, place: Place, kind: BlockKind, style: Style) -> None:
        super().add(text, place, kind, style)
        self.read.append((text, place))

    def flush(self, *, broken: bool) -> None:
        before = len(self.segments)
        super().flush(broken=broken)
        if len(self.segments) > before:
            self.runs.append(self.read)
            self.pictures.append(self.seen)
            self.seen = []
        self.read = []


def _is_custom_inline(element: HtmlElement) -> bool:
    """Tell whether a site's own element stands in a line of text.

    Browsers set elements that they do not know inline; but many are the frame of a block, so that
    text must stand right beside it, and no block in it.
    """
    before = element.getprevious()
    parent = element.getparent()
    near = before.tail if before is not None else parent.text if parent is not None else None
    if not _has_text(near) and not _has_text(element.tail):
        return False
    return all(e.tag in INLINE for e in element.iterdescendants())


def _has_text(text: str | None) -> bool:
    return bool(text) and not str(text).isspace()


def _is_row(row: HtmlElement) -> bool:
    """Tell a row of data from a row of a layout: its cells hold no blocks."""
    cells = [cell for cell in row if cell.tag in ("td", "th")]
    if len(cells) < 2:
        return False
    return all(
        isinstance(e.tag, str) and (e.tag in INLINE or e.tag in ("br", "td", "th"))
        for cell in cells
        for e in cell.iter()
    ) and all(len(cell.text_content()) < 400 for cell in cells)


def shared_place(one: Place, other: Place) -> Place:
    """Give the innermost place that holds both."""
    while one.depth > other.depth and one.parent:
        one = one.parent
    while other.depth > one.depth and other.parent:
        other = other.parent
    while one is not other and one.parent and other.parent:
        one, other = one.parent, other.parent
    return one
