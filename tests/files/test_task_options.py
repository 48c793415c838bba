"""What eval.toml says of a task's metrics reaches the metrics."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from tui_eval import config
from tui_eval.config import TaskConfig
from tui_eval.core.task_records import MetricOptions
from tui_eval.files.tasks import options_of

OTHER: dict[str, Any] = {
    "metrics": ("bleu",), "labels": ("x",), "label_rule": "exact", "pattern": "z",
    "json_field": "f", "stemmer": True, "tokenizer": "unicode", "most_words": 77,
    "tests": "t", "entry_point": "e", "lower_is_better": ("bleu",),
}  # fmt: skip
"""A value of each option that is not its default."""
MADE = {"schema", "own"}
"""Files: their contents are what is carried on."""


def test_every_option_of_a_task_is_carried_to_its_metrics(tmp_path: Path) -> None:
    shared = {one.name for one in fields(TaskConfig)} & {one.name for one in fields(MetricOptions)}
    assert shared - MADE == set(OTHER), "name a value for the new option here"
    entry = TaskConfig("t", **OTHER)
    made = config.parse("[models.tuned]\nanswers = 'a'\n", tmp_path, files=False)
    found = options_of(made, entry)
    assert {name: getattr(found, name) for name in OTHER} == OTHER
