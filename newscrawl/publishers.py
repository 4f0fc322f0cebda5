"""Publisher files: what is known of one publisher, as data; where they are looked for, and how they are read.

A file is TOML, named after its domain, and two lines are enough: `name` and `domains`. It says where the publisher's
articles are listed, how often to look, and how its pages read where the general extractor falls short. No code runs
from one. The shipped ones are in `reference/publishers/`; a user's own, which win over them, in the folders and list
files that the environment variable `NEWSCRAWL_SOURCES` names.
"""

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Final, Self
from urllib.parse import urlsplit

import msgspec
import regex
import tomli
from cssselect import HTMLTranslator, SelectorError
from lxml.etree import Element, XPath, XPathError

from newscrawl.ages import read_age
from newscrawl.errors import DataError
from newscrawl.reasons import EditCode
from newscrawl.reference import ROOT, zone_table

VARIABLE: Final = "NEWSCRAWL_SOURCES"
DEFAULT_PLACE: Final = "data/sources"
"""Where a user's own files are looked for, and `newscrawl sources add` writes them, unless the variable is set."""
LIST_FILE: Final = "sources.toml"
"""A file with many sources, each a table of `[[sources]]`."""
SHIPPED: Final = "shipped"
XPATH_BEGINS: Final = ("/", "(", "./", "..", "string(", "normalize-space(")
"""By these a selector is XPath; every other is CSS."""
NAMESPACES: Final = {"re": "http://exslt.org/regular-expressions"}
TRIED_TAGS: Final = (
    "article", "section", "div", "main", "header", "footer", "aside", "nav", "h1", "h2", "h3", "h4", "p", "span", "a", "ul",
    "ol", "li", "figure", "figcaption", "img", "time", "meta", "blockquote", "table", "tr", "td", "em", "strong", "b", "i",
)  # fmt: skip
TRIED_PAGE: Final = Element("html")
TRIED_PAGE.extend([Element(tag) for tag in TRIED_TAGS])
MAX_FILE_BYTES: Final = 5_000_000
"""Bytes; a list of 5,000 sources has a fifth of that."""
MAX_LINE: Final = 100
"""Characters of a list that is written on one line."""
DOMAIN: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
PLAIN_ADDRESS: Final = re.compile(r"https?://[a-z0-9.-]+/[\w./?&=%+-]*", re.ASCII)
WEB_ADDRESS: Final = re.compile(r"https?://[^\s/?#]+(?:[/?#]\S*)?")
PLAIN_PATTERN: Final = re.compile(
    r"\^?(?:(?:[\w/.:-]|\\[dwsDWS./-]|\[\^?[\w/.]+\])(?:[+*?]|\{\d{1,3}\})?)*\$?"
)
"""What is a regular expression at sight: most patterns are, and compiling a thousand takes 50 ms."""
ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
"""It is the name of a spider and of a folder."""
SIMPLE: Final = r"(?:[a-z][a-z0-9]*(?:[.#][a-zA-Z_][\w-]*)*|(?:[.#][a-zA-Z_][\w-]*)+)"
PLAIN_SELECTOR: Final = re.compile(rf"{SIMPLE}(?:(?: > | |, ){SIMPLE})*", re.ASCII)
"""What is a CSS selector at sight: tags, classes and ids, one in the other."""
LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, 5.6.2."""
HEADER: Final = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
KEY: Final = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([\w-]+))\s*=""")
MISPLACED: Final = re.compile(r"(?P<text>.*?)(?: - at `\$(?P<path>.*)`)?")
NAMED_FIELD: Final = re.compile(r"field `([^`]+)`")

logger = logging.getLogger(__name__)
ODD: Final = (ValueError, OverflowError, RecursionError)
"""What libraries raise on values that nobody writes by mistake: nested a thousand deep, numbers of a hundred digits."""
MAX_SHOWN: Final = 200
SECONDS: Final = 1.0
"""Seconds that an expression may look at one address or block: some that look harmless would take years."""
MAX_AGE: Final = 10 * 366 * 86400.0
"""Seconds."""
Strings = tuple[str, ...]
Parse = Callable[[str, str], "PublisherFile | tuple[list[PublisherFile], list[str]]"]
Keys = tuple[str | int, ...]
"""Where a value stands in a file: `("layouts", 0, "body")`."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a file."""

    LISTS: ClassVar[Strings] = ()
    """Keys whose value is a list; a single string may stand for a list of one."""


class Layout(_Table, frozen=True, kw_only=True):
    """How the pages of a publisher read, until a day. All but `until` are selectors, CSS or XPath."""

    until: date | None = None
    """The last day of download on which this layout holds; without one it is the present one."""
    body: Strings = ()
    """Elements that hold the text: all in them is text, and nothing beside them."""
    within: Strings = ()
    """Elements beside which there is no text; what is text in them the general extractor says."""
    keep: Strings = ()
    """Elements that are text, whatever the general extractor says."""
    strip: Strings = ()
    """Elements that are no text, wherever they stand."""
    title: Strings = ()
    """The headline; of several selectors of a text the first that finds one counts."""
    subtitle: Strings = ()
    """The standfirst."""
    byline: Strings = ()
    """Who wrote it: all that the selector finds, an author each."""
    date: Strings = ()
    """The time of publication; of a `time` element its `datetime`, of a `meta` its `content`."""
    modified: Strings = ()
    """The time of the last change."""
    section: Strings = ()
    """The section."""
    tags: Strings = ()
    """Keywords, one for each element."""
    images: Strings = ()
    """The article's images, or elements that hold them: no other image is the article's."""
    images_after: Strings = ()
    """What stands before the first of these elements is no image of the article."""
    images_before: Strings = ()
    """What stands after the first of these elements is no image of the article."""
    caption: Strings = ()
    """Captions: each belongs to the image before it."""
    credit: Strings = ()
    """Credits of images; one inside a caption is cut out of it."""
    LISTS: ClassVar[Strings] = (
        "body", "within", "keep", "strip", "title", "subtitle", "byline", "date", "modified", "section", "tags",
        "images", "images_after", "images_before", "caption", "credit",
    )  # fmt: skip

    def selectors(self) -> Iterator[tuple[str, str]]:
        """Give each selector with its key."""
        for name in self.LISTS:
            for selector in getattr(self, name):
                yield name, selector


class TextRule(_Table, frozen=True, kw_only=True):
    """What recurs in a publisher's text and is none of it."""

    code: EditCode = EditCode.LAYOUT
    """What a removal is counted as."""
    drop: str | None = None
    """A regular expression; a block in which it is found is dropped."""
    cut: str | None = None
    """A regular expression; what it finds is cut from its block."""


class Poll(_Table, frozen=True, kw_only=True):
    """Bounds of the time between two looks at a list, as ages: `10m`, `1d`."""

    least: str | None = None
    """The shortest."""
    most: str | None = None
    """The longest."""

    def bounds(self) -> tuple[float | None, float | None]:
        """Give both in seconds."""
        least, most = (read_age(age) if age else None for age in (self.least, self.most))
        return least, most


class Limits(_Table, frozen=True, kw_only=True):
    """How hard a publisher's hosts may be asked."""

    delay: float | None = None
    """Seconds between two requests at the least."""
    pages: int | None = None
    """Requests to one host in a run at the most."""


class PublisherFile(_Table, frozen=True, kw_only=True):
    """What a publisher file states; `name` and `domains` are enough."""

    name: str
    """What the publisher is called, as it writes itself."""
    domains: Strings
    """Its domains, those of subdomains among them; no other file of the same place may have one of them."""
    home: str | None = None
    """The address of the home page, if it is not `https://` and the first domain."""
    language: str | None = None
    """ISO 639-1; taken where a page's text does not tell."""
    country: str | None = None
    """ISO 3166-1; it settles abbreviations of time zones and the order of day and month."""
    timezone: str | None = None
    """IANA; the zone of times that are printed without an offset."""
    feeds: Strings = ()
    """Addresses of feeds: RSS, Atom, RDF, JSON Feed."""
    sitemaps: Strings = ()
    """Addresses of sitemaps, and of indexes of them."""
    sections: Strings = ()
    """Addresses of pages that link to articles."""
    article_pattern: str | None = None
    """A regular expression that is found in the address of each article, its query left out."""
    revisits: Strings = ()
    """Ages at which articles are looked at again: `1h 6h 24h 7d`."""
    poll: Poll = Poll()
    """Bounds of the time between two looks at a list."""
    limits: Limits = Limits()
    """How hard its hosts may be asked."""
    headers: Mapping[str, str] = {}
    """Headers that its hosts get, and nobody else, such as a cookie of consent."""
    render: bool = False
    """Whether its pages are drawn by scripts, and rendered in a browser."""
    verified: Strings = ()
    """Keys of this file that were confirmed on pages of the site; the others are from public knowledge."""
    layouts: tuple[Layout, ...] = ()
    """How its pages read, each until a day."""
    text: tuple[TextRule, ...] = ()
    """What recurs in its texts and is none of them."""
    id: str = ""
    """Its file's name without `.toml`; in a list file its first domain, unless stated."""
    path: str = ""
    """Where it was read from; not a key of a file."""

    LISTS: ClassVar[Strings] = (
        "domains", "feeds", "sitemaps", "sections", "revisits", "verified",
    )  # fmt: skip

    def is_article(self, url: str) -> bool:
        """Tell whether an address has the form that the file states of articles; any has, where it states none."""
        if self.article_pattern is None:
            return True
        return is_found(self.article_pattern, url.split("?", maxsplit=1)[0]) is not False

    @property
    def home_page(self) -> str:
        """The address of the home page."""
        return self.home or f"https://{self.domains[0]}/"

    @property
    def is_shipped(self) -> bool:
        """Whether it comes with newscrawl."""
        return self.path.startswith(f"{SHIPPED}/")

    def layout_at(self, moment: datetime | None) -> Layout | None:
        """Give the layout of pages fetched at a moment: the first that holds so long, else the present one.

        A page without a time of download has the present one.
        """
        day = moment.date() if moment else None
        dated = sorted((x for x in self.layouts if x.until), key=lambda x: x.until or date.max)
        if day:
            for layout in dated:
                if layout.until and day <= layout.until:
                    return layout
        return next((layout for layout in self.layouts if layout.until is None), None)

    def layout_name(self, layout: Layout | None) -> str:
        """Name a layout: the file's id, for a dated one with its last day: `a.org@2024-02-01`."""
        return f"{self.id}@{layout.until}" if layout and layout.until else self.id


@dataclass(frozen=True, slots=True)
class Registry:
    """All sources that could be read, by domain, and what is wrong with the others."""

    by_domain: dict[str, PublisherFile] = field(default_factory=dict)
    errors: tuple[str, ...] = ()

    def sources(self) -> tuple[PublisherFile, ...]:
        """Give each source once, by id."""
        unique = {source.id: source for source in self.by_domain.values()}
        return tuple(unique[name] for name in sorted(unique))

    def find(self, name: str) -> PublisherFile | None:
        """Find a source by its id, or by a host or domain of it."""
        by_id = next((s for s in self.by_domain.values() if s.id == name), None)
        return by_id or self.of_host(name)

    def of_host(self, host: str | None) -> PublisherFile | None:
        """Find the source of a host, by the longest suffix of it."""
        parts = (host or "").lower().split(".")
        suffixes = (".".join(parts[i:]) for i in range(len(parts)))
        return next((self.by_domain[s] for s in suffixes if s in self.by_domain), None)

    @classmethod
    def joined(cls, layers: Iterable[tuple[list[PublisherFile], list[str]]]) -> Self:
        """Join layers of sources; a later layer wins over an earlier one, within one the first."""
        by_domain, errors = dict[str, PublisherFile](), list[str]()
        for sources, wrong in layers:
            errors += wrong
            mine, by_id = dict[str, PublisherFile](), dict[str, PublisherFile]()
            for source in sources:
                taken = next((mine[domain] for domain in source.domains if domain in mine), None)
                same = by_id.get(source.id)
                if taken:
                    errors.append(
                        f"{source.path}: domains: {taken.path} has {_shared(source, taken)} too"
                    )
                elif same:
                    errors.append(f"{source.path}: id: {same.path} has {source.id!r} too")
                else:
                    mine.update(dict.fromkeys(source.domains, source))
                    by_id[source.id] = source
            replaced = {by_domain[domain].id for domain in mine if domain in by_domain}
            replaced |= set(by_id)
            by_domain = {d: s for d, s in by_domain.items() if s.id not in replaced} | mine
        return cls(by_domain, tuple(errors))


def _shared(one: PublisherFile, other: PublisherFile) -> str:
    return ", ".join(sorted({*one.domains} & {*other.domains}))


def registry() -> Registry:
    """Give all sources, the user's before the shipped ones; each place is read once a process.

    What is wrong with a file is logged once and listed in the registry; the other files count.
    """
    return _read_registry(os.environ.get(VARIABLE, DEFAULT_PLACE))


@cache
def _read_registry(places: str) -> Registry:
    layers = [_shipped(), *(read_place(Path(place)) for place in reversed(user_places(places)))]
    found = Registry.joined(layers)
    for error in found.errors:
        logger.error("%s", error)
    return found


def user_places(places: str | None = None) -> list[str]:
    """Give the folders and list files of the user, as stated or as the environment states them."""
    stated = os.environ.get(VARIABLE, DEFAULT_PLACE) if places is None else places
    return [place for place in stated.split(os.pathsep) if place]


def forget_registry() -> None:
    """Read the files again when they are next asked for."""
    _read_registry.cache_clear()


def publisher_for(host: str | None) -> PublisherFile | None:
    """Find the publisher file of a host, by the longest suffix of it."""
    return registry().of_host(host)


def _shipped() -> tuple[list[PublisherFile], list[str]]:
    entries = sorted((ROOT / "publishers").iterdir(), key=lambda entry: entry.name)
    return _collect(
        (parse_publisher, f"{SHIPPED}/{entry.name}", entry.read_text(encoding="utf-8"))
        for entry in entries
        if entry.name.endswith(".toml")
    )


def read_place(place: Path) -> tuple[list[PublisherFile], list[str]]:
    """Read a folder of publisher files, or a list file; give the sources and what is wrong with the others.

    A default place that does not exist is none; one that was stated is an error.
    """
    try:
        if place.is_dir():
            paths = sorted(entry.path for entry in os.scandir(place) if _is_file_of(entry))
            return _collect(map(_read, paths))
        if place.is_file():
            return _collect([_read(str(place), parse_list)])
    except OSError as error:
        return [], [f"{place}: {error.strerror}"]
    is_default = str(place) == DEFAULT_PLACE
    return [], [] if is_default else [f"{place}: no such file or folder"]


def _is_file_of(entry: "os.DirEntry[str]") -> bool:
    # What is neither a file nor a link to one, such as a pipe, would be waited for.
    return entry.name.endswith(".toml") and entry.is_file()


def _read(path: str, parse: Parse | None = None) -> tuple[Parse, str, str | None]:
    """Give how to parse a file, its name and its text; for what cannot be read the error, and None."""
    parse = parse or (parse_list if path.endswith(LIST_FILE) else parse_publisher)
    try:
        data = _read_bytes(path)
        if len(data) > MAX_FILE_BYTES:
            return parse, f"{path}: larger than {MAX_FILE_BYTES} bytes", None
        return parse, path, data.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        return parse, f"{path}: {getattr(error, 'strerror', None) or error}", None


def _read_bytes(path: str) -> bytes:
    # Without Python's file objects, which take longer than the reading of so small a file.
    number = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        parts = list(iter(lambda: os.read(number, MAX_FILE_BYTES + 1), b""))
    finally:
        os.close(number)
    return b"".join(parts)


def _collect(
    texts: Iterable[tuple[Parse, str, str | None]],
) -> tuple[list[PublisherFile], list[str]]:
    sources, errors = list[PublisherFile](), list[str]()
    for parse, name, text in texts:
        if text is None:
            errors.append(name)
            continue
        try:
            found = parse(name, text)
        except DataError as error:
            errors.append(str(error))
        except ODD as error:
            errors.append(f"{name}: {type(error).__name__}: {error}")
        else:
            if isinstance(found, PublisherFile):
                sources.append(found)
            else:
                sources += found[0]
                errors += found[1]
    return sources, errors


def parse_publisher(name: str, text: str) -> PublisherFile:
    r"""Read one publisher file.

    Args:
        name: its path; the id is its file name without `.toml`.
        text: its content.

    Raises:
        DataError: the file is wrong; the message has file, line and key.

    >>> parse_publisher("a.org.toml", 'name = "A"\ndomains = ["a.org"]').id
    'a.org'

    """
    row = _parse_toml(name, text)
    id_ = Path(name).name.removesuffix(".toml")
    return _checked({"id": id_, **row}, name, text, ())


def parse_list(name: str, text: str) -> tuple[list[PublisherFile], list[str]]:
    r"""Read a list file: tables `[[sources]]` with the keys of a publisher file; or a single publisher file.

    Returns:
        The sources, and what is wrong with the others.

    Raises:
        DataError: the file as a whole is wrong.

    >>> parse_list("mine.toml", '[[sources]]\nname = "A"\ndomains = "a.org"')[0][0].domains
    ('a.org',)

    """
    rows = _parse_toml(name, text)
    if "sources" not in rows:
        return [parse_publisher(name, text)], []
    if others := sorted(set(rows) - {"sources"}):
        raise DataError(
            f"{_place(name, text, (others[0],))}: unknown key; a list file has [[sources]] alone"
        )
    sources, errors = list[PublisherFile](), list[str]()
    listed = rows["sources"]
    if not isinstance(listed, list):
        raise DataError(f"{_place(name, text, ('sources',))}: write [[sources]]")
    for number, row in enumerate(listed):
        try:
            sources.append(_checked(row, name, text, ("sources", number)))
        except DataError as error:
            errors.append(str(error))
        except ODD as error:
            errors.append(
                f"{_place(name, text, ('sources', number))}: {type(error).__name__}: {error}"
            )
    return sources, errors


def _parse_toml(name: str, text: str) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise DataError(f"{name}:{error.lineno}: {error.msg}") from error
    except ODD as error:
        raise DataError(f"{name}: {type(error).__name__}: {error}") from error


def _checked(row: Any, name: str, text: str, at: Keys) -> PublisherFile:
    """Turn a table into a source, or say with file, line and key what is wrong with it."""
    if isinstance(row, dict) and "path" in row:
        raise DataError(f"{_place(name, text, (*at, 'path'))}: unknown key")
    try:
        found = msgspec.convert(_with_lists(row), PublisherFile)
    except msgspec.ValidationError as error:
        raise DataError(_explained(str(error), name, text, at)) from error
    for keys, problem in _problems(found):
        raise DataError(f"{_place(name, text, (*at, *keys))}: {problem}")
    return msgspec.structs.replace(
        found,
        id=found.id or found.domains[0],
        domains=tuple(domain.lower() for domain in found.domains),
        path=name,
    )


def _with_lists(row: Any) -> Any:
    """Make a list of each string that stands for one."""
    if not isinstance(row, dict):
        return row
    layouts = row.get("layouts")
    changed = {key: [row[key]] for key in PublisherFile.LISTS if isinstance(row.get(key), str)}
    if isinstance(layouts, list):
        changed["layouts"] = [
            {k: [v] if k in Layout.LISTS and isinstance(v, str) else v for k, v in layout.items()}
            if isinstance(layout, dict)
            else layout
            for layout in layouts
        ]
    return row | changed


def _explained(message: str, name: str, text: str, at: Keys) -> str:
    """Say in our words what msgspec says, with the line that its path leads to."""
    match = MISPLACED.fullmatch(message)
    assert match is not None
    keys = [*at, *_path_of(match["path"] or "")]
    said = match["text"].replace("Object", "the table").replace("`", "'")
    named = NAMED_FIELD.search(message)
    if named and "unknown" in message:
        keys.append(named[1])
        known = _known_keys(keys)
        meant = get_close_matches(named[1], known, 1)
        said = f"unknown key{f', did you mean {meant[0]}?' if meant else ''}; known are {', '.join(known)}"
    elif "enum value" in message:
        said += f"; known are {', '.join(EditCode)}"
    elif named:
        said = f"key {named[1]!r} is missing"
    return f"{_place(name, text, tuple(keys))}: {said}"


def _known_keys(keys: list[str | int]) -> list[str]:
    tables: dict[Any, type[_Table]] = {
        "layouts": Layout,
        "text": TextRule,
        "poll": Poll,
        "limits": Limits,
    }
    inside = next((tables[key] for key in reversed(keys[:-1]) if key in tables), PublisherFile)
    return sorted(set(inside.__struct_fields__) - {"path"})


def _path_of(path: str) -> list[str | int]:
    """Read msgspec's path: `.layouts[0].body`."""
    parts = re.findall(r"\.([\w-]+)|\[(\d+)\]", path)
    return [key or int(number) for key, number in parts]


def _place(name: str, text: str, keys: Keys) -> str:
    """Name file, line and key: `a.org.toml:12: layouts[0].body`."""
    shown = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
    line = line_of(text, keys)
    where = f"{name}:{line}" if line else name
    return f"{where}: {shown}" if shown else where


def line_of(text: str, keys: Keys) -> int | None:
    r"""Find the line on which a key is set, or its table begins; tomllib does not say.

    >>> line_of('name = "A"\n\n[[layouts]]\n[[layouts]]\nbody = "p"', ("layouts", 1, "body"))
    5
    """
    table: Keys = ()
    counts: dict[str, int] = {}
    best, length = None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := HEADER.fullmatch(line):
            table = _table_keys(header[2], counts, is_array=header[1] == "[[")
            place = table
        elif key := KEY.match(line):
            place = (*table, key[1] or key[2] or key[3])
        else:
            continue
        # `[[layout]]`, where the key that is wrong is the table's own.
        is_inside = len(place) > len(keys) and place[: len(keys)] == keys
        shared = len(keys) if is_inside else len(place) if place == keys[: len(place)] else 0
        if shared > length:
            best, length = number, shared
    return best


def _table_keys(header: str, counts: dict[str, int], *, is_array: bool) -> Keys:
    """Give the keys of a table header, with the number of each array's latest element."""
    keys: list[str | int] = []
    names = [part.strip().strip("\"'") for part in header.split(".")]
    for place, part in enumerate(names):
        keys.append(part)
        path = ".".join(names[: place + 1])
        if is_array and place == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
            for other in [key for key in counts if key.startswith(f"{path}.")]:
                del counts[other]
        if path in counts:
            keys.append(counts[path])
    return tuple(keys)


# -- what a type does not hold -------------------------------------------------------------------


def is_found(pattern: str, text: str) -> bool | None:
    r"""Tell whether an expression of a file is found in a text; None where it takes too long to tell.

    >>> is_found("^Read", "Read more"), is_found("(a|aa)+$", "a" * 99 + "b")
    (True, None)
    """
    try:
        return bool(regex.search(pattern, text, timeout=SECONDS))
    except (TimeoutError, regex.error):
        return None


def _problems(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    """Give what is wrong with the values of a file, with their keys."""
    yield from _wrong_names(source)
    yield from _wrong_addresses(source)
    yield from _wrong_bounds(source)
    yield from _wrong_dates(source)
    for number, layout in enumerate(source.layouts):
        yield from _wrong_layout(number, layout)
    for number, rule in enumerate(source.text):
        if (rule.drop is None) == (rule.cut is None):
            yield ("text", number), "a rule has either drop or cut"
        for key in ("drop", "cut"):
            if (pattern := getattr(rule, key)) is not None:
                yield from _wrong_rule(("text", number, key), pattern)


def _wrong_addresses(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    addresses = [
        ("feeds", source.feeds),
        ("sitemaps", source.sitemaps),
        ("sections", source.sections),
    ]
    for key, urls in (*addresses, ("home", (source.home,) if source.home else ())):
        for url in urls:
            if not _is_address(url):
                yield (key,), f"{url!r} is no http or https address"
    if source.article_pattern is not None:
        yield from _wrong_pattern(("article_pattern",), source.article_pattern)
    for name, value in source.headers.items():
        if not HEADER_NAME.fullmatch(name) or not value.isprintable():
            yield ("headers", name), "no header that can be sent"


def _is_address(url: str) -> bool:
    if PLAIN_ADDRESS.fullmatch(url):
        return True
    try:
        # A port that is none is told only when it is asked for.
        return bool(WEB_ADDRESS.fullmatch(url) and urlsplit(url).port != 0)
    except ValueError:
        return False


def _wrong_dates(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    seen = set[date | None]()
    for number, layout in enumerate(source.layouts):
        if layout.until in seen:
            yield (
                ("layouts", number, "until"),
                "another layout has the same last day; one may have none",
            )
        seen.add(layout.until)


def _wrong_names(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    if not source.name.strip():
        yield ("name",), "empty"
    yield from _wrong_codes(source)
    if source.id and not ID.fullmatch(source.id):
        yield ("id",), f"{source.id!r}: letters, digits, full stops and hyphens alone"
    if not source.domains:
        yield ("domains",), "no domain"
    for domain in source.domains:
        if not DOMAIN.fullmatch(domain.lower()):
            yield ("domains",), f"{domain!r} is no domain; write example.org"


def _wrong_codes(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    if source.language is not None and not LANGUAGE.fullmatch(source.language):
        yield ("language",), f"{source.language!r} is no ISO 639 code such as 'en'"
    if source.country is not None and source.country not in _countries():
        yield ("country",), f"{source.country!r} is no ISO 3166 code such as 'GB'"
    if source.timezone is not None and source.timezone not in _zones():
        yield ("timezone",), f"{source.timezone!r} is no time zone such as 'Europe/London'"
    for key in source.verified:
        if key not in PublisherFile.__struct_fields__:
            yield ("verified",), f"{key!r} is no key of a publisher file"


def _wrong_bounds(source: PublisherFile) -> Iterator[tuple[Keys, str]]:
    for name in ("least", "most"):
        stated = getattr(source.poll, name)
        if stated is not None and not 0 < (read_age(stated) or 0.0) <= MAX_AGE:
            yield ("poll", name), f"{stated!r} is no age; write 10m, 2h or 1d"
            return
    least, most = source.poll.bounds()
    if least and most and least > most:
        yield ("poll", "least"), "longer than most"
    for age in " ".join(source.revisits).split():
        if not 0 < (read_age(age) or 0.0) <= MAX_AGE:
            yield ("revisits",), f"{age!r} is no age; write 1h, 6h or 7d"
    if source.limits.delay is not None and not 0 <= source.limits.delay <= 3600:
        yield ("limits", "delay"), "seconds from 0 to 3600"
    if source.limits.pages is not None and source.limits.pages < 1:
        yield ("limits", "pages"), "at least 1"


def _wrong_layout(number: int, layout: Layout) -> Iterator[tuple[Keys, str]]:
    if layout.body and layout.within:
        yield ("layouts", number, "within"), "a layout has either body or within"
    for key, selector in layout.selectors():
        if PLAIN_SELECTOR.fullmatch(selector):
            continue
        try:
            compile_selector(selector)
        except DataError as error:
            yield ("layouts", number, key), str(error)


def _wrong_pattern(keys: Keys, pattern: str) -> Iterator[tuple[Keys, str]]:
    if PLAIN_PATTERN.fullmatch(pattern):
        return
    try:
        # Twice as fast as the one that looks at texts, which takes whatever this one does.
        re.compile(pattern)
    except (re.error, *ODD) as error:
        yield keys, f"{pattern[:MAX_SHOWN]!r} is no regular expression: {error}"


def _wrong_rule(keys: Keys, pattern: str) -> Iterator[tuple[Keys, str]]:
    """Give what is wrong with the expression of a text rule; one that finds nothing at all is in every text."""
    wrong = list(_wrong_pattern(keys, pattern))
    if not wrong and is_found(pattern, ""):
        wrong = [(keys, f"{pattern!r} is found in every text")]
    yield from wrong


@cache
def _countries() -> frozenset[str]:
    return frozenset(row[0] for row in zone_table("iso3166.tab"))


@cache
def _zones() -> frozenset[str]:
    # zoneinfo's own function opens six hundred files.
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


@cache
def compile_selector(selector: str) -> XPath:
    """Compile a selector, CSS or XPath; in XPath `re:test(., '…')` is EXSLT's.

    Raises:
        DataError: it is neither.

    >>> from lxml.html import fromstring
    >>> page = fromstring('<div><p class="lead">A</p><p>B</p></div>')
    >>> len(compile_selector("p.lead")(page)), len(compile_selector("//p")(page))
    (1, 2)

    """
    try:
        is_xpath = selector.startswith(XPATH_BEGINS)
        path = selector if is_xpath else HTMLTranslator().css_to_xpath(selector)
        compiled = XPath(path, namespaces=NAMESPACES)
        # Unknown functions and prefixes are found only when it runs.
        compiled(TRIED_PAGE)
        return compiled
    except (XPathError, SelectorError, *ODD) as error:
        raise DataError(f"{selector!r} is no selector: {error}") from error


# -- writing ------------------------------------------------------------------------------------------


def to_toml(source: PublisherFile, comments: Iterable[str] = ()) -> str:
    r"""Write a source as a publisher file, what is not stated left out.

    >>> print(to_toml(PublisherFile(name="A", domains=("a.org",), language="en"), ["Found."]), end="")
    # Found.
    name = "A"
    domains = ["a.org"]
    language = "en"

    """
    lines = [f"# {comment}" for comment in comments]
    lines += _assignments(
        source, skip={"layouts", "text", "id", "path", "poll", "limits", "headers"}
    )
    for name in ("poll", "limits", "headers"):
        table = getattr(source, name)
        pairs = table.items() if isinstance(table, Mapping) else _stated(table)
        if inline := ", ".join(f"{_key(key)} = {_value(value)}" for key, value in pairs):
            lines.append(f"{name} = {{ {inline} }}")
    for name, tables in (("layouts", source.layouts), ("text", source.text)):
        for table in tables:
            lines += ["", f"[[{name}]]", *_assignments(table)]
    return "\n".join(lines) + "\n"


def _assignments(table: _Table, skip: Iterable[str] = ()) -> Iterator[str]:
    for key, value in _stated(table):
        if key not in skip:
            yield f"{key} = {_value(value)}"


def _stated(table: _Table) -> Iterator[tuple[str, Any]]:
    """Give the keys whose value is not the one that they have anyway."""
    fields = msgspec.structs.fields(type(table))
    for one in fields:
        value = getattr(table, one.name)
        if value != one.default:
            yield one.name, value


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


def _value(value: Any) -> str:
    """Write a value of TOML: strings with backslashes literally, so that expressions stay readable."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | int | float):
        return str(value)
    if isinstance(value, tuple):
        parts = [_value(part) for part in value]
        joined = ", ".join(parts)
        if len(joined) <= MAX_LINE:
            return f"[{joined}]"
        return "[\n" + "".join(f"  {part},\n" for part in parts) + "]"
    text = str(value)
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
