"""Logs for people and for machines: text or JSON lines, with the run and the source of each."""

import logging
import logging.handlers
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from newscrawl.errors import ReportError

FORMS: Final = ("text", "json")
MAX_BYTES: Final = 10_000_000
"""Of a log file, after which it is turned over."""
KEPT: Final = 5
"""Log files that are kept besides the present one."""

_source: ContextVar[str] = ContextVar("source", default="")


@contextmanager
def crawl_of(source: str) -> Iterator[None]:
    """Name the source in whatever is logged by tasks that are begun within."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)


class Plain(logging.Formatter):
    """Print nothing that steers a terminal: messages hold addresses and words of strangers' pages."""

    def format(self, record: logging.LogRecord) -> str:
        return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in super().format(record))


class OneLine(Plain):
    """Print the first line of a message, and no traceback: these are for -v."""

    def format(self, record: logging.LogRecord) -> str:
        lines = record.getMessage().splitlines() or [""]
        return "newscrawl: " + "".join(c if c.isprintable() else "�" for c in lines[0])


class Timed(Plain):
    """Print a line for a file: the moment in UTC, the level, run and source, and the message."""

    def __init__(self, run: str) -> None:
        super().__init__()
        self.run = run

    def format(self, record: logging.LogRecord) -> str:
        source = _source.get() or "-"
        # One line an event: a message cannot pass for another one.
        text = record.getMessage().replace("\n", "\\n")
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        line = f"{_moment(record)} {record.levelname} {self.run} {source} {record.name}: {text}"
        return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in line)


class JsonLines(logging.Formatter):
    """Write an event as a JSON object on one line: time, level, logger, run, source, message, exception."""

    def __init__(self, run: str) -> None:
        super().__init__()
        self.run = run

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "time": _moment(record), "level": record.levelname, "logger": record.name, "run": self.run,
            "source": _source.get() or None, "message": record.getMessage(),
        }  # fmt: skip
        if record.exc_info:
            event["exception"] = "".join(traceback.format_exception(*record.exc_info))
        # A lone surrogate, as pages have them, is no text to an encoder.
        plain = {k: v and v.encode("utf-8", "backslashreplace").decode() for k, v in event.items()}
        return msgspec.json.encode(plain).decode()


def run_name(began: float) -> str:
    """Name a run by when it began.

    >>> run_name(0)
    '19700101T000000Z'
    """
    return f"{datetime.fromtimestamp(began, UTC):%Y%m%dT%H%M%SZ}"


def formatter_of(form: str, run: str) -> logging.Formatter:
    """Give the formatter of a log that machines or people read later."""
    return JsonLines(run) if form == "json" else Timed(run)


def log_to(path: Path, form: str, run: str, level: int) -> None:
    """Log into a file as well, which is turned over when it is full.

    Raises:
        ReportError: it cannot be written.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8"
        )
    except OSError as error:
        raise ReportError(f"cannot write the log {path}: {error.strerror}") from error
    handler.setLevel(level)
    handler.setFormatter(formatter_of(form, run))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(min(root.level, level))


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
