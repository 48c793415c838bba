"""Whether a decision still stands on what lies here: fingerprints by what they are of, then and
now. An empty one is of something that is named and not on this machine; what is named nowhere has
none at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from tui_eval.core.text import clean

Standing = Mapping[str, str]

KIND, NAMED = "kind", "named"
_BY_PATH = ("weights", "adapter", "tokenizer")
"""Of a model, where the kind of it says whether there is such a part."""
_MADE_OF = (*_BY_PATH, "answers", "server", "references")
"""Come and go with the kind of model; then they are another model's."""
_ESSENTIAL = (KIND, "weights", "adapter", "answers")
"""Without having seen these nobody knows whether it is the same model."""
_PARTS = {
    "weights": "the weights of {}",
    "adapter": "the adapter of {}",
    "tokenizer": "the tokenizer of {}",
    "answers": "the answers of {}",
    "server": "the server of {}",
    "references": "the answers of {}",
    "system": "the system prompt of {}",
    "few_shot": "the few-shot examples of {}",
    KIND: "the kind of {}",
    NAMED: "the path of {}",
}
_KINDS = {
    "adapter": "an adapter",
    "full": "a full model",
    "answers": "answers from a file",
    "references": "the data's expected answers",
    "url": "a server",
    "unreadable": "a folder that can't be read",
    "none": "no model",
}
_DATA = {
    "data.validation": "the validation data",
    "data.train": "the training data",
    "data.test": "the test data",
    "data.off_task": "the off-task texts",
    "data.fields": "the way the data is read",
    "prompt.template": "the prompt template",
    "generation": "the generation settings",
    "generation.file": "the checkpoint's generation_config.json",
    "scoring": "the scoring settings",
}
_RULES = "task_rules."
_OPTIONAL = ("data.", "tasks.", _RULES)
"""What may come and go: named later, or named no more."""


def changed(then: Standing, now: Standing) -> tuple[str, ...]:
    """What is another one than before, in words. What was not on the machine, then or now, says
    nothing; nor does a fingerprint that only one version of tui-eval takes. A model, or a part
    of one, that is named only then or only now is a change."""
    return tuple(dict.fromkeys((*_models_changed(then, now), *_parts_changed(then, now))))


def unsure(then: Standing, now: Standing, absent: Collection[str]) -> tuple[str, ...]:
    """Where nobody can say that a model is the one of then, in words: it is neither here nor on
    record, its files go by another name and are not here, or whoever decided had not seen them.
    ``absent``: names in ``now`` of what is not on this machine, whether it is on record or not."""
    return tuple(_unsure(then, now, absent))


def unseen(then: Standing, now: Standing, absent: Collection[str]) -> tuple[str, ...]:
    """What is not on this machine and keeps nobody from going by the decision, in words: models
    that are on record as they were last seen, and data."""
    return tuple(dict.fromkeys(_unseen(then, now, absent)))


def thing(name: str) -> str:
    """``tuned.adapter`` in words: the adapter of tuned."""
    if name in _DATA:
        return _DATA[name]
    for prefix, words in (("tasks.", "the data of task"), (_RULES, "the prompt or rules of task")):
        if name.startswith(prefix):
            return f"{words} {clean(name.removeprefix(prefix), limit=30)}"
    model, _, part = name.rpartition(".")
    return _PARTS.get(part, f"{clean(part, limit=30)} of {{}}").format(_said(model))


def _said(model: str) -> str:
    return clean(model, limit=30)


def _model(name: str) -> tuple[str, str]:
    """``(model, part)``; empty where it is of none."""
    model, _, part = name.rpartition(".")
    of_none = name in _DATA or name.startswith(_OPTIONAL[1:]) or part not in _PARTS
    return ("", "") if of_none else (model, part)


def _models(standing: Standing) -> list[str]:
    return list(dict.fromkeys(filter(None, (_model(name)[0] for name in standing))))


def _tells_kinds(standing: Standing) -> bool:
    """Whether what it lacks was not there: earlier versions left out what they didn't see."""
    return any(_model(name)[1] == KIND for name in standing)


def _models_changed(then: Standing, now: Standing) -> Iterator[str]:
    before, after = _models(then), _models(now)
    if _tells_kinds(now):
        yield from (f"{_said(model)} was taken out" for model in before if model not in after)
    if _tells_kinds(then):
        yield from (f"{_said(model)} was added" for model in after if model not in before)
    for model in before:
        kinds = _kinds(then, now, model)
        if all(kinds) and kinds[0] != kinds[1]:
            told = [_kind_words(kind or "") for kind in kinds]
            yield f"{_said(model)} was {told[0]} and is {told[1]} now"


def _kinds(then: Standing, now: Standing, model: str) -> tuple[str | None, str | None]:
    name = f"{model}.{KIND}"
    return then.get(name), now.get(name)


def _kind_words(kind: str) -> str:
    return " and ".join(_KINDS.get(one, clean(one, limit=30)) for one in kind.split("+"))


def _parts_changed(then: Standing, now: Standing) -> Iterator[str]:
    before, after = _models(then), _models(now)
    for name in dict.fromkeys((*then, *now)):
        model, part = _model(name)
        one, other = then.get(name), now.get(name)
        if one == other or part in (KIND, NAMED):
            continue
        if model and not (model in before and model in after):
            continue
        if model and part in _MADE_OF:
            yield from _part_changed(then, now, name)
        elif one and other:
            yield f"{thing(name)} changed"
        elif name.startswith(_OPTIONAL):
            yield from _came_or_went(then, now, name)


def _part_changed(then: Standing, now: Standing, name: str) -> Iterator[str]:
    (model, part), one, other = _model(name), then.get(name), now.get(name)
    kinds = _kinds(then, now, model)
    if all(kinds) and kinds[0] != kinds[1]:
        # Told once, of the whole model.
        return
    if one and other:
        yield f"{thing(name)} changed"
    elif one and other is None and _certain(now, model, part):
        yield f"{thing(name)} {_was(name)} taken out"
    elif other and one is None and _certain(then, model, part):
        yield f"{thing(name)} {_was(name)} added"


def _certain(standing: Standing, model: str, part: str) -> bool:
    """Whether a part that is not in it was not there."""
    kind = standing.get(f"{model}.{KIND}")
    return bool(kind) if part in _BY_PATH else kind is not None


def _came_or_went(then: Standing, now: Standing, name: str) -> Iterator[str]:
    one, other = then.get(name), now.get(name)
    rules = f"{_RULES}{name.removeprefix('tasks.')}"
    told_by_rules = _tells_kinds(then) and _tells_kinds(now)
    told_by_rules = told_by_rules and (then.get(rules) is None) != (now.get(rules) is None)
    if name.startswith("tasks.") and told_by_rules:
        return
    words = f"task {clean(name.removeprefix(_RULES), limit=30)} was"
    said = words if name.startswith(_RULES) else f"{thing(name)} {_was(name)}"
    if other and one is None and (not name.startswith(_RULES) or _tells_kinds(then)):
        yield f"{said} added"
    elif one and other is None and (not name.startswith(_RULES) or _tells_kinds(now)):
        yield f"{said} taken out"


def _was(name: str) -> str:
    plural = name == "data.off_task" or _model(name)[1] in ("weights", "answers", "references")
    return "were" if plural else "was"


def _away(now: Standing, absent: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """By model, what decides which one it is and is not on this machine."""
    for model in _models(now):
        names = [f"{model}.{part}" for part in _ESSENTIAL]
        yield model, [name for name in names if name in absent and name in now]


def _unsure(then: Standing, now: Standing, absent: Collection[str]) -> Iterator[str]:
    for model, away in _away(now, absent):
        called = [standing.get(f"{model}.{NAMED}") for standing in (then, now)]
        names = [f"{model}.{part}" for part in _ESSENTIAL]
        if away and all(called) and called[0] != called[1]:
            yield f"{_said(model)} names other files, which are not on this machine"
        elif lost := [name for name in away if not now[name]]:
            whole = f"{model}.{KIND}" in lost
            what = _said(model) if whole else thing(lost[0])
            are = "are" if not whole and _was(lost[0]) == "were" else "is"
            yield f"{what} {are} neither on this machine nor on record here"
        elif any(then.get(name) == "" and now.get(name) for name in names):
            yield f"{_said(model)} had not been seen where it was signed"


def _unseen(then: Standing, now: Standing, absent: Collection[str]) -> Iterator[str]:
    for model, away in _away(now, absent):
        if away and all(now[name] for name in away):
            yield f"{_said(model)} (taken from the record)"
    for name in now:
        of_data = _model(name)[1] == "few_shot" or name.startswith(_OPTIONAL)
        # What was not there when it was signed is missed by nobody.
        if name in absent and of_data and then.get(name):
            yield thing(name)
