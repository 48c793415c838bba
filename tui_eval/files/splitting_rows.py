"""A file's rows for a split: what describes them, and the bytes they are written as."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tui_eval.config import DataConfig
from tui_eval.core.text import content_id, digest, fold
from tui_eval.errors import InputError
from tui_eval.files.datasets import shapes
from tui_eval.files.datasets.json_rows import is_lines
from tui_eval.files.datasets.rows import LONGEST, DamagedRow, container, open_bytes, rows
from tui_eval.files.datasets.strict_json import WrittenFloat
from tui_eval.files.datasets.turns import as_text
from tui_eval.files.raw import why

_LABELS = {
    "category": shapes.CATEGORIES,
    "time": shapes.TIMES,
    "group": shapes.GROUPS,
}
_WHOLE = re.compile(r"-?[0-9]+(?:\.0*)?(?:[eE][+-]?[0-9]+)?\Z")
_LONGEST_NUMBER = 30
_PROMPTS = (*shapes.PROMPTS, "instruction", "question", "text")


@dataclass(frozen=True, slots=True)
class Said:
    """A row's prompt, and the hashes that find it again."""

    text: str
    prompt: str
    """Of the folded prompt."""
    whole: str
    """Of prompt and answer, folded."""
    shaped: bool = True
    """False: it is of no known shape, and its prompt is a guess, or the whole row."""


def said(row: Mapping[str, Any], fields: DataConfig) -> Said:
    """What a row asks. Rows of equal ``prompt`` must not part."""
    try:
        made = shapes.detect(row, fields).turns(row, fields)
        if made.text is not None:
            whole, prompt = shapes.folded_hashes(made)
            return Said(made.text, prompt, whole)
        turns = [turn for turn in made.messages if turn.role not in ("system", "developer")]
        answers = [place for place, turn in enumerate(turns) if turn.role == "assistant"]
        text = "\n".join(turn.content for turn in turns[: answers[-1] if answers else None])
        if answers:
            whole, prompt = shapes.folded_hashes(made)
            return Said(text, prompt, whole)
        return _guess(text)
    except (DamagedRow, RecursionError):
        return _unshaped(row, fields)


def _unshaped(row: Mapping[str, Any], fields: DataConfig) -> Said:
    names = (fields.prompt,) if fields.prompt else _PROMPTS
    texts = (row[name] for name in names if name in row)
    text = next((text for text in texts if isinstance(text, str) and text.strip()), None)
    if text is not None:
        return _guess(text)
    try:
        key = content_id(row)
    except RecursionError:
        # Too deep to be written again: those of the same fields stay together.
        key = digest(" ".join(sorted(row)))
    return Said("", key, key, shaped=False)


def _guess(text: str) -> Said:
    key = digest(fold(text))
    return Said(text, key, key, shaped=False)


class Labels:
    """Category, time and group of rows, by the named field or the usual ones; which fields
    that were is counted."""

    def __init__(self, fields: DataConfig, *, group: bool = True) -> None:
        usual = {key: names for key, names in _LABELS.items() if group or key != "group"}
        self._names = {
            key: (named,) if (named := getattr(fields, key)) else names
            for key, names in usual.items()
        }
        self.used: dict[str, Counter[str]] = {key: Counter() for key in usual}

    def of(self, row: Mapping[str, Any]) -> dict[str, str | None]:
        return {key: self._label(key, row) for key in self._names}

    def _label(self, key: str, row: Mapping[str, Any]) -> str | None:
        for name in self._names[key]:
            if (value := row.get(name)) is not None and (text := _plain(value)):
                self.used[key][name] += 1
                return _one_name(text) if key == "group" else text
        return None


def _plain(value: Any) -> str:
    try:
        return as_text(value) or ""
    except DamagedRow:
        # A list or an object still tells groups and categories apart.
        return json.dumps(value, sort_keys=True, default=str)


def _one_name(text: str) -> str:
    """One spelling for a group that is a whole number: exporters write the same key as 1,
    1.0 and "1", and a column with a gap turns to floats as a whole. Leading zeros stay: 007
    is a key, not a number."""
    if len(text) > _LONGEST_NUMBER or not _WHOLE.match(text) or text.isdecimal():
        return text
    if text.lstrip("-")[:1] == "0" and text.lstrip("-")[1:2].isdecimal():
        return text
    try:
        number = Decimal(text)
        whole = number.adjusted() < _LONGEST_NUMBER and number == number.to_integral_value()
    except ArithmeticError:
        return text
    return str(int(number)) if whole else text


@dataclass(frozen=True, slots=True)
class SourceRow:
    index: int
    number: int
    """The physical line where it begins, or the 1-based row where lines mean nothing."""
    value: dict[str, Any] | None
    fault: str
    source: str


class Source:
    """A file or folder of rows, read as often as needed. ``lines``: its rows are lines of
    JSON, and are copied byte for byte."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.container = container(path)
        self.lines = self.container == "json" and is_lines(path)
        self.notes: list[str] = []
        self.unwritable = 0
        """Values that lines of JSON have no word for, met while writing."""

    def hash(self) -> str:
        """Of all bytes, as sha256sum has it; of a folder, of its files' names and bytes."""
        try:
            if self.path.is_file():
                with self.path.open("rb") as file:
                    return hashlib.file_digest(file, "sha256").hexdigest()
            whole = hashlib.sha256()
            for path in sorted(self.path.rglob("*")):
                if path.is_file():
                    with path.open("rb") as file:
                        whole.update(
                            str(path.relative_to(self.path)).encode("utf-8", "surrogateescape")
                            + b"\0"
                        )
                        whole.update(hashlib.file_digest(file, "sha256").digest())
            return whole.hexdigest()
        except OSError as error:
            raise InputError(f"{self.path} can't be read: {why(error)}.") from error

    def rows(self) -> Iterator[SourceRow]:
        self.notes.clear()
        for index, row in enumerate(rows(self.path, "train", self.notes)):
            name = row.source or self.path.name
            yield SourceRow(index, row.number, row.value, row.fault, name)

    def written(self) -> Iterator[tuple[int, bytes]]:
        """``(index, bytes)`` of each row as a line with its end; a long line in parts."""
        if self.lines:
            yield from _raw_lines(self.path)
            return
        self.unwritable = 0
        for row in self.rows():
            if row.value is None:
                raise InputError(f"{row.source}, row {row.number}: {row.fault}.")
            yield row.index, self._line(row.value)

    def _line(self, value: dict[str, Any]) -> bytes:
        lost = [0]
        text = _json(value, lost)
        self.unwritable += lost[0]
        return text.encode("utf-8") + b"\n"


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, as they are; a byte order mark is dropped, a last line
    without an end gets one."""
    index = -1
    begins = first = True
    try:
        with open_bytes(path) as file:
            while chunk := file.readline(LONGEST + 1):
                ended = chunk.endswith(b"\n")
                whole = ended or len(chunk) <= LONGEST
                if first:
                    chunk, first = chunk.removeprefix(b"\xef\xbb\xbf"), False
                if begins and whole and (chunk.isspace() or not chunk):
                    continue
                index += begins
                begins = whole
                yield index, chunk if ended or not whole else chunk + b"\n"
            if not begins:
                yield index, b"\n"
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path} is a damaged gzip file: {error}.", "Its last rows are lost; copy it again."
        ) from error
    except OSError as error:
        raise InputError(f"{path} can't be read: {why(error)}.") from error


def _json(value: Any, lost: list[int]) -> str:
    """JSON with numbers as they were written. What JSON has no word for (NaN, infinity)
    becomes null, and is counted in ``lost`` as bytes are, of which only the size is told."""
    if isinstance(value, WrittenFloat):
        return value.text
    if isinstance(value, float) and not math.isfinite(value):
        lost[0] += 1
        return "null"
    if isinstance(value, dict):
        lost[0] += value.keys() == {"bytes"} and isinstance(value["bytes"], int)
        parts = [f"{_text(str(key))}: {_json(entry, lost)}" for key, entry in value.items()]
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_json(entry, lost) for entry in value) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
