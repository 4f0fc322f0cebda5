"""Ten thousand sites and 10^8 pages: what a page costs PostgreSQL here, and what that makes of many.

    python -m benchmarks.scale measure -O measured.json     a state in a PostgreSQL of its own, filled and visited again
    python -m benchmarks.scale model measured.json          rows, log, CPU, machines, and where PostgreSQL ends
    python -m benchmarks.scale simulate                     days of 10,000 sites under the real plan, event by event

`measure` starts PostgreSQL and ends it. `model` takes each of its numbers from the file, or from the command line, with
`--set sites=20000`; `simulate` too, with `--set delay=2`.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.scale_measure import measure
from benchmarks.scale_model import GB, Load, Model, sensitivity
from benchmarks.scale_simulation import Simulation, World, quantile
from newscrawl.state.deliveries import KEPT_DAYS
from newscrawl.state.plan import DAY

T = TypeVar("T", Load, World)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table as the docs have it."""
    print(f"\n| {' | '.join(head)} |\n|---|{'--:|' * (len(head) - 1)}")
    for row in rows:
        print(f"| {' | '.join(map(_shown, row))} |", flush=True)


def _shown(value: Any) -> str:
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


# -- measured --------------------------------------------------------------------------------------


def show_measured(found: dict[str, Any]) -> None:
    """Print what was measured."""
    print(
        f"{found['urls']:,} articles on {found['hosts']:,} hosts, put, claimed and ended through the frontier"
    )
    columns = ("server", "client", "log", "images", "statements", "journeys", "transactions")
    rows = []
    for name, phase in found["phases"].items():
        each = {key: phase[key] / max(1, phase["times"]) for key in columns}
        each |= {"server": each["server"] * 1e6, "client": each["client"] * 1e6}
        rows.append((name, phase["times"], *(float(each[key]) for key in columns)))
    table(
        (
            "each of",
            "times",
            "server CPU µs",
            "client CPU µs",
            "log bytes",
            "pages whole",
            *columns[4:],
        ),
        rows,
    )
    table(
        (
            "table",
            "rows",
            "bytes a row",
            "of them indices",
            "packed",
            "dead rows after the first visit",
            "in the end",
        ),
        [_table_row(found, name) for name, sizes in found["tables after"].items() if sizes["rows"]],
    )
    table(
        ("transactions a second", "waiting for the disk", "not waiting"),
        [
            (f"{n} connections", found["commits"][f"{n}, on"], found["commits"][f"{n}, off"])
            for n in (1, 8)
        ],
    )
    table(
        ("what grows with all that share a state", "ms", "server CPU ms", "log bytes"),
        [
            (name, each["ms"], each["server ms"], each.get("log", ""))
            for name, each in found["shared"].items()
            if isinstance(each, dict)
        ],
    )
    print(
        f"\na connection: {found['connection MB']:.1f} MB of the server; the server {found['server MB']:.0f} MB; the client {found['client MB']:.0f} MB"
    )


def _table_row(found: dict[str, Any], name: str) -> tuple[Any, ...]:
    sizes, packed, dead = (found[key][name] for key in ("tables after", "packed", "dead"))
    rows = sizes["rows"]
    return (
        name, rows, (sizes["heap"] + sizes["indices"]) / rows, sizes["indices"] / rows,
        (packed["heap"] + packed["indices"]) / rows, dead["after first"], dead["after all"],
    )  # fmt: skip


# -- the model -------------------------------------------------------------------------------------


def show_model(model: Model) -> None:
    """Print the figures of a load."""
    load = model.load
    print(", ".join(f"{name} {_shown(value)}" for name, value in asdict(load).items()))
    table(
        ("a day", "number", "a second", "at the peak"),
        [
            (name, number, number / DAY, number / DAY * load.peak)
            for name, number in {
                "new articles": model.new, "visits of known ones": model.visits, "lists read": model.polls,
                "pages fetched": model.fetches, "crawls begun": model.crawls, "transactions": model.transactions,
            }.items()
        ],
    )  # fmt: skip
    sizes, rows = model.bytes(), model.rows()
    table(
        (f"after {model.days:,.0f} days", "million rows", "bytes a row", "GB"),
        [
            *((name, rows[name] / 1e6, model.row_bytes(name), sizes[name] / GB) for name in rows),
            ("all", "", "", sum(sizes.values()) / GB),
        ],
    )
    print(
        f"(runs, ledgers, answers, tallies and deliveries are kept for {KEPT_DAYS} days; the others for ever)"
    )
    table(("what", "figure"), _machines(model))
    table(
        ("where PostgreSQL ends", "times this load", "pages fetched a second"),
        [(name, times, times * model.fetches / DAY * load.peak) for name, times in sorted(model.limits().items(), key=lambda pair: pair[1])],
    )  # fmt: skip
    changes = sensitivity(model)
    names = list(next(iter(changes.values())))
    table(
        ("twice the", *names),
        [(change, *(row[name] for name in names)) for change, row in changes.items()],
    )


def _machines(model: Model) -> list[tuple[str, str]]:
    load = model.load
    log, images = model.log / GB, model.whole_pages / GB
    stored = model.new * (1 + load.changed)
    fetched = model.fetches * (1 - load.not_modified * model.visits / model.fetches)
    return [
        ("log (WAL) a day, GB: changes, and pages whole after checkpoints", f"{log:.1f} + {images:.1f}"),
        ("database, cores at the mean (looks at what is due in it)", f"{model.database_cores:.2f} ({model.looks / DAY:.2f})"),
        ("pages of the database a second that are touched at random", f"{model.touched / DAY:.0f}"),
        ("a worker's look at what is due, ms of the server", f"{model.look_ms:.1f}"),
        ("begin of a crawl, ms of the one lock", f"{1e3 / model.begin_limit:.1f}"),
        ("workers, cores at the mean", f"{model.worker_cores:.2f}"),
        ("crawls under way at the mean", f"{model.places:.0f}"),
        (f"workers of {load.crawls} crawls and a core each, for the peak", f"{model.workers}"),
        ("connections (two a worker), MB of the server for them", f"{2 * model.workers}, {2 * model.workers * model.measured['connection MB']:.0f}"),
        ("article lines, GB a day, GB in the end", f"{stored * load.line_bytes / GB:.2f}, {stored * load.line_bytes * model.days / GB:,.0f}"),
        ("archive, GB a day, TB in the end", f"{fetched * load.raw_bytes / GB:.1f}, {fetched * load.raw_bytes * model.days / 1e12:.1f}"),
        ("pages a day that a host may be asked at that delay", f"{DAY / (load.delay + load.latency):,.0f}"),
        ("articles a second of one source, on all workers", f"{model.source_limit:.0f}"),
    ]  # fmt: skip


# -- the simulation --------------------------------------------------------------------------------


def show_simulation(world: World, trial: Sequence[int]) -> None:
    """Print what the days brought, and one day each with other numbers of workers."""
    print(", ".join(f"{name} {_shown(value)}" for name, value in asdict(world).items()))
    days = Simulation(world).run()
    table(("day", *HEAD), [(number, *_day_row(world, day)) for number, day in enumerate(days, 1)])
    rows = []
    for workers in trial:
        other = replace(world, workers=workers, days=1)
        rows.append((workers, *_day_row(other, Simulation(other).run()[0])))
    if rows:
        table(("workers", *HEAD), rows)


HEAD = (
    "pages", "crawls", "pages a crawl", "pages/s", "busiest hour", "transactions/s", "lists late by s, median", "95th",
    "articles found after min, median", "places idle", "cores idle", "sites waiting", "deaths",
)  # fmt: skip


def _day_row(world: World, day: Any) -> tuple[Any, ...]:
    pages, crawls, polls = (day.count[name] for name in ("pages", "crawls", "polls"))
    transactions = pages * (2 + (world.delay + world.latency) / 0.5) + polls + 3 * crawls
    return (
        pages, crawls, pages / max(1, crawls), pages / DAY, max(day.hours.values(), default=0) / 3600, transactions / DAY,
        quantile(day.lateness, 0.5), quantile(day.lateness, 0.95), quantile(day.ages, 0.5) / 60,
        f"{1 - day.busy / DAY / world.workers / world.crawls:.0%}", f"{1 - day.cpu / DAY / world.workers:.0%}", day.backlog,
        day.count["deaths"],
    )  # fmt: skip


# -- the command line ------------------------------------------------------------------------------


def with_changes(what: T, changes: Sequence[str]) -> T:
    """Set numbers by name; all are numbers."""
    kinds = {field.name: type(getattr(what, field.name)) for field in fields(what)}
    given = dict(change.split("=", 1) for change in changes)
    return replace(what, **{name: kinds[name](float(value)) for name, value in given.items()})


def main() -> None:
    """Measure, model or simulate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    measured = commands.add_parser("measure")
    measured.add_argument("--urls", type=int, default=20_000)
    measured.add_argument("--hosts", type=int, default=1000)
    measured.add_argument("--jobs", type=int, default=10_000)
    measured.add_argument("--runs", type=int, default=20, help="of each job")
    measured.add_argument("-O", "--output", type=Path)
    modelled = commands.add_parser("model")
    modelled.add_argument("measured", type=Path)
    simulated = commands.add_parser("simulate")
    simulated.add_argument(
        "--trial", type=int, nargs="*", default=[2, 3, 6], help="numbers of workers"
    )
    for one in (modelled, simulated):
        one.add_argument("--set", nargs="*", default=[], metavar="NAME=NUMBER")
    options = parser.parse_args()
    if options.command == "measure":
        found = measure(options.urls, options.hosts, options.jobs, options.runs)
        if options.output:
            options.output.write_text(json.dumps(found))
        show_measured(found)
    elif options.command == "model":
        show_model(
            Model(json.loads(options.measured.read_text()), with_changes(Load(), options.set))
        )
    else:
        show_simulation(with_changes(World(), options.set), options.trial)


if __name__ == "__main__":
    main()
