"""What of a file of answers serves no item of any task: unusable rows, and rows left over."""

from __future__ import annotations

from pathlib import Path

from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files.raw import is_folder


def files_of(path: Path, task: str | None) -> tuple[Path, ...]:
    """The files that are read for a task: of a folder only its samples. None where there are
    none."""
    from tui_eval.files.answer_reading import samples_in

    try:
        return samples_in(path, task) if is_folder(path) else (path,)
    except InputError:
        return ()


def left_notes(path: Path, task: str, used: set[int]) -> tuple[str, ...]:
    """In sentences; ``used`` are the rows that serve an item. A file that can't be read at all
    says so at the items."""
    from tui_eval.files.answer_reading import read_answers

    try:
        file = read_answers(path, task)
    except InputError:
        return ()
    name, told = clean(path.name, limit=80), []
    if file.bad:
        told.append(f"{name}: {file.counted}")
    left = [row.number for row in file.rows if row.number not in used]
    if left:
        answers = f"{len(left):,} answer{'' if len(left) == 1 else 's'}"
        told.append(
            f"{answers} of {name} {'is' if len(left) == 1 else 'are'} to no item, or to one that"
            f" another row answers (first: row {left[0]})"
        )
    return tuple(told)
