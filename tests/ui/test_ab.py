"""The blind A/B screen, driven by its keys."""

from __future__ import annotations

from tests.ui.apps.judging import OneAb
from tests.ui.fake import painted, shows
from tests.ui.judged import opened, press, until
from tests.ui.made_session import LONG, SHORT, SIZE, MadeAb, sides
from tui_eval.ui import keys
from tui_eval.ui.screens.guess import GuessScreen

# Votes.


async def test_one_key_is_one_vote_and_the_next_pair() -> None:
    session = MadeAb(SHORT)
    app = OneAb(session)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        screen = painted(app)
        assert screen.splitlines()[0].startswith(" A/B 1/12   ")
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
