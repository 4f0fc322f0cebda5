"""The tutorial is run: each of its blocks in a shell, in order, and what it prints is what is printed there."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

BLOCK = re.compile(r"^```(sh|output)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    blocks = BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))
    commands = [n for n, (kind, _) in enumerate(blocks) if kind == "sh"]
    assert len(commands) >= 10
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"}
    for n in commands:
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", blocks[n][1]], cwd=tmp_path, env=environment, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True,
        )  # fmt: skip
        assert run.returncode == 0, f"{blocks[n][1]}\n{run.stdout[-3000:]}"
        expected = blocks[n + 1][1] if n + 1 < len(blocks) and blocks[n + 1][0] == "output" else ""
        checker = doctest.OutputChecker()
        assert checker.check_output(expected, run.stdout, doctest.ELLIPSIS), (
            f"{blocks[n][1]}\n--- expected\n{expected}\n--- came\n{run.stdout}"
        )
