"""Exact match and token F1 as SQuAD's official script counts them (Rajpurkar and others,
2016): lower case, no punctuation, no articles; the best of several references."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter

from tui_eval.core.task_records import Asked, Measured, MetricOptions, Ruler
from tui_eval.core.text import words

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_PUNCTUATION = frozenset(string.punctuation)


def ruler(options: MetricOptions) -> Ruler:
    how = (
        "Exact match and token F1 compare after lower case, without punctuation and English"
        " articles, white space collapsed; the best reference counts. Unlike SQuAD,"
        " punctuation of every script is left out, and token F1 of text with"
        " Chinese characters, which has no spaces, counts each of them as a token."
    )
    return Ruler(measure, how)


def measure(asked: Asked) -> Measured:
    exact = max(normalised(asked.answer) == normalised(one) for one in asked.references)
    f1 = max(token_f1(asked.answer, one) for one in asked.references)
    return Measured({"exact_match": float(exact), "token_f1": f1})


def normalised(text: str) -> str:
    """The official normalisation; punctuation of other scripts goes too, which it leaves."""
    kept = "".join(one for one in text.lower() if not _is_punctuation(one))
    return " ".join(_ARTICLES.sub(" ", kept).split())


def _is_punctuation(character: str) -> bool:
    if character.isascii():
        return character in _ASCII_PUNCTUATION
    return unicodedata.category(character).startswith("P")


def token_f1(answer: str, reference: str) -> float:
    """1 where both are empty after normalisation, 0 where one is. Text with ideographs, which
    are written without spaces, is cut into words first."""
    ours, theirs = _tokens(answer), _tokens(reference)
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))


def _tokens(text: str) -> list[str]:
    plain = normalised(text)
    ideographs = any("\u2e80" <= one <= "\u9fff" or one >= "\U00020000" for one in plain)
    return words(plain) if ideographs else plain.split()
