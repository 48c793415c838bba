"""What scoring found, written as it comes, in a few commits a second."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tui_eval.core.records import (
    Dataset,
    Job,
    Preflight,
    Producer,
    Reconcile,
    Rendering,
    Sample,
    TokenLoss,
)
from tui_eval.engine.scoring import DOES_NOT_FIT
from tui_eval.store import codec

COMMIT_SECONDS = 0.25
KILLED = ("out of memory", "signal 9")


class ScoreFacts:
    """Appends to one job's facts file, and knows what the workspace has already."""

    def __init__(self, facts: Any, workspace: Any, *, again: bool = False) -> None:
        self._facts = facts
        self._workspace = workspace
        self._again = again
        """Asked to compute anew: nothing counts as done, and what comes replaces the old."""
        self._committed = time.monotonic()
        self.not_finite: dict[str, int] = {}
        """Rows without a finite loss, by producer key."""

    def scored(self, key: str) -> frozenset[str]:
        """Samples that need no second try: one that did not fit may fit today."""
        if self._again:
            return frozenset()
        losses = self._workspace.losses(key)
        return frozenset(name for name, loss in losses.items() if loss.error != DOES_NOT_FIT)

    def checked(self, key: str) -> bool:
        return not self._again and self._workspace.preflight(key) is not None

    def killed_for_memory(self, job: Job) -> int:
        """How often this very job was stopped by the kernel since it last ended by itself.
        On a CPU nothing is raised when memory runs out: the process is gone."""
        equal = [
            one
            for one in self._workspace.jobs()
            if (one.verb, one.args) == (job.verb, job.args) and one.id != job.id
        ]
        times = 0
        for one in reversed(equal):
            if one.state != "interrupted" or not any(sign in one.error for sign in KILLED):
                break
            times += 1
        return times

    def reconciled(self, key: str) -> bool:
        return not self._again and bool(self._workspace.have("reconcile", key))

    def dataset(self, dataset: Dataset) -> None:
        """The samples whole: the file may change, what was scored must stay readable. Of
        training rows, which may be many and private, only where they stand and their hash."""
        have = self._workspace.have("sample", dataset.key)
        for sample in dataset.samples:
            if sample.id not in have:
                kept = sample if dataset.split != "train" else _without_text(sample)
                self._append("sample", dataset.key, sample.id, kept)
        self.commit()

    def producer(self, producer: Producer) -> None:
        if all(known.key != producer.key for known in self._workspace.producers()):
            at = datetime.now(UTC).isoformat(timespec="seconds")
            body = codec.encode(producer)
            self._facts.append("producer", producer.key, None, {**body, "at": at})

    def renderings(self, key: str, renderings: Iterable[Rendering]) -> None:
        have = self._workspace.have("rendering", key)
        for rendering in renderings:
            if rendering.sample not in have:
                self._append("rendering", key, rendering.sample, rendering)
        self.commit()

    def preflight(self, key: str, preflight: Preflight) -> None:
        self._append("preflight", key, None, preflight)

    def reconcile(self, key: str, reconcile: Reconcile) -> None:
        self._append("reconcile", key, reconcile.sample, reconcile)

    def loss(self, key: str, loss: TokenLoss) -> None:
        if not math.isfinite(loss.nll):
            self.not_finite[key] = self.not_finite.get(key, 0) + 1
        self._append("loss", key, loss.sample, loss)

    def commit_now_and_then(self) -> None:
        if time.monotonic() - self._committed >= COMMIT_SECONDS:
            self.commit()

    def commit(self) -> None:
        self._facts.commit()
        self._committed = time.monotonic()

    def _append(self, kind: str, key: str, sample: str | None, record: Any) -> None:
        self._facts.append(kind, key, sample, codec.encode(record))


def _without_text(sample: Sample) -> Sample:
    return replace(sample, messages=(), text=None, tools=())
