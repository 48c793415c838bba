"""Many lines are taken at once only where each would be taken alone, as the same event."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_eval.store.files import Position, checksum, read_lines, seal, unseal, unseal_all

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
EVENTS = st.dictionaries(st.text(max_size=5).filter(lambda name: name != "sum"), VALUES, max_size=4)


def sealed(start: bytes) -> bytes:
    """Any bytes with the checksum that is theirs."""
    return start + f'"sum":"{checksum(start)}"}}'.encode()


def alone(lines: list[bytes]) -> list[object] | None:
    try:
        return [unseal(line) for line in lines]
    except ValueError:
        return None


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(EVENTS, max_size=6))
def test_events_are_those_of_each_line(events: list[dict[str, object]]) -> None:
    lines = [seal(event).removesuffix(b"\n") for event in events]
    assert unseal_all(lines) == [unseal(line) for line in lines]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(EVENTS, min_size=1, max_size=4), st.data())
def test_a_changed_byte_is_noticed(events: list[dict[str, object]], data: st.DataObject) -> None:
    lines = [seal(event).removesuffix(b"\n") for event in events]
    which = data.draw(st.integers(0, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[which]) - 1))
    changed = bytearray(lines[which])
    changed[at] ^= data.draw(st.integers(1, 255))
    lines[which] = bytes(changed)
    assert unseal_all(lines) is None


OPEN, CLOSING = sealed(b'{"x":[{'), sealed(b'{"y":1}],')
TWO = sealed(b'{"a":1},{')


@pytest.mark.parametrize(
    "lines",
    [
        [OPEN, CLOSING],
        [TWO],
        # As many objects as lines, though none of these lines is one.
        [OPEN, CLOSING, TWO],
        [TWO, OPEN, CLOSING],
        [sealed(b'[{"a":1},{')],
        [sealed(b'{"a":NaN,')],
        [sealed(b'{"a":' + b"[" * 100_000)],
        [b""],
        [sealed(b"{") + b" "],
    ],
)
def test_lines_that_are_no_objects_by_themselves_are_none_together(lines: list[bytes]) -> None:
    assert unseal_all(lines) is None
    if len(lines[0]) < 1000:
        assert alone(lines) is None


def test_what_stands_before_a_bad_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    good = [seal({"n": number}) for number in range(3)]
    path.write_bytes(b"".join((*good, OPEN, b"\n", CLOSING, b"\n", *good)))
    position = Position()
    read = list(read_lines(path, position))
    assert [line.event["n"] for line in read] == [0, 1, 2]
    assert position.offset == sum(map(len, good))
    assert position.line == 3
    assert position.fault
