"""Exports that go to another machine: written here, then copied with what fsspec has a package for."""

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from newscrawl.corpus.manifest import MANIFEST, read_manifest
from newscrawl.errors import InputError
from newscrawl.remote import open_remote


def check_target(target: str) -> None:
    """Make sure that an address can be written to at all, before there is something to write.

    Raises:
        UsageError: fsspec, or what it needs for the address, is not installed.

    """
    open_remote(target)


def upload(folder: Path, target: str) -> None:
    """Copy all files of a folder below an address, in the place of an export that is there.

    The manifest goes first and comes last: where it is, everything is.

    Raises:
        UsageError: fsspec, or what it needs for the address, is not installed.
        InputError: the files cannot be written there.

    """
    system, path_in = open_remote(target)
    root = path_in.rstrip("/")
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=_order)
    try:
        for path in files:
            if _is_manifest(path):
                _take_away(system, root, path.name)
        for path in files:
            goal = f"{root}/{path.relative_to(folder).as_posix()}"
            system.makedirs(goal.rpartition("/")[0], exist_ok=True)
            system.put_file(str(path), goal)
    except Exception as error:  # each file system has its own
        raise InputError(f"cannot write {target}: {type(error).__name__}: {error}") from error


def _take_away(system: Any, root: str, manifest: str) -> None:
    """Take away an earlier export: its manifest, then the files that it names."""
    if not system.exists(f"{root}/{manifest}"):
        return
    with NamedTemporaryFile(suffix=manifest) as copy:
        system.get_file(f"{root}/{manifest}", copy.name)
        names = [entry.path for entry in read_manifest(Path(copy.name))["files"]]
    system.rm_file(f"{root}/{manifest}")
    for name in names:
        if system.exists(f"{root}/{name}"):
            system.rm_file(f"{root}/{name}")


def _is_manifest(path: Path) -> bool:
    return path.name.endswith(MANIFEST)


def _order(path: Path) -> tuple[bool, str]:
    return _is_manifest(path), str(path)
