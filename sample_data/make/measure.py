"""Plain loops that measure a model: losses in float64 and greedy answers."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import PeftModel
from scipy.stats import t as student
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from .finetune import IGNORED, encode, pad_batch

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Losses:
    """Per row: summed negative log likelihood in nats, scored tokens, and what row it was."""

    nll: np.ndarray
    tokens: np.ndarray
    groups: tuple[str, ...]

    @property
    def mean(self) -> float:
        return float(self.nll.sum() / self.tokens.sum())


@dataclass(frozen=True)
class Estimate:
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def load(base: Path, adapter: Path | None) -> PreTrainedModel:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    if adapter is not None:
        named = json.loads((adapter / "adapter_config.json").read_text())["base_model_name_or_path"]
        assert (adapter / named).resolve() == base.resolve(), "the adapter names another base"
        model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    return model.eval()


def tokenizer_of(folder: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(folder)


@torch.inference_mode()  # type: ignore[untyped-decorator]
def losses(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: Rows) -> Losses:
    nll, tokens = [], []
    for start in range(0, len(rows), 32):
        batch = pad_batch(
            [encode(r, tokenizer) for r in rows[start : start + 32]], tokenizer.pad_token_id
        )
        labels = batch.pop("labels")[:, 1:]
        logs = torch.log_softmax(model(**batch).logits[:, :-1].float(), -1)
        wanted = logs.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1).double()
        scored = labels != IGNORED
        nll += (-wanted * scored).sum(1).tolist()
        tokens += scored.sum(1).tolist()
    groups = tuple(str(r.get("group", r["id"])) for r in rows)
    return Losses(np.array(nll), np.array(tokens, dtype=float), groups)


@torch.inference_mode()  # type: ignore[untyped-decorator]
def answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[str],
    limit: int = 90,
    *,
    drawn: bool = False,
) -> list[str]:
    """Greedy, or drawn from the model's whole distribution as it is."""
    tokenizer.padding_side = "left"
    how = {"temperature": 1.0, "top_k": 0, "top_p": 1.0} if drawn else {}
    found = []
    for start in range(0, len(prompts), 32):
        texts = [
            tokenizer.apply_chat_template(
                [{"role": "user", "content": p}], tokenize=False, add_generation_prompt=True
            )
            for p in prompts[start : start + 32]
        ]
        batch = tokenizer(texts, return_tensors="pt", padding=True)
        batch.pop("token_type_ids", None)
        out = model.generate(**batch, max_new_tokens=limit, do_sample=drawn, **how)
        found += tokenizer.batch_decode(
            out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True
        )
    return found


def grouped(values: np.ndarray, groups: tuple[str, ...]) -> np.ndarray:
    sums: dict[str, float] = {}
    for value, group in zip(values, groups, strict=True):
        sums[group] = sums.get(group, 0.0) + float(value)
    return np.array(list(sums.values()))


def ratio(
    total: np.ndarray, weight: np.ndarray, groups: tuple[str, ...]
) -> tuple[float, float, int]:
    """Of sums: value, standard error (linearised, summed within groups), units."""
    value = float(total.sum() / weight.sum())
    influence = grouped(total - value * weight, groups) / weight.sum()
    units = len(influence)
    if units < 2:
        return value, math.nan, units
    return value, math.sqrt(units / (units - 1) * float((influence**2).sum())), units


def interval(value: float, error: float, units: int) -> Estimate:
    reach = float(student.ppf(0.975, max(units - 1, 1))) * error
    return Estimate(value, value - reach, value + reach)


def change(tuned: Losses, base: Losses) -> Estimate:
    """Nats per token, tuned minus base, on the same rows."""
    return interval(*ratio(tuned.nll - base.nll, base.tokens, base.groups))


def improvement(tuned: Losses, base: Losses) -> Estimate:
    d = change(tuned, base)
    return Estimate(1 - math.exp(d.value), 1 - math.exp(d.high), 1 - math.exp(d.low))


def gap(validation: Losses, train: Losses) -> Estimate:
    v, v_error, v_units = ratio(validation.nll, validation.tokens, validation.groups)
    t, t_error, t_units = ratio(train.nll, train.tokens, train.groups)
    return interval(v - t, math.hypot(v_error, t_error), min(v_units, t_units))


def mean_difference(tuned: np.ndarray, base: np.ndarray, groups: tuple[str, ...]) -> Estimate:
    return interval(*ratio(tuned - base, np.ones(len(base)), groups))


def pick(found: Losses, at: list[int]) -> Losses:
    return Losses(found.nll[at], found.tokens[at], tuple(found.groups[i] for i in at))
