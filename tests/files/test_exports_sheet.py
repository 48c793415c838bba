"""The evaluation sheet: written, filled in elsewhere, taken back."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.core.made_judging import Judge, answered, heard
from tests.files.made_rounds import Made
from tui_eval.core.judgements import CRITERIA
from tui_eval.errors import InputError
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.exports import sheet
from tui_eval.files.exports.results import Results, gather
from tui_eval.files.exports.sheet import Taken

GOOD = {"accuracy": 5, "relevance": 4, "fluency": 4, "format": 3}


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = Made.at(tmp_path / "made", count=60, toml="[review]\nsamples = 20\n")
    made.answer()
    return made


def results(made: Made) -> Results:
    workspace = made.workspace()
    try:
        evidence = WorkspaceEvidence(workspace, made.config, FileCache())
        return gather(workspace, evidence, "tuned")
    finally:
        workspace.close()


def rows_of(made: Made, judge: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(sheet.write(results(made), judge))
    return rows


def taken_in(made: Made, rows: Any, judge: str = "bo", text: str = "") -> Taken:
    path = made.folder / "filled.json"
    path.write_text(text or json.dumps(rows), encoding="utf-8")
    session = made.review(judge)
    try:
        return sheet.take_in(session, path)
    finally:
        session.close()


def journal_of(made: Made) -> bytes:
    return b"".join(path.read_bytes() for path in (made.folder / "judgements").iterdir())


def test_the_sheet_is_in_the_usual_shape_and_blank(made: Made) -> None:
    rows = rows_of(made)
    assert len(rows) == 20
    for row in rows:
        assert list(row) == ["id", "prompt", "expected", "generated", "scores", "notes"]
        assert row["scores"] == dict.fromkeys(CRITERIA)
        assert row["notes"] == ""
        number = row["prompt"].removeprefix("Question ").removesuffix("?")
        assert row["expected"] == f"Reference {number}."
        assert row["generated"].startswith(f"Yes: {row['prompt']}")


def test_what_was_filled_in_stands_in_the_judges_journal(made: Made) -> None:
    rows = rows_of(made)
    rows[0] |= {"scores": GOOD, "notes": "short #tone"}
    rows[1]["scores"]["accuracy"] = "2"
    rows[2]["scores"] = {"accuracy": 0, "relevance": 4.0, "fluency": "", "format": None}
    taken = taken_in(made, rows)
    assert taken == Taken(items=3, scores=7, notes=1, blank=17)
    assert taken.words == "3 answers taken in (7 scores, 1 note), 17 not filled in."
    session = made.review("bo")
    assert session.mark(rows[0]["id"]).scores == GOOD
    assert session.mark(rows[0]["id"]).note == "short #tone"
    assert session.mark(rows[1]["id"]).scores == {"accuracy": 2}
    assert session.mark(rows[2]["id"]).scores == {"accuracy": 0, "relevance": 4}
    assert session.standing.done == 1
    session.close()


def test_importing_twice_changes_nothing(made: Made) -> None:
    rows = rows_of(made)
    rows[0] |= {"scores": GOOD, "notes": "short"}
    taken_in(made, rows)
    before = journal_of(made)
    assert taken_in(made, rows) == Taken(same=1, blank=19)
    assert journal_of(made) == before


def test_a_changed_score_is_one_event_and_a_blank_takes_none_back(made: Made) -> None:
    rows = rows_of(made)
    rows[0]["scores"] = dict(GOOD)
    taken_in(made, rows)
    rows[0]["scores"] = {"accuracy": 1}
    assert taken_in(made, rows).scores == 1
    session = made.review("bo")
    assert session.mark(rows[0]["id"]).scores == GOOD | {"accuracy": 1}
    assert session.undo() == (rows[0]["id"], "score")
    assert session.mark(rows[0]["id"]).scores == GOOD
    session.close()


def test_the_sheet_of_a_judge_comes_back_as_it_was_filled(made: Made) -> None:
    rows = rows_of(made)
    rows[3] |= {"scores": dict(GOOD), "notes": "line\nline 😀"}
    taken_in(made, rows)
    mine = {row["id"]: row for row in rows_of(made, "bo")}
    assert mine[rows[3]["id"]] == rows[3]
    assert all(row["scores"] == dict.fromkeys(CRITERIA) for row in rows_of(made, "cy"))
    assert {row["id"] for row in rows_of(made)} == mine.keys()


def broken(row: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(row)
    made["scores"] |= change.pop("scores", {}) if isinstance(change.get("scores"), dict) else {}
    return made | change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"scores": {"accuracy": 6}}, "scores.accuracy: 6 is not 1 to 5"),
        ({"scores": {"accuracy": -1}}, "scores.accuracy: -1"),
        ({"scores": {"fluency": 3.5}}, "scores.fluency: 3.5"),
        ({"scores": {"fluency": True}}, "scores.fluency: True"),
        ({"scores": {"format": "good"}}, "scores.format: 'good'"),
        ({"scores": {"format": [4]}}, "scores.format: [4]"),
        ({"scores": {"format": "9" * 5000}}, "scores.format"),
        ({"scores": {"format": float("nan")}}, "scores.format"),
        ({"scores": {"style": 4}}, "scores has no style"),
        ({"scores": 4}, "scores is not an object"),
        ({"notes": 4}, "notes is not a text"),
        ({"id": "other"}, "no answer to be reviewed has this id"),
        ({"id": None}, "no answer to be reviewed has this id"),
        ({"generated": "another answer"}, "these scores are of another text"),
        ({"generated": None}, "these scores are of another text"),
    ],
)
def test_a_row_with_a_fault_is_refused_with_its_place_and_the_others_count(
    made: Made, change: dict[str, Any], told: str
) -> None:
    rows = rows_of(made)[:3]
    for row in rows:
        row["scores"] = dict(GOOD)
    rows[1] = broken(rows[1], change)
    taken = taken_in(made, rows)
    (problem,) = taken.problems
    assert problem.startswith("row 2")
    assert told in problem
    assert (taken.items, taken.scores) == (2, 8)
    assert "1 refused" in taken.words


@pytest.mark.parametrize("row", [None, 7, "x", [], {}])
def test_rows_that_are_none_are_refused(made: Made, row: Any) -> None:
    (problem,) = taken_in(made, [row]).problems
    assert problem.startswith("row 1")


def test_an_id_that_stands_twice_is_refused_the_second_time(made: Made) -> None:
    row = rows_of(made)[0] | {"scores": GOOD}
    taken = taken_in(made, [row, row | {"scores": GOOD | {"accuracy": 1}}])
    assert taken.items == 1
    assert "twice" in taken.problems[0]


def test_line_ends_that_an_editor_changed_are_the_same_answer(made: Made) -> None:
    samples = made.samples()
    made.answer(
        [samples[0].id], {("tuned", samples[0].id): "one  \ntwo\n\n"}, models=["tuned"], job="more"
    )
    rows = rows_of(made)
    rows[0] |= {"scores": GOOD, "generated": rows[0]["generated"] + "\r\n"}
    assert not taken_in(made, rows).problems


@pytest.mark.parametrize("text", ["", "{}", '{"a": 1}', "[1", "[" * 100_000, "nothing"])
def test_a_file_that_is_no_sheet_writes_nothing(made: Made, text: str) -> None:
    path = made.folder / "other.json"
    path.write_text(text, encoding="utf-8")
    session = made.review("bo")
    before = journal_of(made)
    with pytest.raises(InputError):
        sheet.take_in(session, path)
    assert journal_of(made) == before
    session.close()


def test_a_sheet_is_known_by_its_first_sign(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for text, expected in (
        (b"\xef\xbb\xbf \n [", True),
        (b"[1", True),
        (b'{"id": 1}', False),
        (b"", False),
    ):
        path.write_bytes(text)
        assert sheet.is_sheet(path) is expected
    assert not sheet.is_sheet(tmp_path / "missing")


def test_without_answers_there_is_no_sheet(tmp_path: Path) -> None:
    made = Made.at(tmp_path / "made", count=30)
    with pytest.raises(InputError, match="no answers to review"):
        sheet.write(results(made))


def test_others_scores_are_on_nobodys_sheet() -> None:
    judge = Judge().items(2).scores(["5555"]).on_item("note", 0, text="fine")
    text = sheet.write(gather(None, answered(2, journals=heard(judge)), "tuned"))
    assert "fine" not in text
    assert "5" not in text
