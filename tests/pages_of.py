"""Small pages in the manner of real ones, for tests of what is kept and what is refused."""

PROSE = (
    "The council voted on Tuesday to reopen the old ferry landing, nine years after the last boat left it for good.",
    "Engineers found the piers sound, but the ramps will have to be rebuilt before anybody is allowed to use them.",
    "“We have waited long enough for this,” said the harbour master, who kept the keys in a drawer all that time.",
    "Two companies have asked to run the boats, and both want to start before the summer visitors arrive in June.",
    "The town will pay a third of the cost, the county another, and the rest is to come from tickets and a lottery.",
    "Nobody at the meeting spoke against the plan, although some asked where all the cars were supposed to be parked.",
)


def paragraphs(*texts: str) -> str:
    """Mark up paragraphs."""
    return "".join(f"<p>{text}</p>" for text in texts or PROSE)


def page(body: str, *, title: str = "Ferry landing to reopen", head: str = "") -> str:
    """Mark up an article page around a body."""
    return (
        f'<html lang="en"><head><title>{title} | The Harbour Courier</title>'
        f'<meta property="og:type" content="article"><meta property="og:title" content="{title}">'
        f'<meta property="article:published_time" content="2024-05-03T08:00:00+01:00">{head}</head><body>'
        '<header><nav><ul><li><a href="/">Home</a></li><li><a href="/news">News</a></li>'
        '<li><a href="/sport">Sport</a></li></ul></nav></header>'
        f"<main><article><h1>{title}</h1>{body}</article></main>"
        '<footer><p>© 2024 The Harbour Courier</p><a href="/contact">Contact</a></footer></body></html>'
    )
