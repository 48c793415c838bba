"""Pictures of the manual review. ``--snapshot-update`` makes them anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui import reviewing
from tests.ui.fake import shows
from tests.ui.made_session import MadeReview
from tui_eval.core.session import Answer, Item

Compare = Callable[..., bool]
SIZES = [(80, 24), (120, 40), (200, 60)]


def review() -> MadeReview:
    return reviewing.session(12)


def before() -> MadeReview:
    made = review()
    made.title = "manual review of tuned"
    made.sentences = (
        "40 answers: the share of good ones will be known to about ±15 points.",
        "3 of 40 answers were cut at the length limit.",
    )
    return made


def one() -> MadeReview:
    return reviewing.session(1)


def waiting() -> MadeReview:
    made = one()
    made.waiting = 11
    return made


def troubled() -> MadeReview:
    def make(item: Item) -> Item:
        flags = ("unclosed_thinking", "repetitive")
        end = "no answer: its thinking never ended"
        answer = Answer("", "Let me think. " * 40, end, 0, flags=flags)
        return replace(reviewing.vary(item), answer=answer, reference=None)

    return reviewing.session(3, make=make)


def unsaved() -> MadeReview:
    made = review()
    made.failing = True
    return made


PICTURES: dict[str, tuple[Callable[[], MadeReview], str, str]] = {
    "scoring": (review, "4 5 f", "flagged"),
    "expected": (review, "4 e", "Only in the country"),
    "prompt": (review, "4 4 4 4 p", "find_parcel"),
    "before": (before, "", "manual review of tuned"),
    "note": (review, "4 n # o d d", "#odd"),
    "list": (review, "4 5 0 4 f n # o d d enter 4 s slash", "1 of 12 scored"),
    "levels": (review, "i", "is what it says true?"),
    "waiting": (waiting, "4 4 4 4", "waiting for answers"),
    "done": (one, "4 4 4 4", "Every answer is scored"),
    "troubled": (troubled, "h", "Let me think"),
    "unsaved": (unsaved, "4", "not saved"),
}


def opened(made: MadeReview, keys: str, words: str) -> Callable[[Pilot[Any]], Any]:
    async def steps(pilot: Pilot[Any]) -> None:
        screen = await reviewing.opened(pilot, made)
        for key in keys.split():
            await pilot.press(key)
            await pilot.pause()
            while screen.saving:
                await pilot.pause()
        await shows(pilot, words, 20)
        # Whatever was recorded is on the disk, and said.
        landed: list[object] = []
        screen.put("landed", lambda: True, landed.append)
        while not landed:
            await pilot.pause()
        await pilot.pause()

    return steps


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", PICTURES)
def test_picture(snap_compare: Compare, name: str, size: tuple[int, int]) -> None:
    make, keys, words = PICTURES[name]
    app = reviewing.app()
    assert snap_compare(app, terminal_size=size, run_before=opened(make(), keys, words))


@pytest.mark.parametrize("size", [(60, 15), (120, 24), (150, 50)], ids=lambda s: f"{s[0]}x{s[1]}")
def test_other_sizes(snap_compare: Compare, size: tuple[int, int]) -> None:
    steps = opened(review(), "4 e", "Only in the country")
    assert snap_compare(reviewing.app(), terminal_size=size, run_before=steps)


@pytest.mark.parametrize("theme", ["light", "ansi", "high-contrast"])
def test_the_other_themes(snap_compare: Compare, theme: str) -> None:
    app = reviewing.app()
    app.theme = theme
    steps = opened(review(), "4 0 f", "flagged")
    assert snap_compare(app, terminal_size=(80, 24), run_before=steps)


@pytest.mark.parametrize("name", ["scoring", "list", "before"])
def test_without_utf_8(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("LANG", "C")
    make, keys, words = PICTURES[name]
    app = reviewing.app()
    assert snap_compare(app, terminal_size=(80, 24), run_before=opened(make(), keys, words))
