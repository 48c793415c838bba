"""Reading a bundle: every line is sealed as a journal's is, and nothing in it is trusted."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from tui_eval.core.anchors import ANCHORS
from tui_eval.core.judgements import PlannedPair, Step
from tui_eval.core.records import Completion, Finish, Message, Sample
from tui_eval.errors import InputError, StoreError
from tui_eval.files.raw import why
from tui_eval.store.files import Event, unseal

FORMAT = 1
"""The newest that is understood."""
LIMIT = 1 << 29
"""Bytes, unpacked."""
_LONGEST_HEAD = 1 << 20
_GZIP = b"\x1f\x8b"


@dataclass(slots=True)
class Bundle:
    """One judge's part of one round. Texts are exact; whoever shows them cleans them."""

    judge: str
    step: Step
    round: str
    before: tuple[str, ...] = ()
    apart: int = 0
    guesses: int = 0
    anchors: Mapping[str, tuple[str, str, str, str, str]] = field(default_factory=dict)
    plan: str = ""
    planned: int = 0
    ordinal: int = 0
    mode: str = "planned"
    blind: bool = True
    pairs: tuple[PlannedPair, ...] = ()
    items: tuple[str, ...] = ()
    samples: dict[str, Sample] = field(default_factory=dict)
    texts: dict[str, Completion] = field(default_factory=dict)
    """By completion id."""


def read_bundle(path: Path) -> Bundle:
    """The whole bundle. StoreError where it is damaged, with the line; InputError where it
    is none, or of a newer version."""
    found: Bundle | None = None
    ended = False
    for number, event in _events(path):
        try:
            if found is None:
                found = _head(path, event)
            elif event.get("kind") == "end":
                ended = event.get("lines") == number - 1
            else:
                _TAKE[_text(event, "kind")](found, event)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _bad(path, number, f"it is not what a bundle holds ({error})") from error
    if found is None:
        raise _no_bundle(path)
    if not ended:
        raise StoreError(f"{path} is not whole: its end is missing.", _AGAIN)
    missing = {id for pair in found.pairs for id in (pair.left, pair.right)} | {*found.items}
    if not found.plan or missing - found.texts.keys():
        raise StoreError(f"{path} is not whole: answers of its plan are missing.", _AGAIN)
    return found


_AGAIN = "Copy it again from where it was made, or have it made again: tui-eval pack"


def is_bundle(path: Path) -> bool:
    """Whether the file begins as bundles do, whatever follows."""
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            return bool(unseal(file.readline(_LONGEST_HEAD).rstrip(b"\n")).get("kind") == "bundle")
    except (OSError, EOFError, ValueError, RecursionError, zlib.error):
        return False


def _no_bundle(path: Path) -> InputError:
    return InputError(f"{path} is not a bundle.", "A bundle is made with: tui-eval pack")


def _bad(path: Path, number: int, reason: str) -> StoreError:
    return StoreError(f"{path}, line {number} can't be used: {reason}", _AGAIN)


def _events(path: Path) -> Iterator[tuple[int, Event]]:
    lines = _unpacked(path).split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for number, line in enumerate(lines, 1):
        try:
            event = unseal(line)
        except (ValueError, RecursionError) as error:
            if number == 1:
                raise _no_bundle(path) from error
            raise _bad(path, number, str(error)) from error
        yield number, event


def _unpacked(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            data: bytes = file.read(LIMIT + 1)
    except (EOFError, gzip.BadGzipFile) as error:
        raise StoreError(f"{path} is damaged: {error}", _AGAIN) from error
    except OSError as error:
        raise InputError(f"{path} can't be read: {why(error)}.") from error
    if len(data) > LIMIT:
        raise InputError(f"{path} is larger than {LIMIT >> 20} MiB.", "A bundle is smaller.")
    return data


def _head(path: Path, event: Event) -> Bundle:
    if event.get("kind") != "bundle":
        raise _no_bundle(path)
    if _number(event, "format") > FORMAT:
        raise InputError(f"{path} was made by a newer version.", "Update tui-eval.")
    step = event["step"]
    if step not in get_args(Step):
        raise ValueError(f"step {step!r}")
    return Bundle(
        judge=_text(event, "judge"),
        step=step,
        round=_text(event, "round"),
        before=_texts(event.get("before", [])),
        apart=_number(event, "apart") if "apart" in event else 0,
        guesses=_number(event, "guesses") if "guesses" in event else 0,
        anchors={**ANCHORS, **_anchors(event.get("anchors", {}))},
    )


def _anchors(value: Mapping[str, Any]) -> dict[str, tuple[str, str, str, str, str]]:
    found = {}
    for name, levels in value.items():
        one, two, three, four, five = _texts(levels)
        found[name] = (one, two, three, four, five)
    return found


def _plan(bundle: Bundle, event: Event) -> None:
    bundle.plan = _text(event, "plan")
    bundle.ordinal = _number(event, "ordinal")
    bundle.planned = _number(event, "planned")
    bundle.mode = _text(event, "mode") if "mode" in event else "planned"
    bundle.blind = event.get("blind") is not False
    bundle.items = _texts(event.get("items", []))
    bundle.pairs = tuple(
        PlannedPair(
            _text(pair, "pair"),
            _text(pair, "left"),
            _text(pair, "right"),
            _text(pair, "repeat_of") if "repeat_of" in pair else "",
            pair.get("identical") is True,
        )
        for pair in event.get("pairs", [])
    )
    for pair in bundle.pairs:
        if pair.left == pair.right:
            raise ValueError("a pair of one answer")


def _prompt(bundle: Bundle, event: Event) -> None:
    id = _text(event, "sample")
    bundle.samples[id] = Sample(
        id,
        folded="",
        folded_prompt="",
        messages=tuple(_message(turn) for turn in event["messages"]),
        tools=tuple(dict(tool) for tool in event.get("tools", [])),
        category=_text(event, "category") or None,
    )


def _message(turn: Mapping[str, Any]) -> Message:
    extra = {name: value for name, value in turn.items() if name not in ("role", "content")}
    return Message(_text(turn, "role"), _text(turn, "content"), extra)


_ANSWER = frozenset({"kind", "sum", "id", "sample", "answer", "thinking"})
_REVIEWED = _ANSWER | {"finish", "flags"}


def _answer(bundle: Bundle, event: Event) -> None:
    unknown = event.keys() - (_REVIEWED if bundle.step == "review" else _ANSWER)
    if unknown:
        # Whatever comes with an answer could tell which model it is from.
        raise ValueError(f"{', '.join(sorted(unknown))} beside an answer")
    id, text = _text(event, "id"), _text(event, "answer")
    finish = event.get("finish", "given")
    if finish not in get_args(Finish):
        raise ValueError(f"finish {finish!r}")
    bundle.texts[id] = Completion(
        id,
        sample=_text(event, "sample"),
        text=text,
        answer=text,
        thinking=_text(event, "thinking"),
        finish=finish,
        flags=_texts(event.get("flags", [])),
    )


_TAKE = {"plan": _plan, "prompt": _prompt, "answer": _answer}


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError("a list of texts is none")
    return tuple(value)


def _number(event: Mapping[str, Any], name: str) -> int:
    value = event[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is not a whole number")
    if value < 0:
        raise ValueError(f"{name} is below 0")
    return value
