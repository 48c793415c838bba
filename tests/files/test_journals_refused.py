"""Journals that would change what is decided here, or speak for somebody who judges here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.files.test_journals import PAIRS, files, judge_elsewhere, judged
from tui_eval.core.judgements import rounds
from tui_eval.errors import TuiEvalError
from tui_eval.files.journals import import_journal
from tui_eval.files.judging.base import KINDS as ALL
from tui_eval.store.workspace import Workspace

EARLY = "2020-01-01T00:00:00.000Z"
TURNED = [{**pair, "left": pair["right"], "right": pair["left"]} for pair in PAIRS]


@pytest.fixture
def here(tmp_path: Path) -> Workspace:
    """Ana has judged two pairs here, and finished."""
    (tmp_path / "here").mkdir()
    judge_elsewhere(tmp_path / "here", "ana", finish={"plan": "plan-ana"})
    return Workspace.open(tmp_path / "here")


def unblind(workspace: Workspace) -> None:
    with workspace.journal("ana") as journal:
        journal.append("unblind", round="r")


def written(
    folder: Path, judge: str, events: Iterable[tuple[str, Mapping[str, Any]]], **at: str
) -> Path:
    """A journal that holds what somebody wanted it to hold."""
    folder.mkdir(exist_ok=True)
    workspace = Workspace.open(folder)
    with workspace.journal(judge) as journal:
        for kind, fields in events:
            journal.append(kind, **{**at, **fields})
    workspace.close()
    return journal.path


def plan(judge: str, name: str = "", pairs: object = PAIRS, **more: Any) -> tuple[str, Any]:
    fields = {"plan": name or f"plan-{judge}", "step": "blind_ab", "round": "r", "planned": 4}
    return "plan", {**fields, "pairs": pairs, **more}


def vote(name: str, pair: str = "p3", side: str = "left") -> tuple[str, Any]:
    return "vote", {"plan": name, "pair": pair, "side": side}


def refused(here: Workspace, path: Path, why: str) -> TuiEvalError:
    before = files(here)
    with pytest.raises(TuiEvalError, match=why) as caught:
        import_journal(here, path)
    assert files(here) == before
    return caught.value


def test_votes_are_taken_in_before_unblinding_and_not_after(
    here: Workspace, tmp_path: Path
) -> None:
    path = judge_elsewhere(tmp_path / "there", votes=2)
    assert "2 votes" in import_journal(here, path)
    judge_elsewhere(tmp_path / "there", votes=1, finish={"plan": "plan-bo"})
    assert "1 vote)" in import_journal(here, path)
    unblind(here)
    judge_elsewhere(tmp_path / "there", votes=1, reopen={"plan": "plan-bo"})
    assert "before unblinding" in refused(here, path, "ana has unblinded here").remedy
    assert judged(here) == {"ana": 2, "bo": 2}


def test_a_new_judge_with_an_old_date_is_refused(here: Workspace, tmp_path: Path) -> None:
    unblind(here)
    path = written(tmp_path / "there", "mal", [plan("mal"), vote("plan-mal")], at=EARLY)
    refused(here, path, "unblinded")


@pytest.mark.parametrize(
    "forged",
    [
        [("undo", {"of": "VOTE"})],
        [("flag", {"plan": "plan-bo", "pair": "p0", "on": True})],
        [("guess", {"plan": "plan-bo", "pair": "p0", "side": "left"})],
        [("strong", {"of": "VOTE"})],
        [plan("bo", pairs=TURNED, at=EARLY)],
        [plan("bo", "another", instead=True)],
        [("more", {"plan": "plan-bo", "pairs": [{"pair": "p9", "left": "x", "right": "y"}]})],
        [("close", {"round": "r", "judge": "bo"})],
        [("unblind", {"round": "r"})],
    ],
)
def test_nothing_else_changes_what_is_unblinded(
    here: Workspace, tmp_path: Path, forged: list[tuple[str, dict[str, Any]]]
) -> None:
    path = judge_elsewhere(tmp_path / "there", votes=2)
    import_journal(here, path)
    unblind(here)
    votes = [one for one in here.judgements(("vote",)) if one.judge == "bo"]
    for _, fields in forged:
        if fields.get("of") == "VOTE":
            fields["of"] = votes[0].event["id"]
    before = rounds(here.judgements(ALL))["r"]
    at = str(votes[0].event["at"])
    refused(here, written(tmp_path / "forged", "bo", forged, at=at), "unblinded")
    assert rounds(here.judgements(ALL))["r"] == before


def test_what_concerns_another_round_is_taken_in_all_the_same(
    here: Workspace, tmp_path: Path
) -> None:
    path = judge_elsewhere(tmp_path / "there", votes=2)
    import_journal(here, path)
    unblind(here)
    review = {"plan": "rev", "step": "review", "round": "q", "planned": 1, "items": ["i"]}
    score = {"plan": "rev", "item": "i", "criterion": "accuracy", "value": 4}
    written(tmp_path / "there", "bo", [("plan", review), ("score", score)])
    assert "(1 score)" in import_journal(here, path)


def test_who_unblinded_goes_on_with_the_same_journal(here: Workspace, tmp_path: Path) -> None:
    judge_elsewhere(here.folder, "ana", votes=0, reopen={"plan": "plan-ana"})
    path = judge_elsewhere(tmp_path / "there", finish={"plan": "plan-bo"})
    written(here.folder, "ana", [("finish", {"plan": "plan-ana"})])
    written(tmp_path / "there", "bo", [("unblind", {"round": "r"})])
    import_journal(here, path)
    written(tmp_path / "there", "bo", [("note", {"plan": "plan-bo", "pair": "p0", "text": "so"})])
    assert "(1 note)" in import_journal(here, path)


@pytest.mark.parametrize("name", ["plan-ana", "of-their-own"])
def test_a_second_chain_in_the_name_of_who_judges_here_is_refused(
    here: Workspace, tmp_path: Path, name: str
) -> None:
    path = written(tmp_path / "there", "ana", [plan("ana", name), vote(name)])
    assert "judged on separately" in refused(here, path, "in the name of ana").remedy
    bare = written(tmp_path / "bare", "ana", [vote("plan-ana")])
    refused(here, bare, "in the name of ana")


def test_a_plan_that_lies_open_here_is_not_judged_elsewhere(
    here: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path / "there", "cy", [plan("cy"), vote("plan-cy")])
    with here.journal("cy") as journal:
        journal.append(*plan("cy")[:1], **plan("cy")[1])
        refused(here, path, "cy has opened the same")
    assert "(1 vote)" in import_journal(here, path)


def test_an_event_of_the_same_id_that_says_something_else_is_refused(
    here: Workspace, tmp_path: Path
) -> None:
    (known,) = here.judgements(("vote",))[:1]
    forged = ("vote", {**vote("plan-ana", "p0", "right")[1], "id": known.event["id"]})
    path = written(tmp_path / "there", "mal", [plan("mal"), forged])
    refused(here, path, "says something else here")


def test_a_plan_of_somebody_else_is_refused(here: Workspace, tmp_path: Path) -> None:
    path = written(tmp_path / "there", "mal", [plan("mal", "plan-ana"), vote("plan-ana")])
    refused(here, path, "ana's here, not mal's")


def test_votes_on_anothers_plan_are_not_said_to_be_taken_in(
    here: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path / "there", "mal", [vote("plan-ana"), vote("plan-ana", "p0")])
    said = import_journal(here, path)
    assert "(0 votes) taken in" in said
    assert "2 judgements in it are not on a plan of mal's own and do not count." in said
    assert judged(here) == {"ana": 2}
