"""``f`` and ``o`` on step 1, on a log that grows under the app."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.files import log_making as made
from tests.ui import fake
from tests.ui.fake import painted, shows
from tests.ui.judged import until
from tui_eval.config import Config, ModelConfig
from tui_eval.core.reading import Reading
from tui_eval.store.workspace import Workspace
from tui_eval.ui.app import EvalApp
from tui_eval.ui.scene import About, Beside
from tui_eval.ui.screens.step import StepPane
from tui_eval.ui.source import Source
from tui_eval.ui.widgets.curve_view import CurveView

RUN = made.made_run(60)
LINES = list(made.trainer_log_lines(RUN))
DIVERGED = list(made.trainer_log_lines(made.made_run(60, loss=lambda part: 1 + 40 * part**4)))


class CurvesAlone(Source):
    """Step 1 from the files as they are; the other steps have nothing to read."""

    def reading(self, step: str, candidate: str) -> Mapping[str, Reading]:
        return super().reading(step, candidate) if step == "curves" else {}

    def about(self, candidate: str) -> About:
        return fake.ABOUT


class Growing:
    """An app on a run whose log is written by the test."""

    def __init__(self, folder: Path, rows: int = 24, **others: str) -> None:
        self.path = folder / "run" / "trainer_log.jsonl"
        self.path.parent.mkdir(parents=True)
        self.path.write_bytes(b"".join(LINES[:rows]))
        logs = {"tuned": "run/trainer_log.jsonl", **others}
        models = {name: ModelConfig(name, path="model", log=log) for name, log in logs.items()}
        config = Config(folder=folder, path=folder / "eval.toml", models=models)
        start = fake.start(config=config)
        self.reader = CurvesAlone(start, Workspace.open(folder), config)
        self.app = EvalApp(start, reader=lambda: self.reader)

    def write(self, content: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(content)

    @property
    def pane(self) -> StepPane:
        return self.app.screen.query_one("#curves", StepPane)

    @property
    def plot(self) -> CurveView:
        view = self.pane.plot_view
        assert isinstance(view, CurveView)
        return view

    @property
    def last(self) -> float:
        return self.plot.stops()[-1]

    async def opened(self, pilot: Pilot[Any]) -> None:
        await shows(pilot, "loss fell")
        await pilot.press("1")
        await shows(pilot, "step 220")


async def comes(pilot: Pilot[Any], ask: Callable[[], object]) -> None:
    await until(pilot, ask, "the plot")


async def test_rows_that_come_are_drawn_and_the_cursor_stays_on_the_newest(tmp_path: Path) -> None:
    run = Growing(tmp_path)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("f")
        assert "following trainer_log.jsonl" in await shows(pilot, "following")
        run.write(b"".join(LINES[24:40]))
        await shows(pilot, "step 370")
        assert run.plot.whole()
        assert painted(run.app).count("following") == 1


async def test_a_moved_cursor_and_a_zoomed_window_stay(tmp_path: Path) -> None:
    run = Growing(tmp_path)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("f", "left", "left", "left", "+")
        await shows(pilot, "following")
        cursor, window = run.plot.cursor, (run.plot.x0, run.plot.x1)
        run.write(b"".join(LINES[24:40]))
        await comes(pilot, lambda: run.last == 370)
        assert (run.plot.cursor, (run.plot.x0, run.plot.x1)) == (cursor, window)


async def test_a_zoomed_window_goes_along_with_a_cursor_on_the_newest(tmp_path: Path) -> None:
    run = Growing(tmp_path)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("f", "+")
        await shows(pilot, "following")
        width = run.plot.x1 - run.plot.x0
        run.write(b"".join(LINES[24:40]))
        await shows(pilot, "step 370")
        assert run.plot.x0 < 370 <= run.plot.x1
        assert run.plot.x1 - run.plot.x0 == pytest.approx(width)


async def test_the_verdict_updates(tmp_path: Path) -> None:
    run = Growing(tmp_path)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("f")
        await shows(pilot, "following")
        run.write(b"".join(DIVERGED[24:]))
        await shows(pilot, "✗ bad")


async def test_half_a_record_waits_for_its_rest(tmp_path: Path) -> None:
    run = Growing(tmp_path)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("f")
        await shows(pilot, "following")
        run.write(LINES[24] + LINES[25][:20])
        await shows(pilot, "step 230")
        assert "! caution" in painted(run.app)
        run.write(LINES[25][20:])
        await shows(pilot, "step 240")


async def test_it_stops_and_the_file_is_let_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Growing(tmp_path)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("f")
        await shows(pilot, "following")
        await pilot.press("f")
        await until(pilot, lambda: "following" not in painted(run.app), "its end")
        looker = run.app.looker
        assert looker is not None
        asked: list[int] = []

        def read_on() -> bool:
            asked.append(1)
            return True

        monkeypatch.setattr(looker._reader, "read_on", read_on)
        run.write(b"".join(LINES[24:40]))
        looked = looker._due.get("liveness", 0.0)
        await until(pilot, lambda: looker._due.get("liveness", 0.0) > looked + 2, "two looks")
        assert not asked
        assert run.last == 220


async def test_without_new_rows_nothing_is_told(tmp_path: Path) -> None:
    run = Growing(tmp_path)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("f")
        await shows(pilot, "following")
        looker = run.app.looker
        assert looker is not None
        scene, told = looker.scene, looker._told_at
        begun = looker._due["follow"]
        await until(pilot, lambda: looker._due["follow"] > begun + 2, "two more looks")
        assert looker.scene.readings["curves"] is scene.readings["curves"]
        assert looker._told_at == told


async def test_a_log_that_is_away_or_of_another_run_is_told_and_followed_on(
    tmp_path: Path,
) -> None:
    run = Growing(tmp_path)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("f")
        await shows(pilot, "following trainer_log")
        run.path.rename(tmp_path / "away")
        await shows(pilot, "following trainer_log.jsonl: gone, waiting for it")
        assert run.last == 220
        run.path.write_bytes((tmp_path / "away").read_bytes() + LINES[24])
        screen = await shows(pilot, "step 230")
        assert "trainer_log.jsonl:" not in screen
        run.path.write_bytes(b"".join(DIVERGED[:12]))
        await shows(pilot, "another run now, begun anew")
        await comes(pilot, lambda: run.last == 110)


async def test_a_long_log_is_said_to_be_read_and_keys_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Growing(tmp_path)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        reader = run.app.looker._reader  # type: ignore[union-attr]
        read, asked = threading.Event(), reader.follow  # type: ignore[union-attr]

        def slowly(candidate: str) -> str:
            read.wait(60)
            return asked(candidate)

        monkeypatch.setattr(reader, "follow", slowly)
        await pilot.press("f")
        try:
            assert "following" not in await shows(pilot, "reading the log …")
            await pilot.press("left")
            await shows(pilot, "step 210")
        finally:
            read.set()
        await shows(pilot, "following trainer_log.jsonl")


async def test_a_fault_while_reading_on_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Growing(tmp_path)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("f")
        await shows(pilot, "following trainer_log")

        def lost() -> bool:
            raise OSError("the disk is gone")

        with monkeypatch.context() as while_lost:
            while_lost.setattr(run.app.looker._reader, "read_on", lost)  # type: ignore[union-attr]
            await shows(pilot, "following trainer_log.jsonl: the disk is gone")
        run.write(LINES[24])
        assert "the disk" not in await shows(pilot, "step 230")


async def test_other_runs_and_formats_are_drawn_beside_in_turn(tmp_path: Path) -> None:
    made.trainer_state(made.made_run(90, loss=lambda part: 2.0 - part), tmp_path / "rival")
    run = Growing(tmp_path, rival="rival/trainer_state.json")
    made.plain_csv(RUN, tmp_path / "run")
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        verdict = painted(run.app).splitlines()[3]
        await pilot.press("o")
        screen = await shows(pilot, "beside it rival")
        assert screen.splitlines()[3] == verdict
        assert "· □ rival" in screen
        assert "rival here · 1.7" in screen
        assert " 800 " in screen
        assert run.plot.extent() == (10, 900)
        assert run.plot.stops()[-1] == 220
        await pilot.press("o")
        screen = await shows(pilot, "beside it log.csv")
        assert "rival" not in screen
        await pilot.press("o")
        await until(pilot, lambda: "beside it" not in painted(run.app), "none")
        assert run.plot.extent() == (10, 220)


def test_while_it_is_followed_the_other_run_is_drawn_as_far_as_it_is(tmp_path: Path) -> None:
    run = Growing(tmp_path, rival="rival/trainer_log.jsonl")
    rival = tmp_path / "rival" / "trainer_log.jsonl"
    rival.parent.mkdir()
    rival.write_bytes(b"".join(LINES[:20]))
    reader = run.reader

    def last(beside: Beside | None) -> float:
        assert beside is not None
        return beside.lines["loss"][0].x[-1]

    assert reader.beside_now() is None
    assert last(reader.beside("tuned", "")[0]) == last(reader.beside_now()) == 190
    rival.write_bytes(b"".join(LINES[:30]))
    assert last(reader.beside_now()) == 280
    rival.write_bytes(b"")
    assert reader.beside_now() is None


async def test_what_can_not_be_drawn_is_said_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    run = Growing(tmp_path, broken="broken.json")
    made.plain_csv(RUN, tmp_path / "run")
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("o")
        await shows(pilot, "broken can't be drawn:")
        await shows(pilot, "beside it log.csv")


async def test_nothing_to_draw_beside_is_said(tmp_path: Path) -> None:
    run = Growing(tmp_path)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("o")
        await shows(pilot, "no other run or log to draw beside this one")


async def test_another_candidate_is_neither_followed_nor_held_against_the_old(
    tmp_path: Path,
) -> None:
    made.trainer_state(made.made_run(90), tmp_path / "rival")
    run = Growing(tmp_path, rival="rival/trainer_state.json")
    async with run.app.run_test(size=(80, 24)) as pilot:
        await run.opened(pilot)
        await pilot.press("f", "o")
        await shows(pilot, "following trainer_log.jsonl · beside it rival")
        made.trainer_state(made.made_run(95), tmp_path / "rival")
        await comes(pilot, lambda: run.plot.extent() == (10, 950))
        await pilot.press("comma")
        await until(pilot, lambda: "beside it" not in painted(run.app), "the other")
        await shows(pilot, "step 900")
        assert "following" not in painted(run.app)
