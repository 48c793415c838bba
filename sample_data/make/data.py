"""Writes every data file: the rows, the task files, and what keeps old skills alive."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .functions import sample_function
from .general import instruction
from .plain import general_text, plain_text
from .tasks import Row, rows_for, summary, topic

SIZES = {"train": 1_260, "validation": 252, "test": 320}
OVERFITTED_ROWS = 64
TASK_ITEMS = {"summaries": 80, "labels": 90, "code": 90}
OFF_TASK_ROWS = 150
REPLAY_TEXTS, REPLAY_INSTRUCTIONS = 150, 210


def write_data(out: Path) -> None:
    taken: set[str] = set()
    (out / "tasks").mkdir(parents=True, exist_ok=True)
    for split, count in SIZES.items():
        rows = chat_rows(split, rows_for(random.Random(f"rows-{split}"), split, count, taken))
        write(out / f"{split}.jsonl", rows)
        if split == "train":
            write(out / "overfitted_train.jsonl", rows[:OVERFITTED_ROWS])
    write_tasks(out / "tasks", taken)
    off_task = unique(general_text, random.Random("off-task"), OFF_TASK_ROWS, set())
    write(
        out / "off_task.jsonl",
        ({"id": f"text-{i:04}", "text": t} for i, t in enumerate(off_task, 1)),
    )
    write(out / "replay.jsonl", replay(set(off_task)))


def unique(make: Any, rng: random.Random, count: int, taken: set[str]) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        text = make(rng)
        if text not in taken:
            taken.add(text)
            found.append(text)
    return found


def chat_rows(split: str, rows: list[Row]) -> list[dict[str, Any]]:
    """In the order in which the desk answered them, over the working hours of one year."""
    rng = random.Random(f"times-{split}")
    first = datetime(2025, 1, 6, 8)
    times = sorted(
        first + timedelta(days=rng.randrange(358), minutes=rng.randrange(600)) for _ in rows
    )
    return [
        {
            "id": f"{split}-{i:04}",
            "messages": messages(row.prompt, row.answer),
            "category": row.category,
            "timestamp": when.isoformat() + "Z",
            "group": row.group,
        }
        for i, (row, when) in enumerate(zip(rows, times, strict=True), 1)
    ]


def messages(prompt: str, answer: str) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": prompt.strip()},
        {"role": "assistant", "content": answer},
    ]


def replay(held_out: set[str]) -> list[dict[str, Any]]:
    """Rows of the base's own material, mixed into the good run so that it forgets nothing."""
    rng = random.Random("replay")
    texts = unique(general_text, rng, REPLAY_TEXTS * 2 // 3, held_out)
    texts += unique(plain_text, rng, REPLAY_TEXTS - len(texts), held_out)
    rows: list[dict[str, Any]] = [{"text": text} for text in texts]
    rows += [{"messages": messages(*instruction(rng))} for _ in range(REPLAY_INSTRUCTIONS)]
    rng.shuffle(rows)
    return [{"id": f"replay-{i:04}", **row} for i, row in enumerate(rows, 1)]


def write_tasks(out: Path, taken: set[str]) -> None:
    """Test material: no prompt is in another file, no function in the training rows."""
    rng = random.Random("tasks")
    reports = fresh(rng, summary, taken)[: TASK_ITEMS["summaries"]]
    write(
        out / "summaries.jsonl",
        (
            {"id": f"summary-{i:03}", "prompt": r.prompt, "reference": r.answer, "group": r.group}
            for i, r in enumerate(reports, 1)
        ),
    )
    each = TASK_ITEMS["labels"] // 6
    lines: dict[str, list[Row]] = {}
    for row in fresh(rng, topic, taken, 600):
        lines.setdefault(row.answer, []).append(row)
    labelled = [r for rows in lines.values() for r in rows[:each]]
    rng.shuffle(labelled)
    write(
        out / "labels.jsonl",
        (
            {"id": f"label-{i:03}", "prompt": r.prompt, "label": r.answer, "group": r.group}
            for i, r in enumerate(labelled, 1)
        ),
    )
    write(out / "code.jsonl", code_problems(rng, taken))


def fresh(rng: random.Random, make: Any, taken: set[str], count: int = 120) -> list[Row]:
    rows = []
    for _ in range(count):
        row = make(rng, "test")
        if row.prompt.casefold() not in taken:
            taken.add(row.prompt.casefold())
            rows.append(row)
    return rows


def code_problems(rng: random.Random, taken: set[str]) -> Iterable[dict[str, Any]]:
    count = 0
    while count < TASK_ITEMS["code"]:
        f = sample_function(rng, split="test")
        if f.stub.casefold() in taken:
            continue
        taken.add(f.stub.casefold())
        yield {
            "task_id": f"coast/{count}",
            "prompt": f.stub,
            "entry_point": f.name,
            "canonical_solution": f"    {f.body}\n",
            "test": f.test(),
        }
        count += 1


def write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
