"""Readings by hand, for what is made of Readings alone: each with the figures that a real one
of that outcome holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_eval.core.reading import Finding, Number, Reading, Severity, verdict_of


def hit(code: str, severity: Severity, **at: Any) -> Finding:
    return Finding(code, severity, f"{code} is told here.", at or None)


def read(step: str, numbers: Mapping[str, Number], *findings: Finding, **more: Any) -> Reading:
    waiting = bool(more.pop("waiting", False))
    fields: dict[str, Any] = {
        "verdict": verdict_of(findings, waiting),
        "headline": f"{step} headline",
    }
    fields |= {"summary": f"{step} summary"} | more
    return Reading(step, "tuned", findings=findings, numbers=numbers, **fields)


def around(value: float, wide: float = 0.05, n: int = 100, unit: str = "") -> Number:
    return Number(value, value - wide, value + wide, n, unit)


def curves(*findings: Finding, evals: int = 15) -> Reading:
    return read("curves", {"eval_points": Number(evals)}, *findings)


def perplexity(improvement: float | None = 0.4, *findings: Finding, **more: Any) -> Reading:
    moved = Number(None, why="no base") if improvement is None else around(improvement)
    return read("perplexity", {"improvement": moved}, *findings, **more)


def overfitting(*findings: Finding, gap: float = 0.05, **more: Any) -> Reading:
    numbers = {
        "gap_used": around(gap),
        "copies": Number(9, n=60, unit="answers"),
        "forgetting": around(0.4),
    }
    return read("overfitting", numbers, *findings, **more)


def review(*findings: Finding, accuracy: float = 4.4, n: int = 40, **more: Any) -> Reading:
    numbers = {"reviewed": Number(n), "planned": Number(40), "accuracy": around(accuracy, 0.2, n)}
    return read("review", numbers, *findings, **more)


def blind_ab(wins: int, losses: int, *findings: Finding, **numbers: Number) -> Reading:
    """Unblinded."""
    made = {
        "wins": Number(wins),
        "losses": Number(losses),
        "ties": Number(6),
        "judged": Number(wins + losses + 6),
        "win_rate": around((wins + 3) / (wins + losses + 6), n=wins + losses + 6),
        "longer_rate": around(0.9, n=40),
        "length_adjusted": around(0.7),
        "guesses": Number(10),
        "guesses_right": Number(9),
        "self_consistency": around(0.4, n=5),
        "both_bad_rate": around(0.3),
    }
    return read("blind_ab", {**made, **numbers}, *findings)


def closed_ab(judged: int = 0) -> Reading:
    """As before unblinding."""
    closed = Number(None, why="told after unblinding")
    numbers = dict.fromkeys(("judged", "judged_any", "votes"), Number(judged))
    names = ("wins", "losses", "ties", "win_rate", "longer_rate")
    return read("blind_ab", {**dict.fromkeys(names, closed), **numbers}, waiting=True)


def tasks(*findings: Finding, **differences: float) -> Reading:
    """One metric a task: ``labels=0.21``. Below 0 is worse, 0 not shown."""
    numbers: dict[str, Number] = {}
    found = list(findings)
    for task, value in differences.items():
        numbers[f"{task}.items"] = Number(100)
        numbers[f"{task}.accuracy.difference"] = around(value)
        numbers[f"{task}.other.difference"] = around(-value)
        if value < 0:
            found.append(hit("worse", "bad", task=task))
        elif value == 0:
            found.append(hit("not_shown", "caution", task=task))
    return read("task_metrics", numbers, *found)


PREFERRED = blind_ab(31, 13)
BASE_PREFERRED = blind_ab(13, 31, hit("worse", "bad"))
NO_PREFERENCE = blind_ab(24, 20, hit("not_shown", "caution"))


def of(*readings: Reading) -> dict[str, Reading]:
    """By step, as a workspace has them."""
    return {one.step: one for one in readings}


def sample_run(candidate: str) -> dict[str, Reading]:
    """What the sample run's steps said of a candidate once people had judged it: as they were
    read, without tables and plots. Made by ``demo --run``, with judges who prefer whatever is
    nearer to the reference."""
    found = {}
    path = Path(__file__).with_name("sample_run_readings.jsonl")
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["candidate"] == candidate:
            numbers = {name: Number(*figures) for name, figures in row["numbers"].items()}
            findings = tuple(Finding(code, kind, code, at) for code, kind, at in row["findings"])
            found[row["step"]] = Reading(
                row["step"], candidate, row["verdict"], row["headline"], row["headline"],
                row["against"], findings, numbers,
            )  # fmt: skip
    return found


def undone(reading: Reading) -> Reading:
    """The same figures while the step's work goes on."""
    return replace(reading, verdict="waiting")
