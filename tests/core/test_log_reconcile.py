"""A log that counts otherwise is explained by the way that reproduces it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from tests.core.made_evidence import (
    MadeEvidence,
    made_dataset,
    made_log,
    made_loss,
    made_sample,
    points,
)
from tui_eval.core.reading import Reading
from tui_eval.core.records import Reconcile, TokenLoss
from tui_eval.core.steps import perplexity

N = 64


def losses() -> list[TokenLoss]:
    """Long answers cost more per token, as where batch averages differ from the whole."""
    chance = random.Random(8)
    made = []
    for place in range(N):
        tokens = 1500 if chance.random() < 0.2 else chance.randint(5, 200)
        values = [0.4 + tokens / 400 + chance.random() * 0.2 for _ in range(tokens)]
        # float32 per token, as files hold them, is near enough to its own sum.
        made.append(
            made_loss(
                f"s{place}", sum(values), tokens, token_nll=tuple(values), runs=((40, tokens),)
            )
        )
    return made


TUNED = losses()
OURS = sum(loss.nll for loss in TUNED) / sum(loss.tokens for loss in TUNED)


def batch_average(size: int) -> float:
    means = []
    for start in range(0, N, size):
        rows = TUNED[start : start + size]
        means += [sum(r.nll for r in rows) / sum(r.tokens for r in rows)] * len(rows)
    return sum(means) / N


def cut_at(limit: int) -> float:
    kept = [value for loss in TUNED for value in loss.token_nll[: limit - 40]]
    return sum(kept) / len(kept)


def parts(known: int, prompt: float = 3.0, newline: float = 5.0) -> dict[str, Reconcile]:
    return {
        loss.sample: Reconcile(loss.sample, prompt * 100, 100, newline) for loss in TUNED[:known]
    }


def read(
    logged: Sequence[float],
    *,
    known: dict[str, Reconcile] | None = None,
    rows: int = N,
    **log: object,
) -> Reading:
    dataset = made_dataset([made_sample(i) for i in range(N)], rows=rows)
    tuned = {loss.sample: loss for loss in TUNED}
    base = {loss.sample: made_loss(loss.sample, loss.nll * 2, loss.tokens) for loss in TUNED}
    return perplexity.read(
        MadeEvidence(
            training=made_log([2.0] * 9, logged, **log),  # type: ignore[arg-type]
            datasets={"validation": dataset},
            scored={"base": base, "tuned": tuned},
            parts=known or {},
        ),
        "tuned",
    )


def line(reading: Reading) -> str:
    found = [f.text for f in reading.findings if f.code in ("log_compared", "log_disagrees")]
    return found[0] if found else ""


def codes(reading: Reading) -> dict[str, str]:
    return {finding.code: finding.severity for finding in reading.findings}


def test_the_same_loss_is_told_behind_how_only() -> None:
    reading = read([9.0, OURS + 0.01])
    assert codes(reading) == {}
    assert any(f"The log says {OURS + 0.01:.3f} at step 200" in told for told in reading.how)


@pytest.mark.parametrize("size", [1, 4, 8])
def test_a_batch_average(size: int) -> None:
    value = batch_average(size)
    assert abs(value - OURS) > 0.03
    reading = read([value])
    assert codes(reading) == {"log_compared": "note"}
    assert "averages per" in line(reading)
    assert f"gives {value:.3f}" in line(reading)


def test_the_logs_own_batch_size_is_tried() -> None:
    value = batch_average(6)
    assert "per batch of 6" in line(read([value], batch_size=6))


@pytest.mark.parametrize("limit", [512, 1024])
def test_truncation(limit: int) -> None:
    reading = read([cut_at(limit)])
    assert f"cuts texts at {limit} tokens" in line(reading)
    assert codes(reading) == {"log_compared": "note"}


def test_the_full_text() -> None:
    known = parts(N)
    total = sum(loss.nll + 300 for loss in TUNED)
    value = total / sum(loss.tokens + 100 for loss in TUNED)
    assert "scores the prompt too, which gives" in line(read([value], known=known))


def test_the_full_text_known_of_some_samples_only() -> None:
    value = sum(loss.nll + 300 for loss in TUNED) / sum(loss.tokens + 100 for loss in TUNED)
    reading = read([value], known=parts(32))
    assert "about" in line(reading)
    assert codes(reading) == {"log_compared": "note"}


def test_the_newline_after_the_end_of_turn() -> None:
    known = parts(N, newline=300.0)
    tokens = sum(loss.tokens for loss in TUNED)
    value = (OURS * tokens + 300 * N) / (tokens + N)
    reading = read([value], known={k: Reconcile(k, 0.0, 0, 300.0) for k in known})
    assert "scores the newline" in line(reading)


def test_nothing_reproduces_it() -> None:
    reading = read([OURS + 3])
    assert codes(reading) == {"log_disagrees": "caution"}
    assert "not those of the run" in line(reading)


def test_a_small_unexplained_difference_is_a_note() -> None:
    assert codes(read([OURS + 0.19])) == {"log_compared": "note"}
    assert codes(read([OURS + 0.21])) == {"log_disagrees": "caution"}


def test_the_eval_at_or_before_the_judged_step_counts() -> None:
    values = [9.0, OURS, 0.1]
    assert codes(read(values, judged_step=200)) == {}
    assert codes(read(values, judged_step=250)) == {}
    assert codes(read(values, judged_step=100))["log_disagrees"] == "caution"
    assert codes(read(values, judged_step=50)) == {}


def test_other_objectives_have_another_loss() -> None:
    series = {"rewards/margins": points([0.1 * i for i in range(9)])}
    assert "log_disagrees" not in codes(read([OURS + 3], series=series))


def test_losses_without_their_tokens_are_not_cut() -> None:
    """A store may leave the tokens out of the many; then each is asked for."""
    dataset = made_dataset([made_sample(i) for i in range(N)])
    whole = {loss.sample: loss for loss in TUNED}
    light = {
        loss.sample: made_loss(loss.sample, loss.nll, loss.tokens, runs=loss.runs) for loss in TUNED
    }

    class Light(MadeEvidence):
        def loss(self, candidate: str, model: str, sample: str) -> TokenLoss | None:
            return whole[sample]

    def told(kind: type[MadeEvidence]) -> Reading:
        return perplexity.read(
            kind(
                training=made_log([2.0] * 9, [cut_at(512)]),
                datasets={"validation": dataset},
                scored={"base": light, "tuned": light},
            ),
            "tuned",
        )

    assert "cuts texts at 512" in line(told(Light))
    assert "cuts texts" not in line(told(MadeEvidence))


# Only some rows drawn


def compared(reading: Reading) -> str:
    return next(told for told in reading.how if "The log says" in told)


def test_what_a_draw_of_the_rows_explains_is_no_disagreement() -> None:
    assert codes(read([OURS + 0.35])) == {"log_disagrees": "caution"}
    reading = read([OURS + 0.35], rows=1000)
    assert codes(reading) == {}
    assert "over 64 of 1,000 rows: no more apart than such a draw may be" in compared(reading)
    assert f"here {OURS:.3f} ± 0." in compared(reading)


def test_beyond_what_a_draw_explains_it_is_one() -> None:
    reading = read([OURS + 3], rows=1000)
    assert codes(reading) == {"log_disagrees": "caution"}
    assert "over 64 of 1,000 rows" in line(reading)


def test_of_nearly_all_rows_the_draw_matters_little() -> None:
    assert codes(read([OURS + 0.35], rows=66)) == {"log_disagrees": "caution"}


def test_draws_of_one_set_hardly_ever_disagree_with_its_loss() -> None:
    """The log's loss over all of 640 rows, ours over 64 of them: very uneven answers."""
    chance = random.Random(3)
    whole = []
    for _ in range(640):
        tokens = 1500 if chance.random() < 0.1 else chance.randint(5, 200)
        whole.append((tokens * (0.4 + tokens / 600 + chance.random()), tokens))
    logged = sum(nll for nll, _ in whole) / sum(tokens for _, tokens in whole)
    far = disagreeing = 0
    for _ in range(40):
        drawn = chance.sample(range(640), 64)
        scored = {f"s{i}": made_loss(f"s{i}", *whole[i]) for i in drawn}
        dataset = made_dataset([made_sample(i) for i in drawn], rows=640)
        reading = perplexity.read(
            MadeEvidence(
                training=made_log([2.0] * 9, [logged]),
                datasets={"validation": dataset},
                scored={"base": scored, "tuned": scored},
            ),
            "tuned",
        )
        ours = sum(whole[i][0] for i in drawn) / sum(whole[i][1] for i in drawn)
        far += abs(ours - logged) > 0.2
        disagreeing += "log_disagrees" in codes(reading)
    assert far > 10
    assert disagreeing <= 1


# A batch average that may be chance


def averaged(count: int, size: int, **log: object) -> str:
    """What is said of the first ``count`` rows beside a log that averages them by ``size``."""
    few = TUNED[:count]
    means = []
    for start in range(0, count, size):
        part = few[start : start + size]
        means += [sum(r.nll for r in part) / sum(r.tokens for r in part)] * len(part)
    scored = {loss.sample: loss for loss in few}
    reading = perplexity.read(
        MadeEvidence(
            training=made_log([2.0] * 9, [sum(means) / count], **log),  # type: ignore[arg-type]
            datasets={"validation": made_dataset([made_sample(i) for i in range(count)])},
            scored={"base": scored, "tuned": scored},
        ),
        "tuned",
    )
    assert "log_disagrees" not in codes(reading)
    return compared(reading)


@pytest.mark.parametrize("size", [1, 2])
def test_of_five_rows_no_batch_average_is_an_explanation(size: int) -> None:
    told = "may differ so much, 5 rows are too few to tell"
    assert told in averaged(5, size)
    assert told in averaged(5, size, batch_size=size)


def test_a_guessed_size_needs_eight_batches_and_the_runs_own_does_not() -> None:
    assert "31 rows are too few to tell" in averaged(31, 4)
    assert "averages per batch of 4" in averaged(32, 4)
    assert "averages per batch of 4" in averaged(31, 4, batch_size=4)
