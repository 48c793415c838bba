"""Votes at a person's pace while models answer on the same machine, in a plain terminal and
over a real SSH line; and a key that is held down."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.judging_hand import SIDES, Judge
from tests.e2e.judging_place import ab, answer_files, environment, generating, votes
from tests.e2e.sshd import Sshd, needs_ssh

BEAT = 0.5
"""Seconds from one vote to the next: two a second."""
HELD_HZ = 30
"""Repeats of a key that is held down; terminals have 25 to 40."""


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    server = Sshd(tmp_path / "sshd")
    yield server
    server.close()


@needs_ssh
@pytest.mark.parametrize("many", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_votes_at_two_a_second_while_generation_runs(tmp_path: Path, sshd: Sshd, many: int) -> None:
    """Ana in a plain terminal, Bo over the SSH line, at the same time in one workspace."""
    folder = tmp_path / "workspace"
    chance = random.Random(many)
    pressed: dict[str, list[str]] = {"ana": [], "bo": []}
    with generating(folder):
        answer_files(folder, many)
        environ = environment(tmp_path)
        judges = {
            "ana": Judge(ab("ana", many), environ=environ, cwd=folder),
            "bo": Judge(sshd.command(ab("bo", many), environ, folder)),
        }
        try:
            for judge in judges.values():
                judge.sit_down()
                judge.watch(BEAT)
            for number in range(many):
                for name, judge in judges.items():
                    pressed[name].append(chance.choice("abtx"))
                    # Half a beat for each of the two: a vote of either twice a second.
                    judge.vote(pressed[name][-1], after=number, pace=BEAT / len(judges))
            for judge in judges.values():
                judge.press("q")
                assert judge.rest() == 0
        finally:
            for judge in judges.values():
                judge.close()
    for name, keys in pressed.items():
        found = votes(folder, name)
        assert [side for _, side in found] == [SIDES[key] for key in keys]
        assert len(dict(found)) == many


@pytest.mark.parametrize("line", ["terminal", pytest.param("ssh", marks=needs_ssh)])
def test_a_key_held_for_two_seconds_gives_one_vote(
    tmp_path: Path, request: pytest.FixtureRequest, line: str
) -> None:
    folder = tmp_path / "workspace"
    folder.mkdir()
    answer_files(folder, 40)
    environ = environment(tmp_path)
    if line == "ssh":
        server: Sshd = request.getfixturevalue("sshd")
        judge = Judge(server.command(ab("ana", 40), environ, folder))
    else:
        judge = Judge(ab("ana", 40), environ=environ, cwd=folder)
    try:
        judge.sit_down()
        judge.watch(BEAT)
        hold(judge, "a", 2.0)
        judge.press("q")
        assert judge.rest() == 0
    finally:
        judge.close()
    assert len(votes(folder)) == 1


def hold(judge: Judge, key: str, seconds: float) -> None:
    """The key's repeats, at the pace in which a terminal sends them."""
    began = time.monotonic()
    for number in range(round(seconds * HELD_HZ)):
        judge.watch(number / HELD_HZ, began)
        judge.press(key)
