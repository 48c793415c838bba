"""A review on made answers, for the tests of its screen and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.pilot import Pilot

from tests.ui import fake
from tests.ui.made_session import MadeReview
from tui_eval.core.anchors import ANCHORS
from tui_eval.core.session import Answer, Item, Prompt, Turn
from tui_eval.ui.app import EvalApp
from tui_eval.ui.screens.review import ReviewScreen

QUESTION = "Can I return a gift card that was bought in a shop abroad?"
ANSWER = """\
Gift cards can be returned within 30 days of purchase in the country where they were bought. \
Take the card and the receipt to any of our shops there.

If you are at home already, three things can help:

1. **Ask somebody abroad** to bring it back for you. The receipt is enough, no letter needed.
2. Sell it on: a card has no name on it, and its value does not expire for five years.
3. Use it in our web shop. Enter the number under the silver strip, and the amount is \
converted at the day's rate, without a fee.

What can't be done is a return by post: our depot is not allowed to pay out in another currency.
"""
EXPECTED = "Only in the country of purchase, within 30 days, with the receipt."
CATEGORIES = ("refunds", "shipping", "billing")


class Clock:
    """Time that passes between keys, as it does for a person."""

    def __init__(self, step: float = 1.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def vary(item: Item) -> Item:
    """Prompts of three categories; every third has a system prompt and earlier turns."""
    number = int(item.token[1:])
    turns: tuple[Turn, ...] = (Turn("user", QUESTION if number % 2 == 0 else "Where is it?"),)
    if number % 3 == 1:
        earlier = (
            Turn("system", "You answer customers of a shop."),
            Turn("user", "I have lost my parcel."),
            Turn("assistant", "Let me look.", ("find_parcel(number: 417)",)),
        )
        turns = (*earlier, *turns)
    prompt = Prompt(turns, CATEGORIES[number % 3])
    words = len(item.answer.text.split())
    answer = Answer(item.answer.text, end="ended by itself", words=words)
    return Item(item.token, prompt, answer, EXPECTED)


def session(texts: Sequence[str] | int = 6, **more: Any) -> MadeReview:
    answers = [ANSWER] * texts if isinstance(texts, int) else list(texts)
    made = MadeReview(answers, make=more.pop("make", vary), **more)
    made.anchors = ANCHORS
    made.threads.clear()
    return made


def screen(made: MadeReview, clock: Any = None) -> ReviewScreen:
    return ReviewScreen(made, clock=clock or Clock())


async def opened(pilot: Pilot[Any], made: MadeReview, clock: Any = None) -> ReviewScreen:
    """The screen over the app, with its first answer on it."""
    shown = screen(made, clock)
    await pilot.app.push_screen(shown)
    await shows(pilot, "judge ana")
    await pilot.pause()
    return shown


def app() -> EvalApp:
    return fake.app()


SIZE = (80, 24)


async def press(pilot: Pilot[Any], *names: str) -> None:
    await pilot.press(*names)
    await pilot.pause()


async def shows(pilot: Pilot[Any], words: str) -> str:
    return await fake.shows(pilot, words, seconds=20)


def scores(made: MadeReview, token: str = "i0") -> dict[str, int]:
    return dict(made.mark(token).scores)


def running(size: tuple[int, int] = SIZE) -> Any:
    return app().run_test(size=size)
