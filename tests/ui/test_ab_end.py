"""The end of a comparison: finishing, waiting for others, guessing, unblinding."""

from __future__ import annotations

from tests.ui.apps.judging import OneAb
from tests.ui.fake import painted, shows
from tests.ui.judged import opened, press, until
from tests.ui.made_session import SHORT, SIZE, MadeAb
from tui_eval.ui.screens.guess import GuessScreen
from tui_eval.ui.screens.unblind import UnblindScreen


async def test_finishing_alone_and_unblinding() -> None:
    session = MadeAb(SHORT[:3])
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = await press(pilot, *"aab")
        assert "All 3 pairs are judged." in screen
        assert "F finish" in screen
        await press(pilot, "F")
        screen = await shows(pilot, "all 3 pairs judged by ana")
        assert session.state.finished
        assert "▸ not now" in screen
        assert "after this nobody can vote" in screen
        screen = await press(pilot, "G", "enter")
        assert "Unblind these pairs?" in screen
        await press(pilot, "n")
        assert not session.unblinded
        await press(pilot, "enter", "y")
        await until(pilot, lambda: app.heard)
        assert session.unblinded
        assert app.screen is not app.desk
        await until(pilot, lambda: session.closed)


async def test_while_others_judge_one_waits_or_closes_their_judging() -> None:
    session = MadeAb(SHORT[:3])
    session.join("bo", 2)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, *"aab", "F")
        screen = await shows(pilot, "all 3 pairs judged by ana · bo is at 2 of 3")
        assert "▸ wait for bo" in screen
        assert "bo's 2 votes count; kept as an event with your name" in screen
        assert "not yet: bo has not finished" in await press(pilot, "G", "enter")
        screen = await press(pilot, "g", "j", "enter")
        assert "Close bo's judging at 2 of 3?" in screen
        await press(pilot, "y")
        screen = await shows(pilot, "bo has finished")
        assert session.round.judge("bo").closed_by == "ana"  # type: ignore[union-attr]
        assert "not now" in screen
        assert "after this nobody can vote" in screen


async def test_waiting_for_others_goes_back_and_finishing_is_kept() -> None:
    session = MadeAb(SHORT[:3])
    session.join("bo", 2)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, *"aab", "F")
        await shows(pilot, "wait for bo")
        await pilot.press("enter")
        await until(pilot, lambda: session.closed)
    session.closed = False
    again = OneAb(session)
    async with again.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = painted(again)
        assert "You have finished." in screen
        assert "bo is at 2 of 3." in screen
        await press(pilot, "F")
        await shows(pilot, "judge on")
        await press(pilot, "j", "j", "enter")
        await until(pilot, lambda: again.screen is again.desk)
        assert not session.state.finished
        assert "All 3 pairs are judged." in await shows(pilot, "All 3")


async def test_finishing_early_asks() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "a", "b")
        assert "Finish after 2 of 12 pairs?" in await press(pilot, "F")
        assert "A/B 3/12" in await press(pilot, "n")
        assert not session.state.finished
        await press(pilot, "F", "y")
        await shows(pilot, "2 of 12 pairs judged by ana")
        assert session.state.finished


async def test_back_from_the_guesses_the_pair_s_own_keys_are_named() -> None:
    session = MadeAb(SHORT[:6])
    session.sentences = ("Read this.",)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "enter", *"txtb", "F", "y")
        await shows(pilot, "guess 1/3")
        screen = await press(pilot, "escape")
        assert "left 4" in screen
        assert "begin" not in screen
        assert "a b better" in screen
        assert app.focused is None
        assert "A/B 6/6" in await press(pilot, "a")
        assert "F finish" in await press(pilot, "a", "F", "escape")


async def test_guesses_on_tied_pairs_come_before_the_end() -> None:
    session = MadeAb(SHORT[:4])
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, *"txtb", "F")
        screen = await shows(pilot, "guess 1/3")
        assert isinstance(app.screen, GuessScreen)
        assert "left 0" in screen
        assert "which answer is the candidate's?" in screen
        assert not session.state.finished
        await pilot.press("a")
        assert "too fast, not saved" in painted(app)
        screen = await press(pilot, "a")
        assert "guess 2/3" in screen
        assert "left 1" in screen
        await press(pilot, "b")
        screen = await press(pilot, "s")
        await shows(pilot, "all 4 pairs judged by ana")
        assert isinstance(app.screen, UnblindScreen)
        assert [(e["pair"], e["side"]) for e in session.of_kind("guess")] == [
            ("p0", "left"), ("p1", "right"),
        ]  # fmt: skip
        assert session.state.finished


async def test_guessing_goes_on_where_it_was_left() -> None:
    session = MadeAb(SHORT[:3])
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, *"ttt", "F")
        await shows(pilot, "guess 1/3")
        await press(pilot, "a", "escape")
        assert not session.state.finished
        assert "All 3 pairs are judged." in painted(app)
        await press(pilot, "F")
        assert "left 1" in await shows(pilot, "guess 1/2")


async def test_a_guess_that_is_not_saved_is_not_passed_over() -> None:
    session = MadeAb(SHORT[:3])
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, *"ttt", "F")
        await shows(pilot, "guess 1/3")
        session.failing = True
        screen = await press(pilot, "a")
        assert "not saved" in screen
        assert "guess 1/3" in screen
        session.failing = False
        assert "guess 2/3" in await press(pilot, "a")


async def test_nobody_votes_after_finishing_but_pairs_can_be_read() -> None:
    session = MadeAb(SHORT[:3])
    for token in session.order:
        session.vote(token, "left")
    session.finish()
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "/", "1", "enter")
        assert "left 0" in painted(app)
        assert "you have finished" in await press(pilot, "b")
        assert session.mark("p0").side == "left"


async def test_an_unblinded_comparison_takes_no_votes() -> None:
    session = MadeAb(SHORT[:3])
    for token in session.order:
        session.vote(token, "left")
    session.finish()
    session.unblind()
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "These pairs are unblinded: nobody can vote on them again." in painted(app)
        await press(pilot, "F")
        assert app.screen is app.desk
