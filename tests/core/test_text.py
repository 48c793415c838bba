from __future__ import annotations

import hashlib
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_eval.core.text import (
    MARKS_KEPT,
    cells,
    clean,
    content_id,
    cut,
    digest,
    fold,
    words,
)

NASTY = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=("Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp", "Cn", "Co")),
        st.sampled_from("a\n\r\t\x1b[]\x07\x9b\u202e\u200b\u2028\ud83d\u0301⏎…‹›"),
    )
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b]52;c;ZXZpbA==\x07", "␛]52;c;ZXZpbA==␇"),
        ("\x1b[2J\x9b31m\x7f", "␛[2J\ufffd31m␡"),
        ("a\r\nb\nc\rd\u2028e\u2029f\x85g", "a⏎b⏎c␍d⏎e⏎f⏎g"),
        ("a\tb", "a    b"),
        ("pay \u202eevil\u2066 now\u2069", "pay ‹U+202E›evil‹U+2066› now‹U+2069›"),
        ("in\u200bvis\u2060ib\ufeffle", "invisible"),
        ("\U000e0041\U000e0042", "‹U+E0041›‹U+E0042›"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("[bold]plain[/bold]", "[bold]plain[/bold]"),
        ("سلام\u200cها \u200eabc\u200f", "سلام\u200cها \u200eabc\u200f"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("Z" + "\u0300" * 500, "Z" + "\u0300" * MARKS_KEPT),
        ("Z" + "\u0300\u200d" * 500 + "!", "Z" + "\u0300\u200d" * (MARKS_KEPT // 2) + "!"),
    ],
)
def test_what_clean_makes_of_hostile_text(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_no_kind_of_mark_builds_a_tower() -> None:
    """Whatever the block: the shortcut past texts without marks must miss none."""
    for code in range(0x300, 0xE01F0):
        mark = chr(code)
        if unicodedata.category(mark) in ("Mn", "Me"):
            assert len(clean("a" + mark * (MARKS_KEPT + 9))) == 1 + MARKS_KEPT, hex(code)


def test_newlines_are_kept_where_asked_for() -> None:
    assert clean("a\r\nb\u2028c", newlines=True) == "a\nb\nc"


@given(NASTY, st.booleans(), st.one_of(st.none(), st.integers(0, 40)))
def test_cleaning_twice_changes_nothing(text: str, newlines: bool, limit: int | None) -> None:
    once = clean(text, newlines=newlines, limit=limit)
    assert clean(once, newlines=newlines, limit=limit) == once


@given(NASTY, st.booleans())
def test_nothing_that_a_terminal_obeys_is_left(text: str, newlines: bool) -> None:
    shown = clean(text, newlines=newlines)
    allowed = "\n" if newlines else ""
    for character in shown:
        category = unicodedata.category(character)
        assert category not in ("Cs", "Zl", "Zp")
        assert category != "Cc" or character in allowed
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b")
    shown.encode("utf-8")


@given(NASTY, st.integers(0, 30))
def test_a_limit_counts_the_ellipsis(text: str, limit: int) -> None:
    shown = clean(text, limit=limit)
    assert len(shown) <= limit
    if limit and len(clean(text)) > limit:
        assert shown.endswith("…")


@given(st.text(st.characters(categories=("L", "N", "P", "S"), max_codepoint=0x2FF)))
def test_plain_text_passes_unchanged(text: str) -> None:
    assert clean(text) == text


def test_a_million_characters_are_cleaned_in_linear_time() -> None:
    def cost(n: int) -> float:
        text = "\x1b[31mé\u202e日 " * (n // 8)
        start = time.process_time()
        clean(text)
        return time.process_time() - start

    cost(80_000)
    small, large = min(cost(80_000) for _ in range(3)), cost(800_000)
    assert large < 40 * small


def test_a_long_text_is_not_read_beyond_its_limit() -> None:
    start = time.process_time()
    for _ in range(200):
        clean("\x1b" * 1_000_000, limit=80)
    assert time.process_time() - start < 2.0


def test_folding_makes_equal_what_reads_alike() -> None:
    assert fold("  Straße\n\tCAFE\u0301 ") == "strasse café" == fold("STRASSE Café")
    assert fold("İstanbul") == fold(unicodedata.normalize("NFD", "İstanbul"))


def test_folded_code_keeps_its_case() -> None:
    assert fold("def  F(x):\n  return X", code=True) == "def F(x): return X"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It's 3.5 km_long!", ["It", "s", "3", "5", "km", "long"]),
        ("日本語とEnglish", ["日", "本", "語", "と", "English"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("naïve cafe\u0301s", ["naïve", "cafe\u0301s"]),
        ("", []),
        ("— … !", []),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


@given(st.text())
def test_words_hold_no_space_and_only_what_was_there(text: str) -> None:
    found = words(text)
    assert all(word and not any(c.isspace() or c == "_" for c in word) for word in found)
    assert sum(map(len, found)) <= len(text)


def test_cells() -> None:
    assert cells("abc") == 3
    assert cells("日本") == 4
    assert cells("e\u0301") == 1
    assert cells("○ ● ◆ …") == 7


@given(NASTY.map(clean), st.integers(0, 20))
def test_a_cut_text_fits(text: str, width: int) -> None:
    shown = cut(text, width)
    assert cells(shown) <= width
    assert shown == text if cells(text) <= width else shown.endswith("…") or width == 0


def test_ids_name_content_and_not_its_order() -> None:
    assert content_id({"a": 1, "b": ["é", None]}) == content_id({"b": ["é", None], "a": 1})
    assert content_id({"a": 1}) != content_id({"a": "1"})
    assert digest("abc") == hashlib.sha256(b"abc").hexdigest()[:16]
    assert len(digest("\ud800")) == 16


@given(st.recursive(st.none() | st.text() | st.integers(), lambda c: st.lists(c) | st.tuples(c)))
def test_any_plain_data_has_an_id(data: object) -> None:
    assert content_id(data) == content_id(data)
