"""Logs of inspect as ``.json``: one object with the run's settings and its samples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tui_eval.errors import InputError
from tui_eval.files.datasets.rows import DamagedRow, Row, first_bytes, open_bytes

MOST_BYTES = 1 << 30
_HEAD = 1 << 12
_BEGINNING = re.compile(
    rb'\{\s*"version"\s*:\s*\d+\s*,\s*"status"\s*:\s*"\w+"\s*,\s*"eval"\s*:\s*\{'
)


def is_log(path: Path) -> bool:
    head = first_bytes(path, _HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    return _BEGINNING.match(head) is not None


def is_packed(path: Path) -> bool:
    """An ``.eval`` log: a ZIP file, mostly packed by a method that Python does not read."""
    return path.suffix == ".eval" and first_bytes(path, 4) == b"PK\x03\x04"


def refuse_packed(path: Path) -> None:
    raise InputError(
        f"{path} is a packed log of inspect.",
        f"Write it as JSON first: inspect log convert --to json --output-dir . {path.name}",
    )


def rows(path: Path) -> Iterator[Row]:
    """Each sample's first epoch as a row with ``id``, ``prompt``, ``answer``, ``reference``.
    Raises InputError where the file is no log after all."""
    log = _parsed(path)
    samples = log.get("samples") if isinstance(log, Mapping) else None
    if not isinstance(samples, list):
        raise InputError(
            f"{path} is a log of inspect without samples.",
            "Run it with samples logged, or name another file.",
        )
    for number, sample in enumerate(samples, 1):
        if not isinstance(sample, Mapping):
            yield Row(number, None, "not an object")
        elif sample.get("epoch", 1) == 1:
            yield _row(number, sample)


def _parsed(path: Path) -> Any:
    with open_bytes(path) as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise InputError(f"{path} is larger than {MOST_BYTES >> 30} GiB.")
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not whole JSON: {error}.") from error


def _row(number: int, sample: Mapping[str, Any]) -> Row:
    try:
        answer = _answer(sample)
    except DamagedRow as damage:
        return Row(number, None, str(damage))
    target, extra = sample.get("target"), sample.get("metadata")
    value: dict[str, Any] = {
        "id": sample.get("id"),
        "prompt": _input(sample.get("input")),
        "answer": answer,
        "reference": target[0] if isinstance(target, list) and target else target,
    }
    if isinstance(extra, Mapping):
        value["category"] = extra.get("category")
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        return Row(number, None, "holds half a character (a lone surrogate)")
    except (ValueError, RecursionError):
        return Row(number, None, "holds NaN or infinity, or is nested too deeply")
    return Row(number, value)


def _input(asked: Any) -> Any:
    """A text, or turns; of these only who said what: each run writes other ids into them."""
    if not isinstance(asked, list):
        return asked
    return [
        {"role": turn.get("role"), "content": _text(turn.get("content"), thinking=False)}
        for turn in asked
        if isinstance(turn, Mapping)
    ]


def _answer(sample: Mapping[str, Any]) -> str:
    output = sample.get("output")
    choices = output.get("choices") if isinstance(output, Mapping) else None
    if not isinstance(choices, list) or not choices:
        failed = sample.get("error")
        why = failed.get("message") if isinstance(failed, Mapping) else None
        raise DamagedRow(f"no answer: {str(why)[:120]}" if why else "no answer")
    message = choices[0].get("message") if isinstance(choices[0], Mapping) else None
    if not isinstance(message, Mapping):
        raise DamagedRow("no answer")
    return _text(message.get("content"), thinking=True)


def _text(content: Any, *, thinking: bool) -> str:
    """Text parts joined; reasoning goes before them in tags, as models write it themselves."""
    if isinstance(content, str):
        return content
    said, thought = [], []
    for part in content if isinstance(content, list) else ():
        if isinstance(part, Mapping) and isinstance(part.get("text"), str):
            said.append(part["text"])
        elif isinstance(part, Mapping) and isinstance(part.get("reasoning"), str):
            thought.append(part["reasoning"])
    before = f"<think>{''.join(thought)}</think>" if thinking and thought else ""
    return before + "".join(said)
