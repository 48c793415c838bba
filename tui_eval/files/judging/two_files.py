"""A comparison of two files of answers: no eval.toml, no models, nothing that takes long."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tui_eval.config import Config, ModelConfig
from tui_eval.core import blinding
from tui_eval.core.blinding import Allotment
from tui_eval.core.defaults import BLIND_AB
from tui_eval.core.records import Completion, Message, Sample
from tui_eval.core.text import content_id, digest, fold
from tui_eval.files import producers
from tui_eval.files.answer_files import made_elsewhere, pair, read_answers
from tui_eval.files.answer_rows import Given
from tui_eval.files.judging import apart, recording
from tui_eval.files.judging.material import AbRound
from tui_eval.files.judging.rounds import Model, compared, was_begun
from tui_eval.store.workspace import Workspace

MODELS = ("tuned", "base")
"""What the two files' models are called: the candidate first."""


def files_config(folder: Path, base_path: Path, tuned_path: Path) -> Config:
    """An eval.toml that would say the same."""
    paths = {"base": base_path.absolute(), "tuned": tuned_path.absolute()}
    models = {name: ModelConfig(name, answers=str(path)) for name, path in paths.items()}
    return Config(folder=folder, models=models)


def round_of(folder: Path, base_path: Path, tuned_path: Path) -> str:
    """The round that compares two files, by their bytes."""
    config = files_config(folder, base_path, tuned_path)
    keys = [producers.generating(config, "tuned", name).key for name in MODELS]
    return blinding.comparison(keys[0], keys[1])


def files_round(
    workspace: Workspace, base_path: Path, tuned_path: Path, *, pairs: int | None = None
) -> AbRound:
    config = files_config(workspace.folder, base_path, tuned_path)
    files = [read_answers(path) for path in (tuned_path, base_path)]
    paired = pair(files[0], files[1])
    generators = [producers.generating(config, "tuned", name) for name in MODELS]
    round = blinding.comparison(generators[0].key, generators[1].key)
    workspace.catch_up()
    found = {(sample := _sample(rows, tuned_path.name)).id: (sample, rows) for rows in paired.pairs}
    samples = {id: sample for id, (sample, _) in found.items()}
    wanted = int(BLIND_AB["pairs"]) if pairs is None else pairs
    ids = _chosen(workspace, round, [one.key for one in generators], samples, wanted)
    answers: tuple[dict[str, Completion], dict[str, Completion]] = ({}, {})
    for id in ids:
        if id in found:
            for row, generator, made in zip(found[id][1], generators, answers, strict=True):
                made[id] = made_elsewhere(generator.key, id, row.answer, row=row.number)
    models = [
        Model(name, generator.key, made.copy, recording.Given(generator, made), str(path))
        for name, generator, made, path in zip(
            MODELS, generators, answers, (tuned_path, base_path), strict=True
        )
    ]
    names = (tuned_path.stem, base_path.stem)
    dataset = content_id(["answers", list(samples)])
    return compared(
        workspace, config, round, models, dataset, ids, samples, names=names, notes=paired.notes
    )


def _chosen(
    workspace: Workspace,
    round: str,
    keys: Sequence[str],
    samples: dict[str, Sample],
    wanted: int,
) -> tuple[str, ...]:
    """Those the round was begun with; of a new one, a seeded choice of what no other comparison
    of one of these files has asked."""
    known = recording.comparison_of(workspace, round)
    if known is not None and was_begun(workspace, round):
        return known.samples
    seed = int(BLIND_AB["seed"])
    ranked = sorted(samples, key=lambda id: sha256(f"{seed}:{id}".encode()).hexdigest())
    first, rest = ranked[: wanted or None], ranked[wanted or len(ranked) :]
    beside = apart.others(workspace, round, keys, ())
    if not beside:
        return tuple(first)
    return apart.chosen(Allotment((), (*first,), (*rest,)), samples, ranked, beside).ids


def _sample(rows: tuple[Given, Given], source: str) -> Sample:
    """The prompt of two rows as a validation row would give it; rows with an id alone have
    none to show."""
    row = next((row for row in rows if row.turns), rows[0])
    reference = next((one.reference for one in rows if one.reference is not None), None)
    turns = row.turns
    if reference is not None:
        turns = (*turns, Message("assistant", reference))
    said = [[turn.role, turn.content] for turn in row.turns]
    prompt = digest(fold("\n".join(turn.content for turn in row.turns)))
    return Sample(
        id=content_id(["answers", rows[0].id or rows[0].number, said]),
        folded=digest(f"{prompt}\0{fold(reference or '')}"),
        folded_prompt=prompt,
        messages=turns,
        category=next((one.category for one in rows if one.category), None),
        source=source,
        row=row.number,
    )
