"""The bank: small fine-tunes whose verdicts are known from how they were made.

Each place is a workspace: base, data, runs, and an ``eval.toml`` that names them.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainingArguments

from .bank_data import PLACES
from .bank_members import MEMBERS, Member
from .finetune import SEED, arguments, prepare, train
from .workspace import last_checkpoint

SAMPLE = Path(__file__).resolve().parents[1]


class StopAt(TrainerCallback):  # type: ignore[misc]
    """Ends a run before its schedule does."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **other: Any) -> Any:
        control.should_training_stop = state.global_step >= self.step
        return control


def write_bank(
    out: Path,
    work: Path,
    members: Sequence[Member] = MEMBERS,
    source: Path = SAMPLE,
    seed: int = 0,
) -> None:
    """``source``: the sample, for its base and its rows. Another seed draws other rows of it,
    adapters and orders of training."""
    for place in dict.fromkeys(member.place for member in members):
        shutil.copytree(source / "base", out / place / "base", dirs_exist_ok=True)
        PLACES[place](source, out / place / "data", seed)
        here = [member for member in members if member.place == place]
        for member in here:
            began = time.monotonic()
            make(member, out / place, work, seed)
            print(f"{member.recipe.name}: {time.monotonic() - began:.0f} s", flush=True)
        write_settings(out / place, here)


def make(member: Member, out: Path, work: Path, seed: int = 0) -> None:
    folder = work / member.recipe.name
    shutil.rmtree(folder, ignore_errors=True)
    trainer = prepare(member.recipe, out, settings(member, folder, seed))
    if member.stop is not None:
        trainer.add_callback(StopAt(member.stop))
    train(trainer, member.recipe, out)


def settings(member: Member, folder: Path, seed: int = 0) -> TrainingArguments:
    made = arguments(member.recipe, folder, quick=False)
    made.seed = SEED + seed
    made.max_steps = member.planned or -1
    if member.unclipped:
        made.max_grad_norm = 0.0
    return made


def write_settings(out: Path, members: Sequence[Member]) -> None:
    lines = ["[models.base]", 'path = "base"', ""]
    for member in members:
        name = member.recipe.name
        path = last_checkpoint(out / "runs" / name).relative_to(out).as_posix()
        lines += [f"[models.{name}]", f'path = "{path}"']
        lines += [f'train = "data/{member.recipe.files[0]}.jsonl"', ""]
    lines += ["[data]", 'validation = "data/validation.jsonl"', 'off_task = "data/off_task.jsonl"']
    (out / "eval.toml").write_text("\n".join(lines) + "\n")
