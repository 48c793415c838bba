"""What a report must say whole, and on a narrow screen."""

from __future__ import annotations

from tui_eval.core.history import Earlier, StepChange, Told
from tui_eval.core.reading import Column, Reading, Table
from tui_eval.files.report import markdown, memo
from tui_eval.files.report.compose import _history
from tui_eval.files.report.sources import _judges

REASON = "the row has no answer: " + "its last turn is one of a user, which asks this; " * 4 + "end"


def test_a_reason_is_never_cut() -> None:
    table = Table("", (Column("why", "why"),), ((REASON,),))
    section = memo.Section("What was left out", "left-out", (memo.Sheet(table, whole=True),))
    assert REASON in markdown.document(memo.Memo("Report", (), (section,)))
    cut = memo.Section("Items", "items", (memo.Sheet(table),))
    assert REASON not in markdown.document(memo.Memo("Report", (), (cut,)))


def test_an_earlier_evaluation_is_told_in_lines_that_wrap() -> None:
    """A table of two headlines is wider than a telephone."""

    def read(words: str) -> Reading:
        return Reading("perplexity", "tuned", "good", words, words)

    then, now = read("4.44 to 1.23"), read("4.44 to 1.30")
    steps = {
        "perplexity": StepChange("perplexity", then, now, "repeats both"),
        "curves": StepChange("curves", then, then, ""),
        "review": StepChange("review", None, now, ""),
    }
    told = Told("tuned", "2026-01-31T17:04:05+00:00", {}, {})
    blocks = _history((Earlier(told, ("weights changed",), steps),))
    pairs = next(block for block in blocks if isinstance(block, memo.Pairs))
    assert [text for _, text in pairs.rows] == [
        "now: 4.44 to 1.30. Then: 4.44 to 1.23.",
        "4.44 to 1.23, as then",
        "now: 4.44 to 1.30. Then: not looked at.",
    ]
    assert not any(isinstance(block, memo.Sheet) for block in blocks)


def test_one_journal_is_counted_as_one() -> None:
    one = dict.fromkeys(
        ("judge", "login", "host", "events", "first_at", "last_at", "file", "sha256", "fault")
    )
    said = [
        block.text
        for journals in ([one], [one, one])
        for block in _judges({"rounds": [], "judges": journals})
        if isinstance(block, memo.Paragraph)
    ]
    assert said == ["1 judge, 1 journal.", "1 judge, 2 journals."]
