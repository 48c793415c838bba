"""Real full and read-only disks, by bubblewrap, for a piece of Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@cache
def _works() -> bool:
    if shutil.which("bwrap") is None:
        return False
    done = subprocess.run(["bwrap", "--bind", "/", "/", "true"], capture_output=True, check=False)
    return done.returncode == 0


needs_bwrap = pytest.mark.skipif(not _works(), reason="bubblewrap (bwrap) does not run here")


def python_in_box(code: str, *options: str, **environment: str) -> str:
    """Run ``code`` with bubblewrap's ``options`` over the whole file system; its output."""
    command = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *options]
    done = subprocess.run(
        [*command, sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
