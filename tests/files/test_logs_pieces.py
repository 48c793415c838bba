"""A large state is decoded in pieces, and is what the whole would have been."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tui_eval.errors import InputError
from tui_eval.files.logs.parts import pieces
from tui_eval.files.logs.parts.pieces import read_rows
from tui_eval.files.raw import read_json

ROWS = [{"step": n, "loss": n / 7, "text": 'a "}, [{' * (n % 3)} for n in range(200)]
SHAPES: dict[str, Any] = {
    "plain": {"epoch": 1.0, "log_history": ROWS, "best": None},
    "no list": {"log_history": {"a": 1}},
    "empty": {"log_history": []},
    "nested": {"log_history": [{"deep": [{"x": {"y": n}}, {"z": [n]}]} for n in range(200)]},
    "of other things": {"log_history": [1, "}, ", [{}], None, {}, {"}, ": "},"}]},
    "one row longer than a piece": {"log_history": [{"a": [{}] * 500}, *ROWS]},
    "nothing": {},
    "a list": ROWS,
    "a text": "}, {",
    "twice": {"log_history": ROWS, "other": {"log_history": ROWS}, "last": [{}]},
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "SMALL", 0)
    monkeypatch.setattr(pieces, "_BLOCK", 50)


def written(folder: Path, content: str) -> Path:
    path = folder / "trainer_state.json"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_whole(shape: str, indent: int | None, tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(SHAPES[shape], indent=indent))
    assert read_rows(path, "log_history") == read_json(path) == SHAPES[shape]


def test_no_piece_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else runs while a piece is decoded."""
    sizes = []
    real = json.loads

    def counted(text: str) -> Any:
        sizes.append(len(text))
        return real(text)

    content = json.dumps(SHAPES["plain"])
    monkeypatch.setattr(pieces.json, "loads", counted)
    read_rows(written(tmp_path, content), "log_history")
    assert len(sizes) > 50
    assert max(sizes) < 200


GOOD = json.dumps(SHAPES["plain"])


@pytest.mark.parametrize(
    "content",
    [
        GOOD[:-1], GOOD[:3000], GOOD + "x", GOOD.replace('"best"', "best"), '{"a": 1,}', "{", "",
        GOOD.replace("}], ", "}, ], "), '{"a" 1}', '{1: 2}',
        GOOD.replace('"step": 7,', '"step" 7,'),
    ],
)  # fmt: skip
def test_what_is_damaged_is_told_alike(content: str, tmp_path: Path) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as whole:
        read_json(path)
    with pytest.raises(InputError) as in_pieces:
        read_rows(path, "log_history")
    assert in_pieces.value.message == whole.value.message
