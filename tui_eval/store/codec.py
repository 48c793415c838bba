"""Records to JSON bodies and back, exactly.

A float that is not finite becomes a string, for JSON knows none; per-token losses are
base64 of little-endian float32; spans and runs are flat lists of integers.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

from tui_eval.core.records import (
    Completion,
    CopyMatch,
    Message,
    NearestPrompt,
    Preflight,
    Producer,
    Reconcile,
    Rendering,
    Sample,
    TokenLoss,
    TokenTable,
)

Body = dict[str, Any]
T = TypeVar("T")

HEAVY = ("token_nll", "spans", "runs")
"""Fields of a loss that only the token view reads: they stay in the facts file."""
IN_FILE = ("sample", "rendering", "completion", "tokens")
"""Kinds whose bodies are long texts: the index has only the place where they lie."""
_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_PAIRS = ("spans", "runs", "scored")
_PACKED = ("token_nll", "top_nll")


def encode(record: Any) -> Body:
    """A record of ``core.records`` as a JSON object without defaults that say nothing."""
    return {
        name: _field(name, value)
        for name, value in ((name, getattr(record, name)) for name in _names(type(record)))
        if value != () or name == "scored"
    }


def _field(name: str, value: Any) -> Any:
    if name in _PACKED:
        return pack(value)
    if name in _PAIRS:
        return [number for pair in value for number in pair]
    return plain(value)


def plain(value: Any) -> Any:
    """``value`` as what JSON can hold."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _word(value)
    if is_dataclass(value):
        return encode(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} can't be written as JSON")


def _word(value: float) -> str:
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def number(value: Any) -> float:
    """A float as ``plain`` wrote it."""
    return _WORDS[value] if isinstance(value, str) else float(value)


def pack(values: Sequence[float]) -> str:
    """Base64 of little-endian float32."""
    numbers = array("f", values)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode("ascii")


def unpack(text: str) -> tuple[float, ...]:
    numbers = array("f")
    numbers.frombytes(base64.b64decode(text))
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)


def light(kind: str, body: Mapping[str, Any]) -> Body | None:
    """What the index keeps of a fact: None means that the file is read instead."""
    if kind in IN_FILE:
        return None
    if kind == "loss":
        return {name: value for name, value in body.items() if name not in HEAVY}
    return dict(body)


def token_loss(body: Mapping[str, Any]) -> TokenLoss:
    """From a whole body or from its light part, which gives no tokens."""
    values = _known(TokenLoss, body)
    values["nll"] = number(values["nll"])
    values["end_nll"] = number(values.get("end_nll", 0.0))
    values["token_nll"] = unpack(values.get("token_nll", ""))
    values["spans"] = _pairs(values.get("spans", ()))
    values["runs"] = _pairs(values.get("runs", ()))
    return TokenLoss(**values)


def rendering(body: Mapping[str, Any]) -> Rendering:
    values = _known(Rendering, body)
    values["scored"] = _pairs(values.get("scored", ()))
    values["first_ids"] = tuple(values.get("first_ids", ()))
    values["first_tokens"] = tuple(values.get("first_tokens", ()))
    return Rendering(**values)


def token_table(body: Mapping[str, Any]) -> TokenTable:
    values = _known(TokenTable, body)
    for name in ("scored", "spans"):
        values[name] = _pairs(values.get(name, ()))
    for name in _PACKED:
        values[name] = unpack(values.get(name, ""))
    for name in ("pieces", "top"):
        values[name] = tuple(values.get(name, ()))
    return TokenTable(**values)


def completion(body: Mapping[str, Any]) -> Completion:
    values = _known(Completion, body)
    values["flags"] = tuple(values.get("flags", ()))
    return Completion(**values)


def sample(body: Mapping[str, Any]) -> Sample:
    values = _known(Sample, body)
    values["messages"] = tuple(
        Message(**_known(Message, turn)) for turn in values.get("messages", ())
    )
    values["tools"] = tuple(values.get("tools", ()))
    return Sample(**values)


def producer(body: Mapping[str, Any]) -> Producer:
    return Producer(**_known(Producer, body))


def reconcile(body: Mapping[str, Any]) -> Reconcile:
    values = _known(Reconcile, body)
    values["prompt_nll"] = number(values["prompt_nll"])
    if values.get("newline_nll") is not None:
        values["newline_nll"] = number(values["newline_nll"])
    return Reconcile(**values)


def preflight(body: Mapping[str, Any]) -> Preflight:
    values = _known(Preflight, body)
    if values.get("max_logit_difference") is not None:
        values["max_logit_difference"] = number(values["max_logit_difference"])
    return Preflight(**values)


def copy_match(body: Mapping[str, Any]) -> CopyMatch:
    values = _known(CopyMatch, body)
    first, last = values.get("span", (0, 0))
    return CopyMatch(**{**values, "span": (int(first), int(last))})


def nearest_prompt(body: Mapping[str, Any]) -> NearestPrompt:
    return NearestPrompt(**_known(NearestPrompt, body))


def canonical(value: Any) -> str:
    """One text for equal values, to compare job arguments by."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"))


def _known(record: type, body: Mapping[str, Any]) -> Body:
    """Fields that this version knows: a newer one may have written more."""
    names = _names(record)
    return {name: body[name] for name in names if name in body}


def _names(record: type) -> tuple[str, ...]:
    names = _NAMES.get(record)
    if names is None:
        names = _NAMES[record] = tuple(field.name for field in fields(record))
    return names


_NAMES: dict[type, tuple[str, ...]] = {}


def _pairs(numbers: Sequence[int]) -> tuple[tuple[int, int], ...]:
    return cast("tuple[tuple[int, int], ...]", tuple(zip(numbers[::2], numbers[1::2], strict=True)))
