"""``tui-eval gate``: whether the conditions are met, for pipelines. Computes nothing."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tui_eval.commands import places
from tui_eval.config import FILE_NAME, Config, known_to_gate, nearest
from tui_eval.core import gate
from tui_eval.core.reading import Reading
from tui_eval.core.sign_off_records import Contradiction, Decided
from tui_eval.core.text import cells, clean
from tui_eval.errors import InputError
from tui_eval.files.evidence import FileCache, readings
from tui_eval.files.exports import show
from tui_eval.store.workspace import Workspace

SCHEMA_VERSION = 1
OPTION = "--require"
_EXAMPLE = f"""tui-eval gate {OPTION} '{gate.EXAMPLE}', or in {FILE_NAME}:

[gate]
require = ["{gate.EXAMPLE}", "overfitting.gap_used < 0.5", 'signoff.decision = "deploy"']"""


def command(options: Namespace) -> int:
    path = places.required(options.workspace)
    config = places.load_anywhere(path)
    candidates = places.chosen_candidates(config, options.candidate)
    conditions = _conditions(config, options.require or ())
    if not conditions:
        raise InputError("The gate has no condition.", f"Give one: {_EXAMPLE}")
    told = ""
    if not options.candidate and len(candidates) > 1:
        bare = any(not one.candidate for one, _ in conditions)
        told = candidates[0] if bare else ""
        candidates = candidates[:1]
    workspace = places.open_workspace(config.folder)
    try:
        outcomes = _outcomes(workspace, config, candidates, conditions)
    finally:
        workspace.close()
    met = all(outcome.met for outcome, _ in outcomes)
    with suppress(BrokenPipeError):
        # Whether anybody reads it moves no gate.
        _print(outcomes, told, options.json)
    return 0 if met else 1


def _print(outcomes: Sequence[tuple[gate.Outcome, str]], told: str, as_data: bool) -> None:
    if as_data:
        print(json.dumps(as_json(outcomes), ensure_ascii=True, allow_nan=False, indent=1))
        return
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(as_text([one for one, _ in outcomes], told, unicode=unicode), end="")


Placed = tuple[gate.Condition, str]
"""A condition and where it stands: ``eval.toml`` or ``--require``."""


def _conditions(config: Config, given: Sequence[str]) -> list[Placed]:
    """Those of eval.toml, whose faults were found when it was read, then the command line's."""
    known = known_to_gate(config)
    found = [(gate.parse(text, known, nearest), FILE_NAME) for text in config.gate.require]
    faults = []
    for text in given:
        try:
            found.append((gate.parse(text, known, nearest), OPTION))
        except gate.Fault as fault:
            faults.append(f"{OPTION} {text!r} {fault}")
    if faults:
        raise InputError("\n".join(faults), "Nothing was looked at. See: tui-eval gate --help")
    return list(dict(found).items())


@dataclass(frozen=True, slots=True)
class _There:
    """What is there of one candidate."""

    readings: Mapping[str, Reading]
    decided: Decided
    contradictions: tuple[Contradiction, ...]
    damaged: tuple[str, ...]


def _outcomes(
    workspace: Workspace, config: Config, candidates: Sequence[str], conditions: Sequence[Placed]
) -> list[tuple[gate.Outcome, str]]:
    asked = [
        (one, place, name)
        for one, place in conditions
        for name in ((one.candidate,) if one.candidate else candidates)
    ]
    cache = FileCache()
    there = {
        name: _look(workspace, config, name, cache, [one for one, _, of in asked if of == name])
        for name in dict.fromkeys(name for _, _, name in asked)
    }
    return [(_hold(one, name, there[name]), place) for one, place, name in asked]


def _hold(condition: gate.Condition, name: str, found: _There) -> gate.Outcome:
    return gate.hold(
        condition, name, found.readings, found.decided, found.contradictions, found.damaged
    )


def _look(
    workspace: Workspace,
    config: Config,
    candidate: str,
    cache: FileCache,
    conditions: Sequence[gate.Condition],
) -> _There:
    steps = gate.needed(conditions)
    found = readings(workspace, config, candidate, cache=cache, steps=steps)
    journals = tuple(view.fault for view in workspace.journals() if view.fault)
    damaged = tuple(fault for fault in workspace.faults() if fault not in journals)
    if steps:
        return _There(found, Decided(faults=journals), (), damaged)
    from tui_eval.core.steps.contradictions import contradictions
    from tui_eval.files.signing import decided_of

    decided = decided_of(workspace, config, candidate, found, cache)
    return _There(found, decided, contradictions(found), damaged)


def as_text(outcomes: Sequence[gate.Outcome], told: str = "", *, unicode: bool = True) -> str:
    """A line per condition, aligned, the verdict last. ``told``: the candidate that was chosen
    among several without being named."""
    marks = show.MARKS if unicode else show.ASCII_MARKS
    several = len({one.candidate for one in outcomes}) > 1
    heads = [_head(one, several) for one in outcomes]
    width = max(cells(head) for head in heads)
    lines = []
    for outcome, head in zip(outcomes, heads, strict=True):
        mark, word = (marks["good"], "met    ") if outcome.met else (marks["bad"], "not met")
        pad = " " * (width - cells(head))
        lines.append(f"{mark} {word}  {head}{pad}  {measured_text(outcome)}".rstrip())
    failed = sum(not one.met for one in outcomes)
    lines.append("")
    if told:
        lines.append(f"of {clean(told)}, the first candidate; another: --candidate NAME")
    count = len(outcomes)
    all_met = "the condition is met" if count == 1 else f"all {count} conditions are met"
    ends = all_met if not failed else f"{failed} of {count} not met"
    lines.append(f"gate: {'passed' if not failed else 'failed'}, {ends}")
    text = "\n".join(lines) + "\n"
    return text if unicode else show.plain(text)


def _head(outcome: gate.Outcome, several: bool) -> str:
    named = several and not outcome.condition.candidate
    text = clean(outcome.condition.text, limit=100)
    return f"{clean(outcome.candidate)}:{text}" if named else text


def measured_text(outcome: gate.Outcome) -> str:
    """``0.394 [0.377, 0.41]  n = 600``, a word, or why there is neither."""
    why = clean(outcome.why)
    if outcome.word:
        return f"{outcome.word}, {why}" if why else outcome.word
    number = outcome.number
    if number is None:
        return why
    if number.value is None:
        return f"- ({why})" if why else "-"
    text = show.number_text(number)
    return f"{text}, {why}" if why else text


def as_json(outcomes: Sequence[tuple[gate.Outcome, str]]) -> dict[str, Any]:
    return {
        "schema": SCHEMA_VERSION,
        "met": all(one.met for one, _ in outcomes),
        "conditions": [_json(one, place) for one, place in outcomes],
    }


def _json(outcome: gate.Outcome, place: str) -> dict[str, Any]:
    number = outcome.number
    return {
        "condition": outcome.condition.text,
        "from": place,
        "candidate": outcome.candidate,
        "met": outcome.met,
        "measured": show.number_json(number) if number is not None else outcome.word or None,
        "why": outcome.why,
    }
