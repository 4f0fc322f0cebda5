"""Tell addresses that lead inward: into this machine, its network, or a cloud's own services.

A page may link anywhere, and so may a redirect. What a crawler fetches for a stranger it must not fetch
from behind a firewall (server-side request forgery; OWASP). Python's `ipaddress` says which addresses are
global, by the registries of IANA; here stands how an address may be written so that it does not look like one.
"""

import ipaddress
import re
import socket
import unicodedata
from typing import Final
from urllib.parse import unquote

SCHEMES: Final = ("http", "https")
AUTHORITY: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*):(?P<slashes>/*)(?P<authority>[^/?#]*)", re.IGNORECASE
)
HOST: Final = re.compile(
    r"(?P<host>\[[0-9a-f:.%]+\]|[a-z0-9._-]+)(?::(?P<port>\d{1,5})?)?", re.IGNORECASE
)
DOTS: Final = str.maketrans({"。": ".", "．": ".", "｡": "."})
"""What the rules for international names take for a dot (RFC 3490, 3.1)."""
LOCAL_NAMES: Final = frozenset(
    {
        "localhost",
        "localdomain",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "private",
        "arpa",
    }
)
"""Last parts of names that never stand for a host on the internet: RFC 6761, 6762, 8375, and ICANN's list of
names that collide with private ones; `internal` was set aside for private use in 2024."""
METADATA: Final = frozenset({ipaddress.ip_address("168.63.129.16")})
"""A cloud's own service at an address that is global by its form: Azure's."""
RESERVED: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",
            "192.88.99.0/24",
            "240.0.0.0/4",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "3fff::/20",
            "5f00::/16",
            "fec0::/10",
        ),
    )
)
"""Blocks that are not for hosts of the public internet and that some versions of Python take for global
(RFC 6890, 7526, 8215, 9637, 9602, 3879); a cloud's metadata answers in the first."""
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
COMPATIBLE: Final = ipaddress.ip_network("::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def inward_reason(url: str) -> str | None:
    """Say why an address must not be asked for; None where nothing is known against it.

    A name is judged by its form alone; what it resolves to is another question, see `is_inward`.

    >>> inward_reason("http://0x7f.1:8080/"), inward_reason("https://www.example.org/")
    ('127.0.0.1 is not a public address', None)
    >>> inward_reason("file:///etc/passwd"), inward_reason("http://a.example@127.0.0.1/")
    ('file is not http or https', "'a.example@127.0.0.1' is no plain host")
    """
    match = AUTHORITY.match(url)
    if match is None:
        return "it is no web address"
    if match["scheme"].lower() not in SCHEMES:
        return f"{match['scheme'].lower()} is not http or https"
    # A strict form, because readers of addresses differ in what they make of a loose one.
    host = HOST.fullmatch(match["authority"])
    if match["slashes"] != "//" or host is None:
        return f"{match['authority'][:100]!r} is no plain host"
    return _reason_of_host(host["host"])


def _reason_of_host(host: str) -> str | None:
    address = address_of(host)
    if address is not None:
        return f"{address} is not a public address" if is_inward(address) else None
    labels = host.lower().rstrip(".").split(".")
    if len(labels) < 2 or labels[-1] in LOCAL_NAMES:
        return f"{host} is a name of a private network"
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        return f"{host} is no name and no address"
    return None


def address_of(host: str) -> Address | None:
    """Read a host that is written as an IP address, in any form that a resolver takes for one.

    >>> address_of("2130706433"), address_of("[::ffff:7f00:1]"), address_of("a.example")
    (IPv4Address('127.0.0.1'), IPv6Address('::ffff:7f00:1'), None)
    """
    plain = unicodedata.normalize("NFKC", unquote(host).translate(DOTS)).strip().rstrip(".")
    plain = plain.strip("[]").split("%")[0]
    try:
        return ipaddress.ip_address(plain)
    except ValueError:
        pass
    try:
        # One to four numbers, decimal, octal or hexadecimal, as C's resolvers read them.
        return ipaddress.IPv4Address(socket.inet_aton(plain)) if plain else None
    except (OSError, UnicodeEncodeError, ValueError):
        return None


def is_inward(address: Address) -> bool:
    """Tell an address that is not one of the public internet, or that carries one that is not.

    >>> is_inward(ipaddress.ip_address("64:ff9b::a9fe:a9fe")), is_inward(ipaddress.ip_address("9.9.9.9"))
    (True, False)
    """
    if isinstance(address, ipaddress.IPv6Address) and (inner := _carried(address)) is not None:
        return is_inward(inner)
    is_set_aside = any(address in network for network in RESERVED)
    return is_set_aside or not address.is_global or address.is_multicast or address in METADATA


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Give the IPv4 address to which a gateway would pass this one on."""
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address in NAT64 or (address in COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
