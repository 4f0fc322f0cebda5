"""What of an installation its lines depend on: by it two machines tell whether they would write the same."""

import hashlib
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from newscrawl.publishers import user_places

PACKAGE: Final = "newscrawl"
REQUIRED: Final = re.compile(r"[A-Za-z0-9._-]+")
"""The name that a requirement begins with."""
SHOWN: Final = 12
"""Characters of a digest."""


def describe_installation() -> dict[str, str]:
    """Say of what this installation is made: Python, newscrawl and what it requires, the user's publisher files.

    Of newscrawl itself the files are told, not the version alone, which a clone keeps while its code
    changes; of Python no more than 3.N, since that is what its tables of characters go with. It is found out
    anew each time: packages and publisher files change under a process that lives for weeks.
    """
    own = Path(__file__).parent
    code = (p for p in sorted(own.rglob("*")) if p.suffix != ".pyc" and p.is_file())
    made_of = {
        "Python": "{}.{}".format(*sys.version_info),
        PACKAGE: f"{version(PACKAGE)} ({_digest(own, code)})",
        "publisher files": _digest_places(),
    }
    return made_of | dict(_required_versions())


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Name what is not the same in two descriptions.

    >>> differences({"lxml": "6.1", "regex": "1"}, {"lxml": "6.0", "regex": "1"})
    ['lxml 6.1, there 6.0']
    """
    names = dict.fromkeys([*here, *there])
    return [
        f"{name} {here.get(name, 'none')}, there {there.get(name, 'none')}"
        for name in names
        if here.get(name) != there.get(name)
    ]


def _required_versions() -> Iterator[tuple[str, str]]:
    for requirement in requires(PACKAGE) or ():
        found = REQUIRED.match(requirement)
        if found is None or "extra ==" in requirement:
            continue
        try:
            yield found[0], version(found[0])
        except PackageNotFoundError:  # one that is not for this machine
            yield found[0], "none"


def _digest_places() -> str:
    """Digest the user's publisher files, wherever they are, in the order in which they count."""
    digests = []
    for place in map(Path, user_places()):
        paths = sorted(place.glob("*.toml")) if place.is_dir() else [place]
        digests.append(_digest(place, (path for path in paths if path.is_file())))
    return " ".join(found for found in digests if found) or "none"


def _digest(root: Path, paths: Iterator[Path]) -> str:
    digest, number = hashlib.sha256(), 0
    for number, path in enumerate(paths, start=1):  # noqa: B007 - used behind the loop
        data = path.read_bytes()
        digest.update(f"{path.relative_to(root)}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:SHOWN] if number else ""
