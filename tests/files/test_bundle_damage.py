"""Bundles that are damaged, forged or something else: refused with the line."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.files.made_rounds import Made
from tests.files.test_bundle import made, packed
from tui_eval.errors import InputError, StoreError
from tui_eval.files.bundle_lines import read_bundle
from tui_eval.store.files import seal

__all__ = ["made"]


def test_every_damaged_line_of_a_bundle_is_named(made: Made) -> None:
    path = packed(made)
    lines = path.read_bytes().split(b"\n")
    for number in (2, 3, len(lines) // 2, len(lines) - 1):
        changed = [*lines]
        changed[number - 1] = changed[number - 1].replace(b'"kind"', b'"kinds"')
        path.write_bytes(b"\n".join(changed))
        with pytest.raises(StoreError, match=f"line {number} "):
            read_bundle(path)


def test_a_bundle_that_is_cut_off_is_refused(made: Made) -> None:
    path = packed(made)
    lines = path.read_bytes().splitlines(keepends=True)
    for kept in (1, 2, len(lines) // 2, len(lines) - 1):
        path.write_bytes(b"".join(lines[:kept]))
        with pytest.raises(StoreError, match="not whole"):
            read_bundle(path)
    path.write_bytes(gzip.compress(b"".join(lines))[:-100])
    with pytest.raises(StoreError, match="damaged"):
        read_bundle(path)


@pytest.mark.parametrize("data", [b"", b"{}\n", b"\x1f\x8b", b"[]", b'{"prompt": "x"}\n', b"\xff"])
def test_other_files_are_no_bundles(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises((InputError, StoreError), match=r"not a bundle|damaged"):
        read_bundle(path)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "plan", "plan": 1, "planned": 1, "ordinal": 0},
        {"kind": "plan", "plan": "p", "planned": -1, "ordinal": 0},
        {"kind": "plan", "plan": "p", "planned": 1, "ordinal": 0, "pairs": [{}]},
        {"kind": "plan", "plan": "p", "planned": 1, "ordinal": 0, "pairs": [7]},
        {"kind": "answer", "id": "a", "sample": "s", "answer": None, "thinking": ""},
        {"kind": "answer", "id": "a", "sample": "s", "answer": "", "thinking": "", "finish": []},
        {"kind": "answer", "id": "a", "sample": "s", "answer": "", "thinking": "", "model": "x"},
        {"kind": "answer", "id": "a", "sample": "s", "answer": "", "thinking": "", "flags": []},
        {
            "kind": "plan",
            "plan": "p",
            "planned": 1,
            "ordinal": 0,
            "pairs": [{"pair": "p", "left": "a", "right": "a"}],
        },
        {"kind": "prompt", "sample": "s", "category": "", "messages": [{"role": "user"}]},
        {"kind": "prompt", "sample": "s", "category": "", "messages": 3},
        {"kind": "nonsense"},
        {"kind": ["plan"]},
        {},
    ],
)
def test_a_sealed_line_of_anything_else_is_refused_by_its_number(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    head = {
        "kind": "bundle", "format": 1, "judge": "bo", "step": "blind_ab", "round": "r",
    }  # fmt: skip
    path = tmp_path / "b.jsonl"
    path.write_bytes(seal(head) + seal(change) + seal({"kind": "end", "lines": 2}))
    with pytest.raises(StoreError, match="line 2 "):
        read_bundle(path)
    assert not (tmp_path / "judgements").exists()


def test_a_newer_bundle_asks_for_a_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    path.write_bytes(seal({"kind": "bundle", "format": 2}))
    with pytest.raises(InputError, match="newer version"):
        read_bundle(path)
