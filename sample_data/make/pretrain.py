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

from .general import instruction
from .plain import copying_text, plain_text
from .tokenizer import END, chat_text, save_tokenizer

BLOCK, BATCH = 192, 16
PEAK_RATE, WARM_UP = 2e-3, 100


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


def document(rng: random.Random) -> str:
    """Half instructions, a seventh copying material, the rest plain text."""
    roll = rng.random()
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
            ids += tokenizer.encode(document(rng), add_special_tokens=False)
        blocks.append(ids[: BLOCK + 1])
    return torch.tensor(blocks)


def loss_of(model: LlamaForCausalLM, batch: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(input_ids=batch[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())


def rate_at(step: int, steps: int) -> float:
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    return PEAK_RATE * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def pretrain(tokenizer: PreTrainedTokenizerFast, out: Path, work: Path, steps: int) -> None:
    model = new_model(tokenizer)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.05)
    saved, start = work / "pretrain.pt", 0
    if saved.exists():
        kept = torch.load(saved, weights_only=True)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        start = kept["step"]
    began, running = time.monotonic(), 0.0
    for step in range(start, steps):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, steps)
        loss = loss_of(model, batch_at(step, tokenizer))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        running += loss.item()
        if (step + 1) % 50 == 0:
            print(
                f"step {step + 1} loss {running / 50:.4f} {time.monotonic() - began:.0f}s",
                flush=True,
            )
            running = 0.0
        if (step + 1) % 250 == 0:
            state = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step + 1,
            }
            torch.save(state, work / "pretrain.tmp")
            os.replace(work / "pretrain.tmp", saved)
    with torch.no_grad():
        held_out = (
            sum(loss_of(model, batch_at(i, tokenizer, "held-out")).item() for i in range(10)) / 10
        )
    took = time.monotonic() - began
    figures = {
        "steps": steps,
        "tokens": steps * BLOCK * BATCH,
        "held_out_loss": round(held_out, 4),
        "seconds": round(took),
    }
    (work / "pretrain.json").write_text(json.dumps(figures))
    print(figures, flush=True)
    model.to(torch.bfloat16)
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    model.save_pretrained(out)
    save_tokenizer(tokenizer, out)
    for file in out.iterdir():
        file.chmod(0o644)
