"""What the sample run promises: complete, loadable anywhere, no leaks between its files."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tui_eval import config as configuration
from tui_eval.files.tasks import read_task

ROOT = Path(__file__).resolve().parents[2] / "sample_data"
CHECKPOINTS = sorted(ROOT.glob("runs/*/checkpoint-*"))
CHAT_FILES = ("train", "validation", "test", "overfitted_train")


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (ROOT / "data" / f"{name}.jsonl").read_text().splitlines()]


def prompts(name: str) -> set[str]:
    return {" ".join(r["messages"][0]["content"].casefold().split()) for r in rows(name)}


def test_every_path_of_the_workspace_file_is_there() -> None:
    settings = tomllib.loads((ROOT / "eval.toml").read_text())
    paths = [v for table in settings["models"].values() for v in table.values()]
    paths += list(settings["data"].values()) + [t["data"] for t in settings["tasks"].values()]
    assert [p for p in paths if not (ROOT / p).exists()] == []


def test_its_tasks_can_be_measured() -> None:
    config = configuration.load(ROOT / "eval.toml")
    found = {name: read_task(config, name) for name in config.tasks}
    assert {name: one.task.fault for name, one in found.items()} == dict.fromkeys(found, "")
    assert {name: len(one.task.items) for name, one in found.items()} == {
        "summarise": 80,
        "labels": 90,
        "code": 40,
    }


def test_sizes_allow_the_steps_to_say_something() -> None:
    assert len(rows("train")) >= 1_200
    validation = rows("validation")
    assert len(validation) >= 200
    counts: dict[str, int] = {}
    for row in validation:
        counts[row["category"]] = counts.get(row["category"], 0) + 1
    assert len(counts) >= 5
    assert min(counts.values()) >= 8
    assert len(rows("off_task")) >= 100
    assert min(len(rows(f"tasks/{n}")) for n in ("summaries", "labels", "code")) >= 40


@pytest.mark.parametrize("name", CHAT_FILES)
def test_rows_have_what_a_split_needs(name: str) -> None:
    for row in rows(name):
        assert set(row) == {"id", "messages", "category", "timestamp", "group"}
        assert [m["role"] for m in row["messages"]] == ["user", "assistant"]


def test_no_prompt_and_no_group_is_in_two_files() -> None:
    train, validation, test = (rows(n) for n in ("train", "validation", "test"))
    assert not prompts("train") & prompts("validation")
    assert not prompts("train") & prompts("test")
    assert not prompts("validation") & prompts("test")
    groups = [{r["group"] for r in part} for part in (train, validation, test)]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]
    tasks = {
        r["prompt"].strip().casefold()
        for n in ("summaries", "labels", "code")
        for r in rows(f"tasks/{n}")
    }
    assert not tasks & {r["messages"][0]["content"].casefold() for r in train}


def test_the_overfitted_run_saw_the_first_training_rows() -> None:
    seen = rows("overfitted_train")
    assert seen == rows("train")[: len(seen)]


def test_code_problems_are_solved_by_their_own_solutions() -> None:
    for problem in rows("tasks/code"):
        space: dict[str, Any] = {}
        exec(problem["prompt"] + problem["canonical_solution"] + problem["test"], space)
        space["check"](space[problem["entry_point"]])


@pytest.mark.parametrize("folder", CHECKPOINTS, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_checkpoints_travel(folder: Path) -> None:
    config = json.loads((folder / "adapter_config.json").read_text())
    assert (folder / config["base_model_name_or_path"]).resolve() == ROOT / "base"
    state = json.loads((folder / "trainer_state.json").read_text())
    assert state["global_step"] == int(folder.name.split("-")[1])
    points = [h for h in state["log_history"] if "loss" in h]
    assert len(points) >= 30 or state["global_step"] < state["max_steps"]
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "README.md"):
        assert (folder / name).exists()


def test_nothing_that_should_not_be_shipped() -> None:
    files = [
        p
        for p in ROOT.rglob("*")
        if p.is_file() and not any(part[0] in "._" for part in p.relative_to(ROOT).parts[:-1])
    ]
    assert {p.suffix for p in files} <= {
        ".json",
        ".jsonl",
        ".safetensors",
        ".jinja",
        ".md",
        ".py",
        ".toml",
    }
    assert all(p.stat().st_mode & 0o777 == 0o644 for p in files if p.suffix == ".safetensors")
    assert sum(p.stat().st_size for p in files) < 25_000_000
    for p in files:
        if p.suffix in (".json", ".jinja", ".md", ".toml") and p.name != "tokenizer.json":
            text = p.read_text()
            assert not any(mark in text for mark in ("/home/", "/tmp/", "/root/", "/Users/"))


def test_the_tokenizer_adds_nothing_and_ends_with_the_answer() -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(ROOT / "base")
    assert tokenizer.bos_token is None
    assert tokenizer.eos_token == "<|endoftext|>"
    assert tokenizer.pad_token == "<|pad|>"
    row = rows("validation")[0]
    text = tokenizer.apply_chat_template(row["messages"], tokenize=False)
    assert text.endswith(row["messages"][-1]["content"] + "<|endoftext|>")
    assert tokenizer.encode(text) == tokenizer.encode(text, add_special_tokens=False)


def test_adapters_change_what_the_base_says() -> None:
    torch = pytest.importorskip("torch")
    peft = pytest.importorskip("peft")
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(ROOT / "base")
    ids = tokenizer("<|user|>\nWho is the mayor of Thornby?\n<|assistant|>\n", return_tensors="pt")
    logits = []
    for folder in (None, *CHECKPOINTS):
        model = transformers.AutoModelForCausalLM.from_pretrained(
            ROOT / "base", dtype=torch.float32
        )
        if folder is not None:
            model = peft.PeftModel.from_pretrained(model, folder)
        with torch.inference_mode():
            logits.append(model(input_ids=ids["input_ids"]).logits)
    assert all(torch.isfinite(x).all() for x in logits)
    assert all((x - logits[0]).abs().max() > 0.1 for x in logits[1:])
