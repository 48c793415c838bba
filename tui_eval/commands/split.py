"""``tui-eval split``: hold rows out for validation, and say what leaks."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import Collection
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tui_eval.commands import places
from tui_eval.commands.run import ProgressLine
from tui_eval.config import DataConfig
from tui_eval.core.splits import Plan, asked
from tui_eval.core.text import cells, clean, cut
from tui_eval.errors import ConfigError, InputError
from tui_eval.files import splitting, splitting_write
from tui_eval.files.splitting import Scanned
from tui_eval.files.splitting_near import without_near
from tui_eval.files.splitting_write import Made

SHOWN = 10
LONG = 20_000
"""Rows of a file that is worth a progress line."""
_NAME = 32


def command(options: Namespace) -> int:
    wanted = asked(options.test_size)
    out = options.out or splitting_write.default_folder(options.file)
    splitting_write.check_place(options.file, out, overwrite=options.overwrite)
    fields = DataConfig(
        **{key: getattr(options, key) for key in ("category", "time", "group", "prompt", "answer")}
    )
    if options.group and options.no_group:
        raise InputError("--group and --no-group say the opposite.", "Leave one of them out.")
    training, training_fields = _training(options, fields)
    if options.exclude_seen and training is None:
        raise InputError(
            "--exclude-seen needs the file that a model was trained with.",
            "Name it: --training FILE",
        )
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Ended like this, nothing half written is left behind either.
        signal.signal(number, _leave)
    line = ProgressLine()

    def progress(stage: str, rows: int) -> None:
        if rows >= LONG:
            line.show(f"{stage}: {rows:,} rows")

    try:
        found = splitting.scan(
            options.file,
            fields,
            group=not options.no_group,
            training=training,
            training_fields=training_fields,
            progress=progress,
        )

        def decide(training_only: Collection[int] = ()) -> Plan:
            return splitting.decide(
                found,
                options.strategy,
                wanted,
                seed=options.seed,
                exclude_seen=options.exclude_seen,
                training_only=training_only,
                file_order=options.file_order,
                allow_late=options.allow_late,
            )

        plan = without_near(found, decide, progress) if options.exclude_near else decide()
        made = splitting_write.write(
            found,
            plan,
            out,
            overwrite=options.overwrite,
            exclude_seen=options.exclude_seen,
            exclude_near=options.exclude_near,
            progress=progress,
        )
    finally:
        line.end()
    for note in plan.notes:
        mark = "! " if note.caution else ""
        print(f"{mark}{clean(note.text)}", file=sys.stderr)
    print("\n".join(report(found, plan, made)))
    return 0


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
        f"strategy {plan.strategy}{_seed(plan)}; {plan.units:,} groups that stay together,"
        f" the largest of {plan.largest:,} row{'s' if plan.largest > 1 else ''}",
    ]
    used = [f"{key} from {clean(', '.join(names))}" for key, names in found.used.items() if names]
    if used:
        lines.append(f"fields: {'; '.join(used)}")
    if "validation_begins" in plan.details:
        lines.append(
            f"training ends {plan.details['training_ends']},"
            f" validation begins {plan.details['validation_begins']}"
        )
    if made.unwritable:
        lines.append(f"{made.unwritable:,} values have no form in JSON and were not kept whole")
    return [*lines, *_sizes(plan), *_leaks(plan, made)]


def _seed(plan: Plan) -> str:
    from tui_eval.core.splits import SPLITS

    return f", seed {plan.seed}" if SPLITS[plan.strategy].seeded else ""


def _sizes(plan: Plan) -> list[str]:
    if not plan.by_category:
        return []
    names = [cut(clean(size.name), _NAME) for size in plan.by_category]
    width = max(8, *(cells(name) for name in names))
    lines = ["", f"{'category':<{width}}  {'train':>9}  {'validation':>10}"]
    for name, size in zip(names, plan.by_category, strict=True):
        pad = " " * (width - cells(name))
        lines.append(f"{name}{pad}  {size.train:>9,}  {size.validation:>10,}")
    return lines


def _leaks(plan: Plan, made: Made) -> list[str]:
    leakage, total = made.leakage, f"{made.validation:,} validation rows"
    lines = [
        "",
        "leaks across the split",
        f"  same prompt: {leakage.same_prompt:,} of {total}",
        f"  near duplicate: {len(leakage.near):,} of {_compared(made)} (half of the prompt's words"
        " or more, in runs of 8, in one training prompt)",
    ]
    lines += [
        f"    row {entry.validation:,} is {entry.covered:.0%} in training row {entry.training:,}"
        for entry in leakage.near[:SHOWN]
    ]
    if leakage.near:
        lines.append("    (they stay in training with --exclude-near)")
    if len(leakage.near) > SHOWN:
        lines.append(f"    and {len(leakage.near) - SHOWN:,} more, in the manifest")
    if leakage.seen_same is not None and leakage.seen_prompt is not None:
        lines.append(
            f"  in the training file: {leakage.seen_same:,} with the answer,"
            f" {leakage.seen_prompt:,} more with the prompt alone, of {total}"
        )
    return lines


def _compared(made: Made) -> str:
    if made.leakage.compared == made.validation:
        return f"{made.validation:,} validation rows"
    return f"{made.leakage.compared:,} validation rows, a seeded choice of {made.validation:,}"
