"""Judging in memory: answers of two models, plans, and what judges said, in a few words.

A vote is a letter: ``t`` the tuned answer is better, ``b`` base's, ``=`` tie, ``x`` both
bad, ``.`` not voted on. Which screen side that is follows from the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.core.made_evidence import MadeEvidence, made_dataset, made_sample
from tui_eval.core.blinding import comparison, pair_token, review_round
from tui_eval.core.judgements import CRITERIA, Judgement
from tui_eval.core.records import Completion, Finish, Producer, Sample

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
EVERY = 30
"""Seconds between a judge's events."""
KEYS = {"tuned": "key-of-tuned", "base": "key-of-base"}
COMPARISON = comparison(KEYS["tuned"], KEYS["base"])
REVIEW = review_round(KEYS["tuned"])


def producer(model: str) -> Producer:
    return Producer(KEYS[model], model, "w", None, "t", "p", "bfloat16", 0, 0, "generate-1")


def completion(model: str, sample: str, answer: str, finish: Finish = "stop") -> Completion:
    return Completion(f"{KEYS[model]}/{sample}", sample, answer, answer, tokens=9, finish=finish)


def answered(
    n: int,
    *,
    samples: Sequence[Sample] | None = None,
    tuned: Mapping[int, str] | None = None,
    base: Mapping[int, str] | None = None,
    cut: Mapping[str, int] | None = None,
    **fields: object,
) -> MadeEvidence:
    """Evidence with ``n`` prompts answered by both. Answers are equally long unless given;
    ``cut``: how many of a model's end at the limit."""
    rows = list(samples or (made_sample(i) for i in range(n)))
    given = {"tuned": tuned or {}, "base": base or {}}
    made = {
        model: {
            row.id: completion(
                model,
                row.id,
                given[model].get(i, f"{model:5} says {i:5}"),
                "length" if i < (cut or {}).get(model, 0) else "stop",
            )
            for i, row in enumerate(rows[:n])
        }
        for model in KEYS
    }
    found: dict[str, object] = {
        "datasets": {"validation": made_dataset(rows)},
        "generators": {model: producer(model) for model in KEYS},
        "completions": made,
    }
    return MadeEvidence(**(found | fields))  # type: ignore[arg-type]


def compared(n: int, *judgements: Judgement, **fields: Any) -> MadeEvidence:
    """``n`` answered prompts, all of them to be compared and none to be reviewed."""
    settings = {"review.samples": 0, "blind_ab.pairs": n} | dict(fields.pop("settings", {}))
    return answered(n, journals=judgements, settings=settings, **fields)


def reviewable(n: int, *judgements: Judgement, **fields: Any) -> MadeEvidence:
    """``n`` answered prompts, all of them to be reviewed and none to be compared."""
    settings = {"review.samples": n, "blind_ab.pairs": 0} | dict(fields.pop("settings", {}))
    return answered(n, journals=judgements, settings=settings, **fields)


@dataclass
class Judge:
    """One journal as it grows. ``clock`` is when the next event happens."""

    name: str = "ana"
    ordinal: int = 0
    clock: datetime = START
    events: list[Judgement] = field(default_factory=list)

    def say(self, kind: str, **fields: Any) -> str:
        """Append an event; its id."""
        name = f"{self.name}-{len(self.events)}"
        at = self.clock.isoformat().replace("+00:00", "Z")
        event = {"id": name, "seq": len(self.events) + 1, "at": at, "kind": kind, **fields}
        self.events.append(Judgement(self.name, f"journal of {self.name}", event))
        self.clock += timedelta(seconds=EVERY)
        return name

    @property
    def plan(self) -> str:
        return f"plan of {self.name}"

    # Blind A/B.

    def pairs(
        self,
        n: int,
        *,
        planned: int = 0,
        mode: str = "planned",
        repeats: Sequence[int] = (),
        identical: Iterable[int] = (),
        lefts: Mapping[int, bool] | None = None,
        first: int = 0,
    ) -> Judge:
        """Plan samples ``first`` to ``n``; sides alternate unless ``lefts`` says otherwise,
        and the next judge gets the other side. ``repeats`` come last, swapped."""
        same = set(identical)
        made = []
        for place in range(first, n):
            left = (lefts or {}).get(place, (place + self.ordinal) % 2 == 0)
            made.append(self._pair(place, left) | {"identical": place in same})
        for place in repeats:
            left = not self.tuned_left(place, lefts)
            token = pair_token(COMPARISON, f"s{place}", repeat=True)
            made.append(self._pair(place, left) | {"pair": token, "repeat_of": self.token(place)})
        self.say(
            "plan",
            plan=self.plan,
            step="blind_ab",
            round=COMPARISON,
            planned=planned or n - first,
            ordinal=self.ordinal,
            mode=mode,
            pairs=made,
        )
        return self

    def tuned_left(self, place: int, lefts: Mapping[int, bool] | None = None) -> bool:
        return (lefts or {}).get(place, (place + self.ordinal) % 2 == 0)

    def token(self, place: int) -> str:
        return pair_token(COMPARISON, f"s{place}")

    def _pair(self, place: int, tuned_left: bool) -> dict[str, Any]:
        ids = [f"{KEYS[model]}/s{place}" for model in ("tuned", "base")]
        left, right = ids if tuned_left else ids[::-1]
        return {"pair": self.token(place), "left": left, "right": right}

    def vote(
        self, place: int, letter: str, *, repeat: bool = False, tuned_left: bool | None = None
    ) -> str:
        """On sample ``place``; empty where ``letter`` is ``.``."""
        if letter == ".":
            return ""
        left = self._left(place, repeat) if tuned_left is None else tuned_left
        side = {"=": "tie", "x": "both_bad"}.get(letter) or (
            "left" if (letter == "t") == left else "right"
        )
        token = self.token(place) if not repeat else pair_token(COMPARISON, f"s{place}", True)
        return self.say("vote", plan=self.plan, pair=token, side=side, ms=9000)

    def _left(self, place: int, repeat: bool) -> bool:
        """As this judge's plan has it."""
        token = self.token(place) if not repeat else pair_token(COMPARISON, f"s{place}", True)
        for judgement in self.events:
            for pair in judgement.event.get("pairs", ()):
                if pair["pair"] == token:
                    return bool(pair["left"].startswith(KEYS["tuned"]))
        raise AssertionError(f"{self.name} has no pair {place}")

    def votes(self, letters: str, first: int = 0) -> Judge:
        for place, letter in enumerate(letters, first):
            self.vote(place, letter)
        return self

    def again(self, places: Sequence[int], letters: str) -> Judge:
        """Votes on repeats."""
        for place, letter in zip(places, letters, strict=True):
            self.vote(place, letter, repeat=True)
        return self

    def guesses(self, places: Sequence[int], right: int) -> Judge:
        """The first ``right`` of the guesses at these pairs are so."""
        for i, place in enumerate(places):
            left = self._left(place, False) == (i < right)
            side = "left" if left else "right"
            self.say("guess", plan=self.plan, pair=self.token(place), side=side)
        return self

    def flag(self, place: int) -> Judge:
        self.say("flag", plan=self.plan, pair=self.token(place), on=True)
        return self

    def finish(self) -> Judge:
        self.say("finish", plan=self.plan)
        return self

    def unblind(self) -> Judge:
        self.say("unblind", round=COMPARISON)
        return self

    def close(self, judge: str, round: str = COMPARISON) -> Judge:
        self.say("close", round=round, judge=judge)
        return self

    # Review.

    def items(self, n: int, *, planned: int = 0, blind: bool = False) -> Judge:
        items = [f"{KEYS['tuned']}/s{place}" for place in range(n)]
        self.say(
            "plan",
            plan=self.plan,
            step="review",
            round=REVIEW,
            planned=planned or n,
            ordinal=self.ordinal,
            blind=blind,
            items=items,
        )
        return self

    def scores(self, rows: Iterable[str], first: int = 0) -> Judge:
        """Four digits an item; ``.`` leaves a criterion out."""
        for place, row in enumerate(rows, first):
            for criterion, digit in zip(CRITERIA, row, strict=True):
                if digit != ".":
                    item = f"{KEYS['tuned']}/s{place}"
                    fields = {"item": item, "criterion": criterion, "value": int(digit)}
                    self.say("score", plan=self.plan, **fields)
        return self

    def on_item(self, kind: str, place: int, **fields: Any) -> Judge:
        self.say(kind, plan=self.plan, item=f"{KEYS['tuned']}/s{place}", **fields)
        return self


def heard(*judges: Judge) -> list[Judgement]:
    return [event for judge in judges for event in judge.events]


def result(letters: str, **plan: Any) -> list[Judgement]:
    """One judge's votes on as many pairs as planned, finished and unblinded."""
    return heard(Judge().pairs(len(letters), **plan).votes(letters).finish().unblind())
