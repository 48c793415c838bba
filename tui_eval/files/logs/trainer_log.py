"""LLaMA-Factory's ``trainer_log.jsonl``, and other logs of one JSON object a line.

Rows are appended live. Older versions write every key at every row, null where there is
nothing, and call the learning rate ``learning_rate``; newer ones leave such keys out and
say ``lr``. ``accuracy`` and ``reward`` are those of preference runs.
"""

from __future__ import annotations

import json
from pathlib import Path

from tui_eval.core.records import TrainingLog
from tui_eval.files.logs.parts.gathered import Gathered
from tui_eval.files.logs.parts.reader import FileReader, whole
from tui_eval.files.logs.parts.rows import Rows
from tui_eval.files.logs.parts.tail import Lines

_NAMES = {"accuracy": "rewards/accuracies"}
_NO_METRICS = ("percentage",)


def read(path: Path, judged_step: int | None) -> TrainingLog:
    return whole(reader(path), judged_step)


def reader(path: Path) -> FileReader:
    return FileReader(path, "trainer_log", TrainerLog)


class TrainerLog:
    def __init__(self) -> None:
        self.gathered = Gathered()
        self._rows = Rows(self.gathered)
        self._lines = Lines()

    def feed(self, chunk: bytes) -> None:
        for line in self._lines.feed(chunk):
            if not self._line(line) and line.strip():
                self.gathered.damaged += 1
        self.gathered.damaged += self._lines.too_long
        self._lines.too_long = 0
        # A whole object is no beginning of a longer one: it needs no line's end.
        rest = self._lines.rest()
        if rest.rstrip().endswith(b"}") and self._line(rest):
            self._lines.take_rest()

    def end(self) -> None:
        """What is left now is a torn row, of which nothing is known."""

    def _line(self, line: bytes) -> bool:
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return False
        if not isinstance(row, dict):
            return False
        if "current_steps" in row:
            for name in _NO_METRICS:
                row.pop(name, None)
            for name, own in _NAMES.items():
                if name in row:
                    row[own] = row.pop(name)
        self._rows.take(row)
        return True
