"""Answers of other programs: lm-evaluation-harness's samples, inspect's logs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.files.making import lines
from tui_eval import config
from tui_eval.core.metrics.labels import compared
from tui_eval.core.records import Completion
from tui_eval.core.task_records import Measured, MetricScores
from tui_eval.errors import InputError
from tui_eval.files import harness
from tui_eval.files.answer_files import match_task, pair, read_answers
from tui_eval.files.tasks import read_task

DOCS = [
    {"q": "2+2?", "a": "4", "lang": "é"},
    {"q": "3+3?", "a": "6", "lang": "x"},
]
HASHES = (
    "5956002d48820ca292ece4ce4ac7713f14be3ef6195ea73d0ba9dcbe88699f2b",
    "1fb23e170f6186ba7ae9e400f08f7675a957f4865835d2b2c337f4a8e8778f5f",
)
"""As the harness itself hashed these documents."""


def sample(at: int, answer: str, **more: Any) -> dict[str, Any]:
    """A row as version 0.4.9 writes it."""
    prompt = f"Q: {DOCS[at]['q']}\nA:"
    return {
        "doc_id": at,
        "doc": DOCS[at],
        "target": DOCS[at]["a"],
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {"until": ["\n"]}}},
        "resps": [[answer]],
        "filtered_resps": [answer],
        "filter": "none",
        "metrics": ["exact_match"],
        "doc_hash": HASHES[at],
        "exact_match": 0.0,
        **more,
    }


def choice(*scores: str) -> dict[str, Any]:
    texts = (" 4", " 6", " Paris")
    arguments = {
        f"gen_args_{at}": {"arg_0": "Q: 2+2?\nA:", "arg_1": text} for at, text in enumerate(texts)
    }
    pairs = [[score, "False"] for score in scores]
    return sample(
        0,
        "",
        arguments=arguments,
        target="0",
        resps=[[one] for one in pairs],
        filtered_resps=pairs,
        metrics=["acc"],
    )


def test_the_harness_hash_of_a_document() -> None:
    assert tuple(harness.hash_of(doc) for doc in DOCS) == HASHES


def test_samples_are_read_as_the_model_wrote_them(tmp_path: Path) -> None:
    """A filter's "[invalid]" is no answer; its row repeats the same one."""
    rows = [
        sample(0, "It is 4.", filtered_resps=["[invalid]"], filter="strict"),
        sample(1, "6", filter="strict"),
        sample(0, "It is 4.", filter="flexible"),
        sample(1, "6", filter="flexible"),
    ]
    file = read_answers(lines(tmp_path / "samples_t.jsonl", rows))
    assert [row.answer for row in file.rows] == ["It is 4.", "6"]
    assert [row.id for row in file.rows] == list(HASHES)
    assert (file.bad, file.repeats) == (0, 2)
    assert file.rows[0].reference == "4"
    assert file.rows[0].prompt == "Q: 2+2?\nA:"


def test_samples_are_paired_by_document_not_by_row(tmp_path: Path) -> None:
    """The other run took them in another order, through another template."""
    worded = {"gen_args_0": {"arg_0": "<user>2+2?<end>", "arg_1": {}}}
    one = read_answers(lines(tmp_path / "a.jsonl", [sample(0, "a"), sample(1, "b")]))
    rows = [sample(1, "y", doc_id=0), sample(0, "x", doc_id=1, arguments=worded)]
    other = read_answers(lines(tmp_path / "b.jsonl", rows))
    paired = pair(one, other)
    assert [(a.answer, b.answer) for a, b in paired.pairs] == [("a", "x"), ("b", "y")]
    assert paired.notes == ()


def test_a_document_that_stands_twice_is_two_rows(tmp_path: Path) -> None:
    rows = [sample(0, "a"), sample(0, "b", doc_id=7)]
    one = read_answers(lines(tmp_path / "a.jsonl", rows))
    other = read_answers(lines(tmp_path / "b.jsonl", rows))
    assert [row.id for row in one.rows] == [HASHES[0], f"{HASHES[0]}#2"]
    assert [(a.answer, b.answer) for a, b in pair(one, other).pairs] == [("a", "a"), ("b", "b")]


def test_a_multiple_choice_is_the_likeliest_continuation(tmp_path: Path) -> None:
    file = read_answers(lines(tmp_path / "a.jsonl", [choice("-0.5", "-0.1", "-0.7")]))
    assert (file.rows[0].answer, file.rows[0].reference) == ("6", "4")


@pytest.mark.parametrize(
    "row",
    [
        choice("-0.5", "-0.1"),
        choice("nan", "-1", "-2"),
        sample(0, "", resps=[]),
        sample(0, "", resps=[[["-3.1", "False"]]], arguments=[["", "a text"]]),
        sample(0, "", resps={"x": 1}),
    ],
)
def test_rows_without_an_answer_are_told(tmp_path: Path, row: dict[str, Any]) -> None:
    path = lines(tmp_path / "a.jsonl", [sample(1, "6"), row])
    file = read_answers(path)
    assert (len(file.rows), file.bad) == (1, 1)


def of_task(folder: Path, rows: Sequence[Any], told: str) -> Any:
    lines(folder / "t.jsonl", list(rows))
    return read_task(config.parse(f'[tasks.t]\ndata="t.jsonl"\n{told}', folder), "t")


def test_samples_are_answers_to_a_tasks_items(tmp_path: Path) -> None:
    """The task words its question in its own way: the document tells."""
    told = 'metrics=["exact_match"]\ntemplate="What is {q}"\nreference="a"'
    task = of_task(tmp_path, [*DOCS, {"q": "5+5?", "a": "10", "lang": None}], told).task
    file = read_answers(lines(tmp_path / "s.jsonl", [sample(1, "six"), sample(0, "four")]))
    found = match_task(file, "key", task)
    said = [found.answers[item.sample.id].answer for item in task.items[:2]]
    assert said == ["four", "six"]
    assert found.notes == ("1 item has no answer in s.jsonl.",)


def test_samples_can_be_a_tasks_data(tmp_path: Path) -> None:
    rows = [sample(0, "x"), sample(0, "x", filter="other"), sample(1, "y")]
    read = of_task(tmp_path, rows, 'metrics=["numeric"]')
    said = [(item.sample.prompt, item.references) for item in read.task.items]
    assert said == [("Q: 2+2?\nA:", ("4",)), ("Q: 3+3?\nA:", ("6",))]
    assert read.task.items[0].fields == DOCS[0]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    told = 'metrics=["exact_match", "accuracy", "bleu"]\nprompt="q"\nreference="a"'
    task = of_task(tmp_path, DOCS, told).task
    ids = [item.sample.id for item in task.items]
    answers = {
        ids[0]: Completion("c0", ids[0], "<think>?</think>4", "4", "?"),
        ids[1]: Completion("c1", ids[1], "", "", error="does not fit", finish="error"),
    }
    scores = {
        "squad": MetricScores({ids[0]: Measured({"exact_match": 1.0, "token_f1": 1.0})}),
        "labels": MetricScores({ids[0]: compared("4", "4")}),
    }
    (row,) = harness.rows_of(task, answers, scores)
    assert row["doc_hash"] == HASHES[0]
    assert row["target_hash"] == harness.hash_of("4")
    assert (row["metrics"], row["exact_match"]) == (["exact_match", "accuracy"], 1.0)
    assert (row["resps"], row["filtered_resps"]) == ([["<think>?</think>4"]], ["4"])
    path = tmp_path / "out.jsonl"
    path.write_text(json.dumps(row) + "\n")
    assert match_task(read_answers(path), "k", task).answers[ids[0]].answer == "4"


# inspect


def log(**more: Any) -> dict[str, Any]:
    def answered(content: Any) -> dict[str, Any]:
        message = {"role": "assistant", "content": content, "source": "generate"}
        return {"model": "m", "choices": [{"message": message, "stop_reason": "stop"}]}

    turns = [{"id": "Xy", "role": "user", "content": "3+3?", "source": "input"}]
    parts = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "6"}]
    samples: list[Any] = [
        {"id": 1, "epoch": 1, "input": "2+2?", "target": "4", "output": answered("four")},
        {"id": 1, "epoch": 2, "input": "2+2?", "target": "4", "output": answered("4")},
        {
            "id": 2,
            "epoch": 1,
            "input": turns,
            "target": ["6", "six"],
            "output": answered(parts),
            "metadata": {"category": "sums"},
        },
        {"id": 3, "epoch": 1, "input": "?", "error": {"message": "timed out"}},
    ]
    head = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}}
    return {**head, "results": {}, "samples": samples, **more}


@pytest.mark.parametrize("indent", [None, 2])
def test_inspects_logs(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log(), indent=indent))
    file = read_answers(path)
    assert [(row.id, row.prompt, row.reference) for row in file.rows] == [
        ("1", "2+2?", "4"),
        ("2", "3+3?", "6"),
    ]
    assert [row.answer for row in file.rows] == ["four", "<think>hm</think>6"]
    assert file.rows[1].category == "sums"
    assert file.faults == ("line 4: no answer: timed out",)
    assert len(pair(file, file).pairs) == 2


def test_inspects_other_logs_are_refused_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log(samples=None)))
    with pytest.raises(InputError, match="without samples"):
        read_answers(path)
    path.write_text(json.dumps(log())[:-5])
    with pytest.raises(InputError, match="not whole JSON"):
        read_answers(path)
    packed = tmp_path / "log.eval"
    packed.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(InputError) as caught:
        read_answers(packed)
    assert "inspect log convert" in caught.value.remedy
