"""Recipes of the docs that this environment cannot run: what can be told of them without their engines."""

import ast
import re
import subprocess
from importlib import import_module

import pytest
import yaml

from tests.conftest import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / "docs" / "cluster-cleaning.md").read_text(encoding="utf-8"))


def programs() -> list[str]:
    """Give the Python programs, those inside of manifests too."""
    found = [text for kind, text in BLOCKS if kind == "python"]
    for kind, text in BLOCKS:
        for manifest in yaml.safe_load_all(text) if kind == "yaml" else ():
            pod = manifest["spec"].get("template", {}).get("spec", {"containers": []})
            commands = [container["command"] for container in pod["containers"]]
            found += [words[2] for words in commands if words[:2] == ["python", "-c"]]
    return found


def test_all_are_there() -> None:
    assert len(programs()) == 3
    assert {kind for kind, _ in BLOCKS} == {"sh", "python", "yaml"}


@pytest.mark.parametrize("program", programs(), ids=lambda text: text.strip().splitlines()[0])
def test_programs_import_what_there_is(program: str) -> None:
    compile(program, "recipe", "exec")
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("newscrawl"):
            module = import_module(str(node.module))
            assert not [name.name for name in node.names if not hasattr(module, name.name)]


@pytest.mark.parametrize("script", [text for kind, text in BLOCKS if kind == "sh"])
def test_scripts_are_read_by_a_shell(script: str) -> None:
    subprocess.run(["sh", "-n"], input=script, check=True, text=True)
