"""An open blind A/B and a task over the same answers, from files: what step 6 may not tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files.making import lines
from tui_eval import config
from tui_eval.core.steps.task_metrics import read
from tui_eval.core.steps.task_metrics_blind import kept_back
from tui_eval.core.steps.task_metrics_chosen import Chosen
from tui_eval.core.steps.task_metrics_items import detail, listed
from tui_eval.errors import InputError
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.exports.answered import gather
from tui_eval.store.workspace import Workspace

MOODS = ("calm", "glad", "cross")
TOML = """\
[models.base]
answers = "base.jsonl"
[models.tuned]
answers = "tuned.jsonl"
[data]
validation = "validation.jsonl"
[blind_ab]
pairs = {pairs}
[tasks.mood]
data = "texts.jsonl"
template = "Which mood has {{code}}?"
reference = "label"
metrics = ["accuracy"]
"""


def labelled(folder: Path, pairs: int) -> WorkspaceEvidence:
    """Thirty labels a model, known by their ids alone: twelve rows of the data are those of the
    validation file, under a template and fields that hold nothing of their prompts."""
    moods = [MOODS[at % 3] for at in range(30)]
    texts = [{"id": at, "code": f"c{900 - at}", "label": moods[at]} for at in range(30)]
    lines(folder / "texts.jsonl", texts)
    rows = [{"id": at, "prompt": f"note {at}", "answer": moods[at]} for at in range(12)]
    lines(folder / "validation.jsonl", rows)
    for model, off in (("base", 1), ("tuned", 0)):
        said = [{"id": at, "answer": MOODS[(at + off * (at % 2)) % 3]} for at in range(30)]
        lines(folder / f"{model}.jsonl", said)
    (folder / "eval.toml").write_text(TOML.format(pairs=pairs))
    return WorkspaceEvidence(Workspace.open(folder), config.load(folder / "eval.toml"), FileCache())


def test_one_row_of_a_file_that_answers_both_is_kept_however_short(tmp_path: Path) -> None:
    evidence = labelled(tmp_path, pairs=8)
    (task,) = evidence.tasks("tuned")
    kept = kept_back(evidence, "tuned", "base")(task)
    asked = {item.fields["id"] for item in task.items if item.sample.id in kept}
    assert len(asked) == 8
    assert all(int(str(at)) < 12 for at in asked)
    assert kept_back(evidence, "tuned", "base")(task) == kept
    shown = listed(evidence, "tuned", Chosen("mood"))
    assert shown is not None
    assert not set(shown.table.refs) & kept
    one = detail(evidence, "tuned", "mood", min(kept))
    assert one is not None
    assert (one.kept, one.said) == (True, ())
    told = {finding.code: finding.text for finding in read(evidence, "tuned").findings}
    assert "8 items" in told["kept_back"]


def test_nothing_is_kept_where_nobody_compares(tmp_path: Path) -> None:
    evidence = labelled(tmp_path, pairs=0)
    (task,) = evidence.tasks("tuned")
    assert not kept_back(evidence, "tuned", "base")(task)


@pytest.mark.parametrize("model", ["base", "tuned"])
def test_an_export_leaves_out_what_an_open_comparison_asks(tmp_path: Path, model: str) -> None:
    evidence = labelled(tmp_path, pairs=8)
    made = config.load(tmp_path / "eval.toml")
    (found,) = gather(evidence, made, "tuned", model, "mood")
    assert (found.kept_back, len(found.answers)) == (8, 22)
    assert "8 items left out" in " ".join(found.notes)
    # All twelve validation prompts: eight are asked.
    (validation,) = gather(evidence, made, "tuned", model, "validation")
    assert len(validation.answers) == 4


def test_an_export_of_nothing_else_is_refused(tmp_path: Path) -> None:
    evidence = labelled(tmp_path, pairs=12)
    with pytest.raises(InputError, match="blind"):
        gather(evidence, config.load(tmp_path / "eval.toml"), "tuned", "base", "validation")
