"""What the checklist says of a decision that is not to be gone by as it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui_eval.core.sign_off_records import Decided, SignOff
from tui_eval.ui.decision_words import first_words, more_words, row_words

SIGNED = SignOff("tuned", "deploy", "mallory", "m@gpu", "2026-11-20T10:00:00Z")
DEPLOY = Decided("deploy", SIGNED)
FAULTS = ("bo.jsonl, line 7 \x1b[31mcan't be used",)


@pytest.mark.parametrize(
    ("decided", "doubt", "more"),
    [
        (replace(DEPLOY, changed=("the adapter changed",)), "out of date", "the adapter changed"),
        (
            replace(DEPLOY, missing=("20 reviews", "the A/B is not unblinded")),
            "lacks evidence",
            "deploy, but lacks 20 reviews, unblinding",
        ),
        (
            replace(DEPLOY, faults=FAULTS),
            "journals damaged",
            "a newer decision may be hidden: bo.jsonl, line 7 ␛[31mcan't be used",
        ),
    ],
)
def test_a_signed_deploy_in_doubt(decided: Decided, doubt: str, more: str) -> None:
    sign, word, role, words = row_words(decided, True)
    assert (sign, word, role) == ("!", "deploy", "caution")
    assert words.endswith(doubt)
    assert more_words(decided) == more
    every, role = first_words(decided)
    assert role == "caution!"
    assert all(one.startswith("! deploy") and one.endswith(doubt) for one in every)


def test_a_damaged_journal_is_told_where_nobody_signed() -> None:
    sign, word, role, words = row_words(Decided(faults=FAULTS), True)
    assert (sign, word, role, words) == ("!", "open", "caution", "journals damaged")
    assert "bo.jsonl" in more_words(Decided(faults=FAULTS))
    assert first_words(Decided(faults=FAULTS))[1] == "caution!"


def test_a_whole_decision_has_its_own_sign() -> None:
    assert row_words(DEPLOY, True)[:3] == ("✓", "deploy", "good")
    assert more_words(DEPLOY) == ""
