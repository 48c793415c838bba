"""Near duplicates across a split, found by streaming its training rows past its validation
prompts; and splits made without them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from random import Random

from tui_eval.core.overlap_words import folded_words
from tui_eval.core.splits import Note, Plan
from tui_eval.core.splits.leaks import NearRow, NearScan
from tui_eval.core.splits.rows import counted
from tui_eval.errors import InputError
from tui_eval.files.splitting import Progress, Scanned, silent
from tui_eval.files.splitting_rows import said

COMPARED = 20_000
COMPARED_WORDS = 1_000_000
"""Validation rows, and their prompts' words, that are looked up in training at most: a seeded
choice, so that memory does not grow with the file (about 200 MB)."""
ROUNDS = 10
_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Leakage:
    """What validation shares with training, before anything is scored."""

    same_prompt: int
    """Validation rows whose folded prompt a training row has."""
    near: tuple[NearRow, ...]
    """Rows by their numbers in the source."""
    compared: int
    """Validation rows that were looked up for ``near``."""
    seen_same: int | None = None
    seen_prompt: int | None = None
    """Validation rows that the training file holds: prompt and answer, the prompt alone.
    None: no training file was named."""


@dataclass(frozen=True, slots=True)
class Near:
    """By indices of rows; most covered first."""

    rows: tuple[NearRow, ...]
    compared: int
    """Validation rows that were looked up."""


def near(found: Scanned, plan: Plan, progress: Progress = silent) -> Near:
    prompts = _prompts(found, plan)
    scan = NearScan(prompts)
    for row in found.source.rows():
        if row.index % _EVERY == 0:
            progress("looking for near duplicates", row.index)
        if row.index >= len(found.numbers):
            raise InputError(
                f"{found.source.path} has changed since it was read.", "Split it again."
            )
        if row.value is not None and row.index not in plan.validation:
            scan.feed(row.index, said(row.value, found.fields).text)
    return Near(tuple(scan.found()), len(prompts))


def leakage(found: Scanned, plan: Plan, progress: Progress = silent) -> Leakage:
    """Reads the file twice, to look for near duplicates."""
    close = near(found, plan, progress)
    training = {row.prompt for row in found.rows if row.index not in plan.validation}
    held = (row for row in found.rows if row.index in plan.validation)
    seen, numbers = found.seen, found.numbers
    return Leakage(
        same_prompt=sum(row.prompt in training for row in held),
        near=tuple(
            NearRow(numbers[entry.validation], numbers[entry.training], entry.covered)
            for entry in close.rows
        ),
        compared=close.compared,
        seen_same=len(plan.validation & seen.same) if seen else None,
        seen_prompt=len(plan.validation & seen.prompt) if seen else None,
    )


def without_near(
    found: Scanned, decide: Callable[[Collection[int]], Plan], progress: Progress = silent
) -> Plan:
    """The split in which near duplicates of training rows are training rows themselves.

    ``decide`` makes a plan in which the rows named stay in training. What takes their place
    in validation may be near to something too, so it is asked again, ten times at most.
    """
    kept: set[int] = set()
    for _ in range(ROUNDS):
        plan = decide(kept)
        leaks = {entry.validation for entry in near(found, plan, progress).rows}
        if not leaks:
            break
        kept |= leaks
    else:
        plan = decide(kept)
    if not kept:
        return plan
    text = f"Near duplicates of other rows, kept in training: {counted(len(kept))}."
    return replace(plan, notes=(*plan.notes, Note("near_excluded", text)))


def _prompts(found: Scanned, plan: Plan) -> dict[int, str]:
    """Prompts of validation rows, within the limits; each row has the same chance."""
    order = sorted(plan.validation)
    Random(plan.seed).shuffle(order)
    rank = {index: place for place, index in enumerate(order[:COMPARED])}
    kept: dict[int, str] = {}
    heap: list[tuple[int, int, int]] = []
    words = 0
    for row in found.source.rows():
        if row.value is None or row.index not in rank:
            continue
        kept[row.index] = said(row.value, found.fields).text
        size = len(folded_words(kept[row.index]))
        heappush(heap, (-rank[row.index], row.index, size))
        words += size
        while words > COMPARED_WORDS and len(heap) > 1:
            _, dropped, size = heappop(heap)
            del kept[dropped]
            words -= size
    return kept
