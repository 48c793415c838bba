"""Which characters of a text each token is, with tokenizers that tell and that don't."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui_eval.engine.turns import Span
from tui_eval.errors import EngineError

_LOOK_BACK = 8
"""Tokens decoded together, so that a character made of several tokens comes out whole."""

Tokenised = tuple[list[int], list[Span]]


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
        (list(ids), _repaired(text, [(int(a), int(b)) for a, b in offsets]))
        for text, ids, offsets in zip(
            texts, encoded["input_ids"], encoded["offset_mapping"], strict=True
        )
    ]


def _repaired(text: str, offsets: list[Span]) -> list[Span]:
    """Some tokenizers leave the white space that a token holds out of its span; it is
    given back to the token that stands there, so that no scored character is lost."""
    position = 0
    repaired = []
    for start, stop in offsets:
        if start > position and start < stop and text[position:start].isspace():
            start = position
        repaired.append((start, stop))
        position = max(position, stop)
    return repaired


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
    return ids, spans


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
