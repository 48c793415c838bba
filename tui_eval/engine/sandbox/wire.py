"""Plain data between the judge and the candidate, and nothing else.

A frame is four bytes of length and JSON. Values are tagged, so that a tuple stays a tuple;
a subclass crosses as what it is underneath, so no method of the sender's ever runs on the
other side.
"""

from __future__ import annotations

import json
import os
from typing import Any

MOST_BYTES = 8 << 20
MOST_DEPTH = 150
_SMALL = 1 << 53


class NotPlainError(Exception):
    """A value that has no plain form; says which."""


class BrokenWireError(Exception):
    """The other side sent no frame of ours."""


def frame(message: Any) -> bytes:
    body = json.dumps(message).encode()
    if len(body) > MOST_BYTES:
        raise NotPlainError(f"it is larger than {MOST_BYTES >> 20} MiB")
    return len(body).to_bytes(4, "little") + body


def send(fd: int, message: Any) -> None:
    rest = memoryview(frame(message))
    while rest:
        rest = rest[os.write(fd, rest) :]


def receive(fd: int) -> Any:
    """The next message; None when the other side has gone."""
    head = exactly(fd, 4)
    if head is None:
        return None
    length = int.from_bytes(head, "little")
    if length > MOST_BYTES:
        raise BrokenWireError("a frame that is too long")
    body = exactly(fd, length)
    if body is None:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BrokenWireError("a frame that is not JSON") from error


def exactly(fd: int, count: int) -> bytes | None:
    parts = []
    while count:
        part = os.read(fd, min(count, 1 << 20))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def encode(value: Any, depth: int = 0) -> Any:
    """Tagged JSON of a plain value; NotPlainError for everything else."""
    if value is None or value is True or value is False:
        return value
    if depth > MOST_DEPTH:
        raise NotPlainError(f"it is nested deeper than {MOST_DEPTH}, or holds itself")
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return _whole(int.__int__(value))
    if isinstance(value, float):
        return float.__float__(value)
    return _compound(value, depth + 1)


def _whole(value: int) -> Any:
    return value if -_SMALL < value < _SMALL else ["i", hex(value)]


def _compound(value: Any, depth: int) -> Any:
    if isinstance(value, list):
        return ["l", *[encode(one, depth) for one in list.__iter__(value)]]
    if isinstance(value, tuple):
        return ["t", *[encode(one, depth) for one in tuple.__iter__(value)]]
    if isinstance(value, dict):
        pairs = dict.items(value)
        return ["d", *[[encode(key, depth), encode(one, depth)] for key, one in pairs]]
    if isinstance(value, set):
        return ["s", *[encode(one, depth) for one in set.__iter__(value)]]
    if isinstance(value, frozenset):
        return ["f", *[encode(one, depth) for one in frozenset.__iter__(value)]]
    if isinstance(value, bytes):
        return ["b", bytes.hex(value)]
    if isinstance(value, bytearray):
        return ["y", bytearray.hex(value)]
    if isinstance(value, complex):
        return ["c", value.real, value.imag]
    if isinstance(value, range):
        return ["r", _whole(value.start), _whole(value.stop), _whole(value.step)]
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return encode(value.item(), depth)
    raise NotPlainError(f"it is of the type {type(value).__name__}")


def decode(coded: Any) -> Any:
    """The value; BrokenWireError for what ``encode`` never wrote."""
    if not isinstance(coded, list):
        if isinstance(coded, dict):
            raise BrokenWireError("an object where a tagged list belongs")
        return coded
    try:
        return _decoded(coded[0], coded[1:])
    except (IndexError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BrokenWireError("a value that no encoder wrote") from error


def _decoded(tag: Any, rest: list[Any]) -> Any:
    if tag == "l":
        return [decode(one) for one in rest]
    if tag == "t":
        return tuple(decode(one) for one in rest)
    if tag == "d":
        return {decode(key): decode(one) for key, one in rest}
    if tag == "s":
        return {decode(one) for one in rest}
    if tag == "f":
        return frozenset(decode(one) for one in rest)
    if tag == "r":
        return range(*[decode(one) for one in rest])
    (first, *others) = rest
    if tag == "i":
        return int(first, 16)
    if tag == "b":
        return bytes.fromhex(first)
    if tag == "y":
        return bytearray.fromhex(first)
    if tag == "c":
        return complex(first, *others)
    raise BrokenWireError("a tag that no encoder wrote")
