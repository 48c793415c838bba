"""Blind A/B: one judge, pairs of texts, and nothing that tells which model wrote which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from random import Random
from secrets import SystemRandom
from typing import Any, ClassVar

from tui_eval.core.blinding import pair_token, plan_pairs, shown
from tui_eval.core.judgements import SIDES, JudgeRound, PlannedPair, Side
from tui_eval.core.records import Completion
from tui_eval.core.session import Pair, Standing
from tui_eval.errors import InputError
from tui_eval.files.judging import texts
from tui_eval.files.judging.base import Judging, seen_fields
from tui_eval.files.judging.material import AbRound, Batch
from tui_eval.store.journal import Journal, NotSaved
from tui_eval.store.workspace import Workspace

LOOK_EVERY = 5
"""Votes between two looks at "enough votes to decide?"."""


class Ab(Judging[AbRound]):
    """Fulfils ``core.session.AbSession``."""

    step = "blind_ab"
    sides: ClassVar[Random] = SystemRandom()
    """Where sides come from: what a bundle or a journal holds must not lead to them."""

    def __init__(self, workspace: Workspace, journal: Journal, source: AbRound) -> None:
        self._pairs: dict[str, PlannedPair] = {}
        self._enough: bool | None = None
        super().__init__(workspace, journal, source)
        self.mode = self.state.mode
        if self._votes() >= LOOK_EVERY:
            self._enough = self._decides()

    # What there is.

    @property
    def unblinded(self) -> bool:
        return bool(self._round.unblinded_at)

    @property
    def standing(self) -> Standing:
        with self._lock:
            state = self.state
            own = [pair for pair in state.pairs if not pair.repeat_of]
            ties = sum(
                pair.identical or state.mark(pair.pair).side in ("tie", "both_bad") for pair in own
            )
            return Standing(
                done=len(state.voted),
                planned=max(len(own), state.planned - self._left_out),
                waiting=max(0, state.planned - len(own) - self._left_out),
                ties=ties,
                flagged=sum(mark.flagged for mark in state.marks.values()),
                pace=self._pace(),
                enough=self._enough,
                others=tuple((one.judge, len(one.voted), one.ended) for one in self._colleagues()),
                opened=tuple(
                    one.judge for one in self._colleagues() if not one.begun and not one.ended
                ),
            )

    def pair(self, token: str) -> Pair:
        planned = self._planned_pair(token)
        left, right = self._answer(planned.left), self._answer(planned.right)
        sample = self._samples.get(left.sample)
        return Pair(
            token=token,
            prompt=texts.prompt(sample),
            left=shown(left.answer),
            right=shown(right.answer),
            reference=sample.reference if sample is not None else None,
        )

    def thinking(self, token: str) -> tuple[str, str]:
        planned = self._planned_pair(token)
        if self.mark(token).side is None:
            return "", ""
        left, right = self._answer(planned.left), self._answer(planned.right)
        return shown(left.thinking), shown(right.thinking)

    # What a judge does.

    def vote(self, token: str, side: Side, **seen: Any) -> None:
        if side not in SIDES:
            raise InputError(f"A vote is one of {', '.join(SIDES)}.")
        self._open_for_votes()
        self._not_ended()
        self._say("vote", **self._at(token), side=side, **_without_side(seen))

    def strong(self, token: str) -> None:
        self._open_for_votes()
        self._planned_pair(token)
        vote = self.mark(token).vote
        if not vote:
            raise InputError("Vote on this pair first.")
        self._say("strong", of=vote)

    def view(self, token: str, what: str) -> None:
        if not self.unblinded:
            super().view(token, what)

    def to_guess(self) -> Sequence[str]:
        with self._lock:
            tied = [
                pair.pair
                for pair in self.state.pairs
                if not pair.repeat_of
                and not pair.identical
                and self.mark(pair.pair).side in ("tie", "both_bad")
            ]
        key = f"guesses {self._round_id} {self.judge}"
        return sorted(tied, key=lambda token: _rank(key, token))[: self._source.guesses]

    def guess(self, token: str, side: str) -> None:
        self._open_for_votes()
        if side not in ("left", "right"):
            raise InputError("A guess is left or right.")
        if token not in self.to_guess():
            raise InputError("Guesses are on pairs that you tied.")
        self._say("guess", **self._at(token), side=side)

    def finish(self) -> None:
        self._open_for_votes()
        self._say("finish", plan=self.state.plan)

    def reopen(self) -> None:
        self._open_for_votes()
        # Answers that came since were not put into a plan that had ended.
        self._facts_seen = None
        self._say("reopen", plan=self.state.plan)

    def close_judge(self, judge: str) -> None:
        self._open_for_votes()
        if judge == self.judge:
            self.finish()
            return
        if judge not in [one.judge for one in self._colleagues()]:
            raise InputError("Nobody of that name judges these pairs.")
        self._tell("close", judge=judge)

    def may_unblind(self) -> str:
        self._look()
        if self.unblinded:
            return "These pairs are unblinded already."
        begun = self._round.begun
        if not begun:
            return "Nobody has voted yet."
        return " ".join(
            f"{one.judge} is at {len(one.voted)} of {one.planned - self._left_out}."
            for one in begun
            if not one.ended
        )

    def unblind(self) -> None:
        why = self.may_unblind()
        if why:
            raise InputError(why, "Unblinding is open when every judge has finished.")
        self._tell("unblind")

    # Inside.

    def _tell(self, kind: str, **fields: Any) -> None:
        """Write what concerns the whole round."""
        try:
            self._journal.append(kind, round=self._round_id, **fields)
        finally:
            self._fold()

    def _took(self, event: Mapping[str, Any]) -> None:
        super()._took(event)
        if event["kind"] == "vote" and self._votes() % LOOK_EVERY == 0:
            self._enough = self._decides()

    def _votes(self) -> int:
        with self._lock:
            return sum(1 for mark in self.state.marks.values() if mark.side)

    def _decides(self) -> bool:
        return self._source.decides(self._round.judges)

    def _open_for_votes(self) -> None:
        self._look()
        if self.unblinded:
            raise InputError(
                "These pairs are unblinded: nobody can vote on them again.",
                "Compare with another model, or generate new answers, to judge on.",
            )

    def _open_for_undo(self, kind: str) -> None:
        if kind == "vote":
            self._not_ended()

    def _not_ended(self) -> None:
        """What was finished or closed counts as it is until it is reopened."""
        if self.state.ended:
            who = self.state.closed_by
            told = f"{who} has closed your judging" if who else "Your judging is finished"
            raise InputError(f"{told} of these pairs.", "Reopen it to vote on.")

    def _first(self, batch: Batch) -> dict[str, Any]:
        pairs = self._pairs_of(batch, None)
        return {"mode": self._source.mode, "pairs": [_plain(pair) for pair in pairs]}

    def _add(self, batch: Batch) -> bool:
        """Put pairs into the plan whose answers have come; none once judging has ended."""
        if self.unblinded or self.state.ended:
            return False
        pairs = self._pairs_of(batch, self.state)
        if pairs:
            # Where it can't be written now, it waits as a vote would.
            with suppress(NotSaved):
                self._say("more", plan=self.state.plan, pairs=[_plain(pair) for pair in pairs])
            self._index()
        return bool(pairs)

    def _outdated(self, state: JudgeRound) -> bool:
        source = self._source
        asked = {pair_token(self._round_id, id) for id in source.samples}
        planned = {pair.pair for pair in state.pairs if not pair.repeat_of}
        now = (source.seed, source.planned, source.mode)
        other = bool(asked) and not planned <= asked
        return other or now != (state.seed, state.planned, state.mode)

    def _pairs_of(self, batch: Batch, state: JudgeRound | None) -> tuple[PlannedPair, ...]:
        """The pairs that a plan begins with, or those to be added to it."""
        beside = self._ordinal() ^ 1
        partner = next((one for one in self._colleagues() if one.ordinal == beside), None)
        return plan_pairs(
            self._round_id,
            self.judge,
            batch.answered,
            seed=state.seed if state is not None else self._source.seed,
            sides=self.sides,
            planned=(state or self._source).planned - batch.left_out,
            repeats=self._source.repeats,
            partner=partner.pairs if partner is not None else (),
            before=state.pairs if state is not None else (),
        )

    def _index(self) -> None:
        with self._lock:
            self._pairs = {pair.pair: pair for pair in self.state.pairs}
            self._order = tuple(pair.pair for pair in self.state.pairs if not pair.identical)

    def _done(self, token: str) -> bool:
        return self.mark(token).side is not None

    def _ripe(self, token: str) -> bool:
        """A repeat waits for its pair, and for enough others after that."""
        first = self._pairs[token].repeat_of
        if not first:
            return True
        order = list(self.state.order)
        return first in order and len(order) - order.index(first) > self._source.repeats.apart

    def _planned_pair(self, token: str) -> PlannedPair:
        planned = self._pairs.get(token)
        if planned is None or planned.identical:
            raise InputError("That is not among the pairs judged here.")
        return planned

    def _answer(self, completion: str) -> Completion:
        found = self._texts.get(completion)
        if found is None:
            raise InputError(
                "The answers of this pair are not here.",
                "Copy the workspace's .tui-eval/facts from where they were generated.",
            )
        return found


def _plain(pair: PlannedPair) -> dict[str, Any]:
    made: dict[str, Any] = {"pair": pair.pair, "left": pair.left, "right": pair.right}
    if pair.repeat_of:
        made["repeat_of"] = pair.repeat_of
    if pair.identical:
        made["identical"] = True
    return made


def _without_side(seen: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in seen_fields(seen).items() if name != "side"}


def _rank(key: str, token: str) -> str:
    return sha256(f"{key} {token}".encode("utf-8", "surrogatepass")).hexdigest()
