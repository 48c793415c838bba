"""What both steps of human judgement need: who judges, how fast, and what notes hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from tui_eval.core import blinding
from tui_eval.core.blinding import Allotment
from tui_eval.core.evidence import Evidence
from tui_eval.core.judged import Judged
from tui_eval.core.judgements import JudgeRound, Round
from tui_eval.core.records import Completion, Producer, Sample
from tui_eval.core.stats.order import median
from tui_eval.core.steps.wording import count_text
from tui_eval.core.text import clean

JUDGE_CELLS = 24
SECONDS_EACH = 37.0
"""Median time for one judgement of a crowd (AlpacaEval: 36.8 s), until the pace is known."""

_TAG = re.compile(r"(?<![\w#&])#(\w[\w-]*)")


def tags_in(note: str) -> list[str]:
    """The ``#tags`` of a note, without their sign."""
    return _TAG.findall(note)


def tag_counts(notes: Iterable[str]) -> Counter[str]:
    """How many notes hold each tag."""
    return Counter(tag for note in notes for tag in dict.fromkeys(tags_in(note)))


def the_round(evidence: Evidence, name: str) -> Round | None:
    return Judged.of(evidence.judgements()).round(name)


def prompts(evidence: Evidence, candidate: str, *models: str) -> Mapping[str, Sample]:
    """Every known prompt by sample id: the validation rows, and what the models answered."""
    known: dict[str, Sample] = {}
    for model in models:
        known |= evidence.answered(candidate, model)
    dataset = evidence.dataset(candidate, "validation")
    return known | {one.id: one for one in (dataset.samples if dataset else ())}


def allotment(evidence: Evidence, samples: Iterable[Sample]) -> Allotment:
    """Which prompts are reviewed and which compared, as the settings have it, without those in
    the review that a comparison asks which was begun with other settings and is open."""
    allotted = blinding.allot(
        samples,
        seed=int(evidence.setting("review.seed")),
        review=int(evidence.setting("review.samples")),
        pairs=int(evidence.setting("blind_ab.pairs")),
    )
    open_ = evidence.compared_blind()
    return blinding.apart(allotted, {asked.sample.id for one in open_ for asked in one.asked})


def unanswerable(
    samples: Iterable[str], *models: tuple[Mapping[str, Completion], Producer | None]
) -> int:
    """How many of the prompts a model could not answer, or has no row for in the file that its
    answers are from: nobody waits for these. What is still to be generated is not among them.
    ``models``: of each its answers by sample id, and what made them."""

    def never(id: str, made: Mapping[str, Completion], by: Producer | None) -> bool:
        if id in made:
            return bool(made[id].error)
        return by is not None and by.given

    return sum(any(never(id, made, by) for made, by in models) for id in samples)


def pace(judges: Iterable[JudgeRound]) -> float | None:
    """Median seconds from one judgement to the judge's next; None until there are two. What
    came from a sheet was written at once, and tells no pace."""
    gaps: list[float] = []
    for judge in judges:
        here = [m for m in judge.marks.values() if m.detail.get("source") != "sheet"]
        times = sorted(filter(None, (_time(mark.at) for mark in here)))
        gaps += [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    return median(gaps) if gaps else None


def nothing_to_judge(evidence: Evidence, candidate: str, step: str) -> tuple[str, str]:
    """Why there is not one prompt for a judged step: a sentence, and it in short."""
    dataset = evidence.dataset(candidate, "validation")
    setting = {"review": "review.samples", "blind_ab": "blind_ab.pairs"}[step]
    if dataset is None:
        text = (
            "There are no prompts to answer: name a file as validation under [data] in eval.toml."
        )
        return text, "no prompts to answer"
    if not evidence.setting(setting):
        return f"Nothing is to be judged here: {setting} is 0 in eval.toml.", f"{setting} is 0"
    text = (
        "There are no prompts to answer: no validation row has a question, and an answer to"
        " compare with."
    )
    return text, "no row has a prompt"


def _time(at: str) -> datetime | None:
    try:
        made = datetime.fromisoformat(at)
    except ValueError:
        return None
    return made if made.tzinfo is not None else None


def minutes_text(count: int, seconds: float | None) -> str:
    """How long ``count`` judgements take: ``about 30 minutes``."""
    minutes = count * (seconds or SECONDS_EACH) / 60
    rounded = 5 * round(minutes / 5) if minutes > 12 else max(1, round(minutes))
    if rounded >= 120:
        return f"about {count_text(round(minutes / 60), 'hour')}"
    return f"about {count_text(rounded, 'minute')}"


def judge_name(name: str) -> str:
    return clean(name, limit=JUDGE_CELLS) or "(no name)"


def names_text(names: Sequence[str], limit: int = 4) -> str:
    """``ana, bo and cy``."""
    shown = [judge_name(name) for name in names[:limit]]
    if len(names) > limit:
        return ", ".join(shown) + f" and {len(names) - limit} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))
