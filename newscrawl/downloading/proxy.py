"""A proxy on loopback through which a browser reaches the internet, and nothing else.

A browser follows redirects and fetches scripts by itself, past Scrapy and its middlewares. Behind this
proxy each of its connections is checked as theirs are: by the form of the address, and by what the name
resolves to. The address that was checked is the one that is connected to.
"""

import asyncio
import contextlib
import ipaddress
import re
import socket
from typing import Final
from urllib.parse import urlsplit

from newscrawl.inward import inward_reason, is_inward

MAX_HEAD: Final = 65_536
SECONDS: Final = 30.0
CHUNK: Final = 65_536
REQUEST: Final = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")
OWN_HEADERS: Final = re.compile(
    rb"(?im)^(?:proxy-connection|connection|proxy-authorization):.*\r\n"
)
LENGTH: Final = re.compile(rb"(?im)^content-length:\s*(\d{1,12})\s*\r\n")


class RefusedError(Exception):
    """A connection that leads inward."""


class GuardProxy:
    """The proxy; its socket is bound at once, and served from `start` on.

    Args:
        allows_private: whether addresses of private networks may be reached.
        upstream: the address of the proxy through which this machine reaches the internet, if there is one.

    """

    def __init__(self, *, allows_private: bool, upstream: str | None) -> None:
        self.allows_private = allows_private
        self.upstream = (
            urlsplit(upstream if "//" in upstream else f"//{upstream}") if upstream else None
        )
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.refused: list[str] = []
        """Addresses that were not connected to."""
        self.server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The address that a browser is told."""
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    async def start(self) -> None:
        """Serve, on the running loop."""
        if self.server is None:
            self.server = await asyncio.start_server(self._serve, sock=self.socket, limit=MAX_HEAD)

    def close(self) -> None:
        """Stop serving."""
        if self.server:
            self.server.close()
        self.socket.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
            await self._pass_on(head, reader, writer)
        except RefusedError as error:
            self.refused.append(str(error))
            with contextlib.suppress(OSError):
                writer.write(
                    b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                await writer.drain()
        except (
            OSError,
            TimeoutError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            ValueError,
        ):
            pass  # a connection that fails is the browser's to report
        finally:
            writer.close()

    async def _pass_on(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        match = REQUEST.match(head)
        if match is None:
            raise RefusedError(repr(head[:100]))
        method, target = match[1], match[2].decode("latin-1")
        is_tunnel = method == b"CONNECT"
        url = f"https://{target}/" if is_tunnel else target
        address, port = await self._checked(url)
        theirs, ours = await asyncio.wait_for(asyncio.open_connection(address, port), SECONDS)
        try:
            if is_tunnel and self.upstream is None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            elif is_tunnel:
                ours.write(head)
            else:
                ours.write(self._plain(head, match, url) + await _body(head, reader))
            tasks = [_copy(theirs, writer)]
            if is_tunnel:
                tasks.append(_copy(reader, ours))
            await asyncio.gather(*tasks)
        finally:
            ours.close()

    async def _checked(self, url: str) -> tuple[str, int]:
        """Give the address and port to connect to.

        Raises:
            RefusedError: it leads inward.

        """
        if not self.allows_private and (reason := inward_reason(url)):
            raise RefusedError(f"{url}: {reason}")
        parts = urlsplit(url)
        if self.upstream is not None:
            return self.upstream.hostname or "", self.upstream.port or 80
        port = parts.port or (443 if parts.scheme == "https" else 80)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        address = str(found[0][4][0])
        if not self.allows_private and is_inward(
            ipaddress.ip_address(address.split("%", maxsplit=1)[0])
        ):
            raise RefusedError(f"{url} resolves to {address}")
        return address, port

    def _plain(self, head: bytes, match: re.Match[bytes], url: str) -> bytes:
        """Give the head of a request for one answer, after which the connection is closed."""
        rest = OWN_HEADERS.sub(b"", head[match.end() :])
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = url if self.upstream else path
        return b"%s %s HTTP/1.1\r\nConnection: close\r\n%s" % (
            match[1],
            target.encode("latin-1"),
            rest,
        )


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    length = LENGTH.search(head)
    return await reader.readexactly(int(length[1])) if length else b""


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
