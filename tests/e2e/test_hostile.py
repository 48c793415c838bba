"""Hostile text in every field of a data set and a log, on every screen: no raw byte of it
reaches the terminal, which is shown by scanning everything that the program wrote."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.tmux import Tmux, needs_tmux
from tests.sample import TUI_EVAL, demo, quiet_environment

pytestmark = needs_tmux

PAYLOADS = (
    "\x1b]0;pwned\x07",
    "\x1b]52;c;cHduZWQ=\x1b\\",
    "\x1b[2J\x1b[H\x1b[?1049l",
    "\x1bP+q544e\x1b\\",
    "\x9b31mpwned\x9c",
    "\x07\x08\x7f\r",
    "\u202edesrever\u2066x\u2069",
    "[@click=app.quit]pwned[/] [bold [/nothing] {x}",
    "\u200b\u00ad\U000e0041",
    "e" + "\u0301" * 300,
)
HOSTILE = " ".join(PAYLOADS)
LONG = "x" * 21_000
"""More than a screen lays out of one text; longer ones cost a minute of scoring."""
FORBIDDEN = {
    "an OSC of ours or theirs": rb"\x1b\]",
    "a DCS": rb"\x1bP",
    "a C1 control": rb"\xc2[\x80-\x9f]",
    "a bell, a backspace or DEL": rb"[\x07\x08\x7f]",
    "a bidi control": rb"\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]",
    "a hidden character": rb"\xe2\x80\x8b|\xf3\xa0\x81",
    "a tower of marks": rb"(?:\xcc\x81){20}",
    "a cleared screen": rb"\x1b\[2J\x1b\[H\x1b\[\?1049l",
}


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    pane = Tmux(tmp_path)
    yield pane
    pane.close()


def row(number: int, text: str) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "user", "content": f"{number} {text}"},
            {"role": "assistant", "content": f"{text} {number}"},
        ],
        "category": f"c{number % 3} {HOSTILE}",
        "timestamp": HOSTILE,
        "group": f"{number} {HOSTILE}",
        HOSTILE: HOSTILE,
    }


def poison(folder: Path) -> None:
    """Every field of the data, of a task, the log and the card."""
    rows = [row(number, HOSTILE) for number in range(30)] + [row(30, LONG)]
    lines = [json.dumps(one) for one in rows] + ["{" + HOSTILE, '"' + HOSTILE + '"']
    (folder / "data" / "validation.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    checkpoint = next((folder / "runs" / "good").glob("checkpoint-*"))
    shutil.rmtree(folder / "runs" / "overfitted", ignore_errors=True)
    state = json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))
    for entry in state["log_history"]:
        entry[f"eval_{HOSTILE}_loss"] = 1.0
        entry[HOSTILE] = HOSTILE
    state["best_model_checkpoint"] = HOSTILE
    (checkpoint / "trainer_state.json").write_text(json.dumps(state), "utf-8")
    (checkpoint / "README.md").write_text(f"---\nbase_model: {HOSTILE!r}\n---\n", "utf-8")
    toml = (folder / "eval.toml").read_text("utf-8")
    toml = re.sub(r"\[models\.overfitted\][^\[]*", "", toml).partition("[tasks.")[0]
    asked = [
        {
            "prompt": f"{HOSTILE} asked {n}",
            "label": f"{HOSTILE} {n % 2}",
            "category": f"{n % 3}{HOSTILE}",
        }
        for n in range(24)
    ]
    (folder / "data" / "asked.jsonl").write_text("\n".join(map(json.dumps, asked)), "utf-8")
    toml += '[tasks.asked]\ndata = "data/asked.jsonl"\nmetrics = ["accuracy", "rougeL"]\n'
    # Few and short answers: what is looked at here is how they are shown.
    toml += "\n[generation]\nlimit = 12\nmax_new_tokens = 16\n"
    toml += "\n[overfitting]\nrows = 50\nenough_samples = 20\n\n[scoring]\nlimit = 40\n"
    (folder / "eval.toml").write_text(toml, "utf-8")


def test_no_raw_byte_reaches_the_terminal(tmp_path: Path, terminal: Tmux) -> None:
    folder = demo(tmp_path / "demo\x1b]0;pwned\x07[bold]")
    poison(folder)
    environment = quiet_environment(tmp_path)
    done = subprocess.run(
        [*TUI_EVAL, "run", "-w", str(folder)],
        capture_output=True,
        env={**os.environ, **environment},
        timeout=400,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert clean_stream(done.stdout + done.stderr) == []
    log = (folder / ".tui-eval" / "engine.log").read_bytes()
    assert clean_stream(log) == []

    terminal.start([*TUI_EVAL, str(folder)], **environment)
    terminal.wait("Training curves")
    walk_every_screen(terminal)
    terminal.keys("q")
    terminal.wait("left-with-0")
    assert clean_stream(terminal.log.read_bytes()) == []


def walk_every_screen(terminal: Tmux) -> None:
    """Every step, every view, every page that opens over them, and the lists within."""
    terminal.keys("6")
    terminal.settle()
    judge_some(terminal)
    for step in "1236":
        terminal.keys(step)
        terminal.settle()
        for _ in range(2):
            for key in ("v", "j", "j", "Enter", "Escape"):
                terminal.keys(key)
                terminal.settle()
            terminal.keys(step)
            terminal.settle()
    terminal.keys("1")
    terminal.settle()
    for key in ("Right", "Right", "n", "n", "x", "l", "l", "s", "+", "-", "N"):
        terminal.keys(key)
        terminal.settle()
    for page in ("i", "L", "c", "?", "T", ":", "/"):
        terminal.keys(page)
        terminal.settle()
        terminal.keys("Escape")
        terminal.settle()
    terminal.keys("Escape")
    terminal.wait("Data")
    for _ in range(8):
        terminal.keys("j")
        terminal.settle()
    for key in ("Enter", "Escape", "Escape"):
        terminal.keys(key)
        terminal.settle()
    terminal.wait("Training curves")


def judge_some(terminal: Tmux) -> None:
    """A review and a comparison of hostile answers: what is read, listed and noted."""
    for step, keys in (("4", "4455pehm/"), ("5", "ptdzm/")):
        terminal.keys(step)
        terminal.settle()
        terminal.keys("J")
        terminal.settle()
        for _ in range(2):
            # Who judges, then what is to be known before.
            if "press a" not in terminal.screen() and "accuracy    1" not in terminal.screen():
                terminal.keys("Enter")
                terminal.settle()
        for key in keys:
            terminal.keys(key)
            terminal.settle()
        for _ in range(4):
            terminal.keys("Escape")
            terminal.settle()
    terminal.wait("Training curves")


OWN = b"\x1b]22;default\x07"
"""Textual sets the pointer's shape as it starts and when a screen changes."""


def clean_stream(stream: bytes) -> list[str]:
    stream = stream.replace(OWN, b"")
    return [name for name, pattern in FORBIDDEN.items() if re.search(pattern, stream)]


def test_the_scan_finds_what_it_looks_for() -> None:
    assert len(clean_stream(HOSTILE.encode())) == len(FORBIDDEN)
