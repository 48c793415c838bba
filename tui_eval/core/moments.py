"""Moments as people read them, one way everywhere."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def local(at: str) -> datetime | None:
    """An ISO moment in this machine's time; None where it is none."""
    with suppress(ValueError, OverflowError):
        return datetime.fromisoformat(at).astimezone()
    return None


def day(at: str) -> str:
    """``21 Nov``."""
    moment = local(at)
    return _day(moment) if moment is not None else "no date"


def minute(at: str) -> str:
    """``21 Nov 2026 14:03``, in this machine's time."""
    moment = local(at)
    return _minute(moment) if moment is not None else "no date"


def minute_utc(at: str) -> str:
    """``21 Nov 2026 14:03 UTC``, for what is read on another machine; another text, or a
    moment without a zone, stays as it is."""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is not None:
            return f"{_minute(moment.astimezone(UTC))} UTC"
    return at


def _day(moment: datetime) -> str:
    return f"{moment.day} {MONTHS[moment.month - 1]}"


def _minute(moment: datetime) -> str:
    return f"{_day(moment)} {moment.year} {moment:%H:%M}"
