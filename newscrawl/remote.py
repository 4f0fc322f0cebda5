"""Addresses of files that are on other machines, and the package that reads and writes them."""

from typing import Any, Final

from newscrawl.errors import UsageError

REMOTE: Final = "://"


def is_remote(where: object) -> bool:
    """Tell an address such as `s3://bucket/corpus/` from a path."""
    return isinstance(where, str) and REMOTE in where


def fsspec_for(address: str) -> Any:
    """Give fsspec.

    Raises:
        UsageError: it is not installed.

    """
    try:
        # Imported here: it and its storages are an extra.
        import fsspec
    except ImportError as error:
        raise UsageError(f'{address}: remote files need the extra "remote"') from error
    return fsspec


def open_remote(address: str) -> tuple[Any, str]:
    """Give the file system of an address, and the path in it.

    Raises:
        UsageError: fsspec, or what it needs for the address, is not installed.

    """
    try:
        system, path = fsspec_for(address).core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{address}: {error}") from error
    return system, str(path)
