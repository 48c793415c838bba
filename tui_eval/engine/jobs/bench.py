"""One model on the test bench: its tokenizer, prompt, limits, and the rows in hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui_eval.core.records import Producer, Sample
from tui_eval.engine import probes
from tui_eval.engine.backends.transformers_scorer import IN_WORDS, PATHS
from tui_eval.engine.jobs.models import State
from tui_eval.engine.machine import machine
from tui_eval.engine.memory import Budget
from tui_eval.engine.prompts import Rendered, Renderer
from tui_eval.engine.scoring import Task
from tui_eval.engine.shortening import shortened
from tui_eval.engine.tokens import Encoded, Encoder, Limit, Piece, fit


@dataclass
class Bench:
    state: State
    encoder: Encoder
    renderer: Renderer
    limit: Limit
    budget: Budget
    producer: Producer
    done: frozenset[str] = frozenset()
    """Samples that are scored already."""
    rendered: list[Rendered] = field(default_factory=list)
    encoded: list[Encoded] = field(default_factory=list)
    proven: int = 0
    """The longest row that the chosen path was proven with."""

    @property
    def name(self) -> str:
        return self.state.name

    def take(self, samples: Sequence[Sample]) -> None:
        rows = shortened(self.renderer, self.encoder, samples, self.limit.length, self.name)
        self.rendered = [rendered for rendered, _ in rows]
        self.encoded = [encoded for _, encoded in rows]

    def pieces(self) -> list[Piece]:
        cuts = (fit(at, row, self.limit) for at, row in enumerate(self.encoded))
        return [piece for cut in cuts for piece in cut.pieces]

    def unproven(self) -> bool:
        """Whether rows have come that are longer than a length from which on the model
        behaves in another way, and than all that the path was proven with."""
        longest = max((piece.length for piece in self.pieces()), default=0)
        limits = probes.thresholds(self.state.scorer.config)
        return not self.proven or any(self.proven <= limit < longest for limit in limits)

    def prove(self) -> None:
        """Choose the fastest path that is exact; with what this scorer's other state
        allows, for both are scored in the same shapes."""
        scorer = self.state.scorer
        pieces = self.pieces()
        slowest = PATHS.index(scorer.path)
        wanted = [path for path in scorer.wanted_paths if PATHS.index(path) >= slowest]
        with scorer.as_model(adapter=self.state.adapter):
            scorer.path = probes.allowed_path(scorer, pieces, wanted)
        self.proven = max((piece.length for piece in pieces), default=1)

    def task(self) -> Task:
        scorer = self.state.scorer
        return Task(
            scorer,
            self.encoded,
            self.limit,
            self.budget,
            self.state.adapter,
            self.done,
            scorer.overhead,
        )

    def detail(self) -> dict[str, Any]:
        """What ``how computed`` shows: versions, hardware, the plan's settings."""
        loaded = self.state.scorer.loaded
        return {
            **machine(loaded.device),
            "path": IN_WORDS[self.state.scorer.path],
            "batch_tokens": self.budget.tokens,
            "overhead_tokens": self.state.scorer.overhead,
            "limit": self.limit.length,
            "window_stride": self.limit.stride,
        }


class Meter:
    """Progress in tokens, the unit that time goes by."""

    def __init__(self, progress: Callable[..., None]) -> None:
        self._progress = progress
        self._before = 0.0
        self._total = 0.0

    def say(self, message: str) -> None:
        self._progress(self._before, self._total, "tokens", message)

    def start(self, tasks: Sequence[Task], shards: float, later: int = 0) -> None:
        """``shards``: how many portions of rows like this one are to be scored, it
        included; ``later``: models that are loaded when these are done with."""
        total = shards * sum(task.total for task in tasks)
        self._total = self._before + total * (1 + later / max(1, len(tasks)))

    def show(self, tasks: Sequence[tuple[str, Task]]) -> None:
        fed = sum(task.fed for _, task in tasks)
        self._progress(self._before + fed, self._total, "tokens", "")
        if not any(task.queue for _, task in tasks):
            self._before += fed
