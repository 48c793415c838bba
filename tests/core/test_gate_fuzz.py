"""Whatever is written and whatever is there: a condition is met only where it holds, by another
reader and evaluator than the gate's."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tui_eval.config import nearest
from tui_eval.core import gate
from tui_eval.core.reading import Finding, Number, Reading
from tui_eval.core.sign_off_records import DECISIONS, Contradiction, Decided, SignOff

KNOWN = gate.Known(("tuned", "other-2"), {"labels": ("accuracy",)})
STEPS = ("curves", "perplexity", "overfitting", "review", "blind_ab", "task_metrics")
NAMES = {
    "curves": ("drop",),
    "perplexity": ("improvement", "truncated"),
    "overfitting": ("gap_used", "copies"),
    "review": ("accuracy", "reviewed", "flagged"),
    "blind_ab": ("wins", "judged", "win_rate"),
    "task_metrics": ("labels.accuracy.difference", "labels.items"),
}
COUNTED = {"reviewed", "planned", "ready", "votes", "judged", "judged_any", "locked", "clear"}
SIGNS = ("<=", ">=", "!=", "==", "≤", "≥", "≠", "=", "<", ">")
"""The longer first: the first that is found stands there."""
ALL_KNOWN = {
    "perplexity": ("improvement",), "overfitting": ("gap_used", "copies"),
    "review": ("accuracy",), "blind_ab": ("wins",),
}  # fmt: skip

figures = st.one_of(
    st.none(),
    st.sampled_from((math.nan, math.inf, -math.inf, 0.0, -0.0, 0.5, 1.0, 20.0)),
    st.floats(-2, 2),
    st.integers(-2, 30).map(float),
)
numbers = st.builds(Number, figures, figures, figures)
found = st.lists(
    st.sampled_from(
        (Finding("a", "not_enough", "b"), Finding("c", "bad", "d"), Finding("e", "note", "f"))
    ),
    max_size=2,
).map(tuple)


def read(step: str) -> st.SearchStrategy[Reading]:
    verdicts = ("good", "good", "caution", "bad", "not_enough", "waiting")
    return st.builds(
        Reading, st.just(step), st.just("tuned"), st.sampled_from(verdicts), st.just(""),
        st.just("said"), findings=found,
        numbers=st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES[step], numbers)),
    )  # fmt: skip


def whole(step: str) -> st.SearchStrategy[Reading]:
    """Mostly as done steps are: with one hole here and there."""
    plain = st.sampled_from((*map(float, range(9)), None, math.nan))
    return st.builds(
        Reading, st.just(step), st.just("tuned"), st.sampled_from(("good", "caution", "bad")),
        st.just(""), st.just("said"),
        numbers=st.fixed_dictionaries(dict.fromkeys(NAMES[step], st.builds(Number, plain))),
    )  # fmt: skip


readings = st.one_of(
    st.fixed_dictionaries({step: read(step) for step in STEPS}),
    st.fixed_dictionaries({step: whole(step) for step in STEPS}),
)
SIGNED = SignOff("tuned", "deploy", "ana", "ana@gpu", "2026-11-20T10:00:00Z")
some = st.lists(st.just("something"), max_size=1).map(tuple)
few = st.sampled_from(((), (), (), ("something",)))


@st.composite
def decisions(draw: st.DrawFn) -> Decided:
    word = draw(st.sampled_from(DECISIONS))
    last = None if word == "none" else replace(SIGNED, decision=word)
    return Decided(word, last, draw(few), draw(few), unseen=draw(some), faults=draw(few))


spaces = st.sampled_from(("", " ", "  ", "\t", "\n"))
odd = st.sampled_from(("nan", "1e999", "1e-999", "1_0", "٣", "5%", "", "0x1", '"', "1 2", "-0"))
values = st.one_of(st.integers(-1, 9).map(str), st.floats(-3, 3).map(repr), odd)
verdicts = st.sampled_from(("good", '"bad"', "'waiting'", "not_enough", "caution", "'good\""))
words = st.sampled_from(("deploy", '"hold"', "none", "more_work", "deplay"))
signs = st.sampled_from((*SIGNS, "=>", "~"))
NUMBERED = [f"{step}.{name}{end}" for step in STEPS for name in NAMES[step] for end in ("", ".low")]
written = st.one_of(
    *(
        st.tuples(spaces, st.sampled_from(names), spaces, signs, spaces, value, spaces).map("".join)
        for names, value in (
            (NUMBERED, values),
            ([f"{step}.verdict" for step in STEPS], verdicts),
            (["signoff.decision"], words),
            (["signoff.stale"], st.sampled_from(("true", "'false'"))),
            (["contradictions"], st.sampled_from(("0", "0.0", "1", "3", "-1"))),
        )
    ),
    st.tuples(st.sampled_from(NUMBERED), signs, st.text(max_size=8)).map("".join),
    st.text(max_size=40),
)


def truly(text: str, there: dict[str, Any]) -> bool:
    """Read from left to right: a path, the first sign that is found, a value."""
    at, sign = min((text.find(one), -len(one), one) for one in SIGNS if one in text)[::2]
    path, value = text[:at].strip(), text[at + len(sign) :].strip()
    sign = {"==": "=", "≤": "<=", "≥": ">=", "≠": "!="}.get(sign, sign)
    first, *rest = path.split(".")
    decided: Decided = there["decided"]
    if decided.faults and first in ("signoff", "contradictions", "review", "blind_ab"):
        return False
    if there["damaged"] and first not in ("signoff", "curves"):
        return False
    if first == "signoff":
        return _signed(rest[0], sign, value.strip("\"'"), decided)
    if first == "contradictions":
        return _all_known(there["readings"]) and _compared(len(there["found"]), sign, value)
    reading: Reading = there["readings"][first]
    if rest == ["verdict"]:
        word = value.strip("\"'")
        if reading.verdict in ("waiting", "not_enough"):
            return sign == "=" and reading.verdict == word
        return (reading.verdict == word) is (sign == "=")
    end = rest.pop() if rest[-1] in ("low", "high") else "value"
    number = reading.numbers.get(".".join(rest))
    if number is None or (reading.verdict == "waiting" and rest[-1] not in COUNTED):
        return False
    return _compared(getattr(number, end), sign, value)


def _signed(what: str, sign: str, word: str, decided: Decided) -> bool:
    if decided.last is None:
        return (what, sign, word) == ("decision", "=", "none")
    stale = bool(decided.changed)
    if what == "stale":
        return (word == ("true" if stale else "false")) is (sign == "=")
    if stale or (decided.decision == "deploy" and decided.missing):
        return False
    return (word == decided.decision) is (sign == "=")


def _all_known(there: dict[str, Reading]) -> bool:
    return all(
        reading.verdict not in ("waiting", "not_enough")
        and all(one.severity != "not_enough" for one in reading.findings)
        and all(
            (number := reading.numbers.get(name)) is not None
            and number.value is not None
            and math.isfinite(number.value)
            for name in ALL_KNOWN.get(step, ())
        )
        for step, reading in there.items()
    )


def _compared(measured: float | None, sign: str, text: str) -> bool:
    """Exactly: a float is a fraction, and what is written is the float that it names."""
    if measured is None or measured != measured or measured in (math.inf, -math.inf):
        return False
    left, right = Fraction(measured), Fraction(float(text))
    order = (left > right) - (left < right)
    return order in {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1), "=": (0,),
                     "!=": (-1, 1)}[sign]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(written, readings, decisions(), st.integers(0, 2), few)
@example("contradictions = 0", {}, Decided(), 0, ())
@example("signoff.decision != hold", {}, Decided(), 0, ())
@example("curves.drop = 1e-999", {}, Decided(), 0, ())
def test_met_is_what_truly_holds(
    text: str, there: dict[str, Reading], decided: Decided, count: int, damaged: tuple[str, ...]
) -> None:
    there = there or {step: Reading(step, "tuned", "waiting", "", "") for step in STEPS}
    try:
        condition = gate.parse(text, KNOWN, nearest)
    except gate.Fault:
        return
    contradictions = (Contradiction("a", "b", ()),) * count
    outcome = gate.hold(condition, "tuned", there, decided, contradictions, damaged)
    seen = {"readings": there, "decided": decided, "found": contradictions, "damaged": damaged}
    assert outcome.met is truly(text, seen)
    assert outcome.met or outcome.why or outcome.word or outcome.number is not None


def test_figures_are_plain() -> None:
    for text in ("1_0", "٣", "0x1", "1e-999", "1e999", "nan", "-inf", "1 2"):
        try:
            gate.parse(f"curves.drop > {text}", KNOWN, nearest)
        except gate.Fault:
            continue
        raise AssertionError(text)
    for text in ("1", "-0", "+.5", "1.", "1e3", "0e-999", "0.000"):
        assert gate.parse(f"curves.drop > {text}", KNOWN, nearest).value == float(text)
