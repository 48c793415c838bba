"""transformers' own continuous batching, with what goes wrong in it kept out.

Its cache is sized here and not by a share of all memory; blocks are never shared between
prompts, for pages that were computed with the adapter off would serve the tuned model; a
request that can't fit is never submitted, for it would fail all others; results are taken
one by one and their errors read; what it prints goes to the log.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

from tui_eval.engine.backends.single import own_settings, plain_config
from tui_eval.engine.backends.transformers_scorer import TransformersScorer
from tui_eval.engine.generation import Asked, Reply, Rules
from tui_eval.errors import EngineError
from tui_eval.files.generation import Generation

PAGE = 32
STEP_TOKENS = 256
"""Tokens per step: without flash attention each attends over all requests' keys."""
GPU_STEP_TOKENS = 4096
LOOK_SECONDS = 0.2


class Continuous:
    """One manager per call, so per model state: adapter on and off never share one.

    Its sampler has one seed for all requests, which each reply then bears: the same set of
    prompts with it gives the same answers, the same prompt in another set does not.
    """

    def __init__(self, scorer: TransformersScorer, batch: int) -> None:
        self.batch = batch
        self._scorer = scorer

    @staticmethod
    def knows(rules: Generation) -> bool:
        """Whether its manager does what is asked: penalties it would drop without a word,
        and it has no stop strings."""
        return not (
            rules.stop
            or rules.suppress
            or rules.no_repeat_ngram
            or rules.min_p
            or rules.repetition_penalty != 1
        )

    def answer(self, asked: Sequence[Asked], rules: Rules) -> Iterator[Reply]:
        if not asked:
            return
        seed = asked[0].seed
        config = plain_config(rules, max(one.most for one in asked))
        ends = sorted(rules.end_ids)
        names = {f"answer {at}": one for at, one in enumerate(asked)}
        with (
            own_settings(self._scorer.inner, config),
            self._manager(asked, config, seed) as manager,
        ):
            for name, one in names.items():
                manager.add_request(
                    one.ids.tolist(),
                    request_id=name,
                    max_new_tokens=one.most,
                    eos_token_id=ends or -1,
                )
            yield from self._replies(manager, names, rules, seed)

    def _replies(
        self, manager: Any, names: dict[str, Asked], rules: Rules, seed: int | None
    ) -> Iterator[Reply]:
        waiting = dict(names)
        while waiting:
            rules.pulse()
            result = manager.get_result(timeout=LOOK_SECONDS)
            if result is None:
                if not manager.is_running():
                    raise EngineError(f"{len(waiting)} answers did not come back.")
                continue
            if not result.is_finished() and result.error is None:
                continue
            one = waiting.pop(result.request_id, None)
            if one is not None:
                yield _reply(one, result, rules, seed)

    @contextmanager
    def _manager(self, asked: Sequence[Asked], config: Any, seed: int | None) -> Iterator[Any]:
        from transformers import ContinuousBatchingConfig

        cpu = self._scorer.loaded.device == "cpu"
        step = STEP_TOKENS if cpu else GPU_STEP_TOKENS
        rooms = sorted((math.ceil(one.room / PAGE) + 1 for one in asked), reverse=True)
        settings = ContinuousBatchingConfig(
            page_size=PAGE,
            # Room for as many answers as may be written at once, at their longest.
            num_blocks=sum(rooms[: self.batch]) + 1,
            max_batch_tokens=step,
            max_requests_per_batch=self.batch,
            allow_block_sharing=False,
            use_async_batching=False,
            use_cuda_graph=False,
            auto_switch_to_flash=False,
            drop_unsupported_processors=False,
            seed=seed,
        )
        model = self._scorer.inner
        attention = model.config._attn_implementation
        manager: Any = None
        try:
            with redirect_stdout(sys.stderr):
                manager = model.init_continuous_batching(
                    generation_config=config, continuous_batching_config=settings
                )
                manager.start()
            yield manager
        finally:
            with redirect_stdout(sys.stderr):
                if manager is not None:
                    manager.stop(block=True, hard_stop=True)
                    manager.destroy()
                if model.config._attn_implementation != attention:
                    model.set_attn_implementation(attention)


def _reply(asked: Asked, result: Any, rules: Rules, seed: int | None) -> Reply:
    written = [int(one) for one in result.generated_tokens]
    if result.error is not None:
        return Reply(asked, (), "error", seed, error=str(result.error))
    if written and written[-1] in rules.end_ids:
        return Reply(asked, tuple(written[:-1]), "stop", seed)
    return Reply(asked, tuple(written), "length", seed)
