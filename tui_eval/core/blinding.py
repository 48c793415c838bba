"""Who sees what, in which order, on which side: never decided by who looks.

Prompts, orders and repeats follow from seeds: ``random.Random`` is seeded with text, so they
are the same in every process and on every machine. Everything that a seed is made of stands
in journals and bundles, so sides must not follow from it: they are drawn from a ``Random``
that the caller hands in and that nobody can make again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from random import Random

from tui_eval.core.judgements import PlannedPair
from tui_eval.core.records import Sample
from tui_eval.core.text import clean, content_id

BLOCK = 4
"""Pairs in a permuted block: two with the tuned model left, two right, in any order."""

# What chat templates wrap turns in. Where one side's answer holds such a token, it would
# tell the sides apart. XML-like tags that an answer may well be about are left alone.
TEMPLATE_TOKENS = re.compile(
    r"<\|[A-Za-z0-9_ ./-]{1,40}\|>"
    r"|<｜[^<>｜\n]{1,40}｜>"
    r"|<(?:start_of_turn|end_of_turn|bos|eos|pad|unk)>"
    r"|</?s>"
    r"|\[/?INST\]"
    r"|<</?SYS>>"
)


# Names.


def review_round(generator_key: str) -> str:
    """The round in which the answers of one generator are scored."""
    return content_id(("review", generator_key))


def comparison(one_key: str, other_key: str) -> str:
    """The round that compares a candidate's generator with another's."""
    return content_id(("blind_ab", one_key, other_key))


def pair_token(round: str, sample: str, repeat: bool = False) -> str:
    """What a pair is called in journals: the same for all judges, and silent about sides."""
    return content_id(("pair", round, sample, repeat))


# Which prompts.


@dataclass(frozen=True, slots=True)
class Allotment:
    """Sample ids in the order in which they should be answered and judged."""

    review: tuple[str, ...]
    pairs: tuple[str, ...]
    rest: tuple[str, ...]
    shared: int = 0
    """How many of ``pairs`` are in ``review`` too, for want of prompts."""


def allot(samples: Iterable[Sample], *, seed: int, review: int, pairs: int) -> Allotment:
    """Choose the prompts to be reviewed and those to be compared.

    A sample's place follows from the seed and its own id, so a row added to the file
    changes little. Of samples with equal folded prompts the file's first stands for all;
    those without messages or without a prompt are left out.
    """
    known: dict[str, Sample] = {}
    for sample in samples:
        if sample.messages and sample.prompt.strip():
            known.setdefault(sample.folded_prompt or sample.id, sample)
    ranked = sorted(known.values(), key=lambda sample: _rank(seed, sample.id))
    chosen = _stratified(ranked, max(0, review), seed)
    reviewed = [sample.id for sample in ranked if sample.id in chosen]
    others = [sample.id for sample in ranked if sample.id not in chosen]
    compared, rest = others[: max(0, pairs)], others[max(0, pairs) :]
    # Those reviewed last: whoever stops early has seen fewest of them.
    shared = reviewed[::-1][: max(0, pairs - len(compared))]
    return Allotment(tuple(reviewed), (*compared, *shared), tuple(rest), len(shared))


def apart(allotment: Allotment, asked: Collection[str]) -> Allotment:
    """The review without the prompts (``asked``) of comparisons that are still open though the
    settings were others when they were begun: who reviews an answer knows whose it is. Others
    take their places. What today's comparison asks too is shared because there are too few."""
    taken = set(asked).difference(allotment.pairs)
    kept = [id for id in allotment.review if id not in taken]
    if len(kept) == len(allotment.review):
        return allotment
    free = [id for id in allotment.rest if id not in taken]
    fill = free[: len(allotment.review) - len(kept)]
    gone = [id for id in allotment.review if id in taken]
    rest = (*(id for id in allotment.rest if id not in fill), *gone)
    return replace(allotment, review=(*kept, *fill), rest=rest)


def generation_order(allotment: Allotment, limit: int = 0) -> tuple[str, ...]:
    """Review and pairs in turns, then the rest: what is judged first is answered first.
    ``limit`` 0 means all."""
    order: dict[str, None] = {}
    for place in range(max(len(allotment.review), len(allotment.pairs))):
        for ids in (allotment.review, allotment.pairs):
            if place < len(ids):
                order[ids[place]] = None
    order.update(dict.fromkeys(allotment.rest))
    return tuple(order)[: limit or None]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The prompts of a comparison beside others with one of its models."""

    ids: tuple[str, ...]
    again: tuple[str, ...] = ()
    """Those of ``ids`` that an unblinded one has asked."""
    short: int = 0
    """How many more are wanted, that only open ones would give."""


def choose_apart(
    allotment: Allotment,
    usable: Callable[[str], bool],
    told: Container[str],
    shut: Container[str],
) -> Chosen:
    """As many prompts as ``allotment.pairs`` has usable ones, in the seeded order: whoever knows
    an answer from another comparison knows whose it is in this one.

    First those that no other comparison asks, then those that are ``told`` (asked by one that is
    unblinded), then the review's; never those that are ``shut`` (asked by one that is open).
    """
    wanted = sum(map(usable, allotment.pairs))
    reviewed = set(allotment.review)
    own = [id for id in (*allotment.pairs, *allotment.rest) if id not in reviewed]
    order = [id for id in (*own, *reversed(allotment.review)) if usable(id) and id not in shut]
    groups: tuple[list[str], ...] = ([], [], [], [])
    for id in order:
        groups[2 * (id in reviewed) + (id in told)].append(id)
    ids = tuple(id for group in groups for id in group)[:wanted]
    return Chosen(ids, tuple(id for id in ids if id in told), wanted - len(ids))


def _stratified(ranked: Sequence[Sample], wanted: int, seed: int) -> set[str]:
    """Ids of ``wanted`` samples, each category in its share, by largest remainder."""
    groups: dict[str, list[str]] = {}
    for sample in ranked:
        groups.setdefault(sample.category or "", []).append(sample.id)
    wanted = min(wanted, len(ranked))
    places = {name: wanted * len(ids) // len(ranked) for name, ids in groups.items()}

    def remainder(name: str) -> tuple[int, str]:
        return -(wanted * len(groups[name]) % len(ranked)), _rank(seed, name)

    for name in sorted(groups, key=remainder)[: wanted - sum(places.values())]:
        places[name] += 1
    return {id for name, ids in groups.items() for id in ids[: places[name]]}


def _rank(seed: int, name: str) -> str:
    return sha256(f"{seed}:{name}".encode("utf-8", "surrogatepass")).hexdigest()


# How a text is shown.


def shown(text: str) -> str:
    """An answer as a judge sees it, whichever side it is on: without a template's tokens,
    without blank lines around it and blanks at the ends of lines. What is stored stays
    exact."""
    lines = TEMPLATE_TOKENS.sub("", text).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


@lru_cache(maxsize=4096)
def shown_length(text: str) -> int:
    """Displayed characters: by these one answer is the longer one."""
    return len(clean(shown(text), newlines=True))


# Blind A/B.


@dataclass(frozen=True, slots=True)
class Answered:
    """A prompt that both models have answered, with the texts as they are ``shown``."""

    sample: str
    tuned: str
    other: str
    """Completion ids."""
    tuned_length: int
    other_length: int
    identical: bool = False

    @property
    def stratum(self) -> int:
        """1: the tuned answer is the longer one, -1: the other's, 0: neither."""
        more = self.tuned_length - self.other_length
        return (more > 0) - (more < 0)


def answered(sample: str, tuned: str, other: str, one: str, two: str) -> Answered:
    """``one`` and ``two``: the exact texts of completions ``tuned`` and ``other``."""
    same = one == two or shown(one) == shown(two)
    return Answered(sample, tuned, other, shown_length(one), shown_length(two), same)


@dataclass(frozen=True, slots=True)
class Repeats:
    """Pairs that are shown once more with sides swapped (settings of ``[blind_ab]``)."""

    share: float = 0.1
    least: int = 5
    apart: int = 10
    """How many pairs at least lie between a pair and its repeat."""

    def of(self, planned: int) -> int:
        """How many for this many planned pairs: ``max(least, share)``."""
        if self.share <= 0 and self.least <= 0:
            return 0
        return max(self.least, round(self.share * planned))


def plan_pairs(
    round: str,
    judge: str,
    answers: Iterable[Answered],
    *,
    seed: int,
    sides: Random,
    planned: int,
    repeats: Repeats | None = None,
    partner: Iterable[PlannedPair] = (),
    before: Sequence[PlannedPair] = (),
) -> tuple[PlannedPair, ...]:
    """A judge's pairs in order, or those to be added to the ones planned ``before``.

    ``answers`` are all that there are by now; ``planned`` is how many there will be.
    ``seed`` decides order and repeats; ``sides`` decides sides and nothing else, and should
    be ``secrets.SystemRandom()`` wherever somebody will judge by the plan.
    ``partner``: the pairs of the judge with the ordinal beside this one's, who sees each
    on the other side. Otherwise, of what is known at once exactly half (one more or fewer
    if odd) has the tuned model left, and so has each stratum of longer answers.
    """
    by_token = {pair_token(round, one.sample): one for one in answers}
    known = {pair.pair for pair in before}
    new = [(token, one) for token, one in by_token.items() if token not in known]
    random = Random(f"tui-eval pairs {round} {seed} {judge} {len(known)}")
    random.shuffle(new)
    left = _sides(new, by_token, tuple(partner), before, sides)
    made = [_planned(token, one, left.get(token, True)) for token, one in new]
    asked = (repeats or Repeats()).of(planned)
    have = sum(1 for pair in before if pair.repeat_of)
    # While answers still come, repeats come in step with them.
    total = len(by_token.keys() | {pair.pair for pair in before if not pair.repeat_of})
    due = asked if total >= planned else asked * total // max(1, planned)
    apart = (repeats or Repeats()).apart
    again = {token: pair_token(round, one.sample, True) for token, one in by_token.items()}
    return tuple(_with_repeats(before, made, again, due - have, apart, random))


def plan_items(
    round: str, judge: str, items: Iterable[str], *, seed: int, before: Sequence[str] = ()
) -> tuple[str, ...]:
    """A judge's own order of the completion ids to be scored, or those to be added."""
    known = set(before)
    new = [item for item in dict.fromkeys(items) if item not in known]
    Random(f"tui-eval items {round} {seed} {judge} {len(known)}").shuffle(new)
    return tuple(new)


def _planned(token: str, one: Answered, tuned_left: bool) -> PlannedPair:
    left, right = (one.tuned, one.other) if tuned_left else (one.other, one.tuned)
    return PlannedPair(token, left, right, identical=one.identical)


def _sides(
    new: Sequence[tuple[str, Answered]],
    by_token: Mapping[str, Answered],
    partner: Sequence[PlannedPair],
    before: Sequence[PlannedPair],
    random: Random,
) -> dict[str, bool]:
    """Whether the tuned answer is left, for every new pair that is shown."""
    sides = {}
    for pair in partner:
        one = by_token.get(pair.pair)
        if one is not None and not pair.repeat_of:
            sides[pair.pair] = pair.left != one.tuned
    visible = [(token, one) for token, one in new if not one.identical]
    free = [(token, one) for token, one in visible if token not in sides]
    balance: Counter[int] = Counter()
    for pair in before:
        one = by_token.get(pair.pair)
        if one is not None and not pair.identical:
            balance[one.stratum] += 1 if pair.left == one.tuned else -1
    for token, one in visible:
        if token in sides:
            balance[one.stratum] += 1 if sides[token] else -1
    return sides | _blocks(free, balance, random)


def _blocks(
    pairs: Sequence[tuple[str, Answered]], balance: Counter[int], random: Random
) -> dict[str, bool]:
    """Even out what ``balance`` has more on the left than on the right in each stratum, then
    permuted blocks; what is odd in one stratum is evened out by the others."""
    strata: dict[int, list[str]] = {}
    for token, one in pairs:
        strata.setdefault(one.stratum, []).append(token)
    drawn: dict[int, list[bool]] = {}
    odd = []
    for stratum in sorted(strata):
        wanted, tilt = len(strata[stratum]), balance[stratum]
        sides = drawn[stratum] = [tilt < 0] * min(abs(tilt), wanted)
        balance[stratum] += len(sides) if tilt < 0 else -len(sides)
        while (left := wanted - len(sides)) > 1:
            half = min(BLOCK, left) // 2
            block = [True] * half + [False] * half
            random.shuffle(block)
            sides += block
        if left:
            odd.append(stratum)
        if tilt:
            random.shuffle(sides)
    for stratum in odd:
        more = sum(balance.values())
        left_side = more < 0 if more else random.random() < 0.5
        # Anywhere among them: the last pair's side must not follow from the others'.
        drawn[stratum].insert(random.randrange(len(drawn[stratum]) + 1), left_side)
        balance[stratum] += 1 if left_side else -1
    return {
        token: side
        for stratum, tokens in strata.items()
        for token, side in zip(tokens, drawn[stratum], strict=True)
    }


def _with_repeats(
    before: Sequence[PlannedPair],
    new: Sequence[PlannedPair],
    again: Mapping[str, str],
    wanted: int,
    apart: int,
    random: Random,
) -> list[PlannedPair]:
    """``new`` with repeats put in, as many of the wanted ones as fit far enough behind
    their pairs. ``again`` has the repeats' tokens. Identical pairs are never shown: they
    make no distance."""
    seen = [pair for pair in (*before, *new) if not pair.identical]
    start = sum(1 for pair in before if not pair.identical)
    repeated = {pair.repeat_of for pair in seen if pair.repeat_of}
    fitting = [
        place
        for place, pair in enumerate(seen)
        if pair.pair in again and pair.pair not in repeated and place + apart < len(seen)
    ]
    chosen = random.sample(fitting, max(0, min(wanted, len(fitting))))
    # after[n]: what is shown once n of the pairs seen have passed.
    after: dict[int, list[PlannedPair]] = {}
    for place in sorted(chosen):
        slot = random.randint(max(start, place + apart + 1), len(seen))
        pair = seen[place]
        swapped = PlannedPair(again[pair.pair], pair.right, pair.left, repeat_of=pair.pair)
        after.setdefault(slot, []).append(swapped)
    made = after.pop(start, [])
    passed = start
    for pair in new:
        made.append(pair)
        if not pair.identical:
            passed += 1
            made += after.pop(passed, [])
    return made
