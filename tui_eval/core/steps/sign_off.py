"""What a person signs: what deploying still lacks, what speaks for and against, and whether an
earlier decision still stands on what lies there now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tui_eval.core.reading import Reading
from tui_eval.core.sign_off_records import Decided, SignOff
from tui_eval.core.sign_offs import of_candidate
from tui_eval.core.steps import shown
from tui_eval.core.steps.shown import Readings
from tui_eval.core.steps.stands import changed, unseen, unsure
from tui_eval.core.steps.wording import count_text, share_text, step_text
from tui_eval.core.text import clean

REVIEWED, DECIDING = 20, 10
"""Items reviewed and pairs decided before ``deploy`` opens. Not settings: nobody should be able
to sign a deployment that no person has looked into."""


NOT_UNBLINDED = "the A/B is not unblinded"


@dataclass(frozen=True, slots=True)
class Weighed:
    """Short phrases, without a full stop."""

    speaks_for: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    """What is undone, or could not be shown either way."""


# What deploying lacks.


def missing(readings: Readings) -> tuple[str, ...]:
    """What ``deploy`` lacks, in words; empty where it is open."""
    return (*_reviews(readings.get("review")), *_votes(readings.get("blind_ab")))


def _reviews(reading: Reading | None) -> Iterator[str]:
    have = int(shown.value(reading, "reviewed") or 0)
    if have < REVIEWED:
        yield count_text(REVIEWED - have, "more review" if have else "review")


def _votes(reading: Reading | None) -> Iterator[str]:
    """Before unblinding by judged pairs alone: how many of them decided says how close it is."""
    decided = shown.deciding(reading)
    if decided is None:
        # What counts once all have finished or were closed: unblinding asks for that anyway.
        left = DECIDING - int(shown.value(reading, "judged_any") or 0)
        if left > 0:
            word = "more vote" if left < DECIDING else "vote"
            yield f"{count_text(left, word)} in the blind A/B"
        yield NOT_UNBLINDED
    elif decided < DECIDING:
        yield f"{DECIDING} deciding pairs in the A/B (it has {decided})"


def needs_text(lacks: Sequence[str]) -> str:
    """``8 more reviews, 10 votes in the blind A/B and the A/B unblinded``."""
    told = ["the A/B unblinded" if one == NOT_UNBLINDED else one for one in lacks]
    return " and ".join(filter(None, (", ".join(told[:-1]), *told[-1:])))


def deploy_lacks(decided: Decided) -> str:
    """What a signed ``deploy`` stands on no more, or never did here; else empty."""
    signed = decided.decision == "deploy" and decided.last is not None
    return needs_text(decided.missing) if signed else ""


def open_text(readings: Readings) -> str:
    """``40 items reviewed, 44 deciding pairs, unblinded``: what deploying stands on."""
    have = int(shown.value(readings.get("review"), "reviewed") or 0)
    decided = shown.deciding(readings.get("blind_ab")) or 0
    return f"{count_text(have, 'item')} reviewed, {count_text(decided, 'deciding pair')}, unblinded"


# What speaks for and against.

NAMES = {
    "curves": "curves",
    "perplexity": "perplexity",
    "overfitting": "overfitting",
    "review": "review",
    "blind_ab": "A/B",
    "task_metrics": "tasks",
}
"""Steps in the order of the checklist, as a phrase begins."""

_WORDS = {
    "non_finite": "losses that are not numbers",
    "masked_nan": "losses of exactly 0: perhaps masked",
    "above_chance": "losses worse than guessing",
    "scale_mismatch": "losses on another scale",
    "memorising": "training loss far below validation",
    "low_loss": "training loss very low",
    "diverged": "the loss diverged",
    "not_decreased": "no clear decrease of the loss",
    "not_improved": "rewards did not rise",
    "still_improving": "still improving: perhaps too short",
    "spike": "many spikes in the loss",
    "epoch_stairs": "loss falls at each epoch's end",
    "eval_rises": "validation loss rose while training's fell",
    "no_effect_adapter": "the adapter has no effect",
    "leak": "validation rows in the training file",
    "validation_in_training": "validation rows in the training file",
    "copies": "repeats training text",
    "forgetting": "forgets other text",
    "low_diversity": "answers much alike",
    "near_far": "worse far from training prompts",
    "worse_category": "a category is worse",
    "log_disagrees": "our loss is not the log's",
    "train_unlike_trained": "perhaps another training file",
    "both_bad": "both answers often bad",
    "position_bias": "judges lean to one side",
    "length_bias": "length may explain the votes",
    "inconsistent_repeats": "repeats judged otherwise",
    "blinding_broken": "judges guessed the models",
    "straight_lining": "a judge gave equal scores throughout",
    "truncated": "answers cut at the limit",
    "unparsed_labels": "answers without a label",
    "unknown_labels": "labels that don't exist",
    "metric_failed": "a metric failed",
    "skipped_rows": "rows skipped",
    "bos_missing": "no BOS token",
    "bos_doubled": "BOS token twice",
    "template_mismatch": "template unlike the training data's",
    "thinking_mismatch": "thinking unlike the training data's",
    "prompt_differs": "base and tuned prompted differently",
}
"""What is said of a finding that the step's own phrase does not hold. The others are told by
the step's headline."""
_TOLD = frozenset(
    {
        "worse", "not_shown", "too_few_samples", "too_few_votes", "too_few_points", "low_score",
        "unclear_score", "eval_peaked", "small_effect", "gap_high", "gap_some", "unreadable",
    }
)  # fmt: skip
"""Findings that the step's own phrase tells."""


def weigh(readings: Readings) -> Weighed:
    """Only what an interval or a test settled speaks for or against; the rest is open."""
    sides: dict[str, list[str]] = {"for": [], "against": [], "open": []}
    for key, name in NAMES.items():
        reading = readings.get(key)
        if reading is None:
            sides["open"].append(f"{name} not looked at")
        elif shown.finding(reading, "not_trained") is not None:
            # Nothing to look at, and nothing that could be done about it.
            continue
        elif reading.verdict in ("waiting", "not_enough"):
            # What a half-done step counts so far is no place to weigh from.
            why = f": {clean(reading.headline)}"
            word = " not done" if reading.verdict == "waiting" else why
            told = _so_far(reading) if key == "review" else ""
            sides["open"].append(told or f"{name}{word}")
            sides["against"] += [*_facts(reading), *_low_so_far(key, reading)]
        else:
            for side, phrase in _phrases(key, reading, readings):
                sides[side].append(phrase)
    return Weighed(*(tuple(dict.fromkeys(sides[name])) for name in ("for", "against", "open")))


def _so_far(reading: Reading) -> str:
    """Of a review that goes on, once there is as much of it as deploy asks for."""
    have, planned = (int(shown.value(reading, name) or 0) for name in ("reviewed", "planned"))
    mean = shown.value(reading, "accuracy")
    if reading.verdict != "waiting" or have < REVIEWED or mean is None:
        return ""
    return f"review {have} of {planned}, accuracy {mean:.1f} so far"


def _low_so_far(step: str, reading: Reading) -> Iterator[str]:
    """Deploy opens at so many reviews: what they say against it is said from there on."""
    low = shown.finding(reading, "low_score")
    if step == "review" and low is not None and _so_far(reading):
        yield f"review: {clean(low.text.rstrip('.'), limit=90)}"


def _facts(reading: Reading) -> Iterator[str]:
    """Holds whatever is undone."""
    for one in reading.findings:
        if one.code in ("leak", "validation_in_training") and one.severity != "note":
            yield _WORDS[one.code]


def _phrases(step: str, reading: Reading, readings: Readings) -> Iterator[tuple[str, str]]:
    own = list(_OWN[step](reading, readings)) if step in _OWN else []
    yield from own
    told = False
    for one in reading.findings:
        if one.severity == "note" or one.code in _TOLD:
            continue
        words = _WORDS.get(one.code)
        if words is not None:
            yield "against", words
        elif not told:
            told = True
            yield "against", clean(reading.headline)
    if not own and not told and reading.verdict == "good":
        yield "for", clean(reading.headline)


def _curves(reading: Reading, _readings: Readings) -> Iterator[tuple[str, str]]:
    peak = shown.finding(reading, "eval_peaked")
    if peak is None:
        return
    step = (peak.at or {}).get("step")
    where = f"at step {step_text(step)}" if step is not None else "before the end"
    yield "against", f"validation was best {where}"


def _perplexity(reading: Reading, readings: Readings) -> Iterator[tuple[str, str]]:
    direction = shown.perplexity(readings)
    if direction == 0:
        yield "open", "perplexity: no difference shown"
    elif direction is not None:
        small = shown.finding(reading, "small_effect") is not None
        words = f"perplexity {shown.perplexity_text(readings)}{' only' if small else ''}"
        worse = direction == -1 and not shown.by_design(readings)
        yield ("against" if worse else "for" if direction == 1 else "open"), words


def _overfitting(reading: Reading, _readings: Readings) -> Iterator[tuple[str, str]]:
    gap = shown.figure(reading, "gap_used")
    if gap is None or gap.value is None:
        return
    ends = (
        f" [{_two(gap.low)}, {_two(gap.high)}]"
        if gap.low is not None and gap.high is not None
        else ""
    )
    words = f"gap {_two(gap.value)}{ends}"
    if shown.finding(reading, "gap_high") is not None:
        yield "against", f"{words}: overfitting"
    elif shown.finding(reading, "gap_some") is not None:
        yield "against", f"{words}: some overfitting"
    elif shown.finding(reading, "gap_between", notes=True) is not None:
        yield "open", f"{words}: how much overfitting is unclear"
    elif reading.verdict == "good":
        yield "for", f"{words}: no overfitting"
    else:
        # Other signs made the step what it is: a small gap alone is no acquittal.
        yield "for", f"{words}: training loss near validation's"


def _two(value: float) -> str:
    """Adding 0.0 makes a minus zero plain."""
    return f"{round(value, 2) + 0.0:.2f}"


def _review(reading: Reading, readings: Readings) -> Iterator[tuple[str, str]]:
    side = {1: "for", 0: "open", -1: "against"}[shown.review(readings) or 0]
    n = int(shown.value(reading, "reviewed") or 0)
    unclear = ", unclear" if side == "open" else ""
    yield side, f"{shown.review_text(readings)} in {n} reviews{unclear}"


def _blind_ab(reading: Reading, readings: Readings) -> Iterator[tuple[str, str]]:
    direction = shown.preference(readings)
    if direction is None:
        return
    wins, losses, ties = (int(shown.value(reading, n) or 0) for n in ("wins", "losses", "ties"))
    rate = shown.value(reading, "win_rate")
    pairs = count_text(wins + losses + ties, "pair")
    share = f"{share_text(rate)} of {pairs}" if rate is not None else pairs
    if direction == 1:
        yield "for", f"preferred in {share}"
    elif direction == -1:
        other = clean(reading.against, limit=24)
        yield "against", f"{other} preferred {losses}-{wins}"
    else:
        yield "open", f"A/B: no preference shown, {wins}-{losses}"


def _task_metrics(_reading: Reading, readings: Readings) -> Iterator[tuple[str, str]]:
    for one in shown.tasks(readings):
        if one.direction == 0:
            yield "open", f"{clean(one.task, limit=20)}: no difference shown"
        else:
            yield ("for" if one.direction == 1 else "against"), one.text


_OWN = {
    "curves": _curves,
    "perplexity": _perplexity,
    "overfitting": _overfitting,
    "review": _review,
    "blind_ab": _blind_ab,
    "task_metrics": _task_metrics,
}


# What was decided.


def decided(
    candidate: str,
    sign_offs: Sequence[SignOff],
    readings: Readings,
    standing: Mapping[str, str],
    faults: tuple[str, ...] = (),
    absent: Collection[str] = (),
) -> Decided:
    """``sign_offs``: of all candidates, the oldest first (``core.sign_offs``); ``faults``: of the
    journals that they were read from; ``absent``: names in ``standing`` of what is not on this
    machine.

    A model that is not here counts as it was last recorded, which ``unseen`` says; one of which
    there is no record either may be any other by now, so it counts as changed. Data that is not
    here is told under ``unseen`` and stops nothing: the samples that were scored and judged are
    kept with the results.
    """
    mine = of_candidate(sign_offs, candidate)
    newest = mine[-1] if mine else None
    counts = newest is not None and newest.decision != "none"
    then = newest.standing if newest is not None and counts else None
    return Decided(
        decision=newest.decision if newest is not None else "none",
        last=newest if counts else None,
        missing=missing(readings),
        changed=_no_more(then, standing, absent) if then is not None else (),
        earlier=tuple(reversed(mine[:-1] if counts else mine)),
        unseen=unseen(then, standing, absent) if then is not None else (),
        faults=faults,
    )


def _no_more(
    then: Mapping[str, str], now: Mapping[str, str], absent: Collection[str]
) -> tuple[str, ...]:
    return (*changed(then, now), *unsure(then, now, absent))
