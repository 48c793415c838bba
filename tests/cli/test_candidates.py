"""The data's own answers judged blind against a candidate's, from the command line alone."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.test_judging import ROWS, VOTES, folder, run
from tui_eval.files.exports import show

__all__ = ["folder"]


@pytest.fixture
def with_references(folder: Path) -> Path:
    told = (folder / "eval.toml").read_text()
    (folder / "eval.toml").write_text(f"{told}[models.references]\nreferences = true\n")
    # Half of tuned's answers are the expected ones, word for word.
    rows = [json.loads(line) for line in (folder / "tuned.jsonl").read_text().splitlines()]
    for at, row in enumerate(rows):
        row["answer"] = f"To island {at}." if at % 2 else row["answer"]
    (folder / "tuned.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_tuned_against_the_references_from_the_first_pair_to_the_result(
    with_references: Path,
) -> None:
    place = with_references
    pair = ("--candidate", "tuned", "--against", "references")
    before, _ = run(place, "ab", "--plain", "--judge", "ana", *pair, lines=VOTES + "F\n\n\n\n\nq\n")
    assert "pairs of equal answers count as ties and are not shown" in before
    # Nothing tells whose an answer is.
    shown = before.partition("pair, ")[2]
    assert "references" not in shown
    assert "tuned" not in shown.replace("fine-tuned", "")
    result, _ = run(place, "ab", "--plain", "--judge", "ana", *pair, lines="unblind\nyes\nq\n")
    # Equal answers are ties: too few differ here to tell a preference, and that is said.
    assert "10 are needed before anything is said of a preference" in result
    out, _ = run(place, "show", "--comparisons")
    assert "references" in out
    # The rows' own answers were never written to a file, and nothing asks for a model.
    told, _ = run(place, "show", "--json")
    found = json.loads(told)
    jsonschema.validate(found, show.schema())
    steps = found["candidates"]["references"]["steps"]
    assert steps["curves"]["summary"] == "nothing was trained: its answers are the data's own"
    assert [one["code"] for one in steps["overfitting"]["findings"]] == ["not_trained"]
    assert len((place / "validation.jsonl").read_text().splitlines()) == ROWS


def test_run_against_says_what_is_ready_or_wrong(with_references: Path) -> None:
    pair = ("--candidate", "tuned", "--against", "references")
    out, told = run(with_references, "run", *pair)
    assert "read from files" in told
    assert out == "ready: tui-eval ab --candidate tuned --against references\n"
    _, told = run(with_references, "run", "--against", "refernces", code=2)
    assert "did you mean references?" in told
