"""The form of a split: what is wished, as rows; what may be chosen; what a choice changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tui_eval.core.splits import SPLITS, Plan, asked
from tui_eval.core.splits.rows import counted
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files.checkpoint import expanded
from tui_eval.files.splitting import Scanned
from tui_eval.files.splitting_ask import Wishes
from tui_eval.files.splitting_write import default_folder

Key = Literal[
    "file", "strategy", "size", "seed", "prompt", "category", "time", "group",
    "trained", "leave out", "late rows", "to",
]  # fmt: skip
KEYS: tuple[Key, ...] = (
    "file", "strategy", "size", "seed", "prompt", "category", "time", "group",
    "trained", "leave out", "late rows", "to",
)  # fmt: skip
USUAL, NO_GROUP, FILE_ORDER, NONE = "usual", "none", "file order", "none"
"""Answers that are no name of a field, told apart from one by their place in ``choices``."""
NONE_FOUND, LOOKING = "none found", "looking …"
OWN = "\0"
"""Begins the key of a choice of ours: no field is called so."""
EXCLUDED: Mapping[str, tuple[bool, bool]] = {
    "nothing": (False, False),
    "rows it was trained on": (True, False),
    "near duplicates": (False, True),
    "both": (True, True),
}
"""Which of (seen, near) are kept out of validation."""
LATE = {"refused": False, "allowed": True}
SIZES = ("0.05", "0.1", "0.2", "200 rows")

FLAGS = (
    ("--exclude-near", "“leave out: near duplicates”"),
    ("--exclude-seen", "“leave out: rows it was trained on”"),
    ("--strategy random", "“strategy: random”"),
    ("--strategy category", "“strategy: category”"),
    ("--allow-late", "“late rows: allowed”"),
    ("--file-order", "“time: by the order of the file”"),
    ("--no-group", "“group: none”"),
    ("--training FILE", "the row trained"),
    ("--prompt FIELD", "the row prompt"),
    ("--out DIR", "the row to"),
    ("--out", "the row to"),
    ("--strategy", "strategy"),
    ("--test-size", "size"),
    ("--training", "trained"),
    ("--seed", "seed"),
    ("--prompt", "prompt"),
    ("--answer", "answer"),
    ("--category", "category"),
    ("--group", "group"),
    ("--time", "time"),
)
"""The command line's words, and where the form has the same."""


def in_the_form(text: str) -> str:
    """A sentence that names the command line's options, in the form's words."""
    for flag, words in FLAGS:
        text = text.replace(flag, words)
    return text


@dataclass(frozen=True, slots=True)
class Form:
    """``wishes`` and ``out`` are None as long as no file is named."""

    wishes: Wishes | None = None
    out: Path | None = None
    files: tuple[Path, ...] = ()
    """Files that may be meant, offered first."""
    training: Path | None = None
    """What the model at hand was trained with."""


@dataclass(frozen=True, slots=True)
class Row:
    key: Key
    value: str
    remark: str = ""
    idle: bool = False
    """It decides nothing as the others stand."""


def form_rows(
    form: Form, found: Scanned | None, plan: Plan | None, *, looking: bool = False
) -> list[Row]:
    """Always the same rows, so that nothing moves when one changes. Texts are clean.
    ``looking``: the file is being read, for the first time where ``found`` is None."""
    wishes = form.wishes
    if wishes is None:
        return [Row("file", "none yet", "↵ chooses it"), *(Row(key, "", "", True)
                                                           for key in KEYS[1:])]  # fmt: skip
    unknown = LOOKING if looking else ""
    temporal = wishes.strategy == "temporal"
    seeded = SPLITS[wishes.strategy].seeded
    return [
        Row("file", _shown(wishes.file), _counted(found)),
        Row("strategy", wishes.strategy, _about(wishes, found)),
        Row("size", str(wishes.size), counted(len(plan.validation)) if plan else ""),
        Row("seed", str(wishes.seed), "" if seeded else "temporal has none", not seeded),
        _field("prompt", wishes, found, unknown),
        _field("category", wishes, found, unknown),
        _time(wishes, found, temporal, unknown),
        _group(wishes, found, unknown),
        Row("trained", _shown(wishes.training) if wishes.training else "no file named",
            _seen(found, wishes), wishes.training is None),
        Row("leave out", _excluded(wishes), _why_excluded(wishes)),
        Row("late rows", "allowed" if wishes.allow_late else "refused",
            "of groups that began earlier" if temporal else "temporal only",
            not temporal),
        Row("to", _shown(form.out) if form.out else ""),
    ]  # fmt: skip


def _shown(path: Path) -> str:
    """From the current folder where it lies below it."""
    here = Path.cwd()
    return clean(str(path.relative_to(here)) if path.is_relative_to(here) else str(path))


def _counted(found: Scanned | None) -> str:
    if found is None:
        return ""
    bad = f", {found.bad:,} can't be read" if found.bad else ""
    return f"{counted(len(found.numbers))}{bad}"


def _about(wishes: Wishes, found: Scanned | None) -> str:
    if wishes.strategy != "temporal" or found is None:
        return SPLITS[wishes.strategy].about
    if wishes.file_order or not found.used.get("time"):
        why = "" if wishes.file_order else ": no time field"
        return f"the last rows by file order{why}"
    return "the latest rows by time"


def _field(
    key: Literal["prompt", "category"], wishes: Wishes, found: Scanned | None, unknown: str
) -> Row:
    named = getattr(wishes.fields, key)
    if named:
        return Row(key, clean(named), "as named")
    if key == "prompt":
        shaped = found is None or not found.unshaped
        remark = "" if shaped or found is None else f"{counted(found.unshaped)} of no known shape"
        return Row(key, "found by the row's shape", remark)
    idle = wishes.strategy != "category"
    return Row(key, _used(found, key, unknown), "for the sizes shown" if idle else "")


def _time(wishes: Wishes, found: Scanned | None, temporal: bool, unknown: str) -> Row:
    value = clean(wishes.fields.time or "") or _used(found, "time", unknown)
    if wishes.file_order:
        value = FILE_ORDER
    return Row("time", value, "" if temporal else "temporal only", not temporal)


def _group(wishes: Wishes, found: Scanned | None, unknown: str) -> Row:
    if not wishes.group:
        return Row("group", NO_GROUP, "equal prompts stay together all the same")
    value = clean(wishes.fields.group or "") or _used(found, "group", unknown)
    if found is None:
        return Row("group", value)
    together = value != NONE_FOUND
    return Row("group", value, "its rows stay together" if together else "equal prompts do stay")


def _used(found: Scanned | None, key: str, unknown: str) -> str:
    """The fields that a label is taken from."""
    if found is None:
        return unknown
    return clean(", ".join(found.used.get(key, ()))) or NONE_FOUND


def _seen(found: Scanned | None, wishes: Wishes) -> str:
    if wishes.training is None:
        return "what the model was trained with"
    if found is None or found.seen is None:
        return ""
    # The two are apart from each other: no union of millions at every key.
    return f"holds {len(found.seen.same) + len(found.seen.prompt):,} of them"


def _excluded(wishes: Wishes) -> str:
    both = wishes.exclude_seen, wishes.exclude_near
    return next(name for name, chosen in EXCLUDED.items() if chosen == both)


def _why_excluded(wishes: Wishes) -> str:
    return "" if _excluded(wishes) == "nothing" else "kept in training"


# Choices


@dataclass(frozen=True, slots=True)
class Choices:
    """``offered``: what each is called by, and its words. ``hint``: something else may be
    typed."""

    title: str
    offered: tuple[tuple[str, str], ...]
    at: str = ""
    hint: str | None = None
    narrows: bool = False
    """What is typed looks for one of them."""


def choices(form: Form, found: Scanned | None, key: str) -> Choices:
    wishes = form.wishes
    if key == "file" or wishes is None:
        files = tuple((str(path), _shown(path)) for path in form.files)
        return Choices("file", files, hint="or type the path of a file of rows")
    if key in ("prompt", "category", "time", "group"):
        return _field_choices(wishes, found, key)
    made = {
        "strategy": lambda: Choices(
            "strategy",
            tuple((name, f"{name}: {one.about}") for name, one in SPLITS.items()),
            wishes.strategy,
        ),
        "size": lambda: Choices(
            "how much for validation", tuple((size, size) for size in SIZES), str(wishes.size),
            "or type a share (0.1, 10%) or a count of rows",
        ),
        "seed": lambda: Choices(
            "seed", ((str(wishes.seed + 1), f"{wishes.seed + 1}: another choice"),),
            hint="or type a whole number",
        ),
        "trained": lambda: _training_choices(form, wishes),
        "leave out": lambda: Choices(
            "leave out of validation", tuple((name, name) for name in EXCLUDED), _excluded(wishes)
        ),
        "late rows": lambda: Choices(
            "later rows of a group that began before the boundary",
            (("refused", "refused: no training row is as late as validation"),
             ("allowed", "allowed: they may stay in training")),
            "allowed" if wishes.allow_late else "refused",
        ),
    }  # fmt: skip
    return made[key]() if key in made else Choices("to", (), hint="type the path of a folder")


def _training_choices(form: Form, wishes: Wishes) -> Choices:
    files = dict.fromkeys(path for path in (form.training, *form.files) if path is not None)
    offered = ((OWN + NONE, "none: nothing is looked for"),
               *((str(path), _shown(path)) for path in files))  # fmt: skip
    return Choices("what the model was trained with", offered, str(wishes.training or ""),
                   "or type the path of a file of rows")  # fmt: skip


def _field_choices(wishes: Wishes, found: Scanned | None, key: str) -> Choices:
    own = [(OWN + USUAL, "found by itself")]
    if key == "group":
        own.append((OWN + NO_GROUP, "none: no field names groups"))
    if key == "time":
        own.append((OWN + FILE_ORDER, "by the order of the file"))
    names = found.names if found is not None else ()
    fields = [(name, clean(name, limit=60)) for name in names]
    at = getattr(wishes.fields, key) or OWN + USUAL
    title = f"the field that holds the {key}"
    return Choices(title, (*own, *fields), at, "type to find one", narrows=True)


# What a choice changes


def changed(form: Form, key: str, value: str) -> Form:
    """The form with one row set. InputError where that is no value of it."""
    if key == "file":
        path = Path.cwd() / expanded(value)
        out = default_folder(path)
        if form.wishes is None:
            return replace(form, wishes=Wishes(path, training=form.training), out=out)
        # Names of fields are those of the other file.
        clear = replace(form.wishes.fields, prompt=None, category=None, time=None, group=None)
        return replace(form, wishes=replace(form.wishes, file=path, fields=clear), out=out)
    if form.wishes is None:
        raise InputError("No file is chosen yet.", "Choose it in the first row.")
    if key == "to":
        return replace(form, out=Path.cwd() / expanded(value))
    return replace(form, wishes=_SETTERS[key](form.wishes, value))


def _trained(wishes: Wishes, value: str) -> Wishes:
    if value == OWN + NONE:
        return replace(wishes, training=None, exclude_seen=False)
    return replace(wishes, training=Path.cwd() / expanded(value))


def _leave_out(wishes: Wishes, value: str) -> Wishes:
    seen, near = EXCLUDED[value]
    if seen and wishes.training is None:
        raise InputError(
            "What the model was trained with is not known.", "Name the file in the row trained."
        )
    return replace(wishes, exclude_seen=seen, exclude_near=near)


def _seed(wishes: Wishes, value: str) -> Wishes:
    try:
        return replace(wishes, seed=int(value))
    except ValueError as error:
        raise InputError(f"{value[:40]!r} is no seed.", "It is a whole number.") from error


def _set_time(wishes: Wishes, value: str) -> Wishes:
    ordered = value == OWN + FILE_ORDER
    named = None if value.startswith(OWN) else value
    return replace(wishes, file_order=ordered, fields=replace(wishes.fields, time=named))


def _set_group(wishes: Wishes, value: str) -> Wishes:
    named = None if value.startswith(OWN) else value
    free = value == OWN + NO_GROUP
    return replace(wishes, group=not free, fields=replace(wishes.fields, group=named))


def _set_prompt(wishes: Wishes, value: str) -> Wishes:
    named = None if value.startswith(OWN) else value
    return replace(wishes, fields=replace(wishes.fields, prompt=named))


def _set_category(wishes: Wishes, value: str) -> Wishes:
    named = None if value.startswith(OWN) else value
    return replace(wishes, fields=replace(wishes.fields, category=named))


_SETTERS: Mapping[str, Callable[[Wishes, str], Wishes]] = {
    "strategy": lambda wishes, value: replace(wishes, strategy=value),
    "size": lambda wishes, value: replace(wishes, size=asked(value.removesuffix(" rows"))),
    "seed": _seed,
    "prompt": _set_prompt,
    "category": _set_category,
    "time": _set_time,
    "group": _set_group,
    "trained": _trained,
    "leave out": _leave_out,
    "late rows": lambda wishes, value: replace(wishes, allow_late=LATE[value]),
}


def begun(file: Path | None, training: Path | None, files: Sequence[Path]) -> Form:
    """The form as a person meets it."""
    known = tuple(dict.fromkeys(files))
    form = Form(files=known, training=training)
    return changed(form, "file", str(file)) if file is not None else form
