"""Pictures of blind A/B. ``--snapshot-update`` makes them anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.apps.judging import OneAb
from tests.ui.judged import opened, press
from tests.ui.made import HOSTILE
from tests.ui.made_session import MadeAb
from tui_eval.core.session import Prompt, Turn

SIZES = [(80, 24), (120, 40), (200, 60)]
Compare = Callable[..., bool]

SHORT = (
    "The customer waited 40 minutes for a delivery that had been promised for noon, and asks for"
    " the fee back."
)
LIST = """A customer complained that the delivery, which was due at noon, came late.

## What happened

- The driver **could not find** the entrance
- nobody answered the phone, which rang `3` times
- the food was cold

```python
def refund(order):
    return order.fee
```

The manager should call back today, and offer the fee back as the rules allow. See
[the rules](https://example.org/rules) for what is owed to whom."""
ESSAY = "\n\n".join(
    f"{number}. A delivery that comes late costs more than its fee: the guest waits, the food"
    " grows cold, and the next order goes elsewhere."
    for number in range(1, 40)
)
TURNS = Prompt(
    (
        Turn("system", "You answer for a shop."),
        Turn("user", "Hello"),
        Turn("assistant", "Hello, what can I do for you?"),
        Turn("user", "Where is order 7?", calls=("lookup(order=7)",)),
    ),
    tools=("lookup",),
)


def pairs(*more: tuple[str, str]) -> MadeAb:
    return MadeAb([(SHORT, LIST), *more, *[(SHORT, LIST)] * 20])


def judged() -> MadeAb:
    session = MadeAb([(SHORT, LIST)] * 12)
    session.join("bo", 5)
    for number, token in enumerate(session.order):
        session.vote(token, "tie" if number < 3 else "left")
    return session


def waiting() -> MadeAb:
    session = MadeAb([(SHORT, LIST)] * 3)
    session.planned, session.waiting = 50, 47
    return session


def told_before() -> MadeAb:
    session = pairs()
    session.sentences = (
        "21 pairs: 21 deciding votes find a true preference of 80% or more, 4 times in 5.",
        "12% of the answers on one side were cut at their limit.",
    )
    return session


def failing() -> MadeAb:
    session = pairs()
    session.failing = True
    return session


def turned() -> MadeAb:
    return MadeAb([(SHORT, LIST)] * 5, prompt=TURNS)


STATES: dict[str, tuple[Callable[[], MadeAb], str, str]] = {
    "pair": (pairs, "f a t", "saved"),
    "diff": (pairs, "d", "that differ"),
    "rendered": (pairs, "a m", "rendered"),
    "zoomed": (pairs, "z tab m", "tab shows A"),
    "long": (lambda: pairs((ESSAY, SHORT)), "a", "tab shows B"),
    "hostile": (lambda: MadeAb([(HOSTILE, "plain")] * 3), "", "press a"),
    "unseen": (lambda: pairs((ESSAY, SHORT)), "a b", "not on the screen yet"),
    "note": (pairs, "f n #", "note"),
    "not_saved": (failing, "a", "not saved"),
    "prompt": (turned, "p", "You answer for a shop."),
    "before": (told_before, "", "4 times"),
    "waiting": (waiting, "a a a", "waiting for answers: 3 here, 47 to come"),
    "done": (judged, "", "All 12 pairs are judged."),
    "list": (pairs, "a f s slash", "words to look for"),
    "guess": (judged, "F", "guess 1/3"),
    "unblind": (judged, "F s s s", "wait for bo"),
    "close": (judged, "F s s s j enter", "Close bo's judging"),
}


def steps(names: str, words: str) -> Callable[[Pilot[Any]], Any]:
    async def taken(pilot: Pilot[Any]) -> None:
        await opened(pilot)
        screen = await press(pilot, *names.split())
        screen = await press(pilot) or screen
        assert words in screen, screen

    return taken


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", STATES)
def test_picture(snap_compare: Compare, name: str, size: tuple[int, int]) -> None:
    make, names, words = STATES[name]
    if name == "long" and size[0] > 80:
        pytest.skip("there is room for both")
    if name == "unseen" and size[0] > 80:
        pytest.skip("both are seen at once")
    app = OneAb(make())
    assert snap_compare(app, terminal_size=size, run_before=steps(names, words))


@pytest.mark.parametrize("theme", ["light", "ansi", "high-contrast"])
def test_themes(snap_compare: Compare, theme: str) -> None:
    app = OneAb(pairs(), theme)
    run = steps("a d", "that differ")
    assert snap_compare(app, terminal_size=(80, 24), run_before=run)


@pytest.mark.parametrize("name", ["pair", "rendered", "before", "unblind"])
def test_ascii(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LANG", "C")
    make, names, words = STATES[name]
    app = OneAb(make())
    assert snap_compare(app, terminal_size=(80, 24), run_before=steps(names, words))
