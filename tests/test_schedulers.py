"""What `newscrawl schedule print` writes: read by real parsers, and run as cron and systemd run it.

The real cron daemon is started where `NEWSCRAWL_REAL_CRON=1` is set, because it takes a minute and writes to /etc/cron.d.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from newscrawl.cli import main
from newscrawl.errors import UsageError
from newscrawl.publishers import VARIABLE
from newscrawl.scheduling import Plan, cron_times, read_every, read_max_time
from newscrawl.scheduling.cron import command_line, cron_files
from newscrawl.scheduling.kubernetes import kubernetes_files
from newscrawl.scheduling.systemd import calendar, systemd_files
from tests.shell import Shell
from tests.test_due import BASE, HOST, TITLES, let_time_pass
from tests.web import Web, article, feed, site

EVEN: Final = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440)
DAY: Final = 1440
NASTY: Final = """it's 90% "of" $HOME; `news` & é {x} #1"""
"""The name of a folder in which each character means something to somebody."""
REPEATABLE: Final = {f"{minutes}m" for minutes in EVEN}
has_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")


def plan(**values: Any) -> Plan:
    return Plan(
        **{"name": "newscrawl", "every": 10, "max_time": 540, "folder": "/srv/news", **values}
    )


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["schedule", "print", *arguments]) == 0
    return capsys.readouterr().out


def minutes_of(fields: str) -> list[int]:
    """Give the minutes of a day at which a crontab's fields come."""
    minute, hour, *others = fields.split()
    assert others == ["*"] * 3

    def comes(field: str, value: int) -> bool:
        if field.startswith("*"):
            return value % int(field.partition("/")[2] or 1) == 0
        return value == int(field)

    return [n for n in range(DAY) if comes(minute, n % 60) and comes(hour, n // 60)]


@pytest.mark.parametrize("every", EVEN)
def test_a_crontab_repeats_at_even_distances_over_midnight(every: int) -> None:
    assert minutes_of(cron_times(every)) == list(range(0, DAY, every))


@has_analyze
def test_a_timer_comes_at_the_same_minutes_in_utc() -> None:
    command = ["systemd-analyze", "calendar", "--base-time=2026-03-29 00:00:30 UTC", "--iterations=3"]  # fmt: skip
    said = subprocess.run(
        [*command, *map(calendar, EVEN)], capture_output=True, check=True, text=True,
        env={**os.environ, "TZ": "Europe/Berlin"},
    ).stdout  # fmt: skip
    for every, part in zip(EVEN, said.split("Normalized form:")[1:], strict=True):
        moments = re.findall(r"(\d\d):(\d\d):00 UTC", part)
        found = [60 * int(hour) + int(minute) for hour, minute in moments]
        assert found[-3:] == [every * number % DAY for number in (1, 2, 3)], part


def test_only_what_repeats_evenly_is_taken() -> None:
    for minutes in range(1, DAY + 1):
        if f"{minutes}m" in REPEATABLE:
            assert read_every(f"{minutes}m") == minutes
            continue
        with pytest.raises(UsageError, match="evenly"):
            read_every(f"{minutes}m")
    for wrong in ("30s", "90s", "0m", "25h", "2d", "7.5m"):
        with pytest.raises(UsageError, match="evenly"):
            read_every(wrong)
    with pytest.raises(UsageError, match="no time"):
        read_every("often")


def test_a_run_takes_nine_tenths_of_the_interval_unless_it_is_told() -> None:
    assert [plan(max_time=read_max_time(None, every)).command[-1] for every in (1, 10, 60, DAY)] == [
        "54s", "9m", "54m", "1296m",
    ]  # fmt: skip
    assert plan(max_time=read_max_time("2h", 60)).command[-1] == "120m"
    for wrong in ("0s", "long", "0.5s"):
        with pytest.raises(UsageError, match="--max-time"):
            read_max_time(wrong, 10)


@pytest.mark.parametrize("scheduler", ["cron", "systemd", "kubernetes"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("--every", "7m"), ("--every", "90m"), ("--max-time", "soon"),
        ("--name", "a b"), ("--name", "../x"), ("--name", "a\nb"), ("--name", ""), ("--name", "x" * 53),
        ("--folder", "/srv/a\n* * * * * root id"), ("--folder", "/srv/a\x1b[2J"), ("--folder", "/srv/back\\slash"),
        ("--folder", "/srv/ends "), ("--folder", "/srv/\udcff"), ("--folder", "/srv/line\u2028"),
    ],
    ids=repr,
)  # fmt: skip
def test_what_cannot_be_written_down_is_refused(
    scheduler: str, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schedule", "print", scheduler, *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("newscrawl: ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("cron", "--user", "root\n"), ("cron", "--user", "a b"), ("systemd", "--user", "%u"),
        ("kubernetes", "--image", "a b"), ("kubernetes", "--image", "a\nb"), ("kubernetes", "--image", ""),
        ("kubernetes", "--claim", "A_b"), ("kubernetes", "--folder", "/srv/a:b"), ("kubernetes", "--folder", "srv"),
    ],
    ids=repr,
)  # fmt: skip
def test_users_images_and_claims_are_names(arguments: tuple[str, ...]) -> None:
    assert main(["schedule", "print", *arguments]) == 2


def test_files_are_printed_with_their_names_or_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {
        "cron": ["newscrawl.cron"],
        "systemd": ["newscrawl.service", "newscrawl.timer"],
        "kubernetes": ["newscrawl.yaml"],
    }
    for scheduler, files in names.items():
        text = printed(capsys, scheduler, "--folder", "/srv/news")
        folder = tmp_path / scheduler
        written = printed(capsys, scheduler, "--folder", "/srv/news", "-O", str(folder))
        assert written.splitlines() == [str(folder / name) for name in files]
        assert sorted(path.name for path in folder.iterdir()) == files
        for name in files:
            assert f"# {name}\n{(folder / name).read_text(encoding='utf-8')}" in text
        last = text[text.index("# To install") :].splitlines()
        assert len(last) > 1
        assert all(line.startswith("#") for line in last)


def test_the_program_beside_the_interpreter_is_called_by_its_path(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = Path(sys.executable).with_name("newscrawl")
    assert f"&& {shlex.quote(str(script))} run --due --quiet --max-time 9m\n" in printed(
        capsys, "cron"
    )
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    assert f"{tmp_path}/python3 -m newscrawl run --due" in printed(capsys, "cron")
    assert '"newscrawl", "run", "--due"' in printed(capsys, "kubernetes")


# cron


def cron_reads(line: str) -> str:
    r"""Give the command of a line as cron gives it to the shell: up to a bare `%`, with `\%` as `%`."""
    command = line.split(None, 5)[5]
    return re.split(r"(?<!\\)%", command, maxsplit=1)[0].replace(r"\%", "%")


def cron_environment(home: Path, **variables: str) -> dict[str, str]:
    """Give what cron gives a command of a user: nothing of a login shell's."""
    return {
        "HOME": str(home),
        "LOGNAME": "root",
        "PATH": "/usr/bin:/bin",
        "SHELL": "/bin/sh",
        **variables,
    }


def recorder(folder: Path, name: str) -> tuple[Path, Path]:
    """Give a program in a folder of that name that records how it was called, and an awkward folder."""
    program = folder / name / "record it"
    work = folder / f"work {NASTY}"
    (work / "data").mkdir(parents=True)
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\npwd\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program, work


def test_the_shell_of_cron_reads_paths_as_they_are(tmp_path: Path) -> None:
    program, work = recorder(tmp_path, NASTY)
    awkward = plan(folder=str(work), program=(str(program), NASTY))
    line = f"{cron_times(10)} {command_line(awkward)}"
    said = subprocess.run(
        ["/bin/sh", "-c", cron_reads(line)], capture_output=True, check=True, text=True,
        env=cron_environment(tmp_path),
    ).stdout  # fmt: skip
    assert said.splitlines() == [str(work), NASTY, *awkward.command[2:]]


def test_a_crontab_of_the_system_names_the_user_and_a_file_that_cron_reads() -> None:
    mine, systems = cron_files(plan()), cron_files(plan(user="news"))
    assert "\n*/10 * * * * cd /srv/news && " in mine.files["newscrawl.cron"]
    assert "\n*/10 * * * * news cd /srv/news && " in systems.files["newscrawl.cron"]
    # cron takes no last line that does not end.
    assert all(text.endswith("m\n") for one in (mine, systems) for text in one.files.values())
    assert systems.install("x")[0].endswith("/etc/cron.d/newscrawl")


# systemd


@has_analyze
@pytest.mark.parametrize("is_awkward", [False, True])
def test_systemd_finds_nothing_wrong(tmp_path: Path, is_awkward: bool) -> None:
    program, work = recorder(tmp_path, re.sub("['\"]", "", NASTY))
    values = {"folder": str(work), "program": (str(program), NASTY)} if is_awkward else {"program": ("/bin/sh",)}  # fmt: skip
    schedule = systemd_files(plan(user="root", **values))
    for name, text in schedule.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    paths = [str(tmp_path / name) for name in schedule.files]
    result = subprocess.run(
        ["systemd-analyze", "verify", *paths], capture_output=True, check=False, text=True,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "info"},
    )  # fmt: skip
    # It says too where the program of ExecStart is not there.
    complaints = [line for line in result.stderr.splitlines() if str(tmp_path) in line]
    assert (result.returncode, complaints) == (0, [])


def test_a_program_that_systemd_would_not_start_is_refused() -> None:
    with pytest.raises(UsageError, match="quote"):
        systemd_files(plan(program=("/opt/it's/newscrawl",)))


def directives(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


def test_the_service_has_room_to_end_and_reaches_its_files() -> None:
    service = directives(
        systemd_files(plan(user="news", program=("/opt/n",))).files["newscrawl.service"]
    )
    assert service["Type"] == "oneshot"
    assert service["User"] == "news"
    assert service["SuccessExitStatus"] == "3 4"
    assert int(service["TimeoutStopSec"]) > 150  # a pause of a host, and a request
    assert int(service["TimeoutStartSec"]) == 540 + int(service["TimeoutStopSec"])
    assert (service["ReadWritePaths"], service["PrivateTmp"]) == ("/srv/news/data", "yes")
    shared = systemd_files(plan(folder="/tmp/news", program=("/opt/n",))).files["newscrawl.service"]
    assert directives(shared)["PrivateTmp"] == "no"


# Kubernetes


KNOWN: dict[str, Any] = {
    # What of a CronJob (batch/v1) the file uses: keys, and the kinds of their values.
    "apiVersion": str, "kind": str, "metadata": {"name": str, "labels": dict},
    "spec": {
        "schedule": str, "timeZone": str, "concurrencyPolicy": str, "startingDeadlineSeconds": int,
        "successfulJobsHistoryLimit": int, "failedJobsHistoryLimit": int,
        "jobTemplate": {"spec": {
            "backoffLimit": int, "activeDeadlineSeconds": int,
            "template": {"metadata": {"labels": dict}, "spec": {
                "restartPolicy": str, "terminationGracePeriodSeconds": int, "automountServiceAccountToken": bool, "enableServiceLinks": bool,
                "securityContext": {
                    "runAsNonRoot": bool, "runAsUser": int, "runAsGroup": int, "fsGroup": int, "fsGroupChangePolicy": str,
                    "seccompProfile": {"type": str},
                },
                "containers": [{
                    "name": str, "image": str, "command": [str], "workingDir": str, "env": [{"name": str, "value": str}],
                    "securityContext": {"allowPrivilegeEscalation": bool, "readOnlyRootFilesystem": bool, "capabilities": {"drop": [str]}},
                    "resources": {"requests": dict, "limits": dict}, "volumeMounts": [{"name": str, "mountPath": str}],
                }],
                "volumes": [{"name": str, "persistentVolumeClaim": {"claimName": str}, "emptyDir": {"sizeLimit": str}}],
            }},
        }},
    },
}  # fmt: skip
"""Kubernetes takes no key that it does not know. The file was held against its own schema of 1.27 and 1.37 by hand."""


def check(found: Any, known: Any, where: str = "") -> None:
    """Hold a value against the kinds that are known."""
    if isinstance(known, dict):
        assert isinstance(found, dict), where
        assert found.keys() <= known.keys(), f"{where}: {found.keys() - known.keys()}"
        for key, value in found.items():
            check(value, known[key], f"{where}.{key}")
    elif isinstance(known, list):
        assert isinstance(found, list), where
        for value in found:
            check(value, known[0], f"{where}[]")
    else:
        assert type(found) is known, f"{where}: {found!r}"


def cron_job(text: str) -> dict[str, Any]:
    """Read a CronJob."""
    found = yaml.safe_load(text)
    check(found, KNOWN)
    assert isinstance(found, dict)
    return found


def test_the_cron_job_is_one_to_kubernetes(capsys: pytest.CaptureFixture[str]) -> None:
    spec = cron_job(printed(capsys, "kubernetes", "--every", "1h", "--image", "r.example/n:1@sha256:ab"))["spec"]  # fmt: skip
    job = spec["jobTemplate"]["spec"]
    pod = job["template"]["spec"]
    [container] = pod["containers"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("0 * * * *", "Etc/UTC", "Forbid")  # fmt: skip
    assert container["command"] == ["newscrawl", "run", "--due", "--quiet", "--max-time", "54m"]
    assert container["image"] == "r.example/n:1@sha256:ab"
    # Kubernetes looks for missed starts every ten seconds.
    assert 10 < spec["startingDeadlineSeconds"] <= 3600
    assert job["activeDeadlineSeconds"] == 54 * 60 + pod["terminationGracePeriodSeconds"]
    assert (job["backoffLimit"], pod["restartPolicy"]) == (0, "Never")
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts == {"data": "/srv/news/data", "tmp": "/tmp"}
    assert container["workingDir"] == "/srv/news"


def test_yaml_reads_paths_as_they_are() -> None:
    text = kubernetes_files(plan(folder=f"/srv/{NASTY}"), image="n", claim="c").files
    [container] = cron_job(text["newscrawl.yaml"])["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]  # fmt: skip
    assert container["workingDir"] == f"/srv/{NASTY}"


# For real


def test_cron_and_systemd_run_what_is_due(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my news 100%"
    folder.mkdir()
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(folder, web.proxy)
        shell.crawl(f"{BASE}/")
        line = printed(capsys, "cron", "--folder", str(folder)).splitlines()[3]
        environment = cron_environment(tmp_path, http_proxy=web.proxy, **{VARIABLE: ""})
        publish(web, "A story that cron finds")
        let_time_pass(folder, "url LIKE '%/feed.xml'")
        ran = subprocess.run(
            ["/bin/sh", "-c", cron_reads(line)], cwd=tmp_path, env=environment, capture_output=True, check=False, text=True
        )  # fmt: skip
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
        assert "A story that cron finds" in shell.titles()

        service = directives(printed(capsys, "systemd", "--folder", str(folder)))
        publish(web, "A story that systemd finds")
        let_time_pass(folder, "url LIKE '%/feed.xml'")
        ran = subprocess.run(
            shlex.split(service["ExecStart"].replace("%%", "%")), cwd=service["WorkingDirectory"].replace("%%", "%"),
            env={**environment, "USER": service["User"]}, capture_output=True, check=False, text=True,
        )  # fmt: skip
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
        assert "A story that systemd finds" in shell.titles()


def publish(web: Web, title: str) -> None:
    url = f"{BASE}/2026/11/21/{title.lower().replace(' ', '-')}"
    web.pages[url] = article(title)
    web.pages[f"{BASE}/feed.xml"] = feed({url: title})


@pytest.mark.skipif(
    not os.environ.get("NEWSCRAWL_REAL_CRON"),
    reason="takes a minute and writes to /etc/cron.d: set NEWSCRAWL_REAL_CRON=1, as root",
)
@pytest.mark.skipif(not shutil.which("cron", path="/usr/sbin:/usr/bin"), reason="no cron")
def test_the_real_cron_runs_what_is_due(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "my news 100%"
    folder.mkdir()
    installed = Path("/etc/cron.d/newscrawl-test")
    with Web(site(HOST, TITLES)) as web:
        shell = Shell(folder, web.proxy)
        shell.crawl(f"{BASE}/")
        publish(web, "A story that cron finds")
        let_time_pass(folder, "url LIKE '%/feed.xml'")
        text = printed(capsys, "cron", "--every", "1m", "--user", "root", "--folder", str(folder))
        variables = f'http_proxy={web.proxy}\n{VARIABLE}=""\nMAILTO=""\n'
        installed.write_text(variables + text, encoding="utf-8")
        daemon = subprocess.Popen(["/usr/sbin/cron", "-f", "-L", "15"])
        try:
            until = time.monotonic() + 80
            while "A story that cron finds" not in shell.titles() and time.monotonic() < until:
                time.sleep(1)
            assert "A story that cron finds" in shell.titles()
        finally:
            installed.unlink()
            daemon.terminate()
            daemon.wait()
