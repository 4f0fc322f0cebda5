"""A news site on loopback whose markup can change from one day to the next, for tests of sources and of drift."""

from tests.web import Answer, Web

HOST = "www.courier.example"
HOME = f"http://{HOST}/"
NOUNS = (
    "ferry",
    "bridge",
    "market",
    "library",
    "mill",
    "harbour",
    "school",
    "orchard",
    "tower",
    "canal",
    "theatre",
    "station",
)
SENTENCES = (
    "The council voted on {day} to reopen the old {noun}, nine years after the last visitor left it for good in the rain.",
    "Engineers found the walls of the {noun} sound, but the roof will have to be rebuilt before anybody is let in again.",
    "“We have waited long enough for this,” said the keeper of the {noun}, who kept the keys in a drawer all that time.",
    "Two companies have asked to run the {noun}, and both want to start before the summer visitors arrive in {month}.",
    "The town will pay a third of the cost of the {noun}, the county another, and the rest is to come from a lottery.",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


def url_of(number: int) -> str:
    """Give the address of an article."""
    return (
        f"{HOME}2026/05/{1 + number % 28:02}/{NOUNS[number % len(NOUNS)]}-to-reopen-{1000 + number}"
    )


def article(number: int, *, byline: str = "by-line", caption: str = "figcaption") -> str:
    """Write an article page; *byline* is the class of its byline, *caption* the element of its caption."""
    noun = NOUNS[number % len(NOUNS)]
    title = f"Old {noun} to reopen after nine years, council decides in case {number}"
    text = "".join(
        f"<p>{s.format(noun=noun, day=DAYS[number % 5], month=('June', 'July')[number % 2])}</p>"
        for s in SENTENCES
    )
    return (
        f'<html lang="en-GB"><head><title>{title} | The Courier</title><meta property="og:site_name" content="The Courier">'
        f'<meta property="og:type" content="article"><meta property="article:published_time" '
        f'content="2026-05-{1 + number % 28:02}T08:15:00+01:00"><meta property="og:image" content="/{number}.jpg"></head><body><nav><a href="/">Home</a>'
        '<a href="/news">News</a><a href="/sport">Sport</a></nav>'
        f'<article><h1>{title}</h1><div class="{byline}">By Jo Field</div>'
        f'<figure><img src="/{number}.jpg"><{caption}>The {noun} as it looks today.</{caption}></figure>{text}</article>'
        "<footer>© 2026 The Courier</footer></body></html>"
    )


def feed(numbers: range) -> Answer:
    """Write the feed."""
    items = "".join(
        f"<item><title>Case {n}</title><link>{url_of(n)}</link>"
        f"<pubDate>Fri, {1 + n % 28:02} May 2026 08:15:00 +0100</pubDate></item>"
        for n in numbers
    )
    return Answer(
        f'<rss version="2.0"><channel><title>The Courier</title>{items}</channel></rss>',
        type="application/rss+xml",
    )


def section(numbers: range) -> str:
    """Write a section page."""
    links = "".join(
        f'<li><a href="{url_of(n)}">Old {NOUNS[n % len(NOUNS)]} to reopen, council decides {n}</a></li>'
        for n in numbers
    )
    return f"<html lang=en-GB><head><title>News | The Courier</title></head><body><h1>News</h1><ul>{links}</ul></body></html>"


def courier(count: int = 12) -> Web:
    """Make the site: robots.txt, home page, a feed, two sections, articles."""
    web = Web()
    head = '<link rel="alternate" type="application/rss+xml" href="/rss.xml">'
    nav = '<nav><a href="/news">News</a><a href="/sport">Sport</a><a href="/about">About</a></nav>'
    web.pages = {
        f"{HOME}robots.txt": Answer("User-agent: *\nDisallow: /private/\nCrawl-delay: 0.01\n", type="text/plain"),
        HOME: Answer(f"<html lang=en><head><title>The Courier</title>{head}</head><body>{nav}</body></html>"),
        f"{HOME}rss.xml": feed(range(count)),
        f"{HOME}news": Answer(section(range(count))),
        f"{HOME}sport": Answer("<html><body><h1>Sport</h1><p>Nothing today.</p></body></html>"),
        **{url_of(n): Answer(article(n)) for n in range(count)},
    }  # fmt: skip
    return web
