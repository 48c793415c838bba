"""Journals: what was acknowledged is there, once, in order, whatever happened."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.store.boxes import ROOT, needs_bwrap, python_in_box
from tui_eval.errors import InputError, StoreError
from tui_eval.store import layout
from tui_eval.store.journal import NotSaved, judges
from tui_eval.store.workspace import Workspace

CHILD = Path(__file__).with_name("journal_child.py")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    made.mkdir()
    return made


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_event_is_on_the_disk_with_its_number_and_chain(folder: Path) -> None:
    with Workspace.open(folder).journal("Ana María ☂") as journal:
        vote = journal.append("vote", pair="p1", side="left")
        journal.append("undo", of=vote["id"])
        found = lines(journal.path)
    assert [event["seq"] for event in found] == [1, 2, 3]
    assert [event["kind"] for event in found] == ["journal", "vote", "undo"]
    assert found[1]["pair"] == "p1"
    assert found[2]["of"] == found[1]["id"]
    assert [event["prev"] for event in found] == ["", *(event["sum"] for event in found[:2])]
    assert len({event["id"] for event in found}) == 3
    assert found[0]["judge"] == "Ana María ☂"
    assert journal.path.parent == folder / "judgements"
    assert journal.path.name.startswith("Ana-Mar")
    assert journal.path.name.isascii()


def test_the_same_journal_goes_on_after_reopening(folder: Path) -> None:
    workspace = Workspace.open(folder)
    with workspace.journal("ana") as journal:
        journal.append("vote", pair="p1", side="left")
    with workspace.journal("ana") as again:
        assert again.path == journal.path
        again.append("vote", pair="p2", side="tie")
    with workspace.journal("ben") as other:
        assert other.path != journal.path
        other.append("vote", pair="p1", side="right")
    votes = workspace.judgements(["vote"])
    assert [(one.judge, one.event["pair"]) for one in votes] == [
        ("ana", "p1"),
        ("ana", "p2"),
        ("ben", "p1"),
    ]


def test_blanks_around_a_name_make_no_other_judge(folder: Path) -> None:
    workspace = Workspace.open(folder)
    with workspace.journal("  ana \n") as journal:
        assert journal.judge == "ana"
    with workspace.journal("ana") as again:
        assert again.path == journal.path


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "\n",
        "x" * 61,
        "a\nb",
        "a\tb",
        "a\x1b[31mb",
        "a\x00",
        "a\u202eb",
        "a\u200bb",
        "\ud800",
    ],
)
def test_a_name_that_can_not_be_shown_as_it_is_is_none(folder: Path, name: str) -> None:
    with pytest.raises(InputError, match="name") as caught:
        Workspace.open(folder).journal(name)
    assert "--judge NAME" in caught.value.remedy
    assert not (folder / "judgements").exists()
    Workspace.open(folder).journal("x" * 60).close()


def test_a_journal_alone_makes_no_judge(folder: Path) -> None:
    workspace = Workspace.open(folder)
    for name, kind in (("ana", "vote"), ("bo", "score"), ("cy", "plan"), ("dee", "note")):
        with workspace.journal(name) as journal:
            journal.append(kind, plan="p", item="i")
    workspace.journal("eve").close()
    assert sorted(judges(workspace.journals())) == ["ana", "bo", "cy"]


def test_names_that_look_alike_have_journals_of_their_own(folder: Path) -> None:
    workspace = Workspace.open(folder)
    for name in ("a b", "a/b", "../a b", "☂", "☃"):
        with workspace.journal(name) as journal:
            journal.append("note", item="i", text=name)
    notes = workspace.judgements(["note"])
    assert sorted((one.judge, one.event["text"]) for one in notes) == sorted(
        (name, name) for name in ("a b", "a/b", "../a b", "☂", "☃")
    )
    assert len(list((folder / "judgements").iterdir())) == 5


def test_a_second_window_is_refused_with_the_firsts_time(folder: Path) -> None:
    with Workspace.open(folder).journal("ana"):
        with pytest.raises(StoreError, match=r"another window on this host since 20\d\d-"):
            Workspace.open(folder).journal("ana")
        Workspace.open(folder).journal("ben").close()
    Workspace.open(folder).journal("ana").close()


def test_the_same_judge_on_another_host_has_another_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Workspace.open(folder).journal("ana") as first:
        first.append("vote", pair="p1", side="left")
    monkeypatch.setattr(layout.socket, "gethostname", lambda: "elsewhere")
    with Workspace.open(folder).journal("ana") as second:
        second.append("vote", pair="p2", side="left")
    assert first.path != second.path
    assert len(Workspace.open(folder).judgements(["vote"])) == 2


def test_merging_is_copying(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with Workspace.open(elsewhere).journal("ben") as journal:
        journal.append("vote", pair="p1", side="right")
    workspace = Workspace.open(folder)
    with workspace.journal("ana") as mine:
        mine.append("vote", pair="p1", side="left")
        for name in ("ben.jsonl", "ben-again.jsonl"):
            (folder / "judgements" / name).write_bytes(journal.path.read_bytes())
    assert workspace.catch_up()
    assert sorted(one.judge for one in workspace.judgements(["vote"])) == ["ana", "ben"]


def test_a_torn_last_line_is_cut_with_a_note(folder: Path) -> None:
    workspace = Workspace.open(folder)
    with workspace.journal("ana") as journal:
        journal.append("vote", pair="p1", side="left")
    with journal.path.open("ab") as handle:
        handle.write(b'{"id":"torn')
    (view,) = workspace.journals()
    assert (len(view.events), view.torn, view.fault) == (2, 11, "")
    with workspace.journal("ana") as again:
        assert "11 bytes" in again.notes[0]
        again.append("vote", pair="p2", side="left")
    assert [event["seq"] for event in lines(journal.path)] == [1, 2, 3]


def swapped(found: list[bytes]) -> list[bytes]:
    return [found[0], found[2], found[1], *found[3:]]


@pytest.mark.parametrize(
    "damage",
    [
        lambda found: [*found[:2], found[2].replace(b"left", b"tie1"), *found[3:]],
        lambda found: [*found[:2], *found[3:]],
        swapped,
        lambda found: [*found[:2], b"{}", *found[3:]],
        lambda found: [*found[:3], found[2], *found[3:]],
    ],
    ids=["changed", "left out", "swapped", "replaced", "doubled"],
)
def test_any_other_bad_line_stops_with_its_number(
    folder: Path, damage: Callable[[list[bytes]], list[bytes]]
) -> None:
    workspace = Workspace.open(folder)
    with workspace.journal("ana") as journal:
        for number in range(4):
            journal.append("vote", pair=f"p{number}", side="left")
    damaged = damage(journal.path.read_bytes().splitlines())
    journal.path.write_bytes(b"\n".join(damaged) + b"\n")
    (view,) = Workspace.open(folder).journals()
    number = len(view.events) + 1
    assert number in (2, 3, 4)
    assert f"{journal.path}, line {number} " in view.fault
    assert view.fault in Workspace.open(folder).faults()
    with pytest.raises(StoreError, match=f"line {number} "):
        Workspace.open(folder).journal("ana")
    Workspace.open(folder).journal("ana's second name").close()


def full(fd: int, data: bytes) -> int:
    raise OSError(28, "No space left on device")


def test_a_failed_write_is_kept_in_a_spool_and_written_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open(folder)
    journal = workspace.journal("ana")
    journal.append("vote", pair="p1", side="left")
    write = os.write

    def full_there(fd: int, data: bytes) -> int:
        on_it = os.readlink(f"/proc/self/fd/{fd}").startswith(str(folder))
        return full(fd, data) if on_it else write(fd, data)

    monkeypatch.setattr(os, "write", full_there)
    for pair in ("p2", "p3"):
        with pytest.raises(NotSaved, match=r"Not saved.*disk is full") as caught:
            journal.append("vote", pair=pair, side="left")
        assert caught.value.spooled
    assert [event["pair"] for event in journal.not_saved] == ["p2", "p3"]
    assert len(workspace.judgements(["vote"])) == 1
    monkeypatch.undo()
    journal.append("vote", pair="p4", side="left")
    votes = [one.event for one in workspace.judgements(["vote"])]
    assert [vote["pair"] for vote in votes] == ["p1", "p2", "p3", "p4"]
    assert votes[1]["id"] == caught.value.event["id"] or votes[2]["id"] == caught.value.event["id"]
    assert journal.not_saved == ()
    assert not list((folder.parent / "state").rglob("spool/*"))


def test_the_spool_outlives_the_window(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder.parent / "state"))
    journal = Workspace.open(folder).journal("ana")
    write = os.write

    def full_there(fd: int, data: bytes) -> int:
        on_it = os.readlink(f"/proc/self/fd/{fd}").startswith(str(folder))
        return full(fd, data) if on_it else write(fd, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full_there)
        with pytest.raises(NotSaved) as caught:
            journal.append("vote", pair="p1", side="left")
    spooled = journal._spool.path.read_bytes()
    journal.close()
    with Workspace.open(folder).journal("ana") as again:
        assert again.not_saved == ()
    (vote,) = Workspace.open(folder).judgements(["vote"])
    assert vote.event["id"] == caught.value.event["id"]
    # A crash between the journal and the emptied spool: it is not written twice.
    journal._spool.path.parent.mkdir(exist_ok=True)
    journal._spool.path.write_bytes(spooled)
    Workspace.open(folder).journal("ana").close()
    assert len(Workspace.open(folder).judgements(["vote"])) == 1


def test_not_even_spooled_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Workspace.open(folder).journal("ana")
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(NotSaved) as caught:
        journal.append("vote", pair="p1", side="left")
    assert not caught.value.spooled
    monkeypatch.undo()
    assert journal.retry() == 1
    assert len(Workspace.open(folder).judgements(["vote"])) == 1


@needs_bwrap
def test_a_really_full_disk(folder: Path, tmp_path: Path) -> None:
    """A small tmpfs runs full: what was acknowledged is there, the rest in the spool, and
    once there is room everything is there once."""
    out = python_in_box(
        """
        import os, sys
        from pathlib import Path
        from tui_eval.store.journal import NotSaved
        from tui_eval.store.workspace import Workspace
        folder = Path(os.environ["FOLDER"])
        (folder / "ballast").write_bytes(b"x" * 400_000)
        workspace = Workspace.open(folder, state_dir=Path(os.environ["STATE"]))
        journal = workspace.journal("ana")
        given, refused = [], 0
        while refused < 3:
            given.append(f"p{len(given)}")
            try:
                journal.append("vote", pair=given[-1], side="left", why="y" * 2000)
            except NotSaved as error:
                assert error.spooled and "disk is full" in error.message, error
                refused += 1
        saved = [one.event["pair"] for one in workspace.judgements(["vote"])]
        assert saved == given[:-3], (saved, given)
        (folder / "ballast").unlink()
        assert journal.retry() == 3
        saved = [one.event["pair"] for one in workspace.judgements(["vote"])]
        assert saved == given
        assert not workspace.faults()
        print("saved", len(saved))
        """,
        "--size", "1000000", "--tmpfs", str(folder),
        FOLDER=str(folder), STATE=str(tmp_path / "local"),
    )  # fmt: skip
    assert int(out.split()[1]) > 50


@pytest.mark.parametrize("kills", [15, pytest.param(300, marks=pytest.mark.slow)])
def test_no_acknowledged_event_is_lost_or_doubled_by_kills(folder: Path, kills: int) -> None:
    acknowledged: list[str] = []
    chance = random.Random(7)
    for _ in range(kills):
        child = subprocess.Popen(
            [sys.executable, str(CHILD), str(folder), "ana"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert child.stdout is not None
        for _ in range(chance.randrange(1, 40)):
            acknowledged.append(child.stdout.readline().strip())
        child.kill()
        rest = child.stdout.read().split("\n")
        child.wait()
        # A half-printed id was never acknowledged; whole lines were.
        acknowledged += rest[:-1]
    with Workspace.open(folder).journal("ana") as journal:
        journal.append("finish")
    (view,) = Workspace.open(folder).journals()
    assert view.fault == ""
    ids = [event["id"] for event in view.events]
    assert len(set(ids)) == len(ids)
    assert set(acknowledged) <= set(ids)
    assert [event["seq"] for event in view.events] == list(range(1, len(ids) + 1))
    assert len(ids) - 2 - len(acknowledged) <= kills


def test_permissions_are_private_unless_the_group_may_write(tmp_path: Path) -> None:
    for mode, file, folder_mode in ((0o755, 0o600, 0o700), (0o2775, 0o660, 0o2770)):
        workspace = tmp_path / oct(mode)
        workspace.mkdir()
        workspace.chmod(mode)
        with Workspace.open(workspace).journal("ana") as journal:
            journal.append("vote", pair="p", side="left")
        assert journal.path.stat().st_mode & 0o7777 == file
        assert journal.path.parent.stat().st_mode & 0o7777 == folder_mode
        opened = Workspace.open(workspace)
        opened.request("score", {})
        assert opened.index_path.stat().st_mode & 0o7777 == file
        assert opened.state_dir.stat().st_mode & 0o7777 == folder_mode
