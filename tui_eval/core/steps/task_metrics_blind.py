"""What step 6 and exports keep back: items that ask what an open blind A/B asks.

The journals name the answers that are compared, and facts their prompts and texts: an open
comparison is kept whatever ``eval.toml`` and the validation file have become since. What the
settings would ask today is kept besides, for nobody has to begin before it is blind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from tui_eval.core.evidence import Evidence, TaskEvidence
from tui_eval.core.metrics import metric_of
from tui_eval.core.open_comparison import AskedBlind, OpenComparison
from tui_eval.core.records import Completion, Sample
from tui_eval.core.steps import blind_ab_votes
from tui_eval.core.steps.judging import judge_name
from tui_eval.core.steps.wording import count_text
from tui_eval.core.task_records import Task, TaskItem
from tui_eval.core.text import cells, clean, fold, words
from tui_eval.errors import NothingMatches

TELLING = 20
"""Cells of a text that is hardly the same by chance: ``positive`` answers many prompts."""
WORDY = 12
"""Cells of letters and digits from which on they alone name a text; below it is mostly signs."""
GRAM = 6
"""Characters by which a text is looked up in longer ones; a ``WORDY`` one has as many."""
TRIED = 32
"""Such runs of a text among which the rarest is chosen."""
AROUND_WORDS = ".,;:!?…\"'`´“”„‘’‚«»()[]{}¿¡。、，；：！？「」（）"

NAMED = 3
"""Open comparisons, and judges of one, that are told by name."""

Kept = Callable[[Task], frozenset[str]]
_Made = Mapping[str, Mapping[str, Completion]]


def kept_back(evidence: TaskEvidence, candidate: str, base: str | None) -> Kept:
    """The items of a task (sample ids) that ask what a blind comparison asks that isn't
    unblinded, whosever it is, begun or not, or whose answers are among those compared: who
    has read here which model wrote what can't judge it blind. What is asked is read when the
    first task asks: every open comparison of a long history is part of it."""
    keeper = cache(lambda: _keeper(evidence, candidate, base))
    return lambda task: keeper()(task)


def _keeper(evidence: TaskEvidence, candidate: str, base: str | None) -> Kept:
    made = _made_of(evidence, candidate, base)
    open_ = evidence.compared_blind()
    asked = [*_planned_today(evidence, candidate, base, made), *_open(evidence, candidate, made)]
    if not asked and not open_:
        return lambda task: frozenset()
    return _Keeper(evidence, candidate, made, asked, open_)


def closed_prompts(evidence: Evidence, candidate: str) -> Callable[[Sample], bool]:
    """Whether a prompt is one of a blind comparison that somebody has opened: for pages that
    show answers to the validation prompts beside their models' names."""

    @cache
    def asks() -> tuple[Callable[[Sample], bool], ...]:
        open_ = evidence.compared_blind()
        if not open_:
            return ()
        made = _made_of(evidence, candidate, evidence.base(candidate))
        unrecorded = _by_ids(evidence, candidate, made, open_)
        return (_RECORDED.of(open_), *([_closing(unrecorded)] if unrecorded else []))

    return lambda sample: any(one(sample) for one in asks())


def _closing(asked: Sequence[AskedBlind]) -> Callable[[Sample], bool]:
    """Looked up once for each prompt: comparisons of a long history have most in common."""
    asks = cache(lambda: _Asks.of(asked))
    known: dict[tuple[str, str, int], bool] = {}

    def closed(sample: Sample) -> bool:
        name = (sample.id, sample.source, sample.row)
        if name not in known:
            known[name] = asks().same(TaskItem(sample))
        return known[name]

    return closed


class _Recorded:
    """What the open comparisons ask by their records, made again only when there are others:
    each Reading of a long history wants to know."""

    def __init__(self) -> None:
        self._latest: tuple[tuple[OpenComparison, ...], Callable[[Sample], bool]] | None = None

    def of(self, open_: Sequence[OpenComparison]) -> Callable[[Sample], bool]:
        kept = self._latest
        if kept is None or [*map(id, kept[0])] != [*map(id, open_)]:
            asked = [one for comparison in open_ for one in comparison.asked]
            kept = self._latest = tuple(open_), _closing(asked)
        return kept[1]


_RECORDED = _Recorded()


def open_words(evidence: Evidence) -> str:
    """Which comparisons are open, how far they are, and the way out of each."""
    told = [_far(one) for one in evidence.compared_blind()]
    if not told:
        return "Judge it with tui-eval ab; where nobody is to, set [blind_ab] pairs = 0."
    more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
    return (
        f"Open: {'; '.join(told[:NAMED])}{more}. Judge and unblind it with what it was begun with:"
        " tui-eval ab. To give it up: tui-eval ab --end ROUND, which closes and unblinds it."
        f"{fault_words(evidence)}"
    )


def fault_words(evidence: Evidence) -> str:
    """Why comparisons are held to be open of which nothing can be read; mostly nothing."""
    faults = dict.fromkeys(one.fault for one in evidence.compared_blind() if one.fault)
    if not faults:
        return ""
    return (
        " While a journal is damaged, what was recorded to be compared stays closed, unless it is"
        f" known to be unblinded: {clean(next(iter(faults)))}"
    )


def _far(one: OpenComparison) -> str:
    if one.fault:
        return f"{clean(one.round, limit=40)} (its plan can't be read)"
    far = ", ".join(f"{judge_name(name)} {done} of {all}" for name, done, all in one.judges[:NAMED])
    return f"{clean(one.round, limit=40)} ({far})"


def kept_words(count: int) -> str:
    if not count:
        return ""
    what = "it asks" if count == 1 else "they ask"
    opens = "opens" if count == 1 else "open"
    return (
        f"{count_text(count, 'item')} not listed: {what} what an open blind A/B asks, and {opens}"
        " with its unblinding."
    )


# What is asked.


def _made_of(evidence: Evidence, candidate: str, base: str | None) -> _Made:
    models = [one for one in dict.fromkeys((candidate, base)) if one is not None]
    return {model: _answers(evidence, candidate, model) for model in models}


def _open(evidence: Evidence, candidate: str, made: _Made) -> list[AskedBlind]:
    open_ = evidence.compared_blind()
    recorded = [one for comparison in open_ for one in comparison.asked]
    return [*recorded, *_by_ids(evidence, candidate, made, open_)]


def _answers(evidence: Evidence, candidate: str, model: str) -> Mapping[str, Completion]:
    try:
        return evidence.answers(candidate, model)
    except NothingMatches:
        # Answers to a task alone.
        return {}


def _planned_today(
    evidence: TaskEvidence, candidate: str, base: str | None, made: _Made
) -> list[AskedBlind]:
    if base is None or base == candidate:
        return []
    try:
        found = blind_ab_votes.asked(evidence, candidate, base)
    except NothingMatches:
        return []
    chosen = () if found.standing.unblinded else found.chosen
    return [
        AskedBlind(
            found.samples[id], tuple(some[id].answer for some in made.values() if id in some)
        )
        for id in chosen
        if id in found.samples
    ]


def _by_ids(
    evidence: Evidence, candidate: str, made: _Made, open_: Sequence[OpenComparison]
) -> list[AskedBlind]:
    """Of comparisons that no facts tell of, as far as their answers are among today's."""
    known = {one.sample.id for comparison in open_ for one in comparison.asked}
    ids = {id for comparison in open_ for id in comparison.ids}
    found = []
    for model, some in made.items() if ids else ():
        wanted = [one for one in some.values() if one.id in ids and one.sample not in known]
        samples = evidence.answered(candidate, model) if wanted else {}
        found += [AskedBlind(samples[o.sample], (o.answer,)) for o in wanted if o.sample in samples]
    return found


# Finding it again.


class _Keeper:
    """Called with a task: which of its items are kept."""

    def __init__(
        self,
        evidence: TaskEvidence,
        candidate: str,
        made: _Made,
        asked: Sequence[AskedBlind],
        open_: Sequence[OpenComparison],
    ) -> None:
        self._evidence, self._candidate, self._made = evidence, candidate, made
        self._asks = _Asks.of(asked)
        self._ids = frozenset(id for comparison in open_ for id in comparison.ids)
        texts = [text for one in asked for text in one.answers]
        self._telling = Known(text for text in texts if is_telling(text))
        self._answers = [short(text) for text in texts]
        # Short answers are known by standing together, and with the right one.
        self._trios = {
            (short(one.sample.reference or ""), frozenset(map(short, one.answers)))
            for one in asked
            if len(one.answers) > 1
        }
        # A file's row that answers both by its id alone is the same answer, however short.
        self._rows = {model: self._rows_of(model, open_) for model in made}
        self._tasks = {one.name for one in evidence.tasks(candidate)}

    def _rows_of(self, model: str, open_: Sequence[OpenComparison]) -> frozenset[int]:
        some = self._made[model]
        asked = (some[id].row for id in self._asks.ids if id in some and some[id].row)
        return frozenset(asked).union(*(one.rows.get(model, ()) for one in open_))

    def __call__(self, task: Task) -> frozenset[str]:
        found = {item.sample.id for item in task.items if self._asks.same(item)}
        said = {model: self._said(model, task) for model in self._made}
        for model, some in said.items():
            found |= {id for id, every in some.items() if self._compared(every, self._rows[model])}
        if not self._of_labels(task):
            found |= {item.sample.id for item in task.items if self._trio(item, said)}
        return frozenset(found)

    def _of_labels(self, task: Task) -> bool:
        """Of labels there are so few that items of any other question have the same three."""
        if task.name in self._tasks:
            return any(metric_of(name).measure == "labels" for name in task.metrics)
        return 2 * len(set(self._answers)) <= len(self._answers)

    def _said(self, model: str, task: Task) -> Mapping[str, Sequence[Completion]]:
        if task.name in self._tasks:
            return self._evidence.every_answer(self._candidate, model, task.name)
        # The answers to the validation prompts, which an export takes for a task.
        return {id: (one,) for id, one in self._made[model].items()}

    def _compared(self, every: Sequence[Completion], rows: frozenset[int]) -> bool:
        return any(
            one.id in self._ids or one.row in rows or self._telling.has(one.answer) for one in every
        )

    def _trio(self, item: TaskItem, said: Mapping[str, Mapping[str, Sequence[Completion]]]) -> bool:
        id = item.sample.id
        texts = frozenset(short(some[id][0].answer) for some in said.values() if some.get(id))
        right = item.references or (item.sample.reference or "",)
        return len(texts) > 1 and any((short(one), texts) in self._trios for one in right)


@dataclass(frozen=True, slots=True)
class _Asks:
    """The prompts, to find them again in other words."""

    ids: frozenset[str]
    rows: frozenset[tuple[str, int]]
    prompts: Known

    @classmethod
    def of(cls, asked: Sequence[AskedBlind]) -> _Asks:
        samples = [one.sample for one in asked]
        return cls(
            frozenset(one.id for one in samples)
            | {one.folded_prompt for one in samples if one.folded_prompt and one.prompt.strip()},
            frozenset((one.source, one.row) for one in samples if one.source and one.row),
            Known(one.prompt for one in samples),
        )

    def same(self, item: TaskItem) -> bool:
        sample = item.sample
        if sample.id in self.ids or sample.folded_prompt in self.ids:
            return True
        if (sample.source, sample.row) in self.rows:
            return True
        # Another template puts its words around the prompt, or leaves it in its row.
        texts = [turn.content for turn in sample.messages] or [sample.text or ""]
        texts += [one for one in item.fields.values() if isinstance(one, str)]
        return any(self.prompts.has(text) or self.prompts.within(text) for text in texts)


def is_telling(text: str) -> bool:
    return cells(fold(text)) >= TELLING


def short(text: str) -> str:
    """Without white space and punctuation around words; signs between them stay: ``2+2``."""
    folded = fold(text)
    stripped = (part.strip(AROUND_WORDS) for part in folded.split())
    return " ".join(filter(None, stripped)) or folded


def letters(text: str) -> str:
    """Its letters and digits alone."""
    return "".join(words(fold(text)))


class Known:
    """Texts that are found again with other case, white space and punctuation, and long ones
    within longer texts. Time grows with the length of what is looked through alone."""

    def __init__(self, texts: Iterable[str]) -> None:
        some = [one for one in dict.fromkeys(texts) if one.strip()]
        self._short = {short(one) for one in some}
        telling = [one for one in some if is_telling(one)]
        made = {one: letters(one) for one in telling}
        self._letters = {one for one in made.values() if cells(one) >= WORDY}
        self._signs = {fold(one) for one, key in made.items() if cells(key) < WORDY}
        # Each under its rarest run of characters: what all begin with tells none apart.
        runs = {one: _grams(one, max(1, len(one) // TRIED)) for one in self._letters}
        common = Counter(gram for some in runs.values() for gram in some)
        self._by_gram: dict[str, list[str]] = {}
        for one, grams in runs.items():
            self._by_gram.setdefault(min(grams, key=common.__getitem__), []).append(one)

    def has(self, text: str) -> bool:
        return short(text) in self._short or letters(text) in self._letters

    def within(self, text: str) -> bool:
        folded = fold(text)
        if any(one in folded for one in self._signs):
            return True
        if not self._by_gram:
            return False
        key = letters(text)
        return any(
            one in key for gram in self._by_gram.keys() & _grams(key) for one in self._by_gram[gram]
        )


def _grams(text: str, step: int = 1) -> set[str]:
    return {text[at : at + GRAM] for at in range(0, len(text) - GRAM + 1, step)}
