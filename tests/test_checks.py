"""The linter and the type checker, as tests: one command runs everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_tool_is_content(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_no_file_grows_past_a_look() -> None:
    """About 400 lines is where a file wants a seam; the exceptions are named here."""
    exceptions = {  # Tables of cases: cut in two, each half would need the other's head.
        "tests/core/test_curves.py",
        "tests/core/test_perplexity.py",
        "tests/files/test_containers.py",
    }
    long = {
        str(path.relative_to(ROOT)): count
        for path in [*ROOT.glob("tui_eval/**/*.py"), *ROOT.glob("tests/**/*.py")]
        if (count := len(path.read_text("utf-8").splitlines())) > 450
    }
    assert set(long) <= exceptions, long
