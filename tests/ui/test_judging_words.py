"""What the judging screens say: counted alike everywhere, whole, and nothing covered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.ui import fake, reviewing
from tests.ui.apps.judging import Judged, OneAb
from tests.ui.fake import painted
from tests.ui.judged import opened, press, settled
from tests.ui.made_session import LONG, SHORT, SIZE, MadeAb
from tui_eval.core.judgements import Mark
from tui_eval.core.session import Standing
from tui_eval.ui.screens.guess import GuessScreen
from tui_eval.ui.screens.help import HelpPage
from tui_eval.ui.screens.review_list import state_of
from tui_eval.ui.screens.unblind import UnblindScreen, choices, headline

EQUAL = [("same", "same"), ("same too", "same too")]


class WithEqual(MadeAb):
    """The first pairs are equal, and the last of the plan shows the third once more."""

    def __init__(self, texts: Any, equal: int, *, twice: bool = False) -> None:
        self.equal, self.twice = equal, twice
        super().__init__(texts)

    def _plan(self) -> dict[str, Any]:
        plan = super()._plan()
        for pair in plan["pairs"][: self.equal]:
            pair["identical"] = True
        if self.twice:
            plan["pairs"].append({"pair": "p9", "left": "r2", "right": "l2", "repeat_of": "p2"})
        return plan

    @property
    def order(self) -> Any:
        return [pair.pair for pair in self.state.pairs if not pair.identical]

    @property
    def standing(self) -> Standing:
        made = super().standing
        return replace(made, ties=made.ties + self.equal)

    def pair(self, token: str) -> Any:
        return replace(super().pair("p2"), token=token) if token == "p9" else super().pair(token)


async def test_a_pair_that_is_shown_twice_moves_the_count_like_any_other() -> None:
    session = WithEqual([*EQUAL, *SHORT[:2]], 2, twice=True)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "A/B 3/5" in painted(app)
        for number in (3, 4, 5):
            assert f"A/B {number}/5" in painted(app)
            assert f"saved #{number} " in await press(pilot, "a")
        screen = painted(app)
        assert "A/B 5/5" in screen
        assert "All 4 pairs are judged, 2 of them equal and not shown; 1 were" in screen


async def test_equal_pairs_alone_leave_nothing_to_judge() -> None:
    app = OneAb(WithEqual(EQUAL, 2))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "2 pairs: 2 equal, nothing to judge." in painted(app)


async def test_a_pace_is_told_from_five_votes_on() -> None:
    app = OneAb(MadeAb(SHORT))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        for _ in range(4):
            assert "s each" not in await press(pilot, "a")
        assert "30 s each" in await press(pilot, "a")


@pytest.mark.parametrize("texts", [("", "word"), ("word", ""), ("", " \n ")])
async def test_an_empty_answer_says_so_on_either_side(texts: tuple[str, str]) -> None:
    app = OneAb(MadeAb([texts]))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        empty = sum(not text.strip() for text in texts)
        assert painted(app).count("(empty)") == empty
        for pane, text in zip(app.desk.view.both, texts, strict=True):
            assert ("(empty)", "dim") in pane.lines(39, 10)[0] or text.strip()
            assert pane.fraction_seen == 1.0


async def test_a_vote_under_the_differences_is_said_to_be_saved() -> None:
    app = OneAb(MadeAb(SHORT))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "words that differ are bold" in await press(pilot, "d")
        screen = await press(pilot, "a")
        assert "saved #1 · u undo · ! it was clear" in screen
        assert "words that differ are bold" in screen
        assert "undone: the vote, which was A" in await press(pilot, "u")
        assert "words that differ" not in await press(pilot, "d")


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_sentences_are_whole_at_every_width(width: int) -> None:
    session = MadeAb([LONG] * 12)
    for number in range(5):
        session.vote(f"p{number}", "left")
    app = OneAb(session)
    async with app.run_test(size=(width, 24)) as pilot:
        await opened(pilot)
        if not app.desk.view.zoomed:
            app.desk.view.toggle_zoom()
        await settled(pilot)
        screen = await press(pilot, "a")
        assert "tab shows it, a again votes" in screen
        assert "…" not in screen


async def test_what_could_not_be_saved_is_read_whole() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=(60, 24)) as pilot:
        await opened(pilot)
        session.failing = True
        screen = " ".join((await press(pilot, "a")).split())
        assert "No space left on device. Make room. It is kept in the local state" in screen
        assert "until then." in screen
        assert "until then." not in await press(pilot, "j")


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_a_guess_says_its_sentences_whole(width: int) -> None:
    session = MadeAb([("a\n" * 150, "b\n" * 150)])
    screen = GuessScreen([session.pair("p0")], lambda *_: None, lambda: None, judge="anastasia")
    app = Judged(screen)
    async with app.run_test(size=(width, 24)) as pilot:
        await pilot.pause()
        await pilot.pause()
        shown = painted(app)
        assert "a hunch is enough, s where there is none" in shown
        assert "which answer is the candidate's?" in shown
        heads = next(line for line in shown.split("\n") if line.startswith("─ A"))
        assert "…" not in heads.replace("/…", "")


async def test_what_clearing_took_comes_back_and_is_said_to() -> None:
    made = reviewing.session()
    async with reviewing.running() as pilot:
        await reviewing.opened(pilot, made)
        await reviewing.press(pilot, "4", "backspace")
        await reviewing.shows(pilot, "accuracy cleared")
        await reviewing.press(pilot, "u")
        await reviewing.shows(pilot, "undone: accuracy is 4 again")
        await reviewing.press(pilot, "u")
        await reviewing.shows(pilot, "undone: accuracy 4")
    assert made.mark("i0").scores == {}


async def test_an_answer_out_of_turn_is_told_by_its_number() -> None:
    made = reviewing.session()
    async with reviewing.running() as pilot:
        await reviewing.opened(pilot, made)
        await reviewing.press(pilot, "s")
        await reviewing.shows(pilot, "review 1/6  #2")


def test_a_skipped_answer_is_marked_in_the_list() -> None:
    assert state_of(Mark("i0", skipped=1)) == "skipped"
    assert state_of(Mark("i0", skipped=1, scores={"accuracy": 4})) == "skipped"
    assert state_of(Mark("i0", scores={"accuracy": 4})) == "half scored"


async def test_an_empty_expected_answer_says_so() -> None:
    made = reviewing.session(make=lambda item: replace(reviewing.vary(item), reference=" "))
    async with reviewing.running() as pilot:
        await reviewing.opened(pilot, made)
        await reviewing.press(pilot, "e")
        await reviewing.shows(pilot, "(empty)")


async def test_help_begins_with_the_keys_of_the_screen_it_was_asked_on() -> None:
    made = reviewing.session()
    async with reviewing.running() as pilot:
        await reviewing.opened(pilot, made)
        await reviewing.press(pilot, "question_mark")
        screen = await reviewing.shows(pilot, "manual review")
        assert isinstance(pilot.app.screen, HelpPage)
        lines = [line.strip(" ▸") for line in screen.split("\n") if line.strip()]
        assert lines[:2] == ["help", "manual review"]
        assert "review and A/B" in screen


async def test_a_long_sentence_on_the_key_line_is_read_whole() -> None:
    words = " ".join(f"word{number}" for number in range(40))
    async with fake.app().run_test(size=SIZE) as pilot:
        app: Any = pilot.app
        await fake.shows(pilot, "q leave")
        app.screen.say(words, "bad")
        screen = await fake.shows(pilot, "word39")
        assert all(word in screen.split() for word in words.split())
        await pilot.press("j")
        screen = await fake.shows(pilot, "q leave")
        assert "word" not in screen.split("\n")[-2]


def test_who_opened_and_has_not_voted_stands_beside_unblinding() -> None:
    others = (("bo", 2, False), ("cy", 4, True), ("di", 3, False))
    standing = Standing(4, 4, others=others, opened=("bo",))
    made = choices(standing, "")
    assert [choice.judge for choice in made if choice.act == "close"] == ["di"]
    assert made[0].name == "wait for di"
    assert made[-1].act == "unblind"
    assert made[-1].consequence == "bo has opened them and not voted yet"
    assert "After this nobody can vote" in made[-1].told
    assert "bo has opened these pairs" in made[-1].told
    assert "bo has not voted yet" in headline(standing, "ana")
    plain = choices(Standing(4, 4, others=(("cy", 4, True),)), "")[-1]
    assert plain.consequence.startswith("after this nobody")


async def test_unblinding_asks_with_who_would_be_shut_out() -> None:
    standing = Standing(4, 4, others=(("bo", 0, False),), opened=("bo",))
    done: list[str] = []
    screen = UnblindScreen("ana", standing, "", lambda act, _: done.append(act), lambda: None)
    async with Judged(screen).run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert "bo has opened them and not voted yet" in painted(pilot.app)
        await pilot.press("j", "j", "enter")
        await pilot.pause()
        asked = " ".join(painted(pilot.app).split())
        assert "nobody can vote on these pairs again. bo has opened these pairs and" in asked
        assert "can't once they are unblinded." in asked
        assert done == []
        await pilot.press("y")
        await pilot.pause()
        assert done == ["unblind"]
