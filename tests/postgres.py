"""A PostgreSQL server of the tests' own: Debian's package, a folder of its own, a socket and a loopback port."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import psycopg
import pytest

USER = "postgres"
"""Who runs it where the tests are run by root, whom the server refuses."""


def programs() -> Path | None:
    """Find the server's programs: Debian's newest, else those on the path."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    if found := sorted(versions, key=lambda path: float(path.parts[-3])):
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Server:
    """A server; `kill` and `start` as often as wanted."""

    def __init__(self, port: int | None = None, address: str = "127.0.0.1") -> None:
        found = programs()
        if found is None:
            pytest.skip("there is no PostgreSQL (apt-get install postgresql)")
        self.programs = found
        self.folder = Path(tempfile.mkdtemp(prefix="newscrawl-pg-", dir="/var/tmp"))
        self.port = port or _free_port()
        self.listens_on = address
        self.process: subprocess.Popen[bytes] | None = None
        self.schemas = 0

    def __enter__(self) -> Self:
        self.folder.chmod(0o755)
        if os.geteuid() == 0:
            account = pwd.getpwnam(USER)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self._run(
            "initdb",
            "-D",
            str(self.data),
            "-U",
            "newscrawl",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale=C.UTF-8",
        )
        # Machines of a fleet come from other networks than the server's own.
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.77.0.0/16 trust\n")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self, *options: str) -> None:
        """Start it, and wait until it answers."""
        given = {
            "port": self.port, "listen_addresses": self.listens_on, "unix_socket_directories": str(self.folder),
            "max_connections": 200, "shared_buffers": "128MB", "log_min_messages": "fatal", "deadlock_timeout": "100ms",
        }  # fmt: skip
        settings = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_as_user(), str(self.programs / "postgres"), "-D", str(self.data), *settings, *options],
                stdout=subprocess.DEVNULL, stderr=log, cwd="/", start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError), psycopg.connect(self.address):
                return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def kill(self) -> None:
        """End it as a crash does: what was not committed is gone, and the next start recovers."""
        if self.process is None:
            return
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        self.process.wait()
        self.process = None

    def state(self) -> str:
        """Give the address of a state that nobody has used."""
        self.schemas += 1
        return f"{self.address}?schema=s{self.schemas}_{os.getpid()}"

    @property
    def address(self) -> str:
        return f"postgresql://newscrawl@{self.listens_on}:{self.port}/postgres"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_user(), str(self.programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/")


def _as_user() -> list[str]:
    return (
        ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        if os.geteuid() == 0
        else []
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
