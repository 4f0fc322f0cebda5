"""What is in a corpus, without exporting it."""

from newscrawl.corpus.database import Corpus
from newscrawl.corpus.figures import Figures
from newscrawl.corpus.linking import Links, link
from newscrawl.corpus.records import read_articles_in_order
from newscrawl.corpus.selection import OTHER, Filter, Tally, select
from newscrawl.errors import InputError


def describe(corpus: Corpus, *, is_linked: bool = False) -> tuple[Tally, Figures]:
    """Count what a corpus holds: the last version of each article.

    Args:
        corpus: one of which nothing was selected yet.
        is_linked: whether near-duplicates are looked for.

    """
    tally = select(corpus, Filter())
    figures = Figures(is_linked=is_linked)
    if not tally.taken:
        return tally, figures
    links = link(corpus) if is_linked else Links()
    for position, article in read_articles_in_order(corpus):
        if isinstance(article, InputError):
            tally.leave_out(OTHER)
        else:
            figures.add(links.marked(position, article) if is_linked else article)
    return tally, figures
