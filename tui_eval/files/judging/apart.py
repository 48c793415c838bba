"""The prompts of a new comparison, beside other comparisons with one of its models.

An answer has one id in all journals. Two comparisons that ask the same prompts of one model tell
by the ids that they share which answers are that model's: neither is blind any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from tui_eval.core.blinding import Allotment, Chosen, choose_apart
from tui_eval.core.judgements import Round
from tui_eval.core.open_comparison import ever_planned, judged_so_far, unblinded_rounds
from tui_eval.core.records import Completion, Sample
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files.compared_blind import journal_fault
from tui_eval.files.judging import recording, words
from tui_eval.files.judging.base import KINDS
from tui_eval.files.judging.recording import Comparison
from tui_eval.store.workspace import Workspace

NAMED = 2


@dataclass(frozen=True, slots=True)
class Other:
    """Another comparison with one of these models, and every prompt that it has asked."""

    round: str
    about: Comparison | None
    prompts: frozenset[str]
    """Sample ids, and hashes of folded prompts: another file numbers its rows otherwise."""
    open: bool
    standing: Round | None = None
    fault: str = ""

    @property
    def words(self) -> str:
        """Which one it is and how far: nothing of any answer."""
        compared = self.about.models if self.about is not None else ()
        models = " against ".join(clean(one, limit=24) for one in compared)
        judges = judged_so_far(self.standing) if self.standing is not None else ()
        far = [f"{clean(name, limit=24)} {done} of {all}" for name, done, all in judges[:NAMED]]
        told = ", ".join(filter(None, (models, *far)))
        return f"{clean(self.round, limit=40)} ({told})" if told else clean(self.round, limit=40)


def others(
    workspace: Workspace,
    round: str,
    keys: Sequence[str],
    answers: Iterable[Mapping[str, Completion]],
) -> tuple[Other, ...]:
    """Those that were planned or recorded, whatever models and settings there are today.
    ``keys`` are the generators of ``round``, ``answers`` what each has answered."""
    judged = workspace.judgements(KINDS)
    planned, fault = ever_planned(judged), journal_fault(workspace)
    unblinded = unblinded_rounds(judged)
    made_by = {one.key: (one.weights, one.adapter or "") for one in workspace.producers()}
    mine = {made_by[key] for key in keys if made_by.get(key, ("",))[0]}
    by_id = {one.id: one.sample for some in answers for one in some.values()}
    # Most comparisons of a long history ask about the same file.
    samples_of = cache(workspace.samples)
    found = []
    for name in dict.fromkeys((*planned, *workspace.keys_of(recording.KIND))):
        if name == round:
            continue
        about = recording.comparisons_of(workspace, name)
        if about and about[-1].step != "blind_ab":
            continue
        of = {key for what in about for key in what.keys}
        ids = {by_id[id] for id in planned.get(name, ()) if id in by_id}
        if not ids and not of & {*keys} and not mine & {made_by.get(key) for key in of}:
            continue
        lost = fault if name not in planned else ""
        found.append(
            Other(
                name,
                about[-1] if about else None,
                frozenset(ids | _asked(samples_of, about)),
                name not in unblinded and (name in planned or bool(lost)),
                judged.round(name),
                lost,
            )
        )
    return tuple(found)


def _asked(
    samples_of: Callable[[str], Mapping[str, Sample]], about: Sequence[Comparison]
) -> set[str]:
    found: set[str] = set()
    for what in about:
        samples = samples_of(what.dataset)
        found.update(what.samples)
        found.update(samples[id].folded_prompt for id in what.samples if id in samples)
    return found - {""}


def chosen(
    allotment: Allotment,
    samples: Mapping[str, Sample],
    usable: Iterable[str],
    beside: Sequence[Other],
) -> Chosen:
    """InputError where prompts of an open comparison would have to be asked again."""
    open_ = [one for one in beside if one.open]
    shut, told = (
        _ids(samples, frozenset[str]().union(*(one.prompts for one in some)))
        for some in (open_, beside)
    )
    made = choose_apart(allotment, {*usable}.__contains__, told, shut)
    if made.short:
        in_the_way = [one for one in open_ if _ids(samples, one.prompts)]
        raise refusal(in_the_way, len(made.ids), made.short)
    return made


def _ids(samples: Mapping[str, Sample], asked: frozenset[str]) -> frozenset[str]:
    return frozenset(id for id, one in samples.items() if id in asked or one.folded_prompt in asked)


def refusal(open_: Sequence[Other], left: int, short: int) -> InputError:
    named = "; ".join(one.words for one in open_[:NAMED])
    more = f" and {len(open_) - NAMED} more" if len(open_) > NAMED else ""
    faults = dict.fromkeys(one.fault for one in open_ if one.fault)
    damaged = (
        f" Nobody knows whether it is unblinded: {clean(next(iter(faults)))}" if faults else ""
    )
    has = "has" if len(open_) == 1 else "have"
    return InputError(
        f"Too few prompts are left: {words.count(left, 'prompt')} and {short} that an open"
        f" comparison with one of these models {has} asked, {named}{more}. The answers that both"
        f" ask would tell in each whose they are.{damaged}",
        "Finish and unblind it first; or give it up: tui-eval ab --end ROUND; or have more"
        " prompts answered ([generation] limit, or a longer file); or ask"
        + (f" at most {left}" if left else " fewer")
        + " ([blind_ab] pairs).",
    )
