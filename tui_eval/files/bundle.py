"""A blind bundle: prompts, answers under opaque ids and a judge's plan in one file, to be
judged where neither models nor ``eval.toml`` are.

The plan is written into the judge's journal here as well when the bundle is made, so that
the next judge gets the other sides. In the file, answers come sorted by their ids, and A/B
has of each only what is shown: no model's name, no path, no length, no reason why it ended.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_eval.config import Config
from tui_eval.core.blinding import Repeats, shown
from tui_eval.core.judgements import JudgeRound, PlannedPair, rounds
from tui_eval.core.records import Completion, Sample
from tui_eval.core.session import Standing
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files.bundle_lines import FORMAT, Bundle, read_bundle
from tui_eval.files.journal_checks import HANDED_OUT
from tui_eval.files.journals import import_journal
from tui_eval.files.judging.ab import Ab
from tui_eval.files.judging.material import AbRound, Batch, ReviewRound
from tui_eval.files.judging.recording import comparison_of
from tui_eval.files.judging.review import Review
from tui_eval.files.judging.rounds import ab_round, review_round
from tui_eval.store.files import cannot_write, seal
from tui_eval.store.journal import judge_name, login
from tui_eval.store.workspace import Workspace

__all__ = ["import_journal", "open_bundle", "pack"]

Line = dict[str, Any]


# Making one.


def pack(
    workspace: Workspace,
    config: Config,
    candidate: str,
    *,
    judge: str,
    step: str,
    out: Path,
    against: str | None = None,
) -> str:
    """Write ``judge``'s bundle for ``step`` (``blind_ab`` or ``review``); what is in it, in
    words. A name that ends in ``.gz`` is compressed.

    Raises as opening that judging would, and InputError where there is nothing to judge.
    """
    if step == "review":
        lines, told = _review(workspace, config, candidate, judge)
    else:
        lines, told = _ab(workspace, config, candidate, judge, against)
    _write(out, lines)
    return told


def _ab(
    workspace: Workspace, config: Config, candidate: str, judge: str, against: str | None
) -> tuple[list[Line], str]:
    source = ab_round(workspace, config, candidate, against, None)
    session = Ab.open(workspace, judge, source)
    try:
        if session.unblinded:
            raise InputError("This comparison is unblinded: nobody can vote on it again.")
        _hand_out(session)
        state, before = session.state, session.before()
        known = _known(workspace, state, source.read())
    finally:
        session.close()
    head = {
        **_head(state, before, config),
        "apart": source.repeats.apart,
        "guesses": source.guesses,
    }
    ids = sorted({id for pair in state.pairs for id in (pair.left, pair.right)})
    answers = [_shown(known.texts[id]) for id in ids]
    pairs = sum(1 for pair in state.pairs if not pair.repeat_of)
    told = f"{pairs} of {state.planned} pairs" if pairs < state.planned else f"{pairs} pairs"
    return [head, _plan(state), *_prompts(known, answers), *answers], told


def _review(
    workspace: Workspace, config: Config, candidate: str, judge: str
) -> tuple[list[Line], str]:
    source = review_round(workspace, config, candidate, None)
    session = Review.open(workspace, judge, source)
    try:
        _hand_out(session)
        state, before = session.state, session.before()
        known = _known(workspace, state, source.read())
    finally:
        session.close()
    head = _head(state, before, config)
    head["anchors"] = {name: list(levels) for name, levels in source.anchors.items()}
    answers = [_whole(known.texts[id]) for id in sorted(state.items)]
    there, planned = len(state.items), state.planned
    told = f"{there} of {planned} answers" if there < planned else f"{there} answers"
    return [head, _plan(state), *_prompts(known, answers), *answers], told


def _hand_out(session: Ab | Review) -> None:
    """Note in the journal that the plan is in somebody's hands: one that nobody has touched
    would be made anew when the settings change, and what comes back would fit no plan."""
    if session.state.ended:
        raise InputError(f"{session.judge} has finished judging this.", "Name another judge.")
    if not session.order:
        raise InputError(
            "There are no answers to judge yet.", "Answer the prompts first: tui-eval run"
        )
    if not session.state.marks:
        session.view(session.order[0], HANDED_OUT)


def _known(workspace: Workspace, state: JudgeRound, batch: Batch) -> Batch:
    """With what a plan holds that was made when the settings chose other prompts."""
    texts, samples = dict(batch.texts), dict(batch.samples)
    planned = {id for pair in state.pairs for id in (pair.left, pair.right)} | {*state.items}
    recorded = comparison_of(workspace, state.round)
    if planned - texts.keys() and recorded is not None:
        for key in recorded.keys:
            texts |= workspace.completions(key)
        samples |= workspace.samples(recorded.dataset)
    if planned - texts.keys():
        raise InputError(
            f"Answers that {state.judge} is to judge are not here.",
            "Copy the workspace's .tui-eval/facts from where they were generated.",
        )
    return Batch(texts, samples)


def _head(state: JudgeRound, before: Sequence[str], config: Config) -> Line:
    names = {name.casefold() for name in config.models}
    words = [text for text in before if not any(name in text.casefold() for name in names)]
    return {
        "kind": "bundle",
        "format": FORMAT,
        "judge": state.judge,
        "step": state.step,
        "round": state.round,
        "before": words,
    }


def _plan(state: JudgeRound) -> Line:
    """The plan as journals have it, without its seed, which nobody needs who follows it, and
    without what a journal's line has besides."""
    about: Line = {
        "plan": state.plan,
        "planned": state.planned,
        "ordinal": state.ordinal,
    }
    if state.step == "review":
        return {"kind": "plan", **about, "blind": state.blind, "items": list(state.items)}
    return {"kind": "plan", **about, "mode": state.mode, "pairs": _plain(state.pairs)}


def _plain(pairs: Iterable[PlannedPair]) -> list[Line]:
    made = []
    for pair in pairs:
        one: Line = {"pair": pair.pair, "left": pair.left, "right": pair.right}
        one |= {"repeat_of": pair.repeat_of} if pair.repeat_of else {}
        made.append(one | ({"identical": True} if pair.identical else {}))
    return made


def _prompts(known: Batch, answers: Sequence[Line]) -> Iterator[Line]:
    for id in sorted({str(answer["sample"]) for answer in answers}):
        sample = known.samples.get(id)
        if sample is not None:
            yield _prompt(sample)


def _prompt(sample: Sample) -> Line:
    """What is shown of a sample: not the file that it is from, nor where in it."""
    return {
        "kind": "prompt",
        "sample": sample.id,
        "category": sample.category or "",
        "messages": [message.as_dict() for message in sample.messages],
        "tools": [dict(tool) for tool in sample.tools],
    }


def _shown(one: Completion) -> Line:
    return {
        "kind": "answer",
        "id": one.id,
        "sample": one.sample,
        "answer": shown(one.answer),
        "thinking": shown(one.thinking),
    }


def _whole(one: Completion) -> Line:
    return {
        "kind": "answer",
        "id": one.id,
        "sample": one.sample,
        "answer": one.answer,
        "thinking": one.thinking,
        "finish": one.finish,
        "flags": list(one.flags),
    }


def _write(out: Path, lines: Sequence[Line]) -> None:
    data = b"".join(seal(line) for line in (*lines, {"kind": "end", "lines": len(lines)}))
    if out.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    try:
        fd = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise InputError(f"{out} is there already.", "Name another file.") from error
    except OSError as error:
        raise cannot_write(out, error) from error
    try:
        with open(fd, "wb") as file:
            file.write(data)
    except OSError as error:
        out.unlink(missing_ok=True)
        raise cannot_write(out, error) from error


# Judging one.


class BundledAb(Ab):
    """Pairs of a bundle. Here nobody knows a side, so nothing can be decided or unblinded."""

    @property
    def standing(self) -> Standing:
        return replace(super().standing, enough=None)

    def before(self) -> Sequence[str]:
        return (*super().before(), _send_back(self._journal.path))

    def may_unblind(self) -> str:
        return "Only the workspace that the bundle was made in can unblind these pairs."

    def unblind(self) -> None:
        raise InputError(self.may_unblind(), _send_back(self._journal.path))


class BundledReview(Review):
    def before(self) -> Sequence[str]:
        return (*super().before(), _send_back(self._journal.path))


def _send_back(journal: Path) -> str:
    return f"When you are done, send {clean(str(journal))} to whoever made the bundle."


def open_bundle(
    path: Path, workspace: Workspace, *, judge: str | None = None
) -> BundledAb | BundledReview:
    """Judge a bundle; the journal goes into ``workspace``, a folder that need hold nothing
    else (usually the bundle's own).

    StoreError names the line of a damaged bundle, InputError says whose it is where
    ``judge`` is somebody else.
    """
    bundle = read_bundle(path)
    judge = judge_name(judge) if judge is not None else None
    if judge is not None and judge != bundle.judge:
        raise InputError(
            f"This bundle was made for {bundle.judge}, not for {judge}.",
            f"Each judge needs an own one: tui-eval pack --judge {judge}",
        )
    workspace.catch_up()
    _take_plan(workspace, bundle)
    if bundle.step == "review":
        return BundledReview.open(workspace, bundle.judge, _review_round(bundle))
    return BundledAb.open(workspace, bundle.judge, _ab_round(bundle))


def _take_plan(workspace: Workspace, bundle: Bundle) -> None:
    """Put the bundle's plan into the judge's journal, or what a later bundle adds to it."""
    with workspace.journal(bundle.judge) as journal:
        plans = workspace.judgements(("plan", "more"))
        known = rounds(plans).get(bundle.round)
        mine = known.judge(bundle.judge) if known is not None else None
        content: Line
        if mine is None:
            content = (
                {"items": list(bundle.items), "blind": bundle.blind}
                if bundle.step == "review"
                else {"pairs": _plain(bundle.pairs), "mode": bundle.mode}
            )
            journal.append(
                "plan",
                plan=bundle.plan,
                step=bundle.step,
                round=bundle.round,
                planned=bundle.planned,
                ordinal=bundle.ordinal,
                login=login(),
                **content,
            )
            return
        pairs = {pair.pair for pair in mine.pairs}
        content = {
            "pairs": _plain(pair for pair in bundle.pairs if pair.pair not in pairs),
            "items": [item for item in bundle.items if item not in set(mine.items)],
        }
        content = {name: new for name, new in content.items() if new}
        if content:
            journal.append("more", plan=mine.plan, **content)


def _batch(bundle: Bundle, there: int) -> Batch:
    """No answer is still to come: what was not there is left out."""
    return Batch(bundle.texts, bundle.samples, left_out=max(0, bundle.planned - there))


def _ab_round(bundle: Bundle) -> AbRound:
    there = sum(1 for pair in bundle.pairs if not pair.repeat_of)
    batch = _batch(bundle, there)
    return AbRound(
        id=bundle.round,
        title="blind A/B",
        seed=0,
        planned=bundle.planned,
        mode=bundle.mode,
        repeats=Repeats(apart=bundle.apart),
        guesses=bundle.guesses,
        before=bundle.before,
        read=lambda: batch,
        keep=_nothing,
        decides=lambda judges: False,
        samples=tuple({one.sample: None for one in bundle.texts.values()}),
    )


def _review_round(bundle: Bundle) -> ReviewRound:
    batch = _batch(bundle, len(bundle.items))
    return ReviewRound(
        id=bundle.round,
        title="manual review",
        seed=0,
        planned=bundle.planned,
        blind=bundle.blind,
        before=bundle.before,
        read=lambda: batch,
        keep=_nothing,
        anchors=bundle.anchors,
    )


def _nothing(judge: str) -> None:
    """What is judged needs no facts here: the workspace that made the bundle has them."""
