"""What a judged round needs in facts, so that results and exports can be made when the
files that were judged are gone.

A fact ``comparison`` (key: the round) is the one place that maps a round to models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tui_eval.core.judgements import Step
from tui_eval.core.records import Completion, Producer, Sample
from tui_eval.store.codec import encode, plain
from tui_eval.store.journal import name_id
from tui_eval.store.workspace import Workspace

KIND = "comparison"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one round is about. ``models`` and ``keys`` (their generators'): the candidate
    first, then what it is held against; a review has the candidate alone."""

    step: Step
    models: tuple[str, ...]
    keys: tuple[str, ...]
    dataset: str
    """Key of the ``sample`` facts."""
    samples: tuple[str, ...]
    """Ids of the prompts that are judged, in order."""
    sources: tuple[str, ...] = ()
    """Files of answers, where they come from such; else empty texts."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """Answers that no engine recorded: read from a file."""

    producer: Producer
    answers: Mapping[str, Completion] = field(default_factory=dict)
    """By sample id."""


def comparison_of(workspace: Workspace, round: str) -> Comparison | None:
    """What the round was last recorded as."""
    found = comparisons_of(workspace, round)
    return found[-1] if found else None


def comparisons_of(workspace: Workspace, round: str) -> tuple[Comparison, ...]:
    """All that the round was recorded as, the newest last: before it is begun, its prompts may
    change."""
    return tuple(_comparison(body) for _, body in workspace.facts_of(KIND, round))


def _comparison(body: Mapping[str, Any]) -> Comparison:
    def texts(name: str) -> tuple[str, ...]:
        return tuple(str(one) for one in body.get(name, ()))

    step: Step = "review" if body.get("step") == "review" else "blind_ab"
    return Comparison(
        step=step,
        models=texts("models"),
        keys=texts("keys"),
        dataset=str(body.get("dataset", "")),
        samples=texts("samples"),
        sources=texts("sources"),
        notes=texts("notes"),
    )


def keep(
    workspace: Workspace,
    judge: str,
    round: str,
    what: Comparison,
    samples: Mapping[str, Sample],
    given: Sequence[Given] = (),
) -> None:
    """Write what is not in facts yet, into a file of this judge's own."""
    missing = [*_missing(workspace, round, what, samples, given)]
    if not missing:
        return
    with workspace.facts(f"judged-{name_id(judge)}") as facts:
        for kind, key, sample, body in missing:
            facts.append(kind, key, sample, body)


_Fact = tuple[str, str, "str | None", Mapping[str, Any]]


def _missing(
    workspace: Workspace,
    round: str,
    what: Comparison,
    samples: Mapping[str, Sample],
    given: Sequence[Given],
) -> Iterable[_Fact]:
    known = workspace.have("sample", what.dataset)
    for id in what.samples:
        if id not in known and id in samples:
            yield "sample", what.dataset, id, encode(samples[id])
    for one in given:
        key = one.producer.key
        if not workspace.have("producer", key):
            yield "producer", key, None, encode(one.producer)
        answered = workspace.have("completion", key)
        for id in what.samples:
            if id in one.answers and id not in answered:
                yield "completion", key, id, encode(one.answers[id])
    if comparison_of(workspace, round) != what:
        yield KIND, round, None, plain(asdict(what))
