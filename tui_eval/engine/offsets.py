"""Which characters of a text each token is, with tokenizers that tell and that don't."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from tui_eval.engine.turns import Span
from tui_eval.errors import EngineError

_LOOK_BACK = 8
"""Tokens decoded together, so that a character made of several tokens comes out whole."""

Ids = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int32]
"""(n, 2): where each token begins and ends, in characters."""
Tokenised = tuple[Ids, Offsets]


def offsets_of(tokenizer: Any, texts: Sequence[str], *, special: bool) -> list[Tokenised]:
    """Ids and character spans; ``special``: with the tokens that the tokenizer adds by
    itself, which hold no character."""
    if not texts:
        return []
    if not getattr(tokenizer, "is_fast", False):
        return [_by_decoding(tokenizer, text, special) for text in texts]
    encoded = tokenizer(
        list(texts), add_special_tokens=special, return_offsets_mapping=True, verbose=False
    )
    return [
        (np.asarray(ids, dtype=np.int32), _repaired(text, _pairs(offsets)))
        for text, ids, offsets in zip(
            texts, encoded["input_ids"], encoded["offset_mapping"], strict=True
        )
    ]


def _pairs(spans: Sequence[Span]) -> Offsets:
    flat = np.fromiter(chain.from_iterable(spans), dtype=np.int32, count=2 * len(spans))
    return flat.reshape(-1, 2)


def _repaired(text: str, offsets: Offsets) -> Offsets:
    """Some tokenizers leave the white space that a token holds out of its span; it is
    given back to the token that stands there, so that no scored character is lost."""
    if len(offsets) < 2:
        return offsets
    before = np.concatenate([[0], np.maximum.accumulate(offsets[:-1, 1])])
    gaps = (offsets[:, 0] > before) & (offsets[:, 0] < offsets[:, 1])
    for at in np.flatnonzero(gaps).tolist():
        if text[before[at] : offsets[at, 0]].isspace():
            offsets[at, 0] = before[at]
    return offsets


def _by_decoding(tokenizer: Any, text: str, special: bool) -> Tokenised:
    """Spans by decoding token after token, for tokenizers written in Python alone."""
    ids = [int(token) for token in tokenizer(text, add_special_tokens=special)["input_ids"]]
    spans: list[Span] = []
    position = 0
    waiting = 0
    for at, token in enumerate(ids):
        piece = _written(tokenizer, ids, at - waiting, at)
        if text.startswith(piece, position) and "\ufffd" not in piece:
            span = (position, position + len(piece))
            spans += [span] * (waiting + 1)
            position += len(piece)
            waiting = 0
        elif special and not waiting and token in tokenizer.all_special_ids:
            spans.append((position, position))
        else:
            waiting += 1
            if waiting > _LOOK_BACK:
                break
    if waiting or position != len(text):
        raise EngineError(
            f"The tokenizer {tokenizer.name_or_path} can't tell which characters its tokens are,"
            " so nothing says which of them belong to an answer.",
            "Save it as a fast tokenizer (tokenizer.json) beside the model.",
        )
    return np.asarray(ids, dtype=np.int32), _pairs(spans)


def _written(tokenizer: Any, ids: Sequence[int], first: int, last: int) -> str:
    """What tokens ``first`` to ``last`` add to the text before them."""
    back = max(0, first - _LOOK_BACK)
    before = _decode(tokenizer, ids[back:first])
    return _decode(tokenizer, ids[back : last + 1])[len(before) :]


def _decode(tokenizer: Any, ids: Sequence[int]) -> str:
    text = tokenizer.decode(
        list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False
    )
    return str(text)
