"""Prompts with examples that are too long: whole examples are left out, the first ones first.

Cutting from the left would take the system prompt before any example, and leave half of one.
What is left out counts as prompt tokens that were cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from tui_eval.core.records import Sample
from tui_eval.core.text import clean
from tui_eval.engine.prompts import Rendered, Renderer
from tui_eval.engine.tokens import Encoded, Encoder
from tui_eval.errors import EngineError

Made = TypeVar("Made")


def shortened(
    renderer: Renderer, encoder: Encoder, samples: Sequence[Sample], most: int, model: str
) -> list[tuple[Rendered, Encoded]]:
    """Rows rendered and tokenised, with as many examples as fit into ``most`` tokens beside
    all that is scored. Raises EngineError where no row has room for a single one."""

    def made(some: Sequence[Sample], skip: int) -> list[tuple[Rendered, Encoded]]:
        rendered = [renderer.render(sample, skip) for sample in some]
        return list(zip(rendered, encoder.encode(rendered), strict=True))

    def size(row: tuple[Rendered, Encoded]) -> int:
        # What follows the last scored token is not fed.
        targets = row[1].targets
        return int(targets[-1]) + 1 if len(targets) else 0

    def noted(row: tuple[Rendered, Encoded], left_out: int) -> tuple[Rendered, Encoded]:
        return row[0], replace(row[1], left_out=left_out)

    count = len(renderer.prompting.examples)
    rows, skipped = fewest(samples, made, size, noted, count, most)
    refuse(skipped, samples, count, most, model)
    return rows


def fewest(
    samples: Sequence[Sample],
    made: Callable[[Sequence[Sample], int], list[Made]],
    size: Callable[[Made], int],
    noted: Callable[[Made, int], Made],
    count: int,
    most: int,
) -> tuple[list[Made], list[int]]:
    """Each sample with the fewest examples left out that let it fit, and how many those are.
    A row that is too long without any keeps none."""
    rows = made(samples, 0)
    skipped = [0] * len(rows)
    long = [at for at, row in enumerate(rows) if size(row) > most]
    long = [at for at in long if count and samples[at].messages]
    whole = {at: size(rows[at]) for at in long}
    low, high = dict.fromkeys(long, 0), dict.fromkeys(long, count)
    while long:
        # All rows of one number of examples at once: tokenising is done in batches.
        trying = {at: (low[at] + high[at] + 1) // 2 for at in long}
        for skip in sorted(set(trying.values())):
            some = [at for at in long if trying[at] == skip]
            for at, row in zip(some, made([samples[at] for at in some], skip), strict=True):
                if size(row) <= most or skip == count:
                    high[at], skipped[at] = skip, skip
                    rows[at] = noted(row, max(0, whole[at] - size(row)))
                else:
                    low[at] = skip
        long = [at for at in long if high[at] - low[at] > 1 or skipped[at] != high[at]]
    return rows, skipped


def refuse(
    skipped: Sequence[int], samples: Sequence[Sample], count: int, most: int, model: str
) -> None:
    """A prompt without its examples is another candidate than the one that was asked for."""
    chats = [skip for skip, sample in zip(skipped, samples, strict=True) if sample.messages]
    if count and chats and min(chats) == count:
        name = clean(model, limit=60)
        raise EngineError(
            f"Not one of the {count} examples of {name} fits before any prompt: {most:,} tokens"
            " are all that there is room for.",
            f"Take shorter ones as [models.{name}] few_shot, or raise [scoring] max_length if the"
            " model knows more positions.",
        )
