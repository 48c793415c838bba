"""TensorBoard event files, read without the packages that write them.

A file is a chain of records (length, checksum of the length, data, checksum of the data);
each record is an event (wall time, step, summary of tagged values). Values are float32.
Every event file of the folder belongs to the run: the Trainer opens a new one to
evaluate, and another when it resumes.
"""

from __future__ import annotations

import json
import re
import struct
from functools import lru_cache
from pathlib import Path

from tui_eval.core.records import TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.logs.parts import protobuf
from tui_eval.files.logs.parts.crc import masked
from tui_eval.files.logs.parts.gathered import Gathered, merged, plan_of
from tui_eval.files.logs.parts.names import own
from tui_eval.files.logs.parts.protobuf import BYTES, FIXED32, FIXED64, VARINT, WireError
from tui_eval.files.logs.parts.reader import FileReader, Reader, whole
from tui_eval.files.logs.parts.tail import GONE
from tui_eval.files.raw import entries, is_file

MARK = ".tfevents."
_WRITTEN = re.compile(r"\.tfevents\.(\d{1,12})")
# Longer records hold pictures, graphs or sound.
_MOST_RECORD = 1 << 20
_CHECKED = 512
"""Records of a file whose data is checked; a checksum in plain Python costs more than the
rest of the reading. Every length is checked, so a shift can't go unnoticed."""
_MOST_FILES = 500
_MOST_PARTS = 20

_FLOAT, _DOUBLE, _INT32, _STRING, _INT64, _HALF = 1, 2, 3, 7, 9, 19
_LAYOUT = {_FLOAT: "<f", _DOUBLE: "<d", _INT32: "<i", _INT64: "<q", _HALF: "<e"}


def read(path: Path, judged_step: int | None) -> TrainingLog:
    return whole(reader(path), judged_step)


def reader(path: Path) -> Events:
    return Events(path)


def is_events(path: Path) -> bool:
    return MARK in path.name and not path.name.endswith(".profile-empty")


def written(path: Path) -> tuple[int, str]:
    """When a file was begun, by its name; files are merged in this order."""
    match = _WRITTEN.search(path.name)
    return int(match[1]) if match else 0, path.name


class Events(Reader):
    """All event files beside ``path``, those included that appear while it is followed."""

    format = "tensorboard"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._files: dict[Path, FileReader] = {}
        self._before: list[Gathered] | None = None
        """What the run logged before it was resumed, in folders of their own."""
        self._merged: tuple[tuple[tuple[Gathered, int], ...], Gathered] | None = None

    def read_on(self) -> bool:
        beside = [p for p in entries(self.path.parent) if is_events(p) and is_file(p)]
        if self.path not in beside and (is_file(self.path) or not (beside or self._files)):
            beside.append(self.path)
        for path in sorted(beside, key=written)[-_MOST_FILES:]:
            if path not in self._files:
                self._files[path] = FileReader(path, self.format, EventFile)
        came = False
        for path, file in self._files.items():
            try:
                came |= file.read_on()
            except InputError:
                if path == self.path and file.gathered().taken == 0:
                    raise
        return self._forget() or came

    def _forget(self) -> bool:
        """A file that is gone while others are there was cleared away for another run;
        whether there was any. With all of them gone what was read is kept."""
        away = {path for path, file in self._files.items() if file.trouble == GONE}
        if len(away) == len(self._files):
            self.trouble = GONE
            return False
        if away:
            self._files = {path: file for path, file in self._files.items() if path not in away}
            self._before = None
        newest = max(self._files, key=written)
        self.trouble = self._files[newest].trouble
        return bool(away)

    def end(self) -> None:
        for file in self._files.values():
            file.end()

    def gathered(self) -> Gathered:
        in_order = sorted(self._files, key=written)
        own_files = [self._files[path].gathered() for path in in_order]
        if self._before is None and any("loss" in each.series for each in own_files):
            self._before = _earlier(self.path.parent, merged(own_files))
        parts = [*(self._before or ()), *own_files]
        state = tuple((part, part.taken) for part in parts)
        if self._merged is None or self._merged[0] != state:
            self._merged = state, merged(parts)
        return self._merged[1]


def _earlier(folder: Path, later: Gathered) -> list[Gathered]:
    """The parts of a resumed run, oldest first. A Trainer that resumes logs into a new
    folder beside the old; a run that starts anew begins where the old one began."""
    if folder.parent.name != "runs":
        return []
    begun = {}
    for place in entries(folder.parent):
        files = sorted(filter(is_events, entries(place)), key=written) if place != folder else []
        if files:
            begun[place] = files
    own_start = min((written(p) for p in entries(folder) if is_events(p)), default=(0, ""))
    found: list[Gathered] = []
    for files in sorted(begun.values(), key=lambda files: written(files[0]), reverse=True):
        if written(files[0]) >= own_start or len(found) >= _MOST_PARTS:
            continue
        part = _read(files[-_MOST_FILES:])
        if not _continues(part, later):
            break
        part.notes["resumed"] = f"resumed: begun in {files[0].parent.name}"
        found.insert(0, part)
        later = part
    return found


def _read(files: list[Path]) -> Gathered:
    readers = [FileReader(path, Events.format, EventFile) for path in files]
    for reader_ in readers:
        try:
            reader_.read_on()
        except InputError:
            continue
    return merged(reader_.gathered() for reader_ in readers)


def _continues(part: Gathered, later: Gathered) -> bool:
    """Whether the later losses begin after the first and about where the last one stood."""
    if "loss" not in part.series or "loss" not in later.series:
        return False
    steps = [point.step for point in part.series["loss"].points()]
    first = later.series["loss"].points()[0].step
    apart = (steps[-1] - steps[0]) / (len(steps) - 1) if len(steps) > 1 else 0.0
    return steps[0] < first <= steps[-1] + 2 * apart


class EventFile:
    def __init__(self) -> None:
        self.gathered = Gathered()
        self._buffer = b""
        self._skip = 0
        """Bytes of a record too long to keep that are still to come."""
        self._place = 0
        self._records = 0
        self._lost = False
        self._row = _Row(self.gathered)

    def feed(self, chunk: bytes) -> None:
        if self._lost:
            return
        if self._skip:
            dropped = min(self._skip, len(chunk))
            self._skip -= dropped
            self._place += dropped
            chunk = chunk[dropped:]
        buffer = self._buffer + chunk
        at = self._records_of(buffer)
        self._buffer = buffer[at:]
        self._place += at
        if self._lost:
            self._buffer = b""
            self.gathered.notes["lost"] = (
                f"the event file is damaged after {self._place:,} bytes; the rest is not read"
            )
        self._row.flush()

    def end(self) -> None:
        if self._lost and not self._records:
            raise InputError("The file is no TensorBoard event file, or damaged at its start.")

    def _records_of(self, buffer: bytes) -> int:
        """Takes every whole record; returns where the first unfinished one begins."""
        at = 0
        while len(buffer) - at >= 12:
            length, check = struct.unpack_from("<QI", buffer, at)
            if _length_check(buffer[at : at + 8]) != check:
                self._lost = True
                return at
            end = at + 12 + length + 4
            if length > _MOST_RECORD:
                self._skip = max(0, end - len(buffer))
                at = min(end, len(buffer))
                continue
            if end > len(buffer):
                break
            self._record(buffer[at + 12 : end - 4], buffer, end - 4)
            at = end
        return at

    def _record(self, data: bytes, buffer: bytes, check_at: int) -> None:
        self._records += 1
        try:
            if self._records <= _CHECKED and struct.unpack_from("<I", buffer, check_at)[
                0
            ] != masked(data):
                raise WireError("checksum")
            self._event(data)
        except WireError:
            self.gathered.damaged += 1

    def _event(self, data: bytes) -> None:
        time: float | None = None
        step = 0
        summaries = []
        for number, kind, value, raw in protobuf.fields(data):
            if number == 1 and kind == FIXED64:
                time = struct.unpack("<d", raw)[0]
            elif number == 2 and kind == VARINT:
                step = protobuf.signed(value)
            elif number == 5 and kind == BYTES:
                summaries.append(raw)
        for summary in summaries:
            for number, kind, _, raw in protobuf.fields(summary):
                if number == 1 and kind == BYTES:
                    self._value(raw, step, time)

    def _value(self, raw: bytes, step: int, time: float | None) -> None:
        tag, value = "", None
        for number, kind, _, part in protobuf.fields(raw):
            if number == 1 and kind == BYTES:
                tag = protobuf.text(part)
            elif number == 2 and kind == FIXED32:
                value = shortest(struct.unpack("<f", part)[0])
            elif number == 8 and kind == BYTES:
                if tag.startswith("args"):
                    _arguments(part, self.gathered)
                else:
                    value = scalar(part)
        if tag and value is not None and step >= 0:
            self._row.take(float(step), tag, value, time)


@lru_cache(maxsize=1024)
def _length_check(length: bytes) -> int:
    """Most records of a file are of few lengths."""
    return masked(length)


class _Row:
    """The values of one step, kept together until the next, since the epoch is written
    after the values that it belongs to."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._step: float | None = None
        self._time: float | None = None
        self._epoch: float | None = None
        self._values: dict[str, float] = {}
        self._fresh = False

    def take(self, step: float, tag: str, value: float, time: float | None) -> None:
        if step != self._step:
            self.flush()
            self._step, self._epoch, self._values = step, None, {}
        if tag in ("train/epoch", "epoch"):
            self._epoch = value
        else:
            self._values[own(tag)] = value
            self._time = time
        self._fresh = True

    def flush(self) -> None:
        if self._fresh and self._step is not None:
            self._gathered.row(self._step, self._values.items(), self._epoch, self._time)
            self._fresh = False


def shortest(value: float) -> float:
    """What was written before it was cut to float32, where 7 digits tell it: 0.6491 and
    not 0.6491000056266785. Values of the Trainer have no more."""
    told = float(format(value, ".7g"))
    return told if struct.pack("<f", told) == struct.pack("<f", value) else value


def scalar(tensor: bytes) -> float | None:
    """A tensor of one number, else None."""
    kind_of, content = 0, b""
    values: list[float] = []
    for number, kind, value, raw in protobuf.fields(tensor):
        if number == 1 and kind == VARINT:
            kind_of = value
        elif number == 4 and kind == BYTES:
            content = raw
        elif number == 5 and kind in (BYTES, FIXED32):
            values += _unpacked("<f", raw)
        elif number == 6 and kind in (BYTES, FIXED64):
            values += _unpacked("<d", raw)
        elif number in (7, 10) and kind == VARINT:
            values.append(protobuf.signed(value))
        elif number in (7, 10) and kind == BYTES and kind_of != _STRING:
            found, end = protobuf.varint(raw, 0)
            values += [protobuf.signed(found)] if end == len(raw) else [0.0, 0.0]
    layout = _LAYOUT.get(kind_of)
    if layout is None:
        return None
    if content and not values:
        values = _unpacked(layout, content)
    if len(values) != 1:
        return None
    return shortest(values[0]) if kind_of == _FLOAT else float(values[0])


def _unpacked(layout: str, raw: bytes) -> list[float]:
    """One number; two stand for any more, which is no scalar."""
    size = struct.calcsize(layout)
    if len(raw) != size:
        return [] if len(raw) < size else [0.0, 0.0]
    return [float(struct.unpack(layout, raw)[0])]


def _arguments(tensor: bytes, gathered: Gathered) -> None:
    """The Trainer's own arguments, which it writes as a text."""
    for number, kind, _, raw in protobuf.fields(tensor):
        if number == 8 and kind == BYTES:
            try:
                told = json.loads(protobuf.text(raw))
            except (ValueError, RecursionError):
                continue
            if isinstance(told, dict):
                plan_of(told, gathered.plan)
