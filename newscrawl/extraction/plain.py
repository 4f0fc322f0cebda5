"""Read a plain-text dump that some other tool has scraped from a page.

Such dumps print the image's alternative text, then the caption with its credit glued on, then the
body, then what stood in the footer. The structure is gone, so that lines are all there is; what
needs only a line is left to the text rules, which both kinds of page share.
"""

import re
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from newscrawl.extraction.document import decode
from newscrawl.extraction.figures import split_credit
from newscrawl.items import Block, Candidate, Credit, Draft, Edit, Image, Page, Publisher
from newscrawl.lines import is_byline, is_date_line, is_related_heading, is_sentence
from newscrawl.publishers import publisher_for
from newscrawl.reasons import EditCode
from newscrawl.reference import word_list
from newscrawl.wording import closed_up, fold, squeeze

FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML does not allow, and no text holds."""
MAX_TITLE_CHARS: Final = 300
MAX_CAPTION_CHARS: Final = 400
HEAD_LINES: Final = 10
"""Lines of a dump in which a byline or date line is the article's own."""
FOOTER_LINES: Final = 12
HOST: Final = re.compile(r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})/?", re.IGNORECASE)
EMPTY_LIST: Final = re.compile(
    r"no (?:stories|articles|posts|results) (?:were )?found\.?", re.IGNORECASE
)
WRAP_WIDTH: Final = range(50, 101)
"""Characters; the line lengths at which tools wrap paragraphs."""


@dataclass
class _Dump:
    """The lines that are left, and what the steps have taken out of them."""

    lines: list[str]
    edits: list[Edit] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    title: str | None = None
    publisher: Publisher = field(default_factory=Publisher)

    def remove(self, index: int, code: EditCode) -> str:
        line = self.lines.pop(index)
        self.edits.append(Edit(code=code, text=line))
        return line


def read_dump(page: Page) -> Draft:
    """Make a draft of a text dump."""
    text = page.body if isinstance(page.body, str) else decode(page.body, page.content_type)
    dump = _Dump(lines=split_lines(FORBIDDEN.sub("", text)))
    _take_title(dump)
    _take_footer(dump)
    _take_related(dump)
    _take_captions(dump)
    return Draft(
        page=page,
        title=dump.title,
        blocks=tuple(_blocks(dump.lines)),
        candidates=tuple(_candidates(dump.lines)),
        images=tuple(dump.images),
        publisher=dump.publisher,
        edits=tuple(dump.edits),
    )


def split_lines(text: str) -> list[str]:
    r"""Split a dump into its lines, joining paragraphs that were wrapped at a fixed width.

    >>> split_lines("One.\n\nTwo\u00a0.\n")
    ['One.', 'Two .']
    """
    groups = [[s for line in g.split("\n") if (s := squeeze(line))] for g in _paragraphs(text)]
    if _is_wrapped([group for group in groups if group]):
        return [" ".join(group) for group in groups if group]
    return [line for group in groups for line in group]


def _paragraphs(text: str) -> list[str]:
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.split(r"\n[ \t\u00a0]*\n", unified)


def _is_wrapped(groups: list[list[str]]) -> bool:
    """Tell wrapped paragraphs: most lines that have a successor are of wrapping width, none longer."""
    inner = [len(line) for group in groups for line in group[:-1]]
    longest = max((len(line) for group in groups for line in group), default=0)
    return len(inner) >= 6 and median(inner) in WRAP_WIDTH and longest <= WRAP_WIDTH.stop


def _take_title(dump: _Dump) -> None:
    if dump.lines and len(dump.lines[0]) <= MAX_TITLE_CHARS and len(dump.lines) > 1:
        dump.title = dump.remove(0, EditCode.TITLE_LINE)


def _take_footer(dump: _Dump) -> None:
    """Take the host, the site's name and the logo from the end of the dump."""
    first = max(0, len(dump.lines) - FOOTER_LINES)
    hosts = [i for i in range(first, len(dump.lines)) if HOST.fullmatch(dump.lines[i])]
    host = HOST.fullmatch(dump.lines[hosts[-1]]) if hosts else None
    domain = host[1].lower() if host else None
    name = _publisher_name(dump.lines, domain)
    for index in range(len(dump.lines) - 1, first - 1, -1):
        line = dump.lines[index]
        if HOST.fullmatch(line) or fold(line) == "logo" or (name and fold(line) == fold(name)):
            dump.remove(index, EditCode.FOOTER)
        elif is_sentence(line) and not EMPTY_LIST.fullmatch(line):
            break
    dump.publisher = Publisher(name=name, domain=domain)


def _publisher_name(lines: list[str], domain: str | None) -> str | None:
    """Find the line that spells the host's name, such as 'NewsGram' for www.newsgram.com."""
    if known := publisher_for(domain):
        return known.name
    labels = (domain or "").removeprefix("www.").split(".")
    for line in reversed(lines[-FOOTER_LINES:]):
        if domain and closed_up(line) == closed_up(labels[0]):
            return line
    return None


def _take_related(dump: _Dump) -> None:
    """Take the block of related stories that ends a dump."""
    for index, line in enumerate(dump.lines):
        if is_related_heading(line) and not any(
            _is_prose(rest) for rest in dump.lines[index + 1 :]
        ):
            while len(dump.lines) > index:
                dump.remove(index, EditCode.RELATED)
            return


def _is_prose(line: str) -> bool:
    return is_sentence(line) and len(line) > 80 and not EMPTY_LIST.fullmatch(line)


def _take_captions(dump: _Dump) -> None:
    """Take "alt" and "caption + credit" pairs: the second line begins with the first."""
    index = 0
    while index < len(dump.lines) - 1:
        alt, printed = dump.lines[index], dump.lines[index + 1]
        image = _image_of(alt, printed)
        if image:
            dump.remove(index, EditCode.ALT_TEXT)
            dump.remove(index, EditCode.CAPTION)
            dump.images.append(image)
        else:
            index += 1
    _take_glued(dump)
    dump.images = [_with_lead(image, position == 0) for position, image in enumerate(dump.images)]


def _image_of(alt: str, printed: str) -> Image | None:
    if len(alt) > MAX_CAPTION_CHARS or is_date_line(alt) or is_related_heading(alt):
        return None
    if alt == printed:
        return None if is_sentence(alt) else Image(caption=alt, alt=alt)
    caption, credit = split_credit(printed, alt)
    return (
        Image(caption=alt, alt=alt, credit=Credit(raw=credit))
        if credit and caption == alt
        else None
    )


def _take_glued(dump: _Dump) -> None:
    """Take captions whose alt line is missing but that end in a glued-on library or agency."""
    for index in range(len(dump.lines) - 1, -1, -1):
        line = dump.lines[index]
        for library in word_list("stock"):
            head = line.removesuffix(library)
            if head != line and head[-1:].islower() and len(line) <= MAX_CAPTION_CHARS:
                dump.remove(index, EditCode.CAPTION)
                dump.images.insert(0, Image(caption=head, credit=Credit(raw=library)))
                break


def _with_lead(image: Image, is_lead: bool) -> Image:
    return Image(caption=image.caption, credit=image.credit, alt=image.alt, is_lead=is_lead)


def _candidates(lines: list[str]) -> list[Candidate]:
    """Give the bylines and dates among the first lines, to be removed by the text rules."""
    found = []
    for line in lines[:HEAD_LINES]:
        if is_byline(line):
            found.append(Candidate(field="author", raw=line, method="text.byline"))
        elif kind := is_date_line(line):
            found.append(Candidate(field=kind, raw=line, method="text.label"))
    return found


def _blocks(lines: list[str]) -> list[Block]:
    last = len(lines) - 1
    return [
        Block(kind="heading" if i < last and _is_heading(line) else "paragraph", text=line)
        for i, line in enumerate(lines)
    ]


def _is_heading(line: str) -> bool:
    return len(line) <= 80 and line[-1].isalnum() and line[0].isupper() and len(line.split()) > 1
