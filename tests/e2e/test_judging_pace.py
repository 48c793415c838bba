"""Votes at a person's pace while models answer on the same machine, in a plain terminal and
over a real SSH line; and a key that is held down."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.judging_hand import SIDES, Judge
from tests.e2e.judging_place import ab, answer_files, environment, generating, sides, votes
from tests.e2e.sshd import Sshd, needs_ssh

BEAT = 0.5
"""Seconds from one vote to the next: two a second."""
HELD_HZ = 30
"""Repeats of a key that is held down; terminals have 25 to 40."""
Opens = Callable[[list[str]], Judge]


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    server = Sshd(tmp_path / "sshd")
    yield server
    server.close()


MANY = pytest.mark.parametrize("many", [20, pytest.param(200, marks=pytest.mark.slow)])


@MANY
def test_votes_at_two_a_second_while_generation_runs(tmp_path: Path, many: int) -> None:
    folder = tmp_path / "workspace"
    votes_at_a_pace(
        tmp_path,
        folder,
        many,
        lambda command: Judge(command, environ=environment(tmp_path), cwd=folder),
    )


@needs_ssh
@MANY
def test_votes_at_two_a_second_over_ssh_while_generation_runs(
    tmp_path: Path, sshd: Sshd, many: int
) -> None:
    folder = tmp_path / "workspace"
    votes_at_a_pace(
        tmp_path,
        folder,
        many,
        lambda command: Judge(sshd.command(command, environment(tmp_path), folder)),
    )


def votes_at_a_pace(tmp_path: Path, folder: Path, many: int, opens: Opens) -> None:
    chance = random.Random(many)
    pressed = []
    with generating(folder):
        answer_files(folder, many)
        judge = opens(ab("ana", many))
        try:
            judge.sit_down()
            judge.watch(BEAT)
            for number in range(many):
                pressed.append(chance.choice("abtx"))
                judge.vote(pressed[-1], after=number, pace=BEAT)
            judge.press("q")
            assert judge.rest() == 0
        finally:
            judge.close()
    found = votes(folder)
    assert sides(found) == [SIDES[key] for key in pressed]
    assert len(dict(found)) == many


@needs_ssh
def test_a_key_held_for_two_seconds_gives_one_vote(tmp_path: Path, sshd: Sshd) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    answer_files(folder, 40)
    lines: list[Opens] = [
        lambda command: Judge(command, environ=environment(tmp_path), cwd=folder),
        lambda command: Judge(sshd.command(command, environment(tmp_path), folder)),
    ]
    for begun, opens in enumerate(lines):
        judge = opens(ab("ana", 40))
        try:
            judge.sit_down()
            judge.watch(BEAT)
            hold(judge, "a", 2.0)
            judge.press("q")
            assert judge.rest() == 0
        finally:
            judge.close()
        assert len(votes(folder)) == begun + 1


def hold(judge: Judge, key: str, seconds: float) -> None:
    """The key's repeats, at the pace in which a terminal sends them."""
    began = time.monotonic()
    for number in range(round(seconds * HELD_HZ)):
        judge.watch(number / HELD_HZ, began)
        judge.press(key)
