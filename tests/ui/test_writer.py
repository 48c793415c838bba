"""One thread writes; the screen says saved when it is, and keeps what is not."""

from __future__ import annotations

import threading

import pytest

from tests.ui.apps.judging import OneAb
from tests.ui.fake import painted, shows
from tests.ui.judged import opened, press, until
from tests.ui.made_session import MadeAb
from tui_eval.errors import StoreError
from tui_eval.ui.widgets.writer import CLOSE, Done, Writer

TEXTS = [("short", "long"), ("yes", "no"), ("one", "two")]


def test_work_is_done_in_order_on_one_thread_and_told() -> None:
    told: list[Done] = []
    threads = set()

    def work(number: int) -> int:
        threads.add(threading.current_thread())
        return number

    writer = Writer(told.append)
    for number in range(100):
        assert writer.put(str(number), lambda number=number: work(number))
    writer.close(lambda: "last")
    assert [done.value for done in told] == [*range(100), "last"]
    assert told[-1].what == CLOSE
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_closing_waits_for_what_is_queued_and_takes_nothing_more() -> None:
    gate = threading.Event()
    told: list[Done] = []
    writer = Writer(told.append)
    writer.put("slow", lambda: gate.wait(30))
    writer.put("after", lambda: 1)
    threading.Timer(0.05, gate.set).start()
    writer.close()
    assert [done.what for done in told] == ["slow", "after"]
    assert not writer.put("late", lambda: 2)
    writer.close()


def test_what_work_raises_is_told_and_the_thread_goes_on() -> None:
    told: list[Done] = []
    writer = Writer(told.append)

    def fails() -> None:
        raise StoreError("full", "make room")

    writer.put("fails", fails)
    writer.put("works", lambda: 1)
    writer.close()
    assert isinstance(told[0].error, StoreError)
    assert told[1].value == 1


async def test_nothing_says_saved_before_it_is_on_the_disk() -> None:
    session = MadeAb(TEXTS)
    app = OneAb(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        session.gate = threading.Event()
        app.clock.now += 5
        await pilot.press("a")
        await until(pilot, lambda: app.desk.saving)
        await pilot.pause()
        screen = painted(app)
        assert "saved" not in screen
        assert "A/B 1/3" in screen
        assert "short" in screen
        session.gate.set()
        assert "A/B 2/3" in await shows(pilot, "saved #1")
        assert {name for name in session.threads if name != "MainThread"} == {"judging"}


async def test_a_failed_write_keeps_the_judgement_on_the_screen_until_it_is_saved() -> None:
    session = MadeAb(TEXTS)
    app = OneAb(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        session.failing = True
        screen = await press(pilot, "a")
        assert "not saved · r tries again · No space left" in screen
        assert "A/B 1/3" in screen
        assert "short" in screen
        assert "your vote: A" in screen
        strip = next(s for s in app.screen._compositor.render_strips() if "not saved" in s.text)
        bad = app.desk.key_line.palette.style("bad!")
        assert any(segment.style == bad and "not saved" in segment.text for segment in strip)
        # Nothing else is judged before, and trying in vain changes nothing.
        for key in ("b", "s", "u", "f", "n", "r"):
            screen = await press(pilot, key)
            assert "not saved · r tries again" in screen
        assert len(session.events) == 2
        session.failing = False
        screen = await press(pilot, "r")
        assert "saved #1" in screen
        assert "A/B 2/3" in screen
        assert [event["side"] for event in session.of_kind("vote")] == ["left"]


async def test_leaving_with_something_not_saved_asks() -> None:
    session = MadeAb(TEXTS)
    app = OneAb(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        session.failing = True
        await press(pilot, "a")
        for key in ("escape", "q"):
            screen = await press(pilot, key)
            assert "Leave with 1 judgement that is not saved?" in screen
            assert "not saved · r" in await press(pilot, "n")
            assert app.screen is app.desk
        await press(pilot, "q", "y")
    assert app.left


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_leaving_waits_for_the_disk_and_closes_the_session(key: str) -> None:
    session = MadeAb(TEXTS)
    app = OneAb(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        session.gate = threading.Event()
        app.clock.now += 5
        threading.Timer(0.1, session.gate.set).start()
        await pilot.press("a", key)
        if key == "escape":
            await until(pilot, lambda: session.closed, "the session's end")
    assert len(session.of_kind("vote")) == 1
    assert session.closed


async def test_an_error_that_is_nobodys_to_mend_ends_the_app() -> None:
    session = MadeAb(TEXTS)
    session.vote = lambda *_, **__: 1 / 0  # type: ignore[assignment, method-assign]
    app = OneAb(session)
    with pytest.raises(ZeroDivisionError):
        await votes_until_it_fails(app)


async def votes_until_it_fails(app: OneAb) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        app.clock.now += 5
        await pilot.press("a")
        await until(pilot, lambda: app._exception is not None)
