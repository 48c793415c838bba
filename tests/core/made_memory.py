"""Evidence of a fine-tune that learned, or memorised: losses on both sides, answers, and what
they share with the training file."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from tests.core.made_evidence import MadeEvidence, made_dataset, made_loss, made_sample
from tui_eval.core.answers import completion_id
from tui_eval.core.records import (
    Completion,
    CopyMatch,
    Dataset,
    Message,
    NearestPrompt,
    Sample,
    Split,
    TokenLoss,
)
from tui_eval.core.text import digest, words

Means = Sequence[float]
"""Mean loss per token, by sample."""

PREFIX: Mapping[Split, str] = {"train": "t", "validation": "s", "off_task": "o", "test": "x"}


def noisy(n: int, mean: float, spread: float = 0.1, seed: int = 0) -> list[float]:
    chance = random.Random(f"{n} {mean} {seed}")
    return [max(1e-6, mean + chance.gauss(0, spread)) for _ in range(n)]


def rows(split: Split, count: int, groups: Sequence[str | None] | None = None) -> list[Sample]:
    mark = PREFIX[split]
    return [
        made_sample(
            at,
            id=f"{mark}{at}",
            split=split,
            source=f"{split}.jsonl",
            group=groups[at] if groups else None,
            messages=(
                Message("user", f"question {mark}{at}"),
                Message("assistant", sentence(at)),
            ),
        )
        for at in range(count)
    ]


def sentence(at: int, mark: str = "w") -> str:
    """Ten words of its own."""
    return " ".join(f"{mark}{at}x{place}" for place in range(10))


def dataset(split: Split, samples: Sequence[Sample], **fields: object) -> Dataset:
    return made_dataset(samples, key=split, split=split, source=f"{split}.jsonl", **fields)


def losses(
    samples: Sequence[Sample], means: Means, tokens: Sequence[int] | None = None
) -> dict[str, TokenLoss]:
    counts = tokens or [20] * len(samples)
    return {
        one.id: made_loss(one.id, mean * count, count)
        for one, mean, count in zip(samples, means, counts, strict=False)
    }


def trained(
    train: tuple[Means, Means],
    validation: tuple[Means, Means],
    off_task: tuple[Means, Means] | None = None,
    *,
    groups: Mapping[Split, Sequence[str | None]] | None = None,
    tokens: Mapping[Split, Sequence[int]] | None = None,
    **fields: object,
) -> MadeEvidence:
    """Each pair is (base, tuned)."""
    scored: dict[str, dict[str, TokenLoss]] = {"base": {}, "tuned": {}}
    datasets: dict[Split, Dataset] = {}
    sides: dict[Split, tuple[Means, Means] | None] = {
        "train": train,
        "validation": validation,
        "off_task": off_task,
    }
    for split, side in sides.items():
        if side is None:
            continue
        samples = rows(split, len(side[0]), (groups or {}).get(split))
        datasets[split] = dataset(split, samples)
        for model, means in zip(("base", "tuned"), side, strict=True):
            scored[model] |= losses(samples, means, (tokens or {}).get(split))
    found: dict[str, object] = {"datasets": datasets, "scored": scored}
    return MadeEvidence(**(found | fields))  # type: ignore[arg-type]


def completions(answers: Mapping[str, str], model: str = "tuned") -> dict[str, Completion]:
    return {
        sample: Completion(completion_id(model, sample), sample, text, text)
        for sample, text in answers.items()
    }


def matches(*texts: str, copies: Mapping[str, int] | None = None) -> dict[str, CopyMatch]:
    """What ``measure`` would say of texts: those in ``copies`` are copies with so long a run,
    0 for whole ones."""
    found = {}
    for text in texts:
        run = (copies or {}).get(text)
        count = len(words(text))
        match = CopyMatch(digest(text), count, run is not None)
        if run is not None:
            match = CopyMatch(
                digest(text),
                count,
                True,
                exact=run == 0,
                run=run or count,
                span=(0, len(text)),
                source="train.jsonl",
                row=7,
                matched=text,
                covered=1.0,
            )
        found[match.text] = match
    return found


def nearest(similarities: Sequence[float]) -> dict[str, NearestPrompt]:
    return {
        f"s{at}": NearestPrompt(f"s{at}", value, "train.jsonl", at + 1)
        for at, value in enumerate(similarities)
    }
