"""An estimate on its axis, the overview made of it, and what its signs open."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.apps.panes import OneStep
from tui_eval.core.reading import Column, Event, Plot, Reading, Series, Table
from tui_eval.core.text import cells
from tui_eval.ui.widgets.rows import plain
from tui_eval.ui.widgets.scale import ScaleView

MARKS = (Event(0.0, "none"), Event(0.2, "some"), Event(0.5, "high"))
NOTES = ("base's own gap is 0.02", "could a stranger tell? 71 in 100 (50 = no)")


def scale(*ends: tuple[float, ...], notes: tuple[str, ...] = NOTES) -> Plot:
    names = ("● gap", "○ base's own gap")
    series = tuple(
        Series(names[at], "base" if at else "tuned", one, (0.0,) * len(one))
        for at, one in enumerate(ends)
    )
    return Plot("gap", "gap", "scale", series, "nats/token", "", MARKS, notes)


def drawn(plot: Plot, width: int = 78, height: int = 6, fancy: bool = True) -> list[str]:
    return [plain(made).rstrip() for made in ScaleView(plot, fancy).draw(width, height)]


def test_the_interval_lies_between_its_marks() -> None:
    head, row, foot, *notes = drawn(scale((0.22, 0.31, 0.40)), height=5)
    assert head.split() == ["0", "0.2", "0.5"]
    assert foot.split() == ["none", "some", "high"]
    low, at, high = row.index("["), row.rindex("●"), row.index("]")
    some, far = foot.index("some"), foot.index("high")
    assert some < low < at < high < far
    assert row.endswith("0.31 [0.22, 0.40]")
    assert notes == list(NOTES)


@pytest.mark.parametrize("value", [-30.0, -0.4, 0.0, 0.6, 250.0])
@pytest.mark.parametrize("width", [16, 40, 78, 160])
def test_every_value_stands_on_the_axis(value: float, width: int) -> None:
    plot = scale((value - 0.1, value, value + 0.1), (0.0,))
    for height in range(1, 9):
        lines = drawn(plot, width, height)
        assert len(lines) == height
        assert all(cells(one) <= width for one in lines)
    assert "●" in drawn(plot, width)[1][7:]


def test_a_value_without_an_interval_is_a_point() -> None:
    row = drawn(scale((0.3,)))[1]
    assert "[" not in row
    assert row.endswith("0.30")


def test_the_estimate_that_counts_outlives_the_others() -> None:
    plot = scale((0.22, 0.31, 0.40), (-0.1, 0.0, 0.1))
    assert not any("base's own gap is" in one for one in drawn(plot, height=3))
    assert sum("○" in one for one in drawn(plot, height=5)) == 0
    assert sum("○" in one for one in drawn(plot, height=6)) == 1


def test_in_ascii() -> None:
    assert all(one.isascii() for one in drawn(scale((0.2, 0.3, 0.4)), fancy=False)[2:3])
    assert "[" in drawn(scale((0.2, 0.3, 0.4)), fancy=False)[1]


# The step


SIGNS = Table(
    "signs",
    (Column("sign", "sign"), Column("verdict", "verdict"), Column("tuned", "● tuned", "number")),
    (("loss rises", "✓ no", ""), ("copies", "! 3 of 200", "3"), ("diversity", "✓ no", "")),
    refs=("curves", "copies", "nobody answered yet"),
    opens=("step", "view", "say"),
)
COPIES = Table(
    "copied text",
    (Column("sample", "sample"), Column("answer", "● answer")),
    tuple((f"#{at}", f"copied {at}") for at in range(6)),
    refs=tuple(f"s{at}" for at in range(6)),
)


def reading(advice: tuple[str, ...] = ("fewer epochs", "rank 16 → 8")) -> Reading:
    return Reading(
        "overfitting",
        "tuned",
        "caution",
        "gap 0.31",
        "gap 0.31 [0.22, 0.40]: some overfitting, acceptable",
        tables={"signs": SIGNS, "copies": COPIES},
        plots=(scale((0.22, 0.31, 0.40), (-0.1, 0.02, 0.14)),),
        advice=advice,
    )


class Heard(OneStep):
    """With what a screen of the app has besides."""

    def __init__(self) -> None:
        super().__init__(reading())
        self.said: list[str] = []
        self.gone: list[str] = []

    async def on_ready(self) -> None:
        async def go(step: str) -> None:
            self.gone.append(step)

        self.screen.say = lambda words, role="": self.said.append(words)  # type: ignore[attr-defined]
        self.screen.go = go  # type: ignore[attr-defined]


async def press(pilot: Pilot[Any], *names: str) -> None:
    for name in names:
        await pilot.press(name)
        await pilot.pause()


@pytest.mark.parametrize("size", [(80, 20), (84, 36), (165, 46)])
async def test_gap_signs_and_advice_stand_together(size: tuple[int, int]) -> None:
    app = OneStep(reading())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        text = app.pane.text()
        places = [text.index(word) for word in ("● gap", "base's own gap is", "copies", "try  ")]
        assert places == sorted(places)
        assert "rank 16 → 8" in text


async def test_enter_on_a_sign_opens_its_evidence_or_says_why_not() -> None:
    app = Heard()
    async with app.run_test(size=(80, 20)) as pilot:
        await press(pilot, "enter")
        assert app.gone == ["curves"]
        await press(pilot, "j", "enter")
        assert "copied 0" in app.pane.text()
        await press(pilot, "escape")
        assert "try  " in app.pane.text()
        await press(pilot, "j", "enter")
        assert app.said == ["nobody answered yet"]
        assert app.opened == []
