"""The loop of the ``score`` verb: planned batches in, one TokenLoss per row out.

It knows nothing of workspaces or keys: rows come encoded, results are yielded as they
come, and what ran out of memory is planned again in smaller batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from tui_eval.core.records import Sample, TokenLoss
from tui_eval.engine import plan
from tui_eval.engine.backends.transformers_scorer import TransformersScorer
from tui_eval.engine.memory import (
    Budget,
    budget_for,
    free_bytes,
    is_out_of_memory,
    per_token_bytes,
    release,
)
from tui_eval.engine.prompts import Renderer
from tui_eval.engine.tokens import Cut, Encoded, Encoder, Limit, Losses, Piece, fit
from tui_eval.errors import EngineError

DOES_NOT_FIT = "does not fit"
SHARD = 2048
"""Rows that are tokenised and planned at once: memory stays flat however many there are."""
TURN_BATCHES = 4
"""Batches that one model scores before the other scores the same rows."""


@dataclass
class Row:
    """One sample on its way: its pieces' losses gather here until the last has come."""

    encoded: Encoded
    cut: Cut
    losses: Losses
    waiting: int


@dataclass
class Task:
    """One model state and the rows that it has to score, as a queue of planned batches.

    ``done`` names samples that are already scored: they take part in the plan, so that a
    resumed run has the shapes of an uninterrupted one, but not in the work.
    """

    scorer: TransformersScorer
    rows: Sequence[Encoded]
    limit: Limit
    budget: Budget
    adapter: bool = True
    done: frozenset[str] = frozenset()
    overhead: int = plan.CPU_OVERHEAD
    pieces: list[Piece] = field(init=False)
    queue: deque[plan.Batch] = field(init=False)
    total: int = field(init=False)
    """Tokens to be fed, of rows not yet scored when the task was made."""
    fed: int = field(init=False, default=0)
    _rows: list[Row] = field(init=False)

    def __post_init__(self) -> None:
        self._rows = [_row(at, encoded, self.limit) for at, encoded in enumerate(self.rows)]
        self.pieces = [piece for row in self._rows for piece in row.cut.pieces]
        self._check_vocabulary()
        batches = self._plan(range(len(self.pieces)))
        open_batches = (self._open(batch) for batch in batches)
        self.queue = deque(batch for batch in open_batches if batch is not None)
        self.total = sum(batch.tokens for batch in self.queue)

    def unscorable(self) -> Iterator[TokenLoss]:
        """Rows without anything to score, with the reason."""
        for encoded in self.rows:
            if not len(encoded.targets) and encoded.sample not in self.done:
                yield TokenLoss(encoded.sample, 0.0, 0, 0, error=encoded.problem)

    def step(self) -> list[TokenLoss]:
        """Score the next batches; the rows that they completed. Plans again where memory
        ran out."""
        count = min(len(self.queue), self.scorer.crew.workers)
        batches = [self.queue.popleft() for _ in range(count)]
        pieces = [[self.pieces[at] for at in batch.rows] for batch in batches]
        complete: list[TokenLoss] = []
        failed: list[plan.Batch] = []
        for batch, some, losses in zip(batches, pieces, self.scorer.nll_each(pieces), strict=True):
            if not isinstance(losses, Exception):
                self.fed += batch.tokens
                complete += self._taken(some, losses)
            elif is_out_of_memory(losses):
                failed.append(batch)
            else:
                raise losses
        return complete + self._back_off(failed) if failed else complete

    def _back_off(self, failed: Sequence[plan.Batch]) -> list[TokenLoss]:
        """One batch at a time from now on, and smaller ones; a row that fails alone and
        undisturbed is given up."""
        release(self.scorer.loaded.device)
        largest = max(len(batch.rows) * batch.width for batch in failed)
        lonely = self.scorer.crew.workers == 1 and len(failed[0].rows) == 1
        self.queue.extendleft(reversed(failed[1:] if lonely else failed))
        self.scorer.crew.workers = 1
        if lonely:
            return self._given_up(failed[0].rows[0])
        if any(len(batch.rows) > 1 for batch in failed):
            self.budget.halve(largest)
        left = [at for waiting in self.queue for at in waiting.rows]
        self.queue = deque(self._plan(left))
        return []

    def _given_up(self, piece: int) -> list[TokenLoss]:
        """A row that fails alone is named, and the others go on."""
        row = self.pieces[piece].row
        left = [piece, *(at for waiting in self.queue for at in waiting.rows)]
        self.fed += sum(self.pieces[at].length for at in left if self.pieces[at].row == row)
        self.queue = deque(self._plan([at for at in left if self.pieces[at].row != row]))
        return [TokenLoss(self.rows[row].sample, 0.0, 0, 0, error=DOES_NOT_FIT)]

    def _taken(self, pieces: Sequence[Piece], losses: Sequence[Losses]) -> list[TokenLoss]:
        complete = []
        for piece, values in zip(pieces, losses, strict=True):
            row = self._rows[piece.row]
            row.losses[piece.first : piece.first + len(values)] = values
            row.waiting -= 1
            if not row.waiting:
                complete.append(token_loss(row.encoded, row.losses, row.cut))
        return complete

    def _plan(self, pieces: Sequence[int]) -> list[plan.Batch]:
        lengths = [self.pieces[at].length for at in pieces]
        if self.scorer.path in ("single", "full"):
            order = sorted(range(len(lengths)), key=lambda at: -lengths[at])
            batches = [plan.Batch((at,), lengths[at], lengths[at]) for at in order]
        elif self.scorer.path == "packed":
            batches = plan.packed(lengths, self.budget.tokens)
        else:
            batches = plan.padded(lengths, self.budget.tokens, self.overhead)
        return [
            plan.Batch(tuple(pieces[at] for at in batch.rows), batch.tokens, batch.width)
            for batch in batches
        ]

    def _open(self, batch: plan.Batch) -> plan.Batch | None:
        """The part of a batch whose rows are not scored yet."""
        rows = [at for at in batch.rows if self.rows[self.pieces[at].row].sample not in self.done]
        lengths = [self.pieces[at].length for at in rows]
        return plan.Batch(tuple(rows), sum(lengths), max(lengths)) if rows else None

    def _check_vocabulary(self) -> None:
        """An id that the model has no row for would end a GPU's work without words."""
        size = self.scorer.loaded.vocabulary
        most = max((int(row.ids.max()) for row in self.rows if len(row.ids)), default=0)
        if size and most >= size:
            name = self.scorer.loaded.name
            raise EngineError(
                f"The tokenizer gives the token {most}, but {name} knows only {size} tokens.",
                "The tokenizer is not this model's: put the right one beside the checkpoint.",
            )


def _row(at: int, encoded: Encoded, limit: Limit) -> Row:
    cut = fit(at, encoded, limit)
    losses = np.full(len(encoded.targets), np.nan, dtype=np.float32)
    return Row(encoded, cut, losses, len(cut.pieces))


def token_loss(encoded: Encoded, losses: Losses, cut: Cut) -> TokenLoss:
    """Sums in float64: of float32 values an exact one, up to the last rounding."""
    exact = losses.astype(np.float64)
    return TokenLoss(
        sample=encoded.sample,
        nll=float(exact.sum()),
        tokens=len(losses),
        bytes=encoded.bytes,
        end_nll=float(exact[encoded.ends].sum()),
        end_tokens=int(encoded.ends.sum()),
        cut_tokens=cut.cut_tokens,
        windows=max(1, len(cut.pieces)),
        token_nll=tuple(exact.tolist()),
        spans=tuple(map(tuple, encoded.spans.tolist())),
        runs=runs_of(encoded.targets),
    )


def runs_of(targets: Any) -> tuple[tuple[int, int], ...]:
    """Ascending positions as stretches (first, count)."""
    if not len(targets):
        return ()
    breaks = np.flatnonzero(np.diff(targets) != 1) + 1
    return tuple((int(part[0]), len(part)) for part in np.split(targets, breaks))


def run_tasks(
    tasks: Sequence[tuple[str, Task]], cancelled: Callable[[], bool] = lambda: False
) -> Iterator[tuple[str, list[TokenLoss]]]:
    """Each task's results, batch by batch, the tasks taking turns, so that both models'
    numbers grow together. Stops between batches when it is cancelled."""
    for name, task in tasks:
        yield name, list(task.unscorable())
    while any(task.queue for _, task in tasks):
        for name, task in tasks:
            if not task.queue:
                continue
            with task.scorer.as_model(adapter=task.adapter):
                for _ in range(TURN_BATCHES):
                    if not task.queue:
                        break
                    if cancelled():
                        return
                    yield name, task.step()


def shards(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    """Samples in the portions that are tokenised and planned at once."""
    remaining = iter(samples)
    while shard := list(islice(remaining, SHARD)):
        yield shard


def budget_of(scorer: TransformersScorer, limit: Limit, wanted: int | None = None) -> Budget:
    """What this model may be fed at once, where it lies and with the memory free there."""
    loaded = scorer.loaded
    element = 4 if loaded.dtype == "float32" else 2
    return budget_for(
        loaded.device.partition(":")[0],
        free=free_bytes(loaded.device),
        bytes_per_token=per_token_bytes(scorer.config, element, limit.length),
        wanted=wanted,
        calls=scorer.crew.workers,
    )


def score_samples(
    scorer: TransformersScorer,
    samples: Iterable[Sample],
    renderer: Renderer,
    limit: Limit,
    *,
    budget: Budget | None = None,
    adapter: bool = True,
) -> Iterator[TokenLoss]:
    """Everything in one call: render, tokenise, plan, score."""
    encoder = Encoder(scorer.loaded.tokenizer)
    budget = budget or budget_of(scorer, limit)
    for shard in shards(samples):
        rows = encoder.encode([renderer.render(one) for one in shard])
        task = Task(scorer, rows, limit, budget, adapter)
        for _, losses in run_tasks([("", task)]):
            yield from losses
        # Before the next shard comes: only one is to be held.
        del rows, task
