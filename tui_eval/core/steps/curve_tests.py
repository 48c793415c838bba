"""The tests of a training curve that estimate something: silent below five points.

Each is a function of the run and the thresholds, and gives one finding or none. The rules
are those of the project's definitions; a run with several eval sets is tested on each, and
the gravest answer counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tui_eval.core.reading import Finding, Severity
from tui_eval.core.records import LogPoint
from tui_eval.core.stats.order import (
    NORMAL_MAD,
    mad,
    median,
    quantile,
    trailing_medians,
)
from tui_eval.core.stats.trend import block_medians, kendall, theil_sen
from tui_eval.core.steps.curve_facts import Setting
from tui_eval.core.steps.run import PREFERENCE_SIGNS, REINFORCEMENT_SIGNS, Run, eval_name
from tui_eval.core.steps.wording import (
    Hit,
    count_text,
    ends_text,
    loss_text,
    share_text,
    step_text,
    worst,
)
from tui_eval.core.text import clean


def not_improved(run: Run, setting: Setting) -> Hit | None:
    """For preference and reinforcement runs, whose loss says little."""
    keys = PREFERENCE_SIGNS if run.objective == "preference" else REINFORCEMENT_SIGNS
    word = "margin" if run.objective == "preference" else "reward"
    for key in keys:
        values = _ranked(run.sign(key), setting)[1]
        if values and kendall(values, "rises").p < setting("not_improved_p"):
            return None
    text = f"The {word} has not clearly risen over the run."
    if not any(run.sign(key) for key in keys):
        text = f"The log holds no {word} to judge the run by."
    return Hit(
        Finding("not_improved", "caution", text), f"no clear rise of the {word}", f"{text[:-1]}"
    )


def above_chance(run: Run, setting: Setting, chance: float, known: bool) -> Hit | None:
    stretches = run.windows
    if not stretches or max(stretches) <= chance:
        return None
    place = stretches.index(max(stretches))
    step = run.finite[place].step
    most = "this" if known else "any common"
    text = (
        f"The loss is {loss_text(max(stretches))} around step {step_text(step)}; guessing from"
        f" {most} vocabulary costs at most {loss_text(chance)}. It is on another scale (summed"
        " over accumulation steps?), or tokenizer or labels don't match the model."
    )
    finding = Finding("above_chance", "caution", text, {"step": step})
    return Hit(finding, "worse than guessing", "a stretch of it is worse than guessing")


def scale_mismatch(run: Run, setting: Setting) -> Hit | None:
    return worst(hit for key, points in _sets(run) if (hit := _scale(run, setting, key, points)))


def _scale(run: Run, setting: Setting, key: str, points: Sequence[LogPoint]) -> Hit | None:
    ratios = [
        beside / point.value
        for point in points
        if point.value > 0 and (beside := run.beside(point)) is not None
    ]
    if len(ratios) < setting("scale_mismatch_evals"):
        return None
    middle = median(ratios)
    width = quantile(ratios, 0.75) - quantile(ratios, 0.25)
    if middle <= setting("scale_mismatch") or width >= setting("scale_mismatch_spread") * middle:
        return None
    text = (
        f"The training loss is steadily {middle:.1f} times the {_validation(key)} loss: it is"
        " probably summed over accumulation steps, so the two can't be compared."
    )
    finding = Finding("scale_mismatch", "caution", text)
    return Hit(finding, "loss on another scale", "the two losses are on different scales")


def memorising(run: Run, setting: Setting) -> Hit | None:
    return worst(
        hit for key, points in _sets(run) if (hit := _memorising(run, setting, key, points[-1]))
    )


def _memorising(run: Run, setting: Setting, key: str, last: LogPoint) -> Hit | None:
    beside = run.beside(last)
    # Before the first epoch ends no row was seen twice, and none can be known by heart.
    if beside is None or (last.epoch is not None and last.epoch <= 1):
        return None
    gap = last.value - beside
    if beside >= setting("memorising") * last.value or gap <= setting("memorising_gap"):
        return None
    text = (
        f"At the last eval the training loss ({loss_text(beside)}) is less than half of the"
        f" {_validation(key)} loss ({loss_text(last.value)}): the run memorises, or that set is"
        " harder, which the losses of base would tell."
    )
    finding = Finding("memorising", "caution", text, {"step": last.step})
    return Hit(finding, "perhaps memorised", "training loss is far below validation's")


def low_loss(run: Run, setting: Setting) -> Hit | None:
    if run.finite_evals():
        return None
    drop = run.drop
    low, fell = run.last < setting("low_loss"), drop is not None and drop > setting("low_loss_drop")
    if not low and not fell:
        return None
    why = f"ends at {loss_text(run.last)}" if low else f"fell {share_text(drop or 0.0)}"
    text = (
        f"The training loss {why}, typical of memorising or of very short answers; without a"
        " validation loss nothing here tells which."
    )
    finding = Finding("low_loss", "caution", text)
    return Hit(finding, "perhaps memorised", "so low may be memorising")


def diverged(run: Run, setting: Setting) -> Hit | None:
    stretches = run.windows
    if not stretches:
        return None
    lowest = min(stretches)
    rise, high = run.last - lowest, run.last > setting("diverged") * lowest
    # The lowest of many noisy stretches is low by chance: a quarter of converged runs whose
    # losses vary by 30% from point to point end 20% above it.
    by_chance = setting("diverged_noise") * _noise_of_medians(run)
    if not high or rise <= max(setting("diverged_rise"), by_chance):
        return None
    step = run.finite[stretches.index(lowest) + run.k - 1].step
    text = (
        f"The loss ends at {loss_text(run.last)}, after {loss_text(lowest)} around step"
        f" {step_text(step)}: the run diverged."
    )
    finding = Finding("diverged", "bad", text, {"step": step})
    return Hit(finding, "it diverged", f"it diverged after step {step_text(step)}")


def _noise_of_medians(run: Run) -> float:
    """The standard error of a median of ``k`` points. How far points scatter is taken from
    the differences of neighbours, where a trend is no more than their common middle."""
    steps = [after - before for before, after in pairwise(run.losses)]
    scatter = NORMAL_MAD * mad(steps) / math.sqrt(2) if steps else 0.0
    return scatter * math.sqrt(math.pi / 2 / run.k)


def decreased(run: Run, setting: Setting) -> bool:
    """Far enough from end to end, and in order all along."""
    if run.first - run.last < setting("not_decreased_drop") * abs(run.first):
        return False
    trend = kendall(_ranked(run.finite, setting)[1], "falls")
    return trend.tau < 0 and trend.p < setting("not_decreased_p")


def not_decreased(run: Run, setting: Setting) -> Hit | None:
    if decreased(run, setting):
        return None
    text = f"The loss went {ends_text(run.first, run.last)}: no clear decrease."
    return Hit(Finding("not_decreased", "caution", text), "no clear decrease", "no clear decrease")


def eval_peaked(run: Run, setting: Setting) -> Hit | None:
    return worst(hit for key, points in _sets(run) if (hit := _peaked(run, setting, key, points)))


def _peaked(run: Run, setting: Setting, key: str, points: Sequence[LogPoint]) -> Hit | None:
    best = best_of(points)
    rise = points[-1].value / best.value - 1 if best.value > 0 else 0.0
    since = len(points) - 1 - points.index(best)
    grave = rise >= setting("eval_peaked_bad")
    if not grave and (rise < setting("eval_peaked") or since < setting("eval_peaked_evals")):
        return None
    where = step_text(best.step)
    folder = clean(run.log.checkpoints.get(int(best.step), ""), limit=80)
    advice = f"judge {folder}" if folder else _not_there(run, best.step)
    text = (
        f"The {_validation(key)} loss was best at step {where} ({loss_text(best.value)}) and is"
        f" {share_text(rise)} worse since ({count_text(since, 'eval')}): {advice}."
    )
    at = {"step": best.step} | ({"checkpoint": folder} if folder else {})
    severity: Severity = "bad" if grave else "caution"
    finding = Finding("eval_peaked", severity, text, at)
    return Hit(finding, f"best validation at {where}", f"validation was best at step {where}")


def _not_there(run: Run, step: float) -> str:
    saved = sorted(run.log.checkpoints, key=lambda other: (abs(other - step), other))
    text = "no checkpoint of that step is there"
    if not saved:
        return text
    return f"{text}, the nearest is {clean(run.log.checkpoints[saved[0]], limit=80)}"


def still_improving(run: Run, setting: Setting) -> Hit | None:
    """An answer per set; a caution on one set is not undone by another."""
    hits = [hit for key, points in _sets(run) if (hit := _improving(run, setting, key, points))]
    return worst(hits) or (hits[0] if hits else None)


def _improving(run: Run, setting: Setting, key: str, points: Sequence[LogPoint]) -> Hit | None:
    if len(points) < 2 or points[-2].value <= 0:
        return None
    before, last = points[-2], points[-1]
    gain = 1 - last.value / before.value
    if best_of(points) is not last or gain < setting("still_improving"):
        return None
    grave = run.unfinished or gain >= setting("still_improving_caution")
    text = (
        f"The {_validation(key)} loss was still falling at the last eval ({share_text(gain)} on"
        f" the one before, to {loss_text(last.value)}): train longer."
    )
    finding = Finding("still_improving", "caution" if grave else "note", text, {"step": last.step})
    return Hit(finding, "validation still falling", "validation was still falling: train longer")


def spikes(run: Run, setting: Setting) -> list[LogPoint]:
    values = run.losses
    medians = trailing_medians(values, int(setting("spike_window")))
    residuals = [v - m for v, m in zip(values, medians, strict=True) if m == m]
    if not residuals:
        return []
    limit = setting("spike") * NORMAL_MAD * mad(residuals)
    rise = setting("spike_rise")
    return [
        point
        for point, middle in zip(run.finite, medians, strict=True)
        if point.value - middle > max(limit, rise * abs(middle))
    ]


def spike(run: Run, setting: Setting) -> Hit | None:
    found = spikes(run, setting)
    if not found:
        return None
    many = len(found) > setting("spike_many") * len(run.finite)
    listed = ", ".join(step_text(point.step) for point in found[:5])
    more = " and more" if len(found) > 5 else ""
    where = "at step" if len(found) == 1 else "at steps"
    text = f"{count_text(len(found), 'spike')} of the training loss {where} {listed}{more}."
    severity: Severity = "caution" if many else "note"
    finding = Finding("spike", severity, text, {"step": found[0].step})
    phrase = count_text(len(found), "spike")
    return Hit(finding, phrase, f"it has {phrase}")


def plateau(run: Run, setting: Setting) -> Hit | None:
    """Only of a loss that fell: standing still from the start is ``not_decreased``."""
    if not decreased(run, setting):
        return None
    x, y = _ranked(run.finite, setting)
    third = len(y) // 3
    if third < 2 or x[-1] <= x[-third]:
        return None
    change = theil_sen(x[-third:], y[-third:]) * (x[-1] - x[-third])
    if abs(change) >= setting("plateau") * (run.first - run.last):
        return None
    text = "Over its last third the training loss hardly moved: it has reached a plateau."
    return Hit(Finding("plateau", "note", text, {"step": x[-third]}), "", "")


@dataclass(frozen=True, slots=True)
class Stair:
    epoch: int
    step: float
    drop: float


def stairs(run: Run, setting: Setting) -> list[Stair]:
    """Epochs' ends at which the loss falls at once: the same rows are seen again."""
    known = [point for point in run.finite if point.epoch is not None]
    epochs = [point.epoch for point in known if point.epoch is not None]
    if len(known) < 2 or epochs[-1] <= epochs[0]:
        return []
    per_epoch = (len(known) - 1) / (epochs[-1] - epochs[0])
    m, least = min(50, int(per_epoch / 2)), int(setting("epoch_stairs_points"))
    if m < least:
        return []
    values = [point.value for point in known]
    found = []
    for epoch, place in epoch_ends(known):
        drop = _stair(values, place, m, least, setting)
        if drop is not None:
            found.append(Stair(epoch, known[place].step, drop))
    return found


def _stair(
    values: Sequence[float], place: int, m: int, least: int, setting: Setting
) -> float | None:
    """How far the loss falls at ``place``, where that stands out; else None."""
    earlier = values[max(0, place - 2 * m) : max(0, place - m)]
    before, after = values[max(0, place - m) : place], values[place : place + m]
    if min(len(before), len(after), len(earlier)) < least:
        return None
    deviation = NORMAL_MAD * mad(before)
    drop = median(before) - median(after)
    preceding = median(earlier) - median(before)
    if not deviation or drop / deviation < setting("epoch_stairs"):
        return None
    return drop if drop > setting("epoch_stairs_ratio") * max(0.0, preceding) else None


def epoch_ends(points: Sequence[LogPoint]) -> list[tuple[int, int]]:
    """Each epoch's number with the place of the first point after its end."""
    ends = []
    reached = None
    for place, point in enumerate(points):
        if point.epoch is None:
            continue
        # A row logged at epoch 1.0 exactly still speaks of the first epoch.
        done = max(0, math.ceil(point.epoch) - 1)
        if reached is not None and done > reached:
            ends.append((done, place))
        reached = done if reached is None else max(reached, done)
    return ends


def epoch_stairs(run: Run, setting: Setting) -> Hit | None:
    found = stairs(run, setting)
    if not found:
        return None
    largest = max(found, key=lambda stair: stair.drop)
    text = (
        f"The training loss falls by {loss_text(largest.drop)} at once as epoch"
        f" {largest.epoch} ends: rows seen before are recognised."
    )
    severity: Severity = "note" if run.finite_evals() else "caution"
    finding = Finding("epoch_stairs", severity, text, {"step": largest.step})
    return Hit(finding, "steps down at epochs", "it steps down at each epoch's end")


ESTIMATES: tuple[Callable[[Run, Setting], Hit | None], ...] = (
    scale_mismatch,
    memorising,
    low_loss,
    diverged,
    not_decreased,
    eval_peaked,
    still_improving,
    spike,
    plateau,
    epoch_stairs,
)
"""In the order in which their reasons are given, after ``above_chance``."""


def best_of(points: Sequence[LogPoint]) -> LogPoint:
    return min(points, key=lambda point: point.value)


def _ranked(points: Sequence[LogPoint], setting: Setting) -> tuple[list[float], list[float]]:
    """Steps and values as the rank tests take them."""
    return block_medians(
        [point.step for point in points],
        [point.value for point in points],
        int(setting("rank_points")),
    )


def _sets(run: Run) -> Iterator[tuple[str, tuple[LogPoint, ...]]]:
    yield from run.finite_evals().items()


def _validation(key: str) -> str:
    name = clean(eval_name(key), limit=40)
    return f"validation ({name})" if name else "validation"
