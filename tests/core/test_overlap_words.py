from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.overlap_words import folded_words, word_spans
from tui_eval.core.text import fold, words

# Letters that fold to several, marks that become letters, Hangul in parts, ideographs and
# their compatibility forms, joiners, a lone surrogate: whatever may move a place.
ODD = (
    "aB_ 9ßŉİıſﬃΣςÅ\u212b\u0345\u0301\u0327\u1100\u1161\u11a8각世界カ"
    "\uf900\u093c\u0915\u200d\ud800'’.\n"
)
TEXTS = st.one_of(st.text(), st.text(ODD), st.text("abC d.,\t\n"))


@given(TEXTS, st.booleans())
def test_the_quick_words_are_the_words_of_the_folded_text(text: str, code: bool) -> None:
    assert folded_words(text, code=code) == words(fold(text, code=code))


@given(TEXTS, st.booleans())
def test_spans_point_at_the_characters_that_fold_to_the_word(text: str, code: bool) -> None:
    found = word_spans(text, code=code)
    expected = folded_words(text, code=code)
    assert len(found) == len(expected)
    for (start, end), word in zip(found, expected, strict=True):
        assert 0 <= start < end <= len(text)
        assert word in fold(text[start:end], code=code)
    assert [start for start, _ in found] == sorted(start for start, _ in found)


@pytest.mark.parametrize(
    ("text", "word", "shown"),
    [
        ("Die STRASSE, ja", "strasse", "STRASSE"),
        ("Die Straße, ja", "strasse", "Straße"),
        ("cafe\u0301 au lait", "café", "cafe\u0301"),
        ("x ﬃ y", "ffi", "ﬃ"),
        ("\u1112\u1161\u11ab 글", "한", "\u1112\u1161\u11ab"),
        ("我爱 Python", "爱", "爱"),
        ("  İstanbul!", "i̇stanbul", "İstanbul"),
    ],
)
def test_a_folded_word_is_shown_as_it_was_written(text: str, word: str, shown: str) -> None:
    start, end = word_spans(text)[folded_words(text).index(word)]
    assert text[start:end] == shown


def test_only_marks_and_hangul_join_what_stands_before_them() -> None:
    """The clusters rest on it: what normalisation may join to an earlier character."""
    for code in range(0x110000):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            second = chr(int(parts[1], 16))
            assert unicodedata.category(second)[0] == "M", hex(code)


def test_code_keeps_its_case() -> None:
    assert folded_words("def Run(self): RUN", code=True) == ["def", "Run", "self", "RUN"]
    assert folded_words("def Run(self): RUN") == ["def", "run", "self", "run"]
    assert folded_words("Größe", code=True) == ["Größe"]
