"""Compare and measure text without regard to how it is typed."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
UNPRINTED: Final = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
QUOTES: Final = str.maketrans(dict.fromkeys("‘’‚‛′`´", "'") | dict.fromkeys("“”„‟«»″", '"'))
DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
TYPED_ALIKE: Final = tuple((chr(sign), str(plain)) for sign, plain in (QUOTES | DASHES).items())
BARE_CHARS: Final = 3000
"""Characters; the rules ask for the same paragraphs again and again."""
LETTERS: Final = re.compile(r"\w+")
LOWER: Final = bytes(
    ord(chr(sign).lower()) if sign < 128 and LETTERS.match(chr(sign)) else ord(" ")
    for sign in range(256)
)
"""ASCII letters and digits in lower case; a space for all else."""
CACHED_CHARS: Final = 400
"""Characters; a line is compared a dozen times, and longer ones are compared less than stored."""
UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def fold(text: str) -> str:
    r"""Reduce text to what two prints of it share: NFKC, case, quotes, dashes, white space.

    >>> fold("“It’s\u00a0over”  – He said")
    '"it\'s over" - he said'
    """
    return _fold_short(text) if len(text) <= CACHED_CHARS else _fold(text)


def _fold(text: str) -> str:
    if text.isascii():
        # Folding the rest would change nothing but the backtick, which counts as a quote.
        return " ".join(text.lower().replace("`", "'").split())
    plain = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
    # One search a sign is six times faster than translate(), which looks up every character.
    for sign, typed in TYPED_ALIKE:
        plain = plain.replace(sign, typed)
    return " ".join(plain.split())


_fold_short = lru_cache(maxsize=4096)(_fold)


def bare(text: str) -> str:
    """Reduce text to its letters and digits, to compare lines that differ in punctuation.

    >>> bare("Chuck-Ross.")
    'chuck ross'
    """
    return _bare_short(text) if len(text) <= BARE_CHARS else _bare(text)


def _bare(text: str) -> str:
    # Typographic quotes and dashes are what most text of other signs has of them.
    plain = text if text.isascii() else fold(text)
    if plain.isascii():
        # The same words by a table of bytes, which takes a tenth of the time.
        return b" ".join(plain.encode().translate(LOWER).split()).decode()
    return " ".join(LETTERS.findall(plain))


_bare_short = lru_cache(maxsize=2048)(_bare)


def closed_up(text: str) -> str:
    """Reduce text to its letters and digits without spaces, as names stand in the host of a site.

    >>> closed_up("The Harbour-Courier")
    'theharbourcourier'
    """
    return bare(text).replace(" ", "")


def squeeze(text: str) -> str:
    """Fold white space and drop invisible characters; letters and signs stay as printed.

    A zero-width joiner or non-joiner stays: Persian and Indic words are spelt with them.

    >>> squeeze(" a\u00a0 b\u200bc ")
    'a bc'
    """
    return " ".join((text if text.isascii() else UNPRINTED.sub("", text)).split())


def printable(text: str) -> str:
    r"""Put a space for each sign that cannot be printed, line breaks too.

    >>> printable("a\x1b[31m\nb")
    'a [31m b'
    """
    return "".join(sign if sign.isprintable() else " " for sign in text)


def sized(number: float) -> str:
    """Write bytes.

    >>> sized(900), sized(1_234_567), sized(5e9)
    ('900 B', '1.2 MB', '5.0 GB')
    """
    units = ("B", "kB", "MB", "GB", "TB")
    place = 0
    while number >= 1000 and place < len(units) - 1:
        number, place = number / 1000, place + 1
    return f"{number:.0f} {units[place]}" if place < 2 else f"{number:.1f} {units[place]}"


def numbered(number: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun.

    >>> numbered(1, "article"), numbered(2, "article"), numbered(2, "address", "addresses")
    ('1 article', '2 articles', '2 addresses')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


@lru_cache(maxsize=256)
def count_words(text: str) -> int:
    """Count words; in scripts that write no spaces each letter counts as one.

    >>> count_words("two words"), count_words("東京で")
    (2, 3)
    """
    if text.isascii():
        return len(text.split())
    if not UNSPACED.search(text):
        return len(text.split())
    unspaced = len(UNSPACED.findall(text))
    return len(UNSPACED.sub(" ", text).split()) + unspaced
