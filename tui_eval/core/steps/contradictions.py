"""Steps that don't agree, each in one sentence with the question to ask.

A rule joins what two steps have *shown* (``core.steps.shown``): none fires on a figure that is
still being made, that had too few samples, or that is closed until the A/B is unblinded.
To add one: a function here, and its name in ``RULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tui_eval.core.reading import Reading, finite
from tui_eval.core.sign_off_records import Contradiction
from tui_eval.core.steps import shown
from tui_eval.core.steps.shown import Readings, finding, settled
from tui_eval.core.steps.wording import share_text, step_text

Rule = Callable[[Readings], Contradiction | None]


def contradictions(readings: Readings) -> tuple[Contradiction, ...]:
    """All that hold, those that undo most of the evidence first."""
    found = (rule(readings) for rule in RULES)
    return tuple(one for one in found if one is not None)


NOT_ASKED = ("no_tasks", "not_trained")
"""Findings of a step that has nothing to look at: nothing can contradict it."""
RESTS_ON: Mapping[str, tuple[str, ...]] = {
    "curves": (),
    "perplexity": ("improvement",),
    "overfitting": ("gap_used", "copies"),
    "review": ("accuracy",),
    "blind_ab": ("wins",),
    "task_metrics": (),
}
"""The steps that rules look at, and the numbers without which a done step hides something."""


def unknown(readings: Readings) -> tuple[str, ...]:
    """Why it can't be said yet that nothing contradicts: steps that wait, couldn't look or
    couldn't tell, each in words. Empty where all of them stand."""
    return tuple(text for step in RESTS_ON for text in _unknown(step, readings.get(step)))


def _unknown(step: str, reading: Reading | None) -> Iterator[str]:
    if reading is None:
        yield f"{step} was not looked at"
    elif any(finding(reading, code) is not None for code in NOT_ASKED):
        return
    elif reading.verdict in ("waiting", "not_enough"):
        word = "is not done" if reading.verdict == "waiting" else "can't tell"
        yield f"{step} {word}: {reading.summary.rstrip('.')}"
    else:
        # A worse finding hides this one in the verdict.
        gaps = [one.text for one in reading.findings if one.severity == "not_enough"]
        for name in RESTS_ON[step]:
            if finite(shown.value(reading, name)) is None:
                number = reading.numbers.get(name)
                gaps.append(f"no {name}" + (f", {number.why}" if number and number.why else ""))
        if gaps:
            yield f"{step} can't tell all: {gaps[0].rstrip('.')}"


def _tell(code: str, text: str, *steps: str) -> Contradiction:
    end = "" if text.endswith((".", "?")) else "."
    return Contradiction(code, f"{text[0].upper()}{text[1:]}{end}", steps)


def no_effect(readings: Readings) -> Contradiction | None:
    """An adapter without effect can't have moved anything."""
    if finding(readings.get("perplexity"), "no_effect_adapter") is None:
        return None
    if shown.preference(readings):
        told, step = shown.preferred_text(readings), "blind_ab"
    elif any(one.direction for one in shown.tasks(readings)):
        told, step = "tasks moved", "task_metrics"
    else:
        return None
    text = f"the adapter changes no output, yet {told}: were these answers made by another model?"
    return _tell("no_effect", text, "perplexity", step)


def leaked(readings: Readings) -> Contradiction | None:
    leak = shown.leaked(readings)
    if leak is None:
        return None
    curves = readings.get("curves")
    good = curves is not None and curves.verdict == "good" and shown.value(curves, "eval_points")
    told, steps = [], []
    if shown.perplexity(readings) == 1:
        told.append(f"perplexity is {shown.perplexity_text(readings)}")
        steps.append("perplexity")
    if good:
        told.append("the curves look good")
        steps.append("curves")
    if not told:
        return None
    where = "overfitting" if leak.code == "leak" else "perplexity"
    text = (
        f"{' and '.join(told)}, yet it was trained on rows of the validation set: they are known"
        " to it, so measure on rows it has not seen"
    )
    return _tell("leaked_validation", f"{text}.", *dict.fromkeys((*steps, where)))


def perplexity_against_people(readings: Readings) -> Contradiction | None:
    moved, preferred = shown.perplexity(readings), shown.preference(readings)
    if not moved or not preferred or moved == preferred:
        return None
    if moved == -1 and shown.by_design(readings):
        return None
    told = f"perplexity is {shown.perplexity_text(readings)}, yet {shown.preferred_text(readings)}"
    why = (
        "it predicts the references better and answers worse: read the pairs that it lost"
        if moved == 1
        else "its answers please though unlike the references: are those what you want?"
    )
    return _tell("perplexity_people", f"{told}: {why}", "perplexity", "blind_ab")


def tasks_against_people(readings: Readings) -> Contradiction | None:
    moved, preferred = shown.tasks_moved(readings), shown.preference(readings)
    if not moved or not preferred or moved == preferred:
        return None
    told = f"{shown.tasks_text(readings, moved)}, yet {shown.preferred_text(readings)}"
    text = f"{told}: one of the two does not measure what you want of it."
    return _tell("tasks_people", text, "task_metrics", "blind_ab")


def review_against_people(readings: Readings) -> Contradiction | None:
    scored, preferred = shown.review(readings), shown.preference(readings)
    if not scored or not preferred or scored == preferred:
        return None
    told = f"reviewers give {shown.review_text(readings)}, yet {shown.preferred_text(readings)}"
    why = (
        "better than base may still not be good enough"
        if scored == -1
        else "good answers, but base gives better ones"
    )
    return _tell("review_people", f"{told}: {why}.", "review", "blind_ab")


def length(readings: Readings) -> Contradiction | None:
    """A preference that the answers' length may explain by itself."""
    reading, preferred = readings.get("blind_ab"), shown.preference(readings)
    bias = finding(reading, "length_bias", notes=True)
    if not preferred or bias is None:
        return None
    # That the shorter answers of tuned are not ahead says something only where tuned won.
    lost = preferred == -1
    explains = (
        _holds(shown.figure(reading, "length_adjusted"), 0.5) if lost else (bias.severity != "note")
    )
    if not explains:
        return None
    rate = shown.figure(reading, "longer_rate")
    if rate is None or rate.value is None:
        return None
    share, which = (rate.value, "longer") if rate.value > 0.5 else (1 - rate.value, "shorter")
    often = f"in {share_text(share)} of {rate.n} votes" if rate.n else f"in {share_text(share)}"
    text = f"{shown.preferred_text(readings)}, yet judges chose the {which} answer {often}"
    why = "at equal lengths none is shown" if lost else "length may be what they liked"
    return _tell("preferred_length", f"{text}: {why}.", "blind_ab")


def _holds(number: object, middle: float) -> bool:
    low, high = getattr(number, "low", None), getattr(number, "high", None)
    return low is not None and high is not None and low <= middle <= high


def blinding(readings: Readings) -> Contradiction | None:
    reading = readings.get("blind_ab")
    if not shown.preference(readings) or finding(reading, "blinding_broken") is None:
        return None
    guesses, right = (int(shown.value(reading, n) or 0) for n in ("guesses", "guesses_right"))
    text = (
        f"{shown.preferred_text(readings)}, yet of tied pairs they guessed {right} of {guesses}"
        " right: they may have voted for a model, not for an answer."
    )
    return _tell("preferred_unblinded", text, "blind_ab")


def inconsistent(readings: Readings) -> Contradiction | None:
    reading = readings.get("blind_ab")
    if not shown.preference(readings) or finding(reading, "inconsistent_repeats") is None:
        return None
    same = shown.figure(reading, "self_consistency")
    if same is None or same.value is None or same.n is None:
        return None
    text = (
        f"{shown.preferred_text(readings)}, yet shown again only {round(same.value * same.n)} of"
        f" {same.n} pairs got the same choice: the votes may be careless."
    )
    return _tell("preferred_inconsistent", text, "blind_ab")


def both_bad(readings: Readings) -> Contradiction | None:
    reading = readings.get("blind_ab")
    if shown.preference(readings) != 1 or finding(reading, "both_bad") is None:
        return None
    share = share_text(shown.value(reading, "both_bad_rate") or 0.0)
    text = f"{shown.preferred_text(readings)}, yet both were called bad in {share} of the votes"
    return _tell("preferred_both_bad", f"{text}: preferred is not good.", "blind_ab")


def copies(readings: Readings) -> Contradiction | None:
    """A text metric rewards what was memorised."""
    better = any(one.direction == 1 for one in shown.tasks(readings))
    reading = _overfitting(readings)
    if not better or finding(reading, "copies") is None:
        return None
    count = shown.figure(reading, "copies")
    many = f"{int(count.value)} of {count.n}" if count is not None and count.value else "some"
    text = (
        f"{shown.tasks_text(readings, 1)}, yet {many} answers repeat training text: a copied"
        " answer can score without being understood."
    )
    return _tell("tasks_copies", text, "task_metrics", "overfitting")


def memorised(readings: Readings) -> Contradiction | None:
    """Better figures of a model that knows its training rows by heart."""
    reading = settled(readings, "overfitting")
    if finding(reading, "gap_high") is None:
        return None
    gap = shown.value(reading, "gap_used") or 0.0
    if any(one.direction == 1 for one in shown.tasks(readings)):
        text = (
            f"{shown.tasks_text(readings, 1)}, yet the gap of {gap:.2f} says that it memorised:"
            " are the task's items unlike the training rows?"
        )
        return _tell("tasks_memorised", text, "task_metrics", "overfitting")
    curves = readings.get("curves")
    if curves is None or curves.verdict != "good":
        return None
    text = (
        f"the curves look good, yet the gap of {gap:.2f} between training and validation loss says"
        " that it memorised: the log alone does not show it."
    )
    return _tell("curves_memorised", text, "curves", "overfitting")


def monotonous(readings: Readings) -> Contradiction | None:
    better = any(one.direction == 1 for one in shown.tasks(readings))
    if not better or finding(_overfitting(readings), "low_diversity") is None:
        return None
    text = (
        f"{shown.tasks_text(readings, 1)}, yet its answers are much alike: a metric can reward one"
        " safe answer to everything."
    )
    return _tell("tasks_monotonous", text, "task_metrics", "overfitting")


def earlier(readings: Readings) -> Contradiction | None:
    """A better checkpoint than the judged one."""
    peak = shown.peaked(readings)
    if peak is None or shown.perplexity(readings) != 1:
        return None
    at = peak.at or {}
    step = at.get("step")
    better = str(at.get("checkpoint") or (f"step {step_text(step)}" if step is not None else ""))
    text = (
        f"perplexity is {shown.perplexity_text(readings)}, yet validation was better before"
        f" the end: judge {better or 'the best checkpoint'} too."
    )
    where = "curves" if peak.code == "eval_peaked" else "overfitting"
    return _tell("perplexity_peaked", text, "perplexity", where)


def forgot(readings: Readings) -> Contradiction | None:
    reading = _overfitting(readings)
    if shown.perplexity(readings) != 1 or finding(reading, "forgetting") is None:
        return None
    lost = shown.value(reading, "forgetting") or 0.0
    text = (
        f"perplexity is {shown.perplexity_text(readings)}, yet on other text the loss rose by"
        f" {lost:.2f}: it gained the task and lost what base could do."
    )
    return _tell("perplexity_forgetting", text, "perplexity", "overfitting")


def perplexity_against_tasks(readings: Readings) -> Contradiction | None:
    moved, did = shown.perplexity(readings), shown.tasks_moved(readings)
    if not moved or not did or moved == did or (moved == -1 and shown.by_design(readings)):
        return None
    told = f"perplexity is {shown.perplexity_text(readings)}, yet {shown.tasks_text(readings, did)}"
    why = (
        "it learned how answers look, not what is right"
        if moved == 1
        else "are the validation rows and the tasks of one kind?"
    )
    return _tell("perplexity_tasks", f"{told}: {why}", "perplexity", "task_metrics")


def perplexity_against_review(readings: Readings) -> Contradiction | None:
    if shown.perplexity(readings) != 1 or shown.review(readings) != -1:
        return None
    text = (
        f"perplexity is {shown.perplexity_text(readings)}, yet reviewers give only"
        f" {shown.review_text(readings)}: are the references themselves good answers?"
    )
    return _tell("perplexity_review", text, "perplexity", "review")


def review_against_tasks(readings: Readings) -> Contradiction | None:
    scored, moved = shown.review(readings), shown.tasks_moved(readings)
    if not scored or not moved or scored == moved:
        return None
    text = (
        f"reviewers give {shown.review_text(readings)}, yet {shown.tasks_text(readings, moved)}:"
        " does the metric measure what a reader wants?"
    )
    return _tell("review_tasks", text, "review", "task_metrics")


def _overfitting(readings: Readings) -> Reading | None:
    """Its signs stand on rows of their own: only undone work closes them."""
    reading = readings.get("overfitting")
    return reading if reading is not None and reading.verdict != "waiting" else None


RULES: tuple[Rule, ...] = (
    no_effect,
    leaked,
    perplexity_against_people,
    tasks_against_people,
    review_against_people,
    length,
    blinding,
    inconsistent,
    both_bad,
    copies,
    memorised,
    monotonous,
    earlier,
    forgot,
    perplexity_against_tasks,
    perplexity_against_review,
    review_against_tasks,
)
