"""The parts of a row that a training loop may have scored besides ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tui_eval.core.records import Reconcile
from tui_eval.engine.backends.transformers_scorer import TransformersScorer
from tui_eval.engine.memory import is_out_of_memory
from tui_eval.engine.offsets import Ids, offsets_of
from tui_eval.engine.prompts import Rendered
from tui_eval.engine.tokens import Encoded, Encoder, Limit, Piece

ROWS = 32


def reconciles(
    scorer: TransformersScorer,
    encoder: Encoder,
    rendered: Sequence[Rendered],
    encoded: Sequence[Encoded],
    limit: Limit,
) -> Iterator[Reconcile]:
    """Prompt loss and newline loss of the first rows that fit as they are."""
    looked_at = [
        (row, one)
        for row, one in zip(rendered, encoded, strict=True)
        if len(one.targets) and len(one.ids) <= limit.length and not row.whole
    ][:ROWS]
    for row, one in looked_at:
        newlines = newline_positions(encoder, row, one)
        rest = np.setdiff1d(np.arange(max(1, one.bos), len(one.ids)), one.targets)
        prompt = np.setdiff1d(rest, newlines)
        wanted = np.concatenate([prompt, newlines]).astype(np.int32)
        if not len(wanted):
            continue
        piece = Piece(0, one.ids, wanted - 1, one.ids[wanted], 0)
        try:
            with_losses = scorer.nll([piece])[0].astype(np.float64)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            continue
        yield Reconcile(
            one.sample,
            float(with_losses[: len(prompt)].sum()),
            len(prompt),
            float(with_losses[len(prompt) :].sum()) if len(newlines) else None,
        )


def newline_positions(encoder: Encoder, row: Rendered, one: Encoded) -> Ids:
    """Tokens of nothing but line breaks directly after an end-of-turn token."""
    if row.plain:
        return np.zeros(0, dtype=np.int32)
    ends = one.targets[one.ends] + 1
    _, offsets = offsets_of(encoder.tokenizer, [row.text], special=False)[0]
    found = [
        at
        for at in ends.tolist()
        if at < len(offsets)
        and (words := row.text[slice(*offsets[at])])
        and not words.strip("\r\n")
    ]
    return np.asarray(found, dtype=np.int32)
