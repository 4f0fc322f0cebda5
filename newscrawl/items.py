"""The values that travel through newscrawl: Page → Draft → Article or Rejected.

All are frozen and slotted, hold plain data only, and compare and pickle. ``None`` means
"not found"; nothing is guessed.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from newscrawl.reasons import EditCode, Reason

SCHEMA_VERSION = 1
HOME_PAGE = "home page"
"""A `page_type`; the others are the types that the page declares."""

SIGNS: Final = (
    "path_depth", "is_root", "slug_words", "slug_digits", "path_year", "path_paged", "has_query",
    "path_not_article", "is_search", "is_html", "ld_article", "ld_product", "ld_list", "ld_business", "ld_page", "og_article", "og_website", "og_product",
    "has_published_meta", "has_author_meta", "body_single", "body_list", "body_shop", "body_page", "articles", "h1s", "headings",
    "linked_headings", "images", "forms", "inputs", "buttons", "times", "tables", "prices", "segments",
    "menu_share", "link_share", "prose", "paragraphs", "long_paragraphs", "mean_prose", "top_share",
    "sure_share", "mean_score", "kept_spread", "author_candidates",
    "date_candidates", "has_date_markup", "cards", "title_words", "comments", "questions", "first_person",
    "tel_links", "share_links", "trade_links", "tag_links", "author_links", "trade_path", "topic_path",
)  # fmt: skip
"""What `Draft.signs` holds: figures of a page as a whole, taken while its tree is at hand."""

BY_LAYOUT: Final = "layout."
"""What the methods of values begin with that a publisher's file points to."""
FOUND_NEARBY: Final = (
    "text.near", "text.said", "text.title", "text.byline", "rdfa", "hatom", "page.", "link.author",
    "class.apart",
)  # fmt: skip
"""Methods of values that a page does not mark as its own; pages that are no articles have such too."""

AuthorKind = Literal["person", "desk", "agency", "publisher"]
SourceKind = Literal["outlet", "agency", "generic"]
NoteKind = Literal["correction", "editors_note", "disclosure", "translation", "republication"]
BlockKind = Literal["paragraph", "heading", "quote", "list_item", "table_row", "code"]
Precision = Literal["second", "minute", "day", "month", "year"]
ClusterRole = Literal["original", "copy", "edited_copy"]


@dataclass(frozen=True, slots=True)
class Seen:
    """How often something recurs on the pages of a source, and where."""

    pages: int
    """Articles it was seen on."""
    examples: tuple[str, ...] = ()
    """Addresses of the first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What recurs on the pages of one source; see `newscrawl.profiles`."""

    source: str
    """The publisher's id: the registrable domain."""
    pages: int
    """Articles it was learnt from."""
    lines: dict[str, Seen] = field(default_factory=dict)
    """By the line's letters and digits."""
    images: dict[str, Seen] = field(default_factory=dict)
    """By address."""
    links: dict[str, Seen] = field(default_factory=dict)
    """By address, where a whole line is the link."""
    digest: str | None = None
    """SHA-256 of the above, 16 hex digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One value found for a field, before it is judged."""

    field: str
    """The field it is a candidate for."""
    raw: str
    """The value as it stands on the page."""
    method: str
    """Where it was found, such as `jsonld.datePublished`."""
    kind: str | None = None
    """The type the source gives it, such as `Person` or `Organization`."""
    url: str | None = None
    """An address that comes with it, such as an author page."""
    why: str | None = None
    """Why it lost, where it is an alternative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """A sign by which the publisher restricts what may be done with a page."""

    signal: str
    """Where it stands: meta.robots, x-robots-tag, robots.txt, tdm-reservation or tdm-policy."""
    value: str
    """What it says: a directive such as `noindex` or `noai`, the name of a training crawler that robots.txt
    turns away, or the value of the TDM reservation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as it was fetched or read, before anything is known about it."""

    body: bytes | str = field(repr=False)
    """The bytes as they came, or text that is decoded already."""
    url: str | None = None
    """Absolute address; may be unknown for files and text dumps."""
    id: str | int | None = None
    """The caller's own id, given back on the article line as it came."""
    kind: Literal["html", "text"] = "html"
    """`text` for a plain-text dump that another tool has made of a page."""
    content_type: str | None = None
    """The Content-Type header, if the page came over HTTP."""
    fetched_at: datetime | None = None
    """Aware time of the download; the only notion of 'now' the cleaner has."""
    origin: str | None = None
    """Where it was read from (path, path:line, or the spider), for messages."""
    profile: Profile | None = field(default=None, repr=False)
    """What is known to recur on the pages of its source."""
    listed: tuple[Candidate, ...] = ()
    """What the feed or sitemap that led to it says of it: dates, title, tags and more, as they stand there."""
    opt_outs: tuple[OptOut, ...] = ()
    """What its headers and its host's robots.txt say against some uses of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of body text."""

    kind: BlockKind
    """paragraph, heading, quote, list_item, table_row or code."""
    text: str
    """Its text, white space folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Block):
    """A block of a draft, with what was found against it."""

    code: EditCode | None = None
    """What it is dropped as, if it is not the article's text."""
    doubt: str | None = None
    """Why it is not; absent where it is kept."""
    link: str | None = None
    """The address that the whole line links to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One removal: which text went, and why."""

    code: EditCode
    """The code of the rule, one of `EditCode`."""
    text: str
    """The removed text as it stood."""
    detail: str | None = None
    """What spoke against it, where the code alone does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Who made or supplied an image."""

    raw: str
    """The credit as printed."""
    photographer: str | None = None
    """The person, the first of them."""
    agency: str | None = None
    """The agency, stock library or collection, the first of them."""
    photographers: tuple[str, ...] = ()
    """All persons named."""
    agencies: tuple[str, ...] = ()
    """All agencies, libraries and collections named, in the order of the chain."""
    supplied_as: str | None = None
    """pool, handout, courtesy, screenshot or file, where the credit says so."""
    licence: str | None = None
    """The licence that the credit names, such as `CC BY-SA 4.0`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that belongs to the article."""

    url: str | None = None
    """Absolute address of the largest version found."""
    caption: str | None = None
    """The caption without the credit."""
    credit: Credit | None = None
    """The credit line, split."""
    alt: str | None = None
    """The alternative text."""
    is_lead: bool = False
    """True for the image at the head of the article."""
    is_generic: bool = False
    """True where caption or credit calls it a file, symbolic or illustrative picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who the byline names: a person, or a desk, an agency or the publisher in a person's place."""

    name: str
    """The name as printed, without 'By', role or place."""
    kind: AuthorKind = "person"
    """person, desk, agency or publisher."""
    raw: str | None = None
    """The piece of the byline that it was read from; absent where that is the name."""
    role: str | None = None
    """Role printed with the name."""
    affiliation: str | None = None
    """Outlet or organisation printed with the name."""
    place: str | None = None
    """Where it was written, if printed with the name."""
    url: str | None = None
    """The author's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """A news agency the text or a part of it comes from."""

    id: str
    """Stable id in `reference/gazetteers/agencies.toml`, such as `ians`."""
    name: str
    """Full name, such as `Indo-Asian News Service`."""
    where: tuple[str, ...] = ()
    """Where it is named: byline, dateline, tail, copyright, jsonld."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dateline:
    """Place and agency in front of the first sentence."""

    raw: str
    """The dateline as printed."""
    place: str | None = None
    """The place or places."""
    date: str | None = None
    """The day as printed; it has no year."""
    agency: str | None = None
    """The agency's id."""
    places: tuple[str, ...] = ()
    """The places one by one, where a slash or 'and' parts them."""
    reporter: str | None = None
    """The reporter, where the dateline names one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedSource:
    """Whom the text names as the one that reported something, at one place of the text."""

    name: str | None = None
    """The outlet or agency; absent where the text says 'media reports'."""
    kind: SourceKind = "outlet"
    """outlet, agency or generic."""
    phrase: str
    """The words that cite it."""
    verb: str | None = None
    """The verb or preposition: reported, told, laut."""
    count: int = 1
    """How often the text cites it in all."""
    is_self: bool = False
    """True where a text cites its own publisher or agency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the editors say about the article itself."""

    kind: NoteKind
    """correction, editors_note, disclosure, translation or republication."""
    text: str
    """The note as printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copyright:
    """Who holds the rights, as the page says."""

    holder: str | None = None
    """The holder."""
    year: str | None = None
    """The year as printed; it is no date of publication."""
    notice: str | None = None
    """The notice as printed."""
    licence: str | None = None
    """Address or name of the licence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who published the page."""

    name: str | None = None
    """The name the page gives, or the one in the publisher file."""
    domain: str | None = None
    """The host the page was published on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateInfo:
    """How a date was found and how far it can be trusted."""

    raw: str
    """The value as it stands on the page."""
    precision: Precision | None = None
    """The finest unit the page states; absent where no value could be read."""
    method: str
    """Where it was found."""
    zone_from: str | None = None
    """offset, utc, name, publisher, conflict, compared (with the same moment in local time), or absent where it is not known."""
    alternatives: tuple[Candidate, ...] = ()
    """The other candidates."""
    flags: tuple[str, ...] = ()
    """Anything odd: label_without_value, modified_before_published, modified_only, future_skipped, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """How both dates came about."""

    published: DateInfo | None = None
    """For `date_published`."""
    modified: DateInfo | None = None
    """For `date_modified`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paywall:
    """What the page says about access, and what its text looks like."""

    declared: bool | None = None
    """True where the page declares itself not free."""
    truncated: bool | None = None
    """True where only a beginning of the text is on the page; absent where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Which version of the article this is, where a crawl keeps state."""

    number: int
    """1 for the first that was stored."""
    previous: str | None = None
    """The `text_hash` of the version before."""
    changed: tuple[str, ...] = ()
    """The fields that differ from the version before."""
    corrections: tuple[str, ...] = ()
    """The corrections that the version before did not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedWith:
    """The versions that made the article."""

    newscrawl: str
    """Version of newscrawl."""
    trafilatura: str | None = None
    """Version of trafilatura; absent where no HTML was read."""
    publisher_layout: str | None = None
    """The publisher file that took part, by its id; with `@` and its last day, where a dated layout of it did."""
    layout_missed: tuple[str, ...] | None = None
    """Keys of that layout whose selectors found nothing usable, so that the general result stands; absent where there are none."""
    profile: str | None = None
    """The digest of the profile that was handed in for the source; absent where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCount:
    """How often something was removed under one code."""

    code: EditCode
    """The code of the rule, one of `EditCode`."""
    count: int
    """Pieces removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The articles of a corpus whose texts are one text, and what this one is among them."""

    id: str
    """The same for all of them: a hash of the original's source and address."""
    role: ClusterRole
    """original: an agency's own print of its text, else the earliest; copy: word for word; edited_copy: changed."""
    similarity: float
    """Share of word 5-grams in common with the original (Jaccard), 0 to 1."""
    original: str
    """The id of the original."""
    size: int | None = None
    """Articles in it, versions of one counted once; absent where articles were linked as they passed by."""
    agency: str | None = None
    """The id of the agency that most of them name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where one field's value came from, and what lost against it."""

    field: str
    """The field."""
    method: str
    """The source that won."""
    raw: str
    """Its raw value."""
    alternatives: tuple[Candidate, ...] = ()
    """The other candidates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is known of a page between the stages; plain data, no tree."""

    page: Page
    blocks: tuple[Block, ...]
    candidates: tuple[Candidate, ...] = ()
    images: tuple[Image, ...] = ()
    told_captions: tuple[str, ...] = ()
    title: str | None = None
    subtitle: str | None = None
    description: str | None = None
    canonical_url: str | None = None
    amp_url: str | None = None
    publisher: Publisher = Publisher()
    language: str | None = None
    country: str | None = None
    timezone: str | None = None
    publisher_layout: str | None = None
    layout_missed: tuple[str, ...] = ()
    is_ruled: bool = False
    section: str | None = None
    tags: tuple[str, ...] = ()
    kind: str = "article"
    page_type: str | None = None
    signs: tuple[float, ...] = ()
    wall: tuple[Reason, str] | None = None
    is_rescued: bool = False
    paywall: Paywall = Paywall()
    videos: tuple[str, ...] = ()
    opt_outs: tuple[OptOut, ...] = ()
    authors: tuple[Author, ...] = ()
    desk: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    contributors: tuple[str, ...] = ()
    agencies: tuple[Agency, ...] = ()
    byline_raw: str | None = None
    dateline: Dateline | None = None
    sources_cited: tuple[CitedSource, ...] = ()
    notes: tuple[Note, ...] = ()
    copyright: Copyright | None = None
    date_published: str | None = None
    date_modified: str | None = None
    dates: Dates = Dates()
    edits: tuple[Edit, ...] = ()
    provenance: tuple[Provenance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One clean article, schema version 1: a line of the output."""

    schema_version: int = SCHEMA_VERSION
    """Version of this schema; a new field raises newscrawl's minor version, not this."""
    id: str | int
    """The caller's id, else a stable hash of the canonical URL, else of the text."""
    url: str | None = None
    """The address the page was fetched from."""
    canonical_url: str | None = None
    """The address the page says is its own."""
    amp_url: str | None = None
    """The AMP version."""
    source: str | None = None
    """The publisher's id: the registrable domain."""
    publisher: Publisher = Publisher()
    """Name and domain."""
    title: str | None = None
    """The headline."""
    subtitle: str | None = None
    """Standfirst or subheadline."""
    text: str
    """The blocks of the body joined by a blank line."""
    body: tuple[Block, ...]
    """The body, block by block."""
    authors: tuple[Author, ...] = ()
    """Everyone the byline names, in its order, each with its kind; people are `kind` person."""
    editors: tuple[str, ...] = ()
    """Names or initials of editors, as printed."""
    contributors: tuple[str, ...] = ()
    """People whom a note at the end names as having contributed."""
    desk: tuple[str, ...] = ()
    """Desks, staff and organisations that stand where an author would."""
    agencies: tuple[Agency, ...] = ()
    """News agencies, by id."""
    byline_raw: str | None = None
    """The byline as it stands on the page."""
    dateline: Dateline | None = None
    """Place and agency in front of the text."""
    sources_cited: tuple[CitedSource, ...] = ()
    """Whom the text says reported something, once for each time."""
    notes: tuple[Note, ...] = ()
    """Corrections, editor's notes, disclosures, and where the text was first or in which language."""
    copyright: Copyright | None = None
    """Who holds the rights, as declared or as a line at the end says."""
    date_published: str | None = None
    """ISO 8601 with offset where one is known; a bare day where only a day is."""
    date_modified: str | None = None
    """Like `date_published`."""
    dates: Dates = Dates()
    """Raw values, precision, method and flags of both dates."""
    language: str | None = None
    """ISO 639-1 code."""
    section: str | None = None
    """The publisher's section."""
    tags: tuple[str, ...] = ()
    """Keywords."""
    kind: str = "article"
    """article, live_blog, opinion, video, gallery, review, …"""
    paywall: Paywall = Paywall()
    """Access as declared, and as it looks."""
    images: tuple[Image, ...] = ()
    """Images with caption and credit."""
    videos: tuple[str, ...] = ()
    """Addresses of videos the page declares."""
    opt_outs: tuple[OptOut, ...] = ()
    """Signs by which the publisher restricts what may be done with the page; nothing is left out for them."""
    text_hash: str
    """SHA-256 of the text after NFKC and white-space folding, 32 hex digits."""
    word_count: int
    """Words in `text`; in scripts without spaces, letters."""
    fetched_at: datetime | None = None
    """When the page was downloaded."""
    revision: Revision | None = None
    """Which version this is; only in lines of a crawl that keeps state."""
    extracted_with: ExtractedWith
    """The versions that made this line."""
    removed_codes: tuple[CodeCount, ...] = ()
    """How many pieces were removed from the text, by code."""
    cluster: Cluster | None = None
    """Near-duplicates of it; only where they were looked for, and absent where there are none."""
    removed: tuple[Edit, ...] = ()
    """On request: every removed text with its code."""
    provenance: tuple[Provenance, ...] = ()
    """On request: where each field came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A page that is no article, with the reason."""

    reason: Reason
    """One of `Reason`."""
    url: str | None = None
    """The page's address."""
    id: str | int | None = None
    """The caller's id."""
    detail: str | None = None
    """What exactly, in words."""
    origin: str | None = None
    """Where it was read from."""
