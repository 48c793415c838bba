from __future__ import annotations

import tracemalloc
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from tui_eval.core import overlap_near
from tui_eval.core.overlap_near import Nearest, NearIndex, Products, thirds
from tui_eval.core.text import fold, words


def nearest(
    prompts: Mapping[str, str], rows: Sequence[str], *, code: bool = False
) -> dict[str, Nearest]:
    index = NearIndex(prompts, rows=len(rows), code=code)
    for text in rows:
        index.learn(text)
    for row, text in enumerate(rows):
        index.feed(row, text)
    return index.results()


def vectorised(prompts: Mapping[str, str], rows: Sequence[str]) -> np.ndarray:
    """Cosines by scikit-learn's TF-IDF, all pairs; a prompt's own words weigh too."""

    def parts(text: str) -> list[str]:
        return words(fold(text))

    vocabulary = sorted({word for text in (*rows, *prompts.values()) for word in parts(text)})
    if not vocabulary or not rows or not prompts:
        return np.zeros((len(prompts), max(1, len(rows))))
    model = TfidfVectorizer(analyzer=parts, vocabulary=vocabulary).fit(rows)
    cosines: np.ndarray = (model.transform(prompts.values()) @ model.transform(rows).T).toarray()
    return cosines


def agree(prompts: Mapping[str, str], rows: Sequence[str]) -> None:
    for found, cosines in zip(
        nearest(prompts, rows).values(), vectorised(prompts, rows), strict=True
    ):
        assert found.similarity == pytest.approx(cosines.max(), abs=1e-9)
        first = int(np.argmax(cosines > cosines.max() - 1e-12))
        assert found.row == (first if cosines.max() > 0 else None)


SKEWED = st.lists(
    st.one_of(st.sampled_from(["the", "A", "of"]), st.integers(0, 60).map("w{}".format)),
    max_size=14,
)
TEXTS = st.lists(SKEWED.map(" ".join), max_size=40)


@given(TEXTS, TEXTS, st.sampled_from(["", "Classify this text please: "]))
def test_the_nearest_of_all_pairs_is_found(
    rows: list[str], prompts: list[str], template: str
) -> None:
    agree(
        {f"v{at}": template + text for at, text in enumerate(prompts)},
        [template + text for text in rows],
    )


def test_the_bounds_hold_over_many_rows() -> None:
    """Long enough that most pairs are passed over, with and without a template."""
    rng = np.random.default_rng(5)

    def text(template: str) -> str:
        drawn = np.minimum(rng.zipf(1.3, size=rng.integers(3, 25)), 5_000)
        return template + " ".join(f"w{at}" for at in drawn)

    for template in ("", "Tell in one word whether the review is good or bad, then stop: "):
        rows = [text(template) for _ in range(3_000)]
        agree({f"v{at}": text(template) for at in range(150)}, rows)
        agree({f"v{at}": rows[17 * at] for at in range(150)}, rows)


def test_a_faster_product_changes_no_digit() -> None:
    """Long prompts are too alike for the bounds, so the matrix does most of the work."""
    rng = np.random.default_rng(6)
    used: list[int] = []

    def text() -> str:
        return " ".join(f"w{at}" for at in np.minimum(rng.zipf(1.2, size=200), 3_000))

    def numpys(rows: list[list[float]]) -> Products:
        matrix = np.array(rows).T

        def multiply(sparse: Mapping[int, float]) -> list[float]:
            used.append(len(sparse))
            product: np.ndarray = np.array(list(sparse.values())) @ matrix[list(sparse)]
            return [float(value) for value in product]

        return multiply

    prompts, rows = {f"v{at}": text() for at in range(60)}, [text() for _ in range(300)]
    index = NearIndex(prompts, matrix=numpys)
    for row in rows:
        index.learn(row)
    for at, row in enumerate(rows):
        index.feed(at, row)
    assert index.results() == nearest(prompts, rows)
    assert len(used) > 100
    agree(prompts, rows)


def test_memory_stays_flat_as_rows_pass() -> None:
    rows = [f"w{at % 97} w{at % 89} w{at % 83} w{at % 7}" for at in range(4_000)]
    index = NearIndex({str(at): f"w{at} w{at + 1} w{at + 2}" for at in range(40)})
    for text in rows:
        index.learn(text)
    for at, text in enumerate(rows):
        index.feed(at, text)
    tracemalloc.start()
    try:
        for at in range(20_000):
            index.feed(4_000 + at, rows[at % 4_000])
        assert tracemalloc.get_traced_memory()[0] < 200_000
    finally:
        tracemalloc.stop()


def test_equally_near_rows_give_the_first() -> None:
    rows = ["other thing", "reset my PASSWORD now", "now reset my password", "other"]
    found = nearest({"v": "Password: reset now, my"}, rows)["v"]
    assert found == Nearest(1.0, 1)
    # Twice as long, the same direction.
    assert nearest({"v": "a b c"}, ["a a b b c c", "a b c"])["v"] == Nearest(1.0, 0)


def test_prompts_of_the_same_words_have_the_same_nearest() -> None:
    found = nearest({"a": "x y z", "b": "Z, y: X", "c": "q"}, ["q r", "x y"])
    assert list(found) == ["a", "b", "c"]
    assert found["a"] == found["b"]
    assert found["a"].row == 1


def test_no_word_in_common_is_no_row() -> None:
    found = nearest({"v": "alpha beta", "empty": "", "signs": "?!"}, ["gamma", "", "…"])
    assert set(found.values()) == {Nearest(0.0, None)}
    assert nearest({}, ["a"]) == {}
    assert nearest({"v": "a"}, [])["v"] == Nearest(0.0, None)


@pytest.mark.parametrize("common", ["", "please "])
def test_prompts_of_no_common_word_are_not_measured(
    common: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another language's prompts with a template of their own: no pair is looked at twice."""
    measured: list[str] = []
    before = NearIndex._measure

    def measure(self: NearIndex, prompt: overlap_near._Prompt, *rest: object) -> None:
        measured.extend(prompt.names)
        before(self, prompt, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(NearIndex, "_measure", measure)
    rows = [f"{common}w{at % 40} w{at % 30}" for at in range(200)]
    strange = {f"v{at}": f"bitte kurz x{at % 20} x{at % 17}" for at in range(60)}
    agree({**strange, "known": f"{common}w1 w2"}, rows)
    assert set(measured) == {"known"}


def test_ideographs_and_case() -> None:
    found = nearest({"v": "今天天气"}, ["明天放假", "今天天气好", "hello"])["v"]
    assert found.row == 1
    assert nearest({"v": "Foo"}, ["foo"], code=True)["v"].row is None
    assert nearest({"v": "Foo"}, ["foo", "Foo"], code=True)["v"].row == 1


def test_learning_ends_where_feeding_begins() -> None:
    index = NearIndex({"v": "a"})
    index.learn("a")
    index.feed(0, "a")
    with pytest.raises(RuntimeError, match="learned before"):
        index.learn("b")


def test_of_very_many_rows_every_few_are_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frequencies of each third row: those of a set made of these rows alone."""
    monkeypatch.setattr(overlap_near, "LEARNED", 100)
    rows = [f"w{at % 7} w{at % 11} w{at % 50}" for at in range(300)]
    prompts = {str(at): f"w{at} w{at + 1} w{at + 2}" for at in range(9)}
    sampled = nearest(prompts, rows)
    index = NearIndex(prompts)
    for text in rows[::3]:
        index.learn(text)
    for row, text in enumerate(rows):
        index.feed(row, text)
    assert sampled == index.results()


def test_a_flood_of_words_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit new words count as never seen; the prompts' own are counted anyway."""
    monkeypatch.setattr(overlap_near, "VOCABULARY", 50)
    rows = [f"number n{at} of ticket" for at in range(500)]
    found = nearest({"v": "ticket n499"}, rows)["v"]
    assert found.row == 499
    assert found.similarity < 1


def similar(*values: float) -> dict[str, Nearest]:
    return {f"v{at}": Nearest(value, 0) for at, value in enumerate(values)}


def test_thirds_leave_leaked_prompts_out() -> None:
    values = [0.95, 1.0, *(at / 100 for at in range(31)), 0.9499]
    found = thirds(similar(*values))
    assert found is not None
    assert found.leaked == ("v0", "v1")
    assert found.far == tuple(f"v{at}" for at in range(2, 12))
    assert found.near == (*(f"v{at}" for at in range(24, 33)), "v33")
    assert len(found.middle) == 12


def test_equal_similarities_stay_in_their_order() -> None:
    found = thirds(similar(*[0.3] * 30))
    assert found is not None
    assert found.far + found.middle + found.near == tuple(f"v{at}" for at in range(30))
    assert len(found.far) == len(found.near) == 10


def test_fewer_than_thirty_left_is_no_thirds() -> None:
    assert thirds(similar(*[0.2] * 29, *[0.99] * 40)) is None
    assert thirds(similar(*[0.2] * 30, *[0.99] * 40)) is not None
    assert thirds({}) is None
    assert thirds(similar(0.1, 0.2, 0.3), enough=0) is not None
    assert thirds(similar(0.1), enough=0) is None
