"""The numbers and tables of step 5. Before unblinding: only how far judging has come."""

from __future__ import annotations

from collections.abc import Sequence

from tui_eval.core.judgements import JudgeRound
from tui_eval.core.reading import Cell, Column, Number, Plot, Series, Table
from tui_eval.core.stats.intervals import Interval
from tui_eval.core.stats.sequential import Enough
from tui_eval.core.steps import judging
from tui_eval.core.steps.blind_ab_result import Count, Limits, Result, Tally, groups_of, tally
from tui_eval.core.steps.blind_ab_tests import span_text
from tui_eval.core.steps.blind_ab_votes import Asked, Ballots, Compared, Standing
from tui_eval.core.steps.wording import count_text, model_text, share_text
from tui_eval.core.text import clean

PROMPT_START = 120
BARS_SHOWN = 20
OPENED = (
    "wins", "losses", "ties", "win_rate", "decisive_rate", "sign_p", "e_value", "both_bad_rate",
    "left_rate", "longer_rate", "self_consistency", "agreement", "alpha", "detectable",
    "length_adjusted", "flagged", "guesses", "guesses_right",
)  # fmt: skip
"""Numbers that have a value only after unblinding."""


def early_numbers(standing: Standing, enough: Enough | None) -> dict[str, Number]:
    """Everything that can be told of a direction is null, and says why."""
    closed = Number(None, why="told after unblinding")
    numbers = _progress(standing)
    unlooked = Number(None, why="there is no vote yet")
    numbers["locked"] = unlooked if enough is None else Number(int(enough.locked))
    numbers["clear"] = unlooked if enough is None else Number(int(enough.clear))
    return numbers | dict.fromkeys(OPENED, closed)


def missing_numbers(why: str) -> dict[str, Number]:
    names = (*OPENED, "locked", "clear", "pace")
    counts = dict.fromkeys(
        ("votes", "judged", "judged_any", "planned", "ready", "unanswerable"), Number(0)
    )
    return dict.fromkeys(names, Number(None, why=why)) | counts


def _progress(standing: Standing) -> dict[str, Number]:
    pace = Number(None, unit="seconds", why="fewer than two votes")
    return {
        "votes": Number(standing.votes),
        "judged": Number(standing.judged),
        "judged_any": Number(standing.judged_any),
        "planned": Number(standing.planned),
        "ready": Number(standing.ready),
        "unanswerable": Number(standing.unanswerable),
        "pace": pace if standing.pace is None else Number(standing.pace, unit="seconds"),
    }


def numbers(standing: Standing, found: Ballots, result: Result) -> dict[str, Number]:
    counts = result.tally
    made = {
        "wins": Number(counts.wins),
        "losses": Number(counts.losses),
        "ties": Number(counts.ties),
        "win_rate": _rate(counts.rate, "no pair was judged"),
        "decisive_rate": _rate(result.decisive, "no pair decided for one answer"),
        "sign_p": Number(result.sign_p, n=counts.deciding),
        "e_value": Number(result.e_value, n=sum(pair.full for pair in found.pairs)),
        "both_bad_rate": _rate(result.both_bad.rate, "there is no vote"),
        "left_rate": _rate(result.left.rate, "no vote decided for one side"),
        "longer_rate": _rate(result.longer.rate, "no deciding vote on answers of unequal length"),
        "self_consistency": _rate(result.same.rate, "no repeated pair was judged"),
        "agreement": _plain(result.agreement, "no pair has votes of two judges"),
        "alpha": _plain(result.alpha, "no two judges to compare, or all votes are alike"),
        "detectable": _plain(result.detectable, "so few deciding pairs can show nothing"),
        "length_adjusted": _rate(
            result.adjusted.rate if result.adjusted else None,
            "too few deciding pairs, or no fit exists",
        ),
        "flagged": Number(sum(pair.flagged for pair in found.counting)),
        "guesses": Number(result.guessed.n),
        "guesses_right": Number(result.guessed.hits),
    }
    made |= _progress(standing) | {
        "locked": Number(int(result.enough.locked)),
        "clear": Number(int(result.enough.clear)),
    }
    return made


def _rate(rate: Interval | None, why: str) -> Number:
    if rate is None:
        return Number(None, why=why)
    return Number(rate.value, rate.low, rate.high, rate.n)


def _plain(value: float | None, why: str) -> Number:
    return Number(None, why=why) if value is None else Number(value)


def early_tables(standing: Standing) -> dict[str, Table]:
    if standing.round is None or not standing.begun:
        return {}
    columns = (
        Column("judge", "judge"),
        Column("judged", "judged", "count", 0),
        Column("planned", "of", "count", 0),
        Column("state", ""),
    )
    rows = tuple(
        (
            judging.judge_name(judge.judge),
            len(judge.voted),
            standing.planned,
            state_text(judge),
        )
        for judge in standing.begun
    )
    return {"judges": Table("judges", columns, rows)}


def state_text(judge: JudgeRound) -> str:
    if judge.finished:
        return "finished"
    if judge.closed_by:
        return f"closed by {judging.judge_name(judge.closed_by)}"
    return "judging"


def tables(
    case: Asked,
    found: Ballots,
    result: Result,
    limits: Limits,
    closed: frozenset[str] | None = frozenset(),
) -> dict[str, Table]:
    """Those that would only repeat the summary are left out. ``closed``: prompts whose pairs are
    not listed; None: no pair is."""
    made = {"checks": _checks(case, found, result, limits)}
    results, slices = _results(result), _slices(case, found, limits)
    made |= {"results": results} if len(results.rows) > 1 else {}
    made |= {"by_category": slices} if slices.rows else {}
    made |= {"judges": _judges(case, found)} if len(case.standing.begun) > 1 else {}
    return made | ({"pairs": _pairs(case, found, closed)} if closed is not None else {})


def chance_text(p: float, limits: Limits) -> str:
    return "could be chance" if p >= limits.alpha else "more than chance"


def _checks(case: Asked, found: Ballots, result: Result, limits: Limits) -> Table:
    """What could be behind the votes besides the answers, in words."""
    rows: list[tuple[Cell, ...]] = []
    for name, what, count in (
        ("side", "left one", result.left),
        ("length", "longer one", result.longer),
    ):
        rows.append((name, _chosen(what, count, limits)))
    for judge in case.standing.begun:
        own = [(one, again) for one, again in found.repeats if one.judge == judge.judge]
        votes = sum(vote.judge == judge.judge for vote in found.votes)
        told = f"{judging.judge_name(judge.judge)} {count_text(votes, 'vote')}"
        if own:
            same = sum(one.choice == again.choice for one, again in own)
            told += f" · same choice on {same} of {count_text(len(own), 'repeated pair')}"
        rows.append(("judge", told))
    if result.agreement is not None:
        rows.append(("agreement", f"two judges chose alike in {share_text(result.agreement)}"))
    rows.append(("guessing", _guess_text(model_text(case.candidate), result.guessed, limits)))
    return Table("checks", (Column("what", ""), Column("told", "")), tuple(rows))


def _chosen(what: str, count: Count, limits: Limits) -> str:
    if not count.n:
        return f"{what}: no vote tells"
    return f"{what} chosen {count.hits} of {count.n}: {chance_text(count.p, limits)}"


def _guess_text(name: str, guessed: Count, limits: Limits) -> str:
    if guessed.n < limits.guesses:
        return f"{count_text(guessed.n, 'guess', 'guesses')} which is {name}: blinding not tested"
    told = "better than chance" if guessed.p <= limits.alpha else "could be chance"
    return f"{guessed.n} guesses which is {name}, {guessed.hits} right: {told}"


def _tally_cells(part: Tally) -> tuple[Cell, ...]:
    rate = part.rate
    ends = (rate.value, rate.low, rate.high) if rate else (None, None, None)
    return (part.n, part.wins, part.losses, part.ties, *ends)


_TALLY_COLUMNS = (
    Column("n", "pairs", "count", 0),
    Column("wins", "● won", "count", 0),
    Column("losses", "○ won", "count", 0),
    Column("ties", "tied", "count", 0),
    Column("win_rate", "win rate", "percent", 1),
    Column("low", "low", "percent", 1),
    Column("high", "high", "percent", 1),
)


def _results(result: Result) -> Table:
    rows: list[tuple[Cell, ...]] = [("all pairs", *_tally_cells(result.tally))]
    if result.unflagged is not None:
        rows.append(("without flagged", *_tally_cells(result.unflagged)))
    if result.shorter.n:
        rows.append(("● the shorter", *_tally_cells(result.shorter)))
    if result.adjusted is not None:
        rate = result.adjusted.rate
        counts = (result.tally.deciding, None, None, None)
        rows.append(("deciding, at equal lengths", *counts, rate.value, rate.low, rate.high))
    return Table("results", (Column("which", ""), *_TALLY_COLUMNS), tuple(rows))


def _slices(case: Asked, found: Ballots, limits: Limits) -> Table:
    """Counts and intervals, the largest first; no test: many slices are many tests."""
    rows = [
        (clean(name, limit=40), *_tally_cells(part))
        for name, part in _by_category(case, found.counting, limits)
    ]
    return Table("by category", (Column("category", "category"), *_TALLY_COLUMNS), tuple(rows))


def _by_category(case: Asked, pairs: Sequence[Compared], limits: Limits) -> list[tuple[str, Tally]]:
    parts: dict[str, list[Compared]] = {}
    for pair in pairs:
        parts.setdefault(_category(case, pair), []).append(pair)
    if set(parts) <= {""}:
        return []
    return [
        (name or "(none)", tally(part, groups_of(case, part)))
        for name, part in sorted(parts.items(), key=lambda item: (-len(item[1]), item[0]))
        if len(part) >= limits.slice
    ]


def _category(case: Asked, pair: Compared) -> str:
    sample = case.samples.get(pair.sample)
    return (sample.category or "") if sample else ""


def _judges(case: Asked, found: Ballots) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for judge in case.standing.begun:
        votes = [vote for vote in found.votes if vote.judge == judge.judge]
        chosen = [sum(v.choice == choice for v in votes) for choice in ("tuned", "base", "tie")]
        left = sum(v.mark.side == "left" for v in votes)
        repeats = [(one, again) for one, again in found.repeats if one.judge == judge.judge]
        same = sum(one.choice == again.choice for one, again in repeats)
        rows.append(
            (
                judging.judge_name(judge.judge),
                len(votes),
                *chosen,
                sum(v.both_bad for v in votes),
                left,
                f"{same} of {len(repeats)}" if repeats else "",
                judging.pace([judge]),
                state_text(judge),
            )
        )
    columns = (
        Column("judge", "judge"),
        Column("votes", "votes", "count", 0),
        Column("wins", "● won", "count", 0),
        Column("losses", "○ won", "count", 0),
        Column("ties", "tied", "count", 0),
        Column("both_bad", "both bad", "count", 0),
        Column("left", "left", "count", 0),
        Column("repeats", "again"),
        Column("pace", "s each", "number", 0),
        Column("state", ""),
    )
    return Table("judges", columns, tuple(rows))


def _pairs(case: Asked, found: Ballots, closed: frozenset[str]) -> Table:
    """Those that tuned lost first: what is to be looked at."""
    listed = [pair for pair in found.counting if pair.sample not in closed]
    shown = sorted(listed, key=lambda pair: (pair.mean, _row(case, pair)))
    columns = (
        Column("sample", "sample"),
        Column("vote", "vote"),
        Column("category", "category"),
        Column("prompt", "prompt"),
        Column("base_length", "○ long", "count", 0),
        Column("tuned_length", "● long", "count", 0),
        Column("note", "note"),
    )
    rows = tuple(_pair_cells(case, pair) for pair in shown)
    return Table("pairs", columns, rows, tuple(pair.sample for pair in shown))


def _row(case: Asked, pair: Compared) -> int:
    sample = case.samples.get(pair.sample)
    return sample.row if sample else 0


def _pair_cells(case: Asked, pair: Compared) -> tuple[Cell, ...]:
    sample = case.samples.get(pair.sample)
    notes = " · ".join(vote.mark.note for vote in pair.votes if vote.mark.note)
    return (
        f"#{sample.row}" if sample else "",
        vote_text(pair),
        clean(_category(case, pair), limit=40),
        clean(sample.prompt.strip(), limit=PROMPT_START) if sample else "",
        pair.answers.other_length,
        pair.answers.tuned_length,
        clean(notes, limit=PROMPT_START),
    )


def vote_text(pair: Compared) -> str:
    """``● !``, ``○``, ``tie``, ``both bad``, ``same``; of several judges ``● 2-1``."""
    flag = " flagged" if pair.flagged else ""
    if pair.identical:
        return f"same text{flag}"
    mark = "●" if pair.mean > 0.5 else "○" if pair.mean < 0.5 else "tie"
    if len(pair.votes) == 1:
        vote = pair.votes[0]
        told = "both bad" if vote.both_bad else mark + (" !" if vote.mark.strong else "")
        return f"{told}{flag}"
    won = sum(vote.choice == "tuned" for vote in pair.votes)
    lost = sum(vote.choice == "base" for vote in pair.votes)
    return f"{mark} {won}-{lost}{flag}"


def plots(
    case: Asked, found: Ballots, result: Result, limits: Limits, base: str = "base"
) -> tuple[Plot, ...]:
    """``base``: what the other model is called, cleaned."""
    counts = (
        (f"● {model_text(case.candidate)}", "tuned", result.tally.wins),
        ("tied", "other", result.tally.ties),
        (f"○ {base}", "base", result.tally.losses),
    )
    bars = tuple(
        Series(name, role, (float(place),), (float(value),))  # type: ignore[arg-type]
        for place, (name, role, value) in enumerate(counts)
    )
    title = f"pairs by preference: {span_text(result.tally.rate)}"
    made = [Plot("preference", title, "bars", bars, "", "pairs")] if result.tally.n else []
    parts = [
        (name, part.rate.value)
        for name, part in _by_category(case, found.counting, limits)[:BARS_SHOWN]
        if part.rate is not None
    ]
    if parts:
        series = tuple(
            Series(clean(name, limit=24), "tuned", (float(place),), (value,))
            for place, (name, value) in enumerate(parts)
        )
        made.append(Plot("by_category", "win rate by category", "bars", series, "", "win rate"))
    return tuple(made)
