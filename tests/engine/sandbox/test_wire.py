"""Plain data crosses whole; what isn't data, or isn't ours, doesn't."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_eval.engine.sandbox import wire

FLAT = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
)
KEYS = st.integers() | st.text() | st.tuples(st.integers(), st.text())
VALUES = st.recursive(
    FLAT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(KEYS, max_size=4)
        | st.frozensets(KEYS, max_size=4)
    ),
    max_leaves=12,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=12,
)
TAGGED = st.lists(
    st.sampled_from(list("ltdsfrbyci")) | JSON | st.lists(st.sampled_from(list("ltdsi")) | JSON),
    max_size=4,
)


@settings(max_examples=150)
@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    back = wire.decode(wire.encode(value))
    assert back == value
    assert type(back) is type(value)


@settings(max_examples=200)
@given(JSON | TAGGED)
def test_no_frame_of_anybodys_raises_anything_else(coded: Any) -> None:
    try:
        value = wire.decode(coded)
    except wire.BrokenWireError:
        return
    assert type(value).__module__ == "builtins"


class Lying(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__

    def __int__(self) -> int:
        return 7


def test_a_subclass_crosses_as_what_it_is_underneath() -> None:
    back = wire.decode(wire.encode([Lying(3), type("S", (str,), {"__str__": lambda s: "x"})("y")]))
    assert back == [3, "y"]
    assert [type(one) for one in back] == [int, str]


@pytest.mark.parametrize("value", [object(), lambda: 0, (n for n in [1]), Exception(), [object]])
def test_other_things_don_t_cross(value: object) -> None:
    with pytest.raises(wire.NotPlainError, match="of the type"):
        wire.encode(value)


def test_a_list_that_holds_itself_doesn_t_cross() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(wire.NotPlainError, match="nested deeper"):
        wire.encode(value)


def test_a_frame_too_long_is_neither_sent_nor_read() -> None:
    reading, writing = os.pipe()
    try:
        with pytest.raises(wire.NotPlainError, match="larger than 8 MiB"):
            wire.send(writing, "x" * (wire.MOST_BYTES + 1))
        os.write(writing, (wire.MOST_BYTES + 1).to_bytes(4, "little"))
        with pytest.raises(wire.BrokenWireError, match="too long"):
            wire.receive(reading)
    finally:
        os.close(reading)
        os.close(writing)


def test_half_a_frame_is_the_end() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"\x05\x00\x00\x00[1")
    os.close(writing)
    assert wire.receive(reading) is None
    os.close(reading)
