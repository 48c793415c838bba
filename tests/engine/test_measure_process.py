"""The whole overfitting step by the real engine process, on the sample run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.sample import TUI_EVAL, demo
from tests.waiting import until
from tui_eval import config as configuration
from tui_eval.core.reading import Reading
from tui_eval.core.records import Job
from tui_eval.engine import launch
from tui_eval.files.evidence import FileCache, WorkspaceEvidence, readings
from tui_eval.store.workspace import Workspace

FINAL = ("done", "failed", "cancelled", "interrupted")


def reading(folder: Path, candidate: str) -> Reading:
    workspace = Workspace.open(folder)
    try:
        config = configuration.load(folder / "eval.toml")
        return readings(workspace, config, candidate, steps=("overfitting",))["overfitting"]
    finally:
        workspace.close()


def test_the_engine_process_measures(tmp_path: Path) -> None:
    folder = demo(tmp_path / "sample")
    workspace = Workspace.open(folder)
    workspace.catch_up()
    job = workspace.request("measure", {"candidate": "tuned", "split": "validation"})
    launch.start(folder, workspace.state_dir)

    def ended() -> Job | None:
        found = workspace.job(job.id)
        return found if found is not None and found.state in FINAL else None

    try:
        found = until(ended, what="the end of measuring")
        assert found is not None
        assert (found.state, found.error) == ("done", "")
        assert (found.done, found.total, found.unit) == (2 * 1261, 2 * 1261, "rows")
    finally:
        launch.kill(workspace, wait=True)
        workspace.close()
    config = configuration.load(folder / "eval.toml")
    other = Workspace.open(folder)
    evidence = WorkspaceEvidence(other, config, FileCache())
    nearest = evidence.nearest("tuned")
    other.close()
    assert nearest is not None
    assert len(nearest) == 253


@pytest.mark.slow
def test_the_good_run_reads_good_and_the_overfitted_one_overfitted(tmp_path: Path) -> None:
    """Two models answer and are scored: a minute and a half on two cores."""
    folder = demo(tmp_path / "sample")
    told = subprocess.run(
        [*TUI_EVAL, "run", "overfitting"], cwd=folder, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    good = reading(folder, "tuned")
    assert good.verdict == "good", good.findings
    assert {f.severity for f in good.findings} <= {"note"}
    bad = reading(folder, "overfitted")
    assert bad.verdict == "bad"
    codes = {finding.code: finding.severity for finding in bad.findings}
    assert codes["gap_high"] == "bad"
    assert codes["eval_rises"] == "bad"
    assert codes["forgetting"] == "caution"
    assert "copies" in codes
    assert (bad.numbers["copies"].value or 0) >= 1
    assert bad.numbers["base_copy_rate"].value == 0
    row = bad.tables["copies"].rows[0]
    assert str(row[5]).startswith("overfitted_train.jsonl ")
    assert str(row[4]).casefold() == str(row[6]).casefold()
