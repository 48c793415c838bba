"""A metric of a person's own: a function in a Python file, or of an installed package.

    def politeness(prompt: str, reference: str | None, answer: str, item: dict):
        return 1.0 if "please" in answer.lower() else 0.0

``prompt`` is what the models were asked, ``reference`` a right answer (None where the data has
none), ``answer`` the model's without its thinking, ``item`` the whole row of the data. It
returns a number, True or False, or a dictionary of at most 50 numbers; of several references the
best result counts, value by value. It may name fewer of the four arguments. What it raises is told
with the item, and the next item is measured.

The file runs in a process of its own, with the rights of the person who named it: a metric
that hangs on an answer is ended after ``[task_metrics] own_seconds`` and told with the item.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from tui_eval.core.metrics import ENTRY_POINTS
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler
from tui_eval.files import own_source

ARGUMENTS = ("prompt", "reference", "answer", "item")
Own = Callable[..., Any]
_NAME = re.compile(r"[A-Za-z0-9_]{1,100}\Z")
MOST_VALUES = 50
"""Of one answer: each is a row on screen, and is stored for each answer."""


class BadResult(ValueError):
    """What a metric returned is no number."""


def ruler(options: MetricOptions, name: str) -> Ruler:
    """A file that can't be loaded fails on every item, so that it is told like any metric that
    fails, and other metrics go on."""
    try:
        function, where = _found(options.own, name)
        call = _caller(function)
    except (Exception, SystemExit) as error:
        why = _told(error, options.own)
        return Ruler(lambda asked: Measured(error=why), needs_reference=False)
    best = min if name in options.lower_is_better else max

    def measure(asked: Asked) -> Measured:
        found: dict[str, float] = {}
        for reference in asked.references or (None,):
            made = call(asked.prompt, reference, asked.answer, dict(asked.item))
            for key, value in values_of(name, made).items():
                found[key] = best(found[key], value) if key in found else value
        return Measured(found)

    return Ruler(measure, f"{name}: {where}.", needs_reference=False)


def _found(path: str, name: str) -> tuple[Own, str]:
    """The function, and where it is from. The file goes before an installed package."""
    if path:
        content = own_source.digest(Path(path))
        module = _loaded(path, content)
        function = getattr(module, name, None)
        if callable(function):
            return function, f"function of {Path(path).name}, content {content[:12]}"
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == name:
            made: Own = point.load()
            version = f" {point.dist.version}" if point.dist is not None else ""
            package = point.dist.name if point.dist is not None else point.value
            return made, f"of the installed package {package}{version}"
    where = f"in {Path(path).name} or " if path else ""
    raise LookupError(f"there is no function {name} {where}among installed packages' metrics")


@lru_cache(maxsize=16)
def _loaded(path: str, digest: str) -> ModuleType:
    """Once for each content, not by the name of the file: two tasks may have a metrics.py
    each. What it imports from beside itself is found."""
    spec = importlib.util.spec_from_file_location(f"tui_eval_own_{digest[:16]}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{Path(path).name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    with _beside(path):
        _forget(own_source.sources(Path(path))[1:])
        # Data classes and pickles look their module up by its name.
        sys.modules[module.__name__] = module
        spec.loader.exec_module(module)
    return module


def _forget(files: Sequence[Path]) -> None:
    """What was imported from beside it before may have changed since."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and Path(file) in files:
            del sys.modules[name]
    importlib.invalidate_caches()


@contextmanager
def _beside(path: str) -> Iterator[None]:
    folder = str(Path(path).parent.absolute())
    sys.path.insert(0, folder)
    # Compiled files are told from new ones by whole seconds and size, which is too little.
    compiled, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = compiled
        if folder in sys.path:
            sys.path.remove(folder)


def _caller(function: Own) -> Own:
    """By name where it names our arguments, else all four in order."""
    try:
        named = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return function
    kinds = {one.kind for one in named.values()}
    wanted = [one for one in ARGUMENTS if one in named]
    if inspect.Parameter.VAR_KEYWORD in kinds:
        wanted = list(ARGUMENTS)
    needed = {
        one.name
        for one in named.values()
        if one.default is inspect.Parameter.empty
        and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    }
    if not wanted or not needed <= set(wanted):
        return function

    def call(*given: Any) -> Any:
        return function(**{k: v for k, v in zip(ARGUMENTS, given, strict=True) if k in wanted})

    return call


def values_of(name: str, made: Any) -> dict[str, float]:
    """``{"polite": {"tone": 1}}`` as ``{"polite_tone": 1.0}``. Raises BadResult."""
    if not isinstance(made, Mapping):
        return {name: _number(made)}
    if not made:
        raise BadResult("it returned an empty dictionary")
    if len(made) > MOST_VALUES:
        raise BadResult(f"it returned {len(made)} values, {MOST_VALUES} are the most")
    found = {}
    for key, value in made.items():
        if not isinstance(key, str) or not _NAME.match(key):
            raise BadResult(f"the name {str(key)[:40]!r}: 100 letters, digits and _ at most")
        found[key if key == name else f"{name}_{key}"] = _number(value)
    return found


def _number(value: Any) -> float:
    if isinstance(value, (str, bytes, complex)) or value is None:
        raise BadResult(f"it returned {value!r:.60}, which is no number")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadResult(f"it returned {_kind(value)}, which is no usable number") from error
    if not math.isfinite(number):
        raise BadResult(f"it returned {number}, which can't be averaged")
    return number


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"


def _told(error: BaseException, path: str) -> str:
    name = Path(path).name if path else "the metric"
    line = f" line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    message = str(error.msg if isinstance(error, SyntaxError) else error)[:300]
    return f"{name}{line} can't be used: {type(error).__name__}: {message}"
