"""Every blind comparison that was begun in a workspace, with its Reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache as cached
from functools import partial

from tui_eval.config import Config
from tui_eval.core.evidence import Evidence
from tui_eval.core.judgements import Judgement
from tui_eval.core.open_comparison import OpenComparison
from tui_eval.core.reading import Reading
from tui_eval.core.records import Completion, Producer, Sample
from tui_eval.core.steps import blind_ab
from tui_eval.core.steps.compared import Comparison
from tui_eval.errors import TuiEvalError
from tui_eval.files.evidence import JUDGED, FileCache, WorkspaceEvidence, unreadable
from tui_eval.files.judging.recorded import RecordedEvidence
from tui_eval.files.judging.recording import Comparison as Recorded
from tui_eval.files.judging.recording import comparison_of
from tui_eval.files.rounds_today import comparisons_today
from tui_eval.store.workspace import Workspace


def comparisons(
    workspace: Workspace, config: Config, cache: FileCache | None = None, *, blind: bool = True
) -> tuple[Comparison, ...]:
    """Those of today's answers first, in the order of ``eval.toml``, recorded here or not (a
    journal may have come without the facts of its judging); then those of answers that other
    weights or settings gave, which are read from what was recorded.

    ``blind=False`` is for whoever shows no more than a row of each: of those that nobody has
    unblinded it tells how far judging is, which needs none of the answers, and of the others no
    pairs."""
    evidence = WorkspaceEvidence(workspace, config, cache or FileCache())
    made, kept = [], Kept()
    today = cached(partial(comparisons_today, config, evidence))
    judged = workspace.judgements(JUDGED)
    for standing in judged.rounds():
        if standing.step != "blind_ab":
            continue
        name = standing.id
        what = comparison_of(workspace, name) or today().get(name)
        if what is not None and len(what.models) == len(what.keys) == 2:
            current = _current(config, evidence, what)
            earlier = Earlier(workspace, config, what, judged, kept)
            source = evidence if current else earlier
            unread = not blind and not standing.unblinded_at
            read = _unread if unread else partial(_read, source, blind)
            candidate, against = what.models
            reading = read(candidate, against)
            made.append(Comparison(name, candidate, against, standing, reading, current))
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


def _read(source: Evidence, listed: bool, candidate: str, against: str) -> Reading:
    try:
        return blind_ab.read(source, candidate, against, listed=listed)
    except TuiEvalError as error:
        return unreadable(blind_ab.STEP, candidate, error)


def _unread(candidate: str, against: str) -> Reading:
    words = "not unblinded yet"
    return Reading(blind_ab.STEP, candidate, "waiting", words, words, against=against)


def evidence_of(
    workspace: Workspace, config: Config, cache: FileCache, one: Comparison
) -> Evidence:
    """What a comparison's Reading was made from."""
    what = None if one.current else comparison_of(workspace, one.round)
    if what is not None:
        # All of them: what another comparison still asks about is not shown.
        return Earlier(workspace, config, what, workspace.judgements(JUDGED))
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


@dataclass
class Kept:
    """What several comparisons were made from: the base's answers, most often, and the prompts."""

    producers: Mapping[str, Producer] | None = None
    answers: dict[str, Mapping[str, Completion]] = field(default_factory=dict)
    samples: dict[str, Mapping[str, Sample]] = field(default_factory=dict)
    open: Sequence[OpenComparison] | None = None


class Earlier(RecordedEvidence):
    """What was recorded when it was judged, read by the settings of today."""

    def __init__(
        self,
        workspace: Workspace,
        config: Config,
        what: Recorded,
        judged: Sequence[Judgement],
        kept: Kept | None = None,
    ) -> None:
        super().__init__(workspace, what)
        self._settings = config
        self._judged, self._kept = judged, kept or Kept()

    def judgements(self) -> Sequence[Judgement]:
        return self._judged

    def compared_blind(self) -> Sequence[OpenComparison]:
        if self._kept.open is None:
            self._kept.open = super().compared_blind()
        return self._kept.open

    def generator(self, candidate: str, model: str) -> Producer | None:
        if self._kept.producers is None:
            self._kept.producers = {one.key: one for one in self._workspace.producers()}
        return self._kept.producers.get(self._keys.get(model, ""))

    def answers(self, candidate: str, model: str) -> Mapping[str, Completion]:
        key = self._keys.get(model, "")
        if key not in self._kept.answers:
            self._kept.answers[key] = super().answers(candidate, model)
        return self._kept.answers[key]

    def answered(self, candidate: str, model: str) -> Mapping[str, Sample]:
        name = self._what.dataset
        if name not in self._kept.samples:
            self._kept.samples[name] = self._workspace.samples(name)
        samples, answers = self._kept.samples[name], self.answers(candidate, model)
        return {id: samples[id] for id in self._what.samples if id in samples and id in answers}

    def base(self, candidate: str) -> str | None:
        """Only the base is called so; another model keeps its name."""
        found = super().base(candidate)
        return found if found == "base" else None
