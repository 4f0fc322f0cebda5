"""A corpus: article lines in files, selected, exported, described, checked, and linked where they are one text.

DuckDB reads the files, so that ten million lines need neither much memory nor a server. It comes, with what else is
heavy, with the extra `corpus`, and is imported where it is used.
"""
