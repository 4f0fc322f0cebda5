"""The crawl state behind one small async interface, so that another back end can stand behind it.

A request is leased, never removed; it is done only after its item is on disk, its rejection counted
or its links stored. A host is held from the claim until the ack, and rests for its delay after it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from newscrawl.items import Article
from newscrawl.reasons import Reason
from newscrawl.state.ends import End, Ledger
from newscrawl.state.health import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An address to be fetched."""

    key: bytes
    """What it is known by: 16 bytes; two entries with the same key are one."""
    url: str
    """The address itself."""
    host: str
    """The host that is held while it is fetched."""
    is_article: bool = False
    """True for an article, which is looked at again by plan; anything else is read in each run."""
    priority: int = 0
    """Of two on one host the one with the higher number is claimed first."""
    request: bytes | None = None
    """What the crawler needs to make the request again, encoded; the frontier does not look into it."""
    modified: float | None = None
    """When a feed or sitemap says it was modified, in seconds since 1970."""
    kind: str | None = None
    """What a list is, a key of `newscrawl.state.plan.RHYTHMS`; absent for an article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """An address that this run has taken, until it is acked or the lease expires."""

    id: int
    url: str
    host: str
    is_article: bool = False
    attempts: int = 0
    """Leases of it so far, this one included, that were not acked."""
    priority: int = 0
    request: bytes | None = None
    first_fetched: float | None = None
    """When it was fetched for the first time; absent where it never was."""
    etag: str | None = None
    last_modified: str | None = None
    """Validators for a conditional request; absent where one is not to be trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An article to be stored, with the addresses by which it is known."""

    article: Article
    keys: tuple[bytes, ...]
    """The first is that of the address it was fetched from."""
    canonical: bytes | None = None
    """The key of the address that the page says is its own, if that can be believed."""
    amp: bytes | None = None
    """The key of the address that it says its AMP page has."""

    @property
    def claimed(self) -> tuple[bytes, ...]:
        """The keys that only the page speaks for; a template may name the same on every page."""
        return tuple(key for key in (self.canonical, self.amp) if key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of an item of another spider, which is stored as it is."""

    source: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a lease ended. What is to be stored is written, and synced to the disk, before it counts."""

    end: End
    """NEW may become CHANGED or UNCHANGED when the article is compared with what is stored."""
    reason: Reason | None = None
    """For a rejection or failure."""
    articles: tuple[Stored, ...] = ()
    lines: tuple[Line, ...] = ()
    delay: float = 0.0
    """Seconds that the host rests from now on."""
    plan: tuple[float, ...] = ()
    """Ages at which an article is looked at again, in seconds."""
    etag: str | None = None
    last_modified: str | None = None
    is_hint: bool = False
    """True where the server answered 304: the page was not seen."""
    status: int | None = None
    """The status of the answer, by which its host is spared."""
    is_repeated: bool = False
    """True where an article was refused that was refused before."""
    wait: float = 0.0
    """Seconds that the host asks us to wait."""
    new: int = 0
    """Articles that a list led to for the first time."""
    known: int = 0
    """Articles that it led to and that were known."""
    links: int = 0
    """Articles that it led to in all, those among them that another list has too."""
    signature: bytes | None = None
    """A digest of a list, to tell whether it has changed."""
    poll: tuple[float | None, float | None] = (None, None)
    """The least and the most seconds between two looks at a list, where its publisher's file states them."""
    published: float | None = None
    """When an article that is out of range was published, in seconds since 1970."""
    host: str = ""
    """The host that was asked, where there was no lease that tells."""
    children: "tuple[Outcome, ...]" = ()
    """Ends of requests that this page led to and that had no lease: they are done when it is."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What could be claimed now, and how long to wait for more."""

    leases: tuple[Lease, ...] = ()
    wait: float = 1.0
    """Seconds until a host is ready, as far as this is known; another run may hold it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """What became of the entries that were put."""

    added: int = 0
    """To be fetched in this run."""
    seen: tuple[str, ...] = ()
    """Hosts of those known already and not due, one for each."""
    not_due: tuple[str, ...] = ()
    """Hosts of lists whose time has not come, one for each."""
    repeated: tuple[int, ...] = ()
    """Places of those that this run has met already."""
    new: int = 0
    """Articles among those that were added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKey:
    """What a run is known by."""

    job: str
    """What was asked for; the next run of the same job takes up what this one leaves."""
    locks: tuple[str, ...] = field(default=())
    """Sources that no other run may crawl meanwhile."""
    spider: str | None = None
    """The spider that runs it, if it can be run again by name."""
    arguments: tuple[tuple[str, str], ...] = ()
    """The spider's arguments that say what the job is."""
    due_only: bool = False
    """Whether lists, too, are looked at only when their time has come."""
    since: float | None = None
    """The earliest publication that is asked for, in seconds since 1970."""
    until: float | None = None
    """The latest."""
    joins: bool = False
    """Whether it shares the job, and its waiting addresses, with other runs that are at work on it."""
    worker: int | None = None
    """The worker that runs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How far a run may go, and how it treats hosts."""

    limit: int | None = None
    """Articles that it leases at the most."""
    concurrency: int = 1
    """Leases on one host at a time."""
    per_source: int = 4
    """Leases on all hosts of one registered domain at a time; they often stand on one machine."""
    most_per_host: int | None = None
    """Leases on one host in the run."""
    most_on: Callable[[str], int | None] | None = None
    """Gives what one host alone is limited to, by its name; None where it is not."""
    delay: float = 0.0
    """Seconds between two requests to a host, for leases whose holder died."""
    patience: float = 120.0
    """Seconds that it waits for a host that asks to be left alone; what is longer is left for the next run."""
    health: Limits = field(default_factory=Limits)
    """From when on something counts as trouble of a source."""


class Frontier(Protocol):
    """What the crawler asks of a back end."""

    async def put(self, entries: Sequence[Entry]) -> Put:
        """Add addresses, or meet them again."""

    async def claim(self, number: int) -> Claim:
        """Lease up to so many addresses of hosts that are neither held nor resting."""

    async def ack(self, lease: Lease, outcome: Outcome) -> End | None:
        """End a lease, all that it brought stored before; None where it was no longer ours."""

    async def retry(self, lease: Lease, outcome: Outcome, delay: float) -> None:
        """Give a lease back, to be claimed again after so many seconds."""

    async def known(self, keys: Sequence[bytes]) -> int:
        """Count the addresses that were met before, by their keys."""

    async def articles_of(self, host: str) -> list[str]:
        """Give addresses of the last articles stored from a host."""

    async def move(self, lease: Lease, host: str, delay: float) -> bool:
        """Leave the lease's host for another, after a redirect; False while that one is busy."""

    async def block(self, host: str, seconds: float) -> None:
        """Leave a host alone for so long."""

    async def renew(self, leases: Sequence[Lease]) -> None:
        """Put off the end of leases."""

    async def drained(self) -> bool:
        """Tell whether nothing is left that this run could claim, and nothing is leased to it."""

    async def version(self, article: Stored) -> Article | None:
        """Give the article marked with its revision, None where it is stored already as it is."""

    async def keep(self, outcome: Outcome) -> End:
        """Store and count what came without a lease."""

    async def close(self, reason: str) -> Ledger:
        """End the run: leases that are left go back, the sums are checked."""
