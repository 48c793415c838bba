"""No acknowledged judgement is lost and none is doubled, whatever happens to the process, the
index or a file; and several judges at once don't disturb each other."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.files.made_rounds import Made
from tui_eval import config as settings
from tui_eval.core.judgements import rounds
from tui_eval.errors import StoreError
from tui_eval.files.judging.base import KINDS
from tui_eval.store.journal import NotSaved

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("judging_child.py")
KILLS = 20


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = Made.at(tmp_path_factory.mktemp("judged") / "w", 220, "[blind_ab]\npairs = 150\n")
    made.answer()
    return made


@pytest.fixture
def made(answered: Made, tmp_path: Path) -> Made:
    """A copy that a test may do anything to."""
    folder = tmp_path / "w"
    shutil.copytree(answered.folder, folder)
    return Made(folder, settings.load(folder / "eval.toml", files=False))


@pytest.fixture
def judged(tmp_path: Path) -> Made:
    made = Made.at(tmp_path / "small", toml="[blind_ab]\npairs = 20\n")
    made.answer()
    session = made.ab()
    for token in session.order[:12]:
        session.vote(token, "left")
    session.close()
    return made


def start(made: Made, judge: str, votes: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(made.folder), judge, str(votes)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def journal(made: Made, judge: str = "ana") -> Path:
    (path,) = (made.folder / "judgements").glob(f"{judge}-*.jsonl")
    return path


def votes(made: Made, judge: str) -> Counter[str]:
    """How often each pair was voted on, by the lines of the judge's journal."""
    lines = journal(made, judge).read_bytes().split(b"\n")[:-1]
    events = [json.loads(line) for line in lines]
    return Counter(event["pair"] for event in events if event["kind"] == "vote")


def test_three_judges_in_three_processes(made: Made) -> None:
    children = {judge: start(made, judge, 100) for judge in ("ana", "bo", "cy")}
    said = {judge: child.communicate(timeout=240)[0].split() for judge, child in children.items()}
    assert {child.returncode for child in children.values()} == {0}
    workspace = made.workspace()
    (found,) = rounds(workspace.judgements(KINDS)).values()
    assert sorted(one.judge for one in found.begun) == sorted(children)
    assert [one.ordinal for one in found.judges] == [0, 1, 2]
    first, second, _ = found.judges
    ours = {pair.pair: pair.left for pair in first.pairs if not pair.repeat_of}
    assert all(ours[pair.pair] == pair.right for pair in second.pairs if not pair.repeat_of)
    for judge in found.judges:
        acknowledged = said[judge.judge][1:]
        assert len(acknowledged) == 100
        assert votes(made, judge.judge) == Counter(acknowledged)
        assert sum(1 for mark in judge.marks.values() if mark.side) == 100
        assert len([pair for pair in judge.pairs if not pair.repeat_of]) == 150
    assert not workspace.faults()


def test_two_judges_in_one_process(made: Made) -> None:
    workspace = made.workspace()
    sessions = [made.ab(judge, workspace) for judge in ("ana", "bo")]
    wrong: list[BaseException] = []

    def judge(number: int) -> None:
        session = sessions[number]
        try:
            for token in session.order[:60]:
                session.vote(token, "left")
                session.refresh()
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        # What a screen asks for meanwhile.
        assert sessions[0].standing.done <= 60
        assert sessions[1].following() is not None
    assert not wrong
    for session in sessions:
        session.refresh()
        assert sum(1 for mark in session.state.marks.values() if mark.side) == 60
        assert session.standing.others[0][1] > 0
        session.close()
    found = rounds(workspace.judgements(KINDS))[sessions[0].state.round]
    assert list(found.judges) == [sessions[0].state, sessions[1].state]


def test_killed_at_any_moment_nothing_acknowledged_is_lost(made: Made) -> None:
    random.seed(11)
    acknowledged: Counter[str] = Counter()
    for _ in range(KILLS):
        child = start(made, "ana", 1000)
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        for _ in range(random.randrange(8)):
            acknowledged.update(child.stdout.readline().split())
        child.send_signal(signal.SIGKILL)
        acknowledged.update(child.stdout.read().split())
        child.wait()
        child.stdout.close()
        found = votes(made, "ana")
        # At most the vote in flight is there without having been acknowledged.
        assert not acknowledged - found
        assert sum((found - acknowledged).values()) <= KILLS
    assert set(votes(made, "ana").values()) == {1}
    session = made.ab("ana")
    marked = {token for token, mark in session.state.marks.items() if mark.side}
    assert marked == set(votes(made, "ana"))
    assert session.following() not in marked
    session.close()


def test_an_index_that_is_gone_or_damaged_changes_nothing(judged: Made) -> None:
    session = judged.ab()
    before, pair = session.state, session.pair(session.order[3])
    session.close()
    index = judged.workspace().index_path
    for damage in (lambda: index.unlink(), lambda: index.write_bytes(b"SQLite format 3\0" * 99)):
        for more in index.parent.glob("index.db-*"):
            more.unlink()
        damage()
        again = judged.ab()
        assert again.state == before
        assert again.pair(again.order[3]) == pair
        again.close()


def test_a_torn_last_line_is_dropped_and_judging_goes_on(judged: Made) -> None:
    path = journal(judged)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"id":"x","seq":99,"kind":"vote","pa')
    session = judged.ab()
    assert session.standing.done > 10
    assert any("unfinished last line" in sentence for sentence in session.before())
    done = len([mark for mark in session.state.marks.values() if mark.side])
    session.vote(session.order[12], "tie")
    session.close()
    assert path.read_bytes().startswith(whole)
    again = judged.ab()
    assert len([mark for mark in again.state.marks.values() if mark.side]) == done + 1
    again.close()


def test_any_other_bad_line_is_refused_with_its_number(judged: Made) -> None:
    path = journal(judged)
    lines = path.read_bytes().split(b"\n")
    lines[4] = lines[4].replace(b'"left"', b'"right"')
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(StoreError, match=r"line 5 "):
        judged.ab()
    bo = judged.ab("bo")
    assert any("line 5" in sentence for sentence in bo.before())
    bo.close()


def test_a_line_that_was_left_out_is_noticed(judged: Made) -> None:
    path = journal(judged)
    lines = path.read_bytes().split(b"\n")
    del lines[6]
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(StoreError, match=r"line 7 "):
        judged.ab()


def test_a_copied_journal_counts_once(judged: Made) -> None:
    path = journal(judged)
    path.with_name("a-copy.jsonl").write_bytes(path.read_bytes())
    session = judged.ab("bo")
    assert session.standing.others == (("ana", _done(judged), False),)
    session.close()


def _done(judged: Made) -> int:
    session = judged.ab()
    try:
        return session.standing.done
    finally:
        session.close()


def test_a_vote_on_a_full_disk_is_kept_and_written_once(judged: Made, monkeypatch: Any) -> None:
    session = judged.ab()
    token = session.order[15]

    def full(fd: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("tui_eval.store.files._write_all", full)
        with pytest.raises(NotSaved, match="disk is full"):
            session.vote(token, "right")
        assert session.mark(token).side == "right"
        assert session.not_saved == 1
    # The local state folder was full too: what waits is in memory alone.
    assert session.retry() == 1
    session.close()
    again = judged.ab()
    assert again.mark(token).side == "right"
    assert votes(judged, "ana")[token] == 1
    again.close()
