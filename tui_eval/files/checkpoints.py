"""All checkpoints of a candidate's run, as models that eval.toml need not name.

A checkpoint beside the judged one is called ``CANDIDATE@STEP`` (``tuned@200``), the model in
the run's own folder ``CANDIDATE@final``. Names of eval.toml hold no ``@``, so neither can be
taken for the other. Everything else is the candidate's: prompt, precision, training file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_eval.config import Config, nearest
from tui_eval.core.reading import Reading
from tui_eval.core.steps import checkpoints as step
from tui_eval.core.steps.checkpoints_run import Saved
from tui_eval.core.text import clean
from tui_eval.errors import InputError, TuiEvalError
from tui_eval.files import producers
from tui_eval.files.checkpoint import Checkpoint, look
from tui_eval.files.fingerprint import adapter_fingerprint, weights_fingerprint

if TYPE_CHECKING:
    from tui_eval.files.evidence import FileCache
    from tui_eval.store.workspace import Workspace

MARK = "@"
FINAL = "final"


@dataclass(frozen=True, slots=True)
class Place:
    """A checkpoint and where it lies."""

    saved: Saved
    path: Path


def along(workspace: Workspace, config: Config, candidate: str, cache: FileCache) -> Reading:
    """What the checkpoints of the candidate's run make of the validation set.

    What is not scored yet is asked of the engine by the requests of ``requests(config,
    candidate)``: each a verb and its args, ``("score", {"candidate": "tuned@200", "split":
    "validation"})``, for ``workspace.request(verb, args)``. ``tui-eval run --checkpoints`` asks
    the same. Raises InputError where the files can't be read.
    """
    from tui_eval.files.evidence import WorkspaceEvidence

    places, notes = found(config, candidate)
    evidence = WorkspaceEvidence(workspace, with_checkpoints(config, candidate), cache)
    return step.along(evidence, candidate, [one.saved for one in places], notes)


def requests(config: Config, candidate: str) -> list[tuple[str, dict[str, Any]]]:
    """The jobs that score every checkpoint of the run, the judged one among them; none where
    there is nothing to compare."""
    places, _ = found(config, candidate)
    if len(places) < 2:
        return []
    models = [one.saved.model for one in places]
    # The judged one first: with it base is scored, for all of them.
    models.sort(key=lambda name: name != candidate)
    return [("score", {"candidate": name, "split": "validation"}) for name in models]


def candidate_of(model: str) -> str:
    """``tuned`` of ``tuned@200``; any other name is its own."""
    return model.partition(MARK)[0]


def understood(config: Config, model: str) -> Config:
    """The settings in which ``model`` is one of the models, also where it is a checkpoint of a
    run. Raises InputError where the run has no such checkpoint."""
    if MARK not in model:
        return config
    candidate = candidate_of(model)
    derived = with_checkpoints(config, candidate) if candidate in config.models else config
    if model not in derived.models:
        known = tuple(name for name in derived.models if name.startswith(f"{candidate}{MARK}"))
        raise InputError(f"There is no checkpoint {clean(model, limit=80)}.", nearest(model, known))
    return derived


def with_checkpoints(config: Config, candidate: str) -> Config:
    """``config`` with every checkpoint of the candidate's run but the judged one as a model."""
    entry = config.models.get(candidate)
    if entry is None:
        return config
    places, _ = found(config, candidate)
    derived = {
        one.saved.model: replace(
            entry, name=one.saved.model, path=str(one.path.absolute()), answers=None
        )
        for one in places
        if not one.saved.judged
    }
    return replace(config, models={**config.models, **derived}) if derived else config


def found(config: Config, candidate: str) -> tuple[tuple[Place, ...], tuple[str, ...]]:
    """The run's checkpoints that hold a model, oldest first, and what is to be said of
    others."""
    judged = producers.checkpoint_of(config, candidate)
    if judged is None or judged.kind not in ("adapter", "full"):
        return (), ()
    notes: list[str] = []
    places = {one.path.resolve(): one for one in _saved(judged, notes)}
    places.setdefault(judged.path.resolve(), judged)
    ordered = sorted(places.values(), key=lambda one: _order(one))
    root = _root(judged)
    return tuple(_places(candidate, judged, ordered, root, notes)), tuple(notes)


def _places(
    candidate: str,
    judged: Checkpoint,
    ordered: list[Checkpoint],
    root: Checkpoint | None,
    notes: list[str],
) -> Iterator[Place]:
    prints: dict[str, str] = {}
    for one in ordered:
        own = one.path.resolve() == judged.path.resolve()
        prints.setdefault(_print(one), one.path.name)
        name = candidate if own else f"{candidate}{MARK}{one.path.name.rpartition('-')[2]}"
        yield Place(Saved(name, one.path.name, one.global_step, one.epochs, own), one.path)
    if root is None or root.path.resolve() in {one.path.resolve() for one in ordered}:
        return
    same = prints.get(_print(root))
    if same is not None:
        notes.append(f"The model in {root.path.name} itself is the one of {same}.")
        return
    named = Saved(f"{candidate}{MARK}{FINAL}", "the run's end", root.global_step, root.epochs)
    yield Place(named, root.path)


def _saved(judged: Checkpoint, notes: list[str]) -> Iterator[Checkpoint]:
    for path in judged.siblings:
        try:
            one = look(path)
        except TuiEvalError as error:
            notes.append(f"{path.name} is left out: {error.message}")
            continue
        if one.kind != judged.kind or not one.weights:
            notes.append(f"{path.name} is left out: it holds no {_kind(judged)}.")
            continue
        yield one


def _kind(judged: Checkpoint) -> str:
    return "adapter" if judged.kind == "adapter" else "model"


def _root(judged: Checkpoint) -> Checkpoint | None:
    """The model in the folder that the checkpoints lie in: a trainer's last word."""
    if not judged.siblings:
        return None
    folder = judged.siblings[0].parent
    try:
        one = look(folder)
    except TuiEvalError:
        return None
    # An output folder without weights of its own stands for its newest checkpoint.
    own = one.path.resolve() == folder.resolve()
    return one if own and one.kind == judged.kind and one.weights else None


def _order(one: Checkpoint) -> tuple[bool, int]:
    return one.global_step is None, one.global_step or 0


def _print(one: Checkpoint) -> str:
    taken = adapter_fingerprint if one.kind == "adapter" else weights_fingerprint
    return taken(one.path) or str(one.path)
