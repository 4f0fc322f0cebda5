"""The article schema as column types, made from the dataclasses: for DuckDB, and for Hugging Face's `datasets`."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from newscrawl.items import Article
from newscrawl.jsonl import ON_REQUEST

SCALARS: Final = {
    str: "VARCHAR",
    bool: "BOOLEAN",
    int: "BIGINT",
    float: "DOUBLE",
    datetime: "VARCHAR",
}
"""Times stay as they are printed: a column of moments would lose their offsets."""
FEATURES: Final = {"VARCHAR": "string", "BOOLEAN": "bool", "BIGINT": "int64", "DOUBLE": "float64"}


@cache
def column_types(*, on_request: bool = False) -> dict[str, str]:
    """Give the DuckDB type of each field of an article line, in the order of the schema.

    Args:
        on_request: also `removed` and `provenance`, which lines hold only where they were asked for.

    >>> types = column_types()
    >>> types["id"], types["tags"], types["publisher"]
    ('VARCHAR', 'VARCHAR[]', 'STRUCT("name" VARCHAR, "domain" VARCHAR)')

    """
    return {
        name: _duck(kind)
        for name, kind in get_type_hints(Article).items()
        if on_request or name not in ON_REQUEST
    }


def struct_of(columns: dict[str, str]) -> str:
    """Write column types as DuckDB's `read_json` takes them."""
    return "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items()) + "}"


def features(*, on_request: bool = False) -> list[dict[str, Any]]:
    """Give the fields as a dataset card lists them, so that `datasets` need not guess types from the first lines."""
    return [
        _feature(name, kind)
        for name, kind in get_type_hints(Article).items()
        if on_request or name not in ON_REQUEST
    ]


def _duck(kind: Any) -> str:
    kind = _plain(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        members = ", ".join(
            f'"{member.name}" {_duck(hints[member.name])}' for member in fields(kind)
        )
        return f"STRUCT({members})"
    if get_origin(kind) is tuple:
        return f"{_duck(get_args(kind)[0])}[]"
    return SCALARS[kind]


def _feature(name: str, kind: Any) -> dict[str, Any]:
    return {"name": name, **_feature_type(_plain(kind))}


def _feature_type(kind: Any) -> dict[str, Any]:
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return {"struct": [_feature(member.name, hints[member.name]) for member in fields(kind)]}
    if get_origin(kind) is tuple:
        inner = _feature_type(_plain(get_args(kind)[0]))
        return {"list": inner.get("struct", inner.get("dtype"))}
    return {"dtype": FEATURES[SCALARS[kind]]}


def _plain(kind: Any) -> Any:
    """Take away what columns do not tell apart: that a value may be absent, and which strings it may be."""
    if get_origin(kind) in (Union, UnionType):
        choices = [choice for choice in get_args(kind) if choice is not NoneType]
        return str if len(choices) > 1 else _plain(choices[0])
    if get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return str
    return kind
