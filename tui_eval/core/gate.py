"""Conditions of ``tui-eval gate``: read from their text, and held against the readings.

Nothing that isn't there meets a condition: not a number that wasn't measured or that is still
kept back, not the verdict of a step that waits or couldn't tell, not the count of contradictions
among steps of which one isn't known, not a decision that is out of date, lacks what it needs, or
may be hidden by a journal that can't be read.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from tui_eval.core.moments import minute_utc
from tui_eval.core.reading import Number, Reading, Verdict, finite
from tui_eval.core.sign_off_records import DECISIONS, WORDS, Contradiction, Decided
from tui_eval.core.steps import names
from tui_eval.core.steps.contradictions import unknown
from tui_eval.core.steps.sign_off import deploy_lacks, needs_text

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
_MEANT = {
    "==": "=",
    "≤": "<=",
    "=<": "<=",
    "≥": ">=",
    "=>": ">=",
    "≠": "!=",
    "<>": "!=",
    "=!": "!=",
}
_ALIASES = ("==", "≤", "≥", "≠")
"""Taken as what they mean; the others are told what to write."""
EXAMPLE: Final = "perplexity.improvement > 0"
SIGNOFF: Final = "signoff"
CONTRADICTIONS: Final = "contradictions"
ENDS = ("low", "high")
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
_NO_VERDICT = ("waiting", "not_enough")
"""Meet a condition only where it asks for them by name."""
FROM_JOURNALS = (SIGNOFF, CONTRADICTIONS, "review", "blind_ab")
"""What a journal that can't be used whole may hide a part of."""
WITHOUT_FACTS = (SIGNOFF, "curves")
"""All others are made of results, and a count of a part of them is smaller than it was."""
_CONDITION = re.compile(
    r"\s*(?P<path>[^\s<>=!≤≥≠~]+)\s*(?P<sign>[<>=!≤≥≠~]+)\s*(?P<value>.*?)\s*\Z"
)
_FIGURE = re.compile(r"[+-]?(?P<figure>[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LONGEST = 300

Kind = Literal["number", "verdict", "decision", "stale", "contradictions"]


@dataclass(frozen=True, slots=True)
class Known:
    """What a condition may name, whatever was computed."""

    candidates: tuple[str, ...] = ("tuned",)
    tasks: names.Tasks = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    text: str
    """As it was written."""
    kind: Kind
    step: str
    """A step's key, ``signoff`` or ``contradictions``."""
    name: str
    """The number's name where it is one."""
    end: str
    """``low`` or ``high`` of its interval, or empty: the value."""
    sign: str
    value: float | str
    candidate: str = ""
    """Empty: of the candidate that the gate is about."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One condition held against what is there."""

    condition: Condition
    candidate: str
    met: bool
    number: Number | None = None
    """What was measured, where the condition is about a number."""
    word: str = ""
    """A verdict, decision, count or yes and no, where it is about one."""
    why: str = ""
    """In words, where it fails for another reason than its value."""


class Fault(Exception):
    """What is wrong with a condition, in words that follow its text."""


Nearest = Callable[[str, tuple[str, ...]], str]
"""Finds ``did you mean …?`` or lists what is known."""


def parse(text: str, known: Known, nearest: Nearest) -> Condition:
    """Raises Fault: no condition, or a name, operator or value that doesn't exist."""
    if len(text) > _LONGEST:
        raise Fault(f"is longer than {_LONGEST} characters")
    found = _CONDITION.match(text)
    if found is None or not found["value"]:
        raise Fault(f"is no condition: write NAME OPERATOR VALUE, such as {EXAMPLE}")
    candidate, path = _candidate(found["path"], known, nearest)
    sign = _sign(found["sign"])
    kind, step, name, end = _subject(path, known, nearest)
    value = _VALUES[kind](found["value"], sign, path, nearest)
    return Condition(text.strip(), kind, step, name, end, sign, value, candidate)


def _candidate(path: str, known: Known, nearest: Nearest) -> tuple[str, str]:
    name, colon, rest = path.rpartition(":")
    if not colon:
        return "", path
    if name not in known.candidates:
        told = nearest(name, known.candidates)
        raise Fault(f"names the candidate {name!r}, which is not in eval.toml; {told}")
    return name, rest


def _sign(sign: str) -> str:
    if sign in OPERATORS:
        return sign
    if sign in _ALIASES:
        return _MEANT[sign]
    told = f"did you mean {_MEANT[sign]}?" if sign in _MEANT else f"known: {'  '.join(OPERATORS)}"
    raise Fault(f"has {sign!r}, which is no operator; {told}")


def _subject(path: str, known: Known, nearest: Nearest) -> tuple[Kind, str, str, str]:
    step, _, name = path.partition(".")
    steps = (*names.NUMBERS, SIGNOFF, CONTRADICTIONS)
    if step in known.tasks:
        raise Fault(f"begins with a task's name; did you mean {names.TASKS}.{path}?")
    if step not in steps:
        raise Fault(f"names the step {step!r}, which there is not; {nearest(step, steps)}")
    if step == CONTRADICTIONS:
        if name:
            raise Fault(f"has {name!r} behind {CONTRADICTIONS}, which is a count: write {step} = 0")
        return "contradictions", step, "", ""
    if step == SIGNOFF:
        if name == "decision":
            return "decision", step, name, ""
        if name == "stale":
            return "stale", step, name, ""
        told = nearest(name, ("decision", "stale"))
        raise Fault(f"names {path!r}, which there is not; {told}")
    if name == "verdict":
        return "verdict", step, name, ""
    return _number(step, name, known, nearest)


def _number(step: str, name: str, known: Known, nearest: Nearest) -> tuple[Kind, str, str, str]:
    if names.is_known(step, name, known.tasks):
        return "number", step, name, ""
    before, _, end = name.rpartition(".")
    if end in ENDS and names.is_known(step, before, known.tasks):
        return "number", step, before, end
    ours = names.names_of(step, known.tasks)
    if not name:
        told = f"known: {', '.join(('verdict', *ours[:8]))}, …"
        raise Fault(f"names the step {step} and no number of it; {told}")
    if step == names.TASKS and not known.tasks:
        raise Fault(f"names {name!r}, but eval.toml has no [tasks.NAME]")
    told = nearest(name, ("verdict", *ours, *(f"{one}.{side}" for one in ours for side in ENDS)))
    raise Fault(f"names {name!r}, which is no number of {step}; {told}")


def _figure(text: str, sign: str, path: str, nearest: Nearest) -> float:
    plain = _FIGURE.fullmatch(text)
    if plain is None and text.lower().lstrip("+-") not in ("nan", "inf", "infinity"):
        told = ""
        if re.fullmatch(r"-?[\d.]+\s*%", text):
            told = "; rates are 0 to 1: 5% is 0.05"
        elif text.strip("\"'") in VERDICTS:
            told = f"; did you mean {path.partition('.')[0]}.verdict?"
        raise Fault(f"compares a number with {text!r}, which is none{told}")
    value = float(text)
    if not math.isfinite(value):
        raise Fault(f"compares a number with {text}, which is not finite")
    if not value and plain is not None and plain["figure"].strip("0."):
        raise Fault(f"compares a number with {text}, which no number here can be told from 0")
    return value


def _word(text: str, sign: str, path: str, nearest: Nearest) -> str:
    known: tuple[str, ...] = VERDICTS if path.endswith(".verdict") else DECISIONS
    word = _unquoted(text)
    what = "verdict" if known is VERDICTS else "decision"
    if sign not in ("=", "!="):
        raise Fault(f"compares a {what} with {sign}: a word is = or !=")
    if word not in known:
        raise Fault(f"compares a {what} with {word!r}, which is none; {nearest(word, known)}")
    return word


def _yes_or_no(text: str, sign: str, path: str, nearest: Nearest) -> str:
    word = _unquoted(text)
    if sign not in ("=", "!="):
        raise Fault(f"compares {path} with {sign}: it is = or != true or false")
    if word not in ("true", "false"):
        raise Fault(f"compares {path} with {word!r}, which is neither true nor false")
    return word


def _unquoted(text: str) -> str:
    quoted = len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


_VALUES: Mapping[Kind, Callable[[str, str, str, Nearest], float | str]] = {
    "number": _figure,
    "contradictions": _figure,
    "verdict": _word,
    "decision": _word,
    "stale": _yes_or_no,
}


def needed(conditions: Iterable[Condition]) -> tuple[str, ...]:
    """Steps whose readings the conditions ask for; empty: all of them."""
    steps = tuple(dict.fromkeys(one.step for one in conditions))
    return () if SIGNOFF in steps or CONTRADICTIONS in steps else steps


def hold(
    condition: Condition,
    candidate: str,
    readings: Mapping[str, Reading],
    decided: Decided,
    contradictions: tuple[Contradiction, ...],
    damaged: tuple[str, ...] = (),
) -> Outcome:
    """The condition against what is there of its candidate. ``damaged``: files of results that
    can't be used whole, in words."""
    if decided.faults and condition.step in FROM_JOURNALS:
        return Outcome(condition, candidate, False, why=_unusable(decided))
    if damaged and condition.step not in WITHOUT_FACTS:
        why = f"results are damaged: {'; '.join(damaged)}; move it away, then tui-eval run"
        return Outcome(condition, candidate, False, why=why)
    if condition.kind == "number":
        return _hold_number(condition, candidate, readings[condition.step])
    if condition.kind == "verdict":
        return _hold_verdict(condition, candidate, readings[condition.step])
    if condition.kind == "contradictions":
        return _hold_contradictions(condition, candidate, readings, contradictions)
    if condition.kind == "stale":
        return _hold_stale(condition, candidate, decided)
    return _hold_decision(condition, candidate, decided)


def _unusable(decided: Decided) -> str:
    return f"what people wrote is not all known: {'; '.join(decided.faults)}"


def _hold_contradictions(
    condition: Condition,
    candidate: str,
    readings: Mapping[str, Reading],
    contradictions: tuple[Contradiction, ...],
) -> Outcome:
    """A count of those found so far is none: a step that isn't known may hold more."""
    found = tuple(one.text.rstrip(".") for one in contradictions)
    open_ = unknown(readings)
    count = len(found)
    met = not open_ and OPERATORS[condition.sign](count, float(condition.value))
    if open_:
        so_far = f"{count} so far; " if count else ""
        return Outcome(condition, candidate, False, why=so_far + "; ".join((*found, *open_)))
    return Outcome(condition, candidate, met, Number(count), why="" if met else "; ".join(found))


def _hold_number(condition: Condition, candidate: str, reading: Reading) -> Outcome:
    number = reading.numbers.get(condition.name)
    if number is None:
        return Outcome(condition, candidate, False, why=f"not measured: {reading.summary}")
    value: float | None = getattr(number, condition.end) if condition.end else number.value
    value = finite(value)
    if value is None:
        why = number.why or "not measured"
        if condition.end and finite(number.value) is not None:
            why = number.why or "it has no interval"
        return Outcome(condition, candidate, False, number, why=why)
    stands = names.STANDS_WHILE_WAITING.get(condition.step, frozenset())
    if reading.verdict == "waiting" and condition.name not in stands:
        why = f"so far; {condition.step} is not done: {reading.summary}"
        return Outcome(condition, candidate, False, number, why=why)
    met = OPERATORS[condition.sign](value, float(condition.value))
    return Outcome(condition, candidate, met, number)


def _equal(condition: Condition, word: str) -> bool:
    return (word == condition.value) == (condition.sign == "=")


def _hold_verdict(condition: Condition, candidate: str, reading: Reading) -> Outcome:
    word = reading.verdict
    if word in _NO_VERDICT:
        met = condition.sign == "=" and word == condition.value
    else:
        met = _equal(condition, word)
    return Outcome(condition, candidate, met, word=word, why="" if met else reading.summary)


def _hold_stale(condition: Condition, candidate: str, decided: Decided) -> Outcome:
    if decided.last is None:
        return Outcome(condition, candidate, False, why="nobody has signed")
    word = "true" if decided.stale else "false"
    why = _changed(decided) if decided.stale else _absent(decided)
    return Outcome(condition, candidate, _equal(condition, word), word=word, why=why)


def _hold_decision(condition: Condition, candidate: str, decided: Decided) -> Outcome:
    word, last = decided.decision, decided.last
    if last is None:
        # As a verdict that isn't there: met only where it is asked for by name.
        met = condition.sign == "=" and condition.value == "none"
        lacks = f"; deploy needs {needs_text(decided.missing)}" if decided.missing else ""
        why = "" if met else f"nobody has signed{lacks}"
        return Outcome(condition, candidate, met, word=word, why=why)
    undone = _undone(decided)
    if undone:
        return Outcome(condition, candidate, False, word=word, why=undone)
    met = _equal(condition, word)
    why = _absent(decided) if met else f"{last.by} signed {WORDS[word]}, {minute_utc(last.at)}"
    return Outcome(condition, candidate, met, word=word, why=why)


def _undone(decided: Decided) -> str:
    """Why what was signed is not to be gone by, in words; empty where it is."""
    if decided.stale:
        # It was about other weights or data than those that lie here now.
        return _changed(decided)
    # Signed on another machine, or before judgements were lost: it stands on nothing here.
    lacks = deploy_lacks(decided)
    return f"deploy lacks {lacks}" if lacks else ""


def _absent(decided: Decided) -> str:
    told = ", ".join(decided.unseen)
    return f"not on this machine: {told}" if told else ""


def _changed(decided: Decided) -> str:
    return f"out of date: {', '.join(decided.changed)}; sign again"
