"""Other ways of scoring the same texts, as a person would call them."""

from __future__ import annotations

import contextlib
import io
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

Totals = list[float]
"""Summed negative log likelihood per text, nats."""


@dataclass(frozen=True)
class Subject:
    """A model and the texts it is tried on."""

    model: Any
    tokenizer: Any
    texts: Sequence[str]
    positions: int


def tutorial(subject: Subject) -> Totals:
    """One text at a time, ``model(**inputs, labels=input_ids)``."""
    totals = []
    with torch.no_grad():
        for text in subject.texts:
            inputs = subject.tokenizer(
                text, return_tensors="pt", truncation=True, max_length=subject.positions
            )
            loss = subject.model(**inputs, labels=inputs["input_ids"]).loss
            totals.append(loss.item() * (inputs["input_ids"].size(1) - 1))
    return totals


def lm_eval_rolling(batch: int) -> Callable[[Subject], Totals]:
    def run(subject: Subject) -> Totals:
        return _lm_eval(subject, batch, "loglikelihood_rolling")

    return run


def lm_eval_loglikelihood(batch: int) -> Callable[[Subject], Totals]:
    """The whole text as the continuation of nothing; this path sorts by length."""

    def run(subject: Subject) -> Totals:
        return _lm_eval(subject, batch, "loglikelihood")

    return run


def ours(subject: Subject) -> Totals:
    """Rendering, tokenising, planning and scoring, as the score job does it."""
    from tui_eval.core.records import Sample
    from tui_eval.engine.backends.transformers_scorer import Loaded, TransformersScorer
    from tui_eval.engine.prompts import Prompting, Renderer
    from tui_eval.engine.scoring import score_samples
    from tui_eval.engine.tokens import limit_of

    loaded = Loaded(
        name="bench",
        model=subject.model,
        tokenizer=subject.tokenizer,
        device="cpu",
        dtype="float32",
        positions=subject.positions,
        vocabulary=subject.model.config.vocab_size,
    )
    samples = (Sample(str(at), "", "", text=text) for at, text in enumerate(subject.texts))
    renderer = Renderer(subject.tokenizer, Prompting(None))
    limit = limit_of(subject.positions, None, subject.positions)
    totals = {
        int(loss.sample): loss.nll
        for loss in score_samples(TransformersScorer(loaded), samples, renderer, limit)
    }
    return [totals[at] for at in range(len(subject.texts))]


def matmul_floor(subject: Subject) -> Totals:
    """The model's own linear layers alone, on as many tokens: no attention, no norms, no
    activations, no softmax. Gives no totals."""
    tokens = sum(len(ids) for ids in subject.tokenizer(list(subject.texts))["input_ids"])
    layers = [part for part in subject.model.modules() if isinstance(part, torch.nn.Linear)]
    inputs = {layer.in_features: torch.randn(CHUNK, layer.in_features) for layer in layers}
    with torch.inference_mode():
        for _ in range(math.ceil(tokens / CHUNK)):
            for layer in layers:
                rows = HEAD_CHUNK if layer.out_features > 4 * layer.in_features else CHUNK
                for first in range(0, CHUNK, rows):
                    layer(inputs[layer.in_features][first : first + rows])
    return []


CHUNK = 1024
HEAD_CHUNK = 256


def _lm_eval(subject: Subject, batch: int, kind: Any) -> Totals:
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        harness = HFLM(
            pretrained=subject.model,
            tokenizer=subject.tokenizer,
            batch_size=batch,
            add_bos_token=False,
            max_length=subject.positions,
        )
        requests = [
            Instance(kind, {}, (text,) if kind.endswith("rolling") else ("", text), at)
            for at, text in enumerate(subject.texts)
        ]
        answers = getattr(harness, kind)(requests, disable_tqdm=True)
    return [-(answer if kind.endswith("rolling") else answer[0]) for answer in answers]


PEERS: dict[str, Callable[[Subject], Totals]] = {
    "ours": ours,
    "lm-eval rolling, batch 8": lm_eval_rolling(8),
    "lm-eval loglikelihood, batch 8": lm_eval_loglikelihood(8),
    "lm-eval loglikelihood, batch 16": lm_eval_loglikelihood(16),
    "lm-eval loglikelihood, batch 1": lm_eval_loglikelihood(1),
    "tutorial loop": tutorial,
    "matmul floor": matmul_floor,
}
