"""What the looker reads: the Readings, and the names and files they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from tui_eval.core.text import clean
from tui_eval.errors import TuiEvalError
from tui_eval.files import following, producers, signing
from tui_eval.files.evidence import FileCache, WorkspaceEvidence, readings
from tui_eval.files.watched import Stamps, stamps
from tui_eval.ui.scene import About, Beside
from tui_eval.ui.spelling import spelled

if TYPE_CHECKING:
    from tui_eval.config import Config
    from tui_eval.core.history import Earlier
    from tui_eval.core.reading import Reading
    from tui_eval.core.records import Dataset, Split
    from tui_eval.core.sign_off_records import Decided, SignOff
    from tui_eval.core.steps.compared import Comparison
    from tui_eval.core.steps.task_metrics_items import ItemDetail, Listed
    from tui_eval.files.checkpoint import Checkpoint
    from tui_eval.files.history import Ground
    from tui_eval.files.signing import Signed
    from tui_eval.store.workspace import Workspace
    from tui_eval.ui.screens.answers import AnswersDetail
    from tui_eval.ui.screens.copied_text import Repeated
    from tui_eval.ui.start import Start
    from tui_eval.ui.survey import Jobs
    from tui_eval.ui.widgets.token_data import SampleDetail


class Source:
    """Answers the looker from the workspace and a person's files, which are read once."""

    def __init__(self, start: Start, workspace: Workspace, config: Config) -> None:
        self._start, self._workspace, self._config = start, workspace, config
        self._cache = FileCache()
        self._said: dict[str, dict[str, Reading]] = {}
        self._ground: dict[str, Ground] = {}
        self._other: following.Other | None = None

    def reading(self, step: str, candidate: str) -> Mapping[str, Reading]:
        found = readings(self._workspace, self._config, candidate, cache=self._cache, steps=(step,))
        self._said.setdefault(candidate, {}).update(found)
        return found

    def remember(self, candidate: str) -> None:
        """Keep what was read of the candidate, as it was read."""
        from tui_eval.files import history

        said, on = self._said.get(candidate, {}), self._ground.get(candidate)
        if on is not None:
            history.remember(self._workspace, self._config, candidate, said, self._cache, on)

    def earlier(self, candidate: str) -> tuple[Earlier, ...]:
        from tui_eval.files import history

        said = self._said.get(candidate, {})
        return history.changes(self._workspace, self._config, candidate, said, self._cache)

    def earlier_words(self, candidate: str) -> str:
        """The checklist's line; empty where nothing earlier is kept."""
        from tui_eval.core.moments import day
        from tui_eval.files import history

        # Asked for when the steps were read: what they are kept with, whenever that is.
        on = history.ground(self._workspace, self._config, candidate, self._cache)
        self._ground[candidate] = on
        found = history.earlier(self._workspace, candidate, on)
        if not found:
            return ""
        count = "1 evaluation" if len(found) == 1 else f"{len(found)} evaluations"
        return f"{count} before this, the last {day(found[0].at)}: e compares"

    def about(self, candidate: str) -> About:
        return about(self._config, candidate, self._cache, self._start)

    def decided(self, candidate: str, readings: Mapping[str, Reading]) -> Decided:
        return signing.decided_of(self._workspace, self._config, candidate, readings, self._cache)

    def standing(self, candidate: str) -> Mapping[str, str]:
        return signing.standing_of(self._workspace, self._config, candidate, self._cache)

    def sign(self, asked: Signed) -> SignOff:
        return signing.signed_now(self._workspace, self._config, asked, self._cache)

    def stamps(self, candidate: str) -> Stamps:
        return stamps(self._config, candidate)

    def follow(self, candidate: str) -> str:
        """The name of the file that is read on in from now on. Raises InputError."""
        followed = self._cache.follow(self._config, candidate)
        return clean(followed.path.name, limit=60)

    def unfollow(self) -> None:
        self._cache.unfollow()

    def read_on(self) -> bool:
        return self._cache.read_on()

    @property
    def followed(self) -> str:
        """What is to be said of the followed log, cleaned; mostly nothing."""
        return self._cache.followed

    def beside(self, candidate: str, after: str) -> tuple[Beside | None, tuple[str, ...]]:
        """The next other log after the one with the key ``after``, None behind the last,
        and what is to be said of those on the way that can't be drawn."""
        found = following.others(self._config, candidate, self._cache)
        keys = [other.key for other in found]
        troubles = []
        self._other = None
        for other in found[keys.index(after) + 1 if after in keys else 0 :]:
            try:
                drawn = self._drawn(other)
            except TuiEvalError as error:
                troubles.append(f"{other.name} can't be drawn: {clean(error.message)}")
                continue
            if drawn is not None:
                self._other = other
                return drawn, tuple(troubles)
            troubles.append(f"{other.name} holds nothing to draw.")
        return None, tuple(troubles)

    def beside_now(self) -> Beside | None:
        """What ``beside`` gave last, as its log is now; None where it can't be drawn at
        present: what is drawn stays."""
        try:
            return self._drawn(self._other) if self._other is not None else None
        except TuiEvalError:
            return None

    def _drawn(self, other: following.Other) -> Beside | None:
        from tui_eval.core.steps.curve_overlay import lines_of

        log = self._cache.log_at(other.source, other.step)
        lines = lines_of(log, str(self._config.setting("curves.eval"))) if log else {}
        return Beside(other.key, other.name, lines) if lines else None

    def answers(self, candidate: str, ref: str) -> AnswersDetail | None:
        """One prompt with what base and candidate answered."""
        from tui_eval.ui.screens.answers import detail_of

        evidence = WorkspaceEvidence(self._workspace, self._config, self._cache)
        return detail_of(evidence, candidate, ref)

    def comparisons(self) -> tuple[Comparison, ...]:
        """Who was compared with whom, each with its Reading."""
        from tui_eval.files.comparisons import comparisons

        return comparisons(self._workspace, self._config, self._cache)

    def unanswered(self, candidate: str, against: str) -> tuple[str, ...]:
        """Which of both have not begun to answer the candidate's prompts."""
        evidence = WorkspaceEvidence(self._workspace, self._config, self._cache)
        pair = (candidate, against)
        return tuple(name for name in pair if evidence.generator(candidate, name) is None)

    def pair_answers(self, comparison: Comparison, ref: str) -> AnswersDetail | None:
        """One prompt of a comparison with what both models answered."""
        from tui_eval.files.comparisons import evidence_of
        from tui_eval.ui.screens.answers import detail_of

        evidence = evidence_of(self._workspace, self._config, self._cache, comparison)
        return detail_of(evidence, comparison.candidate, ref, comparison.against)

    def along(self, candidate: str) -> Reading:
        """What the checkpoints of the candidate's run make of the validation set."""
        from tui_eval.files import checkpoints

        return checkpoints.along(self._workspace, self._config, candidate, self._cache)

    def along_jobs(self, candidate: str) -> Jobs:
        from tui_eval.files import checkpoints

        return checkpoints.requests(self._config, candidate)

    def beside_training(self, candidate: str, kind: str) -> Sequence[Repeated]:
        """Answers beside what they copy, or validation prompts beside their nearest."""
        from tui_eval.ui.screens import copied_text

        evidence = WorkspaceEvidence(self._workspace, self._config, self._cache)
        find = copied_text.copied if kind == "copy" else copied_text.nearest
        return find(evidence, candidate)

    def task_items(self, candidate: str, ref: str) -> Listed | None:
        """The items of a task that ``ref`` (``Chosen.ref``) names, by difference."""
        from tui_eval.core.steps import task_metrics_items as items
        from tui_eval.core.steps.task_metrics_chosen import Chosen

        evidence = WorkspaceEvidence(self._workspace, self._config, self._cache)
        return items.listed(evidence, candidate, Chosen.of(ref))

    def task_item(self, candidate: str, task: str, sample: str) -> ItemDetail | None:
        """One item of a task with what both models answered to it."""
        from tui_eval.core.steps import task_metrics_items as items

        evidence = WorkspaceEvidence(self._workspace, self._config, self._cache)
        return items.detail(evidence, candidate, task, sample)

    def sample(self, candidate: str, ref: str) -> SampleDetail | None:
        """One sample with what is recorded of it under base and candidate; ``ref`` is its id
        or that of the candidate's answer to it."""
        from tui_eval.core.steps.task_metrics_blind import closed_prompts
        from tui_eval.ui.widgets.token_data import Answered, SampleDetail

        evidence = WorkspaceEvidence(self._workspace, self._config, self._cache)
        try:
            made = evidence.answers(candidate, candidate)
        except TuiEvalError:
            # Said by the steps that need them; the row can be read without.
            made = {}
        answer = next((one for one in made.values() if ref in (one.id, one.sample)), None)
        answer_first = answer is not None and answer.id == ref
        ref = answer.sample if answer is not None else ref
        splits: tuple[Split, ...] = ("validation", "off_task")
        datasets = filter(None, (evidence.dataset(candidate, split) for split in splits))
        found = next((s for data in datasets for s in data.samples if s.id == ref), None)
        if found is None:
            return None
        if answer is not None and closed_prompts(evidence, candidate)(found):
            answer = None
        base = evidence.base(candidate)
        return SampleDetail(
            found,
            evidence.rendering(candidate, ref),
            evidence.loss(candidate, base, ref) if base is not None else None,
            evidence.loss(candidate, candidate, ref),
            evidence.tokens(candidate, base, ref) if base is not None else None,
            evidence.tokens(candidate, candidate, ref),
            Answered(
                answer.id,
                answer.text,
                evidence.tokens(candidate, base, answer.id) if base is not None else None,
                evidence.tokens(candidate, candidate, answer.id),
            )
            if answer is not None and not answer.error
            else None,
            answer_first,
            alone=base is None,
        )


def about(config: Config, candidate: str, cache: FileCache, start: Start) -> About:
    """Reads what the readings have read already, through the same cache."""
    read, troubles = _read(config, candidate, cache)
    try:
        data = _data(config, candidate, cache, read)
    except TuiEvalError as error:
        data, troubles = (clean(error.message),), ()
    validation = read.get("validation")
    return About(
        name=clean(start.folder.name),
        base=_short(config, "base"),
        tuned=_tuned(config, candidate),
        data=(*data, *troubles),
        prompt=_prompt(config, candidate),
        skipped=tuple(row for dataset in read.values() for row in dataset.skipped),
        skipped_rows=sum(dataset.left_out for dataset in read.values()),
        first=next((sample.id for sample in validation.samples), "") if validation else "",
    )


def _read(
    config: Config, candidate: str, cache: FileCache
) -> tuple[Mapping[Split, Dataset], tuple[str, ...]]:
    """The files that are named, and what is to be said of those beside the validation file
    that can't be read."""
    read: dict[Split, Dataset] = {}
    troubles = []
    splits: tuple[Split, ...] = ("validation", "train", "off_task")
    for split in splits:
        try:
            if (dataset := cache.dataset(config, candidate, split)) is not None:
                read[split] = dataset
        except TuiEvalError as error:
            # Of the validation file it is said in place of its rows.
            if split != "validation":
                troubles.append(clean(error.message.split("\n")[0]))
    return read, tuple(troubles)


_NAMES: Mapping[Split, str] = {"train": "training row", "off_task": "off-task row"}


def _data(
    config: Config, candidate: str, cache: FileCache, read: Mapping[Split, Dataset]
) -> tuple[str, ...]:
    dataset = cache.dataset(config, candidate, "validation")
    if dataset is None:
        phrases = ["no validation rows: H splits a file, or name one as [data] validation"]
    else:
        phrases = [_count(len(dataset.samples), "validation row")]
        phrases += _known(cache.leaked(config, candidate))
        if dataset.duplicates:
            phrases.append(_count(dataset.duplicates, "duplicate") + " counted once")
    for split, one in read.items():
        if one.left_out:
            phrases.append(f"{_count(one.left_out, _NAMES.get(split, 'row'))} skipped")
    if any(one.left_out for one in read.values()):
        phrases[-1] += spelled(" (↵ lists)")
    return tuple(phrases)


def _known(leaked: Mapping[str, bool] | None) -> list[str]:
    if leaked is None:
        return ["no training file named"]
    if leaked:
        return [f"{len(leaked):,} of them are in the training file"]
    return ["none of them in the training file"]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _prompt(config: Config, candidate: str) -> tuple[str, ...]:
    try:
        _, template = producers.template_text(config, candidate)
    except TuiEvalError as error:
        return (clean(error.message),)
    system = producers.system_prompt(config, candidate)
    return clean(template), f"system prompt: {_quoted(system)}", *_shown(config, candidate)


def _shown(config: Config, candidate: str) -> tuple[str, ...]:
    """How many examples stand before each prompt; none are not told."""
    from tui_eval.files import examples

    try:
        count = len(examples.of_model(config, candidate).each)
    except TuiEvalError as error:
        return (clean(error.message),)
    return (f"{_count(count, 'example')} before each",) if count else ()


def _quoted(text: str | None) -> str:
    return f"“{clean(text, limit=40)}”" if text else "none"


def _short(config: Config, model: str) -> str:
    entry = config.models.get(model)
    name = (entry.path or entry.served_model or "") if entry is not None else ""
    return clean(PurePath(name).name or name)


def _tuned(config: Config, candidate: str) -> str:
    """``lora r16 checkpoint-1500``: what it is, then which."""
    checkpoint = _looked(config, candidate)
    name = _short(config, candidate) or candidate
    if checkpoint is not None and checkpoint.kind == "adapter" and checkpoint.rank:
        return clean(f"lora r{checkpoint.rank} {name}")
    return clean(name)


def _looked(config: Config, candidate: str) -> Checkpoint | None:
    try:
        return producers.checkpoint_of(config, candidate)
    except TuiEvalError:
        # Said by the steps that need it; a name is no place for an error.
        return None
