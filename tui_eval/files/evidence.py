"""Answers the questions of ``core.evidence`` from a person's files and the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from tui_eval.checklist import CHECKLIST
from tui_eval.config import Config
from tui_eval.core.evidence import Untrained
from tui_eval.core.judgements import Judgement
from tui_eval.core.open_comparison import OpenComparison
from tui_eval.core.reading import Reading
from tui_eval.core.records import (
    Completion,
    CopyMatch,
    Dataset,
    NearestPrompt,
    Objective,
    Preflight,
    Producer,
    Recipe,
    Reconcile,
    Rendering,
    Sample,
    Split,
    TokenLoss,
    TokenTable,
    TrainingLog,
)
from tui_eval.errors import InputError, TuiEvalError
from tui_eval.files import datasets, examples, following, logs, producers
from tui_eval.files.compared_blind import compared_blind
from tui_eval.files.datasets.leaks import leaked
from tui_eval.files.following import Followed
from tui_eval.files.judging.recording import comparison_of
from tui_eval.files.raw import stamp_of
from tui_eval.files.task_evidence import CallsFor, TaskPart
from tui_eval.store.workspace import Workspace

Read = TypeVar("Read")
DTYPES = ("float32", "bfloat16", "float16")
OFF_TASK = Path(__file__).with_name("off_task.jsonl")
"""General texts of many kinds, to see what a fine-tune forgot."""
JUDGED = (
    "plan", "more", "score", "vote", "strong", "note", "flag", "skip", "view", "undo", "guess",
    "finish", "reopen", "close", "unblind",
)  # fmt: skip


class WorkspaceEvidence(TaskPart):
    """Evidence of one workspace as it is at one moment.

    Make a new one when ``Workspace.version`` or a file changed; what is expensive to read
    is kept in ``FileCache`` between them.
    """

    def __init__(self, workspace: Workspace, config: Config, cache: FileCache) -> None:
        self._workspace = workspace
        self._config = config
        self._cache = cache
        self._producers: tuple[Producer, ...] | None = None
        self._judged: Sequence[Judgement] | None = None
        self._open: Sequence[OpenComparison] | None = None
        self._logs: dict[str, TrainingLog | None] = {}
        self._looked_up: dict[tuple[CallsFor, str, str], Producer | None] = {}
        self._callers: dict[str, CallsFor] = {}

    def base(self, candidate: str) -> str | None:
        return producers.base_name(self._config, candidate)

    def scorable(self, model: str) -> bool:
        return producers.scorable(self._config, model)

    def untrained(self, candidate: str) -> Untrained:
        return producers.untrained(self._config, candidate)

    def objective(self, candidate: str) -> Objective | None:
        entry = self._config.models.get(candidate)
        return None if entry is None or entry.objective == "auto" else entry.objective

    def log(self, candidate: str) -> TrainingLog | None:
        # Steps ask several times, and each answer means a look at the run's files.
        if candidate not in self._logs:
            self._logs[candidate] = self._cache.log(self._config, candidate)
        return self._logs[candidate]

    def dataset(self, candidate: str, split: Split) -> Dataset | None:
        return self._cache.dataset(self._config, candidate, split)

    def producer(self, candidate: str, model: str) -> Producer | None:
        return self._current(producers.wanted, candidate, model)

    def generator(self, candidate: str, model: str) -> Producer | None:
        entry = self._config.models.get(model)
        if entry is not None and entry.given:
            return producers.generating(self._config, candidate, model)
        return self._current(producers.generating, candidate, model)

    def _current(self, calls_for: CallsFor, candidate: str, model: str) -> Producer | None:
        """The newest recorded producer that is the one called for today. Steps ask a dozen
        times, and each answer means a look at the checkpoint's files: once per moment."""
        asked = (calls_for, candidate, model)
        if asked not in self._looked_up:
            self._looked_up[asked] = self._look_up(calls_for, candidate, model)
        return self._looked_up[asked]

    def _look_up(self, calls_for: CallsFor, candidate: str, model: str) -> Producer | None:
        dtype: str = self._config.scoring.dtype
        if dtype == "auto" and model != candidate:
            # A pair is compared at one precision: the base follows the candidate.
            partner = self._current(calls_for, candidate, candidate)
            # Answers from a file were made at none that is known.
            dtype = partner.dtype or dtype if partner is not None else dtype
        want = calls_for(self._config, candidate, model)
        for recorded in self._recorded():
            if producers.matches(recorded, want, dtype):
                return recorded
        return None

    def answers(self, candidate: str, model: str) -> Mapping[str, Completion]:
        entry = self._config.models.get(model)
        if entry is not None and entry.references:
            return self._cache.references(self._config, candidate, model)
        if entry is not None and entry.answers:
            return self._cache.file_answers(self._config, candidate, model)
        generator = self.generator(candidate, model)
        if generator is None:
            return {}
        made = self._cache.completions(self._workspace, generator.key)
        return {one.sample: one for one in made.values() if not one.index}

    def answered(self, candidate: str, model: str) -> Mapping[str, Sample]:
        dataset = self.dataset(candidate, "validation")
        if dataset is None:
            return {}
        answers = self.answers(candidate, model)
        return {one.id: one for one in dataset.samples if one.id in answers}

    def judgements(self) -> Sequence[Judgement]:
        # Three steps ask, and each answer goes through every journal.
        if self._judged is None:
            self._judged = self._workspace.judgements(JUDGED)
        return self._judged

    def asks(self, round: str) -> Sequence[str]:
        what = comparison_of(self._workspace, round)
        return what.samples if what is not None else ()

    def compared_blind(self) -> Sequence[OpenComparison]:
        if self._open is None:
            self._open = compared_blind(self._workspace, self._config, self._cache, self.judgements)
        return self._open

    def losses(self, candidate: str, model: str, split: Split) -> Mapping[str, TokenLoss]:
        producer = self.producer(candidate, model)
        dataset = self.dataset(candidate, split)
        if producer is None or dataset is None:
            return {}
        recorded = self._workspace.losses(producer.key)
        return {
            sample.id: recorded[sample.id] for sample in dataset.samples if sample.id in recorded
        }

    def loss(self, candidate: str, model: str, sample: str) -> TokenLoss | None:
        """One loss with its tokens, for the token view."""
        producer = self.producer(candidate, model)
        return None if producer is None else self._workspace.loss(producer.key, sample)

    def rendering(self, candidate: str, sample: str) -> Rendering | None:
        key = producers.prompt_key(self._config, candidate)
        return self._workspace.rendering(key, sample)

    def tokens(self, candidate: str, model: str, text: str) -> TokenTable | None:
        """What a model expected in a row (its id) or in an answer that was made (its id)."""
        recorded = self.producer(candidate, model)
        keys = [recorded.key] if recorded is not None else []
        # Perhaps nothing was scored here, or on another machine at another precision.
        entry = self._config.models.get(candidate)
        named: str = (entry.dtype if entry is not None else None) or self._config.scoring.dtype
        for dtype in DTYPES if named == "auto" else (named,):
            keys.append(producers.wanted(self._config, candidate, model, dtype=dtype).key)
        tables = (self._workspace.token_table(key, text) for key in keys)
        return next(filter(None, tables), None)

    def preflight(self, candidate: str) -> Preflight | None:
        return self._workspace.preflight(producers.pair_key(self._config, candidate))

    def reconcile(self, candidate: str) -> Mapping[str, Reconcile]:
        producer = self.producer(candidate, candidate)
        return {} if producer is None else self._workspace.reconciles(producer.key)

    def leaked(self, candidate: str) -> Mapping[str, bool] | None:
        return self._cache.leaked(self._config, candidate)

    def copies(self, candidate: str) -> Mapping[str, CopyMatch] | None:
        key = self._cache.measured_key(self._config, candidate)
        return None if key is None else self._workspace.copies(key)

    def nearest(self, candidate: str) -> Mapping[str, NearestPrompt] | None:
        key = self._cache.measured_key(self._config, candidate)
        return None if key is None else self._workspace.nearest(key)

    def recipe(self, candidate: str) -> Recipe | None:
        found = producers.checkpoint_of(self._config, candidate)
        if found is None:
            return None
        return Recipe(found.kind == "adapter", found.rank, found.alpha, found.dropout)

    def setting(self, name: str) -> float | int | str | bool:
        value: float | int | str | bool = self._config.setting(name)
        return value

    def _recorded(self) -> tuple[Producer, ...]:
        if self._producers is None:
            self._producers = tuple(self._workspace.producers())
        return self._producers


class FileCache:
    """What was read from a person's files, kept while the files stay as they are."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], object] = {}
        self._followed: tuple[str, Followed] | None = None

    def log(self, config: Config, candidate: str) -> TrainingLog | None:
        if self._followed is not None and self._followed[0] == candidate:
            return self._followed[1].log
        source = log_path(config, candidate)
        return None if source is None else self.log_at(source, judged_step(config, candidate))

    def log_at(self, source: Path, step: int | None = None) -> TrainingLog | None:
        """The log in a file or folder, read again when it grew."""
        key = ("log", source, step, logs.stamps_of(source))
        kept = self._newest(key, 3, lambda: logs.read_log(source, judged_step=step))
        return kept if isinstance(kept, TrainingLog) else None

    def follow(self, config: Config, candidate: str) -> Followed:
        """From now on the candidate's log is what was read on in it. Raises InputError."""
        source, step = log_path(config, candidate), judged_step(config, candidate)
        if source is None:
            raise InputError("There is no training log to follow.", "Name one in eval.toml.")
        entry = config.models[candidate]
        try:
            judged = self.log_at(source, step)
        except InputError:
            # Perhaps it was only begun: what can be followed is.
            judged = None
        followed = following.of(source, step, judged, named=bool(entry.log))
        self._followed = candidate, followed
        return followed

    def kept(self, kind: type[Read], key: tuple[object, ...], make: Callable[[], Read]) -> Read:
        """What was made under a key that names all it is made from; what stands under another
        key that begins alike is let go. ``key`` begins with two parts that name it."""
        kept = self._newest(key, 2, make)
        return kept if isinstance(kept, kind) else make()

    def unfollow(self) -> None:
        self._followed = None

    def read_on(self) -> bool:
        """Whether the followed log has grown."""
        return self._followed is not None and self._followed[1].read_on()

    @property
    def followed(self) -> str:
        """What is to be said of the followed log: that it is gone, of another run, ...;
        mostly nothing."""
        return self._followed[1].said if self._followed is not None else ""

    def dataset(self, config: Config, candidate: str, split: Split) -> Dataset | None:
        source = data_path(config, candidate, split)
        if source is None:
            return None
        limit, seed = row_limit(config, split), config.scoring.seed
        shown = examples.stamps(config)
        key = ("data", source, split, stamp_of(source), config.data, limit, seed, shown)
        kept = self._newest(key, 3, lambda: rows_of(config, source, split))
        return kept if isinstance(kept, Dataset) else None

    def completions(self, workspace: Workspace, key: str) -> Mapping[str, Completion]:
        """What a producer answered; read again only when it answered more."""
        now = ("completions", key, workspace.extent("completion", key))
        return self.kept(dict, now, lambda: workspace.completions(key))

    def file_answers(self, config: Config, candidate: str, model: str) -> Mapping[str, Completion]:
        """Answers made elsewhere, matched to the validation rows."""
        from tui_eval.files.answer_files import answers_of

        dataset = self.dataset(config, candidate, "validation")
        source = config.resolve(config.models[model].answers or "")
        if dataset is None:
            return {}
        key = ("answers", model, dataset.key, source, stamp_of(source))
        kept = self._newest(key, 2, lambda: answers_of(config, model, dataset))
        return kept if isinstance(kept, dict) else {}

    def references(self, config: Config, candidate: str, model: str) -> Mapping[str, Completion]:
        """The expected answers of the validation rows, as a model's."""
        from tui_eval.files.answer_files import expected

        dataset = self.dataset(config, candidate, "validation")
        if dataset is None:
            return {}
        producer = producers.generating(config, candidate, model)
        key = ("references", model, producer.key, dataset.key)
        return self.kept(dict, key, lambda: expected(producer.key, dataset.samples))

    def leaked(self, config: Config, candidate: str) -> Mapping[str, bool] | None:
        validation = self.dataset(config, candidate, "validation")
        train = data_path(config, candidate, "train")
        if validation is None or train is None:
            return None
        key = ("leaks", train, validation.key, stamp_of(train), config.data)
        kept = self._newest(key, 2, lambda: leaked(validation, train, config.data))
        return kept if isinstance(kept, dict) else None

    def measured_key(self, config: Config, candidate: str) -> str | None:
        """Under which ``measure`` recorded what it found in the training file as it is."""
        from tui_eval.files import measuring

        train = data_path(config, candidate, "train")
        return None if train is None else measuring.measured_key(config, self.content(train))

    def content(self, path: Path) -> str:
        """Names what is in a file or folder, all of it. Raises InputError."""
        from tui_eval.files import measuring

        key = ("content", path, stamp_of(path))
        return self.kept(str, key, lambda: measuring.content_of(path))

    def _newest(self, key: tuple[object, ...], same: int, make: Callable[[], object]) -> object:
        """What is kept under ``key``, or made for it; then what was kept under other keys
        that begin with the ``same`` parts is out of date, and goes."""
        if key not in self._kept:
            for old in [one for one in self._kept if one[:same] == key[:same]]:
                del self._kept[old]
            self._kept[key] = make()
        return self._kept[key]


def rows_of(config: Config, source: Path, split: Split) -> Dataset:
    """The rows of a split, as many as ``row_limit`` allows, without those that a model is shown
    as examples."""
    limit, seed = row_limit(config, split), config.scoring.seed
    dataset = datasets.read(source, split=split, fields=config.data, limit=limit, seed=seed)
    return examples.without_examples(dataset, config)


def row_limit(config: Config, split: Split) -> int:
    """Rows that are read of a split at most; 0: all. Of the training rows only as many are
    scored as the overfitting step compares with the validation rows."""
    return int(config.overfitting["rows"]) if split == "train" else config.scoring.limit


def data_path(config: Config, candidate: str, split: Split) -> Path | None:
    """The file of a split; a candidate may have a training file of its own, and where no
    off-task text is named there are ours."""
    named: str | None = getattr(config.data, split)
    entry = config.models.get(candidate)
    if split == "train" and entry is not None and entry.train:
        named = entry.train
    if split == "off_task" and not named:
        return OFF_TASK
    return config.resolve(named) if named else None


def log_path(config: Config, candidate: str) -> Path | None:
    entry = config.models.get(candidate)
    if entry is None or producers.untrained(config, candidate):
        # Beside base's weights lies somebody else's log.
        return None
    if entry.log:
        return config.resolve(entry.log)
    checkpoint = producers.checkpoint_of(config, candidate)
    return logs.find_log(checkpoint.path) if checkpoint is not None else None


def judged_step(config: Config, candidate: str) -> int | None:
    checkpoint = producers.checkpoint_of(config, candidate)
    return checkpoint.global_step if checkpoint is not None else None


def readings(
    workspace: Workspace,
    config: Config,
    candidate: str,
    *,
    cache: FileCache | None = None,
    steps: tuple[str, ...] = (),
) -> dict[str, Reading]:
    """A Reading for every step (or the named ones), in the checklist's order.

    A step whose files can't be read gives a Reading that says so, and the others go on.
    """
    evidence = WorkspaceEvidence(workspace, config, cache or FileCache())
    found: dict[str, Reading] = {}
    for entry in CHECKLIST:
        if steps and entry.key not in steps:
            continue
        module, _, function = entry.read.partition(":")
        try:
            found[entry.key] = getattr(import_module(module), function)(evidence, candidate)
        except TuiEvalError as error:
            found[entry.key] = unreadable(entry.key, candidate, error)
    return found


def unreadable(step: str, candidate: str, error: TuiEvalError) -> Reading:
    """A step that could not look: not enough, with the reason and the remedy."""
    from tui_eval.core.reading import HEADLINE_CELLS, SUMMARY_CELLS, Finding
    from tui_eval.core.text import clean, cut

    message = clean(error.message)
    remedy = clean(error.remedy)
    return Reading(
        step=step,
        candidate=candidate,
        verdict="not_enough",
        headline=cut(message, HEADLINE_CELLS),
        summary=cut(message, SUMMARY_CELLS),
        findings=(Finding("unreadable", "not_enough", f"{message} {remedy}".strip()),),
    )
