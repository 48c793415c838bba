"""``tui-eval gate``: exit codes, what it prints, and where it says a condition is misspelt."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.files.log_making import made_run, trainer_state
from tui_eval.cli import main

Gate = Callable[..., int]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Two runs of which only the logs are there."""
    folder = tmp_path / "w"
    folder.mkdir()
    for name, points in (("tuned", 80), ("other", 3)):
        (folder / name).mkdir()
        trainer_state(made_run(points), folder / name)
    (folder / "eval.toml").write_text(TOML)
    return folder


TOML = '[models.tuned]\nlog = "tuned"\n\n[models.other]\nlog = "other"\n'


def gate(workspace: Path, *conditions: str, **options: str) -> int:
    given = [part for one in conditions for part in ("--require", one)]
    more = [part for name, value in options.items() for part in (f"--{name}", value)]
    return main(["gate", "-w", str(workspace), *given, *more])


@pytest.mark.parametrize(
    ("conditions", "code"),
    [
        (["curves.points = 80"], 0),
        (["curves.points = 80", "curves.drop > 0.5"], 0),
        (["curves.points = 80", "curves.drop < 0.5"], 1),
        (["perplexity.improvement > 0"], 1),
        (['blind_ab.verdict = "good"'], 1),
        (["other:curves.points = 3"], 0),
        (['other:curves.verdict != "bad"'], 1),
        (["curves.pionts = 80"], 2),
        (["curves.points = 80", "curves.points ~ 80"], 2),
        (["nobody:curves.points = 80"], 2),
        ([], 2),
    ],
)
def test_exit_codes(workspace: Path, conditions: list[str], code: int) -> None:
    assert gate(workspace, *conditions) == code


def test_conditions_are_printed_with_what_was_measured(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(workspace, "curves.points = 80", "perplexity.improvement > 0") == 1
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0] == "✓ met      curves.points = 80          80 points"
    assert lines[1].startswith("✗ not met  perplexity.improvement > 0  - (")
    assert lines[-2:] == [
        "of tuned, the first candidate; another: --candidate NAME",
        "gate: failed, 1 of 2 not met",
    ]
    assert told.err == ""


def test_the_candidate_is_chosen(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gate(workspace, "curves.points = 3", candidate="other") == 0
    assert "first candidate" not in capsys.readouterr().out


def test_as_json(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--require", "curves.points >= 80", "--require", 'curves.verdict = "bad"', "--json"]
    assert main(["gate", "-w", str(workspace), *given]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["met"]) == (1, False)
    first, second = told["conditions"]
    assert (first["met"], first["candidate"], first["from"]) == (True, "tuned", "--require")
    assert first["measured"]["value"] == 80
    assert (second["met"], second["measured"]) == (False, "good")


def test_conditions_of_eval_toml(workspace: Path) -> None:
    with (workspace / "eval.toml").open("a") as file:
        file.write('[gate]\nrequire = ["curves.points = 80", \'curves.verdict = "good"\']\n')
    assert gate(workspace) == 0
    assert gate(workspace, "curves.points < 80") == 1


def test_a_misspelt_condition_of_eval_toml_is_told_with_its_line(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (workspace / "eval.toml").open("a") as file:
        file.write('[gate]\nrequire = [\n  "curves.drop > 0",\n  "curvs.drop > 0",\n]\n')
    assert main(["show", "-w", str(workspace)]) == 2
    told = capsys.readouterr().err
    assert "line 9: gate.require 'curvs.drop > 0' names the step 'curvs'" in told
    assert "did you mean curves?" in told


def test_without_a_condition_there_is_an_example(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(workspace) == 2
    assert "perplexity.improvement > 0" in capsys.readouterr().err
