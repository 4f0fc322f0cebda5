"""newscrawl sources."""

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
from rich.console import Console
from rich.table import Table

from newscrawl.cli import add_common_options
from newscrawl.cli.exits import ExitCode
from newscrawl.cli.state import add_state_option, named_state
from newscrawl.errors import InputError, UsageError
from newscrawl.extraction.document import is_http_url
from newscrawl.fixtures import (
    Comparison,
    Fixture,
    check_fixture,
    find_fixtures,
    fixture_folders,
    known_failures,
)
from newscrawl.items import Article, Page, Rejected
from newscrawl.publishers import (
    DEFAULT_PLACE,
    VARIABLE,
    PublisherFile,
    Registry,
    forget_registry,
    parse_publisher,
    publisher_for,
    registry,
    to_toml,
    user_places,
)
from newscrawl.quality import registrable_domain
from newscrawl.reference import ROOT
from newscrawl.stages import clean
from newscrawl.state.deliveries import (
    ARTICLES,
    FIELDS,
    HAS,
    LINKS,
    MISSED,
    READS,
    REJECTED,
    WORDS,
    Counts,
    filled,
)
from newscrawl.state.drift import Break
from newscrawl.state.inspection import State, open_state
from newscrawl.state.place import DEFAULT as DEFAULT_STATE
from newscrawl.whereabouts import Whereabouts, find_whereabouts, most_common
from newscrawl.wording import numbered

if TYPE_CHECKING:
    from newscrawl.probing import Survey

EXAMPLE: Final = """
examples:
  newscrawl sources add https://www.example.org/        look at a site, try ten articles, write its file
  newscrawl sources list                                all sources, and the fields that each delivers
  newscrawl sources show apnews.com                     one source: its file, what it delivered, what has changed
  newscrawl sources test                                all files and fixtures; what has changed in the last weeks
  newscrawl sources test apnews.com --live              its lists and a few of its articles, as they are now

A source is a file of two lines or more: name and domains. Yours are in the folders, or list files with tables
[[sources]], that the environment variable NEWSCRAWL_SOURCES names, else in data/sources; they win over the shipped ones.
Each is a spider too: newscrawl crawl apnews.com, or scrapy crawl apnews.com.

exit codes: 0 all well, 1 a file is wrong or a fixture fails, 2 wrong usage, 3 no article found, 4 a source no longer
delivers what it did, 5 the site refused
"""
SHORT: Final = {
    "title": "title", "subtitle": "subt.", "authors": "auth.", "date_published": "date", "time": "time",
    "date_modified": "mod.", "section": "sect.", "tags": "tags", "images": "img", "captions": "capt.",
    "language": "lang",
}  # fmt: skip
"""Headings of the table of fields."""
MAX_SHOWN: Final = 70


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    actions = parser.add_subparsers(metavar="ACTION", title="actions", required=True)
    add = actions.add_parser("add", help="look at a site and write its publisher file")
    add.add_argument("site", metavar="URL", help="the address of the home page, or a host")
    add.add_argument("--into", metavar="DIR", help=f"where the file goes ({DEFAULT_PLACE})")
    add.add_argument("--articles", type=int, default=10, metavar="N", help="articles to try (%(default)s)")  # fmt: skip
    add.add_argument("--dry-run", action="store_true", help="print the file, and write none")
    add.add_argument("--force", action="store_true", help="overwrite the file that is there")
    add.set_defaults(run=run_add)
    every = actions.add_parser("list", help="all sources, and the fields that each delivers")
    every.set_defaults(run=run_list)
    show = actions.add_parser("show", help="one source: its file and what it delivered")
    show.add_argument("name", metavar="NAME")
    show.set_defaults(run=run_show)
    test = actions.add_parser("test", help="check files, fixtures, and what sources deliver")
    test.add_argument("name", nargs="?", metavar="NAME", help="one source; all, if not given")
    test.add_argument("--live", action="store_true", help="look at its lists and some articles now")
    test.add_argument("--articles", type=int, default=10, metavar="N", help="articles to try (%(default)s)")  # fmt: skip
    test.add_argument("--fixtures", metavar="DIR", help="where fixtures are, if not in the usual folders")  # fmt: skip
    test.set_defaults(run=run_test)
    for action in (every, show, test):
        add_state_option(action)
    for action in (add, test):
        action.add_argument("-s", dest="settings", action="append", default=[], metavar="NAME=VALUE", help="a Scrapy setting, as in scrapy crawl")  # fmt: skip
    for action in (add, every, show, test):
        add_common_options(action, is_action=True)


# -- add --------------------------------------------------------------------------------------------


def run_add(options: argparse.Namespace) -> ExitCode:
    """Look at a site, try some articles, and write its file."""
    _use(options)
    folder = Path(options.into or next(iter(user_places()), DEFAULT_PLACE))
    host = _host_of(options.site)
    if not options.dry_run:
        _refuse_taken(folder / f"{host}.toml", host, force=options.force)
    survey = _surveyed(options, options.site, None)
    outcomes = [page if isinstance(page, Rejected) else clean(page) for page in survey.pages]
    articles = [outcome for outcome in outcomes if isinstance(outcome, Article)]
    console = _console(options)
    if survey.leads:
        _print_lists(survey, console)
        _print_trial(outcomes, console)
    if not articles:
        return _nothing(survey, outcomes)
    source, where = describe(survey, articles)
    text = to_toml(source, _comments(survey, articles, where))
    for reason in where.reasons:
        console.print(reason)
    path = folder / f"{source.id}.toml"
    known = publisher_for(source.domains[0])
    if known and known.is_shipped:
        console.print(
            f"{known.id} is shipped: its layouts, rules and limits are kept in yours, which takes its place"
        )
    if options.dry_run:
        console.print(f"\n{text}", markup=False)
        return ExitCode.OK
    _refuse_taken(path, source.domains[0], force=options.force)
    _write(path, text)
    forget_registry()
    is_read = any(Path(place).absolute() == folder.absolute() for place in user_places())
    how = f"crawl it with: newscrawl crawl {source.id}"
    if not is_read:
        how = f"it is read if {VARIABLE} names {folder}"
    console.print(f"\n{path}: written; {how}", markup=False)
    return ExitCode.OK


def _host_of(site: str) -> str:
    """Give the host of what was asked for, without `www.`.

    Raises:
        UsageError: it is no address of the web.

    """
    address = site if "://" in site else f"https://{site}"
    host = urlsplit(address).hostname if is_http_url(address) else None
    if not host or re.search(r"\s", site):
        raise UsageError(f"{site!r} is neither a host nor an http or https address")
    return host.removeprefix("www.")


def _use(options: argparse.Namespace) -> None:
    """Take the places of publisher files that -s names, before anybody asks which sources there are."""
    for pair in options.settings:
        name, _, value = pair.partition("=")
        if name == VARIABLE and value:
            os.environ[VARIABLE] = value
            forget_registry()


def _refuse_taken(path: Path, domain: str, *, force: bool) -> None:
    """Refuse to write over a file, or a second one for a domain.

    Raises:
        UsageError: it is there already.

    """
    if path.parent.suffix == ".toml" or path.parent.is_file():
        raise UsageError(f"{path.parent} is a file; say with --into which folder to write to")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; give --force to overwrite it")
    other = publisher_for(domain)
    if other and not other.is_shipped and Path(other.path).absolute() != path.absolute():
        is_same_place = Path(other.path).parent.absolute() == path.parent.absolute()
        if domain in other.domains and is_same_place:
            raise UsageError(f"{other.path} has {domain} already")


def _surveyed(options: argparse.Namespace, site: str, source: PublisherFile | None) -> "Survey":
    # Imported here: it loads Scrapy, which the other actions do not need.
    from newscrawl.cli.crawl import given_settings, log_settings
    from newscrawl.crawling import project_settings
    from newscrawl.probing import survey_site

    if options.articles < 1:
        raise UsageError("--articles: at least 1")
    settings = project_settings(**log_settings(options), **given_settings(options.settings))
    return survey_site(site, settings, source=source, number=options.articles)


def describe(survey: "Survey", articles: Sequence[Article]) -> tuple[PublisherFile, Whereabouts]:
    """Make a publisher file of what was found on a site."""
    from newscrawl.probing import article_pattern

    host = (urlsplit(survey.home).hostname or "").removeprefix("www.")
    pages = [page for page in survey.pages if isinstance(page, Page)]
    where = _with_known(find_whereabouts(host, articles, pages), publisher_for(host))
    name = most_common(article.publisher.name for article in articles) or host
    home = survey.home
    sitemaps = survey.good("news_sitemap", "sitemap", "index")
    sections = [lead.url for lead in survey.good("section") if lead.url != survey.home]
    # What is known already of how it reads and how it is to be asked stays.
    known = publisher_for(host)
    source = msgspec.structs.replace(
        known or PublisherFile(name=name, domains=(host,)),
        id=host,
        name=known.name if known else name,
        domains=tuple(dict.fromkeys((host, *(known.domains if known else ())))),
        home=None if home == f"https://{host}/" else home,
        language=where.language,
        country=where.country,
        timezone=where.timezone,
        feeds=tuple(lead.url for lead in survey.good("feed")),
        sitemaps=tuple(lead.url for lead in sitemaps),
        sections=tuple(sections),
        article_pattern=article_pattern(survey) or (known.article_pattern if known else None),
        verified=(),
        path="",
    )
    return source, where


def _with_known(where: Whereabouts, known: PublisherFile | None) -> Whereabouts:
    """Take from the file that there is already what the pages do not tell."""
    if known is None:
        return where
    names = ("language", "country", "timezone")
    missing = [n for n in names if getattr(where, n) is None and getattr(known, n) is not None]
    return replace(
        where,
        **{name: getattr(known, name) for name in missing},
        reasons=(*where.reasons, *(f"{name}: as in {known.path}" for name in missing)),
    )


def _comments(survey: "Survey", articles: Sequence[Article], where: Whereabouts) -> Iterable[str]:
    yield f"Made by newscrawl sources add on {date.today().isoformat()}, from {numbered(len(articles), 'article')}."  # noqa: DTZ011 - the day where it was made
    yield from (f"{reason}." for reason in where.reasons)
    if survey.delay:
        yield f"robots.txt asks for {survey.delay:g} seconds between two requests."
    for said in survey.opt_outs:
        yield f"opt-out: {said.signal}: {said.value}"[:MAX_SHOWN].replace("\n", " ")


def _write(path: Path, text: str) -> None:
    parse_publisher(str(path), text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def _nothing(survey: "Survey", outcomes: Sequence[Article | Rejected]) -> ExitCode:
    """Say why there is no article; nothing is written."""
    from newscrawl.reasons import Reason

    reasons = [survey.problem[0]] if survey.problem else []
    reasons += [outcome.reason for outcome in outcomes if isinstance(outcome, Rejected)]
    detail = f": {survey.problem[1]}" if survey.problem and survey.problem[1] else ""
    said = ", ".join(f"{reason} {n}" for reason, n in Counter(map(str, reasons)).items())
    print(f"newscrawl: {survey.home}: no article found ({said or 'no list leads to one'}{detail})", file=sys.stderr)  # fmt: skip
    if reasons and set(reasons) <= {Reason.ROBOTS, Reason.BLOCKED, Reason.BOT_CHALLENGE}:
        return ExitCode.BLOCKED
    unreached = {Reason.UNREACHABLE, Reason.TIMEOUT, Reason.UNSAFE, Reason.FETCH_FAILED}
    return ExitCode.FAILED if survey.problem and reasons[0] in unreached else ExitCode.NOTHING


def _print_lists(survey: "Survey", console: Console) -> None:
    table = Table("list", "kind", "articles", "newest", box=None, pad_edge=False)
    for lead in survey.leads:
        newest = max((m for e in lead.entries if (m := e.newest)), default=None)
        what = lead.problem or str(len(lead.entries))
        table.add_row(lead.url, lead.kind, what, newest.date().isoformat() if newest else "")
    console.print(table)
    if survey.delay:
        console.print(f"robots.txt asks for {survey.delay:g} seconds between two requests")
    for said in survey.opt_outs:
        console.print(f"opt-out: {said.signal}: {said.value}", markup=False)


def _print_trial(outcomes: Sequence[Article | Rejected], console: Console) -> None:
    """Print the fill rate of each field, and what was refused."""
    articles = [outcome for outcome in outcomes if isinstance(outcome, Article)]
    are = "is an article" if len(outcomes) == 1 else "are articles"
    console.print(f"\n{len(articles)} of {numbered(len(outcomes), 'page')} {are}")
    table = Table("field", "filled", "an example", box=None, pad_edge=False)
    has = [filled(article) for article in articles]
    for name in FIELDS:
        example = next((_example(a, name) for a, h in zip(articles, has, strict=True) if h[name]), "")  # fmt: skip
        number = sum(h[name] for h in has)
        table.add_row(name, f"{number}/{len(articles)}", shorten(example, MAX_SHOWN, placeholder=" …"))  # fmt: skip
    if articles:
        words = sorted(article.word_count for article in articles)
        table.add_row("text", f"{len(articles)}/{len(articles)}", f"{words[len(words) // 2]} words in the median")  # fmt: skip
        console.print(table)
    for outcome in outcomes:
        if isinstance(outcome, Rejected):
            console.print(f"refused: {outcome.url}: {outcome.reason} {outcome.detail or ''}", markup=False)  # fmt: skip


def _example(article: Article, name: str) -> str:
    if name == "authors":
        return ", ".join([*(a.name for a in article.authors), *article.desk])
    if name in ("images", "captions"):
        return next((i.caption or i.url or "" for i in article.images), "")
    if name == "time":
        return article.date_published or ""
    value = getattr(article, name)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")


# -- list and show ----------------------------------------------------------------------------------


def run_list(options: argparse.Namespace) -> ExitCode:
    """List all sources, with the fields that each has delivered."""
    known = registry()
    state = _state(options)
    console = _console(options)
    table = Table(
        "source", "name", "country", "lang.", "time zone", "lists", "layouts", "verified", "articles",
        *SHORT.values(), "from", box=None, pad_edge=False,
    )  # fmt: skip
    for source in known.sources():
        lists = len(source.feeds) + len(source.sitemaps) + len(source.sections)
        counts = _delivered(state, source)
        table.add_row(
            source.id, source.name, source.country or "", source.language or "", source.timezone or "",
            str(lists), str(len(source.layouts) or ""), _verified(source), str(counts[ARTICLES] or ""),
            *(_rate(counts, name) for name in FIELDS), "newscrawl" if source.is_shipped else source.path,
        )  # fmt: skip
    console.print(table)
    if state:
        state.close()
    return _told_errors(known)


def _verified(source: PublisherFile) -> str:
    return ", ".join(source.verified) or ("no" if source.is_shipped else "")


def _rate(counts: Counts, name: str) -> str:
    number = counts[ARTICLES]
    return f"{counts[f'{HAS}{name}'] / number:.0%}" if number else ""


def _delivered(state: State | None, source: PublisherFile) -> Counts:
    """Add up what a source has delivered in the weeks that the state knows."""
    parts = _parts(state, source).values()
    return sum((c for days in parts for c in days.values() if c[ARTICLES]), Counter())


def _parts(state: State | None, source: PublisherFile) -> dict[str, dict[date, Counts]]:
    if state is None:
        return {}
    return {
        part: days
        for name in _names(source)
        for part, days in state.deliveries(name).items()
        if part.partition("@")[0] == source.id or _is_list_of(part, source)
    }


def _is_list_of(part: str, source: PublisherFile) -> bool:
    host = urlsplit(part).hostname if "://" in part else None
    return any(host == d or (host or "").endswith(f".{d}") for d in source.domains)


def _names(source: PublisherFile) -> list[str]:
    """Give what the state calls a source: its registered domains."""
    return sorted({registrable_domain(domain) or domain for domain in source.domains})


def _breaks(state: State | None, source: PublisherFile) -> list[Break]:
    parts = _parts(state, source)
    return [
        found
        for name in _names(source)
        for found in (state.breaks(name) if state else [])
        if found.part in parts
    ]


def _told_errors(known: Registry) -> ExitCode:
    """Fail where a file is wrong; the registry has logged what."""
    return ExitCode.FAILED if known.errors else ExitCode.OK


def _state(options: argparse.Namespace) -> State | None:
    """Open the state, where there is one; a stated one must be there."""
    place = named_state(options)
    if options.state == DEFAULT_STATE and not place.exists():
        return None
    return open_state(place)


def _named(name: str) -> PublisherFile:
    source = registry().find(name)
    if source is None:
        raise UsageError(f"there is no source {name!r}; newscrawl sources list names all, newscrawl sources add makes one")  # fmt: skip
    return source


def run_show(options: argparse.Namespace) -> ExitCode:
    """Show the file of a source, what it has delivered, and what has changed."""
    source = _named(options.name)
    print(f"# {source.path}\n{_text_of(source)}", end="")
    state = _state(options)
    if state is None:
        return ExitCode.OK
    console = _console(options)
    for part, days in _parts(state, source).items():
        counts = sum(days.values(), Counter())
        console.print(f"\n{part}, {min(days)} to {max(days)}", markup=False)
        _print_delivered(counts, console)
    breaks = _breaks(state, source)
    for found in breaks:
        console.print(f"changed: {found.said()}", markup=False)
    state.close()
    return ExitCode.DEGRADED if breaks else ExitCode.OK


def _text_of(source: PublisherFile) -> str:
    """Give a file as it was written; a source of a list as a file of its own."""
    shipped = ROOT / "publishers" / source.path.rsplit("/", 1)[-1]
    path = shipped if source.is_shipped else Path(source.path)
    text = path.read_text(encoding="utf-8")
    return to_toml(source) if "[[sources]]" in text else text


def _print_delivered(counts: Counts, console: Console) -> None:
    if reads := counts[READS]:
        console.print(f"  {counts[LINKS] / reads:.1f} links in the mean of {numbered(reads, 'look')}")  # fmt: skip
        return
    pages = counts[ARTICLES] + counts[REJECTED]
    console.print(f"  {numbered(counts[ARTICLES], 'article')}, {counts[REJECTED]} of {numbered(pages, 'page')} refused")  # fmt: skip
    if counts[ARTICLES]:
        rates = ", ".join(f"{name} {_rate(counts, name)}" for name in FIELDS)
        console.print(f"  {rates}; {counts[WORDS] / counts[ARTICLES]:.0f} words in the mean")
    missed = {k.removeprefix(MISSED): n for k, n in counts.items() if k.startswith(MISSED)}
    if missed:
        console.print("  selectors that found nothing: " + ", ".join(f"{k} {n}" for k, n in sorted(missed.items())))  # fmt: skip


# -- test -------------------------------------------------------------------------------------------


def run_test(options: argparse.Namespace) -> ExitCode:
    """Check files and fixtures, tell what has changed, and look at a site as it is now."""
    _use(options)
    known = registry()
    if options.live and not options.name:
        raise UsageError("--live looks at one site: name a source")
    sources = [_named(options.name)] if options.name else list(known.sources())
    console = _console(options)
    failed = _test_fixtures(options, sources, console)
    state = _state(options)
    breaks = [found for source in sources for found in _breaks(state, source)]
    for found in breaks:
        console.print(f"changed: {found.said()}", markup=False)
    if state:
        state.close()
    live = _test_live(options, sources[0], console) if options.live else ExitCode.OK
    if failed or known.errors:
        return ExitCode.FAILED
    return live or (ExitCode.DEGRADED if breaks else ExitCode.OK)


def _test_fixtures(
    options: argparse.Namespace, sources: Sequence[PublisherFile], console: Console
) -> int:
    """Compare each fixture field by field; give the number of fields that differ."""
    folders = [Path(options.fixtures)] if options.fixtures else fixture_folders()
    if options.fixtures and not folders[0].is_dir():
        raise UsageError(f"no such folder: {options.fixtures}")
    failed = 0
    known = known_failures(folders)
    table = Table(
        "source", "fixtures", "fields", "as expected", "known to fail", box=None, pad_edge=False
    )
    differing = list[tuple[str, Comparison]]()
    for source in sources:
        fixtures = find_fixtures(folders, source.id)
        results = [(f.name, found) for f in fixtures for found in _checked(f)]
        wrong = [result for result in results if not result[1].is_same]
        new = [(name, found) for name, found in wrong if f"{name}::{found.field}" not in known]
        differing += new
        failed += len(new)
        numbers = (len(fixtures), len(results), len(results) - len(wrong), len(wrong) - len(new))
        table.add_row(source.id, *map(str, numbers))
    console.print(table)
    for name, found in differing:
        expected, given = _differing(found.expected, found.found)
        console.print(f"{name}: {found.field}\n  expected {_short(expected)}\n  found    {_short(given)}", markup=False)  # fmt: skip
    if not any(find_fixtures(folders, source.id) for source in sources):
        console.print("no fixtures in " + (", ".join(map(str, folders)) or "the usual folders"))
    return failed


def _checked(fixture: Fixture) -> list[Comparison]:
    """Compare a fixture; one that cannot be read is a difference, and the others go on."""
    try:
        return check_fixture(fixture)
    except InputError as error:
        return [Comparison(field="fixture", expected="one that can be read", found=str(error))]


def _differing(expected: Any, found: Any) -> tuple[Any, Any]:
    """Give of two lists what each has and the other has not; of other values all."""
    if not isinstance(expected, list) or not isinstance(found, list):
        return expected, found
    ours = [f"[{i}] {value}" for i, value in enumerate(expected) if value not in found]
    theirs = [f"[{i}] {value}" for i, value in enumerate(found) if value not in expected]
    return (ours, theirs) if ours or theirs else (expected, found)


def _short(value: Any) -> str:
    return shorten(str(value), 300, placeholder=" …")


def _test_live(options: argparse.Namespace, source: PublisherFile, console: Console) -> ExitCode:
    survey = _surveyed(options, source.home_page, source)
    outcomes = [page if isinstance(page, Rejected) else clean(page) for page in survey.pages]
    _print_lists(survey, console)
    _print_trial(outcomes, console)
    articles = [outcome for outcome in outcomes if isinstance(outcome, Article)]
    if not articles:
        return _nothing(survey, outcomes)
    missed = Counter(key for a in articles for key in a.extracted_with.layout_missed or ())
    for key, number in sorted(missed.items()):
        console.print(f"layout: {key} found nothing on {number} of {len(articles)} articles")
    stated = {*source.feeds, *source.sitemaps, *source.sections}
    silent = [lead for lead in survey.leads if lead.url in stated and not lead.entries]
    for lead in silent:
        console.print(f"list: {lead.url}: {lead.problem or 'no article'}", markup=False)
    is_degraded = bool(silent) or any(n == len(articles) for n in missed.values())
    return ExitCode.DEGRADED if is_degraded else ExitCode.OK


def _console(options: argparse.Namespace) -> Console:
    """Give a console that is wide where the output is no terminal, so that grep gets whole lines."""
    width = None if sys.stdout.isatty() else 400
    return Console(width=width, highlight=False, soft_wrap=True, quiet=bool(options.quiet))
