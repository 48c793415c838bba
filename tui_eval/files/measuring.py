"""What the ``measure`` verb compares answers and prompts with: the training file's texts,
streamed, and the key under which its findings are recorded.

A text's overlap depends on that text and the training file alone, not on who wrote it. So
findings are recorded by the text, and answers made anew can never be shown with old ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui_eval.config import Config
from tui_eval.core.records import Message, Sample
from tui_eval.core.text import content_id
from tui_eval.errors import InputError
from tui_eval.files.datasets.reader import Tally, check, usable_rows
from tui_eval.files.raw import is_folder, why

MEASURE = "measure-1"
"""Goes up whenever the same texts would be found otherwise."""

_COUNT_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class TrainingRow:
    number: int
    source: str
    prompt: str
    answers: tuple[str, ...]
    """Every assistant turn; of a plain text, the text."""


def measured_key(config: Config, training: str) -> str:
    """``training``: the ``content_of`` the training file."""
    data, limits = config.data, config.overfitting
    return content_id(
        {
            "measure": MEASURE,
            "training": training,
            "read": [data.format, data.prompt, data.answer, data.system],
            "copy": [limits["copy_words"], limits["copy_run"]],
        }
    )


def content_of(path: Path) -> str:
    """Names a file's bytes, or those of all files of a folder. All of them: whoever corrects
    one row must not see what was found before."""
    whole = hashlib.sha256()
    try:
        for file in _files(path):
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            name = "" if file == path else str(file.relative_to(path))
            whole.update(f"{name}:{digest}\n".encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise InputError(f"{path} can't be read: {why(error)}.") from error
    return whole.hexdigest()[:16]


def _files(path: Path) -> Iterable[Path]:
    return sorted(one for one in path.rglob("*") if one.is_file()) if is_folder(path) else [path]


def training_rows(path: Path, config: Config) -> Iterator[TrainingRow]:
    """Every usable row. Raises as reading a data set does."""
    tally = Tally()
    for usable in usable_rows(path, "train", config.data, tally):
        made = usable.content
        yield TrainingRow(
            usable.row.number,
            usable.row.source or path.name,
            prompt_of(made.messages, made.text),
            answers_of(made.messages, made.text),
        )
    check(path, "train", config.data, tally)


def about_rows(path: Path) -> int | None:
    """How many rows there are, from the line ends of a plain JSONL file; None for others,
    where only reading them tells."""
    if path.suffix not in (".jsonl", ".ndjson") or not path.is_file():
        return None
    with path.open("rb") as file:
        if file.read(2) == b"\x1f\x8b":
            return None
        file.seek(0)
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_COUNT_BLOCK), b""))


def prompt_of(messages: Sequence[Message], text: str | None) -> str:
    """What nearness is told by: all that was said before the last answer, without system
    turns, which are the same in every row; a plain text whole."""
    if text is not None:
        return text
    turns = [turn for turn in messages if turn.role not in ("system", "developer")]
    last = max((at for at, turn in enumerate(turns) if turn.role == "assistant"), default=None)
    return "\n".join(turn.content for turn in turns[:last])


def prompt_of_sample(sample: Sample) -> str:
    return prompt_of(sample.messages, sample.text)


def answers_of(messages: Sequence[Message], text: str | None) -> tuple[str, ...]:
    if text is not None:
        return (text,)
    return tuple(turn.content for turn in messages if turn.role == "assistant" and turn.content)
