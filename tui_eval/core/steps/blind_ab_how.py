"""How step 5 was planned and computed, in paragraphs."""

from __future__ import annotations

from tui_eval.core.stats.rates import smallest_found
from tui_eval.core.stats.sequential import confidence_sequence
from tui_eval.core.steps import judging
from tui_eval.core.steps.blind_ab_result import Result, groups_of
from tui_eval.core.steps.blind_ab_tests import Case, found_sentence
from tui_eval.core.steps.blind_ab_votes import Ballots
from tui_eval.core.steps.wording import count_text, share_text
from tui_eval.core.text import clean

KNOWN_SIZES = (20, 30, 50, 100, 200)


def plan_words(case: Case) -> tuple[str, ...]:
    """What holds before the first vote and after: nothing of what was chosen."""
    standing, alpha = case.asked.standing, case.limits.alpha
    goal = int(case.limit("judges"))
    planned = standing.planned
    least = smallest_found(planned, alpha=alpha)
    power = "so few pairs can show nothing, whatever is voted"
    if least is not None:
        power = (
            f"if none is tied, {count_text(planned, 'pair')} find a true preference of"
            f" {share_text(least)} or more 4 times in 5; every tie leaves less to decide with"
        )
    sizes = ", ".join(
        f"{n}: {share_text(smallest_found(n, alpha=alpha) or 1)}" for n in KNOWN_SIZES
    )
    return (
        "Each pair is both models' answer to one prompt, shown without names; every judge gets"
        " an own order, each side holds each model equally often, also among pairs where the"
        f" longer answer is {case.name}'s, and the next judge sees the sides exchanged. Equal"
        " answers count as ties without being shown. Repeats, with sides swapped, only test"
        " judges.",
        f"{_planned_words(planned, standing.unanswerable)}: {power}. Deciding pairs and what they"
        f" find: {sizes}.",
        _mode_words(case),
        f"Judges so far: {len(standing.begun)}; the goal of {goal} is only a goal, one suffices.",
    )


def _planned_words(planned: int, missing: int) -> str:
    if not missing:
        return f"Planned are {count_text(planned, 'pair')}"
    all_of = count_text(planned + missing, "planned pair")
    return f"Possible are {planned} of {all_of}, of which {missing} will have no answer"


def _mode_words(case: Case) -> str:
    clear = f"{case.limits.clear:g}"
    looked = (
        "That is looked at every 5 votes while judging goes on, and says nothing of a direction."
    )
    if case.asked.standing.mode == "open":
        return (
            "This comparison is open: there are enough votes to decide when the e-value, which"
            f" may be looked at after every vote, has reached {clear}; it decides. {looked}"
        )
    return (
        "This comparison has a planned number of pairs: there are enough votes to decide when"
        " no way in which the open pairs could fall changes the sign test's verdict"
        f" ({case.limits.alpha:g}, two-sided), which decides; where judging is ended before"
        f" that, the e-value does, from {clear} on. {looked}"
    )


def after_words(case: Case, found: Ballots, result: Result) -> tuple[str, ...]:
    tally, judges = result.tally, case.asked.standing.begun
    grouped = groups_of(case.asked, found.counting) is not None
    words = [
        _unit_words(case, len(judges), grouped),
        f"The test: {tally.deciding} deciding pairs, exact two-sided sign test p ="
        f" {result.sign_p:.4g}; e-value {_e_text(result.e_value)} over"
        f" {count_text(sum(pair.full for pair in found.counting), 'pair')} that every judge who"
        f" has begun voted on (prior Beta(2, 2)).{_sequence_words(found)} {found_sentence(result)}",
        "Left and longer are rates of single votes, ties left out, longer by displayed"
        " characters; their intervals are Wilson's, or within pairs where several judged one."
        f" Left: p = {result.left.p:.4g}; longer: p = {result.longer.p:.4g}."
        f"{_side_words(case, found)}",
    ]
    if result.adjusted is not None:
        fit = result.adjusted
        words.append(
            "At equal lengths: logistic regression of the deciding pairs on tanh(difference of"
            f" characters/{fit.sd:.0f}), intercept {fit.intercept:.3f}, slope {fit.slope:.3f}."
        )
    if result.guessed.n:
        words.append(
            f"Guesses which answer is {case.name}'s, on tied pairs: {result.guessed.hits} of"
            f" {result.guessed.n} right, one-sided p = {result.guessed.p:.4g}."
        )
    if result.agreement is not None:
        words.append(_agreement_words(case, result))
    return (*words, _unblinding_words(case, found))


def _side_words(case: Case, found: Ballots) -> str:
    """Deciding votes by the side that tuned stood on, and the mean of both rates."""
    told, rates = [], []
    for name, left in (("left", True), ("right", False)):
        votes = [vote for vote in found.votes if vote.tuned_left == left and vote.choice != "tie"]
        won = sum(vote.choice == "tuned" for vote in votes)
        told.append(f"{name} {won} of {len(votes)}")
        rates += [won / len(votes)] if votes else []
    if len(rates) < 2:
        return ""
    adjusted = share_text(sum(rates) / 2)
    who = f"{case.name[0].upper()}{case.name[1:]}" if case.name == "tuned" else case.name
    return f" {who} won on the {told[0]}, on the {told[1]} deciding votes: {adjusted} on average."


def _e_text(value: float) -> str:
    return f"{value:.4g}"


def _sequence_words(found: Ballots) -> str:
    """Only where every pair has one vote: the sequence is of wins and losses."""
    full = [pair.mean for pair in found.counting if pair.full]
    if any(mean not in (0.0, 0.5, 1.0) for mean in full):
        return ""
    low, high = confidence_sequence(full.count(1.0), full.count(0.0))
    return f" Confidence sequence of the decisive rate: [{100 * low:.1f}, {100 * high:.1f}]%."


def _unit_words(case: Case, judges: int, grouped: bool) -> str:
    words = (
        f"The unit is the pair. A vote for {case.name} is 1, for the other 0, a tie or both bad one"
        " half; how clear a vote was is ignored. "
    )
    if judges > 1:
        words += (
            "A pair's x is the mean of its judges' votes: above one half it is won, below it is"
            " lost, at one half tied. The win rate is the mean of x, with the interval of Bonett"
            " and Price carried over to such means."
        )
    else:
        words += "The win rate is the mean, ties as half, with the interval of Bonett and Price."
    words += " The decisive rate leaves ties out, with Wilson's interval."
    return words + (" Pairs of one group count together in the interval." if grouped else "")


def _agreement_words(case: Case, result: Result) -> str:
    told = f"Two judges of one pair chose alike in {share_text(result.agreement or 0.0)}"
    if result.kappa is not None:
        told += f", Cohen's kappa {result.kappa:.3f}"
    if result.alpha is not None:
        told += f", Krippendorff's alpha {result.alpha:.3f}"
    return (
        f"{told} ({case.name}, {case.base}, tie). For comparison: one person agrees with the"
        " majority of three others in 66% of such choices (AlpacaEval). One-sided votes depress the"
        " chance-corrected figures."
    )


def _unblinding_words(case: Case, found: Ballots) -> str:
    standing = case.asked.standing
    one = standing.round
    by = judging.judge_name(one.unblinded_by) if one else ""
    at = clean(one.unblinded_at, limit=40) if one else ""
    closed = [
        f"{judging.judge_name(judge.judge)} ({len(judge.voted)} of {standing.planned}) was closed"
        f" by {judging.judge_name(judge.closed_by)}"
        for judge in standing.begun
        if judge.closed_by
    ]
    looked = sum("reference" in vote.mark.views for pair in found.pairs for vote in pair.votes)
    told = [
        f"Unblinded by {by} at {at}; later votes do not count.",
        *(f"{one}." for one in closed),
        f"The expected answer was looked at for {count_text(looked, 'vote')}." if looked else "",
    ]
    return " ".join(filter(None, told))
