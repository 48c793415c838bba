"""Large JSON, decoded piece by piece.

The decoder holds every other thread up until it returns. A Trainer's state of a few
hundred thousand rows takes it half a second, in which a screen would stand still.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path
from typing import Any

from tui_eval.files.raw import read_json

SMALL = 2 << 20
"""Bytes that are decoded at once."""
_BLOCK = 1 << 17
_TRIES = 10
_SPACE = re.compile(r"[ \t\r\n]*")
_ROW_END = re.compile(r"\}[ \t\r\n]*,")
_DECODER = json.JSONDecoder()


def read_rows(path: Path, key: str) -> Any:
    """A JSON file as ``read_json`` gives it; where it is an object with a long list of
    objects under ``key``, decoded in pieces. Raises InputError alike."""
    try:
        large = path.stat().st_size > SMALL
        found = _object(path.read_bytes().decode("utf-8-sig"), key) if large else None
    except (OSError, ValueError, RecursionError, IndexError):
        # What is wrong with it is told by the one that reads all kinds.
        found = None
    return read_json(path) if found is None else found


def _object(text: str, key: str) -> dict[str, Any] | None:
    """None for what is no object. Raises ValueError or IndexError where it is damaged."""
    at = _past(text, 0)
    if text[at] != "{":
        return None
    found: dict[str, Any] = {}
    at = _past(text, at + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _past(text, at)
        if not isinstance(name, str) or text[at] != ":":
            raise ValueError(at)
        at = _past(text, at + 1)
        if name == key and text[at] == "[":
            found[name], at = _list(text, at + 1)
        else:
            found[name], at = _DECODER.raw_decode(text, at)
        at = _past(text, at)
        if text[at] == ",":
            at = _past(text, at + 1)
            if text[at] != '"':
                raise ValueError(at)
        elif text[at] != "}":
            raise ValueError(at)
    if _past(text, at + 1) != len(text):
        raise ValueError(at)
    return found


def _list(text: str, at: int) -> tuple[list[Any], int]:
    """The list that began before ``at``, and where it has ended.

    It is cut behind a brace and a comma. If what stands before is a list by itself, the
    cut lay between two rows; inside a text or a nested object it would be none.
    """
    rows: list[Any] = []
    while (piece := _piece(text, at)) is not None:
        rows += piece[0]
        at = piece[1]
    # The last piece, or one that can't be cut: all that is left.
    rest, end = _DECODER.raw_decode("[" + text[at:])
    if rows and not rest:
        raise ValueError(at)
    return rows + rest, at + end - 1


def _piece(text: str, at: int) -> tuple[list[Any], int] | None:
    """The next rows, and where those after them begin."""
    found = _ROW_END.finditer(text, at + _BLOCK)
    for match in islice(found, _TRIES):
        try:
            return json.loads(f"[{text[at : match.end() - 1]}]"), match.end()
        except ValueError:
            continue
    return None


def _past(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match is not None else at
