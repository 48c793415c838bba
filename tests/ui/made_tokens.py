"""A sample with everything that is known of its tokens."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from tests.ui.made import ANSWER, PROMPT, sample_detail
from tui_eval.core.records import TokenTable
from tui_eval.ui.widgets.token_data import Answered, SampleDetail

OWN = "Yes: 30 days.\nBring the card.<|im_end|>"


def table(prompt: str, answer: str, seed: int, *, name: str = "s") -> TokenTable:
    """Words and signs are tokens; the losses repeat in a fixed order."""
    text = prompt + answer
    spans = [found.span() for found in re.finditer(r"<\|\w+\|>| ?\w+|\s|[^\w\s]", text)]
    nll = [math.nan, *(round(((at * 7 + seed * 5) % 23) / 3, 2) for at in range(1, len(spans)))]
    pieces = (" the", "\udce6\udc9d", "\n", *dict.fromkeys(text[a:b] for a, b in spans))
    top, top_nll = [], []
    for at, (a, b) in enumerate(spans):
        own = pieces.index(text[a:b])
        top += [own, 0, 1] if nll[at] < 1 else [0, 2, own]
        top_nll += [0.4, 1.2, 3.5] if nll[at] < 1 else [0.3, 1.6, nll[at]]
    return TokenTable(
        name,
        text,
        ((len(prompt), len(text)),),
        tuple(spans),
        tuple(nll),
        3,
        pieces,
        tuple(top),
        tuple(top_nll),
    )


def told(*, answer_first: bool = False, prompt: str = PROMPT) -> SampleDetail:
    """The made sample with its tables, and an answer of the model's own with its."""
    detail = sample_detail(prompt)
    own = [table(prompt, OWN, seed, name="c1") for seed in (1, 2)]
    return replace(
        detail,
        base_table=table(prompt, ANSWER, 3),
        tuned_table=table(prompt, ANSWER, 4),
        answer=Answered("c1", OWN, *own),
        answer_first=answer_first,
    )
