"""``tui-eval init``: write eval.toml from what is found, ask once for what is not."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from tui_eval.commands import places
from tui_eval.config import FILE_NAME
from tui_eval.core.text import clean
from tui_eval.errors import InputError
from tui_eval.files.found import Found, find_all


def command(options: Namespace) -> int:
    folder = (options.workspace or Path.cwd()).absolute()
    if (folder / FILE_NAME).exists():
        raise InputError(
            f"{folder / FILE_NAME} exists already.", "Edit it, or name another folder with -w DIR."
        )
    found = find_all(
        options.checkpoint,
        base=options.base,
        train=options.train,
        validation=options.validation,
        most_rows=0,
    )
    if sys.stdin.isatty() and sys.stderr.isatty():
        found = ask(found)
    _tell(found)
    if options.validation:
        _require_rows(found)
    folder, note = places.writable(folder)
    if note:
        print(clean(note), file=sys.stderr)
    print(found.write(folder))
    return 0


def ask(found: Found) -> Found:
    """Ask for each missing thing once; Enter leaves it out."""
    for key in found.missing:
        row = next(row for row in found.rows if row.key == key)
        print(f"{key}: {clean(row.problem or 'not found')}", file=sys.stderr)
        for number, choice in enumerate(row.choices, 1):
            print(f"  {number}  {clean(choice)}", file=sys.stderr)
        print(f"{key} (a number, a path, or Enter to leave it out): ", end="", file=sys.stderr)
        sys.stderr.flush()
        answer = sys.stdin.readline().strip()
        if answer.isdigit() and 1 <= int(answer) <= len(row.choices):
            answer = row.choices[int(answer) - 1]
        if answer:
            found = found.with_choice(key, answer)
    return found


def _tell(found: Found) -> None:
    for row in found.rows:
        text = clean(row.value or row.problem or "not found")
        source = f"  ({clean(row.source)})" if row.source else ""
        print(f"{row.key:<12} {text}{source}", file=sys.stderr)
        if row.value and row.problem:
            print(f"{'':<12} {clean(row.problem)}", file=sys.stderr)
    for skipped in found.skipped[:20]:
        place = f"{clean(skipped.source)}:{skipped.row}"
        print(f"skipped {place}: {clean(skipped.reason)}", file=sys.stderr)
    if len(found.skipped) > 20:
        print(f"and {len(found.skipped) - 20} more bad rows", file=sys.stderr)


def _require_rows(found: Found) -> None:
    if not found.usable_rows:
        raise InputError("The validation file has no usable row.", "The reasons are listed above.")
