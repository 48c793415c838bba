"""Scoring by keys. What counts is what stands in the journal afterwards."""

from __future__ import annotations

import threading

import pytest

from tests.ui import reviewing
from tests.ui.fake import painted
from tests.ui.reviewing import Clock, opened, press, running, scores, shows
from tui_eval.core.judgements import CRITERIA
from tui_eval.core.session import Item
from tui_eval.errors import InputError
from tui_eval.ui.widgets.drawn import Line


async def test_four_digits_score_an_answer_and_go_on() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        await press(pilot, "4", "5", "3", "2")
        await shows(pilot, "saved #1  4 5 3 2 · u undo")
        assert screen.look.token == "i1"
        await shows(pilot, "review 2/6")
    events = made.of_kind("score")
    assert [event["criterion"] for event in events] == list(CRITERIA)
    assert [event["value"] for event in events] == [4, 5, 3, 2]
    assert len(made.saved) == 4, "four keys, four events, nothing else"
    assert made.threads == {"judging"}, "never written on the thread that draws"
    assert made.closed


async def test_each_digit_is_on_the_disk_before_it_is_called_saved() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        made.gate = threading.Event()
        await press(pilot, "4")
        assert "[4]" in painted(pilot.app), "drawn at once"
        assert "saved" not in painted(pilot.app)
        made.gate.set()
        await shows(pilot, "saved #1  accuracy 4")
        assert screen.look.token == "i0"


async def test_the_unshifted_azerty_row_scores_too() -> None:
    made = reviewing.session()
    async with running() as pilot:
        await opened(pilot, made)
        await press(pilot, "&", "é", '"', "'")
        await shows(pilot, "saved #1")
        await press(pilot, "(", "à")
        await shows(pilot, "saved #2  relevance not applicable")
    assert list(scores(made).values()) == [1, 2, 3, 4]
    assert scores(made, "i1") == {"accuracy": 5, "relevance": 0}


async def test_other_digits_do_nothing() -> None:
    made = reviewing.session()
    async with running() as pilot:
        await opened(pilot, made)
        before = painted(pilot.app)
        await press(pilot, "6", "7", "8", "9")
        assert painted(pilot.app) == before
    assert made.saved == []


async def test_a_criterion_may_not_apply() -> None:
    made = reviewing.session()
    async with running() as pilot:
        await opened(pilot, made)
        await press(pilot, "4", "0")
        assert "relevance   1  2  3  4  5    not applicable" in painted(pilot.app)
        await press(pilot, "5", "5")
        await shows(pilot, "saved #1  4 - 5 5")


async def test_clear_takes_the_last_score_and_never_leaves() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        await press(pilot, "4", "5", "backspace")
        await shows(pilot, "relevance cleared")
        assert screen.scoring.active == "relevance"
        await press(pilot, "backspace", "backspace", "backspace")
        await shows(pilot, "nothing of this answer is scored yet")
        assert screen.look.token == "i0"
    assert scores(made) == {}
    assert [event["value"] for event in made.of_kind("score")] == [4, 5, None, None]


async def test_a_held_key_scores_one_answer() -> None:
    """The guard arms with each answer; time stands still while a key repeats."""
    made = reviewing.session()
    clock = Clock()
    async with running() as pilot:
        screen = await opened(pilot, made, clock)
        await press(pilot, "4", "4", "4", "4")
        await shows(pilot, "saved #1")
        clock.step = 0.001
        screen.guard.close()
        screen.guard.painted()
        await press(pilot, *["4"] * 20)
        await shows(pilot, "too fast, not saved")
        assert screen.look.token == "i1"
    assert scores(made, "i1") == {}


async def test_undo_reopens_the_answer_at_what_was_taken_back() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        await press(pilot, "4", "5", "3", "2")
        await shows(pilot, "review 2/6")
        await press(pilot, "u")
        await shows(pilot, "undone: ")
        assert screen.look.token == "i0"
        assert screen.scoring.active == "format"
        assert scores(made) == {"accuracy": 4, "relevance": 5, "fluency": 3}
        await press(pilot, "u", "u", "u", "u")
        await shows(pilot, "nothing to undo")
        assert scores(made) == {}


async def test_undo_goes_on_after_a_restart() -> None:
    made = reviewing.session()
    async with running() as pilot:
        await opened(pilot, made)
        await press(pilot, "4", "5", "3", "2", "1")
        await shows(pilot, "saved #2  accuracy 1")
    async with running() as pilot:
        screen = await opened(pilot, made)
        assert screen.look.token == "i1", "half-scored answers are gone on with"
        assert screen.scoring.active == "relevance"
        assert "[1]" in painted(pilot.app)
        await press(pilot, "u")
        await shows(pilot, "undone: ")
        await press(pilot, "u")
        await shows(pilot, "review 1/6")
        assert screen.scoring.active == "format"
    assert scores(made) == {"accuracy": 4, "relevance": 5, "fluency": 3}


async def test_undo_of_a_second_score_brings_the_first_back() -> None:
    made = reviewing.session(1)
    async with running() as pilot:
        screen = await opened(pilot, made)
        await press(pilot, "4", "4", "4", "4")
        await shows(pilot, "is scored")
        await press(pilot, "slash", "enter")
        await shows(pilot, "scored before: digits change it")
        await press(pilot, "1")
        await shows(pilot, "saved #1  accuracy 1")
        await press(pilot, "u")
        await shows(pilot, "undone: ")
        assert screen.scoring.scores == dict.fromkeys(CRITERIA, 4)
        assert screen.scoring.active == "accuracy"


async def test_flag_and_skip() -> None:
    made = reviewing.session(2)
    async with running() as pilot:
        screen = await opened(pilot, made)
        await press(pilot, "f")
        await shows(pilot, "1 flagged")
        assert made.mark("i0").flagged
        await press(pilot, "s")
        await shows(pilot, "skipped: it comes again at the end")
        assert screen.look.token == "i1"
        await press(pilot, "4", "4", "4", "4")
        await shows(pilot, "saved #2")
        assert screen.look.token == "i0", "the skipped one comes again"


async def test_enter_goes_on_without_a_score() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        await press(pilot, "enter")
        await shows(pilot, "shipping")
        assert screen.look.token == "i1"
    assert made.saved == []


async def test_what_could_not_be_saved_stays_and_is_said() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        made.failing = True
        await press(pilot, "4")
        shown = await shows(pilot, "not saved")
        assert "No space left on device." in shown
        assert "[4]" in shown
        await press(pilot, "5")
        assert screen.scoring.scores == {"accuracy": 4}, "nothing else is judged before"
        made.failing = False
        await press(pilot, "r")
        await shows(pilot, "saved now")
        await press(pilot, "5", "5", "5")
        await shows(pilot, "saved #1  4 5 5 5")
    assert scores(made) == {"accuracy": 4, "relevance": 5, "fluency": 5, "format": 5}


async def test_a_fourth_digit_that_could_not_be_saved_keeps_its_answer() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        await press(pilot, "4", "4", "4")
        await shows(pilot, "fluency 4")
        made.failing = True
        await press(pilot, "4")
        await shows(pilot, "not saved")
        assert screen.look.token == "i0"
        assert painted(pilot.app).count("[4]") == 4
        made.failing = False
        await press(pilot, "r")
        await shows(pilot, "review 2/6")


async def test_an_answer_that_cannot_be_read_is_skipped_not_scored() -> None:
    made = reviewing.session(2)
    found = made.item

    def item(token: str) -> Item:
        if token == "i0":
            raise InputError("This answer is not here.", "Copy the facts.")
        return found(token)

    made.item = item  # type: ignore[method-assign]
    async with running() as pilot:
        screen = await opened(pilot, made)
        await shows(pilot, "This answer is not here. Copy the facts.")
        await press(pilot, "4")
        await shows(pilot, "s skips it")
        await press(pilot, "s")
        await shows(pilot, "Gift cards")
        assert screen.look.token == "i1"
    assert made.of_kind("score") == []


async def test_a_digit_draws_nothing_of_the_texts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a slow line, that would be most of the bytes of a key."""
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        drawn: list[object] = []
        lines = screen.text.lines

        def watched(width: int, height: int) -> list[Line]:
            drawn.append((width, height))
            return lines(width, height)

        monkeypatch.setattr(screen.text, "lines", watched)
        await press(pilot, "4", "5")
        await shows(pilot, "relevance 5")
        assert drawn == []
        await press(pilot, "j")
        assert drawn
