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
from .tasks_check import macro_f1_difference, passes, rouge_l
from .workspace import last_checkpoint

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


def judge(tuned: list[str], base: list[str], references: list[str], rows: m.Rows) -> dict[str, int]:
    """A stand-in for a person: right or wrong where one answer is, else ROUGE-L; tie under 0.1."""
    counts: Counter[str] = Counter()
    for t, b, r, row in zip(tuned, base, references, rows, strict=True):
        if row["category"] in ("sentiment", "topic", "fact"):
            key = words(r)[-1]
            difference = float(key in words(t)) - float(key in words(b))
        else:
            difference = rouge_l(t, r) - rouge_l(b, r)
        counts["win" if difference >= 0.1 else "loss" if difference <= -0.1 else "tie"] += 1
    return dict(counts)


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
    data["train"] = data["train"][:300]
    for name, adapter in models.items():
        model = m.load(out / "base", adapter)
        tokenizer = m.tokenizer_of(adapter or out / "base")
        scored[name] = {key: m.losses(model, tokenizer, rows) for key, rows in data.items()}
        asked = {
            key: [r["messages"][0]["content"] for r in data[key]] for key in ("validation", "test")
        }
        asked |= {key: [r["prompt"] for r in rows] for key, rows in tasks.items()}
        said[name] = {key: m.answers(model, tokenizer, prompts) for key, prompts in asked.items()}
        print(name, {key: round(found.mean, 3) for key, found in scored[name].items()}, flush=True)
    (work / "answers.json").write_text(json.dumps(said, indent=1, ensure_ascii=False))
    report = {n: figures(n, out, data, tasks, scored, said) for n in ("good", "overfitted")}
    report["base"] = {f"loss {k}": round(v.mean, 3) for k, v in scored["base"].items()}
    (work / "check.json").write_text(json.dumps(report, indent=1, default=str))
    for name, rows in report.items():
        print(f"\n## {name}")
        for key, value in rows.items():
            print(f"{key:34} {value}")


def figures(
    name: str,
    out: Path,
    data: dict[str, m.Rows],
    tasks: dict[str, m.Rows],
    scored: dict[str, dict[str, m.Losses]],
    said: Answers,
) -> dict[str, Any]:
    tuned, base = scored[name], scored["base"]
    own = "train" if name == "good" else "overfitted_train"
    findings, numbers = curve_findings(out / "runs" / name / "trainer_state.json")
    rows = data["validation"]
    references = [r["messages"][-1]["content"] for r in rows]
    prompts = [r["messages"][0]["content"] for r in rows]
    trained = read(out / "data" / ("train.jsonl" if name == "good" else "overfitted_train.jsonl"))
    train_answers = [r["messages"][-1]["content"] for r in trained]
    train_prompts = [r["messages"][0]["content"] for r in trained]
    mine, theirs = said[name]["validation"], said["base"]["validation"]
    facts: dict[str, Any] = {"curves": findings or ["no finding"]}
    facts |= {f"curve {k}": round(v, 4) for k, v in numbers.items()}
    facts["perplexity base"] = round(math.exp(base["validation"].mean), 3)
    facts["perplexity tuned"] = round(math.exp(tuned["validation"].mean), 3)
    facts["improvement"] = m.improvement(tuned["validation"], base["validation"])
    for category in sorted({r["category"] for r in rows}):
        at = [i for i, r in enumerate(rows) if r["category"] == category]
        facts[f"improvement {category} (n {len(at)})"] = m.improvement(
            m.pick(tuned["validation"], at), m.pick(base["validation"], at)
        )
    facts["gap"] = m.gap(tuned["validation"], tuned[own])
    facts["base gap"] = m.gap(base["validation"], base[own])
    facts["forgetting"] = m.change(tuned["off_task"], base["off_task"])
    facts["near_far"] = near_far(tuned["validation"], base["validation"], prompts, train_prompts)
    facts["distinct_2, references"] = distinct_2(mine, references)
    facts["most common answer"] = Counter(mine).most_common(1)[0]
    found = copies(mine, theirs, references, train_answers)
    facts["copies"] = f"{len(found)} of {len(mine)}"
    facts["copies, examples"] = found[:3]
    for split in ("validation", "test"):
        asked = data[split]
        wanted = [r["messages"][-1]["content"] for r in asked]
        facts[f"judged {split}"] = judge(said[name][split], said["base"][split], wanted, asked)
        right = [
            words(r["messages"][-1]["content"])[-1] in words(a)
            for r, a in zip(asked, said[name][split], strict=True)
            if r["category"] == "fact"
        ]
        facts[f"facts right {split}"] = f"{sum(right)} of {len(right)}"
    return facts | task_figures(tasks, said[name], said["base"])


def task_figures(
    tasks: dict[str, m.Rows], mine: dict[str, list[str]], base: dict[str, list[str]]
) -> dict[str, Any]:
    rows = tasks["summaries"]
    groups = tuple(r["group"] for r in rows)
    t, b = (
        np.array([rouge_l(a, r["reference"]) for a, r in zip(x["summaries"], rows, strict=True)])
        for x in (mine, base)
    )
    facts: dict[str, Any] = {
        "rougeL base, tuned": (round(float(b.mean()), 3), round(float(t.mean()), 3)),
        "rougeL difference": m.mean_difference(t, b, groups),
    }
    labels = [r["label"] for r in tasks["labels"]]
    facts["macro_f1 base, tuned, difference"] = macro_f1_difference(
        mine["labels"], base["labels"], labels
    )
    solved = {
        k: np.array(passes(tasks["code"], x["code"]), dtype=float)
        for k, x in (("tuned", mine), ("base", base))
    }
    facts["pass@1 base, tuned"] = (float(solved["base"].mean()), float(solved["tuned"].mean()))
    facts["pass@1 difference"] = m.mean_difference(
        solved["tuned"], solved["base"], tuple(r["task_id"] for r in tasks["code"])
    )
    return facts
