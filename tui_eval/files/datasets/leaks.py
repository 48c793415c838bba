"""Validation rows that stand in the training file, after folding."""

from __future__ import annotations

from pathlib import Path

from tui_eval.config import DataConfig
from tui_eval.core.records import Dataset
from tui_eval.files.datasets import shapes
from tui_eval.files.datasets.reader import Tally, check, usable_rows


def leaked(validation: Dataset, train: Path, fields: DataConfig) -> dict[str, bool]:
    """Ids of validation samples whose folded prompt is a training row's; True where the
    answer is too. The training file is streamed past the validation rows' hashes."""
    by_prompt: dict[str, list[str]] = {}
    by_whole: dict[str, list[str]] = {}
    for sample in validation.samples:
        by_prompt.setdefault(sample.folded_prompt, []).append(sample.id)
        by_whole.setdefault(sample.folded, []).append(sample.id)
    found: dict[str, bool] = {}
    tally = Tally()
    for usable in usable_rows(train, "train", fields, tally):
        whole, prompt = shapes.folded_hashes(usable.content)
        for id in by_prompt.get(prompt, ()):
            found.setdefault(id, False)
        for id in by_whole.get(whole, ()):
            found[id] = True
    check(train, "train", fields, tally)
    return found
