"""Where a crawl state is: a file, or a PostgreSQL database that many machines share."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from newscrawl.errors import UsageError

DATA: Final = Path("data")
"""What a machine keeps beside a state that is elsewhere: article files, reports, raw pages."""
DEFAULT: Final = os.environ.get("NEWSCRAWL_STATE") or "data/state.db"
"""The state that is used where none is named: the environment's, so that a password is in no list of processes."""
SERVERS: Final = frozenset({"postgresql", "postgres"})
SCHEMA: Final = "newscrawl"
"""The schema in a database whose address names none."""
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
        parts = urlsplit(self.server or "")
        user, at, host = parts.netloc.rpartition("@")
        shown = parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}")
        secret = [(k, v) for k, v in parse_qsl(parts.query) if k not in ("password", "sslpassword")]
        if self.schema != SCHEMA:
            secret.append(("schema", self.schema))
        return urlunsplit(shown._replace(query=urlencode(secret)))

    def text(self) -> str:
        """Give it as a setting has it, password and all."""
        if self.file:
            return str(self.file)
        if self.schema == SCHEMA:
            return self.server or ""
        mark = "&" if urlsplit(self.server or "").query else "?"
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


def _server(text: str) -> StatePlace:
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise UsageError(f"NEWSCRAWL_STATE is no address of a database: {error}") from error
    pairs = [pair.partition("=") for pair in parts.query.split("&") if pair]
    schema = next((unquote(value) for name, _, value in pairs if name == "schema"), SCHEMA)
    if (
        not schema.replace("_", "a").isalnum()
        or not schema.isascii()
        or len(schema) > LONGEST_SCHEMA
    ):
        raise UsageError(f"NEWSCRAWL_STATE: schema={schema}: letters, digits and _ make a name")
    query = "&".join("".join(pair) for pair in pairs if pair[0] != "schema")
    return StatePlace(server=urlunsplit(parts._replace(query=query)), schema=schema)
