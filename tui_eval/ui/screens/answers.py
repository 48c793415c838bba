"""One prompt with the answers of base and fine-tuned, for rows of steps that read answers."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from tui_eval.core.evidence import Evidence
from tui_eval.core.records import Completion, Sample
from tui_eval.core.steps.task_metrics_blind import closed_prompts
from tui_eval.core.text import clean
from tui_eval.ui.screens.page import READ, WrappedPage
from tui_eval.ui.widgets.rowlist import Item, item
from tui_eval.ui.widgets.rows import wrapped

ENDS = {
    "stop": "ended by itself",
    "length": "cut at the limit",
    "stop_string": "ended at a stop text",
    "given": "made elsewhere",
    "error": "no answer",
}


KEPT = (
    "An open blind A/B asks this: who has read here which model wrote what can't judge it blind."
    " The answers open with its unblinding."
)


@dataclass(frozen=True, slots=True)
class AnswersDetail:
    """``answers`` are ``(sign and name, its answer)``, the base first."""

    sample: Sample
    answers: tuple[tuple[str, Completion | None], ...]
    notes: tuple[str, ...] = ()
    """What people said of it, in words."""


def detail_of(
    evidence: Evidence, candidate: str, ref: str, against: str | None = None
) -> AnswersDetail | None:
    """One prompt with what both models answered; None where it is gone. What an open blind A/B
    asks comes without answers."""
    other = against or evidence.base(candidate)
    models = [*([("○", other)] if other is not None else []), ("●", candidate)]
    found = evidence.answered(candidate, candidate).get(ref)
    if found is None:
        return None
    if closed_prompts(evidence, candidate)(found):
        return AnswersDetail(found, (), (KEPT,))
    answers = tuple(
        (f"{sign} {model}", evidence.answers(candidate, model).get(ref)) for sign, model in models
    )
    return AnswersDetail(found, answers)


class AnswersPage(WrappedPage):
    class Found(Message):
        def __init__(self, detail: AnswersDetail | None) -> None:
            super().__init__()
            self.detail = detail

    def __init__(self) -> None:
        super().__init__("answers")
        self._detail: AnswersDetail | None = None
        self._looked = False

    def on_answers_page_found(self, event: Found) -> None:
        self._detail, self._looked = event.detail, True
        self.refill()

    def made(self, width: int) -> list[Item]:
        if self._detail is None:
            words = "This row is no longer in the data." if self._looked else "Looking it up."
            return [item((words, "dim"))]
        return detail_items(self._detail, min(width, READ))


def detail_items(detail: AnswersDetail, width: int) -> list[Item]:
    items: list[Item] = []
    *turns, last = detail.sample.messages or (None,)
    for turn in [*turns, last]:
        if turn is not None and not (turn is last and turn.role == "assistant"):
            items += section(turn.role, turn.content, width)
    for note in detail.notes:
        items.append(item((clean(note), "dim")))
    if detail.notes:
        items.append(Item([]))
    for name, answer in detail.answers:
        items += _answer(name, answer, width)
    if detail.sample.reference is not None:
        items += section("expected", detail.sample.reference, width)
    return items


def _answer(name: str, answer: Completion | None, width: int) -> list[Item]:
    if answer is None:
        return section(name, "no answer yet", width)
    made = [ENDS[answer.finish], *answer.flags]
    items = section(f"{name}   {' · '.join(made)}", answer.answer or "(empty)", width)
    if answer.thinking:
        items += section(f"{name}, thinking", answer.thinking, width)
    return items


def section(title: str, text: str, width: int) -> list[Item]:
    """A heading, the cleaned text wrapped below it, a blank line."""
    items = [item((clean(title), "dim"))]
    for paragraph in clean(text, newlines=True).split("\n"):
        items += [item((f"  {piece}", "text")) for piece in wrapped(paragraph, width - 2) or [""]]
    return [*items, Item([])]
