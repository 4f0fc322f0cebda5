"""Let no request lead inward, neither by its address nor by what its name resolves to."""

import ipaddress
from typing import Any, Final, Self
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

from newscrawl.inward import inward_reason, is_inward

UNSAFE: Final = "unsafe address: "
"""How the messages begin; Scrapy wraps what a resolver raises, and keeps no more."""


class UnsafeAddressError(IgnoreRequest):
    """A request that leads inward; it is not made."""


class UnsafeNameError(DNSLookupError):
    """A name that resolves to an address that leads inward; no connection is made."""


class CircleError(IgnoreRequest):
    """A redirect to an address that the same request has come from."""


class GuardMiddleware:
    """Downloader middleware: refuse addresses that lead inward, and redirects in a circle.

    It stands before all others, and each redirect passes it again.
    """

    def __init__(self, *, allows_private: bool, proxies: frozenset[str]) -> None:
        self.allows_private = allows_private
        self.proxies = proxies

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the settings."""
        allows = crawler.settings.getbool("NEWSCRAWL_PRIVATE_ADDRESSES")
        return cls(allows_private=allows, proxies=proxy_hosts())

    def process_request(self, request: Request) -> None:
        """Let a request pass, or say why not.

        Raises:
            UnsafeAddressError: it leads inward.
            CircleError: it has been here before. Scrapy would go round until it has had enough.

        """
        if not self.allows_private:
            host = urlsplit(request.url).hostname or ""
            reason = inward_reason(request.url)
            if reason is None and host in self.proxies:
                reason = f"{host} is the proxy"
            if reason:
                raise UnsafeAddressError(f"{UNSAFE}{reason}")
        if request.method == "GET" and request.url in request.meta.get("redirect_urls", ()):
            raise CircleError(f"redirect in a circle: {request.url} leads to itself")


class GuardedResolver(CachingThreadedResolver):
    """Resolver that refuses names of inward addresses: what is checked is what is connected to."""

    def __init__(self, reactor: ReactorBase, cache_size: int, timeout: float) -> None:
        super().__init__(reactor, cache_size, timeout)
        self.exempt = proxy_hosts()

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """Read the settings.

        Raises:
            NotConfigured: private addresses are allowed, and Scrapy's own resolver does.

        """
        resolver = super().from_crawler(crawler, reactor)
        resolver.allows_private = crawler.settings.getbool("NEWSCRAWL_PRIVATE_ADDRESSES")
        return resolver

    allows_private = False

    def getHostByName(self, name: str, timeout: Any = ()) -> "Deferred[str]":
        """Resolve a name; fails with `UnsafeNameError` where it leads inward."""
        found = super().getHostByName(name, timeout)
        if not self.allows_private and name not in self.exempt:
            found.addCallback(_checked, name)
        return found


def _checked(address: str, name: str) -> str:
    if is_inward(ipaddress.ip_address(address)):
        raise UnsafeNameError(
            f"{UNSAFE}{name} resolves to {address}, which is not a public address"
        )
    return address


def proxy_hosts() -> frozenset[str]:
    """Give the hosts of the proxies that the environment names; they may stand in the private network."""
    addresses = (value if "//" in value else f"//{value}" for value in getproxies().values())
    return frozenset(host for address in addresses if (host := urlsplit(address).hostname))
