"""The reading of an eval.toml's text: every fault is collected before one is raised."""

from __future__ import annotations

import errno
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tui_eval import config as shape
from tui_eval import config_ranges, config_tasks
from tui_eval.config import FILE_NAME, THRESHOLDS, Config, ModelConfig, TaskConfig
from tui_eval.config_lines import Key, key_lines, line_of
from tui_eval.errors import ConfigError

Section = TypeVar("Section")

_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")
_HUB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?\Z")
_SECTIONS: dict[str, type[Any]] = {
    "data": shape.DataConfig,
    "prompt": shape.PromptConfig,
    "scoring": shape.ScoringConfig,
    "generation": shape.GenerationConfig,
    "engine": shape.EngineConfig,
    "gate": shape.GateConfig,
}
_KINDS = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false"}
# Keys that people look for, and why they are not there.
_NOT_OFFERED = {
    "trust_remote_code": "is not offered: code that comes with a checkpoint is never run",
}


@dataclass
class _Faults:
    lines: Mapping[Key, int]
    text: str = ""
    found: list[tuple[int, str]] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)

    def add(self, key: Key, what: str, *, holding: str = "") -> None:
        """``holding``: the line is the first one from the key's own on that holds this text."""
        self.keys.add(key)
        line = line_of(self.lines, key)
        if holding and line:
            below = enumerate(self.text.split("\n")[line - 1 :], line)
            line = next((number for number, text in below if holding in text), line)
        where = f"line {line}: " if line else ""
        self.found.append((line or 0, f"{where}{'.'.join(key)} {what}"))

    def raise_any(self, source: str) -> None:
        if not self.found:
            return
        count = len(self.found)
        problems = tuple(text for _, text in sorted(self.found, key=lambda fault: fault[0]))
        raise ConfigError(
            f"{source} has {count} problem{'s' if count > 1 else ''}:",
            problems,
            remedy=f"Correct {'them' if count > 1 else 'it'} in {source}.",
        )


def read_config(text: str, folder: Path, *, path: Path | None, files: bool) -> Config:
    source = str(path) if path else FILE_NAME
    raw = _toml(text, source)
    plain = text.replace("\r\n", "\n")
    faults = _Faults(key_lines(plain), plain)
    known = ("models", "tasks", *_SECTIONS, *THRESHOLDS)
    for name in raw:
        if name not in known:
            faults.add((name,), _unknown("section", name, known))
    values: dict[str, Any] = {
        name: _section(kind, raw.get(name, {}), (name,), faults) for name, kind in _SECTIONS.items()
    }
    values["anchors"] = _anchors(raw.get("review"), faults)
    values |= {name: _thresholds(raw.get(name, {}), name, faults) for name in THRESHOLDS}
    values["models"] = _named(ModelConfig, raw.get("models", {}), "models", faults)
    values["tasks"] = _named(TaskConfig, raw.get("tasks", {}), "tasks", faults)
    config = Config(folder=folder, path=path, **values)
    _check_together(config, faults)
    for name, task in config.tasks.items():
        told = set(faults.keys)
        for key, what in config_tasks.faults(config, task, files=files):
            # A value that could not be read is not missed a second time.
            if ("tasks", name, key) not in told:
                faults.add(("tasks", name, key) if key else ("tasks", name), what)
    _check_gate(config, faults)
    if files:
        _check_paths(config, faults)
    faults.raise_any(source)
    return config


def _toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        what = str(error).split(" (at ")[0]
        where = f"line {at[1]}, column {at[2]}: " if at else ""
        raise ConfigError(
            f"{source} is not valid TOML:",
            (f"{where}{what}",),
            remedy="Text needs quotes, a section is [name], true and false are lower case.",
        ) from error
    except RecursionError as error:
        raise ConfigError(f"{source} is nested too deeply.") from error


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> str:
    return f"is not a known {kind}; {shape.nearest(name, known)}"


def _table(raw: Any, key: Key, faults: _Faults) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    faults.add(key, f"has to be a section: write [{'.'.join(key)}] on a line of its own")
    return {}


def _section(kind: type[Section], raw: Any, key: Key, faults: _Faults, **given: Any) -> Section:
    hints = get_type_hints(kind)
    entries = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]
    known = tuple(name for name in entries if name != "lines" and name not in given)
    values: dict[str, Any] = dict(given)
    table = _table(raw, key, faults)
    for name, value in table.items():
        place = (*key, name)
        if name in _NOT_OFFERED:
            faults.add(place, _NOT_OFFERED[name])
        elif name not in known:
            faults.add(place, _unknown("key", name, known))
        else:
            fault, typed = _typed(value, hints[name], entries[name])
            if fault:
                faults.add(place, fault)
            else:
                values[name] = typed
    if "lines" in entries:
        stands = ((name, line_of(faults.lines, (*key, name))) for name in table)
        values["lines"] = tuple((name, line) for name, line in stands if line)
    return kind(**values)


def _typed(value: Any, hint: Any, entry: Field[Any]) -> tuple[str, Any]:
    """``("", value)`` or ``(fault, None)``."""
    kinds = [k for k in get_args(hint) if k is not type(None)] if _is_union(hint) else [hint]
    for kind in kinds:
        if get_origin(kind) is Literal:
            if isinstance(value, str) and value in get_args(kind):
                return "", value
        elif get_origin(kind) is tuple:
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                return "", tuple(value)
        elif _is(value, kind):
            number = float(value) if kind is float else value
            return _bounds(number, entry), number
    return f"is {_shown(value)}, but has to be {_wanted(kinds[0], value)}", None


def _is_union(hint: Any) -> bool:
    import types

    return get_origin(hint) in (Union, types.UnionType)


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is kind


def _wanted(kind: Any, value: Any) -> str:
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        near = shape.nearest(value, choices) if isinstance(value, str) else ""
        hint = f"; {near}" if near.startswith("did") else ""
        return f"one of {', '.join(choices)}{hint}"
    if get_origin(kind) is tuple:
        return 'a list of texts, such as ["a", "b"]'
    return _KINDS[kind]


def _bounds(value: Any, entry: Field[Any]) -> str:
    least = entry.metadata.get("least")
    if isinstance(value, float) and not math.isfinite(value):
        return "has to be a finite number"
    if least is not None and value < least:
        return f"is {value}, but has to be at least {least}"
    return ""


def _shown(value: Any) -> str:
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _thresholds(raw: Any, name: str, faults: _Faults) -> Mapping[str, Any]:
    values = dict(THRESHOLDS[name])
    for key, value in _table(raw, (name,), faults).items():
        if (name, key) == ("review", "anchors"):
            continue
        if key not in values:
            faults.add((name, key), _unknown("key", key, tuple(values)))
            continue
        kind = type(values[key])
        choices = shape._CHOICES.get((name, key), ())
        if not _is(value, kind):
            faults.add((name, key), f"is {_shown(value)}, but has to be {_wanted(kind, value)}")
        elif choices and value not in choices:
            faults.add((name, key), f"is {_shown(value)}, but has to be {' or '.join(choices)}")
        elif kind is not str and (fault := config_ranges.fault(name, key, value)):
            faults.add((name, key), fault)
        else:
            values[key] = kind(value)
    for section, low, high in config_ranges.ORDERED:
        if section == name and float(values[low]) > float(values[high]):
            given = low if low in raw else high
            faults.add((name, given), f"puts {low} ({values[low]}) above {high} ({values[high]})")
    return values


def _anchors(review: Any, faults: _Faults) -> dict[str, tuple[str, ...]]:
    """``[review.anchors]``: a team's own words for the five levels of a criterion."""
    raw = review.get("anchors", {}) if isinstance(review, dict) else {}
    found = {}
    for name, levels in _table(raw, ("review", "anchors"), faults).items():
        place = ("review", "anchors", name)
        if name not in shape.CRITERIA:
            faults.add(place, _unknown("criterion", name, shape.CRITERIA))
        elif not _is_levels(levels):
            faults.add(place, 'has to be a list of five texts, for 1 to 5: ["wrong", …, "right"]')
        else:
            found[name] = tuple(levels)
    return found


def _is_levels(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 5 and all(isinstance(v, str) for v in value)


def _named(kind: type[Section], raw: Any, section: str, faults: _Faults) -> dict[str, Section]:
    found = {}
    for name, entry in _table(raw, (section,), faults).items():
        if not _NAME.match(name):
            faults.add((section, name), f"is not a usable name: {_name_words(name)}")
        elif not isinstance(entry, dict) and section == "models":
            faults.add((section, name), f"has to be a section: [models.{name}] with path = …")
        else:
            found[name] = _section(kind, entry, (section, name), faults, name=name)
    return found


def _name_words(name: str) -> str:
    words = "letters, digits, - and _ only"
    # What stands behind an @ is found by itself.
    return f"{words}; checkpoints of a run need no section" if "@" in name else words


def _check_together(config: Config, faults: _Faults) -> None:
    scoring = config.scoring
    if scoring.stride is not None and scoring.stride > scoring.max_length:
        faults.add(("scoring", "stride"), f"is above max_length, which is {scoring.max_length}")
    if not re.match(r"(auto|cpu|mps|cuda(:\d+)?)\Z", scoring.device):
        faults.add(("scoring", "device"), "has to be auto, cpu, cuda, cuda:N or mps")
    if config.generation.top_p is not None and config.generation.top_p > 1:
        faults.add(("generation", "top_p"), "has to be at most 1")
    for name, model in config.models.items():
        for key, what in _model_faults(model):
            faults.add(("models", name, key) if key else ("models", name), what)


def _model_faults(model: ModelConfig) -> Iterator[tuple[str, str]]:
    """What is wrong with a model's keys taken together, by key; none: with its section."""
    if not (model.path or model.url or model.log or model.given):
        yield "", "names no model: give it path = … (or answers = …, references = true)"
    if model.references and (
        other := next(filter(None, (model.path, model.url, model.answers)), "")
    ):
        yield "references", f"goes alone: they are the data's answers, not those of {_shown(other)}"
    if model.shots and not model.few_shot:
        yield "shots", "counts the rows of few_shot, which is not set"


def _check_gate(config: Config, faults: _Faults) -> None:
    """A misspelt condition is found now, and not by the pipeline that asks in a month."""
    if not config.gate.require:
        return
    from tui_eval.core import gate

    known = shape.known_to_gate(config)
    for text in config.gate.require:
        try:
            gate.parse(text, known, shape.nearest)
        except gate.Fault as fault:
            faults.add(("gate", "require"), f"{_shown(text)} {fault}", holding=text)


def _check_paths(config: Config, faults: _Faults) -> None:
    for key, entry in _holders(config):
        for item in fields(entry):
            value = getattr(entry, item.name)
            if not value:
                continue
            kinds = item.metadata
            named = kinds.get("path") or (kinds.get("model") and not is_hub_name(config, value))
            named = named or (kinds.get("template") and value not in ("chat", "plain"))
            if named and (fault := missing(config, value)):
                faults.add((*key, item.name), fault)


def _holders(config: Config) -> list[tuple[Key, Any]]:
    models = [(("models", name), model) for name, model in config.models.items()]
    tasks = [(("tasks", name), task) for name, task in config.tasks.items()]
    return [*models, (("data",), config.data), (("prompt",), config.prompt), *tasks]


def is_hub_name(config: Config, value: str) -> bool:
    """Whether a model's ``path`` that is not there may be a hub's name rather than a slip.

    ``org/name`` is one, unless a folder ``org`` lies beside eval.toml.
    """
    if not _HUB_NAME.match(value) or re.match(r"checkpoint-\d+\Z", value):
        return False
    first, _, rest = value.partition("/")
    return not (rest and _exists(config.folder / first))


def missing(config: Config, value: str) -> str:
    """Why a named file can't be found, with the nearest name beside where it should be."""
    path = config.resolve(value)
    if _exists(path):
        return ""
    if path.is_symlink() and _leads_to_itself(path):
        return f"names {_shown(value)}, which can't be followed: it is a link back to itself"
    parent = path.parent
    while not _exists(parent) and parent != parent.parent:
        parent = parent.parent
    wanted = path.relative_to(parent).parts[0]
    near = ""
    # Names from a folder further up, or from the root, belong to something else.
    if parent == path.parent and parent != parent.parent:
        try:
            names = sorted(p.name for p in parent.iterdir() if p.name != wanted)
        except OSError:
            names = []
        near = shape.nearest(wanted, tuple(names))
    hint = f"; {near}" if near.startswith("did") else ""
    return f"names {_shown(value)}, which is not there: no {wanted!r} in {parent}{hint}"


def _leads_to_itself(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
