"""What was judged, and what was answered, in the formats of other tools: one file per format,
one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_eval.files.exports.results import Results


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """``target`` names ``module:function`` with the signature ``(Results) -> str``, the
    file's text. It raises InputError where that would tell a direction too early, or there
    is nothing to tell."""

    target: str
    about: str
    suffix: str = ".jsonl"
    without_pairs: bool = False
    """While a comparison is blind, what was scored is written and nothing else."""

    of_answers: bool = False
    """Of one model's answers to one task: the function takes ``exports.answered.Answered``."""


EXPORTS: Mapping[str, ExportFormat] = {
    "trl": ExportFormat(
        "tui_eval.files.exports.trl:standard",
        "preference pairs for TRL: prompt, chosen, rejected as texts",
    ),
    "trl-conversational": ExportFormat(
        "tui_eval.files.exports.trl:conversational",
        "preference pairs for TRL: prompt, chosen, rejected as lists of messages",
    ),
    "unpaired": ExportFormat(
        "tui_eval.files.exports.unpaired:standard",
        "single answers for TRL (KTO): prompt, completion, label",
        without_pairs=True,
    ),
    "unpaired-conversational": ExportFormat(
        "tui_eval.files.exports.unpaired:conversational",
        "single answers for TRL (KTO) as lists of messages",
        without_pairs=True,
    ),
    "llm-comparator": ExportFormat(
        "tui_eval.files.exports.llm_comparator:write",
        "opens in LLM Comparator: A is the candidate, B what it is held against",
        ".json",
    ),
    "alpaca-eval": ExportFormat(
        "tui_eval.files.exports.alpaca_eval:write",
        "annotations for AlpacaEval: 1 base, 2 candidate, 1.5 draw",
        ".json",
    ),
    "arena": ExportFormat(
        "tui_eval.files.exports.arena:write",
        "battles as FastChat's arena keeps them, one for each vote",
        ".json",
    ),
    "csv": ExportFormat(
        "tui_eval.files.exports.flat:write",
        "one row for each vote and each scored answer, for a spreadsheet",
        ".csv",
        without_pairs=True,
    ),
    "events": ExportFormat(
        "tui_eval.files.exports.events:write",
        "every event of every journal, as it was written",
    ),
    "sheet": ExportFormat(
        "tui_eval.files.exports.sheet:write",
        "the evaluation sheet, to be filled in elsewhere",
        ".json",
    ),
    "lm-eval": ExportFormat(
        "tui_eval.files.exports.lm_eval:write",
        "a task's answers as samples of lm-evaluation-harness, with what the metrics found",
        of_answers=True,
    ),
    "humaneval": ExportFormat(
        "tui_eval.files.exports.humaneval:write",
        "a code task's answers as HumanEval's completions, and EvalPlus's solutions",
        of_answers=True,
    ),
}


def notes(name: str, results: Results) -> tuple[str, ...]:
    """What the person who asks for this format should know of what is in the file."""
    found = list(results.faults)
    if results.blind and EXPORTS[name].without_pairs:
        found.append(f"No votes are in it, scored answers alone. {results.blind}")
    found += _kept(name, results)
    ties = sum(1 for pair in results.pairs if not pair.preferred)
    if ties and name.startswith("trl"):
        found.append(
            f"{ties} of {len(results.pairs)} pairs have no preferred answer and are left out."
        )
    return tuple(found)


def _kept(name: str, results: Results) -> list[str]:
    """How much an open comparison keeps back of this format."""
    from tui_eval.files.exports.results import kept_words

    if name == "events":
        return []
    kept = [(results.kept_pairs, "pair"), (results.kept_items, "reviewed answer")]
    if not EXPORTS[name].without_pairs:
        kept = kept[1:] if name == "sheet" else kept[:1]
    found = [f"{kept_words(count, what)}." for count, what in kept if count]
    return [*found, results.open] if found else []
