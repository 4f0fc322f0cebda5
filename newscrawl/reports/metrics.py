"""Metrics for Prometheus, in a file for its node exporter: a job that ends leaves nothing to scrape."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from newscrawl.errors import ReportError, UsageError
from newscrawl.reports.model import Report
from newscrawl.state.health import Trouble
from newscrawl.state.inspection import State

NO_EXTRA: Final = "metrics need the extra ops: pip install 'newscrawl[ops]'"
ENDS: Final = (
    "new",
    "changed",
    "unchanged",
    "seen",
    "rejected",
    "robots",
    "blocked",
    "gone",
    "failed",
    "left",
)


def write_metrics(path: Path, report: Report, state: State) -> None:
    """Write the metrics of a run and of all sources, in one go.

    Args:
        path: a file that ends in `.prom`, in the folder of the node exporter's textfile collector.
        report: of the run.
        state: the crawl state, for sources that were not asked in this run.

    Raises:
        UsageError: prometheus_client is not installed.
        ReportError: the file cannot be written.

    """
    try:
        from prometheus_client import CollectorRegistry, write_to_textfile
    except ImportError as error:
        raise UsageError(NO_EXTRA) from error
    registry = CollectorRegistry()
    _of_run(registry, report)
    _of_sources(registry, state)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise ReportError(f"cannot write {path}: {error.strerror}") from error


def _gauge(registry: Any, name: str, what: str, *labels: str) -> Any:
    from prometheus_client import Gauge

    return Gauge(f"newscrawl_{name}", what, labels, registry=registry)


def _of_run(registry: Any, report: Report) -> None:
    began, ended = _seconds(report.started), _seconds(report.ended)
    values = (
        ("run_timestamp_seconds", "When the last run ended, in seconds since 1970.", ended),
        ("run_duration_seconds", "How long it took.", ended - began),
        ("run_exit_code", "Its exit code.", float(report.code or 0)),
        ("run_requests", "Requests that it made.", _requests(report)),
        ("waiting_addresses", "Addresses that runs have left.", report.store.waiting),
        ("due_addresses", "Addresses whose time has come.", report.store.due),
        ("disk_free_bytes", "Bytes that are free on the disk of the state.", report.store.free),
    )
    for name, what, value in values:
        _gauge(registry, name, what).set(value)
    addresses = _gauge(
        registry, "run_addresses", "Addresses of the last run, by how they ended.", "end"
    )
    for end in ENDS:
        addresses.labels(end).set(report.total(end))
    stored = _gauge(registry, "store_bytes", "Bytes that are kept, by part.", "part")
    for part, size in report.store.bytes.items():
        stored.labels(part).set(size)


def _of_sources(registry: Any, state: State) -> None:
    trouble = _gauge(
        registry,
        "source_trouble",
        "1 where a source is in this trouble, else 0.",
        "source",
        "trouble",
    )
    last = _gauge(
        registry, "source_last_new_timestamp_seconds", "When a source last brought an article, in seconds since 1970.",
        "source",
    )  # fmt: skip
    found = {(one.source, one.trouble) for one in state.troubles()}
    for source in state.sources():
        for kind in Trouble:
            if kind is not Trouble.BROKEN:
                trouble.labels(source, str(kind)).set((source, kind) in found)
        if (moment := state.last_new(source)) is not None:
            last.labels(source).set(moment)


def _requests(report: Report) -> int:
    return sum(host.requests for one in report.sources.values() for host in one.hosts.values())


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
