"""A held key judges once; two votes a second all count."""

from __future__ import annotations

import pytest

from tests.ui.apps.judging import Clock, OneAb
from tests.ui.judged import hold, opened, press
from tests.ui.made_session import MadeAb
from tui_eval.ui.widgets.guard import AGAIN, ARM, Guard

TEXTS = [("short", "long")] * 40


def pressed(times: list[float], guard: Guard, clock: Clock) -> list[float]:
    """Which presses counted; a new item is painted 10 ms after each that did."""
    counted = []
    due: float | None = clock.now
    for at in times:
        if due is not None and due <= at:
            clock.now = due
            guard.painted()
            due = None
        clock.now = at
        if guard.press():
            counted.append(at)
            guard.close()
            due = at + 0.01
    return counted


@pytest.mark.parametrize("rate", [10, 25, 30, 60])
def test_a_held_key_counts_once_at_most(rate: int) -> None:
    clock = Clock()
    start = clock.now
    held = [start + 5 + n / rate for n in range(2 * rate)]
    assert pressed(held, Guard(clock), clock) == held[:1]


def test_a_key_held_since_before_the_painting_never_counts() -> None:
    clock = Clock()
    held = [clock.now + n / 30 for n in range(60)]
    assert pressed(held, Guard(clock), clock) == []


def test_two_votes_a_second_all_count() -> None:
    clock = Clock()
    votes = [clock.now + 1 + n / 2 for n in range(200)]
    assert pressed(votes, Guard(clock), clock) == votes


def test_after_an_ignored_press_a_pause_is_asked_for() -> None:
    clock = Clock()
    guard = Guard(clock)
    guard.painted()
    clock.now += ARM - 0.01
    assert not guard.press()
    clock.now += AGAIN - 0.01
    assert not guard.press()
    clock.now += AGAIN
    assert guard.press()
    assert guard.press(), "open until the next item"


def test_a_gap_in_the_repeats_of_a_held_key_is_no_decision() -> None:
    clock = Clock()
    start = clock.now
    held = [start + 5 + n / 30 for n in range(90)]
    # Twice the repeats are held up on their way for half a second.
    late = [at + 0.5 * (at > start + 6) + 0.5 * (at > start + 7) for at in held]
    assert pressed(late, Guard(clock), clock) == held[:1]


def test_keys_that_waited_for_a_busy_screen_count_from_when_they_came() -> None:
    clock = Clock()
    guard = Guard(clock)
    guard.painted()
    came = clock.now + 0.1
    clock.now += 1
    assert not guard.press(came)
    assert guard.press(clock.now)


def test_nothing_counts_before_something_is_painted() -> None:
    clock = Clock()
    guard = Guard(clock)
    clock.now += 100
    assert not guard.press()


async def test_a_key_held_for_two_seconds_gives_one_vote() -> None:
    session = MadeAb(TEXTS)
    app = OneAb(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        app.clock.now += 5
        await hold(pilot, "a", 2.0)
        assert len(session.of_kind("vote")) == 1
        screen = await press(pilot, "b")
        assert "saved #2" in screen


async def test_a_press_that_is_ignored_says_so_and_scrolling_never_is() -> None:
    session = MadeAb([("line\n" * 30, "line\n" * 30)] * 3)
    app = OneAb(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("j")
        assert app.desk.view.both[0].top == 1
        await pilot.press("a")
        assert "too fast, not saved" in await press(pilot)
        assert session.of_kind("vote") == []


async def test_skipping_is_guarded_too_and_a_held_u_takes_back_one() -> None:
    session = MadeAb(TEXTS)
    app = OneAb(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        app.clock.now += 5
        await hold(pilot, "s", 1.0)
        assert len(session.of_kind("skip")) == 1
        await press(pilot, "a", "b", "t")
        app.clock.now += 5
        await hold(pilot, "u", 1.0)
        assert len(session.of_kind("undo")) == 1
