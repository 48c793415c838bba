"""Reading a pair: scrolling, zoom, the prompt, what is hidden until asked for."""

from __future__ import annotations

import pytest

from tests.ui.apps.judging import OneAb
from tests.ui.fake import painted
from tests.ui.judged import opened, press, settled
from tests.ui.made_session import LONG, SHORT, SIZE, MadeAb, sides
from tui_eval.core.session import Prompt, Turn


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


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_prompt_has_the_rows_that_the_answers_leave(size: tuple[int, int]) -> None:
    asked = [f"asked {n}" for n in range(11)]
    pairs = [("Short.", "**Also** short."), ("more\n" * 60, "Short.")]
    session = MadeAb(pairs, prompt=Prompt((Turn("user", "\n".join(asked)),)))
    app = OneAb(session)
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        if app.desk.look.token != "p0":
            await press(pilot, "s")
        view = app.desk.view
        before = painted(app).split("\n")
        assert [row.strip() for row in before[2:13]] == asked
        assert "the rest" not in before[1]
        assert view.both[0].height >= 2
        for key in ("z", "z", "m", "m", "d"):
            assert (await press(pilot, key)).split("\n")[:13] == before[:13], key
        app.desk.go_to("p1")
        await settled(pilot)
        rows = painted(app).split("\n")
        assert "p the rest" in rows[1]
        assert "more" in rows[2 + max(2, size[1] // 8) + 1]


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
