"""One run, written as every stack would write it. Writers are our own, from the formats'
descriptions, so that no logger has to be installed."""

from __future__ import annotations

import json
import math
import random
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_eval.files.logs.parts.crc import masked

Row = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """Rows as the Trainer logs them, each with its step and epoch."""

    rows: tuple[Row, ...]
    max_steps: int
    epochs: float
    logging_steps: int
    batch_size: int = 4

    @property
    def arguments(self) -> dict[str, Any]:
        return {
            "max_steps": -1,
            "num_train_epochs": self.epochs,
            "logging_steps": self.logging_steps,
            "per_device_train_batch_size": self.batch_size,
        }


def made_run(
    points: int = 60,
    *,
    every: int = 10,
    eval_every: int = 100,
    epochs: int = 3,
    sets: Sequence[str] = ("",),
    loss: Callable[[float], float] = lambda part: 0.8 + 2.0 * math.exp(-4 * part),
    validation: Callable[[float], float] = lambda part: 0.9 + 2.0 * math.exp(-4 * part),
    more: Mapping[str, float] | None = None,
    seed: int = 5,
) -> Run:
    chance = random.Random(seed)
    total = points * every
    rows: list[Row] = []
    for place in range(1, points + 1):
        step, part = place * every, place / points
        epoch = round(epochs * part, 4)
        row: Row = {"loss": round(loss(part) + chance.gauss(0, 0.01), 4)}
        row |= {"grad_norm": round(1 + chance.random(), 4)}
        row |= {"learning_rate": round(2e-5 * (1 - part), 10), **(more or {})}
        rows.append({**row, "epoch": epoch, "step": step})
        if step % eval_every == 0:
            for name in sets:
                head = f"eval_{name}_" if name else "eval_"
                value = round(validation(part) + chance.gauss(0, 0.002), 4)
                rows.append(
                    {f"{head}loss": value, f"{head}runtime": 1.5, "epoch": epoch, "step": step}
                )
    return Run(tuple(rows), total, float(epochs), every)


def trainer_state(run: Run, folder: Path) -> Path:
    state = {
        "epoch": run.rows[-1]["epoch"],
        "global_step": run.rows[-1]["step"],
        "log_history": run.rows,
        "logging_steps": run.logging_steps,
        "max_steps": run.max_steps,
        "num_train_epochs": run.epochs,
        "train_batch_size": run.batch_size,
    }
    return _put(folder / "trainer_state.json", json.dumps(state, indent=2).encode())


def trainer_log(run: Run, folder: Path, *, old: bool = False) -> Path:
    """LLaMA-Factory's; the old one writes every key, null where there is nothing."""
    lines = b"".join(trainer_log_lines(run, old=old))
    return _put(folder / "trainer_log.jsonl", lines)


def trainer_log_lines(run: Run, *, old: bool = False) -> Iterator[bytes]:
    for row in run.rows:
        kept: Row = {"current_steps": row["step"], "total_steps": run.max_steps}
        rate = "learning_rate" if old else "lr"
        names = {"loss": "loss", "eval_loss": "eval_loss", "learning_rate": rate}
        names |= {"reward": "reward", "rewards/accuracies": "accuracy"}
        for own, theirs in names.items():
            if old or own in row:
                kept[theirs] = row.get(own)
        kept |= {"epoch": row["epoch"], "percentage": 1.0, "elapsed_time": "0:01:03"}
        yield json.dumps(kept).encode() + b"\n"


def rewritten(row: Row) -> Row:
    """Names as the Trainer's loggers rewrite them."""
    made = {}
    for key, value in row.items():
        if key == "step":
            continue
        named = f"eval/{key[5:]}" if key.startswith("eval_") else f"train/{key}"
        made[named] = value
    return made


# TensorBoard


def varint(value: int) -> bytes:
    made = b""
    value &= (1 << 64) - 1
    while value > 0x7F:
        made += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return made + bytes((value,))


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def framed(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def scalar_value(tag: str, value: float, form: str = "simple") -> bytes:
    head = field(1, tag.encode())
    single = struct.pack("<f", value)
    if form == "simple":
        return head + b"\x15" + single
    if form == "packed":
        return head + field(8, b"\x08\x01" + field(5, single))
    return head + field(8, b"\x08\x01" + field(4, single))


def event(step: int, values: bytes, time: float = 1.7e9) -> bytes:
    made = b"\x09" + struct.pack("<d", time)
    if step:
        made += b"\x10" + varint(step)
    return made + field(5, b"".join((values,)))


def event_records(run: Run, form: str = "simple") -> Iterator[bytes]:
    yield framed(b"\x09" + struct.pack("<d", 1.7e9) + field(3, b"brain.Event:2"))
    told = json.dumps(run.arguments).encode()
    tensor = field(8, b"\x08\x07" + field(8, told))
    yield framed(event(0, field(1, field(1, b"args/text_summary") + tensor)))
    for row in run.rows:
        for tag, value in rewritten(row).items():
            summary = field(1, scalar_value(tag, value, form))
            yield framed(event(row["step"], summary, 1.7e9 + row["step"]))


def events(run: Run, folder: Path, form: str = "simple", at: int = 1700000000) -> Path:
    name = f"events.out.tfevents.{at}.host.7.0"
    return _put(folder / "runs" / "Nov21_host" / name, b"".join(event_records(run, form)))


# Tables


def lightning(run: Run, folder: Path) -> Path:
    """Sparse rows under one header, as Lightning's logger leaves them."""
    names = {"loss": "train_loss", "eval_loss": "val_loss"}
    path = folder / "lightning_logs" / "version_3" / "metrics.csv"
    return _table(path, run, names, "step", "epoch")


def plain_csv(run: Run, folder: Path) -> Path:
    return _table(folder / "log.csv", run, {}, "step", "epoch")


def chart_export(run: Run, folder: Path) -> Path:
    """What the chart of a run named ``run-1`` exports, beside another run's."""
    keys = [key for key in _keys(run) if key not in ("step", "epoch")]
    header = ["train/global_step", "run-1 - train/epoch"]
    for key in keys:
        named = next(iter(rewritten({key: 0})))
        header += [f"run-1 - {named}{end}" for end in ("", "__MIN", "__MAX")]
        header += [f"other - {named}{end}" for end in ("", "__MIN", "__MAX")]
    lines = [",".join(f'"{name}"' for name in header)]
    for row in run.rows:
        cells = [str(row["step"]), str(row["epoch"])]
        for key in keys:
            told = str(row.get(key, ""))
            cells += [told, told and "-5", told and "99", told and "7", "", ""]
        lines.append(",".join(f'"{cell}"' for cell in cells))
    return _put(folder / "wandb_export.csv", "\n".join(lines).encode() + b"\n")


def _keys(run: Run) -> list[str]:
    return list(dict.fromkeys(key for row in run.rows for key in row))


def _table(path: Path, run: Run, names: Mapping[str, str], *first: str) -> Path:
    keys = [*first, *(key for key in _keys(run) if key not in first)]
    lines = [",".join(names.get(key, key) for key in keys)]
    lines += [",".join(str(row.get(key, "")) for key in keys) for row in run.rows]
    return _put(path, "\r\n".join(lines).encode() + b"\r\n")


# Weights & Biases, offline


def wandb_bytes(records: Iterable[bytes]) -> bytes:
    """A header and blocks of 32 KiB; a record that doesn't fit goes on in the next."""
    made = bytearray(b":W&B" + struct.pack("<HB", 0xBEE1, 0))
    for record in records:
        at = 0
        while at < len(record) or not at:
            left = 32768 - len(made) % 32768
            if left < 7:
                made += bytes(left)
                left = 32768
            part = record[at : at + left - 7]
            ends = at + len(part) >= len(record)
            place = (4 if at else 1) if ends else (3 if at else 2)
            check = zlib.crc32(part, zlib.crc32(bytes((place,))))
            made += struct.pack("<IHB", check, len(part), place) + part
            at += len(part)
            if ends:
                break
    return bytes(made)


def wandb_records(run: Run, *, nested: bool = True) -> Iterator[bytes]:
    config = b"".join(field(1, item(2, key, value)) for key, value in run.arguments.items())
    yield field(17, field(1, b"id") + field(4, config))
    for call, row in enumerate(run.rows):
        told = {**rewritten(row), "train/global_step": row["step"], "_step": call}
        items = b"".join(
            field(1, item(2 if nested else 1, key, value)) for key, value in told.items()
        )
        yield b"\x08" + varint(call + 1) + field(2, items + field(2, b"\x08" + varint(call)))
        yield field(4, b"printed " * (call % 7))


def item(key_field: int, key: str, value: Any) -> bytes:
    return field(key_field, key.encode()) + field(16, json.dumps(value).encode())


def wandb_run(run: Run, folder: Path) -> Path:
    place = folder / "wandb" / "offline-run-20261121_101010-abcd"
    return _put(place / "run-abcd.wandb", wandb_bytes(wandb_records(run)))


# trackio


def trackio(run: Run, folder: Path, *, name: str = "newest") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "project.db"
    base = trackio_base(path)
    trackio_rows(base, run.rows, name)
    told = json.dumps(run.arguments)
    base.execute("INSERT INTO configs VALUES (?, ?, ?)", (name, name, told))
    base.commit()
    base.close()
    return path


def trackio_base(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path)
    base.execute(
        "CREATE TABLE IF NOT EXISTS metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT, "
        "timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)"
    )
    base.execute("CREATE TABLE IF NOT EXISTS configs (run_id TEXT, run_name TEXT, config TEXT)")
    return base


def trackio_rows(base: sqlite3.Connection, rows: Iterable[Row], name: str) -> None:
    """Metrics are JSON in bytes; what JSON can't say is a text."""
    for place, row in enumerate(rows):
        told = {**rewritten(row), "train/global_step": row["step"]}
        for key, value in told.items():
            if isinstance(value, float) and not math.isfinite(value):
                told[key] = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
        cells = (name, "2026-11-21T16:11:11+00:00", name, place, json.dumps(told).encode())
        base.execute(
            "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) "
            "VALUES (?, ?, ?, ?, ?)",
            cells,
        )
    base.commit()


# Captured output


def captured(run: Run, folder: Path, *, version: int = 4) -> Path:
    return _put(folder / "train.log", b"".join(captured_parts(run, version=version)))


def captured_parts(run: Run, *, version: int = 4) -> Iterator[bytes]:
    """Dictionaries between redrawn bars, with terminal codes; 5.x writes texts."""
    yield b"Loading checkpoint shards: 100%|\xe2\x96\x88\xe2\x96\x88| 4/4 [00:01<00:00]\n"
    yield f"\r  0%|          | 0/{run.max_steps} [00:00<?, ?it/s]".encode()
    for row in run.rows:
        step = row["step"]
        if any(key.startswith("eval_") for key in row):
            yield b"\n\r  0%|          | 0/25 [00:00<?, ?it/s]\x1b[A"
            yield b"\r100%|###| 25/25 [00:01<00:00]\n"
        told = {key: value for key, value in row.items() if key != "step"}
        if version == 5:
            told = {key: f"{value:.6g}" for key, value in told.items()}
        yield f"\r{' ' * 40}\r\x1b[32m{told}\x1b[0m\n".encode()
        part = step * 100 // run.max_steps
        yield f"\r {part}%|#5  | {step}/{run.max_steps} [00:09<1:10]".encode()
    yield b"\nSaving model\n"


def torchtune(run: Run, folder: Path) -> Path:
    lines = []
    for row in run.rows:
        told = {"loss": row.get("loss"), "lr": row.get("learning_rate")}
        told |= {"grad_norm": row.get("grad_norm")}
        pairs = " ".join(f"{key}:{value}" for key, value in told.items() if value is not None)
        if pairs:
            lines.append(f"Step {row['step']} | {pairs} ")
    return _put(folder / "log_1700000000.txt", "\n".join(lines).encode() + b"\n")


def mlx(run: Run, folder: Path) -> Path:
    lines = ["Loading pretrained model", "Iter 1: Val loss 3.250, Val took 2.512s"]
    for row in run.rows:
        if "loss" in row:
            lines.append(
                f"Iter {row['step']}: Train loss {row['loss']}, Learning Rate "
                f"{row['learning_rate']:.3e}, It/sec 1.234, Tokens/sec 310.2, Trained Tokens 3102, "
                "Peak mem 5.120 GB"
            )
        if "eval_loss" in row:
            lines.append(f"Iter {row['step']}: Val loss {row['eval_loss']}, Val took 2.512s")
    return _put(folder / "output.txt", "\n".join(lines).encode() + b"\n")


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


MAKERS: Mapping[str, Callable[[Run, Path], Path]] = {
    "trainer_state": trainer_state,
    "trainer_log": trainer_log,
    "trainer_log, old keys": lambda run, folder: trainer_log(run, folder, old=True),
    "tensorboard": events,
    "tensorboard, packed": lambda run, folder: events(run, folder, "packed"),
    "tensorboard, content": lambda run, folder: events(run, folder, "content"),
    "lightning": lightning,
    "csv": plain_csv,
    "chart export": chart_export,
    "wandb": wandb_run,
    "trackio": trackio,
    "captured 4": captured,
    "captured 5": lambda run, folder: captured(run, folder, version=5),
    "mlx": mlx,
    "torchtune": torchtune,
}
