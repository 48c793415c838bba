"""What ``doctor`` says of model-written code."""

from __future__ import annotations

import pytest

from tui_eval.commands import doctor
from tui_eval.engine.sandbox import levels, selftest
from tui_eval.engine.sandbox.levels import Level, Standing


def told(monkeypatch: pytest.MonkeyPatch, standing: Standing) -> list[str]:
    monkeypatch.setattr(selftest, "best", lambda landlock_abi=None: standing)
    return [value for _, value in doctor._sandbox()]


def test_a_machine_that_confines_code_says_how_well(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = ((Level.ISOLATED, "no user namespaces"),)
    first, why = told(monkeypatch, Standing(Level.CONFINED, 4, refused))
    assert first.startswith("Confined: ")
    assert "Landlock ABI 4" in first
    assert why == "not Isolated: no user namespaces"


def test_one_that_can_not_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told(monkeypatch, Standing(Level.NONE, 0, ((Level.CONFINED, "no Landlock"),)))
    assert lines[0].startswith("NOT RUN: ")
    assert lines[-1] == levels.REMEDY
