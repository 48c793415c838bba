"""``show --comparisons``: any two models against each other, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.core.test_compared import compared, judged
from tests.files.made_rounds import Made
from tests.files.test_comparisons import TOML, pair, unblind
from tests.files.test_comparisons import made as made
from tui_eval import cli
from tui_eval.files.exports import show_comparisons as exported


def valid(told: object) -> None:
    strict = json.loads(json.dumps(told, allow_nan=False))
    jsonschema.Draft202012Validator(exported.schema()).validate(strict)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(exported.schema())
    valid(exported.as_json((), 0.05))
    valid(exported.as_json((compared(judged("ana", 3)), compared(current=False)), 0.05))


def test_text_and_json_of_a_workspace(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    pair(made, "other")
    pair(made, None)
    unblind(made, "other")
    folder = str(made.folder)
    assert cli.main(["show", "--comparisons", "-w", folder]) == 0
    text = capsys.readouterr().out
    assert "unblinded; ana 24" in text
    assert "can be unblinded: ana 24" in text
    assert "● preferred 20-4" in text
    assert cli.main(["show", "--comparisons", "--json", "-w", folder]) == 0
    told = json.loads(capsys.readouterr().out)
    valid(told)
    base, other = told["comparisons"]
    assert base["unblinded_at"] is None
    assert base["reading"]["numbers"]["wins"]["value"] is None
    assert other["reading"]["numbers"]["wins"]["value"] == 20
    assert other["judges"] == [{"judge": "ana", "judged": 24, "planned": 24, "ended": True}]


def test_nothing_was_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Made.at(tmp_path / "w", toml=TOML).folder
    assert cli.main(["show", "--comparisons", "-w", str(folder)]) == 0
    assert "Nothing was compared blind yet" in capsys.readouterr().out
    assert cli.main(["show", "curves", "--comparisons", "-w", str(folder)]) == 2
    assert "without steps" in capsys.readouterr().err


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "--comparisons", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == exported.schema()
