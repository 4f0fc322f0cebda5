"""Write a source as a publisher file."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

import msgspec

from newscrawl.publishers.model import PublisherFile, Table

MAX_LINE: Final = 100
"""Characters of a list that is written on one line."""


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


def _assignments(table: Table, skip: Iterable[str] = ()) -> Iterator[str]:
    for key, value in _stated(table):
        if key not in skip:
            yield f"{key} = {_value(value)}"


def _stated(table: Table) -> Iterator[tuple[str, Any]]:
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
