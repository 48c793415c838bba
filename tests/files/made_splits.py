"""Small files in two, for the tests of splitting them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tui_eval.core.splits import Asked, Plan
from tui_eval.files.splitting import Scanned, decide, scan
from tui_eval.files.splitting_write import NAMES, Made, write

FIFTH = Asked(share=0.2)


def pairs(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"prompt": f"question {i}", "completion": f"answer {i}", **more} for i in range(count)]


def split(
    path: Path, out: Path, strategy: str = "random", wanted: Asked = FIFTH, **options: Any
) -> tuple[Scanned, Plan, Made]:
    reading = {key: options.pop(key) for key in ("fields", "training", "group") if key in options}
    overwrite = options.pop("overwrite", False)
    found = scan(path, **reading)
    plan = decide(found, strategy, wanted, **options)
    made = write(
        found, plan, out, overwrite=overwrite, exclude_seen=options.get("exclude_seen", False)
    )
    return found, plan, made


def both(out: Path) -> tuple[list[bytes], list[bytes]]:
    train, validation = ((out / name).read_bytes().splitlines(keepends=True) for name in NAMES[:2])
    return train, validation


def values(parts: Iterable[bytes]) -> list[Any]:
    return [json.loads(line) for line in parts]


def manifest(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "manifest.json").read_text("ascii"))
    return found
