"""Programs that try to do harm: none passes, none gets through, nothing is left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine.sandbox.ground import attacked, running
from tests.engine.sandbox.hostile import ALL, HARMLESS_TO_PROVE
from tui_eval.engine.sandbox import selftest
from tui_eval.engine.sandbox.levels import Level
from tui_eval.engine.sandbox.verdict import Outcome, Verdict

ROOT = Path(__file__).parents[3]
FAMILIES = {"fake", "time", "crash", "process", "secret", "network", "files", "resource", "kernel"}


def needs(level: Level) -> None:
    if fault := selftest.try_level(level):
        pytest.skip(f"this machine has no {level.label}: {fault}")


def check(verdicts: dict[str, Verdict], harm: list[str]) -> None:
    assert harm == []
    assert len(verdicts) == len(ALL)
    unjudged = {name: one.reason for name, one in verdicts.items() if not one.judged}
    assert unjudged == {}
    assert [name for name, one in verdicts.items() if one.passed] == []
    assert [name for name, one in verdicts.items() if not one.reason] == []
    assert max(len(one.output.encode()) for one in verdicts.values()) <= 3 * 64 * 1024
    odd = {
        name: (one.outcome.value, one.reason)
        for case in ALL
        if case.expected
        for name, one in [(case.id, verdicts[case.id])]
        # A machine that is busy elsewhere may not get there in the second it has.
        if one.outcome not in (*case.expected, Outcome.TIMEOUT)
    }
    assert odd == {}


def test_the_set_covers_its_families() -> None:
    assert {case.family for case in ALL} == FAMILIES
    assert len({case.id for case in ALL}) == len(ALL) >= 40


def test_all_are_contained_in_isolation() -> None:
    needs(Level.ISOLATED)
    check(*attacked(Level.ISOLATED))


def test_all_are_contained_where_namespaces_are_refused_as_in_docker() -> None:
    needs(Level.CONFINED)
    told = docker_like()
    assert told["lines"][0].startswith("Confined")
    assert told["lines"][1].startswith("not Isolated")
    check(_verdicts(told), told["harm"])


@pytest.mark.slow
@pytest.mark.parametrize("held_to", [None, 1, 2, 4])
def test_all_are_contained_by_confinement(held_to: int | None) -> None:
    """Also with Landlock as kernels since 5.13 have it."""
    needs(Level.CONFINED)
    check(*attacked(Level.CONFINED, landlock_abi=held_to))


@pytest.mark.slow
def test_isolation_holds_with_the_oldest_landlock() -> None:
    needs(Level.ISOLATED)
    check(*attacked(Level.ISOLATED, landlock_abi=1))


def test_the_set_bites_where_nothing_protects() -> None:
    """What proves the tests above: let loose, these reach what they aim at."""
    loose = [case for case in ALL if case.id in HARMLESS_TO_PROVE]
    assert len(loose) == len(HARMLESS_TO_PROVE)
    verdicts, harm = attacked(Level.NONE, loose)
    missed = {name: one.reason for name, one in verdicts.items() if not one.passed}
    # Root's own machine or not, most of them come through; a container may stop a few.
    assert len(missed) <= 4, missed
    assert "files outside changed" in harm
    assert "another process died" in harm
    assert "something came over the network" in harm
    assert running() == []


def docker_like(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.sandbox.docker_like", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _verdicts(told: dict[str, Any]) -> dict[str, Verdict]:
    return {
        name: Verdict(Outcome(outcome), reason, judged=judged)
        for name, (outcome, judged, reason) in told["verdicts"].items()
    }
