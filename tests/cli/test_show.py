"""What a machine reads: ``show --json`` keeps to its published schema, whatever the state."""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.sample import TUI_EVAL, demo, quiet_environment
from tui_eval.core.reading import Column, Finding, Number, Plot, Reading, Series, Table
from tui_eval.core.records import Job
from tui_eval.files.exports import show
from tui_eval.files.tries import last_tries


def valid(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    jsonschema.Draft202012Validator(show.schema()).validate(json.loads(strict(shown)))
    return shown


def strict(shown: Mapping[str, Any]) -> str:
    return json.dumps(shown, allow_nan=False)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(show.schema())


def test_nan_and_infinity_never_appear() -> None:
    reading = Reading(
        "curves",
        "tuned",
        "bad",
        "it diverged",
        "the loss is not a number from step 12 on",
        findings=(Finding("non_finite", "bad", "NaN at step 12", {"value": math.nan}),),
        numbers={
            "last": Number(math.nan, math.inf, 2.0, 12, "loss"),
            "drop": Number(None, why="the loss is not finite"),
            "first": Number(2.0, 1.0, math.inf),
        },
        tables={"evals": Table("t", (Column("a", "A"),), ((math.inf,), (1.5,)), ("", "x"))},
        plots=(Plot("loss", "loss", "curve", (Series("s", "train", (1.0,), (math.nan,)),)),),
    )
    shown = valid(show.as_json({"tuned": {"curves": reading}}))
    step = shown["candidates"]["tuned"]["steps"]["curves"]
    assert step["numbers"]["last"]["value"] is None
    assert step["numbers"]["first"]["high"] is None
    assert step["numbers"]["first"]["low"] is None, "half an interval is none"
    assert step["numbers"]["drop"]["why"] == "the loss is not finite"
    assert step["tables"]["evals"] == [{"a": None, "id": ""}, {"a": 1.5, "id": "x"}]
    assert step["series"]["loss"]["series"][0]["y"] == [None]


def test_text_is_clean_and_has_an_ascii_form() -> None:
    reading = Reading(
        "curves", "x", "good", "h", "2.31 → 1.12 \x1b[31m", findings=(Finding("a", "note", "…"),)
    )
    text = show.as_text({"x": {"curves": reading}})
    assert "\x1b" not in text
    assert "✓ good  2.31 → 1.12" in text
    plain = show.as_text({"x": {"curves": reading}}, unicode=False)
    assert "+ good  2.31 -> 1.12" in plain


def test_a_last_try_that_failed_is_told() -> None:
    reading = Reading("perplexity", "tuned", "waiting", "h", "60 samples to be scored")
    jobs = [
        Job("1", "score", {"candidate": "tuned", "split": "validation"}, "done", ""),
        Job(
            "2", "score", {"candidate": "tuned", "split": "validation"}, "failed", "",
            error="Weights are a pickle.\nSet scoring.allow_pickle.",
        ),
    ]  # fmt: skip
    tries = last_tries(jobs)
    found = {"tuned": {"perplexity": reading}}
    text = show.as_text(found, tries=tries)
    assert "  last try: failed. Weights are a pickle.\n            Set scoring" in text
    step = valid(show.as_json(found, tries))["candidates"]["tuned"]["steps"]["perplexity"]
    assert step["last_try"]["state"] == "failed"
    assert not last_tries(jobs[::-1]), "a later try that ended well is the last"


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TUI_EVAL, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        env={**os.environ, **quiet_environment(cwd)},
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo(tmp_path_factory.mktemp("show") / "demo")


def test_show_before_anything_ran(workspace: Path) -> None:
    done = run("show", "--json", cwd=workspace)
    assert done.returncode == 0, done.stderr
    shown = valid(json.loads(done.stdout))
    tuned = shown["candidates"]["tuned"]["steps"]
    assert tuned["curves"]["verdict"] == "good"
    assert tuned["perplexity"]["verdict"] == "waiting"
    overfitted = shown["candidates"]["overfitted"]["steps"]
    assert overfitted["curves"]["verdict"] == "bad"
    assert "eval_peaked" in {finding["code"] for finding in overfitted["curves"]["findings"]}


def test_show_from_below_the_workspace_and_by_number(workspace: Path) -> None:
    done = run("show", "1", cwd=workspace / "data")
    assert done.returncode == 0
    assert "1 Training curves" in done.stdout
    assert "Perplexity" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "curve"), "Did you mean curves?"),
        (("show", "--candidate", "tunde"), "Known: tuned, overfitted"),
        (("show", "--jsno"), "See: tui-eval show --help"),
        (("no-such-folder",), "There is no folder no-such-folder"),
        (("-w", "no-such-folder", "show"), "There is no folder no-such-folder"),
        (("init", "runs/good"), "exists already"),
    ],
)
def test_wrong_use_says_the_remedy_and_exits_2(
    workspace: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = run(*arguments, cwd=workspace)
    if arguments == ("no-such-folder",):
        # Without a terminal that is told first; the path is looked at after it.
        says = "tui-eval show"
    assert done.returncode == 2
    assert says in done.stderr
    assert not done.stdout


def test_run_without_data_says_so_and_is_no_failure(tmp_path: Path, workspace: Path) -> None:
    toml = f'[models.tuned]\npath = "{next(workspace.glob("runs/good/checkpoint-*"))}"\n'
    (tmp_path / "eval.toml").write_text(toml, "utf-8")
    done = run("run", cwd=tmp_path)
    assert done.returncode == 0
    assert "no validation file is named" in done.stderr
    assert "curves" in done.stdout


def test_every_command_has_help_with_an_example() -> None:
    from tui_eval.commands.parsers import PARSERS

    for name, parser in PARSERS.items():
        assert f"tui-eval {name}" in parser().format_help().partition("example:")[2]
