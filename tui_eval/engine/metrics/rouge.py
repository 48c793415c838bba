"""ROUGE by the rouge-score package: F1, precision and recall, the best of several references."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from rouge_score import rouge_scorer, tokenizers

from tui_eval.core.metrics import METRICS
from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler
from tui_eval.core.text import words

COUNTED = ("rouge1", "rouge2")
SEQUENCES = ("rougeL", "rougeLsum")
"""Those whose time grows with the product of both lengths."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])")


class UnicodeTokenizer:
    """Words of any script in lower case, each ideograph one; of plain ASCII text exactly the
    package's own."""

    def __init__(self, stem: Callable[[str], str] | None = None) -> None:
        self._stem = stem

    def tokenize(self, text: str) -> list[str]:
        found = words(text.lower())
        if self._stem is None:
            return found
        return [self._stem(one) if one.isascii() and len(one) > 3 else one for one in found]


def ruler(options: MetricOptions) -> Ruler:
    kinds = sorted({name.partition("_")[0] for name in options.metrics if _is_ours(name)})
    tokenizer = _tokenizer(options)
    scorer = rouge_scorer.RougeScorer(kinds, tokenizer=tokenizer)
    counted = rouge_scorer.RougeScorer([k for k in kinds if k in COUNTED], tokenizer=tokenizer)
    limit = options.most_words

    def measure(asked: Asked) -> Measured:
        answer, references = asked.answer, list(asked.references)
        long = max(map(_about_words, (answer, *references))) > limit
        if not long or not any(kind in SEQUENCES for kind in kinds):
            return Measured(_values(scorer.score_multi(_lined(references), _lines(answer))))
        cut = scorer.score_multi(
            _lined([_cut(one, limit) for one in references]), _lines(_cut(answer, limit))
        )
        whole = counted.score_multi(references, answer) if counted.rouge_types else {}
        return Measured(_values({**cut, **whole}), note=f"cut to {limit:,} words for ROUGE-L")

    return Ruler(measure, _how(options))


def _is_ours(name: str) -> bool:
    return name in METRICS and METRICS[name].measure == "rouge"


def _values(scores: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for kind, score in scores.items():
        found[kind] = float(score.fmeasure)
        found[f"{kind}_precision"] = float(score.precision)
        found[f"{kind}_recall"] = float(score.recall)
    return found


def _tokenizer(options: MetricOptions) -> Any:
    if options.tokenizer == "unicode":
        stem = None
        if options.stemmer:
            from nltk.stem import porter

            stem = porter.PorterStemmer().stem
        return UnicodeTokenizer(stem)
    return tokenizers.DefaultTokenizer(options.stemmer)


def sentences(text: str) -> list[str]:
    """Lines, each split where a sentence ends: Lsum compares sentence by sentence and takes
    only line ends for one."""
    found = [part.strip() for line in text.split("\n") for part in _SENTENCE_END.split(line)]
    return [part for part in found if part]


def _lines(text: str) -> str:
    """All other kinds take a line end for white space."""
    return "\n".join(sentences(text))


def _lined(texts: Sequence[str]) -> list[str]:
    return [_lines(one) for one in texts]


def _about_words(text: str) -> int:
    """An ideograph is a word, so where there are any, characters are counted."""
    return len(text.split()) if text.isascii() else len(words(text))


def _cut(text: str, limit: int) -> str:
    """The beginning with so many words, line ends kept for Lsum."""
    if _about_words(text) <= limit:
        return text
    place = 0
    for word in words(text)[:limit]:
        place = text.index(word, place) + len(word)
    return text[:place]


def _how(options: MetricOptions) -> str:
    tokens = {
        "unicode": "words of any script",
        "default": "its own tokenizer, which knows a to z and digits only",
    }[options.tokenizer if options.tokenizer == "unicode" else "default"]
    stems = "with the Porter stemmer" if options.stemmer else "without stemmer"
    return (
        f"ROUGE by rouge-score {version('rouge-score')}, {tokens}, {stems}; of several references"
        " the best F1 counts, for each kind. Lsum splits at line ends and sentence ends. For"
        f" ROUGE-L and Lsum, texts are cut to {options.most_words:,} words."
    )
