"""What an article is stored as: its keys, and what is stored at the same moment."""

from scrapy import Request
from scrapy.exceptions import DropItem

from newscrawl.items import Article
from newscrawl.quality import same_site
from newscrawl.state import Stored
from newscrawl.state.addresses import key_of
from newscrawl.state.versions import title_of


class PageUnchanged(DropItem):
    """An article that is stored already as it is. Expected, so it is logged at DEBUG."""

    def __init__(self, article: Article):
        super().__init__("unchanged", log_level="DEBUG")
        self.article = article


class UnderWay:
    """Articles of this run that have passed the pipelines and are not stored yet.

    Two addresses of one article may be fetched at the same moment; only the first is new.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str | None, str]] = {}

    def has(self, stored: Stored) -> bool:
        """Tell whether the same article is under way, at another address; else note this one."""
        own = (title_of(stored.article), stored.article.text_hash)
        if any(key in self._known for key in stored.keys):
            return True
        others = (self._known[key] for key in stored.claimed if key in self._known)
        if any(own[0] == title or own[1] == text for title, text in others):
            return True
        self._known.update(dict.fromkeys((*stored.keys, *stored.claimed), own))
        return False

    def discard(self, stored: Stored) -> None:
        """Forget an article: it is stored."""
        for key in (*stored.keys, *stored.claimed):
            self._known.pop(key, None)


def stored_form(article: Article, request: Request | None) -> Stored:
    """Give an article with the keys of its addresses: fetched from, asked for, canonical, AMP."""
    asked = [request.url, *request.meta.get("redirect_urls", ())] if request else []
    fetched = article.url or (asked[0] if asked else None)
    keys = dict.fromkeys(key for url in (fetched, *asked) if url and (key := _key_or_none(url)))
    return Stored(
        article=article,
        keys=tuple(keys),
        canonical=_claimed_key(article.canonical_url, article),
        amp=_claimed_key(article.amp_url, article),
    )


def _claimed_key(url: str | None, article: Article) -> bytes | None:
    """Give the key of an address that the page claims, unless it cannot be an article of this publisher."""
    try:
        if not url or not same_site(url, article.url or url):
            return None
    except ValueError:
        return None
    is_root = not url.split("://", 1)[-1].partition("/")[2].strip("/")
    return None if is_root else _key_or_none(url)


def _key_or_none(url: str) -> bytes | None:
    try:
        return key_of(url)
    except ValueError:
        return None
