"""A large file: a seeded choice of its rows, in flat memory."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from tests.files.making import every_container, lines, load
from tui_eval.config import DataConfig
from tui_eval.files.datasets import read


def test_a_choice_is_the_same_again_in_the_files_order(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{"text": f"t{i}"} for i in range(500)])
    first = load(path, limit=50)
    again = load(path, limit=50)
    assert first == again
    assert len(first.samples) == 50
    rows = [sample.row for sample in first.samples]
    assert rows == sorted(rows)
    other = read(path, split="validation", fields=DataConfig(), limit=50, seed=1)
    assert {s.id for s in other.samples} != {s.id for s in first.samples}
    assert other.key != first.key


def test_a_limit_above_the_rows_keeps_all(tmp_path: Path) -> None:
    rows = [{"text": "a"}, {"text": "b"}, {"text": "a"}, {"text": "c"}]
    path = lines(tmp_path / "a.jsonl", rows)
    assert load(path, limit=10).samples == load(path).samples
    assert load(path, limit=10).duplicates == load(path).duplicates == 1


def test_repeated_rows_have_no_better_chance(tmp_path: Path) -> None:
    """One content fills half of the file: it is chosen as often as any other."""
    rows = [{"text": f"t{i}"} for i in range(20)] + [{"text": "often"}] * 20
    path = lines(tmp_path / "a.jsonl", rows)
    counts: Counter[str] = Counter()
    for seed in range(300):
        chosen = read(path, split="validation", fields=DataConfig(), limit=7, seed=seed)
        counts.update(sample.text or "" for sample in chosen.samples)
        assert len(chosen.samples) == 7
    # 7 of 21 in each of 300 draws: 100 expected, standard deviation 8.2.
    assert 60 < counts["often"] < 140
    assert all(60 < count < 140 for count in counts.values())


def test_a_row_more_changes_few_of_the_chosen(tmp_path: Path) -> None:
    rows = [{"text": f"t{i}"} for i in range(300)]
    before = load(lines(tmp_path / "a.jsonl", rows), limit=40)
    after = load(lines(tmp_path / "b.jsonl", [{"text": "new"}, *rows]), limit=40)
    assert len({s.id for s in before.samples} & {s.id for s in after.samples}) >= 39


def test_the_key_follows_what_is_read(tmp_path: Path) -> None:
    rows = [{"prompt": "q", "completion": "a", "category": "x"}]
    key = load(lines(tmp_path / "a.jsonl", rows)).key
    assert load(lines(tmp_path / "moved.jsonl", rows)).key == key
    assert load(lines(tmp_path / "a.jsonl", rows), split="train").key != key
    assert load(lines(tmp_path / "a.jsonl", [{**rows[0], "category": "y"}])).key != key
    assert load(lines(tmp_path / "a.jsonl", [*rows, {"text": "more"}])).key != key


def _peak(path: Path) -> int:
    tracemalloc.start()
    try:
        dataset = read(path, split="validation", fields=DataConfig(), limit=500)
        assert len(dataset.samples) == 500
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _large(path: Path, rows: int) -> Path:
    filler = "words that fill the row " * 8
    with path.open("w", encoding="utf-8") as file:
        if path.suffix == ".csv":
            file.write("prompt,completion\n")
            file.writelines(f"question {i},{filler}{i}\n" for i in range(rows))
        elif path.suffix == ".json":
            file.write("[")
            for i in range(rows):
                row = {"prompt": f"question {i}", "completion": f"{filler}{i}"}
                file.write(("," if i else "") + json.dumps(row))
            file.write("]")
        else:
            for i in range(rows):
                file.write(json.dumps({"prompt": f"question {i}", "completion": filler}) + "\n")
    return path


@pytest.mark.parametrize(
    ("name", "rows"), [("a.jsonl", 10_000), ("a.json", 2_500), ("a.csv", 2_500)]
)
def test_memory_is_flat_while_the_file_grows_ten_times(
    tmp_path: Path, name: str, rows: int
) -> None:
    """Up to 100,000 rows and 25 MB: what reading holds at its peak does not grow with it."""
    small = _peak(_large(tmp_path / name, rows))
    large = _peak(_large(tmp_path / name, 10 * rows))
    assert large < 1.2 * small + 2**20
    assert large < 16 * 2**20


def test_a_limit_chooses_the_same_rows_from_every_container(tmp_path: Path) -> None:
    rows = [{"prompt": f"q{i}", "completion": f"a{i}"} for i in range(60)]
    chosen = {
        tuple(sample.id for sample in load(path, limit=9).samples)
        for path in every_container(tmp_path, rows).values()
    }
    assert len(chosen) == 1
