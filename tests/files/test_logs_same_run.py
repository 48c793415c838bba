"""One run reads the same whichever stack wrote its log."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.made_evidence import MadeEvidence
from tests.files.log_making import MAKERS, Run, made_run, trainer_state
from tui_eval.core.reading import Reading
from tui_eval.core.records import TrainingLog
from tui_eval.core.steps import curves
from tui_eval.files.logs import FORMATS, find_log, find_logs, read_log


def overtrained(part: float) -> float:
    return 1.2 + (part - 0.4) ** 2 * 2


def broken(part: float) -> float:
    return math.nan if part > 0.7 else 1.0 - part / 3


def frozen(part: float) -> float:
    return 0.0


RUNS = {
    "good": made_run(),
    "overtrained": made_run(validation=overtrained),
    "diverged": made_run(loss=lambda part: 1 + 4 * max(0.0, part - 0.5)),
    "not finite": made_run(loss=broken, validation=broken),
    "still improving": made_run(validation=lambda part: 3 - 2 * part),
    "too few": made_run(4, every=10, eval_every=20),
}
TOLD_BY_ALL = {"loss", "eval_loss"}


def read(log: TrainingLog) -> Reading:
    return curves.read(MadeEvidence(training=log), "tuned")


def findings(reading: Reading) -> list[tuple[str, str, object]]:
    return [(found.code, found.severity, found.at) for found in reading.findings]


def same(one: Reading, other: Reading) -> None:
    assert findings(one) == findings(other)
    assert (one.verdict, one.headline, one.summary) == (
        other.verdict,
        other.headline,
        other.summary,
    )
    assert one.numbers.keys() == other.numbers.keys()
    for name, number in one.numbers.items():
        assert number.value == pytest.approx(other.numbers[name].value, nan_ok=True), name


def only(log: TrainingLog, *keys: str, plan: bool = True, epochs: bool = True) -> TrainingLog:
    """A log that says no more than another format can."""
    series = {
        key: points if epochs else tuple(replace(point, epoch=None) for point in points)
        for key, points in log.series.items()
        if key in keys
    }
    plain = replace(log, series=series, judged_step=None, source="made", format="made", notes=())
    return plain if plan else replace(plain, max_steps=None, epochs=None, logging_steps=None)


def both(name: str, run: Run, tmp_path: Path) -> tuple[TrainingLog, TrainingLog]:
    state = read_log(trainer_state(run, tmp_path / "state"), judged_step=run.max_steps)
    return state, read_log(MAKERS[name](run, tmp_path / "other"), judged_step=run.max_steps)


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize(
    "name",
    [
        "trainer_log, old keys",
        "tensorboard",
        "tensorboard, packed",
        "tensorboard, content",
        "csv",
        "chart export",
        "wandb",
        "trackio",
        "captured 4",
        "captured 5",
    ],
)
def test_the_verdict_is_the_same(name: str, kind: str, tmp_path: Path) -> None:
    state, other = both(name, RUNS[kind], tmp_path)
    known = [*TOLD_BY_ALL, *({"grad_norm"} & set(other.series))]
    plan = other.max_steps is not None
    mine = only(state, *known, plan=plan)
    theirs = only(other, *known, plan=plan)
    if plan:
        assert other.max_steps == state.max_steps
        # Some formats tell the plan, not how often a row was meant to be written.
        mine = replace(mine, **_plan(theirs))
    same(read(mine), read(theirs))


def _plan(log: TrainingLog) -> dict[str, object]:
    return {name: getattr(log, name) for name in ("epochs", "logging_steps", "batch_size")}


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize("name", ["lightning", "mlx", "trainer_log"])
def test_the_verdict_is_the_same_of_what_other_stacks_tell(
    name: str, kind: str, tmp_path: Path
) -> None:
    state, other = both(name, RUNS[kind], tmp_path)
    if name == "mlx":
        # Its first validation is of the base model, before training.
        other = replace(
            other, series=other.series | {"eval_loss": other.series.get("eval_loss", ())[1:]}
        )
    epochs = name != "mlx"
    mine = only(state, *TOLD_BY_ALL, plan=False, epochs=epochs)
    same(read(mine), read(only(other, *TOLD_BY_ALL, plan=False, epochs=epochs)))


@pytest.mark.parametrize("kind", RUNS)
def test_whatever_wrote_it_the_verdict_and_what_is_found_are_the_same(
    kind: str, tmp_path: Path
) -> None:
    """As read, nothing taken away. torchtune's file holds no validation loss: without it the
    state gives the same too. What else formats leave out (gradient norms, the plan, MLX-LM's
    epochs) or add (MLX-LM's validation loss before training) decides nothing here."""

    def told(log: TrainingLog) -> tuple[str, set[tuple[str, str]]]:
        reading = read(log)
        return reading.verdict, {(found.code, found.severity) for found in reading.findings}

    state = read_log(trainer_state(RUNS[kind], tmp_path / "state"))
    for name, make in MAKERS.items():
        log = read_log(make(RUNS[kind], tmp_path / name))
        alike = only(state, "loss") if name == "torchtune" else state
        assert told(log) == told(alike), name


def test_torchtune_tells_training_losses(tmp_path: Path) -> None:
    state, other = both("torchtune", RUNS["good"], tmp_path)
    mine = only(state, "loss", plan=False, epochs=False)
    same(read(mine), read(only(other, "loss", plan=False, epochs=False)))


@pytest.mark.parametrize("name", ["tensorboard", "csv", "wandb", "trackio", "captured 5"])
def test_several_validation_sets(name: str, tmp_path: Path) -> None:
    state, other = both(name, made_run(sets=("near", "far"), validation=overtrained), tmp_path)
    keys = ("loss", "eval_near_loss", "eval_far_loss")
    assert set(keys) <= set(other.series)
    assert "eval_loss" not in other.series
    same(read(only(state, *keys, plan=False)), read(only(other, *keys, plan=False)))


@pytest.mark.parametrize("name", ["tensorboard", "csv", "wandb", "trackio", "captured 4"])
@pytest.mark.parametrize(
    ("more", "objective"),
    [
        ({"rewards/margins": 0.5, "rewards/accuracies": 0.8, "logps/chosen": -12.5}, "preference"),
        ({"reward": 0.25, "kl": 0.01, "completions/mean_length": 120.0}, "reinforcement"),
    ],
)
def test_metrics_of_other_objectives_keep_their_names(
    name: str, more: dict[str, float], objective: str, tmp_path: Path
) -> None:
    run = made_run(loss=frozen if objective == "reinforcement" else lambda part: 0.69, more=more)
    state, other = both(name, run, tmp_path)
    for key in more:
        assert len(other.series[key]) == 60
    keys = ("loss", "eval_loss", *more)
    one, two = read(only(state, *keys, plan=False)), read(only(other, *keys, plan=False))
    same(one, two)
    assert objective in str(one.findings)


@pytest.mark.parametrize("name", MAKERS)
def test_every_log_is_found_from_its_folder_and_named(name: str, tmp_path: Path) -> None:
    path = MAKERS[name](RUNS["good"], tmp_path)
    assert find_log(tmp_path) == path
    log = read_log(tmp_path)
    assert log.source == str(path)
    assert log.format in {entry.name for entry in FORMATS}
    assert len(log.series["loss"]) == 60


def test_of_several_the_order_decides_and_the_rest_are_named(tmp_path: Path) -> None:
    paths = [
        MAKERS[name](RUNS["good"], tmp_path)
        for name in ("trainer_state", "trainer_log", "tensorboard", "lightning", "wandb")
    ]
    paths += [MAKERS[name](RUNS["good"], tmp_path) for name in ("trackio", "captured 4")]
    assert find_logs(tmp_path) == paths
    while paths:
        assert find_log(tmp_path) == paths[0]
        log = read_log(tmp_path)
        for other in paths[1:6]:
            assert other.name in log.notes[-1]
        paths.pop(0).unlink()
    assert find_log(tmp_path) is None


def test_a_checkpoint_finds_the_live_log_of_its_run(tmp_path: Path) -> None:
    path = MAKERS["tensorboard"](RUNS["good"], tmp_path)
    for name in ("checkpoint-300", "checkpoint-600"):
        (tmp_path / name).mkdir()
    assert find_log(tmp_path / "checkpoint-300") == path
    log = read_log(path, judged_step=300)
    assert log.judged_step == 300
    assert log.checkpoints == {300: "checkpoint-300", 600: "checkpoint-600"}


def test_a_neighbours_logs_are_not_taken_for_ones_own(tmp_path: Path) -> None:
    for name in ("wandb", "captured 4", "csv", "trackio"):
        MAKERS[name](RUNS["good"], tmp_path)
    base = tmp_path / "base-model"
    base.mkdir()
    assert find_log(base) is None


def test_data_and_notes_are_no_logs(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("prompt,response\nq,a\n")
    (tmp_path / "steps.csv").write_text("step,text\n1,mix\n")
    (tmp_path / "loss.csv").write_text("step,loss\nmix,bake\n")
    (tmp_path / "notes.txt").write_text("Step 1: the loss is {'high': 1}\nIter 10: done\n")
    (tmp_path / "dict.txt").write_text("{'loss': 'of bag', 'epoch': 'stone age'}\n")
    (tmp_path / "other.db").write_bytes(b"SQLite format 3\x00" + bytes(100))
    assert find_logs(tmp_path) == []
