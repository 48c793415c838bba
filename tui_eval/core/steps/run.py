"""A training log as a step looks at it: cut at the judged checkpoint, with its ends
measured."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core.evidence import Evidence
from tui_eval.core.records import LogPoint, Objective, TrainingLog
from tui_eval.core.stats.order import window_medians

PREFERENCE_SIGNS = ("rewards/margins", "rewards/accuracies")
_PREFERENCE_KEYS = (*PREFERENCE_SIGNS, "rewards/chosen", "rewards/rejected")
REINFORCEMENT_SIGNS = ("reward",)


@dataclass(frozen=True, slots=True)
class Run:
    """What the log says up to the judged checkpoint's step."""

    log: TrainingLog
    objective: Objective
    train: tuple[LogPoint, ...]
    """Training losses as logged, some perhaps not finite."""
    finite: tuple[LogPoint, ...]
    evals: Mapping[str, tuple[LogPoint, ...]]
    """Every validation loss of the log by its key, the one that counts first."""
    grad_norm: tuple[LogPoint, ...]
    later: int
    """Logged steps after the judged one."""
    end: int | None
    """Step at which the judged checkpoint stands."""
    k: int
    windows: Sequence[float]
    """Medians of every ``k`` consecutive finite losses, in order; none where ``k`` is 0."""

    @property
    def first(self) -> float:
        """The median of the first ``k`` finite losses; NaN of none."""
        return self.windows[0] if self.windows else math.nan

    @property
    def last(self) -> float:
        """The median of the last ``k``."""
        return self.windows[-1] if self.windows else math.nan

    @property
    def losses(self) -> list[float]:
        return [point.value for point in self.finite]

    @property
    def drop(self) -> float | None:
        return 1 - self.last / self.first if self.first > 0 else None

    @property
    def unfinished(self) -> bool:
        planned = self.log.max_steps
        return self.end is not None and planned is not None and self.end < planned

    def finite_evals(self) -> dict[str, tuple[LogPoint, ...]]:
        """The eval sets that hold a number."""
        kept = {key: _finite(points) for key, points in self.evals.items()}
        return {key: points for key, points in kept.items() if points}

    def beside(self, point: LogPoint) -> float | None:
        """The median of the ``k`` training losses at or before an eval; None where fewer
        precede it."""
        before = bisect_right(self.finite, point.step, key=lambda other: other.step)
        return self.windows[before - self.k] if self.k and before >= self.k else None

    def sign(self, key: str) -> tuple[LogPoint, ...]:
        """The finite values of another series, as far as it counts."""
        return _finite(_until(self.log.series.get(key, ()), self.log.judged_step))


def look(evidence: Evidence, candidate: str) -> Run | None:
    """None where there is no log."""
    log = evidence.log(candidate)
    if log is None:
        return None
    judged = log.judged_step
    train = _until(log.series.get("loss", ()), judged)
    finite = _finite(train)
    evals = {
        key: _until(log.series[key], judged)
        for key in eval_keys(log, str(evidence.setting("curves.eval")))
    }
    n = len(finite)
    k = min(max(3, n // 10), n // 2)
    values = [point.value for point in finite]
    return Run(
        log=log,
        objective=objective_of(log, evidence.objective(candidate)),
        train=train,
        finite=finite,
        evals={key: points for key, points in evals.items() if points},
        grad_norm=_until(log.series.get("grad_norm", ()), judged),
        later=_later(log, judged),
        end=_end(log),
        k=k,
        windows=window_medians(values, k),
    )


def objective_of(log: TrainingLog, told: Objective | None = None) -> Objective:
    """What the run optimised, by the keys that hold numbers; ``told`` wins."""
    if told is not None:
        return told
    if any(_holds_numbers(log, key) for key in REINFORCEMENT_SIGNS):
        return "reinforcement"
    if any(_holds_numbers(log, key) for key in _PREFERENCE_KEYS):
        return "preference"
    return "supervised"


def eval_keys(log: TrainingLog, chosen: str = "") -> list[str]:
    """Keys of validation losses, the one that counts first: the chosen set's, else
    ``eval_loss``, else the first of the log."""
    keys = [key for key in log.series if key == "eval_loss" or _is_a_sets(key, log)]
    for wanted in (f"eval_{chosen}_loss", chosen):
        if chosen and wanted in log.series and (wanted == "eval_loss" or _names_a_set(wanted)):
            return [wanted, *(key for key in keys if key != wanted)]
    return sorted(keys, key=lambda key: key != "eval_loss")


def eval_name(key: str) -> str:
    """``near`` of ``eval_near_loss``; empty for the plain one."""
    return key[len("eval_") : -len("_loss")] if _names_a_set(key) else ""


def _names_a_set(key: str) -> bool:
    return key.startswith("eval_") and key.endswith("_loss") and len(key) > len("eval__loss")


def _is_a_sets(key: str, log: TrainingLog) -> bool:
    """Whether ``eval_..._loss`` is the loss on a set of that name, and not a part of a loss
    (``eval_nll_loss``, ``eval_aux_loss``) or a metric (``eval_hamming_loss``).

    A Trainer times every set that it evaluates. In a log without times the usual parts and
    metrics are known by name, those of a named set (``eval_near_aux_loss``) too.
    """
    if not _names_a_set(key):
        return False
    timed = [name for name in log.series if name.startswith("eval_") and name.endswith(_TIMED)]
    if timed:
        return any(f"eval_{eval_name(key)}{end}" in timed for end in _TIMED)
    name = eval_name(key).lower()
    return not any(name == part or name.endswith(f"_{part}") for part in _PARTS)


_TIMED = ("_runtime", "_samples_per_second", "_steps_per_second")
_PARTS = (
    "nll", "aux", "router", "router_z", "z", "load_balancing", "balance", "kl", "policy",
    "value", "critic", "sft", "dpo", "orpo", "entropy", "contrastive", "distillation",
    "hamming", "hinge", "zero_one", "log", "brier", "mse", "mae", "huber", "rewards", "reward",
)  # fmt: skip
"""What is called a loss besides the loss: terms that are added up, and metrics."""


def _holds_numbers(log: TrainingLog, key: str) -> bool:
    return any(math.isfinite(point.value) for point in log.series.get(key, ()))


def _until(points: Sequence[LogPoint], step: int | None) -> tuple[LogPoint, ...]:
    return tuple(p for p in points if step is None or p.step <= step)


def _finite(points: Sequence[LogPoint]) -> tuple[LogPoint, ...]:
    return tuple(point for point in points if math.isfinite(point.value))


def _later(log: TrainingLog, judged: int | None) -> int:
    if judged is None:
        return 0
    keys = ("loss", *eval_keys(log))
    return len({p.step for key in keys for p in log.series.get(key, ()) if p.step > judged})


def _end(log: TrainingLog) -> int | None:
    """A checkpoint in mid-run ends where it was saved, whatever came later."""
    steps = [step for step in (log.global_step, log.judged_step) if step is not None]
    return min(steps) if steps else None
