"""Write pages that stand alone: one file, nothing from the net, and nothing of a stranger's that runs.

Jinja2 escapes every value; the policy in the head lets the browser load nothing and run only the script that is
part of the page, by its hash.
"""

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render(template: str, *, script: str | None = None, **values: Any) -> str:
    """Fill a template of `templates/`.

    Args:
        template: its file name.
        script: the file name of the page's own script, in the same folder.
        values: what it shows; all that is not `Markup` is escaped.

    """
    code = read(script) if script else ""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    runs = f"script-src 'sha256-{digest}'; " if code else ""
    # What an embedded page may load and run is bounded by this too: it inherits the policy.
    policy = f"default-src 'none'; {runs}style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    return (
        _environment()
        .get_template(template)
        .render(policy=policy, style=Markup(read("style.css")), script=Markup(code), **values)  # noqa: S704 - ours
    )


@lru_cache
def read(name: str) -> str:
    """Read a file of `templates/`."""
    return (files(__package__) / "templates" / name).read_text(encoding="utf-8")


@lru_cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(__package__ or "newscrawl.reports"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
