"""Journals that come from elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tui_eval.core.judgements import rounds
from tui_eval.errors import InputError, StoreError
from tui_eval.files.journals import import_journal
from tui_eval.store.workspace import Workspace

PAIRS = [{"pair": f"p{i}", "left": f"l{i}", "right": f"r{i}"} for i in range(4)]
TAKEN_IN = "bo's journal: 4 new events (2 votes) taken in."
UNKNOWN = " What it judges is not known in this workspace: was it made for another one?"
KINDS = ("plan", "vote", "unblind", "close", "finish")


def judge_elsewhere(folder: Path, judge: str = "bo", votes: int = 2, **more: Any) -> Path:
    """Judge in a workspace of its own; the journal's path."""
    folder.mkdir(exist_ok=True)
    workspace = Workspace.open(folder)
    with workspace.journal(judge) as journal:
        if not any(event["kind"] == "plan" for event in workspace.journals()[0].events):
            journal.append(
                "plan", plan=f"plan-{judge}", step="blind_ab", round="r", planned=4, pairs=PAIRS
            )
        for i in range(votes):
            journal.append("vote", plan=f"plan-{judge}", pair=f"p{i}", side="left")
        for kind, fields in more.items():
            journal.append(kind, **fields)
    workspace.close()
    return journal.path


@pytest.fixture
def here(tmp_path: Path) -> Workspace:
    (tmp_path / "here").mkdir()
    return Workspace.open(tmp_path / "here")


def judged(workspace: Workspace) -> dict[str, int]:
    found = rounds(workspace.judgements(KINDS)).get("r")
    return {one.judge: len(one.voted) for one in found.judges} if found else {}


def files(workspace: Workspace) -> dict[str, bytes]:
    folder = workspace.layout.judgements_dir
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def test_a_journal_is_taken_in_under_its_own_name(here: Workspace, tmp_path: Path) -> None:
    path = judge_elsewhere(tmp_path / "there")
    assert import_journal(here, path) == TAKEN_IN + UNKNOWN
    assert files(here) == {path.name: path.read_bytes()}
    assert judged(here) == {"bo": 2}


def test_importing_twice_changes_nothing(here: Workspace, tmp_path: Path) -> None:
    path = judge_elsewhere(tmp_path / "there")
    import_journal(here, path)
    before = files(here)
    renamed = tmp_path / "bo (1).jsonl"
    shutil.copy(path, renamed)
    assert "here already" in import_journal(here, renamed)
    assert files(here) == before


def test_a_longer_one_goes_on_with_the_copy_and_a_shorter_one_is_nothing_new(
    here: Workspace, tmp_path: Path
) -> None:
    path = judge_elsewhere(tmp_path / "there")
    shorter = tmp_path / "shorter.jsonl"
    shutil.copy(path, shorter)
    import_journal(here, shorter)
    judge_elsewhere(tmp_path / "there", votes=4)
    assert "4 new events (4 votes) taken in" in import_journal(here, path)
    assert files(here) == {"shorter.jsonl": path.read_bytes()}
    assert judged(here) == {"bo": 4}
    assert "here already" in import_journal(here, shorter)
    assert files(here) == {"shorter.jsonl": path.read_bytes()}


def test_copies_that_were_judged_on_separately_are_refused_with_the_line(
    here: Workspace, tmp_path: Path
) -> None:
    path = judge_elsewhere(tmp_path / "there")
    shutil.copytree(tmp_path / "there", tmp_path / "copy")
    judge_elsewhere(tmp_path / "there", votes=1)
    judge_elsewhere(tmp_path / "copy", votes=2)
    import_journal(here, path)
    before = files(here)
    with pytest.raises(StoreError, match="up to line 5, where they part"):
        import_journal(here, tmp_path / "copy" / "judgements" / path.name)
    assert files(here) == before


def test_every_damaged_line_is_refused_by_its_number(here: Workspace, tmp_path: Path) -> None:
    path = judge_elsewhere(tmp_path / "there")
    lines = path.read_bytes().split(b"\n")
    for number in range(1, 5):
        changed = [*lines]
        changed[number - 1] = changed[number - 1].replace(b'"at":"2', b'"at":"3')
        path.write_bytes(b"\n".join(changed))
        with pytest.raises(StoreError, match=f"line {number} "):
            import_journal(here, path)
    assert files(here) == {}


@pytest.mark.parametrize("change", ["left out", "swapped", "twice"])
def test_lines_that_do_not_follow_are_refused(here: Workspace, tmp_path: Path, change: str) -> None:
    path = judge_elsewhere(tmp_path / "there")
    one, two, three, four, end = path.read_bytes().split(b"\n")
    order = {
        "left out": [one, two, four],
        "swapped": [one, two, four, three],
        "twice": [one, two, two, three, four],
    }[change]
    path.write_bytes(b"\n".join([*order, end]))
    with pytest.raises(StoreError, match=r"line 3 .*follow"):
        import_journal(here, path)
    assert files(here) == {}


def test_a_torn_last_line_is_left_out_and_said(here: Workspace, tmp_path: Path) -> None:
    path = judge_elsewhere(tmp_path / "there")
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    assert "cut off and is left out" in import_journal(here, path)
    assert judged(here) == {"bo": 1}
    path.write_bytes(whole)
    import_journal(here, path)
    assert judged(here) == {"bo": 2}


def test_an_import_that_was_killed_is_finished_by_the_next(here: Workspace, tmp_path: Path) -> None:
    path = judge_elsewhere(tmp_path / "there")
    import_journal(here, path)
    (copy,) = here.layout.judgements_dir.iterdir()
    for size in (0, 40, len(path.read_bytes()) - 20):
        copy.write_bytes(path.read_bytes()[:size])
        import_journal(here, path)
        assert files(here) == {path.name: path.read_bytes()}
        assert judged(here) == {"bo": 2}


@pytest.mark.parametrize("text", ["", "{}\n", "[1, 2]\n", "not json\n", "\x00\xff"])
def test_other_files_are_no_journals(here: Workspace, tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(text, encoding="latin-1")
    with pytest.raises((InputError, StoreError)):
        import_journal(here, path)
    assert files(here) == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"pairs": [{}]},
        {"pairs": [7]},
        {"pairs": 7},
        {"items": 7},
        {"seed": "x"},
        {"planned": None},
    ],
)
def test_events_that_no_reader_understands_stay_outside(
    here: Workspace, tmp_path: Path, fields: dict[str, Any]
) -> None:
    path = judge_elsewhere(tmp_path / "there", plan={"plan": "x", "round": "q"} | fields)
    with pytest.raises(InputError, match="can't be understood"):
        import_journal(here, path)
    assert files(here) == {}


def test_a_file_name_that_no_journal_should_have_is_not_kept(
    here: Workspace, tmp_path: Path
) -> None:
    path = judge_elsewhere(tmp_path / "there", judge="../ä")
    odd = tmp_path / ".hidden\x1b[2J.jsonl"
    shutil.copy(path, odd)
    import_journal(here, odd)
    (name,) = files(here)
    assert name.isascii()
    assert name.isprintable()
    assert not name.startswith(".")
    assert judged(here) == {"../ä": 2}


def test_another_journal_of_that_name_stays(here: Workspace, tmp_path: Path) -> None:
    one, two = judge_elsewhere(tmp_path / "a"), judge_elsewhere(tmp_path / "b", "cy")
    for path in (one, two):
        shutil.copy(path, tmp_path / "journal.jsonl")
        import_journal(here, tmp_path / "journal.jsonl")
    assert sorted(files(here).values()) == sorted((one.read_bytes(), two.read_bytes()))


def test_a_workspaces_own_journal_is_left_alone(here: Workspace, tmp_path: Path) -> None:
    path = judge_elsewhere(here.folder)
    before = files(here)
    assert "own" in import_journal(here, path)
    assert files(here) == before


def test_a_journal_that_is_being_written_is_not_written_to(here: Workspace, tmp_path: Path) -> None:
    path = judge_elsewhere(here.folder)
    elsewhere = tmp_path / "there" / "judgements"
    elsewhere.mkdir(parents=True)
    shutil.copy(path, elsewhere)
    judge_elsewhere(tmp_path / "there", votes=1)
    before = files(here)
    with here.journal("bo"), pytest.raises(StoreError, match="being written"):
        import_journal(here, elsewhere / path.name)
    assert files(here) == before
    import_journal(here, elsewhere / path.name)
    assert judged(here) == {"bo": 2}


def test_nobody_elsewhere_unblinds_what_is_still_judged_here(
    here: Workspace, tmp_path: Path
) -> None:
    judge_elsewhere(here.folder, "ana")
    path = judge_elsewhere(tmp_path / "there", unblind={"round": "r"})
    with pytest.raises(InputError, match="ana here still judge") as caught:
        import_journal(here, path)
    assert "--close ana" in caught.value.remedy
    judge_elsewhere(here.folder, "ana", votes=0, finish={"plan": "plan-ana"})
    import_journal(here, path)
    assert rounds(here.judgements(KINDS))["r"].unblinded_by == "bo"
