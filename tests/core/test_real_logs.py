"""Every real log, with the findings that a person would name on seeing its curve."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.core.made_evidence import MadeEvidence
from tests.shared import SHARED, needs_shared
from tui_eval.core.reading import Reading
from tui_eval.core.steps import curves
from tui_eval.files.logs import read_log

LOGS = SHARED / "trainer_state"

# Log, judged step (None: its own), verdict, findings in their order.
EXPECTED: list[tuple[str, int | None, str, dict[str, str]]] = [
    # Three epochs, a step down at each epoch's end, nobody looked at validation.
    (
        "alpaca_full_ft_2023",
        None,
        "caution",
        {"epoch_stairs": "caution", "no_eval": "note"},
    ),
    # The same run within its first epoch: 4% down, and no stair yet.
    (
        "alpaca_full_ft_2023",
        400,
        "caution",
        {
            "not_decreased": "caution",
            "no_eval": "note",
            "unfinished_run": "note",
            "later_rows": "note",
        },
    ),
    (
        "alpaca_full_ft_2023",
        800,
        "caution",
        {
            "epoch_stairs": "caution",
            "no_eval": "note",
            "unfinished_run": "note",
            "later_rows": "note",
        },
    ),
    # A learning rate of 0.005: from 1.0 to 29.6.
    (
        "qlora_tiny_80epochs_2023",
        None,
        "bad",
        {
            "above_chance": "caution",
            "diverged": "bad",
            "not_decreased": "caution",
            "no_eval": "note",
        },
    ),
    # A classifier that learned, with an eval at every log: nothing to say.
    ("roberta_lora_agnews_2025/checkpoint-1200", None, "good", {}),
    # The same run at 500 of 1200: validation was still falling.
    (
        "roberta_lora_agnews_2025/checkpoint-500",
        None,
        "caution",
        {"still_improving": "caution", "unfinished_run": "note", "later_rows": "note"},
    ),
    (
        "roberta_lora_agnews_2025/checkpoint-1200",
        500,
        "caution",
        {"still_improving": "caution", "unfinished_run": "note", "later_rows": "note"},
    ),
    # Four rows by step 400.
    (
        "roberta_lora_agnews_2025/checkpoint-1200",
        400,
        "not_enough",
        {"too_few_points": "not_enough", "unfinished_run": "note", "later_rows": "note"},
    ),
    # Starts at 13.8, above guessing; flat at 6.1; stopped at 500 of 555.
    (
        "unitsyn_lora_2023/checkpoint-500",
        None,
        "caution",
        {
            "above_chance": "caution",
            "plateau": "note",
            "no_eval": "note",
            "unfinished_run": "note",
        },
    ),
    # 2.16 to 2.11 with one outlier: hardly a decrease.
    (
        "unsloth_sft_2024",
        None,
        "caution",
        {"not_decreased": "caution", "spike": "note", "no_eval": "note"},
    ),
    (
        "unsloth_sft_2024",
        700,
        "caution",
        {
            "not_decreased": "caution",
            "no_eval": "note",
            "unfinished_run": "note",
            "later_rows": "note",
        },
    ),
    # 0.64 to 0.06 in five epochs without an eval.
    (
        "unsloth_sft_60steps_2025",
        None,
        "caution",
        {"low_loss": "caution", "no_eval": "note"},
    ),
]


def read(path: Path, judged: int | None) -> Reading:
    log = read_log(path, judged_step=judged)
    return curves.read(MadeEvidence(training=log), "tuned")


@needs_shared
@pytest.mark.parametrize(("folder", "judged", "verdict", "findings"), EXPECTED)
def test_what_a_person_would_say(
    folder: str, judged: int | None, verdict: str, findings: dict[str, str]
) -> None:
    reading = read(LOGS / folder / "trainer_state.json", judged)
    assert {f.code: f.severity for f in reading.findings} == findings
    assert [f.code for f in reading.findings] == list(findings)
    assert reading.verdict == verdict
    assert len(reading.headline) <= 42
    assert len(reading.summary) <= 76


@needs_shared
def test_no_log_is_left_out() -> None:
    there = {str(p.parent.relative_to(LOGS)) for p in LOGS.rglob("trainer_state.json")}
    assert there == {folder for folder, judged, _, _ in EXPECTED if judged is None}


@needs_shared
def test_figures_that_can_be_read_off_the_files() -> None:
    reading = read(LOGS / "unsloth_sft_2024" / "trainer_state.json", None)
    assert reading.numbers["drop"].value == pytest.approx(0.0213, abs=1e-4)
    spike = next(f for f in reading.findings if f.code == "spike")
    assert spike.at == {"step": 770}
    reading = read(LOGS / "roberta_lora_agnews_2025" / "checkpoint-1200", None)
    assert reading.numbers["eval_best"].value == pytest.approx(0.28955, abs=1e-5)
    assert reading.numbers["eval_best_step"].value == 900
    assert reading.numbers["eval_points"].value == 12


@needs_shared
def test_a_checkpoint_alone_reads_as_it_does_among_its_siblings(tmp_path: Path) -> None:
    source = LOGS / "roberta_lora_agnews_2025" / "checkpoint-500" / "trainer_state.json"
    alone = tmp_path / "checkpoint-500"
    alone.mkdir()
    shutil.copy(source, alone)
    one, other = read(alone, None), read(source, None)
    assert one.numbers == other.numbers
    assert one.verdict == other.verdict
