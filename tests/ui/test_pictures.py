"""Pictures of every screen of the frame, at 80 x 24 and 120 x 40.

``pytest --snapshot-update tests/ui/test_pictures.py`` after a change that is wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from tests.ui import fake
from tests.ui.fake import shows
from tests.ui.test_scene import JOB
from tui_eval.core.records import EngineStatus, Message, Sample, SkippedRow
from tui_eval.files.checkpoint import Checkpoint
from tui_eval.files.found import Found, FoundRow
from tui_eval.ui.app import EvalApp
from tui_eval.ui.start import Start

SIZES = [(80, 24), (120, 40)]
Compare = Callable[..., bool]


def opened(keys: str, words: str) -> Callable[[Pilot[Any]], Any]:
    async def steps(pilot: Pilot[Any]) -> None:
        if isinstance(pilot.app, EvalApp) and pilot.app.start.workspace is not None:
            await shows(pilot, "600 validation rows")
        for key in keys.split():
            await pilot.press(key)
        await shows(pilot, words)

    return steps


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        pytest.param("", "… undecided", id="checklist"),
        pytest.param("1", "2.31 → 1.12", id="step"),
        pytest.param("question_mark", "every command by name", id="help"),
        pytest.param("i", "medians of the first", id="how"),
        pytest.param("c", "[models]", id="settings"),
        pytest.param("T", "high-contrast", id="theme"),
        pytest.param("colon", "type to find one", id="commands"),
        pytest.param("2 R", "Compute perplexity again?", id="ask"),
        pytest.param("L", "has not written anything yet", id="log"),
    ],
)
def test_screens(
    snap_compare: Compare,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    keys: str,
    words: str,
) -> None:
    # The theme sheet names the folder for a person's own.
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nonexistent")
    # Only what was computed once can be computed again.
    done = {"curves": fake.CURVES, "perplexity": fake.PERPLEXITY} if keys == "2 R" else None
    app = fake.app(readings=done)
    assert snap_compare(app, terminal_size=size, run_before=opened(keys, words))


def running() -> App[Any]:
    workspace = fake.FakeWorkspace()
    workspace.kept, workspace.status = [JOB], EngineStatus("working", pid=1)
    return fake.app(workspace)


def lost() -> App[Any]:
    workspace = fake.FakeWorkspace()
    workspace.kept, workspace.status = [JOB], EngineStatus("lost", pid=1)
    return fake.app(workspace)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("make", "words"),
    [(running, "scoring 412/600"), (lost, "engine stopped")],
    ids=["running", "lost"],
)
def test_states_of_the_engine(
    snap_compare: Compare, size: tuple[int, int], make: Callable[[], App[Any]], words: str
) -> None:
    assert snap_compare(make(), terminal_size=size, run_before=opened("", words))


@pytest.mark.parametrize("theme", ["high-contrast", "light", "ansi"])
def test_the_other_themes(snap_compare: Compare, theme: str) -> None:
    app = fake.app()
    app.theme = theme
    assert snap_compare(app, terminal_size=(80, 24), run_before=opened("", "… undecided"))


def found() -> Found:
    turns = (Message("user", "Can I return a gift card?"), Message("assistant", "Within 30 days."))
    return Found(
        checkpoint=Checkpoint(Path("runs/support-bot/checkpoint-1500"), "adapter"),
        rows=(
            FoundRow("tuned", "LoRA adapter, r 16, 3 epochs, step 1500", "adapter_config.json"),
            FoundRow("base", "Qwen/Qwen2.5-7B-Instruct, in the cache", "adapter_config.json"),
            FoundRow("log", "trainer_state.json, 150 points, 15 evals", "checkpoint-1500"),
            FoundRow(
                "validation", "val.jsonl, 600 rows of messages", "beside it",
                "1 bad row skipped, first in line 61", ("val.jsonl",),
            ),
            FoundRow("training", "", "", "not found: step 3 needs it", missing=True),
            FoundRow("prompt", "the checkpoint's chat template, no system prompt", "tokenizer"),
            FoundRow("memory", "needs 15.9 GB for the weights; GPU 0 has 71.2 GB free"),
        ),
        usable_rows=600,
        bad_rows=1,
        skipped=(SkippedRow("val.jsonl", 61, "not JSON"),),
        examples=(Sample("a", "b", "c", turns, source="val.jsonl", row=1),),
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("keys", "words"),
    [("", "Is it right?"), ("j j j enter", "or type a path")],
    ids=["found", "choose"],
)
def test_what_was_found(
    snap_compare: Compare, size: tuple[int, int], keys: str, words: str
) -> None:
    app = EvalApp(Start(Path("/work-of-ana"), found=found()))
    assert snap_compare(app, terminal_size=size, run_before=opened(keys, words))


@pytest.mark.parametrize(
    ("size", "words"),
    [((50, 12), "Needs 60 x 15"), ((80, 24), "There is no eval.toml")],
    ids=["too-small", "unknown-folder"],
)
def test_nothing_here(snap_compare: Compare, size: tuple[int, int], words: str) -> None:
    app = EvalApp(Start(Path("/somewhere")))
    assert snap_compare(app, terminal_size=size, run_before=opened("", words))
