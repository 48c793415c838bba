"""Files of answers, row by row: what is usable, and of what is not the line and the reason.

A folder stands for the newest ``samples_TASK_DATE.jsonl`` of each task in it, as
lm-evaluation-harness leaves them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files import inspect_logs
from tui_eval.files.answer_rows import Documents, Given, given
from tui_eval.files.datasets.rows import DamagedRow, Row, rows
from tui_eval.files.raw import entries, is_file, is_folder

MOST_ROWS = 200_000
TWICE = "its id stands on another line too"
LONGEST_REASON = 80
_TOLD, _LOOKED_AT = 5, 5
_REASONS = 3
"""Why rows can't be used, of which the commonest are named."""
_SAMPLES = re.compile(r"samples_(.+)_(\d{4}-\d\d-\d\dT[\d.-]+)\.jsonl\Z")


@dataclass(frozen=True, slots=True)
class AnswerFile:
    path: Path
    rows: tuple[Given, ...]
    bad: int = 0
    faults: tuple[str, ...] = ()
    """The first rows that can't be used, each with its line and the reason."""
    reasons: tuple[tuple[str, int, str], ...] = ()
    """Why rows can't be used, the commonest first, each with its count and first line."""
    repeats: int = 0
    """Rows that hold an answer once more: of another filter."""

    @property
    def fault(self) -> str:
        """``3 rows can't be used (line 4: no answer; ...)``; empty if nothing is wrong."""
        if not self.bad:
            return ""
        more = f"; and {self.bad - len(self.faults)} more" if self.bad > len(self.faults) else ""
        rows_ = f"{self.bad} row{'' if self.bad == 1 else 's'}"
        return f"{rows_} can't be used ({'; '.join(self.faults)}{more})"

    @property
    def counted(self) -> str:
        """``3 rows can't be used: no answer 2 (from line 4), not JSON 1 (line 9)``."""
        if not self.bad:
            return ""
        some = ", ".join(
            f"{why} {n:,} ({'from ' if n > 1 else ''}{place})"
            for why, n, place in self.reasons[:_REASONS]
        )
        rest = sum(n for _, n, _ in self.reasons[_REASONS:])
        more = f", others {rest:,}" if rest else ""
        return f"{self.bad:,} row{'' if self.bad == 1 else 's'} can't be used: {some}{more}"


def read_answers(path: Path, task: str | None = None) -> AnswerFile:
    """The rows of a file of answers; of a folder those of ``task``, or where none is of that
    name those of all tasks. InputError where it can't be read or no row is usable; a row that
    can't be used is counted, with its line and the reason."""
    reading = _Reading(path)
    folder = is_folder(path)
    for file in samples_in(path, task) if folder else (path,):
        reading.read(file, f"{clean(file.name)} " if folder else "")
    return reading.done()


def samples_in(folder: Path, task: str | None = None) -> tuple[Path, ...]:
    """The newest samples of each task, or of ``task`` where there are some. InputError where
    there are none, or those of several models."""
    newest: dict[str, tuple[str, Path]] = {}
    for path in entries(folder):
        found = _SAMPLES.match(path.name)
        if found and is_file(path):
            newest[found[1]] = max(newest.get(found[1], ("", path)), (found[2], path))
    if not newest:
        inner = [one for one in entries(folder) if is_folder(one) and _holds_samples(one)]
        if len(inner) == 1:
            return samples_in(inner[0], task)
        named = f" Name one of the models: {', '.join(one.name for one in inner)}" if inner else ""
        raise InputError(
            f"{clean(str(folder))} is a folder without samples_TASK_DATE.jsonl.",
            clean(named.strip() or "Name a file of answers."),
        )
    if task in newest:
        return (newest[task][1],)
    return tuple(path for _, path in newest.values())


def _holds_samples(folder: Path) -> bool:
    return any(_SAMPLES.match(path.name) for path in entries(folder))


def is_answers(path: Path) -> bool:
    """Whether a file, or a folder of samples, is answers by its first rows."""
    try:
        if is_folder(path):
            return bool(samples_in(path))
        for row in islice(_rows(path), _LOOKED_AT):
            try:
                given(row)
            except (DamagedRow, RecursionError):
                continue
            return True
    except InputError:
        pass
    return False


class _Reading:
    """What was read so far of one file, or of several as if they were one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[Given] = []
        self._others: dict[int, list[str]] = {}
        """Further answers by place in the list."""
        self._problems: dict[str, int] = {}
        self._lines: dict[str, str] = {}
        self._documents = Documents()
        self._faults: list[str] = []
        self._reasons: Counter[str] = Counter()
        self._places: dict[str, str] = {}
        self._bad = self._repeats = self._answers = 0

    def read(self, path: Path, where: str = "") -> None:
        offset = self._found[-1].number if self._found else 0
        for row in _rows(path):
            place = f"{where}line {row.number}"
            try:
                self._take(given(row), place, offset)
            except DamagedRow as damage:
                self._skip(place, clean(str(damage)))
            except RecursionError:
                self._skip(place, "nested too deeply")

    def _skip(self, place: str, why: str) -> None:
        self._bad += 1
        # What names the row (its id, the place in it) would count each by itself.
        kind = TWICE if why.startswith("its id ") else why.partition(":")[0]
        kind = kind[:LONGEST_REASON]
        self._reasons[kind] += 1
        self._places.setdefault(kind, place)
        if len(self._faults) < _TOLD:
            self._faults.append(f"{place}: {why}")

    def _take(self, made: Given, place: str, offset: int) -> None:
        if made.document:
            named = self._documents.named(made, place)
            if named is None:
                self._repeats += 1
                return
            made = replace(made, id=named)
        self._count(1 + len(made.others))
        if made.problem and made.problem in self._problems:
            at = self._problems[made.problem]
            if made.verbatim != self._found[at].verbatim:
                raise DamagedRow("completion and solution among one problem's samples")
            self._others[at].append(made.answer)
            return
        if made.id in self._lines:
            raise DamagedRow(f"its id {clean(made.id)[:40]!r} stands on {self._lines[made.id]} too")
        if made.id:
            self._lines[made.id] = place
        at = len(self._found)
        if made.problem:
            self._problems[made.problem] = at
        self._others[at] = list(made.others)
        self._found.append(replace(made, number=made.number + offset))

    def _count(self, answers: int) -> None:
        self._answers += answers
        if self._answers > MOST_ROWS:
            raise InputError(
                f"{clean(str(self._path))} holds more than {MOST_ROWS} answers.",
                "Choose those that are to be judged, and write them into another file.",
            )

    def done(self) -> AnswerFile:
        if not self._found:
            told = "".join(f"\n  {fault}" for fault in self._faults)
            raise InputError(
                f"{clean(str(self._path))} has no usable answer{told}",
                "A row needs an id or a prompt, and an answer: "
                '{"id": 1, "prompt": "...", "answer": "..."}',
            )
        found = (replace(one, others=tuple(self._others[at])) for at, one in enumerate(self._found))
        reasons = tuple((why, n, self._places[why]) for why, n in self._reasons.most_common())
        faults = tuple(self._faults)
        return AnswerFile(self._path, tuple(found), self._bad, faults, reasons, self._repeats)


def _rows(path: Path) -> Iterator[Row]:
    if path.is_file() and inspect_logs.is_packed(path):
        inspect_logs.refuse_packed(path)
    if path.is_file() and inspect_logs.is_log(path):
        return inspect_logs.rows(path)
    return rows(path, "validation", [])
