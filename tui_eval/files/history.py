"""Evaluations as they were, kept as facts of kind ``evaluation`` (key: the candidate; in the
place of a sample the standing), and what is different since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from tui_eval import __version__
from tui_eval.config import Config
from tui_eval.core import history
from tui_eval.core.history import Earlier, Losses, Told
from tui_eval.core.reading import Reading
from tui_eval.core.sign_off_records import SignOff, standing_key
from tui_eval.core.steps.stands import changed
from tui_eval.errors import TuiEvalError
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.store.codec import plain
from tui_eval.store.files import now
from tui_eval.store.journal import name_id
from tui_eval.store.workspace import Workspace

KIND: Final = "evaluation"
FILE: Final = "evaluations"
"""One file per host and candidate, whichever process writes: who finds it held has a twin that
is recording the same."""
PAIRED_AT_ONCE: Final = 5
"""Earlier evaluations whose losses are compared without being asked for: each is read whole."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What readings stand on, taken when they are made: kept later, they are not of weights that
    were trained meanwhile."""

    standing: Mapping[str, str]
    losses: str
    """Key of the candidate's token losses; empty: none were recorded."""


def ground(workspace: Workspace, config: Config, candidate: str, cache: FileCache) -> Ground:
    evidence = WorkspaceEvidence(workspace, config, cache)
    try:
        scored = evidence.producer(candidate, candidate)
    except (TuiEvalError, OSError):
        scored = None
    standing = _standing(workspace, config, candidate, cache)
    return Ground(standing, scored.key if scored is not None else "")


def remember(
    workspace: Workspace,
    config: Config,
    candidate: str,
    readings: Mapping[str, Reading],
    cache: FileCache,
    on: Ground | None = None,
) -> bool:
    """Keep what is said, unless it was said already on the same standing; True where it was
    written. ``on``: what the readings stand on, where that may be another one by now. A disk
    that can't be written is no reason to fail: nothing is kept then."""
    if not history.says_something(readings):
        return False
    try:
        found = on or ground(workspace, config, candidate, cache)
        return _keep(workspace, _told(candidate, readings, found))
    except (TuiEvalError, OSError):
        return False


def _keep(workspace: Workspace, told: Told) -> bool:
    if not told.standing or _is_known(workspace, told):
        return False
    with workspace.facts(f"{FILE}-{name_id(told.candidate)}") as facts:
        # Another process may have written it since: only who holds the file knows.
        workspace.catch_up()
        if _is_known(workspace, told):
            return False
        key = standing_key(told.standing)
        facts.append(KIND, told.candidate, key, plain(history.body_of(told)))
    return True


def _told(candidate: str, readings: Mapping[str, Reading], on: Ground) -> Told:
    return Told(
        candidate=candidate,
        at=now(),
        standing=on.standing,
        readings={step: history.small(reading) for step, reading in readings.items()},
        losses=on.losses,
        version=__version__,
    )


def _standing(
    workspace: Workspace, config: Config, candidate: str, cache: FileCache
) -> dict[str, str]:
    from tui_eval.files.signing import standing_of

    return dict(standing_of(workspace, config, candidate, cache))


def _is_known(workspace: Workspace, told: Told) -> bool:
    """Whether the last record on the same standing says the same."""
    before = [
        one
        for one in recorded(workspace, told.candidate)
        if history.same_standing(one.standing, told.standing)
    ]
    return bool(before) and history.same(before[-1], told)


def recorded(workspace: Workspace, candidate: str) -> list[Told]:
    """Every record of a candidate, in the order of time."""
    return [history.told_of(candidate, body) for _, body in workspace.light(KIND, candidate)]


def earlier(workspace: Workspace, candidate: str, now: Ground) -> tuple[Told, ...]:
    """The last record of every earlier standing, newest first."""
    return history.lasts(recorded(workspace, candidate), now.standing)


def changes(
    workspace: Workspace,
    config: Config,
    candidate: str,
    readings: Mapping[str, Reading],
    cache: FileCache,
) -> tuple[Earlier, ...]:
    """The last record of every earlier standing, newest first, with the difference to now."""
    told = recorded(workspace, candidate)
    if not told:
        return ()
    standing = _standing(workspace, config, candidate, cache)
    signed = _signed(workspace, candidate)
    found = [
        Earlier(
            one,
            changed(one.standing, standing),
            history.steps_of(one.readings, readings),
            decision=_decision(signed, one),
        )
        for one in history.lasts(told, standing)
    ]
    some = [with_paired(workspace, config, one, cache) for one in found[:PAIRED_AT_ONCE]]
    return (*some, *found[PAIRED_AT_ONCE:])


def _signed(workspace: Workspace, candidate: str) -> list[SignOff]:
    from tui_eval.core.sign_offs import of_candidate
    from tui_eval.files.signing import signed

    return of_candidate(signed(workspace), candidate)


def _decision(signed: list[SignOff], told: Told) -> SignOff | None:
    """The last one that was signed on the record's standing, unless it was withdrawn there."""
    mine = [one for one in signed if history.same_standing(one.standing, told.standing)]
    return mine[-1] if mine and mine[-1].decision != "none" else None


def with_paired(
    workspace: Workspace, config: Config, earlier: Earlier, cache: FileCache
) -> Earlier:
    """With the losses of the earlier weights against those of now, where both are recorded."""
    evidence = WorkspaceEvidence(workspace, config, cache)
    candidate, key = earlier.told.candidate, earlier.told.losses
    try:
        scored = evidence.producer(candidate, candidate)
        dataset = evidence.dataset(candidate, "validation")
        if not key or scored is None or dataset is None or scored.key == key:
            return earlier
        losses = Losses(dataset.samples, workspace.losses(key), workspace.losses(scored.key))
    except (TuiEvalError, OSError):
        return earlier
    return replace(earlier, paired=history.paired(losses))
