"""The three task metrics, small: ROUGE-L, macro F1 with its interval, and code that passes."""

from __future__ import annotations

import resource
import subprocess
import sys

import numpy as np
from rouge_score.rouge_scorer import RougeScorer
from sklearn.metrics import f1_score

from .measure import Estimate, Rows

_SCORER = RougeScorer(["rougeL"])


def rouge_l(answer: str, reference: str) -> float:
    return float(_SCORER.score(reference, answer)["rougeL"].fmeasure)


def label_of(answer: str, labels: list[str]) -> str:
    said = answer.strip().strip(".").casefold()
    return said if said in labels else "none of them"


def macro_f1_difference(
    tuned: list[str], base: list[str], labels: list[str]
) -> tuple[float, Estimate]:
    names = sorted(set(labels))
    truth = np.array(labels)
    said = [np.array([label_of(a, names) for a in answers]) for answers in (tuned, base)]

    def score(found: np.ndarray, at: np.ndarray) -> float:
        return float(f1_score(truth[at], found[at], labels=names, average="macro", zero_division=0))

    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(truth), len(truth)) for _ in range(500)]
    spread = [score(said[0], at) - score(said[1], at) for at in draws]
    whole = np.arange(len(truth))
    t, b = score(said[0], whole), score(said[1], whole)
    low, high = np.quantile(spread, [0.025, 0.975])
    return t, Estimate(t - b, float(low), float(high))


def _confine() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (2, 2))
    resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def passes(problems: Rows, answers: list[str]) -> list[bool]:
    """Each answer in a process of its own. Good enough for a model that only knows one-liners."""
    results = []
    for problem, answer in zip(problems, answers, strict=True):
        program = f"{answer}\n\n{problem['test']}\ncheck({problem['entry_point']})\n"
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", "-c", program],
                capture_output=True,
                timeout=10,
                preexec_fn=_confine,
                check=False,
                env={},
            )
            results.append(done.returncode == 0)
        except subprocess.TimeoutExpired:
            results.append(False)
    return results
