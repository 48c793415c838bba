"""The memo: the decision first, then the six answers, the evidence, and how to repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tui_eval.checklist import CHECKLIST
from tui_eval.core.figures import interval_text, value_text
from tui_eval.core.history import Earlier, StepChange
from tui_eval.core.moments import minute_utc
from tui_eval.core.reading import Number, Reading, finite
from tui_eval.core.sign_off_records import WORDS, Decided, SignOff
from tui_eval.core.steps.contradictions import unknown
from tui_eval.core.steps.sign_off import deploy_lacks, needs_text
from tui_eval.files.report.evidence import step_section
from tui_eval.files.report.gather import Material
from tui_eval.files.report.memo import (
    Answer,
    Answers,
    Block,
    Decision,
    Findings,
    Fold,
    Marked,
    Memo,
    Pairs,
    Paragraph,
    Points,
    Section,
    Sheet,
    Tone,
)
from tui_eval.files.report.sources import sources

TONES: dict[str, Tone] = {"deploy": "good", "hold": "bad", "more_work": "caution", "none": "note"}
RESTS_ON: dict[str, tuple[str, ...]] = {
    "curves": ("drop", "eval_best"),
    "perplexity": ("improvement",),
    "overfitting": ("gap_used",),
    "review": ("accuracy",),
    "blind_ab": ("win_rate", "decisive_rate"),
}
"""The numbers that a step's answer rests on; of step 6 the difference of each task's first
metric."""
JUDGED_SO_FAR: dict[str, tuple[str, ...]] = {
    "review": ("reviewed", "planned"),
    "blind_ab": ("judged", "planned"),
}
TASKS_TOLD = 3


def compose(material: Material) -> Memo:
    names = tuple(material.readings)
    several = len(names) > 1
    sections: list[Section] = []
    if several:
        sections.append(_overview(material))
        sections += [
            # Called so that no candidate's name is another section's.
            Section(name, f"c-{name}", sections=tuple(_candidate(material, name, f"c-{name}-")))
            for name in names
        ]
    else:
        sections += _candidate(material, names[0], "")
    sections.append(sources(material))
    title = f"Evaluation of {names[0]}" if not several else f"Evaluation of {len(names)} candidates"
    return Memo(title, _about(material, names), tuple(sections))


def _about(material: Material, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    models = material.provenance["models"]
    against = [name for name, one in models.items() if one["role"] == "base"]
    rows = [("candidate" if len(names) == 1 else "candidates", ", ".join(names))]
    if len(names) > 1:
        # Of one candidate it stands just below.
        told = [f"{name}: {_said(material.decided[name]).word}" for name in names]
        rows.append(("decisions", " · ".join(told)))
    if against:
        rows.append(("against", ", ".join(_model(name, models[name]) for name in against)))
    rows += [
        ("workspace", material.folder),
        ("written", minute_utc(material.made_at)),
        ("by", f"tui-eval {material.version}"),
    ]
    return tuple(rows)


def _model(name: str, one: Mapping[str, Any]) -> str:
    where = one.get("path") or one.get("answers") or one.get("url")
    return f"{name} ({where})" if where else name


def _overview(material: Material) -> Section:
    blocks: list[Block] = []
    if material.overview is not None:
        blocks.append(Sheet(material.overview, whole=True, verdicts=True))
    if material.compared is not None and material.compared.rows:
        blocks.append(Sheet(material.compared))
        blocks += [Paragraph(text, quiet=True) for text in material.compared_notes]
    return Section("All candidates", "overview", tuple(blocks))


def _candidate(material: Material, name: str, prefix: str) -> list[Section]:
    readings = material.readings[name]
    made = [_decision(material, name, prefix)]
    made.append(
        Section("The six answers", f"{prefix}answers", (Answers(_answers(readings, prefix)),))
    )
    earlier = material.earlier.get(name, ())
    if earlier:
        made.append(Section("Since earlier evaluations", f"{prefix}history", _history(earlier)))
    steps = [
        step_section(number, entry, readings[entry.key], prefix,
                     material.tries.get((name, entry.key)))
        for number, entry in enumerate(CHECKLIST, 1)
        if entry.key in readings
    ]  # fmt: skip
    made.append(Section("The evidence", f"{prefix}evidence", sections=tuple(steps)))
    return made


# The decision.


def _decision(material: Material, name: str, prefix: str) -> Section:
    decided = material.decided[name]
    blocks: list[Block] = [_said(decided)]
    doubts = _doubts(decided)
    if doubts:
        blocks.append(Findings(tuple(Marked("caution", text) for text in doubts)))
    if decided.unseen:
        told = ", ".join(decided.unseen)
        blocks.append(Paragraph(f"Not on the machine that wrote this: {told}.", quiet=True))
    if decided.missing and decided.decision != "deploy":
        blocks.append(Paragraph(f"To be signed as deploy it needs {needs_text(decided.missing)}."))
    contradictions = material.contradictions.get(name, ())
    blocks += _weighed(material, name)
    if contradictions:
        blocks.append(Paragraph("The steps contradict each other:"))
        blocks.append(
            Findings(tuple(Marked("caution", one.text, one.code) for one in contradictions))
        )
    blocks.append(Paragraph(_uncontradicted(material, name), quiet=True))
    if decided.earlier:
        earlier = tuple(_signed_line(one) for one in decided.earlier)
        blocks.append(Fold(f"Earlier decisions ({len(earlier)})", (Points(earlier),)))
    return Section("The decision", f"{prefix}decision", tuple(blocks))


def _doubts(decided: Decided) -> list[str]:
    """Why the decision is not to be gone by as it stands."""
    found = [f"out of date: {text} since it was signed" for text in decided.changed]
    found += [f"a newer decision may be hidden: {text}" for text in decided.faults]
    lacks = deploy_lacks(decided)
    return [*found, f"as things stand now it lacks {lacks}"] if lacks else found


def _uncontradicted(material: Material, name: str) -> str:
    """What is said below the contradictions: of how many steps they are told."""
    open_ = unknown(material.readings[name])
    if not open_:
        return "No contradictions between the steps."
    return f"Whether steps contradict each other is not all known: {'; '.join(open_)}."


def _said(decided: Decided) -> Decision:
    last = decided.last
    word = WORDS[decided.decision]
    if last is None or decided.decision == "none":
        tone: Tone = "caution" if decided.faults else "note"
        when = "that can be read" if decided.faults else "yet"
        return Decision(tone, word, f"Nobody has signed a decision {when}.")
    text = f"Signed by {last.by} ({last.login}) on {minute_utc(last.at)}."
    if decided.stale:
        return Decision("caution", f"{word}, out of date", text, last.note)
    if decided.faults:
        return Decision("caution", f"{word}, in doubt", text, last.note)
    if deploy_lacks(decided):
        return Decision("caution", f"{word}, lacking evidence", text, last.note)
    return Decision(TONES[decided.decision], word, text, last.note)


def _signed_line(one: SignOff) -> str:
    word = "withdrawn" if one.decision == "none" else WORDS[one.decision]
    note = f": {one.note}" if one.note else ""
    return f"{minute_utc(one.at)}, {one.by} ({one.login}), {word}{note}"


def _weighed(material: Material, name: str) -> list[Block]:
    weighed = material.weighed.get(name)
    if weighed is None:
        return []
    told = (
        ("speaks for it", weighed.speaks_for),
        ("against it", weighed.against),
        ("still open", weighed.open),
    )
    rows = tuple((word, " · ".join(phrases)) for word, phrases in told if phrases)
    return [Pairs(rows)] if rows else []


# The answers.


def _answers(readings: Mapping[str, Reading], prefix: str) -> tuple[Answer, ...]:
    made = []
    for number, entry in enumerate(CHECKLIST, 1):
        reading = readings.get(entry.key)
        if reading is None:
            continue
        made.append(
            Answer(
                number=number,
                title=entry.title,
                question=entry.question,
                tone=reading.verdict,
                summary=reading.summary,
                evidence=rests_on(reading),
                anchor=f"{prefix}{entry.key}",
            )
        )
    return tuple(made)


def rests_on(reading: Reading) -> str:
    """One line: the numbers with their intervals and n."""
    numbers = reading.numbers
    if reading.step == "task_metrics":
        names = _first_metrics(reading)
    else:
        names = [name for name in RESTS_ON.get(reading.step, ()) if _known(numbers.get(name))]
    told = [number_words(name, numbers[name]) for name in names[:TASKS_TOLD]]
    if len(names) > TASKS_TOLD:
        told.append(f"and {len(names) - TASKS_TOLD} more")
    if told:
        return "; ".join(told)
    done = JUDGED_SO_FAR.get(reading.step, ())
    counts = [finite(numbers[name].value) for name in done if _known(numbers.get(name))]
    if len(counts) == 2 and counts[1]:
        return (
            f"{counts[0]:.0f} of {counts[1]:.0f} {'answers' if done[0] == 'reviewed' else 'pairs'}"
        )
    return ""


def _known(number: Number | None) -> bool:
    return number is not None and finite(number.value) is not None


def _first_metrics(reading: Reading) -> list[str]:
    found: dict[str, str] = {}
    for name, number in reading.numbers.items():
        if name.endswith(".difference") and _known(number):
            found.setdefault(name.partition(".")[0], name)
    return list(found.values())


def number_words(name: str, number: Number) -> str:
    """``improvement 72.2% [61.9, 79.7], n = 253``."""
    if name.endswith(".difference"):
        return _difference(name, number)
    words = " ".join(
        filter(None, (name.replace("_", " ").replace(".", " "), value_text(number),
                      interval_text(number)))
    )  # fmt: skip
    return f"{words}, n = {number.n:,}" if number.n is not None else words


def _difference(name: str, number: Number) -> str:
    """``labels macro_f1 +0.42 [0.34, 0.54], n = 90``: a metric in its own unit."""
    plain = replace(number, unit="")
    sign = "+" if (number.value or 0) > 0 else ""
    words = f"{' '.join(name.split('.')[:-1])} {sign}{value_text(plain)} {interval_text(plain)}"
    return f"{words.rstrip()}, n = {number.n:,}" if number.n is not None else words.rstrip()


# What was before.


def _history(earlier: tuple[Earlier, ...]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for one in earlier:
        changed = ", ".join(one.changed) or "nothing that is fingerprinted"
        said = f"Evaluated on {minute_utc(one.told.at)}; since then {changed}."
        if one.decision is not None:
            said += f" Then decided: {WORDS[one.decision.decision]}, by {one.decision.by}."
        blocks.append(Paragraph(said))
        if one.paired is not None:
            blocks.append(Paragraph(f"Now {one.paired.words}."))
        blocks.append(
            Pairs(tuple((_title(step.step), _then_and_now(step)) for step in one.steps.values()))
        )
    return tuple(blocks)


def _then_and_now(step: StepChange) -> str:
    now = step.now.headline if step.now is not None else "not looked at"
    then = step.then.headline if step.then is not None else "not looked at"
    return f"{now}, as then" if now == then else f"now: {now}. Then: {then}."


def _title(step: str) -> str:
    return next((entry.title for entry in CHECKLIST if entry.key == step), step)
