"""The README's own loop gives the perplexity that the program shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sample import TUI_EVAL, demo, quiet_environment

README = Path(__file__).parents[2] / "README.md"


def the_loop() -> str:
    match = re.search(r"<!-- loop -->\n```python\n(.*?)```", README.read_text("utf-8"), re.S)
    assert match, "README.md has no <!-- loop --> example"
    return match[1]


def test_a_loop_of_ones_own_gives_the_same_perplexity(tmp_path: Path) -> None:
    folder = demo(tmp_path / "tui-eval-demo")
    environment = {**os.environ, **quiet_environment(tmp_path)}
    own = subprocess.run(
        [sys.executable, "-c", the_loop()],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert own.returncode == 0, own.stderr[-2000:]
    done = subprocess.run(
        [*TUI_EVAL, "run", "perplexity", "--candidate", "tuned", "-w", str(folder)],
        env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    shown = subprocess.run(
        [*TUI_EVAL, "show", "perplexity", "--json", "--candidate", "tuned", "-w", str(folder)],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    numbers = json.loads(shown.stdout)["candidates"]["tuned"]["steps"]["perplexity"]["numbers"]
    base, tuned = (float(line.split()[-1]) for line in own.stdout.strip().splitlines())
    assert numbers["base"]["value"] == pytest.approx(base, rel=1e-6)
    assert numbers["tuned"]["value"] == pytest.approx(tuned, rel=1e-6)
