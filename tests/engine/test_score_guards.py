"""The guards let a fast path through only where it is exact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.engine import models
from tests.engine.test_score_losses import encoded, expected, scored
from tui_eval.engine import backends, probes
from tui_eval.engine.backends import segments
from tui_eval.engine.backends.transformers_scorer import Loaded, TransformersScorer
from tui_eval.engine.tokens import Limit, Piece, fit

LIMIT = Limit(512, 256)


def pieces(made: Loaded) -> list[Piece]:
    cuts = [fit(at, row, LIMIT) for at, row in enumerate(encoded(made))]
    return [piece for cut in cuts for piece in cut.pieces]


def allowed(made: Loaded) -> str:
    return probes.allowed_path(TransformersScorer(made), pieces(made))


@pytest.mark.parametrize("kind", list(models.CONFIGS))
def test_known_shapes_are_packed(kind: str) -> None:
    assert allowed(models.loaded(kind)) == "packed"


def test_calls_at_the_same_time_are_proven_together() -> None:
    made = models.loaded("llama")
    scorer = TransformersScorer(made)
    scorer.crew.workers = 2
    assert probes.allowed_path(scorer, pieces(made)) == "packed"


def test_probes_differ_in_length_and_pass_the_window() -> None:
    made = models.loaded("mistral")
    chosen = probes.probe_pieces(pieces(made), made.model.config)
    lengths = [piece.length for piece in chosen]
    assert len(set(lengths)) > 2
    assert max(lengths) > made.model.config.sliding_window
    assert probes.thresholds(made.model.config) == [24]


def test_a_window_that_packing_does_not_see_is_refused(monkeypatch: Any) -> None:
    """As a model whose window lives in its mask alone: padding has the mask, packing not."""
    made = models.loaded("mistral")
    attend = segments.attend

    def blind(*args: Any, sliding_window: int | None = None, **kwargs: Any) -> Any:
        return attend(*args, sliding_window=None, **kwargs)

    monkeypatch.setattr(segments, "attend", blind)
    segments.register()
    try:
        assert allowed(made) == "padded"
    finally:
        monkeypatch.undo()
        segments.register()


def test_attention_with_unknown_parts_is_refused(monkeypatch: Any) -> None:
    made = models.loaded("llama")
    layer = made.model.model.layers[1].self_attn
    forward = type(layer).forward

    def with_sinks(self: Any, *args: Any, **kwargs: Any) -> Any:
        return forward(self, *args, s_aux=torch.zeros(4), **kwargs)

    monkeypatch.setattr(type(layer), "forward", with_sinks)
    assert allowed(made) in ("padded", "masked", "single")


def test_a_model_that_reads_its_neighbours_is_scored_one_by_one(monkeypatch: Any) -> None:
    made = models.loaded("llama")
    norm = made.model.model.norm
    forward = type(norm).forward

    def mixing(self: Any, hidden: Any) -> Any:
        shift = hidden.mean(dim=(0, 1), keepdim=True) if hidden.shape[0] > 1 else 0 * hidden[:, :1]
        return forward(self, hidden + shift)

    monkeypatch.setattr(type(norm), "forward", mixing)
    scorer = TransformersScorer(made)
    assert probes.allowed_path(scorer, pieces(made), ("padded", "masked", "single")) == "single"


def test_logits_changed_after_the_head_are_taken_from_the_model(monkeypatch: Any) -> None:
    made = models.loaded("llama")
    forward = type(made.model).forward

    def scaled(self: Any, *args: Any, **kwargs: Any) -> Any:
        output = forward(self, *args, **kwargs)
        output.logits = output.logits * 0.5
        return output

    monkeypatch.setattr(type(made.model), "forward", scaled)
    assert allowed(made) == "full"
    want = expected(made)
    got = {name: loss.nll for name, loss in scored(made, "full").items()}
    assert got == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("kind", ["gemma2", "cohere", "granite"])
def test_a_misleading_configuration_is_found_out(kind: str) -> None:
    """The soft cap or scale that is configured is not what the model does."""
    made = models.loaded(kind)
    scorer = TransformersScorer(made)
    scorer.head.finish = lambda logits: logits * 3
    assert probes.allowed_path(scorer, pieces(made)) == "full"


def test_prompt_tuning_is_scored_through_the_model_itself() -> None:
    """Virtual tokens are put before the text by PEFT's own forward, not in the trunk."""
    from dataclasses import replace

    from peft import PromptTuningConfig, get_peft_model

    plain = models.loaded("llama")
    torch.manual_seed(3)
    model = get_peft_model(
        plain.model, PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4)
    ).eval()
    made = replace(plain, model=model, has_adapter=True)
    assert allowed(made) == "full"
    base = scored(models.loaded("llama"), "full")
    off = scored(made, "full", adapter=False)
    on = scored(made, "full", adapter=True)
    name = "chat 3"
    assert off[name].nll == pytest.approx(base[name].nll, rel=1e-6)
    assert abs(on[name].nll - off[name].nll) > 1e-3


def test_weights_that_are_not_finite_need_no_proof() -> None:
    made = models.loaded("llama")
    made.model.model.layers[1].mlp.down_proj.weight.data[0, 0] = float("nan")
    assert allowed(made) == "padded"


def test_an_adapter_without_effect_differs_by_exactly_nothing() -> None:
    none = models.with_lora(models.loaded("llama"), init_lora_weights=True)
    some = models.with_lora(models.loaded("llama"))
    for made, silent in ((none, True), (some, False)):
        scorer = TransformersScorer(made)
        on = probes.effect_logits(scorer, pieces(made), adapter=True)
        off = probes.effect_logits(scorer, pieces(made), adapter=False)
        assert len(on) >= 4
        difference = probes.largest_difference(on, off)
        assert difference is not None
        assert (difference == 0.0) is silent


def test_nothing_is_compared_where_nothing_can_be() -> None:
    one = torch.zeros(3, 5)
    assert probes.largest_difference([one], [torch.full((3, 5), float("nan"))]) is None
    assert probes.largest_difference([one], [torch.zeros(2, 5)]) is None
    assert probes.largest_difference([], []) is None
    assert probes.largest_difference([one], [torch.ones(3, 7)]) == 1.0


def test_half_precision_stays_close_and_sums_in_float32() -> None:
    from dataclasses import replace

    made = models.loaded("llama")
    want = scored(made)
    half = replace(made, model=made.model.to(torch.bfloat16), dtype="bfloat16")
    assert allowed(half) in ("packed", "padded", "masked")
    got = scored(half)
    assert all(np.isclose(got[name].nll, want[name].nll, rtol=2e-2) for name in want)


def test_every_backend_is_in_the_table() -> None:
    folder = Path(backends.__file__).parent
    files = {path.stem for path in folder.glob("*_scorer.py")}
    listed = {entry.partition(":")[0].rpartition(".")[2] for entry in backends.BACKENDS.values()}
    assert files == listed
    assert backends.backend("transformers") is TransformersScorer
