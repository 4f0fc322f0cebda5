"""Tell somebody that a run ended badly, or that a source came into trouble or out of it: by command, webhook or mail."""

import json
import shlex
import smtplib
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from textwrap import shorten
from typing import Any, Final
from urllib.request import HTTPRedirectHandler, Request, build_opener

from newscrawl.errors import ReportError
from newscrawl.reports.building import stamp
from newscrawl.state.health import Finding, Trouble
from newscrawl.wording import numbered, printable

SECONDS: Final = 30
"""How long a command, a web server or a mail server may take; a run is not held up by them."""
MOST_LINES: Final = 50
HTTP: Final = ("http://", "https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told."""

    code: int
    """The exit code of the run."""
    line: str
    """Its summary line."""
    run: str
    troubles: Sequence[Finding] = ()
    """Troubles that are new, or that last."""
    over: Sequence[Finding] = ()
    """Troubles that are over."""
    failure: str = ""
    """Why the run failed, where it did."""
    report: str = ""
    """Where its report is."""
    host: str = field(default_factory=socket.gethostname)

    def subject(self) -> str:
        """Say it in a line.

        >>> Notice(code=1, line="", run="", failure="the disk is full", host="a").subject()
        'newscrawl on a: the run failed: the disk is full'
        """
        parts = []
        if self.failure:
            parts.append(f"the run failed: {shorten(self.failure, 120, placeholder=' …')}")
        if self.troubles:
            parts.append(f"{numbered(len(self.troubles), 'source')} in trouble")
        if well := sum(one.trouble is not Trouble.BROKEN for one in self.over):
            parts.append(f"{numbered(well, 'source')} well again")
        if well < len(self.over):
            parts.append("runs go through again")
        return printable(f"newscrawl on {self.host}: {', '.join(parts)}")[:200]

    def text(self) -> str:
        """Say it in full."""
        told = [_line("  ", one) for one in self.troubles[:MOST_LINES]]
        if more := len(self.troubles) - len(told):
            told.append(f"  and {more} more")
        over = [f"  {printable(one.source)} is no longer {one.trouble}" for one in self.over[:MOST_LINES]]  # fmt: skip
        lines = [self.subject(), "", *told, *over, "", f"exit code {self.code}: {printable(self.line)}"]  # fmt: skip
        return "\n".join([*lines, f"report: {self.report}"] if self.report else lines) + "\n"

    def json(self) -> bytes:
        """Give it as JSON: code, line, run, host, failure, report, troubles, over, text."""
        return json.dumps(
            {
                "code": self.code, "line": self.line, "run": self.run, "host": self.host, "failure": self.failure or None,
                "report": self.report or None, "troubles": list(map(_plain, self.troubles)),
                "over": list(map(_plain, self.over)),
                # What Slack, Mattermost and the like show.
                "text": self.text(),
            },
        ).encode()  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The mail server and the addresses, as Scrapy's MAIL_* settings name them."""

    to: Sequence[str]
    sender: str = "newscrawl@localhost"
    host: str = "localhost"
    port: int = 25
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ssl: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """By what a notice goes."""

    command: str = ""
    webhook: str = ""
    mail: Mail | None = None

    def names(self) -> list[str]:
        """Give the names of those that are set."""
        return [name for name in ("command", "webhook", "mail") if getattr(self, name)]

    def __bool__(self) -> bool:
        return bool(self.names())


def send(notice: Notice, channels: Channels) -> list[str]:
    """Send a notice by all channels; give what went wrong, channel by channel."""
    ways: list[tuple[str, Callable[[], None]]] = []
    if channels.command:
        ways.append(("command", lambda: by_command(notice, channels.command)))
    if channels.webhook:
        ways.append(("webhook", lambda: by_webhook(notice, channels.webhook)))
    if mail := channels.mail:
        ways.append(("mail", lambda: by_mail(notice, mail)))
    problems = []
    for name, way in ways:
        try:
            way()
        except Exception as error:  # noqa: BLE001 - strangers' servers and programs; a run does not die of its notice
            problems.append(f"the notice could not be sent by {name}: {printable(str(error))}")
    return problems


def by_command(notice: Notice, command: str) -> None:
    """Run a command with the notice as JSON on its standard input; no shell reads what strangers wrote.

    Raises:
        ReportError: it fails.

    """
    done = subprocess.run(  # noqa: S603 - the operator's own command
        shlex.split(command), input=notice.json(), capture_output=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[-200:]
        # Not with its arguments, which may hold a secret.
        program = shlex.split(command)[0]
        raise ReportError(f"{program} exits with {done.returncode}: {said}")


def by_webhook(notice: Notice, url: str) -> None:
    """Post the notice as JSON.

    Raises:
        ReportError: the address is none of the web.

    """
    if not url.startswith(HTTP):
        raise ReportError(f"{url!r} is no http or https address")
    headers = {"Content-Type": "application/json", "User-Agent": "newscrawl"}
    request = Request(url, data=notice.json(), headers=headers, method="POST")  # noqa: S310 - the scheme is checked
    # A redirect would make a GET of it, which says nothing to anybody.
    with build_opener(_NoRedirect).open(request, timeout=SECONDS) as answer:
        answer.read(1)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def by_mail(notice: Notice, mail: Mail) -> None:
    """Mail the notice as plain text."""
    message = EmailMessage()
    message["Subject"], message["From"] = notice.subject(), mail.sender
    message["To"] = ", ".join(mail.to)
    message.set_content(notice.text())
    server: Any = smtplib.SMTP_SSL if mail.ssl else smtplib.SMTP
    with server(mail.host, mail.port, timeout=SECONDS) as connection:
        if mail.tls:
            connection.starttls()
        if mail.user:
            connection.login(mail.user, mail.password)
        connection.send_message(message)


def _line(indent: str, one: Finding) -> str:
    since = f", since {stamp(one.since)}" if one.since is not None else ""
    return f"{indent}{printable(one.said())}{since}"


def _plain(one: Finding) -> dict[str, str | None]:
    since = stamp(one.since) if one.since is not None else None
    return {"source": one.source, "trouble": str(one.trouble), "detail": one.detail, "since": since}
