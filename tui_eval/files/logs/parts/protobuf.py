"""Protocol buffers on the wire: fields of one message, without a schema."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

# A field's number, its kind, and its content: a varint, or the raw bytes.
Field = tuple[int, int, int, bytes]


class WireError(ValueError):
    """The bytes are no message."""


def fields(message: bytes) -> Iterator[Field]:
    """Fields in their order: (number, kind, varint, bytes); one of the last two is empty."""
    at, size = 0, len(message)
    while at < size:
        # Nearly every tag and length is one byte.
        tag = message[at]
        at += 1
        if tag > 0x7F:
            tag, at = varint(message, at - 1)
        kind = tag & 7
        if kind == VARINT:
            value, at = varint(message, at)
            yield tag >> 3, kind, value, b""
            continue
        if kind == BYTES:
            if at < size and (length := message[at]) < 0x80:
                at += 1
            else:
                length, at = varint(message, at)
        elif kind == FIXED64:
            length = 8
        elif kind == FIXED32:
            length = 4
        else:
            raise WireError(f"wire type {kind}")
        if length > size - at:
            raise WireError("a field runs past its message")
        yield tag >> 3, kind, 0, message[at : at + length]
        at += length


def varint(message: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of up to 64 bits and the place after it."""
    value = shift = 0
    while at < len(message):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift > 63:
            break
    raise WireError("a number that doesn't end")


def signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
