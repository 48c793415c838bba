"""``tui-eval sign``: exit codes, what it prints, and what is in the journal afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files.log_making import made_run, trainer_state
from tui_eval.cli import main
from tui_eval.files.signing import signed
from tui_eval.store.journal import login
from tui_eval.store.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A run of which only the log is there."""
    folder = tmp_path / "w"
    (folder / "tuned").mkdir(parents=True)
    trainer_state(made_run(80), folder / "tuned")
    (folder / "eval.toml").write_text('[models.tuned]\nlog = "tuned"\n')
    return folder


def sign(workspace: Path, *words: str) -> int:
    return main(["sign", "-w", str(workspace), *words])


def decisions(workspace: Path) -> list[tuple[str, str, str]]:
    return [(one.by, one.decision, one.note) for one in signed(Workspace.open(workspace))]


def test_a_decision_is_signed_replaced_and_withdrawn(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sign(workspace, "--decision", "hold", "--note", "the gap", "--judge", "ana") == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"tuned: hold, signed by ana ({login()}), saved in ")
    assert not err
    assert sign(workspace, "--decision", "more_work", "--candidate", "tuned") == 0
    assert sign(workspace, "--withdraw", "--judge", "bo") == 0
    assert "the decision is withdrawn, signed by bo" in capsys.readouterr().out
    assert decisions(workspace) == [
        ("ana", "hold", "the gap"), (login(), "more_work", ""), ("bo", "none", ""),
    ]  # fmt: skip


def test_deploy_says_what_is_missing_and_answers_no(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sign(workspace, "--decision", "deploy", "--judge", "ana") == 1
    out, err = capsys.readouterr()
    assert not out
    assert "It needs 20 reviews, 10 votes in the blind A/B and the A/B unblinded." in err
    assert not decisions(workspace)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "sign takes --decision or --withdraw"),
        (("--decision", "hold", "--withdraw"), "sign takes --decision or --withdraw"),
        (("--decision", "ship"), "invalid choice: 'ship'"),
        (("--withdraw",), "There is no decision about tuned to withdraw."),
        (("--decision", "hold", "--candidate", "x"), "There is no candidate x."),
        (("--decision", "hold", "--judge", "\x1b[31m"), "holds characters that are not shown"),
    ],
)
def test_wrong_use_is_told_and_signs_nothing(
    workspace: Path, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sign(workspace, *words) == 2
    err = capsys.readouterr().err
    assert told in err
    assert "\x1b" not in err
    assert not decisions(workspace)


def test_of_several_candidates_one_is_named(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = workspace / "eval.toml"
    toml.write_text(toml.read_text() + '[models.other]\nlog = "tuned"\n')
    assert sign(workspace, "--decision", "hold", "--judge", "ana") == 2
    assert "--candidate tuned" in capsys.readouterr().err
    assert sign(workspace, "--decision", "hold", "--judge", "ana", "--candidate", "other") == 0
    assert decisions(workspace) == [("ana", "hold", "")]
