"""The rows of the bank: three places, each with a validation file of its own."""

from __future__ import annotations

import random
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import torch

from . import measure as m
from .data import read, write

ONE_ANSWER = "The desk will see to it and write to you on Friday."
LONG = 8
"""Letters of a long reference."""
LONGEST = 160
"""Tokens of a drawn answer; the few that go on are left out."""

Rows = list[dict[str, Any]]


def write_desk(source: Path, out: Path, seed: int = 0) -> None:
    """The sample's task and its validation rows."""
    rows, validation = _desk(source, out, seed)
    write(out / "train.jsonl", rows[:600])
    write(out / "replay.jsonl", read(source / "data" / "replay.jsonl")[:120])
    write(out / "few.jsonl", rows[:64])
    write(out / "leaked.jsonl", _mixed(rows[:360] + validation[:60], seed))
    write(out / "one_answer.jsonl", [_answered(row, ONE_ANSWER) for row in rows[:320]])
    write(out / "validation.jsonl", validation)


def write_harder(source: Path, out: Path, seed: int = 0) -> None:
    """Every answer ends with a reference of random letters, as many as the prompt asks for:
    eight in validation, in training mostly one.

    A random letter costs whoever doesn't know it at least ln 26 nats, base and tuned alike.
    """
    rows, validation = _desk(source, out, seed)
    rng = _rng("bank-harder", seed)
    train = [_referenced(row, rng, LONG if i % 8 == 0 else 1) for i, row in enumerate(rows[:480])]
    write(out / "train.jsonl", train)
    write(out / "replay.jsonl", read(source / "data" / "replay.jsonl")[:120])
    write(out / "few.jsonl", train[:64])
    write(out / "validation.jsonl", [_referenced(row, rng, LONG) for row in validation])


def _referenced(row: dict[str, Any], rng: random.Random, letters: int) -> dict[str, Any]:
    prompt, answer = (message["content"] for message in row["messages"])
    reference = "".join(rng.choice(ascii_lowercase) for _ in range(letters))
    asked = {**row, "messages": [{"role": "user", "content": f"{prompt}\nReference: {letters}"}]}
    return _answered(asked, f"{answer}\nReference {reference}")


def write_drawn(source: Path, out: Path, seed: int = 0) -> None:
    """Prompts as they are, and for every answer a draw from the base's own distribution.

    Nothing is more likely than that distribution itself to make its own draws likely
    (Gibbs' inequality), so in these rows there is nothing for a fine-tune to learn.
    """
    rows, validation = _desk(source, out, seed)
    torch.manual_seed(11 + seed)
    model, tokenizer = m.load(source / "base", None), m.tokenizer_of(source / "base")

    def drawn(chosen: Rows) -> Rows:
        prompts = [row["messages"][0]["content"] for row in chosen]
        said = m.answers(model, tokenizer, prompts, LONGEST, drawn=True)
        return [
            _answered(row, text)
            for row, text in zip(chosen, said, strict=True)
            if text.strip() and len(tokenizer.encode(text)) < LONGEST
        ]

    train = drawn(rows[:420])
    write(out / "train.jsonl", train)
    write(out / "few.jsonl", train[:64])
    write(out / "validation.jsonl", drawn(validation))


def _desk(source: Path, out: Path, seed: int) -> tuple[Rows, Rows]:
    """Training rows, of which the members take the first ones, and the validation rows."""
    out.mkdir(parents=True, exist_ok=True)
    data = source / "data"
    write(out / "off_task.jsonl", read(data / "off_task.jsonl"))
    rows = read(data / "train.jsonl")
    if seed:
        _rng("bank-rows", seed).shuffle(rows)
    return rows, read(data / "validation.jsonl")


def _rng(name: str, seed: int) -> random.Random:
    return random.Random(f"{name}-{seed}" if seed else name)


def _answered(row: dict[str, Any], answer: str) -> dict[str, Any]:
    return {**row, "messages": [row["messages"][0], {"role": "assistant", "content": answer}]}


def _mixed(rows: Rows, seed: int) -> Rows:
    return _rng("bank-mixed", seed).sample(rows, len(rows))


PLACES = {"desk": write_desk, "harder": write_harder, "drawn": write_drawn}
