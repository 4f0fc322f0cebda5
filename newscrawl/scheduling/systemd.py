"""A oneshot service, and the timer that starts it."""

from typing import Final

from newscrawl.errors import UsageError
from newscrawl.scheduling import DAY, GRACE, HOUR, Plan, Schedule

SHARED: Final = ("/tmp/", "/var/tmp/")  # noqa: S108 - not used as a folder
"""Where a service with a /tmp of its own would not see its files."""
SERVICE: Final = """\
[Unit]
Description=newscrawl: crawl what is due in {folder}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={user}
WorkingDirectory={folder}
ExecStart={command}

# 3 and 4: some of many sites are quiet, refused or changed. That is so on most days, and newscrawl gives notice of it; as a
# failure it would hide the others. 1, 2 and 5 mean that the run itself went wrong: the unit has failed, and OnFailure=
# starts. The timer starts it again all the same.
SuccessExitStatus=3 4

# The first signal ends a run cleanly: it begins nothing more, and writes what is under way. Its workers are not to
# get it, because they hold pages of the run. What is killed after all is fetched again by the next run.
KillSignal=SIGTERM
KillMode=mixed
TimeoutStartSec={deadline}
TimeoutStopSec={grace}

# Behind everything else, but not idle: who holds the state's lock must not starve.
Nice=10
IOSchedulingClass=best-effort
IOSchedulingPriority=7

# It writes to data/ alone. Not restricted is what a browser needs (NEWSCRAWL_RENDER): namespaces and code made at run time.
ReadWritePaths={writable}
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp={private}
PrivateDevices=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
"""
TIMER: Final = """\
[Unit]
Description=newscrawl: time to crawl what is due in {folder}

[Timer]
# In UTC, so that no hour is left out or comes twice when clocks change.
OnCalendar={calendar}
# A run that was missed while the machine was off is made up for once.
Persistent=true
# Not with everybody else at the full minute, but always at the same distance from it.
RandomizedDelaySec={delay}
FixedRandomDelay=true
AccuracySec=1

[Install]
WantedBy=timers.target
"""


def systemd_files(plan: Plan) -> Schedule:
    """Write the service and the timer.

    Raises:
        UsageError: systemd would not start the program.

    """
    if set(plan.program[0]) & set("'\""):
        raise UsageError(f"systemd starts nothing whose path has a quote: {plan.program[0]}")
    folder = _literal(plan.folder)
    hidden = any(f"{path}/".startswith(SHARED) for path in (plan.folder, plan.program[0]))
    service = SERVICE.format(
        folder=folder,
        user=plan.user,
        command=exec_start(plan.command),
        deadline=plan.max_time + GRACE,
        grace=GRACE,
        writable=_quoted(f"{plan.folder}/data"),
        private="no" if hidden else "yes",
    )
    timer = TIMER.format(
        folder=folder, calendar=calendar(plan.every), delay=min(30, plan.every * 6)
    )
    names = f"{plan.name}.service", f"{plan.name}.timer"

    def install(where: str) -> tuple[str, ...]:
        return (
            f"sudo install -m 644 {where}/{names[0]} {where}/{names[1]} /etc/systemd/system/",
            "sudo systemctl daemon-reload",
            f"sudo systemctl enable --now {names[1]}",
            f"sudo systemctl start {names[0]}   # once now; journalctl -u {names[0]} has what it said",
        )

    return Schedule(files=dict(zip(names, (service, timer), strict=True)), install=install)


def calendar(every: int) -> str:
    """Give the times of a timer.

    >>> calendar(1), calendar(10), calendar(120), calendar(1440)
    ('*-*-* *:*:00 UTC', '*-*-* *:00/10:00 UTC', '*-*-* 00/2:00:00 UTC', '*-*-* 00:00:00 UTC')
    """
    hours, minutes = "*", "00"
    if every < HOUR:
        minutes = f"00/{every}" if every > 1 else "*"
    elif every < DAY:
        hours = f"00/{every // HOUR}" if every > HOUR else "*"
    else:
        hours = "00"
    return f"*-*-* {hours}:{minutes}:00 UTC"


def exec_start(command: tuple[str, ...]) -> str:
    """Give a command line as systemd splits it; in the path of the program it looks for no variables.

    >>> exec_start(("/opt/a $b/newscrawl", "90%", "$HOME"))
    '"/opt/a $b/newscrawl" "90%%" "$$HOME"'
    """
    program, *words = command
    return " ".join((_quoted(program), *(_quoted(word.replace("$", "$$")) for word in words)))


def _quoted(word: str) -> str:
    plain = word.replace("\\", "\\\\").replace('"', '\\"')
    is_bare = plain == word and not set(word) & set(" %$'")
    return word if is_bare else f'"{_literal(plain)}"'


def _literal(text: str) -> str:
    """Write a text that has no specifiers such as `%h`."""
    return text.replace("%", "%%")
