"""Keep run reports as files: one a run, the latest under a name of its own, the old ones taken away."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from newscrawl.errors import InputError, ReportError
from newscrawl.reports.model import REPORT_VERSION, Report

LATEST: Final = "latest.json"
FORM: Final = "%Y%m%dT%H%M%SZ"
"""How runs are named."""


def store_report(report: Report, folder: Path, days: int) -> Path:
    """Write a report, and take away those that are older than so many days; 0 keeps all.

    Raises:
        ReportError: it cannot be written.

    """
    data = msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Another run may have begun in the same second.
        path, number = folder / f"{report.run}-{os.getpid()}.json", 1
        while path.exists():
            number += 1
            path = folder / f"{report.run}-{os.getpid()}-{number}.json"
        _replace(path, data)
        _replace(folder / LATEST, data)
    except OSError as error:
        raise ReportError(f"cannot write the report to {folder}: {error.strerror}") from error
    if days:
        forget_before(folder, datetime.now(UTC) - timedelta(days=days))
    return path


def write_file(path: Path, text: str) -> None:
    """Write a page or another text in one go: who reads it meanwhile gets the old one whole.

    Raises:
        ReportError: it cannot be written.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text.encode("utf-8"))
    except OSError as error:
        raise ReportError(f"cannot write {path}: {error.strerror}") from error


def read_report(path: Path) -> Report:
    """Read a report.

    Raises:
        InputError: there is none, or it is none of ours.

    """
    try:
        report = msgspec.json.decode(path.read_bytes(), type=Report)
        for moment in (report.started, report.ended):
            datetime.fromisoformat(moment).astimezone(UTC)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise InputError(f"{path} is no run report: {error}") from error
    if report.report_version > REPORT_VERSION:
        raise InputError(f"{path} was written by a newer newscrawl")
    return report


def stored_reports(folder: Path, since: datetime | None = None) -> list[Path]:
    """Give the reports of a folder, the oldest first; those that began at a time or later."""
    return [path for began, path in _dated(folder) if since is None or began >= since]


def forget_before(folder: Path, moment: datetime) -> int:
    """Take away the reports of runs that began before a time; give their number."""
    old = [path for began, path in _dated(folder) if began < moment]
    for path in old:
        with suppress(OSError):
            path.unlink()
    return len(old)


def _dated(folder: Path) -> Iterator[tuple[datetime, Path]]:
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        with suppress(ValueError):
            yield datetime.strptime(path.name[:16], FORM).replace(tzinfo=UTC), path


def _replace(path: Path, data: bytes) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
