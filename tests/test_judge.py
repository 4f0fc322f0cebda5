"""Which pages are refused, each with its own reason, and which are marked or rescued."""

import json

import pytest

from newscrawl import Article, Page, Rejected, clean
from newscrawl.reasons import Reason
from tests.pages_of import PROSE, page, paragraphs

ROOT = "https://www.harbourcourier.example"
STORY = f"{ROOT}/news/2024/05/03/ferry-landing-to-reopen"


def end_of(html: str, url: str = STORY) -> Article | Rejected:
    return clean(Page(body=html, url=url))


def shell(title: str, body: str, head: str = "") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def teasers(number: int) -> str:
    return "".join(
        f'<article class="teaser"><h2><a href="/news/{n}">Headline of the story number {n}</a></h2>'
        f'<p>A short teaser of the story.</p><img src="/{n}.jpg" alt=""></article>'
        for n in range(number)
    )


def goods(number: int) -> str:
    return "".join(
        f'<li class="product"><a href="/shop/{n}"><img src="/{n}.jpg" alt=""><h3>Rain coat, model {n}</h3></a>'
        f'<span class="price">€{n}9.90</span><button>Add to cart</button></li>'
        for n in range(number)
    )


@pytest.mark.parametrize(
    ("html", "url", "reason"),
    [
        (shell("The Courier", teasers(40)), f"{ROOT}/", Reason.HOME),
        (shell("News | The Courier", f"<h1>News</h1>{teasers(40)}"), f"{ROOT}/news/", Reason.LISTING),
        (shell("ferry", f"<h1>Results for ferry</h1>{teasers(20)}"), f"{ROOT}/search?q=ferry", Reason.SEARCH),
        (
            shell("Rain coats", f"<h1>Rain coats</h1><ul>{goods(24)}</ul><a href='/cart'>Cart</a>",
                  '<script type="application/ld+json">{"@type": "Product", "name": "Coat"}</script>'),
            f"{ROOT}/shop/rain-coats", Reason.PRODUCT,
        ),
        (shell("Just a moment...", "<h1>Checking your browser</h1><p>Ray ID: 1</p>"), STORY, Reason.BOT_CHALLENGE),
        (shell("Zugriff verweigert", "<p>Bitte später.</p>"), STORY, Reason.BOT_CHALLENGE),
        (shell("Page not found", "<h1>404</h1><p>Try the home page.</p>"), STORY, Reason.SOFT_404),
        (shell("Seite nicht gefunden", "<h1>Ups!</h1>"), STORY, Reason.SOFT_404),
        (shell("ページが見つかりません", "<p>お探しのページは移動しました。</p>"), STORY, Reason.SOFT_404),
        (shell("The Courier", "<h1>Before you continue</h1><button>Accept all</button>"), STORY, Reason.CONSENT_WALL),
        (shell("Le Courrier", "<p>Nous et nos partenaires stockons des informations.</p>"), STORY, Reason.CONSENT_WALL),
        (shell("The Courier", "<p>Please log in to read on.</p><input type=password>"), STORY, Reason.LOGIN_WALL),
        (shell("会員", "<p>ログインしてください</p>"), STORY, Reason.LOGIN_WALL),
        (shell("App", '<div id="root"></div><noscript>You need to enable JavaScript to run this app.</noscript>'), STORY, Reason.SHELL),
    ],
)  # fmt: skip
def test_a_page_that_is_no_article_is_refused_with_its_own_reason(
    html: str, url: str, reason: Reason
) -> None:
    found = end_of(html, url)

    assert isinstance(found, Rejected), found
    assert found.reason == reason, found.detail


@pytest.mark.parametrize(
    "title",
    [
        "How 404 became a joke",
        "Cookies: what sites know",
        "Access denied to the harbour",
        "Search for lost ferry goes on",
    ],
)
def test_an_article_about_such_pages_is_one(title: str) -> None:
    assert isinstance(end_of(page(paragraphs(), title=title)), Article)


def test_a_one_page_blog_has_its_article_at_the_root() -> None:
    assert isinstance(end_of(page(paragraphs()), f"{ROOT}/"), Article)


@pytest.mark.parametrize(
    "wall",
    [
        "Subscribe to continue reading this story.",
        "Dieser Artikel ist für Abonnenten.",
        "La suite de cet article est réservée.",
        "この記事は会員限定です。",
    ],
)
def test_text_cut_off_by_a_paywall_is_marked(wall: str) -> None:
    found = end_of(page(paragraphs(*PROSE[:3]) + f'<div class="paywall"><p>{wall}</p></div>'))

    assert isinstance(found, Article)
    assert found.paywall.truncated is True
    assert wall not in found.text


def test_a_declared_word_count_tells_a_cut_text() -> None:
    node = {
        "@type": "NewsArticle",
        "headline": "Ferry",
        "wordCount": 900,
        "isAccessibleForFree": False,
    }
    head = f'<script type="application/ld+json">{json.dumps(node)}</script>'
    found = end_of(page(paragraphs(), head=head))

    assert isinstance(found, Article)
    assert (found.paywall.declared, found.paywall.truncated) == (True, True)


def test_a_free_text_is_not_marked() -> None:
    node = {
        "@type": "NewsArticle",
        "headline": "Ferry",
        "wordCount": 110,
        "isAccessibleForFree": True,
    }
    head = f'<script type="application/ld+json">{json.dumps(node)}</script>'
    found = end_of(page(paragraphs(), head=head))

    assert isinstance(found, Article)
    assert (found.paywall.declared, found.paywall.truncated) == (False, False)


def test_nothing_is_claimed_where_nothing_is_known() -> None:
    found = end_of(page(paragraphs()))

    assert isinstance(found, Article)
    assert (found.paywall.declared, found.paywall.truncated) == (None, None)


LONG_BODY = [f"{text} This is paragraph {n}." for n, text in enumerate(PROSE)]
JSON_LD = {"@type": "NewsArticle", "headline": "Ferry", "articleBody": "\n\n".join(LONG_BODY)}
NEXT_DATA = {
    "props": {
        "pageProps": {
            "article": {"title": "Ferry", "body": [{"type": "p", "text": t} for t in LONG_BODY]}
        }
    },
    "locale": {
        "messages": {"cookie": "We use cookies to make this site work better for all of you. " * 30}
    },
}
MARKUP = {"story": {"content": "".join(f"<p>{t}</p>" for t in LONG_BODY), "summary": "Short."}}
FLIGHT = json.dumps(
    "3:" + json.dumps({"article": {"content": "".join(f"<p>{t}</p>" for t in LONG_BODY)}}) + "\n"
)


@pytest.mark.parametrize(
    ("script", "method"),
    [
        (f'<script type="application/ld+json">{json.dumps(JSON_LD)}</script>', "jsonld.articleBody"),
        (f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(NEXT_DATA)}</script>',
         "state.props.pageProps.article.body.*.text"),
        (f"<script>window.__STATE__ = {json.dumps(MARKUP)};</script>", "state.story.content"),
        (f"<script>self.__next_f.push([1,{FLIGHT}])</script>", "state.article.content"),
    ],
    ids=["json-ld", "next-data", "state", "flight"],
)  # fmt: skip
def test_a_shell_is_rescued_from_its_data_with_paragraphs(script: str, method: str) -> None:
    html = shell("Ferry | Courier", f'<div id="root"></div>{script}',
                 '<meta property="og:type" content="article"><meta property="og:title" content="Ferry">')  # fmt: skip
    found = end_of(html)

    assert isinstance(found, Article), found
    assert [block.text for block in found.body] == LONG_BODY
    assert any(p.field == "text" and p.method == method for p in found.provenance)


def test_captions_and_placeholders_in_the_data_are_left_out() -> None:
    content = "<figure><img src='/a.jpg'><figcaption>The landing in March</figcaption></figure><p>$$AD$$</p>"
    data = {"story": {"content": content + "".join(f"<p>{t}</p>" for t in LONG_BODY)}}
    found = end_of(
        shell("Ferry | Courier", f"<script>window.__STATE__ = {json.dumps(data)};</script>")
    )

    assert isinstance(found, Article)
    assert [block.text for block in found.body] == LONG_BODY


def test_data_of_a_page_that_has_its_text_is_left_alone() -> None:
    other = {"@type": "NewsArticle", "headline": "Ferry", "articleBody": "Another text. " * 300}
    head = f'<script type="application/ld+json">{json.dumps(other)}</script>'
    found = end_of(page(paragraphs(), head=head))

    assert isinstance(found, Article)
    assert [block.text for block in found.body] == list(PROSE)


@pytest.mark.parametrize(
    "script",
    [
        "<script>" + "{" * 5000 + "</script>",
        '<script>self.__next_f.push([1,"3:{\\"a\\""])</script>' + " " * 300,
        "<script>" + "[" * 100_000 + "</script>",
        "<script>var x = " + '{"a":' * 3000 + "1" + "}" * 3000 + "</script>",
    ],
)
def test_broken_data_raises_nothing(script: str) -> None:
    assert isinstance(end_of(shell("x", script)), Rejected)
