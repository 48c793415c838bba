"""Reads a run's log as the checklist's first step does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau


def read_log(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(step, loss) of training and of validation."""
    history = json.loads(path.read_text())["log_history"]
    train = np.array([(h["step"], h["loss"]) for h in history if "loss" in h])
    evals = np.array([(h["step"], h["eval_loss"]) for h in history if "eval_loss" in h])
    return train, evals


def curve_findings(path: Path) -> tuple[list[str], dict[str, float]]:
    state = json.loads(path.read_text())
    train, evals = read_log(path)
    n = len(train)
    k = min(max(3, n // 10), n // 2)
    loss = train[:, 1]
    first, last = float(np.median(loss[:k])), float(np.median(loss[-k:]))
    lowest = min(float(np.median(loss[i : i + k])) for i in range(n - k + 1))
    best = int(evals[:, 1].argmin())
    rise = float(evals[-1, 1] / evals[best, 1] - 1)
    beside = float(np.median(loss[train[:, 0] <= evals[-1, 0]][-k:]))
    numbers = {
        "points": n,
        "eval_points": len(evals),
        "first": first,
        "last": last,
        "drop": 1 - last / first,
        "eval_first": float(evals[0, 1]),
        "eval_best": float(evals[best, 1]),
        "eval_best_step": float(evals[best, 0]),
        "eval_last": float(evals[-1, 1]),
    }
    found = []
    tau, p = kendalltau(train[:, 0], loss, alternative="less")
    if not (1 - last / first >= 0.05 and tau < 0 and p < 0.01):
        found.append("caution not_decreased")
    if last > 1.2 * lowest and last > lowest + 0.1:
        found.append("bad diverged")
    since = len(evals) - 1 - best
    if rise >= 0.05 or (rise >= 0.01 and since >= 2):
        found.append(("bad" if rise >= 0.05 else "caution") + f" eval_peaked {rise:.1%}")
    if beside < evals[-1, 1] / 2 and beside < evals[-1, 1] - 0.2:
        found.append("caution memorising")
    gain = float(1 - evals[-1, 1] / evals[-2, 1])
    if since == 0 and gain >= 0.01:
        found.append(("caution" if gain >= 0.05 else "note") + f" still_improving {gain:.1%}")
    if (spikes := spike_share(loss)) > 0:
        found.append(("caution" if spikes > 0.05 else "note") + f" spike {spikes:.1%}")
    if state["global_step"] < state["max_steps"]:
        found.append("note unfinished_run")
    return found, numbers


def spike_share(loss: np.ndarray) -> float:
    medians = np.array([np.median(loss[max(0, i - 10) : i + 1]) for i in range(len(loss))])
    away = loss - medians
    spread = 1.4826 * float(np.median(np.abs(away - np.median(away))))
    return float(np.mean((away > 6 * spread) & (away > 0.2 * medians)))
