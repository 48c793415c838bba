"""One text under one model: the loss of every token, and what was likelier in its place.

The scored tokens are computed from the very pieces that scoring feeds, so their numbers are
scoring's; the positions before them come from the same forward calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tui_eval.core.records import TokenTable
from tui_eval.engine.backends.transformers_scorer import TransformersScorer
from tui_eval.engine.pieces import Pieces
from tui_eval.engine.prompts import Rendered, Renderer
from tui_eval.engine.tokens import Encoded, Encoder, Limit, Piece, fit

KEPT = 5
"""Alternatives that are recorded of each token."""


def answered(renderer: Renderer, prompt: str, name: str, text: str, *, ended: bool) -> Rendered:
    """An answer as it was made: after the prompt, followed by the token that ends a turn if
    it ended by itself."""
    start, stop = len(prompt), len(prompt) + len(text)
    plain = renderer.prompting.template is None
    end = (renderer.tokenizer.eos_token if plain else renderer.turn_end) or ""
    answers = ((start, stop),) if text else ()
    if not (ended and end):
        return Rendered(name, prompt + text, answers, plain=plain)
    return Rendered(name, prompt + text + end, answers, ((stop, stop + len(end)),), plain=plain)


def every_place(piece: Piece, encoded: Encoded) -> tuple[Piece, Any, Any]:
    """The piece asked for all of its tokens, which tokens of the row those are, and which of
    them count: not the one after a cut, unless scoring counts it.

    A piece's fed ids are the BOS and a stretch of the row, so its positions belong to the
    tokens right after them.
    """
    bos = encoded.bos
    start = int(encoded.targets[piece.first]) + bos - 1 - int(piece.at[0])
    places = np.arange(max(start + (bos == 0), 1), start + piece.length - bos + 1)
    asked = Piece(
        piece.row,
        piece.ids,
        (places - start + bos - 1).astype(np.int32),
        encoded.ids[places],
        piece.first,
    )
    return asked, places, (places > start) | (start == bos)


@dataclass
class Found:
    """What was computed so far of one row, by token."""

    nll: Any
    top: Any
    ids: Any

    @classmethod
    def nothing(cls, tokens: int, count: int) -> Found:
        return cls(
            np.full(tokens, np.nan, dtype=np.float32),
            np.full((tokens, count), np.nan, dtype=np.float32),
            np.zeros((tokens, count), dtype=np.int64),
        )

    def take(self, places: Any, keep: Any, found: Sequence[Any]) -> None:
        self.nll[places[keep]] = found[0][keep]
        self.top[places[keep]] = found[1][keep]
        self.ids[places[keep]] = found[2][keep]


def table_of(
    scorer: TransformersScorer, encoder: Encoder, rendered: Rendered, encoded: Encoded, limit: Limit
) -> TokenTable:
    """The model must speak as the one that is meant (``scorer.as_model``)."""
    scored = tuple((int(first), int(last)) for first, last in rendered.scored)
    if encoded.problem:
        return TokenTable(encoded.sample, rendered.text, scored, error=encoded.problem)
    count = min(KEPT, scorer.loaded.vocabulary or KEPT)
    found = Found.nothing(len(encoded.ids), count)
    own = np.zeros(len(encoded.ids), dtype=np.bool_)
    own[encoded.targets] = True
    for piece in fit(0, encoded, limit).pieces:
        asked, places, counts = every_place(piece, encoded)
        mine = encoded.targets[piece.first : piece.first + len(piece.targets)]
        open_places = np.isnan(found.nll[places]) & ~own[places] & counts
        keep = open_places | np.isin(places, mine)
        found.take(places, keep, scorer.likeliest(asked, count))
    return _table(encoder, rendered, encoded, found, scored)


def _table(
    encoder: Encoder,
    rendered: Rendered,
    encoded: Encoded,
    found: Found,
    scored: tuple[tuple[int, int], ...],
) -> TokenTable:
    pieces = Pieces(encoder.tokenizer)
    numbers: dict[str, int] = {}
    top = [numbers.setdefault(pieces.text(int(token)), len(numbers)) for token in found.ids.ravel()]
    return TokenTable(
        encoded.sample,
        rendered.text,
        scored,
        spans=tuple((int(a), int(b)) for a, b in encoder.spans(rendered)),
        token_nll=tuple(found.nll.tolist()),
        each=found.top.shape[1],
        pieces=tuple(numbers),
        top=tuple(top),
        top_nll=tuple(found.top.ravel().tolist()),
    )
