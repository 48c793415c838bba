"""Step 6 in the app: from a row to its items, to both answers and back."""

from __future__ import annotations

from dataclasses import replace

from tests.core.made_evidence import made_dataset
from tests.ui.apps.tasks import tasks_app
from tests.ui.fake import painted, shows
from tests.ui.made_tasks import evidence
from tui_eval.ui.screens.step import StepPane
from tui_eval.ui.widgets.matrix import MatrixView


async def test_from_a_metric_to_its_items_and_their_answers() -> None:
    app = tasks_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("6")
        await shows(pilot, "▸ summarise  rougeL")
        await pilot.press("j", "enter")
        await shows(pilot, "worst regression first")
        assert "rouge1" in painted(app)
        await shows(pilot, "1-20 of 200")
        await pilot.press("j", "enter")
        await shows(pilot, "2 of 200")
        assert "A late delivery." in painted(app)
        await pilot.press("n")
        await shows(pilot, "3 of 200")
        await pilot.press("escape")
        # The list's cursor went along.
        await shows(pilot, "worst regression first")
        third = painted(app).split("\n")[5]
        assert third.startswith(" ▸")
        await pilot.press("escape")
        await shows(pilot, "overview, view 1 of")


async def test_from_a_cell_of_the_matrix_to_its_items() -> None:
    app = tasks_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("6")
        await shows(pilot, "overview")
        await pilot.press("V", "V")
        await shows(pilot, "confusion matrix")
        await pilot.press("tab", "enter")
        await shows(pilot, "○ base answered")
        await pilot.press("enter")
        await shows(pilot, "label read:")


async def test_an_empty_cell_says_so() -> None:
    app = tasks_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("6")
        await shows(pilot, "overview")
        await pilot.press("V", "V")
        await shows(pilot, "confusion matrix")
        view = app.screen.query_one(StepPane).views.plot
        assert isinstance(view, MatrixView)
        rows = view.counts["tuned"]
        view.row, view.column = next(
            (row, said)
            for row, true in enumerate(view.trues)
            for said, n in enumerate(rows[true])
            if not n
        )
        await pilot.press("enter")
        await shows(pilot, "no item here")


async def test_an_item_that_an_open_comparison_asks_too_shows_no_answer() -> None:
    made = evidence()
    task = made.task_list[0]
    rows = [item.sample for item in task.items]
    app = tasks_app(replace(made, datasets={"validation": made_dataset(rows)},
                            settings={"blind_ab.pairs": 50, "review.samples": 0}))  # fmt: skip
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "! caution")
        await pilot.press("6")
        await shows(pilot, "▸ summarise  rougeL")
        await pilot.press("enter")
        await shows(pilot, "50 items not listed")
        assert "of 150" in painted(app)
