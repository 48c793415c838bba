"""What is found around a checkpoint, how it is corrected, and the eval.toml it becomes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.files.making import PAIRS, lines
from tests.files.runs import adapter, cached, full, put, state
from tests.shared import SHARED, needs_shared
from tui_eval import config
from tui_eval.errors import InputError
from tui_eval.files import need
from tui_eval.files.found import Found, find_all, rendered
from tui_eval.files.need import Free, weight_bytes


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of its own: nothing of the developer's is found."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tui_eval.files.found.free_memory", lambda: Free("GPU 0", 10**9, True))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(elsewhere: Path) -> Path:
    """An adapter with all that belongs to it: base, log, data beside and above."""
    base = full(elsewhere / "base")
    folder = adapter(elsewhere / "runs" / "bot" / "checkpoint-10", str(base))
    state(folder, 10)
    lines(folder / "val.jsonl", [*PAIRS, {"oops": 1}])
    (elsewhere / "data").mkdir()
    lines(elsewhere / "data" / "train.jsonl", PAIRS)
    return folder


def loads_back(found: Found, folder: Path) -> config.Config:
    """The eval.toml that is written is one that loads without a problem."""
    read = config.load(found.write(folder))
    assert read.hash == found.to_config(folder).hash
    return read


def test_everything_is_found_and_written_so_that_it_loads(run: Path, elsewhere: Path) -> None:
    found = find_all(run)
    assert [row.key for row in found.rows] == [
        "tuned",
        "base",
        "log",
        "validation",
        "training",
        "prompt",
        "memory",
    ]
    assert found.missing == ()
    assert found.row("tuned").value == "LoRA adapter, r 16, 1 epoch, step 10"
    assert found.row("base").value == "base"
    assert found.row("log").value == "trainer_state.json, 10 points, 1 eval"
    assert found.row("log").source == "checkpoint-10"
    assert found.row("validation").value == "val.jsonl, 3 rows of prompt_completion"
    assert found.row("validation").source == "beside it"
    assert found.row("validation").problem == "1 bad row skipped, first in line 4"
    assert found.row("training").value == "train.jsonl, rows of prompt_completion"
    assert found.row("training").source == "data"
    assert found.row("prompt").value == "the base model's chat template, no system prompt"
    assert (found.usable_rows, found.bad_rows) == (3, 1)
    assert found.skipped[0].row == 4
    assert found.example == "user\nquestion 1\n\nassistant\nanswer 1"
    read = loads_back(found, elsewhere)
    assert read.models["base"].path == "base"
    assert read.models["tuned"].path == "runs/bot/checkpoint-10"
    assert read.models["tuned"].log == "runs/bot/checkpoint-10/trainer_state.json"
    assert read.data.validation == "runs/bot/checkpoint-10/val.jsonl"
    assert read.data.train == "data/train.jsonl"
    assert read.prompt.template == "chat"
    assert read.candidates == ("tuned",)


def test_a_workspace_elsewhere_names_the_same_files(run: Path, tmp_path: Path) -> None:
    read = loads_back(find_all(run), tmp_path / "far" / "away" / "work")
    assert read.resolve(read.models["tuned"].path or "").samefile(run)


def test_the_output_folder_gives_its_newest_checkpoint_with_the_others_to_choose(
    run: Path, elsewhere: Path
) -> None:
    adapter(run.parent / "checkpoint-9", str(elsewhere / "base"))
    found = find_all(run.parent)
    assert found.checkpoint.path == run
    assert found.row("tuned").choices == ("runs/bot/checkpoint-9", "runs/bot/checkpoint-10")
    other = found.with_choice("tuned", "runs/bot/checkpoint-9")
    assert other.checkpoint.path.name == "checkpoint-9"
    assert "step 9" in other.row("tuned").value
    assert other.row("log").value == "trainer_state.json, 10 points, 1 eval"


def test_a_full_fine_tune_with_a_cached_base(elsewhere: Path, tmp_path: Path) -> None:
    cached(tmp_path / "hf" / "hub", "org/base")
    folder = full(elsewhere / "tuned", _name_or_path="org/base")
    found = find_all(folder)
    assert found.row("tuned").value == "full model"
    assert found.row("base").value == "org/base, in the cache"
    assert found.row("prompt").value == "the checkpoint's chat template, no system prompt"
    assert set(found.missing) == {"log", "validation", "training"}
    assert loads_back(found, elsewhere).models["base"].path == "org/base"


def test_a_base_that_is_not_here_is_asked_for_once_with_a_list(
    elsewhere: Path, tmp_path: Path
) -> None:
    cached(tmp_path / "hf" / "hub", "org/other")
    full(elsewhere / "models" / "local")
    folder = adapter(elsewhere / "models" / "tuned", "org/gone")
    found = find_all(folder)
    row = found.row("base")
    assert "base" in found.missing
    assert row.value == "org/gone"
    assert "not found on this machine" in row.problem
    assert set(row.choices) == {"models/local", "org/other"}
    assert found.row("memory").value.startswith("unknown without the base")
    assert loads_back(found, elsewhere / "a").models["base"].path == "org/gone"
    local = found.with_choice("base", "models/local")
    assert "base" not in local.missing
    assert loads_back(local, elsewhere).models["base"].path == "models/local"
    named = found.with_choice("base", "org/other")
    assert named.row("base").value == "org/other, in the cache"
    assert named.with_choice("base", "").row("base").value == "org/gone"


def test_an_adapter_is_no_base(elsewhere: Path) -> None:
    inner = adapter(elsewhere / "inner", "org/gone")
    found = find_all(adapter(elsewhere / "outer", str(inner)))
    assert found.row("base").problem == "no full model lies there"


def test_no_chat_template_means_plain(elsewhere: Path) -> None:
    base = full(elsewhere / "base")
    (base / "tokenizer_config.json").unlink()
    found = find_all(adapter(elsewhere / "a", str(base)))
    assert found.row("prompt").value == "plain (there is no chat template), no system prompt"
    assert loads_back(found, elsewhere).prompt.template == "plain"
    assert found.row("prompt").choices == ("plain",)
    chat = found.with_choice("prompt", "chat")
    assert chat.template == "chat"
    assert "no chat template" in chat.row("prompt").problem
    put(elsewhere / "my.jinja", "{{ messages }}")
    own = found.with_choice("prompt", "my.jinja")
    (elsewhere / "eval.toml").unlink()
    assert loads_back(own, elsewhere).prompt.template == "my.jinja"
    assert "no file" in found.with_choice("prompt", "gone.jinja").row("prompt").problem


def test_captured_output_beside_the_run_is_its_log_where_it_alone_can_be(
    run: Path, elsewhere: Path
) -> None:
    (run / "trainer_state.json").unlink()
    printed = "".join(
        f"{{'loss': {3 - i / 10}, 'learning_rate': 1e-05, 'epoch': {i / 10}}}\n"
        for i in range(1, 11)
    )
    (elsewhere / "runs" / "notes.log").write_text("nothing that a trainer prints\n")
    (elsewhere / "runs" / "train.out").write_text(printed)
    found = find_all(run)
    assert found.row("log").source == "beside the run"
    assert found.row("log").value == "train.out, 10 points, 0 evals"
    assert loads_back(found, elsewhere).models["tuned"].log == "runs/train.out"
    state(elsewhere / "runs" / "other" / "checkpoint-20", 20)
    assert "log" in find_all(run).missing
    (elsewhere / "runs" / "bot-2.log").write_text(printed)
    assert find_all(run).row("log").value.startswith("bot-2.log")
    (elsewhere / "runs" / "bot-3.log").write_text(printed)
    assert "log" in find_all(run).missing


def test_a_log_alone_is_enough_for_a_workspace(elsewhere: Path) -> None:
    state(elsewhere / "logs", 12)
    found = find_all(elsewhere / "logs")
    assert found.missing == ()
    assert "log alone" in found.row("tuned").problem
    read = loads_back(found, elsewhere)
    assert read.models["tuned"].log == "logs/trainer_state.json"
    assert read.models["tuned"].path is None


@needs_shared
@pytest.mark.parametrize("name", sorted(p.name for p in SHARED.glob("trainer_state/*")))
def test_real_folders_that_hold_a_log_alone(elsewhere: Path, name: str) -> None:
    shutil.copytree(SHARED / "trainer_state" / name, elsewhere / name)
    found = find_all(elsewhere / name)
    assert found.row("log").value.startswith("trainer_state.json, ")
    assert loads_back(found, elsewhere).models["tuned"].log


def test_an_empty_folder_has_nothing_but_still_writes(elsewhere: Path) -> None:
    (elsewhere / "empty").mkdir()
    found = find_all(elsewhere / "empty")
    assert "nothing to judge" in found.row("tuned").problem
    assert "tuned" in found.missing
    assert loads_back(found, elsewhere).models == {}


def test_an_eval_toml_is_never_replaced(run: Path, elsewhere: Path) -> None:
    put(elsewhere / "eval.toml", "mine")
    with pytest.raises(InputError, match="exists already"):
        find_all(run).write(elsewhere)
    assert (elsewhere / "eval.toml").read_text() == "mine"


def test_a_given_file_that_is_not_there_names_the_nearest(run: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_all(run, validation=run / "vall.jsonl")
    assert "did you mean val.jsonl?" in caught.value.remedy
    with pytest.raises(InputError, match="training"):
        find_all(run, train="gone.jsonl")


def test_a_given_file_that_cannot_be_read_is_not_called_absent(run: Path) -> None:
    (run / "loop.jsonl").symlink_to("loop.jsonl")
    with pytest.raises(InputError, match="can't be followed") as caught:
        find_all(run, validation=run / "loop.jsonl")
    assert "did you mean" not in caught.value.remedy
    os.mkfifo(run / "pipe.jsonl")
    with pytest.raises(InputError, match="is not a regular file") as caught:
        find_all(run, validation=run / "pipe.jsonl")
    assert "did you mean" not in caught.value.remedy


def test_only_what_may_be_rows_is_suggested(run: Path) -> None:
    (run / "opt").mkdir()
    (run / "zzzzzz").symlink_to("zzzzzz")
    for name in ("nope", "zzzzz"):
        with pytest.raises(InputError, match=f"no training file .*{name}") as caught:
            find_all(run, train=run / name)
        assert caught.value.remedy == "Name a file of rows."


def test_given_files_win_and_may_be_anywhere(run: Path, tmp_path: Path, elsewhere: Path) -> None:
    other = lines(tmp_path / "mine.jsonl", [{"text": "x"}])
    found = find_all(run, validation=other, train=other, base="org/gone")
    assert found.row("validation").value == "mine.jsonl, 1 row of text"
    assert found.row("validation").source == "given"
    assert found.row("training").problem == "this is the validation file"
    assert found.row("base").value == "org/gone"
    read = loads_back(found, elsewhere)
    assert read.resolve(read.data.validation or "").samefile(other)


def test_a_validation_file_without_a_usable_row_is_told_with_its_reasons(run: Path) -> None:
    bad = lines(run / "bad.jsonl", [{"a": 1}, {"a": 2}])
    found = find_all(run, validation=bad)
    assert (found.usable_rows, found.bad_rows, found.validation) == (0, 2, None)
    assert "no usable row" in found.row("validation").problem
    assert [row.row for row in found.skipped] == [1, 2]
    assert "validation" in found.missing


def test_a_choice_that_is_not_there_is_a_problem_of_its_row(run: Path) -> None:
    found = find_all(run).with_choice("validation", "gone.jsonl")
    assert "no file" in found.row("validation").problem
    assert found.validation is None
    back = found.with_choice("validation", "")
    assert back.row("validation").value.startswith("val.jsonl")
    with pytest.raises(InputError, match="nothing called"):
        found.with_choice("validatio", "x")


@pytest.mark.parametrize(
    "name",
    [
        "validation.json",
        "valid.csv",
        "dev.jsonl.gz",
        "eval.parquet",
        "support-val.jsonl",
        "my_validation_set.json",
        "Eval.JSONL",
    ],
)
def test_usual_names_are_found_beside_and_in_data_folders(elsewhere: Path, name: str) -> None:
    import gzip

    import polars as pl

    folder = adapter(elsewhere / "runs" / "a", "org/x")
    for place in (folder, elsewhere / "runs", elsewhere / "data"):
        place.mkdir(exist_ok=True)
        path = place / name
        if name.endswith(".csv"):
            pl.DataFrame(PAIRS).write_csv(path)
        elif name.endswith(".parquet"):
            pl.DataFrame(PAIRS).write_parquet(path)
        elif name.endswith(".gz"):
            path.write_bytes(gzip.compress(json.dumps(PAIRS).encode()))
        else:
            path.write_text(json.dumps(PAIRS))
        assert find_all(folder).validation == path
        path.unlink()


def test_what_trainers_write_is_not_taken_for_data(elsewhere: Path) -> None:
    folder = adapter(elsewhere / "a", "org/x")
    for name in (
        "eval_results.json",
        "train_results.json",
        "trainer_state.json",
        "validation_metrics.json",
        "train_config.json",
    ):
        put(folder / name, PAIRS)
    found = find_all(folder)
    assert (found.validation, found.train) == (None, None)
    assert found.row("validation").choices == ()


def test_a_file_of_the_right_name_without_rows_is_passed_over(elsewhere: Path) -> None:
    folder = adapter(elsewhere / "runs" / "a", "org/x")
    put(folder / "val.json", {"loss": 1})
    good = lines(elsewhere / "runs" / "val.jsonl", PAIRS)
    assert find_all(folder).validation == good


def test_test_and_off_task_files_are_written_down_too(run: Path, elsewhere: Path) -> None:
    lines(elsewhere / "data" / "off_task.jsonl", [{"text": "x"}])
    lines(elsewhere / "data" / "test.jsonl", PAIRS)
    read = loads_back(find_all(run), elsewhere)
    assert (read.data.test, read.data.off_task) == ("data/test.jsonl", "data/off_task.jsonl")


def test_memory_says_need_and_free(
    run: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_all(run)
    assert found.row("memory").value == "needs 0.0 MB for the weights; GPU 0 has 1.0 GB free"
    assert found.row("memory").problem == ""
    monkeypatch.setattr("tui_eval.files.found.free_memory", lambda: Free("GPU 0", 10, True))
    assert found.with_choice("prompt", "plain").row("memory").problem == "more than is free"
    weights = [elsewhere / "base" / "model.safetensors"]
    # 128 bytes of bfloat16 are 64 values, plus the header's share.
    assert 128 <= weight_bytes(weights, gpu=True) < 300
    assert weight_bytes(weights, gpu=False) == 2 * weight_bytes(weights, gpu=True)


def test_free_memory_is_the_visible_gpu_with_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = put(tmp_path / "bin" / "nvidia-smi", "#!/bin/sh\necho '0, 100'\necho '1, 300'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert need.free_memory() == Free("GPU 1", 300 * 2**20, True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert need.free_memory() == Free("GPU 0", 100 * 2**20, True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not need.free_memory().gpu
    put(tool, "#!/bin/sh\nexit 9\n")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert not need.free_memory().gpu


def test_pickles_and_remote_code_are_said_on_the_first_row(elsewhere: Path) -> None:
    folder = elsewhere / "m"
    put(folder / "config.json", {"auto_map": {"AutoModel": "x.Y"}})
    put(folder / "pytorch_model.bin", "x")
    problem = find_all(folder).row("tuned").problem
    assert "pickles" in problem
    assert "never run" in problem


# A slash ends a name, NUL and half characters can't be in one that eval.toml may hold.
names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=30
).filter(lambda name: name not in (".", "..") and len(name.encode()) < 200)


@given(names, names)
def test_hostile_names_are_written_so_that_they_load(
    tmp_path_factory: pytest.TempPathFactory, folder_name: str, file_name: str
) -> None:
    project = tmp_path_factory.mktemp("p")
    folder = adapter(project / folder_name, f"../{file_name}-base")
    full(project / f"{file_name}-base")
    state(folder, 6)
    data = lines(project / f"{file_name}.jsonl", PAIRS)
    found = find_all(folder, validation=data, train=data)
    read = config.load(found.write(project / "work"))
    assert read.resolve(read.models["tuned"].path or "").samefile(folder)
    assert read.resolve(read.data.validation or "").samefile(data)
    assert read.resolve(read.models["base"].path or "").samefile(project / f"{file_name}-base")


def test_a_name_that_is_no_text_is_refused_with_a_remedy(elsewhere: Path) -> None:
    folder = adapter(elsewhere / "a\udcff", "org/x")
    with pytest.raises(InputError, match="not a UTF-8 name"):
        find_all(folder).write(elsewhere)


def test_rendering_says_who_speaks(run: Path) -> None:
    found = find_all(run, validation=lines(run / "t.jsonl", [{"text": "plain words"}]))
    assert rendered(found.examples[0]) == "plain words"


def test_only_so_many_rows_are_looked_at_before_the_first_screen(run: Path) -> None:
    rows = lines(run / "many.jsonl", [*({"text": f"t{i}"} for i in range(30)), {"bad": 1}])
    found = find_all(run, validation=rows, most_rows=10)
    assert found.row("validation").value == "many.jsonl, the first 10 rows of text"
    assert found.with_choice("prompt", "plain").usable_rows == 10
    every = find_all(run, validation=rows, most_rows=0)
    assert (every.usable_rows, every.bad_rows) == (30, 1)
