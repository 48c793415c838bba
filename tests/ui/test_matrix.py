"""The confusion matrix: what the cursor is on, what it opens, what fits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from tests.core.made_evidence import MadeEvidence
from tests.ui.made_tasks import LABELS, classified
from tui_eval.core.reading import Plot
from tui_eval.core.steps.task_metrics import read
from tui_eval.core.steps.task_metrics_chosen import Chosen
from tui_eval.ui.widgets.matrix import MatrixView
from tui_eval.ui.widgets.rows import plain, width_of


@cache
def plot_of(labels: tuple[str, ...] = LABELS) -> Plot:
    task, scores, _ = classified(labels, 10 * len(labels))
    measured = {(model, task.name): found for model, found in scores.items()}
    (plot,) = read(MadeEvidence(task_list=(task,), measured=measured), "tuned").plots
    return plot


def text(view: MatrixView, width: int = 80, height: int = 14) -> list[str]:
    return [plain(made).rstrip() for made in view.draw(width, height)]


def rows(view: MatrixView) -> Sequence[Sequence[int]]:
    return view.counts[view.side]


def test_it_begins_at_the_commonest_confusion_and_goes_on_to_the_next() -> None:
    view = MatrixView(plot_of())
    seen = []
    for _ in range(4):
        chosen = Chosen.of(view.ref)
        assert chosen.true != chosen.said
        seen.append(rows(view)[view.trues[view.row]][view.column])
        view.next_event(1)
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == max(
        n for true, row in enumerate(rows(view)) for said, n in enumerate(row) if true != said
    )


def test_the_cell_under_the_cursor_stands_in_brackets_and_opens_its_items() -> None:
    view = MatrixView(plot_of())
    view.down(-9)
    view.move(-9)
    assert Chosen.of(view.ref) == Chosen("labels", true="billing", said="billing")
    shown = text(view)
    row = next(line for line in shown if line.startswith("billing"))
    assert f"{rows(view)[0][0]}]" in row
    assert "true billing, answered billing:" in shown[1]
    view.turn()
    assert Chosen.of(view.ref).side == "base"
    assert "○ base" in text(view)[0]


def test_an_empty_cell_opens_nothing() -> None:
    view = MatrixView(plot_of())
    true = view.trues[view.row]
    view.column = rows(view)[true].index(0)
    assert view.ref == ""


def test_the_cursor_stays_on_its_labels_when_the_figures_change() -> None:
    view = MatrixView(plot_of())
    before = view.ref
    view.update(plot_of((*LABELS, "a new one")))
    assert Chosen.of(view.ref).true == Chosen.of(before).true


@pytest.mark.parametrize("width", [57, 78, 160])
@pytest.mark.parametrize("fancy", [True, False])
def test_many_labels_scroll_under_the_cursor(width: int, fancy: bool) -> None:
    view = MatrixView(plot_of(tuple(f"label {at}" for at in range(30))), fancy)
    view.down(-99)
    view.move(-99)
    assert "more to the right" in "".join(text(view, width))
    view.down(99)
    view.move(99)
    shown = text(view, width)
    assert "more to the left" in "".join(shown)
    assert any("[" in line and " label 9 " in line for line in shown), shown
    assert view.position().endswith("of 30")
    assert all(width_of(line) <= width for line in view.draw(width, 14))
    cells = "".join(text(MatrixView(plot_of(), False))[3:])
    assert fancy or cells.replace("…", "").isascii()


@pytest.mark.parametrize("fancy", [True, False])
def test_nine_labels_are_seen_at_once_with_numbers_as_heads(fancy: bool) -> None:
    """Names that don't fit would hide columns; those that fit stay."""
    view = MatrixView(plot_of(tuple(f"a label {at}" for at in range(9))), fancy)
    shown = text(view, 78)
    assert "more to the" not in "".join(shown)
    heads = [one.split() for one in shown if one.startswith("true ")]
    assert ["true", *map(str, range(1, 10)), "?", "n"] in heads
    assert any(one.startswith((" 9 a label 8", "9 a label 8")) for one in shown)
    few = text(MatrixView(plot_of(), fancy), 78)
    assert any(LABELS[0] in one and one.startswith("true") for one in few)


def test_a_row_of_many_labels_counts_also_the_answers_whose_column_is_not_shown() -> None:
    labels = tuple(f"label {at:02}" for at in range(60))
    view = MatrixView(plot_of(labels))
    # Ten items of each label are asked.
    assert len(view.labels) == 40
    assert {sum(view.counts[side][at]) for side in view.counts for at in view.trues} == {10}
    assert text(view)[1].endswith(" of 10")
    assert "40 worst of 61, n of all" in text(view)[0]
