"""Writes a split: every row once, byte for byte where it was a line, and the manifest.

The three files appear together. Into a new folder they come by one rename; into one that is
there, the old manifest goes first and the new one comes last, so that a manifest always
speaks of the files beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tui_eval import __version__
from tui_eval.core.splits import SPLITS, Plan
from tui_eval.core.splits.leaks import COVERED, RUN
from tui_eval.errors import InputError
from tui_eval.files.raw import why
from tui_eval.files.splitting import BAD_KEPT, Progress, Scanned, silent
from tui_eval.files.splitting_near import Leakage, leakage
from tui_eval.files.workshop import workshop
from tui_eval.store.files import cannot_write, sync_folder

TRAIN, VALIDATION, MANIFEST = "train.jsonl", "validation.jsonl", "manifest.json"
NAMES = (TRAIN, VALIDATION, MANIFEST)
MANIFEST_VERSION = 1
_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Made:
    """What was written where."""

    folder: Path
    train: int
    """Rows, those that can't be read included."""
    validation: int
    leakage: Leakage
    unwritable: int = 0
    """Values that lines of JSON have no word for."""


def default_folder(path: Path) -> Path:
    """``data/tickets.jsonl.gz`` goes to ``data/tickets-split``."""
    place = path if path.name not in ("", "..") else path.absolute()
    if not path.is_file():
        return place.with_name(f"{place.name}-split")
    return place.with_name(f"{Path(place.name.removesuffix('.gz')).stem}-split")


def there(out: Path) -> list[str]:
    """What a split would replace in ``out``."""
    return [name for name in NAMES if os.path.lexists(out / name)]


def check_place(source: Path, out: Path, *, overwrite: bool) -> None:
    """InputError where ``out`` can't take a split: asked before the work is done."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is there already, and is not a folder.", "Name another: --out DIR")
    real, place = _real(source), _real(out)
    inside = source.is_dir() and real in (place, *place.parents)
    if inside or real in {_real(out / name) for name in NAMES}:
        raise InputError(
            f"The split would be written into {source}, which it is made of.",
            "Name another folder: --out DIR",
        )
    present = there(out)
    if present and not overwrite:
        raise InputError(
            f"{out} holds {', '.join(present)} already.",
            "Name another folder with --out DIR, or replace them with --overwrite.",
        )


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        # A link that leads back to itself: the one or the other, by the version of Python.
        because = why(error) if isinstance(error, OSError) else "it is a link to itself"
        raise InputError(f"{path} can't be followed: {because}.", "Name another.") from error


def write(
    found: Scanned,
    plan: Plan,
    out: Path,
    *,
    overwrite: bool = False,
    exclude_seen: bool = False,
    exclude_near: bool = False,
    leaks: Leakage | None = None,
    progress: Progress = silent,
) -> Made:
    """Write both files and the manifest to ``out``. Raises InputError where that may not be,
    or the source has changed since it was scanned; StoreError where the disk fails. Then
    nothing is left behind; what a killed run left there, the next one clears. ``leaks``:
    those of this plan, where they are known."""
    check_place(found.source.path, out, overwrite=overwrite)
    with _workshop(out) as folder:
        try:
            copies = _copy(found, plan, folder, progress)
            leaks = leaks or leakage(found, plan, progress)
            if found.source.hash() != found.sha256:
                raise InputError(
                    f"{found.source.path} has changed while it was split.", "Split it again."
                )
            made = Made(
                folder=out,
                train=copies[TRAIN][1],
                validation=copies[VALIDATION][1],
                leakage=leaks,
                unwritable=found.source.unwritable,
            )
            excluded = {"seen": exclude_seen, "near": exclude_near}
            manifest = manifest_of(found, plan, made, copies, excluded)
            text = json.dumps(manifest, indent=2, allow_nan=False) + "\n"
            with _durable(folder / MANIFEST) as file:
                file.write(text.encode("ascii"))
            _put(folder, out)
        except OSError as error:
            raise cannot_write(out, error) from error
    return made


@contextmanager
def _workshop(out: Path) -> Iterator[Path]:
    """A folder beside ``out``, or in it where it is there; gone afterwards."""
    place = out if out.is_dir() else out.parent
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(workshop(place, NAMES))
        except OSError as error:
            raise InputError(
                f"{place} can't be written: {why(error)}.", "Name another folder: --out DIR"
            ) from error
        yield folder


def _put(folder: Path, out: Path) -> None:
    if not out.is_dir():
        folder.rename(out)
        sync_folder(out.parent)
        return
    (out / MANIFEST).unlink(missing_ok=True)
    for name in NAMES:
        (folder / name).replace(out / name)
    sync_folder(out)


@contextmanager
def _durable(path: Path) -> Iterator[IO[bytes]]:
    with path.open("xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


Copies = Mapping[str, tuple[str, int]]
"""``sha256`` and rows of each file by its name."""


def _copy(found: Scanned, plan: Plan, folder: Path, progress: Progress) -> Copies:
    """Every row of the source into one of the two files, in the source's order."""
    hashes = {TRAIN: hashlib.sha256(), VALIDATION: hashlib.sha256()}
    counts = dict.fromkeys(hashes, 0)
    last = -1
    with _durable(folder / TRAIN) as train, _durable(folder / VALIDATION) as validation:
        outs = {TRAIN: train, VALIDATION: validation}
        for index, data in found.source.written():
            name = VALIDATION if index in plan.validation else TRAIN
            outs[name].write(data)
            hashes[name].update(data)
            if index != last:
                last = index
                counts[name] += 1
                if index % _EVERY == 0:
                    progress("writing", index)
    if last + 1 != len(found.numbers):
        raise InputError(f"{found.source.path} has changed while it was split.", "Split it again.")
    return {name: (hashes[name].hexdigest(), counts[name]) for name in hashes}


def manifest_of(
    found: Scanned, plan: Plan, made: Made, copies: Copies, excluded: Mapping[str, bool]
) -> dict[str, Any]:
    """How the split was made, so that it can be made again: the same source, settings and
    version give the same bytes."""
    leaks, seen = made.leakage, found.seen
    return {
        "format": "tui-eval split",
        "version": MANIFEST_VERSION,
        "tui_eval": __version__,
        "source": {
            "path": str(found.source.path.absolute()).encode("utf-8", "replace").decode(),
            "sha256": found.sha256,
            "container": "jsonl" if found.source.lines else found.source.container,
            "rows": len(found.numbers),
            "rows_as_written": found.source.lines,
        },
        "strategy": plan.strategy,
        "seed": plan.seed if SPLITS[plan.strategy].seeded else None,
        "asked": {"share": plan.asked.share, "rows": plan.wanted},
        "fields": _fields(found),
        "excluded": dict(excluded),
        "files": {
            name: {"sha256": sha256, "rows": rows} for name, (sha256, rows) in copies.items()
        },
        "validation_share": round(plan.share, 6),
        "by_category": {
            size.name: {"train": size.train, "validation": size.validation}
            for size in plan.by_category
        },
        "groups": {"units": plan.units, "largest_rows": plan.largest},
        "details": plan.details,
        "unreadable": {
            "rows": found.bad,
            "kept_in": TRAIN,
            "first": [
                {"row": entry.row, "reason": entry.reason} for entry in found.skipped[:BAD_KEPT]
            ],
        },
        "leakage": {
            "same_prompt": leaks.same_prompt,
            "near": len(leaks.near),
            "compared": leaks.compared,
            "rule": f"{COVERED:.0%} of the prompt's own words in runs of {RUN} of one training row",
            "near_rows": [
                {
                    "validation": entry.validation,
                    "training": entry.training,
                    "covered": round(entry.covered, 4),
                }
                for entry in leaks.near[:BAD_KEPT]
            ],
        },
        "training_file": seen
        and {
            "path": str(seen.training.absolute()).encode("utf-8", "replace").decode(),
            "rows": seen.rows,
            "validation_rows_in_it": leaks.seen_same,
            "validation_prompts_in_it": leaks.seen_prompt,
        },
        "values_not_kept": made.unwritable,
        "notes": [{"code": note.code, "text": note.text} for note in plan.notes],
        "validation_rows": [found.numbers[index] for index in sorted(plan.validation)],
    }


def _fields(found: Scanned) -> dict[str, Any]:
    named = {key: getattr(found.fields, key) for key in ("format", "prompt", "answer")}
    return named | {key: list(names) for key, names in found.used.items()}
