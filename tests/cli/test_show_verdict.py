"""What ``show`` and ``gate`` say of the decision and of earlier evaluations, on the command
line and against the published schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.files.made_history import Trained
from tui_eval.cli import main
from tui_eval.core.sign_off_records import Contradiction, Decided, SignOff
from tui_eval.files import history
from tui_eval.files.exports import history as exported
from tui_eval.files.exports import show
from tui_eval.files.exports.show_signoff import Verdicts
from tui_eval.files.signing import sign

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    made = Trained.at(tmp_path / "w")
    made.score(3.0, "base")
    made.score(2.0)
    return made


def signed(trained: Trained, note: str = "") -> None:
    workspace = trained.workspace()
    found = trained.readings(workspace)
    sign(workspace, trained.config, "tuned", "ana", "hold", note, found, trained.cache)
    history.remember(workspace, trained.config, "tuned", found, trained.cache)
    workspace.close()


def told(trained: Trained, capsys: Capture, *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main([arguments[0], "-w", str(trained.folder), *arguments[1:]])
    return code, capsys.readouterr().out


def signoff(trained: Trained, capsys: Capture, *steps: str) -> dict[str, Any]:
    code, text = told(trained, capsys, "show", *steps, "--json")
    assert code == 0
    shown = json.loads(text)
    jsonschema.Draft202012Validator(show.schema()).validate(shown)
    found: dict[str, Any] = shown["candidates"]["tuned"]["signoff"]
    return found


def test_before_anybody_signed(trained: Trained, capsys: Capture) -> None:
    found = signoff(trained, capsys)
    assert (found["decision"], found["by"], found["at"], found["stale"]) == (
        "none", None, None, False,
    )  # fmt: skip
    assert found["missing"] == "20 reviews, 10 votes in the blind A/B and the A/B unblinded"
    assert "… undecided" in told(trained, capsys, "show")[1]


def test_what_deploy_lacks_does_not_hang_on_the_steps_that_are_shown(
    trained: Trained, capsys: Capture
) -> None:
    assert signoff(trained, capsys, "perplexity") == signoff(trained, capsys)
    assert "Sign-off" not in told(trained, capsys, "show", "perplexity")[1]


def test_a_decision_then_other_weights(trained: Trained, capsys: Capture) -> None:
    signed(trained, "wait for \x1b[31mmore votes")
    found = signoff(trained, capsys)
    assert (found["decision"], found["by"], found["stale"]) == ("hold", "ana", False)
    assert found["note"] == "wait for \x1b[31mmore votes", "the exact text, as JSON escapes it"
    text = told(trained, capsys, "show")[1]
    assert "hold, signed by ana at 20" in text
    assert "\x1b" not in text
    gate = ("gate", "--require", 'signoff.decision = "hold"')
    assert told(trained, capsys, *gate)[0] == 0
    trained.train(7)
    found = signoff(trained, capsys)
    assert (found["stale"], found["changed"]) == (True, ["the adapter of tuned changed"])
    code, text = told(trained, capsys, *gate)
    assert code == 1
    assert "hold, out of date: the adapter of tuned changed; sign again" in text


def test_contradictions_keep_to_the_schema_and_are_printed() -> None:
    one = Contradiction("x_y", "perplexity better\x1b, but", ("perplexity", "blind_ab"))
    who = SignOff("tuned", "deploy", "ana", "ana@gpu", "2026-11-20T10:00:00Z")
    verdicts = {"tuned": Verdicts(Decided("deploy", who), (one,))}
    shown = show.as_json({"tuned": {}}, verdicts=verdicts)
    jsonschema.Draft202012Validator(show.schema()).validate(shown)
    assert shown["candidates"]["tuned"]["signoff"]["contradictions"][0]["code"] == "x_y"
    text = show.as_text({"tuned": {}}, verdicts=verdicts, unicode=False)
    assert "perplexity better" in text
    assert "\x1b" not in text
    assert "+ deploy, signed by ana at 2026-11-20T10:00:00Z" in text


def test_the_history_as_text_and_by_its_schema(trained: Trained, capsys: Capture) -> None:
    assert "No earlier evaluation is kept." in told(trained, capsys, "show", "--history")[1]
    signed(trained)
    trained.train(7)
    trained.score(2.5)
    code, text = told(trained, capsys, "show", "--history")
    assert code == 0
    assert "since then the adapter of tuned changed" in text
    assert "perplexity 64.9% higher [64.9, 64.9] than then, on the same 40 samples" in text
    assert "ana signed hold at" in text
    shown = json.loads(told(trained, capsys, "show", "--history", "--json")[1])
    jsonschema.Draft202012Validator(exported.schema()).validate(shown)
    (earlier,) = shown["candidates"]["tuned"]["earlier"]
    assert earlier["signoff"]["decision"] == "hold"
    assert earlier["paired"]["ratio"] == pytest.approx(1.6487, abs=1e-4)
    step = earlier["steps"]["perplexity"]
    assert step["then"]["numbers"]["tuned"]["value"] < step["now"]["numbers"]["tuned"]["value"]
    schema = json.loads(told(trained, capsys, "show", "--history", "--schema")[1])
    jsonschema.Draft202012Validator.check_schema(schema)
