"""What a training run printed, captured in a file: the Trainer's dictionaries (version 4
writes numbers, 5 texts), torchtune's ``Step 12 | loss:…`` and MLX-LM's ``Iter 10: …``.

A capture holds whatever else was printed, terminal codes and progress bars, which are
redrawn behind a carriage return. The Trainer prints no steps: they are read off the
training's progress bar, redrawn after each row, else from the planned steps and epochs
that were announced, else rows are counted.
"""

from __future__ import annotations

import re
from pathlib import Path

from tui_eval.core.records import TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.logs.parts.gathered import Gathered
from tui_eval.files.logs.parts.names import own
from tui_eval.files.logs.parts.numbers import finite, number, positive
from tui_eval.files.logs.parts.reader import FileReader, whole
from tui_eval.files.logs.parts.tail import Lines

_MOST_LINE = 1 << 16
# Whole ones, and one that is still being written.
_CODES = re.compile(
    r"\x1b(?:\[[0-9;:?]{0,40}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,1000}(?:\x07|\x1b\\)|[@-Z\\-_]"
    r"|\[?[0-9;:?]{0,40}\Z)"
)
# A bar that the Trainer draws for training or evaluation has no text before it.
_BAR = re.compile(r"(?:\A|\])\s{0,8}\d{1,3}%\|[^|]{0,300}\|\s{0,8}(\d{1,12})/(\d{1,12}) \[")
_PAIR = re.compile(
    r"""['"]([^'"]{1,200})['"]: {0,4}(?:'([^']{0,64})'|"([^"]{0,64})"|"""
    r"""(?:[\w.]{1,20}\()?([-+]?[\w.+-]{1,64}))"""
)
_TRAIN_KEYS = ("loss", "train_loss", "train_runtime", "reward")
_TUNE = re.compile(r"\AStep (\d{1,12}) \| (.{1,20000})\Z")
_TUNE_PAIR = re.compile(r"(\S{1,200}?):(\S{1,64})(?:\s|\Z)")
_MLX = re.compile(r"\AIter (\d{1,12}): (Train|Val) loss (\S{1,40}?),? (.{0,1000})\Z")
_MLX_PAIR = re.compile(
    r"([A-Z][A-Za-z/ .]{1,60}?) ([-+\d.e]{1,40}|nan|inf)(?: [A-Za-z]{1,8})?(?:, |\Z)"
)
_PLAN = re.compile(
    r"(Num Epochs|Total optimization steps|Instantaneous batch size per device) = ([\d,]{1,20})"
)


def read(path: Path, judged_step: int | None) -> TrainingLog:
    return whole(reader(path), judged_step)


def reader(path: Path) -> FileReader:
    return FileReader(path, "captured", Capture)


def is_log(head: bytes) -> bool:
    """Whether a file's first part holds rows that only a trainer prints."""
    if b"\x00" in head:
        return False
    capture = Capture()
    capture.feed(head)
    capture.close_row()
    return any(key.endswith("loss") or key == "reward" for key in capture.gathered.named()[0])


class Capture:
    def __init__(self) -> None:
        self.gathered = Gathered()
        self._lines = Lines(_MOST_LINE, returns=True)
        self._trainer = _TrainerRows(self.gathered)

    def feed(self, chunk: bytes) -> None:
        for line in self._lines.feed(chunk):
            self._line(_plain(line))
        # The bar behind a row is drawn at once, but only the next drawing ends its line.
        self._trainer.bar(_plain(self._lines.rest()))

    def end(self) -> None:
        self._line(_plain(self._lines.take_rest()))
        self.close_row()
        if not self.gathered.series:
            raise InputError("The file holds no lines that a trainer printed.")

    def close_row(self) -> None:
        self._trainer.flush()

    def _line(self, line: str) -> None:
        if not line:
            return
        if line.startswith("Step ") and (tune := _TUNE.match(line)):
            self._tune(tune)
        elif line.startswith("Iter ") and (mlx := _MLX.match(line)):
            self._mlx(mlx)
        else:
            self._trainer.line(line)

    def _tune(self, match: re.Match[str]) -> None:
        values = [
            (own(key), value)
            for key, told in _TUNE_PAIR.findall(match[2])
            if (value := number(told)) is not None
        ]
        self.gathered.row(float(match[1]), values)

    def _mlx(self, match: re.Match[str]) -> None:
        step = float(match[1])
        loss = number(match[3])
        values = [] if loss is None else [("loss" if match[2] == "Train" else "eval_loss", loss)]
        values += [
            (own(key), value)
            for key, told in _MLX_PAIR.findall(match[4])
            if (value := number(told)) is not None and not key.startswith("Val took")
        ]
        if match[2] == "Val" and step <= 1 and loss is not None:
            self.gathered.notes["base"] = (
                f"the validation loss at iteration {match[1]} was taken before training: "
                f"{loss:g} is the base model's"
            )
        self.gathered.row(step, values)


class _TrainerRows:
    """Rows wait for the progress bar that is drawn after them and says their step."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._waiting: dict[str, float] | None = None
        self._done: int | None = None
        self._total: int | None = None
        self._sure = False
        self._rows = 0
        self._epoch_at: tuple[float, float] | None = None

    def line(self, line: str) -> None:
        start = line.find("{'")
        if start < 0:
            start = line.find('{"')
        if start >= 0 and line.endswith("}"):
            self._bar_in(line[:start], before=True)
            row = _pairs(line[start:])
            if _is_row(row):
                self.flush()
                self._waiting = row
            return
        self._bar_in(line)
        if " = " in line:
            self._announced(line)

    def bar(self, rest: str) -> None:
        """A drawing whose line has not ended."""
        if self._waiting is not None:
            self._bar_in(rest)

    def flush(self) -> None:
        """The waiting row goes in with the step that is known now."""
        row, self._waiting = self._waiting, None
        if row is None:
            return
        epoch = row.pop("epoch", None)
        step = self._step(row, epoch)
        values = [(own(key), value) for key, value in row.items()]
        self._gathered.row(step, values, epoch)

    def _step(self, row: dict[str, float], epoch: float | None) -> float:
        plan = self._gathered.plan
        if self._done is not None:
            return float(self._done)
        if epoch is not None and plan.max_steps and plan.epochs:
            return float(round(epoch / plan.epochs * plan.max_steps))
        self._gathered.notes["axis"] = "the capture names no steps: its rows are counted"
        if "loss" in row or not self._rows:
            # What is evaluated stands at the training row before it.
            self._rows += 1
        return float(self._rows)

    def _bar_in(self, text: str, *, before: bool = False) -> None:
        if "%|" not in text:
            return
        for match in _BAR.finditer(text):
            done, total = int(match[1]), int(match[2])
            if self._is_training(total, before) and done <= total:
                self._done = done
                if not before:
                    self.flush()

    def _is_training(self, total: int, before: bool) -> bool:
        """Evaluation draws bars of its own. The one behind a training row is training's;
        until then it is the first that was drawn."""
        after_row = not before and self._waiting is not None and "loss" in self._waiting
        if not self._sure and (self._total is None or after_row):
            self._total, self._sure = total, after_row
            self._gathered.plan.max_steps = total
        return total == self._total

    def _announced(self, line: str) -> None:
        for name, told in _PLAN.findall(line):
            value = positive(told.replace(",", ""))
            if name == "Num Epochs":
                self._gathered.plan.epochs = finite(value)
            elif name.startswith("Total"):
                self._gathered.plan.max_steps = self._total = value
                self._sure = True
            else:
                self._gathered.plan.batch_size = value


def _pairs(text: str) -> dict[str, float]:
    found = {}
    for key, single, double, bare in _PAIR.findall(text):
        value = number(single or double or bare)
        if value is not None:
            found[key] = value
    return found


def _is_row(row: dict[str, float]) -> bool:
    if "epoch" not in row and "learning_rate" not in row:
        return False
    return any(key in row for key in _TRAIN_KEYS) or any(key.startswith("eval_") for key in row)


def _plain(line: bytes) -> str:
    text = line.decode("utf-8", "replace")
    return (_CODES.sub("", text) if "\x1b" in text else text).strip()
