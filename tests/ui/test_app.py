from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ui import fake
from tests.ui.fake import shows
from tests.ui.test_scene import JOB
from tui_eval.core.records import EngineStatus, SkippedRow
from tui_eval.ui.app import EvalApp
from tui_eval.ui.looker import Looker
from tui_eval.ui.scene import About
from tui_eval.ui.screens.sample import SamplePage
from tui_eval.ui.start import Start

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e[b]x[/"


async def test_it_opens_on_the_checklist_with_the_first_verdict() -> None:
    async with fake.app().run_test(size=(80, 24)) as pilot:
        screen = await shows(pilot, "600 validation rows")
        lines = screen.split("\n")
        assert lines[0].startswith(" support-bot  ○ Qwen2.5-7B-Instruct  ● lora r16")
        assert lines[0].endswith("idle")
        assert lines[1].startswith(" 1 curves !  2 perplexity ·")
        assert "▸ 1 Training curves  ! caution" in screen
        assert "6 Task metrics     · not started" in screen
        assert lines[-1].startswith(" ↵ open  r run what is missing")


async def test_a_number_opens_a_step_and_escape_goes_home() -> None:
    app = fake.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("1")
        assert "validation was best at step 1050" in await shows(pilot, "2.31 → 1.12")
        await pilot.press("6")
        await shows(pilot, "Looking at the files.")
        await pilot.press("escape")
        await shows(pilot, "… undecided")


async def test_brackets_go_round_the_steps() -> None:
    async with fake.app().run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("left_square_bracket")
        await shows(pilot, "Looking at the files.")
        await pilot.press("right_square_bracket")
        await shows(pilot, "2.31 → 1.12")


async def test_wide_shows_the_checklist_and_the_step_beside_each_other() -> None:
    async with fake.app().run_test(size=(120, 40)) as pilot:
        screen = await shows(pilot, "2.31 → 1.12")
        assert "… undecided" in screen
        assert "│" in screen
        await pilot.press("j")
        screen = await shows(pilot, "nothing scored yet")
        assert "▸ 2 Perplexity" in screen


async def test_run_asks_the_engine_and_shows_how_far_it_is() -> None:
    workspace, started = fake.FakeWorkspace(), []
    app = fake.app(workspace, start_engine=lambda: started.append(1))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "press r")
        await pilot.press("r")
        await shows(pilot, "waiting for an engine")
        assert started == [1]
        job = workspace.jobs()[0]
        workspace.status = EngineStatus("working", pid=1)
        workspace.alter(job.id, state="running", done=412.0, total=600.0, eta=12.0)
        screen = await shows(pilot, "scoring 412/600 · 12 s")
        assert "▸ running" in screen
        assert "no result yet" in screen


async def test_cancel_finishes_the_batch_and_then_offers_to_kill() -> None:
    workspace, killed = fake.FakeWorkspace(), []
    workspace.kept, workspace.status = [JOB], EngineStatus("working", pid=1)
    app = fake.app(workspace, kill_engine=lambda: killed.append(1))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "scoring 412/600")
        await pilot.press("C")
        await shows(pilot, "stopping after this batch")
        assert workspace.cancelled_jobs == ["j1"]
        await pilot.press("C")
        await shows(pilot, "End the engine at once?")
        await pilot.press("n")
        await shows(pilot, "▸ 1 Training")
        assert killed == []
        await pilot.press("C")
        await shows(pilot, "End the engine at once?")
        await pilot.press("y")
        await shows(pilot, "▸ 1 Training")
        while not killed:
            await pilot.pause(0.02)


async def test_computing_again_tells_its_cost_first() -> None:
    workspace = fake.FakeWorkspace()
    workspace.kept = [
        replace(
            JOB,
            state="done",
            started_at="2026-01-01T00:00:00Z",
            finished_at="2026-01-01T00:04:00Z",
        )
    ]
    async with fake.app(workspace).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("2", "R")
        screen = await shows(pilot, "Compute perplexity again?")
        assert "600 samples are scored anew under 2 models" in screen
        assert "about 16 s" in screen  # 600 at 38 a second
        await pilot.press("y")
        while len(workspace.jobs()) < 2:
            await pilot.pause(0.02)


async def test_what_never_ran_starts_without_a_question() -> None:
    workspace = fake.FakeWorkspace()
    async with fake.app(workspace).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("2", "R")
        while not workspace.jobs():
            await pilot.pause(0.02)
        assert "again" not in workspace.jobs()[0].args
        assert "Compute perplexity again?" not in fake.painted(pilot.app)


async def test_how_and_log_wrap_instead_of_cutting(tmp_path: Path) -> None:
    words = "the formula of it " * 12 + "and the end"
    workspace = fake.FakeWorkspace()
    workspace.log_path = tmp_path / "engine.log"
    workspace.log_path.write_text(
        "RuntimeError: " + words.replace("formula", "fault") + " of-the-log\n"
    )
    readings = {"curves": replace(fake.CURVES, how=(words,))}
    async with fake.app(workspace, readings).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("i")
        assert "…" not in await shows(pilot, "and the end")
        await pilot.press("escape", "L")
        title, _, lines = (await shows(pilot, "of-the-log")).partition("\n")
        assert title.startswith(" engine log")
        assert "…" not in lines
        await pilot.press("slash", *"RuntimeError")
        assert "of-the-log" in await shows(pilot, "RuntimeError")


async def test_in_ascii_an_arrow_is_a_word_and_no_sign_of_greater(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    readings = {"curves": fake.CURVES, "perplexity": fake.PERPLEXITY}
    async with fake.app(readings=readings).run_test(size=(80, 24)) as pilot:
        screen = await shows(pilot, "8.42 to 5.10")
        assert "enter open" in screen
        await pilot.press("1")
        assert " > 1.12" not in await shows(pilot, "2.31 to 1.12")


async def test_a_dead_engine_is_told_in_words_with_the_remedy_and_the_log() -> None:
    workspace = fake.FakeWorkspace()
    workspace.kept, workspace.status = [JOB], EngineStatus("lost", pid=1)
    async with fake.app(workspace).run_test(size=(80, 24)) as pilot:
        screen = await shows(pilot, "r resumes it · L shows its log")
        assert "engine stopped" in screen


async def test_the_log_page_grows_and_is_safe(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_bytes(b"loading \x1b]0;owned\x07 [bold]\n")
    workspace = fake.FakeWorkspace()
    workspace.log_path = log
    async with fake.app(workspace).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("L")
        await shows(pilot, "loading ␛]0;owned␇ [bold]")
        with log.open("a") as file:
            file.write("out of memory\n")
        await shows(pilot, "▸ out of memory")
        await pilot.press("escape")
        await shows(pilot, "… undecided")


async def test_pages_filter_and_close_from_the_inside_out() -> None:
    async with fake.app().run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("question_mark")
        await shows(pilot, "everywhere")
        await pilot.press("slash", *"colours")
        screen = await shows(pilot, "1 lines")
        assert "choose the colours" in screen
        assert "every command" not in screen
        await pilot.press("escape")
        await shows(pilot, "every command by name")
        await pilot.press("escape")
        await shows(pilot, "… undecided")


async def test_a_command_is_found_by_name() -> None:
    async with fake.app().run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("colon", *"settings", "enter")
        screen = await shows(pilot, "[models]")
        assert "Qwen/Qwen2.5-7B-Instruct" in screen


async def test_a_theme_is_shown_chosen_and_remembered(tmp_path: Path) -> None:
    app = fake.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("T", "j", "j")
        assert app.theme == "light"
        await pilot.press("escape")
        await pilot.pause()
        assert app.theme == "dark"
        await pilot.press("T", "j", "j", "enter")
        await pilot.pause()
    stored = tmp_path / "XDG_CONFIG_HOME" / "tui-eval" / "settings.json"
    assert json.loads(stored.read_text())["theme"] == "light"
    assert fake.app().theme == "light"


async def test_a_bad_theme_is_listed_and_does_not_stop_anything(tmp_path: Path) -> None:
    folder = tmp_path / "XDG_CONFIG_HOME" / "tui-eval" / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text("[colors]\ngood = 'greenish'\n")
    async with fake.app().run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("T")
        await shows(pilot, "! mine.toml: good = 'greenish' is not a colour")


async def test_a_remapped_key_works_and_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "XDG_CONFIG_HOME" / "tui-eval"
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text('{"keys": {"run": "f5", "open": "ctrl+b"}}')
    workspace = fake.FakeWorkspace()
    async with fake.app(workspace).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "f5 run what is missing")
        await pilot.press("r")
        await pilot.press("f5")
        await shows(pilot, "waiting for an engine")
        assert [job.verb for job in workspace.jobs()] == ["score", "score", "generate"]
        await pilot.press("question_mark", "G")
        await shows(pilot, "open = 'ctrl+b': ctrl+b is kept free")


async def test_skipped_rows_are_listed_from_the_data_line() -> None:
    about = About(
        name="x",
        data=("9 validation rows", "1 rows skipped (↵ lists them)"),
        skipped=(SkippedRow("val.jsonl", 7, f"not JSON {HOSTILE}"),),
    )
    async with fake.app(about=about).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "9 validation rows")
        await pilot.press("G", "enter")
        screen = await shows(pilot, "val.jsonl line 7")
        assert "not JSON ␛]0;owned␇␛[2J‹U+202E›[b]x[/" in screen


async def test_how_it_was_computed_is_one_key_away() -> None:
    async with fake.app().run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("i")
        await shows(pilot, "medians of the first and last 15 of 150 points")


async def test_too_small_is_one_plain_message_and_growing_brings_all_back() -> None:
    async with fake.app().run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        for size in ((40, 10), (2, 2), (200, 60), (59, 24), (80, 14), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await shows(pilot, "… undecided")
        await pilot.resize_terminal(50, 12)
        screen = await shows(pilot, "Needs 60 x 15; this is 50 x 12.")
        assert "undecided" not in screen
        await pilot.resize_terminal(80, 24)
        await shows(pilot, "… undecided")


async def test_an_unknown_folder_is_told_what_to_give() -> None:
    async with EvalApp(Start(Path("/somewhere"))).run_test(size=(80, 24)) as pilot:
        screen = await shows(pilot, "There is no eval.toml and no checkpoint in /somewhere")
        assert "tui-eval path/to/checkpoint" in screen
        assert "tui-eval demo" in screen


async def test_leaving_says_that_the_engine_goes_on() -> None:
    workspace = fake.FakeWorkspace()
    workspace.kept, workspace.status = [JOB], EngineStatus("working", pid=1)
    app = fake.app(workspace)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "scoring 412/600")
        await pilot.press("q")
    assert app.return_code == 0
    assert app.farewell.startswith("The engine goes on: scoring 412/600")


async def test_leaving_without_work_says_nothing() -> None:
    app = fake.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("q")
    assert (app.return_code, app.farewell) == (0, "")


async def test_a_crash_is_one_sentence_and_a_file(tmp_path: Path) -> None:
    app = fake.app()

    def breaks() -> None:
        raise ValueError(HOSTILE)

    async def crashes() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "! caution")
            app.call_later(breaks)
            await pilot.pause()

    with pytest.raises(ValueError, match="owned"):
        await crashes()
    assert app.return_code == 1
    assert app.crash.startswith("tui-eval ended on an error of its own: ValueError: ␛]0;owned")
    log = tmp_path / "XDG_STATE_HOME" / "tui-eval" / "crash.log"
    assert "breaks" in log.read_text()
    assert "\x1b" not in log.read_text()
    assert app._exit_renderables == []


async def test_signs_are_ascii_where_the_locale_is_not_utf8(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    app = fake.app()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await shows(pilot, "lora r16")
        await pilot.press("2", "question_mark")
        screen += await shows(pilot, "everywhere")
    assert screen.isascii()
    assert "o Qwen2.5-7B-Instruct  * lora r16" in screen


async def test_the_next_candidate_is_a_key_away() -> None:
    config = fake.start().config
    assert config is not None
    tuned = config.models["tuned"]
    models = {**config.models, "other": replace(tuned, name="other", path="runs/other")}
    app = EvalApp(
        replace(fake.start(), config=replace(config, models=models)),
        reader=lambda: fake.FakeReader({"curves": fake.CURVES}, About(name="x", tuned="one")),
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "● 1/2 tuned, one")
        await pilot.press("comma")
        await shows(pilot, "● 2/2 other, one")


async def test_the_prompt_row_opens_the_first_validation_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(Looker, "sample", lambda looker, ref, tell: looked.append(ref))
    app = fake.app(about=replace(fake.ABOUT, first="row-1"))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "none of them in the training file")
        await pilot.press("end", "enter")
        assert isinstance(app.screen, SamplePage)
        assert looked == ["row-1"]


async def test_without_a_validation_row_there_is_no_prompt_to_show() -> None:
    app = fake.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "none of them in the training file")
        await pilot.press("end", "enter")
        await shows(pilot, "no validation row shows yet how the prompt comes out")
