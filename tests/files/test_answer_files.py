"""Files of answers: read strictly, paired by id or prompt, told in words what was left out."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.files.made_rounds import Made, prompts
from tui_eval import config
from tui_eval.core.session import AbSession
from tui_eval.core.steps import blind_ab
from tui_eval.errors import InputError
from tui_eval.files.answer_files import answers_of, made_elsewhere, matched, pair, read_answers
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.judging import open_ab_files, read_ab_files
from tui_eval.files.judging.ab import Ab
from tui_eval.files.judging.recorded import RecordedEvidence
from tui_eval.store.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_usual_names_of_fields(tmp_path: Path) -> None:
    rows = [
        {"id": 7, "prompt": "p", "answer": "one"},
        {"instruction": "p", "response": "two"},
        {"question": "p", "completion": "three"},
        {"input": "p", "output": "four", "generator": "x"},
        {"prompt": "p", "generated": "five", "answer": None},
        {"doc_id": 0, "arguments": [["p", {"until": []}]], "resps": [["six"]], "target": "t"},
        {"doc_id": "1", "arguments": {"gen_args_0": {"arg_0": "p"}}, "filtered_resps": ["seven"]},
        {"messages": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "eight"}]},
        {"prompt": [{"role": "user", "content": "p"}],
         "completion": [{"role": "assistant", "content": "nine"}]},
    ]  # fmt: skip
    found = read_answers(write(tmp_path / "a.jsonl", *rows)).rows
    told = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert [row.answer for row in found] == told
    assert {row.prompt for row in found} == {"p"}
    assert [row.id for row in found][:2] == ["7", ""]
    assert found[5].reference == "t"
    assert [row.number for row in found] == list(range(1, 10))


def test_an_array_a_gzip_file_and_a_byte_order_mark(tmp_path: Path) -> None:
    rows = [{"id": 1, "answer": "a"}, {"id": 2, "answer": "b"}]
    (tmp_path / "a.json").write_text(json.dumps(rows, indent=1))
    (tmp_path / "b.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(rows[0]).encode() + b"\n")
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(json.dumps(rows[1]).encode()))
    assert [row.answer for row in read_answers(tmp_path / "a.json").rows] == ["a", "b"]
    assert [row.answer for row in read_answers(tmp_path / "b.jsonl").rows] == ["a"]
    assert [row.answer for row in read_answers(tmp_path / "c.jsonl.gz").rows] == ["b"]


def test_bad_rows_are_counted_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        b'{"id": 1, "answer": "fine"}',
        b'{"id": 2, "answer": ',
        b'{"id": 3}',
        b'{"answer": "whose?"}',
        b"[1, 2]",
        b'{"id": 6, "answer": "\xff"}',
        b'{"id": 1, "answer": "again"}',
        b'{"id": 8, "answer": null}',
        b'{"id": 9, "answer": {"a": 1}}',
        b'{"id": 10, "id": 11, "answer": "x"}',
        b'{"id": 11, "answer": NaN}',
        b'{"id": 12, "answer": ' + b"[" * 50_000 + b"}",
        b'{"id": 13, "answer": "\\ud800"}',
        b'{"id": 14, "answer": ""}',
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")
    found = read_answers(path)
    assert [(row.id, row.answer) for row in found.rows] == [("1", "fine"), ("14", "")]
    assert found.bad == 12
    assert [fault.partition(":")[0] for fault in found.faults] == [
        "line 2", "line 3", "line 4", "line 5", "line 6"
    ]  # fmt: skip
    assert "no answer" in found.faults[1]
    assert "neither an id nor a prompt" in found.faults[2]
    assert "12 rows can't be used" in found.fault
    assert "and 7 more" in found.fault


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02", "not a known kind of file|no usable answer"),
        (b'{"a": 1}\n', "line 1: no answer"),
        (b'"text"\n', "line 1: not an object"),
        (b"\xff\xfe{\x00", "UTF-16"),
    ],
)
def test_what_is_no_file_of_answers_is_refused_in_words(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_answers(path)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        read_answers(tmp_path / "missing.jsonl")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder"):
        read_answers(tmp_path / "folder")


def test_an_answer_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_eval.files.answer_rows.LONGEST_ANSWER", 100)
    monkeypatch.setattr("tui_eval.files.answer_reading.MOST_ROWS", 3)
    path = write(
        tmp_path / "a.jsonl", {"id": 1, "answer": "x" * 101}, {"id": 2, "answer": "x" * 100}
    )
    found = read_answers(path)
    assert [row.id for row in found.rows] == ["2"]
    assert "longer than 100 characters" in found.fault
    many = write(tmp_path / "b.jsonl", *({"id": n, "answer": "x"} for n in range(4)))
    with pytest.raises(InputError, match="more than 3 answers"):
        read_answers(many)


def test_what_a_file_says_reaches_no_message_raw(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2J.jsonl"
    write(path, {"\x1b]0;x\x07": 1}, {"id": "\x1b[1m", "answer": "a"}, {"id": "\x1b[1m"})
    found = read_answers(path)
    assert "\x1b" not in found.fault
    write(path, {"\x1b]0;x\x07": 1})
    with pytest.raises(InputError) as caught:
        read_answers(path)
    assert "\x1b" not in str(caught.value)


def two(tmp_path: Path, one: list[Any], other: list[Any]) -> Any:
    return pair(
        read_answers(write(tmp_path / "one.jsonl", *one)),
        read_answers(write(tmp_path / "other.jsonl", *other)),
    )


def test_files_are_paired_by_id_whatever_their_order(tmp_path: Path) -> None:
    paired = two(
        tmp_path,
        [{"id": n, "answer": f"one {n}"} for n in range(5)],
        [{"id": str(n), "answer": f"other {n}"} for n in (4, 2, 0, 9)],
    )
    assert [(a.answer, b.answer) for a, b in paired.pairs] == [
        (f"one {n}", f"other {n}") for n in (0, 2, 4)
    ]
    assert paired.notes == (
        "3 answers of each file are about the same prompts; 2 of one file and 1 of the other "
        "have no partner and can't be judged.",
    )


def test_else_by_exact_prompt_and_occurrence(tmp_path: Path) -> None:
    paired = two(
        tmp_path,
        [{"prompt": "p", "answer": "1"}, {"prompt": "q", "answer": "2"},
         {"prompt": "p", "answer": "3"}, {"prompt": "p", "answer": "4"}],
        [{"prompt": "p", "answer": "5"}, {"prompt": "P", "answer": "6"},
         {"prompt": "p", "answer": "7"}],
    )  # fmt: skip
    assert [(a.answer, b.answer) for a, b in paired.pairs] == [("1", "5"), ("3", "7")]


def test_ids_that_stand_for_other_prompts_pair_nothing(tmp_path: Path) -> None:
    paired = two(
        tmp_path,
        [{"id": 0, "prompt": "p", "answer": "1"}, {"id": 1, "prompt": "q", "answer": "2"}],
        [{"id": 0, "prompt": "q", "answer": "3"}, {"id": 1, "prompt": "p", "answer": "4"}],
    )
    assert [(a.answer, b.answer) for a, b in paired.pairs] == [("1", "4"), ("2", "3")]
    assert any("2 ids stand for another prompt" in note for note in paired.notes)
    with pytest.raises(InputError, match=r"No row of one\.jsonl has a partner in other\.jsonl"):
        two(tmp_path, [{"id": 1, "answer": "x"}], [{"id": 2, "answer": "y"}])


def test_thinking_is_split_from_what_was_made_elsewhere() -> None:
    assert made_elsewhere("k", "s", "<think>hm</think>Yes").answer == "Yes"
    assert made_elsewhere("k", "s", "hm</think>Yes").thinking == "hm"
    assert made_elsewhere("k", "s", "<think>hm").answer == ""
    assert made_elsewhere("k", "s", "About <think> tags").answer == "About <think> tags"
    assert made_elsewhere("k", "s", "Yes").finish == "given"


def open_two(folder: Path, judge: str = "ana", **more: Any) -> Ab:
    return open_ab_files(
        Workspace.open(folder), folder / "base.jsonl", folder / "tuned.jsonl", judge=judge, **more
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "elsewhere"
    found.mkdir()
    rows = [{"id": n, "prompt": f"Question {n}?", "expected": f"Ref {n}"} for n in range(60)]
    write(found / "base.jsonl", *({**row, "answer": f"Well, {row['id']}."} for row in rows))
    write(found / "tuned.jsonl", *({**row, "answer": f"So: {row['id']}!"} for row in rows[:55]))
    return found


def test_two_files_are_judged_without_eval_toml(folder: Path) -> None:
    session: AbSession = open_two(folder)
    assert session.standing.planned == 50
    pair = session.pair(session.order[0])
    assert {pair.left[:2], pair.right[:2]} == {"So", "We"}
    assert pair.reference is not None
    said = " ".join(session.before())
    assert "5 of one file and 0 of the other" in said
    assert "base" not in said
    assert "tuned" not in said
    for token in session.order:
        session.vote(token, "left" if session.pair(token).left.startswith("So") else "right")
    assert session.standing.enough is True
    assert (
        "deciding"
        not in read_ab_files(
            Workspace.open(folder), folder / "base.jsonl", folder / "tuned.jsonl"
        ).summary
    )
    session.finish()
    session.unblind()
    session.close()
    reading = read_ab_files(Workspace.open(folder), folder / "base.jsonl", folder / "tuned.jsonl")
    # Each of tuned's answers is the shorter one: length may explain it.
    assert [one.code for one in reading.findings if one.severity != "note"] == ["length_bias"]
    assert reading.numbers["wins"].value == 50


def test_the_same_files_go_on_and_others_are_another_round(folder: Path) -> None:
    session = open_two(folder, pairs=40)
    session.vote(session.order[0], "tie")
    state = session.state
    session.close()
    again = open_two(folder)
    assert again.state == state
    again.close()
    bo = open_two(folder, "bo", pairs=10)
    assert bo.standing.planned == 40
    bo.close()
    rows = (folder / "tuned.jsonl").read_text().replace("So: 3!", "So: three!")
    (folder / "tuned.jsonl").write_text(rows)
    other = open_two(folder, pairs=10)
    assert other.state.round != state.round
    assert other.standing.planned == 10
    assert other.standing.done == 0
    other.close()


def test_rows_with_ids_alone_are_judged_without_prompts(tmp_path: Path) -> None:
    for name in ("base", "tuned"):
        write(tmp_path / f"{name}.jsonl", *({"id": n, "answer": f"{name} {n}"} for n in range(12)))
    session = open_two(tmp_path)
    assert session.standing.planned == 12
    assert session.pair(session.order[0]).prompt.turns == ()
    session.close()


def test_two_files_of_a_thousand_open_without_anything_heavy(tmp_path: Path) -> None:
    for name in ("base", "tuned"):
        rows = ({"id": n, "prompt": f"q {n}", "answer": f"{name} {n} " * 60} for n in range(1000))
        write(tmp_path / f"{name}.jsonl", *rows)
    program = f"""
import sys
from pathlib import Path
from tui_eval.files.judging import open_ab_files
from tui_eval.store.workspace import Workspace
folder = Path({str(tmp_path)!r})
session = open_ab_files(
    Workspace.open(folder), folder / "base.jsonl", folder / "tuned.jsonl", judge="ana", pairs=0
)
assert len(session.state.pairs) == 1100, len(session.state.pairs)
heavy = {{"torch", "polars", "numpy", "scipy", "transformers", "textual", "sklearn"}}
print(sorted(heavy & {{name.partition(".")[0] for name in sys.modules}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\n", done.stderr


def files_of_answers(tmp_path: Path, rows: list[Any]) -> Made:
    made = Made.at(tmp_path / "w", 40, "[blind_ab]\npairs = 10\n[review]\nsamples = 10\n")
    write(made.folder / "elsewhere.jsonl", *rows)
    toml = (
        (made.folder / "eval.toml")
        .read_text()
        .replace('path = "tuned-checkpoint"', 'answers = "elsewhere.jsonl"')
    )
    made.config = config.parse(toml, made.folder)
    return made


def test_answers_of_a_model_are_matched_to_the_validation_rows(tmp_path: Path) -> None:
    rows = [{"prompt": row["prompt"], "answer": f"Made: {row['prompt']}"} for row in prompts(38)]
    made = files_of_answers(tmp_path, [*rows, {"prompt": "unknown", "answer": "x"}])
    dataset = WorkspaceEvidence(made.workspace(), made.config, FileCache()).dataset(
        "tuned", "validation"
    )
    assert dataset is not None
    found = matched(made.config, "tuned", dataset)
    assert len(found.answers) == 38
    assert answers_of(made.config, "tuned", dataset) == found.answers
    by_id = {sample.id: sample.prompt for sample in dataset.samples}
    assert all(one.answer == f"Made: {by_id[id]}" for id, one in found.answers.items())
    assert found.notes == (
        "2 validation prompts have no answer in elsewhere.jsonl.",
        "1 answer of elsewhere.jsonl is to no validation prompt.",
    )


def test_a_file_of_answers_to_other_prompts_is_refused(tmp_path: Path) -> None:
    made = files_of_answers(tmp_path, [{"prompt": "unknown", "answer": "x"}])
    dataset = WorkspaceEvidence(made.workspace(), made.config, FileCache()).dataset(
        "tuned", "validation"
    )
    assert dataset is not None
    with pytest.raises(InputError, match=r"No answer of elsewhere\.jsonl"):
        answers_of(made.config, "tuned", dataset)


def test_a_model_of_a_file_is_reviewed_and_compared_like_any_other(tmp_path: Path) -> None:
    rows = [{"prompt": row["prompt"], "answer": f"Made: {row['prompt']}"} for row in prompts(40)]
    made = files_of_answers(tmp_path, rows)
    review = made.review()
    assert review.standing.planned == 10
    assert review.item(review.order[0]).answer.text.startswith("Made:")
    assert review.item(review.order[0]).answer.end == ""
    review.close()
    made.answer(models=("base",))
    session = made.ab()
    pair = session.pair(session.order[0])
    assert {pair.left[:4], pair.right[:4]} == {"Made", "Cert"}
    session.vote(session.order[0], "left")
    session.close()
    recorded = made.workspace()
    key = next(one.key for one in recorded.producers() if one.scorer == "file-1")
    assert len(recorded.completions(key)) >= 10


def test_prompts_that_a_file_does_not_answer_are_not_waited_for(tmp_path: Path) -> None:
    rows = [{"prompt": row["prompt"], "answer": f"Made: {row['prompt']}"} for row in prompts(40)]
    made = files_of_answers(tmp_path, rows[::2])
    made.answer(models=("base",))
    session, review = made.ab(), made.review("bo")
    assert session.standing.waiting == review.standing.waiting == 0
    assert 0 < len(review.order) < 10
    left_out = 10 - len(review.order)
    assert any(f"{left_out} prompts have no answer" in text for text in review.before())
    session.close()
    review.close()


def test_results_can_be_made_when_the_files_are_gone(folder: Path) -> None:
    session = open_two(folder)
    for token in session.order:
        session.vote(token, "left" if session.pair(token).left.startswith("So") else "right")
    session.finish()
    session.unblind()
    round = session.state.round
    session.close()
    (folder / "base.jsonl").unlink()
    (folder / "tuned.jsonl").unlink()
    found = RecordedEvidence.of(Workspace.open(folder), round)
    reading = blind_ab.read(found, found.candidate)
    assert (reading.verdict, reading.numbers["wins"].value) == ("caution", 50)
    assert reading.numbers["planned"].value == 50
    with pytest.raises(InputError, match="Nothing was judged"):
        RecordedEvidence.of(Workspace.open(folder), "another")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "from", "content", "value", "gen_args_0", "arg_0", "text"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
NAMES = ("id", "doc_id", "prompt", "question", "messages", "arguments", "answer", "resps",
         "completion", "category", "expected")  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6), max_size=5))
@settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_rows_hold_they_are_read_or_refused_in_words(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    path = write(tmp_path / "any.jsonl", *rows)
    try:
        found = read_answers(path)
    except InputError:
        return
    assert len(found.rows) + found.bad == len(rows)
    assert all(row.id or row.turns for row in found.rows)
    pair(found, found)
