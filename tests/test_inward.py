"""No address, in whatever form, leads inward; by its form, by redirect, or by what its name resolves to."""

import asyncio
import ipaddress
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scrapy import Request
from scrapy.utils.url import add_http_if_no_scheme
from twisted.web.client import URI

from newscrawl.downloading.proxy import GuardProxy
from newscrawl.inward import address_of, inward_reason, is_inward
from tests.shell import Shell
from tests.web import Answer, Canary, Web, article, feed, home

INWARD = [
    "127.0.0.1", "10.0.0.8", "172.16.4.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
    "0.0.0.0", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255", "168.63.129.16", "::1", "::",
    "fe80::1", "fd00:ec2::254", "fc00::1", "ff02::1", "::ffff:10.0.0.8", "64:ff9b::7f00:1", "2002:7f00:1::",
    "::127.0.0.1", "2001:db8::1",
]  # fmt: skip
OUTWARD = ["9.9.9.9", "2620:fe::fe", "64:ff9b::909:909", "::ffff:9.9.9.9"]


@pytest.mark.parametrize("text", INWARD)
def test_an_inward_address_is_one(text: str) -> None:
    assert is_inward(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", OUTWARD)
def test_a_public_address_is_none(text: str) -> None:
    assert not is_inward(ipaddress.ip_address(text))


def _forms(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[str]:
    """Write an IPv4 address in the forms that resolvers understand."""
    number, parts = int(address), address.packed
    last3 = int.from_bytes(parts[1:], "big")
    last2 = int.from_bytes(parts[2:], "big")
    return [
        str(address), str(number), hex(number), f"0{number:o}", f"{parts[0]}.{last3}",
        f"{parts[0]}.{parts[1]}.{last2}", ".".join(hex(part) for part in parts),
        ".".join(f"0{part:o}" for part in parts), f"{parts[0]:#x}.{last3}", f"{address}.",
        f"[::ffff:{address}]", f"[::{address}]", f"[64:ff9b::{address}]", f"[2002:{number >> 16:x}:{number & 65535:x}::]",
        ".".join(f"%{ord(c):02x}" if c.isdigit() else c for c in str(parts[0])) + f".{last3}",
        str(address).translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        str(address).replace(".", "。"),
    ]  # fmt: skip


networks = st.sampled_from(
    [
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "0.0.0.0/8",
    ]
).flatmap(lambda network: st.ip_addresses(network=network))
schemes = st.sampled_from(
    ["http://", "https://", "HTTP://", "http:/", "http:///", "http:\\\\", "//", "hTtPs://", "http:"]
)
users = st.sampled_from(
    [
        "",
        "www.example.org@",
        "a:b@",
        "www.example.org\\@",
        "%40",
        "www.example.org#@",
        "www.example.org:80@",
    ]
)
ports = st.sampled_from(["", ":80", ":8080", ":", ":080", ":65535"])
ends = st.sampled_from(
    [
        "",
        "/",
        "/latest/meta-data/",
        "?x=http://a.example/",
        "#@www.example.org/",
        "\\www.example.org",
        "/..;/",
    ]
)


@st.composite
def inward_urls(draw: st.DrawFn) -> str:
    form = draw(st.sampled_from(_forms(draw(networks))))
    return draw(schemes) + draw(users) + form + draw(ports) + draw(ends)


@settings(max_examples=1500, deadline=None)
@given(inward_urls())
@example("http://127.1\t/")
@example("http://127.0.0.1%2f@www.example.org/")
@example("http://www.example.org\\@127.0.0.1/")
@example("http://[::ffff:7f00:1%25eth0]/")
def test_no_address_of_any_form_leads_inward(url: str) -> None:
    """What Scrapy would connect to, by the host that Twisted reads, is public, or is refused."""
    try:
        request = Request(add_http_if_no_scheme(url))
    except ValueError:
        return
    if inward_reason(request.url) is not None:
        return
    host = URI.fromBytes(request.url.encode("ascii")).host.decode("ascii")  # type: ignore[no-untyped-call]
    found = address_of(host)
    assert found is None or not is_inward(found), (url, request.url, host)
    with pytest.raises(OSError):  # noqa: PT011 - no form of it is an address to the C library
        socket.inet_aton(host) if found is None else _raise()


def _raise() -> None:
    raise OSError("a public address")


@settings(max_examples=800, deadline=None)
@given(st.text(max_size=60), st.text(alphabet="0123456789abcdefx.:[]%@\\/#?-", max_size=40))
def test_nothing_makes_the_test_raise(any_text: str, address_like: str) -> None:
    inward_reason(any_text)
    inward_reason(f"http://{address_like}/")


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://www.example.org/", "data:text/html,x", "gopher://www.example.org/", "javascript:1",
     "http://localhost/", "http://LOCALHOST./", "http://db.internal/", "http://printer.local/", "http://intranet/",
     "http://a@www.example.org/", "http:///", "", "http://", "mailto:desk@example.org", "http://metadata.google.internal/"],
)  # fmt: skip
def test_what_is_no_public_web_address_is_refused(url: str) -> None:
    assert inward_reason(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.org/",
        "http://xn--bcher-kva.example/",
        "https://example.co.uk:8443/x?y#z",
        "http://9.9.9.9/",
    ],
)
def test_a_public_web_address_is_not(url: str) -> None:
    assert inward_reason(url) is None


@pytest.fixture
def canary() -> Iterator[Canary]:
    with Canary() as running:
        yield running


def test_neither_links_nor_feeds_nor_redirects_lead_inward(canary: Canary, tmp_path: Path) -> None:
    base = "http://www.harrow.example"
    moved = [f"{base}/2026/11/20/a-story-that-has-moved-{n}" for n in range(4)]
    targets = [
        f"http://127.0.0.1:{canary.port}/x",
        f"http://2130706433:{canary.port}/",
        f"//127.1:{canary.port}/",
        "file:///etc/passwd",
    ]
    listed = {
        f"http://127.0.0.1:{canary.port}/2026/11/20/a-story-from-inside": "In",
        "http://169.254.169.254/a-b-c-d-e": "M",
    }
    pages = {
        f"{base}/": home(f"{base}/feed.xml", f"http://127.0.0.1:{canary.port}/feed.xml"),
        f"{base}/feed.xml": feed(dict.fromkeys(moved, "Moved") | listed),
        f"{base}/robots.txt": Answer(
            f"User-agent: *\nSitemap: http://127.0.0.1:{canary.port}/map.xml\nSitemap: http://localhost/m.xml\n",
            type="text/plain",
        ),
    }
    pages |= {
        url: Answer(status=302, headers={"Location": target})
        for url, target in zip(moved, targets, strict=True)
    }
    with Web(pages) as web:  # type: ignore[arg-type]
        shell = Shell(tmp_path, web.proxy)
        said = shell.crawl(f"{base}/", "--rejects", "rejects.jsonl", code=3)
        # Asked for by name, and without a proxy too: this one would be connected to.
        shell("fetch", f"http://127.0.0.1:{canary.port}/", code=1)
        Shell(tmp_path, "").crawl(
            *(
                f"http://{form}:{canary.port}/2026/11/20/a-b-c-d-e"
                for form in ("127.0.0.1", "127.1", "0x7f.1", "localhost")
            ),
            code=1,
        )
        asked = {one.host for one in web.log}
    assert not canary.was_met()
    assert asked == {"www.harrow.example"}, asked
    assert "not asked for: offsite 2" in said
    assert "unsafe_address" in (tmp_path / "rejects.jsonl").read_text()


def test_a_name_that_resolves_inward_is_not_connected_to() -> None:
    script = """
import sys
from scrapy.utils.reactor import install_reactor
install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
from twisted.internet import reactor
from newscrawl.downloading.guard import GuardedResolver
resolver = GuardedResolver(reactor, 100, 10.0)
answer = resolver.getHostByName("localhost")
answer.addBoth(lambda result: (print(repr(result.value if hasattr(result, "value") else result)), reactor.stop()))
reactor.run()
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert "UnsafeNameError" in result.stdout, result.stdout
    assert "127.0.0.1, which is not a public address" in result.stdout


def test_private_addresses_can_be_allowed(tmp_path: Path) -> None:
    pages = {}
    with Web() as web:
        port = web.server.server_address[1]
        url = f"http://127.0.0.1:{port}/2026/11/20/a-story-from-next-door"
        pages["/2026/11/20/a-story-from-next-door"] = article("A story from next door")
        web.pages |= pages  # asked without a proxy, a request names its path alone
        Shell(tmp_path, "").crawl(url, "-s", "NEWSCRAWL_PRIVATE_ADDRESSES=1")
        assert web.asked("next-door")


def test_the_browsers_proxy_passes_on_what_is_allowed_and_nothing_that_leads_inward(
    canary: Canary,
) -> None:
    async def ask(proxy: GuardProxy, request: str) -> bytes:
        await proxy.start()
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", int(proxy.url.rsplit(":", 1)[1])
        )
        writer.write(request.encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer

    async def main(web: Web) -> None:
        target = f"127.0.0.1:{web.server.server_address[1]}"
        proxy = GuardProxy(allows_private=True, upstream=None)
        head = "Host: x\r\nProxy-Connection: keep-alive\r\nContent-Length: 0\r\n\r\n"
        assert b"next door" in await ask(proxy, f"GET http://{target}/story HTTP/1.1\r\n{head}")
        tunnel = await ask(
            proxy,
            f"CONNECT {target} HTTP/1.1\r\n\r\nGET /story HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )
        assert tunnel.startswith(b"HTTP/1.1 200 Connection established")
        proxy.close()
        proxy = GuardProxy(allows_private=False, upstream=None)
        for line in (
            f"GET http://127.0.0.1:{canary.port}/ HTTP/1.1", f"CONNECT 127.0.0.1:{canary.port} HTTP/1.1",
            f"CONNECT localhost:{canary.port} HTTP/1.1", f"GET http://2130706433:{canary.port}/ HTTP/1.1",
            "GET file:///etc/passwd HTTP/1.1", "GET / HTTP/1.1",
        ):  # fmt: skip
            assert (await ask(proxy, f"{line}\r\n{head}")).startswith(b"HTTP/1.1 403")
        assert len(proxy.refused) == 6
        proxy.close()

    with Web({"/story": article("A story from next door")}) as web:
        asyncio.run(main(web))
    assert not canary.was_met()
