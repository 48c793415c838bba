"""Looking after every vote: how often "enough" is said of equal models, and how often a
confidence sequence ever loses the true rate. By exact sums over all courses of votes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tui_eval.core.stats.sequential import (
    confidence_sequence,
    e_value,
    e_value_of_means,
    enough,
    lock,
)

pytestmark = pytest.mark.slow

TIES = [0.0, 0.05, 0.1, 0.2, 0.4]

Stops = Callable[[int, int, int], bool]
"""Of (wins, losses, ties): say "enough" here."""


def ever(stops: Stops, n: int, won: float, lost: float) -> float:
    """Chance that ``stops`` within ``n`` votes, with a look after each."""
    going, stopped = {(0, 0): 1.0}, 0.0
    for votes in range(1, n + 1):
        reached: dict[tuple[int, int], float] = {}
        for (w, lo), chance in going.items():
            for to, share in (((w + 1, lo), won), ((w, lo + 1), lost), ((w, lo), 1 - won - lost)):
                if share > 0:
                    reached[to] = reached.get(to, 0.0) + chance * share
        going = {}
        for (w, lo), chance in reached.items():
            if stops(w, lo, votes - w - lo):
                stopped += chance
            else:
                going[w, lo] = chance
    return stopped


def alarms(stops: Stops, n: int) -> list[float]:
    """Of equal models, by share of ties."""
    return [ever(stops, n, (1 - ties) / 2, (1 - ties) / 2) for ties in TIES]


def locked(planned: int) -> Stops:
    return lambda w, lo, t: lock(w, lo, t, planned) in ("tuned", "base")


def clear(w: int, lo: int, t: int) -> bool:
    return enough(w, lo, t, 10**6).clear


@pytest.mark.parametrize("planned", [20, 50, 100])
def test_equal_models_are_seldom_locked_as_different(planned: int) -> None:
    assert max(alarms(locked(planned), planned)) <= 0.05


def test_a_lock_loses_nothing_of_the_sign_tests_power() -> None:
    """True decisive rate .75, 50 pairs: the research's exact power of the sign test."""
    assert ever(locked(50), 50, 0.75, 0.25) == pytest.approx(0.945, abs=0.6e-3)


@pytest.mark.parametrize("votes", [20, 50, 100, 200])
def test_equal_models_are_seldom_clear(votes: int) -> None:
    assert max(alarms(clear, votes)) <= 0.05


@pytest.mark.parametrize(("votes", "share"), [(20, 0.010), (50, 0.020), (100, 0.025)])
def test_false_alarms_without_ties(votes: int, share: float) -> None:
    assert ever(clear, votes, 0.5, 0.5) == pytest.approx(share, abs=0.6e-3)


@pytest.mark.parametrize(("planned", "most"), [(20, 0.05), (50, 0.05), (94, 0.0645), (100, 0.0555)])
def test_whichever_comes_first_errs_more(planned: int, most: float) -> None:
    """Why ``Enough.by`` asks for the mode: 94 is the worst number up to 100."""
    by_count = locked(planned)
    found = max(alarms(lambda w, lo, t: by_count(w, lo, t) or clear(w, lo, t), planned))
    assert most - 0.01 <= found <= most


@pytest.mark.parametrize("rate", [tenth / 10 for tenth in range(1, 10)])
def test_a_confidence_sequence_keeps_the_true_rate(rate: float) -> None:
    def lost(w: int, lo: int, _: int) -> bool:
        low, high = confidence_sequence(w, lo)
        return not low <= rate <= high

    kept = [1 - ever(lost, votes, rate, 1 - rate) for votes in (20, 50, 100, 200)]
    assert min(kept) >= 0.95


@pytest.mark.parametrize("alike", [0.3, 2.0, 1e6])
@pytest.mark.parametrize("ties", [0.0, 0.4])
def test_several_judges_of_equal_models_are_seldom_clear(alike: float, ties: float) -> None:
    """Three judges, 100 pairs, a look after each; 400 courses, so up to 5% + 3.3%."""
    chance = np.random.default_rng(7)
    runs, crossed = 400, 0
    for _ in range(runs):
        better = chance.beta(alike / 2, alike / 2, (100, 1))
        votes = (chance.random((100, 3)) < better).astype(float)
        votes[chance.random((100, 3)) < ties] = 0.5
        means = votes.mean(axis=1).tolist()
        crossed += any(e_value_of_means(means[:look]) >= 20 for look in range(5, 101))
    assert crossed / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


@pytest.mark.parametrize(
    ("rate", "power", "stop"), [(0.7, 0.566, 38), (0.75, 0.823, 31), (0.8, 0.962, 23)]
)
def test_what_looking_costs(rate: float, power: float, stop: int) -> None:
    """Chance to be clear by 50 deciding votes, and the votes cast until then."""
    assert ever(clear, 50, rate, 1 - rate) == pytest.approx(power, abs=0.6e-3)
    going = [1 - ever(clear, votes, rate, 1 - rate) for votes in range(50)]
    assert sum(going) == pytest.approx(stop, abs=0.6)
    assert e_value(50, 0) > 20
