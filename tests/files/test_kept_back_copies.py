"""Copies of training text among answers that an open blind A/B compares."""

from __future__ import annotations

from dataclasses import replace

from tests.core.made_evidence import MadeEvidence, made_sample
from tests.core.made_judging import Judge, answered, heard
from tui_eval.core.records import CopyMatch
from tui_eval.core.steps import overfitting
from tui_eval.core.text import digest
from tui_eval.ui.screens import copied_text


def copying(*judges: Judge) -> MadeEvidence:
    """Each of six answers is a training answer; the first four are compared."""
    rows = [made_sample(at) for at in range(6)]
    made = answered(6, samples=rows, journals=heard(*judges), settings={"blind_ab.pairs": 0})
    matches = {}
    for model, some in made.completions.items():
        for one in some.values():
            text, whole = one.answer, (0, len(one.answer))
            own = CopyMatch(digest(text), 9, True, True, 9, whole, "train.jsonl", 7, text)
            matches[own.text] = own if model == "tuned" else replace(own, copied=False, exact=False)
    for row in rows:
        name = digest(row.reference or "")
        matches[name] = CopyMatch(name, 3, False)
    return replace(made, matches=matches)


def test_copies_of_training_text_are_told_without_the_answers_that_are_compared() -> None:
    judge = Judge().pairs(4)
    judge.vote(0, "t")
    evidence = copying(judge)
    texts = {id: one.answer for id, one in evidence.completions["tuned"].items()}
    table = repr(overfitting.read(evidence, "tuned").tables["copies"].rows)
    pages = {one.sample.id: repr(one) for one in copied_text.copied(evidence, "tuned")}
    assert {id for id, text in texts.items() if text in table} == {"s4", "s5"}
    # The training row alone would tell which of two answers this model's is.
    reading = overfitting.read(evidence, "tuned")
    assert set(reading.tables["copies"].refs) == {"s4", "s5"}
    (found,) = (one for one in reading.findings if one.code == "copies")
    assert set((found.at or {})["samples"]) <= {"s4", "s5"}
    assert not any(f"#{row}" in found.text for row in range(1, 5))
    assert {id for id, page in pages.items() if texts[id] in page} == {"s4", "s5"}
    judge.finish()
    judge.unblind()
    evidence = copying(judge)
    table = repr(overfitting.read(evidence, "tuned").tables["copies"].rows)
    pages = {one.sample.id: repr(one) for one in copied_text.copied(evidence, "tuned")}
    assert all(text in table and text in pages[id] for id, text in texts.items())
