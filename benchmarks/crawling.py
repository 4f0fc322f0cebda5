"""How fast a site on loopback is crawled and cleaned: ``python -m benchmarks.crawling PAGES… --count N``.

PAGES are JSON lines with html; they are repeated until the site has N articles, all in one sitemap. Printed for each
crawler: articles fetched, pages a second, CPU seconds of it and all its processes, and the share of both cores that
was busy meanwhile, the server's part included. ``--crawlers newscrawl fundus=PYTHON news-please=PYTHON`` runs others
on the same site, each with a server of its own; see `benchmarks.crawlers`. ``--install`` makes environments for these
two, from their pins. Without PAGES the fixtures of the tests are taken. Fundus knows only publishers of its own
collection, so that the site has the name of one; nothing leaves the machine.
"""

import argparse
import asyncio
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from multiprocessing import Process, Queue
from pathlib import Path
from typing import Any, Final

from benchmarks.environments import environment
from benchmarks.speed import pages_of

HOST: Final = "apnews.com"
MISSING: Final = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
PEERS: Final = Path(__file__).with_name("crawlers.py")


def main() -> None:
    """Serve, crawl, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--crawlers", nargs="+", default=["newscrawl"])
    parser.add_argument("--install", action="store_true", help="run Fundus and news-please too")
    parser.add_argument("--workers", type=int, default=2, help="of newscrawl")
    parser.add_argument("--most", type=float, default=1200, help="seconds a crawler may take")
    options = parser.parse_args()
    bodies = [page["html"].encode("utf-8", "replace") for page in pages_of(options.pages)]
    random.Random(1).shuffle(bodies)
    crawlers = options.crawlers
    if options.install:
        crawlers += [f"{name}={environment(name)}" for name in ("fundus", "news-please")]
    for name in crawlers:
        asked: Queue[Any] = Queue()
        server = Process(
            target=serve, args=(bodies[: options.count], options.count, asked), daemon=True
        )
        server.start()
        port = asked.get()
        with tempfile.TemporaryDirectory(prefix="newscrawl-crawling-") as folder:
            show(name, run(name, port, Path(folder), options))
        server.terminate()
        server.join()


def run(name: str, port: int, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run one crawler; give what it took."""
    proxy = f"http://127.0.0.1:{port}"
    plain = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    environment = plain | dict.fromkeys(names, proxy)
    before, busy, begun = resource.getrusage(resource.RUSAGE_CHILDREN), _ticks(), time.monotonic()
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command_of(name, folder, options), env=environment, stdout=log, stderr=log, start_new_session=True
        )  # fmt: skip
        last, quiet, seen = 0.0, time.monotonic(), 0
        while process.poll() is None:
            time.sleep(0.2)
            found = _counted(port)
            if found > seen:
                seen, quiet, last = found, time.monotonic(), time.monotonic()
            # news-please has been known to wait for ever when all is fetched.
            if time.monotonic() - begun > options.most or (seen and time.monotonic() - quiet > 60):
                os.killpg(process.pid, signal.SIGKILL)
    after, ticks = resource.getrusage(resource.RUSAGE_CHILDREN), _ticks()
    ended = time.monotonic() if process.returncode == 0 else last
    return {
        "fetched": _counted(port), "seconds": ended - begun, "exit": process.returncode,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "busy": (ticks[0] - busy[0]) / max(1, ticks[1] - busy[1]),
        "last": (folder / "log.txt").read_text("utf-8", "replace").strip().splitlines()[-1:],
    }  # fmt: skip


def command_of(name: str, folder: Path, options: argparse.Namespace) -> list[str]:
    """Give the command that crawls the site."""
    name, _, python = name.partition("=")
    if name == "newscrawl":
        settings = (
            "DOWNLOAD_DELAY=0", "AUTOTHROTTLE_ENABLED=0", "CONCURRENT_REQUESTS_PER_DOMAIN=16",
            "NEWSCRAWL_CONCURRENT_REQUESTS_PER_SOURCE=16",
        )  # fmt: skip
        return [
            sys.executable, "-m", "newscrawl", "crawl", f"http://{HOST}/", "--state", str(folder / "state.db"),
            "-O", str(folder / "out.jsonl"), "--workers", str(options.workers),
            *(word for setting in settings for word in ("-s", setting)),
        ]  # fmt: skip
    sites = folder / "sites.txt"
    sites.write_text(f"http://{HOST}/")
    return [python or sys.executable, str(PEERS), name, str(sites), "0"]


def show(name: str, took: dict[str, Any]) -> None:
    """Print it."""
    rate = took["fetched"] / took["seconds"]
    print(f"{name.partition('=')[0]}: {took['fetched']} articles in {took['seconds']:.0f} s, {rate:.1f} a second; "
          f"{took['cpu']:.0f} s CPU, {1000 * took['cpu'] / max(1, took['fetched']):.1f} ms an article; both cores "
          f"{took['busy']:.0%} busy; exit {took['exit']}")  # fmt: skip
    print("  ", *took["last"], flush=True)


def _ticks() -> tuple[int, int]:
    """Give the ticks in which a core was busy, and all."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return sum(fields) - idle, sum(fields)


def _counted(port: int) -> int:
    """Ask the server how many articles it has given."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"GET http://count.test/ HTTP/1.1\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := line.recv(4096):
            answer += part
    return int(answer.rsplit(b"\r\n\r\n", 1)[1])


# -- the site -------------------------------------------------------------------------------------


def serve(bodies: list[bytes], count: int, port: "Queue[int]") -> None:
    """Serve a site of so many articles, as a proxy does, until it is ended."""
    asyncio.run(_serve(bodies, count, port))


async def _serve(bodies: list[bytes], count: int, port: "Queue[int]") -> None:
    given: set[bytes] = set()
    base = f"http://{HOST}"
    entries = "".join(
        f"<url><loc>{base}/article/harbour-report-number-{n}-of-the-year-{n:032x}</loc>"
        f"<lastmod>2026-11-{1 + n % 20:02}T10:00:00Z</lastmod></url>"
        for n in range(count)
    )
    sitemap = (
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'.encode()
    )
    others = {
        b"/robots.txt": (
            b"text/plain",
            f"User-agent: *\nAllow: /\nSitemap: {base}/sitemap.xml\n".encode(),
        ),
        b"/sitemap.xml": (b"application/xml", sitemap),
        b"/": (b"text/html", b"<html><head><title>Home</title></head><body></body></html>"),
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                target = line.split(b" ")[1]
                while (await reader.readline()).strip():
                    pass
                writer.write(_answer(target))
                await writer.drain()
                if b"count.test" in target:
                    return
        except (ConnectionError, IndexError):
            pass
        finally:
            writer.close()

    def _answer(target: bytes) -> bytes:
        rest = target.split(b"://", 1)[-1]
        host, _, path = rest.partition(b"/")
        if host == b"count.test":
            return _response(b"text/plain", str(len(given)).encode(), b"Connection: close\r\n")
        path = b"/" + path
        if host != HOST.encode():
            # Images of other hosts, and tunnels to them; to answer at once is the kindest.
            return MISSING
        if path.startswith(b"/article/"):
            given.add(path)
            number = int(path.rsplit(b"-", 1)[1].rstrip(b"/"), 16)
            return _response(b"text/html; charset=utf-8", bodies[number % len(bodies)])
        kind, body = others.get(path, (b"", b""))
        return _response(kind, body) if kind else MISSING

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port.put(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


def _response(kind: bytes, body: bytes, more: bytes = b"") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n" % (
        kind,
        more,
        len(body),
    )
    return head + body


if __name__ == "__main__":
    main()
