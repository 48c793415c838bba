"""Rows of every shape, and what becomes a sample of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.files.making import faults, lines, load, texts
from tui_eval.config import DataConfig, parse
from tui_eval.core.records import Message, Sample
from tui_eval.errors import ConfigError, InputError
from tui_eval.files.datasets import preview, read
from tui_eval.files.datasets.leaks import leaked


def one(tmp_path: Path, row: dict[str, Any], **fields: Any) -> Sample:
    dataset = load(lines(tmp_path / "a.jsonl", [row]), **fields)
    (sample,) = dataset.samples
    return sample


def roles(sample: Sample) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in sample.messages]


USER, ANSWER = ("user", "q"), ("assistant", "a")
Q, A = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}

SHAPES: dict[str, list[dict[str, Any]]] = {
    "messages": [
        {"messages": [Q, A]},
        {"messages": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        {"messages": [{"role": "human", "content": "q"}, {"role": "model", "content": "a"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]}, A]},
        {
            "messages": [
                {"role": "user", "content": "q", "name": None},
                {"role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
            ]
        },
    ],
    "sharegpt": [
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        {"conversation": [{"from": "user", "value": "q"}, {"from": "assistant", "value": "a"}]},
        {"conversations": [Q, A]},
    ],
    "alpaca": [
        {"instruction": "q", "output": "a"},
        {"instruction": "q", "input": "", "output": "a", "text": "### q a"},
        {"instruction": "", "input": "q", "output": "a"},
    ],
    "instruction_response": [
        {"instruction": "q", "response": "a"},
        {"instruction": "q", "context": "", "response": "a"},
    ],
    "question_answer": [
        {"question": "q", "answer": "a"},
        {"question": "q", "answer": ["a"], "context": ""},
    ],
    "prompt_completion": [
        {"prompt": "q", "completion": "a"},
        {"prompt": "q", "response": "a"},
        {"input": "q", "output": "a"},
        {"query": "q", "answer": "a"},
        {"prompt": "q", "chosen": "a", "rejected": "b"},
        {"prompt": "q", "label": "a"},
        {"prompt": "q", "completion": "a", "label": True},
        {"prompt": [Q], "completion": [A]},
        {"prompt": "q", "completion": [A]},
        {"prompt": [Q], "completion": "a"},
    ],
}


@pytest.mark.parametrize(
    ("shape", "row"), [(shape, row) for shape, rows in SHAPES.items() for row in rows]
)
def test_every_way_of_writing_one_exchange(tmp_path: Path, shape: str, row: dict[str, Any]) -> None:
    dataset = load(lines(tmp_path / "a.jsonl", [row]))
    assert dataset.shape == shape
    assert roles(dataset.samples[0]) == [USER, ANSWER]


def test_the_same_exchange_has_one_id_in_every_shape(tmp_path: Path) -> None:
    rows = [row for several in SHAPES.values() for row in several]
    dataset = load(lines(tmp_path / "a.jsonl", rows))
    assert len(dataset.samples) == 1
    assert dataset.duplicates == len(rows) - 1
    assert dataset.rows == len(rows)
    assert dataset.bad_rows == 0


def test_ids_are_exact_and_folded_hashes_are_not(tmp_path: Path) -> None:
    rows = [
        {"prompt": "Wie  geht's?", "completion": "Gut."},
        {"prompt": "wie geht's? ", "completion": "GUT."},
        {"prompt": "wie geht's?", "completion": "schlecht"},
        {"prompt": "wie geht's?", "completion": "gut.", "system": "be kind"},
    ]
    first, second, third, fourth = load(lines(tmp_path / "a.jsonl", rows)).samples
    assert len({first.id, second.id, third.id, fourth.id}) == 4
    assert first.folded == second.folded == fourth.folded != third.folded
    assert first.folded_prompt == second.folded_prompt == third.folded_prompt


def test_input_and_context_follow_the_instruction(tmp_path: Path) -> None:
    alpaca = one(tmp_path, {"instruction": "Add.", "input": "1 2", "output": "3"})
    assert alpaca.prompt == "Add.\n1 2"
    dolly = one(tmp_path, {"instruction": "Add.", "context": "1 2", "response": "3"})
    assert dolly.prompt == "Add.\n1 2"
    asked = one(tmp_path, {"question": "Who?", "context": "Ann.", "answer": "Ann"})
    assert asked.prompt == "Ann.\nWho?"


def test_earlier_rounds_of_alpaca_stand_before_the_prompt(tmp_path: Path) -> None:
    row = {"instruction": "q", "output": "a", "history": [["q0", "a0"]], "system": "s"}
    assert roles(one(tmp_path, row)) == [
        ("system", "s"),
        ("user", "q0"),
        ("assistant", "a0"),
        USER,
        ANSWER,
    ]


@pytest.mark.parametrize("name", ["system", "system_prompt"])
def test_a_system_field_is_the_first_turn(tmp_path: Path, name: str) -> None:
    rows: list[dict[str, Any]] = [
        {"prompt": "q", "completion": "a"},
        {"instruction": "q", "output": "a"},
        {"messages": [Q, A]},
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        {"prompt": [Q], "completion": [A]},
    ]
    for row in rows:
        assert roles(one(tmp_path, {**row, name: "s"})) == [("system", "s"), USER, ANSWER]
    written = {"messages": [{"role": "system", "content": "own"}, Q, A], name: "s"}
    assert roles(one(tmp_path, written))[0] == ("system", "own")


def test_tool_calls_are_kept_as_trained(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1.50}'}}
    result = {"role": "tool", "tool_call_id": "1", "name": "f", "content": "7"}
    row = {
        "messages": [Q, {"role": "assistant", "content": None, "tool_calls": [call]}, result, A],
        "tools": [{"type": "function", "function": {"name": "f"}}],
    }
    sample = one(tmp_path, row)
    assert sample.messages[1] == Message("assistant", "", {"tool_calls": [call]})
    assert sample.messages[2].extra == {"tool_call_id": "1", "name": "f"}
    assert sample.tools == ({"type": "function", "function": {"name": "f"}},)
    as_text = one(tmp_path, {**row, "tools": '[{"type": "function", "function": {"name": "f"}}]'})
    assert as_text.id == sample.id
    assert one(tmp_path, {"messages": row["messages"]}).id != sample.id


def test_thinking_kept_apart_stays_apart(tmp_path: Path) -> None:
    turn = {"role": "assistant", "content": "a", "reasoning_content": "hm"}
    assert one(tmp_path, {"messages": [Q, turn]}).messages[1].extra == {"reasoning_content": "hm"}


def test_sharegpt_calls_and_observations(tmp_path: Path) -> None:
    turns = [
        {"from": "system", "value": "s"},
        {"from": "human", "value": "q"},
        {"from": "function_call", "value": '{"name": "f", "arguments": {"x": 1}}'},
        {"from": "observation", "value": "7"},
        {"from": "gpt", "value": "a"},
    ]
    sample = one(tmp_path, {"conversations": turns, "tools": "[]"})
    assert [turn.role for turn in sample.messages] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    function = {"name": "f", "arguments": {"x": 1}}
    assert sample.messages[2].extra["tool_calls"] == [{"type": "function", "function": function}]


BAD = {
    "no assistant turn": {"messages": [Q]},
    "the answer is empty": {"messages": [Q, {"role": "assistant", "content": " \n"}]},
    "image_url": {"messages": [{"role": "user", "content": [{"type": "image_url"}]}, A]},
    "turn 1 has no role": {"messages": [{"content": "q"}, A]},
    "turn 2 (assistant) has no content": {"messages": [Q, {"role": "assistant"}]},
    "the list of turns is empty": {"messages": []},
    "not a list": {"messages": "q"},
    "turn 1 is a str": {"messages": ["q", "a"]},
    "unknown role 'narrator'": {"conversations": [{"from": "narrator", "value": "q"}]},
    "tools are no JSON": {"messages": [Q, A], "tools": "{"},
    "tools are no list": {"messages": [Q, A], "tools": [1]},
    "history is no list of pairs": {"instruction": "q", "output": "a", "history": [["x"]]},
    "completion is a list of 2": {"prompt": "q", "completion": ["a", "b"]},
    "no known shape": {"prompt": "q", "completion": None},
}


@pytest.mark.parametrize("reason", BAD)
def test_rows_that_cannot_be_scored_say_why(tmp_path: Path, reason: str) -> None:
    dataset = load(lines(tmp_path / "a.jsonl", [{"text": "ok"}, BAD[reason]]))
    assert reason in faults(dataset)[2]


def test_numbers_are_text_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"prompt": 1, "completion": 1.10}\n{"prompt": "x", "completion": 7, "category": 2}\n'
        '{"prompt": "y", "completion": "007"}\n{"prompt": "z", "completion": true}\n'
    )
    dataset = load(path)
    assert texts(dataset) == [("1", "1.10"), ("x", "7"), ("y", "007"), ("z", "true")]
    assert dataset.samples[1].category == "2"


def test_plain_text_and_mixed_files(tmp_path: Path) -> None:
    rows = [{"text": "one"}, {"messages": [Q, A]}, {"text": "two"}]
    dataset = load(lines(tmp_path / "a.jsonl", rows))
    assert dataset.shape == "text and messages"
    assert dataset.samples[0].text == "one"
    assert dataset.samples[0].folded == dataset.samples[0].folded_prompt


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("category", ["category", "topic", "type", "task"]),
        ("time", ["timestamp", "time", "date", "created_at"]),
        ("group", ["group", "conversation_id", "source_id"]),
    ],
)
def test_describing_fields_are_found_by_their_usual_names(
    tmp_path: Path, key: str, names: list[str]
) -> None:
    for name in names:
        sample = one(tmp_path, {"prompt": "q", "completion": "a", name: "v"})
        assert getattr(sample, key) == "v"
    assert getattr(one(tmp_path, {"prompt": "q", "completion": "a", "k": 3}, **{key: "k"}), key)
    assert one(tmp_path, {"prompt": "q", "completion": "a", "label": "v"}).category is None


def test_named_fields_win_over_usual_ones(tmp_path: Path) -> None:
    row = {"source": "q", "target": "a", "text": "no", "messages": [Q, A], "prompt": "no"}
    assert roles(one(tmp_path, row, prompt="source", answer="target")) == [USER, ANSWER]
    assert roles(one(tmp_path, {"prompt": "q", "reply": "a"}, answer="reply")) == [USER, ANSWER]
    alpaca = {"instruction": "q", "input": "x", "reply": "a"}
    assert roles(one(tmp_path, alpaca, answer="reply")) == [("user", "q\nx"), ANSWER]
    assert roles(one(tmp_path, {"dialogue": [Q, A]}, prompt="dialogue")) == [USER, ANSWER]
    assert one(tmp_path, {"body": "words"}, answer="body").text == "words"
    assert one(tmp_path, {"text": "t", "prompt": "q", "completion": "a"}, format="text").text == "t"


def test_a_field_that_is_nowhere_is_told_with_line_key_and_nearest_name(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{"prompt": "q", "completion": "a", "topic": "x"}])
    fields = parse(
        '[data]\nanswer = "completon"\n\ncategory = "topics"\n', tmp_path, files=False
    ).data
    with pytest.raises(ConfigError) as caught:
        read(path, split="validation", fields=fields)
    first, second = caught.value.problems
    assert first.startswith("eval.toml line 2, data.answer: ")
    assert "did you mean completion?" in first
    assert second.startswith("eval.toml line 4, data.category: ")
    assert "did you mean topic?" in second
    with pytest.raises(ConfigError):
        preview(path, fields)


def test_a_training_file_need_not_have_what_describes_validation(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{"prompt": "q", "completion": "a"}])
    assert load(path, split="train", category="topic").samples
    assert load(path, split="off_task", answer="nowhere").samples
    with pytest.raises(ConfigError):
        load(path, split="train", answer="nowhere")


def test_a_preview_says_what_is_made_of_a_row(tmp_path: Path) -> None:
    row = {"instruction": "q", "input": "x", "output": "a", "topic": "t", "system": "s"}
    seen = preview(lines(tmp_path / "a.jsonl", [{"x": 1}, row]), DataConfig())
    assert seen.shape == "alpaca"
    assert "instruction, a line end and input" in seen.how
    assert seen.fields == {"category": "topic", "system": "system"}
    assert seen.example.prompt == "q\nx"
    assert (seen.rows, len(seen.skipped)) == (2, 1)


def test_a_preview_stops_early(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{"text": f"t{i}"} for i in range(1000)])
    assert preview(path, DataConfig(), rows=10).rows == 10


def test_skipped_rows_are_listed_up_to_a_cap_and_counted_to_the_end(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [*([{"x": 1}] * 1500), {"text": "ok"}])
    dataset = load(path)
    assert (len(dataset.skipped), dataset.bad_rows, dataset.rows) == (1000, 1500, 1501)
    with pytest.raises(InputError, match="and 1495 more"):
        load(lines(tmp_path / "b.jsonl", [{"x": 1}] * 1500))


def test_leaks_are_found_across_shapes_and_foldings(tmp_path: Path) -> None:
    validation = load(
        lines(
            tmp_path / "val.jsonl",
            [
                {"prompt": "What is THIS?", "completion": "A Test."},
                {"prompt": "And that?", "completion": "Something else."},
                {"prompt": "New?", "completion": "Yes."},
                {"text": "Plain   words."},
            ],
        )
    )
    train = lines(
        tmp_path / "train.jsonl",
        [
            {"instruction": "what is", "input": "this?", "output": "a test."},
            {"messages": [{"role": "user", "content": "and  that?"}, A]},
            {"text": "plain words."},
        ],
    )
    first, second, _, fourth = validation.samples
    assert leaked(validation, train, DataConfig()) == {
        first.id: True,
        second.id: False,
        fourth.id: True,
    }
