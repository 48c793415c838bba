"""Output that can't be written, or that nobody reads to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.files.log_making import made_run, trainer_state

FULL = Path("/dev/full")
MET, NOT_MET = "curves.points > 0", "curves.points < 0"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("w")
    (folder / "tuned").mkdir()
    trainer_state(made_run(80), folder / "tuned")
    (folder / "eval.toml").write_text('[models.tuned]\nlog = "tuned"\n')
    return folder


def ran(workspace: Path, *arguments: str, out: int) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tui_eval.cli", *arguments],
        cwd=workspace, stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "arguments",
    [
        ("gate", "--require", MET),
        ("gate", "--require", MET, "--json"),
        ("report",),
        ("show", "--json"),
        ("--version",),
    ],
    ids=lambda arguments: " ".join(arguments[:1]),
)
def test_a_full_disk_is_told_in_words(workspace: Path, arguments: tuple[str, ...]) -> None:
    out = os.open(FULL, os.O_WRONLY)
    code, said = ran(workspace, *arguments, out=out)
    os.close(out)
    assert code == 1
    assert said.startswith("tui-eval: The output can't be written: No space left on device.")
    assert "Traceback" not in said
    assert "Exception ignored" not in said


@pytest.mark.parametrize(("condition", "code"), [(MET, 0), (NOT_MET, 1)])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_gate_that_nobody_reads_says_the_same(
    workspace: Path, condition: str, code: int, more: tuple[str, ...]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert ran(workspace, "gate", "--require", condition, *more, out=writer) == (code, "")
    os.close(writer)


def test_without_an_output_there_is_none(workspace: Path) -> None:
    for command in ("show", f"gate --require '{MET}'"):
        line = f'"{sys.executable}" -m tui_eval.cli {command} >&-'
        done = subprocess.run(
            line, shell=True, cwd=workspace, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_show_whose_reader_left_is_no_failure(workspace: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert ran(workspace, "show", out=writer) == (0, "")
    os.close(writer)
