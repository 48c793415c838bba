"""Trains the base model from nothing on an endless stream of generated documents."""

from __future__ import annotations

import json
import math
import os
import random
import time
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from .desk import desk_instruction
from .general import instruction
from .plain import copying_text, plain_text
from .tokenizer import END, chat_text, save_tokenizer

BLOCK, BATCH = 192, 16
PEAK_RATE, WARM_UP = 2e-3, 100
DESK_RATE, DESK_SHARE = 1e-3, 0.14  # of the steps of the first school


def new_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    torch.manual_seed(11)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=704,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        initializer_range=0.04,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def document(rng: random.Random, name: str) -> str:
    """Half instructions, a seventh copying material, the rest plain text; later mostly the desk."""
    roll = rng.random()
    if name == "desk" and roll < 0.7:
        return chat_text(*desk_instruction(rng))
    if roll < 0.5:
        return chat_text(*instruction(rng))
    return (copying_text(rng) if roll < 0.64 else plain_text(rng)) + END


def batch_at(step: int, tokenizer: PreTrainedTokenizerFast, name: str = "pretrain") -> torch.Tensor:
    """Blocks begin where a document begins: so does everything that the model is asked later.

    A step's batch follows from its number, so an interrupted training goes on exactly.
    """
    rng = random.Random(f"{name}-{step}")
    blocks = []
    for _ in range(BATCH):
        ids: list[int] = []
        while len(ids) <= BLOCK:
            ids += tokenizer.encode(document(rng, name), add_special_tokens=False)
        blocks.append(ids[: BLOCK + 1])
    return torch.tensor(blocks)


def loss_of(model: LlamaForCausalLM, batch: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(input_ids=batch[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())


def rate_at(step: int, steps: int, peak: float = PEAK_RATE) -> float:
    warm_up = min(WARM_UP, steps // 10)
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def pretrain(tokenizer: PreTrainedTokenizerFast, out: Path, work: Path, steps: int) -> None:
    """Two schools, each with a schedule of its own: the world in general, then the desk."""
    model = new_model(tokenizer)
    desk_steps = max(round(steps * DESK_SHARE), 1)
    report = {
        "world": train(model, tokenizer, work, "pretrain", steps, PEAK_RATE),
        "desk": train(model, tokenizer, work, "desk", desk_steps, DESK_RATE),
    }
    (work / "pretrain.json").write_text(json.dumps(report))
    print(report, flush=True)
    model.to(torch.bfloat16)
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    model.save_pretrained(out)
    save_tokenizer(tokenizer, out)
    for file in out.iterdir():
        file.chmod(0o644)


def train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    work: Path,
    name: str,
    steps: int,
    peak: float,
) -> dict[str, float]:
    """Kept every 250 steps, so that an interrupted training goes on where it was."""
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.05)
    saved, start = work / f"{name}.pt", 0
    if saved.exists():
        kept = torch.load(saved, weights_only=True)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        start = kept["step"]
    began, running = time.monotonic(), 0.0
    for step in range(start, steps):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, steps, peak)
        loss = loss_of(model, batch_at(step, tokenizer, name))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        running += loss.item()
        if (step + 1) % 50 == 0:
            seconds = time.monotonic() - began
            print(f"{name} {step + 1} loss {running / 50:.4f} {seconds:.0f}s", flush=True)
            running = 0.0
        if (step + 1) % 250 == 0 or step + 1 == steps:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({**state, "step": step + 1}, work / "unfinished")
            os.replace(work / "unfinished", saved)
    took = time.monotonic() - began
    return {"steps": steps, "tokens": steps * BLOCK * BATCH, "seconds": round(took)}
