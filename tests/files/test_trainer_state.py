"""Training logs of the Trainer: real ones, and every oddity that one has been seen with."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared import SHARED, needs_shared
from tui_eval.errors import InputError
from tui_eval.files.logs import FORMATS, find_log, read_log

LOGS = SHARED / "trainer_state"


def state(rows: list[Any], **more: Any) -> str:
    return json.dumps({"log_history": rows, **more})


def put(folder: Path, text: str, *, at: int | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "trainer_state.json"
    path.write_text(text, encoding="utf-8")
    if at is not None:
        os.utime(path, (at, at))
    return path


def values(log: Any, key: str) -> list[tuple[float, float]]:
    return [(point.step, point.value) for point in log.series[key]]


@needs_shared
@pytest.mark.parametrize(
    ("folder", "points", "evals", "step", "planned"),
    [
        ("alpaca_full_ft_2023", 1218, 0, 1218, 1218),
        ("qlora_tiny_80epochs_2023", 10, 0, 100, 100),
        ("roberta_lora_agnews_2025/checkpoint-500", 12, 12, 500, 1200),
        ("roberta_lora_agnews_2025/checkpoint-1200", 12, 12, 1200, 1200),
        ("unitsyn_lora_2023/checkpoint-500", 50, 0, 500, 555),
        ("unsloth_sft_2024", 100, 0, 1000, 1000),
        ("unsloth_sft_60steps_2025", 60, 0, 60, 60),
    ],
)
def test_real_logs(folder: str, points: int, evals: int, step: int, planned: int) -> None:
    log = read_log(LOGS / folder)
    assert len(log.series["loss"]) == points
    assert len(log.series.get("eval_loss", ())) == evals
    assert log.judged_step == step
    assert log.max_steps == planned
    assert log.notes == ()


@needs_shared
def test_a_real_runs_checkpoints_are_one_log() -> None:
    log = read_log(LOGS / "roberta_lora_agnews_2025")
    assert log.judged_step == 1200
    assert log.checkpoints == {500: "checkpoint-500", 1200: "checkpoint-1200"}
    assert (log.logging_steps, log.batch_size, log.epochs) == (100, 32, 1.0)


@needs_shared
def test_the_summary_is_no_training_point_and_rounded_epochs_are_made_exact() -> None:
    log = read_log(LOGS / "alpaca_full_ft_2023")
    assert values(log, "train_loss") == [(1218, 0.7484517011834287)]
    epochs = [point.epoch for point in log.series["loss"]]
    assert len(set(epochs)) == 1218
    assert epochs[0] == pytest.approx(2.9976926626672817 / 1218)


def test_nan_and_infinity_are_values(tmp_path: Path) -> None:
    text = '{"log_history": [{"step": 1, "loss": NaN}, {"step": 2, "loss": Infinity}]}'
    log = read_log(put(tmp_path, text))
    (first, second) = log.series["loss"]
    assert math.isnan(first.value)
    assert math.isinf(second.value)


def test_numbers_in_texts_nulls_and_other_values(tmp_path: Path) -> None:
    rows = [
        {"step": "1", "loss": "5.21", "grad_norm": "nan", "reward": None, "lr": "1e-05"},
        {"step": 2, "loss": 4, "reward": None, "note": "x", "ok": True, "more": {"a": 1}},
    ]
    log = read_log(put(tmp_path, state(rows)))
    assert values(log, "loss") == [(1, 5.21), (2, 4)]
    assert values(log, "lr") == [(1, 1e-05)]
    assert math.isnan(log.series["grad_norm"][0].value)
    assert set(log.series) == {"loss", "lr", "grad_norm"}


def test_several_eval_sets_share_a_step(tmp_path: Path) -> None:
    rows = [
        {"step": 150, "loss": 1.0},
        {"step": 150, "eval_near_loss": 1.1},
        {"step": 150, "eval_far_loss": 1.9},
    ]
    log = read_log(put(tmp_path, state(rows)))
    assert values(log, "eval_near_loss") == [(150, 1.1)]
    assert values(log, "eval_far_loss") == [(150, 1.9)]
    assert "eval_loss" not in log.series


def test_an_eval_first_seen_after_many_rows_is_kept(tmp_path: Path) -> None:
    rows: list[Any] = [{"step": i, "loss": 1} for i in range(1, 151)]
    rows += [{"step": 150, "eval_loss": 0.5}]
    assert values(read_log(put(tmp_path, state(rows))), "eval_loss") == [(150, 0.5)]


def test_a_resumed_runs_later_rows_win(tmp_path: Path) -> None:
    rows = [{"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.0}, {"step": 1, "loss": 2.5}]
    assert values(read_log(put(tmp_path, state(rows))), "loss") == [(1, 2.5), (2, 2.0)]


def test_checkpoints_merge_by_step_and_key_and_the_newest_file_wins(tmp_path: Path) -> None:
    put(
        tmp_path / "checkpoint-20",
        state([{"step": 10, "loss": 3.0}, {"step": 20, "loss": 2.0}], global_step=20),
        at=1000,
    )
    put(
        tmp_path / "checkpoint-10",
        state([{"step": 10, "loss": 2.9, "epoch": 0.5}], global_step=10),
        at=2000,
    )
    log = read_log(tmp_path / "checkpoint-10")
    assert values(log, "loss") == [(10, 2.9), (20, 2.0)]
    assert log.judged_step == 10
    assert log.global_step == 20
    assert log.checkpoints == {10: "checkpoint-10", 20: "checkpoint-20"}
    assert "1 values differ" in log.notes[0]


def test_the_judged_step_may_be_chosen(tmp_path: Path) -> None:
    put(tmp_path / "checkpoint-20", state([{"step": 10, "loss": 3.0}], global_step=20))
    assert read_log(tmp_path, judged_step=10).judged_step == 10


def test_a_torn_sibling_is_told_and_left_out(tmp_path: Path) -> None:
    put(tmp_path / "checkpoint-10", state([{"step": 10, "loss": 3.0}], global_step=10))
    put(tmp_path / "checkpoint-20", '{"log_history": [{"step": 10, "lo')
    log = read_log(tmp_path)
    assert values(log, "loss") == [(10, 3.0)]
    assert "checkpoint-20" in log.notes[0]
    assert "damaged JSON" in log.notes[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b'{"log_history": [{"step', "damaged JSON"),
        (b"[1]", "log_history"),
        (b'{"log_history": {}}', "log_history"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS pointer"),
        (b"[" * 100_000, "not usable JSON"),
    ],
)
def test_a_damaged_log_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "trainer_state.json").write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read_log(tmp_path)


def test_no_log_is_told(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_log(inner) is None
    with pytest.raises(InputError, match="no training log"):
        read_log(inner)
    with pytest.raises(InputError, match="no file"):
        read_log(inner / "gone.json")
    (inner / "log.txt").write_text("x")
    with pytest.raises(InputError, match="known format"):
        read_log(inner / "log.txt")


def test_an_empty_history_is_a_log_without_points(tmp_path: Path) -> None:
    log = read_log(put(tmp_path, state([], logging_steps=500, max_steps=87, global_step=87)))
    assert log.series == {}
    assert (log.logging_steps, log.max_steps, log.global_step) == (500, 87, 87)


def test_odd_rows_are_counted(tmp_path: Path) -> None:
    rows = [1, None, {"loss": 2.0}, {"step": -1}, {"step": "x"}, {"step": 1, "loss": 10**400}]
    log = read_log(put(tmp_path, state([*rows, {"step": 2, "loss": 1.0}])))
    assert values(log, "loss") == [(2, 1.0)]
    assert "5 rows" in log.notes[0]


def test_epochs_are_left_as_written_where_they_are_no_roundings(tmp_path: Path) -> None:
    rows = [{"step": 5, "loss": 1.0, "epoch": 1.0}, {"step": 10, "loss": 1.0, "epoch": 3.0}]
    log = read_log(put(tmp_path, state(rows, epoch=3.0, global_step=10)))
    assert [point.epoch for point in log.series["loss"]] == [1.0, 3.0]


def test_a_log_in_the_parent_is_found(tmp_path: Path) -> None:
    final = tmp_path / "run" / "final"
    final.mkdir(parents=True)
    put(tmp_path / "run" / "checkpoint-9", state([], global_step=9))
    newest = put(tmp_path / "run" / "checkpoint-10", state([], global_step=10))
    assert find_log(final) == newest
    own = put(final, state([]))
    assert find_log(final) == own


def test_the_files_folder_may_be_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "checkpoint-5", state([{"step": 5, "loss": 1.0}], global_step=5))
    put(tmp_path / "checkpoint-9", state([{"step": 9, "loss": 0.5}], global_step=9))
    monkeypatch.chdir(tmp_path / "checkpoint-5")
    assert values(read_log(Path("trainer_state.json")), "loss") == [(5, 1.0), (9, 0.5)]


def test_every_format_is_listed_with_a_module_that_reads() -> None:
    folder = Path(find_log.__code__.co_filename).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert modules == {entry.module.rsplit(".", 1)[1] for entry in FORMATS}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["step", "loss", "epoch", "\x1b[2J"]), json_values),
        max_size=6,
    )
)
def test_any_rows_are_read(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = read_log(put(folder, state(rows)))
    for points in log.series.values():
        steps = [point.step for point in points]
        assert steps == sorted(set(steps))
        assert points
