"""Rounds of a workspace: which prompts, whose answers, and what to say before judging.

Names of models end here: what a session gets are texts, ids and closures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tui_eval.config import Config, nearest
from tui_eval.core import blinding
from tui_eval.core.anchors import ANCHORS
from tui_eval.core.blinding import Answered, Repeats
from tui_eval.core.judgements import JudgeRound, Step
from tui_eval.core.records import Completion, Sample
from tui_eval.core.steps.compared import judged_elsewhere
from tui_eval.core.steps.judging import allotment as allotment_of
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files import producers
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.judging import apart, lamp, recording, words
from tui_eval.files.judging.base import KINDS
from tui_eval.files.judging.material import AbRound, Batch, ReviewRound
from tui_eval.files.judging.recording import Comparison, Given
from tui_eval.store.workspace import Workspace

Answers = Callable[[], Mapping[str, Completion]]
"""By sample id, what a model has answered by now; also prompts that it has failed on."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model's answers to the candidate's prompts."""

    name: str
    key: str
    answers: Answers
    given: Given | None = None
    source: str = ""

    def without(self, id: str, answers: Mapping[str, Completion]) -> bool:
        """Whether the prompt has no answer and none will come."""
        answer = answers.get(id)
        return bool(answer.error) if answer is not None else self.given is not None


@dataclass(frozen=True, slots=True)
class _Prompts:
    """The prompts of a round, and the dataset that they are from."""

    dataset: str
    ids: tuple[str, ...]
    samples: Mapping[str, Sample]
    shared: int = 0
    again: tuple[str, ...] = ()
    """Those that another comparison has asked, which is unblinded."""


def ab_round(
    workspace: Workspace,
    config: Config,
    candidate: str,
    against: str | None,
    cache: FileCache | None,
) -> AbRound:
    _known(config, candidate)
    other = against or producers.base_name(config, candidate)
    if other is None:
        raise InputError(
            f"There is no model to compare {clean(candidate)} with.",
            "Add [models.base] to eval.toml, or name one: --against NAME",
        )
    _known(config, other)
    if other == candidate:
        raise InputError("A model can't be compared with itself.", "Name another: --against NAME")
    evidence = _evidence(workspace, config, cache)
    models = [_model(workspace, config, evidence, candidate, name) for name in (candidate, other)]
    round = blinding.comparison(models[0].key, models[1].key)
    prompts = _prompts(workspace, config, evidence, candidate, models, round, "blind_ab")
    paths = [config.models[name].path or "" for name in (candidate, other)]
    return compared(
        workspace,
        config,
        round,
        models,
        prompts.dataset,
        prompts.ids,
        prompts.samples,
        names=(candidate, other, *paths),
        before=(
            *words.shared(prompts.shared),
            *words.elsewhere(_elsewhere(workspace, round, models, prompts)),
        ),
    )


def _elsewhere(workspace: Workspace, round: str, models: Sequence[Model], prompts: _Prompts) -> int:
    """How many of these prompts have an answer that was judged in another comparison."""
    judged = judged_elsewhere(workspace.judgements(KINDS).rounds(), round)
    if not judged:
        return len(prompts.again)
    made = [model.answers() for model in models]
    return sum(
        id in prompts.again or any(id in one and one[id].id in judged for one in made)
        for id in prompts.ids
    )


def compared(
    workspace: Workspace,
    config: Config,
    round: str,
    models: Sequence[Model],
    dataset: str,
    ids: tuple[str, ...],
    samples: Mapping[str, Sample],
    *,
    names: Sequence[str],
    before: Sequence[str] = (),
    notes: tuple[str, ...] = (),
) -> AbRound:
    """The comparison of two models' answers to these prompts."""
    settings = config.blind_ab
    one, other = models
    what = Comparison(
        step="blind_ab",
        models=(one.name, other.name),
        keys=(one.key, other.key),
        dataset=dataset,
        samples=ids,
        sources=(one.source, other.source),
        notes=notes,
    )
    looks = words.Looks(names, float(settings["truncated"]))

    def without() -> int:
        ours, theirs = one.answers(), other.answers()
        return sum(one.without(id, ours) or other.without(id, theirs) for id in ids)

    def read() -> Batch:
        ours, theirs = one.answers(), other.answers()
        both = [(ours[id], theirs[id]) for id in ids if id in ours and id in theirs]
        usable = [(a, b) for a, b in both if not a.error and not b.error]
        left_out = without()
        return Batch(
            texts={answer.id: answer for pair in usable for answer in pair},
            samples=samples,
            answered=tuple(_answered(a, b) for a, b in usable),
            left_out=left_out,
            before=looks.at_pairs(usable, left_out),
        )

    def decides(judges: Sequence[JudgeRound]) -> bool:
        answers = one.answers(), other.answers()
        return lamp.decided(judges, *answers, samples, settings, without())

    mode = str(settings["mode"])
    given = [model.given for model in models if model.given is not None]
    return AbRound(
        id=round,
        title="blind A/B",
        seed=int(settings["seed"]),
        planned=len(ids),
        mode=mode,
        repeats=Repeats(
            float(settings["repeats"]),
            int(settings["repeats_least"]),
            int(settings["repeats_apart"]),
        ),
        guesses=int(settings["guesses"]),
        before=(*words.can_show(len(ids) - without(), mode), *before, *notes),
        read=read,
        keep=lambda judge: recording.keep(workspace, judge, round, what, samples, given),
        decides=decides,
        samples=ids,
    )


def _answered(one: Completion, other: Completion) -> Answered:
    return blinding.answered(one.sample, one.id, other.id, one.answer, other.answer)


def review_round(
    workspace: Workspace, config: Config, candidate: str, cache: FileCache | None
) -> ReviewRound:
    _known(config, candidate)
    evidence = _evidence(workspace, config, cache)
    model = _model(workspace, config, evidence, candidate, candidate)
    round = blinding.review_round(model.key)
    prompts = _prompts(workspace, config, evidence, candidate, (model,), round, "review")
    blind = bool(config.review["blind"])
    what = Comparison(
        "review", (candidate,), (model.key,), prompts.dataset, prompts.ids, (model.source,)
    )
    given = [model.given] if model.given is not None else []

    def read() -> Batch:
        answers = model.answers()
        here = [answers[id] for id in prompts.ids if id in answers]
        usable = [answer for answer in here if not answer.error]
        without = sum(model.without(id, answers) for id in prompts.ids)
        return Batch(
            texts={answer.id: answer for answer in usable},
            samples=prompts.samples,
            items=tuple(answer.id for answer in usable),
            left_out=without,
            before=words.at_answers(usable, without),
        )

    return ReviewRound(
        id=round,
        title="manual review" if blind else f"manual review of {clean(candidate)}",
        seed=int(config.review["seed"]),
        planned=len(prompts.ids),
        blind=blind,
        before=words.review_can_show(len(prompts.ids)),
        read=read,
        keep=lambda judge: recording.keep(workspace, judge, round, what, prompts.samples, given),
        anchors=config_anchors(config),
    )


def config_anchors(config: Config) -> Mapping[str, tuple[str, str, str, str, str]]:
    """The levels' meanings, a team's own words over the usual ones."""
    own = {
        name: (levels[0], levels[1], levels[2], levels[3], levels[4])
        for name, levels in config.anchors.items()
        if len(levels) == len(ANCHORS["accuracy"])
    }
    return {**ANCHORS, **own}


def _known(config: Config, name: str) -> None:
    if name not in config.models:
        raise InputError(
            f"There is no model {clean(name)} in eval.toml.", nearest(name, tuple(config.models))
        )


def _evidence(workspace: Workspace, config: Config, cache: FileCache | None) -> WorkspaceEvidence:
    workspace.catch_up()
    return WorkspaceEvidence(workspace, config, cache or FileCache())


def _model(
    workspace: Workspace,
    config: Config,
    evidence: WorkspaceEvidence,
    candidate: str,
    name: str,
) -> Model:
    generator = evidence.generator(candidate, name)
    if generator is None:
        other = name not in (candidate, producers.base_name(config, candidate))
        remedy = f"run --candidate {candidate} --against {name}" if other else "run review"
        raise InputError(
            f"{clean(name)} has not answered the validation prompts yet.",
            f"Let it answer them first: tui-eval {remedy}",
        )
    entry = config.models[name]
    if entry.given:
        answers = dict(evidence.answers(candidate, name))
        given = Given(generator, answers)
        source = entry.answers or config.data.validation or ""
        return Model(name, generator.key, lambda: answers, given, source)
    return Model(name, generator.key, recorded_answers(workspace, generator.key))


def recorded_answers(workspace: Workspace, key: str) -> Answers:
    """The first answer to each prompt, read again only when there are more."""
    kept: dict[str, Completion] = {}
    seen: set[str] = set()

    def read() -> Mapping[str, Completion]:
        now = workspace.have("completion", key)
        if now != seen:
            found = workspace.completions(key).values()
            kept.update({one.sample: one for one in found if not one.index})
            seen.update(now)
        return kept

    return read


def was_begun(workspace: Workspace, round: str) -> bool:
    """Whether somebody has judged in it: from then on its prompts stay the same."""
    found = workspace.judgements(KINDS).round(round)
    return found is not None and bool(found.begun)


def _prompts(
    workspace: Workspace,
    config: Config,
    evidence: WorkspaceEvidence,
    candidate: str,
    models: Sequence[Model],
    round: str,
    step: Step,
) -> _Prompts:
    """Those the round was begun with; of a new round, those that the settings choose."""
    known = recording.comparison_of(workspace, round)
    if known is not None and was_begun(workspace, round):
        samples = workspace.samples(known.dataset)
        return _Prompts(known.dataset, known.samples, samples)
    dataset = evidence.dataset(candidate, "validation")
    if dataset is None:
        raise InputError(
            "There are no validation prompts to judge answers to.",
            "Name a file in eval.toml: [data] validation = ...",
        )
    allotment = allotment_of(evidence, dataset.samples)
    ids = allotment.review if step == "review" else allotment.pairs
    samples = {sample.id: sample for sample in dataset.samples}
    usable = frozenset(samples)
    if not all(config.models[model.name].given for model in models):
        # Nobody waits for answers that will not be generated.
        usable = frozenset(blinding.generation_order(allotment, config.generation.limit))
    again: tuple[str, ...] = ()
    beside = _beside(workspace, round, models) if step == "blind_ab" else ()
    if beside:
        answered = [model.answers().keys() for model in models if model.given is not None]
        made = apart.chosen(allotment, samples, usable.intersection(*answered), beside)
        ids, again = made.ids, made.again
    ids = tuple(id for id in ids if id in usable)
    shared = len(set(ids) & set(allotment.review)) if step == "blind_ab" else 0
    if not ids:
        raise InputError(
            f"{clean(dataset.source)} has no rows with a prompt and an answer.",
            "Judging needs prompts: name another file under [data] validation.",
        )
    return _Prompts(dataset.key, ids, samples, shared, again)


def _beside(workspace: Workspace, round: str, models: Sequence[Model]) -> tuple[apart.Other, ...]:
    keys = [model.key for model in models]
    return apart.others(workspace, round, keys, [model.answers() for model in models])
