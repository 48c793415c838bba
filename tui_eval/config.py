"""``eval.toml``: every setting, typed, with all faults told at once by key and line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tui_eval.core import defaults
from tui_eval.core.judgements import CRITERIA
from tui_eval.core.task_records import LabelRule, Tokenizer
from tui_eval.errors import ConfigError, InputError

if TYPE_CHECKING:
    from tui_eval.core.gate import Known

FILE_NAME = "eval.toml"
Value = float | int | str | bool


def _at_least(least: float, default: Any = None, below: float | None = None) -> Any:
    """A number with bounds that the loader checks."""
    return field(default=default, metadata={"least": least, "below": below})


def _path(default: str | None = None) -> Any:
    """A file or folder, relative to eval.toml, that has to be there."""
    return field(default=default, metadata={"path": True})


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """``[models.NAME]``: ``base`` is what the others are held against."""

    name: str
    path: str | None = field(default=None, metadata={"model": True})
    """A folder (adapter, full model, or output folder with checkpoints) or a hub name."""
    log: str | None = _path()
    """Training log, or the folder that holds it; without it the checkpoint is searched."""
    objective: Literal["auto", "supervised", "preference", "reinforcement"] = "auto"
    train: str | None = _path()
    """This model's own training file, where it differs from ``[data] train``."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] | None = None
    """Instead of ``[scoring] dtype``."""
    system: str | None = None
    """Instead of ``[prompt] system``."""
    few_shot: str | None = _path()
    """A data file whose rows stand before the prompt as examples."""
    shots: int | None = _at_least(1)
    """That many rows of it, from its beginning; without it all."""
    url: str | None = None
    """An OpenAI-compatible server that runs the model."""
    served_model: str | None = None
    """The server's name for it."""
    answers: str | None = _path()
    """A file of answers made elsewhere, or a folder of lm-evaluation-harness's samples: they are
    judged in the place of a model's own."""
    references: bool | None = None
    """The data's expected answers are its answers."""

    @property
    def given(self) -> bool:
        """Its answers are there without a model that makes them."""
        return bool(self.answers or self.references)


@dataclass(frozen=True, slots=True)
class DataConfig:
    """``[data]``: the files, and the names of fields where they are not the usual ones."""

    validation: str | None = _path()
    train: str | None = _path()
    test: str | None = _path()
    off_task: str | None = _path()
    """Text of another kind than the training data, to see what was forgotten."""
    format: Literal[
        "auto",
        "alpaca",
        "sharegpt",
        "messages",
        "prompt_completion",
        "question_answer",
        "instruction_response",
        "text",
    ] = "auto"
    prompt: str | None = None
    answer: str | None = None
    system: str | None = None
    category: str | None = None
    time: str | None = None
    group: str | None = None
    lines: tuple[tuple[str, int], ...] = field(default=(), compare=False, repr=False)
    """Where each key stands in eval.toml, for faults that only the data shows."""

    def place(self, key: str) -> str:
        """``eval.toml line 12, data.answer``."""
        line = dict(self.lines).get(key)
        return f"{FILE_NAME} line {line}, data.{key}" if line else f"data.{key}"


@dataclass(frozen=True, slots=True)
class PromptConfig:
    template: str = field(default="chat", metadata={"template": True})
    """``chat`` (the checkpoint's own), ``plain``, or the path of a Jinja file."""
    system: str | None = None


@dataclass(frozen=True, slots=True)
class ScoringConfig:
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """``auto``: bfloat16 on a GPU, float32 on a CPU."""
    device: str = "auto"
    device_map: str | None = None
    """accelerate's device map, for a model that is larger than one GPU."""
    max_length: int = _at_least(8, 4096)
    stride: int | None = _at_least(1)
    """Of windows over texts longer than the limit; without it half the limit."""
    answers: Literal["all", "last"] = "all"
    """Which assistant turns are scored: every one, as trained, or the last."""
    limit: int = _at_least(0, 2000)
    """Rows scored at most, a seeded choice of the file's; 0: all."""
    seed: int = 0
    batch_tokens: int | None = _at_least(1)
    """Tokens per batch; without it, as many as the free memory allows."""
    allow_pickle: bool = False
    """Read weights stored as pickles: such a file can run code of its maker's."""


@dataclass(frozen=True, slots=True)
class GenerationConfig:
    """What is not set follows the checkpoint's ``generation_config.json``."""

    greedy: bool = False
    """Always the likeliest token, whatever the checkpoint says."""
    temperature: float | None = _at_least(0)
    top_p: float | None = _at_least(0)
    top_k: int | None = _at_least(0)
    seed: int = 0
    max_new_tokens: int | None = _at_least(1)
    """Without it, twice the references' 95th percentile in tokens, at least 512."""
    thinking_tokens: int = _at_least(0, 2048)
    """On top of that, for models that think first."""
    thinking: tuple[str, ...] = ()
    """Opening and closing tag of the thinking, where the chat template doesn't tell."""
    stop: tuple[str, ...] = ()
    samples: int = _at_least(1, 1)
    """Answers to each prompt."""
    limit: int = _at_least(0, 200)
    """Prompts answered at most, those to be judged first; 0: all."""
    path: Literal["auto", "continuous", "batched", "one"] = "auto"
    """How answers are computed; ``auto``: the quickest that passes its probe."""


@dataclass(frozen=True, slots=True)
class EngineConfig:
    linger: float = _at_least(0, 120.0)
    """Seconds that an engine without work waits, after the last screen closed."""
    threads: int | None = _at_least(1)
    gpu: str | None = None
    """As in CUDA_VISIBLE_DEVICES; without it the one with most free memory."""


@dataclass(frozen=True, slots=True)
class GateConfig:
    require: tuple[str, ...] = ()
    """Conditions such as ``perplexity.improvement > 0`` (``core.gate``)."""


@dataclass(frozen=True, slots=True)
class TaskConfig:
    """``[tasks.NAME]``: the first metric carries the task's verdict."""

    name: str
    data: str | None = _path()
    """Without it ``[data] test``, else ``validation``."""
    metrics: tuple[str, ...] = ()
    prompt: str | None = None
    """Field of the question; a dot leads into an inner object."""
    template: str | None = None
    """The question around a row's fields: ``"Mood of {text}:"``. ``{{`` is a brace."""
    system: str | None = None
    """Instead of ``[prompt] system``."""
    reference: str | None = None
    """Field of the right answer; of a list of them the best counts."""
    category: str | None = None
    group: str | None = None
    few_shot: str | None = _path()
    """A data file whose rows stand before each question as examples."""
    shots: int | None = _at_least(1)
    """That many rows of it, from its beginning; without it all."""
    limit: int = _at_least(0, 0)
    """Items at most, a seeded choice; 0: all."""
    samples: int = _at_least(1, 1)
    """Answers to each item, for pass_at_k; several are sampled, at temperature 0.8 where none
    is set."""
    greedy: bool | None = None
    """This and the next five instead of those of ``[generation]``."""
    temperature: float | None = _at_least(0)
    top_p: float | None = _at_least(0)
    top_k: int | None = _at_least(0)
    max_new_tokens: int | None = _at_least(1)
    stop: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """Without them, those of the data."""
    label_rule: LabelRule = "first"
    """How a label is read from an answer."""
    pattern: str | None = None
    """Regular expression of the label, or of metric ``regex``."""
    json_field: str | None = None
    """Field of a JSON answer that holds the label."""
    stemmer: bool = False
    """ROUGE compares word stems (English)."""
    tokenizer: Tokenizer = "auto"
    """Of ROUGE: ``default`` knows a to z only, ``unicode`` any script."""
    most_words: int = _at_least(10, 1000)
    """Longer texts are cut for ROUGE-L and Lsum."""
    schema: str | None = _path()
    """File of the JSON Schema that answers have to keep to."""
    own: str | None = _path()
    """A Python file with metrics of your own: functions that ``metrics`` names."""
    lower_is_better: tuple[str, ...] = ()
    """Metrics of your own of which less is better."""
    tests: str | None = None
    """Field with the test program of a code problem, without it ``test``; a list of asserts will
    do."""
    entry_point: str | None = None
    """Field with the name of the function that is to be written; without it ``entry_point``."""
    lines: tuple[tuple[str, int], ...] = field(default=(), compare=False, repr=False)
    """Where each key stands in eval.toml, for faults that only the data shows."""

    def place(self, key: str) -> str:
        """``eval.toml line 12, tasks.labels.reference``."""
        line = dict(self.lines).get(key)
        where = f"tasks.{self.name}.{key}"
        return f"{FILE_NAME} line {line}, {where}" if line else where


# Sections that are thresholds and choices of a step, by name and default; core/defaults.py
# says beside each where its figure comes from.
THRESHOLDS: dict[str, Mapping[str, Value]] = {
    "curves": defaults.CURVES,
    "perplexity": defaults.PERPLEXITY,
    "overfitting": defaults.OVERFITTING,
    "review": defaults.REVIEW,
    "blind_ab": defaults.BLIND_AB,
    "task_metrics": defaults.TASK_METRICS,
}
_CHOICES = {
    ("blind_ab", "mode"): ("planned", "open"),
    ("task_metrics", "sandbox"): ("isolated", "confined", "restricted", "none"),
}


@dataclass(frozen=True)
class Config:
    """One eval.toml as read. ``path`` is None where it was found but not written yet."""

    folder: Path
    path: Path | None = None
    models: Mapping[str, ModelConfig] = field(default_factory=dict)
    data: DataConfig = field(default_factory=DataConfig)
    prompt: PromptConfig = field(default_factory=PromptConfig)
    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    generation: GenerationConfig = field(default_factory=GenerationConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    gate: GateConfig = field(default_factory=GateConfig)
    tasks: Mapping[str, TaskConfig] = field(default_factory=dict)
    curves: Mapping[str, Value] = field(default_factory=lambda: THRESHOLDS["curves"])
    perplexity: Mapping[str, Value] = field(default_factory=lambda: THRESHOLDS["perplexity"])
    overfitting: Mapping[str, Value] = field(default_factory=lambda: THRESHOLDS["overfitting"])
    review: Mapping[str, Value] = field(default_factory=lambda: THRESHOLDS["review"])
    blind_ab: Mapping[str, Value] = field(default_factory=lambda: THRESHOLDS["blind_ab"])
    task_metrics: Mapping[str, Value] = field(default_factory=lambda: THRESHOLDS["task_metrics"])
    anchors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """``[review.anchors]``: what 1 to 5 mean, by criterion, where a team has reworded it."""

    @property
    def candidates(self) -> tuple[str, ...]:
        """Every model but the base, in the order of the file."""
        return tuple(name for name in self.models if name != "base")

    def resolve(self, path: str) -> Path:
        """A path of eval.toml, which is relative to eval.toml's folder."""
        try:
            return self.folder / Path(path).expanduser()
        except RuntimeError:
            # ~nobody: a home that does not exist.
            return self.folder / path

    def setting(self, name: str) -> Any:
        """``curves.smoothing`` or ``models.tuned.objective``: a setting by dotted name."""
        value: Any = self
        for part in name.split("."):
            names = _names(value)
            if part not in names:
                raise InputError(f"There is no setting {name}.", f"{nearest(part, names)}")
            value = value[part] if isinstance(value, Mapping) else getattr(value, part)
        return value

    @cached_property
    def hash(self) -> str:
        """Names what is set; the same for a file that differs in comments or order alone."""
        plain = {name: getattr(self, name) for name in _names(self)}
        text = json.dumps(plain, sort_keys=True, default=_plain)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(value)
    if isinstance(value, (str, int, float, tuple)) or value is None:
        return ()
    hidden = ("folder", "path") if isinstance(value, Config) else ("lines",)
    return tuple(entry.name for entry in fields(value) if entry.name not in hidden)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    plain = asdict(value)
    plain.pop("lines", None)
    return plain


def known_to_gate(config: Config) -> Known:
    """What a condition of the gate may name in this workspace."""
    from tui_eval.core.gate import Known

    tasks = {name: task.metrics for name, task in config.tasks.items()}
    return Known(config.candidates, tasks)


def nearest(word: str, known: tuple[str, ...]) -> str:
    """In words: the nearest right name, or the right ones where none is near."""
    # Imported where something is wrong: the first screen does not wait for it.
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1, cutoff=0.55)
    if near:
        return f"did you mean {near[0]}?"
    if not known:
        return ""
    shown = ", ".join(known[:12])
    return f"known: {shown}{', …' if len(known) > 12 else ''}"


def find(start: Path) -> Path | None:
    """The nearest eval.toml: in ``start`` or in a folder above it."""
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def load(path: Path, *, files: bool = True) -> Config:
    """Read an eval.toml. Raises ConfigError with every problem: line, key, nearest name.

    ``files=False`` leaves out whether named files exist, for a machine that only judges
    what another one computed.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path} can't be read: {error.strerror or error}",
            remedy="Write one with: tui-eval init CHECKPOINT",
        ) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path} is not UTF-8 text (line {line}).", remedy="Save it as UTF-8."
        ) from error
    return parse(text, path.absolute().parent, path=path.absolute(), files=files)


def parse(text: str, folder: Path, *, path: Path | None = None, files: bool = True) -> Config:
    """``load`` for text that need not be in a file yet."""
    from tui_eval.config_reader import read_config

    return read_config(text, folder, path=path, files=files)


__all__ = [
    "CRITERIA",
    "FILE_NAME",
    "THRESHOLDS",
    "Config",
    "ConfigError",
    "DataConfig",
    "EngineConfig",
    "GateConfig",
    "GenerationConfig",
    "ModelConfig",
    "PromptConfig",
    "ScoringConfig",
    "TaskConfig",
    "find",
    "load",
    "parse",
]
