"""newscrawl schedule."""

import argparse
import os
import pwd
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from newscrawl.cli import add_common_options
from newscrawl.cli.exits import ExitCode
from newscrawl.scheduling import Plan, Schedule, read_every, read_max_time
from newscrawl.scheduling.cron import cron_files
from newscrawl.scheduling.kubernetes import FOLDER, kubernetes_files
from newscrawl.scheduling.systemd import systemd_files

EXAMPLE: Final = """
examples:
  newscrawl schedule print cron                              a line for your crontab, and how to install it
  newscrawl schedule print cron --user news -O .             a file for /etc/cron.d
  newscrawl schedule print systemd --every 15m -O units/     newscrawl.service and newscrawl.timer
  newscrawl schedule print kubernetes --image registry.example/newscrawl:1.0 | kubectl apply -f -

Nothing is installed. Runs lock each other out, so that it does no harm to call more often than a run takes.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    actions = parser.add_subparsers(metavar="ACTION", title="actions", required=True)
    printing = actions.add_parser("print", help="print or write the files of a scheduler")
    targets = printing.add_subparsers(metavar="SCHEDULER", title="schedulers", required=True)
    cron = _add_target(targets, "cron", "a line of a crontab", _cron)
    cron.add_argument("--user", default="", metavar="NAME", help="whom it runs as, from /etc/cron.d; else a line for your own crontab")  # fmt: skip
    systemd = _add_target(targets, "systemd", "a service and a timer", _systemd)
    systemd.add_argument("--user", default="", metavar="NAME", help="whom it runs as (you)")
    kubernetes = _add_target(targets, "kubernetes", "a CronJob", _kubernetes)
    kubernetes.add_argument("--image", default="newscrawl:latest", help="the image, in which newscrawl is installed (%(default)s)")  # fmt: skip
    kubernetes.add_argument("--claim", default="newscrawl-data", metavar="NAME", help="the PersistentVolumeClaim for data/ (%(default)s)")  # fmt: skip


def _add_target(
    targets: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    summary: str,
    make: Callable[[argparse.Namespace], Schedule],
) -> argparse.ArgumentParser:
    parser = targets.add_parser(name, help=summary)
    where = FOLDER if name == "kubernetes" else "this one"
    parser.add_argument("--every", default="10m", metavar="AGE", help="how often, 1m to 24h (%(default)s)")  # fmt: skip
    parser.add_argument("--max-time", metavar="AGE", help="how long a run may take (nine tenths of --every)")  # fmt: skip
    parser.add_argument("--folder", metavar="DIR", help=f"the folder that data/ is in ({where})")
    parser.add_argument("--name", default="newscrawl", help="what it is called (%(default)s)")
    parser.add_argument("-O", dest="output", metavar="DIR", help="write the files into DIR")
    add_common_options(parser, is_action=True)
    parser.set_defaults(run=run_print, make=make)
    return parser


def run_print(options: argparse.Namespace) -> ExitCode:
    """Print or write what a scheduler reads, and say how it is installed."""
    schedule: Schedule = options.make(options)
    if options.output is None:
        for name, text in schedule.files.items():
            print(f"# {name}\n{text}")
        print("# To install, after writing the files with -O . :")
        print("\n".join(f"#   {line}" for line in schedule.install(".")))
        return ExitCode.OK
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schedule.files.items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)
    if not options.quiet:
        lines = schedule.install(shlex.quote(str(folder)))
        print("newscrawl: to install:", *(f"  {line}" for line in lines), sep="\n", file=sys.stderr)
    return ExitCode.OK


def _cron(options: argparse.Namespace) -> Schedule:
    return cron_files(_plan_here(options, user=options.user))


def _systemd(options: argparse.Namespace) -> Schedule:
    # A unit of the system without a user runs as root.
    user = options.user or pwd.getpwuid(os.getuid()).pw_name
    return systemd_files(_plan_here(options, user=user))


def _kubernetes(options: argparse.Namespace) -> Schedule:
    every = read_every(options.every)
    plan = Plan(
        name=options.name,
        every=every,
        max_time=read_max_time(options.max_time, every),
        folder=options.folder or FOLDER,
    )
    return kubernetes_files(plan, image=options.image, claim=options.claim)


def _plan_here(options: argparse.Namespace, *, user: str) -> Plan:
    """Give the plan for this machine, with paths that hold in whatever folder and with whatever PATH it is called."""
    every = read_every(options.every)
    return Plan(
        name=options.name,
        every=every,
        max_time=read_max_time(options.max_time, every),
        folder=str(Path(options.folder or ".").absolute()),
        program=_program(),
        user=user,
    )


def _program() -> tuple[str, ...]:
    """Give what starts this newscrawl: its script beside the interpreter, else the interpreter with the module."""
    script = Path(sys.executable).with_name("newscrawl")
    return (str(script),) if script.is_file() else (sys.executable, "-m", "newscrawl")
