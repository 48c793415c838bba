"""Judging sessions in memory, on the real rules: events, and the fold that reads them.

No file and no model: what a screen test needs, and ways to fail or to wait on purpose.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tui_eval.core.judgements import Judgement, JudgeRound, Mark, Round, Side, rounds
from tui_eval.core.session import Answer, Item, Pair, Prompt, Standing, Turn
from tui_eval.errors import StoreError
from tui_eval.store.journal import NotSaved

SHORT = [(f"left {n}", f"right {n}") for n in range(12)]
LONG = ("first line\n" + "more\n" * 60 + "last left", "other\n" + "more\n" * 30 + "last right")
SIZE = (80, 24)
PROMPT = "Summarise the complaint in one sentence for the shift manager."
ANCHORS = {
    name: tuple(f"{name} at level {level}" for level in range(1, 6))
    for name in ("accuracy", "relevance", "fluency", "format")
}


class MadeSession:
    """What both kinds share. ``failing``: writes fail until it is False again."""

    step = "review"
    title = "what is judged"

    def __init__(self, judge: str = "ana") -> None:
        self.judge = judge
        self.events: list[dict[str, Any]] = []
        self.others_events: list[Judgement] = []
        self.kept: list[dict[str, Any]] = []
        self.failing = False
        self.closed = False
        self.came = False
        self.threads: set[str] = set()
        self.gate: threading.Event | None = None
        """Where set, a write waits for it: a slow disk."""
        self.pace: float | None = 30.0
        self.waiting = 0
        self.sentences: tuple[str, ...] = ()

    def append(self, kind: str, **fields: Any) -> dict[str, Any]:
        self.threads.add(threading.current_thread().name)
        if self.gate is not None:
            self.gate.wait(30)
        number = len(self.events) + 1
        event = {"id": f"{self.judge}-{number}", "at": f"2026-01-01T00:{number:05d}", "kind": kind}
        event |= fields
        self.events.append(event)
        if self.failing or self.kept:
            self.kept.append(event)
            if self.failing:
                why = StoreError("No space left on device.", "Make room.")
                raise NotSaved(why, event, spooled=True)
            self.kept.clear()
        return event

    @property
    def round(self) -> Round:
        own = [Judgement(self.judge, self.judge, event) for event in self.events]
        return rounds([*own, *self.others_events])["round"]

    @property
    def state(self) -> JudgeRound:
        found = self.round.judge(self.judge)
        assert found is not None
        return found

    @property
    def saved(self) -> list[dict[str, Any]]:
        """Events that are on the disk, without the plan."""
        return [e for e in self.events if e not in self.kept and e["kind"] != "plan"]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.saved if event["kind"] == kind]

    @property
    def not_saved(self) -> int:
        return len(self.kept)

    @property
    def order(self) -> Sequence[str]:
        raise NotImplementedError

    def judged(self, token: str) -> bool:
        raise NotImplementedError

    def following(self, after: str = "") -> str | None:
        order = list(self.order)
        place = order.index(after) + 1 if after in order else 0
        turned = [*order[place:], *order[:place]]
        left = [token for token in turned if not self.judged(token)]
        fresh = [token for token in left if not self.mark(token).skipped]
        again = sorted(
            (token for token in left if token != after), key=lambda t: self.mark(t).skipped
        )
        return next(iter([*fresh, *again, *left]), None)

    def before(self) -> Sequence[str]:
        return self.sentences

    def refresh(self) -> bool:
        self.threads.add(threading.current_thread().name)
        came, self.came = self.came, False
        return came

    def mark(self, token: str) -> Mark:
        return self.state.mark(token)

    def _target(self, token: str) -> dict[str, str]:
        return {"plan": "plan", ("pair" if self.step == "blind_ab" else "item"): token}

    def skip(self, token: str) -> None:
        self.append("skip", **self._target(token))

    def flag(self, token: str, on: bool) -> None:
        self.append("flag", **self._target(token), on=on)

    def note(self, token: str, text: str) -> None:
        self.append("note", **self._target(token), text=text)

    def view(self, token: str, what: str) -> None:
        self.append("view", **self._target(token), what=what)

    def undo(self) -> tuple[str, str] | None:
        history = self.state.history
        if not history:
            return None
        name, kind, target = history[-1]
        self.append("undo", of=name)
        return target, kind

    def tags(self) -> Mapping[str, int]:
        marks = self.state.marks.values()
        return Counter(tag for mark in marks for tag in re.findall(r"#[\w-]+", mark.note))

    def retry(self) -> int:
        if self.failing and self.kept:
            why = StoreError("No space left on device.", "Make room.")
            raise NotSaved(why, self.kept[0], spooled=True)
        written = len(self.kept)
        self.kept.clear()
        return written

    def close(self) -> None:
        self.closed = True

    def _standing(self, done: int, planned: int, ties: int = 0) -> Standing:
        flagged = sum(mark.flagged for mark in self.state.marks.values())
        others = tuple(
            (one.judge, len(one.voted), one.ended)
            for one in self.round.judges
            if one.judge != self.judge
        )
        enough = None if done < 5 else False
        return Standing(done, planned, self.waiting, ties, flagged, self.pace, enough, others)


class MadeAb(MadeSession):
    """Pairs ``p0``, ``p1`` ... of left and right texts."""

    step = "blind_ab"
    title = "two sets of answers"
    mode = "planned"

    def __init__(
        self,
        texts: Sequence[tuple[str, str]],
        *,
        judge: str = "ana",
        prompt: Prompt | None = None,
        reference: str | None = None,
        thinking: tuple[str, str] = ("", ""),
    ) -> None:
        super().__init__(judge)
        self.texts = list(texts)
        self.prompt = prompt or Prompt((Turn("user", PROMPT),))
        self.reference, self.thoughts = reference, thinking
        self.planned = len(self.texts)
        self.closed_judges: list[str] = []
        self.append("plan", **self._plan())

    def _plan(self) -> dict[str, Any]:
        pairs = [
            {"pair": f"p{n}", "left": f"l{n}", "right": f"r{n}"} for n in range(len(self.texts))
        ]
        return {"plan": "plan", "step": "blind_ab", "round": "round", "planned": len(pairs),
                "pairs": pairs}  # fmt: skip

    def more(self, texts: Sequence[tuple[str, str]]) -> None:
        """Answers that came later."""
        first = len(self.texts)
        self.texts += texts
        pairs = [
            {"pair": f"p{n}", "left": f"l{n}", "right": f"r{n}"}
            for n in range(first, len(self.texts))
        ]
        self.append("more", plan="plan", pairs=pairs)
        self.waiting = max(0, self.waiting - len(texts))
        self.came = True

    def join(self, judge: str, votes: int, *, finished: bool = False) -> None:
        """Another judge of the same round."""
        events: list[dict[str, Any]] = [{"kind": "plan", **self._plan(), "plan": judge}]
        events += [
            {"kind": "vote", "plan": judge, "pair": f"p{n}", "side": "left"} for n in range(votes)
        ]
        if finished:
            events.append({"kind": "finish", "plan": judge})
        for number, event in enumerate(events):
            event |= {"id": f"{judge}-{number}", "at": f"2026-01-01T00:0000{number}"}
            self.others_events.append(Judgement(judge, judge, event))
        self.came = True

    @property
    def order(self) -> Sequence[str]:
        return [pair.pair for pair in self.state.pairs]

    def judged(self, token: str) -> bool:
        return self.mark(token).side is not None

    @property
    def standing(self) -> Standing:
        state = self.state
        ties = sum(mark.side in ("tie", "both_bad") for mark in state.marks.values())
        return self._standing(len(state.voted), self.planned, ties)

    def pair(self, token: str) -> Pair:
        left, right = self.texts[int(token[1:])]
        return Pair(token, self.prompt, left, right, self.reference)

    def vote(self, token: str, side: Side, **seen: Any) -> None:
        self.append("vote", plan="plan", pair=token, side=side, **seen)

    def strong(self, token: str) -> None:
        self.append("strong", of=self.mark(token).vote)

    def thinking(self, token: str) -> tuple[str, str]:
        return self.thoughts if self.judged(token) else ("", "")

    def to_guess(self) -> Sequence[str]:
        tied = [t for t in self.order if self.mark(t).side in ("tie", "both_bad")]
        return [token for token in tied if self.mark(token).guess is None][:10]

    def guess(self, token: str, side: str) -> None:
        self.append("guess", plan="plan", pair=token, side=side)

    def finish(self) -> None:
        self.append("finish", plan="plan")

    def reopen(self) -> None:
        self.append("reopen", plan="plan")

    def close_judge(self, judge: str) -> None:
        self.append("close", round="round", judge=judge)

    def may_unblind(self) -> str:
        if self.round.all_ended:
            return ""
        busy = [one.judge for one in self.round.begun if not one.ended]
        return f"{' and '.join(busy) or 'nobody'} has not finished"

    def unblind(self) -> None:
        self.append("unblind", round="round")

    @property
    def unblinded(self) -> bool:
        return bool(self.round.unblinded_at)


def sides(session: MadeAb) -> list[str]:
    return [event["side"] for event in session.of_kind("vote")]


class MadeReview(MadeSession):
    """Answers ``i0``, ``i1`` ..."""

    step = "review"
    blind = False
    anchors: Mapping[str, tuple[str, str, str, str, str]] = ANCHORS  # type: ignore[assignment]

    def __init__(
        self,
        texts: Sequence[str],
        *,
        judge: str = "ana",
        make: Callable[[Item], Item] = lambda item: item,
    ) -> None:
        super().__init__(judge)
        self.texts = list(texts)
        self._make = make
        items = [f"i{n}" for n in range(len(self.texts))]
        self.append("plan", plan="plan", step="review", round="round", planned=len(items),
                    items=items)  # fmt: skip

    @property
    def order(self) -> Sequence[str]:
        return self.state.items

    def judged(self, token: str) -> bool:
        return self.mark(token).scored

    @property
    def standing(self) -> Standing:
        return self._standing(len(self.state.reviewed), len(self.texts))

    def item(self, token: str) -> Item:
        number = int(token[1:])
        text = self.texts[number]
        answer = Answer(text, end="ended by itself", words=len(text.split()))
        made = Item(token, Prompt((Turn("user", PROMPT),)), answer, "The customer waited.", 0)
        return replace(self._make(made), number=number + 1)

    def score(self, token: str, criterion: str, value: int | None, **seen: Any) -> None:
        self.append("score", plan="plan", item=token, criterion=criterion, value=value, **seen)
