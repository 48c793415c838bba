"""What the sessions of review and blind A/B have in common: journal, state, queue, undo.

The state is folded once when a session opens and whenever somebody else's journal grew; an
event of one's own moves it on without looking at the others.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import pairwise
from typing import Any, Generic, Self, TypeVar

from tui_eval.core.judgements import (
    Judgement,
    JudgeRound,
    Mark,
    Round,
    Step,
    advance,
    of_round,
    rounds,
)
from tui_eval.core.records import Completion, Sample
from tui_eval.core.stats.order import median
from tui_eval.core.steps.judging import tags_in
from tui_eval.core.text import clean
from tui_eval.errors import InputError, StoreError
from tui_eval.files.judging.material import Batch, Material
from tui_eval.store.codec import plain
from tui_eval.store.journal import Journal, NotSaved, login
from tui_eval.store.liveness import alone
from tui_eval.store.workspace import Workspace

KINDS = (
    *("plan", "more", "score", "vote", "strong", "note", "flag", "skip", "view"),
    *("undo", "guess", "finish", "reopen", "close", "unblind"),
)
OWN_NAMES = frozenset({"id", "at", "seq", "kind", "prev", "sum", "plan", "pair", "item"})
"""Fields of an event that what a screen says about looking can't replace."""

LAST = 20
"""Judgements that the pace is taken from."""
PAUSE = 300.0
"""Seconds after which a gap is a pause, not the time for one judgement."""


M = TypeVar("M", bound=Material)


class Judging(Generic[M]):
    """One judge's part of one round. Subclasses say what is judged."""

    step: Step

    def __init__(self, workspace: Workspace, journal: Journal, source: M) -> None:
        self.judge, self.title = journal.judge, source.title
        self._workspace, self._journal, self._round_id = workspace, journal, source.id
        self._source = source
        self._texts: dict[str, Completion] = {}
        self._samples: Mapping[str, Sample] = {}
        self._lock = threading.RLock()
        self._own: list[Judgement] = []
        self._round = Round(source.id, self.step)
        self._state: JudgeRound | None = None
        self._others_seen: tuple[tuple[str, int], ...] = ()
        self._facts_seen: object = None
        self._before: tuple[str, ...] = ()
        self._left_out = 0
        self._order: tuple[str, ...] = ()
        self._known_tags: Counter[str] = Counter()
        self._fold()
        self._known_tags = self._tags_elsewhere()
        source.keep(self.judge)
        self._facts_seen = workspace.facts_version()
        batch = source.read()
        self._absorb(batch)
        if self._state is None or (self._untouched() and self._outdated(self._state)):
            with self._in_turn():
                self._begin(seed=source.seed, planned=source.planned, **self._first(batch))
        else:
            self._add(batch)
        self._index()

    @classmethod
    def open(cls, workspace: Workspace, judge: str, source: M) -> Self:
        journal = workspace.journal(judge)
        try:
            return cls(workspace, journal, source)
        except BaseException:
            journal.close()
            raise

    # What there is.

    @property
    def state(self) -> JudgeRound:
        if self._state is None:
            raise StoreError("This round has no plan.", "Open the session again.")
        return self._state

    @property
    def order(self) -> Sequence[str]:
        return self._order

    @property
    def not_saved(self) -> int:
        return len(self._journal.not_saved)

    def before(self) -> Sequence[str]:
        faults = (clean(fault) for fault in self._workspace.faults())
        return (*self._before, *faults, *map(clean, self._journal.notes))

    def mark(self, token: str) -> Mark:
        return self.state.mark(token)

    def tags(self) -> Mapping[str, int]:
        with self._lock:
            own = (tag for mark in self.state.marks.values() for tag in _tags(mark.note))
            return dict((self._known_tags + Counter(own)).most_common())

    def following(self, after: str = "") -> str | None:
        with self._lock:
            left = [token for token in self._order if not self._done(token)]
            ripe = [token for token in left if self._ripe(token)] or left
            fresh = [token for token in ripe if not self.mark(token).skipped]
            if fresh:
                place = {token: number for number, token in enumerate(self._order)}
                later = [token for token in fresh if place[token] > place.get(after, -1)]
                return (later or fresh)[0]
            skipped = sorted(ripe, key=lambda token: self.mark(token).skipped)
            return next((token for token in skipped if token != after), next(iter(skipped), None))

    # What a judge does.

    def skip(self, token: str) -> None:
        self._open_for_votes()
        self._say("skip", **self._at(token))

    def flag(self, token: str, on: bool) -> None:
        self._open_for_votes()
        self._say("flag", **self._at(token), on=bool(on))

    def note(self, token: str, text: str) -> None:
        self._open_for_votes()
        self._say("note", **self._at(token), text=text)

    def view(self, token: str, what: str) -> None:
        self._say("view", **self._at(token), what=what)

    def undo(self) -> tuple[str, str] | None:
        self._open_for_votes()
        with self._lock:
            if not self.state.history:
                return None
            name, kind, token = self.state.history[-1]
        self._open_for_undo(kind)
        self._say("undo", of=name)
        return token, kind

    def retry(self) -> int:
        written = self._journal.retry()
        if written:
            self._fold()
        return written

    def close(self) -> None:
        self._journal.close()

    # What came in.

    def refresh(self) -> bool:
        self._workspace.catch_up()
        changed = self._look()
        version = self._workspace.facts_version()
        if version != self._facts_seen:
            self._facts_seen = version
            changed = self._grow() or changed
        return changed

    def _look(self) -> bool:
        """Fold again if somebody else's journal, or one of this judge's on another host,
        has changed."""
        if self._others() == self._others_seen:
            return False
        self._fold()
        return True

    def _others(self) -> tuple[tuple[str, int], ...]:
        own = self._journal.path
        views = self._workspace.journals()
        return tuple((str(one.path), len(one.events)) for one in views if one.path != own)

    def _fold(self) -> None:
        seen = self._others()
        events = of_round(self._workspace.judgements(KINDS), self._round_id)
        on_disk = {str(one.event.get("id")) for one in events}
        events += [
            Judgement(self.judge, self._journal.path.name, event)
            for event in self._journal.not_saved
            if str(event.get("id")) not in on_disk
        ]
        found = rounds(events).get(self._round_id)
        with self._lock:
            self._others_seen = seen
            self._own = [one for one in events if one.judge == self.judge]
            self._round = found or Round(self._round_id, self.step)
            self._state = self._round.judge(self.judge)
        if self._state is not None:
            self._index()

    def _grow(self) -> bool:
        """Take in answers that came; whether there were any."""
        batch = self._source.read()
        self._absorb(batch)
        return self._add(batch)

    def _absorb(self, batch: Batch) -> None:
        with self._lock:
            self._texts |= batch.texts
            self._samples = batch.samples
            self._before = (*self._source.before, *batch.before)
            self._left_out = batch.left_out

    # For subclasses.

    def _first(self, batch: Batch) -> dict[str, Any]:
        """What a plan begins with, besides its seed and size."""
        raise NotImplementedError

    def _add(self, batch: Batch) -> bool:
        """Put what came into the plan; whether there was anything."""
        raise NotImplementedError

    def _outdated(self, state: JudgeRound) -> bool:
        """Whether a plan differs from what the settings ask for today."""
        raise NotImplementedError

    def _index(self) -> None:
        """Follow the state's plan."""
        raise NotImplementedError

    def _done(self, token: str) -> bool:
        raise NotImplementedError

    def _ripe(self, token: str) -> bool:
        """Whether it may be shown already."""
        return True

    def _open_for_votes(self) -> None:
        """Raise where nothing that is said counts any more."""

    def _open_for_undo(self, kind: str) -> None:
        """Raise where an event of this kind has to stay for now."""

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Judges who begin at the same moment do so one after the other, each knowing those
        before: else they would be of one place, and see the same sides."""
        with alone(self._workspace.state_dir):
            self._fold()
            yield

    def _begin(self, **fields: Any) -> None:
        """Within ``_in_turn``. Write this judge's plan, in the place of the one there is."""
        instead = {"instead": True} if self._state is not None else {}
        self._journal.append(
            "plan",
            plan=secrets.token_hex(8),
            step=self.step,
            round=self._round_id,
            ordinal=self._ordinal(),
            login=login(),
            **instead,
            **fields,
        )
        self._fold()

    def _ordinal(self) -> int:
        """This judge's place in the round: the one planned with, or the next."""
        if self._state is not None:
            return self._state.ordinal
        return max((one.ordinal for one in self._round.judges), default=-1) + 1

    def _untouched(self) -> bool:
        """Nobody has judged in this round, nor done anything else in this judge's plan:
        settings that were changed since may still have their way."""
        return not self._round.begun and self._state is not None and not self._state.marks

    def _at(self, token: str) -> dict[str, str]:
        if token not in self._order:
            raise InputError("That is not among what is judged here.")
        return {"plan": self.state.plan, "item" if self.step == "review" else "pair": token}

    def _say(self, kind: str, **fields: Any) -> None:
        """Write an event and move the state on; both also where writing failed."""
        try:
            event = self._journal.append(kind, **fields)
        except NotSaved as error:
            self._took(error.event)
            raise
        self._took(event)

    def _took(self, event: Mapping[str, Any]) -> None:
        with self._lock:
            self._own.append(Judgement(self.judge, self._journal.path.name, event))
            if event["kind"] == "undo":
                self._fold_own()
            else:
                advance(self.state, event)

    def _fold_own(self) -> None:
        """The same plan from this judge's events alone."""
        closed_by = self.state.closed_by
        folded = rounds(self._own)[self._round_id].judge(self.judge)
        assert folded is not None
        folded.closed_by = closed_by
        self._state = folded
        self._round.judges = tuple(
            folded if one.judge == self.judge else one for one in self._round.judges
        )

    def _pace(self) -> float | None:
        """Median seconds from one judgement to the next, without pauses."""
        last = list(self.state.order)[-LAST - 1 :]
        times = sorted(filter(None, (_time(self.mark(token).at) for token in last)))
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
        gaps = [gap for gap in gaps if gap <= PAUSE]
        return median(gaps) if len(gaps) > 1 else None

    def _colleagues(self) -> list[JudgeRound]:
        return [one for one in self._round.judges if one.judge != self.judge]

    def _tags_elsewhere(self) -> Counter[str]:
        """Tags of this judge's notes in other rounds."""
        notes = [one for one in self._workspace.judgements(("note",)) if one.judge == self.judge]
        here = {str(one.event.get("id")) for one in self._own}
        found: Counter[str] = Counter()
        for one in notes:
            if str(one.event.get("id")) not in here:
                found.update(_tags(str(one.event.get("text", ""))))
        return found


def seen_fields(seen: Mapping[str, Any]) -> dict[str, Any]:
    """What a screen says about how something was looked at, as it is stored."""
    return {name: plain(value) for name, value in seen.items() if name not in OWN_NAMES}


def _tags(note: str) -> list[str]:
    return list(dict.fromkeys(tags_in(note)))


def _time(at: str) -> datetime | None:
    with suppress(ValueError):
        made = datetime.fromisoformat(at)
        return made if made.tzinfo is not None else None
    return None
