"""Validation rows that the candidate was trained on, as a finding of any step."""

from __future__ import annotations

from collections.abc import Sequence

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import Finding, Severity
from tui_eval.core.records import Dataset
from tui_eval.core.steps.wording import Hit, count_text, share_text

NAMED = 5
"""Rows or samples that a finding names before it says how many more."""


SAME_FILE = 0.95
"""Share of the rows from which one file may have been named twice."""


def leak(
    evidence: Evidence,
    candidate: str,
    dataset: Dataset,
    code: str,
    bad_above: float,
    *,
    seen: bool = True,
) -> Hit | None:
    """``bad_above``: share of the rows. Prompts that have another answer in the training
    file are a note. Without ``seen`` nothing is said of the model: the file may be another
    than the one that it was trained on."""
    leaked = evidence.leaked(candidate) or {}
    rows = {one.id: one.row for one in dataset.samples}
    whole = [rows[sample] for sample, answer in leaked.items() if answer and sample in rows]
    prompts = sum(not answer and sample in rows for sample, answer in leaked.items())
    if not whole and not prompts:
        return None
    also = f"{count_text(prompts, 'prompt')} also in training, with another answer"
    if not whole:
        return Hit(Finding(code, "note", f"{also}."), "", "")
    share = len(whole) / len(rows)
    have = f"{count_text(len(whole), 'validation row')} ({share_text(share)})"
    text = f"{have} {'stands' if len(whole) == 1 else 'stand'} in the training file, answer and"
    text += f" all: {named([f'#{row}' for row in whole])}." + (f" {also}." if prompts else "")
    if share >= SAME_FILE and len(rows) > NAMED:
        text += " Nearly all of them: are both names of one file?"
    severity: Severity = "bad" if share > bad_above else "caution"
    place = "trained on" if seen else "in the training file"
    phrase = f"{count_text(len(whole), 'row')} {place}"
    return Hit(Finding(code, severity, text), phrase, phrase)


def named(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
