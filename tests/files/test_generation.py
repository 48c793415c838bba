"""What decides an answer: settings over the checkpoint's generation_config.json."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.config import Config, GenerationConfig, ModelConfig
from tui_eval.files import producers
from tui_eval.files.generation import FILE_NAME, generation, same_settings, settings_key


def checkpoint(folder: Path, **settings: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_text(json.dumps(settings))
    return folder


def test_without_a_file_an_answer_is_greedy(tmp_path: Path) -> None:
    assert generation(GenerationConfig(), tmp_path).in_words == "greedy"


def test_the_checkpoint_decides_what_is_not_set(tmp_path: Path) -> None:
    folder = checkpoint(
        tmp_path, do_sample=True, temperature=0.6, top_p=0.95, top_k=20, eos_token_id=[7, 9]
    )
    found = generation(GenerationConfig(top_p=0.5, seed=3), folder)
    assert (found.sample, found.temperature, found.top_k, found.top_p) == (True, 0.6, 20, 0.5)
    assert found.end_ids == (7, 9)
    assert found.in_words == "sampled, temperature 0.6, top_p 0.5, top_k 20, seed 3"


@pytest.mark.parametrize(
    "settings", [{"greedy": True}, {"temperature": 0.0}, {"greedy": True, "temperature": 1.5}]
)
def test_greedy_wins_over_the_checkpoint(tmp_path: Path, settings: dict[str, Any]) -> None:
    folder = checkpoint(tmp_path, do_sample=True, repetition_penalty=1.1)
    found = generation(GenerationConfig(**settings), folder)
    assert not found.sample
    assert found.repetition_penalty == 1.1


def test_naming_a_rule_of_sampling_asks_for_it(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, do_sample=False)
    assert generation(GenerationConfig(top_p=0.9), folder).sample
    assert generation(GenerationConfig(temperature=0.7), folder).temperature == 0.7


def test_an_adapters_base_is_looked_at_and_its_models_end_tokens(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    base = checkpoint(tmp_path / "base", do_sample=True)
    (base / "config.json").write_text(json.dumps({"text_config": {"eos_token_id": 5}}))
    found = generation(GenerationConfig(stop=("\n\n",)), adapter, base)
    assert found.sample
    assert found.end_ids == (5,)
    assert found.stop == ("\n\n",)


def test_what_is_not_done_is_said(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, num_beams=4, typical_p=0.9, guidance_scale=1.0)
    notes = generation(GenerationConfig(), folder).notes
    assert [note.split()[3] for note in notes if "beam" in note] == ["for"]
    assert any("typical_p" in note for note in notes)
    assert len(notes) == 2


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "do_sample",
                "temperature",
                "top_k",
                "top_p",
                "min_p",
                "eos_token_id",
                "repetition_penalty",
                "no_repeat_ngram_size",
                "suppress_tokens",
                "num_beams",
                "stop_strings",
                "typical_p",
                "guidance_scale",
            ]
        ),
        _JSON,
    )
)
def test_no_file_breaks_it(tmp_path_factory: pytest.TempPathFactory, content: Any) -> None:
    folder = checkpoint(tmp_path_factory.mktemp("checkpoint"), **content)
    found = generation(GenerationConfig(), folder)
    assert found.temperature > 0
    assert 0 <= found.top_p <= 1
    assert found.repetition_penalty > 0
    assert all(isinstance(one, int) for one in (*found.end_ids, *found.suppress, found.top_k))
    assert settings_key(GenerationConfig(), folder)


def test_the_key_holds_what_decides_a_text_and_nothing_else(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "a", top_p=0.9, transformers_version="4.1")
    key = settings_key(GenerationConfig(), folder)
    assert settings_key(GenerationConfig(samples=4, limit=9, path="one"), folder) == key
    for changed in (
        GenerationConfig(greedy=True),
        GenerationConfig(seed=1),
        GenerationConfig(max_new_tokens=9),
        GenerationConfig(stop=("x",)),
        GenerationConfig(thinking=("<a>", "</a>")),
    ):
        assert settings_key(changed, folder) != key
    checkpoint(tmp_path / "a", top_p=0.9, transformers_version="5.0")
    assert settings_key(GenerationConfig(), folder) == key
    checkpoint(tmp_path / "a", top_p=0.8)
    assert settings_key(GenerationConfig(), folder) != key


def test_where_the_checkpoint_is_not_at_hand_the_rest_is_compared(tmp_path: Path) -> None:
    here = settings_key(GenerationConfig(), checkpoint(tmp_path / "a", top_p=0.9))
    assert same_settings(here, settings_key(GenerationConfig(), tmp_path / "gone"))
    assert same_settings(here, settings_key(GenerationConfig(), None, None))
    assert not same_settings(here, settings_key(GenerationConfig(seed=2), tmp_path / "gone"))
    assert not same_settings(here, settings_key(GenerationConfig(), checkpoint(tmp_path / "b")))
    assert same_settings("", "")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    for name in ("base", "tuned"):
        folder = checkpoint(tmp_path / name, do_sample=True, top_p=0.9 if name == "base" else 0.5)
        (folder / "config.json").write_text('{"vocab_size": 9}')
        (folder / "model.safetensors").write_bytes(name.encode())
        (folder / "tokenizer.json").write_text("{}")
    models = {name: ModelConfig(name, path=name) for name in ("base", "tuned")}
    return Config(tmp_path, models=models)


def test_the_candidates_settings_serve_both_models(config: Config) -> None:
    base = producers.generating(config, "tuned", "base", dtype="float32")
    tuned = producers.generating(config, "tuned", "tuned", dtype="float32")
    assert base.settings == tuned.settings
    assert base.settings != producers.generating(config, "base", "base").settings
    assert base.key != tuned.key
    assert (base.scorer, base.max_length, base.stride) == ("generate-1", 0, 0)
    assert producers.matches(tuned, producers.generating(config, "tuned", "tuned"), "auto")
    assert not producers.matches(tuned, producers.wanted(config, "tuned", "tuned"), "auto")
    assert not producers.matches(producers.wanted(config, "tuned", "tuned"), tuned, "auto")
    other = replace(config, generation=GenerationConfig(seed=8))
    assert not producers.matches(tuned, producers.generating(other, "tuned", "tuned"), "auto")


def test_answers_of_a_file_are_known_by_its_bytes(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"id": 1, "answer": "yes"}\n')
    models = {**config.models, "tuned": ModelConfig("tuned", answers="answers.jsonl")}
    config = replace(config, models=models, scoring=replace(config.scoring, dtype="bfloat16"))
    first = producers.generating(config, "tuned", "tuned")
    assert (first.scorer, first.settings, first.prompt) == ("file-1", "", "")
    assert producers.matches(first, producers.generating(config, "tuned", "tuned"), "bfloat16")
    path.write_text('{"id": 1, "answer": "no"}\n')
    second = producers.generating(config, "tuned", "tuned")
    assert second.key != first.key
    assert not producers.matches(first, second, "auto")
    path.unlink()
    gone = producers.generating(config, "tuned", "tuned")
    assert producers.matches(first, gone, "auto")
    assert not producers.matches(first, replace(gone, model="base"), "auto")
