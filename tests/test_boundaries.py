"""Who may import whom, asked of fresh interpreters: what a static look can't see."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tui_eval

PACKAGE = Path(tui_eval.__file__).parent
HEAVY = ("torch", "transformers", "peft", "sklearn", "rouge_score", "accelerate")
LAZY = ("polars", "numpy", "scipy")


def imported_by(*modules: str) -> set[str]:
    """Top-level names in ``sys.modules`` after importing ``modules`` in a new interpreter."""
    code = f"import sys, {', '.join(modules)}; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def modules_under(*folders: str) -> list[str]:
    names = []
    for folder in folders:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            parts = ("tui_eval", *path.relative_to(PACKAGE).with_suffix("").parts)
            names.append(".".join(parts).removesuffix(".__init__"))
    return names


def test_the_screens_never_load_a_model() -> None:
    loaded = imported_by(*modules_under("ui", "files", "store", "core"))
    assert not loaded & set(HEAVY)


def test_the_screens_start_without_data_frames() -> None:
    loaded = imported_by(*modules_under("ui", "files", "store", "core"))
    assert not loaded & set(LAZY)


def test_the_core_is_arithmetic() -> None:
    loaded = imported_by(*modules_under("core"))
    assert not loaded & {"textual", "sqlite3", *HEAVY, *LAZY}


def test_the_engine_starts_before_it_loads_torch() -> None:
    loaded = imported_by("tui_eval.engine.launch", "tui_eval.engine.serve")
    assert not loaded & set(HEAVY)
    assert "textual" not in loaded


@pytest.mark.parametrize("module", ["tui_eval.cli", "tui_eval.commands.open"])
def test_the_command_line_opens_without_torch(module: str) -> None:
    assert not imported_by(module) & set(HEAVY)


def test_import_contracts_hold() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    root = PACKAGE.parent
    done = subprocess.run([str(tool)], cwd=root, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
