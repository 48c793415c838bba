"""JSON and JSONL, whichever the name says: lines, an array, or an array in an object."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

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


def rows(path: Path, split: Split, notes: list[str]) -> Iterator[Row]:
    if _is_lines(path):
        return _line_rows(path)
    return _array_rows(path, split, notes)


def _is_lines(path: Path) -> bool:
    """Whether each line is a value of its own. One line alone is lines too, unless it is
    an array or an object around one."""
    head = first_bytes(path, 1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"{"):
        return not head.startswith(b"[")
    if re.match(rb'\{\s*"(%s)"\s*:\s*\[' % "|".join(_wrapper_names()).encode(), head):
        return False
    first, _, rest = head.partition(b"\n")
    second = rest.lstrip()[:1]
    try:
        json.loads(first)
    except ValueError:
        # A torn first row of lines, or the first line of an indented object.
        return second == b"{" or len(first.strip()) > 1
    return True


def _wrapper_names() -> tuple[str, ...]:
    return (*WRAPPERS, *(name for names in SPLIT_NAMES.values() for name in names))


def _line_rows(path: Path) -> Iterator[Row]:
    for number, line, fault in lines(path):
        if fault:
            yield Row(number, None, fault)
        elif not line.isspace():
            yield _line_row(number, line)


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

    def skip(self) -> bool:
        """Pass one value by its brackets alone, however damaged it is inside; False where
        it has no end."""
        depth, scan = 0, self.at
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
    accepted = (*WRAPPERS, *SPLIT_NAMES[split])
    number = 0
    while text.peek() == "{":
        number += 1
        line = text.line
        name = _wrapper(text, accepted)
        if name is not None:
            notes.append(f"the rows are the array {name!r} of the file's object")
            yield from _elements(text)
            return
        try:
            value = text.value()
        except DamagedRow as damage:
            yield Row(number, None, f"{damage} (line {line})")
            continue
        yield Row(number, value if isinstance(value, dict) else None)
        if text.peek() == ",":
            text.at += 1
    if text.peek():
        yield Row(number + 1, None, f"not JSON from line {text.line} on")


def _wrapper(text: _Text, accepted: tuple[str, ...]) -> str | None:
    """Enter the array of rows of the object that begins here; None, and unmoved, where
    there is none."""
    while len(text.window) - text.at < _CHUNK and text.more():
        pass
    opening = r'\{\s*"(' + "|".join(accepted) + r')"\s*:\s*\['
    match = re.compile(opening).match(text.window, text.at)
    if match:
        text.advance(match.end() - 1)
        return match[1]
    return _later_wrapper(text, accepted)


def _later_wrapper(text: _Text, accepted: tuple[str, ...]) -> str | None:
    """The same where other keys stand before the array (a version, another split)."""
    opening = r'\{\s*"(' + "|".join(_PRELUDE) + r')"'
    if not re.compile(opening).match(text.window, text.at):
        return None
    text.advance(text.at + 1)
    while text.peek() == '"':
        key = text.value()
        if text.peek() != ":":
            return None
        text.at += 1
        if text.peek() == "[" and key in accepted:
            return str(key)
        try:
            text.value()
        except DamagedRow:
            return None
        if text.peek() == ",":
            text.at += 1
    return None


# Keys that stand before the rows in an object around them.
_PRELUDE = (
    *("version", "name", "info", "meta", "metadata", "description", "license", "features"),
    *(name for names in SPLIT_NAMES.values() for name in names),
)
