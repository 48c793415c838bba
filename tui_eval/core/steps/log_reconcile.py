"""Our validation loss beside the log's: training loops count differently, and the one that
explains the difference is named.

Where only some of the rows are scored, how much the draw may matter comes first: the log's
loss is over all of them. Ways that are tried: the prompt is scored too, batches are
averaged, texts are cut, a newline after the end of turn is scored. What is only known of a
few samples (prompt, newline) is carried over to all, with the error of doing so as extra
leeway.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tui_eval.core.evidence import Evidence
from tui_eval.core.reading import Finding
from tui_eval.core.records import Reconcile, TokenLoss
from tui_eval.core.stats.intervals import Estimate, ratio_of_sums, total
from tui_eval.core.steps.pairs import Pair, Scored, nll, of_tuned, tokens
from tui_eval.core.steps.run import look
from tui_eval.core.steps.wording import Hit, count_text, decimals_text, step_text, threshold

CUTS = (512, 1024, 2048)
"""Limits that trainers cut texts at, in tokens."""
BATCHES = (1, 2, 4, 8, 16, 32, 64)
AVERAGED_ROWS, AVERAGED_BATCHES = 30, 8
"""Rows, and batches of a size that is only guessed, from which a batch average that reaches
the log's value is an explanation: of so many sizes tried, one reaches it by chance where
few rows make their averages lie anywhere."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way of counting: what it gives, and how far off that may be."""

    words: str
    value: float
    leeway: float = 0.0
    figure: str = ""
    rows: int = 0
    """Of a batch average of so few that it may be chance; else 0."""

    @property
    def text(self) -> str:
        if self.rows:
            rows = count_text(self.rows, "row")
            return f"averages per batch may differ so much, {rows} are too few to tell"
        about = "about " if self.leeway else ""
        return f"{self.words}, which gives {self.figure or f'{about}{decimals_text(self.value)}'}"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """``line`` is for the reader in any case; ``hit`` only where the two differ."""

    line: str
    hit: Hit | None


def reconcile(evidence: Evidence, candidate: str, data: Scored) -> Reconciled | None:
    """None where there is nothing to compare: no supervised log with an eval at or before
    the judged step, or our own loss is not there yet."""
    run = look(evidence, candidate)
    if run is None or run.objective != "supervised" or data.waiting or data.broken:
        return None
    evals = next(iter(run.finite_evals().values()), ())
    ours = ratio_of_sums(of_tuned(data.pairs, nll), of_tuned(data.pairs, tokens), data.groups)
    if not evals or ours is None:
        return None
    logged, step = evals[-1].value, step_text(evals[-1].step)
    drawn, leeway = _drawn(data, ours)
    near = max(
        threshold(evidence, "perplexity.log_reproduced"),
        threshold(evidence, "perplexity.log_reproduced_share") * abs(logged),
    )
    gap = abs(ours.value - logged)
    says = f"The log says {decimals_text(logged)} at step {step}, here {decimals_text(ours.value)}"
    says += drawn
    if gap <= near:
        return Reconciled(f"{says}.", None)
    if gap <= near + leeway:
        return Reconciled(f"{says}: no more apart than such a draw may be.", None)
    way = _nearest(ways(evidence, candidate, data, run.log.batch_size), logged, near + leeway)
    if way is not None:
        line = f"{says}: {way.text}."
        return Reconciled(line, Hit(Finding("log_compared", "note", line), "", ""))
    return _unexplained(says, logged, gap - leeway, evidence)


def _drawn(data: Scored, ours: Estimate) -> tuple[str, float]:
    """Words for what is scored, and how far our loss may be from that of all rows, where
    only some were drawn: half the 95% interval, less what is drawn of all there are (finite
    population). Unbounded where nothing tells how the rows vary."""
    dataset = data.dataset
    read = len(dataset.samples) + dataset.duplicates + dataset.left_out
    if read >= dataset.rows:
        return "", 0.0
    half = ours.high - ours.value if ours.high is not None else math.inf
    leeway = half * math.sqrt(1 - read / dataset.rows)
    span = f" ± {decimals_text(leeway)}" if math.isfinite(leeway) else ""
    return f"{span} over {len(data.pairs):,} of {dataset.rows:,} rows", leeway


def _unexplained(says: str, logged: float, gap: float, evidence: Evidence) -> Reconciled:
    """``gap``: by how much the two differ at least."""
    line = f"{says}: no usual way of counting gives the log's value."
    if gap <= threshold(evidence, "perplexity.log_disagrees"):
        return Reconciled(line, Hit(Finding("log_compared", "note", line), "", ""))
    text = f"{line[:-1]}; template, tokenizer or weights are not those of the run."
    phrase = f"the log says {decimals_text(logged)}"
    return Reconciled(line, Hit(Finding("log_disagrees", "caution", text), phrase, phrase))


def _nearest(found: Iterator[Way], logged: float, near: float) -> Way | None:
    reaching = [way for way in found if abs(way.value - logged) <= near + way.leeway]
    return min(reaching, key=lambda way: (way.rows, abs(way.value - logged)), default=None)


def ways(evidence: Evidence, candidate: str, data: Scored, batch: int | None) -> Iterator[Way]:
    losses = [pair.tuned for pair in data.pairs]
    parts = evidence.reconcile(candidate)
    known = [(loss, parts[loss.sample]) for loss in losses if loss.sample in parts]
    yield from _full_text(losses, known)
    yield from _newline(losses, known)
    for size in dict.fromkeys((*((batch,) if batch else ()), *BATCHES)):
        if size < len(losses):
            words = "it averages per sample" if size == 1 else f"it averages per batch of {size}"
            sure = size == batch or len(losses) >= AVERAGED_BATCHES * size
            yield Way(words, batch_average(losses, size), rows=_few(len(losses), sure))
    for limit in CUTS:
        value = _cut_at(evidence, candidate, data.pairs, limit)
        if value is not None:
            yield Way(f"it cuts texts at {limit} tokens", value)


def _few(rows: int, sure: bool = True) -> int:
    """``rows`` where they are too few to name a batch average, else 0."""
    return 0 if sure and rows >= AVERAGED_ROWS else rows


def batch_average(losses: Sequence[TokenLoss], size: int) -> float:
    """As transformers' Trainer does: each batch's mean counts once per row in it."""
    weighted = 0.0
    for start in range(0, len(losses), size):
        rows = losses[start : start + size]
        batch_mean = total(r.nll for r in rows) / sum(r.tokens for r in rows)
        weighted += batch_mean * len(rows)
    return weighted / len(losses)


Known = Sequence[tuple[TokenLoss, Reconcile]]


def _full_text(losses: Sequence[TokenLoss], known: Known) -> Iterator[Way]:
    """Prompt and answer together, and the same averaged per sample and per batch, which
    lies between the two."""
    if not sum(part.prompt_tokens for _, part in known):
        return
    sums = [loss.nll + part.prompt_nll for loss, part in known]
    counts = [float(loss.tokens + part.prompt_tokens) for loss, part in known]
    weighted, leeway = _carried(sums, counts, len(losses))
    yield Way("it scores the prompt too", weighted, leeway)
    averaged, spread = _carried(
        [s / c for s, c in zip(sums, counts, strict=True)], [1.0] * len(sums), len(losses)
    )
    middle, reach = (weighted + averaged) / 2, abs(weighted - averaged) / 2
    low, high = sorted((weighted, averaged))
    words = "it scores the prompt too and averages per batch"
    figure = f"{decimals_text(low)} to {decimals_text(high)}"
    yield Way(words, middle, reach + spread, figure, _few(len(losses)))


def _newline(losses: Sequence[TokenLoss], known: Known) -> Iterator[Way]:
    """One more token after each end of turn, which a trained model foresees almost surely."""
    ends = [
        (part.newline_nll, float(loss.end_tokens))
        for loss, part in known
        if part.newline_nll is not None and loss.end_tokens
    ]
    if not ends:
        return
    each, leeway = _carried([nll for nll, _ in ends], [n for _, n in ends], len(losses))
    count, more = sum(loss.tokens for loss in losses), sum(loss.end_tokens for loss in losses)
    nats = total(loss.nll for loss in losses) + each * more
    words = "it scores the newline after the end of turn"
    yield Way(words, nats / (count + more), leeway * more / (count + more))


def _carried(sums: Sequence[float], counts: Sequence[float], n: int) -> tuple[float, float]:
    """A ratio known of some of ``n`` samples, and two standard errors of taking it for all;
    none where all are known."""
    estimate = ratio_of_sums(sums, counts)
    if estimate is None:
        return math.nan, 0.0
    unknown = max(0.0, 1 - len(sums) / n) if n else 0.0
    error = 2 * estimate.se * math.sqrt(unknown) if math.isfinite(estimate.se) else 0.0
    return estimate.value, error


def _cut_at(evidence: Evidence, candidate: str, pairs: Sequence[Pair], limit: int) -> float | None:
    """The loss over the scored tokens before position ``limit``; None where all are."""
    reaching = [pair for pair in pairs if _end(pair.tuned) > limit]
    if not reaching:
        return None
    nats = total(pair.tuned.nll for pair in pairs)
    count = sum(pair.tuned.tokens for pair in pairs)
    for pair in reaching:
        loss = pair.tuned
        if not loss.token_nll:
            loss = evidence.loss(candidate, candidate, loss.sample) or loss
        if len(loss.token_nll) != sum(stretch for _, stretch in loss.runs):
            return None
        beyond = beyond_limit(loss, limit)
        nats -= total(beyond)
        count -= len(beyond)
    return nats / count if count > 0 else None


def _end(loss: TokenLoss) -> int:
    return max((first + count for first, count in loss.runs), default=0)


def beyond_limit(loss: TokenLoss, limit: int) -> list[float]:
    """The losses of the scored tokens that stand at position ``limit`` or later."""
    places = [first + i for first, count in loss.runs for i in range(count)]
    return [value for place, value in zip(places, loss.token_nll, strict=True) if place >= limit]
