"""The blind A/B screen, driven by its keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.apps.judging import OneAb
from tests.ui.fake import painted, shows
from tests.ui.judged import opened, press, settled, until
from tests.ui.made_session import MadeAb
from tui_eval.core.session import Prompt, Turn
from tui_eval.ui import keys
from tui_eval.ui.screens.guess import GuessScreen
from tui_eval.ui.screens.unblind import UnblindScreen
from tui_eval.ui.widgets.note_field import NoteField

SHORT = [(f"left {n}", f"right {n}") for n in range(12)]
LONG = ("first line\n" + "more\n" * 60 + "last left", "other\n" + "more\n" * 30 + "last right")
SIZE = (80, 24)


def sides(session: MadeAb) -> list[str]:
    return [event["side"] for event in session.of_kind("vote")]


# Votes.


async def test_one_key_is_one_vote_and_the_next_pair() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = painted(app)
        assert screen.splitlines()[0].startswith(" A/B 1/12  30 s each · 6 min left")
        assert screen.splitlines()[0].endswith("judge ana")
        assert "left 0" in screen
        assert "right 0" in screen
        for number, key in enumerate("abtx", 1):
            screen = await press(pilot, key)
            assert f"saved #{number} · u undo · ! it was clear" in screen
            assert f"A/B {number + 1}/12" in screen
            assert f"left {number}" in screen
        assert sides(session) == ["left", "right", "tie", "both_bad"]
        assert "2 ties" in screen


async def test_a_vote_tells_how_the_pair_was_looked_at() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "a")
        vote = session.of_kind("vote")[0]
        assert vote["ms"] == 10_000
        assert (vote["left"], vote["right"]) == (1.0, 1.0)
        assert vote["shown"] == {
            "width": 80, "height": 24, "zoom": False, "diff": False, "rendered": False,
        }  # fmt: skip


async def test_digits_and_other_keys_record_nothing() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        before = await press(pilot, "j")
        assert await press(pilot, *"0123456789AByiwlC") == before
        assert session.saved == []


async def test_clear_is_said_after_the_vote_and_belongs_to_it() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "! goes after a vote" in await press(pilot, "!")
        screen = await press(pilot, "b", "!")
        assert "saved: it was clear" in screen
        assert "A/B 2/12" in screen
        assert session.mark("p0").strong
        screen = await press(pilot, "u")
        assert "undone: that it was clear" in screen
        assert "A/B 2/12" in screen
        assert not session.mark("p0").strong


async def test_undo_goes_back_as_far_as_one_likes_with_the_same_sides() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "a", "b")
        screen = await press(pilot, "u")
        assert "undone: the vote, which was B" in screen
        assert "left 1" in screen
        screen = await press(pilot, "u")
        assert "undone: the vote, which was A" in screen
        assert "left 0" in screen
        assert "nothing to undo" in await press(pilot, "u")
        screen = await press(pilot, "t")
        assert "saved #1" in screen
        assert session.mark("p0").side == "tie"


async def test_what_was_skipped_comes_again_at_the_end() -> None:
    session = MadeAb(SHORT[:3])
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = await press(pilot, "s")
        assert "skipped: it comes again at the end" in screen
        assert "left 1" in screen
        assert "left 0" in await press(pilot, "a", "a")
        assert "All 3 pairs are judged." in await press(pilot, "a")


async def test_a_flag_is_set_and_taken_back() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = await press(pilot, "f")
        assert screen.count("flagged") == 3
        assert "1 flagged" in screen.splitlines()[0]
        assert session.mark("p0").flagged
        assert "no longer flagged" in await press(pilot, "f")
        assert not session.mark("p0").flagged


# Notes.


async def test_a_note_takes_every_key_and_none_of_them_votes() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "n", *"abtxusfqF!", "space", "z")
        assert session.saved == []
        assert app.screen is app.desk
        screen = await press(pilot, "enter")
        assert "note saved" in screen
        assert "A/B 1/12" in screen
        assert session.mark("p0").note == "abtxusfqF! z"
        assert sides(session) == []


async def test_esc_in_a_note_keeps_the_draft_and_the_pair() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = await press(pilot, "n", "o", "n", "escape")
        assert "the note is a draft: n goes on with it" in screen
        assert "A/B 1/12" in screen
        assert session.saved == []
        assert app.screen is app.desk
        await press(pilot, "n", "e", "enter")
        assert session.mark("p0").note == "one"
        screen = await press(pilot, "n", "escape")
        assert "draft" not in screen


async def test_tags_complete_and_are_counted() -> None:
    session = MadeAb(SHORT)
    session.note("p5", "#tone and #table")
    session.note("p6", "#tone")
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = await press(pilot, "n", "#", "t")
        assert "#tone 2   #table 1" in screen
        await press(pilot, "tab")
        assert app.desk.query_one(NoteField).input.value == "#tone "
        await press(pilot, "#", "t", "a", "right", "enter")
        assert session.mark("p0").note == "#tone #table"


async def test_a_note_can_be_written_in_an_editor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = MadeAb(SHORT)
    session.note("p0", "begun")
    app = OneAb(session)
    told = tmp_path / "told"
    script = tmp_path / "my editor"
    script.write_text(f'#!/bin/sh\nls -l "$1" > "{told}"\ncat "$1" >> "{told}"\n'
                      f'printf "two\\nlines #tag\\n" > "$1"\necho "$1" >> "{told}"\n')  # fmt: skip
    script.chmod(0o700)
    monkeypatch.setenv("EDITOR", f"'{script}'")
    monkeypatch.delenv("VISUAL", raising=False)
    lent: list[str] = []
    monkeypatch.setattr(type(app), "suspend", lambda self: Lent(lent))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "note saved" in await press(pilot, "N")
        assert session.mark("p0").note == "two\nlines #tag"
        mode, rest = told.read_text().split("\n", 1)
        assert mode.startswith("-rw-------")
        assert rest.startswith("begun")
        assert not Path(rest.splitlines()[-1]).exists()
        assert lent == ["lent", "back"]


class Lent:
    def __init__(self, told: list[str]) -> None:
        self.told = told

    def __enter__(self) -> None:
        self.told.append("lent")

    def __exit__(self, *_: object) -> None:
        self.told.append("back")


@pytest.mark.parametrize(
    ("editor", "words"),
    [
        (None, "No editor is set"),
        ("no-such-editor-here -x", "EDITOR is no-such-editor-here, which is not here"),
        ("'unclosed", "EDITOR can't be read"),
        ("true", "This terminal can't be lent out"),
    ],
)
async def test_no_editor_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, editor: str | None, words: str
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    if editor is not None:
        monkeypatch.setenv("EDITOR", editor)
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = await press(pilot, "N")
        assert words in screen
        assert session.saved == []


# Reading.


async def test_both_answers_scroll_together_and_one_alone() -> None:
    text = "\n".join(f"line {n}" for n in range(30))
    app = OneAb(MadeAb([(text, text)]))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        view = app.desk.view
        height = view.both[0].height

        def tops() -> tuple[int, int]:
            return view.both[0].top, view.both[1].top

        for names, wanted in [
            (("j",), (1, 1)), (("k",), (0, 0)), (("down", "up"), (0, 0)),
            (("J", "J"), (2, 0)), (("K",), (1, 0)), (("tab", "J"), (1, 1)), (("tab",), (1, 1)),
            (("space",), (30 - height, 30 - height)), (("g",), (0, 0)),
            (("pagedown",), (30 - height, 30 - height)), (("G",), (30 - height, 30 - height)),
            (("g",), (0, 0)),
        ]:  # fmt: skip
            await press(pilot, *names)
            assert tops() == wanted, names
        assert "1-17/30 ↓" in painted(app)


async def test_zoom_shows_one_answer_and_tab_the_other() -> None:
    app = OneAb(MadeAb(SHORT))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = await press(pilot, "z")
        assert "A  press a · tab shows B" in screen
        assert "right 0" not in screen
        screen = await press(pilot, "tab")
        assert "B  press b · tab shows A" in screen
        assert "left 0" not in screen
        screen = await press(pilot, "a")
        assert "A  press a · tab shows B" in screen, "who zoomed in gets the next so, too"
        assert "right 1" in await press(pilot, "z")


@pytest.mark.parametrize(
    "pair", [LONG, ("short", "שלום עולם"), ("مرحبا", "short")], ids=["long", "hebrew", "arabic"]
)
async def test_long_and_right_to_left_pairs_open_zoomed_and_want_both_seen(
    pair: tuple[str, str],
) -> None:
    session = MadeAb([pair, *SHORT])
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "A  press a · tab shows B" in painted(app)
        screen = await press(pilot, "b")
        assert "B was not on the screen yet: tab shows it, b again votes all the same" in screen
        assert "a again votes" in await press(pilot, "a")
        assert session.saved == []
        screen = await press(pilot, "a")
        assert sides(session) == ["left"]
        assert session.of_kind("vote")[0]["right"] == 0.0
        # A short pair: both are there again.
        assert "left 0" in screen
        assert "right 0" in screen


async def test_a_held_key_does_not_answer_the_question_it_raised() -> None:
    session = MadeAb([LONG, *SHORT])
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        app.clock.now += 5
        for _ in range(60):
            app.clock.now += 1 / 30
            await pilot.press("a")
        await settled(pilot)
        assert session.saved == []


async def test_both_seen_needs_no_second_press() -> None:
    session = MadeAb([LONG, *SHORT])
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "tab", "b")
        vote = session.of_kind("vote")[0]
        assert vote["side"] == "right"
        assert vote["shown"]["zoom"] is True
        assert 0.2 < vote["left"] < 0.5 < vote["right"] < 1


async def test_the_whole_prompt_opens_and_esc_closes_it_first() -> None:
    turns = (Turn("system", "Be brief."), Turn("user", "Hi"), Turn("assistant", "Hello."),
             Turn("user", "What is due?", calls=("lookup(order=7)",)))  # fmt: skip
    session = MadeAb(SHORT, prompt=Prompt(turns, tools=("lookup",)))
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = painted(app)
        assert "What is due?" in screen
        assert "Be brief." not in screen
        assert "p system, 2 earlier turns" in screen
        screen = await press(pilot, "p")
        assert "Be brief." in screen
        assert "lookup(order=7)" in screen
        assert "left 0" not in screen
        assert "left 0" in await press(pilot, "escape")
        assert app.screen is app.desk
        await press(pilot, "p")
        assert "left 0" in await press(pilot, "p")
        assert session.mark("p0").views == ("prompt",)


async def test_the_expected_answer_is_hidden_until_asked_for_and_the_look_is_logged() -> None:
    session = MadeAb(SHORT, reference="what was expected")
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "what was expected" not in painted(app)
        assert "what was expected" in await press(pilot, "e")
        await press(pilot, "e", "e")
        assert len(session.of_kind("view")) == 1
        assert session.mark("p0").views == ("reference",)
        await press(pilot, "a")
        assert sides(session) == []
        await press(pilot, "e", "a")
        assert sides(session) == ["left"]


async def test_thinking_opens_after_the_vote() -> None:
    session = MadeAb(SHORT, thinking=("left thought", ""))
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = await press(pilot, "h")
        assert "thinking opens after the vote" in screen
        await press(pilot, "a")
        app.desk.go_to("p0")
        await settled(pilot)
        screen = await press(pilot, "h")
        assert "left thought" in screen
        assert "(none)" in screen
        assert session.mark("p0").views == ("thinking",)


async def test_markdown_is_rendered_and_raw_again() -> None:
    session = MadeAb([("# Head\n- **one**", "plain")] * 3)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "# Head" in painted(app)
        screen = await press(pilot, "m")
        assert "# Head" not in screen
        assert "• one" in screen
        await press(pilot, "a")
        assert session.of_kind("vote")[0]["shown"]["rendered"] is True
        assert "# Head" in await press(pilot, "m")


async def test_differences_are_off_until_asked_for() -> None:
    session = MadeAb([("same words here", "same other here")] * 3)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        pane = app.desk.view.both[0]
        assert pane.lines(40, 1) == [[(" ", "text"), ("same words here", "text")]]
        assert "words that differ are bold" in await press(pilot, "d")
        assert pane.lines(40, 1) == [
            [(" ", "text"), ("same ", "dim"), ("words", "text!"), (" here", "dim")]
        ]
        assert session.mark("p0").views == ("diff",)
        await press(pilot, "m")
        assert not app.desk.diff
        assert app.desk.rendered
        await press(pilot, "d")
        assert app.desk.diff
        assert not app.desk.rendered
        await press(pilot, "d")
        assert pane.lines(40, 1) == [[(" ", "text"), ("same words here", "text")]]


async def test_the_list_goes_to_any_pair_and_its_vote_can_be_changed() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, "a", "f")
        screen = await press(pilot, "/")
        assert "1  A" in screen
        assert "flagged" in screen
        screen = await press(pilot, *"12", "enter")
        assert "left 11" in screen
        assert "A/B 2/12" in screen
        await press(pilot, "/", *"1", "enter")
        screen = painted(app)
        assert "left 0" in screen
        assert "your vote: A" in screen
        assert "A/B 1/12" in screen
        screen = await press(pilot, "b")
        assert session.mark("p0").side == "right"
        assert "saved #1" in screen
        assert "left 1" in screen


# Around it.


async def test_before_the_first_vote_what_is_to_be_known_is_read() -> None:
    session = MadeAb(SHORT)
    session.sentences = ("12 pairs can show only a large difference.", "3 answers were cut.")
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = painted(app)
        assert "12 pairs can show only a large" in screen
        assert "3 answers were cut." in screen
        assert "left 0" not in screen
        assert "↵ begin" in screen
        await press(pilot, "a", "t")
        assert session.saved == []
        assert "left 0" in await press(pilot, "enter")
        await press(pilot, "a")
        assert sides(session) == ["left"]


async def test_who_has_begun_is_not_told_again() -> None:
    session = MadeAb(SHORT)
    session.sentences = ("To be read.",)
    session.vote("p0", "left")
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "To be read" not in painted(app)
        assert "left 1" in painted(app)


async def test_answers_that_come_later_never_replace_the_pair_on_the_screen() -> None:
    session = MadeAb(SHORT[:3])
    session.planned, session.waiting = 5, 2
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "2 to come" in painted(app)
        session.more([("left 3", "right 3")])
        screen = await shows(pilot, "1 to come")
        assert "left 0" in screen
        assert "A/B 1/5" in screen
        screen = await press(pilot, *"aaaa")
        assert "waiting for answers: 4 here, 1 to come" in screen
        assert "saved #4" in screen
        session.more([("left 4", "right 4")])
        assert "A/B 5/5" in await shows(pilot, "left 4")


async def test_enough_votes_is_told_without_a_direction() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        assert "enough votes" not in await press(pilot, *"aaaa")
        assert "enough votes to decide? not yet" in await press(pilot, "a")


async def test_too_small_a_terminal_is_told_in_one_line() -> None:
    app = OneAb(MadeAb(SHORT))
    async with app.run_test(size=(50, 12)) as pilot:
        await until(pilot, lambda: "Needs 60 x 15" in painted(app))
        assert "left 0" not in painted(app)


async def test_a_terminal_that_changes_its_size_keeps_the_pair() -> None:
    app = OneAb(MadeAb([LONG, *SHORT]))
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        for size in ((120, 40), (60, 15), (200, 60)):
            await pilot.resize_terminal(*size)
            screen = await press(pilot, "g")
            assert "first line" in screen
            assert all(len(line) <= size[0] for line in screen.splitlines())


async def test_esc_goes_back_and_q_leaves() -> None:
    for key in ("escape", "q"):
        session = MadeAb(SHORT)
        app = OneAb(session)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot)
            await pilot.press(key)
            await until(pilot, lambda app=app: app.left or app.screen is not app.desk)
        assert session.closed
        assert app.left is (key == "q")


# The end.


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


async def test_guesses_on_tied_pairs_come_before_the_end() -> None:
    session = MadeAb(SHORT[:4])
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await press(pilot, *"txtb", "F")
        screen = await shows(pilot, "guess 1/3")
        assert isinstance(app.screen, GuessScreen)
        assert "left 0" in screen
        assert "which answer is the fine-tuned one's?" in screen
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


# Keys.


def test_every_key_of_the_screens_has_something_to_do() -> None:
    from tui_eval.ui.screens.blind_ab import BlindAbScreen

    for place in ("judging", "ab", "scroll"):
        for action in keys.ACTIONS:
            if action.place == place:
                assert hasattr(BlindAbScreen, f"action_{action.id}"), action.id
    for place in ("guess", "scroll"):
        for action in keys.ACTIONS:
            if action.place == place:
                assert hasattr(GuessScreen, f"action_{action.id}"), action.id


def test_no_verdict_key_has_priority() -> None:
    bindings = keys.bindings("judging", "ab", "guess", "note", "scroll")
    assert not any(binding.priority for binding in bindings)
