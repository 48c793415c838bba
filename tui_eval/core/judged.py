"""Every judgement at one moment, with the rounds that they make: each is folded once, however
many steps ask for it, for in a long history the fold is what takes the time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

from tui_eval.core.judgement_events import pairs_in
from tui_eval.core.judgements import Judgement, Round, by_round, rounds


class Judged(Sequence[Judgement]):
    """Never changes, and neither may the rounds that it gives: whoever goes on with one, as a
    judge's session does, folds its own."""

    def __init__(self, judgements: Sequence[Judgement]) -> None:
        self._all = tuple(judgements)
        self._folded: dict[str, Round | None] = {}

    @classmethod
    def of(cls, judgements: Sequence[Judgement]) -> Judged:
        return judgements if isinstance(judgements, cls) else cls(judgements)

    @cached_property
    def by_round(self) -> dict[str, list[Judgement]]:
        return by_round(self._all)

    @cached_property
    def ever_planned(self) -> dict[str, frozenset[str]]:
        rounds: dict[str, str] = {}
        found: dict[str, set[str]] = {}
        for one in self._all:
            event = one.event
            name = str(event.get("plan"))
            if event.get("kind") == "plan" and event.get("step") == "blind_ab":
                rounds[name] = str(event.get("round"))
            if event.get("kind") in ("plan", "more") and name in rounds:
                ids = found.setdefault(rounds[name], set())
                ids.update(id for pair in pairs_in(event) for id in (pair.left, pair.right))
        return {name: frozenset(ids) for name, ids in found.items()}

    def round(self, name: str) -> Round | None:
        """As ``rounds(self).get(name)``."""
        if name not in self._folded:
            own = self.by_round.get(name)
            self._folded[name] = rounds(own).get(name) if own is not None else None
        return self._folded[name]

    def rounds(self) -> tuple[Round, ...]:
        """As ``rounds(self).values()``."""
        return tuple(filter(None, map(self.round, self.by_round)))

    def open_comparisons(self) -> tuple[Round, ...]:
        """Those of ``rounds`` that are blind comparisons nobody has unblinded; no others are
        folded, which in a long history are most."""
        found = (self.round(name) for name, own in self.by_round.items() if _may_be_open(own))
        return tuple(
            one
            for one in found
            if one is not None and one.step == "blind_ab" and not one.unblinded_at
        )

    @overload
    def __getitem__(self, at: int) -> Judgement: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Judgement, ...]: ...

    def __getitem__(self, at: int | slice) -> Judgement | tuple[Judgement, ...]:
        return self._all[at]

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Judgement]:
        return iter(self._all)


def _may_be_open(own: Sequence[Judgement]) -> bool:
    """Whether only folding tells; ``own`` are all judgements of one round."""
    plans = [one.event.get("step") for one in own if one.event.get("kind") == "plan"]
    ends = [one.event.get("at") for one in own if one.event.get("kind") == "unblind"]
    return not all(step == "review" for step in plans) and not (ends and all(ends))
