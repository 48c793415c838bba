"""What a split would give, in lines: sizes, leaks, cautions, categories; then what was
written."""

from __future__ import annotations

from dataclasses import dataclass

from tui_eval.core.splits import Plan
from tui_eval.core.splits.rows import counted
from tui_eval.core.text import clean
from tui_eval.files.splitting import Scanned
from tui_eval.files.splitting_near import Leakage
from tui_eval.files.splitting_report import (
    cut_lines,
    how_lines,
    leak_counts,
    near_lines,
    seen_words,
    size_lines,
)
from tui_eval.files.splitting_write import MANIFEST, TRAIN, VALIDATION, Made
from tui_eval.ui.screens.split_form import in_the_form
from tui_eval.ui.widgets.drawn import Line
from tui_eval.ui.widgets.rows import line, wrapped

Said = tuple[str, str]
"""Words and their role."""


@dataclass(frozen=True, slots=True)
class Preview:
    """As far as it is known. ``error``: there is no such split, and why."""

    found: Scanned | None = None
    plan: Plan | None = None
    leaks: Leakage | None = None
    error: str = ""
    made: Made | None = None

    @property
    def ready(self) -> bool:
        """What would be written, and what leaks in it, are on the screen."""
        return self.plan is not None and self.leaks is not None and not self.error


def said(preview: Preview) -> list[Said]:
    """In order of weight: on a small screen the first lines are what is seen."""
    if preview.error:
        return [(f"✗ {in_the_form(preview.error)}", "bad")]
    if preview.made is not None and preview.found is not None:
        return written(preview.made, preview.found)
    found, plan = preview.found, preview.plan
    if found is None or plan is None:
        return []
    train = len(found.numbers) - len(plan.validation)
    lines: list[Said] = [
        (f"train {counted(train)}   validation {counted(len(plan.validation))},"
         f" {plan.share:.1%} of {plan.rows:,}", "text!"),
        *((text, "text") for text in cut_lines(plan)),
        *_leaks(plan, preview.leaks),
    ]  # fmt: skip
    cautions = [note.text for note in plan.notes if note.caution]
    lines += [(f"! {clean(in_the_form(text))}", "caution") for text in cautions]
    if sizes := size_lines(plan):
        lines += [("", "text"), (sizes[0], "dim"), *((text, "text") for text in sizes[1:])]
    if near := near_lines(preview.leaks) if preview.leaks is not None else []:
        lines += [("", "text"), ("near duplicates", "dim")]
        lines += [(in_the_form(text), "text") for text in near]
    lines.append(("", "text"))
    lines += [(clean(in_the_form(note.text)), "text") for note in plan.notes if not note.caution]
    return [*lines, *((text, "dim") for text in how_lines(found, plan))]


def _leaks(plan: Plan, leaks: Leakage | None) -> list[Said]:
    if leaks is None:
        return [("leaks across the split: looking for them", "dim")]
    made: list[Said] = []
    counts = leak_counts(plan, leaks)
    if any(note.code == "seen" for note in plan.notes):
        # The caution says the same, and what it means.
        counts = counts[:2]
    for text in counts:
        bad = text.startswith("near") and bool(leaks.near)
        bad = bad or (text.startswith("same") and bool(leaks.same_prompt))
        made.append((f"! {text}" if bad else text, "caution" if bad else "text"))
    return made


def written(made: Made, found: Scanned) -> list[Said]:
    """Where the files are, and what they are not good for."""
    lines: list[Said] = [
        (f"✓ written to {clean(str(made.folder))}", "good"),
        (f"{TRAIN}: {counted(made.train)}", "text"),
        (f"{VALIDATION}: {counted(made.validation)}", "text"),
        (f"{MANIFEST}: how they were made, so that they can be made again", "text"),
        ("", "text"),
        (f"! {seen_words(found)}", "caution"),
    ]  # fmt: skip
    if made.unwritable:
        words = f"! {made.unwritable:,} values have no form in JSON and were not kept whole"
        lines.insert(4, (words, "caution"))
    return lines


def drawn(preview: Preview, width: int, *, stale: bool = False) -> list[Line]:
    """Wrapped; ``stale``: the form has changed since."""
    made: list[Line] = []
    for words, role in said(preview):
        inset = "  " if words.startswith(("! ", "✗ ")) else ""
        pieces = wrapped(words.lstrip(), width - 2 - len(inset)) if words else [""]
        lead = " " * (len(words) - len(words.lstrip()))
        for number, piece in enumerate(pieces):
            before = lead + (inset if number else "")
            made.append(line(" ", (before + piece, "dim" if stale else role)))
    return made
