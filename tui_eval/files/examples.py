"""Rows that stand before a prompt as earlier turns: of a task, or of a model (few-shot).

A model's examples are part of its prompt: they are there when it is scored and when it
answers, and their content, not their file's name, is in the prompt's key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from tui_eval.config import Config, DataConfig
from tui_eval.core.records import Dataset, Message
from tui_eval.core.text import clean, content_id
from tui_eval.errors import InputError, TuiEvalError
from tui_eval.files.datasets import shapes
from tui_eval.files.datasets.reader import Tally, check, usable_rows
from tui_eval.files.raw import stamp_of

Turns = tuple[Message, ...]
_TOLD = 3


@dataclass(frozen=True, slots=True)
class Examples:
    """``each``: the turns of every example, in the order of the file."""

    each: tuple[Turns, ...] = ()
    prompts: frozenset[str] = frozenset()
    """Folded: a row with one of these would be shown its own answer."""

    @property
    def turns(self) -> Turns:
        return tuple(turn for one in self.each for turn in one)


NONE = Examples()


def chosen(some: Iterable[tuple[Turns, str]], shots: int | None) -> Examples:
    """Of turns and folded prompts, as many as asked for; without ``shots`` all."""
    each: list[Turns] = []
    prompts: list[str] = []
    for turns, prompt in some:
        each.append(turns)
        prompts.append(prompt)
        if len(each) == shots:
            break
    return Examples(tuple(each), frozenset(prompts))


def require(
    found: Examples, shots: int | None, place: str, name: str, faults: Sequence[str], remedy: str
) -> None:
    """Raises InputError where there are fewer than are asked for."""
    if found.each and (shots is None or len(found.each) >= shots):
        return
    told = f": {'; '.join(faults)}" if faults else ""
    wanted = f"{shots} are asked for" if shots else "at least one is needed"
    raise InputError(
        f"{place}: {clean(name)} has {len(found.each)} usable examples, {wanted}{told}.", remedy
    )


def of_model(config: Config, model: str) -> Examples:
    """What stands before every prompt of the model. Raises InputError and ConfigError where its
    file has no usable rows, or too few."""
    entry = config.models.get(model)
    if entry is None or not entry.few_shot:
        return NONE
    path = config.resolve(entry.few_shot)
    return _read(path, stamp_of(path), config.data, entry.shots, f"[models.{model}] few_shot")


@lru_cache(maxsize=64)
def _read(
    path: Path, stamp: tuple[object, ...], fields: DataConfig, shots: int | None, place: str
) -> Examples:
    # Read as the training file is: a validation row's category or time is of no use here.
    tally = Tally()
    found = chosen(_shown(path, fields, tally), shots)
    check(path, "train", fields, tally)
    faults = [f"row {one.row}: {one.reason}" for one in tally.skipped[:_TOLD]]
    require(found, shots, place, path.name, faults, "Its rows are read as [data] says.")
    return found


def _shown(path: Path, fields: DataConfig, tally: Tally) -> Iterator[tuple[Turns, str]]:
    for usable in usable_rows(path, "train", fields, tally):
        turns = _conversation(usable.content.messages)
        if usable.content.text is None and turns:
            yield turns, shapes.folded_hashes(usable.content)[1]
        else:
            source = usable.row.source or path.name
            tally.skip(source, usable.row.number, "has no question and answer to show")


def _conversation(messages: Sequence[Message]) -> Turns:
    """Without system turns, up to the last answer; nothing where none was asked for."""
    turns = [turn for turn in messages if turn.role not in ("system", "developer")]
    last = max((at for at, turn in enumerate(turns) if turn.role == "assistant"), default=0)
    return tuple(turns[: last + 1]) if last else ()


def kept_from(config: Config) -> dict[str, str]:
    """By folded prompt, the model that is shown that row as an example."""
    found: dict[str, str] = {}
    for model in config.models:
        try:
            shown = of_model(config, model)
        except TuiEvalError:
            # Its own steps say so; the other candidates' go on.
            continue
        found |= dict.fromkeys(shown.prompts, model)
    return found


def without_examples(dataset: Dataset, config: Config) -> Dataset:
    """The validation rows that no model is shown with their answer. They are left out for all
    models: what is compared is compared on the same rows."""
    shown = kept_from(config) if dataset.split == "validation" else {}
    left = [one for one in dataset.samples if one.folded_prompt in shown]
    if not left:
        return dataset
    rest = tuple(one for one in dataset.samples if one.folded_prompt not in shown)
    models = clean(", ".join(sorted({shown[one.folded_prompt] for one in left})), limit=80)
    if not rest:
        raise InputError(
            f"Every validation row is among the examples of {models}.",
            "Take the examples from the training file: [models.NAME] few_shot = ...",
        )
    count = f"{len(left)} row{'s' if len(left) > 1 else ''}"
    note = f"{count} left out, the same for every model: among the examples of {models}."
    return replace(
        dataset,
        key=content_id([dataset.key, sorted(one.id for one in left)]),
        samples=rest,
        notes=(*dataset.notes, note),
        shown=len(left),
    )


def stamps(config: Config) -> tuple[object, ...]:
    """Changes whenever a model's file of examples was written, or another one is named."""
    named = [one for one in config.models.values() if one.few_shot]
    paths = [config.resolve(one.few_shot or "") for one in named]
    return tuple(
        (one.name, path, stamp_of(path), one.shots) for one, path in zip(named, paths, strict=True)
    )
