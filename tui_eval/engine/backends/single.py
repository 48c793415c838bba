"""One answer at a time by the model's own ``generate``: the reference, and the last resort."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from tui_eval.engine.backends.transformers_scorer import TransformersScorer
from tui_eval.engine.generation import Asked, Reply, Rules


class Single:
    """``model.generate``, prompt after prompt."""

    batch = 1

    def __init__(self, scorer: TransformersScorer) -> None:
        self._scorer = scorer

    def answer(self, asked: Sequence[Asked], rules: Rules) -> Iterator[Reply]:
        for one in asked:
            rules.pulse()
            yield self._answer(one, rules)

    def _answer(self, asked: Asked, rules: Rules) -> Reply:
        device = self._scorer.inner.get_input_embeddings().weight.device
        ids = torch.from_numpy(asked.ids).long()[None].to(device)
        model = self._scorer.loaded.model
        config = plain_config(rules, asked.most)
        with torch.inference_mode(), own_settings(self._scorer.inner, config):
            if asked.seed is not None:
                # The whole process draws from it, and nothing else draws meanwhile.
                torch.manual_seed(asked.seed)
            output = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                generation_config=config,
                stopping_criteria=_stops(len(asked.ids), rules),
            )
        written = [int(one) for one in output[0, len(asked.ids) :].tolist()]
        if written and written[-1] in rules.end_ids:
            return Reply(asked, tuple(written[:-1]), "stop", asked.seed)
        finish = "stop_string" if rules.stopped(written) else "length"
        return Reply(asked, tuple(written), finish, asked.seed)  # type: ignore[arg-type]


def plain_config(rules: Rules, most: int) -> Any:
    """The rules as transformers has them, with nothing left for a checkpoint to fill in."""
    from transformers import GenerationConfig

    asked = rules.generation
    sampling: dict[str, Any] = {}
    if asked.sample:
        sampling = {
            "temperature": asked.temperature,
            "top_p": asked.top_p,
            "top_k": asked.top_k,
            "min_p": asked.min_p or None,
        }
    ends = sorted(rules.end_ids)
    return GenerationConfig(
        do_sample=asked.sample,
        num_beams=1,
        max_new_tokens=most,
        repetition_penalty=asked.repetition_penalty,
        no_repeat_ngram_size=asked.no_repeat_ngram,
        suppress_tokens=list(asked.suppress) or None,
        eos_token_id=ends or None,
        pad_token_id=ends[0] if ends else 0,
        **sampling,
    )


@contextmanager
def own_settings(model: Any, config: Any) -> Iterator[None]:
    """``generate`` fills what a request leaves open from the model's own settings, which
    are the base's. Within this they are ours."""
    before = model.generation_config
    model.generation_config = config
    try:
        yield
    finally:
        model.generation_config = before


def _stops(prompt: int, rules: Rules) -> Any:
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Stop(StoppingCriteria):  # type: ignore[misc]
        def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
            rules.pulse()
            stop = rules.stopped(input_ids[0, prompt:][-rules.tail :].tolist())
            return torch.tensor([stop], device=input_ids.device)

    return StoppingCriteriaList([Stop()])
