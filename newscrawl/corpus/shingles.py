"""Texts as sets of word 5-grams, their MinHash signatures, and how alike two sets are.

rensa makes the signatures: in trials it took a thirtieth of datasketch's time, with the same recall.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import regex

from newscrawl.corpus import NO_EXTRA
from newscrawl.errors import UsageError
from newscrawl.wording import UNSPACED

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORDS: Final = 5
"""Words in a shingle: fewer are shared by texts on one subject, more are torn by each edit."""
BANDS: Final = 20
ROWS: Final = 6
"""Values in a band. A pair is looked at if one of 20 bands of 6 is equal: at a similarity of 0.8 that is missed
3 times in 1,000 (16 bands of 8: 50 times), at 0.3 it happens 15 times in 1,000, at no cost but that of the look."""
SEED: Final = 42
ASCII_WORD: Final = re.compile(r"\w+")
WORD: Final = regex.compile(
    rf"(?V1){UNSPACED.pattern}|[[\p{{L}}\p{{M}}\p{{N}}_]--{UNSPACED.pattern}]+"
)
"""In scripts that write no spaces each letter counts as a word. regex, because to re a vowel sign ends a word."""
MIXERS: Final = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB],
    dtype=np.uint64,
)  # fmt: skip
"""Odd numbers with mixed bits, one a place."""


def words_of(text: str) -> list[str]:
    """Give the words of a text, case and punctuation aside.

    >>> words_of("The port, shut."), words_of("港は閉鎖"), words_of("हिन्दी भाषा")
    (['the', 'port', 'shut'], ['港', 'は', '閉', '鎖'], ['हिन्दी', 'भाषा'])
    """
    found: list[str] = (ASCII_WORD if text.isascii() else WORD).findall(text.casefold())
    return found or text.split()


class Sketches:
    """Shingles and band keys of some texts; pickles."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Make them.

        Raises:
            UsageError: rensa is not installed.

        """
        try:
            from rensa import RMinHash
        except ImportError as error:
            raise UsageError(NO_EXTRA) from error
        # A text of fewer words than a shingle has is one shingle.
        words = [found + [""] * (WORDS - len(found)) for found in map(words_of, texts)]
        lengths = np.array([len(found) for found in words], dtype=np.int64)
        hashes = [np.array(row, dtype=np.uint64) for row in RMinHash.hash_token_sets(words)]
        self.counts = lengths - (WORDS - 1)
        self.starts = np.concatenate(([0], np.cumsum(self.counts)))
        self.shingles = _shingles(np.concatenate(hashes), lengths)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(
            self.shingles, self.starts.astype(np.uint64), BANDS * ROWS, SEED
        )
        self.keys = _mixed(np.array(matrix.to_rows(), dtype=np.uint64).reshape(-1, BANDS, ROWS))
        """A row a text, a column a band."""

    def __len__(self) -> int:
        return len(self.counts)

    def of(self, index: int) -> "NDArray[np.uint32]":
        """Give the shingles of a text as a sorted set."""
        return as_set(self.shingles[self.starts[index] : self.starts[index + 1]])


def as_set(shingles: "NDArray[np.uint64]") -> "NDArray[np.uint32]":
    """Give shingles as a sorted set; half of their bits tell those of two texts apart."""
    return np.unique((shingles >> np.uint64(32)).astype(np.uint32))


def similarity(a: "NDArray[np.uint32]", b: "NDArray[np.uint32]") -> float:
    """Give the Jaccard similarity of two sets, 0 to 1."""
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared / (len(a) + len(b) - shared)


def _shingles(hashes: "NDArray[np.uint64]", lengths: "NDArray[np.int64]") -> "NDArray[np.uint64]":
    """Hash each run of five words that lies within one text."""
    grams = _mixed(np.lib.stride_tricks.sliding_window_view(hashes, WORDS))
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    counts = lengths - (WORDS - 1)
    # A text's runs begin at its first word and end four words before its last.
    places = np.arange(counts.sum()) + np.repeat(
        starts - np.concatenate(([0], np.cumsum(counts)[:-1])), counts
    )
    found: NDArray[np.uint64] = grams[places]
    return found


def _mixed(values: "NDArray[np.uint64]") -> "NDArray[np.uint64]":
    """Hash the last axis, of no more than six values, into one."""
    found = np.zeros(values.shape[:-1], dtype=np.uint64)
    for place in range(values.shape[-1]):
        found += values[..., place] * MIXERS[place]
    found ^= found >> np.uint64(29)
    found *= MIXERS[0]
    found ^= found >> np.uint64(32)
    return found
