"""Every reason a page is refused for and every code a removal is recorded under, a sentence each.

The tables in ``docs/reasons.md`` are made from this module. A code is never reused for another
meaning; consumers count by it.
"""

from enum import StrEnum
from typing import Self


class _Explained(StrEnum):
    """A string enum whose members carry one sentence of explanation."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member


class Reason(_Explained):
    """Why a page did not become an article."""

    EMPTY = "empty", "The input has no bytes, or nothing but white space."
    NOT_HTML = (
        "not_html",
        "The input is a PDF, an image, another binary format, or has no markup at all.",
    )
    TOO_LARGE = "too_large", "The page is larger than the size limit."
    TOO_COMPLEX = "too_complex", "The document has more elements than the limit."
    UNPARSABLE = "unparsable", "No document tree could be made of the markup."
    INVALID_URL = "invalid_url", "The address is not an http or https URL."
    INVALID_LINE = (
        "invalid_line",
        "The input line is not a JSON object with html, or a value in it is of the wrong kind.",
    )
    UNREADABLE = "unreadable", "The file, or a part of it, could not be opened or read."
    TIME_LIMIT = "time_limit", "Cleaning the page took longer than it may; its worker was ended."
    WORKER_DIED = (
        "worker_died",
        "Two workers died of the page, for want of memory or by a crash of a library.",
    )
    NO_TEXT = "no_text", "No main text was found on the page."
    TOO_SHORT = ("too_short", "The text is too short and nothing marks the page as an article.")
    HOME = "home_page", "The page is a site's or a section's front page."
    LISTING = (
        "listing",
        "The page lists other pages: a section, tag, author or archive page, or a shelf of goods.",
    )
    SEARCH = "search_page", "The page shows the results of a search."
    PRODUCT = "product_page", "The page offers a product for sale."
    SERVICE = (
        "service_page",
        "The page presents a company, a service or a site's own matters, and reports nothing.",
    )
    LOGIN_WALL = "login_wall", "The page asks to log in or subscribe and shows no article."
    CONSENT_WALL = "consent_wall", "The page asks for consent to cookies and shows no article."
    BOT_CHALLENGE = "bot_challenge", "The page asks to prove that a person is reading, or blocks."
    SOFT_404 = "soft_404", "The page says that there is no such page, with the status of success."
    SHELL = "empty_shell", "The page is drawn by scripts, and no text stands in it or its data."
    HTTP_ERROR = (
        "http_error",
        "The server answered with an error status other than those of `blocked` and `gone`.",
    )
    BLOCKED = "blocked", "The server refused the request: status 401, 403, 407, 429 or 451."
    GONE = "gone", "The server has no such page: status 404 or 410."
    ROBOTS = "robots", "The site's robots.txt forbids the address."
    OFFSITE = "offsite", "The address leaves the sites that were asked for."
    UNSAFE = (
        "unsafe_address",
        "The address leads into a private network, or is not http or https.",
    )
    OUT_OF_RANGE = (
        "out_of_range",
        "The article was published outside the dates that were asked for.",
    )
    PAYWALL = "paywall_stub", "Only the first lines of the article are shown, before a paywall."
    NO_LIST = "no_list", "What should be a feed or sitemap is none."
    TIMEOUT = "timeout", "The server did not answer in time."
    UNREACHABLE = "unreachable", "The connection failed."
    REDIRECTS = "redirects", "The address redirects too often or in a circle."
    DUPLICATE_URL = ("duplicate_url", "The address had already been fetched in this crawl.")
    FETCH_FAILED = "fetch_failed", "The download ended in an error of another kind."
    NOT_FETCHED = "not_fetched", "The crawl ended before the address was fetched."


BROKEN_INPUT = frozenset(
    {
        Reason.EMPTY,
        Reason.NOT_HTML,
        Reason.TOO_LARGE,
        Reason.TOO_COMPLEX,
        Reason.UNPARSABLE,
        Reason.INVALID_URL,
        Reason.INVALID_LINE,
        Reason.UNREADABLE,
        Reason.TIME_LIMIT,
        Reason.WORKER_DIED,
    }
)
"""Reasons that say the input itself is broken, so that a command exits with 1, not 0."""


class EditCode(_Explained):
    """What a piece of text was removed from the body for, or where it was moved to."""

    TITLE_REPEATED = (
        "title.repeated",
        "The line repeats the title, perhaps with a kicker in front of it.",
    )
    TITLE_LINE = "title.line", "The first line of a text dump, now the title."
    LEAD_DOUBLED = "lead.doubled", "The standfirst repeats a paragraph of the body."
    CAPTION = "caption.moved", "The line is an image caption, kept with the image."
    CREDIT = "credit.moved", "The line is an image credit, kept with the image."
    ALT_TEXT = "caption.alt", "The line is an image's alternative text."
    LABEL_EMPTY = "label.empty", "A label such as 'Published on:' without a value."
    DATE_LINE = "date.line", "A publication or update line, now a date candidate."
    BYLINE = "byline.line", "A byline, now an author candidate."
    READING_TIME = "reading_time.line", "A reading-time note."
    DATELINE = "dateline.moved", "The dateline in front of the text, kept as a field."
    TAIL_AGENCY = ("tail.agency", "The agency or desk initials after the text, kept as fields.")
    NOTE = "note.moved", "A correction or other note of the editors, kept with the notes."
    TAIL_REPORTING = ("tail.reporting", "A 'Reporting by …; Editing by …' note, kept as fields.")
    RELATED = "related.block", "Related stories, or the message that there are none."
    READ_MORE = "related.line", "A line that points to another article."
    PROMO = "promo.line", "An invitation to a newsletter, app, channel or subscription."
    SHARE = "share.line", "A share, follow or comment prompt."
    ADVERT = "advert.line", "An advertising label."
    COPYRIGHT = "copyright.line", "A copyright line; agencies it names are kept as fields."
    FOOTER = "footer.line", "The site's name, host or logo in the footer."
    NOT_BODY = (
        "body.outside",
        "The line does not look like a part of the article's text; the detail says why.",
    )
    AUTHOR_BOX = "author.box", "The line belongs to a box about the author."
    COMMENTS = "comments.block", "The line belongs to the readers' comments."
    PULL_QUOTE = "quote.pulled", "The quote is set apart from a paragraph that has it too."
    CONTENTS = (
        "contents.line",
        "The line of a table of contents repeats a heading, or links to a place on the page.",
    )
    RUN_DOUBLED = "run.doubled", "The line belongs to a passage that is printed twice."
    LAYOUT = "layout.line", "The publisher's file says that the line is no part of the text."
    SITE_LINE = "site.repeated", "The line recurs on other pages of the same source."
    ORPHAN = "label.orphan", "A widget label that stands alone, such as 'Loading…'."
    TAGS = "tags.line", "A list of tags, kept as tags."
