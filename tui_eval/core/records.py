"""What the parts hand to one another: samples, losses, logs, jobs.

Plain frozen records without behaviour beyond arithmetic on their own fields. Rates are
0 to 1, losses are natural-log nats, times are ISO 8601 strings in UTC unless said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Split = Literal["train", "validation", "test", "off_task"]
Objective = Literal["supervised", "preference", "reinforcement"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. ``extra`` holds what a chat template may read besides role and content
    (``tool_calls``, ``name``, ``tool_call_id``, ``reasoning_content``), as plain JSON."""

    role: str
    content: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"role": self.role, "content": self.content, **self.extra}


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a person's data.

    ``id`` is the hash of the exact content; ``folded`` and ``folded_prompt`` are hashes
    after ``core.text.fold``, to find leaks. A chat sample has ``messages``
    (the last assistant turn is the reference answer), a plain one ``text``.
    """

    id: str
    folded: str
    folded_prompt: str
    messages: tuple[Message, ...] = ()
    text: str | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    category: str | None = None
    time: str | None = None
    group: str | None = None
    split: Split = "validation"
    source: str = ""
    row: int = 0
    """Physical line (JSONL, CSV: the header is 1) or 1-based row of ``source``."""

    @property
    def reference(self) -> str | None:
        """The answer that the data gives: the last assistant turn."""
        if self.messages and self.messages[-1].role == "assistant":
            return self.messages[-1].content
        return None

    @property
    def prompt(self) -> str:
        """The last user turn, for lists and headings; the whole text for plain samples."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message.content
        return self.text or ""


@dataclass(frozen=True, slots=True)
class SkippedRow:
    source: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """The samples of one split as they were read, in file order, each content once.

    ``key`` names file content and reading settings, so that stale facts never mix in.
    """

    key: str
    split: Split
    source: str
    shape: str
    samples: tuple[Sample, ...]
    rows: int
    """Rows in the file: usable ones (duplicates counted) plus skipped ones."""
    skipped: tuple[SkippedRow, ...] = ()
    """The first 1,000 bad rows; ``bad_rows`` counts them all."""
    duplicates: int = 0
    bad_rows: int = 0
    notes: tuple[str, ...] = ()
    """What was assumed in reading: an encoding, a delimiter, a split's name."""
    shown: int = 0
    """Rows left out because a model is shown them as examples before its prompts."""

    @property
    def left_out(self) -> int:
        """Bad rows, also those beyond the ones listed."""
        return max(self.bad_rows, len(self.skipped))


@dataclass(frozen=True, slots=True)
class TokenLoss:
    """What one model made of one sample: sums, never a mean alone.

    ``token_nll`` has one float32 per scored token (base64 in files), ``spans`` the
    ``(start, end)`` characters of each in the rendered text, ``runs`` the
    ``(first, count)`` token positions of the scored stretches.
    """

    sample: str
    nll: float
    """Sum over the scored tokens, end-of-turn included; nats, summed in float64."""
    tokens: int
    bytes: int
    """UTF-8 bytes of the scored text; special tokens count none."""
    end_nll: float = 0.0
    end_tokens: int = 0
    cut_tokens: int = 0
    """Prompt tokens cut from the left to fit."""
    windows: int = 1
    """More than 1: an answer longer than the limit, scored in windows."""
    token_nll: tuple[float, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    runs: tuple[tuple[int, int], ...] = ()
    error: str = ""
    """Why there is no loss (``does not fit``); then the sums are 0."""

    @property
    def mean(self) -> float:
        """Nats per scored token; NaN without tokens."""
        return self.nll / self.tokens if self.tokens else float("nan")


@dataclass(frozen=True, slots=True)
class Reconcile:
    """The parts that a training loop may have scored besides ours, on a few samples."""

    sample: str
    prompt_nll: float
    prompt_tokens: int
    newline_nll: float | None
    """Loss of the newlines, one after each end-of-turn token; None where the template
    writes none."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """A sample as the model sees it, once per prompt settings."""

    sample: str
    text: str
    scored: tuple[tuple[int, int], ...]
    """Character spans of ``text`` that are scored."""
    first_ids: tuple[int, ...] = ()
    first_tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenTable:
    """What one model expected at every place of one text, prompt included.

    One entry a token in ``spans`` (its characters in ``text``) and ``token_nll`` (NaN where
    nothing was expected of it: the first token, and what was cut); ``each`` in ``top``
    (places in ``pieces``) and ``top_nll``, likeliest first. A piece is exact: bytes that are
    not a whole character are lone surrogates, as Python's ``surrogateescape`` has them.
    """

    sample: str
    """A row's id, or that of an answer that was made."""
    text: str
    scored: tuple[tuple[int, int], ...]
    spans: tuple[tuple[int, int], ...] = ()
    token_nll: tuple[float, ...] = ()
    each: int = 0
    """Alternatives of each token."""
    pieces: tuple[str, ...] = ()
    top: tuple[int, ...] = ()
    top_nll: tuple[float, ...] = ()
    error: str = ""
    """Why there is nothing to tell."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was checked on the first samples before the numbers, for one candidate
    against its base. Texts are raw; whoever shows them cleans them."""

    template: str
    """``chat`` or ``plain``, and from where: ``chat: checkpoint's chat_template.jinja``."""
    template_missing: bool = False
    bos_expected: bool = False
    """The tokenizer adds a BOS to a plain text by itself."""
    bos_emitted: int = 0
    """How many BOS the rendered prompt really begins with."""
    bos_token: str = ""
    thinking: str = ""
    """Says how training answers and the template disagree about thinking; empty if not."""
    template_mismatch: str = ""
    prompt_differs: str = ""
    prompt_design: str = ""
    """What eval.toml has it differ by, in words: then it is meant."""
    same_tokenizer: bool = True
    probes: int = 0
    max_logit_difference: float | None = None
    """Largest absolute difference of any probe's logits, tuned against base; 0.0 means
    that the adapter has no effect. None: not looked at (base is another architecture)."""
    path: str = ""
    """Which scoring path the guards allowed, in words."""
    device: str = ""
    dtype: str = ""
    vocabulary: int | None = None


FROM_FILE = "file-1"
"""Answers that were made elsewhere and read from a file."""

REFERENCES = "references-1"
"""Answers that are the data's expected ones."""
GIVEN = (FROM_FILE, REFERENCES)


@dataclass(frozen=True, slots=True)
class Producer:
    """Everything that decides a loss or an answer, one field each, so that a key is never
    stale. ``scorer`` names what computed it: ``score-N``, ``generate-N`` or ``file-1`` for
    answers that were read from a file (then ``weights`` is the file's hash).

    ``key`` is the hash of the other fields but ``model`` and ``at``.
    """

    key: str
    model: str
    weights: str
    adapter: str | None
    tokenizer: str
    prompt: str
    """Hash of template text, system prompt, tools, which turns are scored."""
    dtype: str
    max_length: int
    stride: int
    scorer: str
    settings: str = ""
    """Hash of the generation settings and of the checkpoint's ``generation_config.json``;
    empty for losses."""
    at: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Versions, hardware, names: shown in ``how computed``, not part of the key."""

    @property
    def given(self) -> bool:
        """Whether its answers lie there whole: a prompt without one will never have one."""
        return self.scorer in GIVEN


Finish = Literal["stop", "length", "stop_string", "given", "error"]
"""``stop``: an end token of its own. ``given``: made elsewhere, nothing is known of it."""


VERBATIM = ("sample_completion", "sample_solution")
"""Flags of answers out of a file of HumanEval's or EvalPlus's samples, which are code to the
letter: what follows the prompt, or the whole program."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer, stored once and never made again for the same producer, sample and index.

    ``id`` is opaque (``core.answers.completion_id``): it tells nobody which model wrote it.
    """

    id: str
    sample: str
    text: str
    """As generated, without special tokens; thinking included."""
    answer: str
    """What is judged and measured: ``text`` without its thinking; empty if that never ended."""
    thinking: str = ""
    index: int = 0
    """Of several answers to one prompt, from 0."""
    tokens: int = 0
    prompt_tokens: int = 0
    finish: Finish = "stop"
    seed: int | None = None
    """None: greedy."""
    flags: tuple[str, ...] = ()
    """Of ``truncated``, ``empty``, ``repetitive``, ``unclosed_thinking``, ``cut_prompt``; and
    ``VERBATIM``'s."""
    error: str = ""
    """Why there is no answer; then the texts are empty."""
    row: int = 0
    """Of the file that it was read from, counted from 1; 0: it was generated."""

    @property
    def truncated(self) -> bool:
        return self.finish == "length"

    @property
    def verbatim(self) -> str:
        """The flag of ``VERBATIM`` that it has, or nothing: a chat model's answer."""
        return next((flag for flag in self.flags if flag in VERBATIM), "")


@dataclass(frozen=True, slots=True)
class CopyMatch:
    """What one text (an answer, a reference) shares with the training answers."""

    text: str
    """Digest of the text (``core.text.digest``), whosever it is."""
    words: int
    copied: bool
    """It equals a training answer, or its run is long enough to count as a copy."""
    exact: bool = False
    run: int = 0
    """Words of the longest verbatim run; 0: none worth telling."""
    span: tuple[int, int] = (0, 0)
    """Characters of the text that are shared: the run's, or all where it is equal."""
    source: str = ""
    row: int | None = None
    """The first training row that holds so much of it; None: no such row."""
    matched: str = ""
    """The same stretch as the training row writes it, at most 2,000 characters."""
    covered: float | None = None
    """Share of the text's words within any run that is told; None without words."""


@dataclass(frozen=True, slots=True)
class NearestPrompt:
    """The training prompt nearest to a validation sample's, by TF-IDF cosine of words."""

    sample: str
    similarity: float
    source: str = ""
    row: int | None = None
    """None: no training prompt shares a word with it."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a candidate was trained, as far as its checkpoint's configuration tells."""

    adapter: bool
    rank: int | None = None
    alpha: float | None = None
    dropout: float | None = None


@dataclass(frozen=True, slots=True)
class LogPoint:
    step: float
    value: float
    """May be NaN or infinite: logs of diverged runs hold such values."""
    epoch: float | None = None
    time: float | None = None


@dataclass(frozen=True, slots=True)
class TrainingLog:
    """A run's log: one series per key, sorted by step, later rows winning over earlier.

    Keys keep the log's own names (``loss``, ``eval_loss``, ``eval_near_loss``,
    ``grad_norm``, ``learning_rate``, ``rewards/margins``, ``reward``). Keys that hold
    only nulls are left out.
    """

    source: str
    format: str
    series: Mapping[str, tuple[LogPoint, ...]]
    judged_step: int | None = None
    """Step of the judged checkpoint; later rows are drawn but don't count."""
    global_step: int | None = None
    max_steps: int | None = None
    epochs: float | None = None
    """Epochs planned."""
    logging_steps: int | None = None
    batch_size: int | None = None
    """Rows per device and step, where the log tells."""
    checkpoints: Mapping[int, str] = field(default_factory=dict)
    """Steps whose checkpoint folder still exists, with its name."""
    notes: tuple[str, ...] = ()


JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]


@dataclass(frozen=True, slots=True)
class Job:
    """One request to the engine, as the index has it."""

    id: str
    verb: Literal["score", "generate", "measure", "tokens"]
    args: Mapping[str, Any]
    state: JobState
    requested_at: str
    done: float = 0.0
    total: float = 0.0
    unit: str = "samples"
    speed: float | None = None
    """Units per second over the last while; None until known."""
    eta: float | None = None
    """Seconds left; None until known."""
    message: str = ""
    error: str = ""
    host: str = ""
    started_at: str = ""
    finished_at: str = ""
    cancel: int = 0
    """0 none, 1 finish the batch and stop, 2 kill."""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What is known of the engine of this workspace on this host."""

    state: Literal["absent", "starting", "idle", "working", "lost"]
    pid: int | None = None
    host: str = ""
    heartbeat_age: float | None = None
    """Seconds since it last said that it lives."""
    last_words: tuple[str, ...] = ()
    """Last log lines, when lost. Raw text."""
