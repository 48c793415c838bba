"""Decisions about candidates, written into the signer's journal and read from everybody's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tui_eval.config import Config
from tui_eval.core import sign_offs as folded
from tui_eval.core.judgements import Judgement
from tui_eval.core.reading import Reading
from tui_eval.core.records import Producer
from tui_eval.core.sign_off_records import DECISIONS, WORDS, Decided, Decision, SignOff
from tui_eval.core.steps import sign_off as step
from tui_eval.core.steps.stands import changed, thing
from tui_eval.core.text import clean
from tui_eval.errors import InputError, TuiEvalError
from tui_eval.files.evidence import FileCache
from tui_eval.files.evidence import readings as readings_of
from tui_eval.files.producers import NOT_HERE
from tui_eval.files.standing import kind_of, shares_weights
from tui_eval.files.standing import standing as fingerprints
from tui_eval.store.journal import login
from tui_eval.store.workspace import Workspace

LONGEST_NOTE: Final = 4_000
"""Characters."""
JUDGED_STEPS: Final = ("review", "blind_ab")
"""What people do, and ``deploy`` asks for."""


class NotOpen(TuiEvalError):
    """The decision can't be signed yet, or on what was shown."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A decision as somebody asks for it."""

    candidate: str
    judge: str
    decision: Decision
    note: str
    readings: Mapping[str, Reading]
    """What they had before their eyes."""
    shown: Mapping[str, str]
    """The standing of those readings, taken before them: of another one afterwards nobody knows
    which of the two was read."""


def sign(
    workspace: Workspace,
    config: Config,
    candidate: str,
    judge: str,
    decision: Decision,
    note: str,
    readings: Mapping[str, Reading],
    cache: FileCache,
    shown: Mapping[str, str] | None = None,
) -> SignOff:
    """Write the decision; it is on the disk when this returns. ``none`` withdraws. ``shown`` as in
    ``Signed``; without it the readings count as of what lies there now. Raises as
    ``signed_now``."""
    if shown is None:
        shown = standing_of(workspace, config, candidate, cache)
    asked = Signed(candidate, judge, decision, note, readings, shown)
    return signed_now(workspace, config, asked, cache)


def signed_now(workspace: Workspace, config: Config, asked: Signed, cache: FileCache) -> SignOff:
    """Write the decision that is asked for.

    NotOpen where ``deploy`` lacks something, by the readings that were shown or by those of now,
    or something changed since ``shown``; InputError for what is no decision, candidate or name;
    StoreError where the judge's journal is held by another window; NotSaved as for votes.
    """
    candidate, decision = asked.candidate, asked.decision
    _check_words(config, asked)
    _check_open(decision, asked.readings)
    _check_same(asked, standing_of(workspace, config, candidate, cache))
    _check_withdrawal(asked, _last(workspace, candidate))
    # The journal first: what others signed until it is held is known to this signer.
    with workspace.journal(asked.judge) as journal:
        before = _last(workspace, candidate)
        _check_withdrawal(asked, before)
        if decision == "deploy":
            # A vote or review may be taken back, and weights replaced, while somebody decides.
            _check_open(decision, _judged_now(workspace, config, candidate, cache))
        now = standing_of(workspace, config, candidate, cache)
        _check_same(asked, now)
        event = journal.append(
            folded.KIND,
            candidate=candidate,
            decision=decision,
            note=asked.note,
            standing=dict(now),
            seen={
                key: {"verdict": one.verdict, "summary": one.summary}
                for key, one in asked.readings.items()
            },
            login=login(),
            after=before.id if before is not None else "",
        )
        made = folded.sign_off_of(Judgement(journal.judge, journal.path.name, event))
    assert made is not None
    return made


def _judged_now(
    workspace: Workspace, config: Config, candidate: str, cache: FileCache
) -> Mapping[str, Reading]:
    """What ``deploy`` needs, read anew."""
    workspace.catch_up()
    return readings_of(workspace, config, candidate, cache=cache, steps=JUDGED_STEPS)


def _check_words(config: Config, asked: Signed) -> None:
    if asked.decision not in DECISIONS:
        raise InputError(f"There is no decision {asked.decision}.", f"Known: {_join(DECISIONS)}")
    if asked.candidate not in config.models:
        known = _join(config.candidates) or "none is named in eval.toml"
        raise InputError(f"There is no candidate {asked.candidate}.", f"Known: {known}")
    if len(asked.note) > LONGEST_NOTE:
        raise InputError(
            f"A note of {len(asked.note):,} characters is too long.", f"At most {LONGEST_NOTE:,}."
        )


def _check_open(decision: Decision, readings: Mapping[str, Reading]) -> None:
    lacks = step.missing(readings) if decision == "deploy" else ()
    if lacks:
        raise NotOpen(
            f"{WORDS[decision]} can't be signed yet. It needs {step.needs_text(lacks)}.",
            "hold and more_work are always open.",
        )


def _check_same(asked: Signed, now: Mapping[str, str]) -> None:
    """A withdrawal stands on nothing."""
    if asked.decision == "none" or dict(asked.shown) == dict(now):
        return
    # What is named and can't be seen any more has no words there, and is another one too.
    differ = [name for name in (*asked.shown, *now) if asked.shown.get(name) != now.get(name)]
    moved = changed(asked.shown, now) or (f"{thing(differ[0])} changed",)
    raise NotOpen(
        f"Not signed: {', '.join(moved)} while this was open.",
        "Look at what the steps say of it now, then sign.",
    )


def _check_withdrawal(asked: Signed, last: SignOff | None) -> None:
    if asked.decision == "none" and (last is None or last.decision == "none"):
        raise InputError(
            f"There is no decision about {clean(asked.candidate)} to withdraw.",
            "Sign one: deploy, hold or more_work.",
        )


def _last(workspace: Workspace, candidate: str) -> SignOff | None:
    return next(reversed(folded.of_candidate(signed(workspace), candidate)), None)


def _join(names: Iterable[str]) -> str:
    return ", ".join(names)


def signed(workspace: Workspace) -> list[SignOff]:
    """Every decision in all journals, the oldest first."""
    return folded.sign_offs(workspace.judgements((folded.KIND,)))


def decided_of(
    workspace: Workspace,
    config: Config,
    candidate: str,
    readings: Mapping[str, Reading],
    cache: FileCache,
) -> Decided:
    """Where the decision about a candidate stands now."""
    mine = folded.of_candidate(signed(workspace), candidate)
    # Fingerprints are taken only where there is something to compare them with.
    seen = fingerprints(config, candidate, cache) if mine else {}
    now = _with_record(workspace, config, seen)
    absent = frozenset(name for name, text in seen.items() if text == NOT_HERE)
    return step.decided(candidate, mine, readings, now, _faults(workspace), absent)


def _faults(workspace: Workspace) -> tuple[str, ...]:
    """Of journals alone: facts hold no decisions."""
    views = workspace.journals()
    # What was not written to its end may have been a decision, or is one that was damaged.
    torn = (
        f"{view.path.name} ends in half a line: {clean(view.judge)} has to judge or sign once more"
        for view in views
        if view.torn and not view.fault
    )
    return (*(view.fault for view in views if view.fault), *torn)


def standing_of(
    workspace: Workspace, config: Config, candidate: str, cache: FileCache
) -> Mapping[str, str]:
    """The standing; of models that are not on this machine as they were last recorded."""
    seen = fingerprints(config, candidate, cache)
    return _with_record(workspace, config, seen)


def _with_record(
    workspace: Workspace, config: Config, seen: Mapping[str, str]
) -> Mapping[str, str]:
    found = dict(seen)
    if NOT_HERE in found.values():
        recorded = workspace.producers()
        lost = (name.rpartition(".")[0] for name, text in seen.items() if text == NOT_HERE)
        for model in dict.fromkeys(name for name in lost if name in config.models):
            found |= _recorded(recorded, config, model, seen)
            if found.get(f"{model}.kind") == "adapter" and shares_weights(config, model):
                found.pop(f"{model}.weights", None)
    return found


def _recorded(
    recorded: Sequence[Producer], config: Config, model: str, seen: Mapping[str, str]
) -> dict[str, str]:
    """Parts of a model that are not here, from the newest losses or answers of it, whatever it was
    prompted with: where its template is not here either, that can't be told."""
    entry = config.models[model]
    if not entry.path:
        return {}
    mine = (one for one in recorded if one.model == model and not one.given)
    made = next((one for one in mine if one.weights), None)
    if made is None:
        return {}
    known = {
        "kind": kind_of(entry, "adapter" if made.adapter else "full"),
        "weights": made.weights,
        "adapter": made.adapter or "",
        "tokenizer": made.tokenizer,
    }
    parts = {f"{model}.{part}": text for part, text in known.items() if text}
    # An adapter whose folder is not here is not known to be one.
    adapter = f"{model}.adapter" if seen.get(f"{model}.kind") == NOT_HERE else ""
    return {
        name: text for name, text in parts.items() if name == adapter or seen.get(name) == NOT_HERE
    }
