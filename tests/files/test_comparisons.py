"""Every comparison of a workspace, whoever was compared with whom."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.files.made_rounds import Made, answer_as
from tests.files.test_judging_readings import judge
from tui_eval import config as settings
from tui_eval.core.steps import compared
from tui_eval.files.comparisons import comparisons
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.journals import import_journal
from tui_eval.files.judging import open_ab, open_review
from tui_eval.ui.screens.answers import detail_of

TOML = """
[models.other]
path = "other-checkpoint"

[blind_ab]
pairs = 24
repeats_least = 5

[review]
samples = 20
"""


@pytest.fixture
def made(tmp_path: Path) -> Made:
    found = Made.at(tmp_path / "w", toml=TOML)
    found.answer(models=("base", "tuned"))
    answer_as(found, "other", "tuned")
    answer_as(found, "base", "other")
    answer_as(found, "other", "other")
    return found


def listed(made: Made) -> tuple[compared.Comparison, ...]:
    workspace = made.workspace()
    try:
        return comparisons(workspace, made.config)
    finally:
        workspace.close()


def pair(made: Made, against: str | None = None, losses: int = 4, name: str = "ana") -> None:
    """``name`` prefers tuned but for some, and finishes."""
    session = open_ab(made.workspace(), made.config, "tuned", against=against, judge=name)
    judge(session, losses)
    session.finish()
    session.close()


def unblind(made: Made, against: str | None = None) -> None:
    session = open_ab(made.workspace(), made.config, "tuned", against=against, judge="ana")
    session.unblind()
    session.close()


def test_nothing_was_compared(made: Made) -> None:
    assert listed(made) == ()


def test_any_two_models_are_read(made: Made) -> None:
    pair(made, "other")
    pair(made, None, losses=20)
    blind = listed(made)
    assert [(one.candidate, one.against) for one in blind] == [
        ("tuned", "base"), ("tuned", "other"),
    ]  # fmt: skip
    assert all(one.current and not one.unblinded for one in blind)
    for row in compared.table(blind).rows:
        assert row[2] == ""
        assert row[3:6] == row[7:] == (None,) * 3
        assert row[6] == "can be unblinded: ana 24"
    unblind(made, "other")
    base, other = listed(made)
    assert not base.unblinded
    assert other.reading.against == "other"
    row = compared.table((base, other)).rows[1]
    assert row[7:] == (20, 4, 0)
    assert row[3] == pytest.approx(20 / 24)
    assert str(row[2]).endswith(("good", "caution"))
    assert row[6] == "unblinded; ana 24"
    assert other.reading.summary.startswith("● preferred 20-4")
    assert any("other" in series.name for series in other.reading.plots[0].series)


def test_the_worse_one_is_told_by_name(made: Made) -> None:
    pair(made, "other", losses=20)
    unblind(made, "other")
    (found,) = listed(made)
    assert found.reading.verdict == "bad"
    assert "other preferred 20-4" in found.reading.summary


def test_half_done_and_opened(made: Made) -> None:
    opened = open_ab(made.workspace(), made.config, "tuned", against="other", judge="ana")
    assert compared.table(listed(made)).rows[0][6] == "opened, no vote yet"
    opened.vote(opened.order[0], "tie")
    assert compared.table(listed(made)).rows[0][6] == "ana 1 of 24"
    opened.close()


def test_earlier_answers_are_still_read(made: Made) -> None:
    pair(made, "other")
    unblind(made, "other")
    text = (made.folder / "eval.toml").read_text()
    (made.folder / "eval.toml").write_text(text + "\n[generation]\nseed = 7\n")
    again = Made(made.folder, settings.load(made.folder / "eval.toml", files=False))
    (found,) = listed(again)
    assert not found.current
    assert found.reading.numbers["wins"].value == 20
    assert compared.table((found,)).rows[0][6] == "earlier answers, unblinded; ana 24"


def test_a_model_that_is_gone_is_still_read(made: Made) -> None:
    pair(made, "other")
    unblind(made, "other")
    gone = Made.at(made.folder, toml="[blind_ab]\npairs = 24\n")
    (found,) = listed(gone)
    assert (found.candidate, found.against, found.current) == ("tuned", "other", False)
    assert "other" in json.dumps([row[1] for row in compared.table((found,)).rows])
    assert found.reading.numbers["losses"].value == 4


def test_an_answer_is_not_shown_while_another_comparison_asks_about_it(made: Made) -> None:
    # As many pairs as there are prompts beside the review's: the next has to ask them again.
    made = Made.at(made.folder, toml=TOML.replace("pairs = 24", "pairs = 100"))
    pair(made, None)
    unblind(made, None)
    workspace = made.workspace()
    evidence = WorkspaceEvidence(workspace, made.config, FileCache())
    (base,) = comparisons(workspace, made.config)
    ref = base.reading.tables["pairs"].refs[0]
    whole = detail_of(evidence, "tuned", ref)
    assert whole is not None
    assert [name for name, _ in whole.answers] == ["○ base", "● tuned"]
    opened = open_ab(made.workspace(), made.config, "tuned", against="other", judge="bo")
    assert any("100 of these prompts have an answer" in text for text in opened.before())
    assert not any("tuned" in text or "other-" in text for text in opened.before())
    evidence = WorkspaceEvidence(workspace, made.config, FileCache())
    part = detail_of(evidence, "tuned", ref)
    assert part is not None
    assert part.answers == ()
    assert "The answers open with its unblinding" in part.notes[0]
    opened.close()
    workspace.close()


def test_rows_alone_need_no_answers_of_what_is_not_unblinded(made: Made) -> None:
    pair(made, "other")
    pair(made, None, losses=20)
    unblind(made, "other")
    workspace = made.workspace()
    whole = comparisons(workspace, made.config)
    rows = comparisons(workspace, made.config, blind=False)
    workspace.close()
    assert compared.table(rows) == compared.table(whole)
    assert compared.said(rows, 0.05) == compared.said(whole, 0.05)
    base, other = rows
    # No pair is listed: which of them an open comparison asks would have to be looked up.
    tables = {key: one for key, one in whole[1].reading.tables.items() if key != "pairs"}
    assert other.reading == replace(whole[1].reading, tables=tables)
    assert base.reading.verdict == "waiting"
    assert not base.reading.numbers


def forget_who_was_compared(made: Made) -> None:
    """As in a folder that holds the models and journals, not the facts of the judging."""
    for path in (made.folder / ".tui-eval" / "facts").glob("*judged-*.jsonl"):
        path.unlink()


def test_a_round_of_todays_models_is_known_though_nobody_recorded_it(made: Made) -> None:
    pair(made, None)
    pair(made, "other")
    unblind(made)
    (known, other) = listed(made)
    forget_who_was_compared(made)
    (found, blind) = listed(made)
    assert (found.candidate, found.against, found.current) == ("tuned", "base", True)
    assert found.reading.headline == known.reading.headline
    assert found.unblinded
    assert (blind.against, blind.unblinded, blind.reading) == ("other", False, other.reading)
    workspace = made.workspace()
    rows = comparisons(workspace, made.config, blind=False)
    workspace.close()
    assert compared.table(rows) == compared.table((found, blind))


def test_a_journal_of_todays_models_is_not_called_another_workspaces(made: Made) -> None:
    pair(made, None)
    (path,) = (made.folder / "judgements").glob("ana-*.jsonl")
    away = made.folder / path.name
    path.rename(away)
    forget_who_was_compared(made)
    workspace = made.workspace()
    asked = "was it made for another one?"
    assert asked not in import_journal(workspace, away, made.config)
    assert asked in import_journal(workspace, away), "nothing is known without today's models"
    shorter = dataclasses.replace(made.config, models={"base": made.config.models["base"]})
    assert asked in import_journal(workspace, away, shorter)
    workspace.close()


def test_a_review_of_todays_model_is_known_too(made: Made) -> None:
    session = open_review(made.workspace(), made.config, "tuned", judge="bo")
    session.score(session.order[0], "accuracy", 4)
    session.close()
    (path,) = (made.folder / "judgements").glob("bo-*.jsonl")
    away = made.folder / path.name
    path.rename(away)
    forget_who_was_compared(made)
    workspace = made.workspace()
    assert "another one?" not in import_journal(workspace, away, made.config)
    workspace.close()
