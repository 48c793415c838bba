"""Manual review: one judge, one model's answers, four scores each."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from tui_eval.core.blinding import plan_items
from tui_eval.core.judgements import CRITERIA, JudgeRound
from tui_eval.core.session import Item, Standing
from tui_eval.errors import InputError
from tui_eval.files.judging import texts
from tui_eval.files.judging.base import Judging, seen_fields
from tui_eval.files.judging.material import Batch, ReviewRound
from tui_eval.store.journal import Journal, NotSaved
from tui_eval.store.workspace import Workspace


class Review(Judging[ReviewRound]):
    """Fulfils ``core.session.ReviewSession``."""

    step = "review"

    def __init__(self, workspace: Workspace, journal: Journal, source: ReviewRound) -> None:
        self._places: dict[str, int] = {}
        self.anchors = source.anchors
        super().__init__(workspace, journal, source)
        self.blind = self.state.blind

    @property
    def standing(self) -> Standing:
        with self._lock:
            state = self.state
            return Standing(
                done=len(state.reviewed),
                planned=max(len(state.items), state.planned - self._left_out),
                waiting=max(0, state.planned - len(state.items) - self._left_out),
                flagged=sum(mark.flagged for mark in state.marks.values()),
                pace=self._pace(),
                others=tuple(
                    (
                        one.judge,
                        len(one.reviewed),
                        one.ended or _all_done(one.planned, one.reviewed),
                    )
                    for one in self._colleagues()
                ),
            )

    def item(self, token: str) -> Item:
        if token not in self._places:
            raise InputError("That is not among the answers reviewed here.")
        completion = self._texts.get(token)
        if completion is None:
            raise InputError(
                "This answer is not here.",
                "Copy the workspace's .tui-eval/facts from where it was generated.",
            )
        sample = self._samples.get(completion.sample)
        return Item(
            token=token,
            prompt=texts.prompt(sample),
            answer=texts.answer(completion),
            reference=sample.reference if sample is not None else None,
            number=self._places[token],
        )

    def score(self, token: str, criterion: str, value: int | None, **seen: Any) -> None:
        if criterion not in CRITERIA:
            raise InputError(f"A criterion is one of {', '.join(CRITERIA)}.")
        whole = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (whole and 0 <= value <= 5):
            raise InputError("A score is 1 to 5, or 0 where the criterion does not apply.")
        more = {name: v for name, v in seen_fields(seen).items() if name not in _OWN}
        self._say("score", **self._at(token), criterion=criterion, value=value, **more)

    def _first(self, batch: Batch) -> dict[str, Any]:
        return {"blind": self._source.blind, "items": list(self._items_of(batch, None))}

    def _add(self, batch: Batch) -> bool:
        items = self._items_of(batch, self.state)
        if items:
            # Where it can't be written now, it waits as a score would.
            with suppress(NotSaved):
                self._say("more", plan=self.state.plan, items=list(items))
            self._index()
        return bool(items)

    def _outdated(self, state: JudgeRound) -> bool:
        source = self._source
        now = (source.seed, source.planned, source.blind)
        return now != (state.seed, state.planned, state.blind)

    def _items_of(self, batch: Batch, state: JudgeRound | None) -> tuple[str, ...]:
        """The items that a plan begins with, or those to be added to it."""
        return plan_items(
            self._round_id,
            self.judge,
            batch.items,
            seed=state.seed if state is not None else self._source.seed,
            before=state.items if state is not None else (),
        )

    def _index(self) -> None:
        with self._lock:
            self._order = self.state.items
            self._places = {item: number for number, item in enumerate(self._order, 1)}

    def _done(self, token: str) -> bool:
        return self.mark(token).scored


_OWN = ("criterion", "value")


def _all_done(planned: int, reviewed: tuple[str, ...]) -> bool:
    return bool(planned) and len(reviewed) >= planned
