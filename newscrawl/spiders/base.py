"""What all spiders share: article requests that are counted, and ends that are named."""

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure
from w3lib.url import canonicalize_url

from newscrawl.dates.formats import read_date
from newscrawl.discovery.bounds import parse_bounds
from newscrawl.discovery.links import is_other_page, is_paid
from newscrawl.discovery.listed import Listed
from newscrawl.discovery.traps import trap_of
from newscrawl.downloading.keys import ARTICLE_KEY, LISTED_KEY
from newscrawl.downloading.robots import RobotsMiddleware
from newscrawl.errors import UsageError
from newscrawl.extraction.optouts import header_opt_outs
from newscrawl.failures import failure_reason
from newscrawl.frontier.requests import MODIFIED_KEY, UNREAD_KEY
from newscrawl.inward import inward_reason
from newscrawl.items import Candidate, OptOut, Page, Rejected
from newscrawl.publishers import publisher_for
from newscrawl.quality import registrable_domain, same_site
from newscrawl.reasons import Reason
from newscrawl.state.inspection import Address, State
from newscrawl.state.place import place_of

MAX_LISTED: Final = 40
"""Values of a list that travel with a request."""


class NewsSpider(Spider):
    """Request article pages once each, and turn every answer into a Page or a Rejected.

    With a crawl state (`NEWSCRAWL_STATE`) it is the frontier that knows which addresses were asked for,
    in this run and before; without one the spider does.

    Arguments (`-a name=value`):
        limit: fetch this many articles at the most.
        since: leave out what was published before: `2026-01-31`, `2026-01-31T12:00+01:00`, or an age, `7d`.
        until: leave out what was published after.
        dry_run: fetch no article; print what would be fetched and why. The value may name a crawl state,
            which is read to tell what is known.
    """

    def __init__(
        self,
        *args: Any,
        limit: str | int | None = None,
        since: str | None = None,
        until: str | None = None,
        dry_run: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.begun = datetime.now(UTC)
        self.bounds = parse_bounds(since, until, self.begun)
        self.limit = positive("limit", limit) if limit else None
        self.frontier_limit = self.limit
        moments = (self.bounds.since, self.bounds.until)
        self.frontier_range = tuple(moment.timestamp() if moment else None for moment in moments)
        given = {"since": since, "until": until}
        # Another range is another job: it does not take up what this one leaves.
        self.frontier_scope = {name: value for name, value in given.items() if value}
        self.dry_run = dry_run
        self.known = _known(dry_run)
        self.requested: set[str] = set()
        self.answered: set[str] = set()

    # -- what is asked for ------------------------------------------------------------------------

    def listed_requests(
        self, entries: Iterable[Listed], site: str, where: str
    ) -> Iterator[Request]:
        """Ask for the articles among listed addresses, newest first; what is left out is counted by rule.

        Args:
            entries: what a feed, a sitemap or a page lists.
            site: an address of the site that it belongs to.
            where: the address of the list.

        """
        kept = list[Listed]()
        for entry in entries:
            if (rule := self.skip_rule(entry, site)) is None:
                kept.append(entry)
            else:
                self.skip(entry.url, rule, where)
        for place, entry in enumerate(kept):
            yield from self.article_request(
                entry.url, priority=self._priority(entry, place), listed=entry.says, where=where
            )

    def skip_rule(self, entry: Listed, site: str) -> str | None:
        """Say for which rule a listed address is left out; None where it is asked for."""
        if not self.is_own(entry.url, site):
            return "offsite"
        if inward_reason(entry.url) and not self.settings.getbool("NEWSCRAWL_PRIVATE_ADDRESSES"):
            return "unsafe"
        if trap := trap_of(entry.url):
            return f"trap_{trap}"
        if is_paid(entry.url):
            return "paid"
        if is_other_page(entry.url):
            return "no_article"
        return self.bounds.against_page(entry)

    def skip(self, url: str, rule: str, where: str) -> None:
        """Count an address that is not asked for."""
        self.count(f"skipped/{rule}")
        self.tell("skip", url, f"{rule}, listed in {where}")

    def _priority(self, entry: Listed, place: int) -> int:
        """Give the later published the higher number: minutes since 1970; undated ones count as of today."""
        moment = entry.newest
        seconds = (moment or self.begun).timestamp()
        return int(min(seconds, self.begun.timestamp() + 86400) / 60) - (0 if moment else place)

    def article_request(
        self, url: str, *, priority: int = 0, listed: tuple[Candidate, ...] = (), where: str = ""
    ) -> Iterator[Request]:
        """Give the request for an article, unless it was made already or the limit is reached.

        Args:
            url: its address.
            priority: Scrapy's; the higher, the earlier.
            listed: what the feed or sitemap that led there says of it.
            where: the address of the list, for a dry run.

        """
        if not self.has_state and not self._is_asked_for(url):
            return
        if self.dry_run:
            self._tell_plan(url, listed, where)
            return
        yield Request(
            url,
            callback=self.parse,
            errback=self.article_failed,
            priority=priority,
            dont_filter=True,  # counted and filtered here; a silent drop would break the sum
            meta=article_meta(listed),
        )

    @property
    def has_state(self) -> bool:
        """Tell whether the frontier takes the requests."""
        return bool(self.settings.get("NEWSCRAWL_STATE"))

    def _is_asked_for(self, url: str) -> bool:
        """Count an address that is new to this crawl, unless the limit is reached."""
        key = canonicalize_url(url)
        # `scrapy check` runs all contracts on one spider; each must see all its requests.
        if key in self.requested and not os.environ.get("SCRAPY_CHECK"):
            return False
        if self.limit is not None and len(self.requested) >= self.limit:
            self.count("over_limit")
            self.tell("skip", url, "limit")
            return False
        self.requested.add(key)
        self.count("planned" if self.dry_run else "requested")
        return True

    # -- dry runs ---------------------------------------------------------------------------------

    def _tell_plan(self, url: str, listed: tuple[Candidate, ...], where: str) -> None:
        status = self.known.address(url) if self.known else None
        date = next((said.raw for said in listed if said.field in ("published", "modified")), "")
        why = f"listed in {where}" if where else "asked for"
        why += f", {date}" if date else ""
        if (
            status is not None
            and not status.is_due(self.begun.timestamp())
            and not self._was_out(status)
        ):
            self.tell("known", url, f"{why}; last {status.outcome}")
        else:
            self.tell("fetch", url, why)

    def _was_out(self, status: Address) -> bool:
        """Tell an address that was out of the range of another run, and is in this one's."""
        if status.published is None:
            return False
        moment = datetime.fromtimestamp(status.published, UTC)
        return not self.bounds.is_outside((moment, moment))

    def tell(self, verdict: str, url: str, why: str) -> None:
        """Print one line of a dry run, tabs between its parts."""
        if self.dry_run:
            line = f"{verdict}\t{url}\t{why}"
            sys.stdout.write(
                "".join(c if c.isprintable() or c == "\t" else "?" for c in line) + "\n"
            )

    # -- what comes back --------------------------------------------------------------------------

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Page | Rejected]:
        """Make a page of the response to an article request.

        @url http://www.newsgram.com/
        @returns items 1 1
        """
        key = canonicalize_url(response.url)
        if key in self.answered and not self.has_state:
            yield Rejected(
                reason=Reason.DUPLICATE_URL, url=response.request.url if response.request else None,
                detail=f"leads to {response.url}, fetched already",
            )  # fmt: skip
            return
        self.answered.add(key)
        yield page_of(response, self.name, listed_in(response.meta), self.opt_outs(response))

    def opt_outs(self, response: Response) -> tuple[OptOut, ...]:
        """Give what headers and robots.txt say against uses of a page."""
        headers = response.headers
        said = header_opt_outs(
            [value.decode("latin-1") for value in headers.getlist("X-Robots-Tag")],
            (headers.get("tdm-reservation") or b"").decode("latin-1"),
            (headers.get("tdm-policy") or b"").decode("latin-1"),
        )
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        rules = robots.rules_of(response.url) if robots else None
        return (*said, *(rules.opt_outs(response.url) if rules else ()))

    def article_failed(self, failure: Failure) -> Iterator[Rejected]:
        """Name the reason for which an article could not be fetched."""
        request = failure.request  # type: ignore[attr-defined]  # Scrapy adds it
        reason, detail = failure_reason(failure)
        yield Rejected(reason=reason, url=request.url, detail=detail)

    def unread(self, response: Response, reason: Reason) -> None:
        """Note that a list could not be read, so that its end says why."""
        response.meta[UNREAD_KEY] = reason.name
        self.count("sources_failed")
        self.count(f"unread/{reason}")
        self.logger.warning("%s: %s", response.url, reason)

    def is_own(self, url: str, site: str) -> bool:
        """Tell whether an address belongs to a site's registered domain, or to one that it may lead to."""
        if same_site(url, site):
            return True
        own = publisher_for(urlsplit(site).hostname)
        if own is not None and publisher_for(urlsplit(url).hostname) is own:
            return True
        return any(same_site(url, f"https://{domain}/") for domain in self.allowed_by(site))

    def allowed_by(self, site: str) -> list[str]:
        """Give the domains besides its own that a site may lead to."""
        given = self.settings.getdict("NEWSCRAWL_ALLOWED")
        domain = registrable_domain(
            site.split("://", 1)[-1].split("/", maxsplit=1)[0].split(":", maxsplit=1)[0]
        )
        own = publisher_for(site.split("://", 1)[-1].split("/", maxsplit=1)[0])
        return [*given.get(domain or "", ()), *(own.domains if own else ())]

    def count(self, name: str, number: int = 1) -> None:
        """Count under `newscrawl/`."""
        assert self.crawler.stats is not None
        self.crawler.stats.inc_value(f"newscrawl/{name}", number)


def _known(dry_run: str | None) -> State | None:
    """Open the state that a dry run names, if there is one."""
    if not dry_run or dry_run == "-":
        return None
    place = place_of(dry_run)
    return State(place) if place.exists() else None


def article_meta(listed: tuple[Candidate, ...]) -> dict[str, Any]:
    """Give what travels with an article's request: plain values, which can be written down."""
    meta: dict[str, Any] = {ARTICLE_KEY: True}
    if listed:
        meta[LISTED_KEY] = [[said.field, said.raw, said.method] for said in listed[:MAX_LISTED]]
    return meta | modified_meta(listed)


def modified_meta(listed: tuple[Candidate, ...]) -> dict[str, float]:
    """Give when a list says that something was modified, in seconds since 1970."""
    readings = (read_date(said.raw) for said in listed if said.field == "modified")
    modified = next((reading for reading in readings if reading), None)
    return {MODIFIED_KEY: modified.instant.timestamp()} if modified else {}


def listed_in(meta: dict[str, Any]) -> tuple[Candidate, ...]:
    """Read back what feed or sitemap said of an article."""
    return tuple(
        Candidate(field=field, raw=raw, method=method)
        for field, raw, method in meta.get(LISTED_KEY, ())
    )


def positive(name: str, value: str | int) -> int:
    """Read a spider argument that must be a number above 0.

    Raises:
        UsageError: it is none.

    """
    if not str(value).isdigit() or int(value) < 1:
        raise UsageError(f"{name}={value}: not a number above 0")
    return int(value)


def page_of(
    response: Response,
    origin: str,
    listed: tuple[Candidate, ...] = (),
    opt_outs: tuple[OptOut, ...] = (),
) -> Page:
    """Make a page of a response; the clock is read here and nowhere below."""
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return Page(
        body=response.body,
        url=response.url,
        content_type=content_type or None,
        fetched_at=datetime.now(UTC).replace(microsecond=0),
        origin=origin,
        listed=listed,
        opt_outs=opt_outs,
    )
