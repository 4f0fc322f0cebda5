"""A folder in which a person runs commands against a web on loopback."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.conftest import proxied

FAST = ("-s", "AUTOTHROTTLE_ENABLED=0", "-s", "DOWNLOAD_DELAY=0")


class Shell:
    """The folder, and the proxy through which its commands reach the web."""

    def __init__(self, folder: Path, proxy: str) -> None:
        self.folder = folder
        self.proxy = proxy

    def __call__(self, *arguments: str, code: int = 0, timeout: float = 180) -> str:
        result = subprocess.run(
            [sys.executable, "-m", "newscrawl", *arguments], cwd=self.folder, env=proxied(self.proxy),
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
