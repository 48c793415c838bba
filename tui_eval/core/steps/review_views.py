"""The numbers, tables and plots of step 4."""

from __future__ import annotations

from collections.abc import Sequence

from tui_eval.core.judgements import CRITERIA
from tui_eval.core.reading import Cell, Column, Number, Plot, Series, Table
from tui_eval.core.steps import judging
from tui_eval.core.steps.review_scores import (
    Figures,
    Item,
    Reviewed,
    agreement,
    item_scores,
    share_at,
    straight,
)
from tui_eval.core.text import clean

WORST_SHOWN = 5
PROMPT_START = 120
NOTE_START = 200
BARS_SHOWN = 20
CRITERION_COLUMNS = tuple(Column(name, name, "number", 1) for name in CRITERIA)


def numbers(data: Reviewed, found: Sequence[Figures]) -> dict[str, Number]:
    made: dict[str, Number] = {}
    none = Number(None, why="no score yet")
    for one in found:
        mean, share = one.mean, one.share
        made[one.criterion] = Number(mean.value, mean.low, mean.high, mean.n) if mean else none
        made[f"{one.criterion}_share4"] = (
            Number(share.value, share.low, share.high, share.n) if share else none
        )
    pace = data.pace
    return made | {
        "reviewed": Number(len(data.reviewed)),
        "planned": Number(data.planned),
        "ready": Number(data.ready),
        "notes": Number(sum(len(item.notes) for item in data.items)),
        "flagged": Number(sum(item.flagged for item in data.items)),
        "references_viewed": Number(sum(item.viewed("reference") for item in data.items)),
        "pace": Number(pace, unit="seconds", why="" if pace else "fewer than two scored items"),
    }


def tables(data: Reviewed, found: Sequence[Figures], good: float) -> dict[str, Table]:
    if not data.items:
        return {}
    made = {"criteria": _criteria(found, good), "worst": _worst(data), "items": _items(data)}
    if any(item.category for item in data.scored):
        made["by_category"] = _categories(data, good)
    tags = judging.tag_counts(note for item in data.items for note in item.notes)
    if tags:
        counted = sorted(tags.items(), key=lambda tag: (-tag[1], tag[0]))
        rows = tuple((f"#{clean(tag, limit=40)}", count) for tag, count in counted)
        columns = (Column("tag", "tag"), Column("count", "notes", "count", 0))
        made["tags"] = Table("tags", columns, rows)
    if len(data.begun) > 1:
        made |= {"judges": _judges(data), "agreement": _agreement(data)}
    return made


def _criteria(found: Sequence[Figures], good: float) -> Table:
    """Means of items, and how often each level was given: of several judges, single
    scores."""
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        mean, share = one.mean, one.share
        ends = (mean.value, mean.low, mean.high) if mean else (None, None, None)
        levels = (one.levels[level] for level in (1, 2, 3, 4, 5, 0))
        rows.append((one.criterion, *ends, share.value if share else None, *levels))
    columns = (
        Column("criterion", "scores"),
        Column("mean", "mean", "number"),
        Column("low", "low", "number"),
        Column("high", "high", "number"),
        Column("share", f"{good:g} or more", "percent", 0),
        *(Column(f"level_{level}", str(level), "count", 0) for level in range(1, 6)),
        Column("not_applicable", "n/a", "count", 0),
    )
    return Table("scores", columns, tuple(rows))


def _item_cells(item: Item) -> tuple[Cell, ...]:
    sample = item.sample
    return (
        f"#{sample.row}" if sample else "",
        clean(item.category, limit=40),
        clean(sample.prompt.strip(), limit=PROMPT_START) if sample else "",
        *(_score(item, name) for name in CRITERIA),
        "flag" if item.flagged else "",
        clean(" · ".join(item.notes), limit=NOTE_START),
    )


def _score(item: Item, criterion: str) -> Cell:
    """``n/a`` where every judge said so."""
    score = item.score(criterion)
    return "n/a" if score is None and item.given(criterion) else score


_ITEM_COLUMNS = (
    Column("sample", "sample"),
    Column("category", "category"),
    Column("prompt", "prompt"),
    *CRITERION_COLUMNS,
    Column("flag", ""),
    Column("note", "note"),
)


def _worst(data: Reviewed) -> Table:
    """By the mean over criteria, then by accuracy."""
    ranked = []
    for item in data.reviewed:
        mean = item.mean
        if mean is not None:
            ranked.append((mean, item.score("accuracy") or 0.0, _row(item), item))
    ranked.sort(key=lambda entry: entry[:3])
    shown = [entry[3] for entry in ranked[:WORST_SHOWN]]
    rows = tuple(_item_cells(item) for item in shown)
    return Table("worst answers", _ITEM_COLUMNS, rows, tuple(item.id for item in shown))


def _row(item: Item) -> int:
    return item.sample.row if item.sample else 0


def _items(data: Reviewed) -> Table:
    rows = tuple(_item_cells(item) for item in data.items)
    return Table("all answers", _ITEM_COLUMNS, rows, tuple(item.id for item in data.items))


def _by_category(data: Reviewed) -> dict[str, list[Item]]:
    parts: dict[str, list[Item]] = {}
    for item in data.scored:
        parts.setdefault(item.category or "(none)", []).append(item)
    return dict(sorted(parts.items(), key=lambda part: (-len(part[1]), part[0])))


def _categories(data: Reviewed, good: float) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, items in _by_category(data).items():
        share = share_at(item_scores(items, "accuracy"), good)
        ends = (share.value, share.low, share.high) if share else (None, None, None)
        means = (_mean(item_scores(items, criterion)) for criterion in CRITERIA)
        rows.append((clean(name, limit=40), len(items), *means, *ends))
    columns = (
        Column("category", "category"),
        Column("n", "n", "count", 0),
        *CRITERION_COLUMNS,
        Column("share", f"accuracy {good:g} or more", "percent", 0),
        Column("low", "low", "percent", 0),
        Column("high", "high", "percent", 0),
    )
    return Table("by category", columns, tuple(rows))


def _mean(scores: Sequence[float]) -> float | None:
    return sum(scores) / len(scores) if scores else None


def _judges(data: Reviewed) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for judge in data.begun:
        equal, n = straight(judge)
        marks = [judge.mark(item) for item in judge.reviewed]
        means = []
        for name in CRITERIA:
            means.append(_mean([mark.scores[name] for mark in marks if mark.scores[name]]))
        viewed = sum("reference" in mark.views for mark in judge.marks.values())
        pace = judging.pace([judge])
        name = judging.judge_name(judge.judge)
        rows.append((name, n, *means, equal, viewed, pace, "yes" if judge.blind else "no"))
    columns = (
        Column("judge", "judge"),
        Column("n", "scored", "count", 0),
        *CRITERION_COLUMNS,
        Column("straight", "four equal", "count", 0),
        Column("viewed", "references seen", "count", 0),
        Column("pace", "s each", "number", 0),
        Column("blind", "blind"),
    )
    return Table("judges", columns, tuple(rows))


def _agreement(data: Reviewed) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in CRITERIA:
        found = agreement(data, name)
        rows.append((name, found.items, found.same, found.kappa, found.alpha))
    columns = (
        Column("criterion", "criterion"),
        Column("n", "items", "count", 0),
        Column("same", "same score", "percent", 0),
        Column("kappa", "weighted kappa", "number"),
        Column("alpha", "alpha", "number"),
    )
    return Table("agreement of judges", columns, tuple(rows))


def plots(found: Sequence[Figures]) -> tuple[Plot, ...]:
    """One bar per level, for each criterion that has a score."""
    made = []
    for one in found:
        if any(one.levels[level] for level in range(1, 6)):
            bars = tuple(
                Series(str(level), "tuned", (float(level - 1),), (float(one.levels[level]),))
                for level in range(1, 6)
            )
            title = f"{one.criterion}: scores by level"
            made.append(Plot(one.criterion, title, "bars", bars, "", "scores"))
    return tuple(made)
