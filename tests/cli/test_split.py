"""``tui-eval split`` as a person calls it."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.files.making import lines
from tests.sample import TUI_EVAL, quiet_environment
from tests.waiting import until


def rows(count: int = 60) -> list[dict[str, Any]]:
    return [
        {
            "prompt": f"question {i}",
            "completion": f"answer {i}",
            "category": ("billing", "refunds", "returns")[i % 3],
            "timestamp": 1_735_689_600 + 3600 * i,
            "group": f"ticket-{i // 2}",
        }
        for i in range(count)
    ]


def run(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TUI_EVAL, "split", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        env={**os.environ, **quiet_environment(cwd)},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    lines(folder / "tickets.jsonl", rows())
    return folder


@pytest.mark.parametrize("strategy", ["random", "temporal", "category"])
def test_without_further_flags(folder: Path, strategy: str) -> None:
    done = run(folder, "tickets.jsonl", "--strategy", strategy)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    out = folder / "tickets-split"
    assert {path.name for path in out.iterdir()} == {
        "train.jsonl",
        "validation.jsonl",
        "manifest.json",
    }
    train, validation = (
        (out / name).read_text().splitlines() for name in ("train.jsonl", "validation.jsonl")
    )
    source = (folder / "tickets.jsonl").read_text().splitlines()
    assert sorted(train + validation) == sorted(source)
    assert len(validation) == 6
    assert not {json.loads(row)["group"] for row in train} & {
        json.loads(row)["group"] for row in validation
    }
    assert (
        "validation.jsonl: 6 rows, 10.0% of 60 (asked: 0.1)\ntickets-split/manifest.json"
        in done.stdout
    )
    assert "fields: category from category; time from timestamp; group from group" in done.stdout
    assert "category      train  validation\n" in done.stdout
    assert ("\nbilling          18           2\n" in done.stdout) is (strategy != "random")
    assert "same prompt: 0 of 6 validation rows" in done.stdout
    assert "near duplicate: 0 of 6 validation rows" in done.stdout
    assert ("training ends 2025-01-03T05:00:00Z" in done.stdout) is (strategy == "temporal")


def test_the_same_seed_makes_the_same_files(folder: Path) -> None:
    held = {}
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        done = run(
            folder, "tickets.jsonl", "--strategy", "random", "--seed", seed, "--out", name,
            "--test-size", "20",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        held[name] = (folder / name / "validation.jsonl").read_bytes()
    assert held["a"] == held["b"] != held["c"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("absent.jsonl", "--strategy", "random"), "There is no file absent.jsonl"),
        (("tickets.jsonl",), "--strategy"),
        (("tickets.jsonl", "--strategy", "stratified"), "--strategy: invalid choice"),
        (("tickets.jsonl", "--strategy", "random", "--test-size", "2.5"), "no size"),
        (("tickets.jsonl", "--strategy", "random", "--test-size", "60"), "none to train on"),
        (("tickets.jsonl", "--strategy", "random", "--group", "grp"), "no field 'grp'"),
        (("tickets.jsonl", "--strategy", "random", "--exclude-seen"), "Name it: --training FILE"),
        (("tickets.jsonl", "--strategy", "random", "--training", "x"), "There is no file x"),
        (("tickets.jsonl", "--strategy", "category", "--category", "prompt"), "--strategy random"),
        (("tickets.jsonl", "--strategy", "temporal", "--time", "prompt"), "No time in the file"),
        (("empty.jsonl", "--strategy", "random"), "is empty"),
        ((".", "--strategy", "random"), "is a folder without"),
    ],
)
def test_wrong_use(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    (folder / "empty.jsonl").write_text("")
    before = {path.name for path in folder.iterdir()}
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert {path.name for path in folder.iterdir() if path.is_dir() or path.suffix} >= before
    assert not (folder / "tickets-split").exists()


def test_an_earlier_split_stays(folder: Path) -> None:
    assert run(folder, "tickets.jsonl", "--strategy", "random").returncode == 0
    before = (folder / "tickets-split" / "validation.jsonl").read_bytes()
    again = run(folder, "tickets.jsonl", "--strategy", "random", "--seed", "1")
    assert again.returncode == 2
    assert "--overwrite" in again.stderr
    assert (folder / "tickets-split" / "validation.jsonl").read_bytes() == before
    done = run(folder, "tickets.jsonl", "--strategy", "random", "--seed", "1", "--overwrite")
    assert done.returncode == 0
    assert (folder / "tickets-split" / "validation.jsonl").read_bytes() != before


def test_the_workspace_tells_what_was_trained_on(folder: Path) -> None:
    lines(folder / "trained.jsonl", rows(40))
    (folder / "eval.toml").write_text('[data]\ntrain = "trained.jsonl"\n')
    done = run(folder, "tickets.jsonl", "--strategy", "temporal", "--test-size", "30")
    assert done.returncode == 0, done.stderr
    assert "! 10 of 30 validation rows are in the training file" in done.stderr
    assert "in the training file: 10 with the answer, 0 more" in done.stdout
    done = run(
        folder, "tickets.jsonl", "--strategy", "random", "--test-size", "10", "--exclude-seen",
        "--out", "unseen",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "in the training file: 0 with the answer" in done.stdout
    held = (folder / "unseen" / "validation.jsonl").read_text().splitlines()
    assert len(held) == 10
    assert all(int(json.loads(row)["prompt"].split()[1]) >= 40 for row in held)


def test_a_faulty_workspace_does_not_stop_a_split(folder: Path) -> None:
    (folder / "eval.toml").write_text("[data\n")
    done = run(folder, "tickets.jsonl", "--strategy", "random")
    assert done.returncode == 0, done.stderr
    assert "eval.toml is faulty" in done.stderr


def test_hostile_text_is_shown_harmless(folder: Path) -> None:
    made = [{**row, "category": "\x1b[31mred\u202e\n\x07" * 9} for row in rows(8)]
    bad = folder / "b\x1b[2Jad.jsonl"
    bad.write_text("".join(json.dumps(row) + "\n" for row in made) + '{"\x1b]0;title\x07": \n')
    done = run(folder, bad.name, "--strategy", "category", "--no-group")
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout + done.stderr) & {"\x1b", "\x07", "\u202e"}
    assert "␛[31mred" in done.stdout
    assert "Unreadable, kept in training as found: 1 row; the first: line 9" in done.stderr


def test_a_read_only_folder_is_told(folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    folder.chmod(0o500)
    try:
        done = run(folder, "tickets.jsonl", "--strategy", "random")
    finally:
        folder.chmod(0o700)
    assert done.returncode == 2
    assert "--out DIR" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_ended_halfway_nothing_is_left(folder: Path, number: signal.Signals, code: int) -> None:
    with (folder / "large.jsonl").open("w") as file:
        for i in range(50_000):
            file.write(json.dumps({"prompt": f"question {i} " * 8, "completion": "x"}) + "\n")
    for _ in range(20):
        child = subprocess.Popen(
            [*TUI_EVAL, "split", "large.jsonl", "--strategy", "random"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **quiet_environment(folder)},
            # What starts the tests in the background may have SIGINT ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

        def halfway(child: subprocess.Popen[bytes] = child) -> bool:
            return any(folder.glob(".split-*/train.jsonl")) or child.poll() is not None

        until(halfway, 120)
        child.send_signal(number)
        ended = child.wait(60)
        if ended != 0:
            break
        # It was done before the signal came: not halfway.
        shutil.rmtree(folder / "large-split")
    assert ended == code
    assert not any(folder.glob(".split-*"))
    assert not (folder / "large-split").exists()


@pytest.mark.slow
def test_200_000_rows_in_flat_memory(folder: Path) -> None:
    path = folder / "large.jsonl"
    with path.open("w") as file:
        for i in range(200_000):
            row = {"prompt": f"question {i} " * 20, "completion": "x" * 1000, "group": i // 3}
            file.write(json.dumps(row) + "\n")
    assert path.stat().st_size > 200e6
    done = subprocess.run(
        [*TUI_EVAL, "split", "large.jsonl", "--strategy", "random"],
        cwd=folder, capture_output=True, text=True, timeout=600,
        env={**os.environ, **quiet_environment(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Kilobytes; the largest of all children, so that the others must be smaller still.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 400_000
    assert "validation.jsonl: 20,001 rows" in done.stdout or "20,000 rows" in done.stdout
