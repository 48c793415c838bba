"""What is loaded, what is refused, and in which words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.engine import models
from tests.engine.test_score_losses import RELATIVE, expected, scored
from tui_eval.engine import adapters, load
from tui_eval.engine.backends.transformers_scorer import Loaded
from tui_eval.engine.load import Choice
from tui_eval.errors import EngineError

CPU = Choice(device="cpu")


def adapter_on(base: Path, adapter: Path, choice: Choice = CPU) -> Loaded:
    loaded = load.load_model(base, "the base", choice)
    shapes = adapters.shapes_of(adapter, choice.allow_pickle)
    return adapters.attach(loaded, adapter, "tuned", loaded.tokenizer, shapes)


def save_adapter(folder: Path, kind: str = "llama", **settings: Any) -> tuple[Loaded, Path]:
    made = models.with_lora(models.loaded(kind), **settings)
    made.model.save_pretrained(folder)
    config = folder / "adapter_config.json"
    entries = json.loads(config.read_text())
    config.write_text(json.dumps({**entries, "base_model_name_or_path": "maker/true-base"}))
    return made, folder


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gemma3"])
def test_a_saved_model_and_adapter_score_as_they_did(kind: str, tmp_path: Path) -> None:
    base = models.save(tmp_path / "base", models.loaded(kind))
    made, adapter = save_adapter(tmp_path / "adapter", kind)
    read = adapter_on(base, adapter)
    want = expected(made)
    got = {name: loss.nll for name, loss in scored(read).items()}
    assert got == pytest.approx(want, rel=RELATIVE)
    assert read.positions == made.positions
    assert read.vocabulary == models.VOCABULARY


def test_a_cpu_computes_in_float32_whatever_the_file_holds(tmp_path: Path) -> None:
    made = models.loaded("llama")
    half = replace(made, model=made.model.to(torch.bfloat16))
    read = load.load_model(models.save(tmp_path, half), "half", CPU)
    assert read.dtype == "float32"
    assert {parameter.dtype for parameter in read.model.parameters()} == {torch.float32}
    read = load.load_model(tmp_path, "half", Choice("cpu", "bfloat16"))
    assert {parameter.dtype for parameter in read.model.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("other", ["qwen3", "gpt2"])
def test_a_base_of_another_kind_is_refused_with_both_names(other: str, tmp_path: Path) -> None:
    base = models.save(tmp_path / "base", models.loaded(other))
    _, adapter = save_adapter(tmp_path / "adapter")
    with pytest.raises(EngineError) as caught:
        adapter_on(base, adapter)
    assert "the base" in caught.value.message
    assert "maker/true-base" in str(caught.value)


def test_a_base_of_another_size_is_refused_with_both_names(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, LlamaConfig

    wide = models.loaded("llama")
    config = LlamaConfig(**{**wide.model.config.to_dict(), "hidden_size": 64})
    model = AutoModelForCausalLM.from_config(config)
    base = models.save(tmp_path / "base", replace(wide, model=model))
    _, adapter = save_adapter(tmp_path / "adapter")
    with pytest.raises(EngineError, match="64 wide there, the adapter needs 32") as caught:
        adapter_on(base, adapter)
    assert "the base" in str(caught.value)
    assert "maker/true-base" in str(caught.value)


def test_an_adapter_that_lacks_weights_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    base = models.save(tmp_path / "base", models.loaded("llama"))
    _, adapter = save_adapter(tmp_path / "adapter")
    path = adapter / "adapter_model.safetensors"
    tensors = load_file(path)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, path)
    with pytest.raises(EngineError, match="lacks 1 of its weights"):
        adapter_on(base, adapter)


def test_a_widened_vocabulary_is_told_before_the_base_is_shared(tmp_path: Path) -> None:
    plain = models.loaded("llama")
    plain.model.resize_token_embeddings(models.VOCABULARY + 3, mean_resizing=False)
    made = models.with_lora(
        plain, modules_to_save=["embed_tokens", "lm_head"], target_modules=["q_proj"]
    )
    made.model.save_pretrained(tmp_path / "adapter")
    shapes = adapters.shapes_of(tmp_path / "adapter")
    assert adapters.widened_rows(shapes, models.VOCABULARY) == models.VOCABULARY + 3
    assert adapters.changes_base(tmp_path / "adapter", shapes, models.VOCABULARY)
    base = models.save(tmp_path / "base", models.loaded("llama"))
    read = adapter_on(base, tmp_path / "adapter")
    assert read.vocabulary == models.VOCABULARY + 3
    want = expected(made)
    assert {n: loss.nll for n, loss in scored(read).items()} == pytest.approx(want, rel=RELATIVE)


def test_a_plain_adapter_leaves_the_base_as_it_is(tmp_path: Path) -> None:
    _, adapter = save_adapter(tmp_path / "adapter")
    assert not adapters.changes_base(adapter, adapters.shapes_of(adapter), models.VOCABULARY)
    _, trained = save_adapter(
        tmp_path / "trained", modules_to_save=["lm_head"], target_modules=["q_proj"]
    )
    assert not adapters.changes_base(trained, adapters.shapes_of(trained), models.VOCABULARY)


def test_pickles_are_read_only_when_asked_for(tmp_path: Path) -> None:
    made = models.loaded("llama")
    folder = models.save(tmp_path / "model", made)
    (folder / "model.safetensors").unlink()
    torch.save(made.model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(EngineError, match="pickle") as caught:
        load.load_model(folder, "old", CPU)
    assert "scoring.allow_pickle" in caught.value.remedy
    read = load.load_model(folder, "old", Choice("cpu", allow_pickle=True))
    assert {n: loss.nll for n, loss in scored(read).items()} == pytest.approx(
        expected(made), rel=RELATIVE
    )
    _, adapter = save_adapter(tmp_path / "adapter")
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(EngineError, match="pickle"):
        adapters.shapes_of(adapter)


def test_code_that_comes_with_a_model_never_runs(tmp_path: Path) -> None:
    folder = models.save(tmp_path / "model", models.loaded("llama"))
    path = folder / "config.json"
    config = json.loads(path.read_text())
    own = {"AutoConfig": "configuration_evil.Config", "AutoModelForCausalLM": "evil.Model"}
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    path.write_text(json.dumps({**config, "auto_map": own, "model_type": "evil"}))
    with pytest.raises(EngineError, match=r"configuration_evil\.py, evil\.py"):
        load.load_model(folder, "evil", CPU)
    path.write_text(json.dumps({**config, "auto_map": own}))
    assert type(load.load_model(folder, "known", CPU).model).__name__ == "LlamaForCausalLM"


def test_weights_that_are_missing_are_not_made_up(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = models.save(tmp_path / "model", models.loaded("llama"))
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors.pop("model.layers.1.mlp.up_proj.weight")
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(EngineError, match=r"model\.layers\.1\.mlp\.up_proj\.weight"):
        load.load_model(folder, "torn", CPU)


def test_a_torn_file_is_told_in_words(tmp_path: Path) -> None:
    folder = models.save(tmp_path / "model", models.loaded("llama"))
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(EngineError, match="can't be loaded"):
        load.load_model(folder, "torn", CPU)


def test_a_model_larger_than_the_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: Any
) -> None:
    folder = models.save(tmp_path / "model", models.loaded("llama"))
    size = sum(p.numel() for p in models.loaded("llama").model.parameters())
    assert load.weights_size(folder, "float32") == 4 * size
    monkeypatch.setattr(load, "free_bytes", lambda device: 1000)
    with pytest.raises(EngineError, match="free"):
        load.load_model(folder, "large", CPU)


def test_devices_that_are_not_there() -> None:
    assert load.device_of("cpu") == "cpu"
    with pytest.raises(EngineError, match="not a device"):
        load.device_of("teapot")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    with pytest.raises(EngineError, match=f"offers {count} GPUs"):
        load.device_of(f"cuda:{count}")
    if not count:
        assert load.device_of("auto") == "cpu"
    assert load.dtype_of("auto", "cpu") == "float32"
    assert load.dtype_of("float16", "cpu") == "float16"


def test_weights_that_are_not_finite_are_named() -> None:
    made = models.loaded("llama")
    assert load.bad_weights(made.model) == ()
    made.model.model.layers[2].mlp.up_proj.weight.data[0, 0] = float("inf")
    assert load.bad_weights(made.model) == ("model.layers.2.mlp.up_proj.weight",)


@pytest.mark.parametrize("text", ["{", "[1]", '"x"'])
def test_a_damaged_config_is_told_with_its_path(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(EngineError, match=r"config\.json"):
        load.read_config(tmp_path)
