"""A web on loopback that misbehaves as it is told: an HTTP proxy that answers itself, and keeps a log."""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What an address answers."""

    body: bytes | str = b""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    stream: Callable[[], Iterable[bytes]] | None = None
    """Parts that are sent without a declared length, until the client hangs up."""
    wait: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One request."""

    at: float
    url: str
    headers: dict[str, str]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


Answers = Answer | list[Answer] | Callable[[str], Answer]


class Web:
    """Addresses and what they answer; a list is given one by one, its last for ever."""

    def __init__(self, pages: dict[str, Answers] | None = None) -> None:
        self.pages: dict[str, Answers] = dict(pages or {})
        self.log: list[Asked] = []
        self.busy: dict[str, int] = {}
        self.most_busy = 0
        self.clock: Callable[[], float] = time.time
        """What its answers say of the time, in seconds since 1970."""
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def proxy(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, url: str) -> Answer:
        found = self.pages.get(url) or self.pages.get(url.split("?", maxsplit=1)[0])
        if found is None:
            prefixes = [p for p in self.pages if p.endswith("*") and url.startswith(p[:-1])]
            found = self.pages[max(prefixes, key=len)] if prefixes else Answer("nothing here", 404)
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found if isinstance(found, Answer) else found(url)

    def asked(self, part: str = "") -> list[Asked]:
        return [one for one in self.log if part in one.url]

    def gaps(self, host: str) -> list[float]:
        times = [one.at for one in self.log if one.host == host]
        return [round(b - a, 3) for a, b in pairwise(times)]

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def _handler(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with web.lock:
                web.log.append(Asked(time.monotonic(), self.path, dict(self.headers.items())))
                host = urlsplit(self.path).hostname or ""
                domain = ".".join(host.split(".")[-2:])
                web.busy[domain] = web.busy.get(domain, 0) + 1
                web.most_busy = max(web.most_busy, web.busy[domain])
                answer = web.answer(self.path)
            try:
                self.send(answer)
            except OSError:
                self.close_connection = True
            finally:
                with web.lock:
                    web.busy[domain] -= 1

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(web.clock() if timestamp is None else timestamp)

        def send(self, answer: Answer) -> None:
            time.sleep(answer.wait)
            body = answer.body.encode() if isinstance(answer.body, str) else answer.body
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.type)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.stream:
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                for part in answer.stream():
                    self.wfile.write(part)
                return
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    return Handler


class Canary:
    """A port on this machine that nothing may connect to."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def was_met(self) -> bool:
        self.socket.settimeout(0.2)
        try:
            self.socket.accept()
        except TimeoutError:
            return False
        return True


def article(
    title: str, *, date: str = "2026-11-20T10:00:00+00:00", head: str = "", more: str = ""
) -> Answer:
    """Give a page with an article that is long enough to be one."""
    words = f"{title} was decided on Tuesday, when the council of Harrow Bay met for the ninth time this year. "
    paragraphs = "".join(
        f"<p>{words}Members spoke for {number} hours about the cost, the road and the harbour wall, and "
        f"adjourned after a vote that nobody had asked for in part {number} of the plan.</p>"
        for number in range(2, 7)
    )
    return Answer(
        f"<html lang=en><head><title>{title}</title><meta property=og:type content=article>"
        f"<meta property=article:published_time content='{date}'>{head}</head><body><main><article>"
        f"<h1>{title}</h1>{paragraphs}{more}</article></main></body></html>"
    )


def feed(links: dict[str, str], *, date: str = "Fri, 20 Nov 2026 10:00:00 GMT") -> Answer:
    """Give an RSS feed of addresses and titles."""
    items = "".join(
        f"<item><title>{title}</title><link>{url}</link><pubDate>{date}</pubDate></item>"
        for url, title in links.items()
    )
    return Answer(
        f'<rss version="2.0"><channel><title>F</title>{items}</channel></rss>',
        type="application/rss+xml",
    )


def home(*feeds: str, body: str = "") -> Answer:
    """Give a home page that declares feeds."""
    links = "".join(
        f'<link rel=alternate type="application/rss+xml" href="{one}">' for one in feeds
    )
    return Answer(f"<html><head><title>Home</title>{links}</head><body>{body}</body></html>")


def site(host: str, titles: Iterable[str], **values: Any) -> dict[str, Answers]:
    """Give a site with a feed and an article for each title."""
    base = f"http://{host}"
    urls = {f"{base}/2026/11/20/{title.lower().replace(' ', '-')}": title for title in titles}
    return {
        f"{base}/robots.txt": Answer("User-agent: *\nDisallow: /private/\n", type="text/plain"),
        f"{base}/": home(f"{base}/feed.xml"),
        f"{base}/feed.xml": feed(urls),
        **{url: article(title, **values) for url, title in urls.items()},
    }
