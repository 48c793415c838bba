"""Reading, noting and finding answers in the review, before, between and after."""

from __future__ import annotations

from dataclasses import replace

from tests.ui import fake, reviewing
from tests.ui.fake import painted
from tests.ui.reviewing import ANSWER, EXPECTED, opened, press, running, shows
from tui_eval.core.session import Answer, Item, Prompt, Turn
from tui_eval.ui.screens.review import ReviewScreen
from tui_eval.ui.screens.review_list import ReviewList

HOSTILE = "\x1b]0;title\x07\x1b[2J [bold]x[/bold] \u202eevil \x9b31m \x00"


async def test_digits_in_a_note_are_text() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        before = painted(pilot.app).split("\n")[:20]
        await press(pilot, "n")
        assert painted(pilot.app).split("\n")[:20] == before, "nothing jumps"
        await press(pilot, *"#4u5s f", "enter")
        await shows(pilot, "note saved")
        assert screen.look.token == "i0"
        await shows(pilot, "#4u5s f")
    assert made.mark("i0").note == "#4u5s f"
    assert made.of_kind("score") == made.of_kind("skip") == made.of_kind("flag") == []


async def test_a_note_that_was_left_is_kept_as_a_draft() -> None:
    made = reviewing.session()
    async with running() as pilot:
        await opened(pilot, made)
        await press(pilot, "n", *"half", "escape")
        await shows(pilot, "a draft: n goes on")
        await press(pilot, "n", "space", *"done", "enter")
        await shows(pilot, "note saved")
    assert made.mark("i0").note == "half done"


async def test_the_expected_answer_is_hidden_until_asked_for_and_the_look_is_logged() -> None:
    made = reviewing.session()
    async with running() as pilot:
        await opened(pilot, made)
        assert EXPECTED not in painted(pilot.app)
        await press(pilot, "e")
        await shows(pilot, EXPECTED)
        await press(pilot, "e", "e")
        await shows(pilot, EXPECTED)
    assert [event["what"] for event in made.of_kind("view")] == ["reference"], "once an answer"


async def test_opening_a_text_moves_nothing_above_it() -> None:
    async with running() as pilot:
        await opened(pilot, reviewing.session())
        before = painted(pilot.app).split("\n")
        await press(pilot, "e")
        after = painted(pilot.app).split("\n")
        assert after[4:10] == before[4:10]
        assert after[17:22] == before[17:22], "nor the criteria below"


def thoughtful(item: Item) -> Item:
    turns = (Turn("system", "Be kind."), Turn("user", "Hello"), Turn("tool", "", ("f(x: 1)",)))
    answer = Answer("Hi", "because they said hello", "ended by itself", 1, ("look(up: it)",))
    return replace(item, prompt=Prompt((*turns, Turn("user", "Well?"))), answer=answer)


async def test_thinking_and_the_whole_prompt_open_and_are_logged() -> None:
    made = reviewing.session(make=thoughtful)
    async with running() as pilot:
        await opened(pilot, made)
        screen = painted(pilot.app)
        assert "calls  look(up: it)" in screen
        assert "p shows system, 2 earlier turns" in screen
        assert "because they said hello" not in screen
        await press(pilot, "h")
        await shows(pilot, "because they said hello")
        await press(pilot, "p")
        shown = await shows(pilot, "Be kind.")
        assert "calls  f(x: 1)" in shown
        await press(pilot, "escape")
        assert "Be kind." not in painted(pilot.app)
        assert isinstance(pilot.app.screen, ReviewScreen), "esc closes the innermost first"
    assert [event["what"] for event in made.of_kind("view")] == ["thinking", "prompt"]


async def test_what_is_not_there_says_so() -> None:
    made = reviewing.session(make=lambda item: replace(item, reference=None))
    async with running() as pilot:
        await opened(pilot, made)
        assert "no expected answer in the data" in painted(pilot.app)
        await press(pilot, "e")
        await shows(pilot, "the data have no expected answer")
        await press(pilot, "h")
        await shows(pilot, "this answer has no thinking")
    assert made.of_kind("view") == []


async def test_markdown_rendered_and_as_it_was_written() -> None:
    made = reviewing.session()
    async with running() as pilot:
        await opened(pilot, made)
        assert "**Ask" in painted(pilot.app)
        await press(pilot, "m")
        assert "**Ask" not in await shows(pilot, "Markdown rendered")
        await press(pilot, "m")
        await shows(pilot, "**Ask")


async def test_flags_of_an_answer_are_said_in_words() -> None:
    def cut(item: Item) -> Item:
        flags = ("truncated", "repetitive")
        return replace(item, answer=replace(item.answer, end="cut at the limit", flags=flags))

    async with running() as pilot:
        await opened(pilot, reviewing.session(make=cut))
        assert "words, cut at the limit, repeats itself" in painted(pilot.app)


async def test_scrolling_a_long_answer() -> None:
    text = "\n".join(f"row {number}" for number in range(50_000))
    async with running() as pilot:
        await opened(pilot, reviewing.session([text, ANSWER]))
        await shows(pilot, "row 10")
        await press(pilot, "j", "space")
        assert "row 0\n" not in painted(pilot.app)
        await press(pilot, "G")
        await shows(pilot, "row 49999")
        await shows(pilot, "/50000")
        await press(pilot, "g")
        await shows(pilot, "line 1-")


async def test_two_open_texts_scroll_by_turns() -> None:
    expected = "\n".join(f"wanted {number}" for number in range(30))
    made = reviewing.session(make=lambda item: replace(item, reference=expected))
    async with running() as pilot:
        await opened(pilot, made)
        await press(pilot, "e", "tab", "j")
        assert "wanted 0 " not in painted(pilot.app).replace("\n", " ")
        await press(pilot, "tab", "k")
        assert "wanted 1 " in painted(pilot.app).replace("\n", " ")


async def test_the_list_filters_and_jumps() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        await press(pilot, "f", "n", *"#odd", "enter")
        await shows(pilot, "note saved")
        await press(pilot, "4", "4", "4", "4")
        await shows(pilot, "review 2/6")
        await press(pilot, "slash")
        shown = await shows(pilot, "1 of 6 scored")
        assert "scored       4 4 4 4   4.0  flag  refunds" in shown
        assert isinstance(pilot.app.screen, ReviewList)
        await press(pilot, "slash", *"#odd")
        await shows(pilot, "1 holds these words")
        await press(pilot, "enter", "enter")
        await shows(pilot, "review 1/6")
        assert screen.look.token == "i0"
        assert screen.scoring.active == "accuracy"


async def test_the_list_begins_with_the_first_where_that_fits() -> None:
    made = reviewing.session(30)
    async with running() as pilot:
        screen = await opened(pilot, made)
        screen.go_to("i4")
        await shows(pilot, "prompt, shipping")
        await press(pilot, "slash")
        shown = await shows(pilot, "0 of 30 scored")
        assert "     1  not scored" in shown
        assert "▸   5  not scored" in shown


async def test_the_list_goes_back_to_where_one_was() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        await press(pilot, "4", "slash")
        await shows(pilot, "half scored  4 · · ·")
        await press(pilot, "v")
        await shows(pilot, "not scored: 6")
        await press(pilot, "v")
        await shows(pilot, "No answer is flagged.")
        await press(pilot, "escape")
        assert pilot.app.screen is screen
        assert screen.scoring.active == "relevance"


async def test_the_levels_are_told_before_the_first_score() -> None:
    made = reviewing.session()
    made.sentences = ("40 answers are planned.", "9% were cut at the limit.")
    async with running((80, 40)) as pilot:
        screen = await opened(pilot, made)
        shown = painted(pilot.app)
        assert "9% were cut at the limit." in shown
        assert "right, one small detail missing or off" in shown
        await press(pilot, "4")
        assert made.saved == [], "a digit before that judges nothing"
        await press(pilot, "enter")
        await shows(pilot, "Gift cards")
        await press(pilot, "4")
        await shows(pilot, "accuracy 4")
        assert screen.look.token == "i0"
        await press(pilot, "i")
        await shows(pilot, "what the levels mean")
        await press(pilot, "escape")
        assert pilot.app.screen is screen


async def test_waiting_for_answers_shows_them_as_they_come() -> None:
    made = reviewing.session(1)
    made.waiting = 1
    async with running() as pilot:
        await opened(pilot, made)
        await press(pilot, "4", "4", "4", "4")
        await shows(pilot, "waiting for answers")
        made.texts.append("A late answer.")
        made.append("more", plan="plan", items=["i1"])
        made.waiting, made.came = 0, True
        await shows(pilot, "A late answer.")


async def test_what_comes_in_moves_nothing_under_the_reader() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        await press(pilot, "4", "j", "j")
        await shows(pilot, "accuracy 4")
        before = painted(pilot.app)
        made.waiting, made.came = 3, True
        after = await shows(pilot, "3 to come")
        assert after.split("\n")[1:] == before.split("\n")[1:]
        assert screen.scoring.scores == {"accuracy": 4}


async def test_the_end_says_what_comes_next() -> None:
    made = reviewing.session(1)
    async with running() as pilot:
        await opened(pilot, made)
        await press(pilot, "f", "4", "4", "4", "4")
        shown = await shows(pilot, "Every answer is scored: 1 of 1.")
        assert "esc goes to the Reading" in shown
        assert "1 flagged: / lists them." in shown
        await press(pilot, "u")
        await shows(pilot, "Gift cards")


async def test_hostile_texts_are_inert() -> None:
    def evil(item: Item) -> Item:
        turns = (Turn(HOSTILE, HOSTILE, (HOSTILE,)), Turn("user", HOSTILE))
        answer = Answer(HOSTILE * 3, HOSTILE, HOSTILE, 3, (HOSTILE,), (HOSTILE,))
        return Item(item.token, Prompt(turns, HOSTILE, (HOSTILE,)), answer, HOSTILE)

    made = reviewing.session(make=evil)
    made.append("note", plan="plan", item="i0", text=HOSTILE)
    async with running() as pilot:
        await opened(pilot, made)
        for key in ("e", "h", "p", "m", "slash"):
            await press(pilot, key)
            shown = painted(pilot.app)
            assert not {"\x1b", "\x07", "\x9b", "\x00", "\u202e"} & set(shown), key


async def test_a_step_can_open_the_review_at_one_answer() -> None:
    made = reviewing.session()
    async with running() as pilot:
        screen = await opened(pilot, made)
        screen.go_to("i4")
        await shows(pilot, "prompt, shipping")
        assert screen.look.token == "i4"


async def test_copying_takes_the_answer() -> None:
    made = reviewing.session()
    async with running() as pilot:
        await opened(pilot, made)
        await press(pilot, "y")
        await shows(pilot, "copied: the answer")
        assert pilot.app.clipboard == ANSWER


async def test_too_small_says_so() -> None:
    async with reviewing.app().run_test(size=(50, 12)) as pilot:
        await pilot.app.push_screen(reviewing.screen(reviewing.session()))
        await fake.shows(pilot, "Needs 60 x 15")
