"""A workspace whose models answer, and the same answers by plain ``generate``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from tests.engine import models
from tests.engine.test_score_job import Bench
from tui_eval.core.records import Completion
from tui_eval.engine.backends.transformers_scorer import Loaded, TransformersScorer
from tui_eval.engine.generation import Asked, Decoder, Rules
from tui_eval.engine.jobs import generate
from tui_eval.engine.offsets import Ids
from tui_eval.files.generation import Generation
from tui_eval.files.producers import generating


class AnswerBench(Bench):
    """The same folder, with the ``generate`` verb."""

    verb = "generate"
    work = staticmethod(generate.run)

    def completions(self, model: str, candidate: str = "tuned") -> list[Completion]:
        key = generating(self.config(), candidate, model, dtype="float32").key
        return list(self.workspace().completions(key).values())

    def answers(self, model: str) -> dict[tuple[str, int], str]:
        return {(one.sample, one.index): one.text for one in self.completions(model)}


def plain(
    model: Any, prompt: Sequence[int] | Ids, most: int, ends: Sequence[int] = (1,), **settings: Any
) -> list[int]:
    """What a person would call: one prompt, ``generate``, the new tokens without the end."""
    ids = torch.tensor([[int(one) for one in prompt]])
    with torch.no_grad():
        output = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=most,
            do_sample=False,
            eos_token_id=list(ends) or None,
            pad_token_id=2,
            **settings,
        )
    written = [int(one) for one in output[0, ids.shape[1] :].tolist()]
    return written[:-1] if written and written[-1] in ends else written


def rules(made: Loaded, ends: Sequence[int] = (1,), **settings: Any) -> Rules:
    return Rules(Generation(**settings), frozenset(ends), Decoder(made.tokenizer, None))


def prompts(count: int, seed: int = 0, most: int = 24, longest: int = 60) -> list[Asked]:
    """Prompts of random tokens, of many lengths; answers may have different lengths too."""
    made = torch.Generator().manual_seed(seed)

    def number(low: int, high: int) -> int:
        return int(torch.randint(low, high, (1,), generator=made))

    return [
        Asked(
            f"s{at}",
            0,
            torch.randint(5, models.VOCABULARY, (number(3, longest),), generator=made)
            .int()
            .numpy(),
            number(4, most + 1),
        )
        for at in range(count)
    ]


def scorer(made: Loaded) -> TransformersScorer:
    return TransformersScorer(made)
