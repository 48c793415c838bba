"""What lies in a folder, whatever lies in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.files.runs import adapter, cached, full, put, state, tensors
from tui_eval.errors import InputError
from tui_eval.files.checkpoint import look, resolve_model, template_of


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test looks at the developer's own cache, nor finds files beside the checkout."""
    folder = tmp_path / "hf" / "hub"
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


def test_an_adapter(tmp_path: Path) -> None:
    base = full(tmp_path / "base")
    folder = adapter(tmp_path / "run" / "checkpoint-10", str(base))
    log = state(folder, 10)
    found = look(folder)
    assert found.kind == "adapter"
    assert (found.rank, found.alpha, found.dropout) == (16, 32, 0.05)
    assert found.target_modules == ("q_proj", "v_proj")
    assert (found.base, found.base_path) == (str(base), base)
    assert found.base_source == "adapter_config.json"
    assert (found.trainer_state, found.global_step, found.epochs) == (log, 10, 1.0)
    assert found.weights == (folder / "adapter_model.safetensors",)
    assert found.siblings == (folder,)
    assert (found.pickle_only, found.remote_code, found.has_tokenizer) == (False,) * 3
    assert found.notes == ()


def test_a_full_fine_tune_names_what_it_came_from(tmp_path: Path, hub: Path) -> None:
    snapshot = cached(hub, "org/base")
    found = look(full(tmp_path / "tuned", _name_or_path="org/base"))
    assert found.kind == "full"
    assert (found.base, found.base_path, found.base_source) == ("org/base", snapshot, "config.json")
    assert found.has_tokenizer
    assert found.chat_template == "{{ messages }}"
    own = full(tmp_path / "own", _name_or_path=str(tmp_path / "own"))
    assert look(own).base is None


def test_the_cards_base_is_used_where_no_file_names_one(tmp_path: Path) -> None:
    folder = full(tmp_path / "tuned")
    put(folder / "README.md", "---\nbase_model:\n- org/base\ntags: [a]\nlicense: mit\n---\n# x\n")
    found = look(folder)
    assert (found.base, found.base_source) == ("org/base", "README.md")
    assert found.card["license"] == "mit"
    put(folder / "README.md", "no front matter\n---\nbase_model: x\n---\n")
    assert look(folder).card == {}


def test_an_output_folder_is_its_newest_usable_checkpoint(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for step in (9, 10, 100):
        adapter(run / f"checkpoint-{step}", "org/base")
        state(run / f"checkpoint-{step}", step)
    (run / "checkpoint-200").mkdir()
    found = look(run)
    assert found.path == run / "checkpoint-100"
    assert [path.name for path in found.siblings] == [
        "checkpoint-9",
        "checkpoint-10",
        "checkpoint-100",
        "checkpoint-200",
    ]
    assert "checkpoint-100 of 4" in found.notes[0]
    assert "checkpoint-200" in found.notes[1]


def test_a_final_model_beside_its_checkpoints_is_itself(tmp_path: Path) -> None:
    run = adapter(tmp_path / "run", "org/base")
    adapter(run / "checkpoint-10", "org/base")
    log = state(run / "checkpoint-10", 10)
    found = look(run)
    assert found.path == run
    assert (found.trainer_state, found.global_step) == (log, 10)
    assert found.siblings == (run / "checkpoint-10",)


def test_a_checkpoint_without_a_log_has_the_runs_log_and_its_own_step(tmp_path: Path) -> None:
    run = tmp_path / "run"
    adapter(run / "checkpoint-10", "org/base")
    log = state(adapter(run / "checkpoint-20", "org/base"), 20)
    found = look(run / "checkpoint-10")
    assert (found.trainer_state, found.global_step, found.epochs) == (log, 10, None)


def test_a_folder_with_a_log_alone_and_an_empty_one(tmp_path: Path) -> None:
    log = state(tmp_path / "logs", 5)
    found = look(tmp_path / "logs")
    assert (found.kind, found.trainer_state, found.global_step) == ("log_only", log, 5)
    (tmp_path / "far" / "empty").mkdir(parents=True)
    assert look(tmp_path / "far" / "empty").kind == "empty"
    with pytest.raises(InputError, match="no folder"):
        look(tmp_path / "gone")


def test_a_log_in_checkpoints_without_weights_is_a_log_alone(tmp_path: Path) -> None:
    state(tmp_path / "run" / "checkpoint-5", 5)
    found = look(tmp_path / "run")
    assert (found.kind, found.global_step) == ("log_only", 5)


@pytest.mark.parametrize("written", ["base", "../base", "models/base", "./models/base"])
def test_a_relative_base_is_found_from_the_checkpoint_here_or_above(
    tmp_path: Path, written: str
) -> None:
    folder = tmp_path / "project" / "run" / "checkpoint-10"
    places = {
        "base": folder / "base",
        "../base": folder.parent / "base",
        "models/base": tmp_path / "here" / "models" / "base",
        "./models/base": tmp_path / "project" / "models" / "base",
    }
    adapter(folder, written)
    assert look(folder).base_path is None
    base = full(places[written])
    assert look(folder).base_path == base


def test_a_base_in_the_hubs_cache(
    tmp_path: Path, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = cached(hub, "org/name")
    folder = adapter(tmp_path / "a", "org/name")
    assert look(folder).base_path == snapshot
    assert look(snapshot.parents[1]).path == snapshot
    other = cached(tmp_path / "other", "org/name", "def", ref=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "other"))
    assert look(folder).base_path == other


def test_a_revision_is_kept_to_where_it_is_there(tmp_path: Path, hub: Path) -> None:
    cached(hub, "org/name", "abc")
    pinned = cached(hub, "org/name", "def", ref=False)
    assert look(adapter(tmp_path / "a", "org/name", revision="def")).base_path == pinned


def test_a_cache_with_a_tokenizer_alone_is_no_model(tmp_path: Path, hub: Path) -> None:
    put(hub / "models--org--name" / "snapshots" / "abc" / "tokenizer.json", {})
    put(hub / "models--org--name" / "refs" / "main", "abc")
    assert look(adapter(tmp_path / "a", "org/name")).base_path is None


@pytest.mark.parametrize(
    "name",
    ["../../etc", "/etc/passwd", "a/b/c", "", "..", "~nobody/x", "a\0b", "org/..", "x" * 5000],
)
def test_names_that_are_no_models_are_not_followed(tmp_path: Path, name: str) -> None:
    found = look(adapter(tmp_path / "deep" / "a", name))
    assert found.base_path is None
    assert found.base == (name or None)


def test_resolving_a_name_of_eval_toml(tmp_path: Path, hub: Path) -> None:
    snapshot = cached(hub, "org/name")
    folder = full(tmp_path / "models" / "mine")
    assert resolve_model("models/mine", tmp_path) == folder
    assert resolve_model(str(folder), Path("/")) == folder
    assert resolve_model("org/name", tmp_path) == snapshot
    assert resolve_model("org/other", tmp_path) is None
    assert resolve_model(f"~{'x' * 30}/y", tmp_path) is None


def test_weights_are_listed_safe_ones_first(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    put(folder / "config.json", {})
    put(folder / "pytorch_model.bin", "pickle")
    found = look(folder)
    assert found.kind == "full"
    assert found.pickle_only
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = {"weight_map": {"a": shards[0], "b": shards[1], "c": "../outside.safetensors"}}
    put(folder / "model.safetensors.index.json", index)
    tensors(folder / shards[0], {"a": b"x"})
    found = look(folder)
    assert not found.pickle_only
    assert [path.name for path in found.weights] == shards[:1]
    assert "model-00002-of-00002.safetensors" in found.notes[0]


def test_an_adapter_without_weights_and_a_pointer_are_told(tmp_path: Path) -> None:
    folder = adapter(tmp_path / "a", "org/base")
    put(
        folder / "adapter_model.safetensors",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    )
    assert "Git LFS" in look(folder).notes[0]
    (folder / "adapter_model.safetensors").unlink()
    found = look(folder)
    assert found.weights == ()
    assert not found.pickle_only
    assert "no weights" in found.notes[0]
    put(folder / "adapter_model.bin", "pickle")
    assert look(folder).pickle_only


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", {"auto_map": {"AutoModel": "modeling_x.X"}}),
        ("adapter_config.json", {"base_model_name_or_path": "x", "auto_map": {"a": "b"}}),
        (
            "adapter_config.json",
            {"auto_mapping": {"parent_library": "transformers_modules.x"}, "r": 1},
        ),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["x.Y", None]}}),
    ],
)
def test_code_that_comes_with_a_model_is_flagged(
    tmp_path: Path, file: str, content: dict[str, object]
) -> None:
    folder = full(tmp_path / "m")
    assert not look(folder).remote_code
    put(folder / file, content)
    assert look(folder).remote_code


def test_chat_templates_in_every_place(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    assert template_of(folder) is None
    several = [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]
    put(folder / "tokenizer_config.json", {"chat_template": several})
    assert template_of(folder) == "d"
    put(folder / "tokenizer_config.json", {"chat_template": "one"})
    assert template_of(folder) == "one"
    put(folder / "chat_template.json", {"chat_template": "two"})
    assert template_of(folder) == "two"
    put(folder / "chat_template.jinja", "three")
    assert template_of(folder) == "three"


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", "{}"])
def test_a_damaged_adapter_config_says_so(tmp_path: Path, content: str) -> None:
    folder = adapter(tmp_path / "a", "x")
    put(folder / "adapter_config.json", content)
    with pytest.raises(InputError, match=r"adapter_config\.json"):
        look(folder)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "base_model_name_or_path",
                "r",
                "lora_alpha",
                "lora_dropout",
                "target_modules",
                "revision",
                "auto_map",
                "auto_mapping",
                "peft_type",
            ]
        ),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=20)
        | st.lists(st.text(max_size=5), max_size=2),
        min_size=1,
    )
)
def test_any_adapter_config_is_looked_at(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("a")
    put(folder / "adapter_config.json", json.dumps(settings))
    assert look(folder).kind == "adapter"


def test_a_copy_of_a_checkpoint_looks_the_same(tmp_path: Path) -> None:
    base = full(tmp_path / "base")
    folder = adapter(tmp_path / "a", str(base))
    shutil.copytree(folder, tmp_path / "b")
    one, other = look(folder), look(tmp_path / "b")
    assert (one.kind, one.rank, one.base_path) == (other.kind, other.rank, other.base_path)
