"""What speaks for and against each segment of a page: numbers that a person could look up.

Every figure is read from the segment's text, from its place, or from what stands around it;
none names a publisher or a page.
"""

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from newscrawl import lines
from newscrawl.extraction.marks import IS_BESIDE, IS_STRONG, MARK_NAMES, NAMED, NOISE_BITS
from newscrawl.extraction.segments import (
    HEADINGS,
    IMAGE_LEVELS,
    INLINE,
    Place,
    Segment,
    places_of,
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
SAMPLE: Final = 240
"""Characters of a line in which digits and capitals are counted."""
MIN_OWN_PROSE: Final = 0.1
"""Share of the page's prose that must stand outside the comments for them to be comments on it."""
LINKED_SHARE: Final = 0.8
MENU_CHARS: Final = 80
TINY_CHARS: Final = 12
NEAR: Final = 2
SHORT: Final = 300
"""Characters; longer lines are not looked at for prompts."""
AROUND: Final = 5
"""Segments before and behind that are counted."""
REACH: Final = 2
"""Segments before and behind whose figures are taken."""
CELLS: Final = frozenset({"td", "th", "tr"})
PREFIX_WORDS: Final = 2

NEIGHBOURS: Final = (-2, -1, 1, 2)
PLACED: Final = (
    "chars", "words", "link_share", "links", "bold_share", "slanted_share", "is_sentence", "sentences",
    "commas", "digit_share", "capital_share", "upper_share", "ends_colon", "ends_question", "starts_lower",
    "is_prompt", "kind_heading", "kind_list", "kind_quote", "kind_row", "heading_level", "tag_p", "tag_div",
    "tag_li", "tag_td", "tag_inline", "after_break", "after_image", "image_near", "title_same", "title_share",
    "is_summary", "is_caption", "same_start", "depth", "like", "parent_chars", "parent_links", "parent_prose",
    "parent_segments", "upper_prose", "upper_links", "upper_segments", "third_prose", "third_links",
    "top_up", "top_down", "noise_up", "noise_kinds", "strong_up", "strong_share",
    *(f"in_{tag}" for tag in HELD),
    *(f"mark_{name}" for name in MARK_NAMES),
)  # fmt: skip
"""Figures of a line itself and of the elements around it, gathered line by line."""
ORDERED: Final = (
    "index", "position", "since_headline", "prose_before", "prose_after", "top_share", "page_prose",
    "page_segments",
    *(f"{name}{step:+d}" for step in NEIGHBOURS for name in ("chars", "link_share", "is_sentence", "same_parent")),
)  # fmt: skip
"""Figures of its position among the others, worked out for all lines at once."""
TOLD: Final = (
    "told_line", "told_text", "since_first_told", "until_last_told", "since_told", "until_told",
    "told_around", "parent_told", "upper_told", "anchor_up", "anchor_down", "told_share",
    *(f"told{step:+d}" for step in NEIGHBOURS),
)  # fmt: skip
"""Figures that rest on the other extractor's choice; only the second look has them."""
FIRST_LOOK: Final = PLACED + ORDERED
SECOND_LOOK: Final = FIRST_LOOK + TOLD
Table = NDArray[Any]


class Evidence:
    """The page as a whole, from which the figures of its segments are read."""

    def __init__(
        self,
        segments: Sequence[Segment],
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
        self.ends = [_ends_sentence(s.text) for s in segments]
        self.prose = [
            size if size >= PROSE_CHARS and link <= MAX_PROSE_LINKS else 0.0
            for size, link in zip(self.sizes, self.links, strict=True)
        ]
        self.total = max(1.0, sum(self.prose))
        self.blocks = [block_place(s.place) for s in segments]
        self.keys: dict[int, str] = {}
        self._sum_places()
        self._look(())

    def with_told(self, told: Sequence[str]) -> "Evidence":
        """Give the evidence of a second look: the other extractor's text as well.

        The first is spent by it: both count on the same places.
        """
        other = copy(self)
        other._look(told)
        return other

    def _look(self, told: Sequence[str]) -> None:
        self._trace(told)
        self._choose()
        self._count()

    def _trace(self, told: Sequence[str]) -> None:
        """Find the segments that the other extractor's text has, and how far the nearest are."""
        self.is_told = bool(told)
        self.traf_line = self.traf = [False] * len(self.segments)
        self.told, self.anchor = 0.0, None
        self.first = self.last = -1
        if not told:
            return
        in_order = [line.replace(" ", "") for line in told]
        told_lines, told_text = set(in_order), "".join(in_order)
        tight = [s.text.replace(" ", "") for s in self.segments]
        self.traf_line = [text in told_lines for text in tight]
        self.traf = [
            line or (len(text) * self.scale >= TOLD_CHARS and text in told_text)
            for line, text in zip(self.traf_line, tight, strict=True)
        ]
        self.told = sum(size for size, t in zip(self.sizes, self.traf, strict=True) if t)
        sure = [i for i, t in enumerate(self.traf) if t and self.sizes[i] >= TOLD_CHARS]
        self.first, self.last = (sure[0], sure[-1]) if sure else (-1, -1)
        anchor: Place | None = None
        for i in sure:
            if self.prose[i]:
                holder = self.blocks[i].parent or self.blocks[i]
                anchor = shared_place(anchor, holder) if anchor else holder
        self.anchor = anchor
        self._sum_told()

    def _sum_told(self) -> None:
        """Add up the text that the other extractor has too, for every place."""
        for segment in self.segments:
            for place in segment.place.upwards():
                place.told_chars = 0.0
        for i, segment in enumerate(self.segments):
            for place in segment.place.upwards() if self.traf[i] else ():
                place.told_chars += self.sizes[i]

    def _sum_places(self) -> None:
        """Add up text, links and prose for every place, and find the one with the most prose."""
        scores: Counter[Place] = Counter()
        for segment, block, size, prose in zip(
            self.segments, self.blocks, self.sizes, self.prose, strict=True
        ):
            place = segment.place
            place.text_chars += size
            place.link_chars += segment.link_chars * self.scale
            place.prose_chars += prose
            place.segments += 1
            if prose and (holder := block.parent):
                scores[holder] += int(prose)
                if holder.parent is not None:
                    scores[holder.parent] += int(prose * 0.5)
        places = places_of(self.segments)
        _add_upwards(places)
        _tell_asides(places)
        self.top = max(scores, key=lambda place: (scores[place], -place.order), default=None)
        self.alike = Counter([(b.parent, b.tag, b.marks) for b in self.blocks])

    def _choose(self) -> None:
        """Choose the segments that are worth a look: no menus, footers, comments, consent dialogs."""
        in_aside = [block.is_aside for block in self.blocks]
        own = sum(p for p, c in zip(self.prose, in_aside, strict=True) if not c)
        has_more = own >= MIN_OWN_PROSE * self.total
        near = _between([p > 0 for p in self.prose])
        if self.is_told:
            near = [n or t for n, t in zip(near, _between(self.traf), strict=True)]
        self.candidates = [
            i
            for i in range(len(self.segments))
            if not (has_more and in_aside[i]) and (near[i] or self._is_worth(i))
        ]

    def _is_worth(self, i: int) -> bool:
        is_menu = self.links[i] >= LINKED_SHARE and self.sizes[i] < MENU_CHARS
        if is_menu:
            return False
        if self.sizes[i] >= TINY_CHARS and not self.blocks[i].in_footer:
            return True
        return self.top is not None and shared_place(self.top, self.blocks[i]) is self.top

    def _count(self) -> None:
        """Count the lines that come more than once, and those that begin alike."""
        known = self.keys
        self.keys = {i: known.get(i) or bare(self.segments[i].text) for i in self.candidates}
        self.copies = Counter(self.keys.values())
        self.starts = Counter(_start(key) for key in self.keys.values())
        heads = (i for i, s in enumerate(self.segments) if self._is_headline(i, s))
        self.headline = next(heads, -1)

    def _is_headline(self, i: int, segment: Segment) -> bool:
        if self.blocks[i].tag == "h1":
            return True
        return segment.kind == "heading" and bool(self.title) and self.keys.get(i) == self.title

    def table(self) -> Table:
        """Give the figures of every candidate, a row each.

        The columns are those of `FIRST_LOOK`, or, where the other extractor's choice is known, of
        `SECOND_LOOK`.
        """
        if not self.candidates:
            width = len(SECOND_LOOK if self.is_told else FIRST_LOOK)
            return np.empty((0, width), dtype=np.float32)
        at = self.candidates
        around = _Around(self)
        near = [around.row(self.segments[i].place, self.blocks[i]) for i in at]
        levels = b"".join([distances(self.segments[i].place) for i in at])
        of_text: list[Sequence[float]] = [
            *self._text_columns(), *self._set_columns(), *self._words_columns()
        ]  # fmt: skip
        parts: list[Table] = [
            np.array(of_text, dtype=np.float32).T,
            np.array(near, dtype=np.float32),
            np.frombuffer(levels, dtype=np.uint8).reshape(len(at), -1),
            *self._order_columns(),
        ]
        if self.is_told:
            parts += self._told_columns()
        return np.column_stack(parts)

    def _text_columns(self) -> list[list[float]]:
        """Give the columns that are read from the texts, `chars` to `is_prompt`."""
        at = self.candidates
        segments = [self.segments[i] for i in at]
        texts = [segment.text for segment in segments]
        samples = [text[:SAMPLE] for text in texts]
        firsts = [STARTS.match(text) for text in texts]
        return [
            [min(self.sizes[i], 5000.0) for i in at],
            [min(text.count(" ") + 1, 500) for text in texts],
            [self.links[i] for i in at],
            [min(segment.links, 20) for segment in segments],
            [segment.bold_chars / len(segment.text) for segment in segments],
            [segment.slanted_chars / len(segment.text) for segment in segments],
            [self.ends[i] for i in at],
            [min(_count_ends(text), 20) for text in texts],
            [min(_count_commas(text), 20) for text in texts],
            [_share(DIGIT, string.digits, sample) for sample in samples],
            [_capital_share(sample.split()) for sample in samples],
            [_share(UPPER, string.ascii_uppercase, sample) for sample in samples],
            [text.endswith((":", "：")) for text in texts],
            [text.endswith(("?", "？", "؟")) for text in texts],
            [first[1].islower() if first else -1 for first in firsts],
            [len(text) < SHORT and _is_prompt(text) for text in texts],
        ]

    def _set_columns(self) -> list[list[int] | list[bool]]:
        """Give the columns that say how lines are set, `kind_heading` to `image_near`."""
        segments = [self.segments[i] for i in self.candidates]
        blocks = [self.blocks[i] for i in self.candidates]
        kinds, tags = [s.kind for s in segments], [block.tag for block in blocks]
        return [
            *[[kind == one for kind in kinds] for one in ("heading", "list_item", "quote", "table_row")],
            [int(tag[1]) if tag in HEADINGS else 0 for tag in tags],
            *[[tag == one for tag in tags] for one in ("p", "div", "li")],
            [tag in CELLS for tag in tags],
            [segment.place.tag in INLINE for segment in segments],
            [segment.after_break for segment in segments],
            [segment.after_image for segment in segments],
            [_image_levels(block) for block in blocks],
        ]  # fmt: skip

    def _words_columns(self) -> list[list[float]]:
        """Give the columns that compare lines with others, `title_same` to `same_start`."""
        keys = [self.keys[i] for i in self.candidates]
        return [
            [bool(key) and key == self.title for key in keys],
            [self._title_share(key.split()) for key in keys],
            [key in self.summaries for key in keys],
            [key in self.captions for key in keys],
            [min(self.starts[_start(key)] - self.copies[key], 10) for key in keys],
        ]

    def _title_share(self, words: list[str]) -> float:
        known = self.title_words
        return sum([word in known for word in words]) / len(words) if known and words else 0.0

    def _order_columns(self) -> list[Table]:
        """Give the columns of `ORDERED`."""
        at = np.array(self.candidates)
        count = len(self.segments)
        prose = np.array(self.prose)
        before = (np.cumsum(prose) - prose)[at] / self.total
        page = np.empty((len(at), 3))
        page[:] = (self._top_share(), self.total, count)
        since = (
            np.clip(at - self.headline, -3 * FAR, 3 * FAR) if self.headline >= 0 else at * 0 - 99
        )
        columns = [at, at / count, since, before, 1.0 - before - prose[at] / self.total, page]
        numbers = {place: n for n, place in enumerate({b.parent: 0 for b in self.blocks})}
        figures = np.array(
            [np.minimum(self.sizes, 2000.0), self.links, self.ends, [numbers[b.parent] for b in self.blocks]]
        )  # fmt: skip
        # Beyond the ends stand segments of no size, and of no links, ends and holder that there are.
        figures = np.pad(figures, ((0, 0), (REACH, REACH)), constant_values=-1.0)
        figures[0, :REACH] = figures[0, -REACH:] = 0.0
        own = figures[3, at + REACH]
        for step in NEIGHBOURS:
            near = figures[:, at + (REACH + step)]
            near[3] = np.where(near[3] < 0, -1.0, near[3] == own)
            columns.append(near.T)
        return columns

    def _top_share(self) -> float:
        return self.top.prose_chars / self.total if self.top else 0.0

    def _told_columns(self) -> list[Table]:
        """Give the columns of `TOLD`."""
        at = np.array(self.candidates)
        told = np.array(self.traf, dtype=float)
        since, until = _gaps(self.traf), _gaps(self.traf[::-1])[::-1]
        is_found = self.first >= 0
        first = np.clip(at - self.first, -FAR, FAR) if is_found else at * 0 - 99
        last = np.clip(self.last - at, -FAR, FAR) if is_found else at * 0 - 99
        around = np.convolve(told, np.ones(2 * AROUND + 1))[AROUND : AROUND + len(told)] - told
        rows = [self._told_places(self.blocks[i]) for i in self.candidates]
        share = np.full(len(at), min(self.told / self.total, 9.0))
        padded = np.pad(told, REACH, constant_values=-1.0)
        return [
            np.array(self.traf_line)[at], told[at], first, last, np.array(since)[at],
            np.array(until)[at], around[at], np.array(rows), share,
            *(padded[at + (REACH + step)] for step in NEIGHBOURS),
        ]  # fmt: skip

    def _told_places(self, block: Place) -> tuple[float, ...]:
        parent = block.parent or block
        upper = parent.parent or parent
        up, down = _levels(block, self.anchor)
        return parent.told_chars / parent.text_chars, upper.told_chars / upper.text_chars, up, down


class _Around:
    """The figures of the elements around lines; what lines beside each other share is worked out once."""

    def __init__(self, evidence: Evidence) -> None:
        self.total = evidence.total
        self.alike = evidence.alike
        top = evidence.top
        self.depth = top.depth if top else -1
        self.chain = frozenset(top.upwards()) if top else frozenset[Place]()
        self.up: dict[Place, int] = {}
        self.noise: dict[Place, tuple[float, int, float, float]] = {}
        self.holders: dict[Place, tuple[float, ...]] = {}

    def row(self, place: Place, block: Place) -> list[float]:
        parent = block.parent or block
        holder = self.holders.get(parent)
        if holder is None:
            holder = self.holders[parent] = self._holder(parent)
        up = self._up(block)
        noise_up, kinds, strong_up, strong_share = self._noise(place)
        return [
            block.depth,
            min(self.alike[block.parent, block.tag, block.marks], 50),
            *holder,
            up,
            self.depth - block.depth + up if up >= 0 else -1,
            noise_up,
            kinds.bit_count(),
            strong_up,
            strong_share,
        ]

    def _holder(self, parent: Place) -> tuple[float, ...]:
        upper = parent.parent or parent
        third = upper.parent or upper
        return (
            parent.text_chars,
            parent.link_chars / parent.text_chars,
            parent.prose_chars / self.total,
            min(parent.segments, 200),
            upper.prose_chars / self.total,
            upper.link_chars / upper.text_chars,
            min(upper.segments, 200),
            third.prose_chars / self.total,
            third.link_chars / third.text_chars,
        )

    def _up(self, place: Place) -> int:
        """Give the levels up to what holds the container of the most prose as well; -1 for none."""
        known = self.up.get(place)
        if known is None:
            if place in self.chain:
                known = 0
            elif place.parent is None:
                known = -1
            else:
                above = self._up(place.parent)
                known = above + 1 if above >= 0 else -1
            self.up[place] = known
        return known

    def _noise(self, place: Place) -> tuple[float, int, float, float]:
        """Give what the marks between a place and that container say against it."""
        known = self.noise.get(place)
        if known is None:
            if place in self.chain or place.parent is None:
                known = (FAR, 0, FAR, -1.0)
            else:
                up, kinds, strong_up, share = self._noise(place.parent)
                bits = place.says & NOISE_BITS
                up = 0.0 if bits else min(FAR, up + 1)
                if place.says & IS_STRONG:
                    strong_up, share = 0.0, place.prose_chars / self.total
                else:
                    strong_up = min(FAR, strong_up + 1)
                known = (up, kinds | bits, strong_up, share)
            self.noise[place] = known
        return known


def distances(place: Place) -> bytes:
    """Give the levels up to the nearest of each element in `HELD` and each mark, `FAR` at most."""
    if place.distances is None:
        if place.parent is None:
            place.distances = bytes([FAR]) * (len(HELD) + len(MARK_NAMES))
            return place.distances
        row = distances(place.parent).translate(FARTHER)
        held, bits = HELD_AT.get(place.tag), place.says & NAMED
        if held is not None or bits:
            changed = bytearray(row)
            if held is not None:
                changed[held] = 0
            while bits:
                low = bits & -bits
                changed[len(HELD) + low.bit_length() - 1] = 0
                bits ^= low
            row = bytes(changed)
        place.distances = row
    return place.distances


HELD_AT: Final = {tag: i for i, tag in enumerate(HELD)}
FARTHER: Final = bytes([level + 1 if level < FAR - 1 else level for level in range(256)])
"""Each number of levels, seen from one level below."""


def block_place(place: Place) -> Place:
    """Give the element that sets a text apart: the nearest that is not inline."""
    while place.tag in INLINE and place.parent:
        place = place.parent
    return place


def _ends_sentence(text: str) -> bool:
    """Tell whether a text ends as a sentence does; most lines that do not hold no sign of an end at all."""
    end = text[-ENDING:]
    return end[-1:] in ENDS or (not end[-1:].isalnum() and lines.is_sentence(end))


def _between(found: Sequence[bool]) -> list[bool]:
    """Tell for each position whether it is found, or stands between two that are, both near."""
    return [
        is_found or (since <= NEAR and until <= NEAR)
        for is_found, since, until in zip(
            found, _gaps(found), _gaps(found[::-1])[::-1], strict=True
        )
    ]


def _gaps(found: Sequence[bool]) -> list[int]:
    """Give for each position how many steps back the last found one is, `FAR` at most."""
    gaps, gap = [], FAR
    for is_found in found:
        gaps.append(gap)
        gap = 1 if is_found else min(FAR, gap + 1)
    return gaps


def _start(key: str) -> str:
    return " ".join(key.split(" ", PREFIX_WORDS)[:PREFIX_WORDS])


def _add_upwards(places: Sequence[Place]) -> None:
    """Add the sums of every place to those above it; those above come first in the list."""
    for place in reversed(places):
        if (parent := place.parent) is not None:
            parent.text_chars += place.text_chars
            parent.link_chars += place.link_chars
            parent.prose_chars += place.prose_chars
            parent.segments += place.segments


def _tell_asides(places: Sequence[Place]) -> None:
    """Tell which places are among readers' comments or in a dialog that asks for consent."""
    for place in places:
        # The root is the body: its marks say what the page is, not what a part of it holds.
        parent = place.parent
        place.is_aside = parent is not None and (bool(place.says & IS_BESIDE) or parent.is_aside)


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


def _count_commas(text: str) -> int:
    if text.isascii():
        return text.count(",") + text.count(";")
    return sum(map(text.count, COMMAS))


def _capital_share(words: list[str]) -> float:
    return sum([word[0].isupper() for word in words]) / max(1, len(words))


def _count_ends(text: str) -> int:
    """Count the sentences that end in a text, white space folded."""
    closed = f"{text} "
    if text.isascii():
        return closed.count(". ") + closed.count("! ") + closed.count("? ")
    found = sum(closed.count(f"{sign} ") for sign in ENDS)
    return found + sum(text.count(sign) - closed.count(f"{sign} ") for sign in ENDS_ALONE)


def _is_prompt(text: str) -> bool:
    return (
        lines.is_promo(text)
        or lines.is_read_more(text)
        or lines.is_share_prompt(text)
        or lines.is_orphan(text)
        or lines.is_advert_label(text)
    )


def _scale(segments: Sequence[Segment]) -> float:
    sample = "".join(s.text[:200] for s in sorted(segments, key=lambda s: -len(s.text))[:20])
    return UNSPACED_WEIGHT if len(UNSPACED.findall(sample)) > len(sample) / 4 else 1.0


def _levels(place: Place, target: Place | None) -> tuple[float, float]:
    """Give the levels up to the ancestor shared with a target, and down from it to the target."""
    if target is None:
        return -1.0, -1.0
    shared = shared_place(place, target)
    return float(place.depth - shared.depth), float(target.depth - shared.depth)
