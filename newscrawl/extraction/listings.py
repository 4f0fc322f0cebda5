"""What a feed or sitemap said of a page."""

from newscrawl.items import Candidate


def said_of(listed: tuple[Candidate, ...], field: str) -> str | None:
    """Give the first value that was listed for a field."""
    return next((said.raw for said in listed if said.field == field), None)


def titles_in(listed: tuple[Candidate, ...]) -> list[Candidate]:
    """Give the title that was listed; a cut one is none."""
    titles = [said for said in listed if said.field == "title"]
    return [said for said in titles[:1] if not said.raw.endswith(("…", "..."))]
