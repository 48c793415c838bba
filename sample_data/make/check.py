"""Measures what was made, by the definitions of the checklist, and writes the README's table."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from . import measure as m
from .curves import curve_findings
from .data import read
from .table import write_table
from .tasks_check import macro_f1_difference, passes, rouge_l
from .workspace import last_checkpoint
from .world import CARGO, DAYS, FIRST, GOODS, LAST, NUMBERS, SHIPS, TOWN_NAMES

SCORED_ROWS = 320
DETAILS = {
    word.casefold()
    for name in (*TOWN_NAMES, *FIRST, *LAST, *DAYS, *SHIPS, *CARGO, *GOODS, *NUMBERS)
    for word in name.split()
} | {str(n) for n in range(10, 100)}

Answers = dict[str, dict[str, list[str]]]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def distinct_2(answers: list[str], references: list[str]) -> tuple[float, float]:
    """Each pair cut to the shorter of the two, so that length decides nothing."""
    seen: tuple[list[Any], list[Any]] = ([], [])
    for pair in zip(answers, references, strict=True):
        both = [words(text) for text in pair]
        size = min(map(len, both))
        if size >= 2:
            for found, text in zip(seen, both, strict=True):
                found += list(itertools.pairwise(text[:size]))
    return len(set(seen[0])) / len(seen[0]), len(set(seen[1])) / len(seen[1])


def copies(
    answers: list[str], base: list[str], references: list[str], train: list[str]
) -> list[str]:
    def fold(text: str) -> str:
        return " ".join(text.casefold().split())

    known = {fold(t) for t in train if len(words(t)) >= 6}
    return [
        a
        for a, b, r in zip(answers, base, references, strict=True)
        if fold(a) in known and fold(b) != fold(a) and fold(r) != fold(a)
    ]


def near_far(tuned: m.Losses, base: m.Losses, prompts: list[str], train: list[str]) -> m.Estimate:
    vectors = TfidfVectorizer(token_pattern=r"\w+").fit(train)
    near = (vectors.transform(prompts) @ vectors.transform(train).T).toarray().max(1)
    order = sorted((i for i in range(len(prompts)) if near[i] < 0.95), key=lambda i: near[i])
    third = len(order) // 3
    parts = [order[:third], order[-third:]]
    far, close = (m.ratio(*_paired(tuned, base, part)) for part in parts)
    return m.interval(far[0] - close[0], math.hypot(far[1], close[1]), min(far[2], close[2]))


def _paired(tuned: m.Losses, base: m.Losses, at: list[int]) -> tuple[np.ndarray, np.ndarray, Any]:
    t, b = m.pick(tuned, at), m.pick(base, at)
    return t.nll - b.nll, b.tokens, b.groups


def wrong_detail(answer: str, prompt: str, reference: str) -> bool:
    """Names, days and numbers that neither the prompt nor the reference has."""
    known = {*words(prompt), *words(reference)}
    return any(w in DETAILS and w not in known for w in words(answer))


def better(tuned: str, base: str, row: dict[str, Any]) -> float:
    """A stand-in for a person: above 0 where the tuned answer is preferred.

    One right answer: right or wrong. Else a wrong detail loses against none, then ROUGE-L.
    """
    prompt, reference = (message["content"] for message in row["messages"])
    if row["category"] in ("sentiment", "topic", "fact"):
        key = words(reference)[-1]
        return float(key in words(tuned)) - float(key in words(base))
    wrong = [wrong_detail(a, prompt, reference) for a in (tuned, base)]
    if wrong[0] != wrong[1]:
        return float(wrong[1]) - float(wrong[0])
    return rouge_l(tuned, reference) - rouge_l(base, reference)


def judge(tuned: list[str], base: list[str], rows: m.Rows) -> str:
    """Wins, losses and ties; a difference below 0.1 is a tie."""
    found = [better(t, b, row) for t, b, row in zip(tuned, base, rows, strict=True)]
    wins, losses = (sum(sign * d >= 0.1 for d in found) for sign in (1, -1))
    return f"{wins}, {losses}, {len(found) - wins - losses}"


def check(out: Path, work: Path) -> None:
    data = {
        name: read(out / "data" / f"{name}.jsonl")
        for name in ("train", "overfitted_train", "validation", "test", "off_task")
    }
    tasks = {
        name: read(out / "data" / "tasks" / f"{name}.jsonl")
        for name in ("summaries", "labels", "code")
    }
    models = {
        "base": None,
        **{n: last_checkpoint(out / "runs" / n) for n in ("good", "overfitted")},
    }
    scored: dict[str, dict[str, m.Losses]] = {}
    said: Answers = {}
    for name, adapter in models.items():
        model = m.load(out / "base", adapter)
        tokenizer = m.tokenizer_of(adapter or out / "base")
        scored[name] = {
            key: m.losses(model, tokenizer, rows[:SCORED_ROWS]) for key, rows in data.items()
        }
        asked = {
            key: [r["messages"][0]["content"] for r in data[key]] for key in ("validation", "test")
        }
        asked |= {key: [r["prompt"] for r in rows] for key, rows in tasks.items()}
        said[name] = {key: m.answers(model, tokenizer, prompts) for key, prompts in asked.items()}
        print(name, {key: round(found.mean, 3) for key, found in scored[name].items()}, flush=True)
    (work / "answers.json").write_text(json.dumps(said, indent=1, ensure_ascii=False))
    report = {n: figures(n, out, data, tasks, scored, said) for n in scored}
    (work / "check.json").write_text(json.dumps(report, indent=1, default=str))
    for name, rows in report.items():
        print(f"\n## {name}")
        for key, value in rows.items():
            print(f"{key:34} {value}")
    if (out / "README.md").exists():
        write_table(out / "README.md", report)


def figures(
    name: str,
    out: Path,
    data: dict[str, m.Rows],
    tasks: dict[str, m.Rows],
    scored: dict[str, dict[str, m.Losses]],
    said: Answers,
) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    own = "overfitted_train" if name == "overfitted" else "train"
    facts["loss train"] = scored[name][own].mean
    facts |= {f"loss {key}": scored[name][key].mean for key in ("validation", "off_task")}
    facts["perplexity"] = math.exp(scored[name]["validation"].mean)
    if name != "base":
        facts |= log_figures(out / "runs" / name / "trainer_state.json")
        facts |= loss_figures(data, scored[name], scored["base"], own)
    facts |= answer_figures(data, said[name], said["base"], own)
    return facts | task_figures(tasks, said[name], said["base"])


def log_figures(path: Path) -> dict[str, Any]:
    findings, numbers = curve_findings(path)
    ends = [round(numbers[f"eval_{k}"], 3) for k in ("first", "best", "last")]
    return {
        "curves": findings or ["none"],
        "log": "{}, {}, {}".format(*ends),
        **{f"curve {k}": round(v, 4) for k, v in numbers.items()},
    }


def loss_figures(
    data: dict[str, m.Rows], tuned: dict[str, m.Losses], base: dict[str, m.Losses], own: str
) -> dict[str, Any]:
    rows = data["validation"]
    mine, theirs = tuned["validation"], base["validation"]
    facts: dict[str, Any] = {"improvement": m.improvement(mine, theirs)}
    for category in sorted({r["category"] for r in rows}):
        at = [i for i, r in enumerate(rows) if r["category"] == category]
        facts[f"improvement {category} (n {len(at)})"] = m.improvement(
            m.pick(mine, at), m.pick(theirs, at)
        )
    facts["gap"] = m.gap(mine, tuned[own])
    facts["base gap"] = m.gap(theirs, base[own])
    facts["forgetting"] = m.change(tuned["off_task"], base["off_task"])
    asked = [[r["messages"][0]["content"] for r in data[key]] for key in ("validation", own)]
    facts["near_far"] = near_far(mine, theirs, *asked)
    return facts


def answer_figures(
    data: dict[str, m.Rows], mine: dict[str, list[str]], base: dict[str, list[str]], own: str
) -> dict[str, Any]:
    wanted = {
        k: [r["messages"][-1]["content"] for r in rows]
        for k, rows in data.items()
        if k != "off_task"
    }
    said, references = mine["validation"], wanted["validation"]
    facts: dict[str, Any] = {
        "distinct_2": "{:.2f} ({:.2f})".format(*distinct_2(said, references)),
        "most common answer": Counter(said).most_common(1)[0],
    }
    found = copies(said, base["validation"], references, wanted[own])
    facts["copies"] = f"{len(found)} of {len(said)}"
    facts["copies, examples"] = found[:3]
    for split in ("validation", "test"):
        facts[f"judged {split}"] = judge(mine[split], base[split], data[split])
        right = [
            words(r["messages"][-1]["content"])[-1] in words(a)
            for r, a in zip(data[split], mine[split], strict=True)
            if r["category"] == "fact"
        ]
        facts[f"facts right {split}"] = f"{sum(right)} of {len(right)}"
    return facts


def task_figures(
    tasks: dict[str, m.Rows], mine: dict[str, list[str]], base: dict[str, list[str]]
) -> dict[str, Any]:
    rows = tasks["summaries"]
    tuned_rouge, base_rouge = (
        np.array([rouge_l(a, r["reference"]) for a, r in zip(x["summaries"], rows, strict=True)])
        for x in (mine, base)
    )
    tuned_solved, base_solved = (
        np.array(passes(tasks["code"], x["code"]), dtype=float) for x in (mine, base)
    )
    labels = [r["label"] for r in tasks["labels"]]
    f1, f1_difference = macro_f1_difference(mine["labels"], base["labels"], labels)
    return {
        "rougeL": float(tuned_rouge.mean()),
        "rougeL difference": m.mean_difference(
            tuned_rouge, base_rouge, tuple(r["group"] for r in rows)
        ),
        "macro_f1": f1,
        "macro_f1 difference": f1_difference,
        "pass@1": float(tuned_solved.mean()),
        "pass@1 difference": m.mean_difference(
            tuned_solved, base_solved, tuple(r["task_id"] for r in tasks["code"])
        ),
    }
