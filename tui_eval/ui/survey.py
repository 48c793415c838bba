"""All candidates at one moment, read one after the other while somebody looks at them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tui_eval.checklist import CHECKLIST
from tui_eval.core.sign_off_records import Decided
from tui_eval.core.steps.compared import Comparison
from tui_eval.ui.scene import Row, Scene, rows, wanted
from tui_eval.ui.spelling import spelled_reading

if TYPE_CHECKING:
    from tui_eval.core.reading import Reading
    from tui_eval.core.records import Job
    from tui_eval.ui.reader import Reader


PAUSE = 4.0
"""Times as long as reading all took, until they are read again."""


@dataclass(frozen=True, slots=True)
class Survey:
    """By candidate, as far as they were read."""

    readings: Mapping[str, Mapping[str, Reading]] = field(default_factory=dict)
    decided: Mapping[str, Decided] = field(default_factory=dict)
    comparisons: tuple[Comparison, ...] = ()
    compared: bool = False
    """Whether the comparisons were looked for yet."""


def rows_of(scene: Scene, survey: Survey, candidate: str) -> list[Row]:
    """One candidate's six steps as they stand, with the jobs that run for it."""
    read = survey.readings.get(candidate)
    its = replace(scene, candidate=candidate, readings=read or {}, known=read is not None)
    return rows(its)


class Surveying:
    """Lives on the looker's thread. One step a turn, so that a request never waits for
    all of them; nothing is read while nobody watches, and while facts come in all are read
    again at most a fifth of the time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.survey = Survey()
        self._clock = clock
        self._tell: Callable[[Survey], object] | None = None
        self._due: list[str] = []
        self._stale = True
        self._begun = self._rest = 0.0
        self._read: dict[str, Reading] = {}
        self._tried: set[str] = set()
        """Of the candidate that is being read: its steps as far as read, and asked for."""

    @property
    def pending(self) -> bool:
        """Whether another turn has something to read."""
        anew = self._stale and self._clock() >= self._rest
        return self._tell is not None and (bool(self._due) or anew)

    def watch(self, tell: Callable[[Survey], object] | None) -> None:
        """From now on each change is told; None: nobody looks any more."""
        self._tell = tell
        self._rest = 0.0
        if tell is not None:
            tell(self.survey)

    def outdate(self) -> None:
        """Facts, judgements, files or settings are others now."""
        self._stale = True

    def turn(self, reader: Reader, scene: Scene) -> None:
        """Read the next candidate's next step, after the last one the comparisons."""
        if not self.pending:
            return
        if not self._due:
            # What came in between waits for the end: else the last ones were never read.
            self._begin(scene)
        if self._due and self._due[0] not in scene.candidates:
            self._due.pop(0)
            self._read, self._tried = {}, set()
        elif self._due and self._step(reader, scene, self._due[0]):
            self._candidate(reader, scene, self._due.pop(0))
        if not self._due:
            found = reader.comparisons()
            spelled = tuple(replace(o, reading=spelled_reading(o.reading)) for o in found)
            self._take(replace(self.survey, comparisons=spelled, compared=True))
            now = self._clock()
            self._rest = now + PAUSE * (now - self._begun)

    def _begin(self, scene: Scene) -> None:
        """The current one first, whose steps are read already. What was read stays to be seen
        until it is read anew."""
        self._stale = False
        self._read, self._tried = {}, set()
        self._begun = self._clock()
        here = scene.candidate
        self._due = sorted(scene.candidates, key=lambda name: name != here)
        kept = self.survey
        self._take(
            replace(
                kept,
                readings={n: kept.readings[n] for n in scene.candidates if n in kept.readings},
                decided={n: kept.decided[n] for n in scene.candidates if n in kept.decided},
            )
        )

    def _step(self, reader: Reader, scene: Scene, name: str) -> bool:
        """Read the candidate's next step; whether it was the last."""
        if name == scene.candidate and len(scene.readings) == len(CHECKLIST):
            self._read = dict(scene.readings)
        for entry in CHECKLIST:
            if entry.key not in self._tried and entry.key not in self._read:
                self._tried.add(entry.key)
                found = reader.reading(entry.key, name)
                self._read |= {key: spelled_reading(one) for key, one in found.items()}
                break
        return all(one.key in self._tried or one.key in self._read for one in CHECKLIST)

    def _candidate(self, reader: Reader, scene: Scene, name: str) -> None:
        read, self._read, self._tried = self._read, {}, set()
        decided = reader.decided(name, read)
        known = self.survey
        self._take(
            replace(
                known,
                readings=self._ordered(scene, {**known.readings, name: read}),
                decided={**known.decided, name: decided},
            )
        )

    def _ordered(
        self, scene: Scene, read: Mapping[str, Mapping[str, Reading]]
    ) -> Mapping[str, Mapping[str, Reading]]:
        return {name: read[name] for name in scene.candidates if name in read}

    def _take(self, survey: Survey) -> None:
        changed = survey != self.survey
        self.survey = survey
        if changed and self._tell is not None:
            self._tell(survey)


Jobs = Sequence[tuple[str, Mapping[str, Any]]]
"""Verbs with their arguments, for ``Workspace.request``."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Jobs that would compute what is missing, and how long they take by those before."""

    jobs: Jobs
    candidates: int
    seconds: float | None


def missing(scene: Scene, survey: Survey, idle: Callable[[str, str, str], str]) -> Missing:
    """Of all candidates, for the steps that wait for something. ``idle`` says of candidate,
    verb and split why such a job has nothing to work on."""
    jobs: list[tuple[str, Mapping[str, Any]]] = []
    for name in scene.candidates:
        read = survey.readings.get(name, {})
        waiting = [entry for entry in CHECKLIST if _waits(read.get(entry.key))]
        for verb, args in (job for entry in waiting for job in wanted(entry, name)):
            if (verb, args) not in jobs and not idle(name, verb, args["split"]):
                jobs.append((verb, args))
    many = len({args["candidate"] for _, args in jobs})
    return Missing(jobs, many, _seconds(scene.jobs, jobs))


def _waits(reading: Reading | None) -> bool:
    return reading is None or reading.verdict == "waiting"


def _seconds(done: Sequence[Job], jobs: Jobs) -> float | None:
    """As long as the like ones took on average; None where one is without its like."""
    times: dict[tuple[str, object], list[float]] = {}
    for job in done:
        if job.state == "done" and (seconds := _took(job)) is not None:
            times.setdefault((job.verb, job.args.get("split")), []).append(seconds)
    asked = [times.get((verb, args.get("split"))) for verb, args in jobs]
    if not asked or not all(asked):
        return None
    return sum(sum(some) / len(some) for some in asked if some)


def _took(job: Job) -> float | None:
    from tui_eval.ui.screens.cost import took

    return took(job)
