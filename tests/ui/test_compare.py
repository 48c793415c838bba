"""The screen of all candidates: what its keys do, and how it looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui import fake, made_candidates
from tests.ui.fake import shows
from tests.ui.made_candidates import COMPARED, NAMES
from tui_eval.ui.app import EvalApp
from tui_eval.ui.messages import JudgeAsked

Compare = Callable[..., bool]


async def until(pilot: Pilot[Any], holds: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        await pilot.pause(0.02)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("names", "keys", "words"),
    [
        pytest.param(NAMES[:2], "right", "8.42 → 5.10", id="two"),
        pytest.param(NAMES, "down down space down space", "2 marked", id="eight"),
        pytest.param(NAMES[:2], "v", "ana 12 of 50", id="comparisons"),
        pytest.param(NAMES[:2], "v down enter", "Blind A/B  ● tuned against", id="comparison"),
    ],
)
def test_screens(
    snap_compare: Compare, size: tuple[int, int], names: tuple[str, ...], keys: str, words: str
) -> None:
    app = made_candidates.app(names, COMPARED)

    async def steps(pilot: Pilot[Any]) -> None:
        await shows(pilot, "600 validation rows")
        await pilot.press("m")
        await shows(pilot, "2 blind comparisons")
        for key in keys.split():
            await pilot.press(key)
        await shows(pilot, words)

    assert snap_compare(app, terminal_size=size, run_before=steps)


async def test_a_cell_makes_its_candidate_the_current_one() -> None:
    app = made_candidates.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "600 validation rows")
        await pilot.press("m")
        await shows(pilot, "✗ 1.51")
        await pilot.press("down", "right", "right", "enter")
        await shows(pilot, "gap 1.51 [1.24, 1.78], high")
        await shows(pilot, "● 2/2 overfitted")
        assert app.looker is not None
        assert app.looker.scene.candidate == "overfitted"


async def test_two_marked_ones_are_judged_blind(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str] | None] = []

    def hear(app: EvalApp, message: JudgeAsked) -> None:
        asked.append(message.pair)

    monkeypatch.setattr(EvalApp, "on_judge_asked", hear)
    app = made_candidates.app(NAMES[:3], COMPARED)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "600 validation rows")
        await pilot.press("m")
        await shows(pilot, "2 blind comparisons")
        await pilot.press("J")
        await shows(pilot, "mark two candidates with space")
        # In whichever order they are marked: as they are compared already.
        await pilot.press("down", "space", "up", "space")
        await shows(pilot, "2 marked")
        await pilot.press("J")
        await until(pilot, lambda: asked == [("tuned", "overfitted")])


async def test_models_that_have_not_answered_are_asked_to() -> None:
    workspace = fake.FakeWorkspace()
    app = made_candidates.app(NAMES[:3], workspace=workspace, silent=("overfitted",))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "600 validation rows")
        await pilot.press("m")
        await shows(pilot, "✗ 1.51")
        await pilot.press("space", "down", "space", "J")
        await shows(pilot, "overfitted has not answered the prompts of this comparison yet")
        await pilot.press("y")
        await until(pilot, lambda: bool(workspace.kept))
    assert workspace.kept[0].args["models"] == ["tuned", "overfitted"]


async def test_what_is_missing_is_computed_for_all_after_asking() -> None:
    workspace = fake.FakeWorkspace()
    app = made_candidates.app(NAMES[:5], workspace=workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "600 validation rows")
        await pilot.press("m")
        looker = app.looker
        assert looker is not None
        await until(
            pilot, lambda: looker._surveying is not None and looker._surveying.survey.compared
        )
        await pilot.press("r")
        await shows(pilot, "Compute what is missing for all candidates?")
        assert not workspace.kept
        await pilot.press("y")
        await until(pilot, lambda: len(workspace.kept) > 4)
    assert {job.args["candidate"] for job in workspace.kept} <= set(NAMES[:5])


async def test_twenty_candidates_scroll() -> None:
    names = [f"run-{n:03d}" for n in range(20)]
    app = made_candidates.app(names)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "600 validation rows")
        await pilot.press("m", "G")
        last = await shows(pilot, "of 20")
        assert "▸   run-019" in last
        assert "run-001" not in last
        await pilot.press("g")
        assert "▸ ● run-000" in await shows(pilot, "run-001")


async def test_the_run_of_a_candidate_opens_from_its_row_and_asks_the_engine() -> None:
    workspace = fake.FakeWorkspace()
    app = made_candidates.app(workspace=workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "600 validation rows")
        await pilot.press("m", "down", "K")
        await shows(pilot, "Checkpoints along the run of ● overfitted")
        await shows(pilot, "2 to score")
        await pilot.press("r")
        await until(pilot, lambda: len(workspace.kept) == 3)
        await pilot.press("escape")
        await shows(pilot, "2 candidates, each against its base")
    assert [job.args["candidate"] for job in workspace.kept] == [
        "overfitted", "overfitted@200", "overfitted@400",
    ]  # fmt: skip


async def test_nobody_reads_all_candidates_once_the_screen_is_closed() -> None:
    app = made_candidates.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "600 validation rows")
        assert app.looker is not None
        assert app.looker._surveying is None
        await pilot.press("m")
        await shows(pilot, "✗ 1.51")
        surveying = app.looker._surveying
        assert surveying is not None
        await pilot.press("escape")
        await until(pilot, lambda: not surveying.pending)
        surveying.outdate()
        assert not surveying.pending
