"""Choose the body of a page, segment by segment.

Each segment gets a score from the line model: how sure it is that the segment is the article's
text. What scores `KEPT` or more is kept. Where that looks wrong, a second candidate is tried, and
the one with the best expected F1 is taken.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from newscrawl.extraction import structured, visible
from newscrawl.extraction.body import told_lines
from newscrawl.extraction.document import Document
from newscrawl.extraction.evidence import Evidence, Table
from newscrawl.extraction.marks import IS_PULLED, IS_STRONG, MARK_NAMES
from newscrawl.extraction.segments import Place, Segment, cut_segments
from newscrawl.extraction.selectors import NO_LAYOUT, Found
from newscrawl.forest import load_forest
from newscrawl.items import Line
from newscrawl.reasons import EditCode
from newscrawl.wording import bare, count_words

KEPT: Final = 0.55
"""Score from which a segment is kept; best of 0.50, 0.55, 0.60 in cross-validation by publisher."""
PLAINLY: Final = 0.75
"""Score from which a heading is kept though nothing beside it is."""
LENIENT: Final = 0.2
"""Score from which the second candidate keeps a segment."""
LOOKS_WRONG: Final = 0.3
"""Expected F1 under which a more lenient limit and trafilatura's own choice are tried."""
SURE: Final = 0.9
"""Expected F1 from which the first look decides: nine pages of ten. Best of 0.7 to 0.95 in
cross-validation by publisher; from there on trafilatura's opinion changes no data set's F1."""
MIN_WORDS: Final = 40
"""Words from which what a layout names is taken for a text, however much more the general choice has: as many as tell an
article from the words of a wall in `newscrawl.quality`."""
FIRST_MODEL: Final = "lines"
SECOND_MODEL: Final = "lines_told"
BESIDE: Final = 3
"""Segments before and behind a kept one that may hold a byline, a date or a credit."""
WHOLE_LINK: Final = 0.9
"""Share of a line's characters that must be linked for the line to be a link."""
MIN_PULLED_WORDS: Final = 6
"""Words; shorter quotes are found inside paragraphs by chance."""
MAX_PULLED: Final = 50
"""Pull quotes of one page that are looked for in its text; a page with more is none of a person's."""
CODES: Final = {
    "related": EditCode.RELATED, "subscribe": EditCode.PROMO, "share": EditCode.SHARE,
    "comment": EditCode.COMMENTS, "advert": EditCode.ADVERT, "byline": EditCode.AUTHOR_BOX,
    "figure": EditCode.CAPTION, "tags": EditCode.TAGS,
}  # fmt: skip
"""What the nearest telling mark around a dropped line is recorded as."""
CODE_LEVELS: Final = 4


@dataclass(frozen=True, slots=True)
class Scored:
    """A page's segments, what was found about them, how each candidate scored, and what is kept."""

    evidence: Evidence
    model: str
    table: Table
    """The figures of the candidates, a row each."""
    scores: list[float]
    kept: frozenset[int]
    """Numbers of the candidates that are kept."""
    expected: float
    """The expected F1 of that choice."""


def score_page(document: Document, title: str) -> Scored:
    """Score every candidate of a page and choose.

    The first look rests on the page alone. Where its expected F1 is low, trafilatura is asked for
    its quick choice, and the second model has that as evidence besides.

    Args:
        document: the page.
        title: the headline that a reader sees, for comparison.

    """
    evidence = gather_evidence(document, title)
    first = _score(evidence, FIRST_MODEL)
    if first.expected >= SURE:
        return first
    quick = told_lines(document.tree, document.url)
    return _score(evidence.with_told(quick), SECOND_MODEL) if quick else first


def _score(evidence: Evidence, model: str) -> Scored:
    table = evidence.table()
    scores = load_forest(model).scores(table)
    kept, expected = _choose(evidence, scores)
    return Scored(evidence, model, table, scores, kept, expected)


@dataclass(frozen=True, slots=True)
class Body:
    """The lines of a body, and what the publisher's layout had to do with it."""

    lines: tuple[Line, ...]
    """Those without a doubt are the body; those with one may hold a date, a byline or an agency."""
    is_ruled: bool = False
    """Whether the layout named exactly what it is."""
    missed: tuple[str, ...] = ()
    """Keys of the layout that found nothing usable."""


def choose_body(document: Document, scored: Scored, found: Found = NO_LAYOUT) -> Body:
    """Give the lines of the body in their order, with those that only trafilatura kept.

    Args:
        document: the page.
        scored: what the general extractor makes of it.
        found: what the publisher's layout finds; where that is no text the general choice stands.

    """
    evidence = scored.evidence
    general = {evidence.candidates[number] for number in scored.kept}
    kept, struck, unusable = _ruled(scored, general, found)
    pulled = _pulled_quotes(evidence, kept)
    doubts = _doubts(scored, kept)
    lines = []
    for index, segment in enumerate(evidence.segments):
        kind, text = segment.kind, segment.text
        if index in struck:
            lines.append(Line(kind=kind, text=text, code=EditCode.LAYOUT, doubt=struck[index]))
        elif index in pulled:
            doubt = "a paragraph has the same words"
            lines.append(Line(kind="quote", text=text, code=EditCode.PULL_QUOTE, doubt=doubt))
        elif index in kept and _is_contents(segment):
            doubt = f"it links to {segment.href} on the same page"
            lines.append(Line(kind=kind, text=text, code=EditCode.CONTENTS, doubt=doubt))
        elif index in kept:
            link = document.absolute(segment.href) if _is_link(segment) else None
            lines.append(Line(kind=kind, text=text, link=link))
        elif index in doubts:
            code = _code_of(segment.place)
            lines.append(Line(kind=kind, text=text, code=code, doubt=doubts[index]))
    is_ruled = bool(found.elements.get("body")) and not unusable
    return Body(tuple(lines), is_ruled, tuple(dict.fromkeys((*found.missed, *unusable))))


def _ruled(
    scored: Scored, general: set[int], found: Found
) -> tuple[set[int], dict[int, str], tuple[str, ...]]:
    """Correct the general choice by what a layout names.

    Returns:
        The segments to keep; those that are dropped for it, with the reason; keys that are of no use here.

    """
    evidence = scored.evidence
    inside = {
        key: _segments_in(evidence.segments, found.elements.get(key, ()))
        for key in ("body", "within", "keep", "strip")
    }
    kept, unusable = general, tuple[str, ...]()
    for key in ("body", "within"):
        if not found.elements.get(key):
            continue
        chosen = (inside[key] if key == "body" else general & inside[key]) - inside["strip"]
        if _is_text(evidence, chosen, general):
            kept = chosen
        else:
            unusable = (key,)
    kept = (kept | inside["keep"]) - inside["strip"]
    struck = {
        index: f"the layout {found.name} {'strips it' if index in inside['strip'] else 'has the text elsewhere'}"
        for index in general - kept
    }
    return kept, struck, unusable


def _is_text(evidence: Evidence, chosen: set[int], general: set[int]) -> bool:
    """Tell a text from what is left under an old selector: a teaser, a date, an empty box."""
    words, others = (
        sum(count_words(evidence.segments[i].text) for i in which) for which in (chosen, general)
    )
    return words >= MIN_WORDS or 2 * words >= others > 0


def _segments_in(segments: Sequence[Segment], elements: Sequence[HtmlElement]) -> set[int]:
    """Give the segments that stand in one of some elements."""
    if not elements:
        return set()
    wanted = set(elements)
    known: dict[Place, bool] = {}
    found = set()
    for index, segment in enumerate(segments):
        path = []
        is_inside = False
        for place in segment.place.upwards():
            if place in known:
                is_inside = known[place]
                break
            path.append(place)
            if place.element in wanted:
                is_inside = True
                break
        known.update(dict.fromkeys(path, is_inside))
        if is_inside:
            found.add(index)
    return found


def _is_link(segment: Segment) -> bool:
    return segment.link_chars >= WHOLE_LINK * len(segment.text)


def _is_contents(segment: Segment) -> bool:
    """Tell a line of a table of contents: all of it links to a place on the same page.

    Headings do so too, to themselves.
    """
    is_inside = bool(segment.href) and str(segment.href).startswith("#")
    return is_inside and segment.kind != "heading" and _is_link(segment)


def gather_evidence(document: Document, title: str) -> Evidence:
    """Cut a page into segments and gather what speaks for and against each."""
    tree = document.tree
    description = structured.document_meta_text(document, "description", "og:description")
    captions = [visible.text_content(caption) for caption in tree.iter("figcaption")]
    captions += [alt for image in tree.iter("img") if (alt := image.get("alt"))]
    segments = cut_segments(tree)
    return Evidence(segments, title=title, summaries=[description or ""], captions=captions)


def _pulled_quotes(evidence: Evidence, kept: set[int]) -> set[int]:
    """Give the segments that are a sentence of the text, set apart to catch the eye.

    They are marked as such, or are quotes of some length that a longer paragraph holds.
    """
    # A layout may keep what was no candidate, and so has no key yet.
    texts = {i: f" {evidence.keys.get(i) or bare(evidence.segments[i].text)} " for i in kept}
    marked = {i for i in kept if _is_marked_pulled(evidence.segments[i].place)}
    quotes = {i for i in kept - marked if _is_quote(evidence.segments[i], texts[i])}
    if not 0 < len(marked | quotes) <= MAX_PULLED:
        return set()
    prose = [text for i, text in texts.items() if evidence.segments[i].kind == "paragraph"]
    return {i for i in marked if _is_inside(texts[i], texts.values())} | {
        i for i in quotes if _is_inside(texts[i], prose)
    }


def _is_quote(segment: Segment, key: str) -> bool:
    return segment.kind == "quote" and len(key.split()) >= MIN_PULLED_WORDS


def _is_inside(text: str, others: Iterable[str]) -> bool:
    return any(text in other for other in others if len(other) > len(text))


def _is_marked_pulled(place: Place) -> bool:
    return any(near.says & IS_PULLED for near in islice(place.upwards(), CODE_LEVELS))


def _choose(evidence: Evidence, scores: list[float]) -> tuple[frozenset[int], float]:
    """Give the numbers of the candidates to keep, and the expected F1 of that."""
    sizes = [evidence.sizes[index] for index in evidence.candidates]
    sure = {number for number, score in enumerate(scores) if score >= KEPT}
    unsure = {n for n in sure if scores[n] < PLAINLY}
    first = frozenset(sure - _lone_headings(evidence, sure, unsure))
    expected = expected_f1(first, scores, sizes)
    if expected >= LOOKS_WRONG:
        return first, expected
    lenient = frozenset(number for number, score in enumerate(scores) if score >= LENIENT)
    told = frozenset(n for n, index in enumerate(evidence.candidates) if evidence.traf[index])
    rated = [(expected_f1(kept, scores, sizes), kept) for kept in (first, lenient, told)]
    expected, kept = max(rated, key=lambda pair: pair[0])
    return kept, expected


def _lone_headings(evidence: Evidence, kept: set[int], unsure: set[int]) -> set[int]:
    """Give the unsure headings that head nothing: of what stands beside them nothing is kept.

    They are those of boxes: a newsletter's, a poll's.
    """
    blocks, at = evidence.blocks, evidence.candidates
    headings = {n for n in unsure if evidence.segments[at[n]].kind == "heading"}
    if not headings:
        return headings
    held: dict[Place | None, list[int]] = {}
    for number, index in enumerate(at):
        held.setdefault(blocks[index].parent, []).append(number)
    return {
        n for n in headings
        if len(beside := held[blocks[at[n]].parent]) > 1 and kept.isdisjoint({*beside} - headings)
    }  # fmt: skip


def expected_f1(kept: Collection[int], scores: Sequence[float], sizes: Sequence[float]) -> float:
    """Give the F1 that a choice would have if every score were a true probability.

    Twice the expected right characters, over the characters kept and those expected in all.

    >>> round(expected_f1({0}, [1.0, 0.5], [100, 100]), 2)
    0.8
    """
    expected = sum(score * size for score, size in zip(scores, sizes, strict=True))
    right = sum(scores[number] * sizes[number] for number in kept)
    taken = sum(sizes[number] for number in kept)
    return 2 * right / (taken + expected) if taken else 0.0


def _doubts(scored: Scored, kept: set[int]) -> dict[int, str]:
    """Say for each segment that travels on without being kept what spoke against it.

    These are the lines that trafilatura keeps, where it was asked, and those beside what is kept.
    """
    evidence = scored.evidence
    beside = {near for i in kept for near in range(i - BESIDE, i + BESIDE + 1)}
    doubted = [
        n
        for n, i in enumerate(evidence.candidates)
        if i not in kept and (i in beside or evidence.traf[i])
    ]
    known = set(evidence.candidates)
    found = {
        i: "it stands among readers' comments or in a consent dialog"
        for i, is_told in enumerate(evidence.traf)
        if is_told and i not in known
    }
    return found | explain_scores(scored, doubted)


def explain_scores(scored: Scored, numbers: Sequence[int]) -> dict[int, str]:
    """Say of some candidates, by the number of their segment, how they scored and which figures spoke most against them."""
    found = {}
    reasons = load_forest(scored.model).reasons(scored.table[numbers])
    for number, figures in zip(numbers, reasons, strict=True):
        least = ", ".join(f"{name} {value:g}" for name, value in figures)
        score = scored.scores[number]
        found[scored.evidence.candidates[number]] = f"scored {score:.2f}, least for: {least}"
    return found


def _code_of(place: Place) -> EditCode:
    """Name what a dropped line was by the nearest telling mark around it."""
    for near in islice(place.upwards(), CODE_LEVELS):
        bits = near.says
        for name, code in CODES.items():
            if bits >> MARK_NAMES.index(name) & 1:
                return code
        if bits & IS_STRONG:
            return EditCode.RELATED
    return EditCode.NOT_BODY
