"""Records of the demo web: what is served, and the truth behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One answer of the demo web, as a server would send it."""

    content_type: str
    body: bytes
    status: int = 200
    location: str | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoImage:
    """A picture with its true caption and credit; `after` counts the body blocks before it."""

    url: str
    caption: str
    credit: str
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoInsert:
    """Noise that a template puts between two body blocks."""

    after: int
    kind: str
    slug: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSection:
    """A section page, with its paging if it has any."""

    name: str
    path: str
    page_size: int = 0
    page_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoArticle:
    """The truth about one article, followed by what its template adds as noise."""

    host: str
    slug: str
    path: str
    title: str
    section: str
    kind: str
    date_published: str
    paragraphs: tuple[str, ...]
    subtitle: str | None = None
    date_modified: str | None = None
    dateline: str | None = None
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    desk: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    images: tuple[DemoImage, ...] = ()
    subtitle_is_lead: bool = False
    dateline_raw: str = ""
    tail: str = ""
    kicker: str = ""
    byline_raw: str = ""
    encoding: str = "utf-8"
    related: tuple[str, ...] = ()
    inserts: tuple[DemoInsert, ...] = ()

    @property
    def url(self) -> str:
        """Absolute address of the article page."""
        return f"http://{self.host}{self.path}"

    @property
    def published(self) -> datetime:
        """Time of publication, with its offset."""
        return datetime.fromisoformat(self.date_published)

    @property
    def modified(self) -> datetime:
        """Time of the last change, which is the publication if there was none."""
        return datetime.fromisoformat(self.date_modified or self.date_published)

    @property
    def summary(self) -> str:
        """Subtitle, or else the lead, as metas and feeds describe the article."""
        return self.subtitle or self.paragraphs[0]

    @property
    def signed(self) -> tuple[str, ...]:
        """Every name in the printed byline, people first."""
        return self.authors + self.desk


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPublisher:
    """A fictional newspaper with its articles in the order of the content file."""

    name: str
    host: str
    language: str
    timezone: str
    country: str
    template: str
    about: str
    home_items: int
    sections: tuple[DemoSection, ...]
    articles: tuple[DemoArticle, ...]
    tag_path: str = ""
    author_path: str = ""

    @property
    def base(self) -> str:
        """Absolute address of the site, without a trailing slash."""
        return f"http://{self.host}"

    def article(self, slug: str) -> DemoArticle:
        """Return the article with this slug."""
        return next(article for article in self.articles if article.slug == slug)

    def newest(self) -> tuple[DemoArticle, ...]:
        """Return all articles, the newest first."""
        return tuple(sorted(self.articles, key=lambda article: article.published, reverse=True))
