"""``tui-eval split``: hold rows out for validation, and say what leaks."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tui_eval.commands import places
from tui_eval.commands.run import ProgressLine
from tui_eval.config import DataConfig
from tui_eval.core.splits import Plan, asked
from tui_eval.core.text import clean
from tui_eval.errors import ConfigError
from tui_eval.files import splitting_write
from tui_eval.files.splitting import Scanned
from tui_eval.files.splitting_ask import Wishes, planned, scanned, written
from tui_eval.files.splitting_report import how_lines, leak_lines, seen_words, size_lines
from tui_eval.files.splitting_write import Made

LONG = 20_000
"""Rows of a file that is worth a progress line."""


def command(options: Namespace) -> int:
    out = options.out or splitting_write.default_folder(options.file)
    splitting_write.check_place(options.file, out, overwrite=options.overwrite)
    wishes = _wishes(options)
    wishes.check()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Ended like this, nothing half written is left behind either.
        signal.signal(number, _leave)
    line = ProgressLine()

    def progress(stage: str, rows: int) -> None:
        if rows >= LONG:
            line.show(f"{stage}: {rows:,} rows")

    try:
        found = scanned(wishes, progress)
        plan = planned(found, wishes, progress)
        made = written(found, plan, wishes, out, overwrite=options.overwrite, progress=progress)
    finally:
        line.end()
    for note in plan.notes:
        mark = "! " if note.caution else ""
        print(f"{mark}{clean(note.text)}", file=sys.stderr)
    print("\n".join(report(found, plan, made)))
    return 0


def _wishes(options: Namespace) -> Wishes:
    fields = DataConfig(
        **{key: getattr(options, key) for key in ("category", "time", "group", "prompt", "answer")}
    )
    training, training_fields = _training(options, fields)
    return Wishes(
        options.file,
        options.strategy,
        asked(options.test_size),
        options.seed,
        fields,
        not options.no_group,
        training,
        training_fields,
        exclude_seen=options.exclude_seen,
        exclude_near=options.exclude_near,
        allow_late=options.allow_late,
        file_order=options.file_order,
    )


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _training(options: Namespace, fields: DataConfig) -> tuple[Path | None, DataConfig]:
    """The file that a model was trained with: as named, else that of the workspace."""
    if options.training is not None:
        return options.training, DataConfig(prompt=fields.prompt, answer=fields.answer)
    path = places.eval_toml(options.workspace)
    if path is None:
        return None, fields
    try:
        config = places.load_anywhere(path)
    except ConfigError as error:
        print(clean(f"{path} is faulty: rows in its training file are not looked for."
                    f" {error.message}"), file=sys.stderr)  # fmt: skip
        return None, fields
    train = config.resolve(config.data.train) if config.data.train else None
    if train is None or not train.exists():
        return None, fields
    return train, config.data


def report(found: Scanned, plan: Plan, made: Made) -> list[str]:
    """What was written, sizes by category, and what leaks: before anything is scored."""
    folder = clean(str(made.folder))
    lines = [
        f"{folder}/{splitting_write.TRAIN}: {made.train:,} rows",
        f"{folder}/{splitting_write.VALIDATION}: {made.validation:,} rows,"
        f" {plan.share:.1%} of {plan.rows:,} (asked: {plan.asked})",
        f"{folder}/{splitting_write.MANIFEST}: how they were made",
        "",
        *how_lines(found, plan),
    ]
    if made.unwritable:
        lines.append(f"{made.unwritable:,} values have no form in JSON and were not kept whole")
    sizes = size_lines(plan)
    leaks = [f"  {line}" for line in leak_lines(plan, made.leakage)]
    return [
        *lines,
        *([""] if sizes else []),
        *sizes,
        "",
        "leaks across the split",
        *leaks,
        "",
        seen_words(found),
    ]
