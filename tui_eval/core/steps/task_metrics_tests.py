"""The findings of step 6, each a function of what was found on one task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core.evidence import TaskEvidence
from tui_eval.core.metrics import metric_of
from tui_eval.core.metrics.labels import UNKNOWN, folded
from tui_eval.core.metrics.settle import data_labels
from tui_eval.core.reading import Finding, Severity
from tui_eval.core.stats.intervals import Interval
from tui_eval.core.steps.task_metrics_blind import open_words
from tui_eval.core.steps.task_metrics_figures import UNPARSED, Compared, Side
from tui_eval.core.steps.task_metrics_look import MOST_NAMES, Looked, names_left_out
from tui_eval.core.steps.task_metrics_missing import left_over, missing, mostly_missing
from tui_eval.core.steps.wording import Hit, count_text, share_text, threshold
from tui_eval.core.task_records import Measured, TaskItem
from tui_eval.core.text import clean

NAMED = 5
"""Labels, items and tasks that a sentence names."""
MOST_DIGITS = 7
"""Of an interval's end: what is smaller is rounding."""
NO_SPREAD = "no interval: nothing varies, or there is but one group"
ALIKE = "no interval: every item moved by the same, so nothing tells how far others might"


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the tests look at."""

    evidence: TaskEvidence
    candidate: str
    tasks: tuple[Looked, ...]
    base: str | None

    def limit(self, name: str) -> float:
        return threshold(self.evidence, f"task_metrics.{name}")

    def enough(self, looked: Looked) -> bool:
        """Whether a difference may be read: of enough items, and of most that there are."""
        return self.measured(looked) and not mostly_missing(looked)

    def measured(self, looked: Looked) -> bool:
        return looked.first is not None and looked.first.n >= self.limit("enough_items")

    def left(self, looked: Looked) -> bool:
        """Whether what no blind comparison holds back is enough: then nothing waits for it."""
        return len(looked.task.items) >= self.limit("enough_items")

    @property
    def waiting(self) -> bool:
        return any(looked.waiting for looked in self.tasks)


def all_hits(case: Case) -> list[Hit]:
    if not case.tasks:
        return [_no_tasks()]
    hits: list[Hit | None] = []
    for looked in case.tasks:
        hits += _of_task(case, looked)
    if case.base is None:
        text = "There is no base model to compare with: name one under [models.base] in eval.toml."
        hits.append(Hit(Finding("no_base", "not_enough", text), "no base", "no base model"))
    return [hit for hit in hits if hit is not None]


def _no_tasks() -> Hit:
    text = "No task is named: add a section [tasks.NAME] with data and metrics to eval.toml."
    finding = Finding("no_tasks", "not_enough", text)
    return Hit(finding, "no task in eval.toml", "no task is named in eval.toml")


def _of_task(case: Case, looked: Looked) -> list[Hit | None]:
    task = looked.task
    if task.itself:
        return [_stopped(looked, "against_itself", task.fault, "needs other answers")]
    if task.fault:
        return [_stopped(looked, "unreadable", task.fault, "can't be measured")]
    if task.refused:
        return [_stopped(looked, "sandbox_refused", task.refused, "not run: no sandbox")]
    hits: list[Hit | None] = []
    if case.enough(looked):
        hits.append(_value(looked))
    hits += [_missing(case, looked), _too_few(case, looked)]
    hits += [_unparsed(case, looked), _unknown(case, looked), _truncated(case, looked)]
    hits += [_failed(looked), _skipped(looked), _left_over(looked), _many(looked)]
    hits.append(_kept(case, looked))
    return hits


def _hit(looked: Looked, code: str, severity: Severity, text: str, phrase: str) -> Hit:
    name = clean(looked.task.name, limit=30)
    finding = Finding(code, severity, f"{name}: {text}", {"task": looked.task.name})
    return Hit(finding, f"{name} {phrase}", f"{name} {phrase}")


def _stopped(looked: Looked, code: str, why: str, phrase: str) -> Hit:
    return _hit(looked, code, "not_enough", clean(why, limit=800), phrase)


def _value(looked: Looked) -> Hit | None:
    found = looked.first
    if found is None or found.difference is None or found.better > 0:
        return None
    moved = f"{clean(found.name, limit=40)} {moved_text(found)}"
    if found.better < 0:
        text = f"worse than base: {moved}{_how_sure(found)}."
        return _hit(looked, "worse", "bad", text, "worse")
    if found.difference.low is None and looked.waiting:
        return None
    text = f"no difference shown: {moved}{_why_unclear(found)}."
    if found.detectable is not None:
        items = count_text(found.n, found.noun)
        text += f" {items} can show a difference of {amount(found, found.detectable)} or more."
    return _hit(looked, "not_shown", "caution", text, "no difference shown")


def _why_unclear(found: Compared) -> str:
    span = found.difference
    if span is None or span.low is None or span.high is None:
        return f"; {NO_SPREAD}"
    if span.low <= 0 <= span.high:
        return f"{_how_sure(found)}, which may be none"
    # The interval alone would call it a difference.
    if found.p is not None:
        return f"{_how_sure(found)}, which could be chance (McNemar's exact p = {found.p:.2f})"
    unit = "item" if found.units == found.n else "group"
    few = f"the models differ on {count_text(found.differing, unit)}, which could be chance"
    return f"{_how_sure(found)}; {few}"


def moved_text(found: Compared) -> str:
    """``0.310 → 0.371``."""
    if found.base is None or found.tuned is None:
        return "" if found.tuned is None else amount(found, found.tuned.value)
    return f"{amount(found, found.base.value)} → {amount(found, found.tuned.value)}"


def amount(found: Compared, value: float) -> str:
    if found.metric.unit == "points":
        return f"{value:.1f}"
    wide = found.metric.kind == "own" and abs(value) >= 10
    return f"{value:.1f}" if wide else f"{value:.3f}"


def span_text(found: Compared, span: Interval | None) -> str:
    """An end that is not 0 keeps as many digits as tell on which side of 0 it is."""
    if span is None or span.low is None or span.high is None:
        return ""
    digits = 1 if found.metric.unit == "points" else 3
    return f"[{_end_text(span.low, digits)}, {_end_text(span.high, digits)}]"


def _end_text(end: float, digits: int) -> str:
    # An end that is rounding is 0.
    while end and digits < MOST_DIGITS and not round(end, digits):
        digits += 1
    # Adding 0.0 makes a minus zero plain.
    return f"{round(end, digits) + 0.0:+.{digits}f}"


def _how_sure(found: Compared) -> str:
    span = span_text(found, found.difference)
    told = f", difference {span}" if span else ""
    if found.p is not None:
        told += f", {found.wins} gained and {found.losses} lost of {found.n}"
    return told


def _too_few(case: Case, looked: Looked) -> Hit | None:
    """Not while answers are still to come."""
    if case.measured(looked) or looked.waiting:
        return None
    if looked.kept and not case.left(looked):
        return None
    n = looked.first.n if looked.first is not None else 0
    needed = int(case.limit("enough_items"))
    have = f"only {count_text(n, 'item')}" if n else "no item could be measured"
    text = f"{have}: a comparison needs {needed} to say how sure it is."
    return _hit(looked, "too_few_samples", "not_enough", text, have)


def _kept(case: Case, looked: Looked) -> Hit | None:
    """In place of ``too_few_samples`` where it leaves too few items. That others failed is no
    matter of the unblinding."""
    if not looked.kept:
        return None
    count = count_text(looked.kept, "item")
    text = (
        f"{count} left out of every figure and list until the blind A/B is unblinded, which asks"
        " the same."
    )
    # The way out is the same of every task: once is enough.
    if looked is next(one for one in case.tasks if one.kept):
        text += f" {open_words(case.evidence)}"
    if case.left(looked) or looked.waiting:
        return _hit(looked, "kept_back", "note", text, f"{count} left out")
    n = len(looked.task.items)
    needed = int(case.limit("enough_items"))
    text += f" {count_text(n, 'item')} left; a comparison needs {needed}."
    return _hit(looked, "kept_back", "not_enough", text, "waits for the unblinding")


def _shares(
    looked: Looked, counted: Mapping[Side, Sequence[Measured]], hit: str
) -> dict[Side, tuple[int, int]]:
    """Per model, how many of its answers are so, of how many."""
    return {
        side: (sum(one.label is not None and _is(one, hit) for one in found), len(found))
        for side, found in counted.items()
    }


def _is(one: Measured, hit: str) -> bool:
    return one.label == "" if hit == UNPARSED else one.reason == hit


def _labels(looked: Looked) -> dict[Side, list[Measured]]:
    return {side: looked.measured(side, "labels") for side in looked.sides}


def _unparsed(case: Case, looked: Looked) -> Hit | None:
    counted = _labels(looked)
    if not counted["tuned"]:
        return None
    shares = _shares(looked, counted, UNPARSED)
    severity = _graver(shares, case.limit("unparsed_labels"))
    if severity is None:
        return None
    text = f"no label could be read from {_told(looked, shares)} answers"
    why = Counter(one.reason for one in counted["tuned"] if one.label == "" and one.reason)
    if why and shares["tuned"][0]:
        reasons = ", ".join(f"{reason} {n}" for reason, n in why.most_common(3))
        text += f" ({looked.names['tuned']}: {clean(reasons, limit=120)})"
    phrase = f"{share_text(_share(shares['tuned']))} unparsed"
    return _hit(looked, "unparsed_labels", severity, f"{text}.", phrase)


def _graver(shares: Mapping[Side, tuple[int, int]], limit: float) -> Severity | None:
    """A caution where tuned's share is above the limit, a note where base's is."""
    if _share(shares["tuned"]) > limit:
        return "caution"
    return "note" if "base" in shares and _share(shares["base"]) > limit else None


def _share(counts: tuple[int, int]) -> float:
    return counts[0] / counts[1] if counts[1] else 0.0


def _told(looked: Looked, shares: Mapping[Side, tuple[int, int]]) -> str:
    """``14 of tuned's 300, 3 of base's 300``; nothing of a model that has none."""
    some = sorted(shares.items(), reverse=True)
    return ", ".join(f"{n:,} of {looked.names[side]}'s {of:,}" for side, (n, of) in some if n)


def _unknown(case: Case, looked: Looked) -> Hit | None:
    """Labels of the data that aren't set, those set that the data never holds, and answers that
    give a label which is none of them."""
    counted = _labels(looked)
    if "labels" not in looked.measures():
        return None
    task, limit = looked.task, case.limit("unknown_labels")
    told: list[str] = []
    severity: Severity | None = None
    if task.labels:
        known, held = {folded(label) for label in task.labels}, data_labels(task.items)
        strange = [label for label in held if folded(label) not in known]
        missing = [one for one in task.labels if folded(one) not in {folded(h) for h in held}]
        rows = sum(folded(item.references[0]) not in known for item in _referenced(looked))
        if strange:
            severity = "caution" if rows > limit * len(task.items) else "note"
            told.append(f"the data holds {_names(strange)}, which labels doesn't ({rows} items)")
        # An item that is kept back may hold them.
        if missing and not looked.kept:
            severity = severity or "note"
            told.append(f"labels holds {_names(missing)}, which the data never does")
    shares = _shares(looked, counted, UNKNOWN)
    graver = _graver(shares, limit)
    if graver is not None:
        severity = "caution" if "caution" in (graver, severity) else "note"
        told.append(f"an unknown label stands in {_told(looked, shares)} answers")
    if severity is None:
        return None
    return _hit(looked, "unknown_labels", severity, f"{'; '.join(told)}.", "unknown labels")


def _referenced(looked: Looked) -> list[TaskItem]:
    return [item for item in looked.task.items if item.references]


def _names(labels: Sequence[str]) -> str:
    shown = ", ".join(clean(label, limit=40) for label in labels[:NAMED])
    more = len(labels) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _truncated(case: Case, looked: Looked) -> Hit | None:
    shares: dict[Side, tuple[int, int]] = {}
    for side in looked.sides:
        found = looked.answers[side].values()
        shares[side] = sum(one.truncated for one in found), len(found)
    severity = _graver(shares, case.limit("truncated"))
    if severity is None:
        return None
    text = f"{_told(looked, shares)} answers reached their longest length and are cut off."
    phrase = f"{share_text(_share(shares['tuned']))} cut off"
    return _hit(looked, "truncated", severity, text, phrase)


def _failed(looked: Looked) -> Hit | None:
    """Metrics that failed on an answer, and the first item of each."""
    told, count = [], 0
    for measure in looked.measures():
        failed = _failures(looked, measure)
        if failed:
            row, why = failed[0]
            count += len(failed)
            names = [n for n in looked.task.metrics if metric_of(n).measure == measure]
            told.append(
                f"{clean(', '.join(names[:3]), limit=80)} on {count_text(len(failed), 'item')} of"
                f" {len(looked.task.items)} (first: #{row}, {clean(why, limit=160)})"
            )
    if not told:
        return None
    text = f"a metric failed: {'; '.join(told)}."
    phrase = f"metric failed on {count_text(count, 'item')}"
    return _hit(looked, "metric_failed", "caution", text, phrase)


def _failures(looked: Looked, measure: str) -> list[tuple[int, str]]:
    """Row and reason, by item: failing on both models' answers counts once."""
    found = []
    for item in looked.task.items:
        for side in looked.sides:
            scores = looked.scores[side].get(measure)
            one = scores.items.get(item.sample.id) if scores is not None else None
            if one is not None and one.error:
                found.append((item.sample.row, one.error))
                break
    return found


def _skipped(looked: Looked) -> Hit | None:
    """Rows of the task's data that could not be read."""
    if not looked.task.left_out:
        return None
    first = "; ".join(clean(one, limit=120) for one in looked.task.faults)
    text = f"{count_text(looked.task.left_out, 'row')} can't be used{first and f' ({first})'}."
    return _hit(looked, "skipped_rows", "note", text, "rows left out")


def _missing(case: Case, looked: Looked) -> Hit | None:
    found = missing(looked, case.limit("missing_answers"))
    return None if found is None else _hit(looked, "missing_answers", *found)


def _left_over(looked: Looked) -> Hit | None:
    told = left_over(looked)
    phrase = "answers left over"
    return _hit(looked, "unmatched_answers", "note", f"{told}.", phrase) if told else None


def _many(looked: Looked) -> Hit | None:
    rest = names_left_out(looked)
    if not rest:
        return None
    text = (
        f"{count_text(rest, 'value')} of your own metrics {'is' if rest == 1 else 'are'} not shown:"
        f" a task shows {MOST_NAMES}, those that the most items have."
    )
    return _hit(looked, "values_left_out", "note", text, "values left out")
