"""Times as data sets write them, as seconds since 1970 in UTC."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_NUMBER = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]{0,9})?(?:[eE]\+?[0-9]{1,2})?")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_SLASHES = re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})(?![0-9])")
_ZONE_WORD = re.compile(r" ?(?:UTC|GMT)$")
# A number is in the coarsest unit that keeps it before the year 5138.
_UNITS = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (math.inf, 1e9))


@dataclass(frozen=True, slots=True)
class Times:
    """``seconds`` is None where a row has no readable time."""

    seconds: tuple[float | None, ...]
    unreadable: tuple[int, ...]
    """Places of what is there and is no time."""
    missing: int
    zoneless: int
    """Dates and times without a zone, taken as UTC."""
    zoned: int


def parse_times(texts: Iterable[str | None]) -> Times:
    """ISO 8601, date only, year and month, the dates of mails, seconds, milli-, micro- and
    nanoseconds since 1970. Digits alone are years or compact dates only where all such
    values of the column are: else a counter that passes 1900 would jump."""
    given = list(texts)
    numbers = [text.strip() for text in given if text is not None and _is_number(text)]
    compact = bool(numbers) and all(_compact(number) is not None for number in numbers)
    seconds: list[float | None] = []
    unreadable: list[int] = []
    zones: list[bool] = []
    for place, text in enumerate(given):
        value = None
        if text is not None and text.strip():
            value = _seconds(text.strip(), compact, zones)
            if value is None:
                unreadable.append(place)
        seconds.append(value)
    missing = seconds.count(None) - len(unreadable)
    return Times(tuple(seconds), tuple(unreadable), missing, zones.count(False), zones.count(True))


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text.strip()))


def _compact(text: str) -> datetime | None:
    """A year from 1900 to 2199, or one with month and day, in digits alone."""
    if len(text) not in (4, 8) or not text.isdigit() or not 1900 <= int(text[:4]) < 2200:
        return None
    try:
        return datetime(int(text[:4]), int(text[4:6] or 1), int(text[6:8] or 1), tzinfo=UTC)
    except ValueError:
        return None


def _seconds(text: str, compact: bool, zones: list[bool]) -> float | None:
    if _is_number(text):
        if compact:
            date = _compact(text)
            return date.timestamp() if date else None
        value = float(text)
        return value / next(scale for limit, scale in _UNITS if abs(value) < limit)
    moment = _moment(text)
    if moment is None:
        return None
    zones.append(moment.tzinfo is not None)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return None


def _moment(text: str) -> datetime | None:
    if len(text) > 64 or not text.isascii():
        return None
    word = _ZONE_WORD.search(text)
    plain = text[: word.start()] + "Z" if word else text
    plain = _SLASHES.sub(lambda found: f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}", plain, count=1)
    if _MONTH.fullmatch(plain):
        plain += "-01"
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def iso(seconds: float) -> str:
    """As people read it; the plain number where it is beyond the calendar."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f}"
    spec = "seconds" if not moment.microsecond else "microseconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")
