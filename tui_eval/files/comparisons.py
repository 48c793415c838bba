"""Every blind comparison that was begun in a workspace, with its Reading."""

from __future__ import annotations

from collections.abc import Iterable

from tui_eval.config import Config
from tui_eval.core.evidence import Evidence
from tui_eval.core.judgements import Round, rounds
from tui_eval.core.records import Producer
from tui_eval.core.steps import blind_ab
from tui_eval.core.steps.compared import Comparison
from tui_eval.errors import TuiEvalError
from tui_eval.files.evidence import JUDGED, FileCache, WorkspaceEvidence, unreadable
from tui_eval.files.judging.recorded import RecordedEvidence
from tui_eval.files.judging.recording import Comparison as Recorded
from tui_eval.files.judging.recording import comparison_of
from tui_eval.store.workspace import Workspace


def comparisons(
    workspace: Workspace, config: Config, cache: FileCache | None = None
) -> tuple[Comparison, ...]:
    """Those of today's answers first, in the order of ``eval.toml``; then those of answers
    that other weights or settings gave, which are read from what was recorded."""
    found = rounds(workspace.judgements(JUDGED))
    evidence = WorkspaceEvidence(workspace, config, cache or FileCache())
    made = []
    for name, standing in found.items():
        what = comparison_of(workspace, name) if standing.step == "blind_ab" else None
        if what is not None and len(what.models) == len(what.keys) == 2:
            made.append(_comparison(workspace, config, evidence, what, standing))
    places = {name: place for place, name in enumerate(config.models)}

    def place(one: Comparison) -> tuple[bool, int, int, str]:
        last = len(places)
        return (
            not one.current,
            places.get(one.candidate, last),
            places.get(one.against, last),
            one.round,
        )

    return tuple(sorted(made, key=place))


def _comparison(
    workspace: Workspace,
    config: Config,
    evidence: WorkspaceEvidence,
    what: Recorded,
    standing: Round,
) -> Comparison:
    candidate, against = what.models
    current = _current(config, evidence, what)
    source = evidence if current else Earlier(workspace, config, what)
    try:
        reading = blind_ab.read(source, candidate, against)
    except TuiEvalError as error:
        reading = unreadable(blind_ab.STEP, candidate, error)
    return Comparison(standing.id, candidate, against, standing, reading, current)


def evidence_of(
    workspace: Workspace, config: Config, cache: FileCache, one: Comparison
) -> Evidence:
    """What a comparison's Reading was made from."""
    what = None if one.current else comparison_of(workspace, one.round)
    if what is not None:
        return Earlier(workspace, config, what)
    return WorkspaceEvidence(workspace, config, cache)


def _current(config: Config, evidence: WorkspaceEvidence, what: Recorded) -> bool:
    candidate = what.models[0]
    if not all(name in config.models for name in what.models):
        return False
    try:
        made: Iterable[Producer | None] = [
            evidence.generator(candidate, name) for name in what.models
        ]
    except (TuiEvalError, OSError):
        return False
    return tuple(one.key if one is not None else "" for one in made) == what.keys


class Earlier(RecordedEvidence):
    """What was recorded when it was judged, read by the settings of today."""

    def __init__(self, workspace: Workspace, config: Config, what: Recorded) -> None:
        super().__init__(workspace, what)
        self._settings = config

    def base(self, candidate: str) -> str | None:
        """Only the base is called so; another model keeps its name."""
        found = super().base(candidate)
        return found if found == "base" else None
