"""JSON and JSONL, whichever the name says: lines, an array, or an array in an object."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from tui_eval.core.records import Split
from tui_eval.files.datasets import strict_json
from tui_eval.files.datasets.rows import LONGEST, DamagedRow, Row, first_bytes, lines, open_bytes

WRAPPERS = ("data", "rows", "examples", "samples", "items", "instances", "records")
SPLIT_NAMES: dict[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "eval"),
    "test": ("test",),
    "off_task": ("off_task", "test", "validation", "train"),
}
# A quote alone is the beginning of a string that goes on after the window.
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*+"|["{}\[\]]', re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]*")
_CHUNK = 1 << 18
_COUNTED = 10_000


def rows(path: Path, split: Split, notes: list[str]) -> Iterator[Row]:
    if is_lines(path):
        return _line_rows(path)
    return _array_rows(path, split, notes)


def is_lines(path: Path) -> bool:
    """Whether each line is a value of its own. One line alone is lines too, unless it is
    an array or an object around one."""
    head = first_bytes(path, 1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()
    first, _, rest = head.partition(b"\n")
    more = rest.lstrip()
    if head.startswith(b"["):
        return bool(more) and _whole(first)
    if not head.startswith(b"{"):
        return True
    if _around(_WRAPPER_NAMES, head, rb"\s*:\s*\["):
        return False
    if _around(_PRELUDE, head, b"") and not more.startswith(b"{"):
        return False
    # A torn first row of lines, or the first line of an indented object.
    return _whole(first) or more.startswith(b"{") or len(first.strip()) > 1


def _whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _around(names: tuple[str, ...], head: bytes, then: bytes) -> bool:
    return bool(re.match(rb'\{\s*"(?:' + "|".join(names).encode() + rb')"' + then, head))


def _line_rows(path: Path) -> Iterator[Row]:
    for number, line, fault in lines(path):
        if fault:
            yield Row(number, None, fault)
        elif not line.isspace():
            yield _line_row(number, line)


def line_at(path: Path, number: int, progress: Callable[[int], None]) -> Iterator[Row]:
    """The row on one line, or none where that is blank or not there. The lines before it are
    only counted; ``progress`` is told how many now and then, and may raise to end it."""
    for at, line, fault in lines(path):
        if at == number:
            if fault:
                yield Row(number, None, fault)
            elif not line.isspace():
                yield _line_row(number, line)
            return
        if at % _COUNTED == 0:
            progress(at)


def _line_row(number: int, line: bytes) -> Row:
    try:
        value = strict_json.decode(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Row(number, None, f"not UTF-8 at byte {error.start + 1} of the line")
    except DamagedRow as damage:
        torn = "" if line.endswith(b"\n") else " (the file ends within this line)"
        return Row(number, None, f"{damage}{torn if 'not JSON' in str(damage) else ''}")
    if not isinstance(value, dict):
        return Row(number, None, f"not an object but {_kind(value)}")
    return Row(number, value)


def _kind(value: object) -> str:
    names = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


class _Text:
    """A window over a file's text that moves on as values are taken."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.window = ""
        self.at = 0
        self.line = 1
        self.ended = False

    def more(self) -> bool:
        """Read on; False at the end."""
        if self.ended:
            return False
        try:
            chunk = self._file.read(max(_CHUNK, len(self.window) - self.at))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.ended = True
            raise DamagedRow(f"the gzip file is damaged from here on: {error}") from error
        self.ended = not chunk
        text = self._decoder.decode(chunk, self.ended)
        self.window = self.window[self.at :] + text
        self.at = 0
        return True

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            space = _SPACE.match(self.window, self.at)
            self.advance(space.end() if space else self.at)
            if self.at < len(self.window):
                return self.window[self.at]
            if not self.more():
                return ""

    def advance(self, to: int) -> None:
        self.line += self.window.count("\n", self.at, to)
        self.at = to

    def value(self) -> object:
        """The value that begins here. DamagedRow where it can't be used (it is passed)."""
        while True:
            try:
                value, end = strict_json.decode_at(self.window, self.at)
            except json.JSONDecodeError as error:
                # Damage well before the window's end does not go away by reading on.
                torn = error.pos > len(self.window) - 64 or error.msg.startswith("Unterminated")
                if torn and self._longer():
                    continue
                lost = "" if self.skip() else ", and nothing after it can be told apart"
                raise DamagedRow(f"not JSON: {error.msg}{lost}") from error
            except DamagedRow:
                self.skip()
                raise
            else:
                if end == len(self.window) and self._longer():
                    continue  # a number may go on
                self.advance(end)
                return value

    def _longer(self) -> bool:
        if len(self.window) - self.at > LONGEST:
            return False
        return self.more()

    def close(self) -> bool:
        """Pass what is left of the object that was entered."""
        return self.skip(depth=1)

    def skip(self, depth: int = 0) -> bool:
        """Pass one value by its brackets alone, however damaged it is inside; False where
        it has no end."""
        scan = self.at
        while True:
            for token in _STRUCTURE.finditer(self.window, scan):
                word = token.group()
                if word == '"':
                    scan = token.start()
                    break
                scan = token.end()
                depth += 1 if word in "{[" else -1 if word in "}]" else 0
                if depth <= 0:
                    self.advance(token.start() if depth < 0 else scan)
                    return True
            else:
                scan = len(self.window)
            self.advance(scan)
            if not self.more():
                self.advance(len(self.window))
                return False
            scan = self.at


_WRAPPER_NAMES = (*WRAPPERS, *(name for names in SPLIT_NAMES.values() for name in names))
# Keys that stand before the rows in an object around them.
_PRELUDE = (
    *("version", "name", "info", "meta", "metadata", "description", "license", "features"),
    *_WRAPPER_NAMES,
)

# An object with one of these is a row, whatever arrays it holds.
_ROW_NAMES = {"messages", "conversations", "prompt", "instruction", "question", "text", "input"}


def _array_rows(path: Path, split: Split, notes: list[str]) -> Iterator[Row]:
    with open_bytes(path) as file:
        text = _Text(file)
        if text.peek() == "\ufeff":
            text.at += 1
        number = 0
        try:
            inner = _objects(text, split, notes) if text.peek() == "{" else _elements(text)
            for row in inner:
                number = row.number
                yield row
        except DamagedRow as damage:
            yield Row(number + 1, None, f"{damage} (line {text.line})")


def _elements(text: _Text) -> Iterator[Row]:
    """The elements of the array that begins here, up to and with its end."""
    text.at += 1
    number = 0
    while (sign := text.peek()) != "]":
        if not sign:
            yield Row(number + 1, None, f"the file ends within the array (line {text.line})")
            return
        if sign == ",":
            text.at += 1
            continue
        number += 1
        line, before = text.line, (text.line, text.at)
        try:
            value = text.value()
        except DamagedRow as damage:
            yield Row(number, None, f"{damage} (line {line})")
            if text.peek() and (text.line, text.at) == before:
                text.at += 1  # a stray character: never stand still
            continue
        if isinstance(value, dict):
            yield Row(number, value)
        else:
            yield Row(number, None, f"not an object but {_kind(value)} (line {line})")
    text.at += 1


def _objects(text: _Text, split: Split, notes: list[str]) -> Iterator[Row]:
    """Indented objects one after another, or one object around an array of rows."""
    number = 0
    while text.peek() == "{":
        number += 1
        line = text.line
        try:
            value = _opened(text, (*WRAPPERS, *SPLIT_NAMES[split]))
        except DamagedRow as damage:
            yield Row(number, None, f"{damage} (line {line})")
            continue
        if isinstance(value, str):
            notes.append(f"the rows are the array {value!r} of the file's object")
            yield from _elements(text)
            return
        yield Row(number, value)
        if text.peek() == ",":
            text.at += 1
    if text.peek():
        yield Row(number + 1, None, f"not JSON from line {text.line} on")


def _opened(text: _Text, accepted: tuple[str, ...]) -> str | dict[str, Any]:
    """Walk into the object that begins here: to the array of rows, whose name is the
    answer, or through the whole object, which then is a row itself."""
    text.at += 1
    row: dict[str, Any] = {}
    while (sign := text.peek()) != "}":
        if sign == ",":
            text.at += 1
            continue
        key = text.value() if sign == '"' else None
        if not isinstance(key, str) or text.peek() != ":":
            text.close()
            raise DamagedRow("not JSON: a key was expected")
        text.at += 1
        array = text.peek() == "["
        around = array and not _ROW_NAMES & row.keys()
        if around and key in accepted:
            return key
        if around and key in _WRAPPER_NAMES:
            text.skip()  # another split's rows
            continue
        if key in row:
            text.close()
            raise DamagedRow(f"the key {key[:40]!r} stands twice")
        try:
            row[key] = text.value()
        except DamagedRow:
            text.close()
            raise
    text.at += 1
    return row
