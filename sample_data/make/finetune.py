"""The two fine-tunes: LoRA with the plain Trainer, and what is kept of each run."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerBase,
    Trainer,
    TrainingArguments,
    set_seed,
)

from .data import read
from .recipe import Recipe
from .tokenizer import TOKENIZER_FILES

IGNORED = -100
SEED = 7


RECIPES = {
    "good": Recipe(
        "good",
        ("train", "replay"),
        "A LoRA fine-tune as it should be: enough rows, three epochs, old material mixed in.",
        rank=16,
        dropout=0.05,
        epochs=3,
        rate=2e-3,
        log_every=5,
        eval_every=51,
    ),
    "overfitted": Recipe(
        "overfitted",
        ("overfitted_train",),
        "A LoRA fine-tune as it should not be: few rows, many epochs, a large adapter.",
        rank=64,
        dropout=0.0,
        epochs=50,
        rate=5.5e-3,
        log_every=2,
        eval_every=8,
        warm_up=4,
    ),
}


def encode(row: dict[str, Any], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[int]]:
    """A chat row is scored on its answer and the end token, a plain text as a whole."""
    if "text" in row:
        ids = tokenizer.encode(row["text"] + tokenizer.eos_token)
        return {"input_ids": ids, "labels": list(ids)}
    whole = tokenizer.encode(tokenizer.apply_chat_template(row["messages"], tokenize=False))
    head = tokenizer.encode(
        tokenizer.apply_chat_template(
            row["messages"][:-1], tokenize=False, add_generation_prompt=True
        )
    )
    assert whole[: len(head)] == head, "no token may lie over the border of prompt and answer"
    return {"input_ids": whole, "labels": [IGNORED] * len(head) + whole[len(head) :]}


def pad_batch(rows: list[dict[str, list[int]]], pad: int) -> dict[str, torch.Tensor]:
    width = max(len(r["input_ids"]) for r in rows)
    filled = [(r["input_ids"], r["labels"], width - len(r["input_ids"])) for r in rows]
    return {
        "input_ids": torch.tensor([ids + [pad] * n for ids, _, n in filled]),
        "attention_mask": torch.tensor([[1] * len(ids) + [0] * n for ids, _, n in filled]),
        "labels": torch.tensor([labels + [IGNORED] * n for _, labels, n in filled]),
    }


def arguments(recipe: Recipe, folder: Path, quick: bool) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=recipe.epochs,
        max_steps=16 if quick else -1,
        per_device_train_batch_size=16,
        per_device_eval_batch_size=42,
        learning_rate=recipe.rate,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warm_up,
        logging_steps=recipe.log_every,
        eval_strategy="steps",
        eval_on_start=True,
        eval_steps=recipe.eval_every,
        save_strategy="steps",
        save_steps=recipe.eval_every,
        save_only_model=True,
        bf16=True,
        use_cpu=True,
        report_to="none",
        seed=SEED,
        remove_unused_columns=False,
        disable_tqdm=True,
        dataloader_num_workers=0,
    )


def finetune(recipe: Recipe, out: Path, work: Path, quick: bool = False) -> None:
    if quick:
        recipe = replace(recipe, eval_every=8)
    folder = work / recipe.name
    shutil.rmtree(folder, ignore_errors=True)
    train(prepare(recipe, out, arguments(recipe, folder, quick)), recipe, out)


def prepare(recipe: Recipe, out: Path, settings: TrainingArguments) -> Trainer:
    """A fresh adapter of ``out/base``, and the rows of ``out/data`` that it is to see."""
    set_seed(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(out / "base")
    base = AutoModelForCausalLM.from_pretrained(out / "base", dtype=torch.float32)
    model = get_peft_model(
        base,
        LoraConfig(
            r=recipe.rank,
            lora_alpha=2 * recipe.rank,
            lora_dropout=recipe.dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
    )
    rows = [row for name in recipe.files for row in read(out / "data" / f"{name}.jsonl")]
    validation = read(out / "data" / "validation.jsonl")
    return Trainer(
        model=model,
        args=settings,
        processing_class=tokenizer,
        train_dataset=[encode(row, tokenizer) for row in rows],
        eval_dataset=[encode(row, tokenizer) for row in validation],
        data_collator=lambda batch: pad_batch(batch, tokenizer.pad_token_id),
    )


def train(trainer: Trainer, recipe: Recipe, out: Path) -> None:
    trainer.train()
    trainer.save_state()
    if trainer.state.global_step % recipe.eval_every:
        raise SystemExit(
            f"{recipe.name}: {trainer.state.global_step} steps do not end with an eval"
        )
    keep(recipe, Path(trainer.args.output_dir), out, trainer.state)


def keep(recipe: Recipe, folder: Path, out: Path, state: Any) -> None:
    """The last checkpoint, the best one by validation loss if it is another, and the whole log."""
    kept = out / "runs" / recipe.name
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    shutil.copyfile(folder / "trainer_state.json", kept / "trainer_state.json")
    evals = {h["step"]: h["eval_loss"] for h in state.log_history if "eval_loss" in h and h["step"]}
    best = min(evals, key=lambda step: evals[step])
    for step in {best, state.global_step} if recipe.name == "overfitted" else {state.global_step}:
        name = f"checkpoint-{step}"
        keep_checkpoint(recipe, out / "base", folder / name, kept / name)


def keep_checkpoint(recipe: Recipe, base: Path, source: Path, kept: Path) -> None:
    """Without pickles and absolute paths; the adapter in bf16, which halves it."""
    kept.mkdir()
    for file in source.iterdir():
        if file.name in ("adapter_config.json", "trainer_state.json"):
            shutil.copyfile(file, kept / file.name)
    for name in TOKENIZER_FILES:
        shutil.copyfile(base / name, kept / name)
    tensors = load_file(source / "adapter_model.safetensors")
    save_file(
        {name: t.to(torch.bfloat16).contiguous() for name, t in tensors.items()},
        kept / "adapter_model.safetensors",
        metadata={"format": "pt"},
    )
    config = json.loads((kept / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "../../../base"
    (kept / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")
    data = "".join(f"  - ../../../data/{name}.jsonl\n" for name in recipe.files)
    (kept / "README.md").write_text(
        "---\nbase_model: ../../../base\nlibrary_name: peft\npipeline_tag: text-generation\n"
        f"datasets:\n{data}---\n\n{recipe.about}\n\n"
        f"Rank {recipe.rank}, alpha {2 * recipe.rank}, {recipe.epochs} epochs, batch 16, "
        f"learning rate {recipe.rate:g} (cosine).\n\n"
        "Made by `sample_data/make`; no text comes from elsewhere.\n"
    )
    for file in kept.iterdir():
        file.chmod(0o644)
