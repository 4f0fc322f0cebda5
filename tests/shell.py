"""A folder in which a person runs commands against a web on loopback."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from newscrawl.state.place import StatePlace
from tests.conftest import proxied
from tests.states import ADDRESS, environment_in, somewhere, state_in

FAST = ("-s", "AUTOTHROTTLE_ENABLED=0", "-s", "DOWNLOAD_DELAY=0")


class Shell:
    """The folder, and the proxy through which its commands reach the web."""

    def __init__(self, folder: Path, proxy: str) -> None:
        self.folder = folder
        self.proxy = proxy
        if not (folder / ADDRESS).exists() and (address := somewhere()):
            (folder / ADDRESS).write_text(address)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of commands; it names the state where that is in a database."""
        return proxied(self.proxy) | environment_in(self.folder)

    @property
    def state(self) -> StatePlace:
        return state_in(self.folder, "data/state.db")

    def __call__(self, *arguments: str, code: int = 0, timeout: float = 180) -> str:
        result = subprocess.run(
            [sys.executable, "-m", "newscrawl", *arguments], cwd=self.folder, env=self.environment,
            capture_output=True, check=False, timeout=timeout, text=True,
        )  # fmt: skip
        said = result.stdout + result.stderr
        assert result.returncode == code, f"exit {result.returncode}: {said[-3000:]}"
        assert "Traceback" not in result.stderr, result.stderr[-3000:]
        return said

    def crawl(self, *arguments: str, code: int = 0) -> str:
        """Crawl without delays, unless the arguments set some; give what was said."""
        return self("crawl", *FAST, "-O", "out.jsonl", *arguments, code=code)

    def stored(self) -> list[dict[str, Any]]:
        paths = sorted((self.folder / "data" / "articles").rglob("*.jsonl"))
        return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]

    def titles(self) -> list[str]:
        return sorted(row["title"] for row in self.stored())
