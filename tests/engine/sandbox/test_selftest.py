"""The level is found by attacking, and below "Confined" nothing runs unasked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.sandbox.test_hostile import docker_like
from tui_eval.engine.sandbox import selftest
from tui_eval.engine.sandbox.levels import BEST_FIRST, Level, Standing
from tui_eval.errors import EngineError


@pytest.fixture
def forgotten() -> Iterator[None]:
    kept = dict(selftest._found)
    selftest._found.clear()
    yield
    selftest._found.clear()
    selftest._found.update(kept)


def pretend(monkeypatch: pytest.MonkeyPatch, holds: set[Level]) -> list[Level]:
    asked: list[Level] = []

    def try_level(level: Level, landlock_abi: int | None = None) -> str:
        asked.append(level)
        return "" if level in holds else f"no {level.value} here"

    monkeypatch.setattr(selftest, "try_level", try_level)
    return asked


def test_no_protection_is_seen_through() -> None:
    """The attacks bite: where nothing protects, the self-test says what got through."""
    assert selftest.try_level(Level.NONE) == "a file outside could be read"


def test_a_weaker_level_passed_off_as_a_stronger_one_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seccomp alone, called confinement: reading gives it away."""
    if selftest.try_level(Level.RESTRICTED):
        pytest.skip("this machine has no seccomp")
    real = selftest.Sandbox._settings

    def weaker(self: selftest.Sandbox, box: str, alive: int) -> dict[str, object]:
        return {**real(self, box, alive), "level": "restricted"}

    monkeypatch.setattr(selftest.Sandbox, "_settings", weaker)
    assert selftest.try_level(Level.CONFINED) == "a file outside could be read"


@pytest.mark.usefixtures("forgotten")
def test_it_is_asked_once_per_process(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = pretend(monkeypatch, {Level.CONFINED})
    assert selftest.best() is selftest.best()
    assert asked == [Level.ISOLATED, Level.CONFINED]
    assert selftest.best().refused == ((Level.ISOLATED, "no isolated here"),)


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("holds", [set(), {Level.RESTRICTED}])
def test_below_confined_it_refuses_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, holds: set[Level]
) -> None:
    pretend(monkeypatch, holds)
    with pytest.raises(EngineError) as caught:
        selftest.sandbox()
    assert "isn't run here: Isolated: no isolated here; Confined: no confined" in str(caught.value)
    assert "Landlock" in caught.value.remedy


@pytest.mark.usefixtures("forgotten")
def test_an_opt_in_reaches_down_and_never_weakens(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {Level.RESTRICTED})
    assert selftest.sandbox(opt_in=Level.RESTRICTED).level is Level.RESTRICTED
    assert selftest.sandbox(opt_in=Level.NONE).level is Level.RESTRICTED
    selftest._found.clear()
    pretend(monkeypatch, {Level.ISOLATED})
    assert selftest.sandbox(opt_in=Level.NONE).level is Level.ISOLATED
    selftest._found.clear()
    pretend(monkeypatch, set())
    assert selftest.sandbox(opt_in=Level.NONE).level is Level.NONE
    with pytest.raises(EngineError):
        selftest.sandbox(opt_in=Level.RESTRICTED)


def test_where_landlock_is_missing_as_well_only_reading_is_left_open() -> None:
    if selftest.try_level(Level.RESTRICTED):
        pytest.skip("this machine has no seccomp")
    told = docker_like("--no-landlock")
    assert told["lines"][0].startswith("Restricted: ")
    assert "no Landlock" in told["lines"][0]
    assert "refused" in told


def test_a_level_is_told_in_words() -> None:
    standing = Standing(Level.CONFINED, 3, ((Level.ISOLATED, "unshare: not permitted"),))
    assert standing.lines() == [
        "Confined: no files of yours, no network, no processes; limits; self-tested, "
        "Landlock ABI 3",
        "not Isolated: unshare: not permitted",
    ]
    for level in Level:
        assert level.label
        assert level.words
    assert [level for level in Level if level.safe] == list(BEST_FIRST[:2])
