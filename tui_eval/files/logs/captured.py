"""What a training run printed, captured in a file: the Trainer's dictionaries (version 4
writes numbers, 5 texts), torchtune's ``Step 12 | loss:…`` and MLX-LM's ``Iter 10: …``.

A capture holds whatever else was printed, terminal codes and progress bars, which are
redrawn behind a carriage return. The Trainer prints no steps: they are read off the
training's progress bar, redrawn after each row, else from the planned steps and epochs
that were announced, else rows are counted.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from tui_eval.core.records import TrainingLog
from tui_eval.core.steps.curve_rows import COUNTED
from tui_eval.errors import InputError
from tui_eval.files.logs.parts.gathered import Gathered
from tui_eval.files.logs.parts.names import own
from tui_eval.files.logs.parts.numbers import finite, number, positive
from tui_eval.files.logs.parts.reader import FileReader, whole
from tui_eval.files.logs.parts.tail import Lines

_MOST_LINE = 1 << 16
_MOST_COUNTED = 200_000
# Older Trainers print epochs with two digits.
_AGREE = 0.1
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
    """Rows wait for the progress bar that is drawn after them and says their step.

    Where bars are missing or stood still, a row's epoch tells its step once a pair of the
    two is known; rows before that are counted, and placed anew then.
    """

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._waiting: dict[str, float] | None = None
        self._bar = _TrainingBar()
        self._moved = False
        self._last: tuple[float, float | None] = (0.0, None)
        """Step and epoch of the row before."""
        self._rate: float | None = None
        self._pair: float | None = None
        self._counted: list[dict[str, float]] = []
        self._count = 0

    def line(self, line: str) -> None:
        start = min((at for at in (line.find("{'"), line.find('{"')) if at >= 0), default=-1)
        if start >= 0 and line.endswith("}"):
            row = _pairs(line[start:])
            if _is_row(row):
                self._look(line[:start])
                self.flush()
                self._waiting = row
                return
        self._look(line)
        if " = " in line:
            self._announced(line)

    def bar(self, rest: str) -> None:
        """A drawing whose line has not ended."""
        if self._waiting is not None:
            self._look(rest)

    def flush(self) -> None:
        """The waiting row goes in with what is known of its step without a bar behind it."""
        row, self._waiting = self._waiting, None
        if row is None:
            return
        step = self._guessed(row)
        if step is None:
            self._count_row(row)
        else:
            self._take(row, step)

    def _look(self, text: str) -> None:
        """Takes in the bars of a text; one of training places the waiting row."""
        if "%|" not in text:
            return
        row = self._waiting
        done = self._bar.seen(text, row is not None and "loss" in row)
        if self._bar.total is not None:
            self._gathered.plan.max_steps = self._bar.total
        if done is None:
            return
        self._moved = self._moved or done != self._last[0]
        if row is not None and done > 0 and not self._stale(row, float(done)):
            self._waiting = None
            self._learn(row.get("epoch"), float(done))
            if self._counted:
                self._count_row(row)
            else:
                self._take(row, float(done))

    def _stale(self, row: dict[str, float], done: float) -> bool:
        """A later row than the one before at no later step: the bar stood still."""
        step, epoch = self._last
        return done <= step and epoch is not None and row.get("epoch", epoch) > epoch

    def _guessed(self, row: dict[str, float]) -> float | None:
        epoch, plan = row.get("epoch"), self._gathered.plan
        if epoch is not None and plan.max_steps and plan.epochs:
            return float(round(epoch / plan.epochs * plan.max_steps))
        if epoch is not None and epoch == self._last[1]:
            return self._last[0]
        if epoch is not None and self._rate is not None:
            return float(round(epoch * self._rate))
        if self._moved and self._bar.done and not self._counted:
            return float(self._bar.done)
        return None

    def _learn(self, epoch: float | None, done: float) -> None:
        """Steps of an epoch, by a bar behind a row. One pair may be torn out of its order,
        as in a capture of a drawn terminal: rows are placed anew when two agree."""
        if not epoch or epoch <= 0 or not math.isfinite(epoch):
            return
        rate, before = done / epoch, self._pair
        self._pair = rate
        if self._counted and (before is None or abs(rate / before - 1) > _AGREE):
            return
        self._rate = rate
        if self._counted:
            rows, self._counted, self._count = self._counted, [], 0
            self._gathered.series.clear()
            self._gathered.last_step = None
            self._gathered.notes.pop("axis", None)
            for row in rows:
                self._take(row, float(round(row.get("epoch", 0.0) * rate)))

    def _count_row(self, row: dict[str, float]) -> None:
        self._gathered.notes["axis"] = COUNTED
        if "loss" in row or not self._count:
            # What is evaluated stands at the training row before it.
            self._count += 1
        if len(self._counted) < _MOST_COUNTED:
            self._counted.append(row)
        self._put(row, float(self._count))

    def _take(self, row: dict[str, float], step: float) -> None:
        self._last, self._moved = (step, row.get("epoch")), False
        self._put(row, step)

    def _put(self, row: dict[str, float], step: float) -> None:
        values = [(own(key), value) for key, value in row.items() if key != "epoch"]
        self._gathered.row(step, values, row.get("epoch"))

    def _announced(self, line: str) -> None:
        for name, told in _PLAN.findall(line):
            value = positive(told.replace(",", ""))
            if name == "Num Epochs":
                self._gathered.plan.epochs = finite(value)
            elif name.startswith("Total"):
                self._gathered.plan.max_steps = self._bar.total = value
                self._bar.sure = True
            else:
                self._gathered.plan.batch_size = value


class _TrainingBar:
    """Which of the bars that are drawn is training's, and how far it is.

    Evaluation draws bars of its own. The one behind a training row is training's; until
    then it is the first that was drawn.
    """

    def __init__(self) -> None:
        self.total: int | None = None
        self.sure = False
        self.done: int | None = None

    def seen(self, text: str, after_row: bool) -> int | None:
        """The first step that a bar of training shows in the text."""
        found = None
        for match in _BAR.finditer(text):
            done, total = int(match[1]), int(match[2])
            if not self.sure and (self.total is None or (after_row and done > 0)):
                self.total, self.sure = total, after_row and done > 0
            if total == self.total and done <= total:
                self.done = done
                found = done if found is None else found
        return found


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
