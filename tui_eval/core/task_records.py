"""What step 6 is made from: tasks, their items, and what a metric found on each answer.

Plain frozen records, as ``core.records``. A metric's finding about one answer is a fact and
stored; figures over all of them are readings and never stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tui_eval.core.records import Sample

LabelRule = Literal["exact", "first", "regex", "json", "likelihood", "likelihood_normalised"]
Tokenizer = Literal["auto", "default", "unicode"]


@dataclass(frozen=True, slots=True)
class TaskItem:
    """One row of a task's data. ``sample`` is what the models are asked, ``fields`` the whole
    row as it stands in the file, for metrics of a person's own."""

    sample: Sample
    references: tuple[str, ...] = ()
    """Right answers; the best of several counts."""
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """One ``[tasks.NAME]`` with its data as it lies there now."""

    name: str
    items: tuple[TaskItem, ...]
    metrics: tuple[str, ...]
    """As ``eval.toml`` orders them: the first carries the verdict."""
    labels: tuple[str, ...] = ()
    """As set; empty: those of the data."""
    lower_is_better: tuple[str, ...] = ()
    """Metrics of a person's own of which less is better."""
    source: str = ""
    rows: int = 0
    left_out: int = 0
    """Rows that can't be used."""
    faults: tuple[str, ...] = ()
    """The first of them, each with its number and the reason."""
    notes: tuple[str, ...] = ()
    answer_notes: tuple[str, ...] = ()
    """What of files of answers serves no item: rows that can't be used, answers left over."""
    fault: str = ""
    """Why the task can't be measured at all (``multi-label data``)."""
    itself: bool = False
    """The fault: its metrics would hold the expected answers against themselves."""
    sandbox: str = ""
    """How model-written code is confined (``isolated``); empty: no code is run."""
    refused: str = ""
    """Why the sandbox won't run the code, and what to install."""


@dataclass(frozen=True, slots=True)
class MetricOptions:
    """Everything of a task that changes what its metrics find; part of the facts' key."""

    metrics: tuple[str, ...] = ()
    """Those asked for: what none of them needs is not computed."""
    labels: tuple[str, ...] = ()
    label_rule: LabelRule = "first"
    pattern: str = ""
    """Regular expression: of the label, or of metric ``regex``."""
    json_field: str = ""
    """Field of a JSON answer that holds the label; dots lead into inner objects."""
    stemmer: bool = False
    tokenizer: Tokenizer = "auto"
    bleu_tokenizer: str = "13a"
    """sacrebleu's name of it; ``zh`` where references are written without spaces."""
    references: int = 1
    """Of each item; 0: their number differs. It is part of sacrebleu's signature."""
    schema: Mapping[str, Any] | None = None
    """JSON Schema that answers have to keep to."""
    most_words: int = 1000
    """Longer texts are cut for ROUGE-L and Lsum, whose time grows with the product of both
    lengths: 2,000 words each took 6 seconds."""
    tests: str = ""
    """Field of a code problem's tests."""
    entry_point: str = ""
    """Field that names the function which the tests call."""
    code_seconds: float = 5.0
    """That one program and its tests may take."""
    own: str = ""
    """A Python file with metrics of a person's own."""
    own_digest: str = ""
    """Of that file's content: metrics that were changed measure anew."""
    lower_is_better: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer as a metric sees it."""

    prompt: str
    references: tuple[str, ...]
    answer: str
    item: Mapping[str, Any] = field(default_factory=dict)
    """The whole row of the data."""
    verbatim: str = ""
    """``Completion.verbatim``: how the answer is code to the letter; empty: a chat answer."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one metric's measurement found on one answer."""

    values: Mapping[str, float] = field(default_factory=dict)
    """By metric name; right is 1.0, wrong 0.0."""
    label: str | None = None
    """The label read from the answer; empty: none could be. None: not a label metric."""
    counts: tuple[float, ...] = ()
    """What a figure over the whole set (BLEU, chrF) is summed from; of a code problem its
    samples and how many of them passed."""
    reason: str = ""
    """Why it is wrong, in few words that are counted: ``timeout``, ``names no label``."""
    detail: str = ""
    """What a person who opens the item reads besides: the assert that failed."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """The same of several samples: how often each reason stands."""
    samples: tuple[Measured, ...] = ()
    """What was found on each of them, in their order; no part of the fact that is stored."""
    note: str = ""
    """What was done to measure it: ``cut to 1,000 words``."""
    error: str = ""
    """Why the metric failed on it; then there are no values."""


@dataclass(frozen=True, slots=True)
class MetricScores:
    """One measurement of a model's answers, by sample id, and how it was made in words."""

    items: Mapping[str, Measured] = field(default_factory=dict)
    how: str = ""


@dataclass(frozen=True, slots=True)
class Ruler:
    """A metric made ready. ``how`` says in words how it measures (a version, a signature)."""

    measure: Callable[[Asked], Measured]
    how: str = ""
    needs_reference: bool = True
