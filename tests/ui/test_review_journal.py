"""The review screen over a real journal, closed and opened again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files.made_rounds import Made
from tests.ui import fake
from tests.ui.fake import painted
from tests.ui.reviewing import Clock
from tui_eval.core.blinding import allot
from tui_eval.core.judgements import CRITERIA, Mark
from tui_eval.ui.app import EvalApp
from tui_eval.ui.screens.review import ReviewScreen


@pytest.fixture
def made(tmp_path: Path) -> Made:
    found = Made.at(tmp_path / "w", 30, "[review]\nsamples = 4\n[blind_ab]\npairs = 4\n")
    found.answer()
    return found


async def judged(made: Made, keys: str, *words: str) -> str:
    """Press the keys on a review that is opened and closed again; the last screen. What
    follows a ``>`` waits for the next of ``words``."""
    app: EvalApp = fake.app()
    left = list(words)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(ReviewScreen(made.review(), clock=Clock()))
        await fake.shows(pilot, "judge ana", 20)
        for key in keys.split():
            if key == ">":
                await fake.shows(pilot, left.pop(0), 20)
                await pilot.pause()
            else:
                await pilot.press(key)
        await pilot.pause()
        shown = painted(app)
    assert not left
    return shown


def stands(made: Made, place: int) -> Mark:
    """From the journal alone."""
    session = made.review()
    mark = session.mark(session.order[place])
    session.close()
    return mark


async def test_a_review_is_gone_on_with_and_taken_back_after_a_restart(made: Made) -> None:
    shown = await judged(
        made, "> enter > 4 5 3 2 > 1 2 >", "Each answer gets four scores", "Question",
        "saved #1  4 5 3 2", "saved #2  relevance 2",
    )  # fmt: skip
    assert "review 2/4" in shown
    assert stands(made, 0).scores == dict(zip(CRITERIA, (4, 5, 3, 2), strict=True))
    assert stands(made, 1).scores == {"accuracy": 1, "relevance": 2}

    shown = await judged(made, "> u > u > u >", "review 2/4", "undone", "undone", "review 1/4")
    assert "▸ format" in shown
    assert stands(made, 0).scores == {"accuracy": 4, "relevance": 5, "fluency": 3}
    assert stands(made, 1).scores == {}

    shown = await judged(made, "> 0 >", "review 1/4", "saved #1  4 5 3 -")
    assert stands(made, 0).scores["format"] == 0


async def test_notes_flags_and_looks_are_in_the_journal(made: Made) -> None:
    await judged(
        made, "> enter > f > n # t o o space l o n g enter > e >", "Each answer", "Question",
        "flagged", "note saved", "Reference",
    )  # fmt: skip
    mark = stands(made, 0)
    assert (mark.flagged, mark.note, mark.views) == (True, "#too long", ("reference",))
    assert mark.scores == {}


async def test_answers_that_come_while_judging_are_shown(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "w", 30, "[review]\nsamples = 3\n[blind_ab]\npairs = 0\n")
    first, *later = allot(made.samples(), seed=0, review=3, pairs=0).review
    made.answer([first])
    app: EvalApp = fake.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(ReviewScreen(made.review(), clock=Clock()))
        await fake.shows(pilot, "Each answer gets four scores", 20)
        await pilot.press("enter")
        await fake.shows(pilot, "2 to come", 20)
        await pilot.pause()
        await pilot.press("4", "4", "4", "4")
        await fake.shows(pilot, "waiting for answers", 20)
        made.answer(later)
        await fake.shows(pilot, "▸ accuracy", 20)
        assert "review 2/3" in painted(app)
