"""All checkpoints of a run: found, scored over one loaded base, told in the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from peft import PeftModel
from safetensors.torch import load_file, save_file

from tests.engine import models
from tests.engine.test_score_job import Bench, Watched, expected
from tests.engine.test_score_losses import RELATIVE
from tui_eval.cli import main
from tui_eval.core.records import Job
from tui_eval.engine import adapters
from tui_eval.engine.jobs import score
from tui_eval.engine.serve import config_of
from tui_eval.errors import InputError
from tui_eval.files import checkpoints, producers
from tui_eval.files.evidence import FileCache
from tui_eval.files.exports import show_checkpoints

SCALES = {100: 0.2, 200: 0.6, 400: 3.0}


class Run(Bench):
    """A run whose adapter was saved several times, the judged one at step 300."""

    def spread(self) -> None:
        run = self.folder / "run"
        judged = run / "checkpoint-300"
        shutil.copytree(self.folder / "tuned", judged)
        for step, factor in SCALES.items():
            copy = run / f"checkpoint-{step}"
            shutil.copytree(judged, copy)
            scale(copy, factor)
        for folder in run.iterdir():
            step = int(folder.name.rpartition("-")[2])
            state = {
                "global_step": step,
                "epoch": step / 100,
                "max_steps": 400,
                "log_history": [
                    {"step": at, "loss": 2.0, "eval_loss": 1.0 + at / 1000}
                    for at in range(100, step + 1, 100)
                ],
            }
            (folder / "trainer_state.json").write_text(json.dumps(state))
        self.settings(models_tuned='path = "run/checkpoint-300"')

    def score_all(self) -> list[str]:
        said: list[str] = []
        workspace = self.workspace()
        for number, (verb, args) in enumerate(checkpoints.requests(self.config(), "tuned")):
            assert verb == "score"
            job = Job(f"job-{number}", "score", args, "running", "")
            context = Watched(workspace, config_of(self.folder, job), job, self.warm)
            context.log = said.append  # type: ignore[assignment,method-assign]
            score.run(job, context)
        workspace.close()
        return said

    def along(self) -> Any:
        workspace = self.workspace()
        workspace.catch_up()
        return checkpoints.along(workspace, self.config(), "tuned", FileCache())


def scale(folder: Path, factor: float) -> None:
    path = folder / "adapter_model.safetensors"
    tensors = load_file(path)
    save_file({k: v * factor if "lora_B" in k else v for k, v in tensors.items()}, path)


@pytest.fixture
def bench(tmp_path: Path) -> Run:
    made = Run.at(tmp_path, 24)
    made.spread()
    return made


def names(bench: Run) -> list[tuple[str, int | None, bool]]:
    places, _ = checkpoints.found(bench.config(), "tuned")
    return [(one.saved.model, one.saved.step, one.saved.judged) for one in places]


def test_checkpoints_beside_the_judged_one_are_found(bench: Run) -> None:
    expected = [("tuned@100", 100, False), ("tuned@200", 200, False), ("tuned", 300, True),
                ("tuned@400", 400, False)]  # fmt: skip
    assert names(bench) == expected
    # The run's folder stands for its newest checkpoint.
    bench.settings(models_tuned='path = "run"')
    assert names(bench) == [*expected[:2], ("tuned@300", 300, False), ("tuned", 400, True)]


def test_the_model_in_the_runs_own_folder_is_one_of_them(bench: Run) -> None:
    run = bench.folder / "run"
    for path in (run / "checkpoint-400").iterdir():
        shutil.copy(path, run)
    places, notes = checkpoints.found(bench.config(), "tuned")
    assert len(places) == 4
    assert notes == ("The model in run itself is the one of checkpoint-400.",)
    scale(run, 0.5)
    places, notes = checkpoints.found(bench.config(), "tuned")
    assert places[-1].saved.model == "tuned@final"
    assert not notes
    # Named as the judged one itself, it is not there twice.
    bench.settings(models_tuned='path = "run"')
    assert [one[0] for one in names(bench)].count("tuned") == 1
    assert len(names(bench)) == 5


def test_torn_checkpoints_are_left_out_and_told(bench: Run) -> None:
    (bench.folder / "run" / "checkpoint-100" / "adapter_model.safetensors").unlink()
    (bench.folder / "run" / "checkpoint-200" / "adapter_config.json").write_text("{")
    places, notes = checkpoints.found(bench.config(), "tuned")
    assert [one.saved.step for one in places] == [300, 400]
    assert "checkpoint-100 is left out: it holds no adapter." in notes
    assert any(one.startswith("checkpoint-200 is left out: ") for one in notes)


def test_a_name_that_is_no_checkpoint_is_told_with_the_nearest(bench: Run) -> None:
    config = bench.config()
    assert checkpoints.understood(config, "tuned") is config
    assert "tuned@200" in checkpoints.understood(config, "tuned@200").models
    assert config.candidates == ("tuned",)
    with pytest.raises(InputError, match=r"no checkpoint tuned@20\.") as caught:
        checkpoints.understood(config, "tuned@20")
    assert "did you mean tuned@200?" in caught.value.remedy
    with pytest.raises(InputError, match="no checkpoint other@1"):
        checkpoints.understood(config, "other@1")


def test_all_are_scored_over_one_loaded_base(bench: Run) -> None:
    said = bench.score_all()
    # The judged one stays as it is, for its own steps.
    assert sum(one.startswith("loading") for one in said) == 2
    assert sum(one.startswith("putting another adapter on") for one in said) == 2
    reading = bench.along()
    rows = {row[2]: row for row in reading.tables["along"].rows}
    for step in (100, 200, 300, 400):
        folder = bench.folder / "run" / f"checkpoint-{step}"
        fresh = PeftModel.from_pretrained(models.loaded("llama").model, folder).eval()
        assert rows[step][4] == pytest.approx(mean_loss(bench, fresh), rel=RELATIVE)
    # Base's losses are there once, for all of them.
    workspace = bench.workspace()
    workspace.catch_up()
    made = [one for one in workspace.producers() if one.adapter is None]
    assert len(made) == 1
    assert len({one.key for one in workspace.producers()}) == 5
    lines = [
        json.loads(line)
        for path in (bench.folder / ".tui-eval" / "facts").glob("*")
        for line in path.open()
    ]
    losses = [one for one in lines if one.get("kind") == "loss" and one.get("key") == made[0].key]
    assert len(losses) == 24
    # The log's own figures beside them, also of what came after the judged one.
    assert [rows[step][-1] for step in (100, 200, 300, 400)] == [1.1, 1.2, 1.3, 1.4]
    workspace.close()


def mean_loss(bench: Run, model: Any) -> float:
    totals = expected(bench, model)
    found = bench.evidence().losses("tuned", "tuned", "validation")
    return sum(totals.values()) / sum(one.tokens for one in found.values())


def test_a_retrained_checkpoint_is_scored_anew(bench: Run) -> None:
    bench.score_all()
    assert bench.along().verdict != "waiting"
    scale(bench.folder / "run" / "checkpoint-200", 1.1)
    assert bench.along().verdict == "waiting"
    # The judged one's own numbers are those of step 2.
    key = producers.wanted(bench.config(), "tuned", "tuned", dtype="float32").key
    workspace = bench.workspace()
    workspace.catch_up()
    assert len(workspace.losses(key)) == 24
    workspace.close()


def test_whole_models_are_checkpoints_too(tmp_path: Path) -> None:
    bench = Run.at(tmp_path, 24)
    for step in (10, 20):
        models.save(tmp_path / "run" / f"checkpoint-{step}", models.loaded("llama", seed=step))
    bench.settings(models_tuned='path = "run/checkpoint-10"')
    bench.score_all()
    reading = bench.along()
    losses = [row[4] for row in reading.tables["along"].rows]
    fresh = [mean_loss(bench, models.loaded("llama", seed=step).model) for step in (10, 20)]
    assert losses == pytest.approx(fresh, rel=RELATIVE)


def test_the_command_line_prints_them(bench: Run, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["-w", str(bench.folder), "show", "--checkpoints"]
    assert main(asked) == 0
    text = capsys.readouterr().out
    assert "Checkpoints of the run" in text
    assert "●  checkpoint-300" in text
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, show_checkpoints.schema())
    assert [row["step"] for row in told["checkpoints"]["tuned"]["tables"]["along"]] == [
        100,
        200,
        300,
        400,
    ]
    assert main([*asked, "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == show_checkpoints.schema()
    assert main(["-w", str(bench.folder), "show", "curves", "--checkpoints"]) == 2


@pytest.mark.parametrize(
    ("settings", "clean"),
    [
        ({}, True),
        ({"bias": "lora_only"}, False),
        ({"modules_to_save": ["lm_head"]}, False),
        ({"trainable_token_indices": [1]}, False),
        ({"init_lora_weights": "pissa"}, False),
        ({"peft_type": "IA3"}, False),
    ],
)
def test_only_plain_lora_leaves_its_base_as_it_was(
    settings: dict[str, Any], clean: bool, tmp_path: Path
) -> None:
    told = {"peft_type": "LORA", "bias": "none", "init_lora_weights": True, **settings}
    (tmp_path / "adapter_config.json").write_text(json.dumps(told))
    assert adapters.detachable(tmp_path) is clean
