"""Step 3 as it reads an overfitted fine-tune, and one whose training file is another."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.core.made_evidence import made_log
from tests.core.made_memory import nearest
from tests.core.test_overfitting import gap_of
from tests.core.test_overfitting_signs import copied
from tests.ui.apps.panes import OneStep
from tui_eval.core.reading import Reading
from tui_eval.core.records import Recipe
from tui_eval.core.steps import overfitting

LOG = made_log(
    [3.0 - 0.05 * at for at in range(50)],
    [2.0, 1.5, 1.6, 1.8, 1.9],
    per_epoch=20,
    checkpoints={200: "checkpoint-200"},
)


@cache
def memorised() -> Reading:
    evidence = replace(
        copied(7, run=60, gap=0.9),
        training=LOG,
        trained=Recipe(adapter=True, rank=16, alpha=32, dropout=0.0),
        near=nearest([at / 100 for at in range(100)]),
    )
    return overfitting.read(evidence, "tuned")


@cache
def doubted() -> Reading:
    return overfitting.read(gap_of(-0.4), "tuned")


async def drawn(pilot: Pilot[Any]) -> None:
    await pilot.pause()
    assert "gap" in pilot.app.query_one("StepPane").text()  # type: ignore[attr-defined]


SIZES = [(80, 24), (120, 40), (200, 50)]


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40", "200x50"])
def test_picture(size: tuple[int, int], snap_compare: Any) -> None:
    assert snap_compare(OneStep(memorised()), terminal_size=size, run_before=drawn)


def test_a_doubted_file(snap_compare: Any) -> None:
    assert snap_compare(OneStep(doubted()), terminal_size=(80, 24), run_before=drawn)


async def test_everything_stands_on_a_small_terminal() -> None:
    """A pane of 20 lines, as in a terminal of 24."""
    app = OneStep(memorised())
    async with app.run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        text = app.pane.text()
        signs = [str(row[0]) for row in memorised().tables["signs"].rows]
        told = ["● gap", "none", "some", "high", "base's own gap is", "stranger", *signs]
        assert [words for words in told if words not in text] == []
        assert "checkpoint-200" in text
        assert "rank 16 → 8" in text
