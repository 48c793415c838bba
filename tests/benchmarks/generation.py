"""How fast answering is, against other ways of answering the same prompts.

    python -m tests.benchmarks.generation --model small --rounds 5

As in ``scoring``: every round runs all variants one after the other, what counts is the
ratio of CPU seconds within a round, median over the rounds. All decode greedily, and have
to write the same tokens. A random model never ends an answer, so each prompt has a length
of its own at which its answer is cut; no variant is told before it gets there.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# As in ``scoring``: threads that wait are to sleep.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch

from tests.benchmarks.scoring import POSITIONS, SHAPES, subject
from tui_eval.engine.answering import CPU_BATCH, Answerer
from tui_eval.engine.backends.batched import Batched
from tui_eval.engine.backends.continuous import Continuous
from tui_eval.engine.backends.transformers_scorer import Loaded, TransformersScorer
from tui_eval.engine.generation import Asked, Decoder, Rules
from tui_eval.engine.serve import cores
from tui_eval.files.generation import Generation

END = 1
PROMPTS = {"small": 24, "tiny": 64}
LONGEST = {"small": 64, "tiny": 96}
TARGETS = {"small": 3.5, "tiny": 6.0}

Answers = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Questions:
    scorer: TransformersScorer
    asked: tuple[Asked, ...]
    rules: Rules

    @property
    def model(self) -> Any:
        return self.scorer.inner


def questions(name: str, count: int, *, seed: int = 1) -> Questions:
    """Prompts of 10 to 300 tokens, median 60; answers of 4 tokens and more, median 29."""
    made = subject(name, 0)
    vocabulary = SHAPES[name]["vocab_size"]
    loaded = Loaded(
        name="bench",
        model=made.model,
        tokenizer=made.tokenizer,
        device="cpu",
        dtype="float32",
        positions=POSITIONS,
        vocabulary=vocabulary,
    )
    chosen = random.Random(seed)

    def length(median: int, spread: float, least: int, most: int) -> int:
        return min(most, max(least, int(median * chosen.lognormvariate(0, spread))))

    asked = tuple(
        Asked(
            str(at),
            0,
            np.array(
                [chosen.randrange(3, vocabulary) for _ in range(length(60, 0.6, 10, 300))],
                dtype=np.int32,
            ),
            length(29, 0.8, 4, LONGEST[name]),
        )
        for at in range(count)
    )
    rules = Rules(Generation(), frozenset([END]), Decoder(made.tokenizer, None))
    return Questions(TransformersScorer(loaded), asked, rules)


def tutorial(made: Questions) -> Answers:
    """One ``generate`` per prompt."""
    found = {}
    with torch.no_grad():
        for one in made.asked:
            ids = torch.from_numpy(one.ids).long()[None]
            output = made.model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=one.most,
                do_sample=False,
                pad_token_id=END,
            )
            found[one.sample] = _written(output[0, len(one.ids) :].tolist(), one.most)
    return found


def padded(batch: int) -> Callable[[Questions], Answers]:
    """``generate`` on prompts padded from the left, in file order."""

    def run(made: Questions) -> Answers:
        found = {}
        with torch.no_grad():
            for first in range(0, len(made.asked), batch):
                some = made.asked[first : first + batch]
                width = max(len(one.ids) for one in some)
                ids = torch.full((len(some), width), END)
                mask = torch.zeros_like(ids)
                for row, one in enumerate(some):
                    ids[row, width - len(one.ids) :] = torch.from_numpy(one.ids).long()
                    mask[row, width - len(one.ids) :] = 1
                output = made.model.generate(
                    ids,
                    attention_mask=mask,
                    max_new_tokens=max(one.most for one in some),
                    do_sample=False,
                    pad_token_id=END,
                )
                for row, one in enumerate(some):
                    found[one.sample] = _written(output[row, width:].tolist(), one.most)
        return found

    return run


def continuous(made: Questions) -> Answers:
    """transformers' continuous batching, set up as this program does."""
    replies = Continuous(made.scorer, 32).answer(made.asked, made.rules)
    return {reply.asked.sample: reply.ids for reply in replies}


def _answerer(made: Questions) -> Answerer:
    answerer = Answerer(made.scorer, adapter=False)
    answerer.prove(made.asked, made.rules)
    return answerer


def ours(made: Questions) -> Answers:
    """The path that the probe has chosen before, as many at once as the job would write."""
    replies = Batched(made.scorer, CPU_BATCH).answer(made.asked, made.rules)
    return {reply.asked.sample: reply.ids for reply in replies}


def ours_with_probe(made: Questions) -> Answers:
    """The same with the probe before it, which a job does once for each model."""
    answerer = _answerer(made)
    return {reply.asked.sample: reply.ids for reply in answerer.answer(made.asked, made.rules)}


def _written(ids: list[int], most: int) -> tuple[int, ...]:
    ids = ids[:most]
    return tuple(ids[: ids.index(END)] if END in ids else ids)


VARIANTS: dict[str, Callable[[Questions], Answers]] = {
    "tutorial loop": tutorial,
    "generate, batches of 8": padded(8),
    "generate, batches of 16": padded(16),
    "transformers' continuous": continuous,
    "ours": ours,
    "ours with its probe": ours_with_probe,
}


def speed(name: str, count: int, rounds: int) -> None:
    made = questions(name, count)
    parameters = sum(parameter.numel() for parameter in made.model.parameters())
    path = _answerer(made).path
    if path != "batched":
        raise SystemExit(f"the probe chose {path}")
    seconds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    answers: dict[str, Answers] = {}
    for number in range(rounds):
        order = list(VARIANTS)[number % len(VARIANTS) :] + list(VARIANTS)[: number % len(VARIANTS)]
        for variant in order:
            started = time.process_time()
            answers[variant] = VARIANTS[variant](made)
            seconds[variant].append(time.process_time() - started)
    for variant, found in answers.items():
        if found != answers["tutorial loop"]:
            raise SystemExit(f"{variant} wrote other tokens")
    tokens = sum(map(len, answers["ours"].values()))
    print(f"\n{name}: {parameters / 1e6:.1f}M parameters, {count} prompts, {tokens:,} new tokens")
    print(f"{'variant':28} {'CPU s':>8} {'tokens/CPU s':>13} {'times the tutorial':>19}")
    for variant, values in seconds.items():
        middle = statistics.median(values)
        ratio = _ratio(seconds["tutorial loop"], values)
        print(f"{variant:28} {middle:8.2f} {tokens / middle:13,.0f} {ratio:19.2f}")
    measured = _ratio(seconds["tutorial loop"], seconds["ours"])
    print(f"target {TARGETS[name]:.2f}, measured {measured:.2f}")


def _ratio(theirs: list[float], own: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(theirs, own, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--model", choices=[*SHAPES, "both"], default="both")
    parser.add_argument("--prompts", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=5)
    # As many as the engine takes: one core is left to the screens.
    parser.add_argument("--threads", type=int, default=max(1, cores() - 1))
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    for name in SHAPES if chosen.model == "both" else (chosen.model,):
        speed(name, chosen.prompts or PROMPTS[name], chosen.rounds)


if __name__ == "__main__":
    main()
