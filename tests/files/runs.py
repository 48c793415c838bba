"""Checkpoints as trainers leave them, made by hand and a few bytes large."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def tensors(path: Path, values: dict[str, bytes], dtype: str = "BF16") -> Path:
    """A safetensors file."""
    header: dict[str, Any] = {}
    at = 0
    for name, content in values.items():
        header[name] = {
            "dtype": dtype,
            "shape": [len(content) // 2],
            "data_offsets": [at, at + len(content)],
        }
        at += len(content)
    head = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(head).to_bytes(8, "little") + head + b"".join(values.values()))
    return path


def put(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


def full(folder: Path, **config: Any) -> Path:
    tensors(folder / "model.safetensors", {"a": b"\1" * 64, "b": b"\2" * 64})
    put(folder / "config.json", {"model_type": "llama", "vocab_size": 100, **config})
    put(folder / "tokenizer.json", {"version": "1.0"})
    put(folder / "tokenizer_config.json", {"chat_template": "{{ messages }}"})
    return folder


def adapter(folder: Path, base: str, **settings: Any) -> Path:
    tensors(folder / "adapter_model.safetensors", {"lora": b"\3" * 64})
    written = {
        "base_model_name_or_path": base,
        "peft_type": "LORA",
        "r": 16,
        "lora_alpha": 32,
        "lora_dropout": 0.05,
        "target_modules": ["q_proj", "v_proj"],
        "auto_mapping": None,
    }
    put(folder / "adapter_config.json", {**written, **settings})
    return folder


def state(folder: Path, step: int, **more: Any) -> Path:
    rows = [{"step": i, "loss": 2.0 / i, "epoch": i / 10} for i in range(1, step + 1)]
    rows += [{"step": step, "eval_loss": 1.0, "epoch": step / 10}]
    content = {"global_step": step, "epoch": step / 10, "log_history": rows, "max_steps": 30}
    return put(folder / "trainer_state.json", {**content, **more})


def cached(hub: Path, name: str, commit: str = "abc123", ref: bool = True) -> Path:
    """A model in the layout of the hub's cache."""
    folder = hub / f"models--{name.replace('/', '--')}"
    if ref:
        put(folder / "refs" / "main", commit)
    return full(folder / "snapshots" / commit)
