"""Open blind comparisons, from journals and the facts that were recorded when they were planned.

Journals name completions and nothing else. Here they are put beside models' files again, for
steps and exports alone: nothing that judges reads this.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tui_eval.config import Config
from tui_eval.core.judgements import Judgement, Round
from tui_eval.core.open_comparison import (
    AskedBlind,
    OpenComparison,
    ever_planned,
    judged_so_far,
    open_rounds,
    planned_ids,
    unblinded_rounds,
)
from tui_eval.core.records import Completion, Producer, Sample
from tui_eval.files import producers
from tui_eval.files.judging.recording import KIND, Comparison, comparisons_of
from tui_eval.files.raw import stamp_of
from tui_eval.store.workspace import Workspace

if TYPE_CHECKING:
    from tui_eval.files.evidence import FileCache

Judgements = Callable[[], Sequence[Judgement]]
_Files = tuple[tuple[str, Path, object], ...]
_Weights = Callable[[], Mapping[str, str]]
"""Of each producer's model, by the producer's key."""


def compared_blind(
    workspace: Workspace, config: Config, cache: FileCache, judgements: Judgements
) -> Sequence[OpenComparison]:
    judged = workspace.judged_version()
    key = ("open rounds", str(workspace.folder), judged)
    found = cache.kept(tuple, key, lambda: open_rounds(judgements()))
    fault = journal_fault(workspace)
    lost = unaccounted(workspace, judgements()) if fault else ()
    files = _files(config)
    weights = functools.cache(lambda: {one.key: one.weights for one in workspace.producers()})
    read = partial(_comparison, workspace, config, cache, judged, files, weights)
    return [read(one) for one in found] + [
        replace(read(Round(name, "blind_ab")), fault=fault) for name in lost
    ]


def journal_fault(workspace: Workspace) -> str:
    """Why a journal can't be read whole; mostly nothing."""
    return next((view.fault for view in workspace.journals() if view.fault), "")


def unaccounted(workspace: Workspace, judgements: Sequence[Judgement]) -> tuple[str, ...]:
    """Blind comparisons that facts know of and journals don't. Where a journal is damaged its
    votes on them may be what can't be read."""
    known = ever_planned(judgements).keys() | unblinded_rounds(judgements)
    return tuple(
        name
        for name in workspace.keys_of(KIND)
        if name not in known and any(w.step == "blind_ab" for w in comparisons_of(workspace, name))
    )


def _comparison(
    workspace: Workspace,
    config: Config,
    cache: FileCache,
    judged: object,
    files: _Files,
    weights: _Weights,
    one: Round,
) -> OpenComparison:
    said = ("comparison", one.id, workspace.extent(KIND, one.id))
    about = cache.kept(tuple, said, lambda: comparisons_of(workspace, one.id))
    keys = sorted({key for what in about for key in what.keys})
    facts = [("completion", key) for key in keys]
    facts += [("sample", what.dataset) for what in about]
    extents = tuple(workspace.extent(kind, key) for kind, key in facts)
    now = ("open comparison", one.id, judged, said, extents, files)
    read = partial(_read, workspace, config, cache, one, about, files, weights)
    return cache.kept(OpenComparison, now, read)


def _files(config: Config) -> _Files:
    named = ((name, config.resolve(entry.answers)) for name, entry in config.models.items()
             if entry.answers)  # fmt: skip
    return tuple((name, path, stamp_of(path)) for name, path in named)


def _read(
    workspace: Workspace,
    config: Config,
    cache: FileCache,
    one: Round,
    about: Sequence[Comparison],
    files: _Files,
    weights: _Weights,
) -> OpenComparison:
    ids = planned_ids(one)
    # Before it is begun its prompts may change; nobody knows the last where no plan is read.
    latest = about[-1:] if one.judges else about
    asked = dict.fromkeys(id for what in latest for id in what.samples)
    samples: dict[str, Sample] = {}
    made: dict[str, list[tuple[str, Completion]]] = defaultdict(list)
    for dataset in dict.fromkeys(what.dataset for what in about):
        samples |= _samples(workspace, cache, dataset)
    for key in dict.fromkeys(key for what in about for key in what.keys):
        for answer in cache.completions(workspace, key).values():
            made[answer.sample].append((key, answer))
            if answer.id in ids:
                asked[answer.sample] = None
    return OpenComparison(
        one.id,
        ids,
        tuple(
            AskedBlind(samples[id], tuple(a.answer for _, a in made[id] if not a.error))
            for id in asked
            if id in samples
        ),
        _rows(config, about, files, weights, {id: made[id] for id in asked}),
        judged_so_far(one),
    )


def _samples(workspace: Workspace, cache: FileCache, dataset: str) -> Mapping[str, Sample]:
    """Most comparisons of a long history ask the same prompts."""
    now = ("samples", dataset, workspace.extent("sample", dataset))
    return cache.kept(dict, now, lambda: workspace.samples(dataset))


def _rows(
    config: Config,
    about: Sequence[Comparison],
    files: _Files,
    weights: _Weights,
    made: Mapping[str, Sequence[tuple[str, Completion]]],
) -> dict[str, frozenset[int]]:
    """The same file by its bytes, or by where it lies."""
    sources = {
        key: config.resolve(source)
        for what in about
        for key, source in zip(what.keys, what.sources, strict=False)
        if source
    }
    by_key: dict[str, set[int]] = defaultdict(set)
    for every in made.values():
        for key, answer in every:
            if answer.row:
                by_key[key].add(answer.row)
    found: dict[str, frozenset[int]] = {}
    for name, path, _ in files:
        held = _held(config, name).weights
        rows = [
            some
            for key, some in by_key.items()
            if key in sources and (weights().get(key) == held or sources[key] == path)
        ]
        found[name] = frozenset().union(*rows)
    return found


def _held(config: Config, model: str) -> Producer:
    return producers.generating(config, model, model)
