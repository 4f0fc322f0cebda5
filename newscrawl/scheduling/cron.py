"""A line of a crontab."""

import shlex

from newscrawl.scheduling import Plan, Schedule, cron_times


def cron_files(plan: Plan) -> Schedule:
    """Write a crontab: one of /etc/cron.d, with a column for the user, where the plan names one, else a user's own.

    cron mails what a command prints. With `--quiet` that is a line about each problem, so that mail means trouble.
    """
    columns = [cron_times(plan.every), *([plan.user] if plan.user else []), command_line(plan)]
    text = f"# newscrawl: crawls what is due; newscrawl state show tells what it did.\nSHELL=/bin/sh\n{' '.join(columns)}\n"
    name = f"{plan.name}.cron"

    def install(folder: str) -> tuple[str, ...]:
        if plan.user:
            # cron reads no file there whose name has a dot.
            return (f"sudo install -m 644 {folder}/{name} /etc/cron.d/{plan.name}",)
        return (f"(crontab -l 2>/dev/null; cat {folder}/{name}) | crontab -",)

    return Schedule(files={name: text}, install=install)


def command_line(plan: Plan) -> str:
    r"""Give the command as a crontab has it, where a `%` would be a line break.

    >>> command_line(Plan(name="n", every=10, max_time=540, folder="/srv/90% news"))
    "cd '/srv/90\\% news' && newscrawl run --due --quiet --max-time 9m"
    """
    line = f"cd {shlex.quote(plan.folder)} && {shlex.join(plan.command)}"
    return line.replace("%", r"\%")
