"""The two tables of the comparison screen: candidates by steps, and who met whom."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.binding import BindingType
from textual.message import Message

from tui_eval.checklist import CHECKLIST
from tui_eval.core.steps import compared
from tui_eval.core.steps.compared import Comparison
from tui_eval.ui import keys
from tui_eval.ui.messages import say
from tui_eval.ui.scene import Scene
from tui_eval.ui.survey import Survey, rows_of
from tui_eval.ui.widgets import side_by_side as table
from tui_eval.ui.widgets.drawn import Drawn, Line
from tui_eval.ui.widgets.lines import Listing
from tui_eval.ui.widgets.reading_view import headline_rows
from tui_eval.ui.widgets.rows import cropped, filled, wrapped

SHOWN = ("candidates", "comparisons")
Shown = Literal["candidates", "comparisons"]
PAIR = 2


class SideBySide(Drawn, can_focus=True):
    """Both tables; ``v`` turns from one to the other. The cursor of the first is a cell."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("compare")]
    DEFAULT_CSS = "SideBySide { height: 1fr; width: 1fr; }"

    class Opened(Message):
        """A cell: a candidate's exact name and a step's key, or ``decision``."""

        def __init__(self, candidate: str, step: str) -> None:
            super().__init__()
            self.candidate, self.step = candidate, step

    class ComparisonOpened(Message):
        def __init__(self, comparison: Comparison) -> None:
            super().__init__()
            self.comparison = comparison

    class PairAsked(Message):
        """Blind A/B between these models, in any order."""

        def __init__(self, one: str, other: str) -> None:
            super().__init__()
            self.one, self.other = one, other

    class RunAsked(Message):
        """What is missing should be computed for all."""

    def __init__(self, scene: Scene, alpha: float) -> None:
        super().__init__(id="side-by-side")
        self._scene, self._survey = scene, Survey()
        self._alpha = alpha
        """Level of each comparison's test."""
        self.shown: Shown = "candidates"
        self.at = max(0, self._names.index(scene.candidate)) if scene.candidate in (
            self._names
        ) else 0  # fmt: skip
        self.column = 0
        self.marked: tuple[str, ...] = ()
        self._top = 0
        self._page = 1
        self._listing = Listing(compared.table(()))

    # What is known.

    @property
    def _names(self) -> tuple[str, ...]:
        return self._scene.candidates

    @property
    def candidate(self) -> str:
        return self._names[self.at] if self.at < len(self._names) else ""

    @property
    def survey(self) -> Survey:
        return self._survey

    def show(self, scene: Scene, survey: Survey) -> None:
        here = self.candidate
        if survey.comparisons != self._survey.comparisons:
            self._listing.update(compared.table(survey.comparisons))
        self._scene, self._survey = scene, survey
        if here in self._names:
            self.at = self._names.index(here)
        self.at = min(self.at, max(0, len(self._names) - 1))
        self.marked = tuple(name for name in self.marked if name in self._names)
        self.redraw()

    # Keys.

    @property
    def footer(self) -> tuple[str, ...]:
        if self.shown == "comparisons":
            return ("open_cell", "judge_pair", "other_table", "row_down", "back", "help", "leave")
        pair = ("judge_pair",) if len(self.marked) == PAIR else ()
        return (*pair, "open_cell", "mark", "other_table", "run_everything", "column_left",
                "along", "back", "help", "leave")  # fmt: skip

    def action_other_table(self) -> None:
        self.shown = "comparisons" if self.shown == "candidates" else "candidates"
        self._changed()

    def action_table_before(self) -> None:
        self.action_other_table()

    def _changed(self) -> None:
        self.redraw()
        getattr(self.screen, "show_keys", lambda: None)()

    def action_column_right(self) -> None:
        self._turn(1)

    def action_column_left(self) -> None:
        self._turn(-1)

    def _turn(self, by: int) -> None:
        if self.shown == "candidates":
            self.column = min(max(0, self.column + by), table.DECISION)
            self.redraw()

    def _move(self, by: int) -> None:
        if self.shown == "comparisons":
            self._listing.move(by)
        else:
            self.at = min(max(0, self.at + by), max(0, len(self._names) - 1))
        self.redraw()

    def action_row_down(self) -> None:
        self._move(1)

    def action_row_up(self) -> None:
        self._move(-1)

    def action_rows_down(self) -> None:
        self._move(max(1, self._page - 1))

    def action_rows_up(self) -> None:
        self._move(-max(1, self._page - 1))

    def action_first_row(self) -> None:
        self._move(-len(self._names) - len(self._survey.comparisons))

    def action_last_row(self) -> None:
        self._move(len(self._names) + len(self._survey.comparisons))

    def action_mark(self) -> None:
        """Two rows at most: a third takes the place of the one that was marked first."""
        name = self.candidate
        if self.shown != "candidates" or not name:
            return
        if name in self.marked:
            self.marked = tuple(one for one in self.marked if one != name)
        else:
            self.marked = (*self.marked, name)[-PAIR:]
        self._changed()

    def action_judge_pair(self) -> None:
        found = self._comparison()
        if self.shown == "comparisons":
            if found is None:
                say(self, "v, then space on two candidates and J begins a comparison", "dim")
            else:
                self.post_message(self.PairAsked(found.candidate, found.against))
        elif len(self.marked) == PAIR:
            self.post_message(self.PairAsked(*self.marked))
        elif len(self.marked) == 1 and self.candidate != self.marked[0]:
            self.post_message(self.PairAsked(self.marked[0], self.candidate))
        else:
            say(self, "mark two candidates with space; J then opens blind A/B of them", "dim")

    def action_run_everything(self) -> None:
        self.post_message(self.RunAsked())

    def action_open_cell(self) -> None:
        found = self._comparison()
        if self.shown == "candidates":
            steps = [entry.key for entry in CHECKLIST]
            step = steps[self.column] if self.column < len(steps) else "decision"
            if self.candidate:
                self.post_message(self.Opened(self.candidate, step))
        elif found is not None:
            self.post_message(self.ComparisonOpened(found))

    def _comparison(self) -> Comparison | None:
        made = self._survey.comparisons
        index = self._listing.index
        return made[index] if index is not None and index < len(made) else None

    # The picture.

    def lines(self, width: int, height: int) -> list[Line]:
        head = [self._tabs(width), []]
        room = height - len(head)
        body = self._candidates if self.shown == "candidates" else self._comparisons
        return [*head, *body(width, room)]

    def cursor_line(self) -> int | None:
        if self.shown == "comparisons":
            at = self._listing.cursor_at
            return None if at is None else at + 2
        if not self._names:
            return None
        return 3 + (self.at - self._top) * self._step(self.size.width, self.size.height - 2)

    def _tabs(self, width: int) -> Line:
        made = len(self._survey.comparisons)
        compared_ = f"{made or 'no'} blind comparison{'' if made == 1 else 's'}"
        names = {
            "candidates": f"{len(self._names)} candidates, each against its base",
            "comparisons": compared_ if made or self._survey.compared else "blind comparisons …",
        }
        line: Line = [(" ", "text")]
        for name in SHOWN:
            line += [(names[name], "text!" if name == self.shown else "dim"), ("   ", "text")]
        left = sum(one not in self._survey.readings for one in self._names)
        if left:
            line.append((f"reading {len(self._names) - left} of {len(self._names)} …", "dim"))
        elif self.marked and self.shown == "candidates":
            line.append((f"{len(self.marked)} marked", "accent"))
        return cropped(line, width - 1)

    def _row(self, name: str, label: str = "") -> table.Candidate:
        read = self._survey.readings.get(name, {})
        return table.Candidate(
            name=name,
            label=label,
            steps=rows_of(self._scene, self._survey, name),
            readings=[read.get(entry.key) for entry in CHECKLIST],
            decided=self._survey.decided.get(name),
            marked=name in self.marked,
            current=name == self._scene.candidate,
        )

    def _step(self, width: int, room: int) -> int:
        """Lines from one candidate to the next."""
        layout = table.Layout.of(width, self._names)
        told = len(CHECKLIST) + 3
        parted = layout.wide and 1 + len(self._names) * (layout.lines + 1) + told <= room
        return layout.lines + parted

    def _candidates(self, width: int, room: int) -> list[Line]:
        layout = table.Layout.of(width, self._names)
        told = table.told_lines(self._row(self.candidate), self.column, width, layout.wide) if (
            self.candidate
        ) else []  # fmt: skip
        step = self._step(width, room)
        self._page = max(1, (room - 1 - len(told) - 1) // step)
        self._follow()
        shown = self._names[self._top : self._top + self._page]
        made = [table.heads(layout, self.column)]
        labels = layout.labels(self._names)[self._top :]
        for place, (name, label) in enumerate(zip(shown, labels, strict=False), self._top):
            drawn = table.candidate_lines(self._row(name, label), layout, place == self.at)
            made += filled(drawn, step)
        if len(shown) < len(self._names):
            last = self._top + len(shown)
            words = f"{self._top + 1}-{last} of {len(self._names)}"
            made.append([(f"     {words}", "dim")])
        else:
            made.append([])
        return [*made, *told]

    def _follow(self) -> None:
        """Scroll by a page at the edges, as lists do."""
        if self.at < self._top:
            self._top = max(0, self.at - self._page + 1)
        elif self.at >= self._top + self._page:
            self._top = self.at
        self._top = max(0, min(self._top, len(self._names) - self._page))

    def _comparisons(self, width: int, room: int) -> list[Line]:
        found = self._comparison()
        if found is None:
            words = "looking …" if not self._survey.compared else (
                "Nothing was compared blind yet. v shows the candidates: mark two with space, and"
                " J opens blind A/B between them; J on step 5 compares one with its base."
            )  # fmt: skip
            return [[(f"   {text}", "dim")] for text in wrapped(words, min(width - 6, 90))]
        told = [
            [(" ", "text"), *line]
            for line in headline_rows(
                found.reading.verdict, found.reading.summary, min(width - 2, 110), 2
            )
        ]
        about = compared.said(self._survey.comparisons, self._alpha)
        for text in about:
            told += [[(f"   {line}", "dim")] for line in wrapped(text, min(width - 5, 100))]
        drawn = self._listing.draw(width - 2, max(2, room - len(told) - 1))
        rows: list[Line] = [[(" ", "text"), *line] for line in drawn]
        needed = 1 + len(self._listing.rows)
        return [*rows[: max(2, min(needed, room - len(told) - 1))], [], *told]
