"""Read a publisher file, or a list of sources; say with file, line and key what is wrong with one."""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec
import tomli

from newscrawl.errors import DataError
from newscrawl.publishers.checks import Keys, problems
from newscrawl.publishers.model import ODD, Layout, Limits, Poll, PublisherFile, Table, TextRule
from newscrawl.reasons import EditCode

HEADER: Final = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
KEY: Final = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([\w-]+))\s*=""")
MISPLACED: Final = re.compile(r"(?P<text>.*?)(?: - at `\$(?P<path>.*)`)?")
NAMED_FIELD: Final = re.compile(r"field `([^`]+)`")


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
    for keys, problem in problems(found):
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
    tables: dict[Any, type[Table]] = {
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
