"""``run`` and ``show --json`` on tasks, with the real engine and answers made elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import jsonschema

from tests.files.making import lines
from tests.sample import TUI_EVAL, quiet_environment
from tui_eval.files.exports import show

LABELS = ("harbour", "coal", "slate")
COUNT = 30


def workspace(folder: Path, tasks: str) -> Path:
    rows = [{"prompt": f"question {n}", "label": LABELS[n % 3]} for n in range(COUNT)]
    lines(folder / "rows.jsonl", rows)
    for model, right in (("base", 10), ("tuned", 25)):
        said = [row["label"] if n < right else "no idea" for n, row in enumerate(rows)]
        made = [{"prompt": row["prompt"], "answer": a} for row, a in zip(rows, said, strict=True)]
        lines(folder / f"{model}.jsonl", made)
    models = "".join(f'[models.{name}]\nanswers = "{name}.jsonl"\n' for name in ("base", "tuned"))
    # Leaves at once, so that nothing is left behind.
    (folder / "eval.toml").write_text(f"{models}[engine]\nlinger = 0.0\n{tasks}")
    return folder


def called(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TUI_EVAL, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **quiet_environment(folder)},
    )


def test_from_two_files_of_answers_to_what_a_machine_reads(tmp_path: Path) -> None:
    tasks = '[tasks.page]\ndata = "rows.jsonl"\nmetrics = ["accuracy", "macro_f1"]\n'
    folder = workspace(tmp_path, tasks)
    done = called(folder, "run", "task_metrics")
    assert done.returncode == 0, done.stderr
    assert "page better: accuracy 0.333 → 0.833, n = 30" in done.stdout
    assert "nothing is generated, the answers are read from files" in done.stderr
    assert "not computed" not in done.stderr
    shown = json.loads(called(folder, "show", "task_metrics", "--json").stdout)
    jsonschema.Draft202012Validator(show.schema()).validate(shown)
    step = shown["candidates"]["tuned"]["steps"]["task_metrics"]
    # A fifth of the answers gives no label.
    assert step["verdict"] == "caution"
    assert [one["code"] for one in step["findings"]] == ["unparsed_labels"]
    assert step["numbers"]["page.accuracy.difference"]["value"] == 0.5


def test_without_a_task_a_pipeline_goes_on(tmp_path: Path) -> None:
    folder = workspace(tmp_path, "")
    done = called(folder, "run")
    assert "no task is named" in done.stderr
    assert "no task is named in eval.toml" in done.stdout
    assert done.returncode == 0, done.stderr + done.stdout
    # Who asks for it by name gets no answer.
    assert called(folder, "run", "task_metrics").returncode == 1
