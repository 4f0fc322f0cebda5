"""Where a crawl state is: a file, or a PostgreSQL database that many machines share."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from newscrawl.errors import UsageError

DATA: Final = Path("data")
"""What a machine keeps beside a state that is elsewhere: article files, reports, raw pages."""
DEFAULT: Final = os.environ.get("NEWSCRAWL_STATE") or "data/state.db"
"""The state that is used where none is named: the environment's, so that a password is in no list of processes."""
SERVERS: Final = frozenset({"postgresql", "postgres"})
SCHEMA: Final = "newscrawl"
"""The schema in a database whose address names none."""
LIKE_A_SERVER: Final = re.compile(r"(?i)postgres(?:ql)?:|(?:.*\s)?(?:host|dbname|user|password)=")
"""What is meant for a server, and must not be taken for a file: its name would be printed."""
SHORTEST_PART: Final = 3
"""Letters of a part of a password that is taken out of messages."""
LONGEST_SCHEMA: Final = 63
"""Bytes of a name in PostgreSQL."""


@dataclass(frozen=True, slots=True)
class StatePlace:
    """A file, or the address of a server."""

    file: Path | None = None
    server: str | None = None
    """What libpq takes, `postgresql://…`, without our own parameters."""
    schema: str = SCHEMA

    @property
    def folder(self) -> Path:
        """The folder that holds what belongs to the state on this machine."""
        return self.file.parent if self.file else DATA

    def exists(self) -> bool:
        """Tell whether there is one, as far as can be told without asking a server."""
        return self.file is None or self.file.exists()

    def __str__(self) -> str:
        """Name it, without its password."""
        if self.file:
            return str(self.file)
        scheme, user, _, rest = _parts(self.server or "")
        path, _, query = rest.partition("?")
        kept = [part for part in query.split("&") if part and "password" not in part.lower()]
        if self.schema != SCHEMA:
            kept.append(f"schema={self.schema}")
        return f"{scheme}://{f'{user}@' if user else ''}{path}{'?' if kept else ''}{'&'.join(kept)}"

    def without_secret(self, text: str) -> str:
        """Take the password out of what somebody else says of it."""
        *_, secret, rest = _parts(self.server or "")
        hidden = [
            secret,
            *(p.partition("=")[2] for p in rest.split("&") if "password" in p.lower()),
        ]
        # libpq may have read it otherwise than it was meant, and name parts of it.
        parts = {
            part
            for one in hidden
            for whole in (one, unquote(one))
            for part in (whole, *re.split(r"\W+", whole))
        }
        for one in sorted(
            filter(lambda part: len(part) >= SHORTEST_PART, parts), key=len, reverse=True
        ):
            text = text.replace(one, "…")
        # Of an address that it cannot read libpq quotes parts.
        return "it is no address that libpq can read" if secret and "://" in text else text

    def text(self) -> str:
        """Give it as a setting has it, password and all."""
        if self.file:
            return str(self.file)
        if self.schema == SCHEMA:
            return self.server or ""
        mark = "&" if "?" in _parts(self.server or "")[-1] else "?"
        return f"{self.server}{mark}schema={quote(self.schema)}"


def place_of(value: "str | Path | StatePlace") -> StatePlace:
    """Read the setting `NEWSCRAWL_STATE`: a path, `sqlite://` and a path, or `postgresql://…`.

    The schema of a database is a parameter of ours: `postgresql://user@host/name?schema=spring`.

    Raises:
        UsageError: it is the address of a back end that there is not, or names no schema.

    >>> place_of("data/state.db").folder, str(place_of("postgresql://me:secret@db/news?schema=spring"))
    (PosixPath('data'), 'postgresql://me@db/news?schema=spring')

    """
    if isinstance(value, StatePlace):
        return value
    text = str(value)
    if LIKE_A_SERVER.match(text) and "://" not in text:
        raise UsageError(
            "NEWSCRAWL_STATE is no file, nor an address that begins with postgresql://"
        )
    # A Path has folded the slashes of an address.
    scheme, has_scheme, rest = (
        text.partition("://") if not isinstance(value, Path) else (text, "", "")
    )
    if not has_scheme or scheme == "sqlite":
        return StatePlace(file=Path(rest if has_scheme else text))
    if scheme not in SERVERS:
        raise UsageError(
            f"NEWSCRAWL_STATE={scheme}://…: no such back end; name a file, or postgresql://…"
        )
    return _server(text)


def _parts(text: str) -> tuple[str, str, str, str]:
    """Give scheme, user, password and the rest of an address, by its text: a password may have any letter in it."""
    scheme, _, rest = text.partition("://")
    before, _, after = rest.rpartition("@")
    user, _, secret = before.partition(":")
    return scheme, user, secret, after


def _server(text: str) -> StatePlace:
    scheme, user, secret, rest = _parts(text)
    path, _, query = rest.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    schema = next((unquote(value) for name, _, value in pairs if name == "schema"), SCHEMA)
    if (
        not schema.replace("_", "a").isalnum()
        or not schema.isascii()
        or len(schema) > LONGEST_SCHEMA
    ):
        raise UsageError(f"NEWSCRAWL_STATE: schema={schema}: letters, digits and _ make a name")
    kept = "&".join("".join(pair) for pair in pairs if pair[0] != "schema")
    before = f"{user}{f':{secret}' if secret else ''}@" if user else ""
    return StatePlace(server=f"{scheme}://{before}{path}{'?' if kept else ''}{kept}", schema=schema)
