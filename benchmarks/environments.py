"""Environments of the peers, each made once from its pins under `.bench`."""

import subprocess
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PINS: Final = Path(__file__).parent


def environment(name: str) -> str:
    """Make the environment of ``benchmarks/<name>.txt``, if it is not there; give its Python."""
    folder = ROOT / ".bench" / name
    python = folder / "bin" / "python"
    done = folder / ".installed"
    if not done.exists():
        venv.create(folder, with_pip=True, clear=True)
        # The pins are complete; to resolve them anew trips over spellings of extras in some versions of pip.
        command = [
            str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--require-hashes", "-r", str(PINS / f"{name}.txt"),
        ]  # fmt: skip
        subprocess.run(command, check=True)
        done.touch()
    return str(python)
