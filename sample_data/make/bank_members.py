"""The bank's members: how each is made, and what has to be read from it for that reason.

What is expected was written before anything was trained, from how a member is made alone. A
reading that differs is a fault of the method or of the reasoning in ``about``; no threshold
moves for it. Where the reasoning was at fault it was changed, twice:

- ``forgetful`` at three times the rate forgot too little to count (0.09 nats per token, by a
  loop of its own); at seven times the rate it may be left poorer at one kind of request (at
  code it is) and end while validation is still falling, so two steps may say caution.
- ``harder`` first had validation rows of the kinds it was hardly trained on. It was poor at
  them, as was said of it; harder for everybody are letters that nobody can foresee.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .recipe import Recipe

GRAVE = ("caution", "bad")


@dataclass(frozen=True)
class Expected:
    verdicts: tuple[str, ...]
    """Any of these."""
    must: tuple[str, ...] = ()
    """Codes of findings, each there; ``a|b``: one of them."""
    never: tuple[str, ...] = ()
    """Codes that may be a note at most."""
    above: Mapping[str, float] = field(default_factory=dict)
    """Numbers that lie above these."""


GOOD = Expected(("good",))
LEARNED = ("gap_high", "gap_some", "too_few_samples", "eval_rises", "copies", "near_far")
"""Signs of memorising, and not being able to tell."""


@dataclass(frozen=True)
class Member:
    place: str
    recipe: Recipe
    curves: Expected
    perplexity: Expected
    overfitting: Expected
    planned: int | None = None
    """Steps that the schedule is for, where the run is stopped before them."""
    stop: int | None = None
    unclipped: bool = False

    @property
    def expected(self) -> dict[str, Expected]:
        return {
            "curves": self.curves,
            "perplexity": self.perplexity,
            "overfitting": self.overfitting,
        }


def _recipe(
    name: str, files: tuple[str, ...], epochs: int, every: int, about: str, **other: float
) -> Recipe:
    """As the sample's good run, but for what a member is about."""
    return Recipe(
        name,
        files,
        about,
        rank=int(other.get("rank", 16)),
        dropout=other.get("dropout", 0.05),
        epochs=epochs,
        rate=other.get("rate", 2e-3),
        log_every=int(other.get("log_every", 2)),
        eval_every=every,
        warm_up=int(other.get("warm_up", 5)),
    )


MEMBERS = (
    Member(
        "desk",
        _recipe(
            "good",
            ("train", "replay"),
            2,
            10,
            "Enough rows, two epochs, old material mixed in: learns the house style, and has"
            " no time to learn rows by heart.",
        ),
        curves=GOOD,
        perplexity=GOOD,
        overfitting=GOOD,
    ),
    Member(
        "desk",
        _recipe(
            "overtrained",
            ("few",),
            40,
            16,
            "64 rows, forty times over, a large adapter, a high rate, no dropout: every row is"
            " known by heart, and answers to new prompts are training answers.",
            rank=64,
            dropout=0.0,
            rate=5.5e-3,
        ),
        curves=Expected(("bad",), ("eval_peaked", "memorising")),
        perplexity=Expected(("good", "caution", "bad")),
        overfitting=Expected(("bad",), ("gap_high", "eval_rises", "copies", "forgetting")),
    ),
    Member(
        "desk",
        _recipe(
            "undertrained",
            ("train", "replay"),
            2,
            4,
            "The good recipe, stopped at step 16 of 90: it was on its way, and nothing was seen"
            " twice.",
            log_every=1,
        ),
        curves=Expected(("caution",), ("still_improving", "unfinished_run"), ("memorising",)),
        perplexity=GOOD,
        overfitting=GOOD,
        planned=90,
        stop=16,
    ),
    Member(
        "desk",
        _recipe(
            "diverged",
            ("train", "replay"),
            2,
            4,
            "A learning rate 250 times too high and no clipping: the weights are thrown far from"
            " any language. Training rows are lost as thoroughly as new ones, so nothing of it"
            " is memorising.",
            rate=0.5,
            log_every=1,
        ),
        curves=Expected(("bad",), ("diverged|non_finite",)),
        perplexity=Expected(("bad",), ("worse|non_finite",)),
        overfitting=Expected(
            ("caution", "bad"),
            ("forgetting|non_finite",),
            ("gap_high", "gap_some", "eval_rises", "copies", "near_far"),
        ),
        planned=40,
        unclipped=True,
    ),
    Member(
        "desk",
        _recipe(
            "leaked",
            ("leaked", "replay"),
            2,
            6,
            "The good recipe, with 60 of the validation rows among 420 training rows: whatever"
            " the validation loss says, it says it of rows that were trained on.",
        ),
        curves=GOOD,
        perplexity=Expected(("bad",), ("validation_in_training",), ("worse", "not_shown")),
        overfitting=Expected(("bad",), ("leak",), LEARNED),
        planned=66,
    ),
    Member(
        "harder",
        _recipe(
            "harder",
            ("train", "replay"),
            2,
            5,
            "The good recipe, but answers end with random letters, more of them in validation:"
            " that costs base and tuned alike, so the raw gap is above 0.2 and is no memorising.",
        ),
        curves=Expected(("good", "caution"), never=("eval_peaked", "diverged", "not_decreased")),
        perplexity=GOOD,
        overfitting=Expected(("good",), ("harder_validation",), LEARNED, {"gap": 0.2}),
        planned=75,
    ),
    Member(
        "harder",
        _recipe(
            "harder_overtrained",
            ("few",),
            30,
            12,
            "The same harder validation rows, and the overtrained recipe: a harder set must not"
            " hide memorising.",
            rank=64,
            dropout=0.0,
            rate=5.5e-3,
        ),
        curves=Expected(("bad",), ("eval_peaked", "memorising")),
        perplexity=Expected(("good", "caution", "bad")),
        overfitting=Expected(("bad",), ("gap_high|eval_rises",)),
    ),
    Member(
        "desk",
        _recipe(
            "one_answer",
            ("one_answer",),
            2,
            4,
            "Every training prompt has one and the same answer, validation has the real ones:"
            " it says that one sentence to everything.",
        ),
        curves=Expected(("bad",), ("eval_peaked", "memorising")),
        perplexity=Expected(("bad",), ("worse",)),
        overfitting=Expected(("bad",), ("low_diversity", "gap_high")),
    ),
    Member(
        "desk",
        _recipe(
            "no_effect",
            ("train",),
            1,
            4,
            "A rate of zero: an adapter that is there and does nothing. It can't have memorised.",
            rate=0.0,
            log_every=1,
        ),
        curves=Expected(("caution",), ("not_decreased",)),
        perplexity=Expected(("bad",), ("no_effect_adapter",)),
        overfitting=GOOD,
        planned=16,
    ),
    Member(
        "desk",
        _recipe(
            "forgetful",
            ("train",),
            2,
            9,
            "Task rows alone at seven times the rate: the task is learned, the general text that"
            " base was raised on is lost. A loop of its own measured 2.1 nats per token. (Three"
            " times the rate lost 0.09, which is less than counts.)",
            rate=1.5e-2,
        ),
        curves=Expected(("good", "caution"), never=("not_decreased", "eval_peaked", "memorising")),
        perplexity=Expected(("good", "caution"), never=("worse", "not_shown", "small_effect")),
        overfitting=Expected(("caution",), ("forgetting",), (*LEARNED, "low_diversity")),
        planned=72,
    ),
    Member(
        "drawn",
        _recipe(
            "nothing",
            ("train",),
            1,
            5,
            "Random answers, drawn from base's own distribution, each seen once: there is"
            " nothing to learn that base doesn't have, and no time to learn rows by heart."
            " Neither learned nor overfitted.",
            log_every=1,
        ),
        curves=Expected(GRAVE, ("not_decreased",)),
        perplexity=Expected(GRAVE, ("worse|not_shown|small_effect",)),
        overfitting=Expected(("good",), (), LEARNED),
        planned=25,
    ),
    Member(
        "drawn",
        _recipe(
            "noise_by_heart",
            ("few",),
            40,
            16,
            "64 of the same random answers, forty times over: what it gains on them is memory"
            " and nothing else.",
            rank=64,
            dropout=0.0,
            rate=5.5e-3,
        ),
        curves=Expected(("bad",), ("eval_peaked", "memorising")),
        perplexity=Expected(("bad",), ("worse",)),
        overfitting=Expected(("bad",), ("gap_high", "eval_rises", "forgetting")),
    ),
)
