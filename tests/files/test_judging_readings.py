"""What sessions record, and what the two Readings make of it, over real files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from tests.core.test_step_words import check
from tests.files.made_rounds import Made
from tui_eval.core.judgements import Side
from tui_eval.core.reading import Reading
from tui_eval.core.steps import blind_ab, review
from tui_eval.files.evidence import FileCache, WorkspaceEvidence
from tui_eval.files.judging.ab import Ab


@pytest.fixture
def made(tmp_path: Path) -> Made:
    toml = "[blind_ab]\npairs = 24\nrepeats_least = 5\n[review]\nsamples = 20\n"
    found = Made.at(tmp_path / "w", toml=toml)
    found.answer()
    return found


def reading(made: Made, step: str) -> Reading:
    workspace = made.workspace()
    evidence = WorkspaceEvidence(workspace, made.config, FileCache())
    found = blind_ab.read(evidence, "tuned") if step == "blind_ab" else None
    found = found or review.read(evidence, "tuned")
    workspace.close()
    check(found)
    return found


def tuned_left(session: Ab, token: str) -> bool:
    """As a person could tell from the made texts."""
    return session.pair(token).left.startswith("Yes")


def judge(session: Ab, losses: int) -> list[str]:
    """Vote on everything; tuned wins but for the first ``losses`` pairs, repeats as their
    pairs."""
    chosen: dict[str, bool] = {}
    for token in session.order:
        text = session.pair(token).prompt.last
        wins = chosen.setdefault(text, len(chosen) >= losses)
        side: Side = "left" if tuned_left(session, token) == wins else "right"
        session.vote(token, side)
    return list(chosen)


def test_votes_of_two_judges_become_a_reading(made: Made) -> None:
    before = reading(made, "blind_ab")
    assert before.headline == "24 pairs ready, about 15 minutes"
    ana, bo = made.ab("ana"), made.ab("bo")
    judge(ana, 4)
    judge(bo, 4)
    during = reading(made, "blind_ab")
    assert during.verdict == "waiting"
    assert during.numbers["votes"].value == 48
    assert during.numbers["win_rate"].value is None
    told = str(asdict(during))
    assert not any(word in told for word in ("Zephyrine", "●", "○", "preferred"))
    ana.finish()
    bo.finish()
    ana.refresh()
    ana.unblind()
    ana.close()
    bo.close()
    after = reading(made, "blind_ab")
    own = {name: after.numbers[name].value for name in ("votes", "judged", "planned")}
    assert own == {"votes": 48, "judged": 24, "planned": 24}
    assert after.numbers["self_consistency"].value == 1
    repeats = sum(bool(pair.repeat_of) for one in (ana, bo) for pair in one.state.pairs)
    assert after.numbers["self_consistency"].n == repeats
    assert repeats >= 8
    # Each pair stands on either side once: whoever wins, left is chosen half of the time.
    assert after.numbers["left_rate"].value == pytest.approx(0.5, abs=0.17)
    assert len(after.tables["pairs"].rows) == 24
    assert {row[2] for row in after.tables["pairs"].rows} == {"a", "b"}
    assert after.numbers["win_rate"].value == pytest.approx(
        (after.numbers["wins"].value or 0) / 24 + (after.numbers["ties"].value or 0) / 48
    )


def test_one_judge_unblinds_and_the_better_model_wins(made: Made) -> None:
    ana = made.ab("ana")
    lost = judge(ana, 4)[:4]
    ana.finish()
    ana.unblind()
    ana.close()
    after = reading(made, "blind_ab")
    assert (after.numbers["wins"].value, after.numbers["losses"].value) == (20, 4)
    assert after.summary.startswith("● preferred 20-4, 0 tied")
    assert {row[3] for row in after.tables["pairs"].rows[:4]} == set(lost)
    assert after.numbers["left_rate"].value is not None


def test_scores_become_a_reading(made: Made) -> None:
    assert reading(made, "review").headline == "20 answers ready, about 10 minutes"
    ana = made.review("ana")
    for place, token in enumerate(ana.order):
        for criterion, value in zip(
            ("accuracy", "relevance", "fluency", "format"), (5, 4, 5 - place % 2, 4), strict=True
        ):
            ana.score(token, criterion, value)
    ana.note(ana.order[0], "too long #length")
    ana.view(ana.order[1], "reference")
    ana.close()
    after = reading(made, "review")
    assert after.verdict == "good"
    assert after.numbers["accuracy"].value == 5
    assert after.numbers["fluency"].value == 4.5
    assert (after.numbers["reviewed"].value, after.numbers["planned"].value) == (20, 20)
    assert (after.numbers["notes"].value, after.numbers["references_viewed"].value) == (1, 1)
    assert after.tables["tags"].rows == (("#length", 1),)
    assert set(after.tables["items"].refs) == set(ana.state.items)
