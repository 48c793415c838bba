"""JSON as data sets must hold it: nothing that ``json`` would let pass in silence."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from tui_eval.files.datasets.rows import DamagedRow

_UNDECODED = re.compile("[\udc80-\udcff]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class WrittenFloat(float):
    """A number that remembers how it was written: as an answer, ``1.10`` is not ``1.1``."""

    __slots__ = ("text",)
    text: str


def _float(text: str) -> WrittenFloat:
    number = WrittenFloat(text)
    if not math.isfinite(number):
        raise DamagedRow(f"the number {text[:20]} is out of range")
    number.text = text
    return number


def _constant(text: str) -> None:
    raise DamagedRow(f"holds a bare {text}, which is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise DamagedRow(f"the key {_repeated(pairs)[:40]!r} stands twice")
    return made


def _repeated(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    return ""


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)


def decode(text: str) -> Any:
    """The one value that ``text`` is. Raises DamagedRow with the reason."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise DamagedRow(f"not JSON: {error.msg}, column {error.colno}") from error
    except RecursionError as error:
        raise DamagedRow("nested too deeply") from error
    except ValueError as error:
        raise DamagedRow(str(error)) from error
    check_text(value, text)
    return value


def decode_at(text: str, start: int) -> tuple[Any, int]:
    """The value that begins at ``start``, and where it ends. JSONDecodeError where it is
    damaged or goes on after ``text``; DamagedRow where it must not be used."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError:
        raise
    except RecursionError as error:
        raise DamagedRow("nested too deeply") from error
    except ValueError as error:
        raise DamagedRow(str(error)) from error
    check_text(value, text[start:end])
    return value, end


def check_text(value: Any, source: str) -> None:
    """Half a character (a lone surrogate) can be written as an escape; a byte that is not
    UTF-8 was read as one."""
    if not source.isascii() and _UNDECODED.search(source):
        raise DamagedRow("not UTF-8")
    if not _SURROGATE.search(source):
        return
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise DamagedRow("holds half a character (a lone surrogate)") from error
