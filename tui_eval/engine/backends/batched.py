"""Many answers at once with one loop of our own: an answer that ends leaves its place to
the next prompt at once, so that no step is spent on finished ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from tui_eval.engine.backends import slots
from tui_eval.engine.backends.segments import Switch
from tui_eval.engine.backends.slots import Slots, Step
from tui_eval.engine.backends.transformers_scorer import TransformersScorer
from tui_eval.engine.choice import Writing, choose
from tui_eval.engine.generation import Asked, Reply, Rules

CPU_PROMPT_TOKENS, GPU_PROMPT_TOKENS = 512, 4096
"""Prompt tokens that one step takes in at most, though always a whole prompt: answers that
are being written wait for them."""
FEW_PARAMETERS = 10_000_000
"""A step of a smaller model is over before a second thread has woken up."""


class Batched:
    """``batch`` answers at once; each step is one forward call over packed tokens."""

    def __init__(self, scorer: TransformersScorer, batch: int) -> None:
        self.batch = batch
        self._prompt_tokens = prompt_tokens(scorer.loaded.device)
        self._scorer = scorer
        self._switch = Switch(scorer.config, slots.NAME)
        size = sum(parameter.numel() for parameter in scorer.inner.parameters())
        self._alone = scorer.loaded.device == "cpu" and size < FEW_PARAMETERS
        slots.register()

    def answer(self, asked: Sequence[Asked], rules: Rules) -> Iterator[Reply]:
        # The longest first: slots of one length then stand together.
        waiting = deque(sorted(asked, key=lambda one: -len(one.ids)))
        writing: list[Writing] = []
        kept = Slots(min(self.batch, len(waiting)))
        while waiting or writing:
            rules.pulse()
            new = self._admit(waiting, kept.rows - len(writing))
            writing_before = len(writing)
            writing += new
            chosen = self._step(kept, writing, writing_before, rules)
            for row, token in zip(writing, chosen, strict=True):
                row.ids.append(token)
            for at in range(len(writing) - 1, -1, -1):
                reply = ended(writing[at], rules)
                if reply is not None:
                    self._leave(kept, writing, at)
                    yield reply

    def _admit(self, waiting: deque[Asked], places: int) -> list[Writing]:
        new: list[Writing] = []
        tokens = 0
        while waiting and len(new) < places:
            tokens += len(waiting[0].ids)
            if new and tokens > self._prompt_tokens:
                break
            new.append(Writing(waiting.popleft()))
        return new

    def _leave(self, kept: Slots, writing: list[Writing], at: int) -> None:
        """The last one takes the place of the one that ended."""
        last = writing.pop()
        if at < len(writing):
            writing[at] = last
            kept.move(len(writing), at, last.length - 1)

    def _step(
        self, kept: Slots, writing: Sequence[Writing], before: int, rules: Rules
    ) -> list[int]:
        new = [row.asked.ids for row in writing[before:]]
        # Of the last token written nothing is kept yet: it is fed now.
        lengths = [row.length - 1 for row in writing[:before]]
        step = Step(kept, lengths, [len(ids) for ids in new])
        kept.reserve(max(row.length for row in writing))
        ids = [row.ids[-1] for row in writing[:before]]
        places = list(lengths)
        last = list(range(before))
        for some in new:
            ids += some.tolist()
            places += range(len(some))
            last.append(len(ids) - 1)
        threads = torch.get_num_threads()
        if self._alone:
            torch.set_num_threads(1)
        try:
            logits = self._forward(step, ids, places, last)
            return choose(logits, writing, rules.generation)
        finally:
            torch.set_num_threads(threads)

    def _forward(self, step: Step, ids: list[int], places: list[int], last: list[int]) -> Any:
        device = self._scorer.inner.get_input_embeddings().weight.device
        with torch.inference_mode(), slots.stepping(step), self._switch.on():
            hidden = self._scorer.decoder(
                input_ids=torch.tensor([ids], device=device),
                position_ids=torch.tensor([places], device=device),
                use_cache=False,
            )[0][0]
            return self._scorer.head.logits(hidden[torch.tensor(last, device=hidden.device)])


def prompt_tokens(device: str) -> int:
    return CPU_PROMPT_TOKENS if device == "cpu" else GPU_PROMPT_TOKENS


def ended(row: Writing, rules: Rules) -> Reply | None:
    """The reply, if the token that was just written ended it."""
    seed = row.asked.seed
    if row.ids[-1] in rules.end_ids:
        return Reply(row.asked, tuple(row.ids[:-1]), "stop", seed)
    if rules.stopped(row.ids):
        return Reply(row.asked, tuple(row.ids), "stop_string", seed)
    if len(row.ids) >= row.asked.most:
        return Reply(row.asked, tuple(row.ids), "length", seed)
    return None
