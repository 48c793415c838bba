"""Step 6: is it better at the tasks?"""

from __future__ import annotations

from collections.abc import Sequence

from tui_eval.core.evidence import TaskEvidence
from tui_eval.core.reading import HEADLINE_CELLS, SUMMARY_CELLS, Reading, verdict_of
from tui_eval.core.stats.resampled import DRAWS, SEED
from tui_eval.core.steps import task_metrics_matrix as matrix
from tui_eval.core.steps import task_metrics_views as views
from tui_eval.core.steps.task_metrics_blind import kept_back
from tui_eval.core.steps.task_metrics_figures import Compared
from tui_eval.core.steps.task_metrics_look import Looked, look
from tui_eval.core.steps.task_metrics_tests import Case, all_hits, amount, moved_text
from tui_eval.core.steps.wording import Hit, count_text, fitting, threshold, worst
from tui_eval.core.text import clean

STEP = "task_metrics"


def read(evidence: TaskEvidence, candidate: str, *, against: str | None = None) -> Reading:
    base = against or evidence.base(candidate)
    significance = threshold(evidence, "task_metrics.significance")
    kept = kept_back(evidence, candidate, base)
    tasks = tuple(
        look(evidence, candidate, base, task, significance=significance, kept=kept(task))
        for task in evidence.tasks(candidate)
    )
    case = Case(evidence, candidate, tasks, base)
    hits = all_hits(case)
    findings = tuple(hit.finding for hit in hits)
    gravest = worst(hits)
    return Reading(
        step=STEP,
        candidate=candidate,
        against=base or "base",
        verdict=verdict_of(findings, case.waiting),
        headline=_headline(case, gravest),
        summary=_summary(case, gravest),
        findings=findings,
        numbers=views.numbers(case),
        tables=views.tables(case) if tasks else {},
        plots=matrix.plots(case),
        how=_how(case),
    )


def _progress(case: Case) -> tuple[int, int]:
    open_ = [looked for looked in case.tasks if not (looked.task.fault or looked.task.refused)]
    return sum(looked.done for looked in open_), sum(looked.planned for looked in open_)


def _headline(case: Case, gravest: Hit | None) -> str:
    if case.waiting:
        done, planned = _progress(case)
        names = ", ".join(_name(looked) for looked in case.tasks)
        if not done:
            needs = f"needs {count_text(planned, 'item')} answered"
            return fitting((f"{needs}: {names}", f"{needs}: press r", needs), HEADLINE_CELLS)
        return fitting((f"{done} of {count_text(planned, 'item')} measured",), HEADLINE_CELLS)
    moved = _each(case)
    if gravest is None or gravest.finding.code in ("worse", "not_shown"):
        return fitting((*_short(case), moved, _counts(case)), HEADLINE_CELLS)
    told = "; ".join(filter(None, (moved, gravest.short)))
    return fitting((told, gravest.short), HEADLINE_CELLS)


def _short(case: Case) -> list[str]:
    """``rougeL 0.310 → 0.371`` where there is one task."""
    if len(case.tasks) != 1 or case.tasks[0].first is None:
        return []
    first = case.tasks[0].first
    moved = f"{clean(first.name, limit=20)} {moved_text(first)}"
    word = {1: "better", -1: "worse", 0: "no difference shown"}[first.better]
    return [f"{moved}, {word}", moved] if first.difference is not None else []


def _each(case: Case) -> str:
    """``labels +0.21, summarise +0.06``: the first metric's difference of each task."""
    parts = []
    for looked in case.tasks:
        if looked.first is not None and looked.first.difference is not None:
            parts.append(f"{_name(looked)} {_signed(looked.first)}")
    return ", ".join(parts)


def _signed(found: Compared) -> str:
    if found.difference is None:
        return ""
    value = found.difference.value
    return f"{value:+.1f}" if found.metric.unit == "points" else f"{value:+.2f}"


def _counts(case: Case) -> str:
    better, worse, unclear = (len(group) for group in _sorted(case))
    parts = [(better, "better"), (worse, "worse"), (unclear, "unclear")]
    return ", ".join(f"{n} {word}" for n, word in parts if n)


def _sorted(case: Case) -> tuple[list[Looked], list[Looked], list[Looked]]:
    """Tasks that got better, that got worse, and of which neither shows."""
    read = [looked for looked in case.tasks if case.enough(looked) and looked.first is not None]
    better = [looked for looked in read if looked.first is not None and looked.first.better > 0]
    worse = [looked for looked in read if looked.first is not None and looked.first.better < 0]
    return better, worse, [one for one in read if one not in better and one not in worse]


def _summary(case: Case, gravest: Hit | None) -> str:
    if not case.tasks:
        return gravest.long if gravest is not None else ""
    if case.waiting:
        done, planned = _progress(case)
        models = "both models" if case.base is not None else "the model"
        if not done:
            words = f"{count_text(planned, 'item')} to be answered by {models}"
            return fitting((f"{words}: {_join(case.tasks)}", words), SUMMARY_CELLS)
        so_far = _each(case)
        words = f"{done} of {count_text(planned, 'item')} answered and measured"
        return fitting((f"{words}, so far {so_far}" if so_far else words, words), SUMMARY_CELLS)
    told = _verdicts(case)
    if gravest is None or gravest.finding.code in ("worse", "not_shown"):
        return fitting((*told, _each(case), _counts(case)), SUMMARY_CELLS)
    return fitting(
        (*(f"{one}; {gravest.long}" for one in told if one), gravest.long), SUMMARY_CELLS
    )


def _verdicts(case: Case) -> list[str]:
    """``summarise and labels better; code: no difference shown (47 problems)``, and shorter."""
    better, worse, unclear = _sorted(case)
    if len(case.tasks) == 1 and (better or worse or unclear):
        return _one(case.tasks[0])
    parts = [f"{_join(worse)} worse"] if worse else []
    parts += [f"{_join(better)} better"] if better else []
    short = [*parts, f"{_join(unclear)}: no difference shown"] if unclear else parts
    if unclear:
        first = unclear[0].first
        one = first is not None and len(unclear) == 1
        sizes = f" ({count_text(first.n, first.noun)})" if first is not None and one else ""
        parts.append(f"{_join(unclear)}: no difference shown{sizes}")
    return ["; ".join(parts), "; ".join(short), _counts(case)]


def _one(looked: Looked) -> list[str]:
    found = looked.first
    if found is None or found.difference is None:
        return []
    word = {1: "better", -1: "worse", 0: "no difference shown"}[found.better]
    moved = f"{clean(found.name, limit=20)} {moved_text(found)}"
    n = f"n = {found.n}"
    return [f"{_name(looked)} {word}: {moved}, {n}", f"{_name(looked)} {word}: {moved}", word]


def _name(looked: Looked) -> str:
    return clean(looked.task.name, limit=20)


def _join(tasks: Sequence[Looked]) -> str:
    names = [_name(looked) for looked in tasks]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def _how(case: Case) -> tuple[str, ...]:
    if not case.tasks:
        return ()
    paragraphs = [
        "Base and tuned answer the same items and are compared as pairs. The interval of a"
        " difference is 95%: one influence value per item, summed within groups, Student's t;"
        f" F1, precision, recall, kappa and MCC by paired bootstrap, {DRAWS:,} draws, seed {SEED}."
        " Rates have Wilson intervals; where rows are in groups, Student's t over groups, and"
        " Wilson on the number of groups where all are the same. Where every item is the same, a"
        " right/wrong difference has Bonett and Price's interval. A mean of other figures from 0"
        " to 1 has a bound: of n items all the same at most 1 - 0.05^(1/n) of others are"
        " otherwise (Clopper and Pearson; the rule of three), and those anywhere in its range."
        " What has no known range, and figures of the whole set, then have no interval."
        " Intervals are cut to what a figure can be. A right/wrong difference is shown where"
        " McNemar's exact test of the items that only one model has right agrees; any other"
        " takes as many differing items as a sign test can show anything of (six at 0.05), and"
        " where all items moved by the same the sign test alone decides.",
    ]
    for looked in case.tasks:
        paragraphs += _how_task(looked)
    return tuple(paragraphs)


def _how_task(looked: Looked) -> list[str]:
    task = looked.task
    used = f"{count_text(len(task.items), 'item')} of {task.rows:,} rows of"
    words = [f"{_name(looked)}: {used} {clean(task.source, limit=200)}."]
    words += [clean(note, limit=300) for note in task.notes]
    if "labels" in looked.measures():
        words.append("Averages are over the labels that these items hold.")
    found = looked.first
    if found is not None and found.detectable is not None:
        items, name = count_text(found.n, found.noun), clean(found.name, limit=30)
        least = amount(found, found.detectable)
        words.append(f"{items} can show a difference in {name} of {least} or more, 4 times in 5.")
    told = [" ".join(words)]
    for measure in looked.measures():
        scores = looked.scores["tuned"].get(measure)
        if scores is not None and scores.how:
            told.append(clean(scores.how, limit=1200))
        told += _notes(looked, measure)
    return told


def _notes(looked: Looked, measure: str) -> list[str]:
    """What was done to measure some answers: cut texts are told."""
    counts: dict[str, int] = {}
    for side in looked.sides:
        for one in looked.measured(side, measure):
            if one.note:
                counts[one.note] = counts.get(one.note, 0) + 1
    return [
        f"{count_text(n, 'answer')}: {clean(note, limit=120)}."
        for note, n in sorted(counts.items(), key=lambda both: -both[1])[:3]
    ]
