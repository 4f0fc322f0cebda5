"""Say what came back where a list or an article was asked for."""

from typing import Final

from newscrawl.extraction.choice import gather_evidence
from newscrawl.extraction.document import parse_document
from newscrawl.extraction.visible import headline
from newscrawl.extraction.walls import find_wall
from newscrawl.items import Page, Rejected
from newscrawl.reasons import Reason

MAX_LINKS: Final = 15
"""Links on a page; one with more is no wall, whatever its banner says."""


def classify(page: Page) -> Reason | None:
    """Name the wall that stands in place of a page; None where there is none, or no page at all."""
    document = parse_document(page)
    if isinstance(document, Rejected) or len(document.tree.findall(".//a[@href]")) > MAX_LINKS:
        return None
    wall = find_wall(document, gather_evidence(document, headline(document) or ""))
    return wall[0] if wall else None
