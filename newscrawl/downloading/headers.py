"""Send a source the headers that its operator or reader has given for it, and nobody else."""

from typing import Any, Final, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from newscrawl.errors import UsageError
from newscrawl.publishers import HEADER_NAME, publisher_for, registry
from newscrawl.quality import registrable_domain

SENT_KEY: Final = "newscrawl_headers"


class HeadersMiddleware:
    """Downloader middleware: add the headers of `NEWSCRAWL_HEADERS`, and of publisher files, to requests to their source.

    The setting is a dict of registered domains with a dict of headers each, such as
    ``{"example.org": {"Cookie": "consent=yes"}}``; it wins over a publisher file. They are added on the way out: no state and no log holds
    them, and a redirect to another domain loses them.
    """

    def __init__(self, headers: dict[str, dict[str, str]]) -> None:
        self.headers = headers

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the setting.

        Raises:
            NotConfigured: there are none.
            UsageError: they are not in the form that is asked for.

        """
        given = crawler.settings.getdict("NEWSCRAWL_HEADERS")
        if not given and not any(source.headers for source in registry().sources()):
            raise NotConfigured
        return cls({str(domain).lower(): _checked(domain, one) for domain, one in given.items()})

    def process_request(self, request: Request) -> None:
        """Take away what a redirect has brought along, and add what belongs here."""
        for name in request.meta.pop(SENT_KEY, ()):
            request.headers.pop(name, None)
        host = urlsplit(request.url).hostname
        publisher = publisher_for(host)
        stated = dict(publisher.headers) if publisher else {}
        if own := stated | self.headers.get(registrable_domain(host) or "", {}):
            request.headers.update(own)
            request.meta[SENT_KEY] = list(own)


def _checked(domain: Any, headers: Any) -> dict[str, str]:
    if not isinstance(headers, dict):
        raise UsageError(f"NEWSCRAWL_HEADERS: {domain!r} needs a dict of headers")
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(str(name)) or not str(value).isprintable():
            raise UsageError(f"NEWSCRAWL_HEADERS: {domain!r}: {str(name)!r} is no header")
    return {str(name): str(value) for name, value in headers.items()}
