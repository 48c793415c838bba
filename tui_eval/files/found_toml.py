"""The eval.toml that ``init`` writes: what was found, how, and what else can be set."""

from __future__ import annotations

import json
from pathlib import Path

from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files.found import Found
from tui_eval.files.found_tasks import LIMIT
from tui_eval.files.raw import relative


def to_toml(found: Found, folder: Path) -> str:
    return "\n".join(
        [
            "# What tui-eval judges, and how. Paths are relative to this file.",
            '# Found by itself unless it says "given"; correct whatever is wrong.',
            "",
            *_models(found, folder),
            *_data(found, folder),
            *_prompt(found, folder),
            *_tasks(found, folder),
            *_rest(),
        ]
    )


def _models(found: Found, folder: Path) -> list[str]:
    lines = []
    if found.base:
        name = _text(_base(found, folder))
        lines += ["[models.base]", *_note(found, "base"), f"path = {name}", ""]
    elif found.checkpoint.kind in ("adapter", "full"):
        lines += ["# [models.base]", "# The model that it was trained on was not found."]
        lines += ['# path = "org/name or folder"', ""]
    lines += ["[models.tuned]"]
    if found.checkpoint.kind in ("adapter", "full"):
        lines += [*_note(found, "tuned"), f"path = {_text(_path(found.checkpoint.path, folder))}"]
    if found.log is not None:
        lines += [*_note(found, "log"), f"log = {_text(_path(found.log, folder))}"]
    else:
        lines += ['# log = "trainer_state.json"   # not found']
    lines += ['# objective = "auto"   # supervised, preference or reinforcement']
    lines += [
        "# Answers made elsewhere, judged in the place of its own: rows of prompt and answer,",
        "# samples of lm-evaluation-harness or their folder, a .json log of inspect, HumanEval's:",
        '# answers = "answers.jsonl"',
        "",
    ]
    lines = lines if found.log or found.checkpoint.weights else _nothing(lines)
    return [*lines, *_checkpoints(found), *_rivals(found, folder)]


def _checkpoints(found: Found) -> list[str]:
    judged = found.checkpoint.path.resolve()
    others = [one.name for one in found.checkpoint.siblings if one.resolve() != judged]
    if not others or found.checkpoint.kind not in ("adapter", "full"):
        return []
    told = clean(", ".join(others[:3]) + (", ..." if len(others) > 3 else ""), limit=120)
    return [
        f"# The same run left {told} too:",
        "# tui-eval run --checkpoints scores them all on the validation rows and names the best.",
        "",
    ]


def _rivals(found: Found, folder: Path) -> list[str]:
    """Candidates that need no training, to be taken in by who reads this."""
    lines = [
        "# What fine-tuning has to beat: the base with the best prompt that one can write.",
        "# [models.prompted]",
        f"# path = {_text(_base(found, folder))}",
        '# system = "You are ..."',
        f"# few_shot = {_text(_path(found.train, folder) if found.train else 'examples.jsonl')}"
        "   # rows that stand before each prompt",
        "# shots = 3",
        "",
    ]
    if found.validation is not None:
        lines += [
            "# The data's own answers as a candidate: tui-eval ab --against references",
            "# [models.references]",
            "# references = true",
            "",
        ]
    return lines if found.base else lines[-4:] if found.validation else []


def _base(found: Found, folder: Path) -> str:
    base = found.base or ""
    return _path(Path(base), folder) if Path(base).is_absolute() else base


def _nothing(lines: list[str]) -> list[str]:
    """A section that names no model would be a fault."""
    return [line if line.startswith("#") or not line else f"# {line}" for line in lines]


def _data(found: Found, folder: Path) -> list[str]:
    lines = ["[data]"]
    files = {
        "validation": found.validation,
        "train": found.train,
        "test": found.test,
        "off_task": found.off_task,
    }
    rows = {"validation": "validation", "train": "training"}
    for key, path in files.items():
        if path is None:
            lines.append(f'# {key} = "{key}.jsonl"   # not found')
            continue
        lines += _note(found, rows[key]) if key in rows else []
        lines.append(f"{key} = {_text(_path(path, folder))}")
    lines += [
        '# format = "auto"   # alpaca, sharegpt, messages, prompt_completion, ...',
        "# Names of fields, where they are not the usual ones:",
        '# prompt = "prompt"',
        '# answer = "answer"',
        '# category = "category"',
        '# time = "timestamp"',
        '# group = "conversation_id"',
        "",
    ]
    return lines


def _prompt(found: Found, folder: Path) -> list[str]:
    template = found.template
    if template not in ("chat", "plain"):
        template = _path(Path(template), folder)
    return [
        "[prompt]",
        *_note(found, "prompt"),
        f"template = {_text(template)}",
        '# system = "You are ..."',
        "",
    ]


def _tasks(found: Found, folder: Path) -> list[str]:
    lines = []
    for task in found.tasks:
        why = clean(f"{task.path.name}: {task.guess.why}", limit=200)
        section = [
            f"[tasks.{task.name}]",
            f"data = {_text(_path(task.path, folder))}",
            f"metrics = [{', '.join(map(_text, task.guess.metrics))}]",
            *(f"{key} = {_text(value)}" for key, value in task.guess.settings.items()),
            f"limit = {LIMIT}   # items at most, a seeded choice; 0: all",
        ]
        lines.append(f"# A guess from {why}.")
        lines += [f"# {line}" for line in task.off]
        lines += [*(f"# {line}" if task.off else line for line in section), ""]
    return lines or [
        "# A task: data, and what is measured of the answers to it.",
        "# [tasks.questions]",
        '# data = "test.jsonl"',
        '# metrics = ["exact_match", "token_f1"]   # rougeL, accuracy, macro_f1, numeric, ...',
        "",
    ]


def _rest() -> list[str]:
    return [
        "[scoring]",
        '# dtype = "auto"      # bfloat16 on a GPU, float32 on a CPU',
        "# max_length = 4096   # tokens; longer prompts are cut, longer answers windowed",
        "# limit = 2000        # rows scored at most; 0: all",
        '# answers = "all"     # or "last": which assistant turns are scored',
        "",
    ]


def _note(found: Found, key: str) -> list[str]:
    """Comments from a row: what it is, where from, what is wrong. Foreign text is cleaned:
    a line break in it would leave the comment."""
    row = next((row for row in found.rows if row.key == key), None)
    if row is None:
        return []
    source = f" ({row.source})" if row.source else ""
    lines = [f"{row.value}{source}"] if row.value else []
    lines += [row.problem] if row.problem else []
    return [f"# {clean(line, limit=200)}" for line in lines]


def _path(path: Path, folder: Path) -> str:
    return relative(path, folder)


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's but for DEL."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"{clean(value)} is not a UTF-8 name, so eval.toml can't hold it.",
            "Rename the file or folder.",
        ) from error
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
