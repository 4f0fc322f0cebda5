"""Printed and machine-readable forms of a time, without any look at the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

_EN = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_AR = (
    "جانفي",
    "فيفري",
    "مارس",
    "أفريل",
    "ماي",
    "جوان",
    "جويلية",
    "أوت",
    "سبتمبر",
    "أكتوبر",
    "نوفمبر",
    "ديسمبر",
)


def rfc822(moment: datetime) -> str:
    """Return the form used in RSS: `Mon, 04 Mar 2024 09:50:41 GMT`."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def epoch_ms(moment: datetime) -> int:
    """Return milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def indian(moment: datetime) -> str:
    """Return `4 Mar, 2024, 3:20 pm`."""
    return f"{moment.day} {_EN[moment.month - 1][:3]}, {moment.year}, {_clock(moment)}"


def british(moment: datetime) -> str:
    """Return `4 March 2024, 3:20 pm`."""
    return f"{moment.day} {_EN[moment.month - 1]} {moment.year}, {_clock(moment)}"


def wire(moment: datetime) -> str:
    """Return `March 4, 2024 8:02 AM CET`."""
    zone = "CET" if moment.strftime("%z") == "+0100" else "CEST"
    day = f"{_EN[moment.month - 1]} {moment.day}, {moment.year}"
    return f"{day} {_clock(moment).upper()} {zone}"


def german(moment: datetime) -> str:
    """Return `04.03.2024, 15:20 Uhr`."""
    return moment.strftime("%d.%m.%Y, %H:%M Uhr")


def arabic(moment: datetime) -> str:
    """Return a day with the Maghrebi name of the month, and the time."""
    return f"{moment.day} {_AR[moment.month - 1]} {moment.year} - {moment.strftime('%H:%M')}"


def _clock(moment: datetime) -> str:
    half = "am" if moment.hour < 12 else "pm"
    return f"{moment.hour % 12 or 12}:{moment.minute:02d} {half}"
