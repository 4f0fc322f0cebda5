"""Ages such as `7d`, as people write them on a command line."""

import re
from typing import Final

UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
"""Seconds."""
AGE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")


def read_age(text: str) -> float | None:
    """Read an age, in seconds; None where it is none.

    >>> read_age("30d"), read_age("soon")
    (2592000.0, None)
    """
    match = AGE.fullmatch(text.strip())
    return float(match[1]) * UNITS[match[2]] if match else None
