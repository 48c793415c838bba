"""A decision that is hidden, bare or stands on damaged results: ``gate`` fails, and ``show`` and
``report`` say why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from tests.files.made_history import Trained
from tui_eval.cli import main
from tui_eval.commands.gate import as_text
from tui_eval.core import gate
from tui_eval.core.reading import Column, Number, Reading, Table
from tui_eval.core.sign_off_records import Decision
from tui_eval.files.exports import show
from tui_eval.files.report.as_json import schema as report_schema
from tui_eval.files.signing import standing_of

Told = Callable[..., tuple[int, str]]
BARE = "20 reviews, 10 votes in the blind A/B and the A/B unblinded"


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    made_ = Trained.at(tmp_path / "w")
    made_.score(3.0, "base")
    made_.score(2.0)
    return made_


@pytest.fixture
def told(trained: Trained, capsys: pytest.CaptureFixture[str]) -> Told:
    def ran(command: str, *arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main([command, "-w", str(trained.folder), *arguments])
        return code, capsys.readouterr().out

    return ran


def signed(trained: Trained, judge: str, decision: Decision, note: str = "") -> Path:
    """By somebody who had seen all that it needs, elsewhere: as a journal brings it here."""
    workspace = trained.workspace()
    standing = standing_of(workspace, trained.config, "tuned", trained.cache)
    with workspace.journal(judge) as journal:
        said = {"decision": decision, "note": note, "standing": dict(standing), "login": judge}
        journal.append("signoff", candidate="tuned", seen={}, after="", **said)
    workspace.close()
    return journal.path


def in_json(told: Told, *arguments: str) -> dict[str, object]:
    shown = json.loads(told("show", "--json", *arguments)[1])
    jsonschema.Draft202012Validator(show.schema()).validate(shown)
    found: dict[str, object] = shown["candidates"]["tuned"]["signoff"]
    return found


DEPLOYED = ("--require", 'signoff.decision = "deploy"')


def test_an_imported_deploy_without_evidence_is_no_deploy(trained: Trained, told: Told) -> None:
    signed(trained, "mallory", "deploy")
    code, text = told("gate", *DEPLOYED)
    assert (code, f"deploy, deploy lacks {BARE}" in text) == (1, True)
    text = told("show")[1]
    assert f"! deploy, but lacks {BARE}, signed by mallory" in text
    assert "✓ deploy" not in text
    assert in_json(told)["missing"] == BARE
    page = told("report")[1]
    assert "deploy, lacking evidence" in page
    assert f"as things stand now it lacks {BARE}" in page


def test_a_damaged_newer_hold_does_not_bring_the_deploy_back(trained: Trained, told: Told) -> None:
    signed(trained, "ana", "more_work")
    path = signed(trained, "bo", "hold", "the gap is too high")
    conditions = ("--require", 'signoff.decision = "more_work"', "--require", "review.planned >= 0")
    path.write_bytes(path.read_bytes().replace(b"too high", b"too nigh"))
    code, text = told("gate", *conditions)
    assert code == 1
    assert text.count("✗ not met") == 2
    assert path.name in text
    text = told("show")[1]
    assert "! more work, signed by ana" in text
    assert f"a newer decision may be hidden: {path}" in text
    assert str(path) in str(in_json(told)["faults"])
    assert "may be hidden" in told("report")[1]
    whole = json.loads(told("report", "--format", "json")[1])
    jsonschema.Draft202012Validator(report_schema()).validate(whole)
    assert whole["decisions"]["tuned"]["faults"]
    assert told("gate", "--require", "perplexity.improvement > 0")[0] == 0, "no journal is in it"


def test_what_is_left_of_damaged_results_meets_nothing(trained: Trained, told: Told) -> None:
    condition = ("--require", "perplexity.samples > 0")
    assert told("gate", *condition)[0] == 0
    path = min((trained.folder / ".tui-eval" / "facts").iterdir())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    # What was read before stays in the index: here comes a machine that has none.
    (trained.folder / ".tui-eval" / "index.db").unlink()
    code, text = told("gate", *condition)
    assert (code, path.name in text) == (1, True)


def test_a_workspace_with_nothing_computed_has_no_count_of_contradictions(
    tmp_path: Path, told: Told
) -> None:
    fresh = Trained.at(tmp_path / "fresh")
    for condition in ("contradictions = 0", 'signoff.decision != "hold"', "review.flagged = 0"):
        assert main(["gate", "-w", str(fresh.folder), "--require", condition]) == 1


def test_names_and_units_that_mean_harm_are_printed_clean() -> None:
    evil = "\x1b]52;c;aGk=\x07\u202eevil"
    table = Table("t", (Column("a", evil),), ((1,),))
    reading = Reading(
        "task_metrics", "tuned", "good", "", evil,
        numbers={evil: Number(1.0, 0.5, 1.5, 3, evil, evil)}, tables={"t": table},
    )  # fmt: skip
    text = show.as_text({"tuned": {"task_metrics": reading}})
    condition = gate.Condition(f"tuned:x {evil}", "number", "x", "", "", "=", 1.0, "tuned")
    outcome = gate.Outcome(condition, evil, False, Number(1.0, unit=evil, why=evil), why=evil)
    text += as_text([outcome, outcome], evil)
    assert "evil" in text
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
