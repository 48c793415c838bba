"""Driving a judging screen in tests: press, and wait until what it did has been done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from tests.ui.apps.judging import OneAb
from tests.ui.fake import painted

SECONDS = 30.0


async def until(pilot: Pilot[Any], ask: Callable[[], object], what: str = "") -> None:
    deadline = time.monotonic() + SECONDS
    while not ask():
        assert time.monotonic() < deadline, f"waited for {what or ask}:\n{painted(pilot.app)}"
        await pilot.pause(0.01)


async def settled(pilot: Pilot[Any]) -> None:
    """Nothing is under way, and what came of it is painted."""
    app: OneAb = pilot.app  # type: ignore[assignment]
    await pilot.pause()
    await until(pilot, lambda: not app.desk._then and not app.desk.saving, "the writer")
    await pilot.pause()


async def opened(pilot: Pilot[Any]) -> None:
    app: OneAb = pilot.app  # type: ignore[assignment]
    await until(pilot, lambda: app.desk.is_mounted and not app.desk._then, "the session")
    await settled(pilot)


async def press(pilot: Pilot[Any], *names: str) -> str:
    """Each key as a reader presses it, seconds after the last; the screen then."""
    app: OneAb = pilot.app  # type: ignore[assignment]
    for name in names:
        app.clock.now += 10
        await pilot.press(name)
        await settled(pilot)
    return painted(app)


async def hold(pilot: Pilot[Any], key: str, seconds: float, rate: float = 30.0) -> None:
    """A key that is held down and repeats."""
    app: OneAb = pilot.app  # type: ignore[assignment]
    for _ in range(round(seconds * rate)):
        app.clock.now += 1 / rate
        await pilot.press(key)
        await settled(pilot)
