"""A corpus: article lines in files, selected, exported, described, checked, and linked where they are one text.

DuckDB reads the files, so that ten million lines need neither much memory nor a server. It comes, with what else is
heavy, with the extra `corpus`, and is imported where it is used.
"""

from typing import Final

NO_EXTRA: Final = 'corpora need the extra "corpus": pip install "newscrawl[corpus]", in a clone pip install -e ".[corpus]"'
