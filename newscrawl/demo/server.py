"""Serve the demo web on loopback, under its own host names, as an HTTP proxy that answers itself."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from newscrawl.demo.site import Resource


class DemoServer:
    """A server on 127.0.0.1 that a crawler uses as its HTTP proxy.

    Host names under `.example` resolve nowhere, so that a proxy is the way to serve real-looking
    addresses on a machine without touching its configuration. Nothing is passed on.
    """

    def __init__(self, site: dict[str, Resource], *, port: int = 0) -> None:
        self.requests: list[str] = []
        self.times: list[float] = []
        self.site = dict(site)
        self._server = _QuietServer(
            ("127.0.0.1", port), _handler(self.site, self.requests, self.times)
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def serve(self, site: dict[str, Resource]) -> None:
        """Serve another site from now on."""
        self.site.clear()
        self.site.update(site)

    @property
    def proxy(self) -> str:
        """The address to use as `http_proxy`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of a crawler that hangs up."""


def _handler(
    site: dict[str, Resource], log: list[str], times: list[float]
) -> type[BaseHTTPRequestHandler]:
    missing = Resource(content_type="text/html", body=b"<html><p>Not found</p></html>", status=404)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            log.append(self.path)
            times.append(time.monotonic())
            resource = site.get(self.path, missing)
            if resource.etag and self.headers.get("If-None-Match") == resource.etag:
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(resource.status)
            if resource.etag:
                self.send_header("ETag", resource.etag)
            self.send_header("Content-Type", resource.content_type)
            self.send_header("Content-Length", str(len(resource.body)))
            if resource.location:
                self.send_header("Location", resource.location)
            self.end_headers()
            self.wfile.write(resource.body)

        def log_message(self, *_: object) -> None:
            """Keep quiet: the log is the list of requests."""

    return Handler
