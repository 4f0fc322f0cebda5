"""Confirm the keys of publisher files on stored pages: ``python -m benchmarks.verify_sources FOLDER [--write] [-v]``.

Reads every NAME.pages.jsonl(.gz) of a folder (see `benchmarks.evalset`; a truth there may say which pages are no
articles), and holds each shipped publisher file against the pages of its domains. A key is confirmed when:

- `language`: a page states it, or most pages are written in it;
- `timezone`: more dates on pages are printed with its offset on that day than with another. Z says nothing, and
  +00:00 only beside another offset of the zone: many sites print all dates so, wherever they are;
- `feeds`, `sitemaps`: a page links to one of them, or names it;
- `sections`: pages link to all of them;
- `article_pattern`: it is found in the address of each article, and in none of a section, home page or listing.

Printed are a row a file, totals, and the files whose `verified` says otherwise; ``--write`` corrects that line. The
exit code is 1 where a file states as verified what no page confirms.
"""

import argparse
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from benchmarks.evalset import read_lines
from newscrawl.discovery.feeds import declared_feeds
from newscrawl.discovery.listed import absolute
from newscrawl.extraction.document import Document, parse_document
from newscrawl.extraction.language import ALIASES, detect_language
from newscrawl.items import Page, Rejected
from newscrawl.publishers import PublisherFile, Registry, parse_publisher, read_place

PUBLISHERS: Final = Path(__file__).parents[1] / "newscrawl" / "reference" / "publishers"
ARCHIVED: Final = re.compile(r"https?://web\.archive\.org/web/\d+\w*/(?=https?:)")
SCHEME: Final = re.compile(r"^https?://")
MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s?(Z|[+-]\d\d:?\d\d)"
)
JSON_DATE: Final = re.compile(
    rf'"(?:datePublished|dateModified|dateCreated|uploadDate)\\?"\s*:\s*\\?"{MOMENT.pattern}'
)
JSON_LANGUAGE: Final = re.compile(r'"inLanguage"\s*:\s*(?:\[\s*)?"([a-zA-Z]{2})')
META_DATES: Final = (
    "article:published_time", "article:modified_time", "og:published_time", "og:updated_time", "datepublished",
    "datemodified", "publishdate", "parsely-pub-date", "date", "pubdate", "dc.date", "dcterms.created",
    "dc.date.issued", "sailthru.date", "last-modified", "lastmod",
)  # fmt: skip
DATED: Final = "//*[@itemprop='datePublished' or @itemprop='dateModified'] | //time[@pubdate]"
SHOWN: Final = "//p[not(ancestor::script or ancestor::style or ancestor::noscript or ancestor::template)]"  # fmt: skip
MIN_CHARS: Final = 400
"""Characters of a text whose language is told."""
YEARS: Final = range(1996, 2030)
"""Years in which a date is taken for one of an article."""
WINTER: Final = datetime(2024, 1, 15, 12, tzinfo=UTC)
ARTICLES: Final = (None, "article")
"""What the truth has as the kind of a page that is an article."""
VERIFIED: Final = re.compile(rb"^verified[ \t]*=[ \t]*\[[^\]]*\]", re.MULTILINE)
HEAD_ENDS: Final = re.compile(rb"^(?:[ \t]*\r?$|\[)", re.MULTILINE)
Moment = tuple[str, str, str]
"""A date as printed: day, clock, offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a page says of its site."""

    url: str
    kind: str | None
    """What the truth says that the page is."""
    html: str
    languages: frozenset[str]
    """As stated in the page."""
    moments: frozenset[Moment]
    links: frozenset[str]
    feeds: frozenset[str]
    """Feeds that the page declares, and all that it links to."""
    named: frozenset[str]
    """Addresses of link elements, and all that it links to."""
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether pages confirm a key, and what speaks for it and against it."""

    is_confirmed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What the pages of a source say of its file."""

    source: PublisherFile
    pages: int
    verdicts: dict[str, Verdict]

    @property
    def confirmed(self) -> tuple[str, ...]:
        """The keys that pages confirm."""
        return tuple(key for key, verdict in self.verdicts.items() if verdict.is_confirmed)

    @property
    def unfounded(self) -> tuple[str, ...]:
        """The keys that the file states as verified and no page confirms."""
        return tuple(key for key in self.source.verified if key not in self.confirmed)

    @property
    def unstated(self) -> tuple[str, ...]:
        """The keys that pages confirm and the file does not state as verified."""
        return tuple(key for key in self.confirmed if key not in self.source.verified)


def main() -> None:
    """Hold the publisher files against the pages, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="pages in JSON lines")
    parser.add_argument("--write", action="store_true", help="correct the files' `verified`")
    parser.add_argument("-v", "--verbose", action="store_true", help="say why")
    options = parser.parse_args()
    findings = find_all(options.folder)
    print_table(findings)
    print_totals(findings)
    if options.verbose:
        print_reasons(findings)
    print_differences(findings)
    if options.write:
        count = sum([write_verified(finding) for finding in findings])
        print(f"\n{count} files written")
    elif any(finding.unfounded for finding in findings):
        sys.exit(1)


# -- pages ------------------------------------------------------------------------------------------


def find_all(folder: Path) -> list[Finding]:
    """Hold each publisher file against the pages of its domains."""
    known = Registry.joined([read_place(PUBLISHERS)])
    if known.errors:
        raise SystemExit("\n".join(known.errors))
    pages = defaultdict[str, list[Facts]](list)
    for url, kind, markup in read_rows(folder):
        source = known.of_host(host_of(url))
        if source and (facts := facts_of(url, kind, markup)):
            pages[source.id].append(facts)
    return [confirm(source, pages[source.id]) for source in known.sources()]


def read_rows(folder: Path) -> Iterator[tuple[str, str | None, str]]:
    """Read address, kind and markup of all pages of a folder."""
    paths = sorted(folder.glob("*.pages.jsonl*"))
    if not paths:
        raise SystemExit(f"{folder}: no NAME.pages.jsonl or NAME.pages.jsonl.gz")
    truths = (truth for path in folder.glob("truth.jsonl*") for truth in read_lines(path))
    kinds = {(truth["dataset"], truth["id"]): truth.get("kind") for truth in truths}
    for path in paths:
        name = path.name.partition(".pages.")[0]
        for row in read_lines(path):
            url = ARCHIVED.sub("", (row["url"] or "").strip())
            yield url, kinds.get((name, row.get("id"))), row["html"]


def host_of(url: str) -> str | None:
    """Give the host of an address, if it has one."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def plain(url: str) -> str:
    """Give an address without what does not tell two pages apart.

    >>> plain("https://web.archive.org/web/2020/http://a.org/news/#top")
    'a.org/news'
    """
    url = ARCHIVED.sub("", url.strip()).partition("#")[0]
    return SCHEME.sub("", url).rstrip("/")


def facts_of(url: str, kind: str | None, markup: str) -> Facts | None:
    """Read what a page says of its site; None for one that cannot be parsed, which confirms nothing."""
    document = parse_document(Page(body=markup, url=url))
    if isinstance(document, Rejected):
        return None
    tree: Any = document.tree
    base = absolute(tree.xpath("string(//base/@href)"), url) or url

    def addresses(urls: Iterable[str]) -> frozenset[str]:
        found = (absolute(str(one), base) for one in urls)
        return frozenset(plain(one) for one in found if one)

    links = addresses(tree.xpath("//a/@href"))
    return Facts(
        url=url,
        kind=kind,
        html=markup,
        languages=languages_of(tree, markup),
        moments=moments_of(document, markup),
        links=links,
        feeds=links | addresses(declared_feeds(tree, base)),
        named=links | addresses(tree.xpath("//link/@href")),
        text=" ".join(" ".join(p.itertext()) for p in tree.xpath(SHOWN)),
    )


def languages_of(tree: Any, markup: str) -> frozenset[str]:
    """Give the languages that a page states."""
    stated = [tree.get("lang"), tree.get("{http://www.w3.org/XML/1998/namespace}lang")]
    stated += [tree.get("xml:lang"), *tree.xpath('//meta[@property="og:locale"]/@content')]
    codes = [str(one).strip()[:2].lower() for one in (*stated, *JSON_LANGUAGE.findall(markup)) if one]  # fmt: skip
    return frozenset(ALIASES.get(code, code) for code in codes if code)


def moments_of(document: Document, markup: str) -> frozenset[Moment]:
    """Give the dates of publication and change that a page prints with an offset."""
    tree: Any = document.tree
    values = [value for name in META_DATES for value in document.metas.get(name, ())]
    values += [node.get(name) or "" for node in tree.xpath(DATED) for name in ("datetime", "content")]  # fmt: skip
    found = [moment for value in values for moment in MOMENT.findall(value)]
    return frozenset((*found, *JSON_DATE.findall(markup)))


# -- keys -------------------------------------------------------------------------------------------


def confirm(source: PublisherFile, pages: list[Facts]) -> Finding:
    """Look for what speaks for and against each key that a file has."""
    verdicts = {key: check(source, pages) for key, check in CHECKS.items() if getattr(source, key)}
    return Finding(source, len(pages), verdicts)


def check_language(source: PublisherFile, pages: list[Facts]) -> Verdict:
    """Look for pages that state the language, else tell it of their texts."""
    stated = Counter(language for page in pages for language in page.languages)
    if stated[source.language or ""]:
        return Verdict(True, f"stated {dict(stated)}")
    told = Counter(detect_language(p.text)[0] for p in pages if len(p.text) >= MIN_CHARS)
    most = [code for code, _ in told.most_common(1)]
    return Verdict(most == [source.language], f"stated {dict(stated)}, the texts {dict(told)}")


def check_timezone(source: PublisherFile, pages: list[Facts]) -> Verdict:
    """Count printed offsets that are those of the zone, and others."""
    zone = ZoneInfo(source.timezone or "UTC")
    moments = [moment for page in pages for moment in page.moments]
    has_other = any(offset_of(moment) and fits(zone, moment) for moment in moments)
    said = Counter(fits(zone, m) for m in moments if offset_of(m) or has_other)
    offsets = dict(Counter(offset for _, _, offset in sorted(moments)))
    return Verdict(said[True] > said[False], f"{said[True]} for, {said[False]} against: {offsets}")


def offset_of(moment: Moment) -> timedelta | None:
    """Give the offset that is printed; None for Z, which programs print wherever they are.

    >>> offset_of(("2024-05-03", "10:00", "-0430"))
    datetime.timedelta(days=-1, seconds=70200)
    """
    offset = moment[2]
    if offset == "Z":
        return None
    sign = -1 if offset[0] == "-" else 1
    return sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))


def fits(zone: ZoneInfo, moment: Moment) -> bool | None:
    """Tell whether a printed offset is the zone's on that day; None where it says nothing.

    >>> fits(ZoneInfo("Europe/London"), ("2024-05-03", "10:00", "+01:00"))
    True
    """
    day, clock, _ = moment
    printed = offset_of(moment)
    try:
        local = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)
    except ValueError:
        return None
    if printed is None or local.year not in YEARS:
        return None
    expected = local.utcoffset()
    if not printed and expected and WINTER.astimezone(zone).utcoffset():
        # A site of a zone that is never, or in summer alone, at +00:00: its server is there, or its clock.
        return None
    return printed == expected


def check_feeds(source: PublisherFile, pages: list[Facts]) -> Verdict:
    """Look for one of the feeds among those that pages declare and link to."""
    found = united(page.feeds for page in pages)
    others = sorted(url for url in found if re.search("rss|feed|atom", url))[:6]
    mine = [url for url in source.feeds if plain(url) in found]
    return Verdict(bool(mine), f"found {mine}" if mine else f"on the pages are {others}")


def check_sitemaps(source: PublisherFile, pages: list[Facts]) -> Verdict:
    """Look for one of the sitemaps, anywhere in a page."""
    named = united(page.named for page in pages)
    mine = [u for u in source.sitemaps if plain(u) in named or any(u in p.html for p in pages)]
    return Verdict(bool(mine), f"found {mine}")


def check_sections(source: PublisherFile, pages: list[Facts]) -> Verdict:
    """Look for links to all sections."""
    links = united(page.links for page in pages)
    missing = [url for url in source.sections if plain(url) not in links]
    return Verdict(not missing, f"no links to {missing}" if missing else "links to all")


def check_pattern(source: PublisherFile, pages: list[Facts]) -> Verdict:
    """Look for the pattern in the addresses of articles, and of what is none."""
    pattern = re.compile(source.article_pattern or "")
    articles = [re.split("[?#]", page.url)[0] for page in pages if page.kind in ARTICLES]
    unmatched = [url for url in articles if not pattern.search(url)]
    lists = [page.url for page in pages if page.kind == "listing"]
    wrong = [u for u in (*source.sections, source.home_page, *lists) if pattern.search(u)]
    why = f"in {len(articles) - len(unmatched)} of {len(articles)} articles"
    why += f", not in {unmatched}" if unmatched else ""
    why += f", but in {wrong}" if wrong else ""
    return Verdict(bool(articles) and not unmatched and not wrong, why)


def united(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """Join sets."""
    return frozenset[str]().union(*sets)


CHECKS: Final[dict[str, Callable[[PublisherFile, list[Facts]], Verdict]]] = {
    "language": check_language,
    "timezone": check_timezone,
    "feeds": check_feeds,
    "sitemaps": check_sitemaps,
    "sections": check_sections,
    "article_pattern": check_pattern,
}
"""The keys that pages can confirm."""


# -- printing and writing ---------------------------------------------------------------------------


def print_table(findings: list[Finding]) -> None:
    """Print a row a file."""
    print("| source | pages | confirmed keys | stated in the file as verified |\n|---|--:|---|---|")
    for one in findings:
        print(f"| {one.source.id} | {one.pages} | {listed(one.confirmed)} | {listed(one.source.verified)} |")  # fmt: skip


def print_totals(findings: list[Finding]) -> None:
    """Print how many files there are, and how many have each key."""
    countries = {one.source.country for one in findings if one.source.country}
    with_pages = [one.pages for one in findings if one.pages]
    print(f"\n{len(findings)} files of {len(countries)} countries; {len(with_pages)} have pages, {sum(with_pages)} in all")  # fmt: skip
    print("\n| key | files with it | verified on pages |\n|---|--:|--:|")
    for key in CHECKS:
        having = [one for one in findings if key in one.verdicts]
        print(f"| {key} | {len(having)} | {sum(key in one.confirmed for one in having)} |")


def print_reasons(findings: list[Finding]) -> None:
    """Print what speaks for and against each key."""
    for one in findings:
        print(f"\n{one.source.id}: {one.pages} pages")
        for key, verdict in one.verdicts.items():
            print(f"  {'+' if verdict.is_confirmed else '-'} {key}: {verdict.why}")


def print_differences(findings: list[Finding]) -> None:
    """Print the files whose `verified` is not what pages confirm."""
    print()
    for one in findings:
        if one.unfounded or one.unstated:
            print(f"{one.source.id}: stated, not confirmed: {listed(one.unfounded)}; confirmed, not stated: {listed(one.unstated)}")  # fmt: skip
    differing = sum(bool(one.unfounded or one.unstated) for one in findings)
    print(f"{differing} files differ, {sum(bool(one.unfounded) for one in findings)} state what no page confirms")  # fmt: skip


def listed(keys: Iterable[str]) -> str:
    """Write keys for a reader."""
    return ", ".join(keys) or "—"


def write_verified(finding: Finding) -> bool:
    """Correct the line of a file that says what is verified; tell whether that changed it."""
    path = Path(finding.source.path)
    before = path.read_bytes()
    after = with_verified(before, finding.confirmed)
    written = parse_publisher(path.name, after.decode("utf-8"))
    if written.verified != finding.confirmed:
        raise SystemExit(f"{path}: its `verified` is not where it is looked for")
    if after != before:
        path.write_bytes(after)
    return after != before


def with_verified(text: bytes, keys: Iterable[str]) -> bytes:
    r"""Put keys into the `verified` line of a file, or add one to the end of its head.

    >>> with_verified(b'name = "A"\nverified = ["feeds"] # once\n\n[[layouts]]\n', ["language"])
    b'name = "A"\nverified = ["language"] # once\n\n[[layouts]]\n'
    >>> with_verified(b'name = "A"\n\n[[layouts]]\n', [])
    b'name = "A"\nverified = []\n\n[[layouts]]\n'
    """
    line = "verified = [{}]".format(", ".join(f'"{key}"' for key in keys)).encode()
    if found := VERIFIED.search(text):
        return text[: found.start()] + line + text[found.end() :]
    newline = b"\r\n" if b"\r\n" in text else b"\n"
    if text and not text.endswith(b"\n"):
        text += newline
    ends = HEAD_ENDS.search(text)
    place = ends.start() if ends else len(text)
    return text[:place] + line + newline + text[place:]


if __name__ == "__main__":
    main()
