"""Whatever ends the app or its line: every vote that the screen called saved is there, once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.judging_hand import ARM, SIDES, Judge
from tests.e2e.judging_place import ab, answer_files, environment, votes
from tests.e2e.sshd import Sshd, needs_ssh
from tests.waiting import until
from tui_eval.store.liveness import held

QUICK = 0.02
"""Seconds after a press within which a vote is written and acknowledged: half of the kills
fall in there."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    made.mkdir()
    return made


class Life:
    """A judge's window from its opening to its end, and what has to hold afterwards."""

    def __init__(self, folder: Path, pairs: int, line: Callable[[list[str]], Judge]) -> None:
        self._folder = folder
        self.before = votes(folder)
        self.judge = line(ab("ana", pairs))
        self.key = ""

    def begin(self) -> None:
        self.judge.sit_down()

    def cast(self, key: str, many: int) -> None:
        """All of one window's votes are of one side: whichever of them got lost or came
        twice, the journal's sides tell."""
        self.key = key
        for _ in range(many):
            self.judge.vote(key, after=max(self.judge.saved, len(self.before)))

    def press(self, key: str) -> None:
        """Once more, without looking what comes of it."""
        self.key = key
        self.judge.press(key)
        self.judge.presses += 1

    def check(self) -> None:
        found = votes(self._folder)
        assert found[: len(self.before)] == self.before
        assert len({pair for pair, _ in found}) == len(found), "a vote is there twice"
        mine = [side for _, side in found[len(self.before) :]]
        assert set(mine) <= {SIDES[self.key]}
        assert len(found) >= self.judge.saved, "an acknowledged vote is lost"
        assert len(mine) <= self.judge.presses


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_no_acknowledged_vote_is_lost_or_doubled_by_kills(
    tmp_path: Path, folder: Path, kills: int
) -> None:
    answer_files(folder, 3 * kills)
    chance = random.Random(4)
    acknowledged = 0
    for _ in range(kills):
        life = Life(folder, 3 * kills, lambda command: in_a_pty(command, tmp_path, folder))
        try:
            life.begin()
            acknowledged -= max(life.judge.saved, len(life.before))
            life.judge.watch(ARM)
            life.press(chance.choice("abtx"))
            time.sleep(chance.uniform(0, QUICK if chance.random() < 0.5 else ARM))
            # With or without the parent that puts the terminal right.
            pids = life.judge.pids()
            assert len(pids) > 1
            life.judge.end(signal.SIGKILL, pids[1:] if chance.random() < 0.5 else pids)
            acknowledged += max(life.judge.saved, len(life.before))
            life.check()
        finally:
            life.judge.close()
    assert acknowledged > kills // 3


def in_a_pty(command: list[str], tmp_path: Path, folder: Path) -> Judge:
    return Judge(command, environ=environment(tmp_path), cwd=folder)


def hang_up(judge: Judge) -> None:
    os.kill(judge.pid, signal.SIGHUP)
    assert judge.rest() == 128 + signal.SIGHUP


def terminate(judge: Judge) -> None:
    os.kill(judge.pid, signal.SIGTERM)
    assert judge.rest() == 128 + signal.SIGTERM


def close_the_terminal(judge: Judge) -> None:
    judge.hang_up()


def leave(judge: Judge) -> None:
    judge.press("q")
    assert judge.rest() == 0


ENDS = (hang_up, terminate, close_the_terminal, leave)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_what_was_pressed_before_the_end_is_there(
    tmp_path: Path, folder: Path, end: Callable[[Judge], None]
) -> None:
    """Ends that can be seen to. A press that is followed by ``q`` is a vote; one that the
    signal may have overtaken is one or none."""
    answer_files(folder, 12)
    life = Life(folder, 12, lambda command: in_a_pty(command, tmp_path, folder))
    try:
        life.begin()
        life.cast("a", 2)
        life.judge.watch(ARM)
        life.press("a")
        end(life.judge)
        life.check()
    finally:
        life.judge.close()
    assert len(votes(folder)) in ((3,) if end is leave else (2, 3))


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    server = Sshd(tmp_path / "sshd")
    yield server
    server.close()


@needs_ssh
def test_a_cut_line_loses_no_acknowledged_vote(tmp_path: Path, folder: Path, sshd: Sshd) -> None:
    answer_files(folder, 20)

    def over_ssh(command: list[str]) -> Judge:
        return Judge(sshd.command(command, environment(tmp_path), folder))

    for key in "ab":
        life = Life(folder, 20, over_ssh)
        try:
            life.begin()
            life.cast(key, 2)
            life.judge.watch(ARM)
            life.press(key)
            sshd.cut()
            assert life.judge.rest() == 255
            free(folder)
            life.check()
        finally:
            life.judge.close()
    assert len(votes(folder)) >= 4


def free(folder: Path) -> None:
    """The window at the other end has noticed and gone: its journal can be held again."""
    locks = list((folder / ".tui-eval").glob("judge-*.lock"))
    assert locks
    until(lambda: not any(held(path) for path in locks), what="the window to end")
