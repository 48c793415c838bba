"""Tasks that the files around a checkpoint look like, for a person to confirm.

Each becomes a section of eval.toml that says what it went by. One whose metrics run code that
a model wrote, and one that the model may have been trained on, is written as comments: whoever
takes the marks away has decided that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tui_eval.errors import TuiEvalError
from tui_eval.files import nearby
from tui_eval.files.raw import entries
from tui_eval.files.task_guess import Guess, guess

MOST_FILES, MOST_TASKS = 12, 6
LIMIT = 200
"""Items of a task that nobody chose: enough to see whether it is one."""
FOLDERS = ("tasks", "evals", "benchmarks")
_NO_TASK = re.compile(r"samples_.+_\d{4}-|.+_results\Z")
RUNS_CODE = (
    "Without the marks its metric runs the code that the models write, in the sandbox:",
    "tui-eval doctor says how well this machine confines it.",
)
MAY_BE_TRAINING = ("Perhaps training data: take the marks away if the model never saw it.",)


@dataclass(frozen=True, slots=True)
class FoundTask:
    """``name`` is the guess's, numbered where several files are of one kind. ``off`` says in
    lines why it is not measured until a person wants it."""

    name: str
    path: Path
    guess: Guess
    off: tuple[str, ...] = ()


def tasks_near(
    checkpoint: Path, chosen: Sequence[Path], besides: Sequence[Path]
) -> tuple[FoundTask, ...]:
    """What ``chosen`` (the test rows, else the validation rows), the files of a folder called
    tasks and other files near the checkpoint are, but for ``besides`` and files named as
    training rows. Looks at the first rows of each."""
    found: list[FoundTask] = []
    for path, meant in islice(_files(checkpoint, chosen, besides), MOST_FILES):
        try:
            made = guess(path)
        except (TuiEvalError, RecursionError):
            continue
        if made is None:
            continue
        same = sum(1 for one in found if one.guess.name == made.name)
        off = RUNS_CODE if made.name == "code" else () if meant else MAY_BE_TRAINING
        found.append(FoundTask(f"{made.name}_{same + 1}" if same else made.name, path, made, off))
        if len(found) == MOST_TASKS:
            break
    return tuple(found)


def _files(
    checkpoint: Path, chosen: Sequence[Path], besides: Sequence[Path]
) -> Iterator[tuple[Path, bool]]:
    """Each with whether it is there to be measured by, for all that can be told."""
    purposes = {word for words in nearby.WORDS.values() for word in words}
    seen = {path.resolve() for path in besides}
    folders = [place / name for place in nearby.places(checkpoint) for name in FOLDERS]
    listed = [path for folder in folders for path in entries(folder) if nearby.is_data(path)]
    others = [
        path
        for path in nearby.data_files(checkpoint)
        if not set(re.split(r"[^a-z0-9]+", nearby.stem(path))) & purposes
        and not _NO_TASK.match(nearby.stem(path))
    ]
    for path in (*chosen, *listed, *others):
        whole = path.resolve()
        if whole not in seen:
            seen.add(whole)
            yield path, path not in others


def in_words(found: Sequence[FoundTask]) -> str:
    """``labels in test.jsonl (12 different short answers in 500 rows)``."""
    return "; ".join(f"{one.name} in {one.path.name} ({one.guess.why})" for one in found)
