"""One item of a task as it is laid out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.made_evidence import made_sample
from tui_eval.core.metrics.facts import together
from tui_eval.core.records import Completion, Message
from tui_eval.core.steps.task_metrics_items import ItemDetail, Said
from tui_eval.core.task_records import Measured, Task, TaskItem
from tui_eval.ui.screens.task_answers import columns_of, drawn, heads
from tui_eval.ui.widgets.rows import plain, width_of

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e"
WIDTHS = [60, 80, 120, 200]


def made(text: str = "x", answers: int = 1) -> ItemDetail:
    sample = made_sample(0, category=text, messages=(Message("user", text * 50),))
    some = [Completion(f"c{at}", "s0", text, text, index=at) for at in range(answers)]
    verdicts = [Measured(reason=f"wrong {at}{text}", detail=f"at line {at}{text}")
                for at in range(answers)]  # fmt: skip
    found = {"code": together(verdicts), "labels": Measured(label=text, note=text),
             "own_mine": Measured(error=text)}  # fmt: skip
    said = tuple(Said(side, f"{side}{text}", tuple(some), found) for side in ("base", "tuned"))  # type: ignore[arg-type]
    task = Task(f"code{text}", (), ("pass_at_1",))
    values = ((f"pass_at_1{text}", 0.0, 1.0), ("rougeL", 0.25, None))
    return ItemDetail(task, TaskItem(sample, (text, text)), said, values)


def shown(detail: ItemDetail, width: int, height: int = 30, whole: bool = False) -> list[str]:
    top = heads(detail, "3 of 7", width, height, whole=whole)
    if detail.kept:
        lines = top
    else:
        body = drawn(detail, columns_of(detail, width), width, height - len(top))
        lines = [*top, *body]
    assert all(width_of(line) <= width for line in lines)
    assert len(lines) <= height
    return [plain(line) for line in lines]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("whole", [False, True])
def test_everything_fits_and_nothing_hostile_comes_through(width: int, whole: bool) -> None:
    for text in (HOSTILE, "word " * 400, "日本語 " * 100, ""):
        screen = "".join(shown(made(text, 3), width, 24, whole))
        assert not any(sign in screen for sign in "\x1b\x07\u202e")


def test_each_sample_has_its_own_verdict() -> None:
    screen = "\n".join(shown(made(answers=2), 200))
    assert "answer 1 of 2: wrong 0x" in screen
    assert "at line 1x" in screen
    assert "0 of 2 samples passed" in screen
    assert "pass_at_1x ○ 0 ● 1" in screen
    assert "rougeL ○ 0.250" in screen


def test_an_item_that_is_kept_back_says_why_and_nothing_more() -> None:
    detail = replace(made("secret"), said=(), values=(), kept=True)
    screen = "\n".join(shown(detail, 80))
    assert "An open blind A/B asks the same" in screen
    assert "answer 1" not in screen
