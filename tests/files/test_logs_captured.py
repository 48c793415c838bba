"""Steps and values out of what a training run printed."""

from __future__ import annotations

import math
from pathlib import Path

from tests.files import log_making as made
from tests.files.test_logs_formats import put, values
from tui_eval.files.logs import read_log


def test_a_capture_without_bars_counts_rows_or_uses_the_plan(tmp_path: Path) -> None:
    rows = "".join(
        f"{{'loss': {3 - i / 10}, 'grad_norm': nan, 'learning_rate': 1e-05, 'epoch': {i / 10}}}\n"
        for i in range(1, 11)
    )
    rows += "{'eval_loss': 1.75, 'eval_runtime': 3.0, 'epoch': 1.0}\n"
    log = read_log(put(tmp_path / "a.log", rows))
    assert [step for step, _ in values(log, "loss")] == list(range(1, 11))
    assert values(log, "eval_loss") == [(10, 1.75)]
    assert "the capture names no steps: its rows are counted" in log.notes
    plan = "***** Running training *****\n  Num Epochs = 2\n"
    plan += "  Instantaneous batch size per device = 8\n  Total optimization steps = 2,000\n"
    log = read_log(put(tmp_path / "b.log", plan + rows))
    assert [step for step, _ in values(log, "loss")] == list(range(100, 1001, 100))
    assert values(log, "eval_loss") == [(1000, 1.75)]
    assert (log.max_steps, log.epochs, log.batch_size) == (2000, 2.0, 8)
    assert log.notes == ()


def shown(epoch: float) -> str:
    return f"{{'loss': {4 - epoch}, 'learning_rate': 1e-05, 'epoch': {epoch}}}\n"


def bar(step: int) -> str:
    return f"\r  {step}%|#  | {step}/100 [00:01<00:09]"


def test_rows_before_the_first_bars_are_placed_when_two_agree(tmp_path: Path) -> None:
    text = bar(0) + "\n" + "".join(shown(i / 10) for i in range(1, 5))
    log = read_log(put(tmp_path / "a.log", text))
    assert [step for step, _ in values(log, "loss")] == [1, 2, 3, 4]
    assert "its rows are counted" in log.notes[0]
    text += "".join(shown(i / 10) + bar(i * 10) + "\n" for i in range(5, 9))
    log = read_log(put(tmp_path / "a.log", text))
    assert [step for step, _ in values(log, "loss")] == list(range(10, 81, 10))
    assert (log.notes, log.max_steps, log.global_step) == ((), 100, 80)


def test_a_bar_torn_out_of_its_order_places_nothing(tmp_path: Path) -> None:
    """As in a capture of what stood on a terminal, not of what was written to it."""
    rows = [shown(i / 10) for i in range(1, 11)]
    rows.insert(6, bar(100) + "\n")
    log = read_log(put(tmp_path / "a.log", bar(0) + "\n" + "".join(rows)))
    assert [step for step, _ in values(log, "loss")] == list(range(1, 11))
    assert "its rows are counted" in log.notes[0]
    # No count of rows is held against the steps of a plan or a checkpoint.
    assert (log.max_steps, log.global_step) == (None, None)
    assert read_log(tmp_path / "a.log", judged_step=3).judged_step is None


def test_a_bar_that_stands_still_is_no_step(tmp_path: Path) -> None:
    text = "".join(shown(i / 10) + bar(i * 10) + "\n" for i in range(1, 4))
    text += "".join(shown(i / 10) + bar(30) + "\n" for i in range(4, 7))
    log = read_log(put(tmp_path / "a.log", text))
    assert [step for step, _ in values(log, "loss")] == [10, 20, 30, 40, 50, 60]


def test_prefixes_numpy_words_and_a_summary(tmp_path: Path) -> None:
    text = (
        "[rank0]: 2026-01-01 10:00 INFO {'loss': np.float64(1.5), 'epoch': 0.5}\n"
        '{"loss": "1.25", "learning_rate": "2e-05", "epoch": "1"}\n'
        "{'train_runtime': 12.5, 'train_loss': 1.375, 'epoch': 1.0}\n"
        "{'loss': 'high', 'epoch': 1}\n"
        "{'config': 'x', 'loss': 9.0}\n"
    )
    log = read_log(put(tmp_path / "a.txt", text))
    assert values(log, "loss") == [(1, 1.5), (2, 1.25)]
    assert values(log, "train_loss") == [(2, 1.375)]


def test_the_first_validation_of_mlx_is_the_base_models(tmp_path: Path) -> None:
    log = read_log(made.mlx(made.made_run(20), tmp_path))
    assert values(log, "eval_loss")[0] == (1, 3.25)
    assert log.notes == (
        "the validation loss at iteration 1 was taken before training: 3.25 is the base model's",
    )
    assert {"learning_rate", "It/sec", "Peak mem", "Trained Tokens"} <= log.series.keys()


def test_torchtunes_pairs(tmp_path: Path) -> None:
    text = "Step 1 | loss:1.57 lr:2e-05 tokens_per_second_per_gpu:310.5\nStep 2 | loss:nan \n"
    log = read_log(put(tmp_path / "log_17.txt", text))
    assert log.series.keys() == {"loss", "learning_rate", "tokens_per_second_per_gpu"}
    assert math.isnan(log.series["loss"][1].value)


def test_rows_far_behind_other_output_are_found(tmp_path: Path) -> None:
    noise = "downloading weights, please wait\n" * 20_000
    rows = "{'loss': 2.5, 'epoch': 0.5}\n{'loss': 1.5, 'epoch': 1.0}\n"
    put(tmp_path / "run.out", noise + rows)
    assert values(read_log(tmp_path), "loss") == [(1, 2.5), (2, 1.5)]
