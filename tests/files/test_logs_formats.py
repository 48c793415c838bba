"""What each format is seen to hold: real logs, and the oddities of every stack."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.made_evidence import MadeEvidence
from tests.files import log_making as made
from tests.shared import SHARED, needs_shared
from tui_eval.core.records import TrainingLog
from tui_eval.core.steps import curves
from tui_eval.errors import InputError
from tui_eval.files.logs import read_log
from tui_eval.files.logs.parts.crc import masked
from tui_eval.files.logs.parts.names import own, renamed


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def values(log: TrainingLog, key: str) -> list[tuple[float, float]]:
    return [(point.step, point.value) for point in log.series[key]]


# Real logs


@needs_shared
def test_the_real_logs_that_are_no_trainer_state() -> None:
    events = read_log(SHARED / "tensorboard" / "run0")
    assert {key: len(events.series[key]) for key in ("loss", "eval_loss", "eval_accuracy")} == {
        "loss": 12,
        "eval_loss": 12,
        "eval_accuracy": 12,
    }
    assert values(events, "loss")[0] == (100, 1.3975)
    assert values(events, "eval_loss")[-1][1] == pytest.approx(1.391324520111084, abs=1e-7)
    assert (events.max_steps, events.epochs, events.logging_steps) == (1200, 1.0, 100)
    assert events.batch_size == 16
    assert events.notes == ()

    keras = read_log(SHARED / "tensorboard" / "wandb_asset")
    assert len(keras.series["batch_loss"]) == len(keras.series["loss"]) == 17
    assert len(keras.series["eval_loss"]) == 17
    assert keras.notes == ("read epoch_val_loss as eval_loss, epoch_loss as loss",)

    live = read_log(SHARED / "llamafactory")
    assert len(live.series["loss"]) == 202
    assert live.series.keys() == {"loss", "learning_rate", "rewards/accuracies"}
    assert (live.global_step, live.max_steps, live.epochs) == (202, 5100, 10.0)
    assert live.series["loss"][-1].epoch == pytest.approx(0.3957, abs=1e-4)
    assert live.series["loss"][-1].time == 2 * 3600 + 30 * 60 + 48

    folder = SHARED / "wandb" / "offline-run-20210216_154407-g9dvvkua"
    offline = read_log(folder)
    assert (offline.format, dict(offline.series), offline.notes) == ("wandb", {}, ())


REAL = {
    "llamafactory/trainer_log.jsonl": ("trainer_log", "caution", {"objective", "not_improved"}),
    "tensorboard/run0": ("tensorboard", "caution", {"not_decreased"}),
    "tensorboard/wandb_asset": ("tensorboard", "caution", {"not_decreased"}),
    "trainer_state/alpaca_full_ft_2023": ("trainer_state", "caution", {"epoch_stairs"}),
    "trainer_state/qlora_tiny_80epochs_2023": ("trainer_state", "bad", {"diverged"}),
    "trainer_state/roberta_lora_agnews_2025/checkpoint-1200": ("trainer_state", "good", set()),
    "trainer_state/roberta_lora_agnews_2025/checkpoint-500": (
        "trainer_state", "caution", {"still_improving", "unfinished_run", "later_rows"}
    ),
    "trainer_state/unitsyn_lora_2023/checkpoint-500": (
        "trainer_state", "caution", {"above_chance", "unfinished_run"}
    ),
    "trainer_state/unsloth_sft_2024": ("trainer_state", "caution", {"not_decreased", "spike"}),
    "trainer_state/unsloth_sft_60steps_2025": ("trainer_state", "caution", {"low_loss"}),
    "wandb/offline-run-20210216_154407-g9dvvkua": ("wandb", "not_enough", {"too_few_points"}),
}  # fmt: skip
"""Every training log among the shared data: its format, the verdict and what must be found."""


@needs_shared
def test_every_real_log_is_read_and_judged() -> None:
    """Each file there that is a log, and no other file, is in the list above."""
    logs = {}
    for path in sorted(filter(Path.is_file, SHARED.rglob("*"))):
        try:
            logs[path] = read_log(path)
        except InputError:
            continue
    listed = {path: told for path in logs for name, told in REAL.items() if name in str(path)}
    assert logs.keys() == listed.keys()
    assert len(logs) == len(REAL)
    assert {log.format for log in logs.values()} == {
        "trainer_state", "tensorboard", "wandb", "trainer_log",
    }  # fmt: skip
    for path, log in logs.items():
        name, verdict, found = listed[path]
        reading = curves.read(MadeEvidence(training=log), "tuned")
        assert (log.format, reading.verdict) == (name, verdict), path
        assert found <= {one.code for one in reading.findings}, path


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (
            {
                "loss": 0.69, "rewards/chosen": 0.1, "rewards/rejected": -0.1,
                "rewards/accuracies": 0.5, "rewards/margins": 0.2, "logps/chosen": -120.0,
                "logits/rejected": -1.5,
            },
            "preference",
        ),
        (
            {
                "loss": 0.0, "reward": 0.25, "reward_std": 0.1, "kl": 0.001,
                "rewards/format_reward/mean": 0.3, "completions/mean_length": 120.0,
                "clip_ratio/region_mean": 0.0, "frac_reward_zero_std": 0.2,
            },
            "reinforcement",
        ),
        (
            {"loss": 1.2, "entropy": 1.1, "num_tokens": 5000.0, "mean_token_accuracy": 0.7},
            "supervised",
        ),
    ],
)  # fmt: skip
def test_the_metrics_of_trl_tell_what_was_optimised(
    rows: dict[str, float], kind: str, tmp_path: Path
) -> None:
    """DPO, GRPO and SFT; the last is judged by its loss, and no note says otherwise."""
    history = [
        {**{key: value * (1 + step / 100) for key, value in rows.items()}, "step": step}
        for step in range(1, 31)
    ]
    path = put(tmp_path / "trainer_state.json", json.dumps({"log_history": history}))
    reading = curves.read(MadeEvidence(training=read_log(path)), "tuned")
    notes = [one.text for one in reading.findings if one.code == "objective"]
    assert [kind in note for note in notes] == ([] if kind == "supervised" else [True])
    assert "masked_nan" not in {one.code for one in reading.findings}


def test_a_chart_export_tells_the_epochs_of_the_run_that_is_read(tmp_path: Path) -> None:
    header = "Step,b - train/epoch,b - train/loss,b - train/loss__MIN,a - epoch,a - train/loss"
    path = put(tmp_path / "export.csv", f"{header}\n10,0.5,2.0,1.9,9.5,7.0\n20,1,1.5,1,19,6\n")
    log = read_log(path)
    told = [(point.step, point.value, point.epoch) for point in log.series["loss"]]
    assert told == [(10, 2.0, 0.5), (20, 1.5, 1.0)]


def test_a_table_of_a_data_set_is_no_log(tmp_path: Path) -> None:
    path = put(tmp_path / "test.csv", "text,category\nhow do I pay,card\n")
    with pytest.raises(InputError, match="no training log"):
        read_log(path)


# Names


def test_the_trainers_names_come_back() -> None:
    told = {
        "train/loss": "loss",
        "train/train_loss": "train_loss",
        "eval/loss": "eval_loss",
        "eval/near_loss": "eval_near_loss",
        "train/rewards/margins": "rewards/margins",
        "eval/rewards/margins": "eval_rewards/margins",
        "test/loss": "test_loss",
        "lr": "learning_rate",
        "rewards/chosen": "rewards/chosen",
        "memory/max_active (GiB)": "memory/max_active (GiB)",
        "/": "/",
        "train/": "train/",
    }
    assert {name: own(name) for name in told} == told


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"train_loss": 5, "val_loss": 5}, {"val_loss": "eval_loss", "train_loss": "loss"}),
        ({"train_loss_step": 9, "train_loss_epoch": 3}, {"train_loss_step": "loss"}),
        ({"train_loss_step": 1, "train_loss_epoch": 6}, {"train_loss_epoch": "loss"}),
        ({"Loss/train": 5, "Loss/val": 5}, {"Loss/val": "eval_loss", "Loss/train": "loss"}),
        ({"loss": 5, "train_loss": 1}, {}),
        ({"train_loss": 1}, {}),
        ({"loss": 5, "eval_near_loss": 2, "eval_loss": 2}, {}),
        (
            {"loss": 5, "val_loss/dataloader_idx_0": 2, "valid_far_loss": 2},
            {
                "val_loss/dataloader_idx_0": "eval_dataloader_idx_0_loss",
                "valid_far_loss": "eval_far_loss",
            },
        ),
        ({"loss": 5, "val_loss": 2, "validation/loss": 2}, {"val_loss": "eval_loss"}),
        ({"eval_loss": 5, "val_loss": 5, "loss": 5}, {}),
        ({"value": 5, "interval_loss": 5}, {}),
    ],
)
def test_other_stacks_losses_are_told_by_name(
    names: dict[str, int], expected: dict[str, str]
) -> None:
    assert renamed(names)[0] == expected


# TensorBoard


def test_the_checksum_is_the_published_one() -> None:
    """RFC 3720, B.4: CRC-32C of 32 zero bytes is 8a9136aa; then the mask."""
    crc = 0x8A9136AA
    assert masked(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def event_file(tmp_path: Path, *records: bytes) -> Path:
    return put(tmp_path / "events.out.tfevents.1.h", b"".join(map(made.framed, records)))


def test_float32_values_are_given_back_as_they_were_written(tmp_path: Path) -> None:
    value = made.field(1, made.scalar_value("train/loss", 0.6491))
    fine = made.field(1, made.scalar_value("train/ppl", 1 / 3))
    log = read_log(event_file(tmp_path, made.event(5, value), made.event(5, fine)))
    assert values(log, "loss") == [(5, 0.6491)]
    assert values(log, "ppl") == [(5, struct.unpack("<f", struct.pack("<f", 1 / 3))[0])]


def test_not_finite_values_and_times_are_kept(tmp_path: Path) -> None:
    records = [
        made.event(step, made.field(1, made.scalar_value("train/loss", value)), 1.5e9 + step)
        for step, value in ((1, math.nan), (2, math.inf), (3, -math.inf))
    ]
    log = read_log(event_file(tmp_path, *records))
    assert str([p.value for p in log.series["loss"]]) == "[nan, inf, -inf]"
    assert [p.time for p in log.series["loss"]] == [1.5e9 + 1, 1.5e9 + 2, 1.5e9 + 3]


def test_texts_pictures_and_histograms_are_no_scalars(tmp_path: Path) -> None:
    tensors = {
        "text": b"\x08\x07" + made.field(8, b"1.5"),
        "many": b"\x08\x01" + made.field(5, struct.pack("<2f", 1, 2)),
        "double": b"\x08\x02" + made.field(6, struct.pack("<d", 0.1)),
        "int": b"\x08\x09" + made.field(10, made.varint(-3)),
        "empty": b"\x08\x01",
        "odd type": b"\x08\x63" + made.field(4, bytes(4)),
    }
    summary = b"".join(
        made.field(1, made.field(1, tag.encode()) + made.field(8, tensor))
        for tag, tensor in tensors.items()
    )
    log = read_log(event_file(tmp_path, made.event(1, summary)))
    assert {key: log.series[key][0].value for key in log.series} == {"double": 0.1, "int": -3}


def test_a_damaged_record_is_left_out_and_told(tmp_path: Path) -> None:
    records = [
        made.framed(made.event(step, made.field(1, made.scalar_value("loss", step))))
        for step in range(1, 6)
    ]
    bad = bytearray(records[2])
    bad[20] ^= 0xFF
    path = put(
        tmp_path / "events.out.tfevents.1", b"".join((*records[:2], bytes(bad), *records[3:]))
    )
    log = read_log(path)
    assert [step for step, _ in values(log, "loss")] == [1, 2, 4, 5]
    assert "1 damaged" in log.notes[0]
    bad = bytearray(records[2])
    bad[3] ^= 0xFF  # Its length: what follows can't be found any more.
    put(path, b"".join((*records[:2], bytes(bad), *records[3:])))
    log = read_log(path)
    assert [step for step, _ in values(log, "loss")] == [1, 2]
    assert "damaged after" in log.notes[0]


def test_a_resumed_run_is_one_though_its_folders_are_two(tmp_path: Path) -> None:
    run = made.made_run(40)
    early = replace(run, rows=tuple(row for row in run.rows if row["step"] <= 220))
    late = replace(run, rows=tuple(row for row in run.rows if row["step"] > 200))
    for name, part, at in (("a", early, 1000), ("b", late, 2000)):
        path = tmp_path / "runs" / name / f"events.out.tfevents.{at}.h"
        put(path, b"".join(made.event_records(part)))
    log = read_log(tmp_path)
    assert log.source == str(path)
    assert [step for step, _ in values(log, "loss")] == list(range(10, 401, 10))
    assert log.notes[0] == "resumed: begun in a"
    fresh = tmp_path / "runs" / "c" / "events.out.tfevents.3000.h"
    put(fresh, b"".join(made.event_records(made.made_run(12))))
    log = read_log(tmp_path)
    assert log.source == str(fresh)
    assert len(log.series["loss"]) == 12
    assert "resumed" not in str(log.notes)
    assert "runs/b" in log.notes[-1]


def test_a_long_record_is_passed_by(tmp_path: Path) -> None:
    loss = made.event(1, made.field(1, made.scalar_value("loss", 2)))
    log = read_log(event_file(tmp_path, bytes(3_000_000), loss, bytes(2_000_000), loss))
    assert values(log, "loss") == [(1, 2)]
    assert log.notes == ()


# trainer_log.jsonl


def test_old_keys_nulls_and_the_last_row(tmp_path: Path) -> None:
    rows = [
        {"current_steps": 5, "total_steps": 9, "loss": 2.5, "eval_loss": None, "reward": None}
        | {
            "learning_rate": 1e-5,
            "epoch": 0.5,
            "percentage": 55.5,
            "elapsed_time": "1 day, 0:00:01",
        },
        {"current_steps": 5, "total_steps": 9, "loss": None, "eval_loss": 2.25, "epoch": 0.5},
        {"current_steps": 9, "total_steps": 9, "epoch": 1.0, "percentage": 100.0},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    log = read_log(put(tmp_path / "trainer_log.jsonl", text))
    assert log.series.keys() == {"loss", "eval_loss", "learning_rate"}
    assert log.series["loss"][0].time == 86401
    assert (log.global_step, log.max_steps) == (9, 9)


def test_bare_nan_and_a_torn_end(tmp_path: Path) -> None:
    text = '{"current_steps": 1, "loss": NaN}\r\nnot json\n{"current_steps": 2, "loss": 1}\n{"cur'
    log = read_log(put(tmp_path / "trainer_log.jsonl", b"\xef\xbb\xbf" + text.encode()))
    assert math.isnan(log.series["loss"][0].value)
    assert len(log.series["loss"]) == 2
    assert log.notes == ("1 damaged records of the log are left out",)


def test_a_log_of_rows_named_json_is_told_from_a_state(tmp_path: Path) -> None:
    path = put(tmp_path / "history.json", '{"step": 1, "loss": 3}\n{"step": 2, "loss": 2}\n')
    assert values(read_log(path), "loss") == [(1, 3), (2, 2)]


def test_resumed_rows_win(tmp_path: Path) -> None:
    steps = [(1, 3.0), (2, 2.0), (3, 1.0), (2, 2.5), (3, 1.5), (4, 1.2)]
    text = "".join(json.dumps({"current_steps": s, "loss": v}) + "\n" for s, v in steps)
    log = read_log(put(tmp_path / "trainer_log.jsonl", text))
    assert values(log, "loss") == [(1, 3.0), (2, 2.5), (3, 1.5), (4, 1.2)]


# Tables


def test_lightnings_sparse_rows(tmp_path: Path) -> None:
    text = "epoch,step,train_loss_epoch,train_loss_step,val_loss\n"
    text += "0,4,,5.5,\n0,9,,4.5,\n0,9,,,4.75\n0,9,5.0,,\n1,14,,3.5,\n1,14,,,nan\n"
    log = read_log(put(tmp_path / "lightning_logs" / "version_0" / "metrics.csv", text))
    assert values(log, "loss") == [(4, 5.5), (9, 4.5), (14, 3.5)]
    assert str([v for _, v in values(log, "eval_loss")]) == "[4.75, nan]"
    assert [p.epoch for p in log.series["loss"]] == [0, 0, 1]


def test_the_newest_version_is_the_run(tmp_path: Path) -> None:
    for version in (2, 10, 9):
        place = tmp_path / "lightning_logs" / f"version_{version}"
        put(place / "metrics.csv", f"step,train_loss\n1,{version}\n2,1\n")
    log = read_log(tmp_path)
    assert values(log, "loss")[0] == (1, 10)
    assert "version_9" in log.notes[-1]


def test_semicolons_epochs_only_and_rows_only(tmp_path: Path) -> None:
    keras = "epoch;loss;val_loss\n0;2.5;2.6\n1;1.5;1.9\n"
    log = read_log(put(tmp_path / "keras.csv", keras))
    assert values(log, "eval_loss") == [(0, 2.6), (1, 1.9)]
    assert "the table counts epochs, not steps" in log.notes
    log = read_log(put(tmp_path / "bare.csv", "loss,lr\n2.5,1e-4\n1.5,1e-4\n"))
    assert values(log, "loss") == [(1, 2.5), (2, 1.5)]
    assert "the table names no steps: its rows are counted" in log.notes


def test_a_chart_of_several_runs_is_read_for_the_first(tmp_path: Path) -> None:
    path = made.chart_export(made.made_run(10, eval_every=50), tmp_path)
    log = read_log(path)
    assert log.series.keys() == {"loss", "grad_norm", "learning_rate", "eval_loss", "eval_runtime"}
    assert max(point.value for point in log.series["loss"]) < 4
    assert "of several runs the first is read; also: other" in log.notes


def test_a_table_without_a_header_or_numbers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no header"):
        read_log(put(tmp_path / "one.csv", "x\n1\n"))
    with pytest.raises(InputError, match="no metrics"):
        read_log(put(tmp_path / "empty.csv", "step,loss\nx,y\n"))
    with pytest.raises(InputError, match="no header"):
        read_log(put(tmp_path / "binary.csv", bytes(range(256))))


# Weights & Biases


def test_records_over_several_blocks_and_a_damaged_piece(tmp_path: Path) -> None:
    run = made.made_run(400)
    content = made.wandb_bytes([made.field(4, b"x" * 100_000), *made.wandb_records(run)])
    assert len(content) > 3 * 32768
    path = put(tmp_path / "run-a.wandb", content)
    log = read_log(path)
    assert len(log.series["loss"]) == 400
    assert log.notes == ()
    bad = bytearray(content)
    bad[4 * 32768 + 200] ^= 0xFF
    log = read_log(put(path, bytes(bad)))
    assert 395 <= len(log.series["loss"]) < 400
    assert "damaged" in log.notes[0]


def test_keys_plain_or_nested_and_values_in_parts(tmp_path: Path) -> None:
    run = made.made_run(12)
    plain = made.wandb_bytes(made.wandb_records(run, nested=False))
    nested = made.wandb_bytes(made.wandb_records(run))
    one = read_log(put(tmp_path / "a.wandb", plain))
    assert one.series == read_log(put(tmp_path / "b.wandb", nested)).series
    parts = {"_step": 3, "train": {"loss": 0.5}, "h": {"_type": "histogram", "loss": 1}, "s": "x"}
    items = b"".join(made.field(1, made.item(1, key, value)) for key, value in parts.items())
    log = read_log(put(tmp_path / "c.wandb", made.wandb_bytes([made.field(2, items)])))
    assert {key: values(log, key) for key in log.series} == {"loss": [(3, 0.5)]}


def test_the_runs_own_counter_beats_the_loggers(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"train/loss": 2.0, "train/global_step": 50, "_step": 0},
        {"custom": 1.0, "_step": 1},
        {"train/loss": "NaN", "train/global_step": 100, "_step": 2},
    ]
    records = [
        made.field(2, b"".join(made.field(1, made.item(2, k, v)) for k, v in row.items()))
        for row in rows
    ]
    log = read_log(put(tmp_path / "r.wandb", made.wandb_bytes(records)))
    assert [step for step, _ in values(log, "loss")] == [50, 100]
    assert math.isnan(log.series["loss"][1].value)
    assert values(log, "custom") == [(50, 1.0)]
