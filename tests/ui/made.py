"""Readings made for pictures: what steps 1 and 2 give, in every state a person meets."""

from __future__ import annotations

import math
import random
from typing import Any

from tui_eval.core.reading import Column, Event, Finding, Number, Plot, Reading, Series, Table
from tui_eval.core.records import EngineStatus, Job, Message, Rendering, Sample, TokenLoss
from tui_eval.core.steps.perplexity_views import binned
from tui_eval.ui.widgets.token_data import SampleDetail

IDLE = EngineStatus("idle")
WORKING = EngineStatus("working")
HOSTILE = "\x1b[31m\x1b]52;c;aGk=\x07[bold]refunds[/bold] \u202eevil\x9b2J"
RUNNING = Job(
    "j1", "score", {"candidate": "tuned", "split": "validation"}, "running", "2026-01-01T00:00:00Z",
    done=412, total=600, speed=38.0, eta=12.0,
)  # fmt: skip


def axes(xs: list[float], steps: float, epochs: float) -> dict[str, tuple[float, ...]]:
    return {
        "epoch": tuple(x / steps * epochs for x in xs),
        "time": tuple(1_700_000_000 + 1.7 * x for x in xs),
    }


def curve_plots(
    points: int = 150, evals: int = 15, steps: float = 1500, rise: float = 0.0,
    broken_from: int | None = None, noise: float = 0.04,
) -> tuple[Plot, ...]:  # fmt: skip
    """Loss (with validation) and learning rate of a run of three epochs; seeded."""
    draw = random.Random(1)
    xs = [steps * (i + 1) / points for i in range(points)]
    ys = [1.1 + 1.2 * math.exp(-4 * i / points) + draw.gauss(0, noise) for i in range(points)]
    if broken_from is not None:
        ys[broken_from:] = [math.nan] * (points - broken_from)
    series = [Series("train", "train", tuple(xs), tuple(ys), axes(xs, steps, 3))]
    events = [Event(xs[points * end // 3 - 1], f"epoch {end} ended") for end in (1, 2)]
    if evals:
        ex = [steps * (i + 1) / evals for i in range(evals)]
        ey = [
            1.2 + 1.2 * math.exp(-4 * (i + 1) / evals) + rise * max(0.0, i / evals - 0.6)
            for i in range(evals)
        ]
        series.append(Series("validation", "eval", tuple(ex), tuple(ey), axes(ex, steps, 3)))
        best = min(range(evals), key=ey.__getitem__)
        events.append(Event(ex[best], f"best validation {ey[best]:.2f}"))
    rates = tuple(2e-5 * (1 - i / points) for i in range(points))
    rate = Series("learning rate", "train", tuple(xs), rates, axes(xs, steps, 3))
    ordered = tuple(sorted(events, key=lambda event: event.x)) if points > 10 else ()
    return (
        Plot("loss", "loss", "curve", tuple(series), "step", "loss", ordered),
        Plot("learning_rate", "learning rate", "curve", (rate,), "step", "learning rate"),
    )


def curves(**options: Any) -> Reading:
    """An overfitted run: validation was best before the end."""
    plots = curve_plots(**{"rise": 0.6, **options})
    evals = plots[0].series[1] if len(plots[0].series) > 1 else None
    columns = (
        Column("step", "step", "count", 0),
        Column("epoch", "epoch", "number", 2),
        Column("eval_loss", "validation", "number", 3),
    )
    tables = {}
    if evals is not None:
        rows = tuple(zip(evals.x, evals.alternatives["epoch"], evals.y, strict=True))
        tables["evals"] = Table("validation losses", columns, rows)
    return Reading(
        "curves",
        "tuned",
        "caution",
        "loss fell 52%; best validation at 1050",
        "loss fell 52% (2.31 → 1.12), but validation was best at step 1050",
        findings=(
            Finding("eval_peaked", "caution", "2.3% worse since: judge checkpoint-1050."),
            Finding("spike", "note", "1 spike, at step 770 (2.01 against 1.42 around it)."),
        ),
        numbers={
            "first": Number(2.31, n=150, unit="loss"),
            "last": Number(1.12, n=150, unit="loss"),
            "drop": Number(0.52, n=150, unit="rate"),
            "eval_best": Number(1.21, n=15, unit="loss"),
            "eval_best_step": Number(1050, n=15, unit="step"),
        },
        tables=tables,
        plots=plots,
        how=("First and last are medians.",),
    )


CATEGORIES = (
    ("billing", 180, -0.44), ("shipping", 143, -0.41), ("invoices and more", 120, -0.37),
    ("refunds", 41, -0.03), ("warranty 保証", 31, 0.08),
)  # fmt: skip
PROMPTS = (
    "Can I return a gift card that was bought in a shop abroad?",
    "日本語のテキストはとても広いですが大丈夫ですか",
    "مرحبا بالعالم كيف حالك",
    "short",
)


def perplexity(
    n: int = 600, rows: int = 50, foreign: str = "", findings: tuple[Finding, ...] | None = None
) -> Reading:
    """A good fine-tune; ``foreign`` stands in every text that data or a model can write."""
    draw = random.Random(2)
    changes = [draw.gauss(-0.5, 0.25) for _ in range(n)]
    base = [abs(draw.gauss(2.1, 0.4)) for _ in range(n)]
    tuned = [max(0.1, b + c) for b, c in zip(base, changes, strict=True)]
    middles, counts = binned(changes)
    names = [name + foreign for name, _, _ in CATEGORIES]
    reasons = (Finding("least", "note", "Better on 561 of 600; least on refunds." + foreign),)
    return Reading(
        "perplexity",
        "tuned",
        "good",
        "8.42 → 5.10, 39.4% lower",
        "8.42 → 5.10, 39.4% lower [37.7, 41.0], n = 600 samples, 148k tokens" + foreign,
        findings=reasons if findings is None else findings,
        numbers={
            "base": Number(8.42, 7.91, 8.97, n, "perplexity"),
            "tuned": Number(5.10, 4.82, 5.41, n, "perplexity"),
            "improvement": Number(0.394, 0.377, 0.410, n, "rate"),
            "ratio": Number(0.606, 0.590, 0.623, n),
            "better_share": Number(0.935, 0.91, 0.95, n, "rate"),
            "samples": Number(n, unit="samples"),
            "tokens": Number(148_213, unit="tokens"),
            "lost" + foreign: Number(None, why="nothing was measured" + foreign),
        },
        tables=perplexity_tables(names, rows, foreign),
        plots=(
            Plot("change", "change of loss per sample (nats/token): left of 0 is better",
                 "histogram", (Series("samples", "tuned", middles, counts),), "nats/token", ""),
            Plot("by_category", "change of perplexity by category", "bars", tuple(
                Series(name, "tuned", (float(i),), (CATEGORIES[i][2],))
                for i, name in enumerate(names)), "", "change"),
            Plot("scatter", "loss per sample (nats/token): below the diagonal is better",
                 "scatter", (Series("samples" + foreign, "tuned", tuple(base), tuple(tuned)),),
                 "○ base" + foreign, "● tuned" + foreign),
        ),
        how=("Perplexity is exp of the summed loss over the summed tokens.",),
    )  # fmt: skip


def perplexity_tables(names: list[str], rows: int, foreign: str) -> dict[str, Table]:
    models = Table(
        "perplexity",
        (
            Column("model", ""),
            Column("perplexity", "perplexity", "number"),
            Column("low", "low", "number"),
            Column("high", "high", "number"),
            Column("bits_per_byte", "bits/byte", "number"),
            Column("without_end", "without end-of-turn", "number"),
        ),
        (("○ base", 8.42, 7.91, 8.97, 1.02, 7.80), ("● tuned", 5.10, 4.82, 5.41, 0.78, 5.02)),
    )
    by_category = Table(
        "by category",
        (
            Column("category", "category"),
            Column("n", "n", "count", 0),
            Column("base", "○ base", "number"),
            Column("tuned", "● tuned", "number"),
            Column("change", "change", "percent", 0),
            Column("low", "low", "percent", 0),
            Column("high", "high", "percent", 0),
        ),
        tuple(
            (name, count, 8.4, 8.4 * (1 + change), change, change - 0.04, change + 0.05)
            for name, (_, count, change) in zip(names, CATEGORIES, strict=True)
        ),
    )
    worst = Table(
        "worst regressions (nats/token)" + foreign,
        (
            Column("sample", "sample"),
            Column("category", "category" + foreign),
            Column("prompt", "prompt"),
            Column("base", "○ base", "number"),
            Column("tuned", "● tuned", "number"),
        ),
        tuple(
            (f"#{17 * i + 5}", names[i % 5], foreign + PROMPTS[i % 4], 1.2 + i / 100, 2.9 - i / 50)
            for i in range(rows)
        ),
        tuple(f"sample-{i}" for i in range(rows)),
    )
    return {"models": models, "by_category": by_category, "worst": worst}


NOT_STARTED = Reading(
    "perplexity",
    "tuned",
    "waiting",
    "needs 600 samples scored: press r",
    "600 validation samples to be scored under both models",
)

PROMPT = (
    "<|im_start|>user\nCan I return a gift card 保証 that was bought abroad?<|im_end|>\n"
    "<|im_start|>assistant\n"
)
ANSWER = "Gift cards can be returned within 30 days.<|im_end|>"


def sample_detail(prompt: str = PROMPT) -> SampleDetail:
    """A short chat; every word of the answer is a token, with losses that differ."""
    text = prompt + ANSWER
    spans, at = [], len(prompt)
    for word in ("Gift", " cards", " can", " be", " returned", " within", " 30", " days", ".",
                 "<|im_end|>"):  # fmt: skip
        spans.append((at, at + len(word)))
        at += len(word)
    base = (0.2, 1.5, 0.1, 0.3, 4.0, 0.5, 6.9, 0.2, 0.1, 0.0)
    tuned = (0.1, 0.2, 0.1, 0.1, 0.4, 3.5, 2.0, 0.1, 0.1, 0.0)

    def loss(values: tuple[float, ...]) -> TokenLoss:
        return TokenLoss("s", sum(values), len(values), 44, token_nll=values, spans=tuple(spans))

    sample = Sample("s", "", "", (Message("user", "Can I"), Message("assistant", ANSWER)),
                    category="refunds", row=417)  # fmt: skip
    rendering = Rendering("s", text, ((len(prompt), len(text)),))
    return SampleDetail(sample, rendering, loss(base), loss(tuned))
