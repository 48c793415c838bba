"""Offline runs of Weights & Biases: ``run-*.wandb``, read directly, also while it grows.

The file is a short header and a log of 32 KiB blocks; a record lies in one block or in
pieces over several, each piece with its checksum, length and place. Records are protocol
buffers, of which the history (metrics) and the configuration are looked at.
"""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

from tui_eval.core.records import TrainingLog
from tui_eval.errors import InputError
from tui_eval.files.logs.parts import protobuf
from tui_eval.files.logs.parts.gathered import Gathered, plan_of
from tui_eval.files.logs.parts.protobuf import BYTES, VARINT, WireError
from tui_eval.files.logs.parts.reader import FileReader, whole
from tui_eval.files.logs.parts.rows import Rows

HEAD = b":W&B"
_HEADER = 7
"""Of the file, and of each piece: checksum (4), length (2), place (1)."""
_BLOCK = 32_768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
# Longer records hold captured output or tables.
_MOST_RECORD = 8 << 20
_MOST_VALUE = 1 << 16

# Numbers of the fields, by message.
_HISTORY, _CONFIG, _RUN = 2, 5, 17
_RUN_CONFIG = 4
_ITEM, _STEP = 1, 2
_KEY, _NESTED_KEY, _VALUE = 1, 2, 16


def read(path: Path, judged_step: int | None) -> TrainingLog:
    return whole(reader(path), judged_step)


def reader(path: Path) -> FileReader:
    return FileReader(path, "wandb", OfflineRun)


class OfflineRun:
    def __init__(self) -> None:
        self.gathered = Gathered()
        self._rows = Rows(self.gathered)
        self._buffer = b""
        self._place = 0
        """Of the buffer's start in the file."""
        self._pieces: list[bytes] | None = None
        self._size = 0
        self._calls = 0
        self._refused = False
        self._config: dict[str, Any] = {}

    def feed(self, chunk: bytes) -> None:
        if self._refused:
            return
        buffer = self._buffer + chunk
        at = 0
        if not self._place:
            if len(buffer) < _HEADER:
                self._buffer = buffer
                return
            self._refused = not buffer.startswith(HEAD)
            at = _HEADER
        at = len(buffer) if self._refused else self._taken(buffer, at)
        self._buffer = buffer[at:]
        self._place += at

    def end(self) -> None:
        if self._refused or not self._place:
            raise InputError("The file is no offline run of Weights & Biases.")

    def _taken(self, buffer: bytes, at: int) -> int:
        """Takes every whole piece; returns where the first unfinished one begins."""
        while True:
            left = _BLOCK - (self._place + at) % _BLOCK
            if left < _HEADER:
                if len(buffer) - at < left:
                    return at
                at += left
                continue
            if len(buffer) - at < _HEADER:
                return at
            check, length, place = struct.unpack_from("<IHB", buffer, at)
            if length > left - _HEADER or not _FULL <= place <= _LAST:
                if len(buffer) - at < left:
                    return at  # Perhaps not written yet; a whole damaged block is passed by.
                self._break()
                at += left
                continue
            end = at + _HEADER + length
            if len(buffer) < end:
                return at
            data = buffer[at + _HEADER : end]
            if zlib.crc32(data, zlib.crc32(bytes((place,)))) == check:
                self._piece(place, data)
            else:
                self._break()
            at = end

    def _break(self) -> None:
        self.gathered.damaged += 1
        self._pieces = None

    def _piece(self, place: int, data: bytes) -> None:
        if place in (_FULL, _FIRST):
            self._pieces, self._size = [], 0
        if self._pieces is None:
            return
        self._size += len(data)
        if self._size <= _MOST_RECORD:
            self._pieces.append(data)
        else:
            self._pieces.clear()
        if place in (_FULL, _LAST):
            record = b"".join(self._pieces)
            self._pieces = None
            if self._size <= _MOST_RECORD:
                self._record(record)

    def _record(self, record: bytes) -> None:
        try:
            for number, kind, _, raw in protobuf.fields(record):
                if kind != BYTES:
                    continue
                if number == _HISTORY:
                    self._history(raw)
                elif number == _CONFIG:
                    self._configured(raw)
                elif number == _RUN:
                    for inner, inner_kind, _, config in protobuf.fields(raw):
                        if inner == _RUN_CONFIG and inner_kind == BYTES:
                            self._configured(config)
        except WireError:
            self.gathered.damaged += 1

    def _history(self, raw: bytes) -> None:
        row: dict[str, Any] = {}
        step: float | None = None
        for number, kind, _, part in protobuf.fields(raw):
            if number == _ITEM and kind == BYTES:
                _item(part, row)
            elif number == _STEP and kind == BYTES:
                for inner, inner_kind, value, _ in protobuf.fields(part):
                    if inner == 1 and inner_kind == VARINT:
                        step = float(protobuf.signed(value))
        if row:
            # A row without a counter of its own is one call of the logger.
            self._rows.take(row, float(self._calls) if step is None else max(step, 0.0))
            self._calls += 1

    def _configured(self, raw: bytes) -> None:
        for number, kind, _, part in protobuf.fields(raw):
            if number == 1 and kind == BYTES:
                _item(part, self._config, nested=False)
        plan_of(self._config, self.gathered.plan)
        self._config = {}


def _item(raw: bytes, row: dict[str, Any], *, nested: bool = True) -> None:
    """Puts one named value into the row, and the numbers of a value that has parts."""
    names: list[str] = []
    told = b""
    for number, kind, _, part in protobuf.fields(raw):
        if kind != BYTES:
            continue
        if number in (_KEY, _NESTED_KEY) and len(names) < 8:
            names.append(protobuf.text(part))
        elif number == _VALUE:
            told = part
    if not names or len(told) > _MOST_VALUE:
        return
    name = names[0] if len(names) == 1 else "/".join(filter(None, names))
    try:
        row[name] = float(told)
        return
    except ValueError:
        pass
    try:
        value = json.loads(told)
    except (ValueError, RecursionError):
        return
    _put(name, value, row, 4 if nested else 0)


def _put(name: str, value: Any, row: dict[str, Any], depth: int) -> None:
    if not isinstance(value, dict):
        row[name] = value
    elif depth and "_type" not in value:
        # A value with a type is a picture, table or histogram.
        for key, part in value.items():
            _put(f"{name}/{key}", part, row, depth - 1)
