"""Writes eval.toml, the workspace file of the sample run."""

from __future__ import annotations

from pathlib import Path

TEXT = """\
# The sample run. Every path is relative to this file.

[models.base]
path = "base"

[models.tuned]
path = "{good}"

[models.overfitted]
path = "{overfitted}"
train = "data/overfitted_train.jsonl"

[data]
validation = "data/validation.jsonl"
train = "data/train.jsonl"
test = "data/test.jsonl"
off_task = "data/off_task.jsonl"

[tasks.summarise]
data = "data/tasks/summaries.jsonl"
metrics = ["rougeL", "rouge1", "rouge2"]
max_new_tokens = 96

[tasks.labels]
data = "data/tasks/labels.jsonl"
metrics = ["macro_f1", "accuracy"]
max_new_tokens = 16

[tasks.code]
data = "data/tasks/code.jsonl"
metrics = ["pass_at_1", "pass_at_3"]
limit = 40
samples = 3
temperature = 0.6
max_new_tokens = 96
"""


def last_checkpoint(run: Path) -> Path:
    return max(run.glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))


def write_workspace(out: Path) -> None:
    found = {
        name: last_checkpoint(out / "runs" / name).relative_to(out).as_posix()
        for name in ("good", "overfitted")
    }
    (out / "eval.toml").write_text(TEXT.format(**found))
