"""The ``measure`` verb: what answers and prompts share with the training file, as facts.

The few texts of the validation set are indexed and the training file streams past them
twice: once to find copies and to count words, once for the nearest prompts and for the
texts that were copied. Needs no model. What is found is recorded by text, so only texts
that are new are looked for; a scan that is stopped is begun again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui_eval.checklist import TASK
from tui_eval.config import Config
from tui_eval.core.overlap import CopyIndex, Overlap
from tui_eval.core.overlap_near import Nearest, NearIndex
from tui_eval.core.records import CopyMatch, Job, NearestPrompt
from tui_eval.core.text import digest
from tui_eval.errors import EngineError
from tui_eval.files import measuring
from tui_eval.files.evidence import FileCache, WorkspaceEvidence, data_path
from tui_eval.files.measuring import TrainingRow
from tui_eval.store import codec

if TYPE_CHECKING:
    from pathlib import Path

    from tui_eval.engine.context import JobContext

LOOK_SECONDS = 0.2
"""Between two looks whether the job was cancelled: each is a question to the index."""
MATCHED_CHARACTERS = 2_000
TOLD = 13
"""Words of the shortest run that is told, as the contamination checks of benchmarks have it."""
Place = tuple[str, int, int]
"""Source, row and which of its answers."""


class _Stopped(Exception):
    """The job was cancelled in the middle of a pass."""


def run(job: Job, context: JobContext) -> None:
    if job.args.get("split") == TASK:
        from tui_eval.engine.jobs import task_measure

        task_measure.run(job, context)
        return
    with context.workspace.facts(job.id) as facts:
        try:
            Measuring(context, job, facts).run()
        except _Stopped:
            context.log("measuring was cancelled")


@dataclass(frozen=True)
class Wanted:
    """Texts by digest and prompts by sample id, of which nothing is recorded yet."""

    texts: Mapping[str, str]
    prompts: Mapping[str, str]


class Measuring:
    """One candidate's answers and validation prompts against its training file."""

    def __init__(self, context: JobContext, job: Job, facts: Any) -> None:
        self.context, self.facts = context, facts
        self.config: Config = context.config
        self.candidate = str(job.args.get("candidate", "tuned"))
        self.again = bool(job.args.get("again"))
        self._cache = FileCache()
        self._done = self._total = 0
        self._due = 0.0

    def run(self) -> None:
        path = data_path(self.config, self.candidate, "train")
        key = self._cache.measured_key(self.config, self.candidate)
        if path is None or key is None:
            self.context.log("no training file is named: there is nothing to compare with")
            return
        wanted = self._wanted(key)
        if not wanted.texts and not wanted.prompts:
            self.context.progress(1, 1, "scans", "")
            return
        rows = measuring.about_rows(path)
        self._total = 2 * (rows or 0)
        copies = self._index(wanted.texts)
        near = NearIndex(wanted.prompts, rows=rows)
        self._first_pass(path, copies, near)
        found = copies.results()
        matched = self._second_pass(path, near, _places(found), bool(wanted.prompts))
        if self._cache.measured_key(self.config, self.candidate) != key:
            raise EngineError(f"{path} was changed while it was read.", "Start it again with r.")
        self._record(key, wanted, found, matched, near.results())

    def _wanted(self, key: str) -> Wanted:
        evidence = WorkspaceEvidence(self.context.workspace, self.config, self._cache)
        known = set() if self.again else self.context.workspace.have("copies", key)
        near = set() if self.again else self.context.workspace.have("nearest", key)
        dataset = evidence.dataset(self.candidate, "validation")
        samples = dataset.samples if dataset is not None else ()
        prompts = {s.id: measuring.prompt_of_sample(s) for s in samples if s.id not in near}
        texts = {digest(text): text for text in _answers(evidence, self.candidate)}
        return Wanted({name: t for name, t in texts.items() if name not in known}, prompts)

    def _index(self, texts: Mapping[str, str]) -> CopyIndex:
        limits = self.config.overfitting
        run = int(limits["copy_run"])
        return CopyIndex(texts, words=int(limits["copy_words"]), run=run, near=min(TOLD, run))

    def _first_pass(self, path: Path, copies: CopyIndex, near: NearIndex) -> None:
        for row in self._rows(path, "looking for copies"):
            for turn, answer in enumerate(row.answers):
                copies.feed(_name((row.source, row.number, turn)), answer)
            near.learn(row.prompt)

    def _second_pass(
        self, path: Path, near: NearIndex, places: frozenset[str], prompts: bool
    ) -> dict[str, str]:
        """Feeds the nearest prompts; gives the training answers that were matched."""
        matched: dict[str, str] = {}
        if not places and not prompts:
            return matched
        wanted = {_row_of(place) for place in places}
        for row in self._rows(path, "looking for the nearest prompts"):
            name = _name((row.source, row.number, 0))
            if prompts:
                near.feed(name, row.prompt)
            if name in wanted:
                for turn, answer in enumerate(row.answers):
                    place = _name((row.source, row.number, turn))
                    if place in places:
                        matched[place] = answer
        return matched

    def _rows(self, path: Path, message: str) -> Iterator[TrainingRow]:
        for row in measuring.training_rows(path, self.config):
            yield row
            self._done += 1
            if not self._done % 64 and time.monotonic() >= self._due:
                self._tell(message)
        self._tell(message)

    def _tell(self, message: str) -> None:
        # Rows are counted twice; a file whose length is unknown shows how far it is.
        told = message if self._total else f"{message}, {self._done:,} rows"
        self.context.progress(self._done, max(self._done, self._total), "rows", told)
        if self.context.cancelled():
            raise _Stopped
        self._due = time.monotonic() + LOOK_SECONDS

    def _record(
        self,
        key: str,
        wanted: Wanted,
        found: Mapping[str, Overlap],
        matched: Mapping[str, str],
        near: Mapping[str, Nearest],
    ) -> None:
        for name, overlap in found.items():
            match = _match(name, wanted.texts[name], overlap, matched)
            self.facts.append("copies", key, name, codec.encode(match))
        for sample in wanted.prompts:
            self.facts.append("nearest", key, sample, codec.encode(_near(sample, near[sample])))
        self.facts.commit()
        self.context.progress(self._done, self._done, "rows", "")


def _answers(evidence: WorkspaceEvidence, candidate: str) -> Iterator[str]:
    """The answers that are there, of candidate and base, and what the data gives as answer
    to the same prompts."""
    base = evidence.base(candidate)
    for model in (candidate, *((base,) if base is not None else ())):
        for one in evidence.answers(candidate, model).values():
            if not one.error:
                yield one.answer
    for sample in evidence.answered(candidate, candidate).values():
        if sample.reference is not None:
            yield sample.reference


def _name(place: Place) -> str:
    source, row, turn = place
    return f"{turn} {row} {source}"


def _row_of(name: str) -> str:
    _, _, rest = name.partition(" ")
    return f"0 {rest}"


def _place(name: str) -> tuple[str, int]:
    _, row, source = name.split(" ", 2)
    return source, int(row)


def _places(found: Mapping[str, Overlap]) -> frozenset[str]:
    """The training answers that a text equals or shares a run with."""
    names = set()
    for overlap in found.values():
        if overlap.exact is not None:
            names.add(str(overlap.exact))
        elif overlap.run is not None:
            names.add(str(overlap.run.row))
    return frozenset(names)


def _match(name: str, text: str, overlap: Overlap, matched: Mapping[str, str]) -> CopyMatch:
    run, exact = overlap.run, overlap.exact is not None
    match = CopyMatch(
        name,
        overlap.words,
        overlap.copied,
        exact=exact,
        run=run.words if run is not None else 0,
        covered=overlap.covered,
    )
    if overlap.exact is not None:
        place, span, stretch = str(overlap.exact), (0, len(text)), slice(None)
    elif run is not None:
        place, span, stretch = str(run.row), run.span, slice(*run.row_span)
    else:
        return match
    source, row = _place(place)
    shown = matched[place][stretch][:MATCHED_CHARACTERS]
    return replace(match, span=span, source=source, row=row, matched=shown)


def _near(sample: str, found: Nearest) -> NearestPrompt:
    if found.row is None:
        return NearestPrompt(sample, 0.0)
    source, row = _place(str(found.row))
    return NearestPrompt(sample, found.similarity, source, row)
