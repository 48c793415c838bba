"""What is missing for one reason takes one row."""

from __future__ import annotations

from tui_eval.core.reading import Number
from tui_eval.ui.widgets.reading_view import MANY, number_rows
from tui_eval.ui.widgets.rows import plain

BLIND = Number(None, why="told after unblinding")


def texts(numbers: dict[str, Number]) -> list[str]:
    return [plain(row).rstrip() for row in number_rows(numbers, 80)]


def test_a_shared_reason_is_told_once() -> None:
    closed = {f"rate_{n}": BLIND for n in range(MANY)}
    rows = texts({"votes": Number(4.0), **closed, "pace": Number(None, why="no vote")})
    assert len(rows) == 3
    assert "no vote" in rows[1]
    assert rows[2] == f"{MANY} more: told after unblinding"


def test_few_keep_a_row_each() -> None:
    rows = texts({"votes": Number(4.0), "wins": BLIND, "losses": BLIND})
    assert len(rows) == 3
