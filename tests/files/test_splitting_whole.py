"""Files in two: what belongs together stays so, what leaks is told, nothing else is touched."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.files.made_splits import FIFTH, both, manifest, pairs, split, values
from tests.files.making import lines, saved
from tui_eval.config import DataConfig
from tui_eval.core.splits import SPLITS, Asked
from tui_eval.errors import InputError, StoreError
from tui_eval.files import splitting_write
from tui_eval.files.datasets import read
from tui_eval.files.splitting import decide, scan
from tui_eval.files.splitting_near import without_near
from tui_eval.files.splitting_write import NAMES, write

# What belongs together.


def test_folded_equal_prompts_never_part(tmp_path: Path) -> None:
    ways = ("Straße  {}", "STRASSE {}\n", " strasse\t{}")
    rows = [
        {
            "messages": [
                {"role": "system", "content": f"be {i}"},
                {"role": "user", "content": ways[i % 3].format(i // 3)},
                {"role": "assistant", "content": f"answer {i}"},
            ]
        }
        for i in range(60)
    ]
    _, plan, made = split(lines(tmp_path / "rows.jsonl", rows), tmp_path / "out")
    assert plan.units == 20
    assert {index // 3 * 3 + k for index in plan.validation for k in range(3)} == plan.validation
    assert made.leakage.same_prompt == 0


@pytest.mark.parametrize("strategy", SPLITS)
def test_usual_fields_are_found(tmp_path: Path, strategy: str) -> None:
    rows = [
        {**row, "category": f"c{i % 2}", "timestamp": f"2025-01-01T{i // 4:02}:00", "group": i // 4}
        for i, row in enumerate(pairs(80))
    ]
    found, plan, _ = split(lines(tmp_path / "rows.jsonl", rows), tmp_path / "out", strategy)
    assert plan.units == 20
    assert len(plan.validation) == 16
    assert found.used == {"category": ("category",), "time": ("timestamp",), "group": ("group",)}
    _, validation = both(tmp_path / "out")
    assert Counter(row["category"] for row in values(validation)) == {"c0": 8, "c1": 8}
    if strategy == "temporal":
        assert plan.validation == set(range(64, 80))


def test_fields_can_be_named_or_left_out(tmp_path: Path) -> None:
    rows = [
        {**row, "topic": "x", "kind": f"k{i % 2}", "group": 1} for i, row in enumerate(pairs(20))
    ]
    path = lines(tmp_path / "rows.jsonl", rows)
    with pytest.raises(InputError, match="hang together"):
        split(path, tmp_path / "out")
    _, plan, _ = split(
        path, tmp_path / "out", "category", group=False, fields=DataConfig(category="kind")
    )
    assert {size.name for size in plan.by_category} == {"k0", "k1"}
    with pytest.raises(InputError, match="no field 'knd'") as caught:
        scan(path, DataConfig(category="knd"))
    assert "kind" in caught.value.remedy


def test_groups_that_are_no_text_still_hold_together(tmp_path: Path) -> None:
    rows = [{**row, "group": {"thread": [i // 5, 1.0]}} for i, row in enumerate(pairs(50))]
    _, plan, _ = split(lines(tmp_path / "rows.jsonl", rows), tmp_path / "out")
    assert plan.units == 10


def test_rows_of_no_known_shape_are_split_too(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"sentence": f"s{i // 2}", "label": 1} for i in range(40)
    ]  # wholly equal rows stay together
    rows += [{"prompt": "only a prompt"}, {"prompt": "Only  a prompt", "completion": None}]
    rows += [{"messages": [{"role": "user", "content": f"hello {i % 2}"}]} for i in range(4)]
    rows += [{"instruction": "do", "output": ""}]
    found, plan, made = split(lines(tmp_path / "rows.jsonl", rows), tmp_path / "out")
    assert found.unshaped == 46
    assert plan.units == 20 + 1 + 2 + 1
    assert made.train + made.validation == len(rows)
    assert any(note.code == "unshaped" for note in plan.notes)


# What leaks.


def test_near_duplicates_are_told_and_can_stay_in_training(tmp_path: Path) -> None:
    base = [" ".join(f"{w}{i}" for w in "abcdefghijklmnopqrst") for i in range(60)]
    rows = [{"prompt": text, "completion": "x"} for text in base]
    rows += [{"prompt": f"{text} once more", "completion": "y"} for text in base[:30]]
    path = lines(tmp_path / "rows.jsonl", rows)
    found, plan, made = split(path, tmp_path / "out")
    near = {(entry.validation, entry.training) for entry in made.leakage.near}
    expected = {
        (index + 1, twin + 1)
        for index in plan.validation
        for twin in (index - 60, index + 60)
        if (0 <= twin < 30 or 60 <= twin < 90) and twin not in plan.validation
    }
    assert near == expected != set()
    assert made.leakage.compared == 18
    apart = without_near(found, lambda kept: decide(found, "random", FIFTH, training_only=kept))
    again = write(found, apart, tmp_path / "apart")
    assert again.leakage.near == ()
    assert again.validation == 18
    assert any(note.code == "near_excluded" for note in apart.notes)


def test_rows_that_a_model_was_trained_on_are_found(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", pairs(100))
    trained = [{"prompt": f"Question  {i}", "completion": f"ANSWER {i}"} for i in range(60)]
    trained += [{"prompt": f"question {i}", "completion": "another"} for i in range(60, 80)]
    training = lines(tmp_path / "trained.jsonl", [*trained, 5])
    found, plan, made = split(path, tmp_path / "out", training=training)
    assert found.seen is not None
    assert (found.seen.rows, len(found.seen.same), len(found.seen.prompt)) == (80, 60, 20)
    held = plan.validation
    assert made.leakage.seen_same == len(held & set(range(60))) > 0
    assert made.leakage.seen_prompt == len(held & set(range(60, 80))) > 0
    caution = next(note for note in plan.notes if note.code == "seen")
    assert "--exclude-seen" in caution.text

    _, plan, made = split(
        path, tmp_path / "unseen", wanted=Asked(share=0.1), training=training, exclude_seen=True
    )
    assert len(plan.validation) == 10
    assert plan.validation <= set(range(80, 100))
    assert (made.leakage.seen_same, made.leakage.seen_prompt) == (0, 0)
    assert manifest(tmp_path / "unseen")["excluded"] == {"seen": True, "near": False}


def test_a_split_of_the_training_file_itself_is_called_out(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", pairs(50))
    _, plan, _ = split(path, tmp_path / "out", training=path)
    assert "10 of 10 validation rows are in the training file" in plan.notes[0].text
    with pytest.raises(InputError, match="has seen them all") as caught:
        split(path, tmp_path / "other", training=path, exclude_seen=True)
    assert "train again" in caught.value.remedy


# Where it goes.


def test_the_manifest_says_how(tmp_path: Path) -> None:
    rows = [{**row, "category": "a\u202eb" if i % 2 else None} for i, row in enumerate(pairs(20))]
    path = lines(tmp_path / "rows.jsonl", rows)
    split(path, tmp_path / "out", "category")
    told = manifest(tmp_path / "out")
    assert told["source"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told["source"]["rows"] == 20
    for name in NAMES[:2]:
        content = (tmp_path / "out" / name).read_bytes()
        assert told["files"][name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert told["files"][name]["rows"] == content.count(b"\n")
    assert (told["strategy"], told["seed"], told["asked"]) == (
        "category",
        0,
        {"share": 0.2, "rows": 4},
    )
    assert told["fields"]["category"] == ["category"]
    assert told["by_category"] == {
        "(none)": {"train": 8, "validation": 2},
        "a\u202eb": {"train": 8, "validation": 2},
    }
    physical = path.read_bytes().splitlines(keepends=True)
    assert [physical[number - 1] for number in told["validation_rows"]] == both(tmp_path / "out")[1]


@pytest.mark.parametrize("strategy", SPLITS)
def test_the_same_again_is_the_same(tmp_path: Path, strategy: str) -> None:
    path = lines(tmp_path / "rows.jsonl", [{**row, "category": "c"} for row in pairs(40)])
    for name in ("one", "two"):
        split(path, tmp_path / name, strategy, seed=4)
    for name in NAMES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_both_files_can_be_read_as_data(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", pairs(20))
    split(path, tmp_path / "out")
    train = read(tmp_path / "out" / "train.jsonl", split="train", fields=DataConfig())
    validation = read(
        tmp_path / "out" / "validation.jsonl", split="validation", fields=DataConfig()
    )
    assert len(train.samples) + len(validation.samples) == 20


def test_nothing_is_overwritten_without_being_told(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", pairs(20))
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("kept")
    split(path, out)
    before = {name: (out / name).read_bytes() for name in NAMES}
    with pytest.raises(InputError, match="already") as caught:
        split(path, out, seed=1)
    assert "--overwrite" in caught.value.remedy
    assert before == {name: (out / name).read_bytes() for name in NAMES}
    split(path, out, seed=1, overwrite=True)
    assert (out / "validation.jsonl").read_bytes() != before["validation.jsonl"]
    assert {entry.name for entry in out.iterdir()} == {*NAMES, "mine.txt"}


def test_the_source_is_never_replaced(tmp_path: Path) -> None:
    path = lines(tmp_path / "train.jsonl", pairs(20))
    before = path.read_bytes()
    with pytest.raises(InputError, match="made of"):
        split(path, tmp_path, overwrite=True)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(InputError, match="made of"):
        split(link / "train.jsonl", tmp_path, overwrite=True)
    assert path.read_bytes() == before


def test_a_saved_folder_is_not_written_into(tmp_path: Path) -> None:
    folder = saved(tmp_path / "saved", pairs(10))
    for out in (folder, folder / "below"):
        with pytest.raises(InputError, match="made of"):
            split(folder, out)


def test_an_empty_label_is_none(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [f"question {i},answer,,thread {i // 2}" for i in range(20)]
    path.write_text("\n".join(["prompt,completion,group,conversation_id", *rows]))
    found, plan, _ = split(path, tmp_path / "out")
    assert plan.units == 10
    assert found.used["group"] == ("conversation_id",)


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", pairs(20))
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="not a folder"):
        split(path, tmp_path / "out")
    with pytest.raises(InputError, match="can't be written"):
        split(path, tmp_path / "out" / "below")


def test_a_source_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", pairs(20))
    found = scan(path)
    plan = decide(found, "random", FIFTH)
    text = path.read_text()
    for changed in (text.replace("answer 3", "answer x"), text + text, text[:200]):
        path.write_text(changed)
        with pytest.raises(InputError, match="has changed"):
            write(found, plan, tmp_path / "out")
        assert {entry.name for entry in tmp_path.iterdir()} == {"rows.jsonl"}


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lines(tmp_path / "rows.jsonl", pairs(20))

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(splitting_write.os, "fsync", full)
    with pytest.raises(StoreError, match="the disk is full"):
        split(path, tmp_path / "out")
    assert {entry.name for entry in tmp_path.iterdir()} == {"rows.jsonl"}


def test_memory_does_not_grow_with_the_texts(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with path.open("w") as file:
        for i in range(1000):
            file.write(json.dumps({"prompt": f"question {i}", "completion": "x" * 20_000}) + "\n")
    tracemalloc.start()
    try:
        split(path, tmp_path / "out")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4e6 < path.stat().st_size


def test_only_so_many_prompts_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui_eval.files import splitting_near

    path = lines(tmp_path / "rows.jsonl", pairs(200))
    monkeypatch.setattr(splitting_near, "COMPARED", 30)
    assert split(path, tmp_path / "rows")[2].leakage.compared == 30
    monkeypatch.setattr(splitting_near, "COMPARED_WORDS", 20)
    assert split(path, tmp_path / "words")[2].leakage.compared == 10
