"""What is wrong with a ``[tasks.NAME]`` section, as far as it can be told without its data."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tui_eval import config as shape
from tui_eval.config import Config, TaskConfig
from tui_eval.core.metrics import ENTRY_POINTS, METRICS, metric_of, passes_at
from tui_eval.core.metrics.labels import by_folded
from tui_eval.errors import InputError

_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_TAKEN = ("low", "high", "verdict", "items")
"""Names that ``gate`` means something else by."""
_USUAL = ("rougeL", "accuracy", "macro_f1", "exact_match", "numeric", "pass_at_1", "bleu")
_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")

Fault = tuple[str, str]
"""The key, and what is wrong with its value."""


def faults(config: Config, task: TaskConfig, *, files: bool) -> Iterator[Fault]:
    """``files=False``: named files need not be there."""
    if task.name in _TAKEN:
        yield "", f"can't be called {task.name}: gate means something else by it"
    if not task.metrics:
        yield "metrics", f"names none: metrics = [{', '.join(map(repr, _USUAL[:2]))}, …]"
    if not (task.data or config.data.test or config.data.validation):
        yield "data", "is not set, nor [data] test: name the task's file"
    yield from _metrics(config, task, files=files)
    yield from _labels(task)
    yield from _patterns(task)
    yield from _numbers(task)
    yield from _template(task)


def _metrics(config: Config, task: TaskConfig, *, files: bool) -> Iterator[Fault]:
    seen: set[str] = set()
    own = own_names(config.resolve(task.own)) if task.own and files else None
    for name in task.metrics:
        if name in seen:
            yield "metrics", f"names {name} twice"
        seen.add(name)
        if not _NAME.match(name) or name in _TAKEN:
            yield "metrics", f"names {name!r}: a metric's name is letters, digits and _ only"
        elif metric_of(name).own and not _is_known(name, task, own):
            known = (*METRICS, "pass_at_1", *sorted(own or ()))
            near = shape.nearest(name, known)
            hint = near if near.startswith("did") else f"known: {', '.join(_USUAL)}, …"
            where = f", nor a function in {task.own}" if task.own else ""
            yield "metrics", f"names {name!r}, which is no metric{where}; {hint}"
    for name in task.lower_is_better:
        if name not in task.metrics:
            yield "lower_is_better", f"names {name!r}, which metrics does not"
        elif not metric_of(name).own:
            yield "lower_is_better", f"names {name!r}: of which way is better is known"
    if "json_schema" in task.metrics and not task.schema:
        yield "metrics", "holds json_schema, but there is no schema = 'FILE'"


def _is_known(name: str, task: TaskConfig, own: frozenset[str] | None) -> bool:
    """A file that can't be looked into now may hold anything."""
    if task.own and (own is None or name in own):
        return True
    # Costs milliseconds, and only an unknown name is worth them.
    from importlib.metadata import entry_points

    return any(point.name == name for point in entry_points(group=ENTRY_POINTS))


def own_names(path: Path) -> frozenset[str] | None:
    """What a Python file defines, without running it. None where that can't be told: it is not
    there, has a fault (which the metric then tells), or takes names from elsewhere."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            if node.name == "*":
                return None
            found.add(node.asname or node.name.partition(".")[0])
    return frozenset(found)


def _labels(task: TaskConfig) -> Iterator[Fault]:
    measures = {metric_of(name).measure for name in task.metrics}
    if task.labels:
        if "labels" not in measures:
            yield "labels", "is set, but no metric is about labels (accuracy, macro_f1, …)"
        try:
            by_folded(task.labels)
        except InputError as error:
            yield "labels", f"can't be used: {error.message} {error.remedy}"
    if "labels" not in measures:
        return
    if task.label_rule == "json" and not task.json_field:
        yield "label_rule", "is json, but no json_field says where the label is"
    if task.label_rule == "regex" and not task.pattern:
        yield "label_rule", "is regex, but there is no pattern"


def _patterns(task: TaskConfig) -> Iterator[Fault]:
    if "regex" in task.metrics and not task.pattern:
        yield "metrics", "holds regex, but there is no pattern"
    if task.pattern:
        try:
            re.compile(task.pattern)
        except re.error as error:
            yield "pattern", f"is not a regular expression: {error}; write it between single quotes"


def _numbers(task: TaskConfig) -> Iterator[Fault]:
    most = max((passes_at(name) or 0 for name in task.metrics), default=0)
    if most > task.samples:
        yield "metrics", f"holds pass_at_{most}, which needs samples = {most} or more"
    if most and task.samples > 1 and (task.greedy or task.temperature == 0):
        yield "samples", f"is {task.samples}, but greedy answers are all the same"
    if task.shots is not None and not task.few_shot:
        yield "shots", "is set, but there is no few_shot = 'FILE'"
    if task.top_p is not None and task.top_p > 1:
        yield "top_p", "has to be at most 1"


def _template(task: TaskConfig) -> Iterator[Fault]:
    if task.template is None:
        return
    places = template_fields(task.template)
    if places is None:
        yield "template", "has a single { or }: a field is {name}, a brace {{ or }}"
    elif not places:
        yield "template", "names no field of the data, such as {question}: all prompts are alike"


def template_fields(template: str) -> tuple[str, ...] | None:
    """Fields that a template names; None where a brace stands alone."""
    found: list[str] = []
    for place in _PLACE.finditer(template):
        if place[1] is not None and place[1].strip():
            found.append(place[1].strip())
        elif place.group() not in ("{{", "}}"):
            return None
    return tuple(dict.fromkeys(found))


def filled(template: str, field_of: dict[str, str]) -> str:
    """The template with its fields' texts, which are not looked into for fields again."""

    def put(place: re.Match[str]) -> str:
        if place[1] is None:
            return place.group()[0]
        return field_of[place[1].strip()]

    return _PLACE.sub(put, template)
