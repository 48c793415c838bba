"""What a Parquet file's footer claims, before anything is unpacked.

The few fields needed are read from the footer's thrift compact encoding by hand: the
readers at hand allocate first and ask later, and a small file can claim any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LONGEST_FOOTER = 256 * 2**20
_STOP, _TRUE, _FALSE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 7, 8, 9, 10, 11, 12


class BadFooter(Exception):
    """The footer is not one."""


@dataclass(frozen=True, slots=True)
class Claims:
    rows: int
    groups: tuple[tuple[int, int], ...]
    """``(rows, unpacked bytes)`` of each row group."""

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.groups)


def read_claims(path: Path) -> Claims:
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 8))
        tail = file.read(8)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != b"PAR1" or length > min(size - 12, _LONGEST_FOOTER):
            raise BadFooter("the file is cut off or damaged: its footer is not at its end")
        file.seek(size - 8 - length)
        footer = file.read(length)
    try:
        fields = _Reader(footer).struct()
        # Numbers as in the format's FileMetaData (3 rows, 4 groups) and RowGroup.
        groups = tuple((int(group[3]), int(group[2])) for group in fields.get(4, []))
        return Claims(int(fields[3]), groups)
    except (IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadFooter("the footer is damaged") from error


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise ValueError("number too long")

    def zigzag(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def struct(self) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while (head := self.byte()) != _STOP:
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            kind = head & 0x0F
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self.value(kind)
        return fields

    def value(self, kind: int) -> Any:
        if kind in (_TRUE, _FALSE, 3):
            return self.byte()
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == _DOUBLE:
            self._at += 8
            return None
        if kind == _BINARY:
            length = self.varint()
            self._at += length
            return None
        if kind in (_LIST, _SET):
            return self.items()
        if kind == _STRUCT:
            return self.struct()
        if kind == _MAP:
            return self.pairs()
        raise ValueError("unknown type")

    def items(self) -> list[Any]:
        head = self.byte()
        count, kind = head >> 4, head & 0x0F
        count = self.varint() if count == 15 else count
        self._fits(count)
        return [self.value(kind) for _ in range(count)]

    def pairs(self) -> None:
        count = self.varint()
        self._fits(count)
        kinds = self.byte() if count else 0
        for _ in range(count):
            self.value(kinds >> 4)
            self.value(kinds & 0x0F)

    def _fits(self, count: int) -> None:
        if count > len(self._data) - self._at:
            raise ValueError("more items than bytes")
