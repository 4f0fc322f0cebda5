"""What speaks for and against each segment of a page: numbers that a person could look up.

Every figure is read from the segment's text, from its place, or from what stands around it;
none names a publisher or a page.
"""

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from newscrawl import lines
from newscrawl.extraction.marks import MARK_NAMES, NOISE_BITS, is_beside, is_strong, marks_of
from newscrawl.extraction.segments import (
    HEADINGS,
    IMAGE_LEVELS,
    INLINE,
    Place,
    Segment,
    shared_place,
)
from newscrawl.wording import UNSPACED, bare

FAR: Final = 20
"""Levels or segments; what stands farther away counts as this far."""
PROSE_CHARS: Final = 80
"""Characters; of true paragraphs nine in ten are longer, of menu lines nearly none."""
MAX_PROSE_LINKS: Final = 0.35
TOLD_CHARS: Final = 25
"""Characters; shorter texts are found again inside others by chance."""
UNSPACED_WEIGHT: Final = 2.5
"""Characters of English that say what one of Chinese or Japanese does."""

HELD: Final = (
    "article", "main", "aside", "nav", "header", "footer", "section", "figure", "figcaption", "form",
    "table", "ul", "ol", "a", "blockquote",
)  # fmt: skip
"""Elements whose distance above a segment is measured."""
ENDS: Final = ".!?…。！？؟।"
"""Signs that end a sentence where a space or nothing follows."""
ENDS_ALONE: Final = "。！？"
"""Those that end it whatever follows."""
COMMAS: Final = ",;،、，"
ENDING: Final = 80
"""Characters in which a sentence's end stands, with quotes and a note in brackets."""
STARTS: Final = re.compile(r"[\"'“„«‘(\[]*([^\W\d_])")
DIGIT: Final = re.compile(r"\d")
UPPER: Final = re.compile(r"[A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĻĽŁŃŅŇŐŒŔŘŚŞŠŤŪŮŰŲŹŻŽΑ-ΩА-ЯЁЄІЇҐ]")
ADDRESS: Final = re.compile(r"https?://|www\.|@\S+\.\w|\.(?:com|org|net|de|fr|co|tv)\b")
MIN_OWN_PROSE: Final = 0.1
"""Share of the page's prose that must stand outside the comments for them to be comments on it."""
LINKED_SHARE: Final = 0.8
MENU_CHARS: Final = 80
TINY_CHARS: Final = 12
NEAR: Final = 2
PREFIX_WORDS: Final = 2

NEIGHBOURS: Final = (-2, -1, 1, 2)
FEATURES: Final = (
    "chars", "words", "link_share", "links", "bold_share", "slanted_share", "is_sentence", "sentences",
    "commas", "digit_share", "capital_share", "upper_share", "ends_colon", "ends_question", "starts_lower",
    "has_bar", "has_address", "is_prompt", "is_meta_line", "is_notice", "is_credit", "is_related_heading",
    "kind_heading", "kind_list", "kind_quote", "kind_row", "heading_level", "tag_p", "tag_div", "tag_li",
    "tag_td", "tag_inline", "after_break", "after_image", "image_near", "title_same", "title_share",
    "is_summary", "is_caption", "same_start", "traf_line", "traf_text",
    "index", "position", "since_headline", "prose_before", "prose_after", "since_first_traf",
    "until_last_traf", "since_traf", "until_traf", "traf_around", "depth", "like", "parent_chars",
    "parent_links", "parent_prose", "parent_traf", "parent_segments", "upper_prose", "upper_links",
    "upper_traf", "upper_segments", "third_prose", "third_links", "top_up", "top_down", "top_share",
    "anchor_up", "anchor_down", "noise_up", "noise_kinds", "strong_up", "strong_share", "page_prose",
    "page_segments", "traf_share",
    *(f"{name}{step:+d}" for step in NEIGHBOURS for name in ("chars", "link_share", "is_sentence", "traf", "same_parent")),
    *(f"in_{tag}" for tag in HELD),
    *(f"mark_{name}" for name in MARK_NAMES),
)  # fmt: skip
FROM_TRAFILATURA: Final = tuple(
    i for i, name in enumerate(FEATURES) if "traf" in name or "anchor" in name
)
"""Figures that rest on the other extractor's choice."""


class Evidence:
    """The page as a whole, from which the figures of its segments are read."""

    def __init__(
        self,
        segments: Sequence[Segment],
        told: Sequence[str],
        *,
        title: str,
        summaries: Iterable[str],
        captions: Iterable[str],
    ) -> None:
        self.segments = segments
        self.title = bare(title)
        self.title_words = frozenset(self.title.split())
        self.summaries = {bare(s) for s in summaries} - {""}
        self.captions = {bare(c) for c in captions} - {""}
        self.scale = _scale(segments)
        self.sizes = [len(s.text) * self.scale for s in segments]
        self.links = [s.link_chars / len(s.text) for s in segments]
        self.ends = [lines.is_sentence(s.text[-ENDING:]) for s in segments]
        self.prose = [
            size if size >= PROSE_CHARS and link <= MAX_PROSE_LINKS else 0.0
            for size, link in zip(self.sizes, self.links, strict=True)
        ]
        self.total = max(1.0, sum(self.prose))
        self.blocks = [block_place(s.place) for s in segments]
        self._trace(told)
        self._sum_places()
        self._choose()
        self._count()

    def _trace(self, told: Sequence[str]) -> None:
        """Find the segments that the other extractor's text has, and how far the nearest are."""
        in_order = [line.replace(" ", "") for line in told]
        told_lines, told_text = set(in_order), "".join(in_order)
        tight = [s.text.replace(" ", "") for s in self.segments]
        self.traf_line = [text in told_lines for text in tight]
        self.traf = [
            line or (len(text) * self.scale >= TOLD_CHARS and text in told_text)
            for line, text in zip(self.traf_line, tight, strict=True)
        ]
        self.told = sum(size for size, t in zip(self.sizes, self.traf, strict=True) if t)
        self.since = _gaps(self.traf)
        self.until = _gaps(self.traf[::-1])[::-1]
        sure = [i for i, t in enumerate(self.traf) if t and self.sizes[i] >= TOLD_CHARS]
        self.first, self.last = (sure[0], sure[-1]) if sure else (-1, -1)
        self.anchor: Place | None = None
        for i in sure:
            if self.prose[i]:
                holder = self.blocks[i].parent or self.blocks[i]
                self.anchor = shared_place(self.anchor, holder) if self.anchor else holder

    def _sum_places(self) -> None:
        """Add up text, links and prose for every place, and find the one with the most prose."""
        scores: Counter[int] = Counter()
        places: dict[int, Place] = {}
        for i, segment in enumerate(self.segments):
            size, prose, linked = self.sizes[i], self.prose[i], segment.link_chars * self.scale
            told = size if self.traf[i] else 0.0
            place = segment.place
            place.text_chars += size
            place.link_chars += linked
            place.prose_chars += prose
            place.told_chars += told
            place.segments += 1
            holder = self.blocks[i].parent
            if prose and holder:
                for at, share in ((holder, 1.0), (holder.parent, 0.5)):
                    if at is not None:
                        places[id(at)] = at
                        scores[id(at)] += int(prose * share)
        _add_upwards(self.segments)
        best = max(scores, key=lambda key: (scores[key], -places[key].order), default=None)
        self.top = places[best] if best is not None else None
        self.alike = Counter((id(b.parent), b.tag, b.marks) for b in self.blocks)

    def _choose(self) -> None:
        """Choose the segments that are worth a look: no menus, footers, comments, consent dialogs."""
        in_aside = [_is_aside(block) for block in self.blocks]
        own = sum(p for p, c in zip(self.prose, in_aside, strict=True) if not c)
        has_more = own >= MIN_OWN_PROSE * self.total
        self.candidates = [
            i
            for i in range(len(self.segments))
            if not (has_more and in_aside[i]) and self._is_worth(i)
        ]

    def _is_worth(self, i: int) -> bool:
        if self.traf[i] or (self.since[i] <= NEAR and self.until[i] <= NEAR):
            return True
        is_menu = self.links[i] >= LINKED_SHARE and self.sizes[i] < MENU_CHARS
        return not is_menu and self.sizes[i] >= TINY_CHARS and not _in_footer(self.blocks[i])

    def _count(self) -> None:
        """Count the lines that come more than once, and those that begin alike."""
        self.keys = {i: bare(self.segments[i].text) for i in self.candidates}
        self.copies = Counter(self.keys.values())
        self.starts = Counter(_start(key) for key in self.keys.values())
        heads = (i for i, s in enumerate(self.segments) if self._is_headline(i, s))
        self.headline = next(heads, -1)

    def _is_headline(self, i: int, segment: Segment) -> bool:
        if self.blocks[i].tag == "h1":
            return True
        return segment.kind == "heading" and bool(self.title) and self.keys.get(i) == self.title

    def rows(self) -> list[list[float]]:
        """Give the figures of every candidate, in the order of `FEATURES`."""
        running = 0.0
        before: list[float] = []
        for prose in self.prose:
            before.append(running / self.total)
            running += prose
        page = [self.total, float(len(self.segments)), min(self.told / self.total, 9.0)]
        return [
            [
                *self._text_row(i),
                *self._words_row(i),
                *self._order_row(i, before[i]),
                *self._places_row(i),
                *page,
                *self._neighbours_row(i),
                *distances(self.segments[i].place),
            ]
            for i in self.candidates
        ]

    def _text_row(self, i: int) -> list[float]:
        segment = self.segments[i]
        text = segment.text
        length = len(text)
        letters = text[:400]
        begun = letters.split()
        first = STARTS.match(text)
        is_short = length < 300
        tag = self.blocks[i].tag
        kind = segment.kind
        return [
            min(self.sizes[i], 5000.0),
            float(min(len(text.split()), 500)),
            self.links[i],
            float(min(segment.links, 20)),
            segment.bold_chars / length,
            segment.slanted_chars / length,
            float(self.ends[i]),
            float(min(_count_ends(text), 20)),
            float(min(sum(map(text.count, COMMAS)), 20)),
            _share(DIGIT, string.digits, letters),
            sum(word[0].isupper() for word in begun) / max(1, len(begun)),
            _share(UPPER, string.ascii_uppercase, letters),
            float(text.endswith((":", "："))),
            float(text.endswith(("?", "？", "؟"))),
            float(first[1].islower()) if first else -1.0,
            float(any(sign in text for sign in "|»›•")),
            float(is_short and bool(ADDRESS.search(text))),
            float(is_short and _is_prompt(text)),
            float(is_short and _is_meta(text)),
            float(lines.is_copyright(text) or (is_short and lines.is_tag_list(text))),
            float(is_short and lines.is_credit_line(text)),
            float(is_short and lines.is_related_heading(text)),
            float(kind == "heading"),
            float(kind == "list_item"),
            float(kind == "quote"),
            float(kind == "table_row"),
            float(tag[1]) if tag in HEADINGS else 0.0,
            float(tag == "p"),
            float(tag == "div"),
            float(tag == "li"),
            float(tag in ("td", "th", "tr")),
            float(segment.place.tag in INLINE),
            float(segment.after_break),
            float(segment.after_image),
            float(_image_levels(self.blocks[i])),
        ]

    def _words_row(self, i: int) -> list[float]:
        key = self.keys[i]
        words = key.split()
        shared = sum(word in self.title_words for word in words) / len(words) if words else 0.0
        return [
            float(bool(key) and key == self.title),
            shared,
            float(key in self.summaries),
            float(key in self.captions),
            float(min(self.starts[_start(key)] - self.copies[key], 10)),
        ]

    def _order_row(self, i: int, before: float) -> list[float]:
        is_found = self.first >= 0
        since_headline = float(_clip(i - self.headline, 3 * FAR)) if self.headline >= 0 else -99.0
        return [
            float(self.traf_line[i]),
            float(self.traf[i]),
            float(i),
            i / len(self.segments),
            since_headline,
            before,
            1.0 - before - self.prose[i] / self.total,
            float(_clip(i - self.first, FAR)) if is_found else -99.0,
            float(_clip(self.last - i, FAR)) if is_found else -99.0,
            float(self.since[i]),
            float(self.until[i]),
            float(sum(self.traf[max(0, i - 5) : i]) + sum(self.traf[i + 1 : i + 6])),
        ]

    def _places_row(self, i: int) -> list[float]:
        block = self.blocks[i]
        parent = block.parent or block
        upper = parent.parent or parent
        third = upper.parent or upper
        top_up, top_down = _levels(block, self.top)
        anchor_up, anchor_down = _levels(block, self.anchor)
        return [
            float(block.depth),
            float(min(self.alike[id(block.parent), block.tag, block.marks], 50)),
            parent.text_chars,
            parent.link_chars / parent.text_chars,
            parent.prose_chars / self.total,
            parent.told_chars / parent.text_chars,
            float(min(parent.segments, 200)),
            upper.prose_chars / self.total,
            upper.link_chars / upper.text_chars,
            upper.told_chars / upper.text_chars,
            float(min(upper.segments, 200)),
            third.prose_chars / self.total,
            third.link_chars / third.text_chars,
            top_up,
            top_down,
            self.top.prose_chars / self.total if self.top else 0.0,
            anchor_up,
            anchor_down,
            *self._noise_row(self.segments[i].place, int(block.depth - max(top_up, 0))),
        ]

    def _noise_row(self, place: Place, shared_depth: int) -> list[float]:
        """Give what the marks between a segment and the body's container say against it."""
        noise_up = strong_up = float(FAR)
        kinds = 0
        strong_share = -1.0
        at: Place | None = place
        level = 0.0
        while at is not None and at.depth > shared_depth:
            if noise := marks_of(at.marks) & NOISE_BITS:
                kinds |= noise
                noise_up = min(noise_up, level)
            if strong_share < 0 and is_strong(at.marks):
                strong_up, strong_share = level, at.prose_chars / self.total
            at = at.parent
            level += 1
        return [noise_up, float(kinds.bit_count()), strong_up, strong_share]

    def _neighbours_row(self, i: int) -> list[float]:
        row: list[float] = []
        holder = self.blocks[i].parent
        for step in NEIGHBOURS:
            j = i + step
            if 0 <= j < len(self.segments):
                row += [
                    min(self.sizes[j], 2000.0),
                    self.links[j],
                    float(self.ends[j]),
                    float(self.traf[j]),
                    float(self.blocks[j].parent is holder),
                ]
            else:
                row += [0.0, -1.0, -1.0, -1.0, -1.0]
        return row


def distances(place: Place) -> list[float]:
    """Give the levels up to the nearest of each element in `HELD` and each mark, `FAR` at most."""
    if place.distances is None:
        if place.parent is None:
            place.distances = [float(FAR)] * (len(HELD) + len(MARK_NAMES))
            return place.distances
        row = [d + 1.0 if d < FAR - 1 else d for d in distances(place.parent)]
        if (held := HELD_AT.get(place.tag)) is not None:
            row[held] = 0.0
        bits = marks_of(place.marks)
        while bits:
            low = bits & -bits
            row[len(HELD) + low.bit_length() - 1] = 0.0
            bits ^= low
        place.distances = row
    return place.distances


HELD_AT: Final = {tag: i for i, tag in enumerate(HELD)}


def block_place(place: Place) -> Place:
    """Give the element that sets a text apart: the nearest that is not inline."""
    while place.tag in INLINE and place.parent:
        place = place.parent
    return place


def _gaps(found: Sequence[bool]) -> list[int]:
    """Give for each position how many steps back the last found one is, `FAR` at most."""
    gaps, gap = [], FAR
    for is_found in found:
        gaps.append(gap)
        gap = 1 if is_found else min(FAR, gap + 1)
    return gaps


def _clip(value: int, limit: int) -> int:
    return max(-limit, min(limit, value))


def _start(key: str) -> str:
    return " ".join(key.split()[:PREFIX_WORDS])


def _add_upwards(segments: Sequence[Segment]) -> None:
    """Add the sums of every place that holds text to those above it, each place once."""
    places: set[Place] = set()
    for segment in segments:
        for place in segment.place.upwards():
            if place in places:
                break
            places.add(place)
    for place in sorted(places, key=lambda place: -place.order):
        if (parent := place.parent) is not None:
            parent.text_chars += place.text_chars
            parent.link_chars += place.link_chars
            parent.prose_chars += place.prose_chars
            parent.told_chars += place.told_chars
            parent.segments += place.segments


def _is_aside(place: Place) -> bool:
    """Tell whether a place is among readers' comments or in a dialog that asks for consent."""
    if place.is_aside is None:
        # The root is the body: its marks say what the page is, not what a part of it holds.
        parent = place.parent
        place.is_aside = parent is not None and (is_beside(place.marks) or _is_aside(parent))
    return place.is_aside


def _in_footer(block: Place) -> bool:
    return any(place.tag == "footer" for place in block.upwards())


def _image_levels(block: Place) -> int:
    """Give the levels up to the nearest element that holds an image, `IMAGE_LEVELS` at most."""
    near = enumerate(islice(block.upwards(), IMAGE_LEVELS))
    return next((level for level, place in near if place.has_image), IMAGE_LEVELS)


def _share(pattern: re.Pattern[str], plain: str, text: str) -> float:
    """Give the share of a text's characters that match; `plain` are those of ASCII."""
    if not text.isascii():
        return len(pattern.findall(text)) / len(text)
    left = text.encode().translate(None, plain.encode())
    return 1.0 - len(left) / len(text)


def _count_ends(text: str) -> int:
    """Count the sentences that end in a text, white space folded."""
    closed = f"{text} "
    found = sum(closed.count(f"{sign} ") for sign in ENDS)
    if text.isascii():
        return found
    return found + sum(text.count(sign) - closed.count(f"{sign} ") for sign in ENDS_ALONE)


def _is_prompt(text: str) -> bool:
    return (
        lines.is_promo(text)
        or lines.is_read_more(text)
        or lines.is_share_prompt(text)
        or lines.is_orphan(text)
        or lines.is_advert_label(text)
    )


def _is_meta(text: str) -> bool:
    return bool(lines.is_date_line(text)) or lines.is_byline(text) or lines.is_reading_time(text)


def _scale(segments: Sequence[Segment]) -> float:
    sample = "".join(s.text[:200] for s in sorted(segments, key=lambda s: -len(s.text))[:20])
    return UNSPACED_WEIGHT if len(UNSPACED.findall(sample)) > len(sample) / 4 else 1.0


def _levels(place: Place, target: Place | None) -> tuple[float, float]:
    """Give the levels up to the ancestor shared with a target, and down from it to the target."""
    if target is None:
        return -1.0, -1.0
    shared = shared_place(place, target)
    return float(place.depth - shared.depth), float(target.depth - shared.depth)
