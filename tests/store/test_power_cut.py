"""The power goes, the process is killed, the disk fills up or breaks, at any operation: what
was acknowledged is there afterwards, and once."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.store.power import Cut, Disk
from tui_eval.errors import StoreError
from tui_eval.store import files
from tui_eval.store.journal import NotSaved
from tui_eval.store.workspace import Workspace

LONGEST = 120
"""Operations before the latest cut: a few dozen judgements, each with its write and sync."""
LIVES = 12
"""Ends of one workspace before the next begins with an empty folder."""


def life(folder: Path, chance: random.Random, acknowledged: set[str]) -> None:
    """Judge until the end. ``acknowledged``: ids of what was told to be saved or to be kept
    until it can be, and of what a window found when it was opened."""
    workspace = Workspace.open(folder)
    while True:
        # A judge who can't begin tries again.
        with suppress(StoreError):
            journal = workspace.journal("ana")
            acknowledged |= set(votes(workspace))
            for number in range(chance.randrange(40)):
                try:
                    event = journal.append("vote", pair=f"p{number}", side="left", why="x" * number)
                    acknowledged.add(str(event["id"]))
                except NotSaved as error:
                    if error.spooled:
                        acknowledged.add(str(error.event["id"]))
            journal.close()


def votes(workspace: Workspace) -> list[str]:
    events = [event for view in workspace.journals() for event in view.events]
    return [str(event["id"]) for event in events if event["kind"] == "vote"]


@dataclass
class Tally:
    """Judgements over many ends; ``faults``: journals that could not be used any more."""

    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    faults: list[str] = field(default_factory=list)


def tally(place: Path, ends: int, seed: int) -> Tally:
    made = Tally()
    for number in range(0, ends, LIVES):
        root = place / f"disk-{number}"
        acknowledged, workspace = _workspace(root, random.Random(seed + number))
        there = Counter(votes(workspace))
        made.acknowledged += len(acknowledged)
        made.lost += len(acknowledged - there.keys())
        made.doubled += sum(count > 1 for count in there.values())
        made.faults += workspace.faults()
    return made


def _workspace(root: Path, chance: random.Random) -> tuple[set[str], Workspace]:
    """One workspace through its lives, the last of which ends with a power cut."""
    folder = root / "workspace"
    folder.mkdir(parents=True)
    disk = Disk(root, chance)
    acknowledged: set[str] = set()
    with pytest.MonkeyPatch.context() as patch, disk.mounted():
        patch.setenv("XDG_STATE_HOME", str(root / "home" / "state"))
        killed = False
        for left in reversed(range(LIVES)):
            disk.cut_after(chance.randrange(LONGEST))
            # After a failed sync the kernel shows what is not on the disk, and the next sync
            # succeeds: where one process fails and another goes on, nobody could know.
            trouble = chance.choice(("", "full") if killed else ("", "", "full", "broken"))
            if trouble:
                disk.trouble(trouble, folder, chance.choice((0.2, 0.6, 1.0)))
            with pytest.raises(Cut):
                life(folder, chance, acknowledged)
            killed = bool(left) and trouble != "broken" and chance.random() < 0.3
            if killed:
                disk.killed()
            else:
                disk.power_cut()
        workspace = Workspace.open(folder)
        with suppress(StoreError):
            # Takes in what waits in the spool. What can't be opened is told by its fault.
            workspace.journal("ana").close()
        return acknowledged, workspace


@pytest.mark.parametrize("ends", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_acknowledged_judgement_is_lost_or_doubled(tmp_path: Path, ends: int) -> None:
    made = tally(tmp_path, ends, seed=20)
    assert (made.lost, made.doubled, made.faults) == (0, 0, [])
    assert made.acknowledged > ends


@pytest.mark.parametrize("forgotten", ["file", "folder"])
def test_the_disk_does_forget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: str
) -> None:
    """The same ends with one of the two syncs left out do lose judgements."""
    if forgotten == "folder":
        monkeypatch.setattr(files, "sync_folder", lambda path: None)
    else:
        monkeypatch.setattr(files.LineWriter, "commit", unsynced)
    assert tally(tmp_path, 10 * LIVES, seed=21).lost


def unsynced(writer: files.LineWriter) -> list[files.Line]:
    taken, writer.pending = writer.pending, []
    with suppress(OSError):
        files._write_all(writer.fd, b"".join(line for _, line in taken))
    return [writer._placed(event, line) for event, line in taken]
