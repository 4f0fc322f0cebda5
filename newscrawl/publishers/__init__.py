"""Publisher files: what is known of one publisher, as data; where they are looked for, and how they are read.

A file is TOML, named after its domain, and two lines are enough: `name` and `domains`. It says where the publisher's
articles are listed, how often to look, and how its pages read where the general extractor falls short. No code runs
from one. The shipped ones are in `reference/publishers/`; a user's own, which win over them, in the folders and list
files that the environment variable `NEWSCRAWL_SOURCES` names.
"""

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, Self

from newscrawl.errors import DataError
from newscrawl.publishers.checks import HEADER_NAME
from newscrawl.publishers.model import (
    ODD,
    SECONDS,
    SHIPPED,
    Layout,
    Limits,
    Poll,
    PublisherFile,
    TextRule,
    compile_selector,
)
from newscrawl.publishers.parsing import parse_list, parse_publisher
from newscrawl.publishers.writing import to_toml
from newscrawl.reference import ROOT

__all__ = [
    "DEFAULT_PLACE", "HEADER_NAME", "SECONDS", "VARIABLE", "Layout", "Limits", "Poll", "PublisherFile", "Registry", "TextRule",
    "compile_selector", "forget_registry", "parse_list", "parse_publisher", "publisher_for", "read_place", "registry",
    "to_toml", "user_places",
]  # fmt: skip

VARIABLE: Final = "NEWSCRAWL_SOURCES"
DEFAULT_PLACE: Final = "data/sources"
"""Where a user's own files are looked for, and `newscrawl sources add` writes them, unless the variable is set."""
LIST_FILE: Final = "sources.toml"
"""A file with many sources, each a table of `[[sources]]`."""
MAX_FILE_BYTES: Final = 5_000_000
"""Bytes; a list of 5,000 sources has a fifth of that."""
Parse = Callable[[str, str], PublisherFile | tuple[list[PublisherFile], list[str]]]

logger = logging.getLogger(__name__)


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
