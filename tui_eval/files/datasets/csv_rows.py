"""CSV: every column is text, the delimiter and the encoding are looked at, not assumed."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

from tui_eval.core.records import Split
from tui_eval.errors import InputError
from tui_eval.files.datasets.rows import LONGEST, DamagedRow, Row, first_bytes, lines

MOST_COLUMNS = 10_000
"""Of a header: more are no data set's columns, and each row would cost as many names."""

_DELIMITERS = (",", ";", "\t", "|")
_UNDECODED = re.compile("[\udc80-\udcff]")
_NAMES = {";": "semicolon", "\t": "tab", "|": "bar"}


def rows(path: Path, split: Split, notes: list[str]) -> Iterator[Row]:
    encoding = _encoding(path)
    if encoding != "utf-8":
        notes.append(f"{path.name} is not UTF-8 and was read as Windows-1252")
    delimiter = _delimiter(path, encoding)
    if delimiter != ",":
        notes.append(f"columns are parted by a {_NAMES[delimiter]}")
    records = _Records(path, encoding, delimiter)
    header = records.header()
    for start, record, fault in records:
        if fault:
            yield Row(start, None, fault)
        elif len(record) != len(header):
            counts = f"{len(record)} fields, the header has {len(header)}"
            yield Row(start, None, counts)
        elif any(_UNDECODED.search(value) for value in record if not value.isascii()):
            yield Row(start, None, "not UTF-8")
        else:
            yield Row(start, dict(zip(header, record, strict=True)))


def _encoding(path: Path) -> str:
    """UTF-8, unless the bytes that are not outnumber the characters that are: a file in an
    old encoding has no valid sequences, a damaged one has many."""
    wrong = right = 0
    for _, line, _ in lines(path):
        if not line.isascii():
            text = line.decode("utf-8", "surrogateescape")
            bad = len(_UNDECODED.findall(text))
            wrong += bad
            right += sum(character > "\x7f" for character in text) - bad
    return "cp1252" if wrong > right else "utf-8"


def _decoded(line: bytes, encoding: str) -> str:
    if encoding == "utf-8":
        return line.decode("utf-8", "surrogateescape")
    try:
        return line.decode(encoding)
    except UnicodeDecodeError:
        # It holds one of the five bytes that Windows-1252 leaves open.
        return line.decode("latin-1")


def _delimiter(path: Path, encoding: str) -> str:
    head = _decoded(first_bytes(path, 1 << 16).removeprefix(b"\xef\xbb\xbf"), encoding)
    first = next((line for line in head.splitlines() if line.strip()), "")
    outside = re.sub(r'"(?:[^"]|"")*"', "", first)
    best = max(_DELIMITERS, key=lambda sign: (outside.count(sign), -_DELIMITERS.index(sign)))
    return best if best in outside else ","


class _Records:
    """``(first physical line, fields, fault)`` of each record.

    A quote that is never closed would swallow the rest of the file: such a record is a
    fault of its first line alone, and reading goes on with the next line.
    """

    def __init__(self, path: Path, encoding: str, delimiter: str) -> None:
        self._encoding = encoding
        self._lines = lines(path)
        self._again: deque[tuple[int, str, str]] = deque()
        self._taken: list[tuple[int, str, str]] = []
        self._size = 0
        self._delimiter = delimiter
        csv.field_size_limit(LONGEST)

    def header(self) -> list[str]:
        for start, record, fault in self:
            if fault:
                raise InputError(f"The header of the CSV file (line {start}) is faulty: {fault}.")
            if len(record) > MOST_COLUMNS:
                raise InputError(
                    f"The CSV file's header (line {start}) names {len(record):,} columns:"
                    f" more than {MOST_COLUMNS:,} are not read.",
                    "Keep the columns that hold the prompt, the answer and what describes them.",
                )
            header = [name.strip() for name in record]
            twice = sorted(name for name, count in Counter(header).items() if count > 1)
            if twice:
                raise InputError(
                    f"The CSV file's header names {twice[0]!r} twice (line {start}).",
                    "Give every column a name of its own.",
                )
            return header
        raise InputError("The CSV file has no header.", "Its first line has to name the columns.")

    def __iter__(self) -> Iterator[tuple[int, list[str], str]]:
        while True:
            self._taken, self._size = [], 0
            reader = csv.reader(self._feed(), delimiter=self._delimiter, strict=True)
            try:
                record = next(reader, None)
            except DamagedRow as damage:
                yield self._faulty(str(damage))
                continue
            except csv.Error as error:
                yield self._faulty(_said(str(error)))
                continue
            if record is None:
                return
            if record:
                yield self._taken[0][0], record, ""

    def _feed(self) -> Iterator[str]:
        while True:
            entry = self._again.popleft() if self._again else self._next_line()
            if entry is None:
                return
            self._taken.append(entry)
            self._size += len(entry[1])
            if entry[2]:
                raise DamagedRow(entry[2])
            if self._size > LONGEST:
                raise DamagedRow("a quote is never closed")
            yield entry[1]

    def _next_line(self) -> tuple[int, str, str] | None:
        for number, line, fault in self._lines:
            return number, _decoded(line, self._encoding), fault
        return None

    def _faulty(self, reason: str) -> tuple[int, list[str], str]:
        first, *rest = self._taken
        self._again.extendleft(reversed(rest))
        return first[0], [], reason


def _said(error: str) -> str:
    if "unexpected end" in error:
        return "a quote is never closed"
    if "expected after" in error:
        return "text follows a closing quote"
    if "new-line character" in error:
        return "a bare carriage return stands within the line"
    return error
