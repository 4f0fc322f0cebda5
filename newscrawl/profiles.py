"""What recurs on many pages of one source is the source's boilerplate, not any article's text.

A profile is learnt from several pages of a source and kept in a file; applied, it drops from later
pages of the same source the lines, images and linked lines it has seen recur. It is plain data that
is handed in: the same page with the same profile gives the same article, whatever was cleaned before.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from newscrawl.errors import DataError
from newscrawl.items import Article, Block, Draft, Line, Page, Profile, Rejected, Seen
from newscrawl.quality import judge, registrable_domain
from newscrawl.stages import draft_of
from newscrawl.wording import bare, count_words

PROFILE_VERSION: Final = 1
MIN_PAGES: Final = 2
"""Articles a line must stand on, at least."""
MIN_SHARE: Final = 0.02
"""Share of a source's articles a line must stand on: chance repeats grow with their number."""
PROSE_WORDS: Final = 25
"""Words; from there on a line is a paragraph that two reports on one event may share."""
PROSE_SHARE: Final = 0.1
"""Share of a source's articles that such a paragraph must stand on."""
SAME_ARTICLE: Final = 0.5
"""Share of an article's words that also stand in another for both to be versions of one."""
MAX_EXAMPLES: Final = 3


class ProfileFile(msgspec.Struct, forbid_unknown_fields=True):
    """Profiles as they are stored."""

    version: int
    made_by: str
    profiles: list[Profile]


@dataclass
class _Gathered:
    """What was seen on the pages of one source, by page."""

    pages: list[str] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    found: dict[str, dict[str, list[int]]] = field(
        default_factory=lambda: {kind: defaultdict(list) for kind in ("lines", "images", "links")}
    )


@dataclass(frozen=True)
class Profiles:
    """The profiles of several sources."""

    by_source: Mapping[str, Profile]

    def for_page(self, page: Page) -> Profile | None:
        """Find the profile of a page's source, by the registrable domain of its address."""
        source = source_of(page.url)
        return self.by_source.get(source) if source else None

    def applied_to(self, page: Page) -> Page:
        """Give the page with its source's profile, if there is one."""
        found = self.for_page(page)
        return replace(page, profile=found) if found else page


def source_of(url: str | None) -> str | None:
    """Give the source of an address: its registrable domain."""
    try:
        return registrable_domain(urlsplit(url or "").hostname)
    except ValueError:
        return None


def learn_profiles(pages: Iterable[Page | Rejected]) -> Profiles:
    """Learn a profile of each source from its pages; pages that are no articles teach nothing.

    The order of the pages does not matter, but for the examples.
    """
    return _learn(_drafted(pages))


def learn_from_articles(articles: Iterable[Article]) -> Profiles:
    """Learn from articles that were cleaned before; they hold no links, so none are learnt."""
    return _learn(
        (
            article.source,
            Draft(page=Page(body="", url=article.url), blocks=article.body, images=article.images),
        )
        for article in articles
        if article.source and article.url
    )


def _drafted(pages: Iterable[Page | Rejected]) -> Iterator[tuple[str, Draft]]:
    """Give the drafts of the pages that are articles, each with its source."""
    for page in pages:
        if isinstance(page, Page) and (source := source_of(page.url)):
            draft = draft_of(replace(page, profile=None))
            if isinstance(draft, Draft) and not isinstance(judge(draft), Rejected):
                yield source, draft


def _learn(drafts: Iterable[tuple[str, Draft]]) -> Profiles:
    gathered: dict[str, _Gathered] = defaultdict(_Gathered)
    for source, draft in drafts:
        _gather(gathered[source], draft)
    return Profiles({source: _profile(source, seen) for source, seen in sorted(gathered.items())})


def read_profiles(path: Path) -> Profiles:
    """Read a profile file.

    Raises:
        DataError: the file cannot be read, or is no profile file of this version.

    """
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=ProfileFile)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(f"profiles {path}: {error}") from error
    if stored.version != PROFILE_VERSION:
        raise DataError(f"profiles {path}: version {stored.version}, expected {PROFILE_VERSION}")
    return Profiles({profile.source: _digested(profile) for profile in stored.profiles})


def encode_profiles(profiles: Profiles) -> bytes:
    """Encode profiles as the text of a file, sources and keys in order."""
    stored = ProfileFile(
        version=PROFILE_VERSION,
        made_by=f"newscrawl {version('newscrawl')}",
        profiles=[profiles.by_source[source] for source in sorted(profiles.by_source)],
    )
    return msgspec.json.format(msgspec.json.encode(stored, order="deterministic"), indent=1) + b"\n"


def _gather(seen: _Gathered, draft: Draft) -> None:
    keys = dict.fromkeys(key for block in draft.blocks if (key := bare(block.text)))
    words = sum(map(count_words, keys))
    if not words or _is_known(seen, keys, words):
        return
    number = len(seen.pages)
    seen.pages.append(draft.page.url or "")
    seen.words.append(words)
    images = dict.fromkeys(image.url for image in draft.images if image.url)
    links = dict.fromkeys(link for block in draft.blocks if (link := link_of(block)))
    for kind, values in (("lines", keys), ("images", images), ("links", links)):
        for value in values:
            seen.found[kind][value].append(number)


def _is_known(seen: _Gathered, keys: Iterable[str], words: int) -> bool:
    """Tell another version of an article that was seen: it shares most of its words with one."""
    shared: dict[int, int] = defaultdict(int)
    for key in keys:
        for number in seen.found["lines"].get(key, ()):
            shared[number] += count_words(key)
    return any(
        count >= SAME_ARTICLE * min(words, seen.words[number]) for number, count in shared.items()
    )


def _profile(source: str, seen: _Gathered) -> Profile:
    def recurring(kind: str) -> dict[str, Seen]:
        return {
            value: Seen(len(numbers), tuple(seen.pages[n] for n in numbers[:MAX_EXAMPLES]))
            for value, numbers in sorted(seen.found[kind].items())
            if _recurs(kind, value, len(numbers), len(seen.pages))
        }

    found = Profile(
        source=source, pages=len(seen.pages), lines=recurring("lines"),
        images=recurring("images"), links=recurring("links"),
    )  # fmt: skip
    return _digested(found)


def _digested(profile: Profile) -> Profile:
    """Give a profile its digest, by which articles say what they were cleaned with."""
    content = msgspec.json.encode(replace(profile, digest=None), order="deterministic")
    return replace(profile, digest=hashlib.sha256(content).hexdigest()[:16])


def _recurs(kind: str, value: str, count: int, pages: int) -> bool:
    is_prose = kind == "lines" and count_words(value) >= PROSE_WORDS
    return count >= max(MIN_PAGES, (PROSE_SHARE if is_prose else MIN_SHARE) * pages)


def link_of(block: Block) -> str | None:
    """Give the address that a whole line links to."""
    return block.link if isinstance(block, Line) else None
